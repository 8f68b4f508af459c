"""What each holding was worth, and through whose implementations: the last rule of a step, summed over the run.

A holding that begins in step a and ends in step b realises its idea's value in each of the steps a + 1 to b in
which the idea works (or in all of them, where what counts is holding). The value of a step is split equally over
the implementations in use. Where several are, or come to be one after the other, a `use` event stands for them:
its influences are the implementations, in the parts in which they served. A `use` is made of earlier ones, so
that a thousand implementers cost a few thousand rows, not a thousand a holding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.rules import NEVER
from sim.tape import IMPLEMENT, LEARN, LEAVE, USE, Events, Floats, Ints, Realised, Recording, Tape
from sim.world import World


@dataclass(frozen=True, eq=False)
class Pieces:
    """Holdings, or parts of a cohort of the crowd, of one length: int64 columns of shape (pieces,).

    `event` began it, in step `begin`; it realised for the last time in step `end`; `count` people held it.
    """

    event: Ints
    idea: Ints
    begin: Ints
    end: Ints
    count: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, int]]) -> Pieces:
        """Pieces from rows (event, idea, begin, end, count)."""
        return cls(*np.array(rows, np.int64).reshape(-1, 5).T)

    def and_also(self, rows: Sequence[tuple[int, int, int, int, int]]) -> Pieces:
        """These pieces and those of the rows."""
        more = Pieces.of(rows)
        return Pieces(*(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(Pieces)))


def history(
    world: World,
    recorder: Recording,
    crowd: Any,
    releases: Sequence[Sequence[tuple[int, int, int]]],
    values: Sequence[Sequence[tuple[int, float]]],
    now: int,
    skipped: int,
) -> Tape:
    """The tape of a run up to step `now`, for any engine; `use` events are appended to the recorder.

    `crowd` says what of each idea it held and when (`all_pieces`), `skipped` how many scheduled changes found nothing
    to act on; the others are as in `realise`.
    """
    persons, people = _held_by_persons(recorder.tables()[0], world.realises, now), crowd.all_pieces(now)
    pieces = persons.and_also(people) if world.realises[world.n] else persons
    held = world.scenario.impact.value_of == "held"
    realised = realise(recorder, pieces, releases, values, now, held)
    events, influences = recorder.tables()
    source = world.provenance() | ({"interventions_without_effect": skipped} if skipped else {})
    return Tape(events, influences, realised, world.persons, world.ideas.name, now, world.size, {}, source)


def _held_by_persons(events: Events, realises: NDArray[np.bool_], now: int) -> Pieces:
    """The holdings of those who realise, the crowd (the last) apart: each from its event to what ended it."""
    step, kind, person, idea, _ = events.columns().values()
    n = len(realises) - 1
    rows = np.flatnonzero((kind != IMPLEMENT) & (kind != USE) & (person < n) & realises[person])
    if not len(rows):
        return Pieces.of([])
    rows = rows[np.argsort(idea[rows].astype(np.int64) * n + person[rows], kind="stable")]
    begins = kind[rows] <= LEARN
    after = np.append(rows[1:], -1)
    ended = np.append(~begins[1:], False)  # a holding is followed by its end, or by the next person's first
    end = np.where(ended, step[after] - (kind[after] == LEAVE), now)
    event = rows[begins]
    return Pieces(event, idea[event].astype(np.int64), step[event], end[begins], np.ones(len(event), np.int64))


def realise(
    recorder: Recording,
    pieces: Pieces,
    releases: Sequence[Sequence[tuple[int, int, int]]],
    values: Sequence[Sequence[tuple[int, float]]],
    now: int,
    held: bool,
) -> Realised:
    """The realised table of a run up to step `now`; `use` events are appended to the recorder.

    Args:
        recorder: holds the events so far.
        pieces: the holdings that count.
        releases: for each idea (the step from which it works, implement event, count), in order of the steps.
        values: for each idea (step, value per holder from this step on), in order of the steps.
        now: the last step of the run.
        held: whether a holding counts in every step, the idea working or not.
    """
    columns: list[tuple[Ints, Ints, Floats]] = []
    for idea in np.unique(pieces.idea):
        of = pieces.idea == idea
        worth = _Worth(values[idea])
        begin, end, event, count = pieces.begin[of], pieces.end[of], pieces.event[of], pieces.count[of]
        works = min(releases[idea][0][0], now + 1) if releases[idea] else now + 1
        if held:
            last = np.minimum(end, works - 1)
            idle = worth.between(begin, last) * count
            columns.append((event, np.full(len(event), -1, np.int64), idle))
        first = np.maximum(begin, works - 1)
        value = worth.between(first, end) * count
        served = _served(recorder, int(idea), releases[idea], worth, first, end, value > 0.0, now)
        columns.append((event, served, value))
    return _table(columns)


class _Worth:
    """The value that one holder of an idea realises over spans of steps; multiplied where it stays, not added up."""

    def __init__(self, values: Sequence[tuple[int, float]]) -> None:
        first = [max(step, 1) - 1 for step, _ in values]
        stops = [*first[1:], NEVER]
        worth = [value for _, value in values]
        self.spans = [(a, b, v) for a, b, v in zip(first, stops, worth, strict=True) if b > a and v > 0.0]

    def between(self, first: Ints, end: Ints) -> Floats:
        """The value of the steps first + 1 to end, 0 where end is not after first."""
        total = np.zeros(len(first))
        for a, b, value in self.spans:
            total += value * np.maximum(np.minimum(end, b) - np.maximum(first, a), 0)
        return total

    def of(self, first: int, end: int) -> float:
        """The same for one span."""
        return float(self.between(np.array([first]), np.array([end]))[0])


def _served(
    recorder: Recording,
    idea: int,
    releases: Sequence[tuple[int, int, int]],
    worth: _Worth,
    first: Ints,
    end: Ints,
    counts: NDArray[np.bool_],
    now: int,
) -> Ints:
    """The implementation or `use` row that served each piece; -1 where nothing was realised."""
    served = np.full(len(first), -1, np.int64)
    if not counts.any():
        return served
    spans, which = np.unique(np.stack([first[counts], end[counts]]), axis=1, return_inverse=True)
    pools = _Pools(recorder, idea, releases, worth, now)
    rows = np.array([pools.row(int(a), int(b)) for a, b in spans.T], np.int64)
    served[counts] = rows[which.reshape(-1)]
    return served


class _Pools:
    """The implementations of one idea in use over spans of steps, as rows of the tape, each made once."""

    def __init__(
        self, recorder: Recording, idea: int, releases: Sequence[tuple[int, int, int]], worth: _Worth, now: int
    ) -> None:
        self.recorder, self.idea, self.worth, self.now = recorder, idea, worth, now
        self.starts: list[int] = []
        self.pool: list[tuple[int, int]] = []  # row and number of implementations, from starts[j] on
        self.made: dict[tuple[int, int], int] = {}
        for start in sorted({release for release, _, _ in releases if release <= now}):
            row, number = self.pool[-1] if self.pool else (-1, 0)
            parts = ({row: float(number)} if number else {}) | {e: float(c) for r, e, c in releases if r == start}
            number = round(math.fsum(parts.values()))
            self.starts.append(start)
            self.pool.append((self._use(parts, number), number))

    def _use(self, parts: dict[int, float], number: int) -> int:
        if len(parts) == 1:
            return next(iter(parts))
        total = math.fsum(parts.values())  # unlike sum, alike in every version of Python
        weights = {row: part / total for row, part in sorted(parts.items()) if part / total > 0.0}
        return self.recorder.event(self.now, USE, -1, self.idea, number, weights)

    def row(self, first: int, end: int) -> int:
        """The row for the steps first + 1 to end: the pools it touches, whole runs of them as blocks."""
        low = int(np.searchsorted(self.starts, first + 1, side="right")) - 1
        high = int(np.searchsorted(self.starts, end, side="right")) - 1
        parts: dict[int, float] = {}
        j = low
        while j <= high:
            size = 1
            if j > low:
                while j % (2 * size) == 0 and j + 2 * size <= high:
                    size *= 2
            row = self._block(j, size)
            begin = first if j == low else self.starts[j] - 1
            j += size
            worth = self.worth.of(begin, end if j > high else self.starts[j] - 1)
            parts[row] = parts.get(row, 0.0) + worth
        return self._use({row: part for row, part in parts.items() if part > 0.0}, self.pool[high][1])

    def _block(self, j: int, size: int) -> int:
        """The row for all the steps of the pools j to j + size - 1, of which there are a power of two; made once."""
        if size == 1:
            return self.pool[j][0]
        if (j, size) not in self.made:
            half = size // 2
            marks = [self.starts[at] - 1 for at in (j, j + half, j + size)]
            rows = self._block(j, half), self._block(j + half, half)
            parts = {row: self.worth.of(*span) for row, span in zip(rows, pairwise(marks), strict=True)}
            worth = {row: part for row, part in parts.items() if part > 0.0} or {rows[1]: 1.0}
            self.made[j, size] = self._use(worth, self.pool[j + size - 1][1])
        return self.made[j, size]


def _table(columns: list[tuple[Ints, Ints, Floats]]) -> Realised:
    """One row for each event and implementation, in the order of the events; rows without value are left out."""
    if not columns:
        none = np.empty(0, np.int64)
        return Realised(none, none, np.empty(0))
    event, implementation, value = (np.concatenate(column) for column in zip(*columns, strict=True))
    keep = value > 0.0
    event, implementation, value = event[keep], implementation[keep], value[keep]
    order = np.lexsort((implementation, event))
    event, implementation, value = event[order], implementation[order], value[order]
    new = np.ones(len(event), np.bool_)
    new[1:] = (event[1:] != event[:-1]) | (implementation[1:] != implementation[:-1])
    starts = np.flatnonzero(new)
    sums = np.bincount(np.cumsum(new) - 1, value).astype(np.float64)  # adds in row order, on every machine
    return Realised(event[starts], implementation[starts], sums)
