"""The tape: what happened, in order, as immutable tables.

A row number is an id, -1 is none, and every parent is an earlier row than its child, so that row order is a
topological order and credit is one backward sweep. (The idea of tables that record a genealogy is tskit's:
Kelleher et al. 2018.)

Every array is one-dimensional. The requirements of each table are checked whenever a Tape is made.

events      step            int64    when; never decreases from row to row
            kind            int8     0 discover, 1 learn, 2 implement, 3 abandon, 4 leave, 5 use
            person          int32    row of persons; -1 in a `use`
            idea            int32    index into ideas
            count           int64    1, or how many of the crowd took part
influences  child, parent   int64    rows of events, parent < child; sorted by child
            weight          float64  in (0, 1]; the weights of a child sum to 1
realised    event           int64    the discovery or learning that began the holding
            implementation  int64    the implementation or `use` that served, or -1
            value           float64  >= 0
persons     name            string   of one person, or of a group
            members         int64    rows of the tape that the group has
            size            int64    people that each row stands for: 1, or as many as the crowd has

A discovery is influenced by the discoverer's own holdings of the prerequisites, a learning by the tellers'
holdings, an implementation by the implementer's own holding. A `use` is nobody's deed: it stands for several
implementations in use side by side, in the parts that its influences say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

KINDS = ("discover", "learn", "implement", "abandon", "leave", "use")
DISCOVER, LEARN, IMPLEMENT, ABANDON, LEAVE, USE = range(6)

COLUMNS: dict[str, dict[str, type]] = {
    "events": {"step": np.int64, "kind": np.int8, "person": np.int32, "idea": np.int32, "count": np.int64},
    "influences": {"child": np.int64, "parent": np.int64, "weight": np.float64},
    "realised": {"event": np.int64, "implementation": np.int64, "value": np.float64},
    "persons": {"name": str, "members": np.int64, "size": np.int64},
}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class TapeError(ValueError):
    """A tape, or a file that should hold one, breaks a requirement; the message is one line for the user."""


class Table:
    """Columns of equal length, which cannot be written to; arrays of the right type are not copied."""

    def __post_init__(self) -> None:
        columns = COLUMNS[type(self).__name__.lower()]
        for name, dtype in columns.items():
            given = getattr(self, name)
            if dtype is str:
                object.__setattr__(self, name, tuple(given))
                continue
            source = np.asarray(given)
            with np.errstate(invalid="ignore"):
                column: NDArray[Any] = np.ascontiguousarray(source.astype(dtype, copy=False)).view()
            if source.dtype != column.dtype and not np.array_equal(source, column):
                raise TapeError(f"{type(self).__name__.lower()}.{name}: holds values that are no {np.dtype(dtype)}")
            if column.ndim != 1:
                raise TapeError(f"{type(self).__name__.lower()}.{name}: must have one dimension, has {column.ndim}")
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        lengths = {name: len(getattr(self, name)) for name in columns}
        if len(set(lengths.values())) != 1:
            raise TapeError(f"{type(self).__name__.lower()}: columns differ in length: {lengths}")

    def columns(self) -> dict[str, Any]:
        """The columns by name, in their order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def to_pandas(self) -> pd.DataFrame:
        """The table as a pandas DataFrame, one row a row."""
        import pandas as pd

        return pd.DataFrame(self.columns())

    def __len__(self) -> int:
        return len(getattr(self, next(iter(COLUMNS[type(self).__name__.lower()]))))


