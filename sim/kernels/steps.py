"""The step: what is scheduled happens, everybody decides on the state of the last step, then everything happens.

Only `advance` makes room, before each part of a step for all that it may write; the parts only write.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.kernels.clocks import ring, rung, set_rates, start, with_blocks
from sim.kernels.columns import (
    ABANDONMENT,
    ADOPTION,
    CREDITED,
    DEPENDENTS,
    DISCOVERY,
    EVERY,
    GIVEN_UP,
    HEARD_COUNT,
    HELD,
    IMPLEMENTATION,
    LARGEST,
    NOW,
    PREREQUISITES,
    READOPT,
    RESOLUTION,
    RIVALS,
    ROWS_BEFORE,
    ROWS_NOW,
    SIMPLE,
    SURE,
    Bag,
    Calendar,
    Catalogue,
    Crowd,
    Hearings,
    Mixtures,
    People,
    State,
    Told,
    Ways,
    bag,
    roomy,
)
from sim.kernels.crowd import abandon_in_crowd, no_news, with_cohorts, with_news
from sim.kernels.deeds import STEP, Deeds, Desk, discover, happen, needs_of
from sim.kernels.holdings import ended, implement, is_closed
from sim.kernels.learning import learn, no_mixtures, with_mixtures
from sim.kernels.telling import close_ranks, look_around, no_hearings, note, note_all, tell
from sim.tape import ABANDON, Ints
from sim.tape_rows import Rows, add_event, empty_rows, with_room

__all__ = ["advance", "shares"]

MOST = 1 << 20  # hearings that are gathered before they are sorted out


class Book(NamedTuple):
    """What a run writes, some of which is replaced by something larger as it grows."""

    rows: Rows
    pending: Bag  # clocks to be asked in the next step: 4 * key + clock
    tellers: Bag  # keys
    stifled: Bag  # keys
    keys: Bag  # who heard and understood by a deed
    packs: Bag
    told: Told
    mixtures: Mixtures
    calendar: Calendar
    crowd: Crowd


def open_book(pending: Ints, calendar: Calendar, crowd: Crowd, room: int) -> Book:
    """The book of a run before its first step: the clocks to be asked, and room for so many events and influences."""
    return Book(
        empty_rows(room, room), Bag(pending, np.full(1, len(pending), np.int64)), bag(64), bag(16), bag(16), bag(16),
        no_news(16), no_mixtures(), calendar, crowd,
    )  # fmt: skip


def until_tellers(people: People, catalogue: Catalogue, state: State, deeds: Deeds, book: Book) -> tuple[Book, Ints]:
    """The first part of a step: what is scheduled, and the clocks; returns how many of each clock ring, too."""
    rows, pending, tellers, stifled, keys, packs, told, mixtures, calendar, crowd = book
    now = state.counters[NOW] + 1
    state.counters[NOW] = now
    state.counters[ROWS_BEFORE], state.counters[ROWS_NOW] = state.counters[ROWS_NOW], rows.used[0]
    first = deeds.done[0]
    while deeds.done[0] < len(deeds.amount) and deeds.rows[deeds.done[0], STEP] <= now:
        k = deeds.done[0]
        deeds.done[0] = k + 1
        events, influences, clocks, talkers, hearings, entries = needs_of(state, crowd, deeds.rows[k])
        rows, pending, tellers = with_room(rows, events, influences), roomy(pending, clocks), roomy(tellers, talkers)
        keys, packs, stifled = roomy(keys, hearings), roomy(packs, hearings), roomy(stifled, 2 * hearings)
        told, mixtures = with_news(told, talkers), with_mixtures(mixtures, talkers, entries)
        desk = Desk(rows, pending, tellers, stifled, keys, packs, told, mixtures)
        happen(people, catalogue, state, crowd, desk, deeds.rows[k], deeds.amount[k])
    pending = set_rates(people, catalogue, state, pending, deeds.done[0] > first)
    calendar = with_blocks(calendar, pending.used[0])
    start(people, catalogue, state, pending, calendar)
    counts = np.empty(4, np.int64)
    ring(state, calendar, counts)
    return Book(rows, pending, tellers, stifled, keys, packs, told, mixtures, calendar, crowd), counts


def hear_all(
    people: People, ways: Ways, back: Ways, catalogue: Catalogue, state: State, book: Book, told: Told, more: int
) -> Hearings:
    """Let all tell, and note who heard what; returns the hearings, with room for so many more."""
    every = state.dynamics[CREDITED] == EVERY
    keys, packs = bag(0), bag(0)
    if state.dynamics[ADOPTION] != SIMPLE:
        keys, packs = look_around(people, ways, back, catalogue, state, book.rows)
    before, last = keys.used[0] + book.keys.used[0], book.tellers.used[0]
    most = 1 << 62 if every else MOST
    place, found, found_packs = tell(
        people, ways, catalogue, state, book.tellers.items, 0, last, most, told, book.crowd.understanding
    )
    hearings = no_hearings(before + found.used[0] + more if every else 0)
    note_all(state, hearings, book.keys, book.packs)
    note_all(state, hearings, keys, packs)
    note_all(state, hearings, found, found_packs)
    while place < last:
        place, found, found_packs = tell(
            people, ways, catalogue, state, book.tellers.items, place, last, most, told, book.crowd.understanding
        )
        note_all(state, hearings, found, found_packs)
    book.keys.used[0] = book.packs.used[0] = 0
    close_ranks(book.tellers)
    return hearings


def resolve_and_discover(
    people: People, catalogue: Catalogue, state: State, book: Book, hearings: Hearings, resolved: Ints, found: Ints
) -> None:
    """Those who hesitated and resolve hear again, discoverers discover, and stale news stifles."""
    for key in resolved:
        state.bits[key] |= SURE
        note(state, hearings, key, state.hesitating[key])
    for key in found:
        if not is_closed(state, key):
            idea = key // state.n
            discover(people, catalogue, state, book.rows, book.pending, book.tellers, idea, key - idea * state.n)
    for k in range(book.stifled.used[0]):
        key = book.stifled.items[k]
        if state.bits[key] & HELD:
            state.until[key] = state.counters[NOW]
    book.stifled.used[0] = 0


def make_and_abandon(people: People, catalogue: Catalogue, state: State, book: Book, made: Ints, leaving: Ints) -> None:
    """Implementers implement, and those whom an idea leaves give it up, the crowd last of each idea."""
    for key in made:
        implement(state, book.rows, key)
    k = 0
    for idea in range(len(state.works) if book.crowd.used[0] or len(leaving) else 0):
        while k < len(leaving) and leaving[k] < (idea + 1) * state.n:
            person = leaving[k] - idea * state.n
            add_event(book.rows, state.counters[NOW], ABANDON, person, idea, 1)
            if not state.dynamics[READOPT]:
                state.bits[leaving[k]] |= GIVEN_UP
            ended(people, catalogue, state, book.pending, idea, person)
            k += 1
        if book.crowd.first[idea] >= 0:
            abandon_in_crowd(book.crowd, state, book.rows, idea)


def with_pages(book: Book, events: int, influences: int, pending: int, tellers: int, told: int, mixtures: int) -> Book:
    """The book with room for so many more, and for a cohort of each idea."""
    crowd, m = book.crowd, len(book.crowd.held)
    news, mixed = with_news(book.told, told), with_mixtures(book.mixtures, mixtures, mixtures)
    return Book(
        with_room(book.rows, events, influences), roomy(book.pending, pending), roomy(book.tellers, tellers),
        book.stifled, book.keys, book.packs, news, mixed, book.calendar,
        with_cohorts(crowd, m) if crowd.size else crowd,
    )  # fmt: skip


def go_on(
    people: People, ways: Ways, back: Ways, catalogue: Catalogue, state: State, book: Book, counts: Ints, part: int
) -> Book:
    """The rest of a step from a part on: 0 telling, 1 learning, 2 what comes after; those before are done already.

    Where others have done the telling or learning, one teller is credited.
    """
    m, relations = len(state.works), state.counters
    hearings = no_hearings(0)
    if part == 0:
        tellers = book.tellers.used[0]
        book = with_pages(book, 0, 0, 0, 0, tellers if book.crowd.size else 0, 0)
        told = book.told if book.crowd.size else no_news(0)
        hearings = hear_all(people, ways, back, catalogue, state, book, told, counts[RESOLUTION])
    if part <= 1:
        found = counts[DISCOVERY]
        heard = state.counters[HEARD_COUNT] + counts[RESOLUTION]
        sources = (heard + len(hearings.pack)) * max(relations[LARGEST], 1)
        mixed = sources if catalogue.hesitation.any() else 0
        book = with_pages(
            book, found + heard + m, found * relations[PREREQUISITES] + sources + book.told.used[0],
            (found + heard) * (2 + relations[DEPENDENTS]), found + heard, 0, mixed,
        )  # fmt: skip
        resolved, discovered = rung(state, RESOLUTION, counts), rung(state, DISCOVERY, counts)
        resolve_and_discover(people, catalogue, state, book, hearings, resolved, discovered)
        learn(
            people,
            catalogue,
            state,
            book.rows,
            book.pending,
            book.tellers,
            book.crowd,
            book.told,
            book.mixtures,
            hearings,
        )
    made, leaving = rung(state, IMPLEMENTATION, counts), rung(state, ABANDONMENT, counts)
    clocks = len(leaving) * (1 + 2 * relations[RIVALS])
    book = with_pages(book, len(made) + len(leaving) + m, len(made), clocks, 0, 0, 0)
    make_and_abandon(people, catalogue, state, book, made, leaving)
    return book


def advance(
    people: People, ways: Ways, back: Ways, catalogue: Catalogue, state: State, deeds: Deeds, book: Book, until: int,
    most_ties: int, counts: Ints, part: int,
) -> tuple[Book, Ints]:  # fmt: skip
    """Finish the step that was left open from `part` on, and take steps up to `until`.

    A step whose tellers have more than `most_ties` ties (0: any) is left open at the telling. Returns the book, and how
    many clocks of each kind ring in the step that is left open, empty where none is.
    """
    if len(counts):
        book = go_on(people, ways, back, catalogue, state, book, counts, part)
    while state.counters[NOW] < until:
        book, counts = until_tellers(people, catalogue, state, deeds, book)
        if most_ties and ties_of(ways, state, book.tellers, most_ties) > most_ties:
            return book, counts
        book = go_on(people, ways, back, catalogue, state, book, counts, 0)
    return book, np.empty(0, np.int64)


def ties_of(ways: Ways, state: State, tellers: Bag, most: int) -> int:
    """How many ties the tellers have, or any number above `most` where they have more."""
    ties = 0
    for k in range(tellers.used[0]):
        if ties > most:
            break
        person = tellers.items[k] % state.n
        ties += ways.indptr[person + 1] - ways.indptr[person]
    return ties


def shares(ways: Ways, state: State, tellers: Bag, parts: int) -> Ints:
    """Where each of so many parts of the tellers with about equally many ties begins, and the end."""
    places = np.empty(parts + 1, np.int64)
    total = ties_of(ways, state, tellers, 1 << 62)
    ties, part = 0, 0
    for k in range(tellers.used[0]):
        while part <= parts and ties * parts >= total * part:
            places[part] = k
            part += 1
        person = tellers.items[k] % state.n
        ties += ways.indptr[person + 1] - ways.indptr[person]
    places[part:] = tellers.used[0]
    return places
