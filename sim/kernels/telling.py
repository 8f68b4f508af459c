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
    NOTES,
    NOW,
    PLACE,
    RESCAN,
    ROWS_BEFORE,
    ROWS_NOW,
    SILENT,
    SIMPLE,
    STIFLING,
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
    put,
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
    part_of_meeting,
    reaches_threshold,
    skip,
)
from sim.tape import LEARN, Floats, Ints
from sim.tape_rows import Rows

__all__ = ["close_ranks", "note_all", "note_those_of", "tell"]

INLINE = ("gather", "tells_now", "note")  # called for each teller or hearing
BUFFER = 512  # ties for which luck is drawn at once
AHEAD = 64  # tellers that are looked at together


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


def tie_to(ways: Ways, person: int, other: int, now: int) -> int:
    """The tie of a person to another in this step, -1 if there is none; ties are sorted by whom they lead to."""
    low, high = ways.indptr[person], ways.indptr[person + 1]
    while low < high:
        middle = (low + high) // 2
        if ways.target[middle] < other:
            low = middle + 1
        else:
            high = middle
    while low < ways.indptr[person + 1] and ways.target[low] == other:
        if at(ways.start, low) <= now < at(ways.end, low):
            return low  # type: ignore[no-any-return]
        low += 1
    return -1


def decide(buffer: Buffer, filled: int, tell_key: int, rank_key: int, base: int, keys: Ints, packs: Ints) -> None:
    """Draw luck for a buffer of tellings, and write down who understood; there must be room for all."""
    for k in range(filled):
        buffer.luck[k] = unit(squares64(buffer.counter[k], tell_key))
    found = keys[0]
    for k in range(filled):
        if buffer.luck[k] < buffer.chance[k]:
            counter = buffer.counter[k]
            other = counter & MASK
            found += 1
            keys[found] = base + other
            packs[found] = (rank_of(rank_key, counter >> 32, other) << 32) | buffer.source[k]
    keys[0] = packs[0] = found


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
    buffer = Buffer(np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64), np.empty(BUFFER), np.empty(BUFFER))
    ahead = np.empty((6, AHEAD), np.int64)
    alike = len(ways.weight) == 1 and len(people.understanding) == 1 and state.counters[TIMED] == 0
    plain = alike and state.dynamics[STIFLING] == SILENT and state.dynamics[ADOPTION] == SIMPLE
    before = -1
    while before < place <= last:
        if plain:
            place = tell_plainly(people, ways, catalogue, state, tellers, place, last, buffer, ahead, keys, packs)
        before = place
        place = tell_anyhow(
            people, ways, catalogue, state, tellers, place, min(place, last) if plain else last, told,
            crowd_understanding, buffer, keys, packs,
        )  # fmt: skip
    return place


def tell_plainly(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, place: int, last: int,
    buffer: Buffer, ahead: Ints, keys: Ints, packs: Ints,
) -> int:  # fmt: skip
    """As `tell`, to ties that are all alike, as long as nobody tells strangers and all tell of one idea.

    This is where a large run spends its time, nearly all of it waiting for the memory: so the next tellers are looked
    at together.
    """
    idea = max(tellers[place], 0) // state.n
    base, clarity, filled = idea * state.n, catalogue.clarity[idea], 0
    lasting = state.counters[LASTING] != 0
    tell_key = key_of(state.luck, TELL, state.counters[NOW], idea)
    rank_key = key_of(state.luck, RANK, state.counters[NOW], idea)
    while place <= last:
        first, room = place, len(keys) - 1 - keys[0] - filled
        place, number = look_ahead(people, ways, state, tellers, place, last, base, room, ahead)
        for k in range(number):
            person, begin, end, source = ahead[0, k], ahead[1, k], ahead[2, k], ahead[3, k]
            if filled + end - begin > BUFFER:
                decide(buffer, filled, tell_key, rank_key, base, keys, packs)
                filled = 0
            said = chance_to_tell(audience(at(people.reach, person), state.size), end - begin, ways.weight[0])
            chance = said * chance_to_understand(clarity, at(people.clarity, person), people.understanding[0])
            before = filled
            for tie in range(begin, end):
                other = ways.target[tie]
                buffer.counter[filled] = (person << 32) | other
                buffer.source[filled], buffer.chance[filled] = source, chance
                filled += 1 - is_closed(state, base + other)  # what is closed is written over
            if lasting and filled == before:
                unlist(state, tellers, ahead[4, k], base + person)  # nobody is left to tell, and nobody will be
        if place == first:
            break
    decide(buffer, filled, tell_key, rank_key, base, keys, packs)
    return place


