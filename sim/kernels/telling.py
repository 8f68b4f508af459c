"""Who tells whom: the loop over tellers and their ties, in which a run spends its time.

The ties of a teller whose other end is open are gathered into a small buffer, luck is drawn for the whole buffer at
once (which the processor does for several at a time), and those who understood are written down as hearings: a key,
and a pack of the rank and the source that competes for the credit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.kernels.columns import (
    ADOPTION,
    ALL,
    BOTH,
    CREDITED,
    EVERY,
    HEARD,
    HEARD_COUNT,
    HELD,
    LASTING,
    LISTED,
    NOW,
    RESCAN,
    ROWS_BEFORE,
    ROWS_NOW,
    SILENT,
    SIMPLE,
    STIFLING,
    TIMED,
    WATCHED,
    Bag,
    Catalogue,
    Hearings,
    People,
    State,
    Told,
    Ways,
    at,
    bag,
    put,
    roomy,
)
from sim.kernels.crowd import tell_crowd
from sim.kernels.holdings import is_closed, is_held
from sim.kernels.marks import collect, mark
from sim.randomness import LISTEN, MASK, RANK, STRANGERS, TELL, key_of, rank_of, squares64, uniform_of, unit
from sim.rules import (
    audience,
    chance_to_tell,
    chance_to_tell_stranger,
    chance_to_understand,
    reaches_threshold,
    skip,
)
from sim.tape import LEARN, Floats, Ints
from sim.tape_rows import Rows

__all__ = ["close_ranks", "note_all", "note_those_of", "tell"]

INLINE = ("gather", "tells_now", "note")  # called for each teller or hearing
BUFFER = 512  # ties for which luck is drawn at once


class Buffer(NamedTuple):
    """Tellings to be decided at once: teller and hearer as a counter, the teller's event, chance and luck."""

    counter: Ints
    source: Ints
    chance: Floats
    luck: Floats


def degree_of(ways: Ways, person: int, now: int) -> int:
    """How many ties a person has in this step."""
    degree = 0
    for tie in range(ways.indptr[person], ways.indptr[person + 1]):
        degree += at(ways.start, tie) <= now < at(ways.end, tie)
    return degree


def is_tied(ways: Ways, person: int, other: int, now: int) -> bool:
    """Whether a person has a tie to another in this step; ties are sorted by whom they lead to."""
    low, high = ways.indptr[person], ways.indptr[person + 1]
    while low < high:
        middle = (low + high) // 2
        if ways.target[middle] < other:
            low = middle + 1
        else:
            high = middle
    while low < ways.indptr[person + 1] and ways.target[low] == other:
        if at(ways.start, low) <= now < at(ways.end, low):
            return True
        low += 1
    return False


def decide(buffer: Buffer, filled: int, tell_key: int, rank_key: int, base: int, keys: Bag, packs: Bag) -> None:
    """Draw luck for a buffer of tellings, and write down who understood; there must be room for all."""
    for k in range(filled):
        buffer.luck[k] = unit(squares64(buffer.counter[k], tell_key))
    found = keys.used[0]
    for k in range(filled):
        if buffer.luck[k] < buffer.chance[k]:
            counter = buffer.counter[k]
            other = counter & MASK
            keys.items[found] = base + other
            packs.items[found] = (rank_of(rank_key, counter >> 32, other) << 32) | buffer.source[k]
            found += 1
    keys.used[0] = packs.used[0] = found


def tell(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, first: int, last: int, most: int,
    told: Told, crowd_understanding: float,
) -> tuple[int, Bag, Bag]:  # fmt: skip
    """Let those among the tellers `first` to `last` - 1 tell who tell in this step, until about `most` have understood.

    Returns the place of the first who has not told yet, and the keys and packs of who understood. What reached the
    crowd is added to `told`, if that has room for all tellers. A teller who tells no more is replaced by -1. Threads
    may share the columns: each key is listed once, and what two threads may write to the same place is the same.
    """
    room = min(most, 4 * (last - first)) + state.n + 2 * BUFFER  # memory is taken when it is written
    keys, packs, buffer = bag(room), bag(room), Buffer(
        np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64), np.empty(BUFFER), np.empty(BUFFER)
    )  # fmt: skip
    place = first
    while place < last and keys.used[0] < most:
        key = tellers[place]
        person = key % state.n if key >= 0 else 0
        more = ways.indptr[person + 1] - ways.indptr[person] + state.n + BUFFER
        keys, packs = roomy(keys, more), roomy(packs, more)
        place = tell_some(
            people, ways, catalogue, state, tellers, place, last, most, told, crowd_understanding, buffer, keys, packs
        )
    return place, keys, packs


