"""Who gives an idea up, for good (SIR) or to hear of it again (SIS), and who hesitates or is a sceptic (SEIZ)."""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

import numpy as np
import pytest
from scipy import optimize, stats

from sim import Scenario
from sim.tape.tables import LEARN
from tests.model.agents import make
from tests.theory import FOREVER, LARGER, Floats, check_counts, check_mean, either, holders, reached, runs

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


def after(begin: State, steps: int, step: Step, size: int, *parts: int) -> Floats:
    """The law of some parts of the state of a Markov chain after so many steps."""
    law: Law = {begin: 1.0}
    for _ in range(steps):
        following: dict[State, float] = defaultdict(float)
        for state, chance in law.items():
            for to, part in step(state):
                following[to] += chance * part
        law = {state: chance for state, chance in following.items() if chance > 1e-18}
    table = np.zeros((size + 1,) * len(parts))
    for state, chance in law.items():
        table[tuple(state[part] for part in parts)] += chance
    return table


def epidemic_step(chance: float, give_up: float, again: bool) -> Step:
    """(susceptible, informed): all decide on what was at the end of the step before."""

    @cache
    def step(state: State) -> list[tuple[State, float]]:
        s, i = state
        both = itertools.product(enumerate(binomials(s, 1 - (1 - chance) ** i)), enumerate(binomials(i, give_up)))
        return [((s - new + gone * again, i + new - gone), p * q) for (new, p), (gone, q) in both if p * q > 1e-18]

    return step


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


@pytest.mark.parametrize(("name", "give_up", "again", "steps"), [
    ("si", 0.0, False, 4), ("sis", 0.1, True, 20), ("sir", 0.2, False, 100),
])  # fmt: skip
def test_packaged_epidemics_are_their_markov_chains(name: str, give_up: float, again: bool, steps: int) -> None:
    n, first, chance = 15, 3, 0.04  # that one tells another
    changes = {"scenario.steps": 1 + steps, "persons.first.count": first, "persons.rest.count": n - first,
               "population.reach": chance * (n - 1) / n}  # fmt: skip
    tapes = runs(Scenario.load(name).replace(changes), either(2500, 1500))
    found = [n - int((reached(tape) if name == "sir" else holders(tape))[-1]) for tape in tapes]
    laws = [after((n - first, first), steps, epidemic_step(c, give_up, again), n, 0) for c in (chance, 1.2 * chance)]
    check_counts(np.bincount(found, minlength=n + 1), *laws)


def test_seiz_is_its_markov_chain() -> None:
    n, steps = 8, 3
    changes = {"scenario.steps": 1 + steps, "persons.other.count": n - 2, "population.reach": MEET * (n - 1) / n}
    counts = np.zeros((n + 1, n + 1), np.int64)
    for tape in runs(Scenario.load("seiz").replace(changes), 2500):
        counts[tuple(reached(tape))] += 1  # believers and sceptics
    steps_of = (seiz_step, partial(seiz_step, take_up=1.8 * TAKE_UP))
    laws = [after((n - 2, 0, 1, 1), steps, step, n, 3, 2).ravel() for step in steps_of]
    check_counts(counts.ravel(), *laws)
