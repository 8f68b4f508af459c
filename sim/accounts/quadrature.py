"""Equal parts along lineages that branch: the expectation of 1 / (number counted), without following any lineage.

1 / (j + 1 + l) is the integral of x^(j + l) over [0, 1], the multilinear extension (Owen 1972) along the tape. So for
each node x of a quadrature rule, one sweep forward finds what is counted above each row, and one backward what comes
from below (docs/explanation/roles.md). The integrand is a polynomial, which Gauss-Legendre nodes integrate exactly.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np

from sim.machine.hints import fetch, inline
from sim.machine.loops import for_size
from sim.machine.threads import processors
from sim.tape.tables import Floats, Ints

Row: TypeAlias = tuple[float, float, float, float, float, float, float, float]
BLOCK = 8  # nodes that are swept together: a cache line
AHEAD = 16  # how many influences ahead the parent's memory is prefetched
WORTH_THREADS = 200_000  # influences
CLOSE = 2.0**-53


def nodes_for(counted: int) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes on [0, 1] and their weights, for lineages on which at most `counted` rows count.

    n nodes are exact up to the degree 2n - 1. For x^d fewer suffice to the last digit: by the coefficients of x^d in
    Chebyshev polynomials, which are binomial, and Hoeffding's inequality, n nodes err by at most 4 exp(-4 n^2 / d),
    which is compared with the integral 1 / (d + 1).

    >>> nodes, weights = nodes_for(4)
    >>> len(nodes), round(float(weights @ nodes**3), 12), len(nodes_for(10_000)[0])
    (2, 0.25, 344)
    """
    degree = max(counted - 1, 0)
    enough = math.ceil(math.sqrt(degree * math.log(4.0 * (degree + 1) / CLOSE) / 4.0))
    number = max(1, min(degree // 2 + 1, enough))
    # Newton's method is exact to the last digits; the eigenvalues that scipy uses are not.
    root = np.cos(np.pi * (np.arange(number) + 0.75) / (number + 0.5))
    for _ in range(6):
        value, slope = _legendre(number, root)
        root -= value / slope
    _, slope = _legendre(number, root)
    weights = 1.0 / ((1.0 - root * root) * slope * slope)
    return root / 2.0 + 0.5, weights / weights.sum()


def _legendre(degree: int, x: Floats) -> tuple[Floats, Floats]:
    """Return the Legendre polynomial of degree 1 or more, and its slope."""
    before, value = np.ones_like(x), x
    for k in range(2, degree + 1):
        before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
    return value, degree * (before - x * value) / (1.0 - x * x)


def divide_equally(begin: Ints, parent: Ints, part: Floats, entry: Floats, counted: int) -> Floats:
    """Return each row's part of value that is divided equally over those counted on its lineage, in expectation.

    Args:
        begin, parent: the rows that each row goes back to, all of them earlier; shapes (rows + 1,), (influences,).
        part: the chance of each way back, negative where the row and its parent count as one; all 0 for a row where
            lineages end. For the other rows the absolute values sum to 1.
        entry: the value whose lineages begin at each row; shape (rows,).
        counted: the most rows that count on any lineage.
    """
    rows = len(entry)
    nodes, weights = nodes_for(counted)
    weights /= nodes
    sweep = for_size(sweep_all, rows + len(parent))
    if len(parent) < WORTH_THREADS:
        return sweep(begin, parent, part, entry, nodes, weights, np.empty(rows * BLOCK), np.zeros(rows * BLOCK))
    spare: list[tuple[Floats, Floats]] = []

    def kept(first: int) -> Floats:
        columns = spare.pop() if spare else (np.empty(rows * BLOCK), np.zeros(rows * BLOCK))
        chosen = slice(first, first + BLOCK)
        found = sweep(begin, parent, part, entry, nodes[chosen], weights[chosen], *columns)
        spare.append(columns)
        return found

    sweep(begin[:1], parent[:0], part[:0], entry[:0], nodes, weights, nodes, weights)  # compiles it
    summed = np.zeros(rows)
    with ThreadPoolExecutor(processors()) as pool:
        for found in pool.map(kept, range(0, len(nodes), BLOCK)):
            summed += found
    return summed


def sweep_all(
    begin: Ints, parent: Ints, part: Floats, entry: Floats, nodes: Floats, weights: Floats, above: Floats,
    below: Floats,
) -> Floats:  # fmt: skip
    """Return the part that each row keeps, summed over the weighted nodes; see `_sweep`."""
    summed, kept = np.zeros(len(entry)), np.zeros(len(entry))
    for first in range(0, len(nodes), BLOCK):
        at, of = np.ones(BLOCK), np.zeros(BLOCK)
        for k in range(first, min(first + BLOCK, len(nodes))):
            at[k - first], of[k - first] = nodes[k], weights[k]
        _sweep(begin, parent, part, entry, at, of, above, below, kept)
        summed += kept
    return summed


def _sweep(
    begin: Ints, parent: Ints, part: Floats, entry: Floats, nodes: Floats, weights: Floats, above: Floats,
    below: Floats, kept: Floats,
) -> None:  # fmt: skip
    """Write what each row keeps at the nodes of a block; `below` holds BLOCK zeros per row before and afterwards."""
    at, of, last = load(nodes, 0), load(weights, 0), len(parent) - 1
    none = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    one = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    for row in range(len(entry)):
        low, high = begin[row], begin[row + 1]
        if low == high or part[low] == 0.0:
            store(above, row * BLOCK, one)
            continue
        others = own = none
        for k in range(low, high):
            fetch(above, parent[min(k + AHEAD, last)] * BLOCK)
            if part[k] > 0.0:
                others = plus(others, part[k], load(above, parent[k] * BLOCK))
            else:
                own = plus(own, -part[k], load(above, parent[k] * BLOCK))
        store(above, row * BLOCK, plus(times(at, others), 1.0, own))
    for row in range(len(entry) - 1, -1, -1):
        low, high = begin[row], begin[row + 1]
        value, own = plus(load(below, row * BLOCK), entry[row], one), none
        store(below, row * BLOCK, none)
        if low == high or part[low] == 0.0:
            continue
        onward = times(at, value)
        for k in range(low, high):
            fetch(below, parent[max(k - AHEAD, 0)] * BLOCK)
            to = parent[k] * BLOCK
            if part[k] > 0.0:
                store(below, to, plus(load(below, to), part[k], onward))
            else:
                own = plus(own, -part[k], load(above, to))
                store(below, to, plus(load(below, to), -part[k], value))
        kept[row] = total(times(times(of, value), plus(load(above, row * BLOCK), -1.0, own)))


# Rows of BLOCK numbers, written out so that compiled code keeps them in registers.


@inline
def load(column: Floats, at: int) -> Row:
    """Return the row that begins at an index of a column."""
    return (
        column[at], column[at + 1], column[at + 2], column[at + 3], column[at + 4], column[at + 5], column[at + 6],
        column[at + 7],
    )  # fmt: skip


@inline
def store(column: Floats, at: int, row: Row) -> None:
    """Write a row into a column from an index on."""
    column[at], column[at + 1], column[at + 2], column[at + 3] = row[0], row[1], row[2], row[3]
    column[at + 4], column[at + 5], column[at + 6], column[at + 7] = row[4], row[5], row[6], row[7]


@inline
def plus(row: Row, part: float, other: Row) -> Row:
    """Return a row plus a multiple of another."""
    return (
        row[0] + part * other[0], row[1] + part * other[1], row[2] + part * other[2], row[3] + part * other[3],
        row[4] + part * other[4], row[5] + part * other[5], row[6] + part * other[6], row[7] + part * other[7],
    )  # fmt: skip


@inline
def times(row: Row, other: Row) -> Row:
    """Return the elementwise products of two rows."""
    return (
        row[0] * other[0], row[1] * other[1], row[2] * other[2], row[3] * other[3],
        row[4] * other[4], row[5] * other[5], row[6] * other[6], row[7] * other[7],
    )  # fmt: skip


@inline
def total(row: Row) -> float:
    """Return the sum of a row."""
    return row[0] + row[1] + row[2] + row[3] + row[4] + row[5] + row[6] + row[7]
