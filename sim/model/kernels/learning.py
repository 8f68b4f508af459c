"""Who takes an idea up: those who heard of it and understood, by idea and person, and the crowd after them."""

from __future__ import annotations

import numpy as np

from sim.machine.hints import fetch
from sim.model import rules
from sim.model.kernels.bitset import collect
from sim.model.kernels.columns import (
    ALL,
    CREDITED,
    EVERY,
    HEARD,
    HEARD_COUNT,
    HESITATES,
    LARGEST,
    LISTED,
    MIXTURE,
    NOW,
    PERIOD,
    RESOLUTION,
    SURE,
    Book,
    Catalogue,
    Hearings,
    Mixtures,
    People,
    State,
    put,
)
from sim.model.kernels.crowd import in_order, learn_in_crowd
from sim.model.kernels.holdings import begun, hold, is_closed, is_followed, last_step, set_off
from sim.model.randomness import HESITATE, MASK, uniform
from sim.model.rules import tells_until
from sim.tape.rows import Rows, add_alike, add_event, add_influence
from sim.tape.tables import LEARN, Floats, Ints

AHEAD = 16  # learners for whom the memory is asked while one learns


def add_mixture(state: State, m: Mixtures, events: Ints, weights: Floats) -> int:
    """Add a mixture of holdings, for which there must be room, and return it as a source."""
    number, used = m.used[0], m.used[1]
    m.begin[number] = used
    for k in range(len(events)):
        m.event[used + k], m.weight[used + k] = events[k], weights[k]
    m.begin[number + 1] = used + len(events)
    m.used[0], m.used[1] = number + 1, used + len(events)
    state.counters[LARGEST] = max(state.counters[LARGEST], len(events))
    return int(MIXTURE + number)


def size_of(m: Mixtures, source: int) -> int:
    """How many holdings a source is."""
    return m.begin[source - MIXTURE + 1] - m.begin[source - MIXTURE] if source >= MIXTURE else 1


def sources_of(state: State, hearings: Hearings, m: Mixtures, best: int) -> tuple[Ints, Floats]:
    """From which holdings a person heard, in order of their events, and the weight of each."""
    if state.dynamics[CREDITED] != EVERY:
        source = (best - 1) & (2 * MIXTURE - 1)
        if source < MIXTURE:
            return np.full(1, source, np.int64), np.ones(1)
        begin, end = m.begin[source - MIXTURE], m.begin[source - MIXTURE + 1]
        return m.event[begin:end].copy(), m.weight[begin:end].copy()
    number, entries, at = 0, 0, best
    while at:
        number += 1
        entries += size_of(m, hearings.pack[at - 1] & (2 * MIXTURE - 1))
        at = hearings.next[at - 1]
    events, weights = np.empty(entries, np.int64), np.empty(entries)
    k, at = 0, best
    while at:
        source = hearings.pack[at - 1] & (2 * MIXTURE - 1)
        for entry in range(size_of(m, source)):
            event, weight = source, 1.0
            if source >= MIXTURE:
                entry_at = m.begin[source - MIXTURE] + entry
                event, weight = m.event[entry_at], m.weight[entry_at]
            j = k
            while j and (events[j - 1] > event or (events[j - 1] == event and weights[j - 1] > weight)):
                events[j], weights[j] = events[j - 1], weights[j - 1]
                j -= 1
            events[j], weights[j] = event, weight
            k += 1
        at = hearings.next[at - 1]
    return merged(events, weights, number)


def merged(events: Ints, weights: Floats, number: int) -> tuple[Ints, Floats]:
    """Sorted holdings in equal parts of the `number` of hearings, each holding once."""
    left = -1
    for k in range(len(events)):
        if left >= 0 and events[left] == events[k]:
            weights[left] += weights[k] / number
        else:
            left += 1
            events[left], weights[left] = events[k], weights[k] / number
    return events[: left + 1], weights[: left + 1]


def hesitates(catalogue: Catalogue, state: State, key: int, idea: int, person: int) -> bool:
    """Whether a person who understood does not take the idea up at once."""
    hesitation = catalogue.hesitation[idea]
    if hesitation <= 0.0 or state.pairs[key].bits & SURE:
        return False
    return rules.hesitates(hesitation, uniform(state.luck, HESITATE, state.counters[NOW], person, idea, 0))


