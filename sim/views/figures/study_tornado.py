"""The figure of the sensitivity of a measure: a bar and an interval for each parameter, the longest at the top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.study.analysis import require_columns
from sim.views import style
from sim.views.figures.study_panels import STEPS
from sim.views.rows import name_rows, stripe
from sim.views.style import BLUE, INK, ORANGE, SKY, readable

if TYPE_CHECKING:
    import pandas as pd

MAX_PARAMETERS = 25  # parameters
ROW = {"sobol": 0.4, "morris": 0.3}  # inches
WORDS = {
    "sobol": "How much of the variance between runs each parameter explains (Sobol indices). Black: its interval.",
    "morris": "How far the measure moves when a parameter runs through its whole range (Morris). Black: its interval.",
}


def study_tornado(indices: pd.DataFrame, measure: str) -> Figure:
    """Draw Sobol or Morris indices, with the parameters of the largest effect at the top, at most 25.

    Sobol: two bars each, the total index and below it the first-order one. Morris: a bar for mu*, the mean absolute
    effect, and a mark for sigma, which is large if a parameter interacts with others or acts nonlinearly.

    Args:
        indices: from `sobol_indices` or `morris_indices` of sim.study.sensitivity.
        measure: its name, for the title.

    Returns:
        A new Figure, 7.2 inches wide; the bars in axes[0] have the name of their index as gid.

    Raises:
        ValueError: if the table holds no such indices.
    """
    require_columns(indices, ["index", "parameter", "value", "low", "high"])
    kinds = indices["index"].unique().tolist()
    method = "sobol" if "total" in kinds else "morris"
    wanted = ("total", "first") if method == "sobol" else ("mu_star", "sigma")
    if not {*wanted} <= {*kinds}:
        raise ValueError(f"indices: there are {', '.join(map(str, kinds)) or 'none'}; needed: {', '.join(wanted)}")
    main, other = (indices[indices["index"] == name].set_index("parameter") for name in wanted)
    order = main["value"].sort_values(ascending=False, kind="stable").index[:MAX_PARAMETERS]
    main, other = main.loc[order], other.loc[order]
    labels = [readable(str(name), 40) for name in order]
    note = WORDS[method]
    if len(indices[indices["index"] == wanted[0]]) > MAX_PARAMETERS:
        note += f" The {MAX_PARAMETERS} largest."
    figure, head = style.new_figure(0.75 + ROW[method] * len(order), f"What {readable(measure, 40)} depends on", [note])
    axes = style.panel(figure, 0.3 + style.width_of(labels), 0.35, 0.3, head + 0.25)
    _frame(axes, labels)
    if method == "sobol":
        _bars(axes, main, -0.18, 0.32, SKY, "total")
        _bars(axes, other, 0.18, 0.32, BLUE, "first")
        style.key(axes, [("s", SKY, "together with others"), ("s", BLUE, "by itself")])
    else:
        _bars(axes, main, 0.0, 0.6, SKY, "mu_star")
        axes.plot(other["value"], np.arange(len(other)), color=ORANGE, marker="D", markersize=4.5, linestyle="",
                  markeredgecolor=INK, markeredgewidth=0.5, clip_on=False, zorder=5, gid="sigma")  # fmt: skip
        style.key(axes, [("s", SKY, "mean size of the effect, μ*"), ("D", ORANGE, "how much it differs, σ")])
    _reach(axes, main, other)
    return figure


def _frame(axes: Axes, labels: list[str]) -> None:
    name_rows(axes, labels, above=0.5)
    axes.spines["left"].set_visible(False)
    stripe(axes, len(labels))
    style.number_axis(axes.xaxis, 6, steps=STEPS)
    style.grid(axes, "x")


def _bars(axes: Axes, rows: pd.DataFrame, aside: float, tall: float, colour: str, name: str) -> None:
    value, low, high = (rows[column].to_numpy(np.float64) for column in ("value", "low", "high"))
    place = np.arange(len(rows)) + aside
    for y, width in zip(place.tolist(), value.tolist(), strict=True):
        axes.barh(y, width, height=tall, color=colour, linewidth=0, gid=name)
    axes.hlines(place, low, high, color=INK, linewidth=0.9, gid=f"{name} interval")
    ends = np.concatenate([low, high])
    axes.plot(ends, np.concatenate([place, place]), color=INK, marker="|", markersize=4, linestyle="")


def _reach(axes: Axes, *shown: pd.DataFrame) -> None:
    """Set the x axis from zero, or the lowest end of an interval if below, to the highest end."""
    values = np.concatenate([rows[["value", "low", "high"]].to_numpy(np.float64).reshape(-1) for rows in shown])
    values = values[np.isfinite(values)]
    low, high = min(0.0, float(values.min(initial=0.0))), float(values.max(initial=0.0)) or 1.0
    room = 0.03 * (high - low)
    axes.set_xlim(low - (room if low else 0.0), high + room)
    axes.axvline(0.0, color=INK, linewidth=0.6)
