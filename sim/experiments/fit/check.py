"""A test of whether to believe a fit: many fits to records whose true parameters are known.

True parameters are drawn from the prior; for each, a record like the given one is simulated, and fitted like the real
one. If all is right, the rank of the truth in its posterior is uniform (simulation-based calibration, Talts et al.
2018), and an interval of 95% holds 95% of the truths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from sim.experiments.fit.abc import adjusted, first_of
from sim.experiments.fit.importance import Population, sample
from sim.experiments.fit.likelihood import Likelihood
from sim.experiments.fit.priors import Prior, Priors, values_of
from sim.experiments.fit.record import like
from sim.experiments.fit.result import APPROXIMATE, EXACT, weighted_quantiles
from sim.experiments.fit.run import generations
from sim.experiments.fit.summaries import summarise
from sim.experiments.fit.worker import Progress, Settings, Worker
from sim.experiments.tabular import Tabular
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats
from sim.tape.tape import Tape

LEVELS = (0.5, 0.8, 0.95)
BINS, DRAWS = 10, 250
UNEVEN = 0.01  # the p of the ranks below which they are not called uniform


@dataclass(frozen=True, eq=False)
class CheckResult(Tabular):
    """The outcome of fits to simulated records whose true parameters are known.

    Attributes:
        priors, method: of the fit.
        truth: by record and key. mean, low, high: of the posterior, with the ends of 95%; shape (truths, keys).
        rank: the posterior probability below the truth; shape (truths, keys).
    """

    priors: Priors
    method: str
    truth: Floats
    mean: Floats
    low: Floats
    high: Floats
    rank: Floats

    def coverage(self, level: float = 0.95) -> Floats:
        """Return the fraction of the truths within the central intervals of a level; shape (keys,)."""
        return np.asarray((np.abs(self.rank - 0.5) <= level / 2.0).mean(axis=0))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per key: coverage of 95% intervals with its exact interval, p of uniform ranks, recovery."""
        rows = []
        for k, key in enumerate(self.priors):
            inside = int((np.abs(self.rank[:, k] - 0.5) <= 0.475).sum())
            ends = stats.binomtest(inside, len(self.rank)).proportion_ci(0.95, "exact")
            counts = np.histogram(self.rank[:, k], BINS, (0.0, 1.0))[0]
            truth, mean = self.truth[:, k], self.mean[:, k]
            steady = truth.std() > 0.0 and mean.std() > 0.0
            rows.append({
                "key": key, "truths": len(truth), "coverage": inside / len(truth), "low": ends.low, "high": ends.high,
                **{f"coverage {level:.0%}": float(self.coverage(level)[k]) for level in LEVELS[:-1]},
                "ranks_p": float(stats.chisquare(counts).pvalue),
                "recovered": float(stats.spearmanr(truth, mean).statistic) if steady else 0.0,
            })  # fmt: skip
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return the rows and sentences as plain values."""
        return {"method": self.method, "keys": self.rows(), "says": self.says()}

    def says(self) -> list[str]:
        """Return a sentence per key."""
        return [
            f"{row['key']}: intervals of 95% hold {row['coverage']:.1%} of {row['truths']} truths "
            f"({row['low']:.1%} to {row['high']:.1%}), ranks {'uniform' if row['ranks_p'] > UNEVEN else 'NOT uniform'} "
            f"(p = {row['ranks_p']:.2g}), truth and estimate correlate by {row['recovered']:.2f}."
            for row in self.rows()
        ]

    def __repr__(self) -> str:
        return f"<CheckResult of {len(self.truth)} truths, {self.method}: {' '.join(self.says())}>"


def check_fit(
    scenario: Scenario | str | Path, record: Any, vary: Mapping[str, str | Prior], *, truths: int = 200,
    progress: Progress | None = None, **settings: Any,
) -> CheckResult:  # fmt: skip
    """Return the accuracy of a fit with these settings, on simulated records with known parameters.

    The first generation of ABC, which does not depend on the record, is shared by all fits.

    Args:
        scenario, record, vary: as in `fit`.
        truths: how many records are simulated and fitted, 20 or more.
        progress: called with (fits done, fits in all).
        **settings: the other arguments of `fit`, except `out`.
    """
    if truths < 20:
        raise ValueError(f"truths: must be 20 or more, is {truths}")
    how = Settings(**settings)
    exact = not Worker(scenario, record, vary, how).why
    worker = Worker(scenario, record, vary, how, truths if exact else truths * how.runs)
    luck = [np.random.default_rng([worker.seed, 2**33, t]) for t in range(truths)]
    z = np.array([rng.standard_normal(len(worker.priors)) for rng in luck])
    tapes = list(worker.tapes(z, [int(rng.integers(2**63)) for rng in luck]))
    found = []
    with nullcontext() if exact else worker.shared():
        fitted = _exact(worker) if exact else _approximate(worker)
        for number, tape in enumerate(tapes):
            found.append(_outcome(fitted(tape, number), worker.priors, z[number]))
            if progress is not None:
                progress(number + 1, truths)
    mean, low, high, rank = (np.array(column) for column in zip(*found, strict=True))
    method = EXACT if exact else APPROXIMATE
    return CheckResult(worker.priors, method, values_of(worker.priors, z), mean, low, high, rank)


def _exact(worker: Worker) -> Callable[[Tape, int], Population]:
    """Return a function that fits the record that a run would have left, by the exact likelihood."""

    def fitted(tape: Tape, number: int) -> Population:
        target = worker.target(Likelihood(worker.scenario, like(worker.record, tape)))
        return list(sample(target, len(worker.priors), DRAWS, number))[-1]

    return fitted


def _approximate(worker: Worker) -> Callable[[Tape, int], Population]:
    """Return a function that fits a run by ABC, with a first generation that is made only once."""
    first = first_of(worker, len(worker.priors), worker.how.first, worker.seed)

    def fitted(tape: Tape, number: int) -> Population:
        seen = summarise(tape, worker.summaries)
        own = int(np.random.default_rng([worker.seed, 2**34, number]).integers(2**63))
        found = generations(worker, seen, own, store=lambda number, make: make() if number else first)
        return adjusted(found[-1], seen)

    return fitted


def _outcome(found: Population, priors: Priors, truth: Floats) -> tuple[Floats, ...]:
    """Return the mean and the ends of a posterior, and its probability below the truth."""
    values, weight = values_of(priors, found.z), found.weight
    ends = np.array([weighted_quantiles(column, weight, [0.025, 0.975]) for column in values.T])
    below = (weight[:, None] * ((found.z < truth) + 0.5 * (found.z == truth))).sum(axis=0)
    return (weight[:, None] * values).sum(axis=0), ends[:, 0], ends[:, 1], below
