"""The statistics of pairs against closed forms, enumeration, scipy, published tables; and, by simulation, that they are
wrong as often as they say: false positives at the level, intervals that cover, looks that cost nothing.

    SHOULDERS_THEORY=full    10,000 null experiments each, in place of 1,500
"""

import itertools
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from sim.experiments.hypotheses.spending import levels, sequential_p, spent
from sim.study import statistics
from sim.study.intervals import mean_interval
from sim.study.statistics import EXACT, equivalence_p, holm, power, sign_flip_p, standardised, variance_reduction

EXPERIMENTS = 10_000 if os.environ.get("SHOULDERS_THEORY") == "full" else 1500
SKEWED = {
    "normal": lambda rng, n: rng.normal(size=n),
    "differences of waits": lambda rng, n: rng.exponential(size=n) - rng.exponential(size=n),
    "differences of coins": lambda rng, n: rng.integers(0, 2, n) - rng.integers(0, 2, n).astype(float),
}


def at_level(wrong: int, level: float, trials: int = EXPERIMENTS) -> bool:
    """Whether so many of the trials can have been wrong at this level: a binomial test to one in ten thousand."""
    return stats.binomtest(wrong, trials, level).pvalue > 1e-4


@given(arrays(np.float64, st.integers(2, 9), elements=st.floats(-100, 100).map(lambda x: round(x, 3))))
def test_signs_are_flipped_in_every_way(effects):
    observed = abs(effects.sum())
    flips = [abs(np.dot(signs, effects)) for signs in itertools.product((-1, 1), repeat=len(effects))]
    assert sign_flip_p(effects) == np.mean(np.array(flips) >= observed - 1e-9)


def test_drawn_flips_agree_with_scipy_and_their_seed():
    rng = np.random.default_rng(1)
    effects = rng.normal(0.3, 1.0, 40)
    kinds = {"permutation_type": "samples", "n_resamples": 40_000, "rng": np.random.default_rng(2)}
    theirs = stats.permutation_test((effects,), np.mean, **kinds).pvalue
    assert sign_flip_p(effects, flips=40_000, seed=3) == pytest.approx(theirs, abs=4 * (theirs / 20_000) ** 0.5)
    effects = np.random.default_rng(4).normal(0.2, 1.0, 60)
    assert sign_flip_p(effects, seed=1) == sign_flip_p(effects, seed=1) != sign_flip_p(effects, seed=2)


@pytest.mark.parametrize("pairs", [3, EXACT, EXACT + 1, 100])
def test_no_p_is_below_the_smallest(pairs):
    found, smallest = sign_flip_p(np.ones(pairs), flips=999), statistics.smallest_p(pairs, 999)
    assert found >= smallest if pairs == EXACT + 1 else found == smallest


def test_intervals_and_standardised_effects():
    sample = np.random.default_rng(5).exponential(size=60)
    (low, high), (left, right) = mean_interval(sample, kind="bca"), mean_interval(sample)
    assert high - sample.mean() > sample.mean() - low
    assert right - sample.mean() == pytest.approx(sample.mean() - left)
    assert stats.ttest_1samp(sample, 0).confidence_interval().low == pytest.approx(left)
    assert mean_interval(np.full(5, 2.5), kind="bca") == mean_interval(np.full(5, 2.5)) == (2.5, 2.5)
    assert np.isnan(mean_interval(np.array([2.0]))).all()
    assert standardised(np.array([1.0, 3.0])) == pytest.approx(2 / 2**0.5)
    assert standardised(np.array([2.0, 2.0])) == np.inf
    assert standardised(np.zeros(3)) == 0.0
    assert holm([]) == statistics.benjamini_hochberg([]) == []


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=7))
def test_holm_rejects_what_the_closed_test_of_bonferroni_rejects(p):
    """A claim stands if every subset of the family that holds it is rejected by Bonferroni (Marcus et al. 1976)."""
    corrected = holm(p)
    for k in range(len(p)):
        subsets = (s for r in range(1, len(p) + 1) for s in itertools.combinations(range(len(p)), r) if k in s)
        closed = max(min(1.0, len(s) * min(p[i] for i in s)) for s in subsets)
        assert corrected[k] == pytest.approx(closed)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=9))
