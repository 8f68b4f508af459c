"""Tests of paired experiments, from one number per pair (docs/hypotheses.md).

The arms of a pair share a seed; the number of a pair is a contrast of its arms, such as a difference, a slope or an
interaction. The question is always whether the mean of these numbers differs from 0, and by how much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from sim.tape.tables import Floats

EXACT = 14  # pairs up to which all 2**pairs sign flips are enumerated
FLIPS = 19_999  # flips drawn for more pairs
CELLS = 4_000_000  # numbers of a resampling in memory at once


def sign_flip_p(effects: Floats, flips: int = FLIPS, seed: int = 0) -> float:
    """Return the two-sided p of the hypothesis that the numbers are symmetric about 0, by flipping their signs.

    For up to 14 pairs all 2**pairs flips are counted, so the p is exact. For more, `flips` are drawn, and the observed
    one counts as one of them: (1 + those as extreme) / (1 + flips), which is exact too (Phipson and Smyth 2010).

    Args:
        effects: shape (pairs,).
        flips: how many are drawn if there are more than 14 pairs.
        seed: of the draws.

    >>> sign_flip_p(np.array([1.0, 2.0, 3.0]))
    0.25
    """
    n, observed = len(effects), abs(float(effects.sum()))
    limit = observed - 1e-12 * float(np.abs(effects).sum())  # a sum in another order may differ in the last bits
    if n <= EXACT:
        signs = (np.arange(2**n)[:, np.newaxis] >> np.arange(n)) & 1
        return float((np.abs(effects.sum() - 2.0 * (signs @ effects)) >= limit).mean())
    rng, extreme, done = np.random.default_rng(seed), 0, 0
    while done < flips:
        some = min(flips - done, max(1, CELLS // n))
        bits = np.unpackbits(np.frombuffer(rng.bytes(some * ((n + 7) // 8)), np.uint8).reshape(some, -1), axis=1)
        flipped = effects.sum() - 2.0 * (bits[:, :n].astype(np.float64) @ effects)
        extreme += int((np.abs(flipped) >= limit).sum())
        done += some
    return (1 + extreme) / (1 + flips)


def smallest_p(pairs: int, flips: int = FLIPS) -> float:
    """Return the least p that flipping the signs of `pairs` numbers can give.

    >>> smallest_p(5), smallest_p(200)
    (0.0625, 5e-05)
    """
    return 2.0 ** (1 - pairs) if pairs <= EXACT else 1.0 / (1 + flips)


def standardised(effects: Floats) -> float:
    """Return the mean divided by the standard deviation of the pairs, d_z; inf (or 0) if all are equal.

    >>> round(standardised(np.array([1.0, 2.0, 3.0])), 12)
    2.0
    """
    mean, sd = float(effects.mean()), float(effects.std(ddof=1))
    if sd > 0.0:
        return mean / sd
    return math.copysign(math.inf, mean) if mean else 0.0


def holm(p: Sequence[float]) -> list[float]:
    """Return the p corrected for a family in which no claim at all may be supported wrongly (Holm 1979).

    >>> [round(x, 12) for x in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p)), key=lambda k: p[k])
    found, least = [1.0] * len(p), 0.0
    for rank, k in enumerate(order):
        least = max(least, min(1.0, (len(p) - rank) * p[k]))
        found[k] = least
    return found


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return the p corrected for a sweep in which a few discoveries may be false (Benjamini and Hochberg 1995).

    >>> [round(x, 12) for x in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    return [float(x) for x in stats.false_discovery_control(p, method="bh")] if len(p) else []


def greater_p(sample: Floats) -> float:
    """Return the one-sided p of a mean that is not above 0, by Student's t; 0 or 1 if all numbers are equal.

    >>> round(greater_p(np.array([0.9, 1.0, 1.1])), 5)
    0.00166
    """
    if (sample == sample[0]).all():
        return 0.0 if sample[0] > 0.0 else 1.0
    return float(stats.ttest_1samp(sample, 0.0, alternative="greater").pvalue)


def equivalence_p(above: Floats, below: Floats) -> float:
    """Return the p of two one-sided t tests (TOST, Schuirmann 1987): mean of `above` > 0 and of `below` < 0.

    For an effect within a margin: above = effects + margin, below = effects - margin, where the margin may be a
    fraction of a reference value of the same pair.

    >>> round(equivalence_p(np.array([0.9, 1.0, 1.1]), np.array([-1.1, -1.0, -0.9])), 5)
    0.00166
    """
    return max(greater_p(above), greater_p(-below))


def power(d: float, pairs: int, alpha: float = 0.05) -> float:
    """Return the chance that a two-sided paired t test finds an effect of `d` standard deviations.

    >>> round(power(0.5, 34), 3)
    0.808
    """
    if d == 0.0 or not math.isfinite(d) or abs(d) * pairs**0.5 > 30.0:
        return alpha if d == 0.0 else 1.0
    limit = float(stats.t.isf(alpha / 2, pairs - 1))
    shift = abs(d) * pairs**0.5
    either = (stats.nct.sf(limit, pairs - 1, shift), stats.nct.cdf(-limit, pairs - 1, shift))
    return float(np.nansum(either))  # scipy returns nan for a tail that is all but empty


def power_of_equivalence(margin: float, pairs: int, alpha: float = 0.05) -> float:
    """Return the chance that TOST shows an effect of 0 to be within `margin` standard deviations.

    >>> round(power_of_equivalence(0.5, 36), 2)
    0.8
    """
    limit = float(stats.t.isf(alpha, pairs - 1))
    return max(0.0, 2.0 * float(stats.t.cdf(margin * pairs**0.5 - limit, pairs - 1)) - 1.0)


def variance_reduction(values: Floats, weights: Floats) -> float:
    """Return the part of the variance of a contrast that pairing removed: 1 - paired / with independent seeds.

    Args:
        values: of each arm and pair; shape (arms, pairs).
        weights: of each arm in the contrast; shape (arms,).

    Returns:
        At most 1; negative where pairing did harm, nan where there is no variance.

    >>> variance_reduction(np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]), np.array([-1.0, 1.0]))
    1.0
    """
    apart = float((weights**2 * values.var(axis=1, ddof=1)).sum())
    return 1.0 - float((weights @ values).var(ddof=1)) / apart if apart > 0.0 else math.nan
