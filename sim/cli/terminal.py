"""What the command line prints of credit: tables on standard output, narrow enough for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.accounts.explain import Explanation, in_words
from sim.accounts.methods import EVERY, POSITIONS, THIRDS
from sim.accounts.summary import Side, summary

if TYPE_CHECKING:
    from sim.accounts.comparison import Comparison
    from sim.accounts.intervals import Uncertainty
    from sim.accounts.over_time import CreditOverTime
    from sim.accounts.table import CreditTable
    from sim.experiments.knockout import KnockoutTable

PIPED = 110  # columns, where no terminal says how many it has
FIRST, EACH = 24, 12  # columns of a terminal for the first column of a wide table, and for each other one
SHORT = {"communication": "commun.", "implementation": "implem."}
COURSES = 5  # persons in the table over time, and steps
STEPS = 24


def print_table(table: CreditTable) -> None:
    """Print who has how much, by role where the account knows roles."""
    has_roles = table.persons.pagerank is None and not np.isnan(table.persons.idea).any()
    more: tuple[str, ...] = ("idea", "communication", "implementation") if has_roles else ()
    if table.persons.pagerank is not None:
        more = ("PageRank",)
    raw = getattr(table.persons, "raw", None)  # of a knockout: what is lost without each, before it is made to sum up
    if raw is not None:
        more = ("lost without",)
        lost = float(raw.sum()) / table.total if table.total > 0.0 else 0.0
    sure = table.sure
    ends = () if sure is None else (f"{100.0 * sure.confidence:.4g}% from", "to", "rank")
    rows = []
    for row in summary(table, most=20):
        label = row.name
        if row.kind == "rest":
            label = f"{row.name or 'all'}: {row.people:,} others" if row.people > 1 else row.name
        elif row.kind == "group":
            label = f"{row.name} x {row.people:,} (each {_percent(row.share / row.people)})"
        of_all = [part / table.total if table.total > 0.0 else 0.0 for part in row.parts[:3]]
        cells = [_percent(part) for part in of_all] if has_roles else [f"{row.pagerank:.6f}"] * len(more)
        if raw is not None:  # credit is in proportion to it
            cells = [""] if row.kind == "rest" and row.people > 1 else [_number(row.credit * lost / row.people)]
        if sure is not None:
            cells = [*_ends(sure, row.at), *cells]
        rows.append((label, _number(row.credit), _percent(row.share), *cells))
    _say(_title(table))
    _print_grid(("", "credit", "share", *ends, *more), rows)
    if sure is not None:
        _say(f"Intervals: {100.0 * sure.confidence:.4g}% of {sure.copies:,} copies of the record, {sure.means}.")


def _ends(sure: Uncertainty, at: int) -> list[str]:
    """Return the interval of a share, and of a rank; nothing of a group, whose members have one each."""
    if at < 0:
        return ["", "", ""]
    low, high = sure.rank_low[at], sure.rank_high[at]
    return [_percent(sure.low[at]), _percent(sure.high[at]), f"{low:,}" if low == high else f"{low:,}-{high:,}"]


def print_parts(table: CreditTable, by: str, parts: Sequence[Mapping[str, Any]]) -> None:
    """Print the credit by role, idea or group."""
    shown = parts[:40]
    rows = [
        (_times(part[by], part.get("count", 1)), _number(part["credit"]), _percent(part["share"])) for part in shown
    ]
    if len(parts) > len(shown):
        rest = parts[len(shown) :]
        credit, share = (sum(part[key] for part in rest) for key in ("credit", "share"))
        rows.append((f"all others ({len(rest):,})", _number(credit), _percent(share)))
    _say(_title(table))
    _print_grid(("", "credit", "share"), rows)


def print_comparison(comparison: Comparison) -> None:
    """Print the shares by several accounts, a column each, and what each of them asks."""
    (first, table), *others = comparison.tables.items()
    methods = list(comparison.tables)
    _say(_title(table, f"{len(methods)} accounts of credit"))
    rows = [(_label(side), *map(_percent, side.shares)) for side in comparison.sides(most=20)]
    _print_grid(("", *methods), rows)
    agree = {kind: matrix[first] for kind, matrix in comparison.correlations.items()}
    for name in methods:
        _say(f"{name}: {EVERY[name].asks}")
        if others and name != first:
            _say(f"  Order as by {first}: " + ", ".join(f"{kind} {_signed(row[name])}" for kind, row in agree.items()))
        _print_differences(name)


def print_experiments(found: Mapping[str, Comparison]) -> None:
    """Print the shares of persons and groups on each thought experiment, by every account."""
    methods = list(dict.fromkeys(name for comparison in found.values() for name in comparison.tables))
    rows = []
    for name, comparison in found.items():
        frame = comparison.by_group
        members = dict(zip(comparison.groups.name, comparison.groups.members.tolist(), strict=True))
        for who, shares in frame.iterrows():
            cells = [_percent(float(shares[m])) if m in frame.columns else "-" for m in methods]
            rows.append((f"{name}  {_times(str(who), members[str(who)])}", *cells))
    _print_grid(("", *methods), rows)
    for name in methods:
        _say(f"{name}: {EVERY[name].asks}")
        _print_differences(name)


def print_over_time(table: CreditTable, found: CreditOverTime) -> None:
    """Print the shares as they looked at some steps, of those with the largest."""
    courses = found.courses(most=COURSES)
    places = np.unique(np.rint(np.linspace(0, len(found.steps) - 1, STEPS)).astype(int)).tolist()
    rows = [
        (f"{found.steps[at]:,}", _number(float(found.total[at])), *(_percent(course.shares[at]) for course in courses))
        for at in places
    ]
    _say(_title(table))
    heads = [Text(_printable(_label(course)), overflow="ellipsis") for course in courses]
    _print_grid(("step" if table.seed is not None else "time", "realised", *heads), rows)


def print_knockout(found: KnockoutTable) -> None:
    """Print what is lost without each, its interval, and its part of all that is lost without one or the other."""
    what = "somebody" if found.part == "person" else f"somebody's {found.part}"
    worlds = f" on average over {len(found.seeds):,} worlds" if len(found.seeds) > 1 else ""
    value = float(found.value.mean())
    _say(f"{found.scenario}: lost without {what}, of {_number(value)} realised with everybody{worlds}")
    rows = []
    for at, name in enumerate(found.name):
        raw, low, high, normalised = (
            float(column[at]) for column in (found.raw, found.low, found.high, found.normalised)
        )
        interval = ["unknown" if np.isnan(end) else _number(end) for end in (low, high)]
        of_all = _percent(raw / value) if value > 0.0 else "none"
        rows.append((name, _number(raw), *interval, of_all, "none" if np.isnan(normalised) else _percent(normalised)))
    sure = f"{100.0 * found.confidence:.4g}%"
    _print_grid(("without", "lost", f"{sure} from", "to", "of all", "normalised"), rows)


def print_why(why: Explanation) -> None:
    """Print where a person's credit comes from."""
    for line in in_words(why):
        _say(line)


