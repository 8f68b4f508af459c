"""The settings of a fit, checked once, and the simulations that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines import Rules
from sim.errors import checked_seed, require, whole_number
from sim.experiments.fit.importance import Target
from sim.experiments.fit.likelihood import Likelihood, why_not
from sim.experiments.fit.many import Particles, run_many, shared_out
from sim.experiments.fit.priors import Prior, cells_of, priors_of, values_of
from sim.experiments.fit.record import Record, record_of
from sim.experiments.fit.summaries import labels_of, observed, summaries_of, summarise
from sim.experiments.runner import Runner
from sim.machine.threads import processors
from sim.scenario.scenario import Scenario
from sim.study.executors import EXECUTORS, Pool, kept, pool_for
from sim.tape.tables import Floats
from sim.tape.tape import Tape

if TYPE_CHECKING:
    from sim.model.agents.person import Person

METHODS = ("auto", "exact", "abc")
RUNS, PARTICLES, LEAST, PREDICTED = 5000, 1000, 10, 200
Progress = Callable[[int, int], None]


@dataclass
class Settings:
    """The settings of a fit, as in the arguments of `fit`.

    Raises:
        ValueError: if the method is unknown, or the number of threads or a rule is not allowed.
    """

    summaries: Iterable[str | Callable[[Tape], Any]] | None = None
    method: str = "auto"
    step: float = 1.0
    start: float = 0.0
    runs: int = RUNS
    particles: int | None = None
    predicted: int = PREDICTED
    seed: int | None = None
    engine: str = "auto"
    threads: int | None = None
    workers: int | None = None
    executor: str = "auto"
    dask: str | None = None
    rules: Rules | None = None
    person_class: type[Person] | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        require("method", self.method, METHODS)
        self.runner = Runner(self.engine, self.threads, self.rules, self.person_class)

    @property
    def first(self) -> int:
        """The number of particles of the first generation."""
        return min(PARTICLES, max(self.runs // 5, LEAST)) if self.particles is None else self.particles


class Worker:
    """A scenario, a record and priors, checked; called with particles, it returns the summaries of their runs.

    Args:
        how: the settings. runs: at most, instead of theirs. seed: if they have none, instead of the scenario's.
        compared: a record to take the summaries of, instead of this one.

    Attributes:
        why: why the likelihood of the record is not exact or not wanted; empty if it is exact.
        labels, observed: the summaries of the record.
    """

    def __init__(
        self, scenario: Scenario | str | Path, record: Any, vary: Mapping[str, str | Prior], how: Settings,
        runs: int | None = None, seed: int | None = None, compared: Record | None = None,
    ) -> None:  # fmt: skip
        self.scenario, self.how = Scenario.of(scenario), how
        own = self.scenario.scenario.seed if seed is None else seed
        self.seed = own if how.seed is None else checked_seed(how.seed)
        self.priors = priors_of(vary, self.scenario)
        self.record = record_of(record, self.scenario, step=how.step, start=how.start)
        self.compared = compared or self.record
        self.given = None if how.summaries is None else tuple(how.summaries)
        self.summaries = summaries_of(self.given, self.compared)
        self.labels, self.observed = labels_of(self.summaries), observed(self.compared, self.summaries)
        self.total = runs or how.runs  # at most
        self.why = "it was asked for"
        if how.method != "abc":
            self.why = why_not(self.scenario, self.record, self.priors, how.runner.has_code)
        if self.why and how.method == "exact":
            raise ValueError(f"method: there is no exact likelihood: {self.why}; allowed: abc")
        if self.why:
            whole_number("runs", how.runs, LEAST, 10**12)
            whole_number("particles", how.first, LEAST, how.runs)
        self.runner, self.done = how.runner.settled(self.scenario, self.total), 0
        self.pool: tuple[Pool, int] | None = None  # if None, the runs are made here

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Have other workers make the runs within the block, if the settings say so.

        Raises:
            StudyError, ValueError: if they cannot work, or do not exist.
        """
        how = self.how
        require("executor", how.executor, EXECUTORS)
        if how.executor == "auto" and how.dask is None:
            yield
            return
        task, count = self._task([], []), how.workers or processors()
        with pool_for(task, how.executor, count, how.dask) as (pool, at_once), kept(pool) as again:
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
        return Particles(self.scenario, cells, seeds, self.runner, self.given, self.compared)

    def _cells(self, z: Floats) -> list[dict[str, float]]:
        return cells_of(self.priors, values_of(self.priors, z))

    def _told(self, more: int) -> None:
        self.done += more
        if self.how.progress is not None:
            self.how.progress(self.done, max(self.total, self.done))

    def tapes(self, z: Floats, seeds: Sequence[int]) -> Iterable[Tape]:
        """Yield the tapes of particles."""
        for tape in run_many(self.scenario, self._cells(z), seeds, self.runner):
            self._told(1)
            yield tape

    def target(self, likelihood: Likelihood) -> Target:
        """Return the log-likelihood as a function of particles."""
        return lambda z: np.array([likelihood(cell) for cell in self._cells(z)])
