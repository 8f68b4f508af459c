"""The figure of the notebook curve: a genius's due by priority and by impact, by the time the notebook is found."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.experiments.notebook import LAWS, NotebookCurve
from sim.views import style
from sim.views.style import BLUE, GREEN, INK, PALE, QUIET, SMALL, VERMILLION, percent

COLOURS = {"lineage": BLUE, "knockout": GREEN, "person PageRank": PALE}
ASKS = {
    "lineage": "impact: what stands on it",
    "knockout": "knockout: what we would lack",
    "person PageRank": "person PageRank: a position",
}
PRIORITY = "priority: being first"
HEIGHT, LEFT, BELOW = 3.5, 0.75, 0.75  # inches
LARGE = 13.0  # points
NOTHING, ALL = 0.01, 0.95  # shares below and above which the heading says "nothing" and "everything"


def notebook_figure(curve: NotebookCurve) -> Figure:
    """Draw the share by each account if the notebook is found at t: simulated with 95% intervals, and by theory.

    The heading says what priority and impact make of a notebook that is found last.

    Returns:
        A new Figure, 7.2 inches wide; in axes[0] the points of each account have its name as gid, and the lines of
        theory its name with "-theory".
    """
    notes = [
        "A genius has every idea first, locks the notebook away and dies. Others have the ideas again, "
        f"at a rate of {curve.rate:g} a step for {curve.steps} steps.",
        f"Lines: theory. Points: means of {curve.pairs:,} pairs of simulated histories, with 95% intervals.",
    ]
    figure, head = style.new_figure(HEIGHT + BELOW + 0.4, "", ["", *notes])
    place = 0.12 / style.WIDTH, 1.0 - 0.14 / figure.get_figheight()
    figure.text(*place, heading(curve), va="top", **style.words(fontsize=LARGE, fontweight="bold"))
    ends = {name: float(curve.theory[name][-1]) for name in COLOURS}
    labels = [*(f"{percent(ends[name])} by {ASKS[name]}" for name in COLOURS), f"100% by {PRIORITY}"]
    axes = style.panel(figure, LEFT, BELOW, 0.4 + style.width_of(labels), head + 0.3)
    axes.set_xlim(0, curve.steps)
    axes.set_ylim(0, 1.04)
    axes.set_yticks(np.arange(0, 1.01, 0.25), ["0", "25%", "50%", "75%", "100%"])
    style.grid(axes)
    axes.axhline(1.0, color=VERMILLION, linewidth=2.4, gid="priority", clip_on=False)
    for name, colour in COLOURS.items():
        _draw(axes, curve, name, colour, 2.4 if name == "lineage" else 1.0)
    times = np.arange(curve.steps)
    axes.fill_between(times, [LAWS["lineage"](float(t)) for t in times], color=BLUE, alpha=0.1, linewidth=0, zorder=0)
    style.label_ends(axes, [*ends.values(), 1.0], labels, [*COLOURS.values(), VERMILLION])
    below = {"transform": axes.transAxes, "fontsize": SMALL, "color": QUIET}
    style.say(axes, 0.0, -0.13, "found at once", **below)
    style.say(axes, 1.0, -0.13, "found when all is known", ha="right", **below)
    style.say(axes, 0.5, -0.19, "step in which the notebook is found", transform=axes.transAxes, ha="center", color=INK)
    style.say(axes, 0.0, 1.03, "the genius's share of the credit", **below)
    return figure


def heading(curve: NotebookCurve) -> str:
    """Return a sentence on the value of the notebook that is found last.

    >>> from types import SimpleNamespace
    >>> heading(SimpleNamespace(theory={"lineage": [0.99, 0.0008]}))
    'By priority the genius deserves everything. By impact, nothing.'
    """
    last = float(curve.theory["lineage"][-1])
    said = "nothing" if last < NOTHING else "everything" if last > ALL else percent(last)
    return f"By priority the genius deserves everything. By impact, {said}."


def _draw(axes: Axes, curve: NotebookCurve, name: str, colour: str, width: float) -> None:
    times = np.arange(curve.steps)
    law = [LAWS[name](float(t)) for t in times]
    axes.plot(times, law, color=colour, linewidth=width, gid=f"{name}-theory", clip_on=False)
    mean, half = curve.simulated[name], 1.96 * curve.error[name]
    axes.vlines(curve.found, mean - half, mean + half, color=colour, linewidth=1.0, clip_on=False)
    size = 2.0 * width if width > 1.0 else 2.6
    axes.plot(curve.found, mean, linestyle="", marker="o", markersize=size, color=colour, gid=name, clip_on=False)
