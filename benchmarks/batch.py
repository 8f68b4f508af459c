"""Small worlds by the thousand: `simulate_many` of a thousand persons, microseconds a run."""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from benchmarks import ours
from benchmarks.tables import Table
from sim.engines import simulate_many
from sim.model.kernels.replicates import Runs
from sim.scenario.scenario import Scenario

PERSONS, STEPS = 1_000, 100
WORLD: dict[str, Any] = {
    "scenario": {"name": "a thousand", "steps": STEPS},
    "world": {"network": {"kind": "erdos-renyi", "degree": 8.0}},
    "persons": [{"name": "P1", "creativity": 1.0}],
    "population": {"count": PERSONS - 1, "reach": 2.0 / PERSONS},
    "ideas": [{"name": "idea", "discovery_rate": float("inf")}],
}
CASES: dict[str, dict[str, Any]] = {
    "tell once, keep": {"dynamics": {"abandon_rate": 0.0}},
    "tell once, implement, abandon": {
        "population": {"count": PERSONS - 1, "reach": 2.0 / PERSONS, "skill": 0.01},
    },
}


def measure(runs: int) -> Table:
    """Each case with each number of threads, the median of three batches."""
    rows = []
    for case, changes in CASES.items():
        print(f"batch of {runs:,} runs, {case} ...", file=sys.stderr, flush=True)
        made = Scenario.model_validate(WORLD | changes)
        for threads in ours.thread_counts():
            simulate_many(made, range(8), engine="kernels", threads=threads)  # compiles
            taken, events = [], 0
            for batch in range(3):
                begin = time.perf_counter()
                tapes = simulate_many(made, range(batch * runs, (batch + 1) * runs), engine="kernels", threads=threads)
                assert isinstance(tapes, Runs)
                events = sum(int(block.rows.used[0]) for block in tapes.blocks)
                taken.append((time.perf_counter() - begin) / runs)
            rows.append([case, threads, runs, statistics.median(taken) * 1e6, events / runs])
    notes = [
        f"{PERSONS:,} persons, 8 ties each on average, one idea, {STEPS} steps; each run has a network, luck and",
        "rows of its own. Timed: the call of simulate_many, networks included, to the rows of all tapes.",
    ]
    return Table(
        "batch", "A batch of small worlds", notes, ("case", "threads", "runs", "µs a run", "events a run"), rows
    )
