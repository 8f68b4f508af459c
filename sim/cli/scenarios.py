"""The commands that start a scenario, validate one, and list the bundled ones."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.arguments import scenario_of
from sim.cli.options import CHANGES, ScenarioName
from sim.machine.terminal import say, show
from sim.scenario.bundled import read_text, scenarios

WIDTH = 90  # characters of a description in the list


@click.command(name="new")
@click.argument("file", type=click.Path(dir_okay=False))
def new_command(file: str) -> None:
    """Write a commented scenario to start from, every key with its meaning."""
    from sim.scenario.template import template

    text = template()
    try:
        with Path(file).open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise click.UsageError(f"{file}: exists; choose another name") from None
    say(f"Written: {file}  (next: shoulders check {file}, shoulders run {file})")


@click.command(name="check")
@click.argument("scenario", type=ScenarioName())
@CHANGES
def check_command(scenario: str, changes: tuple[str, ...]) -> None:
    """Validate SCENARIO, say what is in it, and predict its memory and time."""
    from sim.engines import choose
    from sim.model.forecast import describe

    path, chosen = scenario_of(scenario, changes)
    show(f"{path}: a valid scenario")
    for label, text in describe(chosen, choose(chosen)):
        show(f"  {label:<14}{text}")


@click.command(name="scenarios")
@click.argument("name", type=ScenarioName(), required=False)
def scenarios_command(name: str | None) -> None:
    """List the scenarios that come with shoulders, or print the one called NAME."""
    if name is not None:
        show(read_text(name)[0].rstrip("\n"))
        return
    import textwrap
    import tomllib

    for one in scenarios():
        about = tomllib.loads(read_text(one)[0])["scenario"]
        text = (about.get("description") or about["name"]).partition(". ")[0].strip()
        show(f"{one:<26} {textwrap.shorten(text, WIDTH, placeholder=' ...')}")
    say("shoulders scenarios NAME prints one; shoulders run NAME runs it.")
