"""The rows of a tape in the making: columns with spare room that compiled code fills; tape.py explains them.

Plain functions of arrays: they run interpreted and compiled with the same results, and check nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machine.hints import fill_from
from sim.tape.tables import Events, Floats, Influences, Ints


class Rows(NamedTuple):
    """Events and influences, and how many of each are in use."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    count: Ints  # type: ignore[assignment]  # hides tuple.count, which is of no use here
    child: Ints
    parent: Ints
    weight: Floats
    used: Ints  # events, influences


def empty_rows(events: int, influences: int) -> Rows:
    """Return rows of which none is in use yet, with room for this many."""
    return Rows(
        np.empty(events, np.int64), np.empty(events, np.int8), np.empty(events, np.int32),
        np.empty(events, np.int32), np.empty(events, np.int64),
        np.empty(influences, np.int64), np.empty(influences, np.int64), np.empty(influences, np.float64),
        np.zeros(2, np.int64),
    )  # fmt: skip


def with_room(rows: Rows, events: int, influences: int) -> Rows:
    """Return the rows with room for this many more: the same arrays if they have it, or else larger copies."""
    e, i = rows.used[0], rows.used[1]
    if e + events <= len(rows.step) and i + influences <= len(rows.child):
        return rows
    more = empty_rows(
        max(e + events, len(rows.step) + len(rows.step) // 2),
        max(i + influences, len(rows.child) + len(rows.child) // 2),
    )
    fill_from(more.step, rows.step, e)
    fill_from(more.kind, rows.kind, e)
    fill_from(more.person, rows.person, e)
    fill_from(more.idea, rows.idea, e)
    fill_from(more.count, rows.count, e)
    fill_from(more.child, rows.child, i)
    fill_from(more.parent, rows.parent, i)
    fill_from(more.weight, rows.weight, i)
    more.used[0], more.used[1] = e, i
    return more


def add_event(rows: Rows, step: int, kind: int, person: int, idea: int, count: int) -> int:
    """Append an event, for which there must be room, and return its row."""
    row = rows.used[0]
    rows.step[row] = step
    rows.kind[row] = kind
    rows.person[row] = person
    rows.idea[row] = idea
    rows.count[row] = count
    rows.used[0] = row + 1
    return int(row)


def add_influence(rows: Rows, child: int, parent: int, weight: float) -> None:
    """Append an influence, for which there must be room."""
    at = rows.used[1]
    rows.child[at] = child
    rows.parent[at] = parent
    rows.weight[at] = weight
    rows.used[1] = at + 1


def add_alike(rows: Rows, step: int, kind: int, row: int, influence: int, number: int) -> None:
    """Write the columns that are alike in all events from `row` on with one influence each, from `influence` on.

    Persons, ideas and parents are left to the caller, and so is the number of rows in use.
    """
    for k in range(row, row + number):
        rows.step[k] = step
    for k in range(row, row + number):
        rows.kind[k] = kind
    for k in range(row, row + number):
        rows.count[k] = 1
    for k in range(number):
        rows.child[influence + k] = row + k
    for k in range(influence, influence + number):
        rows.weight[k] = 1.0


def rows_of(events: Events, influences: Influences) -> Rows:
    """Return the rows of tables as rows that can be added to."""
    e, i = len(events), len(influences)
    rows = empty_rows(e + 16, i + 16)
    for name, column in (events.columns() | influences.columns()).items():
        getattr(rows, name)[: len(column)] = column
    rows.used[:] = e, i
    return rows


def in_use(rows: Rows) -> Rows:
    """Return the same rows without the spare room."""
    e, i = rows.used[0], rows.used[1]
    return Rows(
        rows.step[:e], rows.kind[:e], rows.person[:e], rows.idea[:e], rows.count[:e],
        rows.child[:i], rows.parent[:i], rows.weight[:i], rows.used,
    )  # fmt: skip


class Recorder:
    """A writer of a tape, row by row; rows are numbered in the order in which they come."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, int, int, int]] = []
        self.influences: list[tuple[int, int, float]] = []

    def event(
        self, step: int, kind: int, person: int, idea: int, count: int = 1, parents: Mapping[int, float] | None = None
    ) -> int:
        """Append an event with its influences (parent row -> weight) and return its row."""
        row = len(self.events)
        self.events.append((step, kind, person, idea, count))
        for parent, weight in parents.items() if parents else ():
            self.influences.append((row, parent, weight))
        return row

    def tables(self) -> tuple[Events, Influences]:
        """Return the rows so far as tables."""
        step, kind, person, idea, count = np.array(self.events, np.int64).reshape(-1, 5).T
        rows = np.array(self.influences, [("child", np.int64), ("parent", np.int64), ("weight", np.float64)])
        return (
            Events(step, kind.astype(np.int8), person.astype(np.int32), idea.astype(np.int32), count),
            Influences(rows["child"], rows["parent"], rows["weight"]),
        )
