"""Several runs side by side in columns, so that a measure of thousands of them takes a few numpy operations.

A tape is a batch of one run. The value of a measure for a run depends neither on the other runs nor on the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.tape.tables import ABANDON, DISCOVER, LEARN, LEAVE, USE, Events, Floats, Influences, Ints, Persons, Realised
from sim.tape.tape import Tape

CELLS = 1 << 22  # of a table of runs x persons x ideas that is computed at once
GAIN = np.zeros(USE + 1, np.int64)  # change in the number of holders of the idea, by kind of event
GAIN[[DISCOVER, LEARN]], GAIN[[ABANDON, LEAVE]] = 1, -1


class Adoptions(NamedTuple):
    """First adoptions, in order of run and step: the run, the step, and the number of people."""

    run: Ints
    step: Ints
    count: Ints  # type: ignore[assignment]  # a tuple's own method of this name is of no use here


@dataclass(eq=False)
class Batch:
    """The rows of several runs of one scenario, one run after the other; row numbers count within each run."""

    events: Events  # the tables as in a Tape
    influences: Influences
    realised: Realised
    ends: Ints  # where each run's events, influences and realised rows end; shape (runs, 3)
    persons: Persons  # as in a Tape; the same for all runs
    ideas: tuple[str, ...]
    steps: int
    world_size: int
    tape: Callable[[int], Tape]  # makes the tape of one run

    def __len__(self) -> int:
        return len(self.ends)

    @cached_property
    def begins(self) -> Ints:
        """The first row of each run; shape (runs, 3)."""
        return np.concatenate([np.zeros((1, 3), np.int64), self.ends[:-1]])

    @cached_property
    def counts(self) -> Ints:
        """The number of rows of each run; shape (runs, 3)."""
        return self.ends - self.begins

    def run_of(self, table: int) -> Ints:
        """Return the run of each row of events (0), influences (1) or realised (2)."""
        return np.repeat(np.arange(len(self)), self.counts[:, table])

    @cached_property
    def event_run(self) -> Ints:
        """The run of each event."""
        return self.run_of(0)

    def sum_by_run(self, run: Ints, value: NDArray[Any]) -> Floats:
        """Return the sum of the values of each run, added in row order; shape (runs,)."""
        return np.bincount(run, value, len(self)).astype(np.float64)

    def adoptions(self, idea: int | None = None) -> Adoptions:
        """Return each person's first adoption of an idea, or of any idea if None.

        In rows that stand for several people (a crowd) every adoption counts, up to the number of people, for the idea
        that most of them adopted.
        """
        if idea not in self._adoptions:
            self._adoptions[idea] = self._count_adoptions(idea)
        return self._adoptions[idea]

    @cached_property
    def _adoptions(self) -> dict[int | None, Adoptions]:
        return {}

    def _count_adoptions(self, idea: int | None) -> Adoptions:
        taken = self.events.kind <= LEARN
        if idea is not None:
            taken &= self.events.idea == idea
        rows = np.flatnonzero(taken)
        key = self.event_run[rows] * self.persons.total + self.events.person[rows]
        if int(self.persons.size.max(initial=1)) > 1:
            rows, count = self._crowded(rows, key)
        else:
            first = _first_of_each(key, len(self) * self.persons.total)
            rows, count = rows[first], np.ones(int(first.sum()), np.int64)
        return Adoptions(self.event_run[rows], self.events.step[rows], count)

    def _crowded(self, rows: Ints, key: Ints) -> tuple[Ints, Ints]:
        """Return the rows and counts of first adoptions where some rows of the tape stand for several people."""
        size = self.persons.size[self.persons.group]
        person, idea, count = self.events.person[rows], self.events.idea[rows], self.events.count[rows]
        amount = np.zeros(len(rows), np.int64)
        single = size[person] == 1
        amount[np.flatnonzero(single)[_first_of_each(key[single], len(self) * self.persons.total)]] = 1
        for crowd in np.unique(key[~single]).tolist():
            mine = np.flatnonzero(key == crowd)
            best = int(np.bincount(idea[mine], count[mine]).argmax())
            mine = mine[idea[mine] == best]
            people = int(size[crowd % self.persons.total])
            amount[mine] = np.diff(np.minimum(np.cumsum(count[mine]), people), prepend=0)
        kept = amount > 0
        return rows[kept], amount[kept]

    def held_at_the_end(self, idea: int | None = None) -> Ints:
        """Count the people who hold an idea, or any idea if None, at the end; shape (runs,).

        For rows that stand for several people, the idea that most of them hold counts.
        """
        size = self.persons.size[self.persons.group]
        ideas, people = len(self.ideas) if idea is None else 1, self.persons.total
        found = np.zeros(len(self), np.int64)
        at_once = max(1, CELLS // max(1, ideas * people))
        for first in range(0, len(self), at_once):
            last = min(first + at_once, len(self))
            rows = slice(int(self.begins[first, 0]), int(self.ends[last - 1, 0]))
            kind, who, what = self.events.kind[rows], self.events.person[rows], self.events.idea[rows]
            change = GAIN[kind] * self.events.count[rows]
            wanted = (change != 0) if idea is None else (change != 0) & (what == idea)
            cell = (self.event_run[rows] - first) * people + who
            cell = cell * ideas + what if idea is None else cell
            held = np.bincount(cell[wanted], change[wanted], (last - first) * people * ideas)
            most = held.reshape(last - first, people, ideas).max(axis=2, initial=0.0).astype(np.int64)
            found[first:last] = np.minimum(most, size).sum(axis=1)
        return found


def _first_of_each(key: Ints, cells: int) -> NDArray[np.bool_]:
    """Return whether each entry is the first with its key; keys are below `cells`."""
    if cells <= max(CELLS, 8 * len(key)):
        seen = np.full(cells, -1, np.int64)
        seen[key[::-1]] = np.arange(len(key))[::-1]  # written in reverse, so that the first entry wins
        return np.asarray(seen[key] == np.arange(len(key)))
    first = np.zeros(len(key), np.bool_)
    first[np.unique(key, return_index=True)[1]] = True
    return first


def of_tape(tape: Tape) -> Batch:
    """Return one run as a batch."""
    ends = np.array([[len(tape.events), len(tape.influences), len(tape.realised)]])
    return Batch(
        tape.events, tape.influences, tape.realised, ends, tape.persons, tape.ideas, tape.steps, tape.world_size,
        lambda _: tape,
    )  # fmt: skip


def of_runs(runs: Sequence[Tape]) -> Iterator[Batch]:
    """Yield all runs in order: block by block if they are stored in blocks, else one by one."""
    if not hasattr(runs, "blocks"):
        yield from (of_tape(tape) for tape in runs)
        return
    many: Any = runs
    for block, first in zip(many.blocks, many.begins, strict=False):
        ends, rows = np.ascontiguousarray(block.ends[: int(block.used[0]), :3]), block.rows
        if not len(ends):
            continue
        e, i, v = ends[-1].tolist()
        yield Batch(
            Events(*(column[:e] for column in rows[:5])),
            Influences(*(column[:i] for column in rows[5:8])),
            Realised(block.event[:v], block.served[:v], block.value[:v]),
            ends, many.world.persons, many.world.ideas.name, many.world.scenario.scenario.steps, many.world.size,
            partial(lambda first, run: many[first + run], first),
        )  # fmt: skip
