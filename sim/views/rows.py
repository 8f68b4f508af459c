"""Rows of names in a figure, one below the other: their labels, axis and background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from sim.views import style
from sim.views.style import WASH, number, readable

if TYPE_CHECKING:
    from sim.accounts.summary import Row, Side

HEIGHT = 0.22  # inches of a row


def row_label(row: Row | Side, rest: str = "all others", more: str = "") -> str:
    """Return the label of a row of a credit table: a person, a group with its size and `more`, or the rest."""
    name = readable(row.name)
    if row.kind == "person":
        return name
    if row.kind == "group":
        return f"{name} × {number(row.people)}{more}"
    return f"{name}: {rest} ({number(row.people)})" if row.name else f"{rest} ({number(row.people)})"


def name_rows(axes: Axes, labels: Sequence[str], above: float = 0.6, **look: Any) -> None:
    """Make y an axis of labelled rows from the top down, with a space of `above` rows over the first."""
    axes.set_ylim(max(len(labels), 1) - (1.0 - above), -above)
    axes.set_yticks(range(len(labels)), labels, **style.words(**{"va": "center_baseline"} | look))
    axes.tick_params(axis="y", length=0)


def without_numbers(axes: Axes) -> None:
    """Hide the x axis, for bars with numbers beside them."""
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def stripe(axes: Axes, count: int) -> None:
    """Shade every other row."""
    for place in range(0, count, 2):
        axes.axhspan(place - 0.5, place + 0.5, color=WASH, linewidth=0, zorder=0)
