"""Who tells whom: the loop over tellers and their ties, in which a run spends its time.

The ties of tellers are gathered into a small buffer, luck is drawn for the whole buffer at once (which the processor
does for several at a time), and those who understood and can take the idea up are written down as hearings: a key, and
a pack of the rank and the source that competes for the credit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.machine.hints import fetch, inline
from sim.model.kernels.columns import (
    ADOPTION,
    ALL,
    HELD,
    LASTING,
    LISTED,
    NOW,
    SILENT,
    SIMPLE,
    STIFLING,
    TIMED,
    Catalogue,
    People,
    State,
    Told,
    Ways,
    at,
    put,
)
from sim.model.kernels.crowd import tell_crowd
from sim.model.kernels.holdings import is_closed
from sim.model.kernels.stifling import degree_of, meet, tie_to
from sim.model.randomness import (
    LISTEN,
    MASK,
    RANK,
    STRANGERS,
    TELL,
    UPPER,
    key_of,
    limit_of,
    rank_of,
    squares64,
    uniform_of,
)
from sim.model.rules import audience, chance_to_tell, chance_to_tell_stranger, chance_to_understand, is_settled, skip
from sim.tape.tables import Ints

BUFFER = 512  # ties for which luck is drawn at once
SOME = 16  # tellers to whom it is left to tell strangers before the others are looked for again
AHEAD = 32  # tellers for whose ties the memory is asked while one tells


class Buffer(NamedTuple):
    """Tellings to be decided at once: teller and hearer as a counter, below which bits the hearer understands."""

    counter: Ints
    limit: Ints
    bits: Ints
    hits: Ints  # places in the buffer
    keys: Ints  # the idea, and the keys of the luck with which it is told: to tell, to rank, to skip, to listen


def speak_of(state: State, buffer: Buffer, idea: int) -> None:
    """Let the keys of the luck be those of an idea."""
    if buffer.keys[0] != idea:
        now = state.counters[NOW]
        buffer.keys[0] = idea
        buffer.keys[1] = key_of(state.luck, TELL, now, idea)
        buffer.keys[2] = key_of(state.luck, RANK, now, idea)
        buffer.keys[3] = key_of(state.luck, STRANGERS, now, idea)
        buffer.keys[4] = key_of(state.luck, LISTEN, now, idea)


def decide(state: State, buffer: Buffer, filled: int, base: int, keys: Ints, packs: Ints) -> None:
    """Draw luck for a buffer of tellings, and write down who understood and is open; there must be room for all.

    Each loop does one thing to all, so that nothing waits for the outcome of a draw.
    """
    counter, limit, bits, hits = buffer.counter, buffer.limit, buffer.bits, buffer.hits
    tell_key, rank_key = buffer.keys[1], buffer.keys[2]
    for k in range(filled):
        bits[k] = (squares64(counter[k], tell_key) >> 11) & UPPER
    understood = 0
    for k in range(filled):
        hits[understood] = k
        understood += bits[k] < limit[k]
    opened = 0
    for j in range(understood):
        counter[opened] = counter[hits[j]]
        opened += 1 - is_closed(state, base + (counter[opened] & MASK))
    found = keys[0] + 1
    for k in range(opened):
        person, other = counter[k] >> 32, counter[k] & MASK
        keys[found + k] = base + other
        packs[found + k] = (rank_of(rank_key, person, other) << 32) | state.pairs[base + person].event
    keys[0] = packs[0] = keys[0] + opened


def tell(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, place: int, last: int, told: Told,
    crowd_understanding: float, keys: Ints, packs: Ints,
) -> int:  # fmt: skip
    """Let those in the bag of tellers from `place` to `last` tell who tell in this step, while there is room.

    Returns the place of the first who has not told yet. The keys and packs of who understood are added to these bags,
    which must have room for what one teller and the buffer may add; what reached the crowd is added to `told`, if that
    has room for all tellers. A teller who tells no more is replaced by -1. Threads may share the columns: each key is
    listed once, and what two threads may write to the same place is the same.
    """
    buffer = Buffer(
        np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64),
        np.full(5, -1, np.int64),
    )  # fmt: skip
    alike = len(ways.weight) == 1 and len(people.understanding) == 1 and state.counters[TIMED] == 0
    plain = alike and state.dynamics[STIFLING] == SILENT and state.dynamics[ADOPTION] == SIMPLE
    before = -1
    while before < place <= last:
        if plain:
            place = tell_plainly(people, ways, catalogue, state, tellers, place, last, buffer, keys, packs)
        before = place
        place = tell_anyhow(
            people, ways, catalogue, state, tellers, place, min(place + SOME, last) if plain else last, told,
            crowd_understanding, buffer, keys, packs,
        )  # fmt: skip
    return place


def tell_plainly(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, place: int, last: int,
    buffer: Buffer, keys: Ints, packs: Ints,
) -> int:  # fmt: skip
    """As `tell`, to ties that are all alike, as long as nobody tells strangers and all tell of one idea.

    This is where a large run spends its time, most of it waiting for the memory. Of those told by one who tells for
    the last time, it is cheaper to ask only who understood whether they are open; one who tells again is let go when
    nobody is.
    """
    idea = max(tellers[place], 0) // state.n
    base, clarity, filled = idea * state.n, catalogue.clarity[idea], 0
    lasting = state.counters[LASTING] != 0
    speak_of(state, buffer, idea)
    while place <= last:
        look_ahead(people, ways, state, tellers, place, last, base)
        key = tellers[place]
        person = key - base
        if key >= 0:
            if not 0 <= person < state.n:
                break
            begin, end = ways.indptr[person], ways.indptr[person + 1]
            addressed, degree = audience(at(people.reach, person), state.size), end - begin
            if addressed > degree or degree > BUFFER or keys[0] + filled + degree >= len(keys):
                break
            if tells_now(people, state, tellers, place, key, person):
                if filled + degree > BUFFER:
                    decide(state, buffer, filled, base, keys, packs)
                    filled = 0
                said = chance_to_tell(addressed, degree, ways.weight[0])
                chance = said * chance_to_understand(clarity, at(people.clarity, person), people.understanding[0])
                limit, again, before = limit_of(chance), tellers[place] >= 0, filled
                if again:
                    for tie in range(begin, end):
                        other = ways.target[tie]
                        buffer.counter[filled], buffer.limit[filled] = (person << 32) | other, limit
                        filled += 1 - is_closed(state, base + other)  # what is closed is written over
                    if lasting and filled == before:
                        unlist(state, tellers, place, key)  # nobody is left to tell, and nobody will be
                else:
                    for k in range(degree):
                        buffer.counter[filled + k] = (person << 32) | ways.target[begin + k]
                    for k in range(degree):
                        buffer.limit[filled + k] = limit
                    filled += degree
        place += 1
    decide(state, buffer, filled, base, keys, packs)
    return place


@inline
def look_ahead(people: People, ways: Ways, state: State, tellers: Ints, place: int, last: int, base: int) -> None:
    """Ask for what the tellers will need who come next: the ties of one, and where those of one further on begin."""
    soon, later = tellers[min(place + AHEAD, last)] - base, tellers[min(place + 2 * AHEAD, last)] - base
    if 0 <= later < state.n:
        fetch(state.pairs, base + later)
        fetch(ways.indptr, later)
        fetch(people.reach, later if len(people.reach) > 1 else 0)
    if 0 <= soon < state.n:
        fetch(ways.target, ways.indptr[soon])
        fetch(ways.target, ways.indptr[soon + 1] - 1)


def tell_anyhow(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, place: int, last: int, told: Told,
    crowd_understanding: float, buffer: Buffer, keys: Ints, packs: Ints,
) -> int:  # fmt: skip
    """As `tell`, whatever ties and dynamics are like."""
    now, n, several = state.counters[NOW], state.n, len(catalogue.clarity) > 1
    simple, stifling, room = state.dynamics[ADOPTION] == SIMPLE, state.dynamics[STIFLING], len(keys) - 1
    timed, lasting = state.counters[TIMED] != 0, state.counters[LASTING] != 0 and stifling == SILENT
    filled, at_idea = 0, -1
    while place <= last:
        key = tellers[place]
        idea = key // n if several else 0
        person = key - idea * n
        begin, end = ways.indptr[max(person, 0)], ways.indptr[max(person, 0) + 1]
        if keys[0] + BUFFER + end - begin + n > room:
            break
        place += 1
        if not tells_now(people, state, tellers, place - 1, key, person):
            continue
        source = state.pairs[key].event
        addressed = audience(at(people.reach, person), state.size)
        if addressed <= 0.0:
            continue
        degree = degree_of(ways, person, now) if timed else end - begin
        if idea != at_idea:
            decide(state, buffer, filled, at_idea * n, keys, packs)
            filled, at_idea = 0, idea
            speak_of(state, buffer, idea)
        open_ties = 0
        while begin < end and simple:
            stop = min(end, begin + BUFFER - filled)
            more = gather(people, ways, catalogue, state, buffer, filled, key, idea, begin, stop, addressed, degree)
            begin, filled, open_ties = stop, filled + more, open_ties + more
            if filled == BUFFER:
                decide(state, buffer, filled, idea * n, keys, packs)
                filled = 0
        said = chance_to_tell_stranger(addressed, degree, state.size)
        if said > 0.0:
            clarity = catalogue.clarity[idea] * at(people.clarity, person)
            if simple:
                tell_strangers(people, ways, catalogue, state, buffer, key, idea, person, said, keys, packs)
            understood = said * chance_to_understand(1.0, clarity, crowd_understanding)
            if len(told.idea) and understood > 0.0:
                tell_crowd(told, idea, source, understood)
        elif lasting and simple and not timed and open_ties == 0 and tellers[place - 1] >= 0:
            unlist(state, tellers, place - 1, key)  # nobody is left to tell, and nobody will be
    decide(state, buffer, filled, at_idea * n, keys, packs)
    return place


def unlist(state: State, tellers: Ints, place: int, key: int) -> None:
    """Take a teller off the list."""
    state.pairs[key].bits &= ALL - LISTED
    tellers[place] = -1


@inline
def tells_now(people: People, state: State, tellers: Ints, place: int, key: int, person: int) -> bool:
    """Whether a teller tells in this step; one who never will again is taken off the list."""
    if key < 0:
        return False
    now, pair = state.counters[NOW], state.pairs[key]
    if not pair.bits & HELD or pair.until < now or not at(people.alive, person):
        unlist(state, tellers, place, key)
        return False
    if not is_settled(pair.since, now):
        return False
    if pair.until == now:
        unlist(state, tellers, place, key)
    return True


@inline
def gather(
    people: People, ways: Ways, catalogue: Catalogue, state: State, buffer: Buffer, filled: int, key: int, idea: int,
    begin: int, end: int, addressed: float, degree: int,
) -> int:  # fmt: skip
    """Put the ties whose other end is open into the buffer, which has room; returns how many."""
    now, base = state.counters[NOW], idea * state.n
    person = key - base
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
            meet(people, ways, state, key, base + other, said, uniform_of(buffer.keys[1], person, other), stifling)
        chance = said * chance_to_understand(idea_clarity, clarity, at(people.understanding, other))
        buffer.counter[filled], buffer.limit[filled] = (person << 32) | other, limit_of(chance)
        filled += 1 - shut
    return filled - first


def tell_strangers(
    people: People, ways: Ways, catalogue: Catalogue, state: State, buffer: Buffer, key: int, idea: int, person: int,
    chance: float, keys: Ints, packs: Ints,
) -> None:  # fmt: skip
    """Let a teller address everybody without a tie with the same chance, by skipping over those not addressed."""
    now, n, stifling = state.counters[NOW], state.n, state.dynamics[STIFLING]
    rank_key, skip_key, listen_key = buffer.keys[2], buffer.keys[3], buffer.keys[4]
    other, draws = -1, 0
    while True:
        other += 1 + skip(uniform_of(skip_key, person, draws) if chance < 1.0 else 0.0, chance)
        if other >= n:
            break
        draws += 1
        other_key = idea * n + other
        shut = is_closed(state, other_key)
        if other == person or (shut and stifling == SILENT) or tie_to(ways, person, other, now) >= 0:
            continue
        luck = uniform_of(listen_key, person, other)
        if shut:
            meet(people, ways, state, key, other_key, 1.0, luck, stifling)
        elif luck < 1.0 * chance_to_understand(
            catalogue.clarity[idea], at(people.clarity, person), at(people.understanding, other)
        ):
            put(keys, other_key)
            put(packs, (rank_of(rank_key, person, other) << 32) | state.pairs[key].event)
