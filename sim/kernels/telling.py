"""Who tells whom: the loop over tellers and their ties, in which a run spends its time.

The ties of a teller whose other end is open are gathered into a small buffer, luck is drawn for the whole buffer at
once (which the processor does for several at a time), and those who understood are written down as hearings: a key,
and a pack of the rank and the source that competes for the credit.
"""

from __future__ import annotations

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

BUFFER = 512  # ties for which luck is drawn at once


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


def decide(
    counter: Ints, chance: Floats, source: Ints, luck: Floats, filled: int,
    tell_key: int, rank_key: int, base: int, keys: Bag, packs: Bag,
) -> None:  # fmt: skip
    """Draw luck for a buffer of tellings, and write down who understood; there must be room for all."""
    for k in range(filled):
        luck[k] = unit(squares64(counter[k], tell_key))
    found = keys.used[0]
    for k in range(filled):
        if luck[k] < chance[k]:
            other = counter[k] & MASK
            keys.items[found] = base + other
            packs.items[found] = (rank_of(rank_key, counter[k] >> 32, other) << 32) | source[k]
            found += 1
    keys.used[0] = packs.used[0] = found


def tell(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, first: int, last: int, most: int,
    told: Told, crowd_understanding: float,
) -> tuple[int, Bag, Bag]:  # fmt: skip
    """Let those among the tellers `first` to `last` - 1 tell who tell in this step, until about `most` have understood.

    Returns the place of the first who has not told yet, and the keys and packs of who understood. What reached the
    crowd is added to `told`, if that has room for all tellers. A teller who tells no more is replaced by -1. Threads may
    share the columns: each key is listed once, and what two threads may write to the same place is the same.
    """
    now, n, several = state.counters[NOW], state.n, len(catalogue.clarity) > 1
    simple, stifling = state.dynamics[ADOPTION] == SIMPLE, state.dynamics[STIFLING]
    timed, lasting = state.counters[TIMED] != 0, state.counters[LASTING] != 0 and stifling == SILENT
    counter, source = np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64)
    chance, luck = np.empty(BUFFER), np.empty(BUFFER)
    room = min(most, 4 * (last - first)) + 2 * BUFFER
    keys, packs = bag(room), bag(room)
    bits, closed, target = state.bits, state.closed, ways.target
    filled, at_idea, base, tell_key, rank_key = 0, -1, 0, 0, 0
    place = first
    while place < last and keys.used[0] < most:
        key = tellers[place]
        place += 1
        idea = key // n if several else 0
        person = key - idea * n
        if not bits[key] & HELD or state.until[key] < now or not at(people.alive, person):
            bits[key] &= ALL - LISTED
            tellers[place - 1] = -1
            continue
        if state.since[key] == now:
            continue
        addressed = audience(at(people.reach, person), state.size)
        if addressed <= 0.0:
            continue
        begin, end = ways.indptr[person], ways.indptr[person + 1]
        degree = degree_of(ways, person, now) if timed else end - begin
        keys, packs = roomy(keys, BUFFER + degree), roomy(packs, BUFFER + degree)
        if idea != at_idea:
            decide(counter, chance, source, luck, filled, tell_key, rank_key, base, keys, packs)
            filled, at_idea, base = 0, idea, idea * n
            tell_key = key_of(state.luck, TELL, now, idea)
            rank_key = key_of(state.luck, RANK, now, idea)
        clarity, event, open_ties = at(people.clarity, person), state.event[key], 0
        for tie in range(begin, end if simple else begin):
            if timed and not at(ways.start, tie) <= now < at(ways.end, tie):
                continue
            other = target[tie]
            other_key = base + other
            shut = (closed[other_key >> 6] >> (other_key & 63)) & 1
            said = chance_to_tell(addressed, degree, at(ways.weight, tie))
            if stifling != SILENT and shut:
                meet(state, key, other_key, said, uniform_of(tell_key, person, other), stifling)
            counter[filled] = (person << 32) | other
            source[filled] = event
            chance[filled] = said * chance_to_understand(
                catalogue.clarity[idea], clarity, at(people.understanding, other)
            )
            filled += 1 - shut
            open_ties += 1 - shut
            if filled == BUFFER:
                decide(counter, chance, source, luck, filled, tell_key, rank_key, base, keys, packs)
                filled = 0
        said = chance_to_tell_stranger(addressed, degree, state.size)
        if said > 0.0:
            if simple:
                keys, packs = tell_strangers(people, ways, catalogue, state, key, idea, person, said, keys, packs)
            understood = said * chance_to_understand(1.0, catalogue.clarity[idea] * clarity, crowd_understanding)
            if len(told.idea) and understood > 0.0:
                tell_crowd(told, idea, event, understood)
        elif lasting and simple and not timed and open_ties == 0:
            bits[key] &= ALL - LISTED  # nobody is left to tell, and nobody will be
            tellers[place - 1] = -1
    keys, packs = roomy(keys, BUFFER), roomy(packs, BUFFER)
    decide(counter, chance, source, luck, filled, tell_key, rank_key, base, keys, packs)
    return place, keys, packs


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
) -> tuple[Bag, Bag]:  # fmt: skip
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
            keys, packs = roomy(keys, 1), roomy(packs, 1)
            put(keys, other_key)
            put(packs, (rank_of(rank_key, person, other) << 32) | state.event[key])
    return keys, packs


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
