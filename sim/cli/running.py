"""What the commands that run a scenario share: where it comes from, and how they tell how far they are."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING

import click

from sim.scenario.bundled import bundled

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

CHANGE = "Change a key, as dynamics.abandon_rate=0.2."


def scenario_of(name: str, changes: tuple[str, ...]) -> tuple[Path, Scenario]:
    """The scenario of a file, or of one that comes with shoulders, with what --set changes in it."""
    from sim.scenario.keys import parse_value
    from sim.scenario.scenario import Scenario

    path = Path(name)
    if not path.exists():
        path = bundled(name) or path
    scenario = Scenario.load(path)
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise click.UsageError(f"--set {change}: must be KEY=VALUE, as dynamics.abandon_rate=0.2")
        values[key.strip()] = parse_value(value.strip())
    return path, scenario.replace(values, source="--set") if values else scenario


OWN_RULES = click.option(
    "--rules",
    "rules_file",
    metavar="FILE.py",
    help="Rules of your own: functions named as those of sim/model/rules.py.",
)


def rules_of(file: str | None) -> dict[str, FunctionType] | None:
    """Return the rules in a Python file that the user named on the command line, which is run; None without one."""
    if file is None:
        return None
    from importlib.util import module_from_spec, spec_from_file_location

    from sim.model.own_rules import REPLACEABLE, own_rules

    spec = spec_from_file_location(Path(file).stem, file)
    if not Path(file).is_file() or spec is None or spec.loader is None:
        raise click.UsageError(f"--rules {file}: no such Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever it is, it is of the user's own code
        raise click.UsageError(f"--rules {file}: {type(error).__name__}: {error}") from None
    found = {name: thing for name, thing in vars(module).items() if name in REPLACEABLE}
    if not found:
        raise click.UsageError(f"--rules {file}: defines none of the rules {', '.join(REPLACEABLE)}")
    try:
        own_rules(found)
    except ValueError as error:
        raise click.UsageError(f"--rules {file}: {str(error).removeprefix('rules: ')}") from None
    return found


def announce_compiling(engine: str, scenario: Scenario) -> None:
    """Say on a terminal that the first run of compiled code takes its time."""
    if engine == "kernels" and sys.stderr.isatty():
        from sim.engines import are_kernels_compiled

        if not are_kernels_compiled(scenario):
            click.echo("Compiling the kernels; this takes half a minute, once.", err=True)


@contextlib.contextmanager
def progress_bar(name: str, unit: str = "steps") -> Iterator[Callable[[int, int], None] | None]:
    """A bar with the time left on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(name))
        yield lambda done, total: bar.update(task, completed=done, total=total)
