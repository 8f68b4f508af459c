"""The figures of a fit show its draws, its prior, the record, and the truths that were missed."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

import sim
from sim.experiments.fit.check import CheckResult
from sim.experiments.fit.priors import Prior
from sim.experiments.fit.result import FitResult
from sim.views.figures.fit import bands, corner, distances, recovery
from sim.views.style import BLUE, VERMILLION
from tests.experiments.fit import scenario_of

SCENARIO = scenario_of(steps=6, population__count=12, population__reach=1 / 12, population__understanding=0.6,
                       dynamics__discovery_rate=0.1)  # fmt: skip
VARY = {"dynamics.discovery_rate": "loguniform(1e-3, 1)", "population.understanding": "uniform(0, 1)"}
CURVE = {"time": list(range(1, 7)), "count": [1, 2, 4, 5, 7, 8]}


@pytest.fixture(scope="module")
def found() -> FitResult:
    return sim.fit(SCENARIO, CURVE, VARY, runs=80, particles=40, predicted=10, engine="agents")


def of(axes, name):
    """What bears a name in a panel."""
    return [one for one in axes.get_children() if one.get_gid() == name]


def test_a_key_has_the_same_span_in_all_panels_and_the_draws_stand_in_their_places(found):
    first, pair, second = corner(found).axes
    spans = first.get_xlim(), second.get_xlim()
    assert (pair.get_xlim(), pair.get_ylim()) == spans
    (cloud,) = of(pair, "pairs")
    assert np.array_equal(cloud.get_offsets(), found.values)
    for axes, key in zip((first, second), found.keys, strict=True):
        values, weight = found.values[:, found.keys.index(key)], found.population.weight
        low, high = axes.get_xlim()
        assert weight[(values >= low) & (values <= high)].sum() > 0.99
        logarithmic = axes.get_xscale() == "log"
        assert logarithmic == ("discovery" in key), "as the prior is"
        (outline,) = of(axes, "posterior")
        heights, edges, _ = outline.get_data()
        places = (np.log(values), np.log(edges)) if logarithmic else (values, edges)
        expected, _ = np.histogram(*places, weights=weight, density=True)
        assert heights == pytest.approx(expected, rel=1e-6)
        (ground,) = of(axes, "prior")
        x, y = ground.get_paths()[0].vertices.T
        inside = (x > 1.001e-3) & (x < 0.999) & (y > 0.0)
        flat = 1 / np.log(1000) if logarithmic else 1.0
        assert y[inside] == pytest.approx(np.full(inside.sum(), flat)), "both priors are uniform, each on its axis"


def test_bands_are_quantiles_of_the_runs_the_record_is_the_record_and_the_tolerance_falls_as_it_did(found):
    (axes,) = bands(found).axes
    (median,), (record,) = of(axes, "median"), of(axes, "record")
    assert np.array_equal(median.get_ydata(), np.median(found.curves, axis=0))
    assert {"time": record.get_xdata().tolist(), "count": record.get_ydata().tolist()} == CURVE
    for band, level in zip(of(axes, "band"), (0.95, 0.5), strict=True):
        heights = band.get_paths()[0].vertices[:, 1]
        ends = np.quantile(found.curves, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        assert (heights.min(), heights.max()) == (ends[0].min(), ends[1].max())
    (axes,) = distances(found).axes
    (line,) = of(axes, "tolerance")
    assert line.get_ydata().tolist() == [row["tolerance"] for row in found.history if "tolerance" in row]


def test_truths_that_an_interval_misses_are_vermillion():
    truth = np.array([[0.2], [0.5], [0.9]])
    low, high = truth - 0.1, truth + np.array([[0.1], [-0.05], [0.1]])
    priors = {"dynamics.discovery_rate": Prior("uniform(0, 1)")}
    (axes,) = recovery(CheckResult(priors, "exact likelihood", truth, truth, low, high, np.full((3, 1), 0.5))).axes
    colours = {tuple(bar.get_colors()[0]): len(bar.get_segments()) for bar in of(axes, "interval")}
    assert colours == {to_rgba(BLUE, 0.5): 2, to_rgba(VERMILLION, 0.5): 1}
