"""Looks at the pairs as they come in, without raising the error rate: alpha-spending.

Each look at the data may spend a part of the error rate. The part spent when a fraction t of the largest number of
pairs is in is a function fixed in advance (Lan and DeMets 1983); the limits follow from the joint distribution of the
looks, by numerical integration (Armitage, McPherson and Rowe 1969). Whatever makes an experiment stop, a claim whose
p is below its limit at some look is supported wrongly with at most the requested error rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import optimize
from scipy.special import ndtr, ndtri

from sim.errors import require
from sim.tape.tables import Floats

RULES = ("pocock", "obrien-fleming")
NODES = 96  # of the integration between two limits
FAR = 8.5  # standard deviations; no mass is beyond


def spent(alpha: float, fraction: float, rule: str = "pocock") -> float:
    """Return the part of one side's error rate that may be spent at a fraction of the pairs; alpha at 1.

    "pocock": alpha log(1 + (e - 1) t), with about equal limits. "obrien-fleming": 2 - 2 Phi(z / sqrt(t)), which spends
    hardly anything at first.

    >>> [round(spent(0.025, t), 4) for t in (0.25, 0.5, 1.0)]
    [0.0089, 0.0155, 0.025]
    >>> [round(spent(0.025, t, "obrien-fleming"), 4) for t in (0.25, 0.5, 1.0)]
    [0.0, 0.0015, 0.025]
    """
    require("rule", rule, RULES)
    if rule == "pocock":
        return alpha * math.log(1.0 + (math.e - 1.0) * fraction)
    return 2.0 * float(ndtr(ndtri(alpha / 2.0) / math.sqrt(fraction)))


@lru_cache(maxsize=4096)
def levels(alpha: float, fractions: tuple[float, ...], rule: str = "pocock", sides: int = 2) -> tuple[float, ...]:
    """Return the level of the test at each look, so that all looks together have the error rate alpha.

    Args:
        alpha: in (0, 1).
        fractions: of the largest number of pairs that are in at each look, ascending, in (0, 1].
        rule: how alpha is spent, one of RULES.
        sides: 2 for a two-sided test, 1 for a one-sided one.

    >>> [round(level, 4) for level in levels(0.05, (0.2, 0.4, 0.6, 0.8, 1.0), "obrien-fleming")]
    [0.0, 0.0008, 0.0074, 0.022, 0.0423]
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    found: list[float] = []
    before, time = 0.0, 0.0
    place, mass = np.zeros(1), np.ones(1)  # distribution of the sum at the last look, if no limit has been passed
    for fraction in fractions:
        share = max(sides * spent(alpha / sides, fraction, rule) - before, 1e-300)
        step = math.sqrt(fraction - time)
        limit = _limit(share, place, mass, step, sides)
        found.append(min(1.0, sides * float(ndtr(-limit / math.sqrt(fraction)))))
        high = min(limit, FAR * math.sqrt(fraction))
        low = -high if sides == 2 else -FAR * math.sqrt(fraction)
        grid = low + (high - low) * (nodes + 1.0) / 2.0
        density = np.exp(-0.5 * ((grid[:, np.newaxis] - place) / step) ** 2) @ mass / (step * math.sqrt(2.0 * math.pi))
        place, mass = grid, density * weights * (high - low) / 2.0
        before, time = before + share, fraction
    return tuple(found)


def _limit(share: float, place: Floats, mass: Floats, step: float, sides: int) -> float:
    """Return the limit that the sum passes at this look, and at none before, with probability `share`."""

    def too_often(limit: float) -> float:
        beyond = ndtr((place - limit) / step)
        if sides == 2:
            beyond = beyond + ndtr((-limit - place) / step)
        return float(beyond @ mass) - share

    low, high = (0.0 if sides == 2 else -FAR), float(np.abs(place).max()) + 40.0 * step
    if too_often(low) <= 0.0:
        return low
    return float(optimize.brentq(too_often, low, high, xtol=1e-10))


def sequential_p(p: Sequence[float], fractions: Sequence[float], rule: str = "pocock", sides: int = 2) -> float:
    """Return the p of all looks so far: the least error rate at which one of them would have passed its limit.

    It is below any alpha with probability at most alpha, whenever and for whatever reason the looks end. With a single
    look at all pairs it is the p of that look.

    >>> sequential_p([0.03], [1.0])
    0.03
    >>> 0.03 < sequential_p([0.03, 0.02], [0.5, 1.0]) < 0.06
    True
    """
    if len(p) != len(fractions) or not len(p):
        raise ValueError(f"p: must be one for each look, {len(fractions)} of them, is {len(p)}")
    looks = tuple(float(fraction) for fraction in fractions)
    if looks == (1.0,):
        return float(p[0])

    def passes(alpha: float) -> bool:
        return any(x <= level for x, level in zip(p, levels(alpha, looks, rule, sides), strict=True))

    low, high = math.log(1e-12), 0.0
    if not passes(0.999):
        return 1.0
    while high - low > 5e-3:
        middle = (low + high) / 2.0
        low, high = (low, middle) if passes(math.exp(middle)) else (middle, high)
    return math.exp(high)
