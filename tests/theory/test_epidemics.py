"""Who gives an idea up, for good (SIR) or to hear of it again (SIS)."""

import math

import numpy as np
import pytest
from scipy import optimize

from sim import Scenario
from sim.tape.tables import LEARN
from tests.model.agents import make
from tests.theory import FOREVER, LARGER, check_mean, either, holders, runs


def everybody_meets(n: int, chance: float, steps: int, give_up: float, again: bool = False, first: int = 1) -> Scenario:
    """Who holds the idea tells each other person with this chance in each step, and gives it up with `give_up`."""
    dynamics = {"telling_period": FOREVER, "abandon_rate": -math.log(1 - give_up), "readopt": again}
    return make(steps, dynamics, persons=f"first*{first}; rest*{n - first}",
                population={"reach": chance * (n - 1) / n}, interventions="1 discover first")  # fmt: skip


@pytest.mark.parametrize("r0", [1.5, 2.5])
def test_the_final_size_of_sir_in_a_large_world(r0):
    """r = 1 - exp(-R0 r) whatever the time that people tell for (Kermack and McKendrick 1927); R0 is the number that
    one tells on average: 1 / give_up steps, the step of giving it up being one of them."""
    n, give_up = 10_000 * LARGER, 0.2
    meets = 1 - math.exp(-r0 * give_up / n)
    scenario = everybody_meets(n, meets, 400, give_up, first=n // 100)
    shares = [np.count_nonzero(tape.events.kind <= LEARN) / n for tape in runs(scenario, 42 // LARGER)]
    # Begun by the share s of all: of the 1 - s others exp(-R0 r) never hear.
    size, wrong = (optimize.brentq(lambda r, k=k: 1 - 0.99 * math.exp(-k * r) - r, 0.02, 1) for k in (r0, 1.05 * r0))
    check_mean(shares, size, wrong)


def endemic_level(r0: float, give_up: float) -> float:
    """The share i at which as many hear of it as give it up: (1 - i) (1 - exp(-R0 g i)) = g i."""
    return float(optimize.brentq(lambda i: (1 - i) * (1 - math.exp(-r0 * give_up * i)) - give_up * i, 0.01, 0.999))


def test_the_endemic_level_of_sis():
    """1 - 1 / R0 in small steps. In a world of n the fluctuations, of variance v, take -f''(i) / 2 f'(i) v off it."""
    n, r0, give_up = 4000 * LARGER, 2.0, 0.1
    level = endemic_level(r0, give_up)
    assert endemic_level(r0, 1e-5) == pytest.approx(1 - 1 / r0, abs=1e-4)
    chance = 1 - math.exp(-r0 * give_up / n)
    scenario = everybody_meets(n, chance, 120, give_up, again=True, first=round(level * n))
    found = np.array([holders(tape)[-1] / n for tape in runs(scenario, either(120, 60) // LARGER)])
    told = math.exp(-r0 * give_up * level)
    pull = (1 - told) + give_up - (1 - level) * r0 * give_up * told  # -f'
    bend = -2 * r0 * give_up * told - (1 - level) * (r0 * give_up) ** 2 * told  # f''
    noise = ((1 - level) * told * (1 - told) + level * give_up * (1 - give_up)) / n
    variance = noise / (1 - (1 - pull) ** 2)
    assert found.std(ddof=1) == pytest.approx(variance**0.5, rel=0.3)
    check_mean(found, level + bend * variance / (2 * pull), 0.95 * level, 1.05 * level, 1 - 1 / r0)
