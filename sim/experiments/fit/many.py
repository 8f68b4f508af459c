"""Runs of one scenario with many values of its keys: the only place where a fit simulates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.errors import RunError
from sim.experiments.fit.record import Record
from sim.experiments.fit.summaries import labels_of, summaries_of, summarise
from sim.experiments.runner import Runner
from sim.scenario.scenario import Scenario
from sim.study.chunks import Chunk
from sim.study.executors import Pool, work
from sim.tape.tables import Floats
from sim.tape.tape import Tape

AT_ONCE = 512  # runs whose tapes are in memory together
Cells = Sequence[Mapping[str, Any]]


def run_many(scenario: Scenario, cells: Cells, seeds: Sequence[int], runner: Runner) -> Iterator[Tape]:
    """Yield the tape of each cell with its seed, in order; the tapes are those of `simulate`.

    Args:
        scenario: what to run.
        cells: the changes to it for each run; seeds: one for each.
        runner: the engine, the threads, and rules or persons of one's own.
    """
    runner = runner.settled(scenario, len(cells))
    for first in range(0, len(cells), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        scenarios = [scenario.replace(cell) for cell in cells[some]]
        yield from runner.seeds(scenarios, seeds[some])


@dataclass(frozen=True, eq=False)
class Particles:
    """The runs of a generation, as they are sent to workers; draws from the prior are made before, in one place.

    Attributes:
        scenario, cells, seeds, runner: as in `run_many`.
        summaries, record: as in `summaries_of`.
    """

    scenario: Scenario
    cells: Cells
    seeds: Sequence[int]
    runner: Runner
    summaries: tuple[str | Callable[[Tape], Any], ...] | None
    record: Record

    @property
    def columns(self) -> int:
        """The number of values per run."""
        return len(labels_of(summaries_of(self.summaries, self.record)))

    @property
    def code(self) -> list[Any]:
        """The summaries that are given as functions."""
        return [one for one in self.summaries or () if callable(one)]

    @property
    def stays(self) -> bool:
        """Whether it runs rules or persons of one's own."""
        return self.runner.has_code

    def chunk(self, first: int, last: int, stopped: Callable[[], bool]) -> Chunk | None:
        """Make and summarise some runs; return None if stopped before the end."""
        chosen, some = summaries_of(self.summaries, self.record), slice(first, last)
        found = np.empty((last - first, len(labels_of(chosen))))
        tapes = run_many(self.scenario, self.cells[some], self.seeds[some], replace(self.runner, threads=1))
        for row, tape in enumerate(tapes):
            if stopped():
                return None
            found[row] = summarise(tape, chosen)
        return Chunk(first, last, found, ())


def shared_out(task: Particles, pool: Pool, workers: int, progress: Callable[[int], None]) -> Floats:
    """Return the summaries of all runs, made by a pool; `progress` is called with the number of further runs done.

    Raises:
        RunError: if a run kills every worker that makes it.
    """
    found = np.empty((len(task.cells), task.columns))

    def record(chunk: Chunk) -> None:
        if chunk.errors:
            raise RunError(chunk.errors[0][1])
        found[chunk.first : chunk.last] = chunk.values
        progress(chunk.last - chunk.first)

    work(task, [(0, len(task.cells))] if task.cells else [], pool, workers, record)
    return found