def learn(people: People, catalogue: Catalogue, state: State, book: Book) -> None:
    """Let all take up what they heard, one by one: by idea and person, the crowd last of each idea."""
    keys, told, n = book.learners, book.told, state.n
    number = collect(state.low[HEARD], state.high[HEARD], 0, state.high.shape[1], keys)
    state.counters[HEARD_COUNT] = 0
    k, entry, order = 0, 0, in_order(told)
    while k < number or entry < len(order):
        idea = keys[k] // n if k < number else len(catalogue.clarity)
        if entry < len(order) and told.idea[order[entry]] < idea:
            end = entry + 1
            while end < len(order) and told.idea[order[end]] == told.idea[order[entry]]:
                end += 1
            learn_in_crowd(book.crowd, catalogue, state, book.rows, told, order[entry:end])
            entry = end
        else:
            first = k
            while k < number and keys[k] < (idea + 1) * n:
                k += 1
            learn_idea(people, catalogue, state, book, idea, keys[first:k])
    told.used[0] = 0


def learn_idea(people: People, catalogue: Catalogue, state: State, book: Book, idea: int, keys: Ints) -> None:
    """Let those who heard of an idea take it up."""
    number = left_open(state, keys, len(keys))
    if state.dynamics[CREDITED] != EVERY and catalogue.hesitation[idea] <= 0.0 and book.mixtures.used[0] == 0:
        rows = book.rows
        learn_plainly(
            people, catalogue, state, rows, book.tellers, keys[:number], rows.used[0], rows.used[1], book.tellers[0],
            book.pending,
        )  # fmt: skip
        rows.used[0] += number
        rows.used[1] += number
        book.tellers[0] += number
        return
    for k in range(number):
        key = keys[k]
        best, state.heard[key] = state.heard[key], 0
        take_up(people, catalogue, state, book, idea, key - idea * state.n, best)


def left_open(state: State, keys: Ints, number: int) -> int:
    """Keep those of the first keys who can still take up what they heard of, in order; how many."""
    left = 0
    for k in range(number):
        key = keys[k]
        if is_closed(state, key):
            state.heard[key] = 0
            state.pairs[key].bits &= ALL - SURE
        else:
            keys[left] = key
            left += 1
    return left


def take_up(people: People, catalogue: Catalogue, state: State, book: Book, idea: int, person: int, best: int) -> None:
    """A person who understood takes an idea up, or hesitates and remembers from whom it was heard."""
    key, rows = idea * state.n + person, book.rows
    events, weights = sources_of(state, book.hearings, book.mixtures, best)
    if hesitates(catalogue, state, key, idea, person):
        single = len(events) == 1 and weights[0] == 1.0
        state.hesitating[key] = events[0] if single else add_mixture(state, book.mixtures, events, weights)
        state.pairs[key].bits |= HESITATES
        put(book.pending, 4 * key + RESOLUTION)
        return
    row = add_event(rows, state.counters[NOW], LEARN, person, idea, 1)
    for j in range(len(events)):
        add_influence(rows, row, events[j], weights[j])
    begun(people, catalogue, state, book.pending, book.tellers, idea, person, row)


def heard_in(state: State, first: int, last: int, keys: Ints) -> int:
    """Of the keys under the spans `first` to `last` - 1, those who heard and can take it up, in order; how many."""
    return left_open(state, keys, collect(state.low[HEARD], state.high[HEARD], first, last, keys))


def learn_plainly(
    people: People, catalogue: Catalogue, state: State, rows: Rows, tellers: Ints, keys: Ints, row: int,
    influence: int, place: int, pending: Ints,
) -> None:  # fmt: skip
    """Let these learn from the one teller credited, writing from these places on, and the clocks to be asked.

    Where nobody hesitates and what was heard came from one holding each; no two ideas of these keys may be rivals.
    Threads may do so side by side, if each has whole words of the set of the closed.
    """
    now, n, heard, pairs, closed = state.counters[NOW], state.n, state.heard, state.pairs, state.closed
    until, idea, base = last_step(tells_until(now, state.dynamics[PERIOD])), 0, 0
    add_alike(rows, now, LEARN, row, influence, len(keys))
    for k in range(len(keys)):  # a loop a column: the memory then comes in time, in half the time of one loop for all
        if keys[k] >= base + n:
            idea = keys[k] // n
            base = idea * n
        rows.person[row + k], rows.idea[row + k] = keys[k] - base, idea
    for k in range(len(keys)):
        fetch(heard, keys[min(k + AHEAD, len(keys) - 1)])
        rows.parent[influence + k], heard[keys[k]] = (heard[keys[k]] - 1) & MASK, 0
    for k in range(len(keys)):
        fetch(pairs, keys[min(k + AHEAD, len(keys) - 1)])
        hold(pairs[keys[k]], row + k, now, until, LISTED)
    for k in range(len(keys)):
        tellers[1 + place + k] = keys[k]
        closed[keys[k] >> 6] |= 1 << (keys[k] & 63)
    if is_followed(people, state):
        for k in range(len(keys)):
            set_off(people, catalogue, state, pending, keys[k])
