"""The figure of who gets the credit: bars by person and group, stacked by role."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.accounts.summary import Row, summary
from sim.accounts.table import CreditTable
from sim.tape.tables import Floats
from sim.views import style
from sim.views.rows import HEIGHT, name_rows, row_label, without_numbers
from sim.views.style import ROLE_COLOURS, SKY, number, percent

ROLES = tuple(ROLE_COLOURS)
COLOURS = (*ROLE_COLOURS.values(), SKY)  # the last for credit without a role


def credit_bars(table: CreditTable) -> Figure:
    """Draw who gets the credit: a bar for each person or group, by role, with its share of the total.

    Args:
        table: of any method; if it does not distinguish roles, the bars have one colour.

    Returns:
        A new Figure, 7.2 inches wide; the widths of the bars in axes[0] are credit and sum to the total. Without any
        credit it says so in words.

    >>> from sim import Scenario, credit, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))
    >>> [text.get_text() for text in credit_bars(credit(tape)).axes[0].texts]
    [' 50.0%', ' 50.0%']
    """
    if not np.any(np.nan_to_num(table.persons.credit)):
        return style.empty_figure("Who gets the credit", [f"By {table.method}."], style.NOTHING)
    rows = summary(table)
    labels = [row_label(row, more=f" (each {percent(row.share / row.people)})") for row in rows]
    notes = [f"By {table.method}: shares of the total, {number(table.total)}."]
    if table.sure is not None:
        notes.append(f"Lines: {percent(table.sure.confidence)} of {table.sure.copies} copies, {table.sure.means}.")
    figure, head = style.new_figure(0.3 + HEIGHT * len(rows), "Who gets the credit", notes)
    left, right = 0.3 + style.width_of(labels), 0.2 + style.width_of([percent(row.share) for row in rows])
    axes = style.panel(figure, left, 0.1, right, head + 0.2)
    name_rows(axes, labels)
    without_numbers(axes)
    _draw_bars(axes, rows, table)
    _key(axes, rows)
    return figure


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
    """Return the interval of each row, in credit; nan where there is none; shape (rows, 2)."""
    ends = np.full((len(rows), 2), np.nan)
    if table.sure is not None:
        some = [place for place, row in enumerate(rows) if row.at >= 0]
        at = [rows[place].at for place in some]
        ends[some] = table.total * np.stack((table.sure.low[at], table.sure.high[at]), axis=1)
    return ends


def _key(axes: Axes, rows: list[Row]) -> None:
    """Draw a legend above the bars: the colour of each role, and its share in all."""
    sums = np.array([row.parts for row in rows]).sum(axis=0)
    names = (*ROLES, "all roles together")
    entries = [
        ("s", colour, f"{name} {percent(part / sums.sum())}")
        for name, colour, part in zip(names, COLOURS, sums.tolist(), strict=True)
        if part or (name in ROLES and not sums[3])
    ]
    style.key(axes, entries)
