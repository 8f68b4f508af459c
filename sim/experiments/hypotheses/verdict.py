"""The verdicts on a family of claims: corrected p, supported or not, and whether the theory holds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from sim.experiments.hypotheses.sequence import ALPHA, Experiment, around
from sim.experiments.hypotheses.spending import levels
from sim.machine.records import known
from sim.study import statistics
from sim.study.intervals import mean_interval
from sim.study.statistics import benjamini_hochberg, greater_p, holm
from sim.tape.tables import Floats

CORRECTIONS = {"confirmatory": holm, "sweep": benjamini_hochberg}
EXACTLY = 1e-9
CLOSE = 0.01  # relative error with which a theory still holds
SMALL = 0.2  # standard deviations: the effect for which power is computed if theory names none (Cohen's small one)


@dataclass(frozen=True)
class ArmResult:
    """The measure in one arm: mean, 95% interval (Student), and the value by theory (None if there is none)."""

    name: str
    dose: float
    mean: float
    low: float
    high: float
    theory: float | None


@dataclass(frozen=True)
class Result:
    """The finding on one hypothesis.

    Attributes:
        name, claim, note, measure, statistic, design, direction, family, exact: of the hypothesis; `dose` is the
            name of what is varied.
        effect, low, high: the mean of the pairs and its 95% interval, wide enough for all looks that were taken.
        margin: in units of the effect, or None.
        d: the standardised effect, d_z; p, corrected: of all looks together, before and after the correction. All
            three are None if exact.
        verdict: "supported", "refuted" or "undecided".
        theory: value of the effect, or None; consistent: whether effect and arms agree with the theory, None if there
            is none; theory_p: the corrected p of this.
        resolution: the smallest difference from the theory that would have been seen (one-sided, at 5%), relative to
            the theory's value (to the first arm if that is 0), for the statement that is known least well; None if both
            are 0.
        holds: whether everything that the theory says is shown to be true to 1% (two one-sided t tests).
        pairs, looks, precise: how many were run, in how many looks, and whether the interval became narrow enough.
        reduction: part of the variance that the pairing removed, None if nothing is paired.
        power: of the test at its corrected level for the effect by theory, else of 0.2 standard deviations; of
            an equivalence for an effect of 0. None if exact.
        arms: one entry per arm.
    """

    name: str
    claim: str
    note: str
    measure: str
    statistic: str
    design: str
    dose: str
    direction: str
    family: str
    exact: bool
    effect: float
    low: float
    high: float
    margin: float | None
    d: float | None
    p: float | None
    corrected: float | None
    verdict: str
    theory: float | None
    theory_p: float | None
    consistent: bool | None
    resolution: float | None
    holds: bool | None
    pairs: int
    looks: int
    precise: bool
    reduction: float | None
    power: float | None
    arms: tuple[ArmResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        found = {name: known(value) for name, value in self.__dict__.items()}
        found["arms"] = [dict(arm.__dict__) for arm in self.arms]
        return found


def verdicts(experiments: Sequence[Experiment]) -> list[Result]:
    """Return the results of experiments that were conducted, corrected over each family of them."""
    p = [None if e.hypothesis.exact else e.all_looks_p for e in experiments]
    corrected: list[float | None] = [None] * len(p)
    for family, correct in CORRECTIONS.items():
        rows = [k for k, e in enumerate(experiments) if e.hypothesis.family == family and p[k] is not None]
        for k, value in zip(rows, correct([float(p[k] or 0.0) for k in rows]), strict=True):
            corrected[k] = value
    theory: list[float | None] = [None if e.hypothesis.exact else _theory_p(e) for e in experiments]
    rows = [k for k, x in enumerate(theory) if x is not None]
    for k, value in zip(rows, holm([float(theory[k] or 0.0) for k in rows]), strict=True):
        theory[k] = value
    sizes = Counter(e.hypothesis.family for e in experiments if not e.hypothesis.exact)
    return [
        _result(e, p[k], corrected[k], theory[k], ALPHA / max(1, sizes[e.hypothesis.family]))
        for k, e in enumerate(experiments)
    ]


def _result(e: Experiment, p: float | None, corrected: float | None, theory_p: float | None, alpha: float) -> Result:
    h, effects = e.hypothesis, e.effects
    margin = None if e.margin is None else float((around(e)[0] - effects).mean())
    consistent = _holds_exactly(e) if h.exact else None if theory_p is None else theory_p >= ALPHA
    resolution, close = (EXACTLY, True) if h.exact else _resolution(e)
    paired = len(e.arms) > 1 and e.weights is not None and not h.exact
    reduction = statistics.variance_reduction(e.values, np.asarray(e.weights)) if paired else math.nan
    return Result(
        name=str(h.name), claim=h.claim, note=h.note, measure=h.measure, statistic=h.effect, design=h.design,
        dose=h.dose.name if h.dose else "", direction=h.direction, family=h.family, exact=h.exact,
        effect=float(effects.mean()), low=e.low, high=e.high, margin=margin,
        d=None if h.exact else statistics.standardised(effects), p=p, corrected=corrected,
        verdict=_of_exact(e) if h.exact else _verdict(e, float(corrected or 0.0), alpha),
        theory=e.effect, theory_p=theory_p, consistent=consistent,
        resolution=None if consistent is None else known(resolution),
        holds=None if consistent is None else consistent and close,
        pairs=len(effects), looks=len(e.pairs_at), precise=e.precise,
        reduction=known(reduction),
        power=None if h.exact else _power(e, margin, alpha), arms=_arms(e),
    )  # fmt: skip


def _verdict(e: Experiment, corrected: float, alpha: float) -> str:
    direction, mean = e.hypothesis.direction, float(e.effects.mean())
    if direction == "none":
        if corrected <= ALPHA:
            return "supported"
        above, below = around(e)
        beyond = min(greater_p(below), greater_p(-above))
        return "refuted" if beyond <= levels(alpha, e.fractions)[-1] / 2.0 else "undecided"
    if corrected > ALPHA:
        return "undecided"
    return "supported" if (mean > 0.0) == (direction == "greater") else "refuted"


def _holds_exactly(e: Experiment) -> bool:
    return all(abs(value - level) <= _margin(level) for values, level in zip(e.values, e.level, strict=True)
               for value in values.tolist())  # fmt: skip


def _margin(level: float) -> float:
    """Return how far from a level is as good as equal: in its ninth digit, or that of 1 for a level of 0."""
    return EXACTLY * (abs(level) or 1.0)


def _of_exact(e: Experiment) -> str:
    """Return the verdict on a claim without chance: supported if every pair has the effect's direction."""
    direction, margin = e.hypothesis.direction, EXACTLY * float(np.abs(e.values).max())
    if direction == "none":
        above, below = around(e)
        return "supported" if (above >= 0.0).all() and (below <= 0.0).all() else "refuted"
    right = e.effects > margin if direction == "greater" else e.effects < -margin
    return "supported" if right.all() else "refuted"


