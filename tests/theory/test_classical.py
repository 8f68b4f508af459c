"""Cascades, thresholds and rumours as packaged scenarios, each against its closed form."""

import math

import numpy as np
import pytest

from sim import Scenario
from tests.theory import LARGER, check_mean, reached, runs
from tests.theory.test_branching import SHARES

R_OF_2 = SHARES[2.0]
NEVER_HEARD = 1 - R_OF_2  # of a rumour dy/dx = -(x - (1 - x)) / x, so y = 2 (1 - x) + log x, which is 0 again at this x


def shares(name: str, daily: int) -> np.ndarray:
    scenario = Scenario.load(name)
    everybody = sum(person.count for person in scenario.persons) + scenario.population.count
    return np.array([reached(tape)[0] / everybody for tape in runs(scenario, daily)])


def test_an_independent_cascade_takes_off_as_often_as_it_grows_large() -> None:
    found, r = shares("independent_cascade", 200), R_OF_2
    large = found > 0.1
    check_mean(large, r, 0.6 * r, error=(r * (1 - r) / len(found)) ** 0.5)
    check_mean(found[large], r, 0.95 * r, 1.05 * r)


def test_thresholds_on_a_ring_are_coins() -> None:
    """Each side goes on with chance 1/2: 1 + 2 * (1/2 + 1/4 + ...) = 3."""
    check_mean(100 * shares("linear_threshold", 600), 3.0, 2.0, 4.0)


def never_heard_in_steps(meetings: float) -> float:
    """The same in steps, for a large world begun by a few: a teller meets m others, and stops at one who knows.

    x' = x exp(-m y), y' = y exp(-m (1 - x)) + x - x'.
    """
    x, y = 1 - 1 / 4000, 1 / 4000
    while y > 1e-12:
        new = x * (1 - math.exp(-meetings * y))
        x, y = x - new, y * math.exp(-meetings * (1 - x)) + new
    return x


def test_in_small_steps_the_share_of_those_who_never_hear_solves_its_equation():
    far, near = (never_heard_in_steps(m) for m in (0.02, 0.01))
    assert 2 * near - far == pytest.approx(NEVER_HEARD, abs=2e-4)


@pytest.mark.parametrize("name", ["maki_thompson", "daley_kendall"])
def test_a_fifth_never_hears_of_a_rumour(name: str) -> None:
    bias = never_heard_in_steps(0.1) - NEVER_HEARD
    check_mean(1 - shares(name, 60 // LARGER) - bias, NEVER_HEARD, 0.94 * NEVER_HEARD, 1.06 * NEVER_HEARD)
