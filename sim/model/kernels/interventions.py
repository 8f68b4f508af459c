"""What is scheduled, in loops; what each kind does stands in agents/interventions.py.

A deed is a row of whole numbers: its step, its kind, and ranges of persons who do it, of ideas, and of persons to whom
it is done; two numbers say how much, and what is set.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.kernels.columns import (
    ABANDONMENT,
    ALL,
    BOTH,
    DEPENDENTS,
    DISCOVERY,
    ENTRIES,
    EVENTS,
    HEARINGS,
    HELD,
    HESITATES,
    IMPLEMENTATION,
    IMPLEMENTED,
    INFLUENCES,
    MIXED,
    NEWS,
    NOW,
    PENDING,
    PERIOD,
    PREREQUISITES,
    RESCAN,
    RIVALS,
    SILENT,
    SKIPPED,
    STIFLED,
    STIFLING,
    TAKEN,
    TELLERS,
    Book,
    Catalogue,
    People,
    State,
    at,
    put,
)
from sim.model.kernels.crowd import tell_crowd
from sim.model.kernels.holdings import begun, ended, implement, is_closed, last_step, list_teller, refresh, stop
from sim.model.kernels.learning import add_mixture
from sim.model.randomness import PUBLISH, RANK, READ, TOLD, key_of, rank_of, uniform_of
from sim.model.rules import chance_to_understand, equal_part, skip, tells_again_until
from sim.tape.rows import Rows, add_event, add_influence
from sim.tape.tables import DISCOVER, LEARN, LEAVE, Floats, Ints

KINDS = ("born", "die", "set", "discover", "find", "implement", "rewrite", "lock", "unlock", "publish", "tell")
BORN, DIE, SET, DO_DISCOVER, FIND, DO_IMPLEMENT, REWRITE, LOCK, UNLOCK, DO_PUBLISH, TELL = range(11)
STEP, KIND, WHO, WHO_END, IDEAS, IDEAS_END, EACH, TO, TO_END, SETS, WHICH = range(11)  # columns of a deed
OF_DYNAMICS, OF_IDEAS, OF_PERSONS, COMMON_RATE = range(4)  # what is set
CLARITY, DIFFICULTY, RATE, HESITATION, VALUE = range(5)  # of ideas
CREATIVITY, REACH, SKILL, PERSON_CLARITY, UNDERSTANDING, THRESHOLD, KEEPS = range(7)  # of persons


class Deeds(NamedTuple):
    """All that is scheduled, by step."""

    rows: NDArray[np.int64]  # (deeds, 11)
    amount: Floats  # reach, clarity, or the value that is set; (deeds,)
    done: Ints  # how many; (1,)


def pairs_of(deed: Ints) -> int:
    """How many do something with one idea each: everyone with all or, one by one, the first with the first."""
    who, ideas = max(deed[WHO_END] - deed[WHO], 0), max(deed[IDEAS_END] - deed[IDEAS], 0)
    return int(max(who, ideas) if deed[EACH] and who and ideas else who * ideas)


def person_of(deed: Ints, k: int) -> int:
    """Who is the k-th to do it."""
    who, ideas = deed[WHO_END] - deed[WHO], deed[IDEAS_END] - deed[IDEAS]
    return int(deed[WHO] + (k % who if deed[EACH] else k // ideas))


def need_for(state: State, book: Book, deed: Ints) -> None:
    """Write down how much room a deed may take."""
    n, m, kind, needs = state.n, len(state.works), deed[KIND], book.needs
    others = max(deed[TO_END] - deed[TO], 0)
    pairs = pairs_of(deed)
    if kind in (BORN, SET, DIE):
        events, clocks, pairs = others * m, others * m * (1 + 2 * state.counters[RIVALS]), 0
    else:
        events, clocks = pairs, pairs * (2 + state.counters[DEPENDENTS])
    hearings = pairs * (n if kind == DO_PUBLISH else others if kind == TELL else 0)
    needs[EVENTS] = book.rows.used[0] + events
    needs[INFLUENCES] = book.rows.used[1] + pairs * max(state.counters[PREREQUISITES], 1)
    needs[PENDING], needs[TELLERS] = book.pending[0] + clocks, book.tellers[0] + pairs
    needs[HEARINGS], needs[STIFLED] = book.keys[0] + hearings, book.stifled[0] + 2 * hearings
    needs[NEWS], needs[MIXED] = book.told.used[0] + pairs, book.mixtures.used[0] + pairs + 1
    needs[ENTRIES] = book.mixtures.used[1] + (pairs * book.crowd.used[0] if kind == TELL else 0)


def happen(people: People, catalogue: Catalogue, state: State, book: Book, deed: Ints, amount: float) -> None:
    """Let a scheduled change happen now; those of its persons on whom it has no effect are counted as skipped."""
    state.counters[RESCAN] = 1
    kind = deed[KIND]
    if kind == BORN:
        be_born(people, catalogue, state, book.pending, deed)
    elif kind == DIE:
        die(people, catalogue, state, book.rows, book.pending, deed)
    elif kind == SET:
        set_value(people, catalogue, state, book.pending, deed, amount)
    else:
        for k in range(pairs_of(deed)):
            person, idea = person_of(deed, k), deed[IDEAS] + k % (deed[IDEAS_END] - deed[IDEAS])
            if person == state.n:
                tell_from_crowd(people, catalogue, state, book, idea, deed)
            elif kind in (DO_DISCOVER, FIND):
                take_up_now(people, catalogue, state, book, idea, person, deed)
            else:
                do_with_holding(people, catalogue, state, book, idea, person, deed, amount)


def be_born(people: People, catalogue: Catalogue, state: State, pending: Ints, deed: Ints) -> None:
    """Persons enter the world."""
    for person in range(deed[TO], deed[TO_END]):
        if not people.alive[person]:
            people.alive[person] = 1
            for idea in range(len(state.works)):
                refresh(people, catalogue, state, idea, person)
                restart(state, pending, DISCOVERY, idea * state.n + person)


def die(people: People, catalogue: Catalogue, state: State, rows: Rows, pending: Ints, deed: Ints) -> None:
    """Persons leave the world, and what they hold with them."""
    n, m = state.n, len(state.works)
    for person in range(deed[TO], deed[TO_END]):
        for idea in range(m):
            if state.pairs[idea * n + person].bits & HELD:
                add_event(rows, state.counters[NOW], LEAVE, person, idea, 1)
                ended(people, catalogue, state, pending, idea, person)
        state.counters[SKIPPED] += not people.alive[person]
        people.alive[person] = 0
        for idea in range(m):
            key = idea * n + person
            for clock in range(4):
                stop(state, clock, key)
            state.pairs[key].bits &= ALL - HESITATES
            refresh(people, catalogue, state, idea, person)


def restart(state: State, pending: Ints, clock: int, key: int) -> None:
    """Let a wait be drawn anew when it is next asked for."""
    stop(state, clock, key)
    put(pending, 4 * key + clock)


def set_value(people: People, catalogue: Catalogue, state: State, pending: Ints, deed: Ints, value: float) -> None:
    """A parameter takes a new value; the value of an idea is history's, see realise.py."""
    sets, which = deed[SETS], deed[WHICH]
    if sets == OF_DYNAMICS:
        state.dynamics[which] = value
    elif sets == COMMON_RATE:
        for idea in range(len(catalogue.rate)):
            if catalogue.common[idea]:
                catalogue.rate[idea] = value
    elif sets == OF_IDEAS:
        for idea in range(deed[TO], deed[TO_END]):
            if which == CLARITY:
                catalogue.clarity[idea] = value
            elif which == DIFFICULTY:
                catalogue.difficulty[idea] = value
            elif which == RATE:
                catalogue.rate[idea] = value
            elif which == HESITATION:
                catalogue.hesitation[idea] = value
    else:
        for person in range(deed[TO], deed[TO_END]):
            set_of_person(people, state, pending, person, which, value)


