"""The arguments of commands: reading scenarios, rules, runs and logs, and checking files and folders to write."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import click

from sim.errors import InputError, TapeError, did_you_mean, near
from sim.machine.terminal import say, stage
from sim.scenario.bundled import located

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario
    from sim.tape.tape import Tape


@contextmanager
def usage(before: str = "", *more: type[Exception]) -> Iterator[None]:
    """Turn a ValueError in the block, or one of `more`, into a usage error that begins with `before`."""
    wrong: tuple[type[Exception], ...] = (ValueError, *more)
    try:
        yield
    except InputError:
        raise
    except wrong as error:
        raise click.UsageError(f"{before}{error}") from None


def scenario_of(name: str, changes: tuple[str, ...] = (), seed: int | None = None) -> tuple[Path, Scenario]:
    """Return the path of a scenario and the scenario itself, with the changes by --set and --seed."""
    from sim.scenario.keys import parse_value
    from sim.scenario.scenario import Scenario

    path = located(name)
    scenario = Scenario.load(path)
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise click.UsageError(f"--set {change}: must be KEY=VALUE, as dynamics.abandon_rate=0.2")
        values[key.strip()] = parse_value(value.strip())
    scenario = scenario.replace(values, source="--set") if values else scenario
    return path, scenario if seed is None else scenario.replace({"scenario.seed": seed}, source="--seed")


def rules_of(file: str | None) -> dict[str, FunctionType] | None:
    """Return the rules in a Python file that the user named on the command line; None without one."""
    if file is None:
        return None
    from sim.model.own_rules import rules_in

    with usage("--rules "):
        return rules_in(file)


def read_tape(path: Path, log_format: str | None = None, **reading: Any) -> Tape:
    """Return the tape of a run folder, or of a log read with these options; the rest is recognised."""
    from sim.tape.files import MANIFEST
    from sim.tape.tape import Tape

    ours = (path / MANIFEST).is_file()
    logs_alone = log_format is not None or bool(reading)
    if path.is_dir() and not ((path / ".git").exists() or log_format == "git") and (ours or not logs_alone):
        if log_format is not None:
            raise click.UsageError(f"--format {log_format}: {path} is a run folder; a format is for logs")
        for name, value in reading.items():
            raise click.UsageError(f"--{name.replace('_', '-')} {value}: {path} is a run folder; it is for logs")
        with stage(f"Reading {path}"):
            return Tape.load(path)
    if not os.path.exists(path):
        there = os.listdir(path.parent) if path.parent.is_dir() else []
        raise TapeError(f"{path}: no such run folder or log{near(path.name, there)}")
    from sim.logs.formats import read_log

    with stage(f"Reading {path}"):
        return read_log(path, log_format, **reading)


def scenario_in(path: Path, tape: Tape) -> Scenario | None:
    """Return the scenario kept in the run folder of a tape; None for a log."""
    if not path.is_dir() or tape.provenance.get("seed") is None:
        return None
    from sim.scenario.scenario import Scenario

    return Scenario.load(path / "scenario.toml")


def target_of(output: str, formats: Iterable[str], what: str) -> Path:
    """Return the path of a file to write, after checking, before any work, that it can be written."""
    path, formats = Path(output), tuple(formats)
    ending = path.suffix.removeprefix(".").lower()
    if ending not in formats:
        raise click.UsageError(f"-o {output}: no {what} format '{ending}'{did_you_mean(ending, formats)}")
    if not path.parent.is_dir():
        raise click.UsageError(f"-o {output}: no such folder as {path.parent}")
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise click.UsageError(f"-o {output}: {'is a folder' if path.is_dir() else 'its folder cannot be written'}")
    return path


def folder_of(out: str | None, default: Callable[[], Path], may_replace: Callable[[Path], str]) -> Path:
    """Return the folder to write, after checking, before any work, that it can be written.

    Args:
        out: as the user named it, or None.
        default: makes the folder's path if none was named.
        may_replace: returns why an existing folder may not be replaced, or an empty text.
    """
    from sim.machine.folders import why_unwritable

    path = Path(out) if out else default()
    problem = why_unwritable(path)
    if problem and out is None:
        raise OSError(errno.EACCES, problem, str(path))
    if problem := problem or (may_replace(path) if path.exists() else ""):
        raise click.UsageError(f"--out {path}: {problem}")
    return path


def why_not_ours(*ours: str) -> Callable[[Path], str]:
    """Return a function that says why a path may not be overwritten: it is no folder, or holds other files."""

    def why(folder: Path) -> str:
        from sim.machine.folders import held_in

        if not folder.is_dir():
            return "is no folder"
        known = any((folder / name).is_file() for name in ours) or not held_in(folder)
        return "" if known else "holds other files; choose an empty or a new folder"

    return why


def write_page(text: str, path: Path, opened: bool) -> None:
    """Write a page, report it, and open it in the browser if asked to."""
    from sim.machine.folders import write_whole

    whole = text.encode("utf-8", "replace")
    write_whole(path, whole)
    say(f"Written: {path}  ({len(whole) / 1e6:.1f} MB; it needs no network and no server)")
    if opened:
        click.launch(path.resolve().as_uri())
