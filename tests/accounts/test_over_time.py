"""Credit over time: the tape as it was is the tape of a shorter run, or of a shorter log."""

import io

import numpy as np
import pytest
from hypothesis import strategies as st

from sim import Scenario, Tape, read_log, simulate
from sim.accounts.account import credit
from sim.accounts.comparison import compare
from sim.accounts.methods import METHODS
from sim.accounts.over_time import credit_over_time
from sim.model.until import moments, until
from sim.tape.tables import ABANDON
from tests import cases
from tests.scenarios import STEPS, scenarios
from tests.tapes import by_name, make_tape, tapes


@cases(100, scenarios(), st.integers(1, STEPS))
def test_a_run_as_it_was_is_the_same_run_with_fewer_steps(scenario: Scenario, step: int) -> None:
    shorter = simulate(scenario.replace({"scenario.steps": step}), engine="agents")
    assert until(simulate(scenario, engine="agents"), step, scenario) == shorter


def test_the_crowds_cohorts_leave_one_by_one() -> None:
    """E2 with a smaller, livelier crowd: several cohorts give the idea up in the same steps, some of them by luck."""
    changes = {"world.size": 2000, "persons.P1.reach": 1.0, "persons.P2.reach": 0.1}
    changes |= {"dynamics.telling_period": "forever", "dynamics.abandon_rate_working": 0.3}
    scenario = Scenario.load("e2_implementer").replace(changes)
    deeds = [deed.model_dump(by_alias=True) for deed in scenario.interventions]
    faster = {"step": 37, "kind": "set", "key": "dynamics.abandon_rate", "value": 0.5}
    scenario = scenario.replace({"interventions": [*deeds, faster]})
    tape = simulate(scenario, engine="agents")
    left = (tape.events.kind == ABANDON) & (tape.events.person == tape.persons.total - 1)
    assert left.sum() > 50
    assert tape.total > 0.0
    steps = [*range(1, tape.steps + 1, 9), tape.steps]
    for step, then in zip(steps, moments(tape, steps, scenario), strict=True):
        assert then == simulate(scenario.replace({"scenario.steps": step}), engine="agents")


def test_a_seed_other_than_the_scenarios_is_the_tapes() -> None:
    scenario = Scenario.load("e2_implementer").replace({"world.size": 50})
    shorter = simulate(scenario.replace({"scenario.steps": 70}), seed=77, engine="agents")
    assert until(simulate(scenario, seed=77, engine="agents"), 70, scenario) == shorter


def test_the_tape_of_a_run_needs_its_own_scenario() -> None:
    scenario = Scenario.load("e1_interpreter")
    tape = simulate(scenario, engine="agents")
    with pytest.raises(ValueError, match="says how much was realised, not when: its scenario is needed"):
        credit_over_time(tape)
    for changes in ({"ideas.idea.value": 2.0}, {"ideas.idea.name": "Q"}, {"world.size": 7}):
        with pytest.raises(ValueError, match="the scenario is not the one that the tape is a run of"):
            until(tape, 3, scenario.replace(changes))


LOG = """\
time,source,target,idea,kind,weight,value
1,,Ada,wheel,discover,,
2,Ada,Bob,wheel,learn,,3
2,Ada,Carl,wheel,learn,,
3,,Bob,wheel,implement,,5
4,Bob,Dora,wheel,learn,0.5,
4,Carl,Dora,wheel,learn,0.5,
5,Dora,Eve,wheel,learn,,2
5,,Eve,axle,discover,,
7,Eve,Ada,axle,learn,,4
"""


def read(latest: int) -> Tape:
    head, *rows = LOG.splitlines()
    return read_log(io.StringIO("\n".join([head, *(row for row in rows if int(row[0]) <= latest)])))


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.linear])
def test_a_log_as_it_was_is_the_log_that_ends_there(method: str) -> None:
    whole = read(7)
    for latest in range(1, 8):
        table = credit(read(latest), method)
        then = credit(until(whole, latest - whole.provenance["time_origin"]), method)
        assert then.total == pytest.approx(table.total)
        assert by_name(then) == pytest.approx(by_name(table))


