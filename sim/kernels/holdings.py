"""To take an idea up and to lose it: what changes in the columns, and which clocks are to be asked about."""

from __future__ import annotations

from sim.kernels.columns import (
    ABANDONMENT,
    ADOPTION,
    ALL,
    CLOCKED,
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
    TAKEN,
    THRESHOLD,
    WATCHED,
    Catalogue,
    People,
    State,
    at,
    put,
)
from sim.kernels.marks import mark
from sim.rules import abandonment_rate
from sim.tape import IMPLEMENT, Ints
from sim.tape_rows import Rows, add_event, add_influence

__all__: list[str] = []

INLINE = ("begun",)  # called for each learner


def is_closed(state: State, key: int) -> int:
    """1 where a person cannot take an idea up, else 0."""
    return int((state.closed[key >> 6] >> (key & 63)) & 1)


def is_held(state: State, key: int) -> bool:
    """Whether an idea is held since an earlier step."""
    pair = state.pairs[key]
    return bool(pair.bits & HELD) and bool(pair.since < state.counters[NOW])


def refresh(people: People, catalogue: Catalogue, state: State, idea: int, person: int) -> None:
    """See again whether a person could take an idea up: is there, and neither holds it or a rival nor gave it up."""
    key = idea * state.n + person
    shut = not at(people.alive, person) or state.pairs[key].bits & (HELD | GIVEN_UP) != 0
    for k in range(catalogue.rivals_begin[idea], catalogue.rivals_begin[idea + 1]):
        shut = shut or state.pairs[catalogue.rivals[k] * state.n + person].bits & HELD != 0
    bit = 1 << (key & 63)
    if shut:
        state.closed[key >> 6] |= bit
    else:
        state.closed[key >> 6] &= ~bit
        if state.dynamics[ADOPTION] == THRESHOLD:
            mark(state.low[WATCHED], state.high[WATCHED], key)


def stop(state: State, clock: int, key: int) -> None:
    """Let a clock not run."""
    if state.counters[CLOCKED] and state.due[4 * key + clock]:  # looked at first: what never runs takes no memory
        state.due[4 * key + clock] = 0


def abandonment_in_force(state: State, idea: int) -> float:
    """The rate at which an idea was abandoned in the last step in which rates were set; clocks start anew at others."""
    force, works = state.in_force, state.in_force[4 + 2 * len(state.works) + idea] != 0.0
    return abandonment_rate(works, force[RATE_TO_ABANDON], force[RATE_TO_ABANDON_WORKING])


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
    now, n, d = state.counters[NOW], state.n, state.dynamics
    key = idea * n + person
    pair = state.pairs[key]
    pair.bits = (pair.bits | HELD | TAKEN) & (ALL - IMPLEMENTED - HESITATES)
    pair.event, pair.since, pair.until = row, now, last_step(now + d[PERIOD])
    state.closed[key >> 6] |= 1 << (key & 63)
    list_teller(state, tellers, key)
    for clock in range(4):
        stop(state, clock, key)
    if d[RATE_TO_IMPLEMENT] > 0.0 and at(people.skill, person) > 0.0:
        put(pending, 4 * key + IMPLEMENTATION)
    if not abandonment_in_force(state, idea) <= 0.0 and not at(people.keeps, person):  # nan before the first step
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
    release = now + 1 + int(state.dynamics[DELAY])
    state.released[idea] = min(state.released[idea], release)
