"""A fit, its check and the comparison of models as a report that stands alone: Markdown beside figures, and HTML."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.experiments.fit.result import FitResult
from sim.machine.folders import write_whole
from sim.views.figures.fit import FIGURES, recovery
from sim.views.figures.save import save
from sim.views.report import STYLE, _cell, slugs

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
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass
class Part:
    """A section of the report: sentences, a table, figures by name."""

    title: str
    lines: list[str]
    rows: Sequence[Mapping[str, Any]] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)


def write_fit_report(found: FitResult | Comparison, folder: str | Path, check: CheckResult | None = None) -> list[Path]:
    """Write report.md, report.html, fit-result.json, draws.csv and the figures into a folder.

    Returns:
        The paths of the files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = _parts(found, check)
    written, pictures = [], {}
    for part in parts:
        for name, figure in part.figures.items():
            written += [save(figure, folder / f"{name}.{kind}") for kind in ("png", "svg")]
            pictures[name] = written[-2].read_bytes()
    everything = found.to_dict() | ({"check": check.to_dict()} if check else {})
    for name, text in (
        ("report.md", markdown(parts)),
        ("report.html", page(parts, pictures)),
        ("result.json", json.dumps(everything, ensure_ascii=False) + "\n"),
        *((f"draws{tail}.csv", _draws(one)) for tail, one in _fits(found)),
    ):
        write_whole(folder / name, text.encode())
        written.append(folder / name)
    return written


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


def _printed(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def markdown(parts: Sequence[Part]) -> str:
    """Return the report in Markdown; the figures lie beside it."""
    lines = []
    for level, part in enumerate(parts):
        lines += [f"{'#' if level == 0 else '##'} {_cell(part.title)}", ""]
        for line in part.lines:
            lines += [_cell(line), ""]
        if part.rows:
            lines += ["| " + " | ".join(map(_cell, part.rows[0])) + " |", "|" + "---|" * len(part.rows[0])]
            lines += ["| " + " | ".join(_cell(_printed(v)) for v in row.values()) + " |" for row in part.rows]
            lines.append("")
        for name in part.figures:
            lines += [f"![{name}]({name}.png)", ""]
    return "\n".join(lines)


def page(parts: Sequence[Part], pictures: Mapping[str, bytes]) -> str:
    """Return the report as one page of HTML that asks the network for nothing."""
    body = ""
    for level, part in enumerate(parts):
        size = 1 if level == 0 else 2
        body += f"<h{size}>{html.escape(part.title)}</h{size}>"
        body += "".join(f"<p>{html.escape(line)}</p>" for line in part.lines)
        if part.rows:
            head = "".join(f"<th>{html.escape(name)}</th>" for name in part.rows[0])
            cells = (
                f"<tr>{''.join(f'<td>{html.escape(_printed(v))}</td>' for v in row.values())}</tr>" for row in part.rows
            )
            body += f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(cells)}</tbody></table>"
        for name in part.figures:
            data = base64.b64encode(pictures[name]).decode("ascii")
            body += f'<img alt="{html.escape(name)}" src="data:image/png;base64,{data}">'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Fit</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
