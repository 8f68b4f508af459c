"""The simulator against the theory: laws and closed forms, each to |z| < 4 under fixed seeds.

    python -m pytest tests/theory                          the size of every day
    SHOULDERS_FULL=1 python -m pytest tests/theory         every parameter
    SHOULDERS_THEORY=full python -m pytest tests/theory    and ten times the replicates: errors a third as large

Every check states wrong values too, and asserts that it has the replicates to refuse them: a check that could not
fail would show nothing. `pytest -rP` prints the z found.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from numpy.typing import ArrayLike, NDArray
from scipy import stats

import tests
from sim import Scenario, Tape, simulate_many
from sim.tape.tables import ABANDON, DISCOVER, LEARN, LEAVE
from tests.model.agents import CALM

FULL = os.environ.get("SHOULDERS_THEORY") == "full"
# What a finite world takes off a share falls as 1 / n, so the full size takes larger worlds, and fewer of them.
LARGER = 3 if FULL else 1
LIMIT = 4.0
APART = 2 * LIMIT  # a wrong value so far from the right one is refused wherever the right one is accepted
FOREVER = "forever"

Floats = NDArray[np.float64]


def either(full: int, few: int) -> int:
    """A number of replicates: the full one, or fewer where a slow check has more than it needs."""
    return full if FULL or tests.FULL else few


def some(values: Iterable[Any], daily: int = 1) -> list[Any]:
    """The first of the parameters of a slow check, or all of them in the full size."""
    return list(values) if FULL or tests.FULL else list(values)[:daily]


def replicates(daily: int) -> int:
    """How many replicates to take: this many, or ten times as many in the full size."""
    return 10 * daily if FULL else daily


def runs(scenario: Scenario, daily: int, first: int = 0) -> Sequence[Tape]:
    """The tapes of so many seeds, times ten in the full size."""
    return simulate_many(scenario, range(first, first + replicates(daily)), engine="kernels")


def on_ties(folder: Path, ties: Iterable[tuple[Any, ...]], steps: int, **sections: Any) -> Scenario:
    """A scenario whose ties (source, target[, weight]) stand in a file; by default only ties are told, for one step."""
    rows = [",".join(map(str, (*tie, 1.0)[:3])) for tie in ties]
    (folder / "ties.csv").write_text("\n".join(["source,target,weight", *rows]), encoding="utf-8")
    network = {"kind": "file", "path": "ties.csv"} | sections.pop("network", {})
    given = {"scenario": {"name": "on ties", "steps": steps}, "ideas": [{"name": "idea"}]}
    dynamics = CALM | {"audience": "ties"} | sections.get("dynamics", {})
    given |= sections | {"world": {"network": network}, "dynamics": dynamics}
    return Scenario.from_toml(tomlkit.dumps(given), folder=folder)


def holders(tape: Tape) -> NDArray[np.int64]:
    """How many hold the idea at the end of each step; shape (steps + 1,)."""
    kind = tape.events.kind
    change = np.where(kind <= LEARN, 1, np.where((kind == ABANDON) | (kind == LEAVE), -1, 0)) * tape.events.count
    return np.cumsum(np.bincount(tape.events.step, change, tape.steps + 1)).astype(np.int64)


def reached(tape: Tape) -> NDArray[np.int64]:
    """How many took up each idea; shape (ideas,)."""
    begins = (tape.events.kind == DISCOVER) | (tape.events.kind == LEARN)
    return np.bincount(tape.events.idea[begins], minlength=len(tape.ideas))


def check_mean(found: ArrayLike, expected: float, *wrong: float, error: float | None = None) -> float:
    """The mean of independent numbers is the expected one, |z| < 4, and none of the wrong ones; returns z.

    The standard error is that of the sample unless theory knows it. A wrong value 8 standard errors from the right
    one is 4 from whatever is accepted.
    """
    sample = np.asarray(found, np.float64)
    spread = error if error is not None else float(sample.std(ddof=1)) / len(sample) ** 0.5
    z = (float(sample.mean()) - expected) / spread
    nearest = min(abs(other - expected) / spread for other in wrong)
    print(f"z = {z:+.2f}: {sample.mean():.6g} for {expected:.6g}, +- {spread:.2g}; a wrong value is {nearest:.1f} away")
    assert nearest > APART, "too few replicates to refuse a wrong value"
    assert abs(z) < LIMIT
    return z


def check_counts(found: ArrayLike, law: ArrayLike, wrong: ArrayLike) -> float:
    """Counts of independent outcomes follow a law, by chi-square to 4 standard deviations, and would not follow a wrong
    one; returns z.

    Outcomes of which fewer than 8 are expected are taken together. The power is that of the noncentral chi-square.
    """
    counts, right, other = merged(np.asarray(found), np.asarray(law, np.float64), np.asarray(wrong, np.float64))
    total, freedom = counts.sum(), len(counts) - 1
    assert freedom > 0
    chi2 = float(((counts - total * right) ** 2 / (total * right)).sum())
    z = float(stats.norm.isf(stats.chi2.sf(chi2, freedom)))
    limit = stats.chi2.isf(stats.norm.sf(LIMIT), freedom)
    missed = stats.ncx2.cdf(limit, freedom, total * ((other - right) ** 2 / right).sum())
    print(f"z = {z:+.2f}: chi-square {chi2:.1f} of {freedom}; the wrong law would be missed with {missed:.1g}")
    assert missed < 1e-4, "too few replicates to refuse a wrong law"
    assert z < LIMIT
    return z


def merged(counts: NDArray[Any], law: Floats, wrong: Floats) -> tuple[Floats, Floats, Floats]:
    """The same outcomes with the rare ones taken together as the last; what cannot be must not have been."""
    assert law.sum() <= 1.0 + 1e-9
    assert not counts[law <= 1e-15].any()
    rest = np.array([[0], [max(0.0, 1.0 - law.sum())], [max(0.0, 1.0 - wrong.sum())]])
    table = np.hstack([np.vstack([counts, law, wrong]).astype(np.float64), rest])
    rare = table[1] * counts.sum() < 8.0
    table = np.hstack([table[:, ~rare], table[:, rare].sum(axis=1, keepdims=True)])
    if table[1, -1] * counts.sum() < 8.0:
        table[:, -2] += table[:, -1]
        table = table[:, :-1]
    return table[0], table[1], table[2]


def check_same(ours: ArrayLike, theirs: ArrayLike, others: ArrayLike) -> float:
    """Two samples are of one law, by the chi-square of homogeneity on classes of equal size; a third is of another."""
    z, power = homogeneity(ours, theirs), homogeneity(ours, others)
    print(f"z = {z:+.2f}; against another law {power:.1f}")
    assert power > APART, "too few replicates to refuse another law"
    assert z < LIMIT
    return z


def homogeneity(a: ArrayLike, b: ArrayLike, classes: int = 12) -> float:
    """The chi-square of two samples over classes about equally frequent, as a z."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    edges = np.unique(np.quantile(np.concatenate([a, b]), np.linspace(0, 1, classes + 1)[1:-1]))
    table = np.array([np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) for x in (a, b)])
    table = table[:, table.sum(axis=0) > 0]
    result = stats.chi2_contingency(table, correction=False)
    return float(stats.norm.isf(max(result.pvalue, 1e-300)))
