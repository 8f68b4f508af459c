"""The figure of who gets the credit: bars by person and group, stacked by role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.accounts.summary import Row, summary
from sim.tape.tables import Floats
from sim.views import style
from sim.views.style import ROLE_COLOURS, SKY, number, percent, readable

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable

ROLES = tuple(ROLE_COLOURS)
COLOURS = (*ROLE_COLOURS.values(), SKY)  # the last for credit that no role accounts for
ROW_HEIGHT = 0.22  # inches


def credit_bars(table: CreditTable) -> Figure:
    """Draw who gets the credit: a bar each for persons and groups, by role, with its share of the total.

    Args:
        table: of any method; where it knows no roles the bars have one colour.

    Returns:
        A Figure of its own, 7.2 inches wide; the widths of the bars in axes[0] are credit and sum to the total.
        Where there is no credit at all it says so in words.

    >>> from sim import Tape, credit
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> [text.get_text() for text in credit_bars(credit(tape)).axes[0].texts]
    [' 50.0%', ' 50.0%']
    """
    if not np.any(np.nan_to_num(table.persons.credit)):
        figure, head = style.new_figure(1.2, "Who gets the credit", [f"By {table.method}."])
        style.instead(style.panel(figure, 0.2, 0.2, 0.2, head), "Nobody: no value was realised, the total is zero.")
        return figure
    rows = summary(table)
    labels = [_label(row) for row in rows]
    notes = [f"By {table.method}: shares of the total, {number(table.total)}."]
    if table.sure is not None:
        notes.append(f"Lines: {percent(table.sure.confidence)} of {table.sure.copies} copies, {table.sure.means}.")
    figure, head = style.new_figure(0.3 + ROW_HEIGHT * len(rows), "Who gets the credit", notes)
    left, right = 0.3 + style.width_of(labels), 0.2 + style.width_of([percent(row.share) for row in rows])
    axes = style.panel(figure, left, 0.1, right, head + 0.2)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), labels, **style.words(va="center_baseline"))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    _draw_bars(axes, rows, table)
    _key(axes, rows)
    return figure


def _label(row: Row) -> str:
    name = readable(row.name)
    if row.kind == "person":
        return name
    each = f"each {percent(row.share / row.people)}"
    if row.kind == "group":
        return f"{name} × {number(row.people)} ({each})"
    return f"{name}: all others ({number(row.people)})" if row.name else f"all others ({number(row.people)})"


def _draw_bars(axes: Axes, rows: list[Row], table: CreditTable) -> None:
    parts = np.array([row.parts for row in rows])
    ends = np.cumsum(parts, axis=1)
    whiskers = _whiskers(rows, table)
    far = np.maximum(ends[:, -1], np.nan_to_num(whiskers[:, 1]))
    axes.set_xlim(0, far.max())
    for place, row in enumerate(rows):
        alpha = 0.5 if row.kind == "rest" else 1.0
        for part in np.flatnonzero(parts[place]).tolist():
            left, colour = ends[place, part] - parts[place, part], COLOURS[part]
            axes.barh(place, parts[place, part], left=left, height=0.66, color=colour, alpha=alpha, linewidth=0)
        axes.plot(whiskers[place], [place, place], color="black", linewidth=1.0, solid_capstyle="butt")
        style.say(axes, far[place], place, f" {percent(row.share)}", va="center_baseline")


def _whiskers(rows: list[Row], table: CreditTable) -> Floats:
    """Return where the interval of each row begins and ends, in credit; nan where there is none; shape (rows, 2)."""
    ends = np.full((len(rows), 2), np.nan)
    if table.sure is not None:
        some = [place for place, row in enumerate(rows) if row.at >= 0]
        at = [rows[place].at for place in some]
        ends[some] = table.total * np.stack((table.sure.low[at], table.sure.high[at]), axis=1)
    return ends


def _key(axes: Axes, rows: list[Row]) -> None:
    """Say above the bars which colour is which role, and the share that each role has in all."""
    sums = np.array([row.parts for row in rows]).sum(axis=0)
    names = (*ROLES, "all roles together")
    entries = [
        ("s", colour, f"{name} {percent(part / sums.sum())}")
        for name, colour, part in zip(names, COLOURS, sums.tolist(), strict=True)
        if part or (name in ROLES and not sums[3])
    ]
    style.key(axes, entries)
