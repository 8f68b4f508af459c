"""Networks that are made tie by tie: preferential attachment, small worlds, given degrees."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.model.networks.csr import Rows, add_up, mirrored, shift_back, sort_rows, without_repeats
from sim.model.randomness import MASK, NETWORK, exp, key_of, log, uniform_of

ATTACH, REWIRE, DEGREE, PAIR, WAY = range(5)  # stages of luck; new ends of small worlds take those from AIM on
AIM = 8
GIVEN, FIXED, POISSON, POWER = range(4)  # laws of degrees
FEW = 500.0  # a Poisson number of a larger mean is a sum of several, since exp(-mean) would vanish


def barabasi_albert(n: int, links: int, both_ways: bool, seed: int) -> Rows:
    """Newcomers tie to `links` different persons before them, chosen in proportion to their ties (from a star on).

    An end of a tie made before is drawn, all alike, until the person at it is a new one. The ends are not listed: of
    tie e, the first is known, and the second is chosen[e].
    """
    key = key_of(seed, NETWORK, ATTACH, 0)
    chosen = np.empty(links * (n - links), np.int32)
    for e in range(links):
        chosen[e] = e + 1
    for i in range(links + 1, n):
        begin = links * (i - links)
        attempt = 0
        count = 0
        while count < links:
            end = int(uniform_of(key, i, attempt) * (2 * begin))
            attempt += 1
            tie = end // 2
            j = int(chosen[tie]) if end % 2 == 1 else (0 if tie < links else tie // links + links)
            count += put_in_order(chosen, begin, begin + count, j)
    if not both_ways:
        indptr = np.full(n + 1, links, np.int64)
        indptr[0] = 0
        for i in range(links + 1, n):
            indptr[i + 1] = links * (i + 1 - links)
        return indptr, chosen
    begins = np.zeros(n + 1, np.int64)
    for i in range(n):
        begins[i + 1] = i if i <= links else links * (i + 1 - links)
    for e in range(links):
        chosen[e] = 0  # of the first star each outer person is tied to the centre
    return mirrored(n, begins, chosen)


def put_in_order(a: Any, low: int, high: int, x: int) -> int:
    """Insert x into the sorted a[low:high] unless it is there; 1 if it was inserted, else 0."""
    left, right = low, high
    while left < right:
        middle = (left + right) // 2
        if a[middle] < x:
            left = middle + 1
        else:
            right = middle
    if left < high and a[left] == x:
        return 0
    for k in range(high, left, -1):
        a[k] = a[k - 1]
    a[left] = x
    return 1


def watts_strogatz(n: int, neighbours: int, rewire: float, both_ways: bool, seed: int) -> Rows:
    """A ring of nearest neighbours; each tie keeps its first end and, with probability `rewire`, gets a new second."""
    half = neighbours // 2
    second = np.empty(n * half, np.int32)  # person i is the first end of the ties i * half ... i * half + half - 1
    for i in range(n):
        for d in range(half):
            second[i * half + d] = (i + d + 1) % n
    degree = np.full(n, 2 * half, np.int32)
    key = key_of(seed, NETWORK, REWIRE, 0)
    for d in range(half):
        aim = key_of(seed, NETWORK, AIM + d, 0)
        for i in range(n):
            if uniform_of(key, i, d) < rewire and degree[i] < n - 1:
                attempt = 0
                j = int(uniform_of(aim, i, attempt) * n)
                while j == i or are_tied(second, half, i, j):
                    attempt += 1
                    j = int(uniform_of(aim, i, attempt) * n)
                degree[int(second[i * half + d])] -= 1
                degree[j] += 1
                second[i * half + d] = j
    begin = np.empty(n + 1, np.int64)
    for i in range(n + 1):
        begin[i] = i * half
    if both_ways:
        return mirrored(n, begin, second)
    sort_rows(begin, second)
    return begin, second


def are_tied(second: Any, half: int, i: int, j: int) -> bool:
    """Whether one of two persons of a small world is the first end of a tie to the other."""
    for d in range(half):
        if second[i * half + d] == j or second[j * half + d] == i:
            return True
    return False


def configuration(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Persons with given degrees, whose ends of ties are paired at random (Bollobás 1980).

    Args:
        n: how many persons.
        law: GIVEN and the n degrees; FIXED, degree; POISSON, mean; or POWER, exponent, low, high.
        both_ways: else each tie leads one way, drawn for each.
        seed: of the luck.

    A person paired with themselves, a pair drawn again and an end left over are dropped, so that degrees may be a
    little lower than given: their number stays the same as networks grow, unless a few persons have most of the ties.
    """
    ends = shuffled_ends(n, law, seed)
    key = key_of(seed, NETWORK, WAY, 0)
    indptr = np.zeros(n + 1, np.int64)
    for m in range(0, len(ends) - 1, 2):
        if not both_ways and uniform_of(key, m >> 32, m & MASK) < 0.5:
            ends[m], ends[m + 1] = ends[m + 1], ends[m]
        indptr[int(ends[m]) + 1] += 1
        if both_ways:
            indptr[int(ends[m + 1]) + 1] += 1
    target = np.empty(add_up(indptr), np.int32)
    for m in range(0, len(ends) - 1, 2):
        i, j = int(ends[m]), int(ends[m + 1])
        target[indptr[i]] = j
        indptr[i] += 1
        if both_ways:
            target[indptr[j]] = i
            indptr[j] += 1
    shift_back(indptr)
    sort_rows(indptr, target)
    return indptr, target[: without_repeats(indptr, target)]


def shuffled_ends(n: int, law: Any, seed: int) -> Any:
    """Each person as often as their degree says, in random order (Fisher and Yates)."""
    key = key_of(seed, NETWORK, DEGREE, 0)
    count = 0
    for i in range(n):
        count += degree_of(law, key, i, n)
    ends = np.empty(count, np.int32)
    count = 0
    for i in range(n):
        for _ in range(degree_of(law, key, i, n)):
            ends[count] = i
            count += 1
    key = key_of(seed, NETWORK, PAIR, 0)
    for m in range(count - 1, 0, -1):
        k = int(uniform_of(key, m >> 32, m & MASK) * (m + 1))
        ends[m], ends[k] = ends[k], ends[m]
    return ends


def degree_of(law: Any, key: int, i: int, n: int) -> int:
    """The degree of a person by a law of degrees, at most n - 1."""
    degree = 0
    kind = int(law[0])
    if kind == GIVEN:
        degree = int(law[1 + i])
    elif kind == FIXED:
        degree = int(law[1])
    elif kind == POISSON:
        parts = 1 + int(law[1] / FEW)
        for part in range(parts):
            degree += poisson(float(law[1]) / parts, uniform_of(key, i, part))
    else:
        degree = power(float(law[1]), float(law[2]), float(law[3]), uniform_of(key, i, 0))
    return min(degree, n - 1)


def poisson(mean: float, uniform: float) -> int:
    """A Poisson number of a mean below 700, by adding up its chances until they pass a uniform number."""
    mass = exp(-mean)
    total = mass
    count = 0
    while uniform >= total and mass > 0.0:
        count += 1
        mass *= mean / count
        total += mass
    return count


def power(exponent: float, low: float, high: float, uniform: float) -> int:
    """A whole number from low to high that is k or more with a chance as k ** (1 - exponent).

    It is a Pareto variate between low and high + 1, rounded down (Clauset, Shalizi and Newman 2009, appendix D).
    """
    slope = exponent - 1.0
    beyond = exp(-slope * log((high + 1.0) / low))
    x = low * exp(-log(1.0 - uniform * (1.0 - beyond)) / slope)
    return int(min(math.floor(x), high))