def _title(table: CreditTable, what: str = "") -> str:
    steps = f" in {table.steps:,} steps" if table.seed is not None else ""  # a log has times, not steps
    dropped = f", {table.dropped:,} dropped" if table.dropped else ""
    method = f"{table.method} (position, not credit)" if table.method in POSITIONS else table.method
    return f"{table.scenario}: {what or method}, {_number(table.total)} realised{steps}{dropped}"


def _print_differences(name: str) -> None:
    if name == THIRDS:
        return
    if name in POSITIONS:
        _say("  A position among those who told one another, not credit")
        return
    told: dict[str, list[str]] = {}
    for experiment, text in EVERY[name].differs.items():
        told.setdefault(text, []).append(experiment)
    parts = "; ".join(f"{', '.join(experiments)} ({text})" for text, experiments in told.items())
    _say(f"  Not the rule of thirds on {parts}" if parts else "  The rule of thirds on all of E0 to E5")


def _console(width: int = PIPED) -> Console:
    return Console(width=None if sys.stdout.isatty() else width)


def _say(text: str) -> None:
    _console().print(Text(_printable(text)), soft_wrap=True)


def _print_grid(head: Sequence[str | Text], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table; of many columns several, one below the other, where the terminal is too narrow for one."""
    console = _console(max(PIPED, 40 + 12 * (len(head) - 1)))
    narrow = console.width < 100
    many = len(head) > 7
    room = max(4, (console.width - FIRST) // EACH) if many else len(head)
    for begin in range(1, len(head), room):
        grid = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else box.ASCII2)
        grid.add_column(head[0], overflow="ellipsis", no_wrap=True, max_width=20 if narrow else None)
        for name in head[begin : begin + room]:
            if isinstance(name, str):
                name = SHORT.get(name, name) if narrow else name  # noqa: PLW2901
                name = name.replace("-", "-\n") if many else name  # noqa: PLW2901
            grid.add_column(name, justify="right", no_wrap=True, min_width=8, max_width=20)
        for first, *rest in rows:
            grid.add_row(Text(_printable(first)), *rest[begin - 1 : begin - 1 + room])
        console.print(grid)


def _label(side: Side) -> str:
    if side.kind == "rest":
        return f"{side.name or 'all'}: {side.people:,} others" if side.people > 1 else side.name
    return _times(side.name, side.people)


def _times(name: str, count: int) -> str:
    return f"{name} x {count:,}" if count > 1 else str(name)


def _printable(name: str) -> str:
    """A name without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _number(value: float) -> str:
    if abs(value) >= 1e9:
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1e4 or value == int(value) else f"{value:,.4g}"


def _signed(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:.2f}"


def _percent(share: float) -> str:
    return f"{share:.2%}" if abs(share) >= 0.001 or share == 0.0 else f"{100 * share:.2g}%"
