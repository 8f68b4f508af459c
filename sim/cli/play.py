"""The command that writes the playground: a page in which a world can be changed by hand."""

from __future__ import annotations

import click

from sim.cli.arguments import scenario_of, target_of, write_page
from sim.cli.explore import PAGES
from sim.cli.options import CHANGES, ScenarioName


@click.command(name="play")
@click.argument("scenario", type=ScenarioName(), required=False)
@click.option("-o", "--output", metavar="FILE.html", help="Where to write the page.  [default: playground.html]")
@CHANGES
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
def play_command(scenario: str | None, output: str | None, changes: tuple[str, ...], opened: bool) -> None:
    """Write a page in which one changes a world by hand, and sees at once who deserves what.

    With SCENARIO the page opens in the workbench, on that world; without it, in a story of six scenes. The thought
    experiments and the cases are in it, too. It needs no server, no network and no Python, runs the same engine to the
    same tape, and can be mailed.
    """
    path = target_of(output or "playground.html", PAGES, "page")
    if changes and scenario is None:
        raise click.UsageError("--set: changes a scenario; name one")
    chosen = None if scenario is None else scenario_of(scenario, changes)[1]
    from sim.views.playground.page import playground

    write_page(playground(chosen), path, opened)