@dataclass(frozen=True, eq=False)
class Events(Table):
    """What happened; see the head of this file for the columns."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    count: Ints


@dataclass(frozen=True, eq=False)
class Influences(Table):
    """What made it happen: weighted arrows from a child event to its earlier parents."""

    child: Ints
    parent: Ints
    weight: Floats


@dataclass(frozen=True, eq=False)
class Realised(Table):
    """What it was worth: value realised by a holding, through an implementation."""

    event: Ints
    implementation: Ints
    value: Floats


@dataclass(frozen=True, eq=False)
class Persons(Table):
    """Who there is, as groups of consecutive rows of the tape; a group of one bears its own name."""

    name: tuple[str, ...]
    members: Ints
    size: Ints

    @cached_property
    def first(self) -> Ints:
        """The first tape row of each group, and at the end the number of all; shape (groups + 1,)."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.members)])

    @property
    def total(self) -> int:
        """How many persons the tape has, the crowd as one of them."""
        return int(self.first[-1])

    @property
    def group(self) -> Ints:
        """The group of each person; shape (total,)."""
        return np.repeat(np.arange(len(self.members)), self.members)

    def name_of(self, person: int) -> str:
        """The name of one person: 'P1', or 'teller 7' for the seventh of a group."""
        if not 0 <= person < self.total:
            raise IndexError(f"no person {person} of 0 to {self.total - 1}")
        group = int(np.searchsorted(self.first, person, side="right")) - 1
        if self.members[group] == 1:
            return self.name[group]
        return f"{self.name[group]} {person - int(self.first[group]) + 1}"

    def names(self) -> list[str]:
        """The names of all persons, in tape order."""
        from sim.tape_names import Names

        return list(Names(self))


@dataclass(frozen=True, eq=False)
class Tape:
    """One history, from the simulator or from a real log.

    Attributes:
        events, influences, realised, persons: the tables (columns as read-only numpy arrays, `.to_pandas()`).
        ideas: names of the ideas.
        steps: the last step of the history (the time of the last event, for a log).
        world_size: how many people there are, the crowd included.
        dropped: what a log held that could not be placed, counted by the reason.
        provenance: where the tape comes from (scenario, seed, versions, credit settings); plain JSON values.

    Raises:
        TapeError: if a requirement is broken; the message names the table and the first row.

    Two tapes are equal when all their tables are, bit for bit; the provenance does not take part.
    """

    events: Events
    influences: Influences
    realised: Realised
    persons: Persons
    ideas: tuple[str, ...]
    steps: int
    world_size: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ideas", tuple(self.ideas))
        check(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tape):
            return NotImplemented
        return all(
            a.tobytes() == b.tobytes() if isinstance(a, np.ndarray) else a == b
            for table in COLUMNS
            for a, b in zip(
                getattr(self, table).columns().values(), getattr(other, table).columns().values(), strict=True
            )
        ) and (self.ideas, self.steps, self.world_size) == (other.ideas, other.steps, other.world_size)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def parents(self) -> Ints:
        """Where the influences of each event begin: rows parents[e] to parents[e + 1]; shape (events + 1,)."""
        begin = np.zeros(len(self.events) + 1, np.int64)
        np.cumsum(np.bincount(self.influences.child, minlength=len(self.events)), out=begin[1:])
        return begin

    @property
    def total(self) -> float:
        """The value realised by all holdings together."""
        return float(self.realised.value.sum())

    def save(self, path: str | Path) -> None:
        """Write the tape into the folder `path`, all or nothing: Parquet tables and provenance.json."""
        from sim.tape_files import save

        save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Tape:
        """Read a tape from the folder `path`, verified by its checksums.

        Raises:
            TapeError: if a file is missing, damaged, truncated, foreign or of a later format; it is named.
        """
        from sim.tape_files import load

        return load(path)


def check(tape: Tape) -> None:
    """Raise a TapeError at the first requirement that the tape breaks; work proportional to its rows."""
    _check_persons(tape)
    _check_events(tape)
    _check_influences(tape)
    _check_realised(tape)


def _require(good: NDArray[np.bool_], table: str, what: str) -> None:
    if not good.all():
        raise TapeError(f"{table}: row {int(np.argmin(good))}: {what}")


def _check_persons(tape: Tape) -> None:
    _require(tape.persons.members >= 1, "persons", "members must be 1 or more")
    _require(tape.persons.size >= 1, "persons", "size must be 1 or more")
    people = sum(m * s for m, s in zip(tape.persons.members.tolist(), tape.persons.size.tolist(), strict=True))
    if tape.world_size < people:
        raise TapeError(f"persons: {people} persons in a world of {tape.world_size}")


