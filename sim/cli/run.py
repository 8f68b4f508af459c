"""The command `shoulders run`."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.arguments import folder_of, rules_of, scenario_of, usage
from sim.cli.options import AS_JSON, SIMULATION, ScenarioName
from sim.machine.records import many
from sim.machine.terminal import on_terminal, progress_bar, say, show, stage
from sim.machine.version import version

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape


@click.command(name="run")
@click.argument("scenario", type=ScenarioName())
@SIMULATION
@click.option("--replicates", type=click.IntRange(2), metavar="N", help="How sure: of N runs, each with the next seed.")
@click.option("--out", metavar="DIR", help="Run folder to write, in place of results/NAME-HASH.")
@click.option("--force", is_flag=True, help="Replace the run of another scenario in that folder.")
@AS_JSON
def run_command(
    scenario: str, seed: int | None, changes: tuple[str, ...], engine: str, threads: int | None, rules_file: str | None,
    replicates: int | None, out: str | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Simulate SCENARIO, attribute the credit, write the run folder, print the credit table."""
    from sim.accounts.account import credit, with_intervals
    from sim.engines import engine_for, simulate, simulate_many
    from sim.model.own_rules import own_rules
    from sim.model.randomness import seeds_from

    path, chosen = scenario_of(scenario, changes, seed)
    rules = rules_of(rules_file)
    with usage("--"):
        engine = engine_for(chosen, engine, 1, own_rules(rules))
    name = chosen.scenario.name
    folder = folder_of(
        out, lambda: _default_folder(path, chosen, rules_file), lambda there: _why_kept(there, name, force)
    )
    announce_compiling(engine, chosen)
    with progress_bar(name) as tick:
        tape = simulate(chosen, engine=engine, threads=threads, rules=rules, progress=tick)
    with stage("Computing the credit"):
        table = credit(tape, chosen.credit.method)
    if replicates is not None:
        seeds = seeds_from(chosen.scenario.seed, replicates)
        with stage(f"Running {replicates:,} replicates"):
            runs = simulate_many(chosen, seeds, engine=engine, threads=threads, rules=rules)
            table = with_intervals(tape, table, {}, runs)
    with stage("Drawing the figures"):
        command = _typed(path.name, changes, seed, replicates, rules_file)
        _write_run(folder, tape, table, chosen, command, force)
    if as_json:
        show(table.to_json())
        return
    from sim.cli.nothing import why_nothing
    from sim.cli.terminal import print_table

    print_table(table)
    without_effect = tape.provenance.get("interventions_without_effect", 0)
    if without_effect:
        say(f"Note: {many(without_effect, 'scheduled change')} found nothing to act on (nobody there, nothing held).")
    if reason := why_nothing(tape, chosen):
        say(f"Nothing was realised: {reason}.")
    say(f"Written: {folder}  (more accounts of credit: shoulders credit {folder} --method all)")


def announce_compiling(engine: str, scenario: Scenario) -> None:
    """Announce on a terminal that the first run of compiled code takes a while."""
    if engine == "kernels" and on_terminal():
        from sim.engines import are_kernels_compiled

        if not are_kernels_compiled(scenario):
            say("Compiling the kernels; this takes half a minute, once.")


def _default_folder(path: Path, scenario: Scenario, rules_file: str | None = None) -> Path:
    """Return the folder of a run, named by the scenario and a hash of everything that determines the run."""
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


def _why_kept(folder: Path, name: str, force: bool) -> str:
    """Return why a folder may not be replaced by a run of the scenario with this name, or an empty text."""
    from sim.tape.files import replaceable, scenario_of_run

    if not replaceable(folder):
        return "exists and is no run folder; choose another one"
    there = scenario_of_run(folder)
    if there in (None, name) or force:
        return ""
    return f"holds a run of another scenario, '{there}'; choose another folder, or replace it with --force"


def _typed(
    name: str, changes: tuple[str, ...], seed: int | None, replicates: int | None, rules_file: str | None
) -> str:
    """Return the command in a form that can be typed anywhere, with file names without their folders."""
    import shlex

    rules = None if rules_file is None else Path(rules_file).name
    given = [*(("set", change) for change in changes), ("seed", seed), ("replicates", replicates), ("rules", rules)]
    words = [word for option, value in given if value is not None for word in (f"--{option}", str(value))]
    return shlex.join(["shoulders", "run", name, *words])


def _write_run(folder: Path, tape: Tape, table: CreditTable, scenario: Scenario, command: str, force: bool) -> None:
    from dataclasses import replace

    from sim.machine.folders import new_folder
    from sim.tape.files import write_into
    from sim.views.figures.save import save_figures

    python = ".".join(map(str, sys.version_info[:3]))
    made = {"command": command, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "python": python}
    with new_folder(folder, lambda there: not _why_kept(there, scenario.scenario.name, force)) as new_one:
        (new_one / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
        if (network := _network_file(scenario)) is not None:
            (new_one / network).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(scenario.folder / network, new_one / network)
        table.to_csv(new_one / "credit.csv")
        save_figures(tape, table, new_one)
        write_into(replace(tape, provenance={**tape.provenance, **made}), new_one)
