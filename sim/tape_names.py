"""The names of persons, made when they are asked for: most of a million members of a group nobody ever reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from sim.tape import Ints, Persons


class Names(Sequence[str]):
    """The names of some persons of a tape: a sequence like a tuple of them, and equal to it.

    Args:
        persons: the groups of the tape.
        rows: of the persons in the tape; shape (names,). All of them if None.

    >>> from sim.tape import Persons
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
        """One name, or a tuple of those of a slice."""
        if isinstance(at, slice):
            return tuple(Names(self._persons, self._rows[at]))
        return self._persons.name_of(int(self._rows[at]))

    def __iter__(self) -> Iterator[str]:
        """All names, made at once."""
        name, persons, rows = self._persons.name, self._persons, self._rows
        if len(name) == persons.total:
            return iter([name[row] for row in rows.tolist()])
        group = np.searchsorted(persons.first, rows, side="right") - 1
        number = np.where(persons.members[group] == 1, 0, rows - persons.first[group] + 1)
        pairs = zip(group.tolist(), number.tolist(), strict=True)
        return iter([f"{name[of]} {at}" if at else name[of] for of, at in pairs])

    def __eq__(self, other: object) -> bool:
        """Whether these are the names of another sequence, in its order."""
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
