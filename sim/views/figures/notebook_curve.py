"""The figure of the notebook curve: three accounts of the value of a notebook by when it was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.experiments.notebook import LAWS
from sim.views import style
from sim.views.style import BLUE, FAINT, GREEN, INK, QUIET, SMALL, VERMILLION, percent

if TYPE_CHECKING:
    from sim.experiments.notebook import NotebookCurve

COLOURS = {"lineage": BLUE, "knockout": GREEN, "person PageRank": VERMILLION}
ASKS = {
    "lineage": "lineage: what stands on it",
    "knockout": "knockout: what we would have lost",
    "person PageRank": "person PageRank: a position",
}
PRIORITY = "priority: everything"
HEIGHT, LEFT, BELOW, RIGHT = 3.5, 0.75, 0.6, 2.25  # inches


def notebook_figure(curve: NotebookCurve) -> Figure:
    """Draw what each account says of a notebook found at t: simulated with 95% intervals, and as theory has it.

    Returns:
        A Figure of its own, 7.2 inches wide; in axes[0] the points of each account have its name as gid, and the
        lines of theory that and "-theory".
    """
    notes = [
        "A genius has all the ideas, locks them away and dies; humanity rediscovers them at a rate of "
        f"{curve.rate:g} a step, {curve.steps} steps.",
        f"Lines: theory. Points: means of {curve.pairs:,} simulated runs on the same seeds, 95% intervals.",
    ]
    figure, head = style.new_figure(
        HEIGHT + BELOW + 0.15, "The value of the genius's notebook, by when it is found", notes
    )
    axes = style.panel(figure, LEFT, BELOW, RIGHT, head + 0.15)
    axes.set_xlim(0, curve.steps)
    axes.set_ylim(0, 1.04)
    axes.set_yticks(np.arange(0, 1.01, 0.25), ["0", "25%", "50%", "75%", "100%"])
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.axhline(1.0, color=QUIET, linewidth=1.2, linestyle=(0, (4, 3)), gid="priority")
    for name, colour in COLOURS.items():
        _draw(axes, curve, name, colour)
    ends = [float(curve.theory[name][-1]) for name in COLOURS]
    labels = [f"{ASKS[name]}" for name in COLOURS]
    style.label_ends(axes, [*ends, 1.0], [*labels, PRIORITY], [*COLOURS.values(), QUIET])
    style.say(axes, 0.5, -0.125, "step in which the notebook is found", transform=axes.transAxes, ha="center")
    told = f"found at step {curve.found[-1]}:", f"{percent(ends[0])} by lineage, {percent(ends[2])} by person PageRank"
    for line, text in enumerate(told):
        y = 0.46 - 0.045 * line
        style.say(axes, 0.985, y, text, transform=axes.transAxes, ha="right", fontsize=SMALL, color=INK)
    return figure


def _draw(axes: Axes, curve: NotebookCurve, name: str, colour: str) -> None:
    times = np.arange(curve.steps)
    law = [LAWS[name](float(t)) for t in times]
    axes.plot(times, law, color=colour, linewidth=1.4, gid=f"{name}-theory", clip_on=False)
    mean, half = curve.simulated[name], 1.96 * curve.error[name]
    axes.vlines(curve.found, mean - half, mean + half, color=colour, linewidth=1.0, clip_on=False)
    axes.plot(curve.found, mean, linestyle="", marker="o", markersize=3.2, color=colour, gid=name, clip_on=False)
