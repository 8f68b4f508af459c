"""To take an idea up and to lose it: what changes in the columns, and which clocks are to be asked about."""

from __future__ import annotations

from typing import Any

from sim.machine.hints import inline
from sim.model.kernels.bitset import mark
from sim.model.kernels.columns import (
    ABANDONMENT,
    ADOPTION,
    ALL,
    CLOCKED,
    DELAY,
    DEPENDENTS,
    DISCOVERY,
    GIVEN_UP,
    HELD,
    HESITATES,
    IMPLEMENTATION,
    IMPLEMENTED,
    LAST,
    LISTED,
    NOW,
    PERIOD,
    RATE_TO_ABANDON,
    RATE_TO_ABANDON_WORKING,
    RATE_TO_IMPLEMENT,
    RESOLUTION,
    RIVALS,
    SURE,
    TAKEN,
    THRESHOLD,
    WATCHED,
    Catalogue,
    People,
    State,
    at,
    put,
)
from sim.model.rules import abandonment_rate, is_open, is_settled, tells_until, works_from
from sim.tape.rows import Rows, add_event, add_influence
from sim.tape.tables import IMPLEMENT, Ints


def is_closed(state: State, key: int) -> int:
    """1 where a person cannot take an idea up, else 0."""
    return int((state.closed[key >> 6] >> (key & 63)) & 1)


def is_held(state: State, key: int) -> bool:
    """Whether an idea is held since an earlier step."""
    pair = state.pairs[key]
    return bool(pair.bits & HELD) and is_settled(pair.since, state.counters[NOW])


def refresh(people: People, catalogue: Catalogue, state: State, idea: int, person: int) -> None:
    """See again whether a person could take an idea up: is there, and neither holds it or a rival nor gave it up."""
    key = idea * state.n + person
    bits, rival = state.pairs[key].bits, False
    for k in range(catalogue.rivals_begin[idea], catalogue.rivals_begin[idea + 1]):
        rival = rival or state.pairs[catalogue.rivals[k] * state.n + person].bits & HELD != 0
    bit = 1 << (key & 63)
    if not is_open(at(people.alive, person) != 0, bits & HELD != 0, bits & GIVEN_UP != 0, rival):
        state.closed[key >> 6] |= bit
    else:
        state.closed[key >> 6] &= ~bit
        if state.dynamics[ADOPTION] == THRESHOLD:
            mark(state.low[WATCHED], state.high[WATCHED], key)


@inline
def stop(state: State, clock: int, key: int) -> None:
    """Let a clock not run."""
    if state.counters[CLOCKED] and state.due[4 * key + clock]:  # looked at first: what never runs takes no memory
        state.due[4 * key + clock] = 0


def abandonment_in_force(state: State, idea: int, age: int) -> float:
    """Return the rate of abandonment of the last step in which rates were set; timers start anew at others."""
    force, works = state.in_force, state.in_force[4 + 2 * len(state.works) + idea] != 0.0
    return abandonment_rate(works, force[RATE_TO_ABANDON], force[RATE_TO_ABANDON_WORKING], age)


def last_step(step: float) -> int:
    """A step that may have a fraction, or be inf, as the last whole one up to it."""
    return int(step) if step < LAST else LAST


def list_teller(state: State, tellers: Ints, key: int) -> None:
    """Let a holder be among the tellers, once."""
    if not state.pairs[key].bits & LISTED:
        state.pairs[key].bits |= LISTED
        put(tellers, key)


def begun(
    people: People, catalogue: Catalogue, state: State, pending: Ints, tellers: Ints, idea: int, person: int, row: int
) -> None:
    """A holding began with an event; up to 2 + dependents clocks become pending, and one teller more is listed."""
    key, now = idea * state.n + person, state.counters[NOW]
    hold(state.pairs[key], row, now, last_step(tells_until(now, state.dynamics[PERIOD])), 0)
    state.closed[key >> 6] |= 1 << (key & 63)
    list_teller(state, tellers, key)
    set_off(people, catalogue, state, pending, key)


