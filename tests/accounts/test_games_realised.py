"""Game values of realised lineages, against lineages followed one by one, the games themselves, and role flow."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from sim.accounts import knockout
from sim.accounts.games import lineages
from sim.accounts.games import realised as realised_games
from sim.accounts.games.realised import credit_of_ideas, owen_credit, position_credit, shapley_credit
from sim.accounts.games.values import myerson, owen, position, shapley
from sim.accounts.knockout import knockout_credit, lost_without
from sim.accounts.role_flow import role_flow
from sim.accounts.table import CreditTable
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE, Persons
from sim.tape.tape import Tape
from tests import cases, naive
from tests.loops import compile_all
from tests.tapes import as_rows, chain, equal, make_tape, tapes, with_crowd

METHODS: list[Callable[..., CreditTable]] = [shapley_credit, position_credit, owen_credit, knockout_credit]


class Lineage:
    """One way back: events from the user's teller (or own discovery) to the root, and the implementer, if any."""

    def __init__(self, tape: Tape, path: list[int], told: bool, maker: int | None) -> None:
        person, kind = tape.events.person.tolist(), tape.events.kind.tolist()
        self.persons = [person[event] for event in path]
        self.end, self.told, self.maker = self.persons[0], told, maker
        self.discoverers = {person[event] for event in path if kind[event] == DISCOVER}
        self.tellers = {person[event] for event in path if kind[event] == LEARN}
        self.links = [(a, b) for a, b in itertools.pairwise(self.persons) if a != b]
        self.needed = {*self.persons, *([] if maker is None else [maker])}
        self.steps = [(person[event], kind[event], int(tape.events.idea[event])) for event in path]
        self.used = self.steps[0][2]
        if maker is not None and maker not in self.persons:
            self.links.append((self.end, maker))

    def shapley(self) -> dict[int, Fraction]:
        return {person: Fraction(1, len(self.needed)) for person in self.needed}

    def position(self) -> dict[int, Fraction]:
        credit: dict[int, Fraction] = defaultdict(Fraction)
        for end in [end for link in self.links for end in link]:
            credit[end] += Fraction(1, 2 * len(self.links))
        return credit or {self.end: Fraction(1)}

    def shapley_ideas(self) -> dict[int, Fraction]:
        first = {person: idea for person, _, idea in self.steps}  # the last one in the list is the earliest
        return self.shares([first.get(person, self.used) for person in sorted(self.needed)])

    def position_ideas(self) -> dict[int, Fraction]:
        told = [idea for (a, *_), (b, _, idea) in itertools.pairwise(self.steps) if a != b]
        outside = self.maker is not None and self.maker not in self.persons
        return self.shares([*told, *([self.used] if outside else [])] or [self.used])

    def owen_ideas(self) -> dict[int, Fraction]:
        roles = [list({p: idea for p, k, idea in self.steps if k == kind}.values()) for kind in (DISCOVER, LEARN)]
        roles[1] = roles[1] or ([self.used] if self.told else [])
        roles = [role for role in (*roles, [self.used] if self.maker is not None else []) if role]
        credit: dict[int, Fraction] = defaultdict(Fraction)
        for role in roles:
            for idea, part in self.shares(role).items():
                credit[idea] += part / len(roles)
        return credit

    @staticmethod
    def shares(ideas: list[int]) -> dict[int, Fraction]:
        return {idea: Fraction(ideas.count(idea), len(ideas)) for idea in ideas}

    def owen(self) -> dict[int, Fraction]:
        tellers = self.tellers or ({self.end} if self.told else set())
        unions = [self.discoverers, tellers, {self.maker} if self.maker is not None else set()]
        credit: dict[int, Fraction] = defaultdict(Fraction)
        for union in unions:
            for person in union:
                credit[person] += Fraction(1, len(union) * sum(1 for u in unions if u))
        return credit


def drawn(tape: Tape, event: int, served: int) -> Iterator[tuple[Fraction, Lineage]]:
    """All lineages of a holding that is served by a row."""
    told = tape.events.kind[event] == LEARN
    for chance, path in ends(tape, event):
        for part, maker in makers(tape, served):
            yield chance * part, Lineage(tape, path, bool(told), maker)


