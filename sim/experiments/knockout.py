"""Knockout: the loss of the world without a person, by running it again without them.

The same world with the same seed is run with and without a person: v(N) - v(N without the person), the difference
reward. Nobody is renumbered and no other random number is drawn anew, so that the runs differ only in what the person
did and in its consequences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines import Rules, choose
from sim.errors import checked_seed, did_you_mean, require, require_in
from sim.experiments.counterfactual import PARTS, knocked_out
from sim.experiments.runner import Runner
from sim.experiments.tabular import Tabular
from sim.machine.records import known
from sim.model.randomness import seeds_from
from sim.model.world import World
from sim.scenario.groups import ANONYMOUS, POPULATION, find, person_ranges
from sim.scenario.scenario import Scenario
from sim.study.intervals import KINDS, mean_interval
from sim.tape.tables import Floats

if TYPE_CHECKING:
    from sim.model.agents.person import Person


@dataclass(frozen=True, eq=False, repr=False)
class KnockoutTable(Tabular):
    """The losses without each of several persons, one at a time.

    Attributes:
        scenario: its name. part: the part of the persons that was knocked out.
        seeds: of the replicates; shape (replicates,).
        confidence: of the intervals.
        person: the name of each person or group; the rows.
        value: the realised value with everybody there, in each replicate; shape (replicates,).
        lost: how much the value fell, by row and replicate, negative if it rose; shape (rows, replicates).
        raw, error, low, high: the mean loss over the replicates, the standard error of that mean, and its interval; the
            latter are nan for a single replicate; shape (rows,).
        normalised: raw divided by its sum over all rows, nan if that is 0; shape (rows,). Knockouts do not sum to the
            total: a value that needs two persons falls with either, and one that either could bring about with neither.
    """

    scenario: str
    part: str
    seeds: tuple[int, ...]
    confidence: float
    person: tuple[str, ...]
    value: Floats
    lost: Floats
    raw: Floats
    error: Floats
    low: Floats
    high: Floats
    normalised: Floats

    def __repr__(self) -> str:
        order = np.argsort(-self.raw, kind="stable")[:3].tolist()
        lost = ", ".join(f"{self.person[row]} {self.raw[row]:g}" for row in order)
        more = ", ..." if len(self.person) > 3 else ""
        return f"KnockoutTable({self.scenario!r}, {self.part}, lost of {self.value.mean():g}: {lost}{more})"

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each person or group, in their order: person, raw, error, low, high, normalised."""
        names = ("raw", "error", "low", "high", "normalised")
        columns = (getattr(self, name).tolist() for name in names)
        return [dict(zip(("person", *names), row, strict=True)) for row in zip(self.person, *columns, strict=True)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values, rows in their order; unknown values are None."""
        rows = [{key: known(value) for key, value in row.items()} for row in self.rows()]
        given = {"scenario": self.scenario, "part": self.part, "seeds": list(self.seeds), "confidence": self.confidence}
        return given | {"value": float(self.value.mean()), "knockout": rows}


def knockout(
    scenario: Scenario | str | Path, without: Sequence[str] | None = None, part: str = "person", *,
    replicates: int | None = None, seeds: Sequence[int] | None = None, engine: str = "auto",
    threads: int | None = None, rules: Rules | None = None, person_class: type[Person] | None = None,
    confidence: float = 0.95, interval: str = "t", progress: Callable[[int, int], None] | None = None,
) -> KnockoutTable:  # fmt: skip
    """Compute what the world would have lost without each person: the fall of its realised value, on the same seeds.

    The value is the tape's total, so `impact.realised_by` decides who realises it. If it is everybody, a person who is
    knocked out no longer realises anything either.

    Args:
        scenario: a Scenario, or the path or name of one.
        without: names of persons, of groups (which go as a whole) or of members ("teller 7",
            "person 1" of the population); by default every entry of `persons`.
        part: "person": is never there, and leaves an empty place: ties to it lead nowhere, interventions scheduled for
            it have no effect, and there is no notebook to find. "telling": is there, but tells nobody in any way, by
            ties, publishing, rewriting or a notebook (but under the rule `threshold` people see who holds an idea, told
            or not). "implementation": is there, but makes nothing work.
        replicates: how many worlds, with seeds from the scenario's own on; by default the scenario's replicates.
        seeds: of the worlds, instead of `replicates`.
        engine, rules, person_class: as in `simulate`.
        threads: how many runs are made at the same time; by default as many as there are processors. The table does not
            depend on it.
        confidence: of the intervals, in (0, 1).
        interval: "t" (Student) or "bca" (bootstrap, bias-corrected and accelerated, 9999 resamples with a fixed seed).
        progress: called with (runs done, runs in all).

    Raises:
        ValueError: if an argument is not allowed or a person is unknown; the message suggests the nearest name.
        ScenarioError: as in `simulate`.

    Without P1 nobody discovers or tells the idea; P2 makes no difference:

    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... world = {size = 100}
    ... persons = [{name = "P1", creativity = 1.0, reach = 1.0}, {name = "P2"}]
    ... ideas = [{name = "wheel"}]
    ... dynamics = {discovery_rate = inf, abandon_rate = 0}
    ... impact = {value_of = "held", realised_by = "crowd"}''')
    >>> knockout(scenario).raw.tolist()
    [98.0, 0.0]
    """
    scenario = Scenario.of(scenario)
    names = _check(scenario, without, part, confidence, interval, engine)
    chosen = _seeds(scenario, replicates, seeds)
    values = _run(scenario, names, part, chosen, Runner(engine, threads, rules, person_class), progress)
    value = values[0]
    lost = value - values[1:]
    raw = lost.mean(axis=1)
    error = lost.std(axis=1, ddof=1) / len(chosen) ** 0.5 if len(chosen) > 1 else np.full(len(names), np.nan)
    ends = np.array([mean_interval(row, confidence, interval) for row in lost]).reshape(-1, 2)
    total = float(raw.sum())
    normalised = raw / total if total != 0.0 else np.full(len(names), np.nan)
    return KnockoutTable(scenario.scenario.name, part, tuple(chosen), confidence, tuple(names), value, lost, raw, error,
                         ends[:, 0], ends[:, 1], normalised)  # fmt: skip


def _check(
    scenario: Scenario, without: Sequence[str] | None, part: str, confidence: float, interval: str, engine: str
) -> list[str]:
    """Return the names of the rows, after checking all arguments."""
    require("part", part, PARTS)
    require("interval", interval, KINDS)
    require_in("confidence", confidence, "(0, 1)")
    choose(scenario, engine)
    people = _people(scenario)
    names = [person.name for person in scenario.persons] if without is None else list(without)
    if not names:
        raise ValueError("without: nobody is named; give names, such as 'person 1' for the first of the population")
    for name in names:
        if not find(people, name):
            known = [key for key, rows in people.items() if rows]
            raise ValueError(f"without: no person {name!r}{did_you_mean(name, known)}")
    return names


def _people(scenario: Scenario) -> dict[str, range]:
    """Return the rows of every name, including the tape's names for members of the population."""
    people = person_ranges(scenario)
    return people | ({ANONYMOUS: people[POPULATION]} if people[POPULATION] else {})


def _seeds(scenario: Scenario, replicates: int | None, seeds: Sequence[int] | None) -> list[int]:
    if seeds is None:
        number = scenario.scenario.replicates if replicates is None else replicates
        seeds = seeds_from(scenario.scenario.seed, number)
    elif replicates is not None:
        raise ValueError("replicates: give either replicates or seeds")
    if len(seeds) < 1:
        raise ValueError("replicates: must be 1 or more")
    return [checked_seed(seed, "seeds") for seed in seeds]


def _run(
    scenario: Scenario, names: Sequence[str], part: str, seeds: Sequence[int], runner: Runner,
    progress: Callable[[int, int], None] | None,
) -> Floats:  # fmt: skip
    """Return the realised value of each world with everybody, and without each person; shape (1 + names, seeds)."""
    runs = len(seeds) * (1 + len(names))
    runner = runner.settled(scenario, runs)
    people = _people(scenario)
    rows = [find(people, name) or range(0) for name in names]

    def worlds() -> Iterator[World]:
        for seed in seeds:
            world = World.build(scenario, seed, runner.own)
            yield world
            for some in rows:
                yield knocked_out(world, some, part)

    told = None if progress is None else lambda done: progress(done, runs)
    values = list(runner.worlds(scenario, worlds(), lambda tape: tape.total, told))
    return np.array(values).reshape(len(seeds), -1).T
