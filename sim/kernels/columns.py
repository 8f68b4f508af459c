"""The columns of a run: what the loops read and write.

A key is idea * n + person, a clock's place is clock * keys + key. A column of persons or ties that is alike for all has
one entry: `at` reads either form. Nothing here checks its input; model.py does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.marks import no_marks
from sim.randomness import ABANDON, DISCOVER, IMPLEMENT, RESOLVE
from sim.tape import Floats, Ints

__all__: list[str] = []

Bytes = NDArray[np.uint8]
Steps = NDArray[np.int32]

HELD, GIVEN_UP, IMPLEMENTED, HESITATES, LISTED, SURE = 1, 2, 4, 8, 16, 32  # what a person is to an idea, as bits
ALL = 255
DISCOVERY, IMPLEMENTATION, ABANDONMENT, RESOLUTION = range(4)  # the clocks
PURPOSES = np.array([DISCOVER, IMPLEMENT, ABANDON, RESOLVE])
HEARD, WATCHED = 4, 5  # sets of keys beside those of the four clocks: who heard, and who may be at the threshold
FAR = 2**31 - 1  # later than any step of a run
LAST = 2**31 - 2  # the last step that a run can have
MIXTURE = 2**31  # a source from here on is a mixture of holdings, one below is the event of a holding

# dynamics, as numbers
(RATE_TO_IMPLEMENT, RATE_TO_ABANDON, RATE_TO_ABANDON_WORKING, RATE_TO_RESOLVE, PERIOD, DELAY, ADOPTION, CREDITED,
 STIFLING, READOPT) = range(10)  # fmt: skip
SIMPLE, THRESHOLD = 0, 1
ONE, EVERY = 0, 1  # which tellers are credited
SILENT, TELLER, BOTH = 0, 1, 2  # whom stale news stifles

# counters
(
    NOW,
    SKIPPED,
    ROWS_NOW,
    ROWS_BEFORE,
    RESCAN,
    LASTING,
    HEARD_COUNT,
    TIMED,
    LARGEST,
    DEPENDENTS,
    PREREQUISITES,
    RIVALS,
) = range(12)  # the last four: the most holdings of a mixture, and the most relations that an idea has


class People(NamedTuple):
    """The persons, (n,) or (1,) where all are alike."""

    creativity: Floats
    reach: Floats
    skill: Floats
    clarity: Floats
    understanding: Floats
    threshold: Floats
    keeps: Bytes
    alive: Bytes


class Ways(NamedTuple):
    """Ties in compressed rows: whom each person can tell, or who can tell each person."""

    indptr: Ints
    target: Steps
    weight: Floats
    start: Ints
    end: Ints


class Catalogue(NamedTuple):
    """The ideas, (m,); of the three relations, where the others of each idea begin, and which they are."""

    clarity: Floats
    difficulty: Floats
    rate: Floats
    hesitation: Floats
    common: Bytes  # whether the idea is discovered at the common rate
    prerequisites_begin: Ints
    prerequisites: Ints
    dependents_begin: Ints
    dependents: Ints
    rivals_begin: Ints
    rivals: Ints


class State(NamedTuple):
    """What changes from step to step."""

    luck: int
    n: int
    size: int  # of the world
    steps: int
    dynamics: Floats
    counters: Ints
    bits: Bytes  # (keys,)
    closed: Ints  # a bit a key: who cannot take it up, being dead, holding it or a rival, or having given it up
    event: Steps  # by which it was last taken up, -1 if never; (keys,)
    since: Steps  # when
    until: Steps  # the last step in which it is told
    due: Steps  # when each clock rings, 0 if it does not run; (4 * keys,)
    best: Ints  # of a key that was heard: 1 + rank and source of the teller to be credited, or 1 + the last hearing
    hesitating: Ints  # from whom a person who hesitates heard
    works: Bytes  # (m,)
    released: Ints  # (m,): when the idea first works
    low: NDArray[np.int64]  # sets of keys: the clocks that ring, who heard, who is watched; (6, words)
    high: NDArray[np.int64]
    in_force: Floats  # the parameters of the last step


class Bag(NamedTuple):
    """Whole numbers, some of them in use."""

    items: Ints
    used: Ints  # (1,)


class Calendar(NamedTuple):
    """Clocks by the step in which they are due, in blocks of BLOCK: a block's first entry is the next block."""

    head: Ints  # the first block of each step, -1 if there is none; (steps + 1,)
    fill: Ints  # entries in it; (steps + 1,)
    slots: Ints
    used: Ints  # blocks in use so far, and the first of those that are free again


class Crowd(NamedTuple):
    """The people who are not simulated one by one, by idea; who took an idea up in one step is a cohort."""

    size: int
    understanding: float
    held: Ints  # (m,)
    given_up: Ints  # (m,)
    first: Ints  # the first and last cohort of each idea, -1 if there is none; (m,)
    last: Ints
    event: Ints  # of each cohort, (cohorts,)
    since: Ints
    count: Ints  # type: ignore[assignment]  # a tuple's own method of this name is of no use here
    next: Ints
    pieces: NDArray[np.int64]  # that ended: event, idea, begin, end, count; (5, pieces)
    used: Ints  # cohorts, pieces


class Told(NamedTuple):
    """What reached the crowd in a step: the idea, the teller's holding, the chance that one of the crowd understood."""

    idea: Ints
    event: Ints
    chance: Floats
    used: Ints


class Mixtures(NamedTuple):
    """Sources that are several holdings: where each begins, and their events and weights."""

    begin: Ints
    event: Ints
    weight: Floats
    used: Ints  # mixtures, entries


class Hearings(NamedTuple):
    """Where every teller is credited: all hearings of a step, those of one key linked."""

    pack: Ints
    next: Ints
    used: Ints


def at(column: Any, place: int) -> float:
    """The entry of a column that may be one for all."""
    return column[place] if len(column) > 1 else column[0]  # type: ignore[no-any-return]


def bag(room: int) -> Bag:
    """An empty one."""
    return Bag(np.empty(room, np.int64), np.zeros(1, np.int64))


def roomy(old: Bag, more: int) -> Bag:
    """The bag with room for so many more."""
    used = old.used[0]
    if used + more <= len(old.items):
        return old
    new = Bag(np.empty(max(used + more, 2 * len(old.items)), np.int64), old.used)
    new.items[:used] = old.items[:used]
    return new


def with_all(some: Bag, more: Bag) -> Bag:
    """The one with all of the other."""
    some = roomy(some, more.used[0])
    used, new = some.used[0], more.used[0]
    some.items[used : used + new] = more.items[:new]
    some.used[0] = used + new
    return some


def put(to: Bag, item: int) -> None:
    """Add an item, for which there must be room."""
    to.items[to.used[0]] = item
    to.used[0] += 1


def state_of(luck: int, n: int, ideas: int, size: int, steps: int, dynamics: Floats) -> State:
    """The state before the first step."""
    keys = n * ideas
    low, high = no_marks(6, keys)
    return State(
        luck, n, size, steps, dynamics, np.zeros(16, np.int64),
        np.zeros(keys, np.uint8), np.zeros((keys + 63) // 64, np.int64), np.full(keys, -1, np.int32),
        np.zeros(keys, np.int32), np.zeros(keys, np.int32), np.zeros(4 * keys, np.int32),
        np.zeros(keys, np.int64), np.zeros(keys, np.int64),
        np.zeros(ideas, np.uint8), np.full(ideas, FAR, np.int64), low, high, np.full(4 + 3 * ideas, np.nan),
    )  # fmt: skip
