"""Measures: against obvious loops over the rows of a tape, and the same by the block as one by one, to the bit."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import example, given, settings

from sim import Scenario, credit
from sim.engines import simulate, simulate_many
from sim.study.batches import of_runs
from sim.study.measures import measure, measures_of
from sim.tape.tables import ABANDON, DISCOVER, LEARN, LEAVE, USE, Persons
from sim.tape.tape import Tape
from tests import FULL
from tests.scenarios import STEPS, scenarios
from tests.tapes import as_rows, make_tape, with_crowd

NAMES = ("total", "holders", "reached", "time_to_half", "peak_step", "last_step", "beauty", "outbreak", "outbreak:0.5",
         "events", "discoveries", "learnings", "implementations", "abandonments", "share:P", "credit:group 2:idea",
         "share:communication", "share:group:priority", "credit:Q:priority:idea", "total:idea0", "holders:idea0",
         "reached:idea0", "time_to_half:idea0", "peak_step:idea0", "beauty:idea0")  # fmt: skip


class Slow:
    """The measures of one tape, by loops and dictionaries."""

    def __init__(self, tape: Tape, idea: str | None = None) -> None:
        self.tape = tape
        wanted = range(len(tape.ideas)) if idea is None else [tape.ideas.index(idea)]
        size = tape.persons.size[tape.persons.group].tolist()
        rows = as_rows(tape.events)
        holds: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        took: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        first: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for step, kind, person, of, count in rows:
            if of not in wanted:
                continue
            if kind in (DISCOVER, LEARN):
                holds[person][of] += count
                took[person][of] += count
                first[person][of].append((step, count))
            if kind in (ABANDON, LEAVE):
                holds[person][of] -= count
        self.holders = sum(min(size[p], max(by.values())) for p, by in holds.items())
        self.course: dict[int, int] = defaultdict(int)
        for person, by in first.items():
            if size[person] == 1:
                self.course[min(step for steps in by.values() for step, _ in steps)] += 1
                continue
            best = max(by, key=lambda of: (took[person][of], -of))
            left = size[person]
            for step, count in by[best]:
                self.course[step] += min(left, count)
                left -= min(left, count)
        self.reached = sum(self.course.values())
        self.last = max([step for step, kind, *_ in rows if kind != USE], default=math.nan)

    def time_to_half(self) -> float:
        so_far = 0
        for step in range(self.tape.steps + 1):
            so_far += self.course.get(step, 0)
            if self.reached and 2 * so_far >= self.reached:
                return step
        return math.nan

    def peak(self) -> float:
        steps = range(self.tape.steps + 1)
        return max(steps, key=lambda step: (self.course.get(step, 0), -step)) if self.reached else math.nan

    def beauty(self) -> float:
        if not self.reached:
            return math.nan
        c = [self.course.get(step, 0) for step in range(self.tape.steps + 1)]
        peak = int(self.peak())
        if peak == 0:
            return 0.0
        return sum(((c[peak] - c[0]) / peak * t + c[0] - c[t]) / max(1, c[t]) for t in range(peak + 1))


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@settings(max_examples=60)
@given(scenarios())
def test_measures_are_what_loops_over_the_rows_say(scenario):
    tape = simulate(scenario, engine="agents")
    for suffix, idea in (("", None), (":idea0", "idea0")):
        slow = Slow(tape, idea)
        assert measure("holders" + suffix)(tape) == slow.holders
        assert measure("reached" + suffix)(tape) == slow.reached
        assert same(measure("time_to_half" + suffix)(tape), slow.time_to_half())
        assert same(measure("peak_step" + suffix)(tape), slow.peak())
        assert measure("beauty" + suffix)(tape) == pytest.approx(slow.beauty(), rel=1e-9, abs=1e-9, nan_ok=True)
    assert same(measure("last_step")(tape), Slow(tape).last)
    assert measure("outbreak")(tape) == (Slow(tape).reached > 0.05 * tape.world_size)
    assert measure("outbreak:0.5")(tape) == (Slow(tape).reached > 0.5 * tape.world_size)
    assert measure("total")(tape) == pytest.approx(tape.total)
    values = zip(tape.realised.event.tolist(), tape.realised.value.tolist(), strict=True)
    assert measure("total:idea0")(tape) == pytest.approx(sum(v for e, v in values if tape.events.idea[e] == 0))
    table = credit(tape)
    mine = [i for i, name in enumerate(table.persons.person) if name == "P"]
    assert measure("share:P")(tape) == pytest.approx(sum(table.persons.share[mine]))
    group = [i for i, name in enumerate(table.persons.person) if name.startswith("group ")]
    assert measure("credit:group:idea")(tape) == pytest.approx(sum(table.persons.idea[group]))
    assert measure("credit:communication")(tape) == pytest.approx(table.persons.communication.sum())


# Runs of one block have lineages with more and with fewer tellers, some of which branch.
BRANCHING = Scenario.from_toml("""
scenario = {name = "everybody who told is credited", steps = 14}
population = {count = 8, reach = 0.5}
persons = [{name = "P", creativity = 1.0, reach = 0.7}, {name = "Q"}, {name = "group", count = 5, reach = 0.3}]
ideas = [{name = "idea0", clarity = 0.5}]
dynamics = {credited_tellers = "all", telling_period = 2, discovery_rate = 0.3, abandon_rate = 0.05, readopt = true}
""")


@settings(max_examples=15 if FULL else 5)
@example(BRANCHING)
@given(scenarios())
def test_a_block_of_runs_is_measured_as_its_runs_one_by_one(scenario):
    # Without what a batch cannot run, and with a deed, which is too late, so that one code does for all.
    small = scenario.replace({"world": {"network": {"kind": "complete", "weight": 0.3}}, "ties": [],
                              "interventions": [{"step": STEPS + 1, "kind": "discover", "person": "P"}],
                              "dynamics.adoption": "simple", "impact": {"value_of": "held"}})  # fmt: skip
    runs = simulate_many(small, range(12), engine="kernels", threads=2)
    tapes = [simulate(small, seed, engine="agents") for seed in range(12)]
    for name in NAMES:
        found = measure(name)
        together = np.concatenate([found.of(histories) for histories in of_runs(runs)])
        alone = np.array([found(tape) for tape in tapes])
        assert together.tobytes() == alone.tobytes(), name


def test_a_crowd_counts_as_its_people_and_an_empty_history_has_no_steps():
    tape = make_tape(with_crowd(["a"], 10), [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0}, 6), (ABANDON, 1, {}, 6),
                                             (LEARN, 1, {0: 1.0}, 7)])  # fmt: skip
    assert [measure(name)(tape) for name in ("reached", "holders", "time_to_half")] == [11.0, 8.0, 2.0]
    tape = make_tape(["a"], [], steps=5)
    for name in ("time_to_half", "peak_step", "last_step", "beauty"):
        assert math.isnan(measure(name)(tape))
    for name in ("total", "reached", "holders", "events", "outbreak", "share:a", "credit:a:priority"):
        assert measure(name)(tape) == 0.0
    tape = make_tape(Persons(["teller", "b"], [3, 1], [1, 1]),
                     [(DISCOVER, 2, {}), (LEARN, 3, {0: 1.0}), (LEARN, 0, {1: 1.0})],
                     [(2, -1, 8.0)])  # fmt: skip
    names = ("share:teller", "share:teller 2", "share:teller 3", "credit:teller 3:priority", "credit:teller")
    assert [measure(name)(tape) for name in names] == [0.5, 0.0, 0.5, 8.0, 4.0]
    with pytest.raises(ValueError, match="no person 'teller 4'"):
        measure("share:teller 4")(tape)


def by_hand(tape: Tape) -> float:
    return len(tape.influences) + 0.5


def test_a_function_of_a_tape_is_a_measure_and_can_be_named():
    tape = make_tape(["a", "b"], [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0})])
    assert measure(by_hand)(tape) == measure("tests.study.test_measures:by_hand")(tape) == 1.5
    assert measure(by_hand).name == "by_hand"
    assert measure(f"{__file__}:by_hand")(tape) == 1.5
    assert measure(by_hand).function is by_hand
    assert measure("total").function is None


@pytest.mark.parametrize(("name", "says"), [
    ("totl", "did you mean 'total'"), ("share:Kent", "did you mean 'Kant'"), ("share:Kant:priorty", "'priority'"),
    ("share:", "names nobody"), ("share:Kant:person-pagerank:idea", "knows no roles"), ("outbreak:2", "from 0 to 1"),
    ("outbreak:x", "from 0 to 1"), ("reached:wheal", "did you mean 'wheel'"), ("events:wheel", "no 'events:wheel'"),
    ("no_such:function", "cannot be imported"), ("math:no_such", "cannot be imported"), ("math:pi", "no function"),
    ("share:Kant 3", "no person"), ("share:teller 0", "no person"),
])  # fmt: skip
def test_a_name_that_stands_for_nothing_is_refused_in_one_line(name, says):
    with pytest.raises(ValueError, match=says) as raised:
        measures_of([name], {"Kant": 1, "teller": 7}, ["wheel"])
    assert "\n" not in str(raised.value)


def test_a_measure_is_named_once():
    with pytest.raises(ValueError, match="twice"):
        measures_of(["total", "total"], {}, [])
    with pytest.raises(ValueError, match="none"):
        measures_of([], {}, [])
