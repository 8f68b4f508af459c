"""Adoption by all who were exposed to an idea and understood, by idea and person, and by the crowd after them."""

from __future__ import annotations

import numpy as np

from sim.machine.hints import fetch
from sim.model import rules
from sim.model.kernels.bitset import collect
from sim.model.kernels.buffers import add_event, add_influence, add_mixture, ask, make_room
from sim.model.kernels.columns import ALL, EVERY, EXPOSED, HESITATES, LISTED, RESOLUTION, SURE, Run
from sim.model.kernels.crowd import in_order, learn_in_crowd
from sim.model.kernels.holdings import begun, hold, is_closed, is_followed, last_step, most_timers, set_off
from sim.model.randomness import HESITATE, MASK, uniform
from sim.model.rules import MIXTURE, added, part_of, tells_until
from sim.tape.rows import add_alike
from sim.tape.tables import LEARN, Floats, Ints

AHEAD = 16  # how many learners ahead the memory is asked


def source_of(claim: int) -> int:
    """Return the event or mixture from which a claim is made."""
    return claim & (2 * MIXTURE - 1)


def size_of(run: Run, source: int) -> int:
    """Return how many holdings a source stands for."""
    return int(run.mixtures[source - MIXTURE + 1] - run.mixtures[source - MIXTURE]) if source >= MIXTURE else 1


def sources_of(run: Run, best: int) -> tuple[Ints, Floats]:
    """Return the holdings from which a person heard, in order of their events, and their weights."""
    every = run.dynamics[0].credited_tellers == EVERY
    number, entries, at = 1, 0, best
    if every:
        number = 0
        while at:
            number += 1
            entries += size_of(run, source_of(run.notes[at - 1].claim))
            at = run.notes[at - 1].next
    else:
        entries = size_of(run, source_of(best - 1))
    events, weights = np.empty(entries, np.int64), np.empty(entries)
    if not every:
        add_source(run, source_of(best - 1), events, weights, 0)
        return events, weights
    k, at = 0, best
    while at:
        k = add_source(run, source_of(run.notes[at - 1].claim), events, weights, k)
        at = run.notes[at - 1].next
    left = merge(events, weights, number)
    return events[:left], weights[:left]


def add_source(run: Run, source: int, events: Ints, weights: Floats, k: int) -> int:
    """Sort the holdings of a source in among the first k of all, and return how many there are then."""
    for entry in range(size_of(run, source)):
        event, weight = source, 1.0
        if source >= MIXTURE:
            part = run.parts[run.mixtures[source - MIXTURE] + entry]
            event, weight = part.event, part.weight
        j = k
        while j and (events[j - 1] > event or (events[j - 1] == event and weights[j - 1] > weight)):
            events[j], weights[j] = events[j - 1], weights[j - 1]
            j -= 1
        events[j], weights[j] = event, weight
        k += 1
    return k


def merge(events: Ints, weights: Floats, number: int) -> int:
    """Merge sorted holdings, with equal parts for `number` tellers, so that each is there once; return how many."""
    left = -1
    for k in range(len(events)):
        if left >= 0 and events[left] == events[k]:
            weights[left] = added(weights[left], part_of(weights[k], number))
        else:
            left += 1
            events[left], weights[left] = events[k], part_of(weights[k], number)
    return left + 1


def hesitates(run: Run, key: int, idea: int, person: int) -> bool:
    """Return whether a person who understood does not adopt the idea at once."""
    hesitation = run.ideas[idea].hesitation
    if hesitation <= 0.0 or run.pairs[key].bits & SURE:
        return False
    return rules.hesitates(hesitation, uniform(run.seed, HESITATE, run.now, person, idea, 0))


def learn(run: Run) -> None:
    """Have all adopt what they understood, one by one: by idea and person, the crowd last for each idea."""
    keys, n = run.learners, run.n
    number = collect(run.low[EXPOSED], run.high[EXPOSED], 0, run.high.shape[1], keys)
    run.exposed_number = 0
    k, entry, order, news = 0, 0, in_order(run.news[: run.news_number]), run.news
    while k < number or entry < len(order):
        idea = keys[k] // n if k < number else len(run.status)
        if entry < len(order) and news[order[entry]].idea < idea:
            end = entry + 1
            while end < len(order) and news[order[end]].idea == news[order[entry]].idea:
                end += 1
            learn_in_crowd(run, order[entry:end])
            entry = end
        else:
            first = k
            while k < number and keys[k] < (idea + 1) * n:
                k += 1
            learn_idea(run, idea, keys[first:k])
    run.news_number = run.notes_number = 0


