"""How sure a share is: against logs read again without rows, sums over ideas, binomial chances, and known truths."""

import csv
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim import Scenario, Tape, credit, read_log, simulate, simulate_many
from sim.accounts.perturb import SCHEMES, families, thinned
from sim.accounts.uncertainty import copies_of, ranks, scheme_of, spread_of
from sim.tape.tables import DISCOVER, LEARN, Floats
from tests import FULL, cases
from tests.tapes import by_name, make_tape, tapes

WORLD = {
    "scenario": {"name": "known", "steps": 20, "seed": 3},
    "world": {"network": {"kind": "barabasi-albert", "links": 3}},
    "population": {"count": 40, "creativity": 0.01, "reach": 0.05, "understanding": 0.3},
    "dynamics": {"discovery_rate": 0.3, "abandon_rate": 0.0, "telling_period": 2.0},
    "impact": {"value_of": "held"},
}


def known_world(ideas: int) -> Tape:
    engine = "agents" if ideas < 100 else "kernels"
    return simulate(Scenario.model_validate({**WORLD, "ideas": [{"name": "i", "count": ideas}]}), engine=engine)


@st.composite
def rows_of_logs(draw: st.DrawFn) -> list[tuple[int, str, str, str]]:
    """Rows of who told whom, each person learning an idea once, by one who holds it since an earlier time."""
    rows: list[tuple[int, str, str, str]] = []
    for idea in ("m", "n")[: draw(st.integers(1, 2))]:
        holders = {"a": 0}
        rows.append((0, "", "a", idea))
        for time, person in enumerate("bcdefgh"[: draw(st.integers(1, 7))], 1):
            teller = draw(st.sampled_from(sorted(holders)))
            rows.append((time, teller, person, idea))
            holders[person] = time
    return rows


def read_rows(folder: Path, rows: Sequence[tuple[int, str, str, str]]) -> Tape:
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("time", "source", "target", "idea"), *rows])
    return read_log(folder / "log.csv")


@cases(100, rows_of_logs(), st.data())
def test_a_missing_link_is_a_missing_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, str, str]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    tape = read_rows(folder, rows)
    names, events = tape.persons.names(), tape.events
    of_row = {(names[events.person[c]], tape.ideas[events.idea[c]]): k for k, c in enumerate(tape.influences.child)}
    missing = {row: data.draw(st.booleans()) for row in rows if row[1]}
    kept = np.ones(len(tape.influences), np.bool_)
    for row, gone in missing.items():
        kept[of_row[row[2], row[3]]] = not gone
    left = read_rows(folder, [row for row in rows if not missing.get(row, False)])
    for method in ("role-flow", "shapley", "priority"):
        assert by_name(credit(thinned(tape, kept), method)) == pytest.approx(by_name(credit(left, method)))


@cases(100, tapes(), st.integers(0, 99))
def test_every_scheme_makes_a_tape_of_the_same_persons(tape: Tape, seed: int) -> None:
    for name, scheme in SCHEMES.items():
        made = scheme.perturb(tape, scheme.amount, np.random.default_rng(seed))  # a Tape checks itself
        again = scheme.perturb(tape, scheme.amount, np.random.default_rng(seed))
        assert made == again
        assert made.persons.names() == tape.persons.names()
        if name not in ("ideas", "times"):
            assert made.total <= tape.total * (1 + 1e-12)


@cases(100, tapes())
def test_no_perturbation_is_no_change(tape: Tape) -> None:
    for name in ("links", "times", "weights"):
        made = SCHEMES[name].perturb(tape, 0.0, np.random.default_rng(0))
        assert made.events.kind.tolist() == tape.events.kind.tolist()
        np.testing.assert_allclose(made.influences.weight, tape.influences.weight, rtol=1e-12)
        assert by_name(credit(made)) == pytest.approx(by_name(credit(tape)))


@cases(60, tapes(), st.integers(0, 99))
def test_ideas_drawn_again_are_the_sum_of_what_was_drawn(tape: Tape, seed: int) -> None:
    family = families(tape)
    if not len(family):
        return
    many = int(family.max()) + 1
    times = Counter(np.random.default_rng(seed).integers(0, many, many).tolist())
    value = tape.realised.value.copy()
    for of in range(many):
        value[family[tape.events.idea[tape.realised.event]] == of] *= times[of]
    weighed = Tape(
        tape.events, tape.influences, type(tape.realised)(tape.realised.event, tape.realised.implementation, value),
        tape.persons, tape.ideas, tape.steps, tape.world_size,
    )  # fmt: skip
    drawn = SCHEMES["ideas"].perturb(tape, 0.0, np.random.default_rng(seed))
    for method in ("role-flow", "shapley", "owen"):
        assert by_name(credit(drawn, method)) == pytest.approx(by_name(credit(weighed, method)))


def test_a_teller_is_drawn_as_often_as_the_weights_say() -> None:
    tape = make_tape(["a", "b", "c"], [(DISCOVER, 0, {}), (DISCOVER, 1, {}), (LEARN, 2, {0: 0.3, 1: 0.7})])
    makers = (np.random.default_rng(seed) for seed in range(2000))
    drawn = [int(SCHEMES["tellers"].perturb(tape, 0.0, luck).influences.parent[0]) for luck in makers]
    assert abs(drawn.count(0) - 600) < 4 * np.sqrt(2000 * 0.3 * 0.7)


