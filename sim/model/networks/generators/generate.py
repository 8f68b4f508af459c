"""Generated networks by a number for their kind and numbers for their parameters, also from within compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.networks.csr import Rows
from sim.model.networks.generators.blocks import blocks
from sim.model.networks.generators.growth import barabasi_albert, configuration, watts_strogatz

NONE, COMPLETE, STAR, CHAIN, ERDOS_RENYI, BARABASI_ALBERT, WATTS_STROGATZ, CONFIGURATION, STOCHASTIC_BLOCK = range(9)


def generate(kind: int, n: int, parameters: Any, seed: int) -> Rows:
    """The ties of n persons: indptr, int64, shape (n + 1,), and target, int32, shape (ties,), sorted in each row.

    Args:
        kind: one of the numbers above.
        n: how many persons, from 1 to 2**31 - 2.
        parameters: float64; first 1 where ties lead both ways, else 0; then
            of Erdős-Rényi the mean degree; of Barabási-Albert the links; of Watts-Strogatz the neighbours and the
            chance to rewire; of a configuration its law of degrees (see networks_growth.configuration); of stochastic
            blocks the number of groups, their sizes, and the chances of each group with each, row by row.
        seed: of the luck; 64 bits, in compiled code as int64.
    """
    both_ways = parameters[0] == 1.0
    if kind == COMPLETE:
        return complete(n)
    if kind == STAR:
        return star(n, both_ways)
    if kind == CHAIN:
        return chain(n, both_ways)
    if kind == ERDOS_RENYI:
        return erdos_renyi(n, float(parameters[1]), both_ways, seed)
    if kind == BARABASI_ALBERT:
        return barabasi_albert(n, int(parameters[1]), both_ways, seed)
    if kind == WATTS_STROGATZ:
        return watts_strogatz(n, int(parameters[1]), float(parameters[2]), both_ways, seed)
    if kind == CONFIGURATION:
        return configuration(n, parameters[1:], both_ways, seed)
    if kind == STOCHASTIC_BLOCK:
        return stochastic_block(parameters[1:], both_ways, seed)
    return np.zeros(n + 1, np.int64), np.empty(0, np.int32)


def complete(n: int) -> Rows:
    """Everybody is tied to everybody."""
    indptr = np.zeros(n + 1, np.int64)
    target = np.empty(n * (n - 1), np.int32)
    for i in range(n):
        begin = i * (n - 1)
        for j in range(n - 1):
            target[begin + j] = j if j < i else j + 1
        indptr[i + 1] = begin + n - 1
    return indptr, target


def star(n: int, both_ways: bool) -> Rows:
    """The first person is tied to all others."""
    outer = 1 if both_ways else 0
    indptr = np.zeros(n + 1, np.int64)
    target = np.zeros((n - 1) * (1 + outer), np.int32)
    for j in range(1, n):
        target[j - 1] = j
    for i in range(n):
        indptr[i + 1] = n - 1 + outer * i
    return indptr, target


def chain(n: int, both_ways: bool) -> Rows:
    """Each person is tied to the next."""
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


def erdos_renyi(n: int, degree: float, both_ways: bool, seed: int) -> Rows:
    """Every pair with the same chance degree / (n - 1)."""
    bounds, chances = one_group(n, degree)
    return blocks(bounds, chances, both_ways, seed)


def one_group(n: int, degree: float) -> tuple[Any, Any]:
    """Erdős-Rényi as stochastic blocks of one group: where groups begin, and the chances."""
    bounds = np.zeros(2, np.int64)
    bounds[1] = n
    chances = np.zeros((1, 1))
    if n > 1:
        chances[0, 0] = degree / (n - 1)
    return bounds, chances


def stochastic_block(parameters: Any, both_ways: bool, seed: int) -> Rows:
    """Pairs with a chance that depends on the groups of the two."""
    bounds, chances = groups_of(parameters)
    return blocks(bounds, chances, both_ways, seed)


def groups_of(parameters: Any) -> tuple[Any, Any]:
    """Where groups begin, and the end, int64 of shape (groups + 1,), and the chances of each with each."""
    count = int(parameters[0])
    bounds = np.zeros(count + 1, np.int64)
    for g in range(count):
        bounds[g + 1] = bounds[g] + int(parameters[1 + g])
    chances = np.empty((count, count))
    for g in range(count):
        for h in range(count):
            chances[g, h] = parameters[1 + count + g * count + h]
    return bounds, chances
