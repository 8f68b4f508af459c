"""Tables of runs: what stands in summaries, differences and arrays is counted again, another way."""

import itertools
import statistics as plain
import sys
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.engines import simulate
from sim.study import analysis
from sim.study.analysis import differences, measures_of, parameters_of, summarise, to_xarray
from sim.study.intervals import BCA_TO, bootstrap
from sim.study.sensitivity import sample_design
from tests.study.worlds import VARY, study, world

RATES, REACHES = (0.0, 0.1, 0.5), (0.2, 0.7)


BY = ["dynamics.abandon_rate", "population.reach"]


def runs(common=True):
    """A grid of two parameters, its runs in a shuffled order; total = 10 rate + reach + luck of the replicate."""
    luck, cells = np.random.default_rng(5), enumerate(itertools.product(RATES, REACHES))
    rows = [(cell, k, 2**63 + k + 1000 * cell * (not common), *values) for cell, values in cells for k in range(6)]
    table = pd.DataFrame(rows, columns=["cell", "replicate", "seed", *BY])
    total = 10 * table[BY[0]] + table[BY[1]] + luck.normal(size=6)[table["replicate"]] + 0.01 * luck.normal(size=36)
    table = table.assign(total=total, outbreak=(total > 1).astype(float), error=None)
    return table.sample(frac=1.0, random_state=5, ignore_index=True)


def test_a_summary_has_the_statistics_of_every_setting():
    table = runs()
    found = summarise(table, ["total", "outbreak"], by=BY)
    assert len(found) == 2 * len(RATES) * len(REACHES)
    for row in found.to_dict("records"):
        there = table[(table[BY[0]] == row[BY[0]]) & (table[BY[1]] == row[BY[1]])][row["measure"]].tolist()
        assert row["number"] == len(there) == 6
        assert row["mean"] == pytest.approx(plain.mean(there))
        assert row["sd"] == pytest.approx(plain.stdev(there))
        assert row["median"] == pytest.approx(plain.median(there))
        assert row["q05"] <= row["q25"] <= row["median"] <= row["q75"] <= row["q95"]
        assert row["low"] <= row["mean"] <= row["high"]
        assert row["interval"] == ("BCa" if row["measure"] == "total" else "Wilson")
    found = summarise(table, ["total"], by=BY[:1])
    assert found[[BY[0], "number"]].to_numpy().tolist() == [[rate, 12] for rate in RATES]
    everything = summarise(table, ["total"], by=[])
    assert everything[["number", "mean"]].to_numpy() == pytest.approx(np.array([[36, table["total"].mean()]]))
    assert parameters_of(table) == BY
    table.attrs["parameters"] = ["population.reach"]
    assert parameters_of(table) == ["population.reach"]


def test_failed_and_empty_runs_are_counted_and_left_out_and_one_value_has_no_interval():
    columns = {"cell": 0, "replicate": range(6), "total": [1.0, 2.0, np.nan, None, np.inf, 6.0]}
    table = pd.DataFrame(columns | {"error": [None, None, "ValueError: no"] + [None] * 3})
    found = summarise(table, ["total"], by=["cell"])
    assert found[["number", "empty", "failed", "mean"]].to_numpy().tolist() == [[3, 2, 1, 3.0]]
    table = runs()
    table.loc[table["cell"] == 3, ["total", "outbreak", "error"]] = (np.nan, np.nan, "out of luck")
    found = summarise(table, ["total"], by=["cell"]).set_index("cell")
    assert found.loc[3, ["number", "failed", "interval"]].tolist() == [0, 6, "none"]
    assert np.isnan(found.loc[3, ["mean", "sd", "q05", "low", "high"]].to_numpy(float)).all()
    assert found.drop(3)["mean"].notna().all()
    columns = {"cell": [0, 1, 1, 1], "replicate": [0, 0, 1, 2], "total": [4.0, 7.0, 7.0, 7.0], "error": None}
    one, same = summarise(pd.DataFrame(columns), ["total"], by=["cell"]).to_dict("records")
    assert one["interval"] == "none"
    assert np.isnan([one["sd"], one["low"], one["high"]]).all()
    assert (same["low"], same["high"], same["sd"]) == (7.0, 7.0, 0.0)


