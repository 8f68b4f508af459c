"""Outbreaks: an idea that everybody tells R others once, and the branching process that it is while it is small."""

import math

import numpy as np
import pytest
from scipy import optimize

from sim import Scenario
from tests.model.agents import make
from tests.theory import LARGER, Floats, check_counts, check_mean, reached, runs, some

SHARES = {1.5: 0.582812, 2.0: 0.796812, 3.0: 0.940480}  # r = 1 - exp(-R r)


def outbreaks(n: int, r: float, ideas: int, steps: int) -> Scenario:
    """So many ideas in one world of n, each had by somebody else; who takes one up tells R others, of all alike."""
    return make(steps, persons=f"first*{ideas}; rest*{n - ideas}", population={"reach": r / n}, ideas=f"idea*{ideas}",
                interventions="1 discover first pairing=each")  # fmt: skip


def borel(r: float, sizes: int) -> Floats:
    """Total progeny 1, 2, ... of a branching process with Poisson(R) children (Borel 1942)."""
    n = np.arange(1, sizes + 1)
    return np.exp(-r * n + (n - 1) * np.log(r * n) - [math.lgamma(k + 1) for k in n])


@pytest.mark.parametrize("r", SHARES)
def test_the_shares_solve_their_equation(r):
    assert optimize.brentq(lambda x: 1 - math.exp(-r * x) - x, 0.1, 1.0) == pytest.approx(SHARES[r], abs=5e-7)


def test_borels_law_has_the_mean_and_variance_of_the_closed_form():
    sizes, law = np.arange(1, 2001), borel(0.7, 2000)
    assert law.sum() == pytest.approx(1.0)
    assert sizes @ law == pytest.approx(1 / 0.3)
    assert (sizes - 1 / 0.3) ** 2 @ law == pytest.approx(0.7 / 0.3**3)


@pytest.mark.parametrize("r", [0.5, 0.7])
def test_small_outbreaks_have_the_sizes_of_a_poisson_branching_process(r):
    # Below R = 1 ten thousand people are as good as infinitely many.
    sizes = np.concatenate([reached(tape) for tape in runs(outbreaks(10_000, r, 500, 80), 65)])
    mean, variance = 1 / (1 - r), r / (1 - r) ** 3
    check_mean(sizes, mean, 1 / (1 - 1.05 * r), 1 / (1 - 0.95 * r), error=(variance / len(sizes)) ** 0.5)
    # With geometric numbers of children of the same mean the variance would be R (1 + R) / (1 - R)^3.
    check_mean((sizes - mean) ** 2, variance, variance * (1 + r))
    counts = np.bincount(sizes, minlength=401)[1:401]
    check_counts(counts, borel(r, 400), borel(1.1 * r, 400))


@pytest.mark.parametrize("r", some(SHARES))
def test_an_outbreak_dies_out_with_the_chance_of_the_branching_process(r):
    """1 - r, the smallest root of x = exp(-R (1 - x)); it would be 1 / R with geometric numbers of children."""
    n = 2000
    sizes = np.concatenate([reached(tape) for tape in runs(outbreaks(n, r, 100, 60), 20)])
    assert not np.any((sizes > 0.1 * n) & (sizes < 0.7 * SHARES[r] * n))
    died = sizes < 0.1 * n
    error = (SHARES[r] * (1 - SHARES[r]) / len(died)) ** 0.5
    check_mean(died, 1 - SHARES[r], 1 / r, error=error)


@pytest.mark.parametrize("r", some(SHARES))
def test_the_final_size_of_a_large_outbreak(r):
    n = 20_000 * LARGER
    sizes = np.concatenate([reached(tape) for tape in runs(outbreaks(n, r, 20, 80), 6 // LARGER)]) / n
    large = sizes[sizes > 0.1]
    check_mean(large, SHARES[r], 0.95 * SHARES[r], 1.05 * SHARES[r], 1 - math.exp(-r))
