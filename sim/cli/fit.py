"""The command that fits a scenario to a record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.arguments import folder_of, rules_of, scenario_of, usage, why_not_ours
from sim.cli.options import (
    AS_JSON,
    CHANGES,
    ENGINE,
    OWN_RULES,
    SEED,
    SHARED_OUT,
    THREADS,
    Names,
    ScenarioName,
    Setting,
    any_file,
)
from sim.errors import RunError
from sim.machine.terminal import progress_bar, say, show, show_grid, show_json, stage

if TYPE_CHECKING:
    from sim.experiments.fit.compare import Comparison
    from sim.experiments.fit.result import FitResult

CHECKED = 200  # records with known parameters


@click.command(name="fit")
@click.argument("scenario", type=ScenarioName())
@click.option("--to", "record", metavar="RECORD", required=True, shell_complete=any_file,
              help="A log, the folder of a run or a study, or a table: time,count (so far), time,new, person,time.",
              )  # fmt: skip
@click.option("--vary", metavar="KEY=PRIOR", multiple=True, required=True, type=Setting(),
              help="A key and its prior, as 'dynamics.abandon_rate=beta(2, 5)'.")  # fmt: skip
@click.option("--against", metavar="SCENARIO", type=ScenarioName(), help="Another model: which is the more probable?")
@click.option("--vary-against", metavar="KEY=PRIOR", multiple=True, help="Keys of the other model, if not the same.")
@CHANGES
@click.option("--summary", "summaries", metavar="NAME", multiple=True,
              help="To be compared: adoption_curve, final_size, discoverers, depth, breadth, wiener, waiting_times, "
              "roles, or a measure of a study.  [default: what suits the record]")  # fmt: skip
@click.option("--method", type=Names("auto", "exact", "abc"), metavar="NAME", default="auto", show_default=True,
              help="auto, exact (likelihood) or abc.")  # fmt: skip
@click.option("--step", type=float, default=1.0, show_default=True, help="Time of the record in a step.")
@click.option("--start", type=float, default=0.0, show_default=True, help="Time of the record at step 0.")
@click.option("--runs", "--budget", type=click.IntRange(10), default=5000, show_default=True, help="Most runs of ABC.")
@click.option("--particles", type=click.IntRange(10), help="In the first generation.  [default: a fifth of the runs]")
@click.option("--check", is_flag=True, help="Fit records of known truth, too: do intervals hold what they claim?")
@click.option("--truths", type=click.IntRange(20), default=CHECKED, show_default=True, help="Records of --check.")
@SEED
@ENGINE
@THREADS
@OWN_RULES
@SHARED_OUT
@click.option("--out", metavar="DIR", help="Keep generations (the same command goes on), draws, figures and report.")
@AS_JSON
def fit_command(
    scenario: str, record: str, vary: tuple[str, ...], against: str | None, vary_against: tuple[str, ...],
    changes: tuple[str, ...], check: bool, truths: int, rules_file: str | None, out: str | None, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Find the values of SCENARIO's keys that explain RECORD, and how sure they are."""
    path, chosen = scenario_of(scenario, changes)
    if vary_against and against is None:
        raise click.UsageError("--vary-against: of the other model; allowed with --against")
    keys, other = _priors("--vary", vary), _priors("--vary-against", vary_against)
    if not Path(record).exists():
        raise click.UsageError(f"--to {record}: no such file or folder")
    folder = None if out is None else folder_of(out, Path, why_not_ours("fit.json", "result.json"))
    options |= {"summaries": options["summaries"] or None, "rules": rules_of(rules_file)}
    if against is not None:
        rival, model = scenario_of(against, changes)
        names = (path.stem, rival.stem if rival.stem != path.stem else str(rival))
        if check:
            raise click.UsageError("--check: of one model; allowed without --against")
        found: FitResult | Comparison = _compared(dict(zip(names, (chosen, model), strict=True)), record,
                                                  [keys, other or keys], options)  # fmt: skip
    else:
        found = _fitted(chosen, record, keys, folder, options)
    checked = None
    if check:
        from sim.experiments.fit.check import check_fit

        with usage(), progress_bar("known truths", "fits") as tick:
            checked = check_fit(chosen, record, keys, truths=truths, progress=tick, **options)
    if folder is not None:
        from sim.views.fit_report import write_fit_report

        with stage("Drawing the figures"):
            write_fit_report(found, folder, checked)
        say(f"Written: {folder / 'report.html'}")
    if as_json:
        show_json(found.to_dict() | ({"check": checked.to_dict()} if checked else {}))
        return
    _print(found, checked.says() if checked else [])


def _fitted(chosen: Any, record: str, keys: Any, folder: Path | None, options: dict[str, Any]) -> FitResult:
    from sim.experiments.fit.run import fit

    with usage(), progress_bar(chosen.scenario.name, "runs") as tick:
        try:
            return fit(chosen, record, keys, out=folder, progress=tick, **options)
        except (KeyboardInterrupt, RunError, ConnectionError) as error:
            kept = f"the generations so far are kept in {folder}, the same command goes on"
            what = f"{error or 'interrupted'}; {kept if folder else 'nothing was written'}"
            raise type(error)(what) from None


def _compared(models: dict[str, Any], record: str, keys: list[Any], options: dict[str, Any]) -> Comparison:
    from sim.experiments.fit.compare import compare_models

    with usage(), progress_bar(" against ".join(models), "runs") as tick:
        return compare_models(models, record, keys, progress=tick, **options)


def _priors(flag: str, given: tuple[str, ...]) -> dict[str, Any]:
    from sim.experiments.fit.priors import parse_prior

    found: dict[str, Any] = {}
    for text in given:
        with usage(f"{flag} "):
            key, prior = parse_prior(text)
        if key in found:
            raise click.UsageError(f"{flag} {key}: is there twice")
        found[key] = prior
    return found


def _print(found: FitResult | Comparison, more: list[str]) -> None:
    """Print the result of a fit, as sentences and a row per key, and on standard error how it was found."""
    for line in found.says():
        show(line)
    fits: tuple[Any, ...] = getattr(found, "fits", (found,))
    for one in fits if len(fits) > 1 else ():  # a single fit is told in sentences
        rows = [(r["key"], r["prior"], *(f"{r[name]:.4g}" for name in ("median", "low", "high"))) for r in one.rows()]
        show_grid((one.scenario.scenario.name, "prior", "median", "95% from", "to"), rows)
    for line in more:
        show(line)
    for one in fits:
        why = f" (no exact likelihood: {one.why})" if one.why else ""
        say(f"Read {one.record.read_as}. By {one.method}{why}; effective draws {one.ess:,.0f}; ended by: "
            f"{one.stopped}.")  # fmt: skip