def test_benjamini_hochberg_rejects_up_to_the_last_below_its_line(p):
    order = sorted(p)
    for q in (0.01, 0.05, 0.2):
        last = max((k + 1 for k in range(len(p)) if order[k] <= (k + 1) / len(p) * q), default=0)
        assert sum(x <= q * (1 + 1e-12) for x in statistics.benjamini_hochberg(p)) == last


def test_power_is_how_often_a_test_succeeds_or_shows_equivalence():
    rng, pairs, d = np.random.default_rng(6), 30, 0.4
    found = sum(stats.ttest_1samp(rng.normal(d, 1.0, pairs), 0).pvalue <= 0.05 for _ in range(EXPERIMENTS))
    assert at_level(found, power(d, pairs))
    assert not at_level(found, power(d, pairs - 6))
    assert power(0.0, 30) == 0.05
    assert power(5.0, 2000) == power(np.inf, 9) == 1.0
    assert 0.99 < power(0.2, 1600, 1e-4) <= 1.0
    rng, pairs, margin = np.random.default_rng(7), 40, 0.5
    samples = (rng.normal(size=pairs) for _ in range(EXPERIMENTS))
    found = sum(equivalence_p(x + margin, x - margin) <= 0.05 for x in samples)
    assert at_level(found, statistics.power_of_equivalence(margin, pairs))
    assert statistics.power_of_equivalence(0.01, 20) == 0.0


@pytest.mark.parametrize("relative", [False, True])
def test_equivalence_at_the_edge_of_the_margin_is_shown_at_the_level(relative):
    rng, wrong = np.random.default_rng(8), 0
    for _ in range(EXPERIMENTS):
        reference = rng.normal(10.0, 1.0, 50)
        effects = 0.05 * (reference if relative else 10.0) + rng.normal(0.0, 0.3, 50)
        margin = 0.05 * (reference if relative else 10.0)
        wrong += equivalence_p(effects + margin, effects - margin) <= 0.05
    assert at_level(wrong, 0.05)


def test_equivalence_agrees_with_the_interval_of_ninety_percent_and_pairing_takes_away_what_is_shared():
    x = np.random.default_rng(9).normal(0.1, 1.0, 80)
    low, high = mean_interval(x, 0.90)
    edge = max(abs(low), abs(high))
    assert equivalence_p(x + 1.01 * edge, x - 1.01 * edge) < 0.05 < equivalence_p(x + 0.99 * edge, x - 0.99 * edge)
    rng = np.random.default_rng(10)
    luck, own = rng.normal(0, 3, 20_000), rng.normal(0, 1, (2, 20_000))
    assert variance_reduction(luck + own, np.array([-1.0, 1.0])) == pytest.approx(0.9, abs=0.01)
    assert variance_reduction(own, np.array([-1.0, 1.0])) == pytest.approx(0.0, abs=0.03)
    assert np.isnan(variance_reduction(np.ones((2, 5)), np.array([-1.0, 1.0])))


@pytest.mark.parametrize("law", SKEWED)
def test_under_the_null_the_false_positives_are_at_their_level(law):
    """12 pairs, all flips. A coarse law gives few values of p, so the rate may be below its level, never above."""
    rng = np.random.default_rng(11)
    p = np.array([sign_flip_p(SKEWED[law](rng, 12)) for _ in range(EXPERIMENTS)])
    wrong, strict = ((p <= level).sum() for level in (0.05, 0.01))
    if law == "differences of coins":
        assert stats.binomtest(wrong, EXPERIMENTS, 0.05, alternative="greater").pvalue > 1e-4
    else:
        assert at_level(wrong, 204 / 4096)  # the last level at or below 0.05 that 2**12 flips in pairs have
        assert at_level(strict, 40 / 4096)


