"""Tables of credit on standard output, narrow enough for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.accounts.comparison import Comparison
from sim.accounts.intervals import Uncertainty
from sim.accounts.methods import EVERY, POSITIONS, THIRDS
from sim.accounts.summary import Row, Side, summary
from sim.accounts.table import ROLES, CreditTable
from sim.machine.records import many
from sim.machine.terminal import say, show, show_grid

if TYPE_CHECKING:
    from sim.accounts.over_time import CreditOverTime
    from sim.experiments.knockout import KnockoutTable

MORE = "Add --explain to see what each account asks, and where it differs."
MAX_COURSES, MAX_STEPS = 5, 24  # persons and steps in the table over time


def print_table(table: CreditTable, most: int = 20) -> None:
    """Print the credit of persons and groups, by role if the account distinguishes roles."""
    has_roles = table.persons.pagerank is None and not np.isnan(table.persons.idea).any()
    more: tuple[str, ...] = ROLES if has_roles else ()
    if table.persons.pagerank is not None:
        more = ("PageRank",)
    raw = table.persons.raw  # before it is scaled to the total
    if raw is not None:
        more = ("measure",) if table.method in POSITIONS else ("lost without",)
        lost = float(raw.sum()) / table.total if table.total > 0.0 else 0.0
    sure = table.sure
    ends = () if sure is None else (f"{100.0 * sure.confidence:.4g}% from", "to", "rank")
    rows = []
    for row in summary(table, most=most):
        label = _label(row, f" (each {_percent(row.share / row.people)})")
        of_all = [part / table.total if table.total > 0.0 else 0.0 for part in row.parts[:3]]
        cells = [_percent(part) for part in of_all] if has_roles else [f"{row.pagerank:.6f}"] * len(more)
        if raw is not None:  # credit is in proportion to it
            cells = [""] if row.kind == "rest" and row.people > 1 else [_number(row.credit * lost / row.people)]
        if sure is not None:
            cells = [*_ends(sure, row.at), *cells]
        rows.append((label, _number(row.credit), _percent(row.share), *cells))
    show(_title(table))
    show_grid(("", "credit", "share", *ends, *more), rows)
    if sure is not None:
        show(f"Intervals: {100.0 * sure.confidence:.4g}% of {sure.copies:,} copies of the record, {sure.means}.")


def _ends(sure: Uncertainty, at: int) -> list[str]:
    """Return the interval of a share and of a rank; empty for a group, whose members have different ones."""
    if at < 0:
        return ["", "", ""]
    low, high = sure.rank_low[at], sure.rank_high[at]
    return [_percent(sure.low[at]), _percent(sure.high[at]), f"{low:,}" if low == high else f"{low:,}-{high:,}"]


def print_parts(table: CreditTable, by: str, parts: Sequence[Mapping[str, Any]], most: int) -> None:
    """Print the credit by role, idea or group, in so many rows at most, and the rest in one."""
    rows = [(_times(part[by], part.get("count", 1)), part["credit"], part["share"]) for part in parts[:most]]
    if rest := parts[most:]:
        credit, share = (sum(part[key] for part in rest) for key in ("credit", "share"))
        rows.append((f"all others ({len(rest):,})", credit, share))
    show(_title(table))
    show_grid(("", "credit", "share"), [(name, _number(credit), _percent(share)) for name, credit, share in rows])


def print_comparison(comparison: Comparison, most: int = 20, explained: bool = False) -> None:
    """Print the shares by several accounts, a column each, and on request their questions, and where they differ."""
    (first, table), *_ = comparison.tables.items()
    methods = list(comparison.tables)
    show(_title(table, f"{len(methods)} accounts of credit"))
    rows = [(_label(side), *map(_percent, side.shares)) for side in comparison.sides(most=most)]
    show_grid(("", *methods), rows)
    if not explained:
        say(MORE)
        return
    agree = {kind: matrix[first] for kind, matrix in comparison.correlations.items()}
    for name in methods:
        order = ", ".join(f"{kind} {_signed(row[name])}" for kind, row in agree.items())
        _explain(name, f"  Order as by {first}: {order}" if name != first else "")


def print_explained(methods: Iterable[str]) -> None:
    """Print the question of each account, and where it departs from the rule of thirds."""
    for name in methods:
        _explain(name)


def print_experiments(found: Mapping[str, Comparison], explained: bool = False) -> None:
    """Print the shares of persons and groups in each thought experiment, by every account."""
    methods = list(dict.fromkeys(name for comparison in found.values() for name in comparison.tables))
    rows = []
    for name, comparison in found.items():
        frame = comparison.by_group
        members = dict(zip(comparison.groups.name, comparison.groups.members.tolist(), strict=True))
        for who, shares in frame.iterrows():
            cells = [_percent(float(shares[m])) if m in frame.columns else "-" for m in methods]
            rows.append((f"{name}  {_times(str(who), members[str(who)])}", *cells))
    show_grid(("", *methods), rows)
    if not explained:
        say(MORE)
        return
    print_explained(methods)


def print_over_time(table: CreditTable, found: CreditOverTime, most: int) -> None:
    """Print the largest shares, of so many at most, at a selection of steps."""
    trajectories = found.courses(most=most)
    places = np.unique(np.rint(np.linspace(0, len(found.steps) - 1, MAX_STEPS)).astype(int)).tolist()
    shares = [[_percent(trajectory.shares[at]) for trajectory in trajectories] for at in places]
    rows = [
        (f"{found.origin + int(found.steps[at]):,}", _number(float(found.total[at])), *row)
        for at, row in zip(places, shares, strict=True)
    ]
    show(_title(table))
    heads = [_label(trajectory) for trajectory in trajectories]
    show_grid(("step" if table.seed is not None else "time", "realised", *heads), rows)


def print_knockout(found: KnockoutTable) -> None:
    """Print the loss without each person, its interval, and its fraction of all losses."""
    what = "somebody" if found.part == "person" else f"somebody's {found.part}"
    worlds = f" on average over {len(found.seeds):,} worlds" if len(found.seeds) > 1 else ""
    value = float(found.value.mean())
    show(f"{found.scenario}: lost without {what}, of {_number(value)} realised with everybody{worlds}")
    rows = []
    for at, name in enumerate(found.person):
        columns = found.raw, found.low, found.high, found.normalised
        raw, low, high, normalised = (float(column[at]) for column in columns)
        interval = ["unknown" if np.isnan(end) else _number(end) for end in (low, high)]
        of_all = _percent(raw / value) if value > 0.0 else "none"
        rows.append((name, _number(raw), *interval, of_all, "none" if np.isnan(normalised) else _percent(normalised)))
    sure = f"{100.0 * found.confidence:.4g}%"
    show_grid(("without", "lost", f"{sure} from", "to", "of all", "normalised"), rows)
    if len(found.seeds) == 1:
        say("One world does not say how sure this is: add --replicates 20, for 20 worlds.")


def _title(table: CreditTable, what: str = "") -> str:
    steps = f" in {many(table.steps, 'step')}" if table.seed is not None else ""  # a log has times, not steps
    dropped = f", {table.dropped:,} dropped" if table.dropped else ""
    method = f"{table.method} (position, not credit)" if table.method in POSITIONS else table.method
    return f"{table.scenario}: {what or method}, {_number(table.total)} realised{steps}{dropped}"


def _explain(name: str, order: str = "") -> None:
    """Print the question of an account, its order of the persons, and where it departs from the rule of thirds."""
    show(f"{name}: {EVERY[name].asks}")
    if order:
        show(order)
    if name == THIRDS:
        return
    if name in POSITIONS:
        show("  A position among those who told one another, not credit")
        return
    told: dict[str, list[str]] = {}
    for experiment, text in EVERY[name].differs.items():
        told.setdefault(text, []).append(experiment)
    parts = "; ".join(f"{', '.join(experiments)} ({text})" for text, experiments in told.items())
    show(f"  Not the rule of thirds on {parts}" if parts else "  The rule of thirds on all of E0 to E5")


def _label(side: Row | Side, more: str = "") -> str:
    """Return the label of a person, a group with its size and `more`, or the rest."""
    if side.kind == "rest":
        return f"{side.name or 'all'}: {side.people:,} others" if side.people > 1 else side.name
    return _times(side.name, side.people) + more * (side.kind == "group")


def _times(name: str, count: int) -> str:
    return f"{name} x {count:,}" if count > 1 else str(name)


def _number(value: float) -> str:
    value += 0.0  # without the sign of -0.0
    if abs(value) >= 1e9:
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1e4 or value == int(value) else f"{value:,.4g}"


def _signed(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:.2f}"


def _percent(share: float) -> str:
    share += 0.0  # without the sign of -0.0
    return f"{share:.2%}" if abs(share) >= 0.001 or share == 0.0 else f"{100 * share:.2g}%"
