"""Susceptible and informed: how fast an idea fills a world where everybody tells everybody, and by which tree."""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from sim import Tape, credit
from sim.tape.tables import LEARN
from tests.model.agents import make
from tests.theory import FOREVER, LARGER, Floats, check_mean, holders, runs
from tests.theory.test_epidemics import everybody_meets

N = 50  # people of the complete graph
DT = 0.2  # time of a step, while a pair meets at rate 1 / (N - 1)
HARMONIC = sum(1 / k for k in range(1, N))
FULL_TIME = 2 * (N - 1) * HARMONIC / N  # 8.779: with k informed, k (n - k) pairs meet at rate 1 / (n - 1) each
DEPTHS = 13.3235  # the sum of 1 / (depth + 1) over a random recursive tree of 50


def logistic(i: float, t: float) -> float:
    """The logistic curve for a rate of 1: di/dt = i (1 - i)."""
    return i * math.exp(t) / (1 - i + i * math.exp(t))


def in_steps(i: float, t: float, dt: float) -> float:
    """The same in steps of dt: i + (1 - i)(1 - exp(-i dt))."""
    for _ in range(round(t / dt)):
        i += (1 - i) * (1 - math.exp(-i * dt))
    return i


def test_finer_steps_come_to_the_logistic_curve():
    """Steps of dt are wrong by about dt, so twice the finer less the coarser (Richardson) is right to dt^2."""
    n, share, t = 4000 * LARGER, 0.1, 3.0
    shares: dict[float, Floats] = {}
    for dt in (0.5, 0.125, 0.0625):
        scenario = everybody_meets(n, 1 - math.exp(-dt / n), 1 + round(t / dt), 0.0, first=round(share * n))
        shares[dt] = np.array([holders(tape)[-1] / n for tape in runs(scenario, 99 // LARGER)])
        check_mean(shares[dt], in_steps(share, t, dt), 0.95 * in_steps(share, t, dt))
    truth = logistic(share, t)
    check_mean(shares[0.5], in_steps(share, t, 0.5), truth)  # half a unit is coarse enough to be told from none
    left_over = 2 * in_steps(share, t, 0.0625) - in_steps(share, t, 0.125) - truth
    assert abs(left_over) < 2e-4
    check_mean(2 * shares[0.0625] - shares[0.125], truth, 0.95 * truth, 1.05 * truth)
    errors = [in_steps(share, t, 2.0**-k) - truth for k in range(3, 9)]
    assert all(coarse / fine == pytest.approx(2.0, rel=0.05) for coarse, fine in pairwise(errors))


def full_time_in_steps(n: int, dt: float) -> float:
    """The mean time to inform all in steps of dt, exactly: T(k) = dt + sum over k' of P(k -> k') T(k')."""
    meets = 1 - math.exp(-dt / (n - 1))
    times = np.zeros(n + 1)
    for k in range(n - 1, 0, -1):
        chances = stats.binom(n - k, 1 - (1 - meets) ** k).pmf(np.arange(n - k + 1))
        times[k] = (dt + chances[1:] @ times[k + 1 :]) / (1 - chances[0])
    return float(times[1])


@cache
def histories() -> list[Tape]:
    chance = 1 - math.exp(-DT / (N - 1))
    return list(runs(everybody_meets(N, chance, 1 + round(40 / DT), 0.0), 1600))


def test_the_steps_of_the_full_time_come_to_its_closed_form():
    assert pytest.approx(8.779, abs=5e-4) == FULL_TIME
    errors = [full_time_in_steps(N, dt) - FULL_TIME for dt in (0.04, 0.02, 0.01)]
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.03)
    assert abs(2 * errors[2] - errors[1]) < 1e-3


def test_the_time_to_inform_all():
    """Less what the steps of 0.2 add to it, which is known exactly."""
    times = np.array([int(tape.events.step[-1] - 1) * DT for tape in histories()])
    assert all(len(tape.events) == N for tape in histories())
    check_mean(times - (full_time_in_steps(N, DT) - FULL_TIME), FULL_TIME, 0.95 * FULL_TIME, 1.05 * FULL_TIME)


def teller_of_each(tape: Tape) -> list[int]:
    """The order number of the teller of the second, third, ... informed."""
    return tape.influences.parent[tape.events.kind[tape.influences.child] == LEARN].tolist()


def subtrees(tellers: list[int]) -> list[int]:
    sizes = [1] * (len(tellers) + 1)
    for child in range(len(tellers), 0, -1):
        sizes[tellers[child - 1]] += sizes[child]
    return sizes


def depths(tellers: list[int]) -> list[int]:
    found = [0]
    for teller in tellers:
        found.append(found[teller] + 1)
    return found


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_subtree_of_the_kth_informed(k):
    """n / k in continuous time. In steps n / m, with the m who are informed by the end of the step of the k-th: each
    of B newcomers finds a teller in a subtree of X with chance X / m, so X / m stays the same on average."""
    sizes = np.array([subtrees(teller_of_each(tape))[k - 1] for tape in histories()])
    late = np.array([N / int(holders(tape)[tape.events.step[k - 1]]) for tape in histories()]) - N / k
    assert np.abs(late).mean() < 0.25 * N / k
    check_mean(sizes - late, N / k, N / (k + 1), N / (k - 1))


def expected_depths(counts: list[int]) -> float:
    """E sum 1 / (depth + 1) given how many were informed in each step: each newcomer is one below a teller drawn from
    all m before, so the sum of x^depth grows by 1 + B x / m; integrated over x from 0 to 1 (Gauss, exact)."""
    x, weight = np.polynomial.legendre.leggauss(30)
    product = np.ones(30)
    for before, after in pairwise(counts):
        product *= 1 + (after - before) * (x + 1) / 2 / before
    return float(weight @ product / 2)


def test_the_depths_of_the_tree():
    assert expected_depths(list(range(1, N + 1))) == pytest.approx(DEPTHS, abs=1e-4)
    totals = [sum(1 / (depth + 1) for depth in depths(teller_of_each(tape))) for tape in histories()]
    known = [expected_depths(holders(tape)[1:].tolist()) for tape in histories()]
    check_mean(np.subtract(totals, known) + DEPTHS, DEPTHS, 0.95 * DEPTHS, 1.05 * DEPTHS)


def test_the_depths_of_the_tree_by_the_credit_for_communication():
    """A publisher who told the first of the 50, and is told by nobody but the author, is one of depth + 1 tellers of
    everybody: half of sum 1 / (depth + 1) in a step in which all hold."""
    reach = 0.2 / (N + 2)
    start = "1 discover author; 1 tell author to=publisher; 2 tell publisher to=first; 200 set ideas.idea.value=1.0"
    scenario = make(200, {"telling_period": FOREVER}, ideas="idea value=0.0", interventions=start,
                    persons=f"author; publisher; first reach={reach}; rest*{N - 1} reach={reach}",
                    impact={"value_of": "held", "realised_by": ["first", "rest"]})  # fmt: skip
    found = []
    for tape in runs(scenario, 600):
        table = credit(tape)
        assert table.total == N
        found.append(2 * float(table.persons.communication[1]))
        below = depths(teller_of_each(tape))[2:]
        assert found[-1] == pytest.approx(sum(1 / (depth - 1) for depth in below), rel=1e-9)
        found[-1] += DEPTHS - expected_depths(holders(tape)[2:].tolist() - np.int64(2))
    check_mean(found, DEPTHS, 0.95 * DEPTHS, 1.05 * DEPTHS)
