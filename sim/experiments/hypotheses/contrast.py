"""The contrast of the arms of a pair: one number, computed from the measure in every arm, which is tested."""

from __future__ import annotations

import numpy as np

from sim.errors import ScenarioError
from sim.tape.tables import Floats


def contrast(statistic: str, values: Floats, doses: Floats, against: float, where: str) -> tuple[Floats, Floats | None]:
    """Return one number per pair, whose mean is the effect, and the weights of the arms in it.

    difference: the second arm minus the first. interaction: neither and both, minus one and the other. slope: of the
    least-squares line through the doses. log-slope: of the line through the logarithms of the means; a pair's number
    is the effect plus the pair's contribution to first order, so that their mean is the effect. correlation: of
    measure and dose within the pair (Pearson), 0 if the measure is the same at all doses; it has no weights.
    level: the measure minus `against`.

    Args:
        values: shape (arms, pairs).
        doses: shape (arms,).

    Returns:
        The numbers, shape (pairs,), and the weights, shape (arms,) or None.

    Raises:
        ScenarioError: if a mean whose logarithm is needed is not above 0.

    >>> contrast("slope", np.array([[1.0], [3.0], [5.0]]), np.array([0.0, 1.0, 2.0]), 0.0, "")[0].tolist()
    [2.0]
    """
    if statistic == "correlation":
        return _correlations(values, doses), None
    if statistic == "log-slope":
        mean = values.mean(axis=1)
        if not (mean > 0.0).all():
            problem = "the mean of the measure is not above 0 at every dose, so that it has no logarithm"
            raise ScenarioError(problem, file=where, key="statistic")
        weights = _line(doses)
        return weights @ np.log(mean) + (weights / mean) @ (values - mean[:, np.newaxis]), weights / mean
    weights = {
        "level": np.ones(1),
        "difference": np.array([-1.0, 1.0]),
        "interaction": np.array([1.0, -1.0, -1.0, 1.0]),
    }.get(statistic, _line(doses))
    return weights @ values - (against if statistic == "level" else 0.0), weights


def expected(statistic: str, levels: Floats, doses: Floats, against: float) -> float | None:
    """Return the effect that follows from the measure in every arm; None for a correlation or a missing logarithm.

    >>> round(expected("log-slope", np.exp([0.0, -0.1, -0.2]), np.array([0.0, 1.0, 2.0]), 0.0), 12)
    -0.1
    """
    if statistic == "correlation":
        return None
    if statistic == "log-slope":
        return float(_line(doses) @ np.log(levels)) if (levels > 0.0).all() else None
    return float(contrast(statistic, levels[:, np.newaxis], doses, against, "")[0][0])


def _line(doses: Floats) -> Floats:
    """Return the weights of a least-squares slope."""
    apart = doses - doses.mean()
    total = float((apart**2).sum())
    return np.asarray(apart / total if total > 0.0 else apart)


def _correlations(values: Floats, doses: Floats) -> Floats:
    apart, dose = values - values.mean(axis=0), doses - doses.mean()
    width = np.sqrt((apart**2).sum(axis=0) * (dose**2).sum())
    some = width > 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0))
    return np.asarray(np.divide(dose @ apart, width, out=np.zeros(values.shape[1]), where=some))
