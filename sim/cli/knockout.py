"""The command that runs a scenario without somebody, to see what is lost."""

from __future__ import annotations

import json

import click

from sim.cli.running import CHANGE, OWN_RULES, announce_compiling, progress_bar, rules_of, scenario_of

PARTS = ("person", "telling", "implementation")


@click.command(name="knockout")
@click.argument("scenario")
@click.option("--without", metavar="NAME", multiple=True, help="Whom to leave out, one at a time.  [default: everyone "
              "with a name]")  # fmt: skip
@click.option("--part", default="person", metavar="WHAT", help=f"What of them: {', '.join(PARTS)}.  [default: person]")
@click.option("--replicates", type=click.IntRange(1), help="Worlds to run, each with another seed.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of the first world, in place of the scenario's.")
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help=CHANGE)
@click.option("--engine", default="auto", show_default=True, help="auto, agents or kernels; the table is the same.")
@click.option("--threads", type=click.IntRange(1), help="Runs at the same time; the table is the same.")
@OWN_RULES
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def knockout_command(
    scenario: str,
    without: tuple[str, ...],
    part: str,
    replicates: int | None,
    seed: int | None,
    changes: tuple[str, ...],
    engine: str,
    threads: int | None,
    rules_file: str | None,
    as_json: bool,
) -> None:
    """What would have been lost without somebody: run SCENARIO with and without them, with the same luck.

    Without NAME everyone whom the scenario names is left out, one after the other; a group goes as a whole.
    """
    from sim.engines import choose
    from sim.errors import ScenarioError
    from sim.experiments.knockout import knockout

    _, chosen = scenario_of(scenario, changes)
    chosen = chosen if seed is None else chosen.replace({"scenario.seed": seed}, source="--seed")
    try:
        runs = (1 + (len(without) or len(chosen.persons))) * (replicates or chosen.scenario.replicates)
        announce_compiling(choose(chosen, engine, runs), chosen)
        with progress_bar(chosen.scenario.name, "runs") as told:
            found = knockout(
                chosen,
                without or None,
                part,
                replicates=replicates,
                engine=engine,
                threads=threads,
                rules=rules_of(rules_file),
                progress=told,
            )
    except ScenarioError:
        raise
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    from sim.cli.terminal import print_knockout

    print_knockout(found)
