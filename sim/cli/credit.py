"""The commands that ask for credit: of a run or a log, and on the thought experiments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.accounts.methods import EVERY, METHODS, POSITIONS, THIRDS, Settings
from sim.cli.arguments import AS_JSON, FIGURES, LOG_FORMAT, Names, read_tape, scenario_in, target_of
from sim.machine.terminal import say, show, show_json
from sim.scenario.bundled import FOLDER

if TYPE_CHECKING:
    from sim.accounts.comparison import Comparison
    from sim.accounts.intervals import Uncertainty
    from sim.accounts.over_time import CreditOverTime
    from sim.accounts.table import CreditTable
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape

BY = ("person", "group", "role", "idea", "time")
NAMES = f"{', '.join(METHODS)}, or all. Position, not credit: {', '.join(POSITIONS)}.  [default: {THIRDS}]"
SURE = "auto, ideas, links, times, weights or tellers, with an amount as links:0.3"
COPIES = 200


@click.command(name="credit")
@click.argument("run_or_log", metavar="RUN_DIR_OR_LOG")
@click.option("--method", type=Names(*EVERY, "all"), default=THIRDS, metavar="NAME", help=NAMES)
@click.option("--by", type=Names(*BY), default="person", metavar="WHAT", help=f"{', '.join(BY)}.  [default: person]")
@click.option("--alpha", type=float, help="Damping of the PageRank methods, in [0, 1).  [default: the run's, or 0.85]")
@click.option(
    "--inheritance",
    type=float,
    help="Part of an idea's credit that a discovery passes on, in [0, 1].  [default: the run's, or 0.5]",
)
@click.option(
    "--tau",
    type=float,
    help="Steps, or units of a log's time, in which CiteRank's readers fall to 1/e.  [default: a tenth of all]",
)
@click.option("--intervals", is_flag=False, flag_value="auto", metavar="[SCHEME]", help=f"How sure: {SURE}.")
@click.option("--copies", type=click.IntRange(2), default=COPIES, show_default=True, help="Of the record.")
@AS_JSON
@LOG_FORMAT
@click.option("-o", "--output", metavar="FILE", help="Draw it too: by person or time, as .png, .svg or .pdf.")
def credit_command(
    run_or_log: str,
    method: str,
    by: str,
    alpha: float | None,
    inheritance: float | None,
    tau: float | None,
    intervals: str | None,
    copies: int,
    as_json: bool,
    log_format: str | None,
    output: str | None,
) -> None:
    """Attribute the credit of a finished run (its folder) or of a real log (a file).

    With --method all the accounts stand side by side, each with its question and how far it agrees.
    """
    settings = _settings(alpha=alpha, inheritance=inheritance, tau=tau)
    _require_figure(output, method, by)
    tape = read_tape(Path(run_or_log), log_format)
    scenario = scenario_in(Path(run_or_log), tape) if by == "time" else None
    from sim.accounts.comparison import compare

    try:
        comparison = compare(tape, None if method == "all" else [method], **settings)
    except ValueError as error:
        raise click.UsageError(f"--method {method}: {error}") from None
    if intervals is not None:
        comparison = _with_intervals(tape, comparison, settings, intervals, copies)
    for name, reason in comparison.left_out.items():
        say(f"Left out: {name} ({reason})")
    if by == "person":
        stable = None if as_json and intervals is None else _stability(tape, comparison, settings)
        _tell_persons(comparison, method == "all", as_json, output, stable)
    elif by == "time":
        _tell_times(tape, comparison, method == "all", as_json, output, scenario, settings)
    else:
        _tell_parts(tape, comparison, by, method == "all", as_json, settings)
    if output is not None:
        say(f"Written: {output}")
    for reason, count in tape.dropped.items() if not as_json else ():
        say(f"Dropped: {count} ({reason})")


def _stability(tape: Tape, comparison: Comparison, settings: dict[str, float | None]) -> Uncertainty | None:
    """Return how far the first table moves where a tenth of the links are missing; None of a run, which misses none."""
    from sim.accounts.account import stability

    (table, *_) = comparison.tables.values()
    is_log = tape.provenance.get("seed") is None
    return stability(tape, table, settings) if is_log and len(tape.influences) and table.total > 0.0 else None


def _with_intervals(
    tape: Tape, comparison: Comparison, settings: dict[str, float | None], intervals: str, copies: int
) -> Comparison:
    from dataclasses import replace

    from sim.accounts.account import with_intervals

    tables = comparison.tables.items()
    try:
        sure = {name: with_intervals(tape, table, settings, intervals, copies) for name, table in tables}
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None
    return replace(comparison, tables=sure)


@click.command(name="thought-experiments")
@click.option("--method", type=Names(*EVERY, "all"), default="all", metavar="NAME",
              help=f"{', '.join(METHODS)}, or all.  [default: all]")  # fmt: skip
@click.option("--quick", is_flag=True, help="E5 with three hundred people, not five thousand.")
@AS_JSON
def thought_experiments_command(method: str, quick: bool, as_json: bool) -> None:
    """Compare what the accounts of credit say on the thought experiments E0 to E5."""
    from sim.experiments.thought_experiments import QUICK, thought_experiments, to_dict

    methods = None if method == "all" else [method]
    changes = {"E5": QUICK} if quick else {}
    found = thought_experiments(FOLDER, methods, changes=changes, progress=say)
    if as_json:
        show_json({"experiments": to_dict(found)})
        return
    from sim.cli.terminal import print_experiments

    print_experiments(found)


def _tell_persons(
    comparison: Comparison, several: bool, as_json: bool, output: str | None, stable: Uncertainty | None
) -> None:
    """Print the table, or the accounts side by side; of a log with how far the first moves where links are missing."""
    (table, *_) = comparison.tables.values()
    if output is not None:
        from sim.views.figures.accounts import accounts_side_by_side
        from sim.views.figures.credit_bars import credit_bars
        from sim.views.figures.save import save

        save(accounts_side_by_side(comparison) if several else credit_bars(table), output)
    if as_json:
        found = comparison.to_dict() if several else table.to_dict()
        show_json(found | ({"stability": stable.to_dict()} if stable is not None and table.sure is not None else {}))
        return
    from sim.cli.terminal import print_comparison, print_table

    if several:
        print_comparison(comparison)
    else:
        print_table(table)
    if stable is not None:
        show(f"Stability: {stable.sentence()}.")


def _tell_parts(
    tape: Tape, comparison: Comparison, by: str, several: bool, as_json: bool, settings: dict[str, float | None]
) -> None:
    from sim.accounts.summary import credit_by
    from sim.cli.terminal import print_parts

    parts: dict[str, list[dict[str, Any]]] = {}
    for name, table in comparison.tables.items():
        try:
            parts[name] = credit_by(tape, table, by, **settings)
        except ValueError as error:
            if not several:
                raise click.UsageError(f"--by {by}: {error}") from None
            say(f"Left out: {error}")
    if as_json:
        _print_objects({name: comparison.tables[name].to_dict() | {"credit": parts[name]} for name in parts}, several)
        return
    for name, rows in parts.items():
        print_parts(comparison.tables[name], by, rows)


def _tell_times(
    tape: Tape,
    comparison: Comparison,
    several: bool,
    as_json: bool,
    output: str | None,
    scenario: Scenario | None,
    settings: dict[str, float | None],
) -> None:
    from sim.accounts.over_time import credit_over_time
    from sim.cli.terminal import print_over_time

    found: dict[str, CreditOverTime] = {}
    for name in comparison.tables:
        try:
            found[name] = credit_over_time(tape, name, None, scenario, **settings)
        except ValueError as error:
            raise click.UsageError(f"--by time: {error}") from None
    if output is not None:
        from sim.views.figures.giants import giants_over_time
        from sim.views.figures.save import save

        save(giants_over_time(tape, *found.values()), output)
    tables: dict[str, CreditTable] = dict(comparison.tables)
    if as_json:
        _print_objects({name: tables[name].to_dict() | {"credit": found[name].to_rows()} for name in found}, several)
        return
    for name, course in found.items():
        print_over_time(tables[name], course)


def _print_objects(objects: dict[str, Any], several: bool) -> None:
    show_json({"methods": objects} if several else next(iter(objects.values())))


def _settings(**given: float | None) -> dict[str, float | None]:
    """The settings that were given, checked before the work."""
    try:
        Settings(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None
    return given


def _require_figure(output: str | None, method: str, by: str) -> None:
    """Say before the work, not after it, that there will be no figure."""
    if output is None:
        return
    target_of(output, FIGURES, "figure")
    if by not in ("person", "time"):
        raise click.UsageError(f"-o: there is no figure by {by}; allowed: --by person, --by time")
    if by == "time" and method == "all":
        raise click.UsageError("-o: a figure over time is of one account; choose one with --method")
