"""The command that runs a study, and says how far it is."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.running import OWN_RULES

if TYPE_CHECKING:
    from sim.study.progress import Progress
    from sim.study.sweep import Study

FAILED, INTERRUPTED = 1, 130
VARY = "KEY=START:STOP:NUM or KEY=a,b,c; of sampled designs KEY=LOW:HIGH."


@click.command(name="sweep")
@click.argument("scenario")
@click.option("--vary", metavar="KEY=VALUES", multiple=True, help=VARY)
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help="Change a key in all cells.")
@click.option("--replicates", type=click.IntRange(1), help="Runs of each cell.  [default: the scenario's own]")
@click.option("--measure", "measures", metavar="NAME", multiple=True, help="As total, reached:IDEA, share:PERSON.")
@click.option("--design", help="grid, latin-hypercube, sobol, saltelli or morris.  [default: grid]")
@click.option("--samples", type=click.IntRange(1), help="Points of a sampled design.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Of the first replicate.")
@click.option("--own-luck", is_flag=True, help="Let no two cells share their luck.")
@click.option("--engine", help="auto, agents or kernels; the rows are the same.")
@OWN_RULES
@click.option("--workers", type=click.IntRange(1), help="Runs at the same time.  [default: the processors]")
@click.option("--executor", default="auto", show_default=True, help="auto, threads, processes or dask.")
@click.option("--dask", metavar="ADDRESS", help="local, or a scheduler as tls://HOST:PORT.")
@click.option("--out", metavar="DIR", help="Study folder, in place of results/NAME-HASH; one cut off there goes on.")
@click.option("--resume", is_flag=True, help="Only go on with a study that is there.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first run that fails.")
@click.option("--dry-run", is_flag=True, help="Say how many runs, and what they would take.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def sweep_command(
    scenario: str,
    out: str | None,
    resume: bool,
    workers: int | None,
    executor: str,
    dask: str | None,
    fail_fast: bool,
    dry_run: bool,
    as_json: bool,
    **design: Any,
) -> None:
    """Run SCENARIO (or a study file) over a grid or a sample of its keys, with replicates.

    Rows are kept as they come. The same command goes on where a study was cut off.
    """
    from sim.study.store import ABOUT

    with _one_line():
        study = _study(scenario, **design)
        folder = Path(out) if out else _folder(scenario, study)
        if resume and not (folder / ABOUT).exists():
            raise click.UsageError(f"--resume: there is no study in {folder}")
        if dry_run:
            _tell_prediction(study, workers, as_json)
            return
        if not as_json:
            click.echo(_size(study), err=True)
            if study.agents_begin:
                click.echo("The kernels are being compiled beside; until then the agents run.", err=True)
        _make(study, folder, workers=workers, executor=executor, dask=dask, fail_fast=fail_fast)
        _tell(study, folder, as_json)


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """What is wrong with the input as a usage error."""
    from sim.errors import ScenarioError

    try:
        yield
    except ScenarioError:
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _make(study: Study, folder: Path, **options: Any) -> None:
    from sim.study.progress import RunError

    try:
        with _progress(study.scenario.scenario.name) as told:
            study.make(folder, progress=told, **options)
    except KeyboardInterrupt:
        done = study.done if study.folder else 0
        click.echo(f"shoulders: interrupted; {done:,} of {study.runs:,} runs are kept in {folder}, "
                   "the same command goes on", err=True)  # fmt: skip
        raise SystemExit(INTERRUPTED) from None
    except RunError as error:
        click.echo(f"shoulders: {error}; {study.done:,} of {study.runs:,} runs are kept in {folder}", err=True)
        raise SystemExit(FAILED) from None


def _study(
    scenario: str, vary: tuple[str, ...], changes: tuple[str, ...], measures: tuple[str, ...], own_luck: bool,
    rules_file: str | None, **others: Any,
) -> Study:  # fmt: skip
    """The study of a scenario or study file, with what the flags say in place of what stands there."""
    from sim.cli.running import rules_of, scenario_of
    from sim.study.design import parse_vary
    from sim.study.study_file import is_study, study_arguments
    from sim.study.sweep import Study

    arguments: dict[str, Any] = study_arguments(Path(scenario)) if is_study(Path(scenario)) else {}
    arguments |= {key: value for key, value in others.items() if value is not None}
    path = str(arguments.pop("scenario", scenario))
    if vary:
        pairs = [parse_vary(one, str(arguments.get("design", "grid"))) for one in vary]
        for key, _ in pairs:
            if [other for other, _ in pairs].count(key) > 1:
                raise click.UsageError(f"--vary {key}: is there twice")
        arguments["vary"] = arguments.get("vary", {}) | dict(pairs)
    if measures:
        arguments["measures"] = list(measures)
    if own_luck:
        arguments["common_random_numbers"] = False
    return Study(scenario_of(path, changes)[1], rules=rules_of(rules_file), **arguments)


def _folder(name: str, study: Study) -> Path:
    """Where a study lands: named by its file and a hash of what determines its rows."""
    return Path("results") / f"{Path(name).stem}-study-{study.about()['hash'][:8]}"


def _size(study: Study) -> str:
    return f"{len(study.cells):,} cells x {study.replicates:,} replicates = {study.runs:,} runs"


def _tell(study: Study, folder: Path, as_json: bool) -> None:
    found = study.outcome()
    if as_json:
        about = study.about()
        keys = ("cells", "replicates", "seed", "common_random_numbers", "hash")
        kept = {"design": study.design} | {key: about[key] for key in keys}
        named = {"study": str(folder), "scenario": study.scenario.scenario.name}
        click.echo(json.dumps(named | kept | {"runs": study.runs} | found, ensure_ascii=False))
        return
    for name, values in found["measures"].items():
        text = "mean {mean:,.6g}, from {low:,.6g} to {high:,.6g}".format(**values) if values else "no values"
        click.echo(f"  {name:<24} {text}")
    if found["failed"]:
        click.echo(f"Failed: {found['failed']:,} runs; the first: {found['first_error']}", err=True)
    click.echo(f"Written: {folder}  ({found['done']:,} runs, one a row, in runs/*.parquet)", err=True)


def _tell_prediction(study: Study, workers: int | None, as_json: bool) -> None:
    found = study.predict(workers)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"{_size(study)}, by {found['engine']}; about {_time(found['seconds'])} "
               f"({found['seconds_per_run'] * 1e3:,.3g} ms a run, in a pilot of {found['pilot_runs']}); memory up to "
               f"{found['memory'] / 1e9:,.1f} GB; {found['stored'] / 1e6:,.1f} MB on disk")  # fmt: skip


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[[Progress], None] | None]:
    """A bar with done, failed, rate and the time left on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(name), rate="")

        def told(so_far: Progress) -> None:
            rate = so_far.made / so_far.seconds if so_far.seconds else 0.0
            left = _time((so_far.runs - so_far.done) / rate) if rate else "?"
            failed = f", {so_far.failed:,} failed" if so_far.failed else ""
            text = f"runs{failed}, {rate:,.0f} a second, {left} left"
            bar.update(task, completed=so_far.done, total=so_far.runs, rate=text)

        yield told
