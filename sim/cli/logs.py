"""The parts shared by commands that take a run or a log: options for reading a log, and notes on how it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import FORMATS, any_file
from sim.machine.terminal import say

if TYPE_CHECKING:
    from sim.tape.tape import Tape

OPTIONS = {
    "format": ("log_format", "NAME", f"Of a log: {', '.join(FORMATS)}.  [default: recognised]"),
    "columns": ("columns", "ROLE=NAME,...", "Which column is which, as time=created_at,source=rt_of,target=user."),
    "dates": ("dates", "ORDER|FILE", "dmy, mdy or ymd: how dates with slashes are written; or the dates of papers."),
    "kind": ("kind", "NAME", "adoption (once a person and idea) or contact (each row counts).  [default: adoption]"),
    "orphans": ("orphans", "NAME", "root or drop those who tell and never adopt.  [default: root]"),
    "citations-as": ("citations_as", "NAME", "builds-on, or learning (of one idea).  [default: builds-on]"),
    "network": ("network", "FILE", "Who follows whom, where a log does not say who told."),
    "aliases": ("aliases", "FILE", "Other names of persons: a table of alias,person."),
    "groups": ("groups", "FILE", "Which group a person belongs to, for --by group: a table of person,group."),
    "told-by": ("told_by", "NAME", "Where nobody says who told: all, latest or first.  [default: all]"),
    "git-by": (
        "git_by",
        "NAME",
        "What commits build on: lines or files, by whom they were changed last.  [default: lines]",
    ),
    "until": ("until", "TIME", "The last time of a log that is read."),
}
WORDS = {
    "format": FORMATS, "kind": ("adoption", "contact"), "orphans": ("root", "drop"),
    "citations-as": ("builds-on", "learning"), "told-by": ("all", "latest", "first"),
}  # fmt: skip
ADVICE = {  # what to do if most rows vanish, by the most frequent reason
    "already holds the idea": "if each row counts, as of mails or answers, say --kind contact; if there are several "
    "ideas, name their column: --columns idea=NAME",
    "not strictly back in time": "times may be too coarse, or the direction may be the other way round: say which "
    "column is which, --columns source=NAME,target=NAME",
    "no time": "name the column with the times: --columns time=NAME",
    "no source": "name the column of those who told: --columns source=NAME",
    "no target": "name the column of those who were told: --columns target=NAME",
    "duplicate": "if each row counts, say --kind contact",
    "told by an orphan": "leave out --orphans drop",
}


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for reading a log; the command gets them as one mapping, `reading`."""

    @wraps(command)  # with the parameters that click noted so far
    def with_reading(**given: Any) -> Any:
        reading = {name: given.pop(name) for name, *_ in OPTIONS.values()}
        return command(reading={name: value for name, value in reading.items() if value is not None}, **given)

    for option, (name, metavar, told) in reversed(OPTIONS.items()):
        begun = any_file if "FILE" in metavar else partial(_named, WORDS.get(option, ()))
        click.option(f"--{option}", name, metavar=metavar, help=told, shell_complete=begun)(with_reading)
    return with_reading


def _named(words: Iterable[str], ctx: Any, param: Any, incomplete: str) -> list[str]:
    """Return the words that begin with the incomplete one, for the shell; the reader of the log refuses other words."""
    return [word for word in words if word.startswith(incomplete)]


def how_read(tape: Tape) -> Iterator[str]:
    """Yield lines on how a log was read, what was passed over and mended, and what to do if most rows vanished."""
    found = tape.provenance.get("read_as")
    if not found:
        return
    written = [found[what] for what in ("file", "compression", "encoding", "delimiter") if what in found]
    columns = [name if role == name else f"{role}={name}" for role, name in found.get("columns", {}).items()]
    parts = [
        ", ".join(map(str, written)),
        ", ".join(columns),
        *(str(found[what]) for what in ("direction", "imputed") if what in found),
        f"times: {found['dates']}",
        f"{found['rows']:,} rows, {found['kept']:,} kept",
    ]
    yield f"Read as {found['format']}: {'; '.join(filter(None, parts))}"
    if passed := found.get("passed_over"):
        yield f"Passed over: {', '.join(map(str, passed[:20]))}{', ...' if len(passed) > 20 else ''}"
    for reason, count in tape.mended.items():
        yield f"Mended: {count} ({reason})"
    lost = sum(tape.dropped.values())
    if 2 * lost > found["rows"]:
        most = max(tape.dropped, key=lambda reason: tape.dropped[reason])
        advice = f"; {ADVICE[most]}" if most in ADVICE else ""
        yield f"Careful: {lost:,} of {found['rows']:,} rows vanish, most as: {most}{advice}"


def dropped(tape: Tape) -> Iterator[str]:
    """Yield a line for each reason for which rows of a log were dropped."""
    for reason, count in tape.dropped.items():
        yield f"Dropped: {count} ({reason})"


def announced(tape: Tape) -> Tape:
    """Return a tape, after saying on standard error how a log was read, and what of it was mended or dropped."""
    for line in (*how_read(tape), *dropped(tape)):
        say(line)
    return tape


def roots_of(tape: Tape) -> dict[str, Any]:
    """Return the credit of the roots of a log; empty for a run."""
    if not tape.provenance.get("read_as"):
        return {}
    from sim.accounts.roots import roots

    return dict(roots(tape)._asdict())


def of_roots(found: dict[str, Any]) -> Iterator[str]:
    """Yield lines on the credit of the roots."""
    if found and found["made_up"]:
        yield f"Roots made up: {found['made_up']:,}, with {found['idea_credit']:.1%} of the idea credit"
    if found:
        yield f"Roots in the first tenth of the log: {found['first_tenth']:.1%} of the credit"
