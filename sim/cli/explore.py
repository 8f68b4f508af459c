"""The command that opens a history in a browser: as one file, or live with sliders for the parameters."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.scenario.bundled import bundled

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape

PAGES = (".html", ".htm")


@click.command(name="explore")
@click.argument("run_or_scenario", metavar="RUN_OR_SCENARIO")
@click.option("-o", "--output", metavar="FILE.html", help="Write one page that needs nothing else; it can be mailed.")
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the live page.  [default: a free one]")
@click.option("--format", "log_format", metavar="NAME", help="Of a log: weibo, edges.  [default: guessed]")
def explore_command(run_or_scenario: str, output: str | None, opened: bool, port: int, log_format: str | None) -> None:
    """Look at a run, a real log or a scenario in the browser.

    A run folder or a log becomes one HTML file (RUN/explorer.html, LOG.html, or as -o says). A scenario is served live,
    on this machine alone, with sliders for its parameters; with -o it is run and becomes a file as well.
    """
    path = Path(run_or_scenario)
    if output is not None:
        _require_page(Path(output))
    if path.is_dir() or (path.exists() and path.suffix != ".toml"):
        _refuse_port(port)
        tape, scenario = _history(path, log_format)
        written = Path(output) if output else path / "explorer.html" if path.is_dir() else Path(path.stem + ".html")
        _write(tape, scenario, written, opened)
        return
    if log_format is not None:
        raise click.UsageError(f"--format {log_format}: {path} is a scenario; a format is for logs")
    scenario = _scenario(run_or_scenario)
    if output is None:
        _serve(scenario, port, opened)
        return
    _refuse_port(port)
    from sim.engines import simulate

    _write(simulate(scenario), scenario, Path(output), opened)


def _refuse_port(port: int) -> None:
    if port:
        raise click.UsageError(
            f"--port {port}: only the live page of a scenario has a port; leave it out, or leave out -o"
        )


def _require_page(path: Path) -> None:
    """Say before the work, not after it, that no page can be written there."""
    if path.suffix.lower() not in PAGES:
        raise click.UsageError(f"-o {path}: no page format '{path.suffix}'; allowed: {', '.join(PAGES)}")
    if not path.parent.is_dir():
        raise click.UsageError(f"-o {path}: no such folder as {path.parent}")


def _history(path: Path, log_format: str | None) -> tuple[Tape, Scenario | None]:
    from sim.tape.tape import Tape

    if not path.is_dir():
        from sim.logs.formats import read_log

        return read_log(path, log_format), None
    if log_format is not None:
        raise click.UsageError(f"--format {log_format}: {path} is a run folder; a format is for logs")
    tape = Tape.load(path)
    snapshot = path / "scenario.toml"
    if tape.provenance.get("seed") is None or not snapshot.exists():
        return tape, None
    from sim.scenario.scenario import Scenario

    return tape, Scenario.load(snapshot)


def _scenario(name: str) -> Scenario:
    """The scenario of a file, or of one that comes with shoulders."""
    from sim.scenario.scenario import Scenario

    path = Path(name)
    if not path.exists():
        path = bundled(name) or path
    if not path.exists() and path.suffix != ".toml":
        near = difflib.get_close_matches(path.name, os.listdir(path.parent) if path.parent.is_dir() else [], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise click.UsageError(f"{name}: no such run folder, log or scenario{hint}")
    return Scenario.load(path)


def _write(tape: Tape, scenario: Scenario | None, path: Path, opened: bool) -> None:
    from sim.views.explorer.page import explorer

    text = explorer(tape, scenario)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", errors="replace")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    click.echo(f"Written: {path}  ({len(text) / 1e6:.1f} MB; it needs no network and no server)", err=True)
    if opened:
        click.launch(path.resolve().as_uri())


def _serve(scenario: Scenario, port: int, opened: bool) -> None:
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
    click.echo(url)
    click.echo("Open this page in a browser of this machine; Ctrl-C stops it.", err=True)
    if opened:
        click.launch(url)
    try:
        serve(scenario, bound, token)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
