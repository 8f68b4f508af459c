"""Thresholds (Watts 2002): one person starts a cascade in networks that are connected, but not too well."""

import math
from functools import cache

import numpy as np
import pytest
from scipy import optimize, stats

from sim import Scenario
from tests.theory import LARGER, Floats, check_mean, reached, runs, some

PHI = 0.18  # takes the idea up when this part of the neighbours holds it: one of up to five is enough
VULNERABLE = 5
WINDOW = (1.0207, 5.7647)
N = 2000 * LARGER
K = np.arange(60)


def offspring(z: float) -> float:
    """How many vulnerable neighbours of a vulnerable person one leads to: sum over k <= 5 of k (k - 1) p_k / z."""
    return float(sum(k * (k - 1) * stats.poisson(z).pmf(k) for k in range(VULNERABLE + 1)) / z)


def chance_of_cascade(z: float) -> float:
    """That one of the seed's neighbours is of the giant vulnerable cluster: 1 - G0(u), u the chance that a neighbour is
    not vulnerable, or leads nowhere: u = 1 - F1(1) + F1(u), F1 being G1 over the vulnerable (Watts 2002)."""
    p = stats.poisson(z).pmf(K)
    k = K[1 : VULNERABLE + 1]

    def f1(u: float) -> float:
        return float((k * p[k]) @ u ** (k - 1.0) / z)

    if offspring(z) <= 1:  # then u = 1 is the least solution
        return 0.0
    u = float(optimize.brentq(lambda u: 1 - f1(1.0) + f1(u) - u, 0.0, 1.0 - 1e-6))
    return 1 - math.exp(-z * (1 - u))


def size_of_cascade(z: float) -> float:
    """What such a cascade reaches (Gleeson and Cahalane 2007): q = sum over k of k p_k / z P(Bin(k - 1, q) >= phi k),
    from a q just above 0 on, and with it the sum of p_k P(Bin(k, q) >= phi k)."""
    p, needed = stats.poisson(z).pmf(K), np.maximum(1, np.ceil(PHI * K - 1e-9))
    q = 1e-6
    for _ in range(2000):
        q = float((K[1:] * p[1:] / z) @ stats.binom.sf(needed[1:] - 1, K[1:] - 1, q))
    return float(p @ stats.binom.sf(needed - 1, K, q))


@cache
def shares_reached(z: float, daily: int) -> Floats:
    """In the packaged scenario, whose degree is 3, and is held in test_classical.py."""
    scenario = Scenario.load("watts")
    assert (scenario.world.network.degree, scenario.persons[0].threshold) == (3.0, PHI)
    scenario = scenario.replace({"world.network.degree": z, "persons.person.count": N})
    return np.array([reached(tape)[0] / N for tape in runs(scenario, daily // LARGER)])


def test_the_window_is_where_vulnerable_persons_lead_to_more_than_one():
    """sum over k <= 5 of k (k - 1) p_k = z; of a Poisson law it is z^2 P(X <= 3)."""
    low, high = (optimize.brentq(lambda z: offspring(z) - 1, *between) for between in ((0.5, 2), (4, 8)))
    assert (low, high) == pytest.approx(WINDOW, abs=5e-5)
    assert all(z * stats.poisson(z).cdf(3) == pytest.approx(1.0) for z in (low, high))
    assert [chance_of_cascade(z) > 1e-3 for z in (0.98, 1.06, 3.0, 5.7, 5.83)] == [False, True, True, True, False]


@pytest.mark.parametrize("z", [0.8, 7.0])
def test_there_is_no_cascade_outside_of_the_window(z):
    """Of 100 seeds none starts one; inside of the window many do."""
    found = shares_reached(z, 100)
    assert found.max() <= 0.1
    assert found.mean() < 0.02
    assert np.count_nonzero(shares_reached(2.0, 200) > 0.1) > 100


@pytest.mark.parametrize("z", some([2.0, 4.0]))
def test_cascades_inside_of_the_window_come_as_often_and_grow_as_large_as_theory_says(z):
    found = shares_reached(z, 200)
    large = found > 0.1
    chance, size = chance_of_cascade(z), size_of_cascade(z)
    error = (chance * (1 - chance) / len(found)) ** 0.5
    check_mean(large, chance, 0.5 * chance, min(1.0, 1.5 * chance) if chance < 0.6 else 0.6 * chance, error=error)
    check_mean(found[large], size, 0.95 * size, 1.05 * size)
