"""What could be placed of a log, and how it becomes a tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.tape import DISCOVER, LEARN, Events, Floats, Influences, Ints, Persons, Realised, Tape

HELD = "already holds the idea"
LATE = "not strictly back in time"
NOBODY: Mapping[int, float] = {}


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
    last: int = -(2**62)  # the last time that left no event

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
        step, holder = np.array(self.steps, np.int64), np.array(self.holders, np.int64)
        persons, person = _numbered(self.persons, holder & (2**32 - 1), step)
        ideas, idea = _numbered(self.ideas, holder >> 32, step)
        kind, one = np.array(self.kinds, np.int8), np.ones(max(len(step), len(persons)), np.int64)
        origin = int(step.min(initial=0))
        order = np.lexsort((idea, person, kind, step))
        row = np.full(len(order) + 1, -1)  # its last place sends the implementation -1 to itself
        row[order] = np.arange(len(order))
        return Tape(
            Events(
                step[order] - origin,
                kind[order],
                person[order].astype(np.int32),
                idea[order].astype(np.int32),
                one[: len(step)],
            ),
            Influences(*_sorted_rows(self.influences, row)),
            Realised(*_sorted_rows(self.realised, row)),
            Persons(persons, one[: len(persons)], one[: len(persons)]),
            ideas,
            steps=max(self.last, int(step.max(initial=origin))) - origin,
            world_size=len(persons),
            dropped=dict(sorted((+self.dropped).items())),
            provenance={"source": path.name, "scenario": path.stem, **provenance, "time_origin": origin}
            | {"repaired": dict(sorted(self.repaired.items()))},
        )


def append(columns: tuple[list[int], list[int], list[float]], one: int, other: int, number: float) -> None:
    """Add a row to three columns."""
    columns[0].append(one)
    columns[1].append(other)
    columns[2].append(number)


def _numbered(names: Sequence[str], numbers: Ints, steps: Ints) -> tuple[tuple[str, ...], Ints]:
    """The names that occur, by their first step and then by name, and the numbers in that order."""
    first = np.full(len(names), 2**62)
    np.minimum.at(first, numbers, steps)
    order = sorted(np.unique(numbers).tolist(), key=lambda number: (first[number], names[number]))
    new = np.zeros(len(names), np.int64)
    new[order] = np.arange(len(order))
    return tuple(names[number] for number in order), new[numbers]


def _sorted_rows(found: tuple[list[int], list[int], list[float]], row: Ints) -> tuple[Ints, Ints, Floats]:
    one, other, number = row[np.array(found[0], np.int64)], row[np.array(found[1], np.int64)], np.array(found[2])
    order = np.lexsort((number, other, one))
    return one[order], other[order], number[order]