def tell_some(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, place: int, last: int, most: int,
    told: Told, crowd_understanding: float, buffer: Buffer, keys: Bag, packs: Bag,
) -> int:  # fmt: skip
    """As `tell`, as far as there is room."""
    now, n, several = state.counters[NOW], state.n, len(catalogue.clarity) > 1
    simple, stifling, room = state.dynamics[ADOPTION] == SIMPLE, state.dynamics[STIFLING], len(keys.items)
    timed, lasting = state.counters[TIMED] != 0, state.counters[LASTING] != 0 and stifling == SILENT
    filled, at_idea, tell_key, rank_key = 0, -1, 0, 0
    while place < last and keys.used[0] < most:
        key = tellers[place]
        idea = key // n if several else 0
        person = key - idea * n
        if not tells_now(people, state, tellers, place, key, person):
            place += 1
            continue
        begin, end = ways.indptr[person], ways.indptr[person + 1]
        if keys.used[0] + BUFFER + end - begin + n > room:
            break
        place += 1
        addressed = audience(at(people.reach, person), state.size)
        if addressed <= 0.0:
            continue
        degree = degree_of(ways, person, now) if timed else end - begin
        if idea != at_idea:
            decide(buffer, filled, tell_key, rank_key, at_idea * n, keys, packs)
            filled, at_idea = 0, idea
            tell_key = key_of(state.luck, TELL, now, idea)
            rank_key = key_of(state.luck, RANK, now, idea)
        open_ties = 0
        while begin < end and simple:
            stop = min(end, begin + BUFFER - filled)
            more = gather(
                people, ways, catalogue, state, buffer, filled, key, idea, begin, stop, addressed, degree, tell_key
            )
            begin, filled, open_ties = stop, filled + more, open_ties + more
            if filled == BUFFER:
                decide(buffer, filled, tell_key, rank_key, idea * n, keys, packs)
                filled = 0
        said = chance_to_tell_stranger(addressed, degree, state.size)
        if said > 0.0:
            clarity = catalogue.clarity[idea] * at(people.clarity, person)
            if simple:
                tell_strangers(people, ways, catalogue, state, key, idea, person, said, keys, packs)
            understood = said * chance_to_understand(1.0, clarity, crowd_understanding)
            if len(told.idea) and understood > 0.0:
                tell_crowd(told, idea, state.event[key], understood)
        elif lasting and simple and not timed and open_ties == 0:
            state.bits[key] &= ALL - LISTED  # nobody is left to tell, and nobody will be
            tellers[place - 1] = -1
    decide(buffer, filled, tell_key, rank_key, at_idea * n, keys, packs)
    return place


def tells_now(people: People, state: State, tellers: Ints, place: int, key: int, person: int) -> bool:
    """Whether a teller tells in this step; one who never will any more is taken off the list."""
    if key < 0:
        return False
    now = state.counters[NOW]
    if not state.bits[key] & HELD or state.until[key] < now or not at(people.alive, person):
        state.bits[key] &= ALL - LISTED
        tellers[place] = -1
        return False
    return state.since[key] < now  # type: ignore[no-any-return]


def gather(
    people: People, ways: Ways, catalogue: Catalogue, state: State, buffer: Buffer, filled: int, key: int, idea: int,
    begin: int, end: int, addressed: float, degree: int, tell_key: int,
) -> int:  # fmt: skip
    """Put the ties whose other end is open into the buffer, which has room; returns how many."""
    now, base = state.counters[NOW], idea * state.n
    person, source = key - base, state.event[key]
    timed, stifling = state.counters[TIMED] != 0, state.dynamics[STIFLING]
    idea_clarity, clarity = catalogue.clarity[idea], at(people.clarity, person)
    first = filled
    for tie in range(begin, end):
        if timed and not at(ways.start, tie) <= now < at(ways.end, tie):
            continue
        other = ways.target[tie]
        shut = is_closed(state, base + other)
        said = chance_to_tell(addressed, degree, at(ways.weight, tie))
        if stifling != SILENT and shut:
            meet(state, key, base + other, said, uniform_of(tell_key, person, other), stifling)
        buffer.counter[filled] = (person << 32) | other
        buffer.source[filled] = source
        buffer.chance[filled] = said * chance_to_understand(idea_clarity, clarity, at(people.understanding, other))
        filled += 1 - shut  # what is closed is written over
    return filled - first


def meet(state: State, key: int, other_key: int, said: float, luck: float, stifling: float) -> None:
    """A teller meets one who knows already: stale news stifles the teller, or both of them, from the next step on."""
    if state.bits[other_key] & HELD and luck < said:
        now = state.counters[NOW]
        state.until[key] = min(state.until[key], now)
        if stifling == BOTH:
            state.until[other_key] = min(state.until[other_key], now)


def tell_strangers(
    people: People, ways: Ways, catalogue: Catalogue, state: State, key: int, idea: int, person: int, chance: float,
    keys: Bag, packs: Bag,
) -> None:  # fmt: skip
    """Let a teller address everybody without a tie with the same chance, by skipping over those not addressed."""
    now, n, stifling = state.counters[NOW], state.n, state.dynamics[STIFLING]
    skip_key, listen_key = key_of(state.luck, STRANGERS, now, idea), key_of(state.luck, LISTEN, now, idea)
    rank_key = key_of(state.luck, RANK, now, idea)
    other, draws = -1, 0
    while True:
        other += 1 + skip(uniform_of(skip_key, person, draws) if chance < 1.0 else 0.0, chance)
        if other >= n:
            break
        draws += 1
        other_key = idea * n + other
        shut = is_closed(state, other_key)
        if other == person or (shut and stifling == SILENT) or is_tied(ways, person, other, now):
            continue
        luck = uniform_of(listen_key, person, other)
        if shut:
            meet(state, key, other_key, 1.0, luck, stifling)
        elif luck < 1.0 * chance_to_understand(
            catalogue.clarity[idea], at(people.clarity, person), at(people.understanding, other)
        ):
            put(keys, other_key)
            put(packs, (rank_of(rank_key, person, other) << 32) | state.event[key])


