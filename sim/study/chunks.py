"""A chunk of a study: some of its runs in a row, made wherever there is a worker, with plain arrays as the result.

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

AT_ONCE = 256  # runs of one cell that are made together
MEANWHILE = "meanwhile"
LARGEST = 1 << 20  # persons x ideas x runs made together, if there is more than one run


@dataclass(frozen=True, eq=False)
class Job:
    """The description of a study that a worker needs.

    Attributes:
        scenario, cells, replicates, seed, common: as in a Study.
        measures: names, or functions of a tape.
        engine: "agents", "kernels", or "meanwhile": the agents until the kernels are compiled, which is being done.
    """

    scenario: Scenario
    cells: Cells
    replicates: int
    seed: int
    common: bool
    measures: tuple[str | Measure | Callable[[Tape], Any], ...]
    engine: str
    rules: Rules | None = None
    person_class: Any = None

    @property
    def runs(self) -> int:
        """Return how many runs there are in all."""
        return len(self.cells) * self.replicates


@dataclass(frozen=True, eq=False)
class Chunk:
    """Runs first to last - 1 of a study.

    Attributes:
        values: of each run by each measure, nan where there is none; shape (runs, measures).
        errors: the runs that failed, counted from `first`, each with the reason.
    """

    first: int
    last: int
    values: Floats
    errors: tuple[tuple[int, str], ...]


def run_chunk(job: Job, first: int, last: int, stopped: Callable[[], bool] = lambda: False) -> Chunk | None:
    """Run and measure; a run that fails is noted, and the others go on. None if it was stopped before the end."""
    measures = measures_of(job.measures, members_of(job.scenario), names_of(job.scenario))
    values, errors = np.full((last - first, len(measures)), np.nan), []
    for cell, replicates, at in _spans(first, last, job.replicates):
        try:
            scenario = job.scenario.replace(job.cells[cell], source="cell") if job.cells.keys else job.scenario
        except ValueError as error:
            errors += [(at + k, _line(error)) for k in range(len(replicates))]
            continue
        together = runs_together(scenario)
        for begin in range(0, len(replicates), together):
            if stopped():
                return None
            some = replicates[begin : begin + together]
            seeds = seeds_of(job.seed, cell, some, job.common)
            engine = engine_by_now(scenario, job.runs) if job.engine == MEANWHILE else job.engine
            found, failed = measured(scenario, seeds, measures, engine, job.rules, job.person_class)
            values[at + begin : at + begin + len(some)] = found
            errors += [(at + begin + k, text) for k, text in failed]
    return Chunk(first, last, values, tuple(errors))


def measured(
    scenario: Scenario,
    seeds: Sequence[int],
    measures: Sequence[Measure],
    engine: str,
    rules: Rules | None = None,
    person_class: Any = None,
) -> tuple[Floats, list[tuple[int, str]]]:
    """Return the measures of one run for each seed, shape (seeds, measures), and the runs that failed."""
    values = np.full((len(seeds), len(measures)), np.nan)
    try:
        done = 0
        made = simulate_many(scenario, seeds, engine=engine, threads=1, rules=rules, person_class=person_class)
        for batch in of_runs(made):
            for column, one in enumerate(measures):
                values[done : done + len(batch), column] = one.of(batch)
            done += len(batch)
    except (Exception, SystemExit) as error:  # whatever it is, it is this run's alone
        if len(seeds) == 1:
            values[:] = np.nan
            return values, [(0, _line(error))]
        errors = []
        for k, seed in enumerate(seeds):
            values[k : k + 1], wrong = measured(scenario, [seed], measures, engine, rules, person_class)
            errors += [(k, text) for _, text in wrong]
        return values, errors
    return values, []


def runs_together(scenario: Scenario) -> int:
    """Return how many runs of a scenario are made at once: as many as fit comfortably into the memory."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    return max(1, min(AT_ONCE, LARGEST // max(1, people * ideas)))


def members_of(scenario: Scenario) -> dict[str, int]:
    """Return the groups of persons that a tape of the scenario has, and how many rows each is."""
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
    """Yield the cells of some runs in a row: cell, its replicates, and the number of their first run."""
    at = first
    while at < last:
        cell, begin = divmod(at, replicates)
        end = min(replicates, begin + last - at)
        yield cell, range(begin, end), at - first
        at += end - begin


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:1000]
