"""Preferential attachment (Barabási and Albert 1999)."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.networks.csr import Rows, mirrored
from sim.model.randomness import NETWORK, key_of, uniform_of

ATTACH = 0  # stage of luck


def barabasi_albert(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Tie newcomers to law[0] different earlier persons, chosen in proportion to their ties, starting from a star.

    An end of an earlier tie is drawn, with equal chances, until its person is a new one. The ends are not listed: the
    first end of tie e is known, and the second is chosen[e].
    """
    links = int(law[0])
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
        chosen[e] = 0  # in the first star, each outer person is tied to the centre
    return mirrored(n, begins, chosen)


def put_in_order(a: Any, low: int, high: int, x: int) -> int:
    """Insert x into the sorted a[low:high] unless it is there; return 1 if it was inserted, else 0."""
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
