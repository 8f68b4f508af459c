"""A record to be explained: a log, times of adoption, an adoption curve, or the measures of a study, in steps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import TapeError, did_you_mean, require_in
from sim.logs.formats import read_log
from sim.machine.records import many
from sim.readers.source import Source, opened
from sim.readers.table import Table, table_of
from sim.scenario.scenario import Scenario
from sim.study.batches import of_tape
from sim.study.store import ABOUT
from sim.study.study import Study
from sim.tape.tables import ABANDON, IMPLEMENT, LEARN, Events, Floats, Influences, Ints, Persons, Realised
from sim.tape.tape import Tape

KINDS = {
    "log": "a log", "adoptions": "a table of who adopted when", "curve": "an adoption curve",
    "measures": "the measures of a study",
}  # fmt: skip
SO_FAR, NEW, PERSON = ("count", "adopters", "cumulative"), ("new", "adoptions"), ("person", "target", "node")


@dataclass(frozen=True, eq=False)
class Record:
    """A record, with its times in the steps of a scenario.

    Attributes:
        kind: a key of KINDS.
        steps: of the scenario.
        tape: what happened, with times in steps; None for a curve or measures.
        times, counts: for a curve, the steps at which it is known, and how many had adopted by then.
        values: for a study, the mean of each measure.
        full: whether it holds all events of a log, including those of implementing and abandoning.
        read_as: how it was read, in words.
    """

    kind: str
    steps: int
    tape: Tape | None = None
    times: Ints | None = None
    counts: Floats | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    full: bool = False
    read_as: str = ""

    @property
    def kind_in_words(self) -> str:
        """The kind of the record, in words."""
        return KINDS[self.kind]

    @cached_property
    def curve(self) -> Floats:
        """How many had adopted by each step, from 0 on; nan where a curve does not tell; shape (steps + 1,)."""
        if self.tape is not None:
            return curve_of(self.tape, self.steps)
        found = np.full(self.steps + 1, np.nan)
        if self.times is not None and self.counts is not None:
            found[self.times] = self.counts
        return found

    @cached_property
    def sha256(self) -> str:
        """A hash of everything that a fit depends on."""
        digest = hashlib.sha256(f"{self.kind} {self.steps} {json.dumps(dict(self.values))}".encode())
        if self.tape is not None:
            for table in (self.tape.events, self.tape.influences, self.tape.realised):
                for column in table.columns().values():
                    digest.update(column.tobytes())
            digest.update(json.dumps(self.tape.persons.name).encode())
        digest.update(self.curve.tobytes())
        return digest.hexdigest()


def curve_of(tape: Tape, steps: int) -> Floats:
    """Return how many people had adopted by each step, from 0 on; shape (steps + 1,)."""
    adoptions = of_tape(tape).adoptions()
    late = np.minimum(adoptions.step, steps + 1)
    return np.bincount(late, adoptions.count, steps + 2)[: steps + 1].cumsum().astype(np.float64)


def record_of(given: Any, scenario: Scenario, *, step: float = 1.0, start: float = 0.0) -> Record:
    """Return a record, read and converted to the steps of a scenario.

    Args:
        given: a Tape; a path to a log, a run's folder, a study's folder, or a table with the columns time and count
            (adopters so far) or new (adopters since the previous time), or person and time; a DataFrame or a mapping
            with such columns, or with those of a log, source among them; or a mapping of measures to values. A Record
            is returned as it is.
        scenario: whose steps they are.
        step: the length of a step in the record's time; start: the record's time at step 0.

    Raises:
        TapeError: if it cannot be read, or does not fit into the scenario's steps.
        ValueError: if step is not above 0.
    """
    require_in("step", step, "(0, inf)")
    steps = scenario.scenario.steps
    if isinstance(given, Record):
        return given
    if isinstance(given, Tape):
        return _of_tape(given, steps, step, start, "record")
    if hasattr(given, "to_dict") and hasattr(given, "columns"):
        given = given.to_dict("list")
    if isinstance(given, Mapping) and any(map(np.ndim, given.values())):
        columns = {str(name): list(column) for name, column in given.items()}
        if "source" in {name.strip().lower() for name in columns}:
            import pandas as pd

            return _of_tape(read_log(pd.DataFrame(columns)), steps, step, start, "record")
        return _of_columns(columns, steps, step, start, "record")
    if isinstance(given, Mapping):
        return Record("measures", steps, values={k: float(v) for k, v in given.items()}, read_as="measures as given")
    path = Path(given)
    if (path / ABOUT).is_file():
        study = Study.load(path)
        means = study.table()[study.names].mean()
        values = {name: float(means[name]) for name in study.names}
        return Record("measures", steps, values=values, read_as=f"the means of {many(study.done, 'run')} of a study")
    if path.is_dir():
        return _of_tape(Tape.load(path), steps, step, start, str(path))
    with opened(path) if path.is_file() else nullcontext() as source:
        if source is not None and (table := _table_in(source)) is not None:
            columns = {name: [] for name in table.names}
            for batch in table.batches(range(len(table.names))):
                for name, cells in zip(table.names, batch, strict=True):
                    columns[name] += cells.to_pylist()
            return _of_columns(columns, steps, step, start, str(path), table.line)
    return _of_tape(read_log(path), steps, step, start, str(path))


def _of_tape(tape: Tape, steps: int, step: float, start: float, file: str) -> Record:
    events = tape.events
    origin = int(tape.provenance.get("time_origin") or 0)
    when = _steps((events.step + origin).astype(np.float64), steps, step, start, file)
    moved = replace(tape, events=Events(when, events.kind, events.person, events.idea, events.count), steps=steps)
    if "imputed" in tape.provenance.get("read_as", {}):  # who told is a guess, and so no evidence
        rows = np.flatnonzero(events.kind <= LEARN)
        who, first = np.unique(events.person[rows], return_index=True)
        return _adoptions([tape.persons.name_of(int(one)) for one in who], when[rows[first]], steps, file)
    full = tape.provenance.get("seed") is not None or bool(np.isin(events.kind, (IMPLEMENT, ABANDON)).any())
    read = f"a log of {many(tape.persons.total, 'person')}, {many(len(events), 'event')}"
    lost = "".join(f"; {count:,} dropped: {why}" for why, count in tape.dropped.items())
    return Record("log", steps, moved, full=full, read_as=read + lost)


def like(record: Record, tape: Tape) -> Record:
    """Return the record that a run would have left, of the same kind as a given one."""
    if record.tape is None:
        raise ValueError(f"record: {record.kind_in_words} is no tape")
    if not record.full:
        tape = _only_adoptions(tape)
    return replace(record, tape=tape)


def _only_adoptions(tape: Tape) -> Tape:
    events, none = tape.events, np.zeros(0, np.int64)
    rows = np.flatnonzero(events.kind <= LEARN)
    place = np.full(len(events) + 1, -1, np.int64)
    place[rows] = np.arange(len(rows))
    kept = place[tape.influences.child] >= 0
    child, parent, weight = (column[kept] for column in tape.influences.columns().values())
    return replace(
        tape, events=Events(*(column[rows] for column in events.columns().values())),
        influences=Influences(place[child], place[parent], weight), realised=Realised(none, none, np.zeros(0)),
    )  # fmt: skip


def _of_columns(
    columns: Mapping[str, list[Any]], steps: int, step: float, start: float, file: str,
    line: Callable[[int], int] = lambda row: row + 1,
) -> Record:  # fmt: skip
    """Return the record in a table of persons and times, or of times and counts."""
    lower = {name.strip().lower(): column for name, column in columns.items()}
    time = _numbers(lower.get("time"), file, "time", line)
    when = _steps(time, steps, step, start, file)
    who = next((lower[name] for name in PERSON if name in lower), None)
    if who is not None:
        return _adoptions([str(one) for one in who], when, steps, file)
    name = next((name for name in (*SO_FAR, *NEW) if name in lower), None)
    if name is None:
        problem = f"no column of counts{did_you_mean(next(iter(lower)), (*SO_FAR, *NEW, *PERSON))}"
        raise TapeError(problem, file, 1)
    order = np.argsort(time, kind="stable")
    when, counts = when[order], _numbers(lower[name], file, name, line)[order]
    counts = counts if name in SO_FAR else counts.cumsum()
    falls = np.flatnonzero(np.diff(counts) < 0.0)
    if len(falls):
        advice = "it is read as adopters so far; call the column new if they are new"
        raise TapeError(f"falls after step {when[falls[0]]}: {advice}", file, key=name)
    last = np.append(np.diff(when) > 0, True)  # the last of several rows of one step
    word = "adopters so far" if name in SO_FAR else "new adopters, added up"
    return Record("curve", steps, times=when[last], counts=counts[last],
                  read_as=f"an adoption curve of {many(int(last.sum()), 'step')} ({name}: {word})")  # fmt: skip


def _adoptions(who: list[str], when: Ints, steps: int, file: str) -> Record:
    """Return the record of who adopted when, if it is unknown from whom."""
    if len(set(who)) != len(who):
        twice = next(name for k, name in enumerate(who) if name in who[:k])
        raise TapeError(f"{twice!r} adopts twice; allowed: a row a person", file)
    order = sorted(range(len(who)), key=lambda k: (when[k], who[k]))
    one, none, n = np.ones(len(who), np.int64), np.zeros(0, np.int64), len(who)
    nought: Any = np.zeros(n, np.int64)
    row: Any = np.arange(n)
    tape = Tape(
        Events(when[order], nought, row, nought, one), Influences(none, none, np.zeros(0)),
        Realised(none, none, np.zeros(0)), Persons(tuple(who[k] for k in order), one, one), ("idea",), steps, n,
    )  # fmt: skip
    return Record("adoptions", steps, tape, read_as=f"who adopted when, {many(n, 'person')}; by whom is not known")


def _steps(time: Floats, steps: int, step: float, start: float, file: str) -> Ints:
    found = np.floor((time - start) / step + 1e-9)
    if len(found) and not (found.min() >= 0 and found.max() <= steps):
        first, last = float(time.min()), float(time.max())
        wide = (last - first) / steps
        raise TapeError(
            f"times from {first:,g} to {last:,g} do not fit into steps 0 to {steps}; give the length of a step and the "
            f"time of step 0, as --step {max(wide, 1e-9):.6g} --start {first:.12g}", file,
        )  # fmt: skip
    return found.astype(np.int64)


def _numbers(column: list[Any] | None, file: str, name: str, line: Callable[[int], int]) -> Floats:
    if column is None:
        raise TapeError("no column 'time'", file, 1)
    found = []
    for row, cell in enumerate(column):
        try:
            number = float(cell)
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number) or (name != "time" and number < 0.0):
            allowed = "a number" if name == "time" else "a number of 0 or more"
            text = "" if cell is None else str(cell)[:40]
            raise TapeError(f"{text!r}; allowed: {allowed}", file, line(row), name)
        found.append(number)
    if not found:
        raise TapeError("no rows", file)
    return np.array(found)


def _table_in(source: Source) -> Table | None:
    """Return the table of a curve or of adoptions in a source, or None if it holds anything else."""
    known = {"time", *SO_FAR, *NEW, *PERSON}
    try:
        table = table_of(source, known)
    except TapeError:  # whatever it is, a reader of logs may know it
        return None
    table.names = [name.strip().lower() for name in table.names]
    counts = any(name in known - {"time"} for name in table.names)
    return table if "time" in table.names and counts and known.issuperset(table.names) else None
