"""The step: what is scheduled happens, everybody decides on the state of the last step, then everything happens."""

from __future__ import annotations

import math
from typing import Any

from sim.machine.hints import keep, opened
from sim.model.kernels.buffers import add_event, ask
from sim.model.kernels.columns import (
    ABANDONMENT,
    DISCOVERY,
    GIVEN_UP,
    HELD,
    IMPLEMENTATION,
    RESOLUTION,
    SIMPLE,
    SURE,
    Run,
    at,
)
from sim.model.kernels.crowd import abandon_in_crowd, pieces_of
from sim.model.kernels.exposure import expose, look_around, note, watch
from sim.model.kernels.holdings import ended, implement, is_closed
from sim.model.kernels.interventions import discover, happen
from sim.model.kernels.learning import learn
from sim.model.kernels.timers import rates_vary, set_rates, sort_due, start, take_due
from sim.model.realise_loops import realise_run
from sim.tape.check import is_sound
from sim.tape.rows import Rows, in_use
from sim.tape.tables import ABANDON, Floats, Ints

BETWEEN, TELLING, RESOLVING, ENDING = range(4)  # the stages of a step at which it can be left and resumed
DONE, SHARED, TOO_MANY = range(3)  # why the loops return; SHARED: threads can take part in the telling
MOST = 2**31 - 1  # events


def advance(kept: Any, until: int, enough: int, most: int) -> tuple[int, int]:
    """Take steps up to `until`, from the stage at which the last one was left; return why it stopped, and the step.

    It stops before the telling of a step with at least `enough` tellers, which can be shared (0: never), and if there
    are more than `most` events.
    """
    run = opened(kept)
    return take_steps(run, until, enough, most), run.now


def kept(record: Any) -> Any:
    """Return a named tuple as a kept record."""
    return keep(record)


def shown(kept: Any) -> Any:
    """Return a kept record as a named tuple of the same columns."""
    return kept.record


def finish(kept: Any, impact: Any) -> tuple[Rows, Ints, Ints, Floats, int, bool]:
    """Return the rows of a run at its end, what was realised, `skipped`, and whether they make a sound tape.

    `impact` is an `Impact` that is kept. If the world has a crowd, checking is left to the tape.
    """
    run = opened(kept)
    rows, event, served, value = realise_run(run.rows, pieces_of(run), impact.record)
    rows = in_use(rows)
    sound = run.crowd == 0 and is_sound(
        rows.step, rows.kind, rows.person, rows.idea, rows.count, rows.child, rows.parent, rows.weight,
        event, served, value, run.steps, run.n, len(run.status),
    )  # fmt: skip
    return rows, event, served, value, run.skipped, sound


def take_steps(run: Run, until: int, enough: int, most: int) -> int:
    """Take steps as `advance` does."""
    while run.stage != BETWEEN or run.now < until:
        if run.stage == BETWEEN:
            begin_step(run, until)
            if enough and run.tellers[0] >= enough:
                run.stage = TELLING
                return SHARED
        if run.stage <= TELLING:
            if run.dynamics[0].adoption != SIMPLE:
                watch(run)
                look_around(run)
            expose(run)
        if run.stage <= RESOLVING:
            resolve_and_discover(run)
            learn(run)
        make_and_abandon(run)
        run.stage = BETWEEN
        if run.rows.used[0] > most:
            return TOO_MANY
    return DONE


def begin_step(run: Run, until: int) -> None:
    """Carry out what is scheduled, and find the timers that are due."""
    if run.now == 0:
        begin(run)
    run.now = next_step(run, until)
    run.rows_before, run.rows_now = run.rows_now, run.rows.used[0]
    while run.intervened < len(run.interventions) and run.interventions[run.intervened].step <= run.now:
        happen(run, run.intervened)
        run.intervened += 1
    set_rates(run)
    start(run)
    sort_due(run)


def begin(run: Run) -> None:
    """Close all ideas to those who are not there, and ask who may discover an idea without prerequisites."""
    before = run.dynamics_before[0]
    before.abandon_rate = before.abandon_rate_working = math.nan  # there was no rate before
    at_once = len(run.interventions) > 0 and run.interventions[0].step == 1  # the rate may be set before
    for idea in range(len(run.status)):
        status, base = run.status[idea], idea * run.n
        alone = status.prerequisites == status.prerequisites_end
        asked = alone and (at_once or run.ideas[idea].discovery_rate > 0.0)
        for key in range(base, base + run.n if len(run.alive) > 1 else base):
            run.closed[key >> 6] |= (1 - run.alive[key - base]) << (key & 63)
        for key in range(base, base + run.n if asked else base):
            if at(run.abilities.creativity, key - base) > 0.0:
                ask(run, 4 * key + DISCOVERY)


def next_step(run: Run, until: int) -> int:
    """Return the next step up to `until` in which anything can happen, so that quiet steps take no time."""
    now = run.now + 1
    quiet = not (run.tellers[0] or run.pending[0] or run.cohorts_number) and now > 1
    if not quiet or run.dynamics[0].adoption != SIMPLE or rates_vary():
        return now
    last = until
    if run.intervened < len(run.interventions):
        last = min(last, run.interventions[run.intervened].step)
    for idea in range(len(run.status)):
        if not run.status[idea].works:
            last = min(last, run.status[idea].released)
    while now < last and run.calendar[now] < 0:
        now += 1
    run.rows_now = run.rows.used[0]
    return now


def resolve_and_discover(run: Run) -> None:
    """Expose again all who stop hesitating, let discoverers discover, and stifle tellers of stale news."""
    keys, pairs = run.learners, run.pairs
    for k in range(take_due(run, RESOLUTION)):
        pairs[keys[k]].bits |= SURE
        note(run, keys[k], run.heard_from[keys[k]])
    for k in range(take_due(run, DISCOVERY)):
        if not is_closed(run.closed, keys[k]):
            discover(run, keys[k] // run.n, keys[k] % run.n)
    for k in range(1, run.stifled[0] + 1):
        pair = pairs[run.stifled[k]]
        if pair.bits & HELD:
            pair.until = run.now
    run.stifled[0] = 0


def make_and_abandon(run: Run) -> None:
    """Have implementers implement, and let persons give ideas up, the crowd last for each idea."""
    keys = run.learners
    for k in range(take_due(run, IMPLEMENTATION)):
        implement(run, keys[k])
    leaving, k = take_due(run, ABANDONMENT), 0
    for idea in range(len(run.status) if run.cohorts_number or leaving else 0):
        while k < leaving and keys[k] < (idea + 1) * run.n:
            add_event(run, ABANDON, keys[k] - idea * run.n, idea, 1)
            if not run.dynamics[0].readopt:
                run.pairs[keys[k]].bits |= GIVEN_UP
            ended(run, idea, keys[k] - idea * run.n)
            k += 1
        if run.status[idea].first >= 0:
            abandon_in_crowd(run, idea)
