"""The state of each person towards an idea at the end of a step, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.study.batches import GAIN
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE, USE, Ints
from sim.tape.tape import Tape

NEVER, GAVE_UP, HEARD, FOUND, MADE = range(5)
NAMES = ("does not know it", "gave it up", "learned it", "discovered it", "made it work")
AFTER = {DISCOVER: FOUND, LEARN: HEARD, IMPLEMENT: MADE, ABANDON: GAVE_UP, LEAVE: GAVE_UP}


class States:
    """The states of all persons towards one idea, step by step; each row of the tape is read once.

    Attributes:
        now: NEVER, GAVE_UP, HEARD, FOUND or MADE; int8, shape (persons,).
        held: for how many people each row of persons holds the idea; int64, shape (persons,).
    """

    def __init__(self, tape: Tape, idea: int) -> None:
        rows = np.flatnonzero(tape.events.idea == idea)
        rows = rows[tape.events.person[rows] >= 0]
        events = tape.events
        self._step, self._kind = events.step[rows], events.kind[rows]
        self._person, self._count = events.person[rows], events.count[rows]
        self._done = 0
        self.now: NDArray[np.int8] = np.zeros(tape.persons.total, np.int8)
        self.held: Ints = np.zeros(tape.persons.total, np.int64)

    def turn_to(self, step: int) -> None:
        """Advance to the end of a step, which must not decrease from call to call."""
        until = int(np.searchsorted(self._step, step, side="right"))
        part = slice(self._done, until)
        kind, person = self._kind[part], self._person[part]
        np.add.at(self.held, person, GAIN[kind] * self._count[part])
        last = np.unique(person[::-1], return_index=True)
        after = np.array([AFTER[k] for k in range(LEAVE + 1)], np.int8)
        self.now[last[0]] = after[kind[::-1][last[1]]]
        self._done = max(self._done, until)


def states(tape: Tape, idea: int, step: int) -> NDArray[np.int8]:
    """Return the state of each person towards an idea at the end of a step; int8, shape (persons,).

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2, 3], [0, 1, 3], [0, 1, 0], [0, 0, 0], [1, 1, 1])
    >>> people = Persons(["P1", "P2"], [1, 1], [1, 1])
    >>> tape = Tape(told, Influences([1], [0], [1]), Realised([], [], []), people, ("idea",), 3, 2)
    >>> [NAMES[state] for state in states(tape, 0, 3).tolist()]
    ['gave it up', 'learned it']
    """
    found = States(tape, idea)
    found.turn_to(step)
    return found.now


def telling_moments(tape: Tape, idea: int, most: int = 6) -> list[int]:
    """Return the steps in which something happened to the idea, or a selection if there are many.

    The selection is the first, the last, and those in which holders reached 2%, 15%, 50% and 100% of their maximum.
    """
    from sim.views.figures.spread import holders

    happened = np.unique(tape.events.step[(tape.events.idea == idea) & (tape.events.kind != USE)])
    if not len(happened):
        return [tape.steps]
    if len(happened) <= most:
        return [int(step) for step in happened]
    steps, count = holders(tape).of(idea)
    marks = [part * int(count.max(initial=0)) for part in (0.02, 0.15, 0.5, 1.0)]
    found = {int(steps[int(np.argmax(count >= mark))]) for mark in marks} if len(steps) else set()
    ends = {int(happened[0]), int(happened[-1])}
    return sorted(ends | set(sorted(found - ends)[: most - 2]))
