"""The command that tests hypotheses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.running import OWN_RULES, rules_of
from sim.scenario.bundled import bundled

if TYPE_CHECKING:
    from sim.experiments.hypotheses.run import Findings

OURS = "hypotheses.json"  # what a folder holds that may be written again


@click.command(name="test")
@click.argument("files", metavar="HYPOTHESES.toml...", nargs=-1, required=True)
@click.option("--out", metavar="DIR", help="Write figures, report.md and a report.html that stands alone.")
@click.option("--engine", default="auto", show_default=True, help="auto, agents or kernels; the result is the same.")
@click.option("--threads", type=click.IntRange(1), help="Runs at the same time; the result is the same.")
@OWN_RULES
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def test_command(
    files: tuple[str, ...], out: str | None, engine: str, threads: int | None, rules_file: str | None, as_json: bool
) -> None:
    """Test the claims of HYPOTHESES.toml: effect, interval, corrected p, verdict, and whether theory agrees.

    The claims of several files are one family. A folder stands for the .toml files in it.
    """
    _refuse_foreign(out)
    from sim.experiments.hypotheses.run import test_hypotheses

    try:
        findings = test_hypotheses(
            _files(files), engine=engine, threads=threads, rules=rules_of(rules_file), progress=_progress()
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
    if out is not None:
        from sim.views.report import write_report

        write_report(findings, out)
        click.echo(f"Written: {Path(out) / 'report.html'}", err=True)
    if as_json:
        click.echo(json.dumps(findings.to_dict(), ensure_ascii=False))
        return
    _print(findings)


@click.command(name="notebook-curve")
@click.option(
    "-o", "--output", metavar="FILE", default="notebook_curve.png", show_default=True, help=".png, .svg or .pdf"
)
@click.option("--pairs", type=click.IntRange(2), default=400, show_default=True, help="Histories behind each point.")
@click.option("--threads", type=click.IntRange(1), help="Runs at the same time; the result is the same.")
def notebook_command(output: str, pairs: int, threads: int | None) -> None:
    """Draw what the genius's notebook is worth, by when it is found: by lineage, knockout, person PageRank, theory."""
    path = Path(output)
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise click.UsageError(f"-o {output}: no figure format '{path.suffix[1:]}'; allowed: png, svg, pdf")
    if not path.parent.is_dir():
        raise click.UsageError(f"-o {output}: no such folder as {path.parent}")
    from sim.experiments.notebook import notebook_curve
    from sim.views.figures.notebook_curve import notebook_figure
    from sim.views.figures.save import save

    save(notebook_figure(notebook_curve(pairs=pairs, threads=threads)), path)
    click.echo(f"Written: {output}", err=True)


def _files(given: tuple[str, ...]) -> list[Path]:
    found: list[Path] = []
    for name in given:
        path = Path(name)
        if path.is_dir():
            inside = sorted(path.glob("*.toml"))
            if not inside:
                raise click.UsageError(f"{name}: a folder without any .toml file")
            found += inside
        else:
            found.append(path if path.exists() or path.name != name else bundled(name, "hypotheses") or path)
    return found


def _refuse_foreign(out: str | None) -> None:
    """Say before the work, not after it, that a folder cannot be written."""
    if out is None or not Path(out).exists():
        return
    folder = Path(out)
    if not folder.is_dir():
        raise click.UsageError(f"--out {out}: is no folder")
    if any(folder.iterdir()) and not (folder / OURS).is_file():
        raise click.UsageError(f"--out {out}: holds other files; choose an empty or a new folder")


def _progress() -> Callable[[str, int, int], None] | None:
    """Tell on a terminal which claim is at work, in one line that is written again."""
    if not sys.stderr.isatty():
        return None
    return lambda name, pairs, _: click.echo(f"\r\033[K{_printable(name)}: {pairs:,} pairs", err=True, nl=False)


def _print(findings: Findings) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sim.views.report import HEAD, row_of

    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else 190)
    table = Table(box=box.SIMPLE_HEAD if terminal else box.ASCII2)
    for column, name in enumerate(HEAD):
        table.add_column(name, justify="right" if column else "left", no_wrap=not terminal)
    for result in findings:
        table.add_row(*(Text(_printable(cell)) for cell in row_of(result)))
    console.print(table)
    for result in findings:
        console.print(Text(_printable(f"{result.name}: {result.claim}")), soft_wrap=True)


def _printable(text: str) -> str:
    """Text without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
