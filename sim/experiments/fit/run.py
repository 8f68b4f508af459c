"""`sim.fit`: a scenario, a record and priors in, a posterior out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sim.engines import checked_seed, checked_threads, choose
from sim.errors import did_you_mean
from sim.experiments.fit import store
from sim.experiments.fit.abc import Drawn, Generation, adjusted, sequential
from sim.experiments.fit.chances import chances_of
from sim.experiments.fit.importance import sample
from sim.experiments.fit.likelihood import Likelihood, why_not
from sim.experiments.fit.many import Particles, run_many, shared_out
from sim.experiments.fit.priors import Prior, Priors, cells_of, priors_of, values_of
from sim.experiments.fit.record import Record, curve_of, record_of
from sim.experiments.fit.result import APPROXIMATE, EXACT, FitResult
from sim.experiments.fit.summaries import labels_of, observed, summaries_of, summarise
from sim.machine.threads import processors
from sim.scenario.scenario import Scenario
from sim.study.executors import EXECUTORS, Pool, kept, pool_for
from sim.study.study import require
from sim.tape.tables import Floats
from sim.tape.tape import Tape

METHODS = ("auto", "exact", "abc")
RUNS, PARTICLES, PREDICTED, DRAWS = 5000, 1000, 200, 1000
Progress = Callable[[int, int], None]


def fit(
    scenario: Scenario | str | Path,
    record: Record | Tape | str | Path | Mapping[str, float] | Any,
    vary: Mapping[str, str | Prior],
    *,
    summaries: Iterable[str | Callable[[Tape], Any]] | None = None,
    method: str = "auto",
    step: float = 1.0,
    start: float = 0.0,
    runs: int = RUNS,
    particles: int | None = None,
    predicted: int = PREDICTED,
    seed: int | None = None,
    engine: str = "auto",
    threads: int | None = None,
    workers: int | None = None,
    executor: str = "auto",
    dask: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Return which values of a scenario's keys explain a record.

    Where it is known who could have been told by whom and when who adopted (a log or a table of persons and times, and
    a network that is given), the likelihood is exact (`sim.experiments.fit.likelihood`); otherwise runs are compared
    with the record (`sim.experiments.fit.abc`).

    Args:
        scenario: the model, or the path of its file.
        record: as `sim.experiments.fit.record.record_of` takes it.
        vary: key -> prior, as {"dynamics.abandon_rate": "beta(2, 5)"}; see `sim.experiments.fit.priors.FORMS`.
        summaries: what is compared: names in `sim.experiments.fit.summaries.NAMED`, measures of a study, functions of a
            Tape; without it, those that suit the record.
        method: "exact", "abc", or "auto" for the exact one where there is one.
        step, start: how much of the record's time a step is, and the time that is step 0.
        runs: at most, of ABC. particles: of its first generation; without it, a fifth of the runs, 1,000 at most.
        predicted: runs drawn from the posterior, to be compared with the record; 0 for none.
        seed: of all luck; without it, the scenario's own.
        engine, threads: as in `simulate_many`; the posterior is the same to the bit.
        workers, executor, dask: who makes the runs of ABC, as in `Study.make`; "auto": compiled threads of this
            process. The posterior is the same to the bit.
        out: a folder to keep the generations in; a fit that was cut off there goes on.
        progress: called with (runs done, runs at most).

    Raises:
        ValueError: if a prior, a summary, a method or a number is not allowed.
        ScenarioError: if a key or a value that a prior draws is not allowed.
        TapeError: if the record cannot be read.
        StudyError: if the folder holds something else, or the workers cannot work.
        RunError: if a run kills whatever worker makes it.

    Ten persons who all may discover, of whom five did in the first of two steps:

    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "ten", steps = 2}
    ... population = {count = 10, creativity = 1.0}
    ... world = {network = {kind = "chain"}}
    ... ideas = [{name = "wheel"}]
    ... dynamics = {abandon_rate = 0}''')
    >>> record = {"person": [f"person {k}" for k in range(1, 6)], "time": [1] * 5}
    >>> found = fit(scenario, record, {"dynamics.discovery_rate": "loguniform(1e-3, 10)"}, predicted=0)
    >>> found.method, round(found.best()["dynamics.discovery_rate"], 1)
    ('exact likelihood', 0.4)
    """
    scenario = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    seed = scenario.scenario.seed if seed is None else checked_seed(seed)
    if method not in METHODS:
        raise ValueError(f"method: no {method!r}{did_you_mean(method, METHODS)}")
    particles = min(PARTICLES, max(runs // 5, 2)) if particles is None else particles
    if not 10 <= particles <= runs:
        raise ValueError(f"particles: must be from 10 to the runs, which are {runs:,}, is {particles:,}")
    priors, read = priors_of(vary, scenario), record_of(record, scenario, step=step, start=start)
    given = None if summaries is None else tuple(summaries)
    chosen = summaries_of(given, read)
    why = why_not(scenario, read, priors) if method != "abc" else "it was asked for"
    if method == "exact" and why:
        raise ValueError(f"method: there is no exact likelihood: {why}; allowed: abc")
    worker = Worker(scenario, priors, read, given, engine, checked_threads(threads), runs + predicted, progress)
    keep = None
    if out is not None:
        store.open_folder(
            Path(out), about(worker, read, runs, particles, seed) | {"method": APPROXIMATE if why else EXACT}
        )
        keep = partial(store.generation, Path(out), priors=priors, labels=labels_of(chosen))
    with worker.at(workers, executor, dask) if why else nullcontext():
        found = _approximate(worker, read, why, runs, particles, seed, keep) if why else _exact(worker, read, seed)
    return with_predictions(found, worker, predicted)


class Worker:
    """The simulations of a fit: particles in, summaries out."""

    def __init__(
        self, scenario: Scenario, priors: Priors, record: Record,
        given: tuple[str | Callable[[Tape], Any], ...] | None = None, engine: str = "auto",
        threads: int | None = None, runs: int = RUNS, progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.scenario, self.priors, self.record, self.given, self.threads = scenario, priors, record, given, threads
        self.summaries = summaries_of(given, record)
        self.engine, self.runs, self.progress, self.done = choose(scenario, engine, runs), runs, progress, 0
        self.pool: tuple[Pool, int] | None = None  # without one, the runs are made here

    @contextmanager
    def at(self, workers: int | None = None, executor: str = "auto", dask: str | None = None) -> Iterator[None]:
        """Have the runs made by other workers while the block runs; arguments as in `Study.make`.

        Raises:
            StudyError, ValueError: if they cannot work, or there are none.
        """
        require("executor", executor, EXECUTORS)
        if executor == "auto" and dask is None:
            yield
            return
        with (
            pool_for(self._task([], []), executor, workers or processors(), dask) as (pool, at_once),
            kept(pool) as again,
        ):
            self.pool = again, at_once
            try:
                yield
            finally:
                self.pool = None

    def __call__(self, z: Floats, seeds: Sequence[int]) -> Floats:
        """Return the summaries of particles, each run with its seed; shape (particles, summaries)."""
        if self.pool is not None:
            return shared_out(self._task(self._cells(z), seeds), *self.pool, self._told)
        return np.array([summarise(tape, self.summaries) for tape in self.tapes(z, seeds)]).reshape(len(z), -1)

    def _task(self, cells: list[dict[str, float]], seeds: Sequence[int]) -> Particles:
        return Particles(self.scenario, cells, seeds, self.engine, self.given, self.record)

    def _cells(self, z: Floats) -> list[dict[str, float]]:
        return cells_of(self.priors, values_of(self.priors, z))

    def _told(self, more: int) -> None:
        self.done += more
        if self.progress is not None:
            self.progress(self.done, max(self.runs, self.done))

    def tapes(self, z: Floats, seeds: Sequence[int]) -> Iterable[Tape]:
        """Yield the tapes of particles."""
        for tape in run_many(self.scenario, self._cells(z), seeds, engine=self.engine, threads=self.threads):
            self._told(1)
            yield tape


def _exact(worker: Worker, record: Record, seed: int) -> FitResult:
    likelihood = Likelihood(worker.scenario, record)

    def of_particle(z: Floats) -> float:
        return likelihood(cells_of(worker.priors, values_of(worker.priors, z[None, :]))[0])

    rounds = list(sample(of_particle, len(worker.priors), DRAWS, seed))
    history = [{"round": k + 1, "draws": len(found.z), "ess": found.ess} for k, found in enumerate(rounds)]
    return FitResult(
        worker.scenario, worker.priors, record, EXACT, "", rounds[-1], tuple(history), f"{len(rounds)} rounds", seed,
        labels_of(worker.summaries), observed(record, worker.summaries), chances=tuple(chances_of(likelihood)),
    )  # fmt: skip


def _approximate(
    worker: Worker, record: Record, why: str, runs: int, particles: int, seed: int, keep: Callable[..., Drawn] | None
) -> FitResult:
    labels = labels_of(worker.summaries)
    seen = observed(record, worker.summaries)
    found = generations(worker, seen, runs, particles, seed, keep)
    last = found[-1]
    return FitResult(
        worker.scenario, worker.priors, record, APPROXIMATE, why, adjusted(last, seen),
        tuple(one.row() for one in found), last.stopped, seed, labels, seen,
    )  # fmt: skip


def generations(
    worker: Worker, seen: Floats, runs: int, particles: int, seed: int, keep: Callable[..., Drawn] | None = None
) -> list[Generation]:
    """Return all generations of a sequential fit to observed summaries."""
    more: dict[str, Any] = {} if keep is None else {"store": lambda number, make: keep(number, make=make)}
    return list(sequential(worker, seen, len(worker.priors), particles=particles, budget=runs, seed=seed, **more))


def about(worker: Worker, record: Record, runs: int, particles: int, seed: int) -> dict[str, Any]:
    """Return what determines a fit, as plain values."""
    scenario = worker.scenario
    digest = hashlib.sha256(scenario.to_toml().encode())
    if scenario.world.network.kind == "file":
        digest.update((scenario.folder / scenario.world.network.path).read_bytes())
    return {
        "scenario": digest.hexdigest(), "record": record.sha256, "seed": seed, "runs": runs, "particles": particles,
        "vary": {key: prior.text for key, prior in worker.priors.items()},
        "summaries": list(labels_of(worker.summaries)),
    }  # fmt: skip


def with_predictions(found: FitResult, worker: Worker, count: int) -> FitResult:
    """Return a fit with runs drawn from its posterior, as what it foretells of the record."""
    if not count:
        return found
    seeds = np.random.default_rng([found.seed, 2**32]).integers(2**63, size=count).tolist()
    cells = found.draws(count)
    rows, curves = [], []
    for tape in run_many(found.scenario, cells, seeds, engine=worker.engine, threads=worker.threads):
        rows.append(summarise(tape, worker.summaries))
        curves.append(curve_of(tape, found.record.steps))
    return replace(found, predicted=np.array(rows), curves=np.array(curves))
