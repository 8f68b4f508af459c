"""The engine of the page: a small world from plain tables, run to its end; compiled for the machine and the browser.

Nothing of the model stands here: the tables become the columns of the kernels, which take the steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.kernels.batch import ask_all
from sim.model.kernels.clocks import BLOCK
from sim.model.kernels.columns import (
    DELAY,
    DEPENDENTS,
    LARGEST,
    LASTING,
    PREREQUISITES,
    READOPT,
    RESCAN,
    RIVALS,
    SKIPPED,
    STIFLING,
    TIMED,
    Book,
    Calendar,
    Catalogue,
    Crowd,
    Hearings,
    Mixtures,
    People,
    State,
    Ways,
    bag,
    state_of,
)
from sim.model.kernels.crowd import no_crowd, no_news
from sim.model.kernels.interventions import (
    BORN,
    KIND,
    OF_DYNAMICS,
    OF_IDEAS,
    OF_PERSONS,
    REACH,
    SET,
    SETS,
    STEP,
    TO,
    TO_END,
    VALUE,
    WHICH,
    Deeds,
)
from sim.model.kernels.step import DONE, advance
from sim.model.realise_loops import Worth, realise, scheduled
from sim.model.rules import NEVER
from sim.tape.rows import empty_rows
from sim.tape.tables import Floats, Ints

Table = NDArray[np.float64]


class History(NamedTuple):
    """A run: the columns of its tape, and how many scheduled changes found nothing to act on."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    count: Ints  # type: ignore[assignment]
    child: Ints
    parent: Ints
    weight: Floats
    event: Ints
    served: Ints
    value: Floats
    skipped: int


def play(
    seed: int, size: int, steps: int, crowd_understanding: float, held: bool, persons: Table,
    realising: NDArray[np.bool_], links: Table, ideas: Table, relations: NDArray[np.int64], dynamics: Floats,
    deeds: NDArray[np.int64], amounts: Floats,
) -> History:  # fmt: skip
    """Run a small world to its end.

    Args:
        seed: of all draws, as a signed number.
        size, steps: of the world, and of the run.
        crowd_understanding: of those who are not among the persons.
        held: whether holding an idea counts, which need not work.
        persons: creativity, reach, skill, clarity, understanding, threshold, keeps, alive at the start; (n, 8).
        realising: whose holdings count, the crowd last; (n + 1,).
        links: source, target, weight, start, end; sorted by source and target; (ties, 5).
        ideas: value, clarity, difficulty, discovery rate, hesitation, whether it has the common rate; (m, 6).
        relations: idea, and one that it builds on or is a rival of, and which of the two (0, 1); (relations, 3).
        dynamics: in the order of the kernels.
        deeds, amounts: what is scheduled, as the kernels take it; (deeds, 11), (deeds,).
    """
    n, m = len(persons), len(ideas)
    people = People(
        persons[:, 0].copy(), persons[:, 1].copy(), persons[:, 2].copy(), persons[:, 3].copy(), persons[:, 4].copy(),
        persons[:, 5].copy(), persons[:, 6].astype(np.uint8), persons[:, 7].astype(np.uint8),
    )  # fmt: skip
    ways, back = ties_of(links, n, 0), ties_of(links, n, 1)
    catalogue = catalogue_of(ideas, relations)
    state = start_of(seed, n, m, size, steps, dynamics, people, ways, catalogue, deeds)
    scheme = Deeds(deeds, amounts, np.zeros(1, np.int64))
    book = book_of(n, m, steps, size - n, crowd_understanding)
    ask_all(people, catalogue, state, scheme, book)
    if advance(people, ways, back, catalogue, state, scheme, book, steps, 0) != DONE:
        raise MemoryError
    since, delay = delays_of(deeds, amounts, dynamics[DELAY])
    schedule = scheduled(book.rows, m, since, delay)
    worth = worth_of(ideas, deeds, amounts, steps)
    pieces = pieces_of(book.crowd, steps) if realising[n] else np.empty((5, 0), np.int64)
    rows, event, served, value = realise(book.rows, realising[:n].copy(), pieces, schedule, worth, n, steps, held)
    event, served, value = in_order(event, served, value)
    e, i = rows.used[0], rows.used[1]
    return History(
        rows.step[:e], rows.kind[:e], rows.person[:e], rows.idea[:e], rows.count[:e], rows.child[:i], rows.parent[:i],
        rows.weight[:i], event, served, value, state.counters[SKIPPED],
    )  # fmt: skip


