"""The figure of a measure against a parameter: lines with bands, in colours by a second, in panels by a third."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.views import style
from sim.views.figures import study_panels as study
from sim.views.style import BLUE, SERIES, SMALL, readable

if TYPE_CHECKING:
    import pandas as pd

MAX_LINES = 12  # colours
WIDE = 100.0  # ratio of the highest to the lowest value from which on a positive axis is logarithmic


def study_lines(
    summary: pd.DataFrame, x: str, colour: str | None = None, panel: str | None = None, measure: str | None = None
) -> Figure:
    """Draw the mean of a measure against a parameter, with the band of its interval.

    Args:
        summary: from `sim.study.analysis.summarise`, by exactly the parameters that are shown.
        x: the parameter on the horizontal axis; words are placed side by side, as points with bars.
        colour: a parameter with a line for each value, at most 12.
        panel: a parameter with a panel for each value, at most 16, on the same scale.
        measure: which one, if the summary has several.

    Returns:
        A new Figure, 7.2 inches wide, with a panel in each of its axes; each line has its colour's label as gid, and
        each band.

    Raises:
        ValueError: for a name that is not in the summary, or more values than can be shown.
    """
    shown = [name for name in (x, colour, panel) if name is not None]
    measure, rows = study.rows_of(summary, measure, shown)
    places, parts, series = study.values_of(rows[x]), study.parts_of(rows, panel), list(study.parts_of(rows, colour))
    if len(series) > MAX_LINES:
        raise ValueError(f"colour: {colour} has {len(series)} values; at most {MAX_LINES} lines are told apart")
    inks, labels = _inks(series), [measure] if colour is None else study.labels_of(series)
    name = readable(str(colour), 40)
    ends = colour is not None and panel is None
    keyed = colour is not None and panel is not None
    notes = _notes(summary, rows, "Band" if study.is_numeric(places) else "Bar")
    right = 0.55 + style.width_of([name, *labels]) if ends else 0.25
    figure, made = study.panels(
        f"{readable(measure, 40)} by {readable(x, 40)}", notes, x, measure, panel, parts,
        tall=2.8, left=0.75, right=right, above=0.3 + 0.2 * keyed,
    )  # fmt: skip
    if keyed:
        study.draw_key(figure, 0.48 + 0.16 * len(notes), name, labels, inks)
    bottom, top = _reach(rows)
    many = len(series)
    asides = [(k - (many - 1) / 2) * min(0.12, 0.6 / many) for k in range(many)]
    for axes, here in zip(made, parts.values(), strict=True):
        lines = study.parts_of(here, colour)
        _scale(axes, places, bottom, top)
        drawn = [lines.get(one, here[:0]).set_index(x).reindex(places) for one in series]
        tips = [_draw(axes, *one, many) for one in zip(drawn, inks, labels, asides, strict=True)]
        if ends:
            _label(axes, tips, inks, labels, name)
    return figure


def _inks(series: Sequence[Any]) -> list[str]:
    """Return a colour for each value: the house colours for words and few values, dark to light for many numbers."""
    if len(series) == 1:
        return [BLUE]
    if len(series) <= len(SERIES) and (len(series) < 3 or not study.is_numeric(series)):
        return list(SERIES[: len(series)])
    colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.8, len(series)))
    return [to_hex(colour) for colour in colours]


def _notes(summary: pd.DataFrame, rows: pd.DataFrame, mark: str) -> list[str]:
    confidence = summary.attrs.get("confidence")
    kinds = ", ".join(kind for kind in rows["interval"].unique() if kind != "none") if "interval" in rows else ""
    how = f" ({kinds})" if kinds else ""
    sure = f" {100 * confidence:g}%" if confidence is not None else ""
    said = study.replicates_note(rows)
    if rows["low"].notna().any():
        said.append(f"{mark}: the{sure} interval of the mean{how}.")
    return [" ".join(said)] if said else []


def _reach(rows: pd.DataFrame) -> tuple[float, float]:
    """Return the lowest and the highest value to show, with zero as the lowest if it is near."""
    values = rows[["mean", "low", "high"]].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    bottom, top = float(values.min()), float(values.max())
    if 0.0 <= bottom < 0.5 * top:
        bottom = 0.0
    if bottom == top:
        bottom, top = min(0.0, bottom), max(0.0, top) or 1.0
    return bottom, top


def _scale(axes: Axes, places: Sequence[Any], bottom: float, top: float) -> None:
    room = 0.05 * (top - bottom)
    axes.set_ylim(bottom - (room if bottom else 0.0), top + room)
    style.number_axis(axes.yaxis, steps=study.STEPS)
    style.grid(axes)
    if not study.is_numeric(places):
        axes.set_xlim(-0.5, len(places) - 0.5)
        axes.set_xticks(range(len(places)), study.labels_of(places), **style.words())
        return
    low, high = float(places[0]), float(places[-1])
    if low > 0.0 and high >= WIDE * low:
        axes.set_xlim(low / 1.1, high * 1.1)
        style.log_axis(axes, "x")
    else:
        room = 0.03 * (high - low) or 0.5
        axes.set_xlim(low - room, high + room)
        wide, _ = style.inches(axes)
        axes.xaxis.set_major_locator(MaxNLocator(min(6, max(2, int(2 * wide))), steps=study.STEPS))
        axes.xaxis.set_major_formatter(style.Numbers())


def _label(axes: Axes, tips: Sequence[float], inks: Sequence[str], labels: Sequence[str], name: str) -> None:
    """Label the lines at their ends, below the name of the parameter."""
    known = [k for k, tip in enumerate(tips) if np.isfinite(tip)]
    if known:
        style.label_ends(axes, [tips[k] for k in known], [labels[k] for k in known], [inks[k] for k in known])
    style.say(axes, 1.01, 1.06, name, transform=axes.transAxes, fontsize=SMALL)


def _draw(axes: Axes, line: pd.DataFrame, ink: str, label: str, aside: float, many: int) -> float:
    """Draw one of `many` lines and its band, words shifted by `aside`; return the height at which it ends."""
    places = line.index.tolist()
    mean, low, high = (line[name].to_numpy(np.float64) for name in ("mean", "low", "high"))
    if study.is_numeric(places):
        x = np.array(places, np.float64)
        axes.fill_between(x, low, high, color=ink, alpha=0.18 if many < 4 else 0.1, linewidth=0, gid=f"band {label}")
        few = len(x) <= 25 or bool((np.isfinite(mean) & ~np.isfinite(low)).any())
        axes.plot(x, mean, color=ink, linewidth=1.4, marker="o" if few else "", markersize=2.8, gid=label)
    else:
        x = np.arange(len(places), dtype=np.float64) + aside
        axes.vlines(x, low, high, color=ink, linewidth=1.4, alpha=0.5, gid=f"band {label}")
        axes.plot(x, mean, color=ink, linestyle="", marker="o", markersize=4.0, gid=label)
    known = np.flatnonzero(np.isfinite(mean))
    return float(mean[known[-1]]) if len(known) else np.nan
