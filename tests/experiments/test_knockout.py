"""Knockout by a second run: against closed forms, the record of the tape, and worlds written without the person."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim import Scenario, Tape, World, knockout, simulate
from sim.accounts.knockout import lost_without
from sim.engines import simulate_world
from sim.experiments.counterfactual import knocked_out
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN
from tests.model.agents import make, rich
from tests.scenarios import scenarios
from tests.theory import FOREVER


def tape_without(scenario: Scenario, rows: range, part: str) -> Tape:
    return simulate_world(knocked_out(World.build(scenario), rows, part), "agents")


def kinds_of(tape: Tape, person: int) -> set[int]:
    return set(tape.events.kind[tape.events.person == person].tolist())


@pytest.mark.parametrize(("name", "part", "lost"), [
    ("e1_interpreter", "person", [1.0, 1.0]),
    ("e1_interpreter", "telling", [1.0, 1.0]),
    ("e1_interpreter", "implementation", [0.0, 0.0]),
    ("e2_implementer", "person", [1.0, 1.0, 1.0]),
    ("e2_implementer", "telling", [1.0, 1.0, 0.0]),
    ("e2_implementer", "implementation", [0.0, 0.0, 1.0]),
    ("e4_bridge", "person", [1.0, 1.0, 1.0]),
])  # fmt: skip
def test_what_part_of_the_value_is_lost_without_each(name: str, part: str, lost: list[float]) -> None:
    table = knockout(Scenario.load(name), part=part)
    assert table.person == tuple(f"P{k}" for k in range(1, len(lost) + 1))
    assert (table.raw / table.value.mean()).tolist() == lost
    if sum(lost) > 0.0:
        assert table.normalised.tolist() == [part / sum(lost) for part in lost]


def test_e3_groups_as_a_whole_and_members_alone() -> None:
    scenario = Scenario.load("e3_thousand_one_thousand")
    table = knockout(scenario, ["inventor", "teller", "inventor 7", "implementer 7"])
    assert (table.raw / table.value.mean()).tolist() == pytest.approx([1.0, 1.0, 1e-3, 1e-3], rel=1e-12)


def test_e5_the_notebook_is_knocked_out_with_the_genius() -> None:
    """Only the finder learns of it, in the last step, so that hardly anything is lost; by the record, no more."""
    changes = {"population.count": 300, "population.reach": 0.02, "population.creativity": 0.001}
    scenario = Scenario.load("genius_notebook").replace(changes | {"impact.value_of": "held"})
    whole, without = simulate(scenario), tape_without(scenario, range(1), "person")
    assert [0 in tape.events.person for tape in (whole, without)] == [True, False]
    assert LEARN in kinds_of(whole, 1)
    assert kinds_of(without, 1) == set()
    lost = whole.total - without.total
    assert 0.0 < lost == lost_without(whole)[0] < 1e-3 * whole.total


@pytest.mark.parametrize("part", ["person", "telling", "implementation"])
@settings(max_examples=40)
@given(scenarios(), st.data())
def test_the_knocked_out_do_nothing_and_no_other_is_touched(part: str, scenario: Scenario, data: st.DataObject) -> None:
    world = World.build(scenario)
    first = data.draw(st.integers(0, world.n - 1))
    rows = range(first, data.draw(st.integers(first + 1, world.n)))
    less = knocked_out(world, rows, part)
    tape = simulate_world(less, "agents")
    mine = (tape.events.person >= rows.start) & (tape.events.person < rows.stop)
    assert less.persons is world.persons
    if part == "person":
        assert not mine.any()
    elif part == "implementation":
        assert not (mine & (tape.events.kind == IMPLEMENT)).any()
    elif "threshold" not in scenario.to_toml():
        child, parent = tape.influences.child, tape.influences.parent
        told = (tape.events.kind[child] == LEARN) & mine[parent]
        resolved = tape.events.person[child] == tape.events.person[parent]
        assert not (told & ~resolved).any()


@settings(max_examples=40)
@given(scenarios())
def test_without_nobody_it_is_the_same_world(scenario: Scenario) -> None:
    """Taking away what a person never had changes no bit: their skill of 0, say."""
    lines = [person.model_copy(update={"skill": 0.0}) if person.name == "P" else person for person in scenario.persons]
    kept = [d for d in scenario.interventions if not (d.kind == "implement" and d.person in ("P", "everyone"))]
    plain = scenario.model_copy(update={"persons": lines, "interventions": kept})
    world = World.build(plain)
    assert simulate_world(knocked_out(world, range(1), "implementation"), "agents") == simulate_world(world, "agents")


def test_scheduled_births_and_deeds_of_a_person_fall_away_and_those_of_the_group_stay() -> None:
    deeds = "3 discover team; 4 implement team; 5 tell team to=reader"
    scenario, both = make(8, persons="team*3 born=2; reader", interventions=deeds), {DISCOVER, IMPLEMENT}
    gone, idle = (tape_without(scenario, range(1, 2), part) for part in ("person", "implementation"))
    silent = tape_without(scenario, range(3), "telling")
    assert [kinds_of(gone, p) for p in range(4)] == [both, set(), both, {LEARN}]
    assert [kinds_of(idle, p) for p in range(3)] == [both, {DISCOVER}, both]
    assert [kinds_of(silent, p) for p in range(4)] == [both] * 3 + [set()]
    deeds = "1 discover team; 2 implement team idea=idea pairing=each"
    scenario = make(4, persons="team*3 creativity=0.0; reader", ideas="idea*3", interventions=deeds)
    tape = tape_without(scenario, range(1, 2), "implementation")
    made = tape.events.kind == IMPLEMENT
    assert (tape.events.person[made].tolist(), tape.events.idea[made].tolist()) == ([0, 2], [0, 2])
    deeds = "1 discover P; 2 set persons.P.reach=1.0; 2 set persons.P.skill=1.0; 4 publish P; 5 find reader of=P"
    rates = {"implementation_rate": math.inf, "telling_period": FOREVER}
    scenario = make(8, rates, persons="P reach=0.5; reader", interventions=deeds)
    silent, idle = (tape_without(scenario, range(1), part) for part in ("telling", "implementation"))
    assert (kinds_of(silent, 1), kinds_of(idle, 0), kinds_of(idle, 1)) == (set(), {DISCOVER}, {LEARN})


def test_threads_order_and_engine_make_no_difference() -> None:
    scenario = rich()
    one = knockout(scenario, ["Ann", "team 2"], replicates=3, threads=1, engine="kernels")
    told: list[tuple[int, int]] = []
    three = knockout(scenario, ["team 2", "Ann"], seeds=[2, 1, 0], threads=3, engine="kernels",
                     progress=lambda done, of: told.append((done, of)))  # fmt: skip
    agents = knockout(scenario, ["Ann", "team 2"], replicates=3, engine="agents")
    assert one.lost.tolist() == three.lost[::-1, ::-1].tolist() == agents.lost.tolist()
    assert told == [(k, 9) for k in range(1, 10)]
    assert one.seeds == (0, 1, 2)
    world = World.build(scenario)
    for part, rows in product(("person", "telling", "implementation"), (range(1), range(1, 4), range(2, 3))):
        less = knocked_out(world, rows, part)
        assert simulate_world(less, "kernels") == simulate_world(less, "agents")


def test_each_replicate_is_a_pair_of_runs_of_one_seed() -> None:
    scenario = rich()

    def without(row: int, seed: int) -> float:
        return simulate_world(knocked_out(World.build(scenario, seed), range(row, row + 1)), "agents").total

    table = knockout(scenario, ["Ann"], seeds=[5, 9], engine="agents", confidence=0.9)
    assert table.value.tolist() == [simulate(scenario, seed).total for seed in (5, 9)]
    lost = table.value - [without(0, seed) for seed in (5, 9)]
    assert (table.lost.tolist(), table.raw[0]) == ([lost.tolist()], lost.mean())
    assert table.error[0] == pytest.approx(abs(lost[0] - lost[1]) / 2)
    half = stats.t.ppf(0.95, 1) * table.error[0]
    assert (table.low[0], table.high[0]) == pytest.approx((lost.mean() - half, lost.mean() + half))
    table, tape = knockout(scenario, ["person 3"], seeds=[4], engine="agents"), simulate(scenario, 4)
    assert table.raw[0] == tape.total - without(tape.persons.names().index("person 3"), 4) != 0.0


def test_everybody_named_is_a_row_by_default_and_one_replicate_leaves_the_error_open() -> None:
    table = knockout(rich(), engine="agents")
    assert table.person == ("Ann", "team")
    assert np.isnan(table.error).all()
    assert table.to_dict()["knockout"][0]["low"] is None
    assert list(table.to_pandas().columns) == ["person", "raw", "error", "low", "high", "normalised"]
    assert table.normalised.sum() == pytest.approx(1.0)
    table = knockout(Scenario.load("e0_mute_genius"))
    assert table.raw.tolist() == [0.0]
    assert math.isnan(table.normalised[0])
    assert table.to_dict()["knockout"][0]["normalised"] is None


@pytest.mark.parametrize(("options", "message"), [
    ({"without": ["An"]}, "without: no person 'An'; allowed: .*; did you mean 'Ann'"),
    ({"without": ["team 4"]}, "no person 'team 4'; allowed: .*; did you mean 'team'"),
    ({"without": []}, "without: nobody is named"),
    ({"without": ["crowd"]}, "no person 'crowd'"),
    ({"part": "tellin"}, "part: no 'tellin'; allowed: .* did you mean 'telling'"),
    ({"interval": "bcaa"}, "interval: no 'bcaa'; allowed: t, bca; did you mean 'bca'"),
    ({"confidence": 1.0}, r"confidence: must be in \(0, 1\), is 1.0"),
    ({"engine": "agent"}, "engine: no 'agent'"),
    ({"replicates": 0}, "replicates: must be 1 or more"),
    ({"seeds": []}, "replicates: must be 1 or more"),
    ({"seeds": [1], "replicates": 1}, "give either replicates or seeds"),
    ({"seeds": [-1]}, "seeds: must be a whole number from 0"),
    ({"threads": 0}, "threads: must be a whole number from 1"),
])  # fmt: skip
def test_wrong_input_is_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        knockout(rich(), **options)
