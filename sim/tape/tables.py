"""The tables of a tape: events, influences, realised values, persons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from sim.errors import TapeError

if TYPE_CHECKING:
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


class Table:
    """Columns of equal length that cannot be written to; arrays of the right type are not copied."""

    def __post_init__(self) -> None:
        table = type(self).__name__.lower()
        for name, dtype in COLUMNS[table].items():
            given = getattr(self, name)
            if dtype is str:
                object.__setattr__(self, name, tuple(given))
                continue
            source: NDArray[Any] = np.asarray(given)
            with np.errstate(invalid="ignore"):  # values that do not fit become arbitrary ones, and are refused below
                column: NDArray[Any] = np.ascontiguousarray(source, dtype).view()
            if source.dtype != dtype and not np.array_equal(source, column):
                raise TapeError(f"{table}.{name}: holds values that are no {np.dtype(dtype)}")
            if column.ndim != 1:
                raise TapeError(f"{table}.{name}: must have one dimension, has {column.ndim}")
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        lengths = {name: len(column) for name, column in self.columns().items()}
        if len(set(lengths.values())) != 1:
            raise TapeError(f"{table}: columns differ in length: {lengths}")

    @classmethod
    def of(cls, *columns: Any) -> Self:
        """Return the table of arrays of the right types and equal length that nobody else holds, unchecked."""
        table = object.__new__(cls)
        for name, column in zip(COLUMNS[cls.__name__.lower()], columns, strict=True):
            column.setflags(write=False)
            table.__dict__[name] = column
        return table

    def columns(self) -> dict[str, Any]:
        """Return the columns by name, in their order."""
        return {name: getattr(self, name) for name in COLUMNS[type(self).__name__.lower()]}

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame, row for row."""
        import pandas as pd

        return pd.DataFrame(self.columns())

    def __len__(self) -> int:
        return len(next(iter(self.columns().values())))


@dataclass(frozen=True, eq=False)
class Events(Table):
    """Events; see the head of tape.py for the columns."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    count: Ints


@dataclass(frozen=True, eq=False)
class Influences(Table):
    """Causes of events: weighted arrows from a child event to its earlier parents."""

    child: Ints
    parent: Ints
    weight: Floats


@dataclass(frozen=True, eq=False)
class Realised(Table):
    """Value realised by a holding, through an implementation."""

    event: Ints
    implementation: Ints
    value: Floats


@dataclass(frozen=True, eq=False)
class Persons(Table):
    """Persons, as groups of consecutive rows of the tape; the only member of a group has its name."""

    name: tuple[str, ...]
    members: Ints
    size: Ints

    @cached_property
    def first(self) -> Ints:
        """The first tape row of each group, followed by the number of all rows; shape (groups + 1,)."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.members)])

    @cached_property
    def total(self) -> int:
        """The number of persons on the tape, the crowd counted as one."""
        return int(self.first[-1])

    @cached_property
    def people(self) -> int:
        """The number of people in all groups, the crowd's included.

        Raises:
            TapeError: if a group has no members, or members that stand for no people.
        """
        for name in ("members", "size"):
            if (wrong := getattr(self, name) < 1).any():
                raise TapeError(f"persons: row {int(np.argmax(wrong))}: {name} must be 1 or more")
        return sum(m * s for m, s in zip(self.members.tolist(), self.size.tolist(), strict=True))

    @property
    def group(self) -> Ints:
        """The group of each person; shape (total,)."""
        return np.repeat(np.arange(len(self.members)), self.members)

    def name_of(self, person: int) -> str:
        """Return the name of one person: 'P1', or 'teller 7' for the seventh of a group."""
        if not 0 <= person < self.total:
            raise IndexError(f"no person {person} of 0 to {self.total - 1}")
        group = int(np.searchsorted(self.first, person, side="right")) - 1
        if self.members[group] == 1:
            return self.name[group]
        return f"{self.name[group]} {person - int(self.first[group]) + 1}"

    def names(self) -> list[str]:
        """Return the names of all persons, in tape order."""
        return list(Names(self))


class Names(Sequence[str]):
    """The names of some persons of a tape: a sequence like a tuple of them, and equal to it.

    Args:
        persons: the groups of the tape.
        rows: the tape rows of the persons; shape (names,). All of them if None.

    >>> from sim.tape.tables import Persons
    >>> names = Names(Persons(["P1", "teller"], [1, 1000], [1, 1]), [0, 3, 1000])
    >>> names[1], names.index("teller 1000"), names == ("P1", "teller 3", "teller 1000")
    ('teller 3', 2, True)
    """

    def __init__(self, persons: Persons, rows: Sequence[int] | Ints | None = None) -> None:
        self._persons = persons
        self._rows = np.arange(persons.total) if rows is None else np.asarray(rows, np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...

    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        """Return one name, or the names of a slice as a tuple."""
        if isinstance(at, slice):
            return tuple(Names(self._persons, self._rows[at]))
        return self._persons.name_of(int(self._rows[at]))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, made in one pass."""
        name, persons, rows = self._persons.name, self._persons, self._rows
        if len(name) == persons.total:
            return iter([name[row] for row in rows.tolist()])
        group = np.searchsorted(persons.first, rows, side="right") - 1
        number = np.where(persons.members[group] == 1, 0, rows - persons.first[group] + 1)
        pairs = zip(group.tolist(), number.tolist(), strict=True)
        return iter([f"{name[of]} {at}" if at else name[of] for of, at in pairs])

    def __eq__(self, other: object) -> bool:
        """Return whether another sequence holds the same names in the same order."""
        if isinstance(other, Names) and other._persons is self._persons and np.array_equal(other._rows, self._rows):
            return True
        if not isinstance(other, (tuple, list, Names)):
            return NotImplemented
        return len(other) == len(self) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        if len(self) <= 6:
            return repr(tuple(self))
        return f"({', '.join(map(repr, self[:6]))}, ... {len(self):,} names)"


@dataclass(frozen=True, eq=False)
class History:
    """The tables of a tape and the facts about it; `sim.tape.tape.Tape` explains the fields."""

    events: Events
    influences: Influences
    realised: Realised
    persons: Persons
    ideas: tuple[str, ...]
    steps: int
    world_size: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def teller(self) -> Ints:
        """The event from which the heaviest influence on each event comes, the earliest of equals; -1: none."""
        child, parent, weight = self.influences.columns().values()
        order = np.lexsort((parent, -weight, child))
        first = order[np.flatnonzero(np.diff(child[order], prepend=-1))]
        heaviest = np.full(len(self.events), -1, np.int64)
        heaviest[child[first]] = parent[first]
        return heaviest

    @cached_property
    def parents(self) -> Ints:
        """Where the influences of each event begin: rows parents[e] to parents[e + 1]; shape (events + 1,)."""
        begin = np.zeros(len(self.events) + 1, np.int64)
        np.cumsum(np.bincount(self.influences.child, minlength=len(self.events)), out=begin[1:])
        return begin
