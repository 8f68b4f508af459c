"""The command that writes the playground: a page in which one changes a world by hand."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.explore import PAGES
from sim.cli.running import CHANGE, scenario_of


@click.command(name="play")
@click.argument("scenario", required=False)
@click.option("-o", "--output", metavar="FILE.html", help="Where to write the page.  [default: playground.html]")
@click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, help=CHANGE)
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
def play_command(scenario: str | None, output: str | None, changes: tuple[str, ...], opened: bool) -> None:
    """Write a page in which one changes a world by hand, and sees at once who deserves what.

    The page begins with SCENARIO, or with the bridge; the thought experiments and the cases are in it, too. It needs no
    server, no network and no Python, runs the same engine to the same tape, and can be mailed.
    """
    path = Path(output or "playground.html")
    if path.suffix.lower() not in PAGES:
        raise click.UsageError(f"-o {path}: no page format '{path.suffix}'; allowed: {', '.join(PAGES)}")
    if not path.parent.is_dir():
        raise click.UsageError(f"-o {path}: no such folder as {path.parent}")
    if changes and scenario is None:
        raise click.UsageError("--set: changes a scenario; name one")
    chosen = None if scenario is None else scenario_of(scenario, changes)[1]
    from sim.machine.folders import write_whole
    from sim.views.playground.page import playground

    text = playground(chosen)
    write_whole(path, text.encode("utf-8", "replace"))
    click.echo(f"Written: {path}  ({len(text) / 1e6:.1f} MB; it needs no network and no server)", err=True)
    if opened:
        click.launch(path.resolve().as_uri())