@inline
def hold(pair: Any, row: int, now: int, until: int, bits: int) -> None:
    """An idea is held from an event on and told up to a step, with these bits more."""
    pair.bits = (pair.bits | HELD | TAKEN | bits) & (ALL - IMPLEMENTED - HESITATES - SURE)
    pair.event, pair.since, pair.until = row, now, until


def is_followed(people: People, state: State) -> bool:
    """Whether anything can follow from an idea being held: a clock that runs or is stopped, or something for rivals."""
    counters, skilled = state.counters, len(people.skill) > 1 or people.skill[0] > 0.0
    follows = counters[CLOCKED] or counters[RIVALS] or counters[DEPENDENTS]
    follows = follows or (skilled and state.dynamics[RATE_TO_IMPLEMENT] > 0.0)
    for idea in range(len(state.works)):
        follows = follows or not abandonment_in_force(state, idea, 0) <= 0.0  # nan before the first step
    return bool(follows)


def most_clocks(people: People, state: State) -> int:
    """How many clocks may become pending for each holding that begins."""
    return int(2 + state.counters[DEPENDENTS]) if is_followed(people, state) else 0


@inline
def set_off(people: People, catalogue: Catalogue, state: State, pending: Ints, key: int) -> None:
    """Let follow what follows from an idea being held: clocks become pending or stop, and rivals are closed."""
    n = state.n
    idea = key // n
    person = key - idea * n
    for clock in range(4):
        stop(state, clock, key)
    if state.dynamics[RATE_TO_IMPLEMENT] > 0.0 and at(people.skill, person) > 0.0:
        put(pending, 4 * key + IMPLEMENTATION)
    if not abandonment_in_force(state, idea, 0) <= 0.0 and not at(people.keeps, person):
        put(pending, 4 * key + ABANDONMENT)
    for k in range(catalogue.rivals_begin[idea], catalogue.rivals_begin[idea + 1]):
        other = catalogue.rivals[k] * n + person
        state.closed[other >> 6] |= 1 << (other & 63)
        stop(state, DISCOVERY, other)
        stop(state, RESOLUTION, other)
    if at(people.creativity, person) > 0.0:
        for k in range(catalogue.dependents_begin[idea], catalogue.dependents_begin[idea + 1]):
            put(pending, 4 * (catalogue.dependents[k] * n + person) + DISCOVERY)


def ended(people: People, catalogue: Catalogue, state: State, pending: Ints, idea: int, person: int) -> None:
    """A holding has ended; up to 1 + 2 * rivals clocks become pending."""
    n = state.n
    key = idea * n + person
    state.pairs[key].bits &= ALL - HELD - IMPLEMENTED
    refresh(people, catalogue, state, idea, person)
    stop(state, IMPLEMENTATION, key)
    stop(state, ABANDONMENT, key)
    creative = at(people.creativity, person) > 0.0
    if creative:
        put(pending, 4 * key + DISCOVERY)
        for k in range(catalogue.dependents_begin[idea], catalogue.dependents_begin[idea + 1]):
            stop(state, DISCOVERY, catalogue.dependents[k] * n + person)
    for k in range(catalogue.rivals_begin[idea], catalogue.rivals_begin[idea + 1]):
        rival = catalogue.rivals[k]
        refresh(people, catalogue, state, rival, person)
        put(pending, 4 * (rival * n + person) + RESOLUTION)
        if creative:
            put(pending, 4 * (rival * n + person) + DISCOVERY)


def implement(state: State, rows: Rows, key: int) -> None:
    """A holder makes an idea work; an event and an influence."""
    idea = key // state.n
    now = state.counters[NOW]
    state.pairs[key].bits |= IMPLEMENTED
    stop(state, IMPLEMENTATION, key)
    row = add_event(rows, now, IMPLEMENT, key - idea * state.n, idea, 1)
    add_influence(rows, row, state.pairs[key].event, 1.0)
    release = works_from(now, int(state.dynamics[DELAY]))
    state.released[idea] = min(state.released[idea], release)
