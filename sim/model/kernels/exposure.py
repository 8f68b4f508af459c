"""What was heard: of all who understood a teller, one is noted for each hearer; and who looks around for holders."""

from __future__ import annotations

import numpy as np

from sim.machine.hints import fetch, inline
from sim.model.kernels.bitset import collect, mark
from sim.model.kernels.columns import (
    CREDITED,
    EVERY,
    HEARD,
    HEARD_COUNT,
    NOTES,
    NOW,
    PLACE,
    RESCAN,
    ROWS_BEFORE,
    ROWS_NOW,
    TIMED,
    WATCHED,
    Book,
    Catalogue,
    Hearings,
    People,
    State,
    Told,
    Ways,
    at,
)
from sim.model.kernels.holdings import is_closed, is_held
from sim.model.kernels.telling import tell
from sim.model.randomness import RANK, key_of, rank_of
from sim.model.rules import reaches_threshold
from sim.tape.rows import Rows
from sim.tape.tables import LEARN, Ints

SOME = 512  # hearings that are sorted out at once
AHEAD = 16  # hearings for whose keys the memory is asked while one is noted


@inline
def note(state: State, hearings: Hearings, key: int, pack: int) -> None:
    """Somebody heard and understood: of one key the least pack counts or, where every teller is credited, all."""
    best = state.heard[key]
    if state.dynamics[CREDITED] == EVERY:
        place = hearings.used[0]
        hearings.pack[place], hearings.next[place] = pack, best
        hearings.used[0] = place + 1
        state.heard[key] = place + 1
    elif best == 0 or pack < best:
        state.heard[key] = pack + 1
    state.counters[HEARD_COUNT] += mark(state.low[HEARD], state.high[HEARD], key)


def note_all(state: State, hearings: Hearings, keys: Ints, packs: Ints) -> None:
    """Note all who heard and understood; where every teller is credited, there must be room."""
    if state.dynamics[CREDITED] == EVERY:
        for k in range(1, keys[0] + 1):
            note(state, hearings, keys[k], packs[k])
    else:
        state.counters[HEARD_COUNT] += note_plainly(state, keys, packs, 1, keys[0])
    keys[0] = packs[0] = 0


def note_plainly(state: State, keys: Ints, packs: Ints, first: int, last: int) -> int:
    """Note those at the places `first` to `last`, where one teller is credited; how many had not heard before."""
    heard, low, high, new = state.heard, state.low[HEARD], state.high[HEARD], 0
    for k in range(first, last + 1):
        fetch(heard, keys[min(k + AHEAD, last)])
        key, pack = keys[k], packs[k]
        best = heard[key]
        if best == 0 or pack < best:
            heard[key] = pack + 1
        new += mark(low, high, key)
    return new


def note_those_of(state: State, keys: Ints, packs: Ints, begin: int, end: int) -> int:
    """Of all who heard, note the keys `begin` to `end` - 1, whole spans of marks; how many had not heard before."""
    my_keys, my_packs, new = np.empty(SOME, np.int64), np.empty(SOME, np.int64), 0
    for first in range(1, keys[0] + 1, SOME):
        number = 0
        for k in range(first, min(first + SOME, keys[0] + 1)):
            my_keys[number], my_packs[number] = keys[k], packs[k]
            number += begin <= keys[k] < end
        new += note_plainly(state, my_keys, my_packs, 0, number - 1)
    return new


def close_ranks(tellers: Ints) -> None:
    """Drop the tellers who tell no more."""
    left = 0
    for place in range(1, tellers[0] + 1):
        if tellers[place] >= 0:
            left += 1
            tellers[left] = tellers[place]
    tellers[0] = left


def hear(people: People, ways: Ways, back: Ways, catalogue: Catalogue, state: State, book: Book) -> bool:
    """Let all tell, and note who heard what; False if it has to be gone on with when there is room for more notes."""
    counters, tellers, keys, packs = state.counters, book.tellers, book.keys, book.packs
    every = state.dynamics[CREDITED] == EVERY
    told = book.told if book.crowd.size else Told(book.told.idea[:0], book.told.event, book.told.chance, book.told.used)
    while True:
        if every and book.hearings.used[0] + keys[0] > len(book.hearings.pack):
            book.needs[NOTES] = book.hearings.used[0] + keys[0]
            return False
        note_all(state, book.hearings, keys, packs)
        if counters[PLACE] > tellers[0] or tellers[0] == 0:
            return True
        counters[PLACE] = tell(
            people, ways, catalogue, state, tellers, max(counters[PLACE], 1), tellers[0], told,
            book.crowd.understanding, keys, packs,
        )  # fmt: skip


def watch(people: People, ways: Ways, state: State, rows: Rows) -> None:
    """Under the threshold rule, mark those who are to look around.

    Only those do whose neighbours took something up in the last step, and those who were at the threshold already or
    became open; everybody where parameters were changed or ties come and go.
    """
    n, low, high = state.n, state.low[WATCHED], state.high[WATCHED]
    if state.counters[RESCAN] or state.counters[TIMED]:
        state.counters[RESCAN] = 0
        for key in range(len(state.pairs)):
            mark(low, high, key)
        return
    for row in range(state.counters[ROWS_BEFORE], state.counters[ROWS_NOW]):
        if rows.kind[row] <= LEARN and rows.person[row] < n:
            person, base = rows.person[row], rows.idea[row] * n
            for tie in range(ways.indptr[person], ways.indptr[person + 1]):
                mark(low, high, base + ways.target[tie])


def look_around(people: People, back: Ways, state: State, book: Book) -> bool:
    """Let all that are watched hear of what enough of those hold who could tell them; False as `hear`."""
    low, high, candidates = state.low[WATCHED], state.high[WATCHED], book.learners
    while state.counters[PLACE] < high.shape[0]:
        span = state.counters[PLACE]
        number, ties = collect(low, high, span, span + 1, candidates), 0
        for k in range(number):
            person = candidates[k] % state.n
            ties += back.indptr[person + 1] - back.indptr[person]
        fits = state.dynamics[CREDITED] != EVERY or book.hearings.used[0] + ties <= len(book.hearings.pack)
        for k in range(number):
            if not fits or look_at(people, back, state, book.hearings, candidates[k]):
                mark(low, high, candidates[k])  # who does not take it up now is asked again
        if not fits:
            book.needs[NOTES] = book.hearings.used[0] + ties
            return False
        state.counters[PLACE] = span + 1
    return True


def look_at(people: People, back: Ways, state: State, hearings: Hearings, key: int) -> bool:
    """Let one person hear of one idea from all who hold it, if these are enough; whether they are."""
    now, n = state.counters[NOW], state.n
    idea = key // n
    person = key - idea * n
    if is_closed(state, key):
        return False
    held, total = 0.0, 0.0
    ties = range(back.indptr[person], back.indptr[person + 1])
    for tie in ties:
        if at(back.start, tie) <= now < at(back.end, tie):
            total += at(back.weight, tie)
            if is_held(state, idea * n + back.target[tie]):
                held += at(back.weight, tie)
    if not reaches_threshold(held, total, at(people.threshold, person)):
        return False
    rank_key = key_of(state.luck, RANK, now, idea)
    for tie in ties:
        other = back.target[tie]
        if at(back.start, tie) <= now < at(back.end, tie) and is_held(state, idea * n + other):
            pack = (rank_of(rank_key, other, person) << 32) | state.pairs[idea * n + other].event
            note(state, hearings, key, pack)
    return held > 0.0
