"""The classical models as packaged scenarios, each against its closed form, its Markov chain, or its enumeration."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import optimize

from sim import Scenario
from tests.theory import LARGER, check_counts, check_mean, either, holders, reached, runs
from tests.theory.test_bass import adopted
from tests.theory.test_epidemics import MEET, TAKE_UP, after, believers_and_sceptics, epidemic_step, of_one, seiz_step

R_OF_2 = 0.796812  # the root of r = 1 - exp(-2 r)
NEVER_HEARD = 0.203188  # the root of x exp(2 (1 - x)) = 1 below 1


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


@pytest.mark.parametrize(("name", "give_up", "again", "steps"), [
    ("si", 0.0, False, 4), ("sis", 0.1, True, 20), ("sir", 0.2, False, 100),
])  # fmt: skip
def test_epidemics_are_their_markov_chains(name: str, give_up: float, again: bool, steps: int) -> None:
    n, first, chance = 15, 3, 0.04  # that one tells another
    changes = {"scenario.steps": 1 + steps, "persons.first.count": first, "persons.rest.count": n - first,
               "population.reach": chance * (n - 1) / n}  # fmt: skip
    tapes = runs(Scenario.load(name).replace(changes), either(2500, 1500))
    found = [n - int((reached(tape) if name == "sir" else holders(tape))[-1]) for tape in tapes]

    def law(c: float) -> np.ndarray:
        step = epidemic_step(c, give_up, again)
        return of_one(after({(n - first, first): 1.0}, steps, step), 0, n)

    check_counts(np.bincount(found, minlength=n + 1), law(chance), law(1.2 * chance))


def test_seiz_is_its_markov_chain() -> None:
    n, steps = 8, 3
    changes = {"scenario.steps": 1 + steps, "persons.other.count": n - 2, "population.reach": MEET * (n - 1) / n}
    counts, right, wrong = (np.zeros((n + 1, n + 1)) for _ in range(3))
    for tape in runs(Scenario.load("seiz").replace(changes), 2500):
        counts[believers_and_sceptics(tape)] += 1
    for table, up in ((right, TAKE_UP), (wrong, 1.8 * TAKE_UP)):
        for (_, _, z, i), chance in after({(n - 2, 0, 1, 1): 1.0}, steps, partial(seiz_step, take_up=up)).items():
            table[i, z] += chance
    check_counts(counts.ravel().astype(int), right.ravel(), wrong.ravel())


def never_heard_in_steps(meetings: float) -> float:
    """The same in steps, for a large world begun by a few: a teller meets m others, and stops at one who knows.

    x' = x exp(-m y), y' = y exp(-m (1 - x)) + x - x'.
    """
    x, y = 1 - 1 / 4000, 1 / 4000
    while y > 1e-12:
        new = x * (1 - math.exp(-meetings * y))
        x, y = x - new, y * math.exp(-meetings * (1 - x)) + new
    return x


def test_the_share_of_those_who_never_hear_solves_its_equation():
    """dy/dx = -(x - (1 - x)) / x: y = 2 (1 - x) + log x, which is 0 at 1 and at 0.203188."""
    assert optimize.brentq(lambda x: 2 * (1 - x) + math.log(x), 0.01, 0.5) == pytest.approx(NEVER_HEARD, abs=5e-7)
    far, near = (never_heard_in_steps(m) for m in (0.02, 0.01))
    assert 2 * near - far == pytest.approx(NEVER_HEARD, abs=2e-4)


@pytest.mark.parametrize("name", ["maki_thompson", "daley_kendall"])
def test_a_fifth_never_hears_of_a_rumour(name: str) -> None:
    bias = never_heard_in_steps(0.1) - NEVER_HEARD
    check_mean(1 - shares(name, 60 // LARGER) - bias, NEVER_HEARD, 0.94 * NEVER_HEARD, 1.06 * NEVER_HEARD)


def test_the_product_is_adopted_as_bass_says() -> None:
    found = np.array([holders(tape)[62] / 2000 for tape in runs(Scenario.load("bass"), 120)])
    share = 0.0
    for _ in range(62):
        share += (1 - share) * (1 - math.exp(-(0.003 + 0.038 * share)))
    assert share == pytest.approx(adopted(6.2), abs=0.02)
    check_mean(found, share, 0.95 * share, 1.05 * share)
