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
from dataclasses import dataclass, field
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
        return {name: getattr(self, name) for name in COLUMNS[type(self).__name__.lower()]}

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
        from sim.tape_check import check

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

    __hash__ = None  # type: ignore[assignment]  # the way to say that two equal tapes share no hash; typeshed has a method

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
