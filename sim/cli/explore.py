"""The command that opens a run in a browser: as one file, or live with sliders for its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.arguments import read_tape, rules_of, scenario_in, scenario_of, target_of, write_page
from sim.cli.logs import announced
from sim.cli.options import CHANGES, LOG_FORMAT, OWN_RULES, SEED, ScenarioName
from sim.errors import near
from sim.machine.terminal import progress_bar, say, show, stage
from sim.scenario.bundled import located, scenarios

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape

PAGES = ("html", "htm")


@click.command(name="explore")
@click.argument("run_or_scenario", metavar="RUN_OR_SCENARIO", type=ScenarioName())
@click.option("-o", "--output", metavar="FILE.html", help="Write one page that needs nothing else; it can be mailed.")
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the live page.  [default: a free one]")
@SEED
@CHANGES
@OWN_RULES
@LOG_FORMAT
def explore_command(
    run_or_scenario: str, output: str | None, opened: bool, port: int, seed: int | None, changes: tuple[str, ...],
    rules_file: str | None, log_format: str | None,
) -> None:  # fmt: skip
    """Look at a run, a real log or a scenario in the browser.

    A run folder or a log becomes one HTML file (RUN/explorer.html, LOG.html, or as -o says). A scenario is served live,
    on this machine alone, with sliders for its parameters; with -o it is run and becomes a file as well.
    """
    path = located(run_or_scenario)
    target = None if output is None else target_of(output, PAGES, "page")
    is_record = path.is_dir() or (path.exists() and path.suffix != ".toml")
    if port and (is_record or target is not None):
        allowed = "only the live page of a scenario has a port; leave it out, or leave out -o"
        raise click.UsageError(f"--port {port}: {allowed}")
    if is_record:
        if changes or seed is not None or rules_file is not None:
            raise click.UsageError(f"--set, --seed, --rules: {path} is a run or a log; they are for scenarios")
        tape = announced(read_tape(path, log_format))
        scenario = scenario_in(path, tape) if (path / "scenario.toml").exists() else None
        default = path / "explorer.html" if path.is_dir() else Path(path.stem + ".html")
        _write(tape, scenario, target or default, opened)
        return
    if log_format is not None:
        raise click.UsageError(f"--format {log_format}: {path} is a scenario; a format is for logs")
    if not path.exists() and path.suffix != ".toml":
        there = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
        raise click.UsageError(f"{path}: no such run folder, log or scenario{near(path.name, [*there, *scenarios()])}")
    _, scenario = scenario_of(run_or_scenario, changes, seed)
    rules = rules_of(rules_file)
    if target is None:
        _serve(scenario, port, opened, rules_file)
        return
    from sim.engines import simulate

    with progress_bar(scenario.scenario.name) as tick:
        tape = simulate(scenario, rules=rules, progress=tick)
    _write(tape, scenario, target, opened)


def _write(tape: Tape, scenario: Scenario | None, path: Path, opened: bool) -> None:
    from sim.views.explorer.page import explorer

    with stage("Making the page"):
        text = explorer(tape, scenario)
    write_page(text, path, opened)


def _serve(scenario: Scenario, port: int, opened: bool, rules_file: str | None) -> None:
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise click.UsageError(
            "the live page needs Starlette and Uvicorn: pip install 'shoulders[live]'; or write a page: -o FILE.html"
        ) from None
    from sim.views.explorer.live import LOOPBACK, listen, new_token, serve

    try:
        bound = listen(port)
    except OSError as error:
        raise click.UsageError(f"--port {port}: {error.strerror}; choose another, or leave it out") from None
    token = new_token()
    url = f"http://{LOOPBACK}:{bound.getsockname()[1]}/{token}/"
    show(url)
    say("Open this page in a browser of this machine; Ctrl-C stops it.")
    if opened:
        click.launch(url)
    try:
        serve(scenario, bound, token, rules_file)
    except KeyboardInterrupt:
        say("Stopped.")
