"""The command that runs a scenario without a person, to see what is lost."""

from __future__ import annotations

import click

from sim.cli.arguments import rules_of, scenario_of, usage
from sim.cli.options import AS_JSON, SIMULATION, Names, ScenarioName
from sim.cli.run import announce_compiling
from sim.machine.terminal import progress_bar, show_json

PARTS = ("person", "telling", "implementation")


@click.command(name="knockout")
@click.argument("scenario", type=ScenarioName())
@click.option("--without", metavar="NAME", multiple=True, help="The person or group to leave out, one at a time.  "
              "[default: everyone with a name]")  # fmt: skip
@click.option("--part", type=Names(*PARTS), default="person", metavar="WHAT", show_default=True,
              help=f"The part of them to leave out: {', '.join(PARTS)}.")  # fmt: skip
@click.option("--replicates", type=click.IntRange(1), help="Worlds to run, each with another seed.")
@SIMULATION
@AS_JSON
def knockout_command(
    scenario: str, without: tuple[str, ...], part: str, replicates: int | None, seed: int | None,
    changes: tuple[str, ...], engine: str, threads: int | None, rules_file: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Compute what would have been lost without a person: run SCENARIO with and without them, on the same seeds.

    By default everyone whom the scenario names is left out, one after the other; a group is left out as a whole.
    """
    from sim.engines import choose
    from sim.experiments.knockout import knockout

    _, chosen = scenario_of(scenario, changes, seed)
    runs = (1 + (len(without) or len(chosen.persons))) * (replicates or chosen.scenario.replicates)
    with usage("--"):
        announce_compiling(choose(chosen, engine, runs), chosen)
        with progress_bar(chosen.scenario.name, "runs") as tick:
            found = knockout(
                chosen, without or None, part, replicates=replicates, engine=engine, threads=threads,
                rules=rules_of(rules_file), progress=tick,
            )  # fmt: skip
    if as_json:
        show_json(found.to_dict())
        return
    from sim.cli.terminal import print_knockout

    print_knockout(found)
