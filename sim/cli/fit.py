"""The command that fits a scenario to a record."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.arguments import AS_JSON, CHANGES, SEED, THREADS, scenario_of
from sim.machine.terminal import progress_bar, say, show, show_json

if TYPE_CHECKING:
    from sim.experiments.fit.compare import Comparison
    from sim.experiments.fit.result import FitResult


@click.command(name="fit")
@click.argument("scenario")
@click.option("--to", "record", metavar="RECORD", required=True,
              help="A log, a run's or a study's folder, or a CSV file: time,count (so far), time,new, or person,time.",
              )  # fmt: skip
@click.option("--vary", metavar="KEY=PRIOR", multiple=True, required=True,
              help="A key and its prior, as 'dynamics.abandon_rate=beta(2, 5)'.")  # fmt: skip
@click.option("--against", metavar="SCENARIO", help="Another model of the same record: which is the more probable?")
@click.option(
    "--vary-against", metavar="KEY=PRIOR", multiple=True, help="The keys of the other model, if not the same."
)
@CHANGES
@click.option("--summary", "summaries", metavar="NAME", multiple=True,
              help="What is compared: adoption_curve, final_size, discoverers, depth, breadth, wiener, waiting_times, "
              "roles, or a measure of a study.")  # fmt: skip
@click.option("--method", default="auto", show_default=True, help="auto, exact or abc.")
@click.option("--step", type=float, default=1.0, show_default=True, help="How much of the record's time a step is.")
@click.option("--start", type=float, default=0.0, show_default=True, help="The record's time that is step 0.")
@click.option(
    "--runs", "--budget", type=click.IntRange(10), default=5000, show_default=True, help="Runs of ABC at most."
)
@click.option("--particles", type=click.IntRange(10), help="Of the first generation.  [default: a fifth of the runs]")
@click.option("--check", "truths", is_flag=False, flag_value=200, type=click.IntRange(20), metavar="[TRUTHS]",
              help="Fit as many records of known truth, too: do intervals hold what they claim?  [200]")  # fmt: skip
@SEED
@click.option("--engine", default="auto", show_default=True, help="auto, agents or kernels; the posterior is the same.")
@THREADS
@click.option("--out", metavar="DIR", help="Keep the generations (the same command goes on), draws, figures, report.")
@AS_JSON
def fit_command(
    scenario: str, record: str, vary: tuple[str, ...], against: str | None, vary_against: tuple[str, ...],
    changes: tuple[str, ...], summaries: tuple[str, ...], truths: int | None, out: str | None, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Find the values of SCENARIO's keys that explain RECORD, and how sure they are."""
    from sim.experiments.fit.check import check_fit
    from sim.experiments.fit.compare import compare_models
    from sim.experiments.fit.run import fit

    _, chosen = scenario_of(scenario, changes)
    if not Path(record).exists():
        raise click.UsageError(f"--to {record}: no such file or folder")
    check = None
    with _one_line(), progress_bar(chosen.scenario.name, "runs") as told:
        keys = _priors("--vary", vary)
        options |= {"summaries": summaries or None, "progress": told}
        found: FitResult | Comparison
        if against is not None:
            _refuse_other(out)
            models = {Path(scenario).stem: chosen, Path(against).stem: scenario_of(against, changes)[1]}
            if len(models) == 1:
                raise click.UsageError(f"--against {against}: is the same model")
            other = _priors("--vary-against", vary_against) if vary_against else keys
            found = compare_models(models, record, [keys, other], **options)
        else:
            found = fit(chosen, record, keys, out=out, **options)
    if truths is not None and against is None:
        with _one_line(), progress_bar("known truths", "fits") as told:
            check = check_fit(chosen, record, keys, truths=truths, **options | {"progress": told})
    if out is not None:
        from sim.views.fit_report import write_fit_report

        write_fit_report(found, out, check)
        say(f"Written: {Path(out) / 'report.html'}")
    if as_json:
        show_json(found.to_dict() | ({"check": check.to_dict()} if check else {}))
        return
    for line in [*found.says(), *(check.says() if check else [])]:
        show(line)
    _tell(found)


def _priors(flag: str, given: tuple[str, ...]) -> dict[str, Any]:
    from sim.experiments.fit.priors import parse_prior

    found: dict[str, Any] = {}
    for text in given:
        try:
            key, prior = parse_prior(text)
        except ValueError as error:
            raise click.UsageError(f"{flag} {error}") from None
        if key in found:
            raise click.UsageError(f"{flag} {key}: is there twice")
        found[key] = prior
    return found


def _tell(found: FitResult | Comparison) -> None:
    """Say on standard error how the result came about."""
    for one in getattr(found, "fits", [found]):
        why = f" (no exact likelihood: {one.why})" if one.why else ""
        say(
            f"Read {one.record.read_as}. By {one.method}{why}; effective draws {one.ess:,.0f}; ended by: {one.stopped}."
        )


def _refuse_other(out: str | None) -> None:
    """Say before the work, not after it, that a folder cannot be written."""
    if out is not None and Path(out).exists():
        folder = Path(out)
        if not folder.is_dir() or (any(folder.iterdir()) and not (folder / "result.json").is_file()):
            raise click.UsageError(f"--out {out}: holds other files; choose an empty or a new folder")


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Turn what is wrong with the input into a usage error."""
    from sim.errors import InputError

    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from None
