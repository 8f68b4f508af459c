"""The loops of lineages.py: plain functions of numbers and arrays, which run as they stand and compiled alike.

Nodes are those of a forest: the node above each is an earlier one, or -1.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE, Floats, Ints

SEVERAL = -2


def find_ways(kind: NDArray[np.int8], begin: Ints, parent: Ints, part: Floats) -> tuple[Ints, Ints, Floats]:
    """Return where each event's lineage goes on, as lineages.Ways has it; `part` is the weight of each influence."""
    start, room = np.zeros(len(kind) + 1, np.int64), 0
    for event in range(len(kind)):
        for k in range(begin[event], begin[event + 1]):
            if kind[event] == DISCOVER and kind[parent[k]] == LEARN:
                room += begin[parent[k] + 1] - begin[parent[k]]
            elif kind[event] <= LEARN:
                room += 1
        start[event + 1] = room
    up, parts, at = np.empty(room, np.int64), np.empty(room), 0
    for event in range(len(kind)):
        for k in range(begin[event], begin[event + 1]):
            if kind[event] == DISCOVER and kind[parent[k]] == LEARN:
                for j in range(begin[parent[k]], begin[parent[k] + 1]):
                    up[at], parts[at] = parent[j], part[k] * part[j]
                    at += 1
            elif kind[event] <= LEARN:
                up[at], parts[at] = parent[k], part[k]
                at += 1
    return start, up, parts


def count_ways(begin: Ints, up: Ints, wanted: NDArray[np.bool_]) -> Floats:
    """Return in how many ways each event goes back to a root, 0 where not wanted; float, as there may be many."""
    ways = np.zeros(len(wanted))
    for event in range(len(wanted)):
        if wanted[event]:
            for k in range(begin[event], begin[event + 1]):
                ways[event] += ways[up[k]]
            if begin[event] == begin[event + 1]:
                ways[event] = 1.0
    return ways


def unfold(begin: Ints, up: Ints, part: Floats, first: Ints) -> tuple[Ints, Ints, Floats]:
    """Return the forest of all ways: each node's event, the node above, the chance of the way among those of the event.

    The nodes of an event are first[event] to first[event + 1].
    """
    nodes = first[len(first) - 1]
    node_event, above, chance = np.empty(nodes, np.int64), np.full(nodes, -1, np.int64), np.ones(nodes)
    for event in range(len(first) - 1):
        at = first[event]
        if at == first[event + 1]:
            continue
        if begin[event] == begin[event + 1]:
            node_event[at] = event
        for k in range(begin[event], begin[event + 1]):
            for node in range(first[up[k]], first[up[k] + 1]):
                node_event[at], above[at], chance[at] = event, node, part[k] * chance[node]
                at += 1
    return node_event, above, chance


def first_times(above: Ints, key: Ints, keys: int) -> NDArray[np.bool_]:
    """Return whether a node is the first of its key (0 to keys - 1), counted from the root down.

    The forest is walked down and up again, with a count of those of each key above: one visit a node and a return.
    """
    below, beside = np.full(len(above), -1, np.int64), np.full(len(above), -1, np.int64)
    for node in range(len(above) - 1, -1, -1):
        if above[node] >= 0:
            beside[node] = below[above[node]]
            below[above[node]] = node
    seen = np.zeros(keys, np.int64)
    first = np.zeros(len(above), np.bool_)
    for root in range(len(above)):
        if above[root] >= 0:
            continue
        node, entering = root, True
        while True:
            if entering:
                first[node] = seen[key[node]] == 0
                seen[key[node]] += 1
                if below[node] >= 0:
                    node = below[node]
                    continue
            seen[key[node]] -= 1
            if node == root:
                break
            entering = beside[node] >= 0
            node = beside[node] if entering else above[node]
    return first


def carry_down(above: Ints, own: Ints) -> Ints:
    """Return the sum of what each node and all those above it have."""
    total = own.copy()
    for node in range(len(above)):
        if above[node] >= 0:
            total[node] += total[above[node]]
    return total


def add_up(above: Ints, amount: Floats) -> Floats:
    """Return the sum of what each node and all those below it have."""
    total = amount.copy()
    for node in range(len(above) - 1, -1, -1):
        if above[node] >= 0:
            total[above[node]] += total[node]
    return total


def find_nearest(above: Ints, marked: NDArray[np.bool_]) -> Ints:
    """Return the nearest marked node on the way up, the node itself included, or -1."""
    nearest = np.full(len(above), -1, np.int64)
    for node in range(len(above)):
        if marked[node]:
            nearest[node] = node
        elif above[node] >= 0:
            nearest[node] = nearest[above[node]]
    return nearest