def no_hearings(room: int) -> Hearings:
    """None yet, with room."""
    return Hearings(np.empty(room, np.int64), np.empty(room, np.int64), np.zeros(1, np.int64))


def note(state: State, hearings: Hearings, key: int, pack: int) -> None:
    """Somebody heard and understood: of one key the least pack counts or, where every teller is credited, all."""
    if state.dynamics[CREDITED] == EVERY:
        place = hearings.used[0]
        hearings.pack[place], hearings.next[place] = pack, state.best[key]
        hearings.used[0] = place + 1
        state.best[key] = place + 1
    elif state.best[key] == 0 or pack + 1 < state.best[key]:
        state.best[key] = pack + 1
    state.counters[HEARD_COUNT] += mark(state.low[HEARD], state.high[HEARD], key)


def note_all(state: State, hearings: Hearings, keys: Bag, packs: Bag) -> None:
    """Note all who heard and understood; where every teller is credited, there must be room."""
    for k in range(keys.used[0]):
        note(state, hearings, keys.items[k], packs.items[k])


def note_those_of(state: State, keys: Ints, packs: Ints, found: int, first: int, last: int) -> int:
    """Note those of the keys `first` to `last` - 1, whole spans of marks, where one teller is credited; how many."""
    best, low, high = state.best, state.low[HEARD], state.high[HEARD]
    new = 0
    for k in range(found):
        key = keys[k]
        if first <= key < last:
            pack = packs[k] + 1
            if best[key] == 0 or pack < best[key]:
                best[key] = pack
            new += mark(low, high, key)
    return new


def close_ranks(tellers: Bag) -> None:
    """Drop the tellers who tell no more."""
    left = 0
    for place in range(tellers.used[0]):
        if tellers.items[place] >= 0:
            tellers.items[left] = tellers.items[place]
            left += 1
    tellers.used[0] = left


def look_around(
    people: People, ways: Ways, back: Ways, catalogue: Catalogue, state: State, rows: Rows
) -> tuple[Bag, Bag]:
    """Under the threshold rule, hear of every idea that enough of those hold who could tell.

    Only those are looked at whose neighbours took something up in the last step, and those who were at the threshold
    already or became open; everybody where parameters were changed or ties come and go.
    """
    n, m, low, high = state.n, len(catalogue.clarity), state.low[WATCHED], state.high[WATCHED]
    if state.counters[RESCAN] or state.counters[TIMED]:
        state.counters[RESCAN] = 0
        for key in range(n * m):
            mark(low, high, key)
    else:
        for row in range(state.counters[ROWS_BEFORE], state.counters[ROWS_NOW]):
            if rows.kind[row] <= LEARN and rows.person[row] < n:
                person, base = rows.person[row], rows.idea[row] * n
                for tie in range(ways.indptr[person], ways.indptr[person + 1]):
                    mark(low, high, base + ways.target[tie])
    keys, packs = bag(64), bag(64)
    candidates = np.empty(4096, np.int64)
    for span in range(high.shape[0]):
        if high[span]:
            for k in range(collect(low, high, span, span + 1, candidates)):
                keys, packs = look_at(people, back, state, candidates[k], keys, packs)
    for k in range(keys.used[0]):
        mark(low, high, keys.items[k])  # who does not take it up now is asked again
    return keys, packs


def look_at(people: People, back: Ways, state: State, key: int, keys: Bag, packs: Bag) -> tuple[Bag, Bag]:
    """Let one person hear of one idea from all who hold it, if these are enough."""
    now, n = state.counters[NOW], state.n
    idea = key // n
    person = key - idea * n
    if is_closed(state, key):
        return keys, packs
    held, total = 0.0, 0.0
    ties = range(back.indptr[person], back.indptr[person + 1])
    for tie in ties:
        if at(back.start, tie) <= now < at(back.end, tie):
            total += at(back.weight, tie)
            if is_held(state, idea * n + back.target[tie]):
                held += at(back.weight, tie)
    if reaches_threshold(held, total, at(people.threshold, person)):
        keys, packs = roomy(keys, len(ties)), roomy(packs, len(ties))
        rank_key = key_of(state.luck, RANK, now, idea)
        for tie in ties:
            other = back.target[tie]
            if at(back.start, tie) <= now < at(back.end, tie) and is_held(state, idea * n + other):
                put(keys, key)
                put(packs, (rank_of(rank_key, other, person) << 32) | state.event[idea * n + other])
    return keys, packs
