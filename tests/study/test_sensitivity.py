"""Sensitivity against closed forms: Ishigami's function, a sum, a product; and designs that are none."""

import importlib.util
import itertools
import math
import warnings

import numpy as np
import pandas as pd
import pytest

from sim import Scenario, Study
from sim.study.analysis import table
from sim.study.sensitivity import LEVELS, indices, morris_indices, problem, sample_design, sobol_indices

A, B = 7.0, 0.1
CIRCLE = {"world.x": (-math.pi, math.pi), "world.y": (-math.pi, math.pi), "world.z": (-math.pi, math.pi)}
needs_salib = pytest.mark.skipif(not importlib.util.find_spec("SALib"), reason="SALib comes with the extra analysis")


def table_of(cells, function):
    totals = [float(function(*cell.values())) for cell in cells]
    return pd.DataFrame(cells).assign(total=totals, cell=range(len(cells)), replicate=0, seed=0, error=None)


def ishigami(x, y, z):
    return math.sin(x) + A * math.sin(y) ** 2 + B * z**4 * math.sin(x)


def values(found, index):
    return found[found["index"] == index].set_index("parameter")["value"].to_dict()


@needs_salib
@pytest.mark.parametrize("second_order", [False, True])
def test_the_indices_of_ishigami(second_order):
    # Ishigami and Homma 1990; the partial variances by integration.
    vx = (1 + B * math.pi**4 / 5) ** 2 / 2
    vy = A**2 / 8
    vxz = B**2 * math.pi**8 * (1 / 18 - 1 / 50)
    v = vx + vy + vxz
    table = table_of(sample_design(CIRCLE, 2048, second_order=second_order, seed=4), ishigami)
    assert len(table) == 2048 * (8 if second_order else 5)
    found = sobol_indices(table, "total")
    assert values(found, "first") == pytest.approx({"world.x": vx / v, "world.y": vy / v, "world.z": 0.0}, abs=0.03)
    whole = {"world.x": (vx + vxz) / v, "world.y": vy / v, "world.z": vxz / v}
    assert values(found, "total") == pytest.approx(whole, abs=0.03)
    assert (found["low"] < found["value"]).all()
    assert np.allclose(found["value"] - found["low"], found["high"] - found["value"])
    pairs = found[found["index"] == "second"].set_index(["parameter", "other"])["value"].to_dict()
    wanted = {("world.x", "world.y"): 0.0, ("world.x", "world.z"): vxz / v, ("world.y", "world.z"): 0.0}
    assert pairs == pytest.approx(wanted if second_order else {}, abs=0.05)


@needs_salib
def test_the_intervals_hold_the_truth_and_narrow_with_more_samples():
    weight = np.array([1.0, 2.0, 4.0])
    ranges = {"a.x": (0.0, 1.0), "a.y": (10.0, 11.0), "a.z": (-3.0, -2.0)}
    truth = dict(zip(ranges, weight**2 / (weight**2).sum(), strict=True))
    width = {}
    for size in (128, 2048):
        cells = sample_design(ranges, size, seed=2)
        found = sobol_indices(table_of(cells, lambda *x: weight @ x), "total", confidence=0.99)
        assert (found["low"] <= found["parameter"].map(truth)).all()
        assert (found["high"] >= found["parameter"].map(truth)).all()
        width[size] = (found["high"] - found["low"]).mean()
    assert width[2048] == pytest.approx(width[128] / 4, rel=0.4)  # as one over the square root


@needs_salib
def test_a_line_has_the_effects_of_its_slopes_and_a_product_has_more():
    ranges = {"a.x": (0.0, 2.0), "a.y": (5.0, 6.0), "a.z": (-1.0, 1.0)}
    table = table_of(sample_design(ranges, 12, "morris"), lambda x, y, z: 3 * x - 4 * y)
    assert len(table) == 12 * 4
    found = morris_indices(table, "total")
    assert values(found, "mu") == pytest.approx({"a.x": 6.0, "a.y": -4.0, "a.z": 0.0}, abs=1e-9)
    assert values(found, "mu_star") == pytest.approx({"a.x": 6.0, "a.y": 4.0, "a.z": 0.0}, abs=1e-9)
    assert values(found, "sigma") == pytest.approx({"a.x": 0.0, "a.y": 0.0, "a.z": 0.0}, abs=1e-9)
    bounds = found[found["index"] == "mu_star"]
    assert np.allclose(bounds["low"], bounds["value"])
    assert found[found["index"] != "mu_star"][["low", "high"]].isna().all(axis=None)
    product = morris_indices(table_of(sample_design(ranges, 12, "morris"), lambda x, y, z: x * z), "total")
    assert values(product, "sigma")["a.x"] > 0.5
    assert values(product, "sigma")["a.y"] == 0.0
    (bounds,) = product[(product["index"] == "mu_star") & (product["parameter"] == "a.x")].to_dict("records")
    assert bounds["high"] > bounds["value"]