def _theory_p(e: Experiment) -> float | None:
    """Return the p of the theory's least likely statement, corrected for their number; None if it makes none."""
    found = [] if e.effect is None else [_p_of_mean(e.effects, e.effect)]
    found += [
        _p_of_mean(values, level) for values, level in zip(e.values, e.level, strict=True) if not math.isnan(level)
    ]
    return min(1.0, len(found) * min(found)) if found else None


def _resolution(e: Experiment) -> tuple[float, bool]:
    """Return the smallest difference from theory that would have been seen, and whether all is within CLOSE of it."""
    least, close = 0.0, True
    for sample, mean in [*zip(e.values, e.level, strict=True), (e.effects, math.nan if e.effect is None else e.effect)]:
        if math.isnan(mean):
            continue
        first = abs(float(e.values[0].mean()))
        scale = abs(mean) if abs(mean) > EXACTLY * first else first
        low, high = mean_interval(sample, 1.0 - 2.0 * ALPHA)
        least = max(least, (high - low) / 2.0 / scale if scale > 0.0 else math.inf)
        close &= bool(max(high - mean, mean - low) <= CLOSE * scale)
    return least, close


def _p_of_mean(sample: Floats, mean: float) -> float:
    """Return the p of the hypothesis that numbers have this mean, by Student's t.

    For numbers that are all equal it is 1 or 0, depending on whether they equal the mean. For two different values,
    such as 0 and 1, it is from the binomial distribution, which is exact however rare one of them is.
    """
    if np.ptp(sample) <= EXACTLY * float(np.abs(sample).max()):
        return 1.0 if abs(float(sample.mean()) - mean) <= _margin(mean) else 0.0
    low, high = float(sample.min()), float(sample.max())
    above = sample > (low + high) / 2.0
    if np.allclose(sample, np.where(above, high, low), rtol=0.0, atol=EXACTLY * max(abs(low), abs(high))):
        chance = (mean - low) / (high - low)
        inside = 0.0 <= chance <= 1.0
        return float(stats.binomtest(int(above.sum()), len(sample), chance).pvalue) if inside else 0.0
    return float(stats.ttest_1samp(sample, mean).pvalue)


def _power(e: Experiment, margin: float | None, alpha: float) -> float:
    pairs, sd = len(e.effects), float(e.effects.std(ddof=1))
    alpha = levels(alpha, e.fractions, sides=e.sides)[-1]
    if margin is not None:
        return statistics.power_of_equivalence(margin / sd, pairs, alpha)
    return statistics.power(abs(e.effect) / sd if e.effect else SMALL, pairs, alpha)


def _arms(e: Experiment) -> tuple[ArmResult, ...]:
    theory = list(map(known, e.level.tolist()))
    return tuple(
        ArmResult(arm.name, arm.dose, float(values.mean()), *mean_interval(values), level)
        for arm, values, level in zip(e.arms, e.values, theory, strict=True)
    )
