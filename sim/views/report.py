"""The report of the findings on hypotheses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.views.figures.claim import agreement, hypothesis_figure, measured
from sim.views.report_parts import Part, slugs, write
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


def row_of(result: Result) -> tuple[str, ...]:
    """Return the result as the cells of a table with the columns of HEAD."""
    p, corrected = ("exact" if x is None else f"{x:.2g}" for x in (result.p, result.corrected))
    theory = "-" if result.theory is None else signed(result.theory)
    if result.consistent is not None:
        theory = "of the arms" if result.theory is None else theory
        theory += ", agrees" if result.consistent else ", differs"
    return (
        result.name, signed(result.effect), f"{signed(result.low)} to {signed(result.high)}", theory,
        "-" if result.d is None else f"{result.d:.2f}", p, corrected, result.verdict, f"{result.pairs:,}",
        "-" if result.reduction is None else _whole_percent(result.reduction),
        "-" if result.power is None else f"{result.power:.0%}",
    )  # fmt: skip


def _whole_percent(part: float) -> str:
    """Return a fraction in whole per cent; a negative one is reported as added by pairing."""
    whole = round(100.0 * part)
    return f"{whole}%" if whole >= 0 else f"none (it added {-whole}%)"


def signed(x: float) -> str:
    """Return a number that may be negative as text; 0 if it differs from 0 only by rounding.

    >>> signed(-0.25), signed(-1e-17), signed(1234.5)
    ('-0.25', '0', '1,234')
    """
    return "0" if abs(x) < 1e-12 else number(x)


def write_report(findings: Findings, folder: str | Path) -> list[Path]:
    """Write a figure of each result (png and svg), report.md, report.html and hypotheses.json into `folder`.

    Returns:
        The paths of the files.
    """
    rows = [dict(zip(HEAD, row_of(result), strict=True)) for result in findings]
    parts = [Part("Hypotheses, tested", [_verdicts(findings), HOW], rows)]
    for result, slug in zip(findings, slugs(result.name for result in findings), strict=True):
        lines = [f"{measured(result)}: {_found(result)}", *([result.note] if result.note else [])]
        claim = f"{result.claim}:", result.verdict, f"{agreement(result)}."
        parts.append(Part(result.name, lines, figures={slug: hypothesis_figure(result)}, claim=claim))
    return write(folder, parts, {"hypotheses.json": findings.to_json() + "\n"})


def _verdicts(findings: Findings) -> str:
    counts = {word: sum(r.verdict == word for r in findings) for word in ("supported", "refuted", "undecided")}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    theory = [r.consistent for r in findings if r.consistent is not None]
    holds = sum(bool(r.holds) for r in findings)
    said = f"{len(findings)} claim{'s' * (len(findings) != 1)}: {told}."
    if theory:
        said += f" Of {len(theory)} with a theory {sum(theory)} do not contradict it; to 1% it holds for {holds}."
    return said


def _found(result: Result) -> str:
    interval = f"{signed(result.effect)} (95% interval {signed(result.low)} to {signed(result.high)})"
    if result.exact:
        return f"{signed(result.effect)} in theory and in all {result.pairs:,} pairs" if result.consistent else interval
    precise = "" if result.precise else "; the pairs came to an end before the interval was as narrow as asked for"
    return f"{interval} from {result.pairs:,} pairs in {result.looks} look{'s' * (result.looks != 1)}{precise}."
