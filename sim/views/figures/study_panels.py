"""The parts shared by figures of a study: the rows of one measure, panels side by side, and their texts."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.errors import require
from sim.study.analysis import require_columns
from sim.views import style
from sim.views.style import INK, SMALL, WIDTH, number, readable

if TYPE_CHECKING:
    import pandas as pd

MAX_PANELS = 16
STEPS = (1, 2, 2.5, 5, 10)  # of the numbers on an axis
GAP, HEAD, BELOW = 0.22, 0.24, 0.6  # inches between two panels, for the words above one, and below them all


def rows_of(summary: pd.DataFrame, measure: str | None, parameters: Sequence[str]) -> tuple[str, pd.DataFrame]:
    """Return the measure and its rows in a summary, one for each setting of the parameters.

    Raises:
        ValueError: for a column or measure that is missing, an empty summary, a parameter named twice, or two rows
            with the same setting.
    """
    require_columns(summary, [*parameters, "measure", "mean", "low", "high"])
    there = summary["measure"].unique().tolist()
    if not there:
        raise ValueError("summary: it has no rows")
    if measure is None and len(there) > 1:
        raise ValueError(f"measure: choose one of {', '.join(there)}")
    measure = measure or there[0]
    require("measure", measure, there)
    if len(set(parameters)) < len(parameters):
        raise ValueError(f"parameters: {', '.join(parameters)}: each can be shown in one way only")
    rows = summary[summary["measure"] == measure]
    if (doubled := rows.duplicated(list(parameters))).any():
        place = ", ".join(f"{name} {rows[doubled][name].iloc[0]}" for name in parameters)
        raise ValueError(f"summary: two rows of {measure} at {place}; summarise by what is shown, and only by that")
    return measure, rows


def values_of(column: pd.Series[Any]) -> list[Any]:
    """Return the values of a parameter: numbers sorted, words in order of appearance."""
    found = column.drop_duplicates().tolist()
    return sorted(found) if is_numeric(found) else found


def is_numeric(values: Sequence[Any]) -> bool:
    """Return whether all values are numbers, not counting true and false."""
    return all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in values)


def labels_of(values: Sequence[Any]) -> list[str]:
    """Return the values as text, with enough digits to tell them apart.

    >>> labels_of([0.1, 0.25]), labels_of([0.1001, 0.1002]), labels_of(["ring", True])
    (['0.1', '0.25'], ['0.1001', '0.1002'], ['ring', 'True'])
    """
    if not is_numeric(values):
        return [readable(str(value)) for value in values]
    return style.numbers([float(value) for value in values], apart=True)


def parts_of(rows: pd.DataFrame, parameter: str | None) -> dict[Any, pd.DataFrame]:
    """Return the rows of each value of a parameter; without a parameter all rows, under None."""
    if parameter is None:
        return {None: rows}
    return {value: rows[rows[parameter] == value] for value in values_of(rows[parameter])}


def panels(
    title: str, notes: Sequence[str], x: str, y: str, panel: str | None, values: Collection[Any], *,
    tall: float, left: float, right: float, above: float,
) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """Return a figure with a panel for each value, in rows; ticks and the names of the axes appear once.

    Args:
        title, notes: of the figure.
        x, y: names of the horizontal and vertical axis.
        panel, values: the parameter of the panels, named above each, and its values; None and one value for none.
        tall: the height of a single panel in inches; several are lower.
        left, right, above: margins of all panels together in inches.

    Raises:
        ValueError: if there are more values than MAX_PANELS.
    """
    count = len(values)
    if count > MAX_PANELS:
        raise ValueError(f"panel: {panel} has {count} values; at most {MAX_PANELS} panels are drawn")
    across = count if count <= 3 else 2 if count == 4 else 3 if count <= 9 else 4
    down = math.ceil(count / across)
    high = tall if count == 1 else min(tall, 0.5 * tall + 0.5)
    lift = HEAD if panel is not None else 0.0
    figure, head = style.new_figure(down * (high + lift) + (down - 1) * GAP + BELOW + above, title, notes)
    wide = (WIDTH - left - right - (across - 1) * GAP) / across
    made = []
    for place, name in enumerate(labels_of(list(values))):
        row, column = divmod(place, across)
        begin, top = left + column * (wide + GAP), head + above + lift + row * (high + lift + GAP)
        axes = style.panel(figure, begin, figure.get_figheight() - top - high, WIDTH - begin - wide, top)
        axes.tick_params(labelleft=column == 0, labelbottom=place + across >= count)
        if panel is not None:
            _name_panel(axes, panel, name, wide)
        made.append(axes)
    _name_axes(figure, made, x, y, lift)
    return figure, made


def _name_panel(axes: Axes, panel: str, value: str, wide: float) -> None:
    """Write the value of a panel above it, with as much of the parameter's name as there is room for."""
    texts = [*(f"{readable(panel, most)} = {value}" for most in (40, 30, 24, 18, 14)), value]
    text = next((text for text in texts if style.width_of([text], SMALL) <= wide), value)
    style.say(axes, 0.0, 1.03, text, transform=axes.transAxes, va="bottom", fontsize=SMALL)


def _name_axes(figure: Figure, made: Sequence[Axes], x: str, y: str, lift: float) -> None:
    """Write the name of the x axis below all panels, and that of the y axis above the first."""
    wide, tall = figure.get_size_inches()
    boxes = [axes.get_position() for axes in made]
    middle = (boxes[0].x0 + max(box.x1 for box in boxes)) / 2
    lowest = min(box.y0 for box in boxes)
    figure.text(middle, lowest - 0.3 / tall, readable(x, 50), ha="center", va="top", **style.words())
    figure.text(0.12 / wide, boxes[0].y1 + (lift + 0.1) / tall, readable(y, 50), va="bottom", **style.words())


def draw_key(figure: Figure, top: float, name: str, labels: Sequence[str], colours: Sequence[str]) -> None:
    """Draw a key of colours in a line, `top` inches below the upper edge: the parameter, then a stroke per value."""
    wide, tall = figure.get_size_inches()
    x, y = 0.12, 1 - top / tall
    figure.text(x / wide, y, name, va="center", **style.words(fontsize=SMALL))
    x += style.width_of([name], SMALL) + 0.2
    for label, colour in zip(labels, colours, strict=True):
        stroke = [x / wide, (x + 0.2) / wide]
        figure.add_artist(Line2D(stroke, [y, y], color=colour, linewidth=2.0, transform=figure.transFigure))
        figure.text((x + 0.25) / wide, y, label, va="center", **style.words(fontsize=SMALL, color=INK))
        x += 0.25 + style.width_of([label], SMALL) + 0.2


def replicates_note(rows: pd.DataFrame) -> list[str]:
    """Return a note on how many values each mean is of, and how many are missing."""
    if "number" not in rows:
        return []
    least, most = int(rows["number"].min()), int(rows["number"].max())
    said = f"Mean of {number(least)}{f' to {number(most)}' if most > least else ''} run{'s' * (most != 1)} each."
    for name, text in (("failed", "failed"), ("empty", "had no value")):
        count = int(rows[name].sum()) if name in rows else 0
        said += f" {number(count)} run{'s' * (count != 1)} {text}." if count else ""
    return [said]
