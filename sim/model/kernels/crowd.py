"""The crowd in loops; agents/crowd.py explains what it does, and why."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.kernels.buffers import add_cohort, add_event, add_influence, add_news, add_piece
from sim.model.kernels.columns import Records, Run
from sim.model.networks.csr import sort_part
from sim.model.randomness import CROWD, MASK, uniform
from sim.model.rules import (
    abandonment_rate,
    added,
    by_any,
    chance_in_crowd,
    count_leaving,
    crowd_open,
    draw_count,
    is_settled,
    part_of,
)
from sim.tape.tables import ABANDON, LEARN, Ints


def tell_crowd(run: Run, idea: int, event: int, said: float, teller_clarity: float) -> None:
    """Have a teller address each member of the crowd with this chance, from the holding `event`."""
    understood = chance_in_crowd(said, run.ideas[idea].clarity, teller_clarity, run.crowd_understanding)
    if run.crowd and understood > 0.0:
        add_news(run, idea, event, understood)


def in_order(news: Records) -> Ints:
    """Return the order of news by idea, by the teller's holding and by the chance: heapsort, if it is not sorted."""
    number, rising = len(news), True
    order = np.empty(number, np.int64)
    for place in range(number):
        order[place] = place
        rising = rising and not (place and comes_before(news[place], news[place - 1]))
    if rising:
        return order
    for top in range(number // 2 - 1, -1, -1):
        sink(news, order, top, number)
    for end in range(number - 1, 0, -1):
        order[0], order[end] = order[end], order[0]
        sink(news, order, 0, end)
    return order


def sink(news: Records, order: Ints, top: int, end: int) -> None:
    """Have order[top] sink in the heap order[:end] until nothing below it comes later."""
    below = 2 * top + 1
    while below < end:
        if below + 1 < end and comes_before(news[order[below]], news[order[below + 1]]):
            below += 1
        if not comes_before(news[order[top]], news[order[below]]):
            return
        order[top], order[below] = order[below], order[top]
        top, below = below, 2 * below + 1


def comes_before(one: Any, other: Any) -> bool:
    """Return whether the first of two tellings to the crowd is the earlier in order."""
    if one.idea != other.idea:
        return bool(one.idea < other.idea)
    if one.event != other.event:
        return bool(one.event < other.event)
    return bool(one.chance < other.chance)


def open_to(run: Run, idea: int) -> int:
    """Return how many of the crowd could adopt an idea."""
    status, rivals = run.status[idea], 0
    for k in range(status.rivals, status.rivals_end):
        rivals += run.status[run.relations[k]].held
    return int(crowd_open(run.crowd, status.held, status.given_up, rivals))


def learn_in_crowd(run: Run, order: Ints) -> None:
    """Have all of the crowd who understood at least one teller adopt the idea, as one event, weighted by each chance.

    `order` gives the news of the idea, sorted.
    """
    news, idea = run.news, run.news[order[0]].idea
    understood, reached = 0.0, 0.0
    for place in order:
        understood = by_any(understood, news[place].chance)
        reached = added(reached, news[place].chance)
    count = draw_count(open_to(run, idea), understood, uniform(run.seed, CROWD, run.now, run.n, idea, 0))
    if count == 0:
        return
    row = add_event(run, LEARN, run.n, idea, count)
    chance = 0.0
    for k in range(len(order)):
        event = news[order[k]].event
        chance = added(chance, news[order[k]].chance)
        if k + 1 == len(order) or news[order[k + 1]].event != event:
            add_influence(run, row, event, part_of(chance, reached))
            chance = 0.0
    add_cohort(run, idea, row, count)


def abandon_in_crowd(run: Run, idea: int) -> None:
    """Have members of each cohort abandon an idea by chance, with one event for all."""
    d, status = run.dynamics[0], run.status[idea]
    total, before, at = 0, -1, status.first
    while at >= 0:
        cohort, gone = run.cohorts[at], 0
        if is_settled(cohort.since, run.now):
            age = run.now - cohort.since
            rate = abandonment_rate(status.works != 0, d.abandon_rate, d.abandon_rate_working, age)
            drawn = uniform(run.seed, CROWD, run.now, run.n, idea, 1 + cohort.since)
            gone = count_leaving(cohort.count, rate, drawn)
        following = cohort.next
        if gone:
            total += gone
            add_piece(run, idea, at, gone)
        if cohort.count:
            before = at
        else:
            unlink(run, idea, before, following)
        at = following
    if total:
        add_event(run, ABANDON, run.n, idea, total)
        status.held -= total
        if not d.readopt:
            status.given_up += total


def unlink(run: Run, idea: int, before: int, following: int) -> None:
    """Take the cohort between two others (-1: none) out of the list of an idea."""
    if before < 0:
        run.status[idea].first = following
    else:
        run.cohorts[before].next = following
    if following < 0:
        run.status[idea].last = before


def pieces_of(run: Run) -> Ints:
    """Return the crowd's holdings up to now, ended or not, by event: event, idea, begin, end, count; (5, pieces)."""
    used = run.pieces_number
    pieces = np.empty((5, used + run.cohorts_number), np.int64)
    for k in range(used):
        one = run.pieces[k]
        pieces[0, k], pieces[1, k], pieces[2, k], pieces[3, k] = one.event, one.idea, one.begin, one.end
        pieces[4, k] = one.count
    for idea in range(len(run.status)):
        at = run.status[idea].first
        while at >= 0:
            one = run.cohorts[at]
            pieces[0, used], pieces[1, used], pieces[2, used] = one.event, idea, one.since
            pieces[3, used], pieces[4, used] = run.now, one.count
            used, at = used + 1, one.next
    order, by_event = np.empty(used, np.int64), np.empty((5, used), np.int64)
    for k in range(used):
        order[k] = pieces[0, k] << 32 | k  # pieces of one event keep their order
    sort_part(order, 0, used)
    for k in range(used):
        for row in range(5):
            by_event[row, k] = pieces[row, order[k] & MASK]
    return by_event
