"""A step shared among threads: each takes a part of the tellers, then each a part of all keys, which it alone writes.

What a key hears does not depend on the order in which it was told (the least pack counts), and rows are numbered
before they are written, so that the number of threads leaves no trace.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from sim.machine.loops import compiled
from sim.model.kernels.bitset import SPAN
from sim.model.kernels.buffers import fits, with_room
from sim.model.kernels.columns import (
    ADOPTION,
    CREDITED,
    DISCOVERY,
    EVENTS,
    EVERY,
    HEARD_COUNT,
    INFLUENCES,
    LEARNERS,
    NEWS,
    PENDING,
    PHASE,
    RESOLUTION,
    SIMPLE,
    TELLERS,
    Book,
    Catalogue,
    People,
    State,
    Ways,
    bag,
)
from sim.model.kernels.crowd import add_news, no_news
from sim.model.kernels.exposure import close_ranks, note_all, note_those_of
from sim.model.kernels.holdings import most_clocks
from sim.model.kernels.learning import heard_in, learn_plainly
from sim.model.kernels.step import ENDING, RESOLVING
from sim.model.kernels.telling import tell
from sim.tape.tables import Ints

TOGETHER = 1024  # tellers, at the least, that a thread takes at once


@dataclass
class Crew:
    """Threads that share the steps of a run, and its columns; the buffers are handed over and back at each step."""

    people: People
    ways: Ways
    catalogue: Catalogue
    state: State
    threads: int
    instead: tuple[tuple[Any, Any], ...] = ()  # what the loops are linked with in the place of what
    said: list[tuple[Ints, Ints]] = field(default_factory=list)  # a bag of keys and one of packs for each thread

    @cached_property
    def pool(self) -> Executor:
        """The threads beside the one that calls."""
        return ThreadPoolExecutor(max(self.threads - 1, 1))

    @property
    def bounds(self) -> list[int]:
        """Where the part of each thread of all spans of keys begins, and the end."""
        spans = self.state.high.shape[1]
        return [spans * part // self.threads for part in range(self.threads + 1)]

    def do(self, work: Callable[[int], Any]) -> list[Any]:
        """Return what a function returns of each part, the first of which is done in this thread."""
        others = [self.pool.submit(work, part) for part in range(1, self.threads)]
        return [work(0), *(other.result() for other in others)]


def share_step(crew: Crew, book: Book) -> Book:
    """Do the telling and, where nothing stands against it, the learning of a step that was left at the telling.

    Against sharing the telling stands that every teller is credited, or thresholds; against sharing the learning that
    somebody hesitates or heard from several holdings in one, ideas are rivals, the crowd learns too, or ideas are
    discovered in the same step.

    Returns:
        The buffers, larger ones where there was no room.
    """
    state, catalogue = crew.state, crew.catalogue
    if state.dynamics[CREDITED] == EVERY or state.dynamics[ADOPTION] != SIMPLE:
        return book
    book, heard = tell_side_by_side(crew, book)
    state.counters[PHASE] = RESOLVING
    several = book.told.used[0] or book.mixtures.used[0] or catalogue.hesitation.any() or len(catalogue.rivals)
    if several or book.stifled[0] or book.counts[DISCOVERY] or book.counts[RESOLUTION]:
        return book
    book = learn_side_by_side(crew, book, heard)
    state.counters[PHASE] = ENDING
    return book


def tell_side_by_side(crew: Crew, book: Book) -> tuple[Book, Ints]:
    """Let all tell, each thread some tellers after the other; returns how many of each part of all keys have heard."""
    state, threads, bounds = crew.state, range(crew.threads), crew.bounds
    tellers = int(book.tellers[0])
    crowd = tellers if book.crowd.size else 0
    book.needs[NEWS] = book.told.used[0] + crowd
    book = make_room(crew, book)
    size = max(TOGETHER, -(-tellers // (4 * crew.threads)))
    left = deque((first, min(first + size - 1, tellers)) for first in range(1, tellers + 1, size))
    said = crew.said = crew.said or [(bag(len(book.keys) - 1), bag(len(book.keys) - 1)) for _ in threads]
    told = [no_news(crowd) for _ in threads]

    def talk(part: int) -> None:
        while left:
            try:
                first, last = left.popleft()
            except IndexError:  # another thread has taken the last ones
                return
            place = int(
                compiled(tell, crew.instead)(
                    crew.people, crew.ways, crew.catalogue, state, book.tellers, first, last, told[part],
                    book.crowd.understanding, *said[part],
                )
            )  # fmt: skip
            if place <= last:  # there is no room until what was heard is noted
                left.append((place, last))
                return

    def note(part: int) -> int:
        first, last = SPAN * bounds[part], SPAN * bounds[part + 1]
        return sum(int(compiled(note_those_of, crew.instead)(state, *some, first, last)) for some in said)

    compiled(note_all, crew.instead)(state, book.hearings, book.keys, book.packs)
    heard = np.full(crew.threads, state.counters[HEARD_COUNT])
    while left:
        crew.do(talk)
        heard += crew.do(note)
        for keys, packs in said:
            keys[0] = packs[0] = 0
    for news in told:
        add_news(book.told, news)
    state.counters[HEARD_COUNT] += heard.sum() - crew.threads * state.counters[HEARD_COUNT]
    compiled(close_ranks, crew.instead)(book.tellers)
    return book, heard


def learn_side_by_side(crew: Crew, book: Book, heard: Ints) -> Book:
    """Let all take up what they heard, each thread those of its part."""
    state, threads, bounds = crew.state, range(crew.threads), crew.bounds
    needs, clocks = book.needs, int(compiled(most_clocks, crew.instead)(crew.people, state))
    begins = [0, *np.cumsum(heard).tolist()]
    needs[LEARNERS] = begins[-1]
    book = make_room(crew, book)
    keys = [book.learners[begins[part] : begins[part + 1]] for part in threads]

    def count(part: int) -> int:
        return int(compiled(heard_in, crew.instead)(state, bounds[part], bounds[part + 1], keys[part]))

    learners = crew.do(count)
    state.counters[HEARD_COUNT] = 0
    before = [0, *np.cumsum(learners).tolist()]
    needs[EVENTS], needs[INFLUENCES] = book.rows.used + before[-1]
    needs[TELLERS], needs[PENDING] = book.tellers[0] + before[-1], book.pending[0] + clocks * before[-1]
    book = make_room(crew, book)
    row, influence, place = int(book.rows.used[0]), int(book.rows.used[1]), int(book.tellers[0])
    pending = [bag(clocks * learners[part]) for part in threads]

    def write(part: int) -> None:
        at, some = before[part], keys[part][: learners[part]]
        compiled(learn_plainly, crew.instead)(
            crew.people, crew.catalogue, state, book.rows, book.tellers, some, row + at, influence + at, place + at,
            pending[part],
        )  # fmt: skip

    crew.do(write)
    for some in pending:
        first, number = int(book.pending[0]), int(some[0])
        book.pending[1 + first : 1 + first + number] = some[1 : 1 + number]
        book.pending[0] += number
    book.rows.used[:] += before[-1]
    book.tellers[0] += before[-1]
    return book


def make_room(crew: Crew, book: Book) -> Book:
    """Return the buffers with room for all that is needed."""
    return book if compiled(fits, crew.instead)(book) else with_room(book)
