"""The accounts of credit of a small run, all at once; compiled for the machine and the browser.

The loops are those of the accounts; what stands between them there as array code stands here as loops, too.
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
    first_times,
    on_lineage,
    serve,
    unfold,
)
from sim.accounts.quadrature import BLOCK, _sweep, nodes_for
from sim.accounts.role_flow import _count_tellers, _divide, _flow, _flow_certain, _sum_by_person, _weigh
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Floats, Ints
from sim.views.playground.positions import person_graph, ranks

MAX_WAYS = 300_000  # back from all events, that are followed one by one
Kinds = NDArray[np.int8]
Whole = NDArray[np.int32]


class Credits(NamedTuple):
    """Credit by person, the crowd last if there is one; (persons,) each."""

    idea: Floats  # by role flow
    communication: Floats
    implementation: Floats
    pagerank: Floats  # in units of realised value, as all
    shapley: Floats  # nan where lineages branch into more than MAX_WAYS
    priority: Floats


class Ways(NamedTuple):
    """Where each event's lineage goes on: to the rows up[begin[e]] to up[begin[e + 1]], in these parts."""

    begin: Ints
    up: Ints
    part: Floats


def credits_of(
    step: Ints, kind: Kinds, person: Whole, idea: Whole, count: Ints, child: Ints, parent: Ints, weight: Floats,
    event: Ints, served: Ints, value: Floats, persons: int, crowd: int, size: int, ideas: int, alpha: float,
    inheritance: float,
) -> Credits:  # fmt: skip
    """Return the credit of a tape by every account of the page.

    Args:
        step ... value: the columns of the tape.
        persons: how many rows of persons; the crowd is the last one, if it is one.
        crowd: how many people are in the crowd; size: all there are.
        ideas: how many.
        alpha, inheritance: of person PageRank and of role flow.
    """
    begin = begins(child, len(kind))
    roles = flows(kind, person, begin, child, parent, weight, event, served, value, persons, inheritance)
    one = np.empty(len(weight))  # the weights of an event sum to 1
    for e in range(len(kind)):
        total = 0.0
        for k in range(begin[e], begin[e + 1]):
            total += weight[k]
        for k in range(begin[e], begin[e + 1]):
            one[k] = weight[k] / total
    first = priorities(step, kind, person, idea, event, value, persons, ideas)
    games = shapleys(kind, person, idea, begin, child, parent, one, event, served, value, persons)
    graph = person_graph(
        kind, person, idea, count, child, parent, weight, event, served, value, persons, crowd, size, ideas
    )
    return Credits(roles[0].copy(), roles[1].copy(), roles[2].copy(), ranks(graph, alpha, value.sum()), games, first)


def begins(child: Ints, events: int) -> Ints:
    """Return where the influences of each event begin."""
    begin = np.zeros(events + 1, np.int64)
    for k in range(len(child)):
        begin[child[k] + 1] += 1
    for e in range(events):
        begin[e + 1] += begin[e]
    return begin


