"""The figure of a hypothesis: the measure in every arm, the effect with its interval, and the theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.views import style
from sim.views.style import BLUE, FAINT, INK, QUIET, SMALL, VERMILLION, readable

if TYPE_CHECKING:
    from sim.experiments.hypotheses.verdict import Result

HEIGHT, LEFT, BELOW, BETWEEN, EFFECT = 2.3, 0.85, 0.55, 0.95, 1.25  # inches


def hypothesis_figure(result: Result) -> Figure:
    """Draw the measure in every arm with its 95% interval, and beside it the effect with its interval over all looks.

    Theory is drawn in vermillion; the band about 0 is the margin of a claim of no effect.

    Returns:
        A new Figure, 7.2 inches wide: axes[0] has the arms (gids "measure", "theory"), axes[1] the effect.
    """
    outcome = f"{result.verdict}{agreement(result)}; {result.pairs:,} pairs; {measured(result)}"
    figure, head = style.new_figure(
        HEIGHT + BELOW + 0.35, readable(result.name, 60), [readable(result.claim, 400), outcome]
    )
    arms = style.panel(figure, LEFT, BELOW, EFFECT + BETWEEN + 0.2, head + 0.35)
    effect = style.panel(figure, style.WIDTH - EFFECT - 0.2, BELOW, 0.2, head + 0.35)
    _draw_arms(arms, result)
    _draw_effect(effect, result)
    has_theory = result.theory is not None or any(arm.theory is not None for arm in result.arms)
    style.key(arms, [("o", BLUE, "mean, 95% interval"), *([("-", VERMILLION, "theory")] if has_theory else [])])
    return figure


def agreement(result: Result) -> str:
    """Return whether the theory holds, as part of a sentence.

    >>> from types import SimpleNamespace
    >>> agreement(SimpleNamespace(consistent=True, holds=False, resolution=0.06))
    ', not apart from the theory by as much as 6%'
    """
    if result.consistent is None:
        return ""
    if not result.consistent:
        return ", not consistent with the theory"
    if result.holds:
        return ", as the theory says"
    if result.resolution is None:
        return ", not apart from the theory"
    return f", not apart from the theory by as much as {100.0 * result.resolution:.2g}%"


def measured(result: Result) -> str:
    """Return the meaning of the effect in words."""
    what = readable(result.measure, 40)
    match result.statistic:
        case "slope":
            return f"slope of {what} on {result.dose}"
        case "log-slope":
            return f"slope of log {what} on {result.dose}"
        case "correlation":
            return f"correlation of {what} with {result.dose}"
        case "interaction":
            return f"interaction of {result.arms[1].name} and {result.arms[2].name} on {what}"
        case "difference":
            return f"{what}: {readable(result.arms[1].name)} less {readable(result.arms[0].name)}"
    return what


def _draw_arms(axes: Axes, result: Result) -> None:
    arms = result.arms
    place = np.array([arm.dose for arm in arms])
    mean, low, high = (np.array([getattr(arm, key) for arm in arms]) for key in ("mean", "low", "high"))
    known = [arm for arm in arms if arm.theory is not None]
    theory = np.array([float(arm.theory or 0.0) for arm in known])
    where = np.array([arm.dose for arm in known])
    style.grid(axes)
    if result.design == "dose":
        axes.fill_between(place, low, high, color=BLUE, alpha=0.18, linewidth=0, gid="band")
        axes.plot(where, theory, color=VERMILLION, linewidth=1.2, gid="theory", zorder=3)
        style.say(axes, 1.0, -0.2, result.dose, transform=axes.transAxes, ha="right", color=QUIET)
        axes.xaxis.set_major_formatter(style.Numbers())
    else:
        axes.hlines(theory, where - 0.22, where + 0.22, color=VERMILLION, linewidth=1.6, gid="theory", zorder=3)
        axes.set_xlim(-0.6, len(arms) - 0.4)
        axes.set_xticks(place, [readable(arm.name) for arm in arms], **style.words())
    axes.vlines(place, low, high, color=BLUE, linewidth=1.2)
    line = "-" if result.design == "dose" else ""
    axes.plot(place, mean, marker="o", linestyle=line, color=BLUE, linewidth=1.0, markersize=3.5, gid="measure")
    style.number_axis(axes.yaxis)
    style.say(axes, 0.0, 1.11, readable(result.measure, 40), transform=axes.transAxes, fontsize=SMALL, color=QUIET)


def _draw_effect(axes: Axes, result: Result) -> None:
    low, high = [result.low, result.effect, 0.0], [result.high, result.effect, 0.0]
    axes.axhline(0.0, color=QUIET, linewidth=0.6)
    if result.margin is not None:
        axes.axhspan(-result.margin, result.margin, color=FAINT, linewidth=0, zorder=0, gid="margin")
        low, high = [*low, -result.margin], [*high, result.margin]
    if result.theory is not None:
        axes.axhline(result.theory, color=VERMILLION, linewidth=1.2, gid="theory")
        low, high = [*low, result.theory], [*high, result.theory]
    axes.vlines([0.0], [result.low], [result.high], color=INK, linewidth=1.6, gid="interval")
    axes.plot([0.0], [result.effect], marker="o", color=INK, markersize=5.0, gid="effect")
    axes.set_xlim(-1.0, 1.0)
    axes.set_xticks([])
    room = 0.1 * (max(high) - min(low)) or 1.0
    axes.set_ylim(min(low) - room, max(high) + room)
    style.number_axis(axes.yaxis)
    style.say(axes, 0.0, 1.02, f"the {result.statistic}", transform=axes.transAxes, fontsize=SMALL, color=QUIET)
