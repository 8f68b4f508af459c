"""The interval of a mean and other statistics, for one sample or for many groups of values at once."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.tape.tables import Floats, Ints

Method = Literal["BCa", "percentile"]
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
RESAMPLES = 2000
BCA_FROM, BCA_TO = 3, 1000  # sizes for a BCa interval, whose acceleration costs their square
KINDS = ("t", "bca")
BATCH = 50  # resamples at once; another number would change what the generator draws
AT_ONCE = 200_000  # numbers resampled at once, to fit into caches


def mean_interval(
    sample: Floats, confidence: float = 0.95, kind: str = "t", seed: int = 0, resamples: int = 9999
) -> tuple[float, float]:
    """Return an interval of the mean of independent numbers; nan for one number, of no width if all are equal.

    Args:
        sample: shape (numbers,).
        confidence: in (0, 1).
        kind: "t" (Student), or "bca" (bootstrap, bias-corrected and accelerated, Efron 1987; Student where BCa is
            not defined).
        seed, resamples: of the bootstrap.

    >>> [round(end, 3) for end in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [-0.484, 4.484]
    >>> low, high = mean_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), kind="bca")
    >>> 1.0 < low < 3.0 < high < 5.0
    True
    """
    from scipy import stats

    if len(sample) < 2:
        return math.nan, math.nan
    mean = float(sample.mean())
    if (sample == sample[0]).all():
        return float(sample[0]), float(sample[0])
    if kind == "bca" and len(sample) >= BCA_FROM:
        low, high = (float(ends[0]) for ends in _limits(sample[np.newaxis], confidence, resamples, seed, "BCa"))
        if math.isfinite(low + high):
            return low, high
    half = float(sample.std(ddof=1)) / len(sample) ** 0.5 * float(stats.t.ppf((1 + confidence) / 2, len(sample) - 1))
    return mean - half, mean + half


def statistics(
    code: Ints, values: Floats, count: int, confidence: float | None = None, resamples: int = RESAMPLES, seed: int = 1,
    shares: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Compute the statistics of the finite values of each group, all groups of the same size at once.

    `code` is the group of each value, in [0, count). With `shares` the values are zeros and ones, and their mean is a
    share. Without a confidence there is no interval of the mean.

    Returns:
        Arrays of shape (count,): number, mean, sd, the quantiles, low, high, interval.
    """
    found: dict[str, Any] = {name: np.full(count, np.nan) for name in ("mean", "sd", *QUANTILES, "low", "high")}
    found["number"] = np.zeros(count, np.int64)
    found["interval"] = np.full(count, "none", object)
    for groups, rows in _blocks(code, values, count):
        found["number"][groups] = rows.shape[1]
        found["mean"][groups] = rows.mean(axis=1)
        found["sd"][groups] = rows.std(axis=1, ddof=1) if rows.shape[1] > 1 else np.nan
        for name, value in zip(QUANTILES, np.quantile(rows, list(QUANTILES.values()), axis=1), strict=True):
            found[name][groups] = value
        if confidence is not None:
            limits = wilson(rows, confidence) if shares else bootstrap(rows, confidence, resamples, seed)
            for name, limit in zip(("low", "high", "interval"), limits, strict=True):
                found[name][groups] = limit
    return found


def _blocks(code: Ints, values: Floats, count: int) -> Iterator[tuple[Ints, Floats]]:
    """Yield the groups with the same number of finite values, and these values; shape (groups, number)."""
    kept = np.isfinite(values)
    order = np.argsort(code[kept], kind="stable")
    ordered = values[kept][order]
    number = np.bincount(code[kept], minlength=count)
    start = np.cumsum(number) - number
    for size in np.unique(number[number > 0]).tolist():
        groups = np.flatnonzero(number == size)
        yield groups, ordered[start[groups][:, None] + np.arange(size)]


def bootstrap(rows: Floats, confidence: float, resamples: int, seed: int) -> tuple[Floats, Floats, NDArray[Any]]:
    """Return the limits of the mean of each row, shape (rows, number), and the kind of each interval.

    The resamples depend only on the seed and the number of values, so that a row has the same limits whatever the
    other rows are.
    """
    count, size = rows.shape
    low, high, kind = np.full(count, np.nan), np.full(count, np.nan), np.full(count, "none", object)
    if size < 2:
        return low, high, kind
    same = rows.min(axis=1) == rows.max(axis=1)
    low[same], high[same], kind[same] = rows[same, 0], rows[same, 0], "percentile"
    waiting = np.flatnonzero(~same)
    methods: tuple[Method, ...] = ("BCa", "percentile") if BCA_FROM <= size <= BCA_TO else ("percentile",)
    for method in methods:
        many = max(1, AT_ONCE // (BATCH * size))
        for some in (waiting[k : k + many] for k in range(0, len(waiting), many)):
            low[some], high[some] = _limits(rows[some], confidence, resamples, seed, method)
        known = np.isfinite(low[waiting]) & np.isfinite(high[waiting])
        kind[waiting[known]] = method
        waiting = waiting[~known]
    return low, high, kind


def _limits(rows: Floats, confidence: float, resamples: int, seed: int, method: Method) -> tuple[Floats, Floats]:
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where BCa is not defined, its limits are nan, and percentiles are used
        found = stats.bootstrap(
            (rows,), _mean, axis=-1, vectorized=True, confidence_level=confidence, n_resamples=resamples, batch=BATCH,
            method=method, random_state=np.random.default_rng([seed, rows.shape[1]]),
        ).confidence_interval  # fmt: skip
    return np.asarray(found.low), np.asarray(found.high)


def _mean(values: Floats, axis: int) -> Floats:
    """Return the mean, summed in the order of contiguous memory however many rows there are."""
    return np.asarray(np.ascontiguousarray(values).mean(axis=axis))


def wilson(rows: Floats, confidence: float) -> tuple[Floats, Floats, NDArray[Any]]:
    """Return the interval of a share by Wilson (1927), which has a width even if the share is 0 or 1."""
    from scipy import stats

    size, share = rows.shape[1], rows.mean(axis=1)
    z = float(stats.norm.ppf(0.5 + confidence / 2.0))
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0), np.full(len(rows), "Wilson", object)
