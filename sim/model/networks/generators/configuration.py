"""Networks with given degrees (Bollobás 1980)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.model.networks.csr import Rows, add_up, shift_back, sort_rows, without_repeats
from sim.model.randomness import MASK, NETWORK, exp, key_of, log, uniform_of
from sim.scenario.networks import FIXED, GIVEN, POISSON

DEGREE, PAIR, WAY = 2, 3, 4  # stages of luck
FEW = 500.0  # a Poisson number of a larger mean is a sum of several, since exp(-mean) would vanish


def configuration(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return a network of persons with given degrees, whose ends of ties are paired at random (Bollobás 1980).

    The law is GIVEN and the n degrees; FIXED, degree; POISSON, mean; or POWER, exponent, low, high. Unless ties lead
    both ways, a direction is drawn for each. Pairs of a person with themselves, repeated pairs and an end left over are
    dropped, so that degrees may be a little lower than given: the number dropped stays the same as networks grow,
    unless a few persons have most of the ties.
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
    """Return each person as many times as their degree, in random order (Fisher and Yates)."""
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
    """Return the degree of a person by a law of degrees, at most n - 1."""
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
    """Return a Poisson number of a mean below 700, by adding up its chances until they pass a uniform number."""
    mass = exp(-mean)
    total = mass
    count = 0
    while uniform >= total and mass > 0.0:
        count += 1
        mass *= mean / count
        total += mass
    return count


def power(exponent: float, low: float, high: float, uniform: float) -> int:
    """Return a whole number from low to high that is k or more with a chance as k ** (1 - exponent).

    It is a Pareto variate between low and high + 1, rounded down (Clauset, Shalizi and Newman 2009, appendix D).
    """
    slope = exponent - 1.0
    beyond = exp(-slope * log((high + 1.0) / low))
    x = low * exp(-log(1.0 - uniform * (1.0 - beyond)) / slope)
    return int(min(math.floor(x), high))
