"""The figure of a measure over two parameters of a study: a heat map, with panels by a third."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from sim.tape.tables import Floats
from sim.views import style
from sim.views.figures import study_panels as study
from sim.views.style import FAINT, INK, SMALL, readable

if TYPE_CHECKING:
    import pandas as pd

MAX_VALUES = 200  # of a parameter


def study_map(
    summary: pd.DataFrame, x: str, y: str, panel: str | None = None, measure: str | None = None
) -> Figure:  # fmt: skip
    """Draw the mean of a measure as the colour of a field for each pair of values of two parameters.

    Fields have the same size, however far apart the values; those without a value are crossed out. If there is room,
    the mean is written in the field, with as many digits as the range of all needs. If means lie on both sides of
    zero, the colours diverge there.

    Args:
        summary: from `sim.study.analysis.summarise`, by exactly the parameters that are shown.
        x, y: the parameters on the horizontal and vertical axis, at most 200 values each.
        panel: a parameter with a panel for each value, at most 16, on the same scale.
        measure: which one, if the summary has several.

    Returns:
        A new Figure, 7.2 inches wide, with a panel in each of its first axes, and the colour scale in the last.

    Raises:
        ValueError: for a name that is not in the summary, or more values than can be shown.
    """
    shown = [name for name in (x, y, panel) if name is not None]
    measure, rows = study.rows_of(summary, measure, shown)
    across, up, parts = study.values_of(rows[x]), study.values_of(rows[y]), study.parts_of(rows, panel)
    for name, values in ((x, across), (y, up)):
        if len(values) > MAX_VALUES:
            raise ValueError(f"{name}: {len(values)} values; at most {MAX_VALUES} are drawn")
    tables = [
        here.pivot(index=y, columns=x, values="mean").reindex(index=up, columns=across) for here in parts.values()
    ]
    grids = np.stack([table.to_numpy(np.float64) for table in tables])
    colours, scale = _colours(grids)
    notes = [f"Colour: the mean {readable(measure, 40)}.", *study.replicates_note(rows)]
    notes += ["Crossed out: no value."] * bool(np.isnan(grids).any())
    figure, made = study.panels(
        f"{readable(measure, 30)} by {readable(x, 30)} and {readable(y, 30)}", [" ".join(notes)], x, y, panel, parts,
        tall=3.2, left=max(0.5, 0.3 + style.width_of(study.labels_of(up))), right=0.95, above=0.3,
    )  # fmt: skip
    for axes, grid in zip(made, grids, strict=True):
        _draw(axes, grid, colours, scale)
        _tick(axes, across, up)
    _legend(figure, made, measure, colours, scale)
    return figure


def _colours(values: Floats) -> tuple[Colormap, Normalize]:
    """Return a colour map that grows lighter, or diverges at zero, with the values at its ends."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if low < 0.0 < high:
        widest = max(-low, high)
        return matplotlib.colormaps["PuOr"], Normalize(-widest, widest)
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    return matplotlib.colormaps["cividis"], Normalize(low, high)


def _draw(axes: Axes, grid: Floats, colours: Colormap, scale: Normalize) -> None:
    down, across = grid.shape
    axes.pcolormesh(
        np.arange(across + 1) - 0.5, np.arange(down + 1) - 0.5, np.ma.masked_invalid(grid), cmap=colours, norm=scale,
        edgecolors="white", linewidth=0.5 if max(down, across) <= 40 else 0,
        rasterized=grid.size > style.MAX_VECTOR_MARKS,
    )  # fmt: skip
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    for row, column in np.argwhere(~np.isfinite(grid)).tolist():
        axes.plot([column - 0.3, column + 0.3], [row - 0.3, row + 0.3], color=FAINT, linewidth=0.8)
        axes.plot([column - 0.3, column + 0.3], [row + 0.3, row - 0.3], color=FAINT, linewidth=0.8)
    wide, tall = (side / count for side, count in zip(style.inches(axes), (across, down), strict=True))
    places = np.argwhere(np.isfinite(grid)).tolist()
    texts = style.numbers([float(grid[row, column]) for row, column in places])
    if style.width_of(texts, SMALL) > 0.9 * wide or tall < 0.16:
        return
    for (row, column), text in zip(places, texts, strict=True):
        red, green, blue, _ = colours(scale(grid[row, column]))
        ink = "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.5 else INK
        style.say(axes, column, row, text, ha="center", va="center", fontsize=SMALL, color=ink)


def _tick(axes: Axes, across: Sequence[Any], up: Sequence[Any]) -> None:
    """Write the values beside the fields, as many as there is room for, the first among them."""
    wide, tall = style.inches(axes)
    labels = study.labels_of(across)
    kept = _some(len(across), int(wide / (style.width_of(labels) + 0.12)))
    axes.set_xticks(kept, [labels[k] for k in kept], **style.words())
    labels = study.labels_of(up)
    kept = _some(len(up), int(tall / 0.17))
    axes.set_yticks(kept, [labels[k] for k in kept], **style.words(va="center_baseline"))


def _some(count: int, room: int) -> list[int]:
    """Return evenly spaced places, at most `room` of them, but always the first."""
    step = -(-(count - 1) // max(room - 1, 1))
    return list(range(0, count, max(step, 1)))


def _legend(figure: Figure, made: Sequence[Axes], measure: str, colours: Colormap, scale: Normalize) -> None:
    wide, tall = figure.get_size_inches()
    boxes = [axes.get_position() for axes in made]
    bottom, right = min(box.y0 for box in boxes), max(box.x1 for box in boxes)
    high = min(max(box.y1 for box in boxes) - bottom, 2.6 / tall)
    bar = figure.add_axes((right + 0.15 / wide, bottom, 0.13 / wide, high))
    figure.colorbar(ScalarMappable(scale, colours), cax=bar)
    style.number_axis(bar.yaxis, steps=study.STEPS)
    bar.tick_params(labelsize=SMALL, length=2, width=0.5, labelfontfamily=list(style.fonts()))
    for spine in bar.spines.values():
        spine.set_visible(False)
    style.say(bar, 0.0, 1.02, readable(measure, 14), transform=bar.transAxes, va="bottom", fontsize=SMALL)
