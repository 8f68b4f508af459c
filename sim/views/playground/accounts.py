"""The accounts of credit of a small run, compiled for the machine and the browser.

The loops are those of the accounts; array code between them is written as loops here, too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.accounts.games.lineage_loops import (
    add_up,
    carry_down,
    count_ways,
    find_nearest,
    find_ways,
    first_times,
    on_lineage,
    serve,
    unfold,
)
from sim.accounts.games.lineages import Ways
from sim.accounts.quadrature import BLOCK, nodes_for, sweep_all
from sim.accounts.role_flow import _count_tellers, _divide, _flow, _flow_certain, _sum_by_person, _weigh
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Floats, Ints
from sim.views.playground.positions import person_graph, ranks

MAX_WAYS = 300_000  # paths back from all events, which are followed one by one
Kinds = NDArray[np.int8]
Whole = NDArray[np.int32]


class Flows(NamedTuple):
    """Credit by person, with a crowd last, by the fast accounts; shape (persons,) each."""

    idea: Floats  # by role flow
    communication: Floats
    implementation: Floats
    priority: Floats


class Games(NamedTuple):
    """Credit by person, in units of realised value, by the slower accounts."""

    pagerank: Floats
    shapley: Floats  # nan where lineages branch into more than MAX_WAYS


def flows_of(
    step: Ints, kind: Kinds, person: Whole, idea: Whole, child: Ints, parent: Ints, weight: Floats, event: Ints,
    served: Ints, value: Floats, persons: int, ideas: int, inheritance: float,
) -> Flows:  # fmt: skip
    """Return the credit of a tape by role flow and by priority.

    Args:
        step ... value: the columns of the tape.
        persons: the number of rows of persons; a crowd is the last one.
        ideas: the number of ideas.
        inheritance: of role flow.
    """
    begin = np.searchsorted(child, np.arange(len(kind) + 1))
    roles = flows(kind, person, begin, child, parent, weight, event, served, value, persons, inheritance)
    first = priorities(step, kind, person, idea, event, value, persons, ideas)
    return Flows(roles[0].copy(), roles[1].copy(), roles[2].copy(), first)


def games_of(
    kind: Kinds, person: Whole, idea: Whole, count: Ints, child: Ints, parent: Ints, weight: Floats, event: Ints,
    served: Ints, value: Floats, persons: int, crowd: int, size: int, ideas: int, alpha: float,
) -> Games:  # fmt: skip
    """Return the credit of a tape by person PageRank and by the Shapley value.

    Args:
        kind ... value, persons, ideas: as in `flows_of`.
        crowd: the number of people in the crowd; size: of all people.
        alpha: of person PageRank.
    """
    begin = np.searchsorted(child, np.arange(len(kind) + 1))
    part = weight / np.bincount(child, weight, len(kind))[child]
    games = shapleys(kind, person, idea, begin, parent, part, event, served, value, persons)
    graph = person_graph(
        kind, person, idea, count, child, parent, weight, event, served, value, persons, crowd, size, ideas
    )
    return Games(ranks(graph, alpha, value.sum()), games)


def flows(
    kind: Kinds, person: Whole, begin: Ints, child: Ints, parent: Ints, weight: Floats, event: Ints, served: Ints,
    value: Floats, persons: int, inheritance: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Return role flow by person, for the idea, the communication and the implementation; see accounts.role_flow."""
    flow, user, tellers = np.zeros(2 * len(kind)), np.zeros(len(kind)), np.zeros(len(kind), np.int32)
    _divide(event, served, value, kind, flow, user)
    if _count_tellers(kind, person, child, parent, tellers):
        _flow_certain(kind, child, parent, tellers, inheritance, flow, user)
    else:
        part, entry = np.zeros(len(child)), np.zeros(len(kind))
        counted = _weigh(kind, person, begin, parent, weight, part, tellers)
        _flow(kind, begin, parent, weight, part, inheritance, flow, user, entry)
        nodes, weights = nodes_for(counted)
        above, below = np.empty(len(kind) * BLOCK), np.zeros(len(kind) * BLOCK)
        flow[1::2] += sweep_all(begin, parent, part, entry, nodes, weights / nodes, above, below)
    roles = np.zeros((3, persons))
    _sum_by_person(kind, person, flow, roles)
    return roles


