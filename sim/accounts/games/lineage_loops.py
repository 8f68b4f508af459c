"""The loops of lineages.py: plain functions of numbers and arrays, which give the same result interpreted or compiled.

Nodes belong to a forest: the node above each is an earlier one, or -1.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE, Floats, Ints

SEVERAL = -2


def find_ways(kind: NDArray[np.int8], begin: Ints, parent: Ints, part: Floats) -> tuple[Ints, Ints, Floats]:
    """Return the next rows of each event's lineage, as in lineages.Ways; `part` is the weight of each influence."""
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
    """Return the number of ways from each event back to a root, as floats; 0 where not wanted."""
    ways = np.zeros(len(wanted))
    for event in range(len(wanted)):
        if wanted[event]:
            for k in range(begin[event], begin[event + 1]):
                ways[event] += ways[up[k]]
            if begin[event] == begin[event + 1]:
                ways[event] = 1.0
    return ways


def unfold(begin: Ints, up: Ints, part: Floats, first: Ints) -> tuple[Ints, Ints, Floats]:
    """Return the forest of all ways: each node's event, the node above, and the chance of the way, given the event.

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
    """Return whether each node is the first of its key (0 to keys - 1), counted from the root down.

    The walk visits each node once on the way down and once on the way up, with a count of the keys above.
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
    """Return for each node the sum of `own` over it and all nodes above it."""
    total = own.copy()
    for node in range(len(above)):
        if above[node] >= 0:
            total[node] += total[above[node]]
    return total


def add_up(above: Ints, amount: Floats) -> Floats:
    """Return for each node the sum of `amount` over it and all nodes below it."""
    total = amount.copy()
    for node in range(len(above) - 1, -1, -1):
        if above[node] >= 0:
            total[above[node]] += total[node]
    return total


def find_nearest(above: Ints, marked: NDArray[np.bool_]) -> Ints:
    """Return the nearest marked node on the way up from each node, which may be the node itself, or -1."""
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
    """Return how much of each serving implementation belongs to makers on the lineage, and what they must not get.

    Args:
        node, served: where each lineage ends, and the row that served it, or -1; sorted by idea, then `served`.
        away: what the implementers of a lineage get together if none of them is on it.
        nearest: for each node the nearest node upward at which an implementer is on the way for the first time.
        above, holder: the forest, and the person at each node.
        kind, person, begin, parent, weight, persons: from the tape's events and influences; weights sum to 1.

    Returns:
        The part for each lineage, 1 where nothing served; and by person the sum of what `away` gives those on it.
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
    """Set `share`, up to the factor returned, to the part that each person has in the row that served.

    A `use` mostly extends an earlier one by some implementations. So `share` is kept between calls (it belongs to the
    row `loaded`, times `scale`), and each `use` is visited once. The persons with a share are the first number[0]
    entries of `makers`.
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
        if scale < 1e-100:  # long before the quotient of a weight and it overflows
            scale = settle(scale, share, makers, number)
        for k in range(begin[at], begin[at + 1]):
            if kind[parent[k]] == IMPLEMENT:
                give(person[parent[k]], weight[k] / scale, share, makers, number)
    return scale


def use_before(row: int, kind: NDArray[np.int8], begin: Ints, parent: Ints) -> int:
    """Return the one `use` that a `use` extends, -1 if there is none, SEVERAL if there are several."""
    found = -1
    if kind[row] == USE:
        for k in range(begin[row], begin[row + 1]):
            if kind[parent[k]] == USE:
                if found >= 0:
                    return SEVERAL
                found = parent[k]
    return found


def give(person: int, amount: float, share: Floats, makers: Ints, number: Ints) -> None:
    """Add to the share of a person, and list them among the makers if they are new."""
    if share[person] == 0.0 and amount > 0.0:
        makers[number[0]] = person
        number[0] += 1
    share[person] += amount


def settle(scale: float, share: Floats, makers: Ints, number: Ints) -> float:
    """Multiply every share by `scale`, drop the makers left with nothing, and return the new scale, 1."""
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
) -> None:  # fmt: skip
    """Add to `share` the part that each person has in what served; `part` is left at 0."""
    waiting = [-row]  # the latest row first: everything that it serves has passed its part on
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


def serve(kind: NDArray[np.int8], begin: Ints, parent: Ints, weight: Floats, amount: Floats) -> None:
    """Pass what the `use` events have on to the implementations in them."""
    for event in range(len(kind) - 1, -1, -1):
        if kind[event] == USE and amount[event] > 0.0:
            for k in range(begin[event], begin[event + 1]):
                amount[parent[k]] += weight[k] * amount[event]
            amount[event] = 0.0