def ends(tape: Tape, event: int) -> Iterator[tuple[Fraction, list[int]]]:
    """From a holding to the one who told of it, or to its own discovery."""
    own = tape.events.kind[event] == DISCOVER
    for begin, part in [(event, Fraction(1))] if own else naive.parents_of(tape, event):
        yield from ((part * chance, path) for chance, path in paths(tape, begin))


def paths(tape: Tape, event: int) -> Iterator[tuple[Fraction, list[int]]]:
    parents = naive.parents_of(tape, event)
    if not parents:
        yield Fraction(1), [event]
    back = ends if tape.events.kind[event] == DISCOVER else paths
    for parent, part in parents:
        yield from ((part * chance, [event, *path]) for chance, path in back(tape, parent))


def makers(tape: Tape, row: int) -> Iterator[tuple[Fraction, int | None]]:
    if row < 0:
        yield Fraction(1), None
    elif tape.events.kind[row] == IMPLEMENT:
        yield Fraction(1), int(tape.events.person[row])
    else:
        for parent, part in naive.parents_of(tape, row):
            yield from ((part * chance, maker) for chance, maker in makers(tape, parent))


def expected(tape: Tape, of: Callable[[Lineage], dict[int, Fraction]]) -> dict[str, float]:
    credit = summed(tape, of)
    return {name: float(credit.get(person, 0)) for person, name in enumerate(tape.persons.names())}


def summed(tape: Tape, of: Callable[[Lineage], dict[int, Fraction]]) -> dict[int, Fraction]:
    """What all lineages give, by person or idea."""
    credit: dict[int, Fraction] = defaultdict(Fraction)
    for event, served, value in as_rows(tape.realised):
        for chance, lineage in drawn(tape, event, served):
            for person, part in of(lineage).items():
                credit[person] += Fraction(value) * chance * part
    return credit


def credits(table: CreditTable, tape: Tape) -> dict[str, float]:
    found = dict(zip(table.persons.person, table.persons.credit.tolist(), strict=True))
    return {name: found.get(name, 0.0) for name in tape.persons.names()}


def close(tape: Tape) -> Any:
    """Errors are those of rounding in the sum of all, not in each."""
    return {"rel": 1e-9, "abs": max(1e-11 * tape.total, 1e-300)}


@cases(150, tapes())
def test_equal_the_lineages_followed_one_by_one(tape: Tape) -> None:
    assert credits(shapley_credit(tape), tape) == pytest.approx(expected(tape, Lineage.shapley), **close(tape))
    assert credits(position_credit(tape), tape) == pytest.approx(expected(tape, Lineage.position), **close(tape))
    assert credits(owen_credit(tape), tape) == pytest.approx(expected(tape, Lineage.owen), **close(tape))
    lost = dict(zip(tape.persons.names(), lost_without(tape).tolist(), strict=True))
    needed = expected(tape, lambda lineage: dict.fromkeys(lineage.needed, Fraction(1)))
    assert lost == pytest.approx(needed, **close(tape))


def test_a_very_long_row_of_uses_loses_nothing() -> None:
    """A's implementation is worth 2**-1200 in the end, less than the smallest number there is."""
    events: list[Any] = [(DISCOVER, 0, {}), (LEARN, 1, {0: 1}), (IMPLEMENT, 0, {0: 1}), (IMPLEMENT, 1, {1: 1})]
    events.append((USE, -1, {2: 0.5, 3: 0.5}))
    for _ in range(1200):
        last = len(events) - 1
        events += [(IMPLEMENT, 1, {1: 1}), (USE, -1, {last: 0.5, last + 1: 0.5})]
    events.append((LEARN, 2, {1: 1}, 9))
    told = len(events) - 1
    tape = make_tape(with_crowd(["A", "B"], 9), events, [(told, 4, 6.0), (told, told - 1, 2.0)])
    assert shapley_credit(tape).persons.credit.tolist() == pytest.approx([4.0, 4.0], rel=1e-12)
    assert lost_without(tape).tolist() == pytest.approx([8.0, 8.0, 0.0], rel=1e-12)


IDEAS = {"shapley": Lineage.shapley_ideas, "position": Lineage.position_ideas, "owen": Lineage.owen_ideas}


@cases(100, tapes(), st.sampled_from(list(IDEAS)))
def test_ideas_have_what_persons_have_for_their_part_in_them(tape: Tape, method: str) -> None:
    given = summed(tape, IDEAS[method])
    wanted = [float(given.get(idea, 0)) for idea in range(len(tape.ideas))]
    assert credit_of_ideas(tape, method).tolist() == pytest.approx(wanted, **close(tape))


