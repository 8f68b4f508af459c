"""The columns of a run: what the loops read and write.

A key is idea * n + person, a clock's place is 4 * key + clock. A bag is an array of whole numbers: how many are in
use, then these. A column of persons or ties that is alike for all has
one entry: `at` reads either form. Nothing here checks its input; model.py does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.kernels.bitset import no_marks
from sim.model.randomness import ABANDON, DISCOVER, IMPLEMENT, RESOLVE
from sim.tape.rows import Rows
from sim.tape.tables import Floats, Ints

Bytes = NDArray[np.uint8]
Steps = NDArray[np.int32]

PAIR = np.dtype(  # what a person is to an idea; in one place, since what is asked of one is asked together
    [
        ("event", np.int32),  # by which it was last taken up, if ever
        ("since", np.int32),  # when
        ("until", np.int32),  # the last step in which it is told
        ("bits", np.uint8),
    ],
    align=True,
)
HELD, GIVEN_UP, IMPLEMENTED, HESITATES, LISTED, SURE, TAKEN = 1, 2, 4, 8, 16, 32, 64  # the bits
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
    PHASE,  # of the step
    PLACE,  # where it was left for want of room
    SKIPPED,
    ROWS_NOW,
    ROWS_BEFORE,
    RESCAN,
    LASTING,
    HEARD_COUNT,
    TIMED,
    CLOCKED,  # whether any clock ran yet
    LARGEST,  # the most holdings of a mixture, and the most relations that an idea has
    DEPENDENTS,
    PREREQUISITES,
    RIVALS,
) = range(15)

# what there must be room for
(EVENTS, INFLUENCES, PENDING, TELLERS, STIFLED, HEARINGS, NOTES, LEARNERS, NEWS, MIXED, ENTRIES, BLOCKS, COHORTS,
 PIECES) = range(14)  # fmt: skip


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
    pairs: NDArray[np.void]  # a PAIR a key; (keys,)
    heard: Ints  # 0, or 1 + rank and source of the teller to be credited, or 1 + the last of all hearings; (keys,)
    closed: Ints  # a bit a key: who cannot take it up, being dead, holding it or a rival, or having given it up
    due: Steps  # when each clock rings, 0 if it does not run; by 4 * key + clock, (4 * keys,)
    hesitating: Ints  # from whom a person who hesitates heard; (keys,)
    works: Bytes  # (m,)
    released: Ints  # (m,): when the idea first works
    low: NDArray[np.int64]  # sets of keys: the clocks that ring, who heard, who is watched; (6, words)
    high: NDArray[np.int64]
    in_force: Floats  # the parameters of the last step


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


class Book(NamedTuple):
    """What a run writes, some of which is replaced by something larger as it grows; see book.py."""

    rows: Rows
    pending: Ints  # a bag of clocks to be asked in the next step
    tellers: Ints  # a bag of keys; -1 is none
    stifled: Ints  # a bag of keys
    keys: Ints  # a bag of who heard and understood, to be noted
    packs: Ints  # a bag of from whom
    learners: Ints  # keys in order
    counts: Ints  # how many of each clock ring, (4,)
    needs: Ints  # how much room the next part of the step takes, (14,)
    told: Told
    mixtures: Mixtures
    calendar: Calendar
    crowd: Crowd
    hearings: Hearings


def at(column: Any, place: int) -> float:
    """The entry of a column that may be one for all."""
    entry: float = column[place] if len(column) > 1 else column[0]
    return entry


def bag(room: int) -> Ints:
    """An empty one."""
    made = np.empty(1 + room, np.int64)
    made[0] = 0
    return made


def put(to: Ints, item: int) -> None:
    """Add an item, for which there must be room."""
    to[0] += 1
    to[to[0]] = item


def state_of(luck: int, n: int, ideas: int, size: int, steps: int, dynamics: Floats) -> State:
    """The state before the first step."""
    keys = n * ideas
    low, high = no_marks(6, keys)
    return State(
        luck, n, size, steps, dynamics, np.zeros(16, np.int64), np.zeros(keys, PAIR),
        np.zeros(keys, np.int64), np.zeros((keys + 63) // 64, np.int64), np.zeros(4 * keys, np.int32),
        np.zeros(keys, np.int64), np.zeros(ideas, np.uint8), np.full(ideas, FAR, np.int64), low, high,
        np.full(4 + 3 * ideas, np.nan),
    )  # fmt: skip
