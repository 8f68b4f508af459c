"""Interventions in loops; agents/interventions.py shows the effect of each kind.

An intervention is a record: whole numbers for its step, its kind, and ranges of the persons who act, of ideas, and of
the persons acted on, and a fractional number for the amount.
"""

from __future__ import annotations

import numpy as np

from sim.model.kernels.buffers import add_event, add_influence, add_mixture, ask, list_teller, note_later, stifle
from sim.model.kernels.columns import (
    ABANDONMENT,
    ALL,
    BOTH,
    DISCOVERY,
    HELD,
    HESITATES,
    IMPLEMENTATION,
    IMPLEMENTED,
    SILENT,
    TAKEN,
    Abilities,
    Run,
    at,
)
from sim.model.kernels.crowd import tell_crowd
from sim.model.kernels.holdings import begun, ended, implement, is_closed, last_step, refresh, stop
from sim.model.randomness import PUBLISH, RANK, READ, TOLD, key_of, rank_of, uniform_of
from sim.model.rules import (
    added,
    can_be_found,
    can_be_made_to_work,
    chance_of_both,
    chance_to_understand,
    claim,
    comes_true,
    equal_part,
    is_settled,
    part_of,
    skip,
    tells_again_until,
)
from sim.tape.tables import DISCOVER, LEARN, LEAVE

KINDS = ("born", "die", "set", "discover", "find", "implement", "rewrite", "lock", "unlock", "publish", "tell")
BORN, DIE, SET, DO_DISCOVER, FIND, DO_IMPLEMENT, REWRITE, LOCK, UNLOCK, DO_PUBLISH, TELL = range(11)
SECTIONS = ("dynamics", "ideas", "persons", "common rate")  # the sections in which something can be set
OF_DYNAMICS, OF_IDEAS, OF_PERSONS, COMMON_RATE = range(4)
KEEPS = len(Abilities._fields)  # the field after those of the abilities
WAITS = {
    "creativity": DISCOVERY,
    "skill": IMPLEMENTATION,
    "keeps": ABANDONMENT,
}  # timers that restart when the field is set
RESTARTS = np.array([WAITS.get(name, -1) for name in (*Abilities._fields, "keeps")])


