"""A step shared among threads: each takes a part of the tellers, then each a part of all keys, which it alone writes.

What a key hears does not depend on the order in which it was told (the least pack counts), and rows are numbered
before they are written, so that the number of threads leaves no trace.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

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
    bag,
)
from sim.model.kernels.crowd import add_news, no_news
from sim.model.kernels.exposure import close_ranks, note_all, note_those_of
from sim.model.kernels.holdings import most_clocks
from sim.model.kernels.learning import heard_in, learn_plainly
from sim.model.kernels.step import ENDING, RESOLVING
from sim.model.kernels.telling import tell
from sim.tape.tables import Ints

if TYPE_CHECKING:
    from sim.model.kernels.model import ColumnModel

TOGETHER = 1024  # tellers, at the least, that a thread takes at once


def share_step(model: ColumnModel) -> None:
    """Do the telling and, where nothing stands against it, the learning of a step that was left at the telling.

    Against sharing the telling stands that every teller is credited, or thresholds; against sharing the learning that
    somebody hesitates or heard from several holdings in one, ideas are rivals, the crowd learns too, or ideas are
    discovered in the same step.
    """
    state, catalogue = model.state, model.catalogue
    if state.dynamics[CREDITED] == EVERY or state.dynamics[ADOPTION] != SIMPLE:
        return
    pool = model.pool = model.pool or ThreadPoolExecutor(max(model.threads - 1, 1))
    heard = tell_side_by_side(model, pool)
    state.counters[PHASE], book = RESOLVING, model.book
    several = book.told.used[0] or book.mixtures.used[0] or catalogue.hesitation.any() or len(catalogue.rivals)
    if several or book.stifled[0] or book.counts[DISCOVERY] or book.counts[RESOLUTION]:
        return
    learn_side_by_side(model, pool, heard)
    state.counters[PHASE] = ENDING


def tell_side_by_side(model: ColumnModel, pool: Executor) -> Ints:
    """Let all tell, each thread some tellers after the other; returns how many of each part of all keys have heard."""
    state, threads, bounds = model.state, range(model.threads), parts_of(model)
    tellers = int(model.book.tellers[0])
    crowd = tellers if model.book.crowd.size else 0
    model.book.needs[NEWS] = model.book.told.used[0] + crowd
    book = make_room(model)
    size = max(TOGETHER, -(-tellers // (4 * model.threads)))
    left = deque((first, min(first + size - 1, tellers)) for first in range(1, tellers + 1, size))
    said = model.said = model.said or [(bag(len(book.keys) - 1), bag(len(book.keys) - 1)) for _ in threads]
    told = [no_news(crowd) for _ in threads]

    def talk(part: int) -> None:
        while left:
            try:
                first, last = left.popleft()
            except IndexError:  # another thread has taken the last ones
                return
            place = int(
                compiled(tell)(
                    model.people, model.ways, model.catalogue, state, book.tellers, first, last, told[part],
                    book.crowd.understanding, *said[part],
                )
            )  # fmt: skip
            if place <= last:  # there is no room until what was heard is noted
                left.append((place, last))
                return

    def note(part: int) -> int:
        first, last = SPAN * bounds[part], SPAN * bounds[part + 1]
        return sum(int(compiled(note_those_of)(state, *some, first, last)) for some in said)

    compiled(note_all)(state, book.hearings, book.keys, book.packs)
    heard = np.full(model.threads, state.counters[HEARD_COUNT])
    while left:
        side_by_side(pool, talk, threads)
        heard += side_by_side(pool, note, threads)
        for keys, packs in said:
            keys[0] = packs[0] = 0
    for news in told:
        add_news(book.told, news)
    state.counters[HEARD_COUNT] += heard.sum() - model.threads * state.counters[HEARD_COUNT]
    compiled(close_ranks)(book.tellers)
    return heard


def learn_side_by_side(model: ColumnModel, pool: Executor, heard: Ints) -> None:
    """Let all take up what they heard, each thread those of its part."""
    state, threads, bounds = model.state, range(model.threads), parts_of(model)
    needs, clocks = model.book.needs, int(compiled(most_clocks)(model.people, state))
    begins = [0, *np.cumsum(heard).tolist()]
    needs[LEARNERS] = begins[-1]
    book = make_room(model)
    keys = [book.learners[begins[part] : begins[part + 1]] for part in threads]

    def count(part: int) -> int:
        return int(compiled(heard_in)(state, bounds[part], bounds[part + 1], keys[part]))

    learners = side_by_side(pool, count, threads)
    state.counters[HEARD_COUNT] = 0
    before = [0, *np.cumsum(learners).tolist()]
    needs[EVENTS], needs[INFLUENCES] = book.rows.used + before[-1]
    needs[TELLERS], needs[PENDING] = book.tellers[0] + before[-1], book.pending[0] + clocks * before[-1]
    book = make_room(model)
    row, influence, place = int(book.rows.used[0]), int(book.rows.used[1]), int(book.tellers[0])
    pending = [bag(clocks * learners[part]) for part in threads]

    def write(part: int) -> None:
        at, some = before[part], keys[part][: learners[part]]
        compiled(learn_plainly)(
            model.people, model.catalogue, state, book.rows, book.tellers, some, row + at, influence + at, place + at,
            pending[part],
        )  # fmt: skip

    side_by_side(pool, write, threads)
    for some in pending:
        first, number = int(book.pending[0]), int(some[0])
        book.pending[1 + first : 1 + first + number] = some[1 : 1 + number]
        book.pending[0] += number
    book.rows.used[:] += before[-1]
    book.tellers[0] += before[-1]


def side_by_side(pool: Executor, work: Callable[[int], Any], parts: range) -> list[Any]:
    """What a function returns of each part, the first of which is done in this thread."""
    others = [pool.submit(work, part) for part in parts[1:]]
    return [work(parts[0]), *(other.result() for other in others)]


def make_room(model: ColumnModel) -> Book:
    """The book of a model, with room for all that is needed."""
    if not compiled(fits)(model.book):
        model.book = with_room(model.book)
    return model.book


def parts_of(model: ColumnModel) -> list[int]:
    """Where the part of each thread of all spans of keys begins, and the end."""
    spans = model.state.high.shape[1]
    return [spans * part // model.threads for part in range(model.threads + 1)]