def tell_anyhow(
    people: People, ways: Ways, catalogue: Catalogue, state: State, tellers: Ints, place: int, last: int, told: Told,
    crowd_understanding: float, buffer: Buffer, keys: Ints, packs: Ints,
) -> int:  # fmt: skip
    """As `tell`, whatever ties and dynamics are like."""
    now, n, several = state.counters[NOW], state.n, len(catalogue.clarity) > 1
    simple, stifling, room = state.dynamics[ADOPTION] == SIMPLE, state.dynamics[STIFLING], len(keys) - 1
    timed, lasting = state.counters[TIMED] != 0, state.counters[LASTING] != 0 and stifling == SILENT
    filled, at_idea, tell_key, rank_key = 0, -1, 0, 0
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
                tell_crowd(told, idea, source, understood)
        elif lasting and simple and not timed and open_ties == 0 and tellers[place - 1] >= 0:
            unlist(state, tellers, place - 1, key)  # nobody is left to tell, and nobody will be
    decide(buffer, filled, tell_key, rank_key, at_idea * n, keys, packs)
    return place


def look_ahead(
    people: People, ways: Ways, state: State, tellers: Ints, place: int, last: int, base: int, room: int, ahead: Ints
) -> tuple[int, int]:  # fmt: skip
    """Write down who of the next tellers tells, where their ties begin and end, their event, and their place.

    Returns the place of the next teller, and how many tell. It stops at a teller of another idea, and at one who tells
    strangers or has more ties than the buffer holds, or for whom there may be no room.
    """
    stop, number, seen = min(place + AHEAD - 1, last), 0, 0
    while place <= stop:
        key = tellers[place]
        person = key - base
        if key >= 0:
            if not 0 <= person < state.n:
                break
            begin, end = ways.indptr[person], ways.indptr[person + 1]
            room -= end - begin
            if room < 0 or end - begin > BUFFER or audience(at(people.reach, person), state.size) > end - begin:
                break
            if tells_now(people, state, tellers, place, key, person):
                ahead[0, number], ahead[1, number], ahead[2, number] = person, begin, end
                ahead[3, number], ahead[4, number] = state.pairs[key].event, place
                if begin < end:
                    seen ^= ways.target[begin]
                number += 1
        place += 1
    ahead[5, 0] = seen  # so that it is not left out
    return place, number


def unlist(state: State, tellers: Ints, place: int, key: int) -> None:
    """Take a teller off the list."""
    state.pairs[key].bits &= ALL - LISTED
    tellers[place] = -1


def tells_now(people: People, state: State, tellers: Ints, place: int, key: int, person: int) -> bool:
    """Whether a teller tells in this step; one who never will again is taken off the list."""
    if key < 0:
        return False
    now, pair = state.counters[NOW], state.pairs[key]
    if not pair.bits & HELD or pair.until < now or not at(people.alive, person):
        unlist(state, tellers, place, key)
        return False
    if pair.since >= now:
        return False
    if pair.until == now:
        unlist(state, tellers, place, key)
    return True