def exact_bca(values, confidence):
    """Efron's limits from all n^n resamples, counted, and the jackknife written out."""
    n, normal = len(values), NormalDist()
    means = np.sort([sum(drawn) / n for drawn in itertools.product(values, repeat=n)])
    mean = sum(values) / n
    below = ((means < mean - 1e-12).mean() + (means <= mean + 1e-12).mean()) / 2
    z0 = normal.inv_cdf(below)
    left_out = [(sum(values) - value) / (n - 1) for value in values]
    centre = sum(left_out) / n
    a = sum((centre - m) ** 3 for m in left_out) / (6 * sum((centre - m) ** 2 for m in left_out) ** 1.5)
    tails = [z0 + normal.inv_cdf(tail) for tail in ((1 - confidence) / 2, (1 + confidence) / 2)]
    return [np.quantile(means, normal.cdf(z0 + z / (1 - a * z))) for z in tails]


def test_the_interval_is_that_of_all_resamples():
    values = [0.3, 1.1, 1.7, 2.9, 9.2]
    low, high, kind = bootstrap(np.array([values]), 0.9, 50_000, seed=3)
    assert kind.tolist() == ["BCa"]
    assert [low[0], high[0]] == pytest.approx(exact_bca(values, 0.9), abs=0.06)
    values = np.random.default_rng(2).exponential(size=(1, BCA_TO + 1))
    low, high, kind = bootstrap(values, 0.95, 4000, seed=1)
    assert kind.tolist() == ["percentile"]
    half = 1.96 * values.std() / np.sqrt(BCA_TO + 1)
    assert [low[0], high[0]] == pytest.approx([values.mean() - half, values.mean() + half], abs=0.1 * half)


@given(st.integers(1, 60), st.data())
@settings(max_examples=30)
def test_a_share_has_the_interval_of_wilson(number, data):
    happened = data.draw(st.integers(0, number))
    rows = [True] * happened + [False] * (number - happened)
    table = pd.DataFrame({"cell": 0, "replicate": range(number), "outbreak": rows, "error": None})
    (row,) = summarise(table, ["outbreak"], by=["cell"], confidence=0.9).to_dict("records")
    wanted = stats.binomtest(happened, number).proportion_ci(0.9, method="wilson")
    assert row["interval"] == "Wilson"
    assert (row["low"], row["high"]) == pytest.approx(tuple(wanted), abs=1e-12)


@given(st.permutations(range(6)), st.integers(0, 5))
@settings(max_examples=20)
def test_an_interval_hangs_neither_on_the_other_cells_nor_on_the_order_of_the_rows(order, cell):
    table = runs().sort_values(["cell", "replicate"])
    whole = summarise(table, ["total"], by=["cell"]).set_index("cell")
    alone = table[table["cell"] == cell].set_index("replicate").loc[sorted(order)].reset_index()
    (row,) = summarise(alone, ["total"], by=["cell"]).to_dict("records")
    assert (row["low"], row["high"]) == (whole.loc[cell, "low"], whole.loc[cell, "high"])
    other = summarise(alone, ["total"], by=["cell"], seed=2)
    assert (row["low"], row["high"]) != (other["low"][0], other["high"][0])


def test_paired_differences_take_the_common_luck_away():
    table = runs()
    found = differences(table, "total", {"dynamics.abandon_rate": 0.0, "population.reach": 0.2}, by=BY)
    assert found["cell"].tolist() == [1, 2, 3, 4, 5]
    value = table.set_index(["cell", "replicate"])["total"]
    for row in found.to_dict("records"):
        pairs = [value[row["cell"], k] - value[0, k] for k in range(6)]
        assert row["number"] == 6
        assert row["mean"] == pytest.approx(plain.mean(pairs))
        assert row["sd"] == pytest.approx(plain.stdev(pairs))
        assert row["effect"] == pytest.approx(plain.mean(pairs) / plain.stdev(pairs))
        apart = sum(plain.variance([value[c, k] for k in range(6)]) for c in (row["cell"], 0))
        assert row["reduction"] == pytest.approx(1 - plain.variance(pairs) / apart)
        assert row["reduction"] > 0.99
        assert row["low"] - 0.02 <= 10 * row[BY[0]] + row[BY[1]] - 0.2 <= row["high"] + 0.02
    failed = (table["cell"] == 0) & (table["replicate"] == 2)
    table.loc[failed, "total"] = np.nan
    table = table[~((table["cell"] == 4) & (table["replicate"] == 5))]
    found = differences(table, "total", 0).set_index("cell")
    assert found["number"].tolist() == [5, 5, 5, 4, 5]


