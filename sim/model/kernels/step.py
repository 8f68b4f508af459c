"""The step: what is scheduled happens, everybody decides on the state of the last step, then everything happens.

A step has phases. Before each one the book must have room for all that the phase may write: where it has not, the loops
stop there, book.py makes room, and they go on. What they write is not moved while they run, and they return a number.
"""

from __future__ import annotations

from sim.model.kernels.buffers import fits
from sim.model.kernels.clocks import blocks_for, rates_vary, ring, rung, set_rates, start, starts_anew
from sim.model.kernels.columns import (
    ABANDONMENT,
    ADOPTION,
    BLOCKS,
    COHORTS,
    CREDITED,
    DEPENDENTS,
    DISCOVERY,
    ENTRIES,
    EVENTS,
    EVERY,
    GIVEN_UP,
    HEARD_COUNT,
    HELD,
    IMPLEMENTATION,
    INFLUENCES,
    LARGEST,
    LEARNERS,
    MIXED,
    NEWS,
    NOTES,
    NOW,
    PENDING,
    PHASE,
    PIECES,
    PLACE,
    PREREQUISITES,
    READOPT,
    RESOLUTION,
    RIVALS,
    ROWS_BEFORE,
    ROWS_NOW,
    SIMPLE,
    SURE,
    TELLERS,
    Book,
    Catalogue,
    People,
    State,
    Ways,
)
from sim.model.kernels.crowd import abandon_in_crowd
from sim.model.kernels.exposure import close_ranks, hear, look_around, note, watch
from sim.model.kernels.holdings import ended, implement, is_closed, most_clocks
from sim.model.kernels.interventions import STEP, Deeds, discover, happen, need_for
from sim.model.kernels.learning import learn
from sim.tape.rows import add_event
from sim.tape.tables import ABANDON

BETWEEN, SCHEDULED, RATES, CLOCKS, HEARING, LOOKING, TELLING, RESOLVING, LEARNING, ENDING = range(10)  # the phases
DONE, CROWDED, SHARED = range(3)  # why the loops return: all is done, there is no room, others can share the telling


def advance(
    people: People, ways: Ways, back: Ways, catalogue: Catalogue, state: State, deeds: Deeds, book: Book, until: int,
    enough: int,
) -> int:  # fmt: skip
    """Take steps up to `until`, from the phase at which the last one was left; returns why it stopped.

    Before the telling of a step with `enough` tellers to be shared (0: never) it stops, too.
    """
    counters = state.counters
    while counters[PHASE] != BETWEEN or counters[NOW] < until:
        if counters[PHASE] == BETWEEN:
            counters[NOW] = next_step(state, deeds, book, until)
            counters[ROWS_BEFORE], counters[ROWS_NOW] = counters[ROWS_NOW], book.rows.used[0]
            counters[PHASE] = SCHEDULED
        if counters[PHASE] < HEARING and not until_tellers(people, catalogue, state, deeds, book):
            return CROWDED
        if counters[PHASE] == HEARING:
            counters[PHASE], counters[PLACE] = LOOKING, 0
            if enough and book.tellers[0] >= enough:
                return SHARED
        if counters[PHASE] < RESOLVING and not hear_all(people, ways, back, catalogue, state, book):
            return CROWDED
        if not happen_all(people, catalogue, state, book):
            return CROWDED
        counters[PHASE] = BETWEEN
    return DONE


def next_step(state: State, deeds: Deeds, book: Book, until: int) -> int:
    """The next step up to `until` in which anything can happen: that nobody does anything takes no time."""
    now = state.counters[NOW] + 1
    quiet = not (book.tellers[0] or book.pending[0] or book.crowd.used[0]) and now > 1
    if not quiet or state.dynamics[ADOPTION] != SIMPLE or rates_vary():
        return int(now)
    last = until
    if deeds.done[0] < len(deeds.amount):
        last = min(last, deeds.rows[deeds.done[0], STEP])
    for idea in range(len(state.works)):
        if not state.works[idea]:
            last = min(last, state.released[idea])
    while now < last and book.calendar.head[now] < 0:
        now += 1
    state.counters[ROWS_NOW] = book.rows.used[0]
    return int(now)


def until_tellers(people: People, catalogue: Catalogue, state: State, deeds: Deeds, book: Book) -> bool:
    """What is scheduled, and the clocks; False where there is no room."""
    counters, needs = state.counters, book.needs
    if counters[PHASE] == SCHEDULED:
        while deeds.done[0] < len(deeds.amount) and deeds.rows[deeds.done[0], STEP] <= counters[NOW]:
            k = deeds.done[0]
            need_for(state, book, deeds.rows[k])
            if not fits(book):
                return False
            happen(people, catalogue, state, book, deeds.rows[k], deeds.amount[k])
            deeds.done[0] = k + 1
        counters[PHASE] = RATES
    if counters[PHASE] == RATES:
        needs[PENDING] = book.pending[0] + starts_anew(state, catalogue)
        if not fits(book):
            return False
        set_rates(people, catalogue, state, book.pending)
        counters[PHASE] = CLOCKS
    needs[BLOCKS] = blocks_for(book.calendar, book.pending[0])
    if not fits(book):
        return False
    start(people, catalogue, state, book.pending, book.calendar)
    ring(state, book.calendar, book.counts)
    counters[PHASE] = HEARING
    return True


