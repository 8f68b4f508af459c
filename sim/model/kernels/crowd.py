"""The crowd in loops; what it does and why stands in agents/crowd.py."""

from __future__ import annotations

import numpy as np

from sim.model.kernels.columns import (
    NOW,
    RATE_TO_ABANDON,
    RATE_TO_ABANDON_WORKING,
    READOPT,
    Catalogue,
    Crowd,
    State,
    Told,
)
from sim.model.randomness import CROWD, uniform
from sim.model.rules import abandonment_rate, by_any, crowd_open, draw_count, is_settled, probability
from sim.tape.rows import Rows, add_event, add_influence
from sim.tape.tables import ABANDON, LEARN, Ints


def no_crowd(size: int, understanding: float, ideas: int) -> Crowd:
    """A crowd that holds nothing yet."""
    none = np.full(ideas, -1, np.int64)
    return Crowd(
        size, understanding, np.zeros(ideas, np.int64), np.zeros(ideas, np.int64), none, none.copy(),
        np.empty(16, np.int64), np.empty(16, np.int64), np.empty(16, np.int64), np.empty(16, np.int64),
        np.empty((5, 16), np.int64), np.zeros(2, np.int64),
    )  # fmt: skip


def no_news(room: int) -> Told:
    """Nothing that was told to the crowd, with room."""
    return Told(np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.zeros(1, np.int64))


def add_news(told: Told, more: Told) -> None:
    """Add what was told elsewhere; there must be room."""
    used, new = told.used[0], more.used[0]
    told.idea[used : used + new] = more.idea[:new]
    told.event[used : used + new] = more.event[:new]
    told.chance[used : used + new] = more.chance[:new]
    told.used[0] = used + new


def tell_crowd(told: Told, idea: int, event: int, chance: float) -> None:
    """Write down that one of the crowd understood a teller with this chance; there must be room."""
    at = told.used[0]
    told.idea[at], told.event[at], told.chance[at] = idea, event, chance
    told.used[0] = at + 1


def in_order(told: Told) -> Ints:
    """What was told by idea and, within one, by the teller's holding and the chance."""
    used = told.used[0]
    order = np.argsort((told.idea[:used] << 32) | told.event[:used])
    for place in range(1, used):
        at = place
        while at and comes_before(told, order[at], order[at - 1]):
            order[at], order[at - 1] = order[at - 1], order[at]
            at -= 1
    return order


def comes_before(told: Told, one: int, other: int) -> bool:
    """Whether of two tellings by one holding the first has the smaller chance."""
    same = told.idea[one] == told.idea[other] and told.event[one] == told.event[other]
    return same and bool(told.chance[one] < told.chance[other])


def open_to(c: Crowd, catalogue: Catalogue, idea: int) -> int:
    """How many of the crowd could take the idea up."""
    rivals = 0
    for k in range(catalogue.rivals_begin[idea], catalogue.rivals_begin[idea + 1]):
        rivals += c.held[catalogue.rivals[k]]
    return int(crowd_open(c.size, c.held[idea], c.given_up[idea], rivals))


def learn_in_crowd(c: Crowd, catalogue: Catalogue, state: State, rows: Rows, told: Told, entries: Ints) -> None:
    """Those take an idea up whom at least one teller made understand: one event, shared by what each reached."""
    now, idea = state.counters[NOW], told.idea[entries[0]]
    understood, reached = 0.0, 0.0
    for entry in entries:
        understood = by_any(understood, told.chance[entry])
        reached += told.chance[entry]
    count = draw_count(open_to(c, catalogue, idea), understood, uniform(state.luck, CROWD, now, state.n, idea, 0))
    if count == 0:
        return
    row = add_event(rows, now, LEARN, state.n, idea, count)
    chance = 0.0
    for k in range(len(entries)):
        event = told.event[entries[k]]
        chance += told.chance[entries[k]]
        if k + 1 == len(entries) or told.event[entries[k + 1]] != event:
            add_influence(rows, row, event, chance / reached)
            chance = 0.0
    cohort = c.used[0]
    c.used[0] = cohort + 1
    c.event[cohort], c.since[cohort], c.count[cohort], c.next[cohort] = row, now, count, -1
    if c.last[idea] < 0:
        c.first[idea] = cohort
    else:
        c.next[c.last[idea]] = cohort
    c.last[idea] = cohort
    c.held[idea] += count


def abandon_in_crowd(c: Crowd, state: State, rows: Rows, idea: int) -> None:
    """Of each cohort of an idea those leave it whose chance comes true; one event for all."""
    now, d = state.counters[NOW], state.dynamics
    works = state.works[idea] != 0
    total, before, cohort = 0, -1, c.first[idea]
    while cohort >= 0:
        gone = 0
        if is_settled(c.since[cohort], now):
            rate = abandonment_rate(works, d[RATE_TO_ABANDON], d[RATE_TO_ABANDON_WORKING], now - c.since[cohort])
            luck = uniform(state.luck, CROWD, now, state.n, idea, 1 + c.since[cohort])
            gone = draw_count(c.count[cohort], probability(rate), luck)
        following = c.next[cohort]
        if gone:
            total += gone
            c.count[cohort] -= gone
            piece = c.used[1]
            c.used[1] = piece + 1
            c.pieces[0, piece], c.pieces[1, piece], c.pieces[2, piece] = c.event[cohort], idea, c.since[cohort]
            c.pieces[3, piece], c.pieces[4, piece] = now, gone
        if c.count[cohort]:
            before = cohort
        else:
            if before < 0:
                c.first[idea] = following
            else:
                c.next[before] = following
            if following < 0:
                c.last[idea] = before
        cohort = following
    if total:
        add_event(rows, now, ABANDON, state.n, idea, total)
        c.held[idea] -= total
        if not d[READOPT]:
            c.given_up[idea] += total