@st.composite
def plain(draw: st.DrawFn) -> Tape:
    """One idea that each adopts once, told by up to three who have it, and made to work by some who tell nobody."""
    learners = draw(st.integers(0, 7))
    events: list[Any] = [(DISCOVER, 0, {})]
    for k in range(1, learners + 1):
        parts = draw(st.dictionaries(st.integers(0, k - 1), st.integers(1, 4), min_size=1, max_size=3))
        events.append((LEARN, k, {row: part / sum(parts.values()) for row, part in parts.items()}))
    makers = [(learners + 1 + k, row) for k, row in enumerate(draw(st.lists(st.integers(0, learners), max_size=3)))]
    events += [(LEARN, person, {row: 1}) for person, row in makers]
    made = [(IMPLEMENT, person, {learners + 1 + k: 1}) for k, (person, _) in enumerate(makers)]
    rows = [-1, *range(len(events), len(events) + len(made))]
    if len(made) > 1:
        made.append((USE, -1, equal(rows[1:])))
        rows.append(len(events) + len(made) - 1)
    realised = st.tuples(st.integers(0, learners), st.sampled_from(rows), st.integers(0, 12).map(float))
    names = [f"P{k}" for k in range(learners + len(makers) + 1)]
    return make_tape(names, events + made, draw(st.lists(realised, max_size=5)))


@cases(60, plain())
def test_the_twin_gives_the_values_of_the_game_that_needs_all_of_a_lineage(tape: Tape) -> None:
    """Players are persons, linked where one told the other, or for Owen a person in a role, the roles being unions."""
    for event, served, _ in as_rows(tape.realised):
        for _, lineage in drawn(tape, event, served):
            persons = sorted(lineage.needed)
            links = [(persons.index(a), persons.index(b)) for a, b in lineage.links]
            tellers = lineage.tellers or ({lineage.end} if lineage.told else set())
            unions = [[("idea", p) for p in lineage.discoverers], [("told", p) for p in tellers]]
            unions += [[("made", lineage.maker)]] if lineage.maker is not None else []
            roles = [role for union in unions for role in union]

            def all_of(players: list[Any]) -> Callable[[frozenset[Any]], float]:
                return lambda those: float(len(those) == len(players))

            for found, game in (
                (lineage.shapley(), shapley(all_of(persons), len(persons))),
                (lineage.shapley(), myerson(all_of(persons), len(persons), links)),
                (lineage.position(), position(all_of(persons), len(persons), links)),
            ):
                assert [float(found[p]) for p in persons] == pytest.approx(game.tolist(), abs=1e-12)
            parts: dict[int, float] = defaultdict(float)
            for (_, person), part in zip(roles, owen(all_of(roles), roles, [u for u in unions if u]), strict=True):
                parts[person] += part
            assert {p: float(part) for p, part in lineage.owen().items()} == pytest.approx(parts, abs=1e-12)


def enumerated(patch: pytest.MonkeyPatch) -> None:
    """Follow lineages one by one where sweeps would do."""
    for module in (realised_games, knockout):
        patch.setattr(module, "nobody_twice", lambda _: False)


@cases(150, plain())
def test_sweeps_give_what_lineages_followed_one_by_one_give(tape: Tape) -> None:
    """And there owen is role flow."""
    swept = [method(tape).persons for method in METHODS]
    ideas = np.array([credit_of_ideas(tape, method) for method in IDEAS])
    with pytest.MonkeyPatch.context() as patch:
        enumerated(patch)
        followed = [method(tape).persons for method in METHODS]
        assert np.array([credit_of_ideas(tape, method) for method in IDEAS]) == pytest.approx(ideas, rel=1e-12)
    tolerance = {"rtol": 1e-12, "atol": 1e-13 * tape.total}
    for one, other in zip([*swept, role_flow(tape).persons], [*followed, followed[2]], strict=True):
        for column in ("credit", "idea", "communication", "implementation"):
            np.testing.assert_allclose(getattr(one, column), getattr(other, column), **tolerance)


def test_a_tape_of_nothing_has_no_credit() -> None:
    crowd = make_tape(with_crowd([], 9), [(DISCOVER, 0, {}, 4)], [(0, -1, 2.0)])
    for method in METHODS:
        assert method(make_tape(["A"], [])).persons.credit.tolist() == [0.0]
        assert method(crowd).persons.credit.tolist() == [2.0]


