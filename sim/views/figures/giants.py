"""The figure of credit over time: who was regarded as a giant when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from sim.tape.tape import Tape
from sim.views import style
from sim.views.rows import row_label
from sim.views.style import PALE, SERIES, number, percent
from sim.views.time_axis import clock

if TYPE_CHECKING:
    from sim.accounts.over_time import CreditOverTime

LEFT = 0.6  # inches


def giants_over_time(tape: Tape, found: CreditOverTime) -> Figure:
    """Draw the share of the leading persons and groups as it looked at each step, from what had happened by then.

    The persons with the largest share at the end have a line each, among them one with a name of their own and up to
    two who were first at some step. The grey line is all others together. Steps before any value was realised have no
    line.

    Args:
        tape: whose credit it is; its times are on the axis.
        found: its credit over time, by any account.

    Returns:
        A new Figure, 7.2 inches wide; in axes[0] the lines have the gids "trajectory-0", "trajectory-1", ..., largest
        first, and "others".

    >>> from sim import Scenario, simulate
    >>> from sim.accounts.over_time import credit_over_time
    >>> scenario = Scenario.load("e1_interpreter")
    >>> tape = simulate(scenario)
    >>> figure = giants_over_time(tape, credit_over_time(tape, scenario=scenario))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['P1  50.0%', 'P2  50.0%']
    """
    title, some = "Who was thought of as a giant, and when", found.total > 0.0
    last = float(found.total[-1]) if len(found.total) else 0.0
    notes = [f"By {found.method}: shares of what had been realised by then, in the end {number(last)}."]
    if not some.any():
        return style.empty_figure(title, notes, style.NOTHING)
    trajectories = found.courses(most=len(SERIES) - 1)
    labels = [
        f"{row_label(trajectory, rest='others')}  {percent(trajectory.shares[-1])}" for trajectory in trajectories
    ]
    figure, head = style.new_figure(0.5 + 3.2, title, notes)
    axes = style.panel(figure, LEFT, 0.5, 0.45 + style.width_of(labels), head)
    time = clock(tape)
    time.draw(axes)
    axes.set_ylim(0.0, 1.04 * max(max(trajectory.shares) for trajectory in trajectories) or 1.0)
    style.number_axis(axes.yaxis, texts=style.Numbers("%", 100.0))
    style.grid(axes)
    x, colours = time.of(found.steps[some]), []
    for place, trajectory in enumerate(trajectories):
        rest = trajectory.kind == "rest"
        colours.append(PALE if rest else SERIES[place])
        axes.plot(
            x, np.array(trajectory.shares)[some], color=colours[-1], linewidth=1.0 if rest else 1.6, clip_on=False,
            gid="others" if rest else f"trajectory-{place}", zorder=2 if rest else 3 + len(trajectories) - place,
            marker="o" if len(x) == 1 else "", markersize=3,
        )  # fmt: skip
    style.label_ends(axes, [trajectory.shares[-1] for trajectory in trajectories], labels, colours)
    return figure
