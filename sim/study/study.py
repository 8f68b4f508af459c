"""Studies: a scenario, a design and replicates, which can be run, kept, resumed and read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.engines import Rules, agents_begin, compiling_apart, engine_for
from sim.errors import InputError, RunError, StudyError, checked_seed, require, whole_number
from sim.machine.records import html_table
from sim.machine.showing import shown
from sim.machine.threads import processors
from sim.machine.version import version
from sim.model.forecast import seconds_of_agents
from sim.model.own_rules import own_rules
from sim.scenario.keys import plain
from sim.scenario.scenario import Scenario
from sim.study import store
from sim.study.chunks import MEANWHILE, Job, members_of, names_of
from sim.study.design import MAX_RUNS, OWN, SAMPLED, Cells, bounds_of, cells_of, problem_of
from sim.study.executors import EXECUTORS, pool_for, work
from sim.study.measures import DEFAULT, Measure, absent, code_of, is_code, measures_of, refuse_absent, source_of
from sim.study.progress import Parts, Progress, Recorder, failed_in
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from sim.model.agents.person import Person


class Study:
    """A scenario over a design, with replicates by seed and measures of every run.

    Args:
        scenario: a Scenario, or the path of its file.
        vary: keys that `scenario.replace` takes, each with a list of values, or a dict of start, stop and num; for
            sampled designs a range [low, high].
        cells: a list of dicts of keys and values, instead of `vary`.
        design: "grid" (every combination, the last key varying fastest), "latin-hypercube", "sobol", or "saltelli"
            and "morris" for sensitivity indices (SALib); "list" with `cells`.
        samples: points of a sampled design (for "morris" trajectories, for "saltelli" base samples).
        replicates: runs of each cell; by default the scenario's own.
        measures: names as in `sim.study.measures.FORMS`, or functions of a Tape that return a number.
        common_random_numbers: whether replicate r has the same seed, seed + r, in all cells, so that cells differ only
            in their keys; else every run has a seed of its own.
        seed: of the first replicate, and of sampled designs; by default the scenario's own.
        engine, rules, person_class: as in `simulate`.

    Attributes:
        cells: of the design, a sequence of dicts.
        runs: the number of all runs.
        folder: where the runs are kept; None if in memory.

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
        self.scenario = Scenario.of(scenario)
        about = self.scenario.scenario
        self.vary, self.design = plain({} if vary is None else vary), "list" if cells is not None else design
        self.samples = whole_number("samples", samples, 0, MAX_RUNS)
        replicates = about.replicates if replicates is None else replicates
        self.replicates = whole_number("replicates", replicates, 1, MAX_RUNS)
        self.seed = checked_seed(about.seed if seed is None else seed)
        self.common_random_numbers, self.engine = bool(common_random_numbers), engine
        self.rules, self.person_class = rules, person_class
        cells = None if cells is None else plain(cells)
        self.cells: Cells = cells_of(self.scenario, self.vary, cells, design, self.samples, self.seed)
        self.measures = (measures,) if isinstance(measures, str) or callable(measures) else tuple(measures)
        self.measured = measures_of(self.measures, members_of(self.scenario), names_of(self.scenario))
        self.names = [one.name for one in self.measured]
        if doubled := [name for name in self.names if name in (*OWN, *self.cells.keys)]:
            raise ValueError(f"measures: {doubled[0]!r} is the name of another column")
        self.runs = self.cells.number * self.replicates
        if self.runs > MAX_RUNS:
            raise ValueError(f"study: {self.runs:,} runs; allowed are {MAX_RUNS:,}")
        engine_for(self.scenario, engine, 1, own_rules(rules), person_class)
        self.folder: Path | None = None
        self._parts: Parts = {}  # of a study without a folder

    @classmethod
    def from_toml(cls, path: str | Path) -> Study:
        """Return the study that a TOML file describes in its table [study].

        Its keys are the arguments of Study; `scenario` is a path relative to the file's folder.

        Raises:
            ScenarioError, ValueError: if the file is not a study file, or a key or a value is not allowed.
        """
        from sim.study.study_file import study_arguments

        return cls(**study_arguments(Path(path)))

    @classmethod
    def load(cls, folder: str | Path) -> Study:
        """Return the study in a folder, with its runs so far. No code that it names is imported.

        Raises:
            StudyError: if there is none, or it is corrupt.
        """
        folder = Path(folder)
        about = store.read_about(folder)
        design = about["design"]
        try:
            study = cls(
                Scenario.load(folder / store.SCENARIO), design["vary"], cells=design.get("cells"),
                design="grid" if design["kind"] == "list" else design["kind"], samples=design["samples"],
                replicates=about["replicates"], seed=about["seed"],
                common_random_numbers=about["common_random_numbers"],
                measures=[absent(name) if name in about["code"] or is_code(name) else name
                          for name in about["measures"]],
            )  # fmt: skip
        except InputError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            raise StudyError(f"{folder / store.ABOUT}: not a shoulders file: {error}") from None
        network = study.scenario.world.network
        if network.kind == "file":
            store.check_file(folder / network.path, about["scenario"].get("network"))
        study.folder = folder
        return study

    def __eq__(self, other: object) -> bool:
        """Return whether two studies have the same runs: scenario, design, seeds, measures and code."""
        return self.about() == other.about() if isinstance(other, Study) else NotImplemented

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "measured"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.measured = measures_of(self.measures, members_of(self.scenario), names_of(self.scenario))

    def __repr__(self) -> str:
        return f"Study({self.scenario.scenario.name!r}, {self.design}, {len(self.cells):,} cells x " \
               f"{self.replicates:,} replicates, {self.done:,} of {self.runs:,} runs done)"  # fmt: skip

    def plot(self, measure: str | None = None) -> Any:
        """Return the figure of a measure (by default the first) against what varies, for display in a notebook."""
        return shown("plot_study", self, measure)

    def _repr_html_(self) -> str:
        keys = ", ".join(self.cells.keys) or "nothing"
        rows = {"scenario": self.scenario.scenario.name, "design": self.design, "varies": keys,
                "cells": f"{len(self.cells):,}", "replicates": f"{self.replicates:,}",
                "measures": ", ".join(self.names), "runs": f"{self.done:,} of {self.runs:,}"}  # fmt: skip
        return html_table("Study", (), list(rows.items()))

    def about(self) -> dict[str, Any]:
        """Return the description of the study as plain values, the content of study.json."""
        design: dict[str, Any] = {"kind": self.design, "vary": self.vary, "samples": self.samples}
        if self.design == "list":
            design["cells"] = list(self.cells)
        sources = {"name": self.scenario.scenario.name, "sha256": _sha256(self.scenario.to_toml().encode())}
        network = self.scenario.world.network
        if network.kind == "file":
            sources["network"] = _sha256((self.scenario.folder / network.path).read_bytes())
        about: dict[str, Any] = {
            "format": store.FORMAT,
            "version": store.VERSION,
            "shoulders": version(),
            "scenario": sources,
            "design": design,
            "cells": len(self.cells),
            "replicates": self.replicates,
            "measures": self.names,
            "code": {one.name: code_of(one.function) for one in self.measured if one.function is not None},
            "common_random_numbers": self.common_random_numbers,
            "seed": self.seed,
            **source_of(self.rules, self.person_class),
        }  # fmt: skip
        about["hash"] = store.hash_of(about)
        return about

    def run(self, out: str | Path | None = None, **how: Any) -> pd.DataFrame:
        """Make all runs that are missing or have failed, and return the table; arguments as in `make`."""
        self.make(out, **how)
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
        """Make all runs that are missing or have failed, without reading the table, whose memory grows with the runs.

        Args:
            out: folder to keep them in, where an interrupted study is continued. Without it they stay in memory.
            workers: how many runs are made at the same time; by default as many as there are processors.
            executor: "threads", "processes", "dask", or "auto": processes if a measure is named Python code or the
                agents run for long, else threads. Functions that are passed as such stay in this process.
            dask: "local", or the address of a scheduler such as "tls://host:8786".
            fail_fast: whether the first failed run ends the study; else it is a row with its error.
            progress: called with a Progress after every chunk.

        Raises:
            StudyError: if the folder holds something else, another process writes to it, or the pool of processes
                cannot work.
            RunError: if a run failed, with fail_fast.
            ValueError: if there is no such executor, or it cannot run rules and persons of one's own.
            OSError: if the folder cannot be written, or a scheduler is gone; the runs kept so far remain.
        """
        require("executor", executor, EXECUTORS)
        refuse_absent(self.measured)
        many = processors() if workers is None else whole_number("workers", workers, 1, 100_000)
        folder = None if out is None else Path(out)
        job = self.job()
        apart = compiling_apart(self.scenario, self.runs) if self._may_begin_by_agents(job) else nullcontext(False)
        chosen = self._executor(many, job) if executor == "auto" else executor
        hold = store.held(folder) if folder else nullcontext()
        with pool_for(job, chosen, many, dask) as (pool, at_once), hold:
            if folder:
                store.open_folder(folder, self.about(), self.scenario)
            self.folder = folder
            recorder, missing = self._missing(job, fail_fast, progress)
            if not missing:
                return
            try:
                with apart as begun:
                    work(replace(job, engine=MEANWHILE) if begun else job, missing, pool, at_once, recorder.record)
            except (KeyboardInterrupt, RunError, ConnectionError) as error:
                what = str(error) or "interrupted"
                where = f" in {folder}, the same command goes on" if folder else ""
                kept = f"{what}; {self.done:,} of {self.runs:,} runs are kept{where}"
                raise type(error)(kept) from None

    def _missing(
        self, job: Job, fail_fast: bool, progress: Callable[[Progress], None] | None
    ) -> tuple[Recorder, list[store.Span]]:
        """Return a recorder, and the runs that are missing or have failed, in order."""
        spans = self._spans()
        here = list(self._parts.items())
        parts = store.parts_in(self.folder, self.runs, failed_only=True) if self.folder else here
        mending = {first: table for first, table in parts if any(failed_in(first, table))}
        failed = [span for first, table in mending.items() for span in failed_in(first, table)]
        done = sum(last - first for first, last in spans) - sum(last - first for first, last in failed)
        recorder = Recorder(job, self.names, self.folder or self._parts, done, fail_fast, progress, mending)
        return recorder, sorted([*store.gaps(spans, self.runs), *failed])

    def _may_begin_by_agents(self, job: Job) -> bool:
        """Return whether the engine was left open and is the kernels, without rules of the user's own to compile."""
        return self.engine == "auto" and job.engine == "kernels" and not job.rules

    @property
    def agents_begin(self) -> bool:
        """Whether the agents make the first runs while the kernels are compiled beside them."""
        return self._may_begin_by_agents(self.job()) and agents_begin(self.scenario, self.runs)

    def job(self) -> Job:
        """Return the description of the study for workers."""
        engine = engine_for(self.scenario, self.engine, min(self.runs, 10**6), own_rules(self.rules), self.person_class)
        return Job(self.scenario, self.cells, self.replicates, self.seed, self.common_random_numbers, self.measures,
                   engine, self.rules, self.person_class)  # fmt: skip

    def _executor(self, workers: int, job: Job) -> str:
        """Return the executor that "auto" stands for."""
        long = job.engine == "agents" and self.runs * seconds_of_agents(self.scenario) > 20.0
        named = any(one.function is not None for one in self.measured)
        given = any(not isinstance(one, str) for one in self.measures) or job.stays
        return "processes" if (long or named) and not given and workers > 1 else "threads"

    def _spans(self) -> list[store.Span]:
        if self.folder is not None:
            return store.spans_in(self.folder, self.runs)
        return [(first, first + table.num_rows) for first, table in sorted(self._parts.items())]

    @property
    def done(self) -> int:
        """The number of runs made so far."""
        return sum(last - first for first, last in self._spans())

    def parts(self) -> Iterator[pa.Table]:
        """Yield the runs so far, part by part, as Arrow tables, sorted by cell and replicate.

        Raises:
            StudyError: if a part is corrupt, or has other columns than the study.
        """
        if self.folder is None:
            yield from (table for _, table in sorted(self._parts.items(), key=lambda part: part[0]))
            return
        schema = store.schema_of(self.job(), self.names)
        for first, table in store.parts_in(self.folder, self.runs):
            if not table.schema.equals(schema):
                raise StudyError(f"{self.folder}: the part of run {first} is corrupt: it has other columns")
            yield table

    def rows(self) -> pa.Table:
        """Return the runs so far as an Arrow table, sorted by cell and replicate."""
        import pyarrow as pa

        return pa.concat_tables([store.schema_of(self.job(), self.names).empty_table(), *self.parts()])

    def table(self) -> pd.DataFrame:
        """Return the runs so far, one per row, sorted by cell and replicate.

        Columns: cell, replicate, seed, one for each key that varies, one for each measure (nan if there is no value),
        error (missing if there was none). Values that are lists or tables are JSON.
        """
        frame: pd.DataFrame = self.rows().to_pandas()
        return frame

    def problem(self) -> dict[str, Any]:
        """Return the keys and ranges of a sampled design as a SALib problem."""
        if self.design not in SAMPLED:
            raise ValueError(f"design: a {self.design} has no ranges; allowed: {', '.join(SAMPLED)}")
        return problem_of({key: bounds_of(key, given) for key, given in self.vary.items()})

    def predict(self, workers: int | None = None) -> dict[str, Any]:
        """Predict the cost of the study from a pilot of some runs from its middle.

        Keys: cells, replicates, runs, engine, pilot_runs, seconds_per_run, seconds, memory (bytes), stored (bytes on
        disk, roughly).
        """
        from sim.study.predict import predict

        return predict(self.job(), workers or processors())

    def outcome(self) -> dict[str, Any]:
        """Summarise the runs so far: done, failed, first_error, and mean, low and high of each measure."""
        from sim.study.predict import outcome

        return outcome(self.parts(), self.names)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
