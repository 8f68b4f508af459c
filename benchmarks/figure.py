"""The figure: seconds of a cascade against persons, both logarithmic, a line for each runner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.race import Lane
from sim.views import style
from sim.views.style import FAINT, INK, SERIES

LEFT, RIGHT, BOTTOM, HEIGHT = 0.75, 1.75, 0.5, 3.6  # inches


def lines(lanes: Sequence[Lane]) -> dict[str, list[tuple[int, float]]]:
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


def draw(lanes: Sequence[Lane], notes: Sequence[str]) -> Figure:
    """Time against persons; every line bears its name at its right end."""
    found = lines(lanes)
    figure, head = style.new_figure(HEIGHT, "Seconds of an independent cascade", notes)
    axes = style.panel(figure, LEFT, BOTTOM, RIGHT, head + 0.1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    last = max(points[-1][0] for points in found.values())
    ends = []
    for (name, points), colour in zip(found.items(), colours(list(found)), strict=True):
        ours = name.startswith("shoulders")
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.8 if ours else 1.1, marker="o", markersize=3,
                  linestyle="-" if ours else "--", clip_on=False)  # fmt: skip
        ends.append((points[-1], name, colour))
    axes.grid(color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.set_xlim(1e3, max(last, 1e4))
    _ticks(axes)
    style.say(axes, 0.5, -0.4 / HEIGHT, "persons, ten ties each", transform=axes.transAxes, ha="center", va="top")
    style.label_ends(axes, [end[0][1] for end in ends], [end[1] for end in ends], [end[2] for end in ends])
    return figure


def colours(names: Sequence[str]) -> list[str]:
    """Ink for ours on one thread, and a colour of the house for each other."""
    rest = iter([colour for colour in SERIES if colour != INK] * 2)
    return [INK if name == "shoulders, 1 thread" else next(rest) for name in names]


def _ticks(axes: object) -> None:
    for axis, text in ((axes.xaxis, style.number), (axes.yaxis, seconds)):  # type: ignore[attr-defined]
        axis.set_major_formatter(FuncFormatter(lambda value, _, text=text: text(value)))
        axis.set_minor_locator(NullLocator())


def save(figure: Figure, folder: Path) -> None:
    """Write cascade.png."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "cascade.png", dpi=144)
