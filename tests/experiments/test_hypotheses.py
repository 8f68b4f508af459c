"""Claims about time: the file, the formulas, the arms, the verdicts, the report; and the fourteen that are shipped."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import sim
from sim import Scenario, ScenarioError
from sim.engines import simulate
from sim.experiments import knockout as knockouts
from sim.experiments.hypotheses import sequence as experiments
from sim.experiments.hypotheses.arms import Runner
from sim.experiments.hypotheses.contrast import contrast, expected
from sim.experiments.hypotheses.formula import value_of
from sim.experiments.hypotheses.measures import implemented, lineage, measure_named, shuffled, wait
from sim.experiments.hypotheses.run import Findings
from sim.experiments.hypotheses.schema import hypotheses_of, load_hypotheses
from sim.experiments.hypotheses.sequence import conduct, planned
from sim.experiments.hypotheses.verdict import Result, verdicts
from sim.experiments.notebook import FOUND, LAWS, by_knockout, by_lineage, notebook_curve
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Events, Influences, Persons, Realised
from sim.tape.tape import Tape
from sim.views.figures.claim import hypothesis_figure
from sim.views.figures.notebook_curve import notebook_figure
from sim.views.report import write_report
from tests import FULL
from tests.cli import Done
from tests.cli import refused as refused_by_command
from tests.tapes import make_tape

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios" / "hypotheses").glob("*.toml"))

WORLD = """
[scenario]
scenario = {name = "teller", steps = 12}
persons = [{name = "P1", creativity = 1.0}, {name = "P2", count = 5}]
ties = [{from = "P1", to = "P2"}]
ideas = [{name = "wheel", clarity = 0.5}]
dynamics = {discovery_rate = inf, telling_period = "forever", abandon_rate = 0.0}
impact = {value_of = "held", realised_by = "P2"}
interventions = [{step = 2, kind = "set", key = "persons.P1.reach", value = 1.0}]
"""
CLAIM: dict[str, str] = {
    "claim": '"telling later is worth less"', "arms": '{early = {}, late = {"interventions.0.step" = 6}}',
    "measure": '"total"', "direction": '"less"', "pairs": "20", "pairs_at_most": "20",
}  # fmt: skip


def text_of(world: str = WORLD, **changes: str | None) -> str:
    """A file of one hypothesis, some of whose keys are changed or (None) left out."""
    keys = {key: value for key, value in (CLAIM | changes).items() if value is not None}
    return world + "[[hypotheses]]\n" + "\n".join(f"{key} = {value}" for key, value in keys.items()) + "\n"


def claim(world: str = WORLD, **changes: str | None) -> Result:
    (result,) = sim.test_hypotheses(text_of(world, **changes), engine="agents")
    return result


def refused(world: str = WORLD, **changes: str | None) -> str:
    with pytest.raises(ScenarioError) as error:
        sim.test_hypotheses(text_of(world, **changes), engine="agents")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("formula", "value"), [
    ("1 / (4 * k)", 0.125), ("exp(-rate * 10) / 3", math.exp(-1.0) / 3), ("2**-k", 0.25), (" -k + +1 ", -1.0),
    ("log(sqrt(k))", math.log(2) / 2), (3, 3.0), (0.5, 0.5), ("1e-3", 0.001), ("(1 - k) * (1 + k)", -3.0),
])  # fmt: skip
def test_formulas_are_arithmetic(formula, value):
    assert value_of(formula, {"k": 2, "rate": 0.1}) == pytest.approx(value)


@given(st.floats(-50, 50), st.floats(0.1, 50), st.floats(-3, 3))
def test_formulas_follow_the_order_of_operations(a, b, c):
    assert value_of("a + b * c - a / b", {"a": a, "b": b, "c": c}) == a + b * c - a / b
    assert value_of("-b**2", {"b": b}) == -(b**2)


@pytest.mark.parametrize(("formula", "says"), [
    ("__import__('os')", "no function '__import__' of one number"),
    ("().__class__", "may not stand in a formula"),
    ("'a' * 9", "may not stand in a formula"),
    ("[k for k in k]", "may not stand in a formula"),
    ("k if k else 1", "may not stand in a formula"),
    ("True", "may not stand in a formula"),
    ("exp(k, 1)", "no function 'exp' of one number"),
    ("epx(k)", "no function 'epx' of one number; did you mean 'exp'?"),
    ("rat * k", "no name 'rat' in the formula; did you mean 'rate'?; names: k, rate"),
    ("k +", "is no formula"),
    ("(" * 250 + "1" + ")" * 250, "a formula has 300 signs at most"),
    ("1 / 0", "has no value: "),
    ("9**9**9", "has no value: "),
    ("1e308 * 10", "has no finite value"),
    ("", "is no formula"),
])  # fmt: skip
def test_formulas_are_nothing_but_arithmetic(formula, says):
    with pytest.raises(ValueError, match=re.escape(says)) as error:
        value_of(formula, {"k": 2.0, "rate": 0.1})
    assert "\n" not in str(error.value)


DOSES = np.array([0.0, 1.0, 4.0, 9.0])


def test_contrasts_are_those_of_numpy():
    values = np.random.default_rng(1).uniform(1, 9, (4, 30))
    slopes, weights = contrast("slope", values, DOSES, 0.0, "")
    assert slopes == pytest.approx([np.polyfit(DOSES, pair, 1)[0] for pair in values.T])
    assert weights @ values == pytest.approx(slopes)
    linked, none = contrast("correlation", values, DOSES, 0.0, "")
    assert linked == pytest.approx([np.corrcoef(DOSES, pair)[0, 1] for pair in values.T])
    assert none is None
    mutual, _ = contrast("interaction", values, np.arange(4.0), 0.0, "")
    assert mutual == pytest.approx((values[3] - values[2]) - (values[1] - values[0]))
    assert contrast("difference", values[:2], DOSES[:2], 0.0, "")[0] == pytest.approx(values[1] - values[0])
    assert contrast("level", values[:1], DOSES[:1], 2.0, "")[0] == pytest.approx(values[0] - 2.0)
    assert contrast("correlation", np.ones((4, 2)), DOSES, 0.0, "")[0].tolist() == [0.0, 0.0]
    assert expected("correlation", np.ones(4), DOSES, 0.0) is None
    with pytest.raises(ScenarioError, match="has no logarithm"):
        contrast("log-slope", np.zeros((4, 3)), DOSES, 0.0, "here")


def test_the_slope_of_logarithms_is_of_means_and_its_spread_that_of_the_jackknife():
    values = np.random.default_rng(2).exponential(1.0, (4, 400)) * np.exp(-0.3 * DOSES)[:, np.newaxis]
    effects, _ = contrast("log-slope", values, DOSES, 0.0, "")
    slope = lambda some: np.polyfit(DOSES, np.log(some.mean(axis=1)), 1)[0]  # noqa: E731
    assert effects.mean() == pytest.approx(slope(values))
    left_out = np.array([slope(np.delete(values, k, axis=1)) for k in range(400)])
    assert effects.std(ddof=1) == pytest.approx(399 * left_out.std(ddof=1), rel=0.02)
    assert expected("log-slope", np.exp(-0.3 * DOSES), DOSES, 0.0) == pytest.approx(-0.3)


def a_tape(**more: Any) -> Tape:
    """Ada discovers in step 1, Bob in 2; Cy learns from both, a quarter from Ada; Dee from Cy; Dee implements."""
    return Tape(
        Events([1, 2, 3, 4, 6], [DISCOVER, DISCOVER, LEARN, LEARN, IMPLEMENT], [0, 1, 2, 3, 3], [0] * 5, [1] * 5),
        Influences([2, 2, 3, 4], [0, 1, 2, 3], [0.25, 0.75, 1.0, 1.0]),
        Realised([1, 2, 3], [-1, -1, -1], [100.0, 10.0, 4.0]),
        Persons(["Ada", "Bob", "Cy", "Dee"], [1] * 4, [1] * 4), ("wheel", "axle"), 9, 4, **more,
    )  # fmt: skip


def test_measures_of_a_tape():
    tape = a_tape()
    assert lineage(tape, "Ada") == pytest.approx(0.25 * 14)
    assert lineage(tape, "Bob") == pytest.approx(100 + 0.75 * 14)
    assert lineage(tape, "Cy") == 0.0
    with pytest.raises(ValueError, match="no person 'Adda'; did you mean 'Ada'"):
        lineage(tape, "Adda")
    assert wait(a_tape()) == 5.0
    assert implemented(a_tape()) == 0.5
    first = Events(*(column[:4] for column in tape.events.columns().values()))
    influences = Influences(*(column[:3] for column in tape.influences.columns().values()))
    without = replace(tape, events=first, influences=influences)
    assert math.isnan(wait(without))
    assert implemented(without) == 0.0
    with pytest.raises(ValueError, match=r"no 'os:getcwd'"):
        measure_named("os:getcwd")
    with pytest.raises(ValueError, match=r"no 'totl'; did you mean 'total'\?; allowed: "):
        measure_named("totl")
    with pytest.raises(ValueError, match=r"no account 'roleflow'; did you mean 'role-flow'\?"):
        measure_named("shuffled:roleflow")


def test_shuffled_time_stamps_change_lineages_and_no_edges():
    (_, scenario, _), *_ = load_hypotheses(ROOT / "scenarios" / "hypotheses" / "11_shuffled.toml")
    for seed in (1, 2, 3):
        tape = simulate(scenario, seed, engine="agents")
        assert shuffled(tape, "person-pagerank") == 1.0
        assert -0.2 < shuffled(tape, "role-flow") < 0.95
        assert shuffled(tape, "role-flow") == shuffled(tape, "role-flow")
    tape = a_tape()
    alone = Tape(Events([1, 2], [DISCOVER, LEARN], [0, 1], [0, 0], [1, 1]), Influences([1], [0], [1.0]),
                 Realised([1], [-1], [1.0]), tape.persons, tape.ideas, 9, 4)  # fmt: skip
    assert shuffled(alone, "role-flow") == 1.0
    assert math.isnan(shuffled(make_tape(["Ada"], []), "role-flow"))


def test_what_is_so_is_supported_by_the_mean_of_the_pairs_and_the_contrary_refuted():
    less, greater = claim(), claim(direction='"greater"')
    assert (less.verdict, greater.verdict) == ("supported", "refuted")
    assert less.effect == greater.effect < 0.0
    assert less.low < less.effect < less.high
    assert (less.pairs, less.looks, less.family, less.theory, less.consistent) == (20, 1, "confirmatory", None, None)
    assert less.p == less.corrected == pytest.approx(5e-5, rel=0.5)
    assert less.d == pytest.approx(less.effect / np.std(effects_of(), ddof=1))
    assert 0.0 < less.power <= 1.0
    result, effects = claim(), effects_of()
    assert result.effect == pytest.approx(effects.mean())
    ((_, scenario, _),) = hypotheses_of(text_of())
    late = scenario.replace({"interventions.0.step": 6})
    apart = sum(np.var([simulate(s, k, engine="agents").total for k in range(20)], ddof=1) for s in (scenario, late))
    assert result.reduction == pytest.approx(1 - effects.var(ddof=1) / apart)


def effects_of(pairs: int = 20) -> np.ndarray:
    """The effects of the pairs, simulated one by one."""
    ((_, scenario, _),) = hypotheses_of(text_of())
    late = scenario.replace({"interventions.0.step": 6})
    total = lambda scenario, seed: simulate(scenario, seed, engine="agents").total  # noqa: E731
    return np.array([total(late, seed) - total(scenario, seed) for seed in range(pairs)])


def test_too_small_an_effect_for_so_few_pairs_is_undecided():
    # Who is told in step 2 or 3 differs by chance more than by a step: a rare telling, ten pairs.
    result = claim(arms='{one = {}, other = {"ideas.wheel.clarity" = 0.51}}', pairs="8", pairs_at_most="8")
    assert result.verdict == "undecided"
    assert result.low < 0.0 < result.high or result.corrected > 0.05


@pytest.mark.parametrize(("margin", "verdict"), [
    ('"50%"', "supported"), ("100.0", "supported"), ('"1%"', "refuted"), ("0.5", "refuted"),
])  # fmt: skip
def test_no_effect_is_one_within_the_margin(margin, verdict):
    result = claim(direction='"none"', margin=margin)
    assert (result.verdict, result.design) == (verdict, "arms")
    unit = 0.01 * result.arms[0].mean if '"' in margin else 1
    assert result.margin == pytest.approx(float(margin.strip('"%')) * unit)


def test_a_theory_that_holds_and_one_that_does_not():
    found = effects_of().mean()
    right = claim(theory=f"{found:.3f}")
    assert right.consistent is True
    error = effects_of().std(ddof=1) / len(effects_of()) ** 0.5
    seen = error * stats.t.isf(0.05, len(effects_of()) - 1) / abs(found)
    assert right.resolution == pytest.approx(seen, rel=1e-3)
    assert right.holds is False
    assert seen > 0.01
    wrong = claim(theory=f"{found * 1.5:.3f}")
    assert wrong.consistent is False
    assert wrong.theory_p < 0.01
    by_arm = claim(theory='{level = {late = "4 * 6.0 / 24"}}')
    assert by_arm.consistent is False
    assert by_arm.theory is None
    assert json.loads(json.dumps(by_arm.to_dict()))["holds"] is by_arm.holds


def test_a_family_is_corrected_together():
    two = text_of() + text_of("", direction='"greater"').replace('claim = "', 'name = "other"\nclaim = "')
    one, other = sim.test_hypotheses(two, engine="agents")
    assert one.corrected == pytest.approx(2 * one.p)
    assert (one.verdict, other.verdict) == ("supported", "refuted")
    apart = text_of() + text_of("", family='"sweep"')
    assert [r.corrected == r.p for r in sim.test_hypotheses(apart, engine="agents")] == [True, True]


def test_pairs_are_run_until_the_interval_is_narrow():
    result = claim(pairs="20", pairs_at_most="320", precision="0.1")
    assert result.precise
    assert result.pairs in (20, 40, 80, 160)
    assert result.looks == 1 + math.log2(result.pairs / 20)
    assert (result.high - result.low) / 2 <= 0.1 * abs(result.effect)
    assert claim(pairs="20", pairs_at_most="40", precision="0.001").precise is False


def test_findings_hang_neither_on_threads_nor_on_the_engine():
    one = sim.test_hypotheses(text_of(), engine="kernels", threads=1).to_json()
    assert one == sim.test_hypotheses(text_of(), engine="kernels", threads=3).to_json()
    assert one == sim.test_hypotheses(text_of(), engine="agents").to_json()


def test_without_somebody_is_their_knockout_in_their_own_world():
    result = claim(arms='{all = {}, less = {without = "P2 1"}}', change='{"impact.realised_by" = "everyone"}')
    ((_, scenario, _),) = hypotheses_of(text_of(change='{"impact.realised_by" = "everyone"}'))
    table = knockouts.knockout(scenario, ["P2 1"], seeds=range(20), engine="agents")
    assert result.effect == pytest.approx(-table.raw[0])
    world = WORLD.replace('{name = "P1", creativity = 1.0}', '{name = "P1", count = 3, creativity = 0.5}')
    world = world.replace("discovery_rate = inf", "discovery_rate = 0.3")
    result = claim(world, arms='{all = {}, less = {without = {first = "discover"}}}')
    ((_, scenario, _),) = hypotheses_of(text_of(world))
    effects = []
    for seed in range(20):
        tape = simulate(scenario, seed, engine="agents")
        first = int(tape.events.person[tape.events.kind == DISCOVER][0])
        lost = knockouts.knockout(scenario, [f"P1 {first + 1}"], seeds=[seed], engine="agents").raw[0]
        effects.append(-lost)
    assert result.effect == pytest.approx(np.mean(effects))


def test_designs():
    dose = claim(arms=None, dose='{name = "t", values = [2, 4, 8], set = {"interventions.0.step" = "t"}}')
    assert (dose.statistic, dose.dose, [arm.dose for arm in dose.arms]) == ("slope", "t", [2.0, 4.0, 8.0])
    assert dose.arms[0].mean > dose.arms[1].mean > dose.arms[2].mean
    two = claim(arms=None, factors='{clear = {"ideas.wheel.clarity" = 0.9}, late = {"interventions.0.step" = 6}}')
    assert [arm.name for arm in two.arms] == ["neither", "clear", "late", "both"]
    means = [arm.mean for arm in two.arms]
    assert two.effect == pytest.approx(means[3] - means[2] - means[1] + means[0])
    level = claim(arms=None, against="1000", theory="{level = 44.4}")
    assert level.effect == pytest.approx(level.arms[0].mean - 1000)
    assert (level.reduction, level.statistic, level.verdict) == (None, "level", "supported")


def test_what_is_exact_must_hold_in_every_pair():
    exact = {"measure": '"share:P1"', "exact": "true", "direction": '"none"', "margin": "0.01"}
    right = claim(**exact, theory="{level = 1.0}")
    assert (right.verdict, right.consistent, right.holds) == ("supported", True, True)
    assert (right.p, right.power, right.reduction) == (None, None, None)
    wrong = claim(**exact, theory="{level = 0.999999}")
    assert (wrong.verdict, wrong.consistent) == ("supported", False)
    varying = claim(**exact | {"measure": '"total"'}, theory="{level = 45.0}")
    assert (varying.verdict, varying.consistent) == ("refuted", False)
    beside = sim.test_hypotheses(
        text_of() + text_of("", **exact, theory="{level = 1.0}", name='"other"'), engine="agents"
    )
    assert beside["hypotheses 1"].power == claim().power


def test_the_unit_of_a_measure_changes_no_finding():
    theory = f"{effects_of().mean() * 1.2:.6f}"
    one = claim(theory=theory)
    small = claim(WORLD.replace("clarity = 0.5", "clarity = 0.5, value = 1e-12"), theory=f'"{theory} * 1e-12"')
    for name in ("verdict", "consistent", "holds"):
        assert getattr(small, name) == getattr(one, name)
    assert (small.theory_p, small.resolution) == pytest.approx((one.theory_p, one.resolution))
    never = {"arms": '{never = {"ideas.wheel.value" = 0.0}, once = {}}', "direction": '"greater"'}
    nothing = claim(**never, theory="{level = {never = 0}}")
    assert (nothing.consistent, nothing.resolution) == (True, None)
    assert not re.search("Infinity|NaN", json.dumps(nothing.to_dict()))


@pytest.mark.parametrize(("changes", "says"), [
    ({"pairs": "5", "pairs_at_most": "5"},
     "pairs: 5 are too few: their least p is 0.062, and the correction for 1 claim asks for 0.05; allowed: 6"),
    ({"arms": "{early = {}, late = {}}"}, "the arms 'early' and 'late' do not differ"),
    ({"arms": '{early = {}, late = {"interventions.0.step" = 2}}'}, "the arms 'early' and 'late' do not differ"),
    ({"measure": '"events"', "arms": '{a = {}, b = {"ideas.wheel.value" = 2.0}}'},
     "is 0 in all 20 pairs: chance plays no part in it"),
    ({"measure": '"share:P1"'}, "statistic: the difference of 'share:P1' is 0 in all 20 pairs"),
    ({"measure": '"totl"'}, "measure: no 'totl'; did you mean 'total'?"),
    ({"measure": '"share:P9"'}, "measure: 'share:P9': no person 'P9'; did you mean 'P2'?"),
    ({"measure": '"os:getcwd"'}, "no 'os:getcwd'"),
    ({"measure": '"wait"'}, "'wait' has no value in the arm 'early' with the seed 0"),
    ({"arms": '{a = {}, b = {"dynamics.abandon_rat" = 1}}'}, "unknown key; allowed: "),
    ({"arms": "{a = {}, b = {}, c = {}}"}, "arms: must be two, are 3: a, b, c"),
    ({"arms": '{a = {}, b = {without = "P3"}}'}, "without: no person 'P3'"),
    ({"arms": '{a = {}, b = {without = {first = "discovr"}}}'}, "did you mean 'discover'?"),
    ({"arms": '{a = {}, b = {without = {first = "implement"}}}'}, "nobody does this in the world of seed 0"),
    ({"direction": '"lower"'}, "is 'lower'; allowed: greater, less, none"),
    ({"direction": '"none"'}, "margin: is missing"),
    ({"margin": "0.1"}, "margin: is for direction 'none' alone"),
    ({"direction": '"none"', "margin": "0"}, "margin: must be above 0, is 0"),
    ({"direction": '"none"', "margin": '"5 %%"'}, "is no formula"),
    ({"direction": '"none"', "margin": '"5%"', "arms": None}, "a part of the first arm is for differences"),
    ({"statistic": '"slop"'}, "did you mean 'slope'?"),
    ({"statistic": '"slope"'}, "statistic: is 'slope'; allowed: difference (with this design)"),
    ({"pairs_at_most": "10"}, "pairs_at_most: must be 20 or more, is 10"),
    ({"pairs": "1"}, "must be greater than or equal to 2, is 1"),
    ({"claim": None}, "claim: is missing"),
    ({"meassure": '"total"'}, "did you mean 'measure'?"),
    ({"theory": '"exp(rat)"', "parameters": "{rate = 0.1}"},
     "theory.effect: no name 'rat' in the formula; did you mean 'rate'?"),
    ({"theory": "true"}, "theory: must be a number or a formula"),
    ({"theory": "{levl = 1}"}, "did you mean 'level'?"),
    ({"theory": "{level = {lat = 1}}"}, "theory.level: no arm 'lat'; allowed: early, late; did you mean 'late'?"),
    ({"exact": "true"}, "theory: is missing"),
    ({"exact": "true", "theory": "1"}, "what is exact needs theory.level for every arm"),
    ({"dose": '{values = [1, 2], set = {"scenario.steps" = "dose"}}'}, "arms and dose are two designs"),
    ({"arms": None, "dose": '{values = [1, 1], set = {"scenario.steps" = "dose"}}'}, "dose.values: all are the same"),
    ({"arms": None, "dose": '{values = [1, 2], set = {"scenario.steps" = "does"}}'}, "did you mean 'dose'?"),
    ({"arms": None, "dose": '{values = [1, 2], set = {"scenario.steps" = "9"}}'},
     "the arms 'dose = 1' and 'dose = 2' do not differ"),
    ({"scenario": '"no_such.toml"'}, "scenario: no such file"),
    ({"scenario": '"e1_interpretr.toml"'}, "did you mean 'e1_interpreter'?"),
    ({"scenario": "3"}, "scenario: must be a file name or a table"),
    ({"change": '{"scenario.stesp" = 3}'}, "unknown key"),
], ids=lambda value: value[:40] if isinstance(value, str) else "")  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(changes, says):
    assert says in refused(**changes)


def test_files_without_what_is_needed(tmp_path):
    assert "scenario: is missing: a file, or a table" in refused(world="\n")
    with pytest.raises(ScenarioError, match="hypotheses: is missing"):
        sim.test_hypotheses(WORLD)
    with pytest.raises(ScenarioError, match="not TOML"):
        sim.test_hypotheses("x = \n")
    with pytest.raises(ValueError, match=r"engine: no 'kernel'; .*did you mean 'kernels'"):
        sim.test_hypotheses(text_of(), engine="kernel")
    with pytest.raises(ValueError, match="files: none"):
        sim.test_hypotheses([])
    with pytest.raises(ValueError, match=r"hypothesis: no 'hypothesis'.*did you mean 'hypotheses'"):
        sim.test_hypotheses(text_of(), engine="agents")["hypothesis"]
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "long.toml").write_text("#" * 300_000, encoding="utf-8")
    for name, says in (("min.toml", "no such file.*did you mean 'mine.toml'"), ("mine.toml", "is not UTF-8 text"),
                       (".", "cannot be read"), ("long.toml", "larger than")):  # fmt: skip
        with pytest.raises(ScenarioError, match=says):
            sim.test_hypotheses(tmp_path / name)


@pytest.fixture
def tested(shell, tmp_path):
    def call(*words: str, **changes: str) -> Done:
        (tmp_path / "mine.toml").write_text(text_of(**changes), encoding="utf-8")
        return shell("test", *words)

    return call


def test_the_command_prints_a_table_or_json_and_refuses_folders_not_its_own(tested, shell, tmp_path):
    done = tested("mine.toml")
    assert (done.code, done.err) == (0, "")
    assert "supported" in done.out
    assert "mine: telling later is worth less" in done.out
    done = tested("mine.toml", "--json")
    (found,) = done.json["hypotheses"]
    assert (done.code, found["name"], found["verdict"], len(found["arms"])) == (0, "mine", "supported", 2)
    for folder in ("other", "empty"):
        (tmp_path / folder).mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine", encoding="utf-8")
    done = tested("mine.toml", arms="{early = {}, late = {}}")
    refused_by_command(done)
    assert re.match(r"shoulders: mine.toml:1[12]: ", done.err)
    for words, says in (("mine.toml --out other", "holds other files"), ("mine.toml --out mine.toml", "is no folder"),
                        ("empty", "without any .toml"), ("nothing.toml", "no such file"),
                        ("mine.toml --engine agnts", "did you mean")):  # fmt: skip
        refused_by_command(tested(*words.split()), says)
    refused_by_command(shell("notebook-curve", "-o", "x.gif"), "allowed: png, svg, pdf")
    refused_by_command(shell("notebook-curve", "-o", "none/x.png"), "no such folder")


def test_the_report_stands_alone_and_is_escaped(tested, tmp_path):
    evil = {"claim": "'<script>alert(1)</script> | *later* is $x$ [less](http://a.b)'", "name": "'../<b>&|'"}
    for _ in range(2):  # its own folder is written again
        assert tested("mine.toml", "--out", "report", **evil).code == 0
    report = tmp_path / "report"
    files = sorted(file.name for file in report.iterdir())
    assert files == ["b.png", "b.svg", "hypotheses.json", "report.html", "report.md"]
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)\s*=\s*\"(?!data:)", page)
    assert page.count("data:image/png;base64,") == 1
    table = [line for line in (report / "report.md").read_text("utf-8").splitlines() if line[:1] == "|"]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert json.loads((report / "hypotheses.json").read_text("utf-8"))["hypotheses"][0]["pairs"] == 20


@pytest.mark.parametrize("changes", [
    {"theory": "{effect = -10, level = {late = 20}}"},
    {"direction": '"none"', "margin": '"50%"'},
    {
        "arms": None,
        "dose": '{name = "t", values = [2, 4, 8], set = {"interventions.0.step" = "t"}}',
        "theory": '{level = "50 - 4 * t"}',
    },
    {"arms": None, "theory": "{level = 44.0}"},
])  # fmt: skip
def test_figures_show_what_was_found(changes):
    result = claim(**changes)
    figure = hypothesis_figure(result)
    arms, effect = figure.axes
    (line,) = [line for line in arms.lines if line.get_gid() == "measure"]
    assert line.get_ydata().tolist() == [arm.mean for arm in result.arms]
    (point,) = [line for line in effect.lines if line.get_gid() == "effect"]
    assert point.get_ydata().tolist() == [result.effect]
    drawn = [line for line in effect.lines if line.get_gid() == "theory"]
    assert [line.get_ydata()[0] for line in drawn] == ([] if result.theory is None else [result.theory])
    low, high = effect.get_ylim()
    assert low < min(0.0, result.low) <= max(0.0, result.high) < high


def test_all_fourteen_are_there_and_a_wrong_theory_is_found_out():
    assert [int(path.name[:2]) for path in SHIPPED] == list(range(1, 15))
    for path in SHIPPED:
        for _, scenario, _ in load_hypotheses(path):
            assert isinstance(scenario, Scenario)
    ((hypothesis, scenario, where),) = load_hypotheses(SHIPPED[4])
    few = {"pairs": 60, "pairs_at_most": 60, "parameters": hypothesis.parameters | {"mu": 0.036}}
    experiment = planned(hypothesis.model_copy(update=few), scenario, where)
    conduct(experiment, 1, Runner("kernels"))
    (result,) = verdicts([experiment])
    assert result.consistent is False


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_shipped_hypothesis_agrees_with_its_theory(path):
    """With few pairs; `make hypotheses` runs all of them. What is exact must hold in each."""
    found = []
    for hypothesis, scenario, where in load_hypotheses(path):
        few = hypothesis.model_copy(update={"pairs": 40, "pairs_at_most": 40})
        experiment = planned(few, scenario, where)
        conduct(experiment, 1, Runner("kernels"))
        found.append(experiment)
    for result, experiment in zip(verdicts(found), found, strict=True):
        assert result.verdict == "supported" or (result.direction == "none" and not result.exact), result
        assert result.consistent is not False, result
        theory = experiment.hypothesis.theory
        assert (result.consistent is None) == (theory is None)


@pytest.mark.skipif(not FULL, reason="some minutes: SHOULDERS_FULL=1 runs all pairs")
def test_the_table_of_the_docs_says_what_all_pairs_say():
    results, labels = list(sim.test_hypotheses(SHIPPED, engine="kernels")), []
    for path in SHIPPED:
        number, many = str(int(path.stem[:2])), len(load_hypotheses(path))
        labels += [number + letter for letter in "abc"[:many]] if many > 1 else [number]
    text = (SHIPPED[0].parents[2] / "docs" / "hypotheses.md").read_text("utf-8")
    found = re.findall(r"^\| (\d+[abc]?) \|[^|]*\| ([^|]*) \|[^|]*\| ([^|]*) \| ([^|]*)\|$", text, re.M)
    rows = {row[0]: row for row in found}
    assert list(rows) == labels
    for label, result in zip(labels, results, strict=True):
        _, effect, pairs, removed = (cell.strip() for cell in rows[label])
        assert result.verdict == "supported", label
        if pairs == "exact":
            assert result.exact, label
            continue
        assert int(pairs.replace(",", "")) == result.pairs, label
        said = re.search(r"(-?[\d.,]+)(?: a step)? \((-?[\d.,]+) to (-?[\d.,]+)\)", effect)
        for words, value in zip(said.groups(), (result.effect, result.low, result.high), strict=True):
            digits = len(words.partition(".")[2])
            assert float(words.replace(",", "")) == pytest.approx(value, abs=0.51 * 10.0**-digits), (label, words)
        if removed:
            assert int(removed.removesuffix("%")) == pytest.approx(100 * result.reduction, abs=0.51), label


def test_the_curve_follows_its_theory_which_is_that_of_the_science():
    curve = notebook_curve((0, 20, 60, 119), pairs=300 if FULL else 100, engine="kernels")
    for name, law in curve.theory.items():
        z = (curve.simulated[name] - law) / np.maximum(curve.error[name], 1e-6)
        assert np.abs(z).max() < 4.0, (name, z)
    lineage, knockout, pagerank = (curve.theory[name] for name in LAWS)
    assert lineage[0] > 0.95
    assert 0.3 < knockout[0] < 0.5
    assert lineage[-1] < 1e-3 > knockout[-1]
    assert pagerank[-1] > 0.05, "a position is not lost by coming too late"
    figure = notebook_figure(curve)
    drawn = {line.get_gid(): line for line in figure.axes[0].lines}
    for name in LAWS:
        assert drawn[name].get_ydata().tolist() == curve.simulated[name].tolist()
        assert drawn[f"{name}-theory"].get_ydata()[60] == pytest.approx(LAWS[name](60.0))
    steps, rate = 120, 0.02
    for t in FOUND:
        assert by_lineage(t) == pytest.approx((steps - t) * math.exp(-rate * t) / steps, rel=0.011)
        continuous = (math.exp(-rate * t) - math.exp(-rate * steps)) / rate / steps
        assert by_knockout(t) == pytest.approx(continuous, rel=0.021)
        assert by_knockout(t) == pytest.approx(sum(math.exp(-rate * s) for s in range(t + 1, steps + 1)) / steps)


@pytest.mark.parametrize("wrong", [{"found": (120,)}, {"found": ()}, {"found": (-1,)}, {"pairs": 1}])
def test_the_curve_refuses_what_is_out_of_range(wrong):
    with pytest.raises(ValueError, match="must be"):
        notebook_curve(**wrong)


def test_findings_are_a_table_and_reports_of_one_name_do_not_overwrite_each_other(tmp_path):
    result = claim()
    findings = Findings((result,))
    assert findings["hypotheses"] is result
    assert len(findings) == len(findings.to_pandas()) == 1
    assert experiments.ALPHA == 0.05
    files = write_report(Findings((result, result)), tmp_path)
    assert len(dict.fromkeys(files)) == 7
