"""Figures of a fit: the posterior, its predictions of the record, the falling distance, recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.views import style
from sim.views.style import BLUE, FAINT, INK, QUIET, SMALL, VERMILLION, readable

Scale = tuple[np.ufunc, np.ufunc]  # from values to places on an axis, and back
if TYPE_CHECKING:
    from sim.experiments.fit.check import CheckResult
    from sim.experiments.fit.priors import Prior
    from sim.experiments.fit.result import FitResult

LEFT, BELOW, ABOVE, RIGHT, GAP = 0.85, 0.55, 0.1, 0.2, 0.14  # inches
LINEAR: Scale = (np.positive, np.positive)
LOGARITHMIC: Scale = (np.log, np.exp)
BINS, BANDS = 30, ((0.95, 0.15), (0.5, 0.3))


def corner(found: FitResult) -> Figure:
    """Draw the posterior of every key, with its prior in grey, and of every pair of keys.

    Returns:
        A Figure with a panel per key on the diagonal (gids "posterior", "prior") and per pair below it ("pairs").
    """
    keys, values, weight = found.keys, found.values, found.population.weight
    side = (style.WIDTH - LEFT - RIGHT - GAP * (len(keys) - 1)) / len(keys)
    tall = min(side, 2.4)
    height = len(keys) * tall + (len(keys) - 1) * GAP + BELOW + ABOVE
    note = f"{found.method}, effective draws {found.ess:,.0f}; grey: the prior"
    figure, head = style.new_figure(height, "Posterior", [note, *found.says()[:1]])
    shown = [_shown(found, key) for key in range(len(keys))]
    scales = [_scale(found.priors[key], *span) for key, span in zip(keys, shown, strict=True)]
    for j, key in enumerate(keys):
        for k in range(j + 1):
            left, top = LEFT + k * (side + GAP), head + ABOVE + j * (tall + GAP)
            axes = style.panel(figure, left, height + head - top - tall, style.WIDTH - left - side, top)
            if j == k:
                prior, (to, back) = found.priors[key], scales[j]
                low, high = to(np.array(shown[j]))
                edges, line = back(np.linspace(low, high, BINS + 1)), back(np.linspace(low, high, 400))
                density = prior.law.pmf(line.round()) if prior.whole else prior.law.pdf(line)
                density = density * line if to is np.log else density
                heights, _ = np.histogram(to(values[:, j]), to(edges), weights=weight, density=True)
                axes.fill_between(line, np.nan_to_num(density), color=FAINT, linewidth=0, gid="prior")
                axes.stairs(heights, edges, fill=True, color=BLUE, alpha=0.6, gid="posterior")
                axes.set_yticks([])
            else:
                size = 60.0 * weight / weight.max() / np.sqrt(len(weight) / 50.0)
                axes.scatter(values[:, k], values[:, j], s=size, color=BLUE, alpha=0.35, linewidth=0, gid="pairs")
                axes.set_ylim(*shown[j])
                _numbers(axes, "y", scales[j])
            axes.set_xlim(*shown[k])
            _numbers(axes, "x", scales[k])
            if j < len(keys) - 1:
                axes.tick_params(labelbottom=False)
            else:
                style.say(axes, 0.5, -0.42 / tall, readable(keys[k], 40), transform=axes.transAxes, ha="center")
    return figure


def _shown(found: FitResult, key: int) -> tuple[float, float]:
    """Return the span of a key in all of its panels: its draws, within its prior, and all of that if not too wide."""
    values, weight, prior = found.values[:, key], found.population.weight, found.priors[found.keys[key]]
    order = np.argsort(values)
    at = np.searchsorted(np.cumsum(weight[order]), [0.002, 0.998]).clip(max=len(values) - 1)
    to, back = LOGARITHMIC if _is_log(prior) else LINEAR
    low, high = to(values[order][at])
    room = 0.1 * (high - low) or 1.0
    ends = back([low - room, high + room]).tolist()
    if found.spread[key] > 0.3:
        ends += prior.values(np.array([-3.5, 3.5])).tolist()
    least, most = prior.law.support()
    return float(max(min(ends), least - prior.whole)), float(min(max(ends), most + prior.whole))


def _scale(prior: Prior, low: float, high: float) -> Scale:
    """Return the scale of a key: logarithmic if its prior is, and what is shown spans a factor of 10."""
    return LOGARITHMIC if _is_log(prior) and 0.0 < 10.0 * low <= high else LINEAR


def _is_log(prior: Prior) -> bool:
    return prior.text.startswith("log")


def _numbers(axes: Axes, which: str, scale: Scale) -> None:
    if scale is LOGARITHMIC:
        style.log_axis(axes, which)
    else:
        style.number_axis(getattr(axes, f"{which}axis"), 4)


def bands(found: FitResult) -> Figure:
    """Draw how many had adopted by each step: the record over the central 50% and 95% of runs from the posterior.

    Returns:
        A Figure: axes[0] has the bands (gid "band"), their median ("median") and the record ("record").
    """
    figure, axes = _one("The record among runs of the fitted model", "adopted by step")
    if not len(found.curves):
        style.instead(axes, "No runs were drawn from the posterior.")
        return figure
    steps = np.arange(found.curves.shape[1])
    for level, alpha in BANDS:
        low, high = np.quantile(found.curves, [0.5 - level / 2.0, 0.5 + level / 2.0], axis=0)
        axes.fill_between(steps, low, high, step="post", color=BLUE, alpha=alpha, linewidth=0, gid="band")
    axes.step(steps, np.median(found.curves, axis=0), where="post", color=BLUE, linewidth=1.0, gid="median")
    curve = found.record.curve
    known = np.flatnonzero(np.isfinite(curve))
    axes.plot(known, curve[known], "o", color=INK, markersize=3.0, gid="record")
    style.count_axis(axes, 0.0, float(max(found.curves.max(), np.nanmax(curve, initial=0.0))), False)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    style.key(axes, [("o", INK, "record"), ("-", BLUE, "runs: median, 50% and 95%")])
    return figure


def distances(found: FitResult) -> Figure:
    """Draw how the tolerance of ABC fell with the runs, and how large the effective sample stayed.

    Returns:
        A Figure: axes[0] has the tolerance (gid "tolerance"); its ends are labelled with the effective sample.
    """
    figure, axes = _one("How near the runs came to the record", "tolerance, by runs")
    rows = [row for row in found.history if "tolerance" in row]
    if not rows:
        style.instead(axes, "The likelihood is exact: there is no distance.")
        return figure
    runs, far = [row["runs"] for row in rows], [row["tolerance"] for row in rows]
    axes.plot(runs, far, marker="o", markersize=3.5, color=BLUE, linewidth=1.0, gid="tolerance")
    axes.set_ylim(0.0, 1.1 * max(far) or 1.0)
    style.grid(axes)
    style.number_axis(axes.xaxis, 4)
    style.number_axis(axes.yaxis, 4)
    for row in (rows[0], rows[-1]):
        text = f"{row['ess']:,.0f} effective"
        style.say(axes, row["runs"], row["tolerance"], text, va="bottom", ha="center", fontsize=SMALL, color=QUIET)
    return figure


def recovery(found: CheckResult) -> Figure:
    """Draw estimates with their 95% intervals against the truths, key by key; those that miss are vermillion.

    Returns:
        A Figure with a panel per key (gids "interval", "estimate", "truth").
    """
    keys = tuple(found.priors)
    side = (style.WIDTH - LEFT - RIGHT - 0.55 * (len(keys) - 1)) / len(keys)
    tall = min(side, 2.6)
    figure, head = style.new_figure(tall + BELOW + ABOVE, "Known truths, found again", found.says())
    for k, key in enumerate(keys):
        left = LEFT + k * (side + 0.55)
        axes = style.panel(figure, left, BELOW, style.WIDTH - left - side, head + ABOVE)
        truth = found.truth[:, k]
        missed = (truth < found.low[:, k]) | (truth > found.high[:, k])
        for some, colour in ((~missed, BLUE), (missed, VERMILLION)):
            ends = found.low[some, k], found.high[some, k]
            axes.vlines(truth[some], *ends, color=colour, linewidth=0.7, alpha=0.5, gid="interval")
            axes.plot(truth[some], found.mean[some, k], "o", color=colour, markersize=2.0, gid="estimate")
        diagonal = [truth.min(), truth.max()]
        axes.plot(diagonal, diagonal, color=INK, linewidth=0.6, gid="truth")
        scale = _scale(found.priors[key], min(truth.min(), found.low[:, k].min()), truth.max())
        for which in ("x", "y"):
            _numbers(axes, which, scale)
        style.say(axes, 0.5, -0.42 / tall, readable(key, 40), transform=axes.transAxes, ha="center")
    return figure


def _one(title: str, note: str) -> tuple[Figure, Axes]:
    figure, head = style.new_figure(2.8 + BELOW, title, [note])
    return figure, style.panel(figure, LEFT, BELOW, RIGHT, head + 0.25)


FIGURES = {"posterior": corner, "bands": bands, "distance": distances}