def set_of_person(people: People, state: State, pending: Ints, person: int, which: int, value: float) -> None:
    """A person takes a new value, and clocks that depend on it start anew."""
    clock = -1
    if which == CREATIVITY:
        people.creativity[person] = value
        clock = DISCOVERY
    elif which == REACH:
        people.reach[person] = value
    elif which == SKILL:
        people.skill[person] = value
        clock = IMPLEMENTATION
    elif which == PERSON_CLARITY:
        people.clarity[person] = value
    elif which == UNDERSTANDING:
        people.understanding[person] = value
    elif which == THRESHOLD:
        people.threshold[person] = value
    else:
        people.keeps[person] = 1 if value != 0.0 else 0
        clock = ABANDONMENT
    if clock >= 0:
        for idea in range(len(state.works)):
            restart(state, pending, clock, idea * state.n + person)


def discover(
    people: People, catalogue: Catalogue, state: State, rows: Rows, pending: Ints, tellers: Ints, idea: int, person: int
) -> None:
    """A person discovers an idea, standing on the own holdings of its prerequisites, in equal parts and by row."""
    n = state.n
    row = add_event(rows, state.counters[NOW], DISCOVER, person, idea, 1)
    begin, end = catalogue.prerequisites_begin[idea], catalogue.prerequisites_begin[idea + 1]
    number = 0
    for k in range(begin, end):
        number += state.pairs[catalogue.prerequisites[k] * n + person].bits & HELD
    for k in range(begin, end):
        key = catalogue.prerequisites[k] * n + person
        if state.pairs[key].bits & HELD:
            add_influence(rows, row, state.pairs[key].event, equal_part(number))
            j = rows.used[1] - 1
            while j > 0 and rows.child[j - 1] == row and rows.parent[j - 1] > state.pairs[key].event:
                rows.parent[j] = rows.parent[j - 1]
                j -= 1
            rows.parent[j] = state.pairs[key].event
    begun(people, catalogue, state, pending, tellers, idea, person, row)


