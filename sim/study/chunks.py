"""A chunk of a study: consecutive runs, made by any worker, with plain arrays as the result.

Runs are numbered cell by cell, replicate by replicate: run `cell * replicates + replicate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.engines import Rules, engine_by_now, simulate_many
from sim.scenario.groups import EVERYONE, EVERYTHING, idea_ranges, person_ranges
from sim.scenario.scenario import Scenario
from sim.study.batches import of_runs
from sim.study.design import Cells, seeds_of
from sim.study.measures import Measure, measures_of
from sim.tape.tables import Floats
from sim.tape.tape import Tape

AT_ONCE = 256  # runs that are made together
MEANWHILE = "meanwhile"
LARGEST = 1 << 20  # persons x ideas x runs made together; a single run may have more


@dataclass(frozen=True, eq=False)
class Job:
    """The description of a study that a worker needs."""

    scenario: Scenario  # this, and the next four, as in a Study
    cells: Cells
    replicates: int
    seed: int
    common: bool
    measures: tuple[str | Measure | Callable[[Tape], Any], ...]  # names, or functions of a tape
    engine: str  # "agents", "kernels", or "meanwhile": the agents until the kernels, which are compiling, are ready
    rules: Rules | None = None
    person_class: Any = None

    @property
    def runs(self) -> int:
        """The number of all runs."""
        return len(self.cells) * self.replicates

    @property
    def columns(self) -> int:
        """The number of values per run."""
        return len(self.measures)

    @property
    def code(self) -> list[Any]:
        """The measures that are given as functions."""
        return [getattr(one, "function", one) for one in self.measures if callable(one)]

    @property
    def stays(self) -> bool:
        """Whether it runs rules or persons of one's own."""
        return bool(self.rules) or self.person_class is not None

    def chunk(self, first: int, last: int, stopped: Callable[[], bool] = lambda: False) -> Chunk | None:
        """Make and measure runs; a run that fails is recorded, the others go on. Return None if stopped early."""
        measures = measures_of(self.measures, members_of(self.scenario), names_of(self.scenario))
        values, errors = np.full((last - first, len(measures)), np.nan), []
        for at, given, seeds in _together(self, first, last):
            if stopped():
                return None
            if isinstance(given, ValueError):
                errors += [(at + k, _line(given)) for k in range(len(seeds))]
                continue
            found, wrong = _measured(self, given, seeds, measures)
            values[at : at + len(seeds)] = found
            errors += [(at + k, text) for k, text in wrong]
        return Chunk(first, last, values, tuple(errors))


@dataclass(frozen=True, eq=False)
class Chunk:
    """Runs first to last - 1 of a study."""

    first: int
    last: int
    values: Floats  # of each run by each measure, nan if there is none; shape (runs, measures)
    errors: tuple[tuple[int, str], ...]  # the runs that failed, counted from `first`, with the reasons


def _together(job: Job, first: int, last: int) -> Iterator[tuple[int, list[Scenario] | ValueError, list[int]]]:
    """Yield the runs made together: the number of runs before, the scenario of each or the error, and the seeds."""
    begin, scenarios, seeds, taken = 0, list[Scenario](), list[int](), 0
    for cell, replicates, at in _spans(first, last, job.replicates):
        some = seeds_of(job.seed, cell, replicates, job.common)
        try:
            scenario = job.scenario.replace(job.cells[cell], source="cell") if job.cells.keys else job.scenario
        except ValueError as error:
            if seeds:
                yield begin, scenarios, seeds
            yield at, error, some
            begin, scenarios, seeds, taken = at + len(some), [], [], 0
            continue
        each = max(1, len(person_ranges(scenario)[EVERYONE]) * len(idea_ranges(scenario)[EVERYTHING]))
        for k, seed in enumerate(some):
            if seeds and (taken + each > LARGEST or len(seeds) == AT_ONCE):
                yield begin, scenarios, seeds
                begin, scenarios, seeds, taken = at + k, [], [], 0
            scenarios.append(scenario)
            seeds.append(seed)
            taken += each
    if seeds:
        yield begin, scenarios, seeds


def _measured(
    job: Job, scenarios: Sequence[Scenario], seeds: Sequence[int], measures: Sequence[Measure]
) -> tuple[Floats, list[tuple[int, str]]]:
    """Return the measures of a run for each scenario and seed, shape (seeds, measures), and the runs that failed."""
    values = np.full((len(seeds), len(measures)), np.nan)
    engine = engine_by_now(scenarios[0], job.runs) if job.engine == MEANWHILE else job.engine
    own = {"rules": job.rules, "person_class": job.person_class}
    try:
        done = 0
        for batch in of_runs(simulate_many(scenarios, seeds, engine=engine, threads=1, **own)):
            for column, one in enumerate(measures):
                values[done : done + len(batch), column] = one.of(batch)
            done += len(batch)
    except (Exception, SystemExit) as error:  # whatever it is, it belongs to one run
        if len(seeds) == 1:
            return np.full_like(values, np.nan), [(0, _line(error))]
        alone = [_measured(job, [one], [seed], measures) for one, seed in zip(scenarios, seeds, strict=True)]
        errors = [(k, text) for k, (_, wrong) in enumerate(alone) for _, text in wrong]
        return np.concatenate([found for found, _ in alone]), errors
    return values, []


def members_of(scenario: Scenario) -> dict[str, int]:
    """Return the groups of persons in a tape of the scenario, with their numbers of rows."""
    from sim.model.world import THE_CROWD
    from sim.scenario.groups import ANONYMOUS

    ranges = person_ranges(scenario)
    found = {person.name: person.count for person in scenario.persons}
    if scenario.population.count:
        found[ANONYMOUS] = scenario.population.count
    if (scenario.world.size or 0) > len(ranges[EVERYONE]):
        found[THE_CROWD] = 1
    return found


def names_of(scenario: Scenario) -> list[str]:
    """Return the names of the ideas."""
    return [
        idea.name if idea.count == 1 else f"{idea.name} {k + 1}" for idea in scenario.ideas for k in range(idea.count)
    ]


def _spans(first: int, last: int, replicates: int) -> Iterator[tuple[int, range, int]]:
    """Yield the cells of consecutive runs: cell, its replicates, and the number of runs before it."""
    at = first
    while at < last:
        cell, begin = divmod(at, replicates)
        end = min(replicates, begin + last - at)
        yield cell, range(begin, end), at - first
        at += end - begin


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:1000]
