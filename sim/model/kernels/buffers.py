"""The book of a run, and more room in it: numpy makes the room, the compiled loops only write."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.errors import ScenarioError
from sim.model.kernels.clocks import BLOCK, new_calendar
from sim.model.kernels.columns import (
    BLOCKS,
    COHORTS,
    ENTRIES,
    EVENTS,
    HEARINGS,
    INFLUENCES,
    LEARNERS,
    MIXED,
    NEWS,
    NOTES,
    PENDING,
    PIECES,
    STIFLED,
    TELLERS,
    Book,
    Hearings,
    Mixtures,
    bag,
)
from sim.model.kernels.crowd import no_crowd, no_news
from sim.tape.rows import empty_rows
from sim.tape.tables import Ints

MOST = 2**31 - 1  # events


def open_book(ideas: int, steps: int, crowd: int, understanding: float, rows: int, hearings: int) -> Book:
    """An empty book, with room for so many events, tellers and learners, and who heard and are not yet noted."""
    return Book(
        empty_rows(rows, rows), bag(64), bag(rows), bag(16), bag(hearings), bag(hearings), np.empty(rows, np.int64),
        np.zeros(4, np.int64), np.zeros(14, np.int64),
        no_news(16),
        Mixtures(np.zeros(16, np.int64), np.empty(16, np.int64), np.empty(16), np.zeros(2, np.int64)),
        new_calendar(steps),
        no_crowd(crowd, understanding, ideas),
        Hearings(np.empty(16, np.int64), np.empty(16, np.int64), np.zeros(1, np.int64)),
    )  # fmt: skip


def fits(book: Book) -> bool:
    """Whether there is room for all that is needed."""
    needs = book.needs
    return bool(
        needs[EVENTS] <= len(book.rows.step) and needs[INFLUENCES] <= len(book.rows.child)
        and needs[PENDING] < len(book.pending) and needs[TELLERS] < len(book.tellers)
        and needs[STIFLED] < len(book.stifled) and needs[HEARINGS] < len(book.keys)
        and needs[NOTES] <= len(book.hearings.pack) and needs[LEARNERS] <= len(book.learners)
        and needs[NEWS] <= len(book.told.idea) and needs[MIXED] < len(book.mixtures.begin)
        and needs[ENTRIES] <= len(book.mixtures.event) and needs[BLOCKS] * BLOCK <= len(book.calendar.slots)
        and needs[COHORTS] <= len(book.crowd.event) and needs[PIECES] <= book.crowd.pieces.shape[1]
    )  # fmt: skip


def larger(column: Any, room: int) -> Any:
    """The column where it has the room, else a copy half as large again, or as large as it takes."""
    if room <= column.shape[-1]:
        return column
    new = np.empty((*column.shape[:-1], max(room, column.shape[-1] * 3 // 2)), column.dtype)
    new[..., : column.shape[-1]] = column
    return new


def widened(table: Any, names: str, room: int) -> Any:
    """The table with room in the columns that are named."""
    return table._replace(**{name: larger(getattr(table, name), room) for name in names.split()})


def with_room(book: Book) -> Book:
    """The book with room for all that is needed.

    Raises:
        ScenarioError: if there are more events than their numbers in 32 bits can tell apart.
    """
    needs: Ints = book.needs
    if needs[EVENTS] > MOST:
        raise ScenarioError(f"this run has more than {MOST:,} events, which the kernels cannot number; allowed: fewer")
    return Book(
        widened(widened(book.rows, "step kind person idea count", needs[EVENTS]), "child parent weight",
                needs[INFLUENCES]),
        larger(book.pending, needs[PENDING] + 1),
        larger(book.tellers, needs[TELLERS] + 1),
        larger(book.stifled, needs[STIFLED] + 1),
        larger(book.keys, needs[HEARINGS] + 1),
        larger(book.packs, needs[HEARINGS] + 1),
        larger(book.learners, needs[LEARNERS]),
        book.counts,
        needs,
        widened(book.told, "idea event chance", needs[NEWS]),
        widened(widened(book.mixtures, "begin", needs[MIXED] + 1), "event weight", needs[ENTRIES]),
        widened(book.calendar, "slots", needs[BLOCKS] * BLOCK),
        widened(widened(book.crowd, "event since count next", needs[COHORTS]), "pieces", needs[PIECES]),
        widened(book.hearings, "pack next", needs[NOTES]),
    )  # fmt: skip
