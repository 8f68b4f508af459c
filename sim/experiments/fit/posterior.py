"""Credit under a posterior: shares and knockouts with the uncertainty of the fitted parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sim.accounts.account import credit
from sim.accounts.table import CreditTable
from sim.experiments.fit.likelihood import Likelihood
from sim.experiments.fit.many import run_many
from sim.experiments.fit.result import EXACT, FitResult
from sim.experiments.knockout import KnockoutTable, knockout
from sim.tape.tables import DISCOVER, LEARN, Events, Influences, Realised
from sim.tape.tape import Tape


def credit_of(
    found: FitResult, method: str = "role-flow", *, draws: int = 200, confidence: float = 0.95,
    own_seeds: bool = True, threads: int | None = None, **settings: Any,
) -> CreditTable:  # fmt: skip
    """Return the credit of every person with intervals over the posterior.

    If the record says who adopted when but not from whom, and the likelihood is exact, it is the record's credit: from
    the most likely lineages at the medians, with intervals from lineages drawn given the record and each draw.
    Otherwise it is the credit of the fitted world: from a run at the medians, with intervals from runs at each draw.

    Args:
        found: a fit. method, confidence, settings: as in `sim.credit`.
        draws: of the posterior.
        own_seeds: whether each run has a seed of its own; if not, all share one, and only the keys differ.
        threads: how many runs are made at the same time; the table is the same.
    """
    cells = found.draws(draws, 1)
    if found.method == EXACT and found.record.kind == "adoptions":
        likelihood = Likelihood(found.scenario, found.record)
        base = completed(found, likelihood, found.best(), None)
        tapes = [
            completed(found, likelihood, cell, np.random.default_rng([found.seed, 2, k]))
            for k, cell in enumerate(cells)
        ]
        means = "lineages drawn given the record and the posterior"
    else:
        seeds = np.random.default_rng([found.seed, 3]).integers(2**63, size=draws).tolist()
        seeds = seeds if own_seeds else [found.seed] * draws
        runner = replace(found.runner, threads=threads)
        base, *tapes = run_many(found.scenario, [found.best(), *cells], [found.seed, *seeds], runner)
        means = "runs drawn from the posterior"
    table = credit(base, method, intervals=tapes, confidence=confidence, **settings)
    return table if table.sure is None else replace(table, sure=replace(table.sure, means=means))


def completed(found: FitResult, likelihood: Likelihood, cell: Any, rng: np.random.Generator | None) -> Tape:
    """Return the record with tellers drawn (or the most likely, without rng); each learning realises a value of 1."""
    persons = likelihood.world.persons
    rows = likelihood.causes(cell, rng)
    event = {(idea, person): k for k, (_, idea, person, _) in enumerate(rows)}
    told = [(k, event[idea, by]) for k, (_, idea, _, by) in enumerate(rows) if by >= 0]
    child, parent = np.array(told, np.int64).reshape(-1, 2).T
    step, idea, person, _ = map(np.array, zip(*rows, strict=True))
    kinds = np.array([LEARN if by >= 0 else DISCOVER for *_, by in rows])
    return Tape(
        Events(step, kinds, person, idea, np.ones(len(rows), np.int64)), Influences(child, parent, np.ones(len(child))),
        Realised(child, np.full(len(child), -1), np.ones(len(child))), persons, likelihood.world.ideas.name,
        found.record.steps, likelihood.world.size, provenance={"credit": found.scenario.credit.model_dump()},
    )  # fmt: skip


def knockout_of(
    found: FitResult, without: Sequence[str] | None = None, part: str = "person", *, draws: int = 100,
    confidence: float = 0.95, threads: int | None = None,
) -> KnockoutTable:  # fmt: skip
    """Return the loss without each person, under the posterior of the parameters.

    Each draw of the posterior is a pair of worlds, with and without the person, and has a seed of its own. The
    interval is that of the losses, from chance and parameters together, not of their mean.

    Args:
        found: a fit. without, part: as in `sim.knockout`. draws: of the posterior. confidence: of the intervals.
        threads: how many runs are made at the same time; the table is the same.
    """
    seeds = np.random.default_rng([found.seed, 4]).integers(2**63, size=draws).tolist()
    own = found.runner.settled(found.scenario, 2 * draws)
    tables = [
        knockout(found.scenario.replace(cell), without, part, seeds=[seed], engine=own.engine, threads=threads,
                 rules=own.rules, person_class=own.person_class)
        for cell, seed in zip(found.draws(draws, 4), seeds, strict=True)
    ]  # fmt: skip
    lost = np.concatenate([table.lost for table in tables], axis=1)
    raw, tail = lost.mean(axis=1), (1.0 - confidence) / 2.0
    low, high = np.quantile(lost, [tail, 1.0 - tail], axis=1)
    total = float(raw.sum())
    return replace(
        tables[0], seeds=tuple(seeds), confidence=confidence, lost=lost, raw=raw, low=low, high=high,
        value=np.concatenate([table.value for table in tables]), error=lost.std(axis=1, ddof=1) / np.sqrt(draws),
        normalised=raw / total if total else np.full(len(raw), np.nan),
    )  # fmt: skip