@pytest.mark.parametrize(("call", "message"), [
    (lambda t: summarise(t, ["totl"], by=BY), "no column 'totl'; allowed: .*; did you mean 'total'"),
    (lambda t: summarise(t, ["total"], by=["reach"]), "no column 'reach'"),
    (lambda t: summarise(t, ["total"], by=BY, confidence=95), r"confidence: must be in \(0, 1\), is 95"),
    (lambda t: summarise(t.assign(total="much"), ["total"], by=BY), "'total' holds other things than numbers"),
    (lambda t: differences(t, "total", 6), "baseline: no cell 6; allowed: 0 to 5"),
    (lambda t: differences(t, "total", {BY[0]: 0.1}), "baseline: 2 cells with dynamics.abandon_rate 0.1"),
    (lambda t: differences(t, "total", {BY[0]: 0.3}), "baseline: no cells with dynamics.abandon_rate 0.3"),
    (lambda t: differences(pd.concat([t, t[:1]]), "total", 0), "two runs of cell"),
    (lambda t: differences(runs(common=False), "total", 0), "another seed in cell .* common random numbers"),
])  # fmt: skip
def test_wrong_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as refused:
        call(runs())
    assert "\n" not in str(refused.value)


def test_the_array_has_the_parameters_as_dimensions_or_cells():
    pytest.importorskip("xarray", reason="xarray comes with the extra analysis")
    table = runs()
    table = table[~((table["cell"] == 4) & (table["replicate"] == 5))]
    found = to_xarray(table, BY, ["total", "outbreak"])
    assert found["total"].dims == (*BY, "replicate")
    assert found["total"].shape == (3, 2, 6)
    for row in table.to_dict("records"):
        place = {name: row[name] for name in (*BY, "replicate")}
        assert all(float(found[measure].sel(place)) == row[measure] for measure in ("total", "outbreak"))
    assert int(found["total"].isnull().sum()) == 1  # of the run that is not there
    table = runs()
    table["world.network"] = np.where(table["cell"] % 2, "ring", "complete")
    words = to_xarray(table, ["dynamics.abandon_rate", "world.network"], ["total"])
    assert words["world.network"].to_numpy().tolist() == list(dict.fromkeys(table["world.network"]))
    cells = to_xarray(table, [], ["total"])["total"]
    assert (cells.dims, cells.shape) == (("cell", "replicate"), (6, 6))
    with pytest.raises(ValueError, match=r"two runs at dynamics.abandon_rate .*, replicate .*; name every parameter"):
        to_xarray(runs(), [BY[0]], ["total"])
    luck = np.random.default_rng(1)
    table = pd.DataFrame({"cell": range(400), "replicate": 0, "a.x": luck.random(400), "a.y": luck.random(400)})
    with pytest.raises(ValueError, match="no grid: give no parameters"):
        to_xarray(table.assign(total=1.0), ["a.x", "a.y"], ["total"])


@pytest.mark.parametrize(("missing", "call"), [
    ("xarray", lambda: to_xarray(runs(), BY, ["total"])), ("SALib", lambda: sample_design({"a.x": (0, 1)}, 16)),
])  # fmt: skip
def test_without_the_extra_one_line_says_what_to_install(missing, call, monkeypatch):
    for name in (missing, f"{missing}.sample"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        ModuleNotFoundError, match=rf"^{missing} is not installed: pip install 'shoulders\[analysis\]'$"
    ):
        call()


def test_the_table_of_a_study_is_that_of_its_folder_and_names_what_is_in_it(tmp_path):
    made = study(world().replace({"impact.value_of": "held"}), replicates=5, measures=["total", "share:Ada"])
    made.run(tmp_path / "kept", executor="threads")
    table = analysis.table(made)
    pd.testing.assert_frame_equal(table, analysis.table(tmp_path / "kept"))
    assert parameters_of(table) == list(VARY)
    assert measures_of(table) == ["total", "share:Ada"]
    assert table["seed"].tolist() == [3, 4, 5, 6, 7] * 6
    assert summarise(table, measures_of(table), parameters_of(table))["number"].tolist() == [5] * 12

    def totals(*values):
        scenario = made.scenario.replace(dict(zip(VARY, values, strict=True)))
        return np.array([simulate(scenario, seed).total for seed in range(3, 8)])

    for row in differences(table, "total", dict(zip(VARY, (0.0, 0.1), strict=True)), by=list(VARY)).to_dict("records"):
        assert row["mean"] == pytest.approx(np.mean(totals(*(row[key] for key in VARY)) - totals(0.0, 0.1)))
    own = study(replicates=3, common_random_numbers=False)
    own.run(executor="threads")
    with pytest.raises(ValueError, match="common random numbers"):
        differences(analysis.table(own), "total", 0)
