"""The figure of the sources of a person's credit: the paths on which it came, each with its bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from sim.views import style
from sim.views.rows import without_numbers
from sim.views.style import SKY, number, percent, readable

if TYPE_CHECKING:
    from sim.accounts.explain import Explanation, Part

ROW_HEIGHT = 0.42  # inches
MAX_DRAWN = 5  # persons of a lineage


def why_bars(why: Explanation) -> Figure:
    """Draw where a person's credit comes from: a row per path, with the persons along it, and its share as a bar.

    Returns:
        A new Figure, 7.2 inches wide; the widths of the bars in axes[0] are credit, and sum to the person's.

    >>> from sim import Scenario, simulate
    >>> from sim.accounts.explain import explain
    >>> figure = why_bars(explain(simulate(Scenario.load("e1_interpreter")), "P1"))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['P1 → P2 → 10¹⁰ adoptions', ' 50.0%']
    """
    notes = [f"By {why.method}: {percent(why.share)} of the total, {number(why.total)}."]
    title = f"Where the credit of {readable(why.person)} comes from"
    if not why.lineages:
        return style.empty_figure(title, notes, "Nothing: there is no credit.")
    figure, head = style.new_figure(0.3 + ROW_HEIGHT * len(why.lineages), title, notes)
    axes = style.panel(figure, 0.2, 0.1, 0.2 + style.width_of([percent(part.share) for part in why.lineages]), head)
    axes.set_ylim(len(why.lineages) - 0.4, -0.8)
    axes.set_xlim(0, max(part.credit for part in why.lineages))
    axes.yaxis.set_visible(False)
    without_numbers(axes)
    for place, part in enumerate(why.lineages):
        axes.barh(place, part.credit, height=0.3, color=SKY, linewidth=0)
        style.say(axes, 0, place - 0.36, _chain(part), va="center_baseline")
        style.say(axes, part.credit, place, f" {percent(part.share)}", va="center_baseline")
    return figure


def _chain(part: Part) -> str:
    names = [readable(name) for name, _ in part.lineage]
    if not names:
        return part.name
    if len(names) > MAX_DRAWN:
        names = [*names[:2], f"{len(names) - 4} others", *names[-2:]]
    return " → ".join([*names, f"{number(part.adoptions)} adoptions" if part.adoptions != 1 else "one adoption"])
