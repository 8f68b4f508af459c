"""Runs of one scenario at many values of its keys: the one place where a fit simulates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sim.engines import choose, simulate
from sim.machine.threads import in_threads
from sim.scenario.scenario import Scenario
from sim.tape.tape import Tape

Cells = Sequence[Mapping[str, Any]]
Run = Callable[[Scenario, Cells, Sequence[int]], Iterator[Tape]]


def run_many(
    scenario: Scenario, cells: Cells, seeds: Sequence[int], *, engine: str = "auto", threads: int | None = None,
    runs: int | None = None,
) -> Iterator[Tape]:  # fmt: skip
    """Yield the tape of each cell with its seed, in order; the tapes are those of `simulate`.

    Args:
        scenario: what to run.
        cells: what each run changes in it; seeds: one for each.
        engine, threads: as in `simulate_many`; the tapes are the same.
        runs: how many there will be in all, which "auto" looks at; as many as there are cells if None.
    """
    chosen = choose(scenario, engine, len(cells) if runs is None else runs)
    pairs = zip(cells, seeds, strict=True)

    def one(pair: tuple[Mapping[str, Any], int]) -> Tape:
        return simulate(scenario.replace(pair[0]), pair[1], engine=chosen, threads=1)

    # Mesa's agents hold Python's lock: side by side they would only get in each other's way.
    return in_threads(one, pairs, 1 if chosen == "agents" else threads)
