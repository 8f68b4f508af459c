"""Clocks: a chance of constant rate is one drawn wait, kept in a calendar until it rings or its reason is gone."""

from __future__ import annotations

import numpy as np

from sim.model.kernels.bitset import collect, mark
from sim.model.kernels.columns import (
    ABANDONMENT,
    CLOCKED,
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
    Calendar,
    Catalogue,
    People,
    State,
    at,
    put,
)
from sim.model.kernels.holdings import abandonment_in_force, is_closed, is_held, stop
from sim.model.randomness import key_of, uniform_of
from sim.model.rules import abandonment_rate, discovery_rate, implementation_rate, wait
from sim.tape.tables import Ints

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
        if state.pairs[key].bits & HELD and state.pairs[key].since == state.counters[NOW]:
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
        return state.pairs[key].bits & HESITATES != 0 and not is_closed(state, key)
    if not is_held(state, key):
        return False
    if clock == IMPLEMENTATION:
        return at(people.skill, person) > 0.0 and not state.pairs[key].bits & IMPLEMENTED
    return not at(people.keeps, person)


def is_to_be_asked_again(catalogue: Catalogue, state: State, clock: int, idea: int, person: int) -> bool:
    """Whether a clock that does not run may do so in the next step, since something was taken up in this one."""
    if clock == DISCOVERY:
        return stands_on_news(catalogue, state, idea, person)
    key = idea * state.n + person
    return clock != RESOLUTION and state.pairs[key].bits & HELD != 0 and state.pairs[key].since == state.counters[NOW]


def rate_of(people: People, catalogue: Catalogue, state: State, clock: int, idea: int, person: int) -> float:
    """The rate at which a clock runs."""
    d = state.dynamics
    if clock == DISCOVERY:
        return discovery_rate(catalogue.rate[idea], at(people.creativity, person))
    if clock == IMPLEMENTATION:
        return implementation_rate(d[RATE_TO_IMPLEMENT], at(people.skill, person), catalogue.difficulty[idea])
    if clock == ABANDONMENT:
        age = state.counters[NOW] - state.pairs[idea * state.n + person].since
        return abandonment_rate(state.works[idea] != 0, d[RATE_TO_ABANDON], d[RATE_TO_ABANDON_WORKING], age)
    return float(d[RATE_TO_RESOLVE])


def start(people: People, catalogue: Catalogue, state: State, pending: Ints, calendar: Calendar) -> None:
    """Let clocks run that were not running, where somebody is asked now; the others are no longer pending.

    The calendar must have room for all.
    """
    now, n = state.counters[NOW], state.n
    left, last, luck = 0, -1, 0
    for place in range(1, pending[0] + 1):
        item = pending[place]
        if state.due[item]:
            if state.due[item] == now and rates_vary():
                enter(calendar, now, item)
            continue
        clock, key = item & 3, item >> 2
        idea = key // n
        person = key - idea * n
        if not is_asked(people, catalogue, state, clock, idea, person):
            if is_to_be_asked_again(catalogue, state, clock, idea, person):
                left += 1
                pending[left] = item
            continue
        rate = rate_of(people, catalogue, state, clock, idea, person)
        if rate <= 0.0:
            continue  # it never rings, until it starts anew at another rate
        if last != 4 * idea + clock:
            last = 4 * idea + clock
            luck = key_of(state.luck, PURPOSES[clock], now, idea)
        due = min(now - 1 + wait(uniform_of(luck, person, 0), rate), FAR)
        state.due[item] = due
        state.counters[CLOCKED] = 1
        if due == now or (due <= state.steps and not (clock == ABANDONMENT and rates_vary())):
            enter(calendar, due, item)
    pending[0] = left


