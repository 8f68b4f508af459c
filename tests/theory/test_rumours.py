"""Rumours: who meets one who knows already stops telling (Daley and Kendall 1964; Maki and Thompson 1973)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from tests.model.agents import deed, make
from tests.theory import FOREVER, LARGER, check_mean, reached, runs

NEVER_HEARD = 0.203188  # the root of x exp(2 (1 - x)) = 1 below 1
N, MEETINGS = 4000 * LARGER, 0.1  # a teller meets a tenth of a person in a step


def never_heard_in_steps(meetings: float) -> float:
    """The same in steps, for a large world begun by a few: a teller meets m others, and stops at one who knows.

    x' = x exp(-m y), y' = y exp(-m (1 - x)) + x - x'.
    """
    x, y = 1 - 1 / N, 1 / N
    while y > 1e-12:
        new = x * (1 - math.exp(-meetings * y))
        x, y = x - new, y * math.exp(-meetings * (1 - x)) + new
    return x


def test_the_share_of_those_who_never_hear_solves_its_equation():
    """dy/dx = -(x - (1 - x)) / x: y = 2 (1 - x) + log x, which is 0 at 1 and at 0.203188."""
    assert optimize.brentq(lambda x: 2 * (1 - x) + math.log(x), 0.01, 0.5) == pytest.approx(NEVER_HEARD, abs=5e-7)
    far, near = (never_heard_in_steps(m) for m in (0.02, 0.01))
    assert 2 * near - far == pytest.approx(NEVER_HEARD, abs=2e-4)


@pytest.mark.parametrize("stifling", ["teller", "both"])
def test_a_fifth_never_hears(stifling):
    """Whoever tells one who knows already stops (Maki and Thompson); or both stop, and two tellers meet as often as any
    other two (Daley and Kendall), so that a teller is stopped as often."""
    scenario = make(
        round(60 / MEETINGS),
        {"telling_period": FOREVER, "stifling": stifling},
        persons=[{"name": "member", "count": N, "reach": MEETINGS / N}],
        interventions=[deed(1, "discover", "member 1")],
    )
    found = 1 - np.array([reached(tape)[0] / N for tape in runs(scenario, 60 // LARGER)])
    bias = never_heard_in_steps(MEETINGS) - NEVER_HEARD
    assert abs(bias) < 0.02
    check_mean(found - bias, NEVER_HEARD, 0.94 * NEVER_HEARD, 1.06 * NEVER_HEARD, math.exp(-1))
