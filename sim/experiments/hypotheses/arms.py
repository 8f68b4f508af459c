"""The arms of a hypothesis: the worlds that are run, their measures, and the values of every pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import ScenarioError, did_you_mean
from sim.experiments.counterfactual import knocked_out
from sim.experiments.hypotheses.measures import measure_named
from sim.experiments.hypotheses.schema import NOT_OF_A_WORLD, Hypothesis, arm_names, formula_of
from sim.experiments.runner import Runner
from sim.model.world import World
from sim.scenario.groups import find, person_ranges
from sim.scenario.scenario import Scenario
from sim.study.batches import of_runs
from sim.study.measures import Measure
from sim.tape.tables import KINDS, Floats
from sim.tape.tape import Tape

FIRST = ("discover", "learn", "implement")
SMALL = 8  # factor on the agents' time expected by `choose`, for the small worlds of most claims


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm of an experiment.

    Attributes:
        name: for display.
        scenario, measure: of the worlds of this arm.
        without: the person knocked out: (name, ""), ("", kind of the event that they are the first to do), or None.
        dose: the position of the arm on the axis of the figure.
        names: in the formulas of this arm, with their values.
    """

    name: str
    scenario: Scenario
    measure: Measure
    without: tuple[str, str] | None
    dose: float
    names: Mapping[str, float]


def arms_of(hypothesis: Hypothesis, scenario: Scenario, where: str) -> list[Arm]:
    """Return the arms of a hypothesis, in their order.

    Raises:
        ScenarioError: if a change is not allowed, a measure or a person is unknown, or two arms are equal.
    """
    names, found = arm_names(hypothesis), []
    common = {key: value for key, value in hypothesis.change.items() if key in NOT_OF_A_WORLD}
    for at, (name, own) in enumerate(zip(names, _changes(hypothesis, where), strict=True)):
        changes = common | own
        of_world = {key: value for key, value in changes.items() if key not in NOT_OF_A_WORLD}
        changed = scenario.replace(of_world, f"{where}: {name}") if of_world else scenario
        parameters = dict(hypothesis.parameters)
        place = float(at)
        if hypothesis.dose is not None:
            place = hypothesis.dose.values[at]
            parameters[hypothesis.dose.name] = place
        try:
            measure = measure_named(str(changes.get("measure", hypothesis.measure)))
        except ValueError as error:
            raise ScenarioError(str(error).removeprefix("measures: "), file=where, key="measure") from None
        without = _without(changes.get("without"), changed, where)
        found.append(Arm(name, changed, measure, without, place, parameters))
    _refuse_equal(found, where)
    return found


def _changes(hypothesis: Hypothesis, where: str) -> list[dict[str, Any]]:
    if hypothesis.arms is not None:
        return list(hypothesis.arms.values())
    if hypothesis.factors is not None:
        one, other = hypothesis.factors.values()
        return [{}, one, other, one | other]
    if hypothesis.dose is None:
        return [{}]
    dose, found = hypothesis.dose, []
    for value in dose.values:
        names = hypothesis.parameters | {dose.name: value}
        found.append({key: formula_of(formula, names, where, f"dose.set.{key}") for key, formula in dose.set.items()})
    return found


def _without(given: Any, scenario: Scenario, where: str) -> tuple[str, str] | None:
    if given is None:
        return None
    if isinstance(given, Mapping) and list(given) == ["first"]:
        if given["first"] not in FIRST:
            hint = did_you_mean(str(given["first"]), FIRST)
            raise ScenarioError(f"is {given['first']!r}{hint}", file=where, key="without.first")
        return "", str(given["first"])
    people = person_ranges(scenario)
    if not isinstance(given, str) or not find(people, given):
        known = did_you_mean(str(given), [name for name, rows in people.items() if rows])
        raise ScenarioError(f"no person '{given}'{known}", file=where, key="without")
    return given, ""


def _refuse_equal(arms: Sequence[Arm], where: str) -> None:
    for at, arm in enumerate(arms):
        for other in arms[:at]:
            same = (arm.measure.name, arm.without) == (other.measure.name, other.without)
            if same and arm.scenario == other.scenario:
                raise ScenarioError(f"the arms '{other.name}' and '{arm.name}' do not differ", file=where)


def measure_arms(
    arms: Sequence[Arm], seeds: Sequence[int], where: str, runner: Runner,
    progress: Callable[[int, int], None] | None = None,
) -> Floats:  # fmt: skip
    """Return the measure of every arm in the world of every seed; shape (arms, seeds).

    Worlds that several arms share are run once. `progress` is called with (arms done, arms in all).

    Raises:
        ScenarioError: if a measure has no value in a world.
    """
    runner = runner.settled(arms[0].scenario, SMALL * len(arms) * len(seeds))
    found = np.empty((len(arms), len(seeds)))
    done = [False] * len(arms)
    firsts: dict[str, list[int]] = {}
    for at, arm in enumerate(arms):
        if done[at]:
            continue
        alike = [k for k in range(at, len(arms)) if (arms[k].without, arms[k].scenario) == (arm.without, arm.scenario)]
        if arm.without is not None and arm.without[1] and arm.without[1] not in firsts:
            firsts[arm.without[1]] = _firsts(arms[0].scenario, seeds, arm.without[1], where, runner)
        tapes = _tapes(arm, seeds, firsts, runner)
        for k in alike:
            found[k], done[k] = _measured(arms[k].measure, tapes, where), True
        if progress is not None:
            progress(sum(done), len(arms))
    if np.isnan(found).any():
        at, pair = (int(k[0]) for k in np.nonzero(np.isnan(found)))
        problem = f"'{arms[at].measure.name}' has no value in the arm '{arms[at].name}' with the seed {seeds[pair]}"
        raise ScenarioError(problem, file=where, key="measure")
    return found


def _measured(measure: Measure, tapes: Sequence[Tape], where: str) -> Floats:
    try:
        return np.concatenate([measure.of(batch) for batch in of_runs(tapes)])
    except ValueError as error:
        raise ScenarioError(str(error).removeprefix("measures: "), file=where, key="measure") from None


def _tapes(arm: Arm, seeds: Sequence[int], firsts: Mapping[str, Sequence[int]], runner: Runner) -> Sequence[Tape]:
    if arm.without is None:
        return runner.seeds(arm.scenario, seeds)
    name, kind = arm.without
    fixed = find(person_ranges(arm.scenario), name) if name else None

    def rows(at: int) -> range:
        return fixed if fixed is not None else range(firsts[kind][at], firsts[kind][at] + 1)

    worlds = (knocked_out(World.build(arm.scenario, seed, runner.own), rows(at)) for at, seed in enumerate(seeds))
    return list(runner.worlds(arm.scenario, worlds, lambda tape: tape))


def _firsts(scenario: Scenario, seeds: Sequence[int], kind: str, where: str, runner: Runner) -> list[int]:
    """Return who did something first in each world of the first arm, as rows of the tape's persons."""
    found = []
    for seed, tape in zip(seeds, runner.seeds(scenario, seeds), strict=True):
        rows = np.flatnonzero(tape.events.kind == KINDS.index(kind))
        if not len(rows):
            raise ScenarioError(f"nobody does this in the world of seed {seed}", file=where, key="without.first")
        found.append(int(tape.events.person[rows[0]]))
    return found
