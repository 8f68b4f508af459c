"""Adopting an idea and losing it: the changes in the columns, and the timers to ask about."""

from __future__ import annotations

from typing import Any

from sim.machine.hints import inline
from sim.model.kernels.bitset import mark
from sim.model.kernels.buffers import add_event, add_influence, ask, list_teller
from sim.model.kernels.columns import (
    ABANDONMENT,
    ALL,
    DISCOVERY,
    GIVEN_UP,
    HELD,
    HESITATES,
    IMPLEMENTATION,
    IMPLEMENTED,
    LAST,
    RESOLUTION,
    SURE,
    TAKEN,
    THRESHOLD,
    WATCHED,
    Run,
    at,
)
from sim.model.rules import abandonment_rate, is_open, is_settled, tells_until, works_from
from sim.tape.tables import IMPLEMENT, Ints


def is_closed(closed: Ints, key: int) -> int:
    """Return 1 if a person cannot adopt an idea, else 0."""
    return int((closed[key >> 6] >> (key & 63)) & 1)


def is_held(run: Run, key: int) -> bool:
    """Return whether an idea has been held since an earlier step."""
    pair = run.pairs[key]
    return bool(pair.bits & HELD) and is_settled(pair.since, run.now)


def refresh(run: Run, idea: int, person: int) -> None:
    """Check again whether a person could adopt an idea."""
    key, status = idea * run.n + person, run.status[idea]
    bits, rival = run.pairs[key].bits, False
    for k in range(status.rivals, status.rivals_end):
        rival = rival or run.pairs[run.relations[k] * run.n + person].bits & HELD != 0
    bit = 1 << (key & 63)
    if not is_open(at(run.alive, person) != 0, bits & HELD != 0, bits & GIVEN_UP != 0, rival):
        run.closed[key >> 6] |= bit
    else:
        run.closed[key >> 6] &= ~bit
        if run.dynamics[0].adoption == THRESHOLD:
            mark(run.low[WATCHED], run.high[WATCHED], key)


@inline
def stop(run: Run, timer: int) -> None:
    """Stop a timer."""
    if run.timers_used and run.due[timer]:  # read first, so that timers that never run take no memory
        run.due[timer] = 0


def abandonment_in_force(run: Run, idea: int, age: int) -> float:
    """Return the rate of abandonment of the last step in which rates were set; at another rate, timers restart."""
    before = run.dynamics_before[0]
    return abandonment_rate(run.status[idea].worked != 0, before.abandon_rate, before.abandon_rate_working, age)


def last_step(step: float) -> int:
    """Return the last whole step up to one that may have a fraction, or be inf."""
    return int(step) if step < LAST else LAST


def begun(run: Run, idea: int, person: int, row: int) -> None:
    """Begin a holding with an event."""
    key = idea * run.n + person
    hold(run.pairs[key], row, run.now, last_step(tells_until(run.now, run.dynamics[0].telling_period)), 0)
    run.closed[key >> 6] |= 1 << (key & 63)
    list_teller(run, key)
    set_off(run, key)


@inline
def hold(pair: Any, row: int, now: int, until: int, bits: int) -> None:
    """Have an idea held from an event on and told up to a step, with these additional bits."""
    pair.bits = (pair.bits | HELD | TAKEN | bits) & (ALL - IMPLEMENTED - HESITATES - SURE)
    pair.event, pair.since, pair.until = row, now, until


def is_followed(run: Run) -> bool:
    """Return whether holding an idea has consequences: for a timer that runs or is stopped, or for related ideas."""
    skilled = len(run.abilities.skill) > 1 or run.abilities.skill[0] > 0.0
    follows = run.timers_used != 0 or len(run.relations) > 0
    follows = follows or (skilled and run.dynamics[0].implementation_rate > 0.0)
    for idea in range(len(run.status)):
        follows = follows or not abandonment_in_force(run, idea, 0) <= 0.0  # nan before the first step
    return bool(follows)


def most_timers(run: Run) -> int:
    """Return how many timers may be asked about for each holding that begins."""
    return int(2 + run.most_dependents) if is_followed(run) else 0


def set_off(run: Run, key: int) -> None:
    """Start what follows from an idea being held: ask about timers or stop them, and close rivals."""
    n, idea = run.n, key // run.n
    person, status = key - idea * n, run.status[idea]
    for timer in range(4 * key, 4 * key + 4):
        stop(run, timer)
    if run.dynamics[0].implementation_rate > 0.0 and at(run.abilities.skill, person) > 0.0:
        ask(run, 4 * key + IMPLEMENTATION)
    if not abandonment_in_force(run, idea, 0) <= 0.0 and not at(run.keeps, person):
        ask(run, 4 * key + ABANDONMENT)
    for k in range(status.rivals, status.rivals_end):
        other = run.relations[k] * n + person
        run.closed[other >> 6] |= 1 << (other & 63)
        stop(run, 4 * other + DISCOVERY)
        stop(run, 4 * other + RESOLUTION)
    if at(run.abilities.creativity, person) > 0.0:
        for k in range(status.dependents, status.dependents_end):
            ask(run, 4 * (run.relations[k] * n + person) + DISCOVERY)


def ended(run: Run, idea: int, person: int) -> None:
    """End a holding."""
    n, status = run.n, run.status[idea]
    key, creative = idea * n + person, at(run.abilities.creativity, person) > 0.0
    run.pairs[key].bits &= ALL - HELD - IMPLEMENTED
    refresh(run, idea, person)
    stop(run, 4 * key + IMPLEMENTATION)
    stop(run, 4 * key + ABANDONMENT)
    if creative:
        ask(run, 4 * key + DISCOVERY)
        for k in range(status.dependents, status.dependents_end):
            stop(run, 4 * (run.relations[k] * n + person) + DISCOVERY)
    for k in range(status.rivals, status.rivals_end):
        rival = run.relations[k]
        refresh(run, rival, person)
        ask(run, 4 * (rival * n + person) + RESOLUTION)
        if creative:
            ask(run, 4 * (rival * n + person) + DISCOVERY)


def implement(run: Run, key: int) -> None:
    """Have a holder make an idea work."""
    idea = key // run.n
    run.pairs[key].bits |= IMPLEMENTED
    stop(run, 4 * key + IMPLEMENTATION)
    row = add_event(run, IMPLEMENT, key - idea * run.n, idea, 1)
    add_influence(run, row, run.pairs[key].event, 1.0)
    release = works_from(run.now, int(run.dynamics[0].release_delay))
    run.status[idea].released = min(run.status[idea].released, release)
