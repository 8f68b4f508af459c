"""Networks without chance: everybody, a star, a chain, and nobody."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.networks.csr import Rows


def no_ties(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return a network without ties."""
    return np.zeros(n + 1, np.int64), np.empty(0, np.int32)


def complete(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return the complete network."""
    indptr = np.zeros(n + 1, np.int64)
    target = np.empty(n * (n - 1), np.int32)
    for i in range(n):
        begin = i * (n - 1)
        for j in range(n - 1):
            target[begin + j] = j if j < i else j + 1
        indptr[i + 1] = begin + n - 1
    return indptr, target


def star(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return a star: the first person is tied to all others."""
    outer = 1 if both_ways else 0
    indptr = np.zeros(n + 1, np.int64)
    target = np.zeros((n - 1) * (1 + outer), np.int32)
    for j in range(1, n):
        target[j - 1] = j
    for i in range(n):
        indptr[i + 1] = n - 1 + outer * i
    return indptr, target


def chain(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return a chain: each person is tied to the next."""
    indptr = np.zeros(n + 1, np.int64)
    target = np.empty((n - 1) * (2 if both_ways else 1), np.int32)
    count = 0
    for i in range(n):
        if both_ways and i > 0:
            target[count] = i - 1
            count += 1
        if i < n - 1:
            target[count] = i + 1
            count += 1
        indptr[i + 1] = count
    return indptr, target
