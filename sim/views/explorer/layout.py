"""Places of persons on a plane, from who is tied to whom: the same every time, and a second or two for thousands.

A connected part is laid out by distances to a few persons far apart (Brandes and Pich 2007, pivot MDS), which gets the
whole right, then by some rounds of springs and repulsion, which get the neighbourhoods right. The parts are set around
the largest one, in rings.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, shortest_path
from scipy.spatial import cKDTree

from sim.tape.tables import Floats, Ints

PIVOTS = 40
ROUNDS = 32
NEAR = 11  # neighbours on the plane that push one by one; all that is farther pushes by cells
CELLS = 10  # of the grid that pushes from afar, each way
SMALL = 9  # persons up to which a part is a ring around the one with most ties
GOLDEN = math.pi * (3.0 - math.sqrt(5.0))


def layout(source: NDArray[np.integer], target: NDArray[np.integer], n: int) -> Floats:
    """Return places in the unit square, shape (n, 2), of persons 0 to n - 1 with these ties.

    >>> layout(np.array([0, 1]), np.array([1, 2]), 4).shape
    (4, 2)
    """
    if n == 0:
        return np.zeros((0, 2))
    ties = coo_matrix((np.ones(len(source)), (source, target)), shape=(n, n)).tocsr()
    ties = csr_matrix(ties + ties.T)
    ties.setdiag(0)
    ties.eliminate_zeros()
    ties.data[:] = 1.0
    parts, label = connected_components(ties, directed=False)
    size = np.bincount(label, minlength=parts)
    members = np.split(np.argsort(label, kind="stable"), np.cumsum(size)[:-1])
    order = np.argsort(-size, kind="stable").tolist()
    centre, places = _rings(np.sqrt(size[order])), np.zeros((n, 2))
    for k, part in enumerate(order):
        rows = members[part]
        if size[part] > 1:
            places[rows] = _part(csr_matrix(ties[rows][:, rows]))
        places[rows] += centre[k]
    return _into_square(places)


def _into_square(places: Floats) -> Floats:
    low, high = places.min(axis=0), places.max(axis=0)
    span = float((high - low).max())
    return (places - (low + high) / 2.0) / span + 0.5 if span > 0.0 else np.full_like(places, 0.5)


def _rings(radius: Floats) -> Floats:
    """Return the centres of discs, the largest first: that one in the middle, the others around it in rings."""
    centre = np.zeros((len(radius), 2))
    inner, at = float(radius[0]) * 1.08, 1
    while at < len(radius):
        ring = inner + float(radius[at])
        angle, first = 0.0, at
        while at < len(radius):
            own = 2.0 * math.asin(min(1.0, 1.06 * float(radius[at]) / ring))
            if angle + own > 2.0 * math.pi and at > first:
                break
            centre[at] = ring, angle + own / 2.0  # polar, so far
            angle += own
            at += 1
        centre[first:at, 1] *= 2.0 * math.pi / angle  # evenly around
        inner = ring + float(radius[first]) * 1.06
    polar = centre[1:].copy()
    centre[1:, 0], centre[1:, 1] = polar[:, 0] * np.cos(polar[:, 1]), polar[:, 0] * np.sin(polar[:, 1])
    return centre


def _part(ties: csr_matrix) -> Floats:
    """Lay out a connected part around the origin, with a radius of about the root of its size."""
    n = ties.shape[0]
    degree = np.diff(ties.indptr)
    places = np.zeros((n, 2))
    if n <= SMALL:
        others = np.argsort(-degree, kind="stable")[1:]
        turn = np.arange(len(others)) * 2.0 * math.pi / len(others)
        places[others] = 0.75 * math.sqrt(n) * np.column_stack([np.cos(turn), np.sin(turn)])
        return np.asarray(places - places.mean(axis=0))
    places = _settled(_by_distances(ties, int(np.argmax(degree))), ties, degree)
    places -= np.median(places, axis=0)
    far = np.hypot(places[:, 0], places[:, 1])
    return np.asarray(places * (math.sqrt(n) / float(np.quantile(far, 0.98))))


def _by_distances(ties: csr_matrix, first: int) -> Floats:
    """Pivot MDS: the two main directions of the squared distances to persons far from each other."""
    n = ties.shape[0]
    nearest, squared, pivot = np.full(n, np.inf), [], first
    for _ in range(min(PIVOTS, n)):
        far = shortest_path(ties, method="D", directed=False, unweighted=True, indices=pivot)
        squared.append(far**2)
        nearest = np.minimum(nearest, far)
        pivot = int(np.argmax(nearest))
    table = np.column_stack(squared)
    table = -0.5 * (table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean())
    _, vectors = np.linalg.eigh(table.T @ table)
    main = vectors[:, -2:][:, ::-1]
    strongest = np.abs(main).argmax(axis=0)
    main = main * np.where(main[strongest, [0, 1]] < 0.0, -1.0, 1.0)  # an eigenvector has no sign of its own
    places = table @ main
    turn = np.arange(n) * GOLDEN  # those at equal distances do not lie on each other
    spread = 0.02 * float(np.abs(places).max()) * np.sqrt((np.arange(n) + 0.5) / n)
    return np.asarray(places + spread[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]))


def _settled(places: Floats, ties: csr_matrix, degree: NDArray[np.integer]) -> Floats:
    """Springs along the ties, which want length 1, and repulsion; ever smaller moves."""
    n = len(places)
    one = np.repeat(np.arange(n), degree)
    other = ties.indices
    length = np.hypot(*(places[one] - places[other]).T)
    places = places / max(float(np.median(length)), 1e-9)
    places *= min(1.0, 1.5 * math.sqrt(n) / float(np.abs(places).max()))
    for done in range(ROUNDS):
        way = places[other] - places[one]
        pull = way * (np.hypot(way[:, 0], way[:, 1]) / degree[one])[:, None]
        force = _sums(one, pull, n) + _near(places) + _far(places)
        limit = 0.03 * math.sqrt(n) * (1.0 - done / ROUNDS) + 0.02
        move = np.hypot(force[:, 0], force[:, 1])
        places = places + force * np.minimum(0.4, limit / np.maximum(move, 1e-12))[:, None]
    return places


def _sums(of: Ints, ways: Floats, count: int) -> Floats:
    """Return the sum of the ways of each of 0 to count - 1; shape (count, 2)."""
    return np.column_stack([np.bincount(of, ways[:, axis], count).astype(np.float64) for axis in (0, 1)])


def _near(places: Floats) -> Floats:
    n = len(places)
    ask = cKDTree(places).query  # of a tree: no expression is evaluated, as DataFrame.query would
    near = np.asarray(ask(places, k=min(NEAR, n))[1])[:, 1:]
    way = places[:, None, :] - places[near]
    return np.asarray((way / (np.square(way).sum(axis=2) + 0.05)[:, :, None]).sum(axis=1))


def _far(places: Floats) -> Floats:
    low = places.min(axis=0)
    span = np.maximum(places.max(axis=0) - low, 1e-9)
    cell = np.minimum((places - low) / span * CELLS, CELLS - 1).astype(np.int64) @ np.array([CELLS, 1])
    mass: Ints = np.bincount(cell, minlength=CELLS * CELLS)
    used = np.flatnonzero(mass)
    middle = _sums(cell, places, CELLS * CELLS)[used] / mass[used, None]
    squared = np.square(places).sum(axis=1)[:, None] + np.square(middle).sum(axis=1) - 2.0 * places @ middle.T
    weight = 0.35 * mass[used] / (squared + 4.0)
    return np.asarray(places * weight.sum(axis=1)[:, None] - weight @ middle)
