"""The classical models as packaged scenarios, each against its closed form, its Markov chain, or its enumeration."""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

import numpy as np
import pytest
from scipy import stats

from sim import Scenario
from tests.theory import LARGER, Floats, check_counts, check_mean, either, holders, reached, runs
from tests.theory.test_bass import adopted, in_steps
from tests.theory.test_branching import SHARES
from tests.theory.test_thresholds import chance_of_cascade, size_of_cascade

State = tuple[int, ...]
Law = dict[State, float]
Step = Callable[[State], Iterable[tuple[State, float]]]

R_OF_2 = SHARES[2.0]
NEVER_HEARD = 1 - R_OF_2  # of a rumour dy/dx = -(x - (1 - x)) / x, so y = 2 (1 - x) + log x, which is 0 again at this x


def shares(name: str, daily: int) -> np.ndarray:
    scenario = Scenario.load(name)
    everybody = sum(person.count for person in scenario.persons) + scenario.population.count
    return np.array([reached(tape)[0] / everybody for tape in runs(scenario, daily)])


@pytest.mark.parametrize(("name", "chance", "size"), [
    ("independent_cascade", R_OF_2, R_OF_2), ("watts", chance_of_cascade(3.0), size_of_cascade(3.0)),
])  # fmt: skip
def test_cascades_come_as_often_and_grow_as_large_as_theory_says(name: str, chance: float, size: float) -> None:
    found = shares(name, 200)
    large = found > 0.1
    check_mean(large, chance, 0.6 * chance, error=(chance * (1 - chance) / len(found)) ** 0.5)
    check_mean(found[large], size, 0.95 * size, 1.05 * size)


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


@pytest.mark.parametrize(("name", "give_up", "again", "steps"), [
    ("si", 0.0, False, 4), ("sis", 0.1, True, 20), ("sir", 0.2, False, 100),
])  # fmt: skip
def test_epidemics_are_their_markov_chains(name: str, give_up: float, again: bool, steps: int) -> None:
    n, first, chance = 15, 3, 0.04  # that one tells another
    changes = {"scenario.steps": 1 + steps, "persons.first.count": first, "persons.rest.count": n - first,
               "population.reach": chance * (n - 1) / n}  # fmt: skip
    tapes = runs(Scenario.load(name).replace(changes), either(2500, 1500))
    found = [n - int((reached(tape) if name == "sir" else holders(tape))[-1]) for tape in tapes]
    laws = [after((n - first, first), steps, epidemic_step(c, give_up, again), n, 0) for c in (chance, 1.2 * chance)]
    check_counts(np.bincount(found, minlength=n + 1), *laws)


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


def test_seiz_is_its_markov_chain() -> None:
    n, steps = 8, 3
    changes = {"scenario.steps": 1 + steps, "persons.other.count": n - 2, "population.reach": MEET * (n - 1) / n}
    counts = np.zeros((n + 1, n + 1), np.int64)
    for tape in runs(Scenario.load("seiz").replace(changes), 2500):
        counts[tuple(reached(tape))] += 1  # believers and sceptics
    steps_of = (seiz_step, partial(seiz_step, take_up=1.8 * TAKE_UP))
    laws = [after((n - 2, 0, 1, 1), steps, step, n, 3, 2).ravel() for step in steps_of]
    check_counts(counts.ravel(), *laws)


def test_the_product_is_adopted_as_bass_says():
    found = np.array([holders(tape)[62] / 2000 for tape in runs(Scenario.load("bass"), 120)])
    share = in_steps(62, 0.1)[-1]
    assert share == pytest.approx(adopted(6.2), abs=0.02)
    check_mean(found, share, 0.95 * share, 1.05 * share)
