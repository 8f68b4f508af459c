"""The loops of the model over columns: plain functions of numbers and arrays, which compiling.py compiles.

A key is idea * n + person. The rules are those of rules.py and the draws those of randomness.py, so that the tape is
the one that the agents write. Nothing here checks its input; model.py does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.randomness import (
    ABANDON,
    DISCOVER,
    IMPLEMENT,
    LISTEN,
    RANK,
    RESOLVE,
    STRANGERS,
    TELL,
    key_of,
    rank_of,
    uniform,
)
from sim.rules import (
    abandonment_rate,
    audience,
    chance_to_tell,
    chance_to_tell_stranger,
    chance_to_understand,
    discovery_rate,
    implementation_rate,
    reaches_threshold,
    skip,
    wait,
)
from sim.tape import Floats, Ints

Bools = NDArray[np.bool_]
HELD, GIVEN_UP, IMPLEMENTED, HESITATES, LISTED = 1, 2, 4, 8, 16  # what a person is to an idea, as bits
DISCOVERY, IMPLEMENTATION, ABANDONMENT, RESOLUTION = range(4)  # the clocks
PURPOSES = np.array([DISCOVER, IMPLEMENT, ABANDON, RESOLVE])
SIMPLE, THRESHOLD = 0, 1
SILENT, TELLER, BOTH = 0, 1, 2  # whom stale news stifles


class Columns(NamedTuple):
    """The state of a run: arrays over persons (n), ideas (m) and keys (m * n), and what never changes."""

    luck: int
    n: int
    size: int
    creativity: Floats
    reach: Floats
    skill: Floats
    clarity: Floats
    understanding: Floats
    threshold: Floats
    keeps: Bools
    alive: Bools
    indptr: Ints
    target: NDArray[np.int32]
    weight: Floats
    start: Ints
    end: Ints
    back_indptr: Ints
    back_source: NDArray[np.int32]  # who can tell each person
    back_weight: Floats
    back_start: Ints
    back_end: Ints
    idea_clarity: Floats
    difficulty: Floats
    idea_rate: Floats
    prerequisites: tuple[Ints, Ints]  # where those of each idea begin, and which they are
    rivals: tuple[Ints, Ints]  # the same
    works: Bools  # (m,): in the step of now
    rates: Floats  # implementation, abandonment, abandonment when it works, resolution
    bits: NDArray[np.uint8]  # (m * n,)
    event: Ints  # the event by which it was last taken up, -1 if never; (m * n,)
    since: NDArray[np.int32]  # when
    until: NDArray[np.int32]  # the last step in which it is told


def is_open(c: Columns, idea: int, person: int) -> bool:
    """Whether a person could take an idea up: does not hold it, has not given it up, holds no rival."""
    if c.bits[idea * c.n + person] & (HELD | GIVEN_UP):
        return False
    begin, rivals = c.rivals
    for k in range(begin[idea], begin[idea + 1]):
        if c.bits[rivals[k] * c.n + person] & HELD:
            return False
    return True


def is_held(c: Columns, idea: int, person: int, now: int) -> bool:
    """Whether a person holds an idea since an earlier step."""
    key = idea * c.n + person
    return bool(c.bits[key] & HELD) and bool(c.since[key] < now)


def has_prerequisites(c: Columns, idea: int, person: int, now: int) -> bool:
    """Whether a person holds all that an idea builds on, since an earlier step."""
    begin, prerequisites = c.prerequisites
    for k in range(begin[idea], begin[idea + 1]):
        if not is_held(c, prerequisites[k], person, now):
            return False
    return True


def is_asked(c: Columns, clock: int, key: int, now: int) -> bool:
    """Whether a clock runs in this step."""
    idea, person = key // c.n, key % c.n
    if not c.alive[person]:
        return False
    if clock == DISCOVERY:
        return c.creativity[person] > 0.0 and is_open(c, idea, person) and has_prerequisites(c, idea, person, now)
    if clock == RESOLUTION:
        return c.bits[key] & HESITATES != 0 and is_open(c, idea, person)
    if not is_held(c, idea, person, now):
        return False
    if clock == IMPLEMENTATION:
        return bool(c.skill[person] > 0.0) and not c.bits[key] & IMPLEMENTED
    return not bool(c.keeps[person])


def rate_of(c: Columns, clock: int, key: int) -> float:
    """The rate at which a clock runs."""
    idea, person = key // c.n, key % c.n
    if clock == DISCOVERY:
        return discovery_rate(c.idea_rate[idea], c.creativity[person])
    if clock == IMPLEMENTATION:
        return implementation_rate(c.rates[0], c.skill[person], c.difficulty[idea])
    if clock == ABANDONMENT:
        return abandonment_rate(bool(c.works[idea]), c.rates[1], c.rates[2])
    return float(c.rates[3])


def rates_of(c: Columns, clock: int, keys: Ints, rates: Floats) -> None:
    """The rate at which each of the clocks runs."""
    for place in range(len(keys)):
        rates[place] = rate_of(c, clock, keys[place])


def due_steps(c: Columns, clock: int, keys: Ints, now: int, due: Ints) -> None:
    """When each of the clocks that start now will ring; 0 for those that do not run."""
    for place in range(len(keys)):
        key = keys[place]
        due[place] = 0
        if is_asked(c, clock, key, now):
            rate = rate_of(c, clock, key)
            if rate > 0.0:
                luck = uniform(c.luck, PURPOSES[clock], now, key % c.n, key // c.n)
                due[place] = now - 1 + wait(luck, rate)
            else:
                due[place] = now - 1 + wait(0.0, rate)


def degree_of(c: Columns, person: int, now: int) -> int:
    """How many ties a person has in this step."""
    degree = 0
    for tie in range(c.indptr[person], c.indptr[person + 1]):
        degree += c.start[tie] <= now < c.end[tie]
    return degree


def is_tied(c: Columns, person: int, other: int, now: int) -> bool:
    """Whether a person has a tie to another in this step; ties are sorted by whom they lead to."""
    low, high = c.indptr[person], c.indptr[person + 1]
    while low < high:
        middle = (low + high) // 2
        if c.target[middle] < other:
            low = middle + 1
        else:
            high = middle
    while low < c.indptr[person + 1] and c.target[low] == other:
        if c.start[low] <= now < c.end[low]:
            return True
        low += 1
    return False


def tell(
    c: Columns,
    tellers: Ints,
    now: int,
    adoption: int,
    stifling: int,
    heard: Ints,
    stifled: Ints,
    spread: Floats,
    found: Ints,
) -> None:
    """Let everybody tell who tells in this step.

    Fills heard, shape (room, 3): key, rank and teller's event of all that was understood; stifled, (room,): keys of
    tellers who met one who knows; spread, (tellers, 2): chance and clarity with which each teller reaches strangers.
    found becomes how many rows of heard and of stifled there are, or would be, where the room is too small.
    """
    found[0] = found[1] = 0
    for place in range(len(tellers)):
        key = tellers[place]
        idea, person = key // c.n, key % c.n
        spread[place, 0] = 0.0
        if c.since[key] == now or c.until[key] < now:
            continue
        people = audience(c.reach[person], c.size)
        if people <= 0.0:
            continue
        degree = degree_of(c, person, now)
        if adoption == SIMPLE:
            for tie in range(c.indptr[person], c.indptr[person + 1]):
                if c.start[tie] <= now < c.end[tie]:
                    chance = chance_to_tell(people, degree, c.weight[tie])
                    address(c, key, c.target[tie], chance, TELL, now, stifling, heard, stifled, found)
        chance = chance_to_tell_stranger(people, degree, c.size)
        if chance <= 0.0:
            continue
        spread[place, 0] = chance
        spread[place, 1] = c.idea_clarity[idea] * c.clarity[person]
        if adoption == SIMPLE:
            other, draws = -1, 0
            while True:
                luck = uniform(c.luck, STRANGERS, now, person, idea, draws) if chance < 1.0 else 0.0
                other += 1 + skip(luck, chance)
                if other >= c.n:
                    break
                draws += 1
                if other != person and not is_tied(c, person, other, now):
                    address(c, key, other, 1.0, LISTEN, now, stifling, heard, stifled, found)


def address(
    c: Columns,
    key: int,
    other: int,
    chance: float,
    purpose: int,
    now: int,
    stifling: int,
    heard: Ints,
    stifled: Ints,
    found: Ints,
) -> None:
    """Tell one person with this chance: who understands has heard of it, who knows already may stifle the teller."""
    idea, person = key // c.n, key % c.n
    if not c.alive[other]:
        return
    if c.bits[idea * c.n + other] & HELD:
        if stifling != SILENT and uniform(c.luck, purpose, now, person, idea, other) < chance:
            stifle(stifled, found, key)
            if stifling == BOTH:
                stifle(stifled, found, idea * c.n + other)
    elif is_open(c, idea, other):
        understood = chance_to_understand(c.idea_clarity[idea], c.clarity[person], c.understanding[other])
        if uniform(c.luck, purpose, now, person, idea, other) < chance * understood:
            rank = rank_of(key_of(c.luck, RANK, now, idea), person, other)
            note(heard, found, idea * c.n + other, rank, c.event[key])


def stifle(stifled: Ints, found: Ints, key: int) -> None:
    """Write down that somebody has had enough, if there is room."""
    if found[1] < len(stifled):
        stifled[found[1]] = key
    found[1] += 1


def note(heard: Ints, found: Ints, key: int, rank: int, event: int) -> None:
    """Write down that somebody heard and understood, if there is room."""
    if found[0] < len(heard):
        heard[found[0], 0] = key
        heard[found[0], 1] = rank
        heard[found[0], 2] = event
    found[0] += 1


def look_around(c: Columns, ideas: int, now: int, heard: Ints, found: Ints) -> None:
    """Under the threshold rule, let everybody hear of what enough of those hold who could tell; as in `tell`."""
    for person in range(c.n):
        if not c.alive[person]:
            continue
        for idea in range(ideas):
            if not is_open(c, idea, person):
                continue
            held, total = 0.0, 0.0
            ties = range(c.back_indptr[person], c.back_indptr[person + 1])
            for tie in ties:
                if c.back_start[tie] <= now < c.back_end[tie]:
                    total += c.back_weight[tie]
                    if is_held(c, idea, c.back_source[tie], now):
                        held += c.back_weight[tie]
            if not reaches_threshold(held, total, c.threshold[person]):
                continue
            for tie in ties:
                other = c.back_source[tie]
                if c.back_start[tie] <= now and now < c.back_end[tie] and is_held(c, idea, other, now):
                    rank = rank_of(key_of(c.luck, RANK, now, idea), other, person)
                    note(heard, found, idea * c.n + person, rank, c.event[idea * c.n + other])
