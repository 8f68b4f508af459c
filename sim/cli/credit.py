"""The commands that ask for credit: of a run or a log, and on the thought experiments."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.accounts.methods import EVERY, METHODS, POSITIONS, THIRDS, Settings
from sim.scenario.bundled import FOLDER

if TYPE_CHECKING:
    from sim.accounts.comparison import Comparison
    from sim.accounts.intervals import Uncertainty
    from sim.accounts.over_time import CreditOverTime
    from sim.accounts.table import CreditTable
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape

FORMATS = ("weibo", "edges", "citations", "graphml", "gexf")
BY = ("person", "group", "role", "idea", "time")
FIGURES = ("png", "svg", "pdf")
NAMES = f"{', '.join(METHODS)}, or all. Position, not credit: {', '.join(POSITIONS)}.  [default: {THIRDS}]"
SURE = "auto, ideas, links, times, weights or tellers, with an amount as links:0.3"
COPIES = 200
AS_JSON = "Print one JSON object and nothing else."


@click.command(name="credit")
@click.argument("run_or_log", metavar="RUN_DIR_OR_LOG")
@click.option("--method", default=THIRDS, metavar="NAME", help=NAMES)
@click.option("--by", default="person", metavar="WHAT", help=f"{', '.join(BY)}.  [default: person]")
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
@click.option("--json", "as_json", is_flag=True, help=AS_JSON)
@click.option("--format", "log_format", metavar="NAME", help=f"Of a log: {', '.join(FORMATS)}.  [default: guessed]")
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
    """Credit for a finished run (its folder) or for a real log (a file).

    With --method all every account stands beside the others: which question it answers, and how far it agrees.
    """
    _require_method(method)
    _require("--by", by, BY)
    settings = _settings(alpha=alpha, inheritance=inheritance, tau=tau)
    _require_figure(output, method, by)
    tape = read_tape(Path(run_or_log), log_format)
    scenario = _scenario_of(Path(run_or_log), tape) if by == "time" else None
    from sim.accounts.comparison import compare

    try:
        comparison = compare(tape, None if method == "all" else [method], **settings)
    except ValueError as error:
        raise click.UsageError(f"--method {method}: {error}") from None
    if intervals is not None:
        comparison = _with_intervals(tape, comparison, settings, intervals, copies)
    for name, reason in comparison.left_out.items():
        click.echo(f"Left out: {name} ({reason})", err=True)
    if by == "person":
        stable = None if as_json and intervals is None else _stability(tape, comparison, settings)
        _tell_persons(comparison, method == "all", as_json, output, stable)
    elif by == "time":
        _tell_times(tape, comparison, method == "all", as_json, output, scenario, settings)
    else:
        _tell_parts(tape, comparison, by, method == "all", as_json, settings)
    if output is not None:
        click.echo(f"Written: {output}", err=True)
    for reason, count in tape.dropped.items() if not as_json else ():
        click.echo(f"Dropped: {count} ({reason})", err=True)


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
@click.option("--method", default="all", metavar="NAME", help=f"{', '.join(METHODS)}, or all.  [default: all]")
@click.option("--quick", is_flag=True, help="E5 with three hundred people, not five thousand.")
@click.option("--json", "as_json", is_flag=True, help=AS_JSON)
def thought_experiments_command(method: str, quick: bool, as_json: bool) -> None:
    """What each account of credit says on the thought experiments E0 to E5."""
    _require_method(method)
    from sim.experiments.thought_experiments import QUICK, thought_experiments, to_dict

    methods = None if method == "all" else [method]
    changes = {"E5": QUICK} if quick else {}
    found = thought_experiments(FOLDER, methods, changes=changes, progress=lambda name: click.echo(name, err=True))
    if as_json:
        click.echo(json.dumps({"experiments": to_dict(found)}, ensure_ascii=False))
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
        _print_json(found | ({"stability": stable.to_dict()} if stable is not None and table.sure is not None else {}))
        return
    from sim.cli.terminal import print_comparison, print_table

    if several:
        print_comparison(comparison)
    else:
        print_table(table)
    if stable is not None:
        click.echo(f"Stability: {stable.sentence()}.")


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
            click.echo(f"Left out: {error}", err=True)
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
    _print_json({"methods": objects} if several else next(iter(objects.values())))


def _print_json(found: dict[str, Any]) -> None:
    click.echo(json.dumps(found, ensure_ascii=False))


def _require_method(given: str) -> None:
    _require("--method", given, (*EVERY, "all"))


def _settings(**given: float | None) -> dict[str, float | None]:
    """The settings that were given, checked before the work."""
    try:
        Settings(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None
    return given


def _require(option: str, given: str, allowed: Iterable[str]) -> None:
    allowed = tuple(allowed)
    if given not in allowed:
        raise click.UsageError(f"{option}: no '{given}'; allowed: {', '.join(allowed)}{_hint(given, allowed)}")


def _hint(given: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(given, list(allowed), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _require_figure(output: str | None, method: str, by: str) -> None:
    """Say before the work, not after it, that there will be no figure."""
    if output is None:
        return
    path = Path(output)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FIGURES:
        raise click.UsageError(
            f"-o {output}: no figure format '{kind}'; allowed: {', '.join(FIGURES)}{_hint(kind, FIGURES)}"
        )
    if not path.parent.is_dir():
        raise click.UsageError(f"-o {output}: no such folder as {path.parent}")
    if by not in ("person", "time"):
        raise click.UsageError(f"-o: there is no figure by {by}; allowed: --by person, --by time")
    if by == "time" and method == "all":
        raise click.UsageError("-o: a figure over time is of one account; choose one with --method")


def read_tape(path: Path, log_format: str | None) -> Tape:
    """The tape of a run folder, or of a log in this format, or one that is guessed."""
    from sim.errors import TapeError
    from sim.tape.tape import Tape

    if path.is_dir():
        if log_format is not None:
            raise click.UsageError(f"--format {log_format}: {path} is a run folder; a format is for logs")
        return Tape.load(path)
    if not path.exists():
        near = difflib.get_close_matches(path.name, os.listdir(path.parent) if path.parent.is_dir() else [], n=1)
        raise TapeError(f"{path}: no such run folder or log{f'; did you mean {near[0]!r}?' if near else ''}")
    from sim.logs.formats import read_log

    return read_log(path, log_format)


def _scenario_of(path: Path, tape: Tape) -> Scenario | None:
    """The snapshot in a run folder; a log has none."""
    if tape.provenance.get("seed") is None:
        return None
    from sim.scenario.scenario import Scenario

    return Scenario.load(path / "scenario.toml")
