"""Small worlds (Watts and Strogatz 1998)."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.networks.csr import Rows, mirrored, sort_rows
from sim.model.randomness import NETWORK, key_of, uniform_of

REWIRE, AIM = 1, 8  # stages of luck; the new ends of the ties to the d-th neighbours take AIM + d


def watts_strogatz(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return a ring of law[0] nearest neighbours, in which each tie gets a new second end with chance law[1]."""
    half, rewire = int(law[0]) // 2, float(law[1])
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
    """Return whether one of two persons of a small world is the first end of a tie to the other."""
    for d in range(half):
        if second[i * half + d] == j or second[j * half + d] == i:
            return True
    return False
