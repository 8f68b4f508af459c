"""The commands that compute credit: for a run or a log, and for the thought experiments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sim.accounts.methods import EVERY, METHODS, POSITIONS, THIRDS, Settings
from sim.cli.arguments import read_tape, scenario_in, target_of, usage
from sim.cli.logs import dropped, how_read, log_options, of_roots, roots_of
from sim.cli.options import AS_JSON, FIGURES, Names, any_file
from sim.cli.output import TABLES, is_table, print_table_json, print_tables_json, rows_of, write_table
from sim.machine.terminal import say, show, show_json, stage
from sim.scenario.bundled import FOLDER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.accounts.comparison import Comparison
    from sim.accounts.intervals import Uncertainty
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape

OF_CONTACTS = ("temporal-pagerank", "person-pagerank", "event-pagerank", "citerank")
BY = ("person", "group", "role", "idea", "time")
NAMES = f"{', '.join(METHODS)}, or all. Position, not credit: {', '.join(POSITIONS)}.  [default: {THIRDS}]"
SURE = "auto, ideas, links, times, weights or tellers, with an amount as links:0.3"
COPIES = 200
EXPLAIN = click.option("--explain", is_flag=True, help="Say what each account asks, and where it differs.")


@click.command(name="credit")
@click.argument("run_or_log", metavar="RUN_DIR_OR_LOG", shell_complete=any_file)
@click.option("--method", type=Names(*EVERY, "all"), metavar="NAME", help=NAMES)
@EXPLAIN
@click.option("--by", type=Names(*BY), default="person", metavar="WHAT", help=f"{', '.join(BY)}.  [default: person]")
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help="How many rows; by time, persons.  [default: 20; in files, all]"
)
@click.option("--alpha", type=float, help="Damping of the PageRank methods, in [0, 1).  [default: the run's, or 0.85]")
@click.option("--inheritance", type=float, help="Part of an idea's credit that a discovery passes on, in [0, 1].  "
              "[default: the run's, or 0.5]")  # fmt: skip
@click.option("--tau", type=float, help="Steps, or units of a log's time, in which CiteRank's readers fall to 1/e.  "
              "[default: a tenth of all]")  # fmt: skip
@click.option("--intervals", is_flag=False, flag_value="auto", metavar="[SCHEME]", help=f"How sure: {SURE}.")
@click.option("--copies", type=click.IntRange(2), default=COPIES, show_default=True, help="Copies of the record.")
@click.option("--order", type=int, help="For removal: how many of the last channels decide on the next.  [default: 1]")
@AS_JSON
@click.option("-o", "--output", metavar="FILE", help=f"Write it too: a table ({', '.join(TABLES)}), or a figure by "
              f"person or time ({', '.join(FIGURES)}).")  # fmt: skip
@log_options
def credit_command(
    run_or_log: str, method: str | None, explain: bool, by: str, top: int | None, intervals: str | None, copies: int,
    as_json: bool, output: str | None, reading: dict[str, Any], **settings: Any,
) -> None:  # fmt: skip
    """Attribute the credit of a finished run (its folder) or of a real log (a file, or a git repository).

    With --method all the accounts stand side by side.
    """
    with usage("--"):
        Settings(**{name: value for name, value in settings.items() if value is not None})
    _require_output(output, method, by)
    if intervals is not None and by != "person" and not as_json:
        raise click.UsageError(f"--intervals: are of persons, not by {by}; allowed: --by person, or --json")
    tape = read_tape(Path(run_or_log), **reading)
    scenario = scenario_in(Path(run_or_log), tape) if by == "time" else None
    from sim.accounts.comparison import compare
    from sim.cli.terminal import print_explained

    with usage(f"--method {method}: "), stage("Computing the credit"):
        comparison = compare(tape, _methods(method, tape), **settings)
    if intervals is not None:
        with usage("--"), stage(f"Computing the credit of {copies:,} copies of the record"):
            comparison = _with_intervals(tape, comparison, settings, intervals, copies)
    for name, reason in comparison.left_out.items():
        say(f"Left out: {name} ({reason})")
    asked = Asked(tape, comparison, method == "all", explain, top, roots_of(tape), settings, scenario)
    stable = _stability(asked) if by == "person" and not (as_json and intervals is None) else None
    answer = ANSWERS.get(by, _by_parts)(asked, by)
    if is_table(output):
        write_table(str(output), answer.rows)
    elif output is not None and answer.figure is not None:
        from sim.views.figures.save import save

        with stage("Drawing the figure"):
            save(answer.figure(), output)
    if as_json:
        _print_json(asked, answer, by, stable if intervals is not None else None)
    else:
        for line in (*how_read(tape), *of_roots(asked.roots)):
            show(line)
        answer.show()
        if explain and not (method == "all" and by == "person"):  # these explain themselves
            print_explained(comparison.tables)
        if stable is not None:
            show(f"Stability: {stable.sentence()}.")
    if output is not None:
        say(f"Written: {output}")
    for line in () if as_json else dropped(tape):
        say(line)


class Asked(NamedTuple):
    """A request for credit, and the data for the answer."""

    tape: Tape
    comparison: Comparison
    several: bool
    explained: bool
    top: int | None
    roots: dict[str, Any]
    settings: dict[str, float | None]
    scenario: Scenario | None


class Answer(NamedTuple):
    """The answer to a request: rows by account, a function that draws a figure or None, and one that prints."""

    rows: Mapping[str, Iterable[dict[str, Any]]]
    figure: Callable[[], Figure] | None
    show: Callable[[], None]


def _methods(method: str | None, tape: Tape) -> list[str] | None:
    """Return the accounts that are asked for; for a log of contacts by default those that are about contacts."""
    contacts = tape.provenance.get("format") == "contacts"
    if method == "all":
        return list(OF_CONTACTS) if contacts else None
    return [method or (OF_CONTACTS[0] if contacts else THIRDS)]


def _stability(asked: Asked) -> Uncertainty | None:
    """Return how the first table shifts when a tenth of the links are missing; None for a run, which misses none."""
    from sim.accounts.account import stability

    tape, (table, *_) = asked.tape, asked.comparison.tables.values()
    is_log = tape.provenance.get("seed") is None
    if not (is_log and len(tape.influences) and table.total > 0.0):
        return None
    with stage("Leaving out links"):
        return stability(tape, table, asked.settings)


def _with_intervals(
    tape: Tape, comparison: Comparison, settings: dict[str, float | None], intervals: str, copies: int
) -> Comparison:
    from dataclasses import replace

    from sim.accounts.account import with_intervals

    tables = comparison.tables.items()
    sure = {name: with_intervals(tape, table, settings, intervals, copies) for name, table in tables}
    return replace(comparison, tables=sure)


@click.command(name="thought-experiments")
@click.option("--method", type=Names(*METHODS, *POSITIONS, "all"), default="all", metavar="NAME",
              help=f"{', '.join(METHODS)}, or all.  [default: all]")  # fmt: skip
@click.option("--quick", is_flag=True, help="E5 with three hundred people, not five thousand.")
@EXPLAIN
@AS_JSON
def thought_experiments_command(method: str, quick: bool, explain: bool, as_json: bool) -> None:
    """Compare what the accounts of credit say on the thought experiments E0 to E5."""
    from sim.experiments.thought_experiments import QUICK, thought_experiments, to_dict

    methods = None if method == "all" else [method]
    changes = {"E5": QUICK} if quick else {}
    found = thought_experiments(FOLDER, methods, changes=changes, progress=say)
    if as_json:
        show_json({"experiments": to_dict(found)})
        return
    from sim.cli.terminal import print_experiments

    print_experiments(found, explain)


def _by_person(asked: Asked, _: str) -> Answer:
    tables = asked.comparison.tables
    (table, *_others) = tables.values()

    def figure() -> Figure:
        from sim.views.figures.accounts import accounts_side_by_side
        from sim.views.figures.credit_bars import credit_bars

        return accounts_side_by_side(asked.comparison) if asked.several else credit_bars(table)

    def print_all() -> None:
        from sim.cli.terminal import print_comparison, print_table

        if not asked.several:
            print_table(table, asked.top or 20)
            return
        print_comparison(asked.comparison, asked.top or 20, asked.explained)
        if table.sure is not None:
            say("The intervals of all accounts are in what --json prints; --intervals with one method shows a table.")

    return Answer({name: rows_of(table, asked.top) for name, table in tables.items()}, figure, print_all)


def _by_parts(asked: Asked, by: str) -> Answer:
    from sim.accounts.summary import credit_by
    from sim.cli.terminal import print_parts

    parts: dict[str, list[dict[str, Any]]] = {}
    tables = asked.comparison.tables
    for name, table in tables.items():
        try:
            parts[name] = credit_by(asked.tape, table, by, **asked.settings)
        except ValueError as error:
            if not asked.several:
                raise click.UsageError(f"--by {by}: {error}") from None
            say(f"Left out: {error}")

    def print_all() -> None:
        for name, rows in parts.items():
            print_parts(tables[name], by, rows, asked.top or 40)

    return Answer({name: rows[: asked.top] for name, rows in parts.items()}, None, print_all)


def _by_time(asked: Asked, by: str) -> Answer:
    from sim.accounts.over_time import credit_over_time
    from sim.cli.terminal import MAX_COURSES, print_over_time

    tables = asked.comparison.tables
    with usage(f"--by {by}: "), stage("Computing the credit at each time"):
        found = {name: credit_over_time(asked.tape, name, None, asked.scenario, **asked.settings) for name in tables}

    def figure() -> Figure:
        from sim.views.figures.giants import giants_over_time

        return giants_over_time(asked.tape, *found.values())

    def print_all() -> None:
        for name, course in found.items():
            print_over_time(tables[name], course, asked.top or MAX_COURSES)

    return Answer({name: course.to_rows(asked.top or 20) for name, course in found.items()}, figure, print_all)


ANSWERS: dict[str, Callable[[Asked, str], Answer]] = {"person": _by_person, "time": _by_time}


def _print_json(asked: Asked, answer: Answer, by: str, sure: Uncertainty | None) -> None:
    """Print the answer as one object, or one per account; the credit of persons, who may be many, row by row."""
    tables = asked.comparison.tables
    more = {"dropped": dict(asked.tape.dropped), "roots": asked.roots} if asked.roots else {}
    if by == "person":
        beside = {"stability": sure.to_dict()} if sure is not None else {}
        if asked.several:
            print_tables_json(tables, asked.top, more, asked.comparison.beside() | beside)
        else:
            print_table_json(next(iter(tables.values())), asked.top, more, beside)
        return
    objects = {}
    for name, rows in answer.rows.items():
        before, after = tables[name].about()
        objects[name] = before | {"credit": list(rows)} | after | {"read_as": after["read_as"] | more}
    show_json({"methods": objects} if asked.several else next(iter(objects.values())))


def _require_output(output: str | None, method: str | None, by: str) -> None:
    """Raise a usage error, before any work, if the output file cannot be made."""
    if output is None:
        return
    target_of(output, (*FIGURES, *TABLES), "figure")
    if is_table(output):
        return
    if by not in ("person", "time"):
        raise click.UsageError(f"-o: there is no figure by {by}; allowed: --by person, --by time, or a table")
    if by == "time" and method == "all":
        raise click.UsageError("-o: a figure over time is of one account; choose one with --method")