def hear_all(people: People, ways: Ways, back: Ways, catalogue: Catalogue, state: State, book: Book) -> bool:
    """Let all look around and tell; False where there is no room."""
    counters = state.counters
    if counters[PHASE] == LOOKING:
        if state.dynamics[ADOPTION] != SIMPLE:
            if counters[PLACE] == 0:
                watch(people, ways, state, book.rows)
            if not look_around(people, back, state, book):
                return False
        counters[PHASE], counters[PLACE] = TELLING, 0
    book.needs[NEWS] = book.told.used[0] + (book.tellers[0] if book.crowd.size else 0)
    if not fits(book) or not hear(people, ways, back, catalogue, state, book):
        return False
    close_ranks(book.tellers)
    counters[PHASE] = RESOLVING
    return True


def happen_all(people: People, catalogue: Catalogue, state: State, book: Book) -> bool:
    """What was decided happens; False where there is no room."""
    counters = state.counters
    if counters[PHASE] == RESOLVING:
        need_to_resolve(state, book)
        if not fits(book):
            return False
        resolve_and_discover(people, catalogue, state, book)
        counters[PHASE] = LEARNING
    if counters[PHASE] == LEARNING:
        need_to_learn(people, catalogue, state, book)
        if not fits(book):
            return False
        learn(people, catalogue, state, book)
        book.hearings.used[0] = 0
        counters[PHASE] = ENDING
    need_to_end(state, book)
    if not fits(book):
        return False
    make_and_abandon(people, catalogue, state, book)
    return True


def need_to_resolve(state: State, book: Book) -> None:
    """Write down the room that discoveries take, and those who resolve."""
    needs, relations, found, resolved = book.needs, state.counters, book.counts[DISCOVERY], book.counts[RESOLUTION]
    needs[EVENTS] = book.rows.used[0] + found
    needs[INFLUENCES] = book.rows.used[1] + found * relations[PREREQUISITES]
    needs[PENDING] = book.pending[0] + found * (2 + relations[DEPENDENTS])
    needs[TELLERS], needs[LEARNERS] = book.tellers[0] + found, max(found, resolved)
    needs[NOTES] = book.hearings.used[0] + resolved if state.dynamics[CREDITED] == EVERY else 0


def resolve_and_discover(people: People, catalogue: Catalogue, state: State, book: Book) -> None:
    """Those who hesitated and resolve hear again, discoverers discover, and stale news stifles."""
    keys, pairs = book.learners, state.pairs
    for k in range(rung(state, RESOLUTION, book.counts, keys)):
        pairs[keys[k]].bits |= SURE
        note(state, book.hearings, keys[k], state.hesitating[keys[k]])
    for k in range(rung(state, DISCOVERY, book.counts, keys)):
        key = keys[k]
        if not is_closed(state, key):
            idea = key // state.n
            discover(people, catalogue, state, book.rows, book.pending, book.tellers, idea, key - idea * state.n)
    for k in range(1, book.stifled[0] + 1):
        pair = pairs[book.stifled[k]]
        if pair.bits & HELD:
            pair.until = state.counters[NOW]
    book.stifled[0] = 0


def need_to_learn(people: People, catalogue: Catalogue, state: State, book: Book) -> None:
    """Write down the room that those take who heard, and the crowd."""
    needs, heard, m = book.needs, state.counters[HEARD_COUNT], len(state.works)
    sources = (heard + book.hearings.used[0]) * max(state.counters[LARGEST], 1)
    needs[EVENTS] = book.rows.used[0] + heard + m
    needs[INFLUENCES] = book.rows.used[1] + sources + book.told.used[0]
    needs[PENDING] = book.pending[0] + heard * most_clocks(people, state)
    needs[TELLERS], needs[LEARNERS] = book.tellers[0] + heard, heard
    if catalogue.hesitation.any():
        needs[MIXED], needs[ENTRIES] = book.mixtures.used[0] + heard + 1, book.mixtures.used[1] + sources
    if book.crowd.size:
        needs[COHORTS] = book.crowd.used[0] + m


def need_to_end(state: State, book: Book) -> None:
    """Write down the room that implementations and abandonments take."""
    needs, made, leaving = book.needs, book.counts[IMPLEMENTATION], book.counts[ABANDONMENT]
    needs[EVENTS] = book.rows.used[0] + made + leaving + len(state.works)
    needs[INFLUENCES], needs[LEARNERS] = book.rows.used[1] + made, max(made, leaving)
    needs[PENDING] = book.pending[0] + leaving * (1 + 2 * state.counters[RIVALS])
    if book.crowd.size:
        needs[PIECES] = book.crowd.used[0] + book.crowd.used[1]


def make_and_abandon(people: People, catalogue: Catalogue, state: State, book: Book) -> None:
    """Implementers implement, and those whom an idea leaves give it up, the crowd last of each idea."""
    keys = book.learners
    for k in range(rung(state, IMPLEMENTATION, book.counts, keys)):
        implement(state, book.rows, keys[k])
    leaving, k = rung(state, ABANDONMENT, book.counts, keys), 0
    for idea in range(len(state.works) if book.crowd.used[0] or leaving else 0):
        while k < leaving and keys[k] < (idea + 1) * state.n:
            person = keys[k] - idea * state.n
            add_event(book.rows, state.counters[NOW], ABANDON, person, idea, 1)
            if not state.dynamics[READOPT]:
                state.pairs[keys[k]].bits |= GIVEN_UP
            ended(people, catalogue, state, book.pending, idea, person)
            k += 1
        if book.crowd.first[idea] >= 0:
            abandon_in_crowd(book.crowd, state, book.rows, idea)
