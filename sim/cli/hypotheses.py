"""The commands that test hypotheses and draw the notebook curve."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.arguments import folder_of, rules_of, target_of, usage, why_not_ours
from sim.cli.options import AS_JSON, ENGINE, FIGURES, OWN_RULES, THREADS, any_file
from sim.machine.terminal import progress_bar, say, show, show_grid, show_json
from sim.scenario.bundled import FOLDER, located


@click.command(name="test")
@click.argument("files", metavar="HYPOTHESES.toml...", nargs=-1, required=True, shell_complete=any_file)
@click.option("--out", metavar="DIR", help="Write figures, report.md and a report.html that stands alone.")
@ENGINE
@THREADS
@OWN_RULES
@AS_JSON
def test_command(
    files: tuple[str, ...], out: str | None, engine: str, threads: int | None, rules_file: str | None, as_json: bool
) -> None:
    """Test the claims of HYPOTHESES.toml: effect, interval, corrected p, verdict, and whether theory agrees.

    The claims of several files are one family. A folder stands for the .toml files in it.
    """
    folder = None if out is None else folder_of(out, Path, why_not_ours("hypotheses.json"))
    from sim.experiments.hypotheses.run import test_hypotheses

    rules = rules_of(rules_file)
    with usage(), progress_bar("Testing", "pairs") as tick:
        told = None if tick is None else lambda name, pairs, most: tick(pairs, most, f"pairs of {name}")
        findings = test_hypotheses(_files(files), engine=engine, threads=threads, rules=rules, progress=told)
    if folder is not None:
        from sim.views.report import write_report

        write_report(findings, folder)
        say(f"Written: {folder / 'report.html'}")
    if as_json:
        show_json(findings.to_dict())
        return
    from sim.views.report import HEAD, row_of

    show_grid(HEAD, [row_of(result) for result in findings])
    for result in findings:
        show(f"{result.name}: {result.claim}")


@click.command(name="notebook-curve")
@click.option("-o", "--output", metavar="FILE", default="notebook_curve.png", show_default=True,
              help=".png, .svg or .pdf")  # fmt: skip
@click.option("--pairs", type=click.IntRange(2), default=400, show_default=True, help="Runs behind each point.")
@THREADS
def notebook_command(output: str, pairs: int, threads: int | None) -> None:
    """Draw the value of the genius's notebook by when it is found: by lineage, knockout, person PageRank, theory."""
    path = target_of(output, FIGURES, "figure")
    from sim.experiments.notebook import notebook_curve
    from sim.views.figures.notebook_curve import notebook_figure
    from sim.views.figures.save import save

    with progress_bar("The notebook's value", "measures") as tick:
        curve = notebook_curve(pairs=pairs, threads=threads, progress=tick)
    save(notebook_figure(curve), path)
    say(f"Written: {output}")


def _files(given: tuple[str, ...]) -> list[Path]:
    found: list[Path] = []
    for name in given:
        path = Path(name)
        if not path.exists() and path.parts in (("hypotheses",), ("scenarios", "hypotheses")):
            path = FOLDER / "hypotheses"
        inside = sorted(path.glob("*.toml")) if path.is_dir() else [located(name, "hypotheses")]
        if not inside:
            raise click.UsageError(f"{name}: a folder without any .toml file")
        found += inside
    return found
