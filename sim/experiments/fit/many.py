"""Runs of one scenario at many values of its keys: the one place where a fit simulates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.engines import choose, simulate_many
from sim.scenario.scenario import Scenario
from sim.tape.tape import Tape

AT_ONCE = 512  # runs whose tapes are held together
Cells = Sequence[Mapping[str, Any]]


def run_many(
    scenario: Scenario, cells: Cells, seeds: Sequence[int], *, engine: str = "auto", threads: int | None = None
) -> Iterator[Tape]:
    """Yield the tape of each cell with its seed, in order; the tapes are those of `simulate`.

    Args:
        scenario: what to run.
        cells: what each run changes in it; seeds: one for each.
        engine, threads: as in `simulate_many`; the tapes are the same.
    """
    engine = choose(scenario, engine, len(cells))
    for first in range(0, len(cells), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        scenarios = [scenario.replace(cell) for cell in cells[some]]
        yield from simulate_many(scenarios, seeds[some], engine=engine, threads=threads)
