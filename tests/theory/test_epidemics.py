"""Who gives an idea up, for good (SIR) or to hear of it again (SIS), and who hesitates or is a sceptic (SEIZ)."""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import numpy as np
import pytest
from scipy import optimize, stats

from sim import Scenario, Tape
from sim.tape.tables import LEARN
from tests.model.agents import make
from tests.theory import FOREVER, LARGER, Floats, check_mean, either, holders, runs

State = tuple[int, ...]
Law = dict[State, float]
Step = Callable[[State], Iterable[tuple[State, float]]]


def everybody_meets(n: int, chance: float, steps: int, give_up: float, again: bool = False, first: int = 1) -> Scenario:
    """Who holds the idea tells each other person with this chance in each step, and gives it up with `give_up`."""
    dynamics = {"telling_period": FOREVER, "abandon_rate": -math.log(1 - give_up), "readopt": again}
    return make(steps, dynamics, persons=f"first*{first}; rest*{n - first}",
                population={"reach": chance * (n - 1) / n}, interventions="1 discover first")  # fmt: skip


def binomials(n: int, p: float) -> list[float]:
    return stats.binom(n, p).pmf(np.arange(n + 1)).tolist()


def after(law: Law, steps: int, step: Step) -> Law:
    """The law of a Markov chain after so many steps."""
    for _ in range(steps):
        following: dict[State, float] = defaultdict(float)
        for state, chance in law.items():
            for to, part in step(state):
                following[to] += chance * part
        law = {state: chance for state, chance in following.items() if chance > 1e-18}
    return law


def epidemic_step(chance: float, give_up: float, again: bool) -> Step:
    """(susceptible, informed): all decide on what was at the end of the step before."""

    @cache
    def step(state: State) -> list[tuple[State, float]]:
        s, i = state
        both = itertools.product(enumerate(binomials(s, 1 - (1 - chance) ** i)), enumerate(binomials(i, give_up)))
        return [((s - new + gone * again, i + new - gone), p * q) for (new, p), (gone, q) in both if p * q > 1e-18]

    return step


def of_one(law: Law, part: int, size: int) -> Floats:
    found = np.zeros(size + 1)
    for state, chance in law.items():
        found[state[part]] += chance
    return found


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


MEET, TAKE_UP, RESOLVE = 0.08, 0.4, 0.15  # chances to be told, to take it up at once, to make up one's mind


def seiz_step(state: State, take_up: float = TAKE_UP) -> Iterator[tuple[State, float]]:
    """(susceptible, exposed, sceptic, informed), after Bettencourt et al. 2006: who is told of the idea takes it up or
    hesitates; who hesitates makes up their mind, or is told again; sceptics hold a rival idea and convince others."""
    s, e, z, i = state
    told, sceptic = 1 - (1 - MEET) ** i, 1 - (1 - MEET) ** z
    up = told * take_up
    of_s = (up, (1 - up) * sceptic, (told - up) * (1 - sceptic))
    of_e = (1 - (1 - up) * (1 - RESOLVE), (1 - up) * (1 - RESOLVE) * sceptic)
    for a, b, c in itertools.product(range(s + 1), repeat=3):
        p = multinomial(s, (a, b, c), of_s)
        for f, g in itertools.product(range(e + 1), repeat=2) if p else ():
            q = multinomial(e, (f, g), of_e)
            if q:
                yield (s - a - b - c, e + c - f - g, z + b + g, i + a + f), p * q


def multinomial(n: int, parts: State, chances: tuple[float, ...]) -> float:
    rest = n - sum(parts)
    if rest < 0:
        return 0.0
    ways = math.factorial(n) / math.prod(map(math.factorial, (*parts, rest)))
    return ways * math.prod(p**k for p, k in zip(chances, parts, strict=True)) * max(0.0, 1 - sum(chances)) ** rest


def believers_and_sceptics(tape: Tape) -> tuple[int, int]:
    believers, sceptics = np.bincount(tape.events.idea, minlength=2)
    return int(believers), int(sceptics)
