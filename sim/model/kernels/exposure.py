"""Exposure: crediting one, or each, of the tellers whom a person understood, and looking around for holders."""

from __future__ import annotations

import numpy as np

from sim.machine.hints import fetch, inline
from sim.model.kernels.bitset import collect, mark
from sim.model.kernels.buffers import add_note
from sim.model.kernels.columns import EVERY, EXPOSED, WATCHED, Run, at
from sim.model.kernels.holdings import is_closed, is_held
from sim.model.kernels.stifling import is_there
from sim.model.kernels.telling import tell
from sim.model.randomness import RANK, UNDERSTAND, key_of, rank_of, uniform
from sim.model.rules import added, chance_to_understand, claim, comes_true, reaches_threshold
from sim.tape.tables import LEARN, Ints

SOME = 512  # claims that are sorted out at a time
AHEAD = 16  # how many claims ahead the memory is asked for keys


@inline
def note(run: Run, key: int, claim: int) -> None:
    """Note that somebody understood a teller: the least claim to a key counts or, if every teller is credited, all."""
    best = run.exposed[key]
    if run.dynamics[0].credited_tellers == EVERY:
        run.exposed[key] = add_note(run, claim, best)
    elif best == 0 or claim < best:
        run.exposed[key] = claim + 1
    run.exposed_number += mark(run.low[EXPOSED], run.high[EXPOSED], key)


def note_all(run: Run) -> None:
    """Note all who understood."""
    keys, claims = run.keys, run.claims
    if run.dynamics[0].credited_tellers == EVERY:
        for k in range(1, keys[0] + 1):
            note(run, keys[k], claims[k])
    else:
        run.exposed_number += note_plainly(run, keys, claims, 1, keys[0])
    keys[0] = claims[0] = 0


def note_plainly(run: Run, keys: Ints, claims: Ints, first: int, last: int) -> int:
    """Note those at places `first` to `last`, if one teller is credited; return how many were not exposed before."""
    exposed, low, high, new = run.exposed, run.low[EXPOSED], run.high[EXPOSED], 0
    for k in range(first, last + 1):
        fetch(exposed, keys[min(k + AHEAD, last)])
        key, claim = keys[k], claims[k]
        best = exposed[key]
        if best == 0 or claim < best:
            exposed[key] = claim + 1
        new += mark(low, high, key)
    return new


def note_those_of(run: Run, begin: int, end: int) -> int:
    """Note the keys `begin` to `end` - 1, whole spans of a bitset; return how many were not exposed before."""
    keys, claims = run.keys, run.claims
    my_keys, my_claims, new = np.empty(SOME, np.int64), np.empty(SOME, np.int64), 0
    for first in range(1, keys[0] + 1, SOME):
        number = 0
        for k in range(first, min(first + SOME, keys[0] + 1)):
            my_keys[number], my_claims[number] = keys[k], claims[k]
            number += begin <= keys[k] < end
        new += note_plainly(run, my_keys, my_claims, 0, number - 1)
    return new


def close_ranks(tellers: Ints) -> None:
    """Drop the tellers who will not tell again."""
    left = 0
    for place in range(1, tellers[0] + 1):
        if tellers[place] >= 0:
            left += 1
            tellers[left] = tellers[place]
    tellers[0] = left


def expose(run: Run) -> None:
    """Have all tell, and note who understood whom."""
    place = 1
    note_all(run)
    while place <= run.tellers[0]:
        place = tell(run, place, run.tellers[0])
        note_all(run)
    close_ranks(run.tellers)


def watch(run: Run) -> None:
    """Mark the persons who look around under the threshold rule.

    These are persons whose neighbours adopted something in the last step, and those who were at the threshold already
    or became open; or everybody, if parameters were changed or ties come and go.
    """
    n, low, high, rows, ties = run.n, run.low[WATCHED], run.high[WATCHED], run.rows, run.ties
    if run.rescan or run.timed:
        run.rescan = 0
        for key in range(len(run.pairs)):
            mark(low, high, key)
        return
    for row in range(run.rows_before, run.rows_now):
        if rows.kind[row] <= LEARN and rows.person[row] < n:
            person, base = rows.person[row], rows.idea[row] * n
            for tie in range(ties.indptr[person], ties.indptr[person + 1]):
                mark(low, high, base + ties.target[tie])


def look_around(run: Run) -> None:
    """Expose all who are watched to ideas that enough of their possible tellers hold."""
    low, high = run.low[WATCHED], run.high[WATCHED]
    for span in range(high.shape[0]):
        for k in range(collect(low, high, span, span + 1, run.learners)):
            if look_at(run, run.learners[k]):
                mark(low, high, run.learners[k])  # whoever does not adopt it now is asked again


def look_at(run: Run, key: int) -> bool:
    """Expose one person to one idea from all its holders if these are enough; return whether they are."""
    n, ties, idea = run.n, run.reverse, key // run.n
    person = key - idea * n
    if is_closed(run.closed, key):
        return False
    held, total = 0.0, 0.0
    for tie in range(ties.indptr[person], ties.indptr[person + 1]):
        if is_there(ties, tie, run.now):
            total = added(total, at(ties.weight, tie))
            if is_held(run, idea * n + ties.target[tie]):
                held = added(held, at(ties.weight, tie))
    if not reaches_threshold(held, total, at(run.abilities.threshold, person)):
        return False
    if comes_true(uniform(run.seed, UNDERSTAND, run.now, person, idea), chance_to_follow(run, idea, person)):
        for tie in range(ties.indptr[person], ties.indptr[person + 1]):
            other = ties.target[tie]
            if is_there(ties, tie, run.now) and is_held(run, idea * n + other):
                note(run, key, claim(rank_among(run, idea, other, person), run.pairs[idea * n + other].event))
    return held > 0.0


def rank_among(run: Run, idea: int, teller: int, person: int) -> int:
    """Return the rank of a teller among those of an idea in this step."""
    return rank_of(key_of(run.seed, RANK, run.now, idea), teller, person)


def chance_to_follow(run: Run, idea: int, person: int) -> float:
    """Return the chance that a person at the threshold understands, by the clarity of the teller of the lowest rank."""
    ties, teller, least = run.reverse, -1, 0
    for tie in range(ties.indptr[person], ties.indptr[person + 1]):
        other = ties.target[tie]
        if is_there(ties, tie, run.now) and is_held(run, idea * run.n + other):
            rank = rank_among(run, idea, other, person)
            if teller < 0 or rank < least:
                teller, least = other, rank
    abilities = run.abilities
    return chance_to_understand(
        run.ideas[idea].clarity, at(abilities.clarity, teller), at(abilities.understanding, person)
    )
