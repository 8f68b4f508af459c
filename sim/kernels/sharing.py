"""A step shared among threads: each takes a part of the tellers, then each a part of all keys, which it alone writes.

What a key hears does not depend on the order in which it was told (the least pack counts), and rows are numbered
before they are written, so that the number of threads leaves no trace.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.kernels.columns import ADOPTION, CREDITED, DISCOVERY, EVERY, HEARD_COUNT, RESOLUTION, SIMPLE, roomy, with_all
from sim.kernels.crowd import add_news, no_news, with_news
from sim.kernels.marks import SPAN
from sim.kernels.telling import no_hearings
from sim.tape import Ints
from sim.tape_rows import with_room

if TYPE_CHECKING:
    from sim.kernels.model import ColumnModel

MOST = 1 << 20  # hearings of a thread that are gathered before they are sorted out


def share_step(model: ColumnModel, counts: Ints) -> int:
    """Do the telling and, where nothing stands against it, the learning of a step; returns the part that comes next.

    Against sharing the telling stands that every teller is credited, or thresholds; against sharing the learning that
    somebody hesitates, ideas are rivals, the crowd learns too, or ideas are discovered in the same step.
    """
    state, catalogue = model.state, model.catalogue
    if state.dynamics[CREDITED] == EVERY or state.dynamics[ADOPTION] != SIMPLE:
        return 0
    with ThreadPoolExecutor(model.threads) as pool:
        heard = tell(model, pool)
        if model.book.told.used[0] or catalogue.hesitation.any() or len(catalogue.rivals) or model.book.stifled.used[0]:
            return 1
        if counts[DISCOVERY] or counts[RESOLUTION]:
            return 1
        learn(model, pool, heard)
    return 2


def tell(model: ColumnModel, pool: Executor) -> Ints:
    """Let all tell; returns how many keys of each part have heard, at the most."""
    code, state, threads = model.code, model.state, range(model.threads)
    bounds = [bound * SPAN for bound in parts_of(model)]
    book = model.book
    crowd = book.crowd.size > 0
    if crowd:
        book = book._replace(told=with_news(book.told, int(book.tellers.used[0])))
    places = code.shares(model.ways, state, book.tellers, model.threads)
    begins, ends = places[:-1].tolist(), places[1:].tolist()

    def talk(part: int) -> Any:
        told = no_news(ends[part] - begins[part] if crowd else 0)
        return *code.tell(
            model.people, model.ways, model.catalogue, state, book.tellers.items, begins[part], ends[part], MOST, told,
            book.crowd.understanding,
        ), told  # fmt: skip

    def note(part: int) -> int:
        return sum(
            int(code.note_those_of(state, keys.items, packs.items, int(keys.used[0]), bounds[part], bounds[part + 1]))
            for _, keys, packs, _ in said
        )

    code.note_all(state, no_hearings(0), book.keys, book.packs)
    book.keys.used[0] = book.packs.used[0] = 0
    heard = np.full(model.threads, state.counters[HEARD_COUNT])
    while begins != ends:
        said = list(pool.map(talk, threads))
        begins = [place for place, *_ in said]
        heard += list(pool.map(note, threads))
        for *_, told in said:
            add_news(book.told, told)
    state.counters[HEARD_COUNT] += heard.sum() - model.threads * state.counters[HEARD_COUNT]
    code.close_ranks(book.tellers)
    model.book = book
    return heard


def learn(model: ColumnModel, pool: Executor, heard: Ints) -> None:
    """Let all take up what they heard, each thread those of its part."""
    code, state, threads = model.code, model.state, range(model.threads)
    bounds = parts_of(model)

    def hear(part: int) -> Ints:
        keys = np.empty(heard[part], np.int64)
        return keys[: code.heard_in(state, bounds[part], bounds[part + 1], keys)]

    learners = list(pool.map(hear, threads))
    state.counters[HEARD_COUNT] = 0
    before = [0, *np.cumsum([len(keys) for keys in learners]).tolist()]
    rows, tellers = with_room(model.book.rows, before[-1], before[-1]), roomy(model.book.tellers, before[-1])
    pending = model.book.pending
    row, influence, place = int(rows.used[0]), int(rows.used[1]), int(tellers.used[0])

    def write(part: int) -> Any:
        at = before[part]
        return code.learn_plainly(
            model.people, model.catalogue, state, rows, tellers, learners[part], row + at, influence + at, place + at
        )

    for more in pool.map(write, threads):
        pending = with_all(pending, more)
    rows.used[:] += before[-1]
    tellers.used[0] += before[-1]
    model.book = model.book._replace(rows=rows, tellers=tellers, pending=pending)


def parts_of(model: ColumnModel) -> list[int]:
    """Where the part of each thread of all spans of keys begins, and the end."""
    spans = model.state.high.shape[1]
    return [spans * part // model.threads for part in range(model.threads + 1)]
