"""The figure: seconds of a cascade against persons, both logarithmic, a line for each runner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from sim.views import style
from sim.views.style import BLUE, FAINT, GREEN, INK, ORANGE, PALE, PURPLE, QUIET, SKY, VERMILLION

COLOURS = {
    "shoulders, 1 thread": INK, "shoulders, 2 threads": BLUE, "shoulders, 4 threads": VERMILLION,
    "shoulders, agents": QUIET, "cynetdiff": GREEN, "EoN": PURPLE, "NDlib": ORANGE, "plain Mesa": SKY,
    "igraph": GREEN, "networkx": PURPLE, "rustworkx": ORANGE, "networkit": SKY,
}  # fmt: skip
LEFT, RIGHT, BOTTOM, HEIGHT = 0.75, 1.75, 0.5, 3.6  # inches


def lines(lanes: Sequence[Any]) -> dict[str, list[tuple[int, float]]]:
    """(persons, seconds) of each runner that ran."""
    found: dict[str, list[tuple[int, float]]] = {}
    for lane in lanes:
        if lane.seconds:
            found.setdefault(lane.name, []).append((lane.n, lane.median))
    return {name: sorted(points) for name, points in found.items()}


def seconds(value: float) -> str:
    """A time on the axis."""
    if value >= 1.0:
        return f"{value:g} s"
    return f"{value * 1e3:g} ms" if value >= 1e-3 else f"{value * 1e6:g} µs"


def draw(
    lanes: Sequence[Any],
    notes: Sequence[str],
    title: str = "Seconds of an independent cascade",
    across: str = "persons, ten ties each",
) -> Figure:
    """Time against persons or rows (lanes with name, n, seconds, median); every line bears its name at its end."""
    found = lines(lanes)
    figure, head = style.new_figure(HEIGHT, title, notes)
    axes = style.panel(figure, LEFT, BOTTOM, RIGHT, head + 0.1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for name, points in found.items():
        ours = name.startswith("shoulders")
        width, dashes = (1.8, "-") if ours else (1.1, "--")
        persons, times = zip(*points, strict=True)
        axes.plot(persons, times, color=COLOURS.get(name, PALE), linewidth=width, linestyle=dashes, marker="o",
                  markersize=3, clip_on=False)  # fmt: skip
    axes.grid(color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    everything = [time for points in found.values() for _, time in points]
    axes.set_xlim(1e3, max(1e4, *(points[-1][0] for points in found.values())))
    axes.set_ylim(10.0 ** math.floor(math.log10(min(everything))), 10.0 ** math.ceil(math.log10(max(everything)) + 0.1))
    _ticks(axes)
    style.say(axes, 0.5, -0.4 / HEIGHT, across, transform=axes.transAxes, ha="center", va="top")
    for end in sorted({points[-1][0] for points in found.values()}):
        _label(axes, end, {name: points[-1][1] for name, points in found.items() if points[-1][0] == end}, found)
    return figure


def _label(axes: Axes, end: int, ending: dict[str, float], found: dict[str, list[tuple[int, float]]]) -> None:
    """Name the lines that end at so many persons: to the right, or above what lies above all that go on there."""
    low, high = (math.log10(y) for y in axes.get_ylim())
    gap = 0.15 / (axes.bbox.height / axes.figure.dpi) * (high - low)
    names = list(ending)
    places = style.apart([math.log10(ending[name]) for name in names], gap, low, high)
    here = [time for points in found.values() for n, time in points if n == end]
    for name, place in zip(names, places, strict=True):
        if end < axes.get_xlim()[1] and ending[name] == max(here):
            style.say(axes, end, 10.0 ** (math.log10(ending[name]) + 0.6 * gap), name, ha="right", va="bottom")
        else:
            style.say(axes, end * 1.15, 10.0**place, name, va="center_baseline")


def _ticks(axes: Axes) -> None:
    for axis, text in ((axes.xaxis, style.number), (axes.yaxis, seconds)):
        axis.set_major_formatter(FuncFormatter(lambda value, _, text=text: text(value)))
        axis.set_minor_locator(NullLocator())


def save(figure: Figure, folder: Path) -> None:
    """Write cascade.png."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "cascade.png", dpi=144)
