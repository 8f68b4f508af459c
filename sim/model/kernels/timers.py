"""Timers: a chance of constant rate is one drawn wait, kept in a calendar until it is due or its reason is gone."""

from __future__ import annotations

from sim.model.kernels.bitset import collect, mark
from sim.model.kernels.buffers import ask
from sim.model.kernels.columns import (
    ABANDONMENT,
    DISCOVERY,
    FAR,
    HELD,
    HESITATES,
    IMPLEMENTATION,
    IMPLEMENTED,
    PURPOSES,
    RESOLUTION,
    Run,
    at,
    larger,
)
from sim.model.kernels.holdings import abandonment_in_force, is_closed, is_held, stop
from sim.model.randomness import key_of, uniform_of
from sim.model.rules import abandonment_rate, discovery_rate, implementation_rate, wait

BLOCK = 16  # words of a block of the calendar: the next block, and up to 15 timers


def has_prerequisites(run: Run, idea: int, person: int) -> bool:
    """Return whether a person has held all prerequisites of an idea since an earlier step."""
    for k in range(run.status[idea].prerequisites, run.status[idea].prerequisites_end):
        if not is_held(run, run.relations[k] * run.n + person):
            return False
    return True


def is_new(run: Run, key: int) -> bool:
    """Return whether an idea was adopted in this very step."""
    return bool(run.pairs[key].bits & HELD) and not is_held(run, key)


def stands_on_news(run: Run, idea: int, person: int) -> bool:
    """Return whether a person adopted a prerequisite of an idea in this very step."""
    for k in range(run.status[idea].prerequisites, run.status[idea].prerequisites_end):
        if is_new(run, run.relations[k] * run.n + person):
            return True
    return False


def runs_now(run: Run, timer: int, idea: int, person: int) -> bool:
    """Return whether a timer runs in this step."""
    key, bits = timer >> 2, run.pairs[timer >> 2].bits
    purpose = timer & 3
    if not at(run.alive, person):
        return False
    if purpose == DISCOVERY:
        creative = at(run.abilities.creativity, person) > 0.0
        return creative and not is_closed(run.closed, key) and has_prerequisites(run, idea, person)
    if purpose == RESOLUTION:
        return bits & HESITATES != 0 and not is_closed(run.closed, key)
    if not is_held(run, key):
        return False
    if purpose == IMPLEMENTATION:
        return at(run.abilities.skill, person) > 0.0 and not bits & IMPLEMENTED
    return not at(run.keeps, person)


def may_run_soon(run: Run, timer: int, idea: int, person: int) -> bool:
    """Return whether a timer that does not run may run in the next step, since something was adopted in this one."""
    if timer & 3 == DISCOVERY:
        return stands_on_news(run, idea, person)
    return timer & 3 != RESOLUTION and is_new(run, timer >> 2)


def rate_of(run: Run, timer: int, idea: int, person: int) -> float:
    """Return the rate at which a timer runs."""
    purpose, d, abilities = timer & 3, run.dynamics[0], run.abilities
    if purpose == DISCOVERY:
        return discovery_rate(run.ideas[idea].discovery_rate, at(abilities.creativity, person))
    if purpose == IMPLEMENTATION:
        return implementation_rate(d.implementation_rate, at(abilities.skill, person), run.ideas[idea].difficulty)
    if purpose == ABANDONMENT:
        age = run.now - run.pairs[timer >> 2].since
        return abandonment_rate(run.status[idea].works != 0, d.abandon_rate, d.abandon_rate_working, age)
    return float(d.resolve_rate)


def start(run: Run) -> None:
    """Start the timers that are asked about and do not run yet; ask again about those that may run soon."""
    pending, now, n = run.pending, run.now, run.n
    left, last, stream = 0, -1, 0
    for place in range(1, pending[0] + 1):
        timer = pending[place]
        if run.due[timer]:
            if run.due[timer] == now and rates_vary():
                enter(run, now, timer)
            continue
        idea = (timer >> 2) // n
        person = (timer >> 2) - idea * n
        if not runs_now(run, timer, idea, person):
            if may_run_soon(run, timer, idea, person):
                left += 1
                pending[left] = timer
            continue
        rate = rate_of(run, timer, idea, person)
        if rate <= 0.0:
            continue  # never due, until it restarts at another rate
        if last != 4 * idea + (timer & 3):
            last = 4 * idea + (timer & 3)
            stream = key_of(run.seed, PURPOSES[timer & 3], now, idea)
        due = min(now - 1 + wait(uniform_of(stream, person, 0), rate), FAR)
        run.due[timer] = due
        run.timers_used = 1
        if due == now or (due <= run.steps and not (timer & 3 == ABANDONMENT and rates_vary())):
            enter(run, due, timer)
    pending[0] = left


