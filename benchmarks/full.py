"""The full model: ten ideas, telling, implementation and abandonment, agents beside kernels."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from benchmarks import ours
from benchmarks.tables import Table
from sim.engines import simulate_world
from sim.model.world import World
from sim.scenario.scenario import Scenario

IDEAS, STEPS, DEGREE = 10, 100, 10.0
SMALLEST = 1_000  # persons; ten times as many in each next row
BUDGET = 120.0  # seconds that the agents may take, judging by the size before


def data(n: int) -> dict[str, Any]:
    """The scenario as data: each idea is had about ten times in the run, and told to two a step for five steps."""
    return {
        "scenario": {"name": "full model", "steps": STEPS},
        "world": {"network": {"kind": "erdos-renyi", "degree": DEGREE}},
        "population": {"count": n, "creativity": 0.1 / n, "reach": 2.0 / n, "skill": 0.01},
        "ideas": [{"name": "idea", "count": IDEAS}],
        "dynamics": {"telling_period": 5.0},
    }


def measure(largest: int) -> Table:
    """Both engines on the same worlds while the agents keep within the budget; their tapes must be equal."""
    rows, of_agents, n = [], 0.0, SMALLEST
    ours.warm_up()
    while n <= largest:
        print(f"full model, {n:,} persons ...", file=sys.stderr, flush=True)
        world = World.build(Scenario.model_validate(data(n)), 1)
        simulated = {count: _timed(world, "kernels", count) for count in ours.thread_counts()}
        best = min(seconds for seconds, _ in simulated.values())
        for threads, (seconds, tape) in simulated.items():
            rows.append([n, len(world.ties.target), f"kernels, {threads} thread{'s' * (threads > 1)}", seconds,
                         len(tape.events), seconds / best, ""])  # fmt: skip
        if of_agents * 10 <= BUDGET:
            of_agents, tape = _timed(world, "agents", None)
            rows.append([n, len(world.ties.target), "agents", of_agents, len(tape.events), of_agents / best, ""])
            if any(other != tape for _, other in simulated.values()):
                raise AssertionError(f"the engines wrote different tapes at {n:,} persons")
        else:
            note = f"skipped: {of_agents:.0f} s at a smaller size"
            rows.append([n, len(world.ties.target), "agents", math.nan, "", math.nan, note])
        n *= 10
    notes = [
        f"{IDEAS} ideas, {STEPS} steps, {DEGREE:g} ties a person; everybody may have the ideas, tells two a step for",
        "five steps, implements and abandons. Timed: the run and its tape. Not timed: making the world. *Ratio*: the",
        "time over that of our fastest. The tapes of all rows of a size are equal.",
    ]
    return Table("full", "Full model", notes, ("persons", "ties", "who", "s", "events", "ratio", "note"), rows)


def _timed(world: World, engine: str, threads: int | None) -> tuple[float, Any]:
    """The median of three runs of below ten seconds, or one that takes longer."""
    taken: list[float] = []
    while len(taken) < 3 and sum(taken) < 10.0:
        begin = time.perf_counter()
        tape = simulate_world(world, engine, threads)
        taken.append(time.perf_counter() - begin)
    return sorted(taken)[len(taken) // 2], tape
