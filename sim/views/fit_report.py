"""The report of a fit, of its check, or of a comparison of models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.experiments.fit.result import FitResult
from sim.views.figures.fit import FIGURES, recovery
from sim.views.report_parts import Part, slugs, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.experiments.fit.check import CheckResult
    from sim.experiments.fit.compare import Comparison

HOW_EXACT = (
    "The likelihood is exact: who could have been told by whom, and when who adopted, are known. Draws are weighted by "
    "adaptive importance sampling; the effective number of draws is 1 / the sum of squared weights."
)
HOW_ABC = (
    "Sequential ABC: of each generation, the half of the particles nearest to the record is kept; summaries are "
    "projected on what they foretell of the keys, or scaled where models are compared; the last particles are moved to "
    "the record by a local regression."
)


def write_fit_report(found: FitResult | Comparison, folder: str | Path, check: CheckResult | None = None) -> list[Path]:
    """Write report.md, report.html, result.json, draws.csv and the figures into a folder.

    Returns:
        The paths of the files.
    """
    everything = found.to_dict() | ({"check": check.to_dict()} if check else {})
    draws = {f"draws{tail}.csv": _draws(one) for tail, one in _fits(found)}
    files = {"result.json": json.dumps(everything, ensure_ascii=False) + "\n"} | draws
    return write(folder, _parts(found, check), files)


def _fits(found: FitResult | Comparison) -> list[tuple[str, FitResult]]:
    if isinstance(found, FitResult):
        return [("", found)]
    return [(f"-{slug}", one) for slug, one in zip(slugs(found.names), found.fits, strict=True)]


def _draws(found: FitResult) -> str:
    rows = [",".join([*found.keys, "weight"])]
    for values, weight in zip(found.values.tolist(), found.population.weight.tolist(), strict=True):
        rows.append(",".join(f"{x:.12g}" for x in (*values, weight)))
    return "\n".join(rows) + "\n"


def _parts(found: FitResult | Comparison, check: CheckResult | None) -> list[Part]:
    if not isinstance(found, FitResult):
        parts = [Part("Models compared", found.says(), found.rows())]
        for (tail, one), name in zip(_fits(found), found.names, strict=True):
            parts += [Part(name, *_of_fit(one, tail))]
        return parts
    parts = [Part("What explains the record", *_of_fit(found, ""))]
    if found.chances:
        text = ["Chances that the record itself tells, with exact 95% intervals (Clopper and Pearson)."]
        parts.append(Part("Chances, counted", text, found.chances))
    parts.append(Part("How it came about", [f"It ended by: {found.stopped}."], found.history))
    if check is not None:
        parts.append(Part("Known truths, found again", check.says(), check.rows(), {"recovery": recovery(check)}))
    return parts


def _of_fit(found: FitResult, tail: str) -> tuple[list[str], Sequence[Mapping[str, Any]], dict[str, Figure]]:
    lines = [*found.says(), f"The record: {found.record.read_as}.", HOW_ABC if found.why else HOW_EXACT]
    lines += [f"Not by exact likelihood: {found.why}."] if found.why else []
    return lines, found.rows(), {f"{name}{tail}": draw(found) for name, draw in FIGURES.items()}