def happen(run: Run, which: int) -> None:
    """Have a scheduled change happen now; persons on whom it has no effect are counted as skipped."""
    run.rescan = 1
    given = run.interventions[which]
    persons, ideas = max(given.person_end - given.person, 0), max(given.idea_end - given.idea, 0)
    pairs = max(persons, ideas) if given.each and persons and ideas else persons * ideas
    if given.kind == BORN:
        be_born(run, given.to, given.to_end)
    elif given.kind == DIE:
        die(run, given.to, given.to_end)
    elif given.kind == SET:
        set_value(run, which)
    else:
        for k in range(pairs):
            person, idea = given.person + (k % persons if given.each else k // ideas), given.idea + k % ideas
            if person == run.n:
                tell_from_crowd(run, idea, which)
            elif given.kind in (DO_DISCOVER, FIND):
                adopt_now(run, idea, person, which)
            else:
                do_with_holding(run, idea, person, which)


def be_born(run: Run, first: int, end: int) -> None:
    """Have persons enter the world."""
    for person in range(first, end):
        if not run.alive[person]:
            run.alive[person] = 1
            for idea in range(len(run.status)):
                refresh(run, idea, person)
                restart(run, 4 * (idea * run.n + person) + DISCOVERY)


def die(run: Run, first: int, end: int) -> None:
    """Have persons leave the world, and end their holdings."""
    for person in range(first, end):
        for idea in range(len(run.status)):
            if run.pairs[idea * run.n + person].bits & HELD:
                add_event(run, LEAVE, person, idea, 1)
                ended(run, idea, person)
        run.skipped += not run.alive[person]
        run.alive[person] = 0
        for idea in range(len(run.status)):
            key = idea * run.n + person
            for timer in range(4 * key, 4 * key + 4):
                stop(run, timer)
            run.pairs[key].bits &= ALL - HESITATES
            refresh(run, idea, person)


def restart(run: Run, timer: int) -> None:
    """Stop a timer, and have its wait drawn anew."""
    stop(run, timer)
    ask(run, timer)


def set_value(run: Run, which: int) -> None:
    """Give a parameter a new value; what a new value of an idea changes is left to realise.py."""
    given, field, value = run.interventions[which], run.interventions[which].field, run.interventions[which].amount
    if given.section == COMMON_RATE:
        for idea in range(len(run.ideas)):
            if run.status[idea].common:
                run.ideas[idea].discovery_rate = value
    elif given.section == OF_DYNAMICS:
        run.dynamics_numbers[field] = value
    elif given.section == OF_IDEAS:
        run.ideas_numbers[given.to : given.to_end, field] = value
    else:
        for person in range(given.to, given.to_end):
            if field == KEEPS:
                run.keeps[person] = value != 0.0
            else:
                run.abilities[field][person] = value
            for idea in range(len(run.ideas) if RESTARTS[field] >= 0 else 0):
                restart(run, 4 * (idea * run.n + person) + RESTARTS[field])


def discover(run: Run, idea: int, person: int) -> None:
    """Have a person discover an idea, with their holdings of its prerequisites as equal influences, by row."""
    row, number = add_event(run, DISCOVER, person, idea, 1), 0
    begin, end = run.status[idea].prerequisites, run.status[idea].prerequisites_end
    for k in range(begin, end):
        number += run.pairs[run.relations[k] * run.n + person].bits & HELD
    for k in range(begin, end):
        pair = run.pairs[run.relations[k] * run.n + person]
        if pair.bits & HELD:
            add_influence(run, row, pair.event, equal_part(number))
            rows = run.rows
            j = rows.used[1] - 1
            while j > 0 and rows.child[j - 1] == row and rows.parent[j - 1] > pair.event:
                rows.parent[j] = rows.parent[j - 1]
                j -= 1
            rows.parent[j] = pair.event
    begun(run, idea, person, row)


def adopt_now(run: Run, idea: int, person: int, which: int) -> None:
    """Have a person have an idea now, or find it in the notebook of another one, alive or dead."""
    given, event = run.interventions[which], -1
    is_open = not is_closed(run.closed, idea * run.n + person)
    for of in range(given.to, min(given.to_end, run.n) if given.kind == FIND else given.to):
        if run.pairs[idea * run.n + of].bits & TAKEN:
            event = run.pairs[idea * run.n + of].event
            break
    if not can_be_found(is_open, event >= 0 or given.kind == DO_DISCOVER):
        run.skipped += 1
    elif given.kind == DO_DISCOVER:
        discover(run, idea, person)
    else:
        row = add_event(run, LEARN, person, idea, 1)
        add_influence(run, row, event, 1.0)
        begun(run, idea, person, row)


def do_with_holding(run: Run, idea: int, person: int, which: int) -> None:
    """Carry out what a person does with a held idea."""
    given, key = run.interventions[which], idea * run.n + person
    pair, clarity = run.pairs[key], at(run.abilities.clarity, person)
    held = pair.bits & HELD != 0
    if not held or (given.kind == DO_IMPLEMENT and not can_be_made_to_work(held, pair.bits & IMPLEMENTED != 0)):
        run.skipped += 1
    elif given.kind == DO_IMPLEMENT:
        implement(run, key)
    elif given.kind == LOCK:
        pair.until = 0
    elif given.kind in (REWRITE, UNLOCK):
        if given.kind == REWRITE:
            run.ideas[idea].clarity = given.amount
        pair.until = last_step(tells_again_until(run.now, pair.since, run.dynamics[0].telling_period))
        list_teller(run, key)
    elif given.kind == TELL:
        for other in range(given.to, min(given.to_end, run.n)):
            address(run, key, other, TOLD)
        if given.to_end > run.n:
            tell_crowd(run, idea, pair.event, 1.0, clarity)
    else:
        publish(run, key, given.amount)
        tell_crowd(run, idea, pair.event, given.amount, clarity)


def publish(run: Run, key: int, reach: float) -> None:
    """Have a holder address everybody with the same chance."""
    stream, person = key_of(run.seed, PUBLISH, run.now, key // run.n), key % run.n
    other, draws = -1, 0
    while reach > 0.0:
        other += 1 + skip(uniform_of(stream, person, draws) if reach < 1.0 else 0.0, reach)
        if other >= run.n:
            break
        draws += 1
        address(run, key, other, READ)


def address(run: Run, key: int, other: int, purpose: int) -> None:
    """Have a holder address one person: whoever understands is exposed, whoever knows already may stifle the holder."""
    n, idea = run.n, key // run.n
    person, other_key = key - idea * n, idea * n + other
    if other == person:
        return
    if run.pairs[other_key].bits & HELD:
        if run.dynamics[0].stifling != SILENT:
            stifle(run, key)
            if run.dynamics[0].stifling == BOTH:
                stifle(run, other_key)
    else:
        clarity, event = at(run.abilities.clarity, person), run.pairs[key].event
        expose_to(run, idea, person, other, clarity, event, purpose)


def expose_to(run: Run, idea: int, person: int, other: int, clarity: float, source: int, purpose: int) -> None:
    """Expose a person to a teller who addresses with certainty, if the person is open to the idea and understands."""
    key = idea * run.n + other
    if is_closed(run.closed, key):
        return
    understood = chance_to_understand(run.ideas[idea].clarity, clarity, at(run.abilities.understanding, other))
    drawn = uniform_of(key_of(run.seed, purpose, run.now, idea), person, other)
    if comes_true(drawn, chance_of_both(1.0, understood)):
        note_later(run, key, claim(rank_of(key_of(run.seed, RANK, run.now, idea), person, other), source))


def tell_from_crowd(run: Run, idea: int, which: int) -> None:
    """Have the crowd tell an idea; the credit goes to its cohorts in proportion to their counts."""
    given, number, at_cohort, total = run.interventions[which], 0, run.status[idea].first, 0.0
    events, counts = np.empty(run.cohorts_number, np.int64), np.empty(run.cohorts_number)
    while at_cohort >= 0:
        cohort = run.cohorts[at_cohort]
        if is_settled(cohort.since, run.now) and cohort.count:
            events[number], counts[number] = cohort.event, cohort.count
            total = added(total, counts[number])
            number += 1
        at_cohort = cohort.next
    if number == 0:
        run.skipped += 1
        return
    source = events[0]
    if number > 1:
        for k in range(number):
            counts[k] = part_of(counts[k], total)
        source = add_mixture(run, events[:number], counts[:number])
    for other in range(given.to, min(given.to_end, run.n)):
        expose_to(run, idea, run.n, other, 1.0, source, TOLD)