def enter(run: Run, due: int, timer: int) -> None:
    """Enter a timer into the calendar for a step."""
    block, filled = run.calendar[due], run.filled[due]
    if block < 0 or filled == BLOCK - 1:
        new = run.free_block
        if new >= 0:
            run.free_block = run.slots[new * BLOCK]
        else:
            new = run.blocks
            run.blocks = new + 1
            if run.blocks * BLOCK > len(run.slots):
                run.slots = larger(run.slots, 0)
        run.slots[new * BLOCK] = block
        run.calendar[due] = new
        block, filled = new, 0
    run.slots[block * BLOCK + 1 + filled] = timer
    run.filled[due] = filled + 1


def sort_due(run: Run) -> None:
    """Sort the timers that are due now by purpose and by key."""
    now, slots = run.now, run.slots
    run.due_numbers[:] = 0
    block, filled = run.calendar[now], run.filled[now]
    while block >= 0:
        for place in range(block * BLOCK + 1, block * BLOCK + 1 + filled):
            timer = slots[place]
            if run.due[timer] == now:
                run.due_numbers[timer & 3] += mark(run.low[timer & 3], run.high[timer & 3], timer >> 2)
        following = slots[block * BLOCK]
        slots[block * BLOCK] = run.free_block
        run.free_block = block
        block, filled = following, BLOCK - 1
    run.calendar[now] = -1


def take_due(run: Run, purpose: int) -> int:
    """Take out, in order, the keys whose timer for this purpose is due now, as learners; return how many."""
    if not run.due_numbers[purpose]:
        return 0
    return collect(run.low[purpose], run.high[purpose], 0, run.high.shape[1], run.learners)


def rates_vary() -> bool:
    """Return whether a rate can change by itself, as with age: a rule of one's own can, those of rules.py cannot.

    If one can, the loops are linked with another function in place of this one.
    """
    return False


def set_rates(run: Run) -> None:
    """Put the parameters of this step in place, and restart the timers whose rate has changed."""
    for idea in range(len(run.status)):
        for purpose in range(4 if run.now > 1 else 0):
            if is_another(run, purpose, idea):
                restart_all(run, purpose, idea)
    run.dynamics_before[0] = run.dynamics[0]
    for idea in range(len(run.status)):
        run.ideas_before[idea] = run.ideas[idea]
        run.status[idea].works = run.status[idea].released <= run.now
        run.status[idea].worked = run.status[idea].works


def abandonment_now(run: Run, idea: int, age: int) -> float:
    """Return the rate of abandonment of this step, before it is put in place."""
    works, d = run.status[idea].released <= run.now, run.dynamics[0]
    return abandonment_rate(works, d.abandon_rate, d.abandon_rate_working, age)


def is_another(run: Run, purpose: int, idea: int) -> bool:
    """Return whether something on which a timer of an idea depends has changed."""
    old, new, before, now = run.dynamics_before[0], run.dynamics[0], run.ideas_before[idea], run.ideas[idea]
    if purpose == DISCOVERY:
        return bool(before.discovery_rate != now.discovery_rate)
    if purpose == IMPLEMENTATION:
        other = before.difficulty != now.difficulty
        return bool(other or old.implementation_rate != new.implementation_rate)
    if purpose == ABANDONMENT:
        return rates_vary() or abandonment_now(run, idea, 0) != abandonment_in_force(run, idea, 0)
    return bool(old.resolve_rate != new.resolve_rate)


def is_as_before(run: Run, purpose: int, idea: int, person: int) -> bool:
    """Return whether the rate of a timer is that of the last step, although something on which it depends changed."""
    old, before, now = run.dynamics_before[0], run.ideas_before[idea], run.ideas[idea]
    if purpose == DISCOVERY:
        creativity = at(run.abilities.creativity, person)
        return discovery_rate(before.discovery_rate, creativity) == discovery_rate(now.discovery_rate, creativity)
    if purpose == IMPLEMENTATION:
        skill = at(run.abilities.skill, person)
        rate = implementation_rate(old.implementation_rate, skill, before.difficulty)
        return rate == implementation_rate(run.dynamics[0].implementation_rate, skill, now.difficulty)
    if purpose == ABANDONMENT:
        age = run.now - run.pairs[idea * run.n + person].since
        return abandonment_now(run, idea, age) == abandonment_in_force(run, idea, age - 1)
    return False


def restart_all(run: Run, purpose: int, idea: int) -> None:
    """Restart the timers of all persons whose rate differs from that of the last step."""
    for person in range(run.n):
        key = idea * run.n + person
        if purpose == DISCOVERY:
            concerned = at(run.abilities.creativity, person) > 0.0
        elif purpose == RESOLUTION:
            concerned = run.pairs[key].bits & HESITATES != 0
        else:
            concerned = run.pairs[key].bits & HELD != 0
        if concerned and not is_as_before(run, purpose, idea, person):
            stop(run, 4 * key + purpose)
            ask(run, 4 * key + purpose)
        elif concerned and run.due[4 * key + purpose] == run.now and rates_vary():
            ask(run, 4 * key + purpose)  # not in the calendar, since its rate could have changed until now
