"""Telling: the loop over tellers and their ties, in which a run spends its time.

The ties of tellers are gathered into a small buffer, random bits are drawn for the whole buffer at once (the processor
draws several at a time), and for each person who understood and can adopt the idea, the key and the teller's claim to
the credit are written down.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.machine.hints import fetch, inline
from sim.model.kernels.columns import ALL, HELD, LISTED, SILENT, SIMPLE, TIES_ONLY, Run, at, filled, push
from sim.model.kernels.crowd import tell_crowd
from sim.model.kernels.holdings import is_closed
from sim.model.kernels.stifling import degree_of, is_there, meet, tie_to
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
from sim.model.rules import (
    audience,
    chance_of_both,
    chance_to_tell,
    chance_to_tell_stranger,
    chance_to_understand,
    claim,
    comes_true,
    is_settled,
    skip,
    within_ties,
)
from sim.tape.tables import Ints

BUFFER = 512  # ties for which random bits are drawn at once
SOME = 16  # tellers left to `tell_anyhow` before `tell_plainly` is tried again
AHEAD = 32  # how many tellers ahead the memory is asked for ties


class Buffer(NamedTuple):
    """Tellings to be decided at once: teller and hearer as a counter, and a limit; bits below it are understood."""

    counter: Ints
    limit: Ints
    bits: Ints
    hits: Ints  # places in the buffer
    random: Ints  # the idea, and the keys of its random streams: to tell, to rank, to skip, to listen


def speak_of(run: Run, buffer: Buffer, idea: int) -> None:
    """Set the random streams to those of an idea."""
    if buffer.random[0] != idea:
        buffer.random[0] = idea
        buffer.random[1] = key_of(run.seed, TELL, run.now, idea)
        buffer.random[2] = key_of(run.seed, RANK, run.now, idea)
        buffer.random[3] = key_of(run.seed, STRANGERS, run.now, idea)
        buffer.random[4] = key_of(run.seed, LISTEN, run.now, idea)


def decide(run: Run, buffer: Buffer, filled: int, base: int) -> None:
    """Draw random bits for a buffer of tellings, and record who understood and is open; there must be room for all.

    Each loop does one thing to all entries, so that nothing waits for the outcome of a draw.
    """
    counter, limit, bits, hits = buffer.counter, buffer.limit, buffer.bits, buffer.hits
    tell_key, rank_key = buffer.random[1], buffer.random[2]
    closed, pairs, keys, claims = run.closed, run.pairs, run.keys, run.claims
    for k in range(filled):
        bits[k] = (squares64(counter[k], tell_key) >> 11) & UPPER
    understood = 0
    for k in range(filled):
        hits[understood] = k
        understood += bits[k] < limit[k]
    opened = 0
    for j in range(understood):
        counter[opened] = counter[hits[j]]
        opened += 1 - is_closed(closed, base + (counter[opened] & MASK))
    found = keys[0] + 1
    for k in range(opened):
        person, other = counter[k] >> 32, counter[k] & MASK
        keys[found + k] = base + other
        claims[found + k] = claim(rank_of(rank_key, person, other), pairs[base + person].event)
    keys[0] = claims[0] = keys[0] + opened


def tell(run: Run, place: int, last: int) -> int:
    """Have the tellers from `place` to `last` tell in this step, while there is room for those who understand.

    Return the place of the first who has not told yet. The stacks must have room for what one teller and the buffer may
    add. A teller who will not tell again is replaced by -1. Threads may share the columns: each key is listed once, and
    threads that write to the same place write the same value.
    """
    buffer = Buffer(
        np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64), np.empty(BUFFER, np.int64),
        filled(5, -1),
    )  # fmt: skip
    alike = len(run.ties.weight) == 1 and len(run.abilities.understanding) == 1 and not run.timed
    plain = alike and run.dynamics[0].stifling == SILENT and run.dynamics[0].adoption == SIMPLE
    before = -1
    while before < place <= last:
        if plain:
            place = tell_plainly(run, place, last, buffer)
        before = place
        place = tell_anyhow(run, place, min(place + SOME, last) if plain else last, buffer)
    return place


def tell_plainly(run: Run, place: int, last: int, buffer: Buffer) -> int:
    """Tell as `tell` does, along ties that are all alike, as long as nobody tells strangers and all tell one idea.

    A large run spends its time here, most of it waiting for the memory. When a teller tells for the last time, only
    those who understood are checked for being open, which is cheaper. One who may tell again gathers the open ties
    only, and is taken off the list if there are none.
    """
    tellers, closed, keys, n = run.tellers, run.closed, run.keys, run.n
    indptr, target, weight = run.ties.indptr, run.ties.target, run.ties.weight[0]
    reach, clear, understanding = run.abilities.reach, run.abilities.clarity, run.abilities.understanding[0]
    idea = max(tellers[place], 0) // n
    base, clarity, filled, lasting = idea * n, run.ideas[idea].clarity, 0, run.lasting != 0
    counter, limits, ties_only = buffer.counter, buffer.limit, run.dynamics[0].audience == TIES_ONLY
    speak_of(run, buffer, idea)
    while place <= last:
        look_ahead(run, tellers, place, last, base)
        key = tellers[place]
        person = key - base
        if key >= 0:
            if not 0 <= person < n:
                break
            begin, end = indptr[person], indptr[person + 1]
            degree = end - begin
            addressed = within_ties(audience(at(reach, person), run.size), degree, ties_only)
            if addressed > degree or degree > BUFFER or keys[0] + filled + degree >= len(keys):
                break
            if tells_now(run, place, key, person):
                if filled + degree > BUFFER:
                    decide(run, buffer, filled, base)
                    filled = 0
                said = chance_to_tell(addressed, degree, weight)
                limit = limit_of(chance_of_both(said, chance_to_understand(clarity, at(clear, person), understanding)))
                if tellers[place] >= 0:  # to tell again
                    before = filled
                    for tie in range(begin, end):
                        other = target[tie]
                        counter[filled], limits[filled] = (person << 32) | other, limit
                        filled += 1 - is_closed(closed, base + other)  # entries of closed ties are overwritten
                    if lasting and filled == before:
                        unlist(run, place, key)  # nobody is left to tell, and nobody will be
                else:
                    for k in range(degree):
                        counter[filled + k] = (person << 32) | target[begin + k]
                    for k in range(degree):
                        limits[filled + k] = limit
                    filled += degree
        place += 1
    decide(run, buffer, filled, base)
    return place


@inline
def look_ahead(run: Run, tellers: Ints, place: int, last: int, base: int) -> None:
    """Ask the memory for what later tellers need: the ties of one, and where those of one further on begin."""
    soon, later = tellers[min(place + AHEAD, last)] - base, tellers[min(place + 2 * AHEAD, last)] - base
    if 0 <= later < run.n:
        fetch(run.pairs, base + later)
        fetch(run.ties.indptr, later)
        fetch(run.abilities.reach, later if len(run.abilities.reach) > 1 else 0)
    if 0 <= soon < run.n:
        fetch(run.ties.target, run.ties.indptr[soon])
        fetch(run.ties.target, run.ties.indptr[soon + 1] - 1)


def tell_anyhow(run: Run, place: int, last: int, buffer: Buffer) -> int:
    """Tell as `tell` does, whatever the ties and the dynamics."""
    n, simple, stifling = run.n, run.dynamics[0].adoption == SIMPLE, run.dynamics[0].stifling
    lasting, indptr = run.lasting and simple and not run.timed and stifling == SILENT, run.ties.indptr
    filled, at_idea = 0, -1
    while place <= last:
        key = run.tellers[place]
        idea = key // n
        person = key - idea * n
        begin, end = indptr[max(person, 0)], indptr[max(person, 0) + 1]
        if run.keys[0] + BUFFER + end - begin + n >= len(run.keys):
            break
        place += 1
        if not tells_now(run, place - 1, key, person):
            continue
        addressed = audience(at(run.abilities.reach, person), run.size)
        if addressed <= 0.0:
            continue
        degree = degree_of(run, person)
        addressed = within_ties(addressed, degree, run.dynamics[0].audience == TIES_ONLY)
        if idea != at_idea:
            decide(run, buffer, filled, at_idea * n)
            filled, at_idea = 0, idea
            speak_of(run, buffer, idea)
        open_ties = 0
        while begin < end and simple:
            stop = min(end, begin + BUFFER - filled)
            more = gather(run, buffer, filled, key, idea, begin, stop, addressed, degree)
            begin, filled, open_ties = stop, filled + more, open_ties + more
            if filled == BUFFER:
                decide(run, buffer, filled, idea * n)
                filled = 0
        said = chance_to_tell_stranger(addressed, degree, run.size)
        if said > 0.0:
            if simple:
                tell_strangers(run, buffer, key, idea, person, said)
            tell_crowd(run, idea, run.pairs[key].event, said, at(run.abilities.clarity, person))
        elif lasting and open_ties == 0 and run.tellers[place - 1] >= 0:
            unlist(run, place - 1, key)  # nobody is left to tell, and nobody will be
    decide(run, buffer, filled, at_idea * n)
    return place


def unlist(run: Run, place: int, key: int) -> None:
    """Take a teller off the list."""
    run.pairs[key].bits &= ALL - LISTED
    run.tellers[place] = -1


@inline
def tells_now(run: Run, place: int, key: int, person: int) -> bool:
    """Return whether a teller tells in this step; take one who never will again off the list."""
    if key < 0:
        return False
    now, pair = run.now, run.pairs[key]
    if not pair.bits & HELD or pair.until < now or not at(run.alive, person):
        unlist(run, place, key)
        return False
    if not is_settled(pair.since, now):
        return False
    if pair.until == now:
        unlist(run, place, key)
    return True


@inline
def gather(
    run: Run, buffer: Buffer, filled: int, key: int, idea: int, begin: int, end: int, addressed: float, degree: int
) -> int:  # fmt: skip
    """Put the ties whose other end is open into the buffer, which must have room; return how many."""
    base, ties, closed, understanding = idea * run.n, run.ties, run.closed, run.abilities.understanding
    person, stifling, first = key - base, run.dynamics[0].stifling, filled
    idea_clarity, clarity = run.ideas[idea].clarity, at(run.abilities.clarity, person)
    for tie in range(begin, end):
        if run.timed and not is_there(ties, tie, run.now):
            continue
        other = ties.target[tie]
        shut = is_closed(closed, base + other)
        said = chance_to_tell(addressed, degree, at(ties.weight, tie))
        if stifling != SILENT and shut:
            meet(run, key, base + other, said, uniform_of(buffer.random[1], person, other))
        chance = chance_of_both(said, chance_to_understand(idea_clarity, clarity, at(understanding, other)))
        buffer.counter[filled], buffer.limit[filled] = (person << 32) | other, limit_of(chance)
        filled += 1 - shut
    return filled - first


def tell_strangers(run: Run, buffer: Buffer, key: int, idea: int, person: int, chance: float) -> None:
    """Have a teller address everybody without a tie with the same chance, by skipping those not addressed."""
    n, stifling, abilities = run.n, run.dynamics[0].stifling, run.abilities
    rank_key, skip_key, listen_key = buffer.random[2], buffer.random[3], buffer.random[4]
    other, draws = -1, 0
    while True:
        other += 1 + skip(uniform_of(skip_key, person, draws) if chance < 1.0 else 0.0, chance)
        if other >= n:
            break
        draws += 1
        other_key = idea * n + other
        shut = is_closed(run.closed, other_key)
        if other == person or (shut and stifling == SILENT) or tie_to(run, person, other) >= 0:
            continue
        drawn = uniform_of(listen_key, person, other)
        if shut:
            meet(run, key, other_key, 1.0, drawn)
            continue
        understood = chance_to_understand(
            run.ideas[idea].clarity, at(abilities.clarity, person), at(abilities.understanding, other)
        )
        if comes_true(drawn, chance_of_both(1.0, understood)):
            push(run.keys, other_key)
            push(run.claims, claim(rank_of(rank_key, person, other), run.pairs[key].event))