def test_intervals_cover_and_drawn_flips_err_at_their_level():
    """BCa of a skewed law, 100 pairs; its coverage is right to the order 1 / pairs only: 93.5 to 96.5%."""
    rng, trials, inside = np.random.default_rng(13), EXPERIMENTS // 5, 0
    for k in range(trials):
        x = rng.exponential(size=100) - 0.5 * rng.exponential(size=100)
        low, high = mean_interval(x, seed=k, kind="bca")
        inside += low <= 0.5 <= high
    assert stats.binomtest(inside, trials, 0.935, alternative="less").pvalue > 1e-4
    assert stats.binomtest(inside, trials, 0.965, alternative="greater").pvalue > 1e-4
    rng = np.random.default_rng(12)
    wrong = sum(sign_flip_p(rng.standard_t(4, 30), flips=199, seed=k) <= 0.05 for k in range(EXPERIMENTS))
    assert at_level(wrong, 0.05)


@pytest.mark.parametrize(("rule", "limits", "error"), [
    ("obrien-fleming", (4.8769, 3.3569, 2.6803, 2.2898, 2.0310), 2e-4),
    ("pocock", (2.4380, 2.4268, 2.4101, 2.3966, 2.3859), 2e-3),
])  # fmt: skip
def test_limits_are_those_of_the_published_tables(rule, limits, error):
    """Two-sided 0.05, five equal looks (Jennison and Turnbull 2000; the R packages ldbounds and gsDesign)."""
    found = stats.norm.isf(np.array(levels(0.05, (0.2, 0.4, 0.6, 0.8, 1.0), rule)) / 2)
    assert found == pytest.approx(limits, abs=error)


def test_one_look_at_everything_is_an_ordinary_test_and_others_must_match():
    assert levels(0.03, (1.0,)) == pytest.approx((0.03,))
    assert levels(0.03, (1.0,), sides=1) == pytest.approx((0.03,))
    assert sequential_p([0.0123], [1.0]) == 0.0123
    with pytest.raises(ValueError, match=r"rule: no 'haybittle'; allowed: pocock, obrien-fleming"):
        spent(0.05, 0.5, "haybittle")
    with pytest.raises(ValueError, match="one for each look"):
        sequential_p([0.1], [0.5, 1.0])


@pytest.mark.parametrize("rule", ["pocock", "obrien-fleming"])
@pytest.mark.parametrize("sides", [1, 2])
def test_looks_do_not_inflate_the_error_rate(rule, sides):
    """Paths of a sum with no drift pass some limit with a chance of alpha; a plain test would with 2 to 3 alpha."""
    fractions, alpha, trials = (0.0625, 0.125, 0.25, 0.5, 1.0), 0.05, 40 * EXPERIMENTS
    steps = np.diff(np.array((0.0, *fractions)))
    paths = np.cumsum(np.random.default_rng(14).normal(0, steps**0.5, (trials, 5)), axis=1) / np.sqrt(fractions)
    p = stats.norm.sf(np.abs(paths)) * 2 if sides == 2 else stats.norm.sf(paths)
    passed = (p <= np.array(levels(alpha, fractions, rule, sides))).any(axis=1).sum()
    assert at_level(int(passed), alpha, trials)
    assert (p <= alpha).any(axis=1).mean() > 2 * alpha


def test_stopping_when_the_interval_is_narrow_keeps_the_error_rate():
    """The whole procedure: sign flips at 25, 50, 100 pairs, an end as soon as the width pleases, p of all looks."""
    rng, wrong, trials = np.random.default_rng(15), 0, EXPERIMENTS // 2
    for k in range(trials):
        x, p = rng.exponential(size=100) - rng.exponential(size=100), []
        for pairs in (25, 50, 100):
            p.append(sign_flip_p(x[:pairs], flips=299, seed=k))
            if 2 * x[:pairs].std(ddof=1) / pairs**0.5 < 1.1 * abs(x[:pairs].mean()):  # where the effect seems large
                break
        wrong += (np.array(p) <= levels(0.05, (0.25, 0.5, 1.0)[: len(p)])).any()
    assert stats.binomtest(wrong, trials, 0.05, alternative="greater").pvalue > 1e-4
    assert wrong > 0.01 * trials


@settings(max_examples=25)
@given(st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=3))
def test_the_p_of_all_looks_passes_just_where_a_limit_is_passed(p):
    fractions = (0.25, 0.5, 1.0)[: len(p)]
    found = sequential_p(p, fractions)
    if found < 0.99:
        assert (np.array(p) <= levels(found, fractions)).any()
        assert (np.array(p) > levels(found * 0.98, fractions)).all()
