"""The command line, and nothing but it. Heavy imports stand where they are used, so that --help answers at once."""

from __future__ import annotations

import contextlib
import difflib
import io
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import sim
from sim.cli_export import export_command

if TYPE_CHECKING:
    from sim.credit.table import CreditTable
    from sim.scenario import Scenario
    from sim.tape import Tape

OK, FAILED, WRONG_INPUT, INTERNAL, INTERRUPTED = 0, 1, 2, 70, 130
METHODS = ("role-flow", "person-pagerank", "priority")
FORMATS = ("weibo", "edges", "citations", "graphml", "gexf")
CHANGE = "Change a key, as dynamics.abandon_rate=0.2."


class Commands(click.Group):
    """A group of commands that suggests the nearest one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command of the first argument, as click finds it."""
        if args and args[0] not in self.commands:
            near = difflib.get_close_matches(args[0], self.commands, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"no command '{args[0]}'; allowed: {', '.join(self.commands)}{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(sim.__version__, prog_name="shoulders")
def cli() -> None:
    """Simulate how ideas spread, and find out on whose shoulders their impact stands."""


@cli.command()
@click.argument("scenario")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of all luck, in place of the scenario's.")
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help=CHANGE)
@click.option("--engine", default="auto", show_default=True, help="auto, agents or kernels; the tape is the same.")
@click.option("--threads", type=click.IntRange(1), help="Threads to use; the tape is the same.")
@click.option("--out", metavar="DIR", help="Run folder to write, in place of results/NAME-HASH.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def run(
    scenario: str,
    seed: int | None,
    changes: tuple[str, ...],
    engine: str,
    threads: int | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, attribute the credit, write the run folder, print the credit table."""
    from sim.credit import credit
    from sim.simulate import choose, simulate

    path, chosen = _scenario(scenario, changes)
    try:
        engine = choose(chosen, engine)
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None
    chosen = chosen if seed is None else chosen.replace({"scenario.seed": seed}, source="--seed")
    folder = Path(out) if out else _folder(path, chosen)
    _refuse_foreign(folder)
    _announce_compiling(engine)
    with _progress(chosen.scenario.name) as told:
        tape = simulate(chosen, engine=engine, threads=threads, progress=told)
    table = credit(tape, chosen.credit.method)
    _write_run(folder, tape, table, chosen, _typed("run", path.name, changes, seed))
    if as_json:
        click.echo(table.to_json())
        return
    _print_table(table)
    _note_without_effect(tape)
    click.echo(f"Written: {folder}  (more accounts of credit: shoulders credit {folder} --method all)", err=True)


@cli.command(name="credit")
@click.argument("run_or_log", metavar="RUN_DIR_OR_LOG")
@click.option("--method", default=None, metavar="NAME", help=f"{', '.join(METHODS)}, or all.  [default: role-flow]")
@click.option("--by", type=click.Choice(["person", "role", "idea"]), default="person", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--format", "log_format", metavar="NAME", help=f"Of a log: {', '.join(FORMATS)}.  [default: guessed]")
def credit_command(run_or_log: str, method: str | None, by: str, as_json: bool, log_format: str | None) -> None:
    """Credit for a finished run (its folder) or for a real log (a file)."""
    method = method or METHODS[0]
    allowed = (*METHODS, "all")
    if method not in allowed:
        near = difflib.get_close_matches(method, allowed, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise click.UsageError(f"--method: no '{method}'; allowed: {', '.join(allowed)}{hint}")
    tape = _tape(Path(run_or_log), log_format)
    from sim.credit import credit
    from sim.credit.summary import credit_by

    tables = {name: credit(tape, name) for name in (METHODS if method == "all" else (method,))}
    parts = {}
    for name, table in list(tables.items()) if by != "person" else []:
        try:
            parts[name] = credit_by(tape, table, by)
        except ValueError as error:
            if method != "all":
                raise click.UsageError(f"--by {by}: {error}") from None
            del tables[name]
    if as_json:
        objects = {
            name: table.to_dict() | ({"credit": parts[name]} if by != "person" else {})
            for name, table in tables.items()
        }
        click.echo(json.dumps({"methods": objects} if method == "all" else objects[method], ensure_ascii=False))
        return
    for name, table in tables.items():
        if by == "person":
            _print_table(table)
        else:
            _print_parts(table, by, parts[name])
    for reason, count in tape.dropped.items():
        click.echo(f"Dropped: {count} ({reason})", err=True)


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False))
def new(file: str) -> None:
    """Write a commented scenario to start from."""
    template = Path(__file__).with_name("new_scenario.toml").read_text(encoding="utf-8")
    try:
        with Path(file).open("x", encoding="utf-8") as stream:
            stream.write(template)
    except FileExistsError:
        raise click.UsageError(f"{file}: exists; choose another name") from None
    click.echo(f"Written: {file}  (next: shoulders check {file}, shoulders run {file})", err=True)


@cli.command()
@click.argument("scenario")
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help=CHANGE)
def check(scenario: str, changes: tuple[str, ...]) -> None:
    """Validate SCENARIO, say what is in it, and predict its memory and time."""
    from sim.simulate import describe

    path, chosen = _scenario(scenario, changes)
    click.echo(f"{path}: a valid scenario")
    for label, text in describe(chosen):
        click.echo(f"  {label:<14}{text}")


def _scenario(name: str, changes: tuple[str, ...]) -> tuple[Path, Scenario]:
    """The scenario of a file, or of one that comes with shoulders, with what --set changes in it."""
    from sim.scenario import Scenario, parse_value

    path = Path(name)
    if not path.exists() and path.name == name:
        here = Path(__file__).parent
        bundled = [folder / f"{path.stem}.toml" for folder in (here / "scenarios", here.parent / "scenarios")]
        path = next((file for file in bundled if file.is_file()), path)
    scenario = Scenario.load(path)
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise click.UsageError(f"--set {change}: must be KEY=VALUE, as dynamics.abandon_rate=0.2")
        values[key.strip()] = parse_value(value.strip())
    return path, scenario.replace(values, source="--set") if values else scenario


def _folder(path: Path, scenario: Scenario) -> Path:
    """Where a run lands: named by the scenario and a hash of what determines it."""
    import hashlib

    digest = hashlib.sha256(f"{sim.__version__}\n{scenario.to_toml()}".encode())
    if (network := _network_file(scenario)) is not None:
        digest.update((scenario.folder / network).read_bytes())
    return Path("results") / f"{path.stem}-{digest.hexdigest()[:8]}"


def _network_file(scenario: Scenario) -> Path | None:
    network = scenario.world.network
    return Path(network.path) if network.kind == "file" else None


def _refuse_foreign(folder: Path) -> None:
    """Say before the work, not after it, that a folder cannot be written."""
    from sim.tape_files import replaceable

    if folder.exists() and not replaceable(folder):
        raise click.UsageError(f"--out {folder}: exists and is no run folder; choose another one")


def _typed(command: str, name: str, changes: tuple[str, ...], seed: int | None) -> str:
    """The command as it can be typed anywhere: file names without their folders."""
    words = ["shoulders", command, name, *(f"--set {change}" for change in changes)]
    return " ".join([*words, *([f"--seed {seed}"] if seed is not None else [])])


def _write_run(folder: Path, tape: Tape, table: CreditTable, scenario: Scenario, command: str) -> None:
    from dataclasses import replace

    from sim.tape_files import new_folder, write_into
    from sim.views.figures import save_figures

    python = ".".join(map(str, sys.version_info[:3]))
    made = {"command": command, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "python": python}
    with new_folder(folder) as new_one:
        (new_one / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
        if (network := _network_file(scenario)) is not None:
            (new_one / network).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(scenario.folder / network, new_one / network)
        table.to_pandas().to_csv(new_one / "credit.csv", index=False)
        save_figures(tape, table, new_one)
        write_into(replace(tape, provenance={**tape.provenance, **made}), new_one)


def _tape(path: Path, log_format: str | None) -> Tape:
    from sim.tape import Tape, TapeError

    if path.is_dir():
        if log_format is not None:
            raise click.UsageError(f"--format {log_format}: {path} is a run folder; a format is for logs")
        return Tape.load(path)
    if not path.exists():
        near = difflib.get_close_matches(path.name, os.listdir(path.parent) if path.parent.is_dir() else [], n=1)
        raise TapeError(f"{path}: no such run folder or log{f'; did you mean {near[0]!r}?' if near else ''}")
    from sim.logs import read_log

    return read_log(path, log_format)


cli.add_command(export_command(_tape))


def _announce_compiling(engine: str) -> None:
    if engine == "kernels" and sys.stderr.isatty():
        from sim.compiling import is_compiled
        from sim.kernels.model import SOURCES

        if not is_compiled(*SOURCES):
            click.echo("Compiling the kernels; this takes about a minute, once.", err=True)


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar with the time left on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("steps"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(name))
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _note_without_effect(tape: Tape) -> None:
    count = tape.provenance.get("interventions_without_effect", 0)
    if count:
        click.echo(f"Note: {count} scheduled changes found nothing to act on (nobody there, nothing held).", err=True)


def _print_table(table: CreditTable) -> None:
    from sim.credit.summary import summary

    has_roles = table.persons.pagerank is None
    head = ("", "credit", "share", *(("idea", "communication", "implementation") if has_roles else ("PageRank",)))
    rows = []
    for row in summary(table, most=20):
        label = row.name
        if row.kind == "rest":
            label = f"{row.name or 'all'}: {row.people:,} others" if row.people > 1 else row.name
        elif row.kind == "group":
            label = f"{row.name} x {row.people:,} (each {_percent(row.share / row.people)})"
        of_all = [part / table.total if table.total > 0.0 else 0.0 for part in row.parts[:3]]
        more = [_percent(part) for part in of_all] if has_roles else [f"{row.pagerank:.6f}"]
        rows.append((label, _number(row.credit), _percent(row.share), *more))
    _print_grid(table, head, rows)


def _print_parts(table: CreditTable, by: str, parts: list[dict[str, Any]]) -> None:
    shown = parts[:40]
    rows = [(str(part[by]), _number(part["credit"]), _percent(part["share"])) for part in shown]
    if len(parts) > len(shown):
        rest = parts[len(shown) :]
        credit, share = (sum(part[key] for part in rest) for key in ("credit", "share"))
        rows.append((f"all others ({len(rest):,})", _number(credit), _percent(share)))
    _print_grid(table, ("", "credit", "share"), rows)


def _print_grid(table: CreditTable, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 110)
    steps = f" in {table.steps:,} steps" if table.seed is not None else ""  # a log has times, not steps
    dropped = f", {table.dropped:,} dropped" if table.dropped else ""
    console.print(
        Text(f"{table.scenario}: {table.method}, {_number(table.total)} realised{steps}{dropped}"), soft_wrap=True
    )
    grid = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else box.ASCII2)
    narrow = console.width < 100
    grid.add_column("", overflow="ellipsis", no_wrap=True, max_width=20 if narrow else None)
    short = {"communication": "commun.", "implementation": "implem."} if narrow else {}
    for name in head[1:]:
        grid.add_column(short.get(name, name), justify="right", no_wrap=True, min_width=8)
    for first, *rest in rows:
        grid.add_row(Text(_printable(first)), *rest)
    console.print(grid)


def _printable(name: str) -> str:
    """A name without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _number(value: float) -> str:
    if value >= 1e9:
        return f"{value:.4g}"
    return f"{value:,.0f}" if value >= 1e4 or value == int(value) else f"{value:,.4g}"


def _percent(share: float) -> str:
    return f"{share:.2%}" if share >= 0.001 or share == 0.0 else f"{100 * share:.2g}%"


def _stop(message: str, code: int) -> int:
    click.echo(f"shoulders: {' '.join(message.split())}", err=True)
    return code


def _internal(error: Exception) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="shoulders-", suffix=".log", delete=False, encoding="utf-8") as log:
        traceback.print_exception(error, file=log)
    return _stop(f"an error of ours: {type(error).__name__}: {error}; the traceback is in {log.name}", INTERNAL)


def main() -> None:
    """Run the command line; every failure is one line on standard error, and an exit code."""
    sys.exit(_run())


def _run() -> int:
    from sim.scenario_errors import ScenarioError

    for stream in (sys.stdout, sys.stderr):  # a terminal that knows no umlauts gets question marks
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        cli.main(standalone_mode=False)
        if sys.stdout is not None:  # it is None where it was closed
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return WRONG_INPUT
    except click.ClickException as error:
        return _stop(error.format_message(), WRONG_INPUT)
    except ScenarioError as error:
        return _stop(str(error), WRONG_INPUT)
    except (KeyboardInterrupt, click.Abort):
        return _stop("interrupted; nothing was written", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        return _stop(f"{error.filename or 'output'}: {error.strerror or error}", FAILED)
    except Exception as error:  # the last line of defence: no traceback for the user
        from sim.tape import TapeError

        return _stop(str(error), WRONG_INPUT) if isinstance(error, TapeError) else _internal(error)
    return OK


if __name__ == "__main__":
    main()
