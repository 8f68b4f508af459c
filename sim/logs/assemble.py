"""What could be placed of a log, and how it becomes a tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.readers.sorting import in_order, order_of
from sim.tape.tables import DISCOVER, LEARN, Events, Floats, Influences, Ints, Persons, Realised
from sim.tape.tape import Tape

HELD = "already holds the idea"
LATE = "not strictly back in time"
NOBODY: Mapping[int, float] = {}
NO_TIME = -(2**62)
Rows = tuple[Ints, Ints, Floats]


class Happened(NamedTuple):
    """The events in any order, and what they did: rows of events, numbers of persons and ideas."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    influences: Rows  # child, parent, weight
    realised: Rows  # event, implementation or -1, value


@dataclass
class History:
    """What could be placed, in the order in which it was found; a holder is a person with an idea."""

    persons: Sequence[str]
    ideas: Sequence[str]
    steps: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    holders: list[int] = field(default_factory=list)  # number of the idea << 32 | number of the person
    influences: tuple[list[int], list[int], list[float]] = field(default_factory=lambda: ([], [], []))
    realised: tuple[list[int], list[int], list[float]] = field(default_factory=lambda: ([], [], []))
    holdings: dict[int, int] = field(default_factory=dict)  # of a holder, the row of its discovery or learning
    dropped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    last: int = NO_TIME  # the last time that left no event

    def add(self, step: int, kind: int, holder: int, parents: Mapping[int, float] = NOBODY) -> int:
        """Place an event, with the rows of those who influenced it; return its row."""
        row = len(self.steps)
        self.steps.append(step)
        self.kinds.append(kind)
        self.holders.append(holder)
        if kind in (DISCOVER, LEARN):
            self.holdings[holder] = row
        if parents:
            whole = sum(parents.values())
            for parent, weight in parents.items():
                append(self.influences, row, parent, weight / whole)
        return row

    def tape(self, path: Path, **provenance: Any) -> Tape:
        """Put the rows in order of time, and number persons and ideas by first event, then name."""
        holder = np.array(self.holders, np.int64)
        happened = Happened(
            np.array(self.steps, np.int64),
            np.array(self.kinds, np.int8),
            (holder & (2**32 - 1)).astype(np.int32),
            (holder >> 32).astype(np.int32),
            (
                np.array(self.influences[0], np.int64),
                np.array(self.influences[1], np.int64),
                np.array(self.influences[2]),
            ),
            (np.array(self.realised[0], np.int64), np.array(self.realised[1], np.int64), np.array(self.realised[2])),
        )
        return tape_of(happened, self.persons, self.ideas, self.last, path, self.dropped, self.repaired, provenance)


def append(columns: tuple[list[int], list[int], list[float]], one: int, other: int, number: float) -> None:
    """Add a row to three columns."""
    columns[0].append(one)
    columns[1].append(other)
    columns[2].append(number)


def tape_of(
    happened: Happened,
    persons: Sequence[str] | pa.Array,
    ideas: Sequence[str] | pa.Array,
    last: int,
    path: Path,
    dropped: Counter[str],
    repaired: Counter[str],
    provenance: Mapping[str, Any],
) -> Tape:
    """The tape of what happened: events in order of time, persons and ideas by first event, then by name."""
    step, kind, person, idea, influences, realised = happened
    del happened
    names, person = _numbered(persons, person, step)
    of, idea = _numbered(ideas, idea, step)
    origin = int(step.min(initial=0))
    steps = max(last, int(step.max(initial=origin))) - origin
    order = order_of(step, kind, person, idea)
    events = Events(
        in_order(order, step) - origin,
        in_order(order, kind),
        in_order(order, person),
        in_order(order, idea),
        np.ones(len(step), np.int64),
    )
    row = None
    if order is not None:
        row = np.full(len(order) + 1, -1)  # its last place sends the implementation -1 to itself
        row[order] = np.arange(len(order))
    del step, kind, person, idea, order
    return Tape(
        events,
        Influences(*_sorted_rows(influences, row)),
        Realised(*_sorted_rows(realised, row)),
        Persons(names, np.ones(len(names), np.int64), np.ones(len(names), np.int64)),
        of,
        steps=steps,
        world_size=len(names),
        dropped=dict(sorted((+dropped).items())),
        provenance={"source": path.name, "scenario": path.stem, **provenance, "time_origin": origin}
        | {"repaired": dict(sorted((+repaired).items()))},
    )


def _numbered(
    names: Sequence[str] | pa.Array, numbers: NDArray[np.int32], steps: Ints
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The names that occur, by their first step and then by name, and the numbers in that order."""
    first = np.full(len(names), 2**62)
    np.minimum.at(first, numbers, steps)
    occur = np.flatnonzero(first < 2**62)
    texts = names if isinstance(names, pa.Array) else pa.array(names, pa.large_string())
    texts = texts.take(pa.array(occur))
    rank = np.empty(len(occur), np.int64)
    rank[pc.sort_indices(texts).to_numpy()] = np.arange(len(occur))
    order = np.lexsort((rank, first[occur]))
    new = np.zeros(len(names), np.int32)
    new[occur[order]] = np.arange(len(order))
    return tuple(texts.take(pa.array(order)).to_pylist()), new[numbers]


def _sorted_rows(rows: Rows, row: Ints | None) -> Rows:
    one, other, number = rows
    if row is not None:
        one, other = row[one], row[other]
    order = order_of(one, other, number)
    return in_order(order, one), in_order(order, other), in_order(order, number)
