"""The one door to the terminal: nothing leaves that could steer it. Data to standard output, messages to the other."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PIPED, NARROW = 110, 80  # columns if no terminal says how many it has; the latter for tables of many
FIRST, EACH, BORDER = 20, 8, 3  # columns of a table's first column at most, of others at least, and between
HARMLESS = "\n\u00a0\u200c\u200d"  # line ends, and letters of scripts and emoji that Python calls unprintable
SHORT = {"communication": "commun.", "implementation": "implem."}
Ticks = Callable[[int, int], None]  # called with (done, in all)


def printable(text: str) -> str:
    r"""Return a text with every letter that could steer a terminal shown as an escape; JSON stays valid.

    >>> printable("a\x1b[2Jb")
    'a\\u001b[2Jb'
    """
    if text.isprintable():
        return text
    shown = (letter if letter.isprintable() or letter in HARMLESS else json.dumps(letter)[1:-1] for letter in text)
    return "".join(shown)


def show(text: str) -> None:
    """Write a line of data to standard output."""
    _write(sys.stdout, text)


def show_part(text: str) -> None:
    """Write a part of a line of data to standard output, for a line that would take too much memory as a whole."""
    sys.stdout.write(printable(text))


def say(text: str) -> None:
    """Write a line of a message to standard error."""
    _write(sys.stderr, text)


def show_json(found: Any) -> None:
    """Write an object as one line of JSON to standard output."""
    show(json.dumps(found, ensure_ascii=False, allow_nan=False))


def _write(stream: Any, text: str) -> None:
    if stream is not None:  # it is None if it was closed
        stream.write(printable(text) + "\n")
        stream.flush()


@contextlib.contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Show warnings as lines on standard error while the block runs, without their place in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"Note: {' '.join(str(message).split())}")
        yield


def show_grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table to standard output, or several if it has many columns and the terminal has no room for all."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    many = len(head) > 7
    console = _console(NARROW if many else max(PIPED, 40 + 12 * (len(head) - 1)))
    narrow = console.width < 100
    names = [SHORT.get(name, name) if narrow else name for name in head]
    names = [printable(name.replace("-", "-\n") if many else name) for name in names]
    for begin, end in _fitting(names, rows, console.width) if many else [(1, len(head))]:
        grid = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else box.ASCII2)
        grid.add_column(names[0], overflow="ellipsis", no_wrap=True, max_width=FIRST if narrow else None)
        for name in names[begin:end]:
            grid.add_column(
                Text(name, overflow="ellipsis"), justify="right", no_wrap=True, min_width=EACH, max_width=20
            )
        for row in rows:
            grid.add_row(*(Text(printable(cell)) for cell in (row[0], *row[begin:end])))
        console.print(grid)


def _fitting(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[tuple[int, int]]:
    """Return the spans of columns that fit beside the first one: first, and last + 1; at least one column each."""
    cells = [[*name.split("\n"), *(row[at] for row in rows)] for at, name in enumerate(head)]
    wide = [BORDER + max(map(len, column)) for column in cells]
    beside = min(wide[0], BORDER + FIRST) + 1
    spans, begin, used = [], 1, beside
    for at in range(1, len(head)):
        taken = max(wide[at], BORDER + EACH)
        if used + taken > width and at > begin:
            spans.append((begin, at))
            begin, used = at, beside
        used += taken
    return [*spans, (begin, len(head))]


def _console(width: int) -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else width)


def on_terminal() -> bool:
    """Return whether standard error is a terminal, where progress may be shown."""
    return bool(sys.stderr and sys.stderr.isatty())


@contextlib.contextmanager
def stage(text: str) -> Iterator[None]:
    """Show on a terminal what is being done while the block runs."""
    if not on_terminal():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(printable(text))):
        yield


@contextlib.contextmanager
def progress_bar(name: str, unit: str = "steps") -> Iterator[Callable[..., None] | None]:
    """Show a bar with the time left on standard error while the block runs, if that is a terminal.

    Yield a function to call with (done, in all) and, if there is more to say, `unit`; elsewhere, yield None.
    """
    if not on_terminal():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[unit]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(printable(name)), total=None, unit=escape(unit))

        def tick(done: int, total: int, unit: str = unit) -> None:
            bar.update(task, completed=done, total=total, unit=escape(printable(unit)))

        yield tick