def on_lineage(
    node: Ints, served: Ints, away: Floats, nearest: Ints, above: Ints, holder: Ints, kind: NDArray[np.int8],
    person: NDArray[np.int32], begin: Ints, parent: Ints, weight: Floats, persons: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the part of the implementations in use whose makers are on the lineage, and what these must not get.

    Args:
        node, served: where each lineage ends, and the row of what served, or -1; sorted by idea, then `served`.
        away: what an implementer who is not on the lineage gets, if no other served.
        nearest: of each node the nearest one, upward, whose holder is an implementer and there for the first time.
        above, holder: the forest, and the person at each node.
        kind, person, begin, parent, weight, persons: of the tape's events and their influences, whose weights sum to 1.

    Returns:
        The part of each lineage, 1 where nothing served; and by person the sum of what `away` gives those on it.
    """
    on, taken = np.zeros(len(node)), np.zeros(persons)
    part, share = np.zeros(len(kind)), np.zeros(persons)
    makers, number = np.zeros(persons, np.int64), np.zeros(1, np.int64)
    start, loaded, scale = 0, -1, 1.0
    while start < len(node):
        stop, met = start, False
        while stop < len(node) and served[stop] == served[start]:
            met = met or nearest[node[stop]] >= 0
            stop += 1
        if served[start] < 0:
            on[start:stop] = 1.0
        elif met:
            scale = load(served[start], loaded, scale, part, share, makers, number, kind, person, begin, parent, weight)
            loaded = served[start]
            for k in range(start, stop):
                at = nearest[node[k]]
                while at >= 0:
                    maker = holder[at]
                    on[k] += scale * share[maker]
                    taken[maker] += away[k] * scale * share[maker]
                    at = nearest[above[at]] if above[at] >= 0 else -1
                on[k] = min(on[k], 1.0)
        start = stop
    return on, taken


def load(
    row: int, loaded: int, scale: float, part: Floats, share: Floats, makers: Ints, number: Ints,
    kind: NDArray[np.int8], person: NDArray[np.int32], begin: Ints, parent: Ints, weight: Floats,
) -> float:  # fmt: skip
    """Make `share`, times what is returned, the part that each person has in what served.

    A `use` mostly goes on from an earlier one, with some more implementations. So `share` is kept from one to the next
    (it is that of the row `loaded`, times `scale`), and each of them is looked at once. Who has a share stands in the
    first number[0] places of `makers`.
    """
    chain = [row]
    before = use_before(row, kind, begin, parent)
    while before >= 0 and before != loaded:
        chain.append(before)
        before = use_before(before, kind, begin, parent)
    if before < 0:
        for k in range(number[0]):
            share[makers[k]] = 0.0
        number[0] = 0
        scale = 1.0
    if before == SEVERAL:
        spread(row, part, share, makers, number, kind, person, begin, parent, weight)
        return scale
    for place in range(len(chain) - 1, -1, -1):
        at = chain[place]
        if kind[at] == IMPLEMENT:
            give(person[at], 1.0, share, makers, number)
            continue
        for k in range(begin[at], begin[at + 1]):
            if kind[parent[k]] == USE:
                scale *= weight[k]
        if scale < 1e-100:  # long before a weight divided by it is too large
            scale = settle(scale, share, makers, number)
        for k in range(begin[at], begin[at + 1]):
            if kind[parent[k]] == IMPLEMENT:
                give(person[parent[k]], weight[k] / scale, share, makers, number)
    return scale


def use_before(row: int, kind: NDArray[np.int8], begin: Ints, parent: Ints) -> int:
    """Return the one `use` that a `use` goes on from, -1 if there is none, SEVERAL if there are several."""
    found = -1
    if kind[row] == USE:
        for k in range(begin[row], begin[row + 1]):
            if kind[parent[k]] == USE:
                if found >= 0:
                    return SEVERAL
                found = parent[k]
    return found


def give(person: int, amount: float, share: Floats, makers: Ints, number: Ints) -> None:
    """Add to the share of a person, who may be one more of the makers."""
    if share[person] == 0.0 and amount > 0.0:
        makers[number[0]] = person
        number[0] += 1
    share[person] += amount


def settle(scale: float, share: Floats, makers: Ints, number: Ints) -> float:
    """Multiply every share by `scale`, and return the scale that is left: 1. Nobody is a maker with nothing."""
    kept = 0
    for k in range(number[0]):
        share[makers[k]] *= scale
        if share[makers[k]] > 0.0:
            makers[kept] = makers[k]
            kept += 1
    number[0] = kept
    return 1.0


def spread(
    row: int, part: Floats, share: Floats, makers: Ints, number: Ints, kind: NDArray[np.int8],
    person: NDArray[np.int32], begin: Ints, parent: Ints, weight: Floats,
) -> Ints:  # fmt: skip
    """Add to `share` the part that each person has in what served, and return who they are; `part` is left at 0."""
    waiting = [-row]  # the latest row first: all that it serves have passed their part on
    part[row] = 1.0
    while len(waiting) > 0:
        at = -heappop(waiting)
        amount = part[at]
        part[at] = 0.0
        if kind[at] == IMPLEMENT:
            give(person[at], amount, share, makers, number)
            continue
        for k in range(begin[at], begin[at + 1]):
            if part[parent[k]] <= 0.0:
                heappush(waiting, -parent[k])
            part[parent[k]] += weight[k] * amount
    return makers[: number[0]]


def serve(kind: NDArray[np.int8], begin: Ints, parent: Ints, weight: Floats, amount: Floats) -> None:
    """Hand what the `use` events have on to the implementations in them."""
    for event in range(len(kind) - 1, -1, -1):
        if kind[event] == USE and amount[event] > 0.0:
            for k in range(begin[event], begin[event + 1]):
                amount[parent[k]] += weight[k] * amount[event]
            amount[event] = 0.0
