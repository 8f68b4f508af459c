"""The loops of PageRank: plain functions of numbers and arrays, which give the same result interpreted or compiled.

They check their input on the way, since a separate pass would take as long as the work itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.machine.hints import fetch
from sim.tape.tables import Floats, Ints

AHEAD = 24  # how many influences ahead the parent's memory is prefetched
TINY = 1e-290  # a smaller sum of weights cannot be inverted
Whole = NDArray[np.integer[Any]]
Weights = NDArray[np.floating[Any]]


def descend(
    begin: Whole, parent: Whole, weight: Weights | None, alpha: float, loops: bool, mass: Floats
) -> tuple[int, float]:
    """Pass on the mass of every row, newest first: x = v + alpha P' x, where `mass` holds v before and x afterwards.

    Returns the first row that breaks a requirement, or -1, and the mass in rows that point nowhere.
    """
    stuck = 0.0
    for row in range(len(mass) - 1, -1, -1):
        low, high = begin[row], begin[row + 1]
        if low < 0 or low > high:
            return row, stuck
        total = weigh(weight, low, high)
        if not 0.0 <= total < np.inf:
            return row, stuck
        last = row if loops else row - 1
        if loops and total > 0.0:
            kept = 1.0 - alpha * (weigh_own(parent, weight, row, low, high) / total)
            if kept <= 0.0:
                return row, stuck
            mass[row] /= kept
        mine = mass[row]
        part = alpha * mine
        if total == 0.0:
            stuck += mine
            part = 0.0
            total = 1.0
        elif total > TINY:
            part /= total
            total = 1.0
        k = low
        while k < high:  # a `for` over a range takes a third longer
            to = parent[k]
            fetch(mass, parent[max(k - AHEAD, 0)])
            if to < 0 or to > last:
                return row, stuck
            if weight is None:
                mass[to] += part
            elif total == 1.0:
                mass[to] += part * weight[k]
            else:
                mass[to] += part * (weight[k] / total)
            k += 1
        mass[row] = mine  # already includes what the row passes to itself
    return -1, stuck


def weigh(weight: Weights | None, low: int, high: int) -> float:
    """Return the sum of the weights of a row, or nan if one of them is negative or nan."""
    if weight is None:
        return float(high - low)
    total = 0.0
    for k in range(low, high):
        if not weight[k] >= 0.0:
            return np.nan
        total += weight[k]
    return total


def weigh_own(parent: Whole, weight: Weights | None, row: int, low: int, high: int) -> float:
    """Return the weight of the edges from a row to itself."""
    total = 0.0
    for k in range(low, high):
        if parent[k] == row:
            if weight is None:
                total += 1.0
            else:
                total += weight[k]
    return total


def place_edges(
    child: Whole, parent: Whole, rank: Ints, known: NDArray[np.bool_], place: Ints, indices: Whole, edge: Ints
) -> None:
    """Sort the edges that are `known` by the rank of their child, stably, and drop the others.

    `place` begins as zeros of shape (rows + 2,); afterwards its first rows + 1 entries say where each row begins.
    """
    for k in range(len(child)):
        if known[k]:
            place[rank[child[k]] + 2] += 1
    for row in range(2, len(place)):
        place[row] += place[row - 1]
    for k in range(len(child)):
        if known[k]:
            row = rank[child[k]]
            indices[place[row + 1]] = rank[parent[k]]
            edge[place[row + 1]] = k
            place[row + 1] += 1


def turn_round(
    begin: Whole, target: Whole, weight: Floats | None, place: Whole, source: Whole, part: Floats | None
) -> int:
    """Record for each row which rows point to it, and with what fraction of their weight; `place` as in `place_edges`.

    Returns the first row that points outside the graph, or -1.
    """
    rows = len(begin) - 1
    for row in range(rows):
        for k in range(begin[row], begin[row + 1]):
            to = target[k]
            if to < 0 or to >= rows:
                return row
            place[to + 2] += 1
    for row in range(2, len(place)):
        place[row] += place[row - 1]
    for row in range(rows):
        total = weigh(weight, begin[row], begin[row + 1])
        if total == 0.0:
            total = 1.0
        for k in range(begin[row], begin[row + 1]):
            at = place[target[k] + 1]
            source[at] = row
            if weight is not None and part is not None:
                part[at] = weight[k] / total
            place[target[k] + 1] += 1
    return -1


def gather(
    begin: Whole, source: Whole, part: Floats | None, alpha: float, restart: Floats, low: int, high: int,
    passed: Floats, rank: Floats,
) -> float:  # fmt: skip
    """Compute anew the rank of the rows from low to high from what all rows pass on; return the sum of the changes."""
    change = 0.0
    k = begin[low]
    for row in range(low, high):
        total = 0.0
        end = begin[row + 1]
        while k < end:  # takes two thirds of the time of a range
            if part is None:
                total += passed[source[k]]
            else:
                total += passed[source[k]] * part[k]
            k += 1
        now = restart[row] + alpha * total
        change += abs(now - rank[row])
        rank[row] = now
    return change