@cases(100, st.data(), tapes())
def test_over_time_is_the_credit_of_each_moment(data: st.DataObject, tape: Tape) -> None:
    method = data.draw(st.sampled_from(list(METHODS)))
    if tape.provenance.get("seed") is not None:
        tape = Tape(tape.events, tape.influences, tape.realised, tape.persons, tape.ideas, tape.steps, tape.world_size)
    found = credit_over_time(tape, method, range(tape.steps + 1))
    assert found.credit.shape == (tape.steps + 1, len(found.name))
    for step in range(tape.steps + 1):
        table = credit(until(tape, step), method)
        assert found.total[step] == table.total
        now = by_name(table)
        assert found.credit[step].tolist() == [now.get(name, 0.0) for name in found.name]
    assert (np.diff(found.total) >= -1e-9 * found.total.max(initial=0.0)).all() or method == "person-pagerank"
    assert found.total[-1] == credit(tape, method).total


def test_without_steps_a_hundred_at_most_from_the_first_event_to_the_end() -> None:
    assert credit_over_time(read(7)).steps.tolist() == [1, 2, 3, 4, 5, 6, 7]
    log = read_log(io.StringIO("time,source,target\n5000,A,B\n5600,B,C\n9000,C,D\n"))
    found = credit_over_time(log)
    assert len(found.steps) == 100
    assert found.steps[-1] == log.steps
    assert 40 <= np.diff(found.steps).min() <= np.diff(found.steps).max() <= 42
    assert credit_over_time(make_tape(["A"], [], steps=4)).steps.tolist() == [4]
    early = credit_over_time(read_log(io.StringIO("time,source,target\n-9,A,B\n-7,B,C\n")))
    assert [row["time"] for row in early.to_rows()] == [-10, -9, -8, -7]


def test_steps_must_ascend_and_be_there() -> None:
    tape = read(7)
    with pytest.raises(ValueError, match="steps: must ascend"):
        credit_over_time(tape, steps=[3, 3])
    for step in (-1, 0.9, tape.steps + 1):
        with pytest.raises(ValueError, match=rf"step: must be a whole number from 0 to {tape.steps}, is {step}"):
            credit_over_time(tape, steps=[step])


def test_the_giants_of_the_time() -> None:
    """Ada has an idea that A tells; later B's own idea outgrows it."""
    rows = ["1,,Ada,old,discover", *(f"{2 + k},Ada,a{k},old,learn" for k in range(3)), "5,,Bea,new,discover"]
    rows += [f"{6 + k // 5},Bea,b{k},new,learn" for k in range(27)]
    found = credit_over_time(read_log(io.StringIO("\n".join(["time,source,target,idea,kind", *rows]))))
    shares = found.to_pandas()
    assert shares["Ada"].iloc[[1, 4]].tolist() == [1.0, 1.0]
    assert shares["Bea"].iloc[-1] == 0.9
    courses = [(course.name, course.kind) for course in found.courses(most=2)]
    assert courses == [("Bea", "person"), ("Ada", "person"), ("", "rest")]
    last = found.to_rows()[-1]
    assert (last["credit"], last["share"], last["persons"]["Bea"]) == (30.0, 1.0, 0.9)
    assert found.to_rows()[3]["share"] == pytest.approx(3 / 30)


def test_courses_have_all_of_the_credit() -> None:
    fewer = {"persons.teller.count": 50, "persons.implementer.count": 50}
    scenario = Scenario.load("e3_one_thousand_thousand").replace(fewer)
    tape = simulate(scenario, engine="agents")
    found = credit_over_time(tape, scenario=scenario)
    courses = found.courses()
    assert {(course.name, course.people) for course in courses} >= {("inventor", 1), ("teller", 50)}
    sums = np.array([course.shares for course in courses]).sum(axis=0)
    assert sums == pytest.approx(np.where(found.total > 0.0, 1.0, 0.0))
    assert found.share[-1] == pytest.approx(compare(tape, ["role-flow"]).share[:, 0])
