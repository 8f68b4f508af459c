"""The figure of the accounts of credit side by side: a table with bars, a row per person, a column per account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.accounts.methods import EVERY
from sim.views import style
from sim.views.rows import HEIGHT, name_rows, row_label, stripe, without_numbers
from sim.views.style import INK, QUIET, SMALL, WIDTH, number, percent

if TYPE_CHECKING:
    from sim.accounts.comparison import Comparison
    from sim.accounts.summary import Side

LINE, HEAD = 0.16, 0.13  # inches
BAR, FIRST = "#A9D3EE", "#F3C66B"  # pale blue; pale orange, for the largest share by an account
MAX_ROWS = 25  # rows


def accounts_side_by_side(comparison: Comparison) -> Figure:
    """Draw several accounts: a bar in each cell, its length the share of the total, on the same scale in all columns.

    The largest share by each account is marked. Persons are sorted by the first account, the largest first; the first
    three by any other are among them, and all others are one row. Below are the question of each account, and how far
    its order of the persons agrees with that of the first (Kendall's tau-b).

    Args:
        comparison: of one or more accounts.

    Returns:
        A new Figure, 7.2 inches wide; in axes[0] the bars of each account have its name as gid.

    >>> from sim import Scenario, compare, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))
    >>> figure = accounts_side_by_side(compare(tape, ["role-flow", "priority"]))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['role-flow', '50.0%', '50.0%', 'priority', '100%', '0%']
    """
    rows = comparison.sides(most=MAX_ROWS)
    methods = list(comparison.tables)
    notes = [f"Shares of the total, {number(comparison.tables[methods[0]].total)}; sorted by {methods[0]}."]
    if len(methods) > 1:
        notes[0] += " Orange: the largest by each account."
    title = "Who gets the credit, by whose account"
    if not rows or not comparison.share.any():
        return style.empty_figure(title, notes, style.NOTHING)
    labels = [row_label(row) for row in rows]
    questions = _questions(comparison)
    heads = [name.replace("-", "- ").split() if len(methods) > 4 else [name] for name in methods]
    above = 0.08 + HEAD * max(map(len, heads))
    below = 0.25 + LINE * len(questions)
    figure, head = style.new_figure(above + HEIGHT * len(rows) + below, title, notes)
    axes = style.panel(figure, 0.3 + style.width_of(labels), below, 0.12, head + above)
    name_rows(axes, labels, above=0.5)
    without_numbers(axes)
    axes.set_xlim(0, len(methods))
    axes.spines["left"].set_visible(False)
    stripe(axes, len(rows))
    for column, (name, lines) in enumerate(zip(methods, heads, strict=True)):
        for line, text in enumerate(reversed(lines)):
            style.say(axes, column + 0.04, -0.72 - HEAD / HEIGHT * line, text, fontsize=SMALL)
        _draw_column(axes, rows, column, name)
    for line, (name, text) in enumerate(questions):
        y = (below - 0.22 - LINE * line) / figure.get_figheight()
        figure.text(0.12 / WIDTH, y, name, va="center", **style.words(fontsize=SMALL))
        left = 0.3 + style.width_of([name for name, _ in questions], SMALL)
        figure.text(left / WIDTH, y, text, va="center", **style.words(fontsize=SMALL, color=QUIET))
    return figure


def _questions(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the name and the question of each account, and the agreement of its order with the first's."""
    first, *_ = comparison.tables
    agree = comparison.correlations["kendall"][first].to_dict()
    found = []
    for name in comparison.tables:
        text = EVERY[name].asks
        if name != first and not np.isnan(agree[name]):
            text += f"  (order as by {first}: τ {agree[name]:.2f})"
        found.append((name, text))
    return found


def _draw_column(axes: Axes, rows: list[Side], column: int, name: str) -> None:
    shares = np.array([row.shares[column] for row in rows])
    known = np.array([row.kind != "rest" for row in rows])
    best = shares[known].max(initial=0.0)
    longest = max(max(row.shares) for row in rows)
    room = 0.9 * style.inches(axes)[0] / axes.get_xlim()[1]
    for place, (row, share) in enumerate(zip(rows, shares.tolist(), strict=True)):
        first = row.kind != "rest" and share > 0.0 and share >= best * (1 - 1e-9)
        colour, alpha = FIRST if first else BAR, 0.5 if row.kind == "rest" else 1.0
        length = 0.92 * max(share, 0.0) / longest
        axes.barh(place, length, left=column + 0.02, height=0.78, color=colour, alpha=alpha, linewidth=0, gid=name)
        style.say(axes, column + 0.04, place, _cell(share, room), va="center_baseline", fontsize=SMALL,
                  color=INK if share > 0.0 else QUIET)  # fmt: skip


def _cell(share: float, room: float) -> str:
    """Return the share as text, or "<0.01%" if it is small and does not fit into the cell."""
    text = percent(share)
    return text if abs(share) >= 1e-4 or style.width_of([text], SMALL) <= room else "<0.01%"
