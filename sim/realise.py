"""What each holding was worth, and through whose implementations: the last rule of a step, summed over the run.

A holding that begins in step a and ends in step b realises its idea's value in each of the steps a + 1 to b in
which the idea works (or in all of them, where what counts is holding). The value of a step is split equally over
the implementations in use. Where several are, or come to be one after the other, a `use` event stands for them:
its influences are the implementations, in the parts in which they served. A `use` is made of earlier ones, so
that a thousand implementers cost a few thousand rows, not a thousand a holding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.tape import USE, Floats, Ints, Realised, Recorder


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


def realise(
    recorder: Recorder,
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
        cumulative = _cumulative(values[idea], now)
        begin, end, event, count = pieces.begin[of], pieces.end[of], pieces.event[of], pieces.count[of]
        works = min(releases[idea][0][0], now + 1) if releases[idea] else now + 1
        if held:
            last = np.minimum(end, works - 1)
            idle = np.maximum(cumulative[last] - cumulative[np.minimum(begin, last)], 0.0) * count
            columns.append((event, np.full(len(event), -1, np.int64), idle))
        first = np.maximum(begin, works - 1)
        value = np.where(end > first, cumulative[end] - cumulative[np.minimum(first, end)], 0.0) * count
        served = _served(recorder, int(idea), releases[idea], cumulative, first, end, value > 0.0, now)
        columns.append((event, served, value))
    return _table(columns)


def _cumulative(values: Sequence[tuple[int, float]], now: int) -> Floats:
    """Value that one holder realises in the steps 1 to t, at place t; shape (now + 1,)."""
    per_step = np.zeros(now + 1)
    for step, value in values:
        per_step[step:] = value
    per_step[0] = 0.0
    return np.cumsum(per_step)


def _served(
    recorder: Recorder,
    idea: int,
    releases: Sequence[tuple[int, int, int]],
    cumulative: Floats,
    first: Ints,
    end: Ints,
    worth: NDArray[np.bool_],
    now: int,
) -> Ints:
    """The implementation or `use` row that served each piece; -1 where nothing was realised."""
    served = np.full(len(first), -1, np.int64)
    if not worth.any():
        return served
    spans, which = np.unique(np.stack([first[worth], end[worth]]), axis=1, return_inverse=True)
    pools = _Pools(recorder, idea, releases, cumulative, now)
    rows = np.array([pools.row(int(a), int(b)) for a, b in spans.T], np.int64)
    served[worth] = rows[which.reshape(-1)]
    return served


class _Pools:
    """The implementations of one idea in use over spans of steps, as rows of the tape, each made once."""

    def __init__(
        self, recorder: Recorder, idea: int, releases: Sequence[tuple[int, int, int]], cumulative: Floats, now: int
    ) -> None:
        self.recorder, self.idea, self.cumulative, self.now = recorder, idea, cumulative, now
        self.starts: list[int] = []
        self.pool: list[tuple[int, int]] = []  # row and number of implementations, from starts[j] on
        self.made: dict[tuple[int, int], int] = {}
        for start in sorted({release for release, _, _ in releases if release <= now}):
            row, number = self.pool[-1] if self.pool else (-1, 0)
            parts = ({row: float(number)} if number else {}) | {e: float(c) for r, e, c in releases if r == start}
            number = int(sum(parts.values()))
            self.starts.append(start)
            self.pool.append((self._use(parts, number), number))

    def _use(self, parts: dict[int, float], number: int) -> int:
        if len(parts) == 1:
            return next(iter(parts))
        total = sum(parts.values())
        weights = {row: part / total for row, part in sorted(parts.items()) if part > 0.0}
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
            worth = float(self.cumulative[end if j > high else self.starts[j] - 1] - self.cumulative[begin])
            parts[row] = parts.get(row, 0.0) + worth
        return self._use({row: part for row, part in parts.items() if part > 0.0}, self.pool[high][1])

    def _block(self, j: int, size: int) -> int:
        """The row for all the steps of the pools j to j + size - 1, of which there are a power of two; made once."""
        if size == 1:
            return self.pool[j][0]
        if (j, size) not in self.made:
            half = size // 2
            marks = [self.cumulative[self.starts[at] - 1] for at in (j, j + half, j + size)]
            rows = self._block(j, half), self._block(j + half, half)
            parts = {rows[0]: float(marks[1] - marks[0]), rows[1]: float(marks[2] - marks[1])}
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
