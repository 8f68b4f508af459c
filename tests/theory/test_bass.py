"""Bass (1969): innovators have the idea by themselves, imitators are told by any of those who have it."""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from sim.tape.tables import DISCOVER
from tests.model.agents import make
from tests.theory import FOREVER, LARGER, Floats, check_mean, holders, runs

P, Q = 0.03, 0.38
PEAK = math.log(Q / P) / (P + Q)
N, DAILY = 5000 * LARGER, 42 // LARGER
STEPS_TO_PEAK = 32
DT = PEAK / STEPS_TO_PEAK
STEPS = 3 * STEPS_TO_PEAK


def adopted(t: float) -> float:
    """F(t), the solution of dF/dt = (p + q F) (1 - F)."""
    return (1 - math.exp(-(P + Q) * t)) / (1 + Q / P * math.exp(-(P + Q) * t))


def in_steps(steps: int, dt: float) -> list[float]:
    """The same in steps: each of those left adopts with 1 - exp(-(p + q F) dt)."""
    shares = [0.0]
    for _ in range(steps):
        shares.append(shares[-1] + (1 - shares[-1]) * (1 - math.exp(-(P + Q * shares[-1]) * dt)))
    return shares


# What steps of DT do to the curve; it is taken off what was found, and is known exactly for a large world.
BIAS = np.array(in_steps(STEPS, DT)) - [adopted(k * DT) for k in range(STEPS + 1)]


@cache
def curves() -> tuple[Floats, Floats]:
    """The share of adopters after each step, and the share of innovators at the end; a row for each seed."""
    told = 1 - math.exp(-Q * DT / N)  # by each adopter, so that n F of them fail with exp(-q F dt)
    scenario = make(STEPS, {"discovery_rate": P * DT, "telling_period": FOREVER},
                    population={"count": N, "creativity": 1.0, "reach": told * (N - 1) / N})  # fmt: skip
    tapes = runs(scenario, DAILY)
    innovators = [np.count_nonzero(tape.events.kind == DISCOVER) / N for tape in tapes]
    return np.array([holders(tape) / N - BIAS for tape in tapes]), np.array(innovators)


def test_the_closed_form_has_the_figures_of_the_theory():
    assert pytest.approx(6.19262, abs=5e-6) == PEAK
    assert adopted(PEAK) == pytest.approx(0.460526, abs=5e-7)
    assert (P + Q * adopted(PEAK)) * (1 - adopted(PEAK)) == pytest.approx(0.110592, abs=5e-7)
    errors = [in_steps(round(PEAK / dt), dt)[-1] - adopted(PEAK) for dt in (PEAK / 32, PEAK / 64, PEAK / 128)]
    assert all(coarse / fine == pytest.approx(2.0, rel=0.05) for coarse, fine in pairwise(errors))
    assert np.abs(BIAS).max() < 0.025


@pytest.mark.parametrize("when", [0.5, 1.0, 1.5, 2.0])
def test_the_share_of_adopters(when):
    truth = adopted(when * PEAK)
    off = 0.1 if when <= 1.0 else 0.05
    check_mean(curves()[0][:, round(when * STEPS_TO_PEAK)], truth, (1 - off) * truth, (1 + off) * truth)


def test_the_curve_is_steepest_at_the_peak():
    """F is symmetric about its peak t*: F(t* + h) - 2 F(t*) + F(t* - h) is 0 there, and not at 0.93 t* or 1.07 t*."""
    shares, h = curves()[0], STEPS_TO_PEAK // 2
    bends = shares[:, STEPS_TO_PEAK + h] - 2 * shares[:, STEPS_TO_PEAK] + shares[:, STEPS_TO_PEAK - h]

    def bend(t: float) -> float:
        return adopted(t + h * DT) - 2 * adopted(t) + adopted(t - h * DT)

    check_mean(bends, 0.0, bend(0.93 * PEAK), bend(1.07 * PEAK))


def test_the_height_of_the_peak():
    """By the chord over a quarter of t* on either side, which is lower than f* by a known 2%."""
    shares, h = curves()[0], STEPS_TO_PEAK // 4
    lower = (adopted(PEAK + h * DT) - adopted(PEAK - h * DT)) / (2 * h * DT) / 0.110592
    assert lower == pytest.approx(0.98, abs=0.02)
    slopes = (shares[:, STEPS_TO_PEAK + h] - shares[:, STEPS_TO_PEAK - h]) / (2 * h * DT) / lower
    check_mean(slopes, 0.110592, 0.95 * 0.110592, 1.05 * 0.110592)


def test_the_share_of_innovators():
    """Of the 1 - F who are left p dt innovate: p times the integral of 1 - F is (p / q) log(1 + q / p) = 0.2064."""
    truth = P / Q * math.log(1 + Q / P)
    left = 1 - np.array(in_steps(STEPS, DT))
    in_time = P * sum((1 - adopted((k + 0.5) * DT)) * DT for k in range(STEPS))
    bias = (1 - math.exp(-P * DT)) * left[:-1].sum() - in_time
    late = truth - in_time
    assert 0 < late < 0.001
    check_mean(curves()[1] - bias + late, truth, 0.95 * truth, 1.05 * truth)
