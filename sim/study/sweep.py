"""A study: a scenario, a design and replicates; run, kept, resumed and read. `sweep(...)` is a study in one call."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines import Rules, agents_begin, compiling_apart, engine_for
from sim.errors import StudyError
from sim.machine.threads import processors
from sim.machine.version import version
from sim.model.forecast import seconds_of_agents
from sim.model.own_rules import own_rules
from sim.scenario.scenario import Scenario
from sim.study import store
from sim.study.batches import Histories
from sim.study.chunks import MEANWHILE, Job, members_of, names_of
from sim.study.design import MOST, OWN, SAMPLED, Cells, cells_of
from sim.study.executors import EXECUTORS, Pool, dask_client, dask_pool, processes, threads, work
from sim.study.measures import DEFAULT, Measure, measures_of
from sim.study.progress import Keeper, Progress
from sim.tape.tables import Floats
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from sim.model.agents.person import Person


class Study:
    """A scenario over a design, with replicates by seed, and what is measured of every run.

    Args:
        scenario: a Scenario, or the path of its file.
        vary: keys that `scenario.replace` takes, each with a list of values, or a dict of start, stop and num; for
            sampled designs a range [low, high].
        cells: in place of `vary`, a list of dicts of keys and values.
        design: "grid" (every combination, the last key varying fastest), "latin-hypercube", "sobol", or "saltelli"
            and "morris" for sensitivity indices (SALib); "list" with `cells`.
        samples: points of a sampled design (of "morris" trajectories, of "saltelli" base samples).
        replicates: runs of each cell; without it, the scenario's own.
        measures: names as in `sim.study.measures.FORMS`, or functions of a Tape that return a number.
        common_random_numbers: whether replicate r has the same seed, seed + r, in all cells, so that cells differ in
            nothing but their keys; else every run has a seed of its own.
        seed: of the first replicate, and of sampled designs; without it, the scenario's own.
        engine, rules, person_class: as in `simulate`.

    Attributes:
        cells: of the design, a sequence of dicts.
        runs: how many in all.
        folder: where the runs are kept, once they are.

    Raises:
        ValueError: if the design, a measure or a number is not allowed.
        ScenarioError: if the scenario, a key or a value is not allowed.

    >>> from sim import Scenario
    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1", creativity = 1.0}]
    ... ideas = [{name = "wheel"}]
    ... dynamics = {discovery_rate = inf, abandon_rate = 0}
    ... impact = {value_of = "held"}''')
    >>> study = Study(scenario, {"scenario.steps": [3, 5]}, replicates=2, measures=["total"])
    >>> study.run().groupby("scenario.steps")["total"].mean().to_dict()
    {3: 2.0, 5: 4.0}
    """

    def __init__(
        self,
        scenario: Scenario | str | Path,
        vary: Mapping[str, Any] | None = None,
        *,
        cells: Sequence[Mapping[str, Any]] | None = None,
        design: str = "grid",
        samples: int = 0,
        replicates: int | None = None,
        measures: Sequence[str | Measure | Callable[[Tape], Any]] = DEFAULT,
        common_random_numbers: bool = True,
        seed: int | None = None,
        engine: str = "auto",
        rules: Rules | None = None,
        person_class: type[Person] | None = None,
    ) -> None:
        self.scenario = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
        about = self.scenario.scenario
        self.vary, self.design, self.samples = dict(vary or {}), "list" if cells is not None else design, samples
        self.replicates = about.replicates if replicates is None else replicates
        self.seed = about.seed if seed is None else seed
        self.common_random_numbers, self.engine = common_random_numbers, engine
        self.rules, self.person_class = rules, person_class
        _require_whole("replicates", self.replicates, 1, MOST)
        _require_whole("seed", self.seed, 0, 2**64 - 1)
        _require_whole("samples", samples, 0, MOST)
        self.cells: Cells = cells_of(self.scenario, self.vary, cells, design, samples, self.seed)
        self.measures = tuple(measures)
        self.measured = measures_of(self.measures, members_of(self.scenario), names_of(self.scenario))
        self.names = [one.name for one in self.measured]
        if doubled := [name for name in self.names if name in (*OWN, *self.cells.keys)]:
            raise ValueError(f"measures: {doubled[0]!r} is the name of another column")
        self.runs = len(self.cells) * self.replicates
        if self.runs > MOST:
            raise ValueError(f"study: {self.runs:,} runs; allowed are {MOST:,}")
        engine_for(self.scenario, engine, 1, own_rules(rules), person_class)
        self.folder: Path | None = None
        self._parts: list[tuple[int, pa.Table]] = []  # of a study without a folder

    @classmethod
    def from_toml(cls, path: str | Path) -> Study:
        """A study as a TOML file says it in its table [study].

        Its keys are the arguments of Study; `scenario` is a path as seen from the file's folder.

        Raises:
            ScenarioError, ValueError: if it is no such file, or a key or a value is not allowed.
        """
        from sim.study.study_file import study_arguments

        return cls(**study_arguments(Path(path)))

    @classmethod
    def load(cls, folder: str | Path) -> Study:
        """The study in a folder, with what has been run of it.

        Raises:
            StudyError: if there is none, or it is damaged.
        """
        folder = Path(folder)
        about = store.read_about(folder)
        design = about["design"]
        study = cls(
            Scenario.load(folder / store.SCENARIO), design["vary"], cells=design.get("cells"),
            design="grid" if design["kind"] == "list" else design["kind"], samples=design["samples"],
            replicates=about["replicates"], seed=about["seed"],
            common_random_numbers=about["common_random_numbers"],
            measures=[_absent(name) if name in about["code"] else name for name in about["measures"]],
        )  # fmt: skip
        study.folder = folder
        return study

    def about(self) -> dict[str, Any]:
        """What the study is, as plain values: what study.json holds."""
        design: dict[str, Any] = {"kind": self.design, "vary": self.vary, "samples": self.samples}
        if self.design == "list":
            design["cells"] = list(self.cells)
        network = self.scenario.world.network
        files = {
            "network": hashlib.sha256((self.scenario.folder / network.path).read_bytes()).hexdigest()
        } if network.kind == "file" else {}  # fmt: skip
        text = self.scenario.to_toml()
        about: dict[str, Any] = {
            "format": store.FORMAT,
            "version": store.VERSION,
            "shoulders": version(),
            "scenario": {
                "name": self.scenario.scenario.name, "sha256": hashlib.sha256(text.encode()).hexdigest(), **files
            },
            "design": design,
            "cells": len(self.cells),
            "replicates": self.replicates,
            "measures": self.names,
            "code": {one.name: _code(one.function) for one in self.measured if one.function is not None},
            "common_random_numbers": self.common_random_numbers,
            "seed": self.seed,
            **({"rules": own} if (own := {n: _code(f) for n, f in (self.rules or {}).items()}) else {}),
            **({"person_class": _code(self.person_class)} if self.person_class else {}),
        }  # fmt: skip
        about["hash"] = store.hash_of(about)
        return about

    def run(
        self,
        out: str | Path | None = None,
        *,
        workers: int | None = None,
        executor: str = "auto",
        dask: str | None = None,
        fail_fast: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> pd.DataFrame:
        """Make all runs that are missing, and return the table.

        Args:
            out: folder to keep them in; a study that was cut off there goes on. Without it they stay in memory.
            workers: how many runs go on at the same time; without it, as many as there are processors.
            executor: "threads", "processes", "dask", or "auto": processes where a measure is named Python code or the
                agents run for long, else threads. Functions that are given as such stay in this process.
            dask: "local", or the address of a scheduler such as "tls://host:8786".
            fail_fast: whether the first run that fails ends the study; else it is a row with its error.
            progress: is told how far it is.

        Raises:
            StudyError: if the folder holds something else, or another process writes into it.
            RunError: with fail_fast.
            OSError: if the folder cannot be written; what was kept is kept.
        """
        self.make(out, workers=workers, executor=executor, dask=dask, fail_fast=fail_fast, progress=progress)
        return self.table()

    def make(
        self,
        out: str | Path | None = None,
        *,
        workers: int | None = None,
        executor: str = "auto",
        dask: str | None = None,
        fail_fast: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """As `run`, without reading the table, so that memory does not grow with the number of runs."""
        if executor not in EXECUTORS:
            raise ValueError(f"executor: no {executor!r}; allowed: {', '.join(EXECUTORS)}")
        if (self.rules or self.person_class) and (dask is not None or executor in ("processes", "dask")):
            raise ValueError("executor: rules and persons of one's own stay in this process; allowed: auto, threads")
        _require_whole("workers", 1 if workers is None else workers, 1, 100_000)
        folder = None if out is None else Path(out)
        with store.held(folder) if folder else nullcontext():
            about = self.about()
            spans = store.open_folder(folder, about, self.scenario) if folder else self._spans()
            self.folder = folder
            missing = store.gaps(spans, self.runs)
            if not missing:
                return
            job = self.job()
            done = sum(last - first for first, last in spans)
            keeper = Keeper(job, self.names, folder or self._parts, done, fail_fast, progress)
            many = workers or processors()
            apart = compiling_apart(self.scenario, self.runs) if self._may_begin_by_agents(job) else nullcontext(False)
            with apart as begun, self._pool(executor, dask, many, job) as (pool, at_once):
                work(replace(job, engine=MEANWHILE) if begun else job, missing, pool, at_once, keeper.keep)

    def _may_begin_by_agents(self, job: Job) -> bool:
        """Whether the engine is left to us, and nothing that this process alone has must be compiled."""
        return self.engine == "auto" and job.engine == "kernels" and not job.rules

    @property
    def agents_begin(self) -> bool:
        """Whether the first runs will be made by the agents, while the kernels are compiled beside them."""
        return self._may_begin_by_agents(self.job()) and agents_begin(self.scenario, self.runs)

    def job(self) -> Job:
        """What a worker must know."""
        engine = engine_for(self.scenario, self.engine, min(self.runs, 10**6), own_rules(self.rules), self.person_class)
        return Job(self.scenario, self.cells, self.replicates, self.seed, self.common_random_numbers, self.measures,
                   engine, self.rules, self.person_class)  # fmt: skip

    @contextmanager
    def _pool(self, executor: str, dask: str | None, workers: int, job: Job) -> Iterator[tuple[Pool, int]]:
        if dask is not None or executor == "dask":
            with dask_client(dask or "local", workers) as client:
                yield dask_pool(client), max(1, sum(client.nthreads().values()))
            return
        if executor == "auto":
            long = job.engine == "agents" and self.runs * seconds_of_agents(self.scenario) > 20.0
            named = any(one.function is not None for one in self.measured)
            given = any(not isinstance(one, str) for one in self.measures) or job.rules or job.person_class
            executor = "processes" if (long or named) and not given and workers > 1 else "threads"
        yield (processes if executor == "processes" else threads)(workers), workers

    def _spans(self) -> list[store.Span]:
        return [(first, first + table.num_rows) for first, table in sorted(self._parts, key=lambda part: part[0])]

    @property
    def done(self) -> int:
        """How many runs there are so far."""
        spans = store.spans_in(self.folder, self.runs) if self.folder else self._spans()
        return sum(last - first for first, last in spans)

    def parts(self) -> Iterator[pa.Table]:
        """The runs so far, part by part, as Arrow tables, sorted by cell and replicate."""
        if self.folder is not None:
            return store.parts_in(self.folder, self.runs)
        return iter([table for _, table in sorted(self._parts, key=lambda part: part[0])])

    def rows(self) -> pa.Table:
        """The runs so far as an Arrow table, sorted by cell and replicate."""
        import pyarrow as pa

        return pa.concat_tables([store.schema_of(self.job(), self.names).empty_table(), *self.parts()])

    def table(self) -> pd.DataFrame:
        """The runs so far, one a row, sorted by cell and replicate.

        Columns: cell, replicate, seed, one for each key that varies, one for each measure (nan where there is no
        value), error (missing where there was none). Values that are lists or tables are JSON.
        """
        frame: pd.DataFrame = self.rows().to_pandas()
        return frame

    def problem(self) -> dict[str, Any]:
        """The keys and ranges of a sampled design, as SALib takes them."""
        from sim.study.design import bounds_of

        if self.design not in SAMPLED:
            raise ValueError(f"design: a {self.design} has no ranges; allowed: {', '.join(SAMPLED)}")
        bounds = bounds_of(self.vary)
        return {"num_vars": len(bounds), "names": list(bounds), "bounds": [list(ends) for ends in bounds.values()]}

    def predict(self, workers: int | None = None) -> dict[str, Any]:
        """What the study would take, from a pilot of some runs from its middle.

        Keys: cells, replicates, runs, engine, pilot_runs, seconds_per_run, seconds, memory (bytes), stored (bytes on
        disk, roughly).
        """
        from sim.study.predict import predict

        return predict(self.job(), workers or processors())

    def outcome(self) -> dict[str, Any]:
        """What has been run so far: done, failed, first_error, and of each measure mean, smallest and largest."""
        from sim.study.predict import outcome

        return outcome(self.parts(), self.names)


def sweep(
    scenario: Scenario | str | Path,
    vary: Mapping[str, Any] | None = None,
    *,
    cells: Sequence[Mapping[str, Any]] | None = None,
    design: str = "grid",
    samples: int = 0,
    replicates: int | None = None,
    measures: Sequence[str | Measure | Callable[[Tape], Any]] = DEFAULT,
    common_random_numbers: bool = True,
    seed: int | None = None,
    engine: str = "auto",
    rules: Rules | None = None,
    person_class: type[Person] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    executor: str = "auto",
    dask: str | None = None,
    fail_fast: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> pd.DataFrame:
    """Run a study and return its table, one run a row.

    Args:
        scenario, vary, cells, design, samples, replicates, measures, common_random_numbers, seed, engine,
        rules, person_class: as for Study.
        out, workers, executor, dask, fail_fast, progress: as for Study.run.

    >>> from sim import Scenario
    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1", creativity = 1.0}]
    ... ideas = [{name = "wheel"}]''')
    >>> table = sweep(scenario, {"dynamics.discovery_rate": [0.1, 2.0]}, replicates=50, measures=["discoveries"])
    >>> table.groupby("dynamics.discovery_rate")["discoveries"].mean().is_monotonic_increasing
    True
    """
    study = Study(
        scenario, vary, cells=cells, design=design, samples=samples, replicates=replicates, measures=measures,
        common_random_numbers=common_random_numbers, seed=seed, engine=engine, rules=rules,
        person_class=person_class,
    )  # fmt: skip
    return study.run(out, workers=workers, executor=executor, dask=dask, fail_fast=fail_fast, progress=progress)


def _require_whole(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name}: must be a whole number from {low} to {high:,}, is {value!r}")


def _code(function: Any) -> str:
    """A hash of the source of a user's function, so that a changed one is recognised; '' where there is none."""
    try:
        return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()
    except (OSError, TypeError):
        return ""


def _absent(name: str) -> Measure:
    """A measure of which only the column is known."""

    def function(_: Tape | None) -> float:
        raise StudyError(f"measures: {name!r} was a function of the study's author; make the Study with it to go on")

    def of(_: Histories) -> Floats:
        return np.full(1, function(None))

    return Measure(name, of, function)