def blocks_for(calendar: Calendar, more: int) -> int:
    """How many blocks there must be for so many more clocks."""
    return int(calendar.used[0] + more // (BLOCK - 1) + min(more, len(calendar.head)) + 1)


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
    now = state.counters[NOW]
    counts[:] = 0
    block, fill = calendar.head[now], calendar.fill[now]
    while block >= 0:
        for place in range(block * BLOCK + 1, block * BLOCK + 1 + fill):
            item = calendar.slots[place]
            if state.due[item] == now:
                clock = item & 3
                counts[clock] += mark(state.low[clock], state.high[clock], item >> 2)
        following = calendar.slots[block * BLOCK]
        calendar.slots[block * BLOCK] = calendar.used[1]
        calendar.used[1] = block
        block, fill = following, BLOCK - 1
    calendar.head[now] = -1


def rung(state: State, clock: int, counts: Ints, keys: Ints) -> int:
    """Take out the keys whose clock rings now, in order; how many."""
    return collect(state.low[clock], state.high[clock], 0, state.high.shape[1], keys) if counts[clock] else 0


def rates_vary() -> bool:
    """Return whether a rate can change by itself, as with age: a rule of one's own may, those of rules.py do not.

    Where it may, the loops are linked with another function in the place of this one.
    """
    return False


def starts_anew(state: State, catalogue: Catalogue) -> int:
    """How many clocks may have to start anew, since the parameters of this step are not those of the last one."""
    now, m, several = state.counters[NOW], len(state.works), 0
    for idea in range(m):
        for clock in range(4 if now > 1 else 0):
            several += is_another(state, catalogue, clock, idea)
    return several * state.n


def set_rates(people: People, catalogue: Catalogue, state: State, pending: Ints) -> None:
    """Put the parameters of this step in place, and let clocks start anew whose rate is another one."""
    now, m, force = state.counters[NOW], len(state.works), state.in_force
    for idea in range(m):
        for clock in range(4 if now > 1 else 0):
            if is_another(state, catalogue, clock, idea):
                restart_all(people, catalogue, state, pending, clock, idea)
    for rate in range(4):
        force[rate] = state.dynamics[rate]
    for idea in range(m):
        force[4 + idea], force[4 + m + idea] = catalogue.rate[idea], catalogue.difficulty[idea]
        state.works[idea] = state.released[idea] <= now
        force[4 + 2 * m + idea] = state.works[idea]


def is_another(state: State, catalogue: Catalogue, clock: int, idea: int) -> bool:
    """Whether something on which a clock of an idea depends is not what it was."""
    old, new, m = state.in_force, state.dynamics, len(state.works)
    if clock == ABANDONMENT and rates_vary():
        return True
    if clock == DISCOVERY:
        return bool(old[4 + idea] != catalogue.rate[idea])
    if clock == IMPLEMENTATION:
        other = old[4 + m + idea] != catalogue.difficulty[idea]
        return bool(other or old[RATE_TO_IMPLEMENT] != new[RATE_TO_IMPLEMENT])
    if clock == ABANDONMENT:
        works = state.released[idea] <= state.counters[NOW]
        now = abandonment_rate(works, new[RATE_TO_ABANDON], new[RATE_TO_ABANDON_WORKING], 0)
        return now != abandonment_in_force(state, idea, 0)
    return bool(old[RATE_TO_RESOLVE] != new[RATE_TO_RESOLVE])


def restart_all(people: People, catalogue: Catalogue, state: State, pending: Ints, clock: int, idea: int) -> None:
    """Let the wait be drawn anew for all persons for whom the rate is not what it was in the last step."""
    n, m, old, now = state.n, len(state.works), state.in_force, state.counters[NOW]
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
            concerned = state.pairs[key].bits & HELD != 0
        elif clock == ABANDONMENT:
            concerned = state.pairs[key].bits & HELD != 0
            age, works, new = state.counters[NOW] - state.pairs[key].since, state.released[idea] <= now, state.dynamics
            rate = abandonment_rate(works, new[RATE_TO_ABANDON], new[RATE_TO_ABANDON_WORKING], age)
            same = rate == abandonment_in_force(state, idea, age - 1)
        else:
            same = False
            concerned = state.pairs[key].bits & HESITATES != 0
        if concerned and not same:
            stop(state, clock, key)
            put(pending, 4 * key + clock)
        elif concerned and state.due[4 * key + clock] == now and rates_vary():
            put(pending, 4 * key + clock)  # not in the calendar, since its rate could have changed until now
