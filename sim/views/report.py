"""Reports of the findings on hypotheses: Markdown beside its figures, or one page of HTML that stands alone."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.machine.folders import write_whole
from sim.views.figures.claim import agreement, hypothesis_figure, measured
from sim.views.figures.save import save
from sim.views.style import number

if TYPE_CHECKING:
    from sim.experiments.hypotheses.run import Findings
    from sim.experiments.hypotheses.verdict import Result

HEAD = (
    "", "effect", "95% interval", "theory says", "effect in standard deviations", "p", "corrected p", "verdict",
    "pairs of runs", "variance that pairing removed", "power",
)  # fmt: skip
HOW = (
    "The effect is the mean over pairs of runs with the same random stream; its interval is a bootstrap (BCa) at a "
    "level that allows for every look at the pairs (Lan-DeMets spending, Pocock type). p is that of flipping the signs "
    "of the pairs, or of two one-sided t tests where the claim is no effect, over all looks; it is corrected by Holm "
    "over the confirmatory claims, and by Benjamini and Hochberg over a sweep. A theory agrees if neither the effect "
    "nor any arm is apart from it (t tests, Holm). The variance that pairing removed is compared with runs that are "
    "not paired. The power is that for an effect as theory says it, or of 0.2 standard deviations, or that of an "
    "equivalence. Exact: chance plays no part, and every pair must be what the theory says."
)
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}"
    "th,td{border-bottom:1px solid #d9d9d9;padding:.25rem .5rem;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}img{max-width:100%}.supported{color:#007a55}"
    ".refuted{color:#b34700}.undecided,small{color:#6b6b6b}"
)


def row_of(result: Result) -> tuple[str, ...]:
    """Return the result as cells of a table, those of HEAD."""
    p, corrected = ("exact" if x is None else f"{x:.2g}" for x in (result.p, result.corrected))
    theory = "-" if result.theory is None else signed(result.theory)
    if result.consistent is not None:
        theory = (theory if result.theory is not None else "of the arms") + (
            ", agrees" if result.consistent else ", differs"
        )
    return (
        result.name, signed(result.effect), f"{signed(result.low)} to {signed(result.high)}", theory,
        "-" if result.d is None else f"{result.d:.2f}", p, corrected, result.verdict, f"{result.pairs:,}",
        "-" if result.reduction is None else _whole_percent(result.reduction),
        "-" if result.power is None else f"{result.power:.0%}",
    )  # fmt: skip


def _whole_percent(part: float) -> str:
    """Return a part in whole per cent; what pairing did not remove, but added, is said to be so."""
    whole = round(100.0 * part)
    return f"{whole}%" if whole >= 0 else f"none (it added {-whole}%)"


def signed(x: float) -> str:
    """Return a number that may be negative, in print; 0 where it differs from 0 by rounding.

    >>> signed(-0.25), signed(-1e-17), signed(1234.5)
    ('-0.25', '0', '1,234')
    """
    return "0" if abs(x) < 1e-12 else number(x)


def write_report(findings: Findings, folder: str | Path) -> list[Path]:
    """Write a figure of each result (png and svg), report.md, report.html and hypotheses.json into `folder`.

    Returns:
        The paths of the files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written, pictures = [], {}
    for result, slug in zip(findings, slugs(result.name for result in findings), strict=True):
        figure = hypothesis_figure(result)
        written += [save(figure, folder / f"{slug}.{kind}") for kind in ("png", "svg")]
        pictures[slug] = written[-2].read_bytes()
    for name, text in (
        ("report.md", markdown(findings)),
        ("report.html", page(findings, pictures)),
        ("hypotheses.json", findings.to_json() + "\n"),
    ):
        write_whole(folder / name, text.encode())
        written.append(folder / name)
    return written


def slugs(names: Iterable[str]) -> list[str]:
    """Return file names made of names, no two alike.

    >>> slugs(["1a shift", "../1a shift", "?"])
    ['1a-shift', '1a-shift-2', 'hypothesis']
    """
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "hypothesis"
        again = 2
        slug = plain
        while slug in found:
            slug, again = f"{plain}-{again}", again + 1
        found.append(slug)
    return found


def markdown(findings: Findings) -> str:
    """Return the report in Markdown; the figures lie beside it."""
    lines = ["# Hypotheses, tested", "", _verdicts(findings), "", HOW, ""]
    lines += ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(map(_cell, row_of(result))) + " |" for result in findings]
    for result, slug in zip(findings, slugs(result.name for result in findings), strict=True):
        lines += [
            "",
            f"## {_cell(result.name)}",
            "",
            f"{_cell(result.claim)}: **{result.verdict}**{agreement(result)}.",
        ]
        lines += ["", f"{_cell(measured(result))}: {_found(result)}"]
        lines += ["", _cell(result.note)] if result.note else []
        lines += ["", f"![{_cell(result.name)}]({slug}.png)"]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Return a text in which no sign means anything to Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]|#<>&])", r"\\\1", " ".join(text.split()))


def page(findings: Findings, pictures: dict[str, bytes]) -> str:
    """Return the report as one page of HTML that needs no network; its figures are PNG images, by slug."""
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row_of(r))}</tr>" for r in findings)
    parts = []
    for result, slug in zip(findings, slugs(result.name for result in findings), strict=True):
        data = base64.b64encode(pictures[slug]).decode("ascii")
        note = f"<p>{html.escape(result.note)}</p>" if result.note else ""
        parts.append(
            f"<h2>{html.escape(result.name)}</h2><p>{html.escape(result.claim)}: "
            f'<b class="{result.verdict}">{result.verdict}</b>{agreement(result)}.</p>'
            f"<p>{html.escape(measured(result))}: {html.escape(_found(result))}</p>{note}"
            f'<img alt="{html.escape(result.name)}" src="data:image/png;base64,{data}">'
        )
    head = "".join(f"<th>{cell}</th>" for cell in HEAD)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Hypotheses, tested</title><style>{STYLE}</style></head><body><h1>Hypotheses, tested</h1>"
        f"<p>{html.escape(_verdicts(findings))}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p><small>{html.escape(HOW)}</small></p>{''.join(parts)}</body></html>\n"
    )


def _verdicts(findings: Findings) -> str:
    counts = {word: sum(r.verdict == word for r in findings) for word in ("supported", "refuted", "undecided")}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    theory = [r.consistent for r in findings if r.consistent is not None]
    holds = sum(bool(r.holds) for r in findings)
    agree = (
        f" Of {len(theory)} with a theory {sum(theory)} do not contradict it; to 1% it holds for {holds}."
        if theory
        else ""
    )
    return f"{len(findings)} claim{'s' * (len(findings) != 1)}: {told}.{agree}"


def _found(result: Result) -> str:
    interval = f"{signed(result.effect)} (95% interval {signed(result.low)} to {signed(result.high)})"
    if result.exact:
        return f"{signed(result.effect)} in theory and in all {result.pairs:,} pairs" if result.consistent else interval
    precise = "" if result.precise else "; the pairs came to an end before the interval was as narrow as asked for"
    return f"{interval} from {result.pairs:,} pairs in {result.looks} look{'s' * (result.looks != 1)}{precise}."