def test_intervals_hold_the_middle_of_the_copies_whatever_the_threads() -> None:
    tape = known_world(25)
    table = credit(tape, intervals="links:0.3", copies=40)
    assert table.sure is not None
    _, makers = copies_of(tape, "links:0.3", 40)
    shares = np.zeros((40, tape.persons.total))
    for copy, make in enumerate(makers):
        found = credit(make())
        shares[copy, found.row] = found.persons.share
    low, high = (np.quantile(shares, part, axis=0, method="weibull")[table.row] for part in (0.025, 0.975))
    np.testing.assert_allclose(table.sure.low, low, rtol=1e-12)
    np.testing.assert_allclose(table.sure.high, high, rtol=1e-12)
    assert table.sure.moved == pytest.approx(np.abs(shares[:, table.row] - table.persons.share).sum(axis=1).mean() / 2)
    row = table.to_dict()["credit"][0]
    assert row["interval"][0] <= row["interval"][1]
    assert row["rank"][0] >= 1


def test_other_seeds_are_copies_too() -> None:
    scenario = Scenario.model_validate({**WORLD, "ideas": [{"name": "i"}]})
    tapes = simulate_many(scenario, range(5), engine="agents")
    table = credit(tapes[0], intervals=tapes)
    assert table.sure is not None
    assert table.sure.copies == 5
    with pytest.raises(ValueError, match="of other persons"):
        credit(make_tape(["a"], [(DISCOVER, 0, {})]), intervals=tapes)


def test_in_a_copy_without_credit_nobody_has_a_rank() -> None:
    tape = make_tape("ab", [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0})], [(1, -1, 1.0)])
    sure = credit(tape, intervals="links:1", copies=4).sure
    assert sure is not None
    assert (sure.stayed, sure.top_ten.tolist(), sure.rank_low.min()) == (0.0, [0.0] * len(sure.top_ten), 2)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5]), max_size=8))
def test_ranks_are_those_of_sports(shares: list[float]) -> None:
    found = ranks(np.array(shares))
    assert found.tolist() == (stats.rankdata(-np.array(shares), method="min").tolist() if shares else [])


@pytest.mark.parametrize(("asked", "said"), [
    ("linx", "no 'linx'; allowed: auto, ideas, links, times, weights, tellers; did you mean 'links'"),
    ("links:2", "allowed: links:NUMBER, from 0 to 1"),
    ("links:x", "allowed: links:NUMBER, from 0 to 1"),
    ("times:1.5", "allowed: times:NUMBER, whole, from 0 to"),
    ("tellers:1", "allowed: 'tellers' alone"),
    ("ideas", "draws ideas again"),
    ([], "no tapes"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(asked: str | list[Tape], said: str) -> None:
    tape = make_tape(["a", "b"], [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0})], [(1, -1, 1.0)])
    with pytest.raises(ValueError, match=said) as error:
        credit(tape, intervals=asked)
    assert "\n" not in str(error.value)


def test_auto_draws_ideas_where_there_are_twenty() -> None:
    assert scheme_of(known_world(25), "auto")[0] == "ideas"
    assert scheme_of(known_world(3), "auto")[0] == "links"


def test_the_intervals_of_ideas_hold_the_share_of_the_whole_log() -> None:
    """Of 400 logs of a tenth of all ideas, 93 to 97% of the intervals hold the share that all ideas give."""
    logs, number, drawn = (400, 3000, 300) if FULL else (60, 2000, 200)
    whole = known_world(number)
    by_idea = np.zeros((number, whole.persons.total))
    for idea, table in enumerate(map(partial(credit), parts_of(whole))):
        by_idea[idea, table.row] = table.persons.credit
    value = by_idea.sum(axis=1)
    truth = by_idea.sum(axis=0) / value.sum()
    some = np.argsort(-truth)[:10]
    generator, held = np.random.default_rng(5), 0
    log = credit(whole)
    for _ in range(logs):
        ideas = generator.choice(number, drawn, replace=False)
        times = generator.multinomial(drawn, [1 / drawn] * drawn, 200)
        again = (times @ by_idea[ideas]) / (times @ value[ideas])[:, None]
        sure = spread_of(log, [(np.arange(len(row)), row) for row in again], "ideas")
        held += int(((sure.low[some] <= truth[some]) & (truth[some] <= sure.high[some])).sum())
    slack = 0.0 if FULL else 3 * np.sqrt(0.05 * 0.95 / (logs * 4))
    assert 0.93 - slack <= held / (10 * logs) <= 0.97 + slack


def parts_of(tape: Tape) -> list[Tape]:
    """The tape of each idea alone."""
    events, (child, parent, weight) = tape.events, tape.influences.columns().values()
    order, number = np.argsort(events.idea, kind="stable"), np.bincount(events.idea, minlength=len(tape.ideas))
    parts = []
    for idea, rows in enumerate(np.split(order, np.cumsum(number)[:-1])):
        place = np.full(len(events) + 1, -1)
        place[rows] = np.arange(len(rows))
        told, worth = place[child] >= 0, place[tape.realised.event] >= 0
        columns: list[Floats] = [column[rows] for column in events.columns().values()]
        columns[3] = np.zeros(len(rows))
        event, by, value = (column[worth] for column in tape.realised.columns().values())
        parts.append(
            Tape(
                type(events)(*columns), type(tape.influences)(place[child[told]], place[parent[told]], weight[told]),
                type(tape.realised)(place[event], place[by], value), tape.persons, (tape.ideas[idea],), tape.steps,
                tape.world_size,
            )
        )  # fmt: skip
    return parts
