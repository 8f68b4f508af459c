"""Clocks: a chance of constant rate is one drawn wait, kept in a calendar until it rings or its reason is gone."""

from __future__ import annotations

import numpy as np

from sim.kernels.columns import (
    ABANDONMENT,
    DISCOVERY,
    FAR,
    HELD,
    HESITATES,
    IMPLEMENTATION,
    IMPLEMENTED,
    NOW,
    PURPOSES,
    RATE_TO_ABANDON,
    RATE_TO_ABANDON_WORKING,
    RATE_TO_IMPLEMENT,
    RATE_TO_RESOLVE,
    RESOLUTION,
    Bag,
    Calendar,
    Catalogue,
    People,
    State,
    at,
    put,
    roomy,
)
from sim.kernels.holdings import is_closed, is_held, stop
from sim.kernels.marks import collect, mark
from sim.randomness import key_of, uniform_of
from sim.rules import abandonment_rate, discovery_rate, implementation_rate, wait
from sim.tape import Floats, Ints

__all__: list[str] = []

BLOCK = 16  # words of a block of the calendar: the next block, and up to 15 clocks


def has_prerequisites(catalogue: Catalogue, state: State, idea: int, person: int) -> bool:
    """Whether a person holds all that an idea builds on, since an earlier step."""
    for k in range(catalogue.prerequisites_begin[idea], catalogue.prerequisites_begin[idea + 1]):
        if not is_held(state, catalogue.prerequisites[k] * state.n + person):
            return False
    return True


def stands_on_news(catalogue: Catalogue, state: State, idea: int, person: int) -> bool:
    """Whether a person took up something that an idea builds on in this very step."""
    for k in range(catalogue.prerequisites_begin[idea], catalogue.prerequisites_begin[idea + 1]):
        key = catalogue.prerequisites[k] * state.n + person
        if state.bits[key] & HELD and state.since[key] == state.counters[NOW]:
            return True
    return False


def is_asked(people: People, catalogue: Catalogue, state: State, clock: int, idea: int, person: int) -> bool:
    """Whether a clock runs in this step."""
    key = idea * state.n + person
    if not at(people.alive, person):
        return False
    if clock == DISCOVERY:
        creative = at(people.creativity, person) > 0.0
        return creative and not is_closed(state, key) and has_prerequisites(catalogue, state, idea, person)
    if clock == RESOLUTION:
        return state.bits[key] & HESITATES != 0 and not is_closed(state, key)
    if not is_held(state, key):
        return False
    if clock == IMPLEMENTATION:
        return at(people.skill, person) > 0.0 and not state.bits[key] & IMPLEMENTED
    return not at(people.keeps, person)


def is_to_be_asked_again(catalogue: Catalogue, state: State, clock: int, idea: int, person: int) -> bool:
    """Whether a clock that does not run may do so in the next step, since something was taken up in this one."""
    if clock == DISCOVERY:
        return stands_on_news(catalogue, state, idea, person)
    key = idea * state.n + person
    return clock != RESOLUTION and state.bits[key] & HELD != 0 and state.since[key] == state.counters[NOW]


def rate_of(people: People, catalogue: Catalogue, state: State, clock: int, idea: int, person: int) -> float:
    """The rate at which a clock runs."""
    d = state.dynamics
    if clock == DISCOVERY:
        return discovery_rate(catalogue.rate[idea], at(people.creativity, person))
    if clock == IMPLEMENTATION:
        return implementation_rate(d[RATE_TO_IMPLEMENT], at(people.skill, person), catalogue.difficulty[idea])
    if clock == ABANDONMENT:
        return abandonment_rate(state.works[idea] != 0, d[RATE_TO_ABANDON], d[RATE_TO_ABANDON_WORKING])
    return float(d[RATE_TO_RESOLVE])


def start(people: People, catalogue: Catalogue, state: State, pending: Bag, calendar: Calendar) -> None:
    """Let clocks run that were not running, where somebody is asked now; the others are no longer pending.

    The calendar must have room for all.
    """
    now, n, keys = state.counters[NOW], state.n, len(state.bits)
    left, last, luck = 0, -1, 0
    for place in range(pending.used[0]):
        item = pending.items[place]
        clock, key = item & 3, item >> 2
        if state.due[clock * keys + key]:
            continue
        idea = key // n
        person = key - idea * n
        if not is_asked(people, catalogue, state, clock, idea, person):
            if is_to_be_asked_again(catalogue, state, clock, idea, person):
                pending.items[left] = item
                left += 1
            continue
        rate = rate_of(people, catalogue, state, clock, idea, person)
        due = FAR
        if rate > 0.0:
            if last != 4 * idea + clock:
                last = 4 * idea + clock
                luck = key_of(state.luck, PURPOSES[clock], now, idea)
            due = min(now - 1 + wait(uniform_of(luck, person, 0), rate), FAR)
        state.due[clock * keys + key] = due
        if due <= state.steps:
            enter(calendar, due, item)
    pending.used[0] = left


def with_blocks(calendar: Calendar, more: int) -> Calendar:
    """The calendar with room for so many more clocks."""
    steps = len(calendar.head)
    blocks = calendar.used[0] + more // (BLOCK - 1) + min(more, steps) + 1
    if blocks * BLOCK <= len(calendar.slots):
        return calendar
    slots = np.empty(max(blocks * BLOCK, 2 * len(calendar.slots)), np.int64)
    used = calendar.used[0] * BLOCK
    slots[:used] = calendar.slots[:used]
    return Calendar(calendar.head, calendar.fill, slots, calendar.used)


