"""Studies: runs a second that are measured and stored, beside mesa.batch_run and a pool of processes over NDlib."""

from __future__ import annotations

import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import batch, ours, race
from benchmarks.tables import Table
from sim.model.agents.model import IdeaDiffusion
from sim.scenario.scenario import Scenario
from sim.study.study import Study

MEASURES = ("total", "reached", "time_to_half")
AGENT_RUNS, PEER_RUNS = 4, 8  # of the slow ones; they are not extrapolated, but for the rate
SIZES = (100, 1_000, 10_000)
DEGREE = 8.0


def measure(runs: int) -> Table:
    """Each way of making the same runs, the median of three."""
    made = Scenario.model_validate(batch.WORLD | batch.CASES["tell once, keep"])
    _study(made, 64).run(workers=1)  # compiles
    rows: list[list[Any]] = []
    for workers in ours.thread_counts():
        rows.append(_row("shoulders study, stored", workers, runs, _stored(made, runs, workers, "threads")))
    most = ours.thread_counts()[-1]
    rows.append(_row("the same, not stored", most, runs, lambda: _study(made, runs).make(workers=most)))
    rows.append(_row("the same by processes, stored", most, runs, _stored(made, runs, most, "processes"), times=1))
    rows.append(_row("mesa.batch_run, our agents", 1, AGENT_RUNS, lambda: _mesa(made), times=1))
    if why := race.missing("NDlib"):
        rows.append([f"process pool over NDlib ({why})", most, 0, None])
    else:
        rows.append(_row("process pool over NDlib", most, PEER_RUNS * most, lambda: _pool(most), times=1))
    for n in SIZES:
        some = max(16, runs * 100 // n // 10)
        world = made.replace({"population.count": n - 1, "population.reach": 2.0 / n})
        rows.append(_row(f"shoulders study, {n:,} persons", 1, some, _stored(world, some, 1, "threads")))
    notes = [
        f"{batch.PERSONS:,} persons unless the row says otherwise, {DEGREE:g} ties each on average, one idea,",
        f"{batch.STEPS} steps, three measures ({', '.join(MEASURES)}). Each run has a network and luck of its own.",
        "NDlib's independent cascade stands for the nearest model; networkx makes its network, and only the reached",
        "are measured. Starting processes is timed, for whoever needs them; compiling is not.",
    ]
    return Table("study", "Studies", notes, ("what", "workers", "runs", "runs a second"), rows)


def _row(what: str, workers: int, runs: int, work: Callable[[], Any], times: int = 3) -> list[Any]:
    print(f"study: {what}, {workers} workers ...", file=sys.stderr, flush=True)
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return [what, workers, runs, runs / statistics.median(taken)]


def _study(made: Scenario, runs: int) -> Study:
    return Study(made, replicates=runs, measures=MEASURES, engine="kernels")


def _stored(made: Scenario, runs: int, workers: int, executor: str) -> Callable[[], None]:
    def work() -> None:
        folder = Path(tempfile.mkdtemp(prefix="shoulders-bench-"))
        try:
            study = _study(made, runs)
            study.make(folder / "study", workers=workers, executor=executor)
            if study.done != runs:
                raise AssertionError(f"{study.done} of {runs} runs are stored")
        finally:
            shutil.rmtree(folder)

    return work


def _mesa(made: Scenario) -> None:
    import mesa

    parameters = {"scenario": [made], "rng": range(AGENT_RUNS)}
    mesa.batch_run(IdeaDiffusion, parameters, max_steps=batch.STEPS, display_progress=False)


def _pool(workers: int) -> None:
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(ndlib_run, range(PEER_RUNS * workers)))


def ndlib_run(seed: int) -> int:
    """One run of NDlib's independent cascade on a network of its own: how many it reached."""
    import networkx as nx
    import numpy as np
    from ndlib.models.epidemics import IndependentCascadesModel
    from ndlib.models.ModelConfig import Configuration

    np.random.seed(seed)
    network = nx.fast_gnp_random_graph(batch.PERSONS, DEGREE / (batch.PERSONS - 1), seed=seed)
    model, config = IndependentCascadesModel(network), Configuration()
    for edge in network.edges:
        config.add_edge_configuration("threshold", edge, 2.0 / DEGREE)
    config.add_model_initial_configuration("Infected", [0])
    model.set_initial_status(config)
    for _ in range(batch.STEPS):
        if not model.iteration(node_status=False)["node_count"][1]:
            break
    return sum(status == 2 for status in model.status.values())