def learn_idea(run: Run, idea: int, keys: Ints) -> None:
    """Have those who understood an idea adopt it."""
    number = left_open(run, keys, len(keys))
    one = run.dynamics[0].credited_tellers != EVERY and run.mixtures_number == 0
    if one and run.ideas[idea].hesitation <= 0.0:
        make_room(run, number, number * most_timers(run))
        learn_plainly(run, keys[:number], run.rows.used[0], run.rows.used[1], run.tellers[0])
        run.rows.used[0] += number
        run.rows.used[1] += number
        run.tellers[0] += number
        return
    for k in range(number):
        key = keys[k]
        best, run.exposed[key] = run.exposed[key], 0
        adopt(run, idea, key - idea * run.n, best)


def left_open(run: Run, keys: Ints, number: int) -> int:
    """Keep, in order, those of the first keys who can still adopt what they understood; return how many."""
    left = 0
    for k in range(number):
        key = keys[k]
        if is_closed(run.closed, key):
            run.exposed[key] = 0
            run.pairs[key].bits &= ALL - SURE
        else:
            keys[left] = key
            left += 1
    return left


def adopt(run: Run, idea: int, person: int, best: int) -> None:
    """Have a person who understood adopt an idea, or hesitate and remember from whom it was heard."""
    key = idea * run.n + person
    events, weights = sources_of(run, best)
    if hesitates(run, key, idea, person):
        single = len(events) == 1 and weights[0] == 1.0
        run.heard_from[key] = events[0] if single else add_mixture(run, events, weights)
        run.pairs[key].bits |= HESITATES
        ask(run, 4 * key + RESOLUTION)
        return
    row = add_event(run, LEARN, person, idea, 1)
    for j in range(len(events)):
        add_influence(run, row, events[j], weights[j])
    begun(run, idea, person, row)


def exposed_in(run: Run, first: int, last: int) -> int:
    """Keep as learners all in the spans `first` to `last` - 1 who understood and can adopt; return how many."""
    return left_open(run, run.learners, collect(run.low[EXPOSED], run.high[EXPOSED], first, last, run.learners))


def learn_plainly(run: Run, keys: Ints, row: int, influence: int, place: int) -> None:
    """Have these learn from the one teller credited, writing from these places on, where there must be room.

    This requires that nobody hesitates and all heard from single holdings; no two ideas of these keys may be rivals.
    Threads may do so side by side, if each has whole words of the closed bitset, and a stack of timers of its own.
    """
    now, n, rows, exposed, pairs, closed = run.now, run.n, run.rows, run.exposed, run.pairs, run.closed
    until, idea, base = last_step(tells_until(now, run.dynamics[0].telling_period)), 0, 0
    add_alike(rows, now, LEARN, row, influence, len(keys))
    for k in range(len(keys)):  # one loop per column takes half the time of one for all: the memory comes in time
        if keys[k] >= base + n:
            idea = keys[k] // n
            base = idea * n
        rows.person[row + k], rows.idea[row + k] = keys[k] - base, idea
    for k in range(len(keys)):
        fetch(exposed, keys[min(k + AHEAD, len(keys) - 1)])
        rows.parent[influence + k], exposed[keys[k]] = (exposed[keys[k]] - 1) & MASK, 0
    for k in range(len(keys)):
        fetch(pairs, keys[min(k + AHEAD, len(keys) - 1)])
        hold(pairs[keys[k]], row + k, now, until, LISTED)
    tellers = run.tellers
    for k in range(len(keys)):
        tellers[1 + place + k] = keys[k]
        closed[keys[k] >> 6] |= 1 << (keys[k] & 63)
    if is_followed(run):
        for k in range(len(keys)):
            set_off(run, keys[k])
