"""The command that runs a study, and reports its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.arguments import folder_of, rules_of, scenario_of, usage
from sim.cli.options import AS_JSON, CHANGES, ENGINES, OWN_RULES, SHARED_OUT, Names, ScenarioName, Setting
from sim.errors import RunError
from sim.machine.records import known, many
from sim.machine.terminal import progress_bar, say, show, show_json

if TYPE_CHECKING:
    from sim.study.progress import Progress
    from sim.study.study import Study

DESIGNS = ("grid", "latin-hypercube", "sobol", "saltelli", "morris")
VARY = "KEY=START:STOP:NUM or KEY=a,b,c; of sampled designs KEY=LOW:HIGH."


@click.command(name="sweep")
@click.argument("scenario", type=ScenarioName())
@click.option("--vary", metavar="KEY=VALUES", multiple=True, type=Setting(), help=VARY)
@CHANGES
@click.option("--replicates", type=click.IntRange(1), help="Runs of each cell.  [default: the scenario's own]")
@click.option("--measure", "measures", metavar="NAME", multiple=True, help="As total, reached:IDEA, share:PERSON, or "
              "module:function for code of your own.")  # fmt: skip
@click.option("--design", type=Names(*DESIGNS), metavar="NAME", help=f"{', '.join(DESIGNS)}.  [default: grid]")
@click.option("--samples", type=click.IntRange(1), help="Points of a sampled design.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of the first replicate.")
@click.option("--own-seeds", is_flag=True, help="Give every cell seeds of its own, so that no two cells are paired.")
@click.option("--engine", type=Names(*ENGINES), metavar="NAME", help="auto, agents or kernels; the rows are the same.")
@OWN_RULES
@SHARED_OUT
@click.option("--out", metavar="DIR", help="Study folder, in place of results/NAME-HASH; one that was cut off goes on.")
@click.option("--resume", is_flag=True, help="Only go on with a study that is there.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first run that fails.")
@click.option("--dry-run", is_flag=True, help="Say how many runs there are, and what they would take.")
@AS_JSON
def sweep_command(
    scenario: str, out: str | None, resume: bool, workers: int | None, executor: str, dask: str | None,
    fail_fast: bool, dry_run: bool, as_json: bool, **design: Any,
) -> None:  # fmt: skip
    """Run SCENARIO (or a study file) over a grid or a sample of its keys, with replicates.

    Rows are kept as they come. The same command resumes a study that was cut off, and tries failed runs again.
    """
    from sim.study.store import ABOUT

    with usage():
        study = _study(scenario, **design)
        name = f"{Path(scenario).stem}-study"
        folder = folder_of(out, lambda: Path("results") / f"{name}-{study.about()['hash'][:8]}", lambda _: "")
        if resume and not (folder / ABOUT).exists():
            raise click.UsageError(f"--resume: there is no study in {folder}")
        if dry_run:
            _show_prediction(study, workers, as_json)
            return
        if not as_json:
            say(_size(study))
            if study.agents_begin:
                say("The kernels are being compiled meanwhile; until then the agents run.")
        with _progress(study.scenario.scenario.name) as tick:
            study.make(folder, progress=tick, workers=workers, executor=executor, dask=dask, fail_fast=fail_fast)
        _show(study, folder, as_json)


def _study(
    scenario: str, vary: tuple[str, ...], changes: tuple[str, ...], measures: tuple[str, ...], own_seeds: bool,
    rules_file: str | None, **others: Any,
) -> Study:  # fmt: skip
    """Return the study of a scenario or a study file, where options take precedence over the file."""
    from sim.scenario.bundled import located
    from sim.study.design import parse_vary
    from sim.study.study import Study
    from sim.study.study_file import is_study, study_arguments

    arguments: dict[str, Any] = study_arguments(located(scenario)) if is_study(located(scenario)) else {}
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
    if own_seeds:
        arguments["common_random_numbers"] = False
    return Study(scenario_of(path, changes)[1], rules=rules_of(rules_file), **arguments)


def _size(study: Study) -> str:
    return f"{many(len(study.cells), 'cell')} x {many(study.replicates, 'replicate')} = {many(study.runs, 'run')}"


def _show(study: Study, folder: Path, as_json: bool) -> None:
    found = study.outcome()
    if as_json:
        spread = {
            name: {key: known(x) for key, x in (of or {}).items()} or None for name, of in found["measures"].items()
        }
        about = study.about()
        keys = ("cells", "replicates", "seed", "common_random_numbers", "hash")
        kept = {"design": study.design} | {key: about[key] for key in keys}
        named = {"study": str(folder), "scenario": study.scenario.scenario.name}
        show_json(named | kept | {"runs": study.runs} | found | {"measures": spread})
    else:
        for name, values in found["measures"].items():
            text = "mean {mean:,.6g}, from {low:,.6g} to {high:,.6g}".format(**values) if values else "no values"
            show(f"  {name:<24} {text}")
        if failed := found["failed"]:
            first = found["first_error"]
            say(f"Failed: {many(failed, 'run')}, which the same command tries again; the first: {first}")
        say(f"Written: {folder}  ({many(found['done'], 'run')}, one a row, in runs/*.parquet)")
    if 0 < found["failed"] == found["done"]:
        raise RunError(f"all runs failed, the first: {found['first_error']}")


def _show_prediction(study: Study, workers: int | None, as_json: bool) -> None:
    found = study.predict(workers)
    if as_json:
        show_json(found)
        return
    show(f"{_size(study)}, by {found['engine']}; about {_time(found['seconds'])} "
         f"({found['seconds_per_run'] * 1e3:,.3g} ms a run, in a pilot of {found['pilot_runs']}); memory up to "
         f"{found['memory'] / 1e9:,.1f} GB; {found['stored'] / 1e6:,.1f} MB on disk")  # fmt: skip


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


@contextmanager
def _progress(name: str) -> Iterator[Callable[[Progress], None] | None]:
    """Show a bar with the runs done and failed, and the rate, if standard error is a terminal."""
    with progress_bar(name) as tick:
        if tick is None:
            yield None
            return

        def told(so_far: Progress) -> None:
            rate = so_far.made / so_far.seconds if so_far.seconds else 0.0
            failed = f", {so_far.failed:,} failed" if so_far.failed else ""
            tick(so_far.done, so_far.runs, f"runs{failed}, {rate:,.0f} a second")

        yield told