def flows(
    kind: Kinds, person: Whole, begin: Ints, child: Ints, parent: Ints, weight: Floats, event: Ints, served: Ints,
    value: Floats, persons: int, inheritance: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Return role flow by person, for the idea, the communication, the implementation; see accounts.role_flow."""
    flow, user, tellers = np.zeros(2 * len(kind)), np.zeros(len(kind)), np.zeros(len(kind), np.int32)
    _divide(event, served, value, kind, flow, user)
    if _count_tellers(kind, person, child, parent, tellers):
        _flow_certain(kind, child, parent, tellers, inheritance, flow, user)
    else:
        part, entry = np.zeros(len(child)), np.zeros(len(kind))
        counted = _weigh(kind, person, begin, parent, weight, part, tellers)
        _flow(kind, begin, parent, weight, part, inheritance, flow, user, entry)
        kept = divided(begin, parent, part, entry, counted)
        for row in range(len(kind)):
            flow[2 * row + 1] += kept[row]
    roles = np.zeros((3, persons))
    _sum_by_person(kind, person, flow, roles)
    return roles


def divided(begin: Ints, parent: Ints, part: Floats, entry: Floats, counted: int) -> Floats:
    """Return what each row keeps of a value that is divided equally along lineages; see accounts.quadrature."""
    nodes, weights = nodes_for(counted)
    above, below, kept = np.empty(len(entry) * BLOCK), np.zeros(len(entry) * BLOCK), np.zeros(len(entry))
    for first in range(0, len(nodes), BLOCK):
        at, of = np.ones(BLOCK), np.zeros(BLOCK)
        for k in range(first, min(first + BLOCK, len(nodes))):
            at[k - first], of[k - first] = nodes[k], weights[k] / nodes[k]
        _sweep(begin, parent, part, entry, at, of, above, below, kept)
    return kept


def priorities(
    step: Ints, kind: Kinds, person: Whole, idea: Whole, event: Ints, value: Floats, persons: int, ideas: int
) -> Floats:
    """Return all the value of each idea for its first discoverers."""
    worth, first = np.zeros(ideas), np.full(ideas, -1, np.int64)
    for k in range(len(event)):
        worth[idea[event[k]]] += value[k]
    those = np.zeros((ideas, persons), np.bool_)
    for e in range(len(kind)):
        if kind[e] == DISCOVER and (first[idea[e]] < 0 or first[idea[e]] == step[e]):
            first[idea[e]] = step[e]
            those[idea[e], person[e]] = True
    credit = np.zeros(persons)
    for k in range(ideas):
        number = those[k].sum()
        for i in range(persons):
            credit[i] += worth[k] / number if those[k, i] else 0.0
    return credit


def ways_of(kind: Kinds, begin: Ints, child: Ints, parent: Ints, part: Floats) -> Ways:
    """Return where lineages go on; see accounts.games.lineages."""
    start, room = np.zeros(len(kind) + 1, np.int64), 0
    for k in range(len(child)):
        room += own_ways(kind, begin, child, parent, k)
    up, parts, used = np.empty(room, np.int64), np.empty(room), 0
    for e in range(len(kind)):
        for k in range(begin[e], begin[e + 1]):
            if kind[e] == DISCOVER and kind[parent[k]] == LEARN:
                for j in range(begin[parent[k]], begin[parent[k] + 1]):
                    up[used], parts[used] = parent[j], part[k] * part[j]
                    used += 1
            elif kind[e] <= LEARN:
                up[used], parts[used] = parent[k], part[k]
                used += 1
        start[e + 1] = used
    return Ways(start, up, parts)


def own_ways(kind: Kinds, begin: Ints, child: Ints, parent: Ints, k: int) -> int:
    """Return how many ways an influence stands for."""
    if kind[child[k]] == DISCOVER and kind[parent[k]] == LEARN:
        return int(begin[parent[k] + 1] - begin[parent[k]])
    return int(kind[child[k]] <= LEARN)


def shapleys(
    kind: Kinds, person: Whole, idea: Whole, begin: Ints, child: Ints, parent: Ints, part: Floats, event: Ints,
    served: Ints, value: Floats, persons: int,
) -> Floats:  # fmt: skip
    """Return the Shapley value of the realised lineages; see accounts.games.realised."""
    ways = ways_of(kind, begin, child, parent, part)
    first_node = nodes_of(kind, ways)
    if first_node[len(kind)] > MAX_WAYS:
        return np.full(persons, np.nan)
    of, above, chance = unfold(ways.begin, ways.up, ways.part, first_node)
    node, by, amount = ends(kind, idea, ways, first_node, chance, event, served, value)
    holder, makes = np.empty(len(of), np.int64), np.zeros(persons, np.bool_)
    for e in range(len(kind)):
        makes[person[e]] |= kind[e] == IMPLEMENT
    for k in range(len(of)):
        holder[k] = max(person[of[k]], 0)
    first = first_times(above, holder, persons)
    own = first.copy()
    for k in range(len(of)):
        own[k] = first[k] and makes[holder[k]]
    together = carry_down(above, first.astype(np.int64))
    away = np.empty(len(node))
    for k in range(len(node)):
        away[k] = amount[k] / (together[node[k]] + 1)
    nearest = find_nearest(above, own)
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
    """Return where the nodes of each event begin, one for each way from it back to a root; none that nobody needs."""
    wanted = np.zeros(len(kind), np.bool_)
    for e in range(len(kind)):
        wanted[e] = kind[e] == DISCOVER
    for k in range(len(ways.up)):
        wanted[ways.up[k]] = True
    each = count_ways(ways.begin, ways.up, wanted)
    first = np.zeros(len(kind) + 1, np.int64)
    for e in range(len(kind)):
        first[e + 1] = first[e] + int(min(each[e], MAX_WAYS + 1.0))
    return first


def ends(
    kind: Kinds, idea: Whole, ways: Ways, first: Ints, chance: Floats, event: Ints, served: Ints, value: Floats
) -> tuple[Ints, Ints, Floats]:
    """Return where the lineages end, what served them, and the value of each; by idea and by what served."""
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
