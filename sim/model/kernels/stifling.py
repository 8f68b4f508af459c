"""Meetings: the ties of single persons, and the effect of stale news on two who meet."""

from __future__ import annotations

from sim.model.kernels.columns import BOTH, HELD, TIES_ONLY, Run, TieRows, at
from sim.model.kernels.holdings import is_held
from sim.model.rules import (
    audience,
    chance_of_both,
    chance_to_tell,
    chance_to_tell_stranger,
    comes_true,
    part_of_meeting,
    within_ties,
)


def is_there(ties: TieRows, tie: int, now: int) -> bool:
    """Return whether a tie is there in this step."""
    return at(ties.start, tie) <= now < at(ties.end, tie)


def degree_of(run: Run, person: int) -> int:
    """Return how many ties a person has in this step."""
    ties = run.ties
    begin, end = ties.indptr[person], ties.indptr[person + 1]
    if not run.timed:
        return int(end - begin)
    degree = 0
    for tie in range(begin, end):
        degree += is_there(ties, tie, run.now)
    return degree


def tie_to(run: Run, person: int, other: int) -> int:
    """Return the tie of a person to another in this step, or -1; ties are sorted by the person they lead to."""
    ties = run.ties
    low, high = ties.indptr[person], ties.indptr[person + 1]
    while low < high:
        middle = (low + high) // 2
        if ties.target[middle] < other:
            low = middle + 1
        else:
            high = middle
    while low < ties.indptr[person + 1] and ties.target[low] == other:
        if is_there(ties, low, run.now):
            return int(low)
        low += 1
    return -1


def meet(run: Run, key: int, other_key: int, said: float, drawn: float) -> None:
    """Have a teller meet someone who knows already: stale news stifles one or both from the next step on."""
    if not run.pairs[other_key].bits & HELD or not comes_true(drawn, said):
        return
    if run.dynamics[0].stifling == BOTH:
        here, back = chance_to_address(run, key, other_key), chance_to_address(run, other_key, key)
        if not comes_true(drawn, chance_of_both(said, part_of_meeting(here, back))):
            return
        run.pairs[other_key].until = min(run.pairs[other_key].until, run.now)
    run.pairs[key].until = min(run.pairs[key].until, run.now)


def chance_to_address(run: Run, key: int, other_key: int) -> float:
    """Return the chance that a holder addresses another person in this step; 0 if the holder does not tell.

    Another thread may stifle one of them meanwhile, but this shows only from the next step on: `until` is `now` or
    later before and after.
    """
    pair, person, other = run.pairs[key], key % run.n, other_key % run.n
    addressed = audience(at(run.abilities.reach, person), run.size)
    if not is_held(run, key) or pair.until < run.now or not at(run.alive, person) or addressed <= 0.0:
        return 0.0
    tie, degree = tie_to(run, person, other), degree_of(run, person)
    addressed = within_ties(addressed, degree, run.dynamics[0].audience == TIES_ONLY)
    if tie >= 0:
        return chance_to_tell(addressed, degree, at(run.ties.weight, tie))
    return chance_to_tell_stranger(addressed, degree, run.size)
