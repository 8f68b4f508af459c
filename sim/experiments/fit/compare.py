"""A comparison of models: the posterior odds that each made a record.

If all have an exact likelihood, the evidence of each comes from the importance weights of its fit. Otherwise it is the
chance that a run drawn from the model's prior is within a tolerance of the record that all models have reached, in a
distance that is the same for all: every summary scaled by its spread over the prior runs of all models together. This
chance is the mean over all particles ever drawn of their weights, counting 0 for runs outside the tolerance. Such odds
are conditional on the summaries, which need not hold all that the record tells (Robert et al. 2011).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.engines import Rules
from sim.experiments.fit.abc import Drawn, Generation, first_of, scaled
from sim.experiments.fit.priors import Prior
from sim.experiments.fit.result import APPROXIMATE, EXACT, FitResult
from sim.experiments.fit.run import exactly, generations, result_of, with_predictions
from sim.experiments.fit.worker import Settings, Worker
from sim.experiments.tabular import Tabular
from sim.machine.records import known
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats

STRENGTH = ((math.log(100), "decisive"), (math.log(30), "very strong"), (math.log(10), "strong"),
            (math.log(3), "substantial"), (0.0, "not worth more than a bare mention"))  # fmt: skip  # Jeffreys 1961


@dataclass(frozen=True, eq=False)
class Comparison(Tabular):
    """Models side by side.

    Attributes:
        names: of the models. fits: of each. method: EXACT or APPROXIMATE.
        log_evidence: of each, up to a common constant; error: its Monte Carlo standard error.
        tolerance: of ABC; nan for exact likelihoods.
    """

    names: tuple[str, ...]
    fits: tuple[FitResult, ...]
    method: str
    log_evidence: Floats
    error: Floats
    tolerance: float

    @property
    def probability(self) -> Floats:
        """The posterior probability of each model, if all are equally probable a priori."""
        odds = np.exp(self.log_evidence - self.log_evidence.max())
        return np.asarray(odds / odds.sum())

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per model: probability, log_evidence, error."""
        columns = (self.probability.tolist(), self.log_evidence.tolist(), self.error.tolist())
        return [
            {"model": name, "probability": p, "log_evidence": z, "error": e}
            for name, p, z, e in zip(self.names, *columns, strict=True)
        ]

    def says(self) -> list[str]:
        """Return sentences that say which model is the more probable, by how much, and how certain that is."""
        order = np.argsort(-self.log_evidence, kind="stable")
        first, second = order[:2].tolist()
        apart = float(self.log_evidence[first] - self.log_evidence[second])
        error = float(np.hypot(self.error[first], self.error[second]))
        strength = next(word for least, word in STRENGTH if apart >= least)
        lines = [
            f"{self.names[first]} is {math.exp(min(apart, 700.0)):.3g} times as probable as {self.names[second]} "
            f"(log odds {apart:.2f}, Monte Carlo error {error:.2g}): evidence that is {strength} (Jeffreys)."
        ]
        if self.method == APPROXIMATE:
            lines.append(f"These are odds given the summaries alone, within the tolerance {self.tolerance:.3g}.")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the draws as plain values."""
        return {
            "method": self.method, "tolerance": known(self.tolerance),
            "models": [row | {"fit": one.to_dict()} for row, one in zip(self.rows(), self.fits, strict=True)],
            "says": self.says(),
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<Comparison: {self.says()[0]}>"


def compare_models(
    models: Mapping[str, Scenario | str | Path], record: Any,
    vary: Mapping[str, str | Prior] | Sequence[Mapping[str, str | Prior]], *,
    rules: Rules | Sequence[Rules | None] | None = None, **settings: Any,
) -> Comparison:  # fmt: skip
    """Return the posterior odds of models given a record.

    Args:
        models: name -> scenario, two or more.
        record: as in `fit`.
        vary: the priors of all models, or one mapping per model.
        rules: of one's own, as in `fit`, for all models, or one mapping (or None) per model.
        **settings: the other arguments of `fit`, except `out`; `runs` is per model.
    """
    if len(models) < 2:
        raise ValueError("models: must be two or more")
    keys, own = _for_each("vary", vary, len(models)), _for_each("rules", rules, len(models))
    names = tuple(models)
    seed = Scenario.of(models[names[0]]).scenario.seed
    workers: list[Worker] = []
    for one, some, mine in zip(models.values(), keys, own, strict=True):
        compared = workers[0].record if workers else None
        workers.append(Worker(one, record, some, Settings(**settings, rules=mine), seed=seed, compared=compared))
    reasons = [worker.why for worker in workers if worker.why]
    if not reasons:
        fits = tuple(with_predictions(exactly(worker), worker) for worker in workers)
        evidence, error = np.array([[one.population.log_evidence, one.population.error] for one in fits]).T
        return Comparison(names, fits, EXACT, evidence, error, math.nan)
    seen = workers[0].observed
    with ExitStack() as stack:
        for worker in workers:
            worker.why = reasons[0]
            stack.enter_context(worker.shared())
        starts = [first_of(worker, len(worker.priors), worker.how.first, worker.seed) for worker in workers]
        plain = scaled(np.concatenate([drawn.summaries for drawn in starts]))
        courses = [_course(worker, drawn, lambda *_: plain) for worker, drawn in zip(workers, starts, strict=True)]
    tolerance = max(found[-1].tolerance for found, _ in courses)
    evidence, error = np.array([_evidence(drawn, plain(drawn.summaries, seen), tolerance) for _, drawn in courses]).T
    results = (result_of(worker, found) for worker, (found, _) in zip(workers, courses, strict=True))
    fits = tuple(with_predictions(found, worker) for found, worker in zip(results, workers, strict=True))
    return Comparison(names, fits, APPROXIMATE, evidence, error, tolerance)


def _for_each(name: str, given: Any, models: int) -> list[Any]:
    """Return a value per model: the one given for all, or each of a sequence."""
    found = [given] * models if given is None or isinstance(given, Mapping) else list(given)
    if len(found) != models:
        raise ValueError(f"{name}: {len(found)} mappings for {models} models")
    return found


def _course(worker: Worker, first: Drawn, measure: Any) -> tuple[list[Generation], Drawn]:
    """Return the generations of a model, and all particles ever drawn, at any distance."""
    ever = []

    def noted(number: int, make: Callable[[], Drawn]) -> Drawn:
        ever.append(make() if number else first)
        return ever[-1]

    found = generations(worker, worker.observed, worker.seed, measure=measure, store=noted)
    return found, Drawn(*(np.concatenate(columns) for columns in zip(*map(astuple, ever), strict=True)))


def _evidence(drawn: Drawn, far: Floats, tolerance: float) -> tuple[float, float]:
    """Return the log of the chance to be within a tolerance, and its standard error."""
    inside = drawn.weight * (far <= tolerance)
    return math.log(inside.mean()), float(inside.std(ddof=1) / inside.mean() / math.sqrt(len(inside)))