def priorities(
    step: Ints, kind: Kinds, person: Whole, idea: Whole, event: Ints, value: Floats, persons: int, ideas: int
) -> Floats:
    """Return credit by priority: all the value of each idea for its first discoverers."""
    worth, first = np.bincount(idea[event], value, ideas), np.full(ideas, -1, np.int64)
    those = np.zeros((ideas, persons), np.bool_)
    for e in range(len(kind)):
        if kind[e] == DISCOVER and (first[idea[e]] < 0 or first[idea[e]] == step[e]):
            first[idea[e]] = step[e]
            those[idea[e], person[e]] = True
    credit = np.zeros(persons)
    for k in range(ideas):
        credit[those[k]] += worth[k] / max(1, those[k].sum())
    return credit


def shapleys(
    kind: Kinds, person: Whole, idea: Whole, begin: Ints, parent: Ints, part: Floats, event: Ints, served: Ints,
    value: Floats, persons: int,
) -> Floats:  # fmt: skip
    """Return the Shapley value of the realised lineages; see accounts.games.realised."""
    ways = Ways(*find_ways(kind, begin, parent, part))
    first_node = nodes_of(kind, ways)
    if first_node[len(kind)] > MAX_WAYS:
        return np.full(persons, np.nan)
    of, above, chance = unfold(ways.begin, ways.up, ways.part, first_node)
    node, by, amount = ends(kind, idea, ways, first_node, chance, event, served, value)
    holder, makes = np.maximum(person[of], 0).astype(np.int64), np.zeros(persons, np.bool_)
    makes[person[kind == IMPLEMENT]] = True
    first = first_times(above, holder, persons)
    together = carry_down(above, first.astype(np.int64))
    away = amount / (together[node] + 1)
    nearest = find_nearest(above, first & makes[holder])
    on, taken = on_lineage(node, by, away, nearest, above, holder, kind, person, begin, parent, part, persons)
    rows, along = np.zeros(len(kind)), np.zeros(len(of))
    for k in range(len(node)):
        if by[k] >= 0:
            rows[by[k]] += away[k]
        along[node[k]] += amount[k] * (on[k] / together[node[k]] + (1.0 - on[k]) / (together[node[k]] + 1))
    serve(kind, begin, parent, part, rows)
    along = add_up(above, along)
    credit = -taken
    for e in range(len(kind)):
        if kind[e] == IMPLEMENT:
            credit[person[e]] += rows[e]
    for k in range(len(of)):
        credit[holder[k]] += along[k] if first[k] else 0.0
    return credit


def nodes_of(kind: Kinds, ways: Ways) -> Ints:
    """Return where the nodes of each needed event begin, with one node for each way from it back to a root."""
    wanted = kind == DISCOVER
    wanted[ways.up] = True
    first = np.zeros(len(kind) + 1, np.int64)
    first[1:] = np.cumsum(np.minimum(count_ways(ways.begin, ways.up, wanted), MAX_WAYS + 1.0).astype(np.int64))
    return first


def ends(
    kind: Kinds, idea: Whole, ways: Ways, first: Ints, chance: Floats, event: Ints, served: Ints, value: Floats
) -> tuple[Ints, Ints, Floats]:
    """Return where the lineages end, what served them, and their values, sorted by idea and by what served."""
    room = 0
    for k in range(len(event)):
        e = event[k]
        for way in range(ways.begin[e], ways.begin[e + 1] if kind[e] == LEARN else ways.begin[e]):
            room += first[ways.up[way] + 1] - first[ways.up[way]]
        room += 0 if kind[e] == LEARN else first[e + 1] - first[e]
    node, by, amount, key = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    used = 0
    for k in range(len(event)):
        e = event[k]
        learned = kind[e] == LEARN
        for way in range(ways.begin[e] if learned else 0, ways.begin[e + 1] if learned else 1):
            at = ways.up[way] if learned else e
            for one in range(first[at], first[at + 1]):
                node[used], by[used], key[used] = one, served[k], idea[e] * (len(kind) + 1) + served[k]
                amount[used] = value[k] * (ways.part[way] if learned else 1.0) * chance[one]
                used += 1
    order = np.argsort(key, kind="mergesort")
    return node[order], by[order], amount[order]
