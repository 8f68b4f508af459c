"""The function `sim.fit`: from a scenario, a record and priors to a posterior."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines import Rules
from sim.experiments.fit import store
from sim.experiments.fit.abc import Generation, Store, adjusted, sequential
from sim.experiments.fit.chances import chances_of
from sim.experiments.fit.importance import sample
from sim.experiments.fit.likelihood import Likelihood
from sim.experiments.fit.many import run_many
from sim.experiments.fit.priors import Prior
from sim.experiments.fit.record import Record, curve_of
from sim.experiments.fit.result import APPROXIMATE, EXACT, FitResult
from sim.experiments.fit.summaries import summarise
from sim.experiments.fit.worker import PREDICTED, RUNS, Progress, Settings, Worker
from sim.scenario.scenario import Scenario
from sim.study.measures import source_of
from sim.tape.tables import Floats
from sim.tape.tape import Tape

if TYPE_CHECKING:
    from sim.model.agents.person import Person

DRAWS = 1000  # of each round of an exact fit


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
    rules: Rules | None = None,
    person_class: type[Person] | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Return the posterior of a scenario's keys, given a record to be explained.

    If it is known who adopted when and who could have told whom (from a log, or a table of persons and times, and a
    given network), the likelihood is exact (`sim.experiments.fit.likelihood`); otherwise runs are compared with the
    record (`sim.experiments.fit.abc`).

    Args:
        scenario: the model, or the path of its file.
        record: as in `sim.experiments.fit.record.record_of`.
        vary: key -> prior, as {"dynamics.abandon_rate": "beta(2, 5)"}; see `sim.experiments.fit.priors.FORMS`.
        summaries: what is compared: names in `sim.experiments.fit.summaries.NAMED`, measures of a study, functions of a
            Tape; by default those that suit the record.
        method: "exact", "abc", or "auto" for the exact likelihood if there is one.
        step, start: the length of a step in the record's time, and the time of step 0.
        runs: at most, of ABC. particles: of its first generation; by default a fifth of the runs, 10 to 1,000.
        predicted: runs drawn from the posterior, to be compared with the record; 0 for none.
        seed: of all random streams; by default the scenario's own.
        engine, threads: as in `simulate_many`; the posterior has the same bits.
        workers, executor, dask: which workers make the runs of ABC, as in `Study.make`; "auto": compiled threads of
            this process. The posterior has the same bits.
        rules, person_class: as in `simulate`; the likelihood is not exact then.
        out: a folder to keep the generations in, where an interrupted fit is continued.
        progress: called with (runs done, runs at most).

    Raises:
        ValueError: if a prior, a summary, a method or a number is not allowed.
        ScenarioError: if a key or a value that a prior draws is not allowed.
        TapeError: if the record cannot be read.
        StudyError: if the folder holds something else, or the workers cannot work.
        RunError: if a run kills every worker that makes it.

    Ten persons who all may discover; five of them did, in the first of two steps:

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
    given = None if summaries is None else tuple(summaries)
    how = Settings(given, method, step, start, runs, particles, predicted, seed, engine, threads, workers, executor,
                   dask, rules, person_class, progress)  # fmt: skip
    worker = Worker(scenario, record, vary, how, runs + predicted)
    keep: dict[str, Store] = {}
    if out is not None:
        store.open_folder(Path(out), _about(worker))
        keep = {"store": partial(store.generation, Path(out), worker.priors, worker.labels)}
    if not worker.why:
        return with_predictions(exactly(worker), worker)
    with worker.shared():
        found = result_of(worker, generations(worker, worker.observed, worker.seed, **keep))
    return with_predictions(found, worker)


def exactly(worker: Worker) -> FitResult:
    """Return the result of a fit by the exact likelihood."""
    likelihood = Likelihood(worker.scenario, worker.record)
    rounds = list(sample(worker.target(likelihood), len(worker.priors), DRAWS, worker.seed))
    history = [{"round": k + 1, "draws": len(found.z), "ess": found.ess} for k, found in enumerate(rounds)]
    return FitResult(
        worker.scenario, worker.priors, worker.record, EXACT, "", rounds[-1], tuple(history), f"{len(rounds)} rounds",
        worker.seed, worker.labels, worker.observed, chances=tuple(chances_of(likelihood)),
    )  # fmt: skip


def generations(worker: Worker, seen: Floats, seed: int, **more: Any) -> list[Generation]:
    """Return all generations of a sequential fit to observed summaries; `more` as in `sequential`."""
    how = worker.how
    return list(sequential(worker, seen, len(worker.priors), particles=how.first, budget=how.runs, seed=seed, **more))


def result_of(worker: Worker, found: list[Generation]) -> FitResult:
    """Return the result of a sequential fit."""
    history = tuple(one.row() for one in found)
    return FitResult(
        worker.scenario, worker.priors, worker.record, APPROXIMATE, worker.why, adjusted(found[-1], worker.observed),
        history, found[-1].stopped, worker.seed, worker.labels, worker.observed, runner=worker.how.runner,
    )  # fmt: skip


def _about(worker: Worker) -> dict[str, Any]:
    """Return the inputs that determine a fit, as plain values."""
    scenario = worker.scenario
    digest = hashlib.sha256(scenario.to_toml().encode())
    if scenario.world.network.kind == "file":
        digest.update((scenario.folder / scenario.world.network.path).read_bytes())
    return {
        "scenario": digest.hexdigest(), "record": worker.record.sha256, "seed": worker.seed, "runs": worker.how.runs,
        "particles": worker.how.first, "vary": {key: prior.text for key, prior in worker.priors.items()},
        "summaries": list(worker.labels), "method": APPROXIMATE if worker.why else EXACT,
        **source_of(worker.how.rules, worker.how.person_class),
    }  # fmt: skip


def with_predictions(found: FitResult, worker: Worker) -> FitResult:
    """Return a fit with runs drawn from its posterior, which are its predictions of the record."""
    count = worker.how.predicted
    if not count:
        return found
    seeds = np.random.default_rng([found.seed, 2**32]).integers(2**63, size=count).tolist()
    cells = found.draws(count)
    rows, curves = [], []
    for tape in run_many(found.scenario, cells, seeds, worker.runner):
        rows.append(summarise(tape, worker.summaries))
        curves.append(curve_of(tape, found.record.steps))
    return replace(found, predicted=np.array(rows), curves=np.array(curves))