def take_up_now(
    people: People, catalogue: Catalogue, state: State, book: Book, idea: int, person: int, deed: Ints
) -> None:
    """A person has an idea now, or finds it in the notebook of another one, alive or dead."""
    n, event = state.n, -1
    for of in range(deed[TO], min(deed[TO_END], n) if deed[KIND] == FIND else deed[TO]):
        if state.pairs[idea * n + of].bits & TAKEN:
            event = state.pairs[idea * n + of].event
            break
    if is_closed(state, idea * n + person) or (event < 0 and deed[KIND] == FIND):
        state.counters[SKIPPED] += 1
    elif deed[KIND] == DO_DISCOVER:
        discover(people, catalogue, state, book.rows, book.pending, book.tellers, idea, person)
    else:
        row = add_event(book.rows, state.counters[NOW], LEARN, person, idea, 1)
        add_influence(book.rows, row, event, 1.0)
        begun(people, catalogue, state, book.pending, book.tellers, idea, person, row)


def do_with_holding(
    people: People, catalogue: Catalogue, state: State, book: Book, idea: int, person: int, deed: Ints,
    amount: float,
) -> None:  # fmt: skip
    """What a person does with an idea that is held."""
    kind, now, key = deed[KIND], state.counters[NOW], idea * state.n + person
    if not state.pairs[key].bits & HELD or (kind == DO_IMPLEMENT and state.pairs[key].bits & IMPLEMENTED):
        state.counters[SKIPPED] += 1
    elif kind == DO_IMPLEMENT:
        implement(state, book.rows, key)
    elif kind == LOCK:
        state.pairs[key].until = 0
    elif kind in (REWRITE, UNLOCK):
        if kind == REWRITE:
            catalogue.clarity[idea] = amount
        state.pairs[key].until = last_step(tells_again_until(now, state.pairs[key].since, state.dynamics[PERIOD]))
        list_teller(state, book.tellers, key)
    elif kind == TELL:
        for other in range(deed[TO], min(deed[TO_END], state.n)):
            address(people, catalogue, state, book, key, other, TOLD)
        if deed[TO_END] > state.n:
            address_crowd(people, catalogue, state, book, key, 1.0)
    else:
        luck = key_of(state.luck, PUBLISH, now, idea)
        other, draws = -1, 0
        while amount > 0.0:
            other += 1 + skip(uniform_of(luck, person, draws) if amount < 1.0 else 0.0, amount)
            if other >= state.n:
                break
            draws += 1
            address(people, catalogue, state, book, key, other, READ)
        address_crowd(people, catalogue, state, book, key, amount)


