"""The independent cascade on networks of any degrees is bond percolation (Newman 2002): generating functions."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from sim import simulate
from tests.model.agents import deed
from tests.theory import LARGER, Floats, check_mean, either, on_ties, reached, replicates, some

N = 4000 * LARGER
LAWS = {
    "Poisson": lambda luck: luck.poisson(3.0, N),
    "one or four": lambda luck: luck.choice([1, 4], N, p=[0.6, 0.4]),
    "heavy-tailed": lambda luck: luck.choice(np.arange(1, 41), N, p=power_law(2.5, 40)),
}


def power_law(exponent: float, largest: int) -> Floats:
    weights = np.arange(1, largest + 1) ** -exponent
    return weights / weights.sum()


@cache
def graph(law: str, seed: int) -> list[tuple[int, int]]:
    """A configuration model: stubs paired at random, loops and double ties left out; nodes are 1 to N."""
    luck = np.random.default_rng([seed, *law.encode()])
    stubs = np.repeat(np.arange(1, N + 1), LAWS[law](luck))
    luck.shuffle(stubs)
    pairs = stubs[: len(stubs) // 2 * 2].reshape(-1, 2)
    return sorted({(min(a, b), max(a, b)) for a, b in pairs.tolist() if a != b})


class Degrees:
    """The generating functions of the degrees that a graph has, loops and double ties taken off."""

    def __init__(self, ties: list[tuple[int, int]]) -> None:
        degree = np.bincount(np.ravel(ties), minlength=N + 1)[1:]
        self.share = np.bincount(degree) / N
        self.k = np.arange(len(self.share))
        self.mean, self.square = self.k @ self.share, self.k**2 @ self.share
        self.threshold = self.mean / (self.square - self.mean)

    def g0(self, x: float) -> float:
        return float(self.share @ x**self.k)

    def g1(self, x: float) -> float:
        """Of the ties but one at the end of a tie."""
        return float((self.k * self.share)[1:] @ x ** (self.k[1:] - 1) / self.mean)

    def giant(self, t: float) -> float:
        """S = 1 - G0(1 - T + T u), u = G1(1 - T + T u)."""
        left = 1 - 1e-6
        if self.g1(1 - t + t * left) > left:
            return 0.0  # u = 1 is the only root
        u = optimize.brentq(lambda x: self.g1(1 - t + t * x) - x, 0.0, left)
        return 1 - self.g0(1 - t + t * u)

    def small(self, t: float) -> float:
        """1 + T G0'(1) / (1 - T G1'(1)), below the threshold."""
        return 1 + t * self.mean / (1 - t * (self.square - self.mean) / self.mean)


def sizes(folder: Path, law: str, seed: int, t: float, ideas: int) -> Floats:
    """Sizes of cascades from as many nodes, which are any: degrees are dealt out at random."""
    names = [*(f"seed {k}" for k in range(ideas + 1)), *(f"node {k}" for k in range(1, N - ideas + 1))]
    ties = [(names[a], names[b]) for a, b in graph(law, seed)]
    people = [{"name": "seed", "count": ideas}, {"name": "node", "count": N - ideas}]
    start = [deed(1, "discover", "seed", pairing="each")]
    scenario = on_ties(folder, ties, 60, persons=people, population={"reach": 1.0}, interventions=start,
                       network={"weight": t, "both_ways": True}, ideas=[{"name": "idea", "count": ideas}])  # fmt: skip
    return reached(simulate(scenario, seed, engine="kernels")).astype(np.float64)


@pytest.mark.parametrize("law", some(LAWS))
def test_below_the_threshold_outbreaks_are_small(tmp_path, law):
    """Each number is the mean of a graph, less what the theory says of its degrees."""
    found, theory, wrong = [], [], []
    for seed in range(replicates(either(42, 20) // LARGER)):
        degrees = Degrees(graph(law, seed))
        t = 0.5 * degrees.threshold
        found.append(sizes(tmp_path, law, seed, t, 500).mean())
        theory.append(degrees.small(t))
        wrong.append(degrees.small(1.15 * t))
    mean = float(np.mean(theory))
    check_mean(np.subtract(found, theory) + mean, mean, float(np.mean(wrong)))


@pytest.mark.parametrize("law", some(LAWS))
def test_above_the_threshold_there_is_a_giant_outbreak(tmp_path, law):
    """With chance S the cascade is large, and then has the share S: the same giant cluster, entered or not."""
    rows = []
    for seed in range(replicates(either(42, 20) // LARGER)):
        degrees = Degrees(graph(law, seed))
        t = min(1.0, 2.0 * degrees.threshold)
        found, s = sizes(tmp_path, law, seed, t, 40) / N, degrees.giant(t)
        large = found > 0.3 * s
        rows.append((large.mean() - s, found[large].mean() - s, s, degrees.giant(1.1 * t)))
    chances, shares, theory, wrong = np.array(rows).T
    s = float(theory.mean())
    check_mean(shares + s, s, float(wrong.mean()), 0.9 * s)
    check_mean(chances + s, s, 0.0, 1.0)


@pytest.mark.parametrize("law", LAWS)
def test_between_the_two_lies_the_threshold(law):
    """T_c = <k> / (<k^2> - <k>): there the mean diverges, and above it, not below, the equation has a root S > 0."""
    degrees = Degrees(graph(law, 0))
    assert degrees.small(0.999 * degrees.threshold) > 100
    assert degrees.giant(1.01 * degrees.threshold) > 0.001
    assert degrees.giant(0.99 * degrees.threshold) == 0.0