def test_knockout_has_its_raw_column_in_the_frame() -> None:
    frame = knockout_credit(make_tape("ABC", chain(0, 1, 2), [(2, -1, 1.0)])).to_pandas()
    assert frame["raw"].tolist() == [1.0, 1.0, 0.0]
    assert frame["credit"].tolist() == [0.5, 0.5, 0.0]


def ladder(steps: int) -> Tape:
    """In each step two learn, each of both who learned before: the ways back double, 2**steps of them."""
    events: list[Any] = [(DISCOVER, 0, {})]
    for k in range(steps):
        before = {0: 1} if not k else {2 * k - 1: 0.25, 2 * k: 0.75}
        events += [(LEARN, 2 * k + 1, before), (LEARN, 2 * k + 2, before)]
    rows = [(len(events) - 1, -1, 1.0), (len(events) - 2, -1, 2.0)]
    return make_tape([f"P{k}" for k in range(2 * steps + 1)], events, rows)


def test_too_many_ways_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    tape = ladder(6)
    exact = [method(tape).persons.credit for method in METHODS]
    enumerated(monkeypatch)
    monkeypatch.setattr(lineages, "MAX_WAYS", 0)
    for method, truth in zip(METHODS, exact, strict=True):
        found = method(tape, samples=2000).persons.credit
        assert found.tolist() != truth.tolist()
        assert found.sum() == pytest.approx(3.0, rel=1e-9)
        assert np.abs(found - truth).max() < 5 * 3.0 / 2000**0.5 / 2
        assert found.tolist() == method(tape, samples=2000).persons.credit.tolist()
    with pytest.raises(ValueError, match="samples: must be 1 or more, is 0"):
        shapley_credit(tape, samples=0)


@pytest.mark.parametrize("method", [shapley_credit, owen_credit])
def test_a_ladder_of_a_hundred_steps_is_divided_exactly(method: Callable[[Tape], CreditTable]) -> None:
    """Of 2**100 lineages, each through the root and one of two on each of the 99 steps before the users'."""
    idea, each = (3 / 100, 3 / 100) if method is shapley_credit else (3 / 2, 3 / 2 / 99)
    expected = [idea, *([0.25 * each, 0.75 * each] * 99), 0.0, 0.0]
    assert method(ladder(100)).persons.credit.tolist() == pytest.approx(expected, rel=1e-12)


def large(events: int, seed: int) -> Tape:
    """A random tree with implementers, some of whom come up again, and a use of all of them."""
    rng = np.random.default_rng(seed)
    persons = events // 2
    made = np.sort(rng.choice(events, events // 50, replace=False)).tolist()
    who = rng.integers(0, persons, events).tolist()
    rows: list[Any] = [(DISCOVER, who[0], {})]
    rows += [(LEARN, who[k], {int(rng.integers(0, k)): 1}) for k in range(1, events)]
    rows += [(IMPLEMENT, who[k], {k: 1}) for k in made]
    rows += [(USE, -1, equal(range(events, events + len(made))))]
    realised = [(k, [-1, events, len(rows) - 1][k % 3], 1.0 + k % 7) for k in range(events)]
    return make_tape(Persons(["P"], [persons], [1]), rows, realised)


def test_compiled_loops_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    enumerated(monkeypatch)
    for tape in (large(3000, 1), ladder(6)):
        plain = [method(tape).persons.credit.tolist() for method in METHODS]
        with pytest.MonkeyPatch.context() as patch:
            compile_all(patch, lineages)
            assert [method(tape).persons.credit.tolist() for method in METHODS] == plain


def test_a_deep_chain_is_no_trouble() -> None:
    n = 40_000
    tape = make_tape(Persons(["P"], [n], [1]), chain(*range(n)), [(n - 1, -1, float(n - 1))])
    assert shapley_credit(tape).persons.credit.tolist() == pytest.approx([1.0] * (n - 1) + [0.0])


def test_one_who_is_told_by_oneself_is_a_teller() -> None:
    events = [*chain(0, 1), (LEARN, 1, {0: 0.5, 1: 0.5})]
    tape = make_tape(with_crowd(["A", "B"], 2), events, [(2, -1, 1.0)])
    assert owen_credit(tape).persons.credit.tolist()[:2] == pytest.approx([0.75, 0.25])
