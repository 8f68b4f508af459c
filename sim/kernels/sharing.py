"""A step shared among threads: each takes a part of the tellers, then each a part of all keys, which it alone writes.

What a key hears does not depend on the order in which it was told (the least pack counts), and rows are numbered
before they are written, so that the number of threads leaves no trace.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from sim.kernels.book import with_room
from sim.kernels.columns import (
    ADOPTION,
    CREDITED,
    DISCOVERY,
    EVENTS,
    EVERY,
    HEARD_COUNT,
    INFLUENCES,
    NEWS,
    PENDING,
    PHASE,
    RESOLUTION,
    SIMPLE,
    TELLERS,
    Told,
    bag,
)
from sim.kernels.crowd import add_news
from sim.kernels.marks import SPAN
from sim.kernels.steps import ENDING, RESOLVING
from sim.tape import Ints

if TYPE_CHECKING:
    from sim.kernels.model import ColumnModel


def share_step(model: ColumnModel) -> None:
    """Do the telling and, where nothing stands against it, the learning of a step that was left at the telling.

    Against sharing the telling stands that every teller is credited, or thresholds; against sharing the learning that
    somebody hesitates, ideas are rivals, the crowd learns too, or ideas are discovered in the same step.
    """
    state, catalogue = model.state, model.catalogue
    if state.dynamics[CREDITED] == EVERY or state.dynamics[ADOPTION] != SIMPLE:
        return
    with ThreadPoolExecutor(model.threads) as pool:
        heard = tell(model, pool)
        state.counters[PHASE] = RESOLVING
        if model.book.told.used[0] or catalogue.hesitation.any() or len(catalogue.rivals) or model.book.stifled[0]:
            return
        if model.book.counts[DISCOVERY] or model.book.counts[RESOLUTION]:
            return
        learn(model, pool, heard)
        state.counters[PHASE] = ENDING


def tell(model: ColumnModel, pool: Executor) -> Ints:
    """Let all tell; returns how many keys of each part have heard, at the most."""
    code, state, threads = model.code, model.state, range(model.threads)
    bounds = [bound * SPAN for bound in parts_of(model)]
    crowd = model.book.crowd.size > 0
    if crowd:
        model.book.needs[NEWS] = model.book.told.used[0] + model.book.tellers[0]
        model.book = with_room(model.book)
    book = model.book
    places = np.empty(model.threads + 1, np.int64)
    code.shares(model.ways, state, book.tellers, places)
    begins, ends = places[:-1].tolist(), (places[1:] - 1).tolist()
    said = model.said = model.said or [(bag(len(book.keys) - 1), bag(len(book.keys) - 1)) for _ in threads]
    told = [no_news(ends[part] + 1 - begins[part] if crowd else 0) for part in threads]

    def talk(part: int) -> int:
        return int(
            code.tell(
                model.people, model.ways, model.catalogue, state, book.tellers, begins[part], ends[part], told[part],
                book.crowd.understanding, *said[part],
            )
        )  # fmt: skip

    def note(part: int) -> int:
        return sum(int(code.note_those_of(state, *some, bounds[part], bounds[part + 1])) for some in said)

    code.note_all(state, book.hearings, book.keys, book.packs)
    heard = np.full(model.threads, state.counters[HEARD_COUNT])
    while any(begin <= end for begin, end in zip(begins, ends, strict=True)):
        begins = list(pool.map(talk, threads))
        heard += list(pool.map(note, threads))
        for keys, packs in said:
            keys[0] = packs[0] = 0
    for news in told:
        add_news(book.told, news)
    state.counters[HEARD_COUNT] += heard.sum() - model.threads * state.counters[HEARD_COUNT]
    code.close_ranks(book.tellers)
    return heard


def no_news(room: int) -> Told:
    """Nothing that was told to the crowd, with room."""
    return Told(np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.zeros(1, np.int64))


def learn(model: ColumnModel, pool: Executor, heard: Ints) -> None:
    """Let all take up what they heard, each thread those of its part."""
    code, state, threads = model.code, model.state, range(model.threads)
    bounds = parts_of(model)
    keys = [np.empty(heard[part], np.int64) for part in threads]
    learners = list(
        pool.map(lambda part: int(code.heard_in(state, bounds[part], bounds[part + 1], keys[part])), threads)
    )
    state.counters[HEARD_COUNT] = 0
    before = [0, *np.cumsum(learners).tolist()]
    needs, book, clocks = model.book.needs, model.book, int(code.most_clocks(model.people, state))
    needs[EVENTS], needs[INFLUENCES] = book.rows.used + before[-1]
    needs[TELLERS], needs[PENDING] = book.tellers[0] + before[-1], book.pending[0] + clocks * before[-1]
    book = model.book = with_room(book)
    row, influence, place = int(book.rows.used[0]), int(book.rows.used[1]), int(book.tellers[0])
    pending = [bag(clocks * learners[part]) for part in threads]

    def write(part: int) -> None:
        at, some = before[part], keys[part][: learners[part]]
        code.learn_plainly(
            model.people, model.catalogue, state, book.rows, book.tellers, some, row + at, influence + at, place + at,
            pending[part],
        )  # fmt: skip

    list(pool.map(write, threads))
    for some in pending:
        first, number = int(book.pending[0]), int(some[0])
        book.pending[1 + first : 1 + first + number] = some[1 : 1 + number]
        book.pending[0] += number
    book.rows.used[:] += before[-1]
    book.tellers[0] += before[-1]


def parts_of(model: ColumnModel) -> list[int]:
    """Where the part of each thread of all spans of keys begins, and the end."""
    spans = model.state.high.shape[1]
    return [spans * part // model.threads for part in range(model.threads + 1)]
