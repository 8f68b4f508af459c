"""The command line, and nothing but it. Heavy imports stand where they are used, so that --help answers at once."""

from __future__ import annotations

import difflib
import io
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.credit import credit_command, thought_experiments_command
from sim.cli.explore import explore_command
from sim.cli.export import export_command
from sim.cli.hypotheses import notebook_command, test_command
from sim.cli.knockout import knockout_command
from sim.cli.play import play_command
from sim.cli.plot import plot_command
from sim.cli.running import CHANGE, OWN_RULES, announce_compiling, progress_bar, rules_of, scenario_of
from sim.cli.sweep import sweep_command
from sim.cli.why import why_command
from sim.machine.version import version

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape

OK, FAILED, WRONG_INPUT, INTERNAL, INTERRUPTED = 0, 1, 2, 70, 130


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
@click.version_option(package_name="shoulders", prog_name="shoulders")
def cli() -> None:
    """Simulate how ideas spread, and find out on whose shoulders their impact stands."""


@cli.command()
@click.argument("scenario")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of all luck, in place of the scenario's.")
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help=CHANGE)
@click.option("--engine", default="auto", show_default=True, help="auto, agents or kernels; the tape is the same.")
@click.option("--threads", type=click.IntRange(1), help="Threads to use; the tape is the same.")
@OWN_RULES
@click.option("--replicates", type=click.IntRange(2), metavar="N", help="How sure: of N runs, each with the next seed.")
@click.option("--out", metavar="DIR", help="Run folder to write, in place of results/NAME-HASH.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def run(
    scenario: str,
    seed: int | None,
    changes: tuple[str, ...],
    engine: str,
    threads: int | None,
    rules_file: str | None,
    replicates: int | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, attribute the credit, write the run folder, print the credit table."""
    from sim.accounts.account import credit, with_intervals
    from sim.cli.terminal import print_table
    from sim.engines import engine_for, simulate, simulate_many
    from sim.model.own_rules import own_rules

    path, chosen = scenario_of(scenario, changes)
    rules = rules_of(rules_file)
    try:
        engine = engine_for(chosen, engine, 1, own_rules(rules))
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None
    chosen = chosen if seed is None else chosen.replace({"scenario.seed": seed}, source="--seed")
    folder = Path(out) if out else _folder(path, chosen, rules_file)
    _refuse_foreign(folder)
    announce_compiling(engine, chosen)
    with progress_bar(chosen.scenario.name) as told:
        tape = simulate(chosen, engine=engine, threads=threads, rules=rules, progress=told)
    table = credit(tape, chosen.credit.method)
    if replicates is not None:
        first = chosen.scenario.seed
        seeds = [(first + more) % 2**64 for more in range(replicates)]
        table = with_intervals(
            tape, table, {}, simulate_many(chosen, seeds, engine=engine, threads=threads, rules=rules)
        )
    _write_run(folder, tape, table, chosen, _typed("run", path.name, changes, seed, rules_file))
    if as_json:
        click.echo(table.to_json())
        return
    print_table(table)
    _note_without_effect(tape)
    click.echo(f"Written: {folder}  (more accounts of credit: shoulders credit {folder} --method all)", err=True)


for command in (
    credit_command,
    why_command,
    thought_experiments_command,
    plot_command,
    export_command,
    sweep_command,
    knockout_command,
    explore_command,
    play_command,
    test_command,
    notebook_command,
):
    cli.add_command(command)


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
    from sim.engines import choose
    from sim.model.forecast import describe

    path, chosen = scenario_of(scenario, changes)
    click.echo(f"{path}: a valid scenario")
    for label, text in describe(chosen, choose(chosen)):
        click.echo(f"  {label:<14}{text}")


def _folder(path: Path, scenario: Scenario, rules_file: str | None = None) -> Path:
    """Where a run lands: named by the scenario and a hash of what determines it."""
    import hashlib

    digest = hashlib.sha256(f"{version()}\n{scenario.to_toml()}".encode())
    if (network := _network_file(scenario)) is not None:
        digest.update((scenario.folder / network).read_bytes())
    if rules_file is not None:
        digest.update(Path(rules_file).read_bytes())
    return Path("results") / f"{path.stem}-{digest.hexdigest()[:8]}"


def _network_file(scenario: Scenario) -> Path | None:
    network = scenario.world.network
    return Path(network.path) if network.kind == "file" else None


def _refuse_foreign(folder: Path) -> None:
    """Say before the work, not after it, that a folder cannot be written."""
    from sim.tape.files import replaceable

    if folder.exists() and not replaceable(folder):
        raise click.UsageError(f"--out {folder}: exists and is no run folder; choose another one")


def _typed(command: str, name: str, changes: tuple[str, ...], seed: int | None, rules_file: str | None) -> str:
    """The command as it can be typed anywhere: file names without their folders."""
    words = ["shoulders", command, name, *(f"--set {change}" for change in changes)]
    words += [f"--seed {seed}"] if seed is not None else []
    return " ".join([*words, *([f"--rules {Path(rules_file).name}"] if rules_file is not None else [])])


def _write_run(folder: Path, tape: Tape, table: CreditTable, scenario: Scenario, command: str) -> None:
    from dataclasses import replace

    from sim.machine.folders import new_folder
    from sim.tape.files import replaceable, write_into
    from sim.views.figures.save import save_figures

    python = ".".join(map(str, sys.version_info[:3]))
    made = {"command": command, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "python": python}
    with new_folder(folder, replaceable) as new_one:
        (new_one / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
        if (network := _network_file(scenario)) is not None:
            (new_one / network).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(scenario.folder / network, new_one / network)
        table.to_pandas().to_csv(new_one / "credit.csv", index=False)
        save_figures(tape, table, new_one)
        write_into(replace(tape, provenance={**tape.provenance, **made}), new_one)


def _note_without_effect(tape: Tape) -> None:
    count = tape.provenance.get("interventions_without_effect", 0)
    if count:
        click.echo(f"Note: {count} scheduled changes found nothing to act on (nobody there, nothing held).", err=True)


def _stop(message: str, code: int) -> int:
    click.echo(f"shoulders: {' '.join(message.split())}", err=True)
    return code


def _internal(error: Exception) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="shoulders-", suffix=".log", delete=False, encoding="utf-8") as log:
        traceback.print_exception(error, file=log)
    return _stop(f"an error of ours: {type(error).__name__}: {error}; the traceback is in {log.name}", INTERNAL)


def main() -> None:
    """Run the command line; every failure is one line on standard error, and an exit code.

    SIGTERM is heard as Ctrl-C is: what was done is kept. Ctrl-C is not heard where whoever started this has it ignored,
    as the shell has for a job in the background.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(_run())
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _run() -> int:
    from sim.errors import ScenarioError

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
        from sim.errors import TapeError

        return _stop(str(error), WRONG_INPUT) if isinstance(error, TapeError) else _internal(error)
    return OK


if __name__ == "__main__":
    main()