def in_order(event: Ints, served: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    """One row for each event and implementation, in the order of the events."""
    order = np.argsort(served, kind="mergesort")
    order = order[np.argsort(event[order], kind="mergesort")]
    used = 0
    first, by, sums = event.copy(), served.copy(), value.copy()
    for k in order:
        if not used or first[used - 1] != event[k] or by[used - 1] != served[k]:
            first[used], by[used], sums[used] = event[k], served[k], 0.0
            used += 1
        sums[used - 1] += value[k]
    return first[:used].copy(), by[:used].copy(), sums[:used].copy()


def ties_of(links: Table, n: int, end: int) -> Ways:
    """The ties in rows by their source (0), or by their target (1)."""
    indptr = np.zeros(n + 1, np.int64)
    for k in range(len(links)):
        indptr[int(links[k, end]) + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    target, weight = np.empty(len(links), np.int32), np.empty(len(links))
    begin, stop = np.empty(len(links), np.int64), np.empty(len(links), np.int64)
    place = indptr.copy()
    for k in range(len(links)):
        at = place[int(links[k, end])]
        place[int(links[k, end])] += 1
        target[at], weight[at] = int(links[k, 1 - end]), links[k, 2]
        begin[at], stop[at] = int(links[k, 3]), int(links[k, 4])
    return Ways(indptr, target, weight, begin, stop)


def catalogue_of(ideas: Table, relations: NDArray[np.int64]) -> Catalogue:
    """The ideas' columns."""
    m = len(ideas)
    needed, needs = related(relations, m, 0, 0)
    led, leads = related(relations, m, 0, 1)
    met, rivals = related(relations, m, 1, 0)
    return Catalogue(
        ideas[:, 1].copy(), ideas[:, 2].copy(), ideas[:, 3].copy(), ideas[:, 4].copy(), ideas[:, 5].astype(np.uint8),
        needed, needs, led, leads, met, rivals,
    )  # fmt: skip


def related(relations: NDArray[np.int64], m: int, kind: int, end: int) -> tuple[Ints, Ints]:
    """The other ideas of a relation in rows, and where those of each idea begin."""
    begin, other = np.zeros(m + 1, np.int64), np.empty(len(relations), np.int64)
    found = 0
    for idea in range(m):
        for k in range(len(relations)):
            if relations[k, 2] == kind and relations[k, end] == idea:
                other[found] = relations[k, 1 - end]
                found += 1
        begin[idea + 1] = found
    return begin, other[:found].copy()


def start_of(
    seed: int, n: int, m: int, size: int, steps: int, dynamics: Floats, people: People, ways: Ways,
    catalogue: Catalogue, deeds: NDArray[np.int64],
) -> State:  # fmt: skip
    """The state before the first step."""
    state = state_of(seed, n, m, size, steps, dynamics)
    counters = state.counters
    reopening = len(catalogue.rivals) > 0 or dynamics[READOPT] != 0.0
    for k in range(len(deeds)):
        sets, which = deeds[k, SETS], deeds[k, WHICH]
        reopening = reopening or deeds[k, KIND] == BORN
        if deeds[k, KIND] == SET:
            reopening = reopening or (sets == OF_DYNAMICS and which in (READOPT, STIFLING))
            reopening = reopening or (sets == OF_PERSONS and which == REACH)
    counters[LASTING], counters[RESCAN], counters[LARGEST] = not reopening, 1, 1
    for person in range(n):
        if not people.alive[person]:
            for idea in range(m):
                key = idea * n + person
                state.closed[key >> 6] |= 1 << (key & 63)
    for idea in range(m):
        counters[PREREQUISITES] = max(counters[PREREQUISITES], span(catalogue.prerequisites_begin, idea))
        counters[DEPENDENTS] = max(counters[DEPENDENTS], span(catalogue.dependents_begin, idea))
        counters[RIVALS] = max(counters[RIVALS], span(catalogue.rivals_begin, idea))
    for k in range(len(ways.start)):
        if ways.start[k] > 0 or ways.end[k] < NEVER:
            counters[TIMED] = 1
    return state


def span(begin: Ints, k: int) -> int:
    """How many there are in a row."""
    return int(begin[k + 1] - begin[k])


def book_of(n: int, m: int, steps: int, crowd: int, understanding: float) -> Book:
    """Buffers with room for all that can happen in a small world."""
    rows = min(2 * n * m * steps, 300_000) + 1024
    told = 64 * n * n * m + 8192
    of = no_crowd(crowd, understanding, m)
    cohorts = m * steps + 16
    crowds = Crowd(
        of.size, of.understanding, of.held, of.given_up, of.first, of.last, np.empty(cohorts, np.int64),
        np.empty(cohorts, np.int64), np.empty(cohorts, np.int64), np.empty(cohorts, np.int64),
        np.empty((5, min(cohorts * (steps + 1), 100_000)), np.int64), of.used,
    )  # fmt: skip
    used = np.zeros(2, np.int64)
    used[1] = -1
    calendar = Calendar(
        np.full(steps + 1, -1, np.int64), np.zeros(steps + 1, np.int64),
        np.empty((8 * n * m + steps + 64) * BLOCK, np.int64), used,
    )  # fmt: skip
    return Book(
        empty_rows(rows, rows), bag(16 * n * m + 1024), bag(rows), bag(told), bag(told), bag(told),
        np.empty(rows, np.int64), np.zeros(4, np.int64), np.zeros(14, np.int64), no_news(n * m + 64),
        Mixtures(np.zeros(rows, np.int64), np.empty(rows, np.int64), np.empty(rows), np.zeros(2, np.int64)),
        calendar, crowds,
        Hearings(np.empty(told, np.int64), np.empty(told, np.int64), np.zeros(1, np.int64)),
    )  # fmt: skip


def delays_of(deeds: NDArray[np.int64], amounts: Floats, first: float) -> tuple[Ints, Ints]:
    """From which steps implementations are released after how many."""
    since, delay = np.zeros(len(deeds) + 1, np.int64), np.zeros(len(deeds) + 1, np.int64)
    delay[0], used = int(first), 1
    for k in range(len(deeds)):
        if deeds[k, KIND] == SET and deeds[k, SETS] == OF_DYNAMICS and deeds[k, WHICH] == DELAY:
            since[used], delay[used] = deeds[k, STEP], int(amounts[k])
            used += 1
    return since[:used].copy(), delay[:used].copy()


def worth_of(ideas: Table, deeds: NDArray[np.int64], amounts: Floats, now: int) -> Worth:
    """What a holder of each idea realises in a step, over spans of steps in which it stays the same."""
    m, used = len(ideas), 0
    room = m * (len(deeds) + 1)
    begin, first, last = np.zeros(m + 1, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    each = np.empty(room)
    for idea in range(m):
        start, value = 1, ideas[idea, 0]
        for k in range(len(deeds)):
            if (deeds[k, KIND] == SET and deeds[k, SETS] == OF_IDEAS and deeds[k, WHICH] == VALUE
                    and deeds[k, TO] <= idea < deeds[k, TO_END] and deeds[k, STEP] <= now):  # fmt: skip
                if deeds[k, STEP] > start and value > 0.0:
                    first[used], last[used], each[used] = start - 1, deeds[k, STEP] - 1, value
                    used += 1
                start, value = deeds[k, STEP], amounts[k]
        if now >= start and value > 0.0:
            first[used], last[used], each[used] = start - 1, now, value
            used += 1
        begin[idea + 1] = used
    return Worth(begin, first[:used].copy(), last[:used].copy(), each[:used].copy())


def pieces_of(of: Crowd, now: int) -> NDArray[np.int64]:
    """The holdings of the crowd up to now by event, ended or not: event, idea, begin, end, count; (5, pieces)."""
    number = of.used[1]
    for idea in range(len(of.first)):
        cohort = of.first[idea]
        while cohort >= 0:
            number += 1
            cohort = of.next[cohort]
    pieces = np.empty((5, number), np.int64)
    at = of.used[1]
    pieces[:, :at] = of.pieces[:, :at]
    for idea in range(len(of.first)):
        cohort = of.first[idea]
        while cohort >= 0:
            pieces[0, at], pieces[1, at], pieces[2, at] = of.event[cohort], idea, of.since[cohort]
            pieces[3, at], pieces[4, at] = now, of.count[cohort]
            at += 1
            cohort = of.next[cohort]
    order = np.argsort(pieces[0], kind="mergesort")
    return pieces[:, order].copy()
