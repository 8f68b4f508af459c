"""The result of a fit: draws of the posterior, how they were obtained, and what the record cannot tell."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.experiments.fit.importance import Population
from sim.experiments.fit.priors import Prior, cells_of, values_of
from sim.experiments.fit.record import Record
from sim.experiments.runner import Runner
from sim.experiments.tabular import Tabular
from sim.machine.showing import shown
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats

AS_WIDE = 0.9  # fraction of the prior's spread from which on the record is taken to say nothing
TRADE_OFF = 0.8  # correlation from which on two keys cannot be told apart
EXACT, APPROXIMATE = "exact likelihood", "sequential ABC"


@dataclass(frozen=True, eq=False)
class FitResult(Tabular):
    """The posterior of the keys that varied.

    Attributes:
        scenario, priors, record: what was fitted to what.
        method: EXACT or APPROXIMATE; why: why it is not exact, or empty.
        population: weighted draws in the standard normal space of the priors; shape (draws, keys).
        history: a row per generation (or round): tolerance, runs, accepted, ess.
        stopped: why it ended. seed: of all random streams.
        labels, observed: the summaries of the record. predicted: of runs drawn from the posterior; shape
            (runs, summaries). curves: how many had adopted in these by each step; shape (runs, steps + 1).
        chances: for an exact likelihood, the chances that the record shows directly, with exact intervals.
        runner: what made the runs: engine, threads, and rules or persons of one's own.
    """

    scenario: Scenario
    priors: Mapping[str, Prior]
    record: Record
    method: str
    why: str
    population: Population
    history: tuple[dict[str, Any], ...]
    stopped: str
    seed: int
    labels: tuple[str, ...] = ()
    observed: Floats = field(default_factory=lambda: np.zeros(0))
    predicted: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    curves: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    chances: tuple[dict[str, Any], ...] = ()
    runner: Runner = field(default_factory=Runner)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that varied."""
        return tuple(self.priors)

    @property
    def values(self) -> Floats:
        """The draws as values of the keys; shape (draws, keys)."""
        return values_of(self.priors, self.population.z)

    @property
    def ess(self) -> float:
        """The effective sample size of the draws."""
        return self.population.ess

    def quantile(self, key: str, probability: float) -> float:
        """Return a quantile of a key's posterior, for example `result.quantile("dynamics.abandon_rate", 0.95)`."""
        k = self.keys.index(key)
        return float(weighted_quantiles(self.values[:, k], self.population.weight, [probability])[0])

    @property
    def spread(self) -> Floats:
        """The spread of each key's posterior as a fraction of its prior's, both in the standard normal space."""
        return np.asarray(np.sqrt(np.diag(self.population.covariance)))

    @property
    def correlation(self) -> Floats:
        """The posterior correlation of the keys, in the standard normal space; shape (keys, keys)."""
        return self.population.covariance / np.outer(self.spread, self.spread)

    def as_wide(self) -> list[str]:
        """Return the keys whose posterior is as wide as the prior, of which the record says nothing."""
        return [key for key, width in zip(self.keys, self.spread, strict=True) if width >= AS_WIDE]

    def trade_offs(self) -> list[tuple[str, str, float]]:
        """Return the pairs of keys that the record cannot tell apart, with their correlations."""
        found = self.correlation
        return [
            (self.keys[j], self.keys[k], float(found[j, k]))
            for j in range(len(self.keys)) for k in range(j) if abs(found[j, k]) >= TRADE_OFF
        ]  # fmt: skip

    def misfits(self) -> list[tuple[str, float, float, float]]:
        """Return the summaries of the record outside 95% of the predicted runs: label, observed, low, high."""
        if not len(self.predicted):
            return []
        low, high = np.quantile(self.predicted, [0.025, 0.975], axis=0)
        return [
            (label, float(seen), float(a), float(b))
            for label, seen, a, b in zip(self.labels, self.observed, low, high, strict=True) if not a <= seen <= b
        ]  # fmt: skip

    def draws(self, count: int, seed: int = 0) -> list[dict[str, float]]:
        """Return draws of equal weight, as changes to the scenario; systematic resampling, fixed by the seed."""
        start = np.random.default_rng([self.seed, seed]).random()
        ends = np.cumsum(self.population.weight)
        rows = np.searchsorted(ends, (start + np.arange(count)) / count * ends[-1], side="right")
        rows = np.random.default_rng([self.seed, seed, 1]).permutation(np.minimum(rows, len(ends) - 1))
        return cells_of(self.priors, self.values[rows])

    def best(self) -> dict[str, float]:
        """Return the median of each key, as a change to the scenario."""
        return cells_of(self.priors, np.array([[self.quantile(key, 0.5) for key in self.keys]]))[0]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per key: prior, mean, median, low, high (95%), spread as a fraction of the prior's."""
        weight, values = self.population.weight, self.values
        rows = []
        for k, (key, prior) in enumerate(self.priors.items()):
            low, median, high = weighted_quantiles(values[:, k], weight, [0.025, 0.5, 0.975])
            rows.append({
                "key": key, "prior": prior.text, "mean": float((weight * values[:, k]).sum()), "median": median,
                "low": low, "high": high, "spread": float(self.spread[k]),
            })  # fmt: skip
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the draws as plain values."""
        return {
            "scenario": self.scenario.scenario.name, "record": self.record.read_as, "method": self.method,
            "why_not_exact": self.why, "seed": self.seed, "keys": self.rows(), "ess": self.ess,
            "stopped": self.stopped, "says": self.says(), "history": list(self.history),
            "chances": [{k: v for k, v in row.items() if k != "chance" or row["trials"]} for row in self.chances],
            "trade_offs": [{"keys": [a, b], "correlation": r} for a, b, r in self.trade_offs()],
            "misfits": [{"summary": a, "observed": b, "low": c, "high": d} for a, b, c, d in self.misfits()],
        }  # fmt: skip

    def says(self) -> list[str]:
        """Return the sentences of the report, beginning with what the record does not tell."""
        lines = []
        if wide := self.as_wide():
            are = "is" if len(wide) == 1 else "are"
            lines.append(f"The record says nothing of {_listed(wide)}: the posterior {are} as wide as the prior.")
        lines += [
            f"{row['key']}: {row['median']:.3g}, with 95% probability from {row['low']:.3g} to {row['high']:.3g}."
            for row in self.rows()
        ]
        lines += [
            f"{a} and {b} cannot be told apart by this record: their correlation is {r:.2f}."
            for a, b, r in self.trade_offs()
        ]
        off = self.misfits()
        lines += [
            f"The fitted model does not bring about the record's {label}: {seen:.4g}, its runs {low:.4g} to {high:.4g}."
            for label, seen, low, high in off[:5]
        ]
        if len(self.predicted) and not off:
            lines.append(f"All {len(self.labels)} summaries of the record lie within 95% of the fitted model's runs.")
        return lines

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FitResult):
            return NotImplemented
        draws = [(one.population.z.tobytes(), one.population.weight.tobytes()) for one in (self, other)]
        return self.to_dict() == other.to_dict() and draws[0] == draws[1]

    def __repr__(self) -> str:
        found = ", ".join(f"{r['key']} {r['median']:.3g} ({r['low']:.3g} to {r['high']:.3g})" for r in self.rows())
        name = self.scenario.scenario.name
        return f"<FitResult of {name!r}: {found}; {self.method}, effective draws {self.ess:,.0f}>"

    def plot(self, kind: str = "posterior") -> Any:
        """Return a figure for display in a notebook: posterior, bands or distance."""
        return shown("plot_fit", self, kind)

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{html.escape(line)}</p>" for line in self.says())
        return f"{self.to_pandas().to_html(index=False, float_format='{:.4g}'.format)}{said}"


def weighted_quantiles(values: Floats, weight: Floats, probabilities: list[float]) -> list[float]:
    """Return quantiles of weighted values, interpolated linearly.

    >>> weighted_quantiles(np.array([1.0, 2.0, 3.0]), np.ones(3), [0.5])
    [2.0]
    """
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weight[order])
    middle = (ends - 0.5 * weight[order]) / ends[-1]
    return [float(x) for x in np.interp(probabilities, middle, values[order])]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