def new_calendar(steps: int) -> Calendar:
    """An empty one."""
    used = np.zeros(2, np.int64)
    used[1] = -1
    return Calendar(
        np.full(steps + 1, -1, np.int64), np.zeros(steps + 1, np.int64), np.empty(64 * BLOCK, np.int64), used
    )


def enter(calendar: Calendar, due: int, item: int) -> None:
    """Enter a clock for a step."""
    block, fill = calendar.head[due], calendar.fill[due]
    if block < 0 or fill == BLOCK - 1:
        new = calendar.used[1]
        if new >= 0:
            calendar.used[1] = calendar.slots[new * BLOCK]
        else:
            new = calendar.used[0]
            calendar.used[0] = new + 1
        calendar.slots[new * BLOCK] = block
        calendar.head[due] = new
        block, fill = new, 0
    calendar.slots[block * BLOCK + 1 + fill] = item
    calendar.fill[due] = fill + 1


def ring(state: State, calendar: Calendar, counts: Ints) -> None:
    """Mark what rings now; `counts`, (4,), becomes how many of each clock."""
    now, keys = state.counters[NOW], len(state.bits)
    counts[:] = 0
    block, fill = calendar.head[now], calendar.fill[now]
    while block >= 0:
        for place in range(block * BLOCK + 1, block * BLOCK + 1 + fill):
            item = calendar.slots[place]
            clock, key = item & 3, item >> 2
            if state.due[clock * keys + key] == now:
                counts[clock] += mark(state.low[clock], state.high[clock], key)
        following = calendar.slots[block * BLOCK]
        calendar.slots[block * BLOCK] = calendar.used[1]
        calendar.used[1] = block
        block, fill = following, BLOCK - 1
    calendar.head[now] = -1


def rung(state: State, clock: int, counts: Ints) -> Ints:
    """The keys whose clock rings now, in order."""
    keys = np.empty(counts[clock], np.int64)
    if counts[clock]:
        collect(state.low[clock], state.high[clock], 0, state.high.shape[1], keys)
    return keys


def set_rates(people: People, catalogue: Catalogue, state: State, pending: Bag, changed: bool) -> Bag:
    """Put the parameters of this step in place, and let clocks start anew whose rate is another one."""
    now, m = state.counters[NOW], len(state.works)
    old, new = state.in_force, np.empty(len(state.in_force))
    different = changed or now == 1
    for idea in range(m):
        works = state.released[idea] <= now
        different = different or works != (state.works[idea] != 0)
        state.works[idea] = works
    if not different:
        return pending
    new[:4] = state.dynamics[:4]
    new[4 : 4 + m] = catalogue.rate
    new[4 + m : 4 + 2 * m] = catalogue.difficulty
    new[4 + 2 * m :] = state.works
    if now > 1:
        for idea in range(m):
            for clock in range(4):
                if is_another(old, new, clock, idea, m):
                    pending = restart_all(people, catalogue, state, pending, clock, idea, old)
    state.in_force[:] = new
    return pending


def is_another(old: Floats, new: Floats, clock: int, idea: int, m: int) -> bool:
    """Whether something on which a clock of an idea depends is not what it was."""
    if clock == DISCOVERY:
        return bool(old[4 + idea] != new[4 + idea])
    if clock == IMPLEMENTATION:
        return bool(old[RATE_TO_IMPLEMENT] != new[RATE_TO_IMPLEMENT] or old[4 + m + idea] != new[4 + m + idea])
    if clock == ABANDONMENT:
        return abandonment_in(old, idea, m) != abandonment_in(new, idea, m)
    return bool(old[RATE_TO_RESOLVE] != new[RATE_TO_RESOLVE])


def abandonment_in(force: Floats, idea: int, m: int) -> float:
    """The rate at which an idea was abandoned under these parameters."""
    works = force[4 + 2 * m + idea] != 0.0
    return abandonment_rate(works, force[RATE_TO_ABANDON], force[RATE_TO_ABANDON_WORKING])


def restart_all(
    people: People, catalogue: Catalogue, state: State, pending: Bag, clock: int, idea: int, old: Floats
) -> Bag:
    """Let the wait be drawn anew for all persons for whom the rate is not what it was under the old parameters."""
    n, m = state.n, len(state.works)
    pending = roomy(pending, n)
    for person in range(n):
        key = idea * n + person
        if clock == DISCOVERY:
            creativity = at(people.creativity, person)
            same = discovery_rate(old[4 + idea], creativity) == discovery_rate(catalogue.rate[idea], creativity)
            concerned = creativity > 0.0
        elif clock == IMPLEMENTATION:
            skill = at(people.skill, person)
            before = implementation_rate(old[RATE_TO_IMPLEMENT], skill, old[4 + m + idea])
            same = before == implementation_rate(state.dynamics[RATE_TO_IMPLEMENT], skill, catalogue.difficulty[idea])
            concerned = state.bits[key] & HELD != 0
        else:
            same = False
            concerned = state.bits[key] & (HELD if clock == ABANDONMENT else HESITATES) != 0
        if concerned and not same:
            stop(state, clock, key)
            put(pending, 4 * key + clock)
    return pending
