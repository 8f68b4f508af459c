"""`sim.fit` from end to end: records of all kinds, checks, comparison, credit, the command."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import sim
from sim.engines import simulate
from sim.experiments.fit.check import check_fit
from sim.experiments.fit.compare import compare_models
from sim.experiments.fit.importance import Population
from sim.experiments.fit.posterior import credit_of, knockout_of
from sim.experiments.fit.priors import Prior
from sim.experiments.fit.record import curve_of, record_of
from sim.experiments.fit.result import FitResult
from sim.views.figures.fit import FIGURES, recovery
from tests.experiments.fit import scenario_of

SCENARIO = scenario_of(steps=6, population__count=12, population__reach=1 / 12, population__understanding=0.6,
                       dynamics__discovery_rate=0.1)  # fmt: skip
TAPE = simulate(SCENARIO, 4)
VARY = {"dynamics.discovery_rate": "loguniform(1e-3, 1)", "population.understanding": "uniform(0, 1)"}
CURVE = {"time": list(range(1, 7)), "count": curve_of(TAPE, 6)[1:].tolist()}
ADOPTED = {"person": ["person 1", "person 2", "person 4"], "time": [1, 2, 3]}
SMALL = {"runs": 80, "particles": 40, "predicted": 10, "engine": "agents"}


def test_the_posterior_is_the_same_on_every_engine_and_after_a_kill(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / ".fit.json.4194311.partial").write_text("{")  # by a process that was killed as it began
    found = sim.fit(SCENARIO, CURVE, VARY, out=tmp_path / "kept", **SMALL)
    assert found.method == "sequential ABC"
    assert not list((tmp_path / "kept").glob(".*"))
    (tmp_path / "kept" / "generation-002.parquet").unlink()
    assert sim.fit(SCENARIO, CURVE, VARY, out=tmp_path / "kept", **SMALL) == found
    assert sim.fit(SCENARIO, CURVE, VARY, **SMALL | {"threads": 2}) == found
    assert sim.fit(SCENARIO, CURVE, VARY, seed=9, **SMALL) != found
    with pytest.raises(sim.StudyError, match="holds another fit: its seed differ"):
        sim.fit(SCENARIO, CURVE, VARY, out=tmp_path / "kept", seed=9, **SMALL)
    assert pickle.loads(pickle.dumps(sim.fit)) is sim.fit


@pytest.mark.parametrize("executor", ["threads", "processes", "dask"])
def test_the_posterior_is_the_same_whoever_makes_the_runs(executor, tmp_path):
    if executor == "dask":
        pytest.importorskip("distributed", reason="distributed is not installed: pip install 'shoulders[cluster]'")
    here = sim.fit(SCENARIO, CURVE, VARY, out=tmp_path / "here", **SMALL)
    (tmp_path / "here" / "generation-001.parquet").unlink()
    told = []
    there = sim.fit(SCENARIO, CURVE, VARY, out=tmp_path / "here", executor=executor, workers=2,
                    progress=lambda *pair: told.append(pair), **SMALL)  # fmt: skip
    assert there == here
    assert np.array_equal(there.population.z, here.population.z)
    assert np.array_equal(there.population.weight, here.population.weight)
    assert len(told) >= 2, "a generation was made again, by the workers"


def test_who_makes_the_runs_is_named_right_and_a_function_of_a_script_stays_here():
    with pytest.raises(ValueError, match="did you mean 'threads'"):
        sim.fit(SCENARIO, CURVE, VARY, executor="thread", **SMALL)

    def final(tape):
        return len(tape.events)

    final.__module__ = "__main__"
    with pytest.raises(sim.StudyError, match="'final' is defined in a script or notebook"):
        sim.fit(SCENARIO, TAPE, VARY, method="abc", summaries=[final], executor="processes", **SMALL)


@pytest.mark.parametrize("record", [CURVE, {"reached": 8.0}, ADOPTED, TAPE])
def test_every_kind_of_record_is_fitted_and_drawn(record):
    summaries = None if not isinstance(record, dict) or "time" in record else ["reached"]
    found = sim.fit(SCENARIO, record, VARY, summaries=summaries, **SMALL)
    assert repr(found).startswith("<FitResult of 'small': dynamics.discovery_rate ")
    assert "</table>" in found._repr_html_()
    assert json.loads(found.to_json())["keys"][0]["key"] == "dynamics.discovery_rate"
    frame = found.to_pandas()
    assert (frame.low < frame.high).all()
    assert (frame.high <= 1).all()
    cells = found.draws(5)
    assert len(cells) == 5
    assert SCENARIO.replace(cells[0])
    for draw in FIGURES.values():
        assert draw(found).axes


def test_exact_and_approximate_posteriors_agree_where_the_summary_holds_all():
    scenario = scenario_of(steps=1, population__count=20, population__reach=0.0)
    record = {"person": [f"person {k}" for k in range(1, 7)], "time": [1] * 6}
    vary = {"dynamics.discovery_rate": "uniform(0, 2)"}
    exact = sim.fit(scenario, record, vary, predicted=0)
    approximate = sim.fit(scenario, record, vary, method="abc", runs=900, particles=300, predicted=0, engine="agents")
    for chance in (0.1, 0.5, 0.9):
        near, exactly = (found.quantile("dynamics.discovery_rate", chance) for found in (approximate, exact))
        assert near == pytest.approx(exactly, abs=0.07)


def result_with(z: np.ndarray) -> FitResult:
    priors = {"dynamics.discovery_rate": Prior("uniform(0, 1)"), "population.understanding": Prior("uniform(0, 1)")}
    population = Population(z, np.full(len(z), 1 / len(z)))
    return FitResult(SCENARIO, priors, record_of(CURVE, SCENARIO), "sequential ABC", "", population, (), "", 0)


def test_what_the_record_does_not_tell_is_said_first():
    z = np.random.default_rng(0).standard_normal((500, 2))
    says = result_with(z * [1.0, 0.1]).says()
    assert says[0] == "The record says nothing of dynamics.discovery_rate: the posterior is as wide as the prior."
    tied = result_with(0.3 * (z[:, :1] + z * [0.0, 0.2]))
    assert tied.as_wide() == []
    assert "cannot be told apart by this record: their correlation is 0.9" in tied.says()[-1]


def test_truths_are_found_again():
    found = check_fit(SCENARIO, ADOPTED, {"dynamics.discovery_rate": "uniform(0, 1)"}, truths=25, engine="agents")
    row = found.rows()[0]
    assert row["low"] <= 0.95 <= row["high"]
    assert row["ranks_p"] > 0.001
    assert row["recovered"] > 0.7
    assert recovery(found).axes
    wrong = check_fit(SCENARIO, CURVE, VARY, truths=20, runs=30, particles=20, engine="agents")
    assert wrong.method == "sequential ABC"
    assert wrong.rank.shape == (20, 2)
    assert json.loads(wrong.to_json())["says"]


def test_models_are_compared_by_exact_evidence_and_by_abc_alike():
    scenario = scenario_of(steps=1, population__count=20, population__reach=0.0)
    models = {"low": scenario, "high": scenario}
    record = {"person": [f"person {k}" for k in range(1, 7)], "time": [1] * 6}
    vary = [{"dynamics.discovery_rate": "uniform(0, 1)"}, {"dynamics.discovery_rate": "uniform(0, 5)"}]
    exact = compare_models(models, record, vary, predicted=0)
    assert exact.method == "exact likelihood"
    near = compare_models(models, record, vary, method="abc", runs=600, particles=300, predicted=0, engine="agents")
    odds = [float(np.diff(one.log_evidence)[0]) for one in (exact, near)]
    assert odds[1] == pytest.approx(odds[0], abs=4 * np.hypot(*near.error) + 0.1)
    assert "low is" in near.says()[0]
    assert near.probability.sum() == pytest.approx(1.0)


def doubled(rate, creativity):
    return 2.0 * rate * creativity


class Mute(sim.Person):
    def tells(self, idea):
        return False


@pytest.mark.filterwarnings("error")
def test_a_fit_takes_rules_of_ones_own():
    """Doubling a rate by a rule, or by twice as wide a prior, is the same fit, bit for bit."""
    own = {"discovery_rate": doubled}
    twice = {"dynamics.discovery_rate": "uniform(0, 0.5)"}
    found = sim.fit(SCENARIO, ADOPTED, {"dynamics.discovery_rate": "uniform(0, 0.25)"}, rules=own, **SMALL)
    wide = sim.fit(SCENARIO, ADOPTED, twice, method="abc", **SMALL)
    assert found.why == "rules or persons of one's own may follow other laws"
    assert np.array_equal(found.population.z, wide.population.z)
    assert np.array_equal(found.curves, wide.curves)
    shares = [credit_of(one, draws=5).persons.share for one in (found, wide)]
    assert np.array_equal(*shares)
    assert np.array_equal(knockout_of(found, ["person 2"], draws=4).lost, knockout_of(wide, ["person 2"], draws=4).lost)
    same = compare_models({"own": SCENARIO, "wide": SCENARIO}, ADOPTED, [found.priors, twice], rules=[own, None],
                          method="abc", **SMALL)  # fmt: skip
    assert same.log_evidence[0] == same.log_evidence[1]
    with pytest.raises(ValueError, match="rules: 1 mappings for 2 models"):
        compare_models({"own": SCENARIO, "wide": SCENARIO}, ADOPTED, twice, rules=[own], **SMALL)
    with pytest.raises(ValueError, match="executor: rules and persons of one's own stay in this process"):
        sim.fit(SCENARIO, ADOPTED, twice, rules=own, executor="processes", **SMALL)


def test_a_fit_takes_a_class_of_persons_and_remembers_its_code(tmp_path):
    rate = {"dynamics.discovery_rate": "uniform(0, 0.5)"}
    found = sim.fit(SCENARIO, CURVE, rate, person_class=Mute, out=tmp_path / "mute", **SMALL)
    alone = sim.fit(SCENARIO.replace({"population.reach": 0.0}), CURVE, rate, **SMALL)
    assert np.array_equal(found.population.z, alone.population.z)
    with pytest.raises(sim.StudyError, match="holds another fit: its rules, person_class differ"):
        sim.fit(SCENARIO, CURVE, rate, rules={"discovery_rate": doubled}, out=tmp_path / "mute", **SMALL)
    with pytest.raises(sim.StudyError, match="holds another fit: its person_class differ"):
        sim.fit(SCENARIO, CURVE, rate, out=tmp_path / "mute", **SMALL)


def test_credit_of_a_record_takes_the_lineages_that_may_be():
    found = sim.fit(SCENARIO, ADOPTED, VARY, predicted=0)
    table = credit_of(found, draws=40)
    assert table.sure.copies == 40
    assert set(np.flatnonzero(table.sure.high > 0)) <= {0, 1, 2, 3}
    assert (table.sure.low <= table.persons.share + 1e-12).any()
    of_runs = credit_of(sim.fit(SCENARIO, CURVE, VARY, **SMALL), draws=10, own_seeds=False)
    assert of_runs.sure.means == "runs drawn from the posterior"
    lost = knockout_of(found, ["person 2"], draws=6)
    assert lost.lost.shape == (1, 6)
    assert lost.low[0] <= lost.raw[0] <= lost.high[0]


@pytest.mark.parametrize(("more", "said"), [
    ({"method": "exakt"}, "did you mean 'exact'?"),
    ({"runs": 9}, "runs: must be a whole number from 10"),
    ({"method": "exact"}, "there is no exact likelihood: the record is an adoption curve"),
    ({"particles": 5}, "particles: must be a whole number from 10"),
    ({"summaries": ["depth"]}, "does not say"),
])  # fmt: skip
def test_wrong_arguments_are_refused(more, said):
    for use in (sim.fit, check_fit, lambda one, *given, **more: compare_models({"a": one, "b": one}, *given, **more)):
        with pytest.raises(ValueError, match=r".") as error:
            use(SCENARIO, CURVE, VARY, **more)
        assert said in str(error.value)


def test_the_particles_of_few_runs_are_enough_and_with_an_exact_likelihood_there_are_none():
    assert sim.fit(SCENARIO, CURVE, VARY, runs=40, predicted=0, engine="agents").history[0]["runs"] == 10
    assert sim.fit(SCENARIO, ADOPTED, VARY, runs=2, predicted=0).method == "exact likelihood"


def test_the_command_fits_compares_and_reports(shell, tmp_path):
    (tmp_path / "small.toml").write_text(SCENARIO.to_toml())
    (tmp_path / "other.toml").write_text(SCENARIO.replace({"population.reach": 0.0}).to_toml())
    (tmp_path / "adopted.csv").write_text("person,time\nperson 1,1\nperson 2,2\nperson 4,3\n")
    vary = ["--vary", "dynamics.discovery_rate=loguniform(1e-3, 1)"]
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / ".fit.json.4194311.partial").write_text("{")  # by a process that was killed as it began
    words = ("--to", "adopted.csv", *vary, "--check", "--truths", 20, "--out", "found", "--json")
    done = shell("fit", "small.toml", *words)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["method"] == "exact likelihood"
    assert told["check"]["keys"][0]["truths"] == 20
    report = (tmp_path / "found" / "report.md").read_text()
    assert report.startswith("# What explains the record")
    assert "Clopper" in report or "recovery.png" in report
    page = (tmp_path / "found" / "report.html").read_text()
    assert page.count("<img") == report.count("![")
    done = shell("fit", "small.toml", "--to", "adopted.csv", *vary, "--against", "other.toml", "--out", "both")
    assert done.code == 0, done.err
    assert "times as probable as" in done.out
    assert "not worth more" in done.out or "Jeffreys" in done.out
    assert (tmp_path / "both" / "draws-other.csv").is_file()


def test_the_command_fits_with_rules_of_ones_own(shell, tmp_path):
    (tmp_path / "small.toml").write_text(SCENARIO.to_toml())
    (tmp_path / "adopted.csv").write_text("person,time\nperson 1,1\nperson 2,2\nperson 4,3\n")
    (tmp_path / "mine.py").write_text("def discovery_rate(rate, creativity):\n    return 2.0 * rate * creativity\n")
    words = ("small.toml", "--to", "adopted.csv", "--runs", 60, "--engine", "agents", "--method", "abc", "--json")
    found, wide = (
        json.loads(shell("fit", *words, "--vary", f"dynamics.discovery_rate=uniform(0, {high})", *more).out)
        for high, more in ((0.25, ("--rules", "mine.py")), (0.5, ()))
    )
    assert 2.0 * found["keys"][0]["median"] == pytest.approx(wide["keys"][0]["median"], rel=1e-12)
    assert found["keys"][0]["median"] != wide["keys"][0]["median"]


@pytest.mark.parametrize(("arguments", "said"), [
    (["--to", "none.csv", "--vary", "dynamics.discovery_rate=uniform(0, 1)"], "--to none.csv: no such file"),
    (["--to", "c.csv", "--vary", "dynamics.discovery_rate=unifrm(0, 1)"], "did you mean 'uniform'?"),
    (["--to", "c.csv", "--vary", "dynamics.discovery_rat=uniform(0, 1)"], "dynamics.discovery_rat"),
    (["--to", "c.csv", "--vary", "population.clarity=uniform(0, 2)"], "population.clarity"),
    (["--to", "c.csv", "--vary", "a=beta(1, 1)", "--vary", "a=beta(1, 1)"], "is there twice"),
    (["--to", "c.csv", "--vary", "population.clarity=beta(1, 1)", "--out", "."], "holds other files"),
    (["--to", "c.csv", "--vary", "a=beta(1, 1)", "--vary-against", "b=beta(1, 1)"], "allowed with --against"),
])  # fmt: skip
def test_wrong_input_is_one_line_and_exit_2(shell, tmp_path, arguments, said):
    (tmp_path / "small.toml").write_text(SCENARIO.to_toml())
    (tmp_path / "c.csv").write_text("time,count\n1,2\n")
    done = shell("fit", "small.toml", *arguments)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