@needs_salib
def test_a_table_alone_is_enough_without_warning():
    once = table_of(sample_design(CIRCLE, 64), ishigami)
    twice = pd.concat([once.assign(replicate=1, total=once["total"] + 5), once.assign(total=once["total"] - 5)])
    shuffled = twice.sample(frac=1.0, random_state=3)
    assert np.allclose(sobol_indices(shuffled, "total")["value"], sobol_indices(once, "total")["value"])
    assert sobol_indices(once, "total").equals(sobol_indices(once, "total"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sobol_indices(table_of(sample_design(CIRCLE, 16), ishigami), "total")
        morris_indices(table_of(sample_design(CIRCLE, 16, "morris"), lambda *x: 1.0), "total")
    table = table_of(sample_design(CIRCLE, 16, "morris", levels=8), ishigami)
    assert len(morris_indices(table, "total", levels=8))
    with pytest.raises(ValueError, match=f"on {LEVELS} levels"):
        morris_indices(table, "total")
    with pytest.raises(ValueError, match=r"total is 1\.0 in all cells"):
        sobol_indices(table_of(sample_design(CIRCLE, 16), lambda *x: 1.0), "total")


@needs_salib
def test_a_design_is_that_of_its_seed_and_within_its_ranges():
    ranges = {"a.x": (0.0, 0.25), "a.y": (2.0, 2.5)}
    for method, seed in itertools.product(("sobol", "morris"), (0, 7)):
        cells = sample_design(ranges, 16, method, seed=seed)
        assert cells == sample_design(ranges, 16, method, seed=seed) != sample_design(ranges, 16, method, seed=8)
        assert all(0.0 <= cell["a.x"] <= 0.25 and 2.0 <= cell["a.y"] <= 2.5 for cell in cells)
    ranges = {"world.steps": (3, 6), "a.x": (0, 1)}
    cells = sample_design(ranges, 1024, whole=["world.steps"])
    steps = [cell["world.steps"] for cell in cells]
    assert {type(step) for step in steps} == {int}
    assert np.bincount(steps) == pytest.approx(np.array([0, 0, 0, *[len(cells) / 4] * 4]), rel=0.05)
    found = sobol_indices(table_of(cells, lambda step, x: step), "total")
    assert values(found, "total") == pytest.approx({"world.steps": 1.0, "a.x": 0.0}, abs=0.05)
    morris = sample_design(ranges, 8, "morris", whole=["world.steps"])
    assert {cell["world.steps"] for cell in morris} == {3, 4, 5, 6}
    assert values(morris_indices(table_of(morris, lambda step, x: step), "total"), "mu")["world.steps"] == 3.0


@pytest.mark.parametrize(("call", "message"), [
    (lambda: problem({}), "no parameter"),
    (lambda: problem({"a.x": (1, 0)}), "a.x: the range 1 to 0 must be finite and rise"),
    (lambda: problem({"a.x": (0, math.inf)}), "must be finite"),
    (lambda: sample_design(CIRCLE, 16, "sobl"), "no 'sobl'; allowed: sobol, morris"),
    (lambda: sample_design(CIRCLE, 4), "4 base samples are too few for sobol indices; allowed: 8 or more"),
    (lambda: sample_design(CIRCLE, 3, "morris"), "3 trajectories are too few"),
    (lambda: sample_design(CIRCLE, 8, "morris", levels=5), "levels: 5 must be an even number"),
    (lambda: sample_design(CIRCLE, 8, whole=["world.w"]), "whole: range: no 'world.w'"),
    (lambda: sample_design({"a.x": (3, 10)}, 8, "morris", whole=["a.x"]), "multiple of 3"),
])  # fmt: skip
def test_a_design_that_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@needs_salib
@pytest.mark.parametrize("indices", [sobol_indices, morris_indices])
@pytest.mark.parametrize(("change", "message"), [
    (lambda t: t.assign(total=t["total"].mask(t["cell"] == 7), error=t["error"].mask(t["cell"] == 7, "ValueError: no")),
     "1 of [0-9]+ runs without total, the first in cell 7, which failed"),
    (lambda t: t[:-1], "its [0-9]+ cells are no"),
    (lambda t: t[1:], "numbered up to [0-9]+; indices need every run"),
    (lambda t: t.assign(cell=np.roll(t["cell"], 1)), "are no (Saltelli|Morris) design"),
    (lambda t: pd.concat([t, t[:1]]), "more replicates in some cells"),
    (lambda t: t[:0], "runs of 0 cells"),
    (lambda t: t.drop(columns="total"), "no column 'total'"),
])  # fmt: skip
def test_a_table_without_its_design_is_refused_in_one_line(indices, change, message):
    method = "sobol" if indices is sobol_indices else "morris"
    table = table_of(sample_design(CIRCLE, 16, method), ishigami)
    assert len(indices(table, "total"))
    with pytest.raises(ValueError, match=message) as refused:
        indices(change(table), "total")
    assert "\n" not in str(refused.value)


@needs_salib
@pytest.mark.parametrize("design", ["saltelli", "morris"])
def test_a_sampled_study_is_a_design_for_its_indices(design):
    scenario = Scenario.from_toml("""
    scenario = {name = "alone", steps = 4}
    persons = [{name = "Ada", creativity = 1.0}]
    ideas = [{name = "wheel", value = 2.0}]
    dynamics = {discovery_rate = inf, abandon_rate = 0}
    impact = {value_of = "held"}
    """)
    vary = {"ideas.wheel.value": [1.0, 3.0], "persons.Ada.reach": [0.0, 1.0], "scenario.steps": [3, 9]}
    study = Study(scenario, vary, design=design, samples=16, replicates=1, measures=["total"])
    study.run(executor="threads")
    found = indices(table(study), "total")
    assert problem(study)["names"] == list(vary)
    assert set(found["index"]) == ({"first", "total", "second"} if design == "saltelli" else {"mu_star", "mu", "sigma"})
    effect = values(found, "total" if design == "saltelli" else "mu_star")
    assert effect["persons.Ada.reach"] == 0.0  # there is nobody to tell
    assert min(effect["ideas.wheel.value"], effect["scenario.steps"]) > 0.1