def address_crowd(people: People, catalogue: Catalogue, state: State, book: Book, key: int, reach: float) -> None:
    """A holder addresses each of the crowd with this chance."""
    idea = key // state.n
    clarity = catalogue.clarity[idea] * at(people.clarity, key - idea * state.n)
    understood = reach * chance_to_understand(1.0, clarity, book.crowd.understanding)
    if book.crowd.size and understood > 0.0:
        tell_crowd(book.told, idea, state.pairs[key].event, understood)


def address(people: People, catalogue: Catalogue, state: State, book: Book, key: int, other: int, purpose: int) -> None:
    """A holder addresses one person: who understands has heard of it, who knows already may stifle the holder."""
    n, now = state.n, state.counters[NOW]
    idea = key // n
    person, other_key = key - idea * n, idea * n + other
    if other == person:
        return
    if state.pairs[other_key].bits & HELD:
        if state.dynamics[STIFLING] != SILENT:
            put(book.stifled, key)
            if state.dynamics[STIFLING] == BOTH:
                put(book.stifled, other_key)
    elif not is_closed(state, other_key):
        luck = uniform_of(key_of(state.luck, purpose, now, idea), person, other)
        clarity, understanding = at(people.clarity, person), at(people.understanding, other)
        if luck < 1.0 * chance_to_understand(catalogue.clarity[idea], clarity, understanding):
            put(book.keys, other_key)
            rank = rank_of(key_of(state.luck, RANK, now, idea), person, other)
            put(book.packs, (rank << 32) | state.pairs[key].event)


def tell_from_crowd(people: People, catalogue: Catalogue, state: State, book: Book, idea: int, deed: Ints) -> None:
    """Somebody of the crowd tells: the credit goes to its cohorts in the parts of their counts."""
    n, now, crowd = state.n, state.counters[NOW], book.crowd
    events, counts, number, cohort = np.empty(crowd.used[0], np.int64), np.empty(crowd.used[0]), 0, crowd.first[idea]
    total = 0.0
    while cohort >= 0:
        if crowd.since[cohort] < now and crowd.count[cohort]:
            events[number], counts[number] = crowd.event[cohort], crowd.count[cohort]
            total += counts[number]
            number += 1
        cohort = crowd.next[cohort]
    if number == 0:
        state.counters[SKIPPED] += 1
        return
    source = events[0]
    if number > 1:
        source = add_mixture(state, book.mixtures, events[:number], counts[:number] / total)
    luck, rank_key = key_of(state.luck, TOLD, now, idea), key_of(state.luck, RANK, now, idea)
    for other in range(deed[TO], min(deed[TO_END], n)):
        if not is_closed(state, idea * n + other) and uniform_of(luck, n, other) < chance_to_understand(
            catalogue.clarity[idea], 1.0, at(people.understanding, other)
        ):
            put(book.keys, idea * n + other)
            put(book.packs, (rank_of(rank_key, n, other) << 32) | source)
