"""To take an idea up and to lose it: what changes in the columns, and which clocks are to be asked about."""

from __future__ import annotations

from sim.kernels.columns import (
    ABANDONMENT,
    ADOPTION,
    ALL,
    DELAY,
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
    THRESHOLD,
    WATCHED,
    Bag,
    Catalogue,
    People,
    State,
    at,
    put,
)
from sim.kernels.marks import mark
from sim.tape import IMPLEMENT
from sim.tape_rows import Rows, add_event, add_influence

__all__: list[str] = []

INLINE = ("begun",)  # called for each learner


def is_closed(state: State, key: int) -> int:
    """1 where a person cannot take an idea up, else 0."""
    return (state.closed[key >> 6] >> (key & 63)) & 1  # type: ignore[no-any-return]


def is_held(state: State, key: int) -> bool:
    """Whether an idea is held since an earlier step."""
    return bool(state.bits[key] & HELD) and bool(state.since[key] < state.counters[NOW])


def refresh(people: People, catalogue: Catalogue, state: State, idea: int, person: int) -> None:
    """See again whether a person could take an idea up: is there, and neither holds it or a rival nor gave it up."""
    key = idea * state.n + person
    shut = not at(people.alive, person) or state.bits[key] & (HELD | GIVEN_UP) != 0
    for k in range(catalogue.rivals_begin[idea], catalogue.rivals_begin[idea + 1]):
        shut = shut or state.bits[catalogue.rivals[k] * state.n + person] & HELD != 0
    bit = 1 << (key & 63)
    if shut:
        state.closed[key >> 6] |= bit
    else:
        state.closed[key >> 6] &= ~bit
        if state.dynamics[ADOPTION] == THRESHOLD:
            mark(state.low[WATCHED], state.high[WATCHED], key)


def stop(state: State, clock: int, key: int) -> None:
    """Let a clock not run."""
    place = clock * len(state.bits) + key
    if state.due[place]:  # looked at before it is written, so that what never runs takes no memory
        state.due[place] = 0


def last_step(step: float) -> int:
    """A step that may have a fraction, or be inf, as the last whole one up to it."""
    return int(step) if step < LAST else LAST


def list_teller(state: State, tellers: Bag, key: int) -> None:
    """Let a holder be among the tellers, once."""
    if not state.bits[key] & LISTED:
        state.bits[key] |= LISTED
        put(tellers, key)


def begun(
    people: People, catalogue: Catalogue, state: State, pending: Bag, tellers: Bag, idea: int, person: int, row: int
) -> None:
    """A holding began with an event; up to 2 + dependents clocks become pending, and one teller more is listed."""
    now, n, d = state.counters[NOW], state.n, state.dynamics
    key = idea * n + person
    state.bits[key] = (state.bits[key] | HELD) & (ALL - IMPLEMENTED - HESITATES)
    state.closed[key >> 6] |= 1 << (key & 63)
    state.event[key] = row
    state.since[key] = now
    state.until[key] = last_step(now + d[PERIOD])
    list_teller(state, tellers, key)
    for clock in range(4):
        stop(state, clock, key)
    if d[RATE_TO_IMPLEMENT] > 0.0 and at(people.skill, person) > 0.0:
        put(pending, 4 * key + IMPLEMENTATION)
    if (d[RATE_TO_ABANDON] > 0.0 or d[RATE_TO_ABANDON_WORKING] > 0.0) and not at(people.keeps, person):
        put(pending, 4 * key + ABANDONMENT)
    for k in range(catalogue.rivals_begin[idea], catalogue.rivals_begin[idea + 1]):
        other = catalogue.rivals[k] * n + person
        state.closed[other >> 6] |= 1 << (other & 63)
        stop(state, DISCOVERY, other)
        stop(state, RESOLUTION, other)
    if at(people.creativity, person) > 0.0:
        for k in range(catalogue.dependents_begin[idea], catalogue.dependents_begin[idea + 1]):
            put(pending, 4 * (catalogue.dependents[k] * n + person) + DISCOVERY)


def ended(people: People, catalogue: Catalogue, state: State, pending: Bag, idea: int, person: int) -> None:
    """A holding has ended; up to 1 + 2 * rivals clocks become pending."""
    n = state.n
    key = idea * n + person
    state.bits[key] &= ALL - HELD - IMPLEMENTED
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
    state.bits[key] |= IMPLEMENTED
    stop(state, IMPLEMENTATION, key)
    row = add_event(rows, now, IMPLEMENT, key - idea * state.n, idea, 1)
    add_influence(rows, row, state.event[key], 1.0)
    release = now + 1 + int(state.dynamics[DELAY])
    state.released[idea] = min(state.released[idea], release)