def gather(
    people: People, ways: Ways, catalogue: Catalogue, state: State, buffer: Buffer, filled: int, key: int, idea: int,
    begin: int, end: int, addressed: float, degree: int, tell_key: int,
) -> int:  # fmt: skip
    """Put the ties whose other end is open into the buffer, which has room; returns how many."""
    now, base = state.counters[NOW], idea * state.n
    person, source = key - base, state.pairs[key].event
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
            meet(people, ways, state, key, base + other, said, uniform_of(tell_key, person, other), stifling)
        chance = said * chance_to_understand(idea_clarity, clarity, at(people.understanding, other))
        buffer.counter[filled] = (person << 32) | other
        buffer.source[filled], buffer.chance[filled] = source, chance
        filled += 1 - shut
    return filled - first


def meet(
    people: People, ways: Ways, state: State, key: int, other_key: int, said: float, luck: float, stifling: float
) -> None:  # fmt: skip
    """A teller meets one who knows already: stale news stifles the teller, or both of them, from the next step on."""
    if not state.pairs[other_key].bits & HELD or luck >= said:
        return
    now = state.counters[NOW]
    if stifling == BOTH:
        here, back = address(people, ways, state, key, other_key), address(people, ways, state, other_key, key)
        if luck >= said * part_of_meeting(here, back):
            return
        state.pairs[other_key].until = min(state.pairs[other_key].until, now)
    state.pairs[key].until = min(state.pairs[key].until, now)


def address(people: People, ways: Ways, state: State, key: int, other_key: int) -> float:
    """The chance that a holder addresses another person in this step: 0 for one who does not tell.

    Another thread may stifle one of them meanwhile, which shows from the next step on only: `until` is `now` or later
    before and after.
    """
    now, n, pair = state.counters[NOW], state.n, state.pairs[key]
    person, other = key % n, other_key % n
    addressed = audience(at(people.reach, person), state.size)
    if not is_held(state, key) or pair.until < now or not at(people.alive, person) or addressed <= 0.0:
        return 0.0
    tie = tie_to(ways, person, other, now)
    timed, begin, end = state.counters[TIMED] != 0, ways.indptr[person], ways.indptr[person + 1]
    degree = degree_of(ways, person, now) if timed else end - begin
    if tie >= 0:
        return chance_to_tell(addressed, degree, at(ways.weight, tie))
    return chance_to_tell_stranger(addressed, degree, state.size)


def tell_strangers(
    people: People, ways: Ways, catalogue: Catalogue, state: State, key: int, idea: int, person: int, chance: float,
    keys: Ints, packs: Ints,
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


def note(state: State, hearings: Hearings, key: int, pack: int) -> None:
    """Somebody heard and understood: of one key the least pack counts or, where every teller is credited, all."""
    pair = state.pairs[key]
    if state.dynamics[CREDITED] == EVERY:
        place = hearings.used[0]
        hearings.pack[place], hearings.next[place] = pack, pair.best
        hearings.used[0] = place + 1
        pair.best = place + 1
    elif pair.best == 0 or pack + 1 < pair.best:
        pair.best = pack + 1
    state.counters[HEARD_COUNT] += mark(state.low[HEARD], state.high[HEARD], key)


def note_all(state: State, hearings: Hearings, keys: Ints, packs: Ints) -> None:
    """Note all who heard and understood; where every teller is credited, there must be room."""
    for k in range(1, keys[0] + 1):
        note(state, hearings, keys[k], packs[k])
    keys[0] = packs[0] = 0


def note_those_of(state: State, keys: Ints, packs: Ints, first: int, last: int) -> int:
    """Note those of the keys `first` to `last` - 1, whole spans of marks, where one teller is credited; how many."""
    low, high = state.low[HEARD], state.high[HEARD]
    new = 0
    for k in range(1, keys[0] + 1):
        key = keys[k]
        if first <= key < last:
            pair, pack = state.pairs[key], packs[k] + 1
            if pair.best == 0 or pack < pair.best:
                pair.best = pack
            new += mark(low, high, key)
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
        if counters[PLACE] > tellers[0]:
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