def _check_events(tape: Tape) -> None:
    step, kind, person, idea, count = tape.events.columns().values()
    _require((step >= 0) & (step <= tape.steps), "events", f"step must be from 0 to {tape.steps}")
    _require(np.diff(step, prepend=step[:1]) >= 0, "events", "step must not decrease")
    _require((kind >= 0) & (kind < len(KINDS)), "events", f"kind must be from 0 to {len(KINDS) - 1}")
    nobody = kind == USE
    known = (person >= 0) & (person < tape.persons.total)
    _require(np.where(nobody, person == -1, known), "events", f"no person of 0 to {tape.persons.total - 1}")
    _require((idea >= 0) & (idea < len(tape.ideas)), "events", f"no idea of 0 to {len(tape.ideas) - 1}")
    _require(count >= 1, "events", "count must be 1 or more")


def _check_influences(tape: Tape) -> None:
    child, parent, weight = tape.influences.columns().values()
    kind, person, idea = tape.events.kind, tape.events.person, tape.events.idea
    _require((parent >= 0) & (parent < child) & (child < len(tape.events)), "influences", "parent must precede child")
    _require(np.diff(child, prepend=child[:1]) >= 0, "influences", "child must not decrease")
    _require((weight > 0.0) & (weight <= 1.0), "influences", "weight must be above 0 and at most 1")
    sums = np.bincount(child, weight, len(tape.events))
    has = tape.parents[1:] > tape.parents[:-1]
    _require(~has | (np.abs(sums - 1.0) <= 1e-9), "events", "the weights of its influences must sum to 1")
    _require(has | (kind == DISCOVER) | (kind == ABANDON) | (kind == LEAVE), "events", "an influence is missing")
    of, by = kind[child], kind[parent]
    _require((of != ABANDON) & (of != LEAVE), "influences", "the child must be a discovery, learning or implementation")
    serves = np.where(of == USE, (by == IMPLEMENT) | (by == USE), by <= LEARN)
    _require(serves, "influences", "the parent must be a holding (of a use: an implementation)")
    same = idea[child] == idea[parent]
    _require(
        np.where(of == DISCOVER, ~same, same), "influences", "the idea must be the parent's (of a discovery: another)"
    )
    own = person[child] == person[parent]
    _require(np.where((of == IMPLEMENT) | (of == DISCOVER), own, True), "influences", "the person must be the parent's")


def _check_realised(tape: Tape) -> None:
    event, implementation, value = tape.realised.columns().values()
    kind, idea = tape.events.kind, tape.events.idea
    _require((event >= 0) & (event < len(tape.events)), "realised", "no such event")
    _require((implementation >= -1) & (implementation < len(tape.events)), "realised", "no such implementation")
    _require(kind[event] <= LEARN, "realised", "the event must be a discovery or a learning")
    served = implementation >= 0
    by = implementation[served]
    good = served.copy()
    good[served] = ((kind[by] == IMPLEMENT) | (kind[by] == USE)) & (idea[by] == idea[event[served]])
    _require(good | ~served, "realised", "the implementation must be one of the same idea")
    _require(np.isfinite(value) & (value >= 0.0), "realised", "value must be 0 or more, and finite")


class Recorder:
    """Writes a tape row by row; rows are numbered as they come."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, int, int, int]] = []
        self.influences: list[tuple[int, int, float]] = []

    def event(
        self, step: int, kind: int, person: int, idea: int, count: int = 1, parents: Mapping[int, float] | None = None
    ) -> int:
        """Append an event with its influences (parent row -> weight) and return its row."""
        row = len(self.events)
        self.events.append((step, kind, person, idea, count))
        if parents:
            self.influences.extend((row, parent, weight) for parent, weight in parents.items())
        return row

    def tables(self) -> tuple[Events, Influences]:
        """The rows so far as tables."""
        step, kind, person, idea, count = np.array(self.events, np.int64).reshape(-1, 5).T
        rows = np.array(self.influences, [("child", np.int64), ("parent", np.int64), ("weight", np.float64)])
        return (
            Events(step, kind.astype(np.int8), person.astype(np.int32), idea.astype(np.int32), count),
            Influences(rows["child"], rows["parent"], rows["weight"]),
        )
