"""Rules of one's own: the same tape from both engines, and every way to run takes them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim import IdeaDiffusion, Person, Scenario, knockout, simulate, simulate_many, sweep, test_hypotheses
from sim.errors import RunError
from sim.model import rules
from tests import FULL
from tests.scenarios import STEPS, scenarios

GROWS = 0.02


def grows_with_age(works: bool, rate: float, rate_working: float, age: int) -> float:
    return (rate_working if works else rate) + GROWS * age


def begins_at_three(works: bool, rate: float, rate_working: float, age: int) -> float:
    return 0.0 if age < 3 else 0.5


def twice_as_likely(works: bool, rate: float, rate_working: float, age: int) -> float:
    return 2.0 * rules.abandonment_rate(works, rate, rate_working, age)


def half(value: float) -> float:
    return 0.5 * value


def half_as_creative(rate: float, creativity: float) -> float:
    return rate * half(creativity) if creativity > 0.0 else 0.0


def at_most_five(reach: float, world_size: float) -> float:
    return min(5.0, reach * world_size)


def or_it_is_clear(idea_clarity: float, teller_clarity: float, understanding: float) -> float:
    return max(idea_clarity, 0.9) * teller_clarity * understanding


def speaks_to_many(audience: float, degree: int, weight: float) -> float:
    return weight if audience >= degree else audience / degree * weight * 0.5


def any_holder(holding: float, total: float, threshold: float) -> bool:
    return holding > 0.0


def whatever_the_difficulty(rate: float, skill: float, difficulty: float) -> float:
    return rate * skill


OWN = [
    {"abandonment_rate": grows_with_age, "audience": at_most_five, "implementation_rate": whatever_the_difficulty},
    {"abandonment_rate": begins_at_three, "discovery_rate": half_as_creative},
    {"abandonment_rate": twice_as_likely, "chance_to_understand": or_it_is_clear},
    {"chance_to_tell": speaks_to_many, "reaches_threshold": any_holder},
]
OWN = OWN if FULL else OWN[:1]  # each is compiled by itself
TOO_LATE = {"step": STEPS + 1, "kind": "publish", "person": "P", "idea": "idea0"}  # so that no part is left out
SMALL = Scenario.from_toml("""
scenario = {name = "small", steps = 25}
world = {network = {kind = "erdos-renyi", degree = 4}}
population = {count = 60, reach = 0.06, creativity = 0.05, skill = 0.3}
ideas = [{name = "k", count = 2}]
dynamics = {abandon_rate = 0.05, readopt = true}
""")


@pytest.mark.parametrize("own", OWN, ids="-".join)
@settings(max_examples=120 if FULL else 25, suppress_health_check=list(HealthCheck))
@given(scenario=scenarios())
def test_both_engines_write_the_same_tape(own, scenario):
    if not FULL:  # one code for all
        deeds = scenario.model_dump(by_alias=True, exclude_unset=True)["interventions"]
        scenario = scenario.replace({"interventions": [*deeds, TOO_LATE]})
    agents = simulate(scenario, engine="agents", rules=own)
    kernels = simulate(scenario, engine="kernels", rules=own)
    assert kernels == agents
    assert kernels.provenance == agents.provenance
    assert set(agents.provenance["rules"]) == set(own)


@pytest.mark.parametrize("own", OWN, ids="-".join)
def test_the_batch_writes_the_same_tapes_and_a_rule_matters(own):
    scenario = SMALL.replace({"dynamics.adoption": "threshold"}) if "reaches_threshold" in own else SMALL
    tapes = [simulate(scenario, seed, engine="agents", rules=own) for seed in range(4)]
    found = simulate_many(scenario, range(4), engine="kernels", rules=own)
    assert list(found) == tapes
    assert [tape.provenance for tape in found] == [tape.provenance for tape in tapes]
    assert set(tapes[0].provenance["rules"]) == set(own)
    assert tapes != [simulate(scenario, seed) for seed in range(4)]


def test_age_decides_when_an_idea_is_given_up():
    tape = simulate(SMALL, 3, rules={"abandonment_rate": begins_at_three})
    began: dict[tuple[int, int], int] = {}
    for step, kind, person, idea, _ in zip(*tape.events.columns().values(), strict=True):
        if kind <= 1:
            began[person, idea] = step
        elif kind == 3:
            assert step - began[person, idea] >= 3


def test_every_way_to_run_takes_rules():
    own = {"abandonment_rate": grows_with_age}
    alone = [simulate(SMALL, seed, rules=own).total for seed in range(6)]
    table = sweep(SMALL, {"dynamics.readopt": [True]}, replicates=6, measures=["total"], rules=own)
    assert table["total"].tolist() == alone
    assert IdeaDiffusion(SMALL, rng=2, rules=own).run().total == alone[2]
    person = SMALL.replace({"persons": [{"name": "P", "creativity": 1.0}]})
    alone = [simulate(person, seed, rules=own).total for seed in range(6)]
    assert knockout(person, replicates=6, rules=own).value.tolist() == alone
    claim = """
    [scenario]
    scenario = {name = "small", steps = 12}
    world = {network = {kind = "erdos-renyi", degree = 4}}
    population = {count = 40, reach = 0.06, creativity = 0.05}
    ideas = [{name = "k"}]
    impact = {value_of = "held"}
    [[hypotheses]]
    claim = "who gives up sooner gains less"
    arms = {a = {"dynamics.abandon_rate" = 0.05}, b = {"dynamics.abandon_rate" = 0.5}}
    measure = "total"
    direction = "less"
    pairs_at_most = 200
    """
    plain, changed = (next(iter(test_hypotheses(claim, rules=given_))).to_dict()["arms"] for given_ in (None, own))
    assert plain != changed


@pytest.mark.parametrize("where", [{"executor": "processes"}, {"executor": "dask"}, {"dask": "local"}])
def test_rules_of_ones_own_stay_in_this_process(where, tmp_path):
    with pytest.raises(ValueError, match="executor: rules and persons of one's own stay in this process"):
        sweep(SMALL, replicates=2, out=tmp_path / "study", rules={"abandonment_rate": grows_with_age}, **where)
    assert not list(tmp_path.iterdir())


class Stubborn(Person):
    def abandons(self, idea: int) -> bool:
        return False


def test_every_way_to_run_takes_a_class_of_persons():
    expected = [IdeaDiffusion(SMALL, rng=seed, person_class=Stubborn).run() for seed in range(3)]
    assert [simulate(SMALL, seed, person_class=Stubborn) for seed in range(3)] == expected
    assert list(simulate_many(SMALL, range(3), person_class=Stubborn)) == expected
    table = sweep(SMALL, {"dynamics.readopt": [True]}, replicates=3, measures=["total"], person_class=Stubborn)
    assert table["total"].tolist() == [tape.total for tape in expected]
    with pytest.raises(ValueError, match="the kernels know no person_class"):
        simulate(SMALL, person_class=Stubborn, engine="kernels")


@pytest.mark.parametrize(("own", "message"), [
    ({"abandonment_rat": grows_with_age}, "no 'abandonment_rat'; .*did you mean 'abandonment_rate'"),
    ({"abandonment_rate": half}, r"abandonment_rate: must take \(works, rate, rate_working, age\), takes \(value"),
    ({"discovery_rate": np.multiply}, r"discovery_rate: must be a plain function of \(rate, creativity\)"),
])  # fmt: skip
def test_what_is_no_rule_is_refused(own, message):
    with pytest.raises(ValueError, match=message):
        simulate(SMALL, rules=own)


def to_three_places(works: bool, rate: float, rate_working: float, age: int) -> float:
    return float(f"{rate_working if works else rate:.3f}")


def test_what_cannot_be_compiled_is_run_by_the_agents_and_that_is_said(monkeypatch):
    own = {"abandonment_rate": to_three_places}
    with pytest.raises(ValueError, match="rules: abandonment_rate: cannot be compiled: "):
        simulate(SMALL, engine="kernels", rules=own)
    monkeypatch.setattr("sim.engines.WORTH_LOADING", 0.0)
    monkeypatch.setattr("sim.engines.WORTH_COMPILING", 0.0)
    with pytest.warns(UserWarning, match="cannot be compiled: .*; the agents run it"):
        assert simulate(SMALL, rules=own) == simulate(SMALL, engine="agents", rules=own)


def raises(works: bool, rate: float, rate_working: float, age: int) -> float:
    raise LookupError("none of that age")


def returns_nothing(works: bool, rate: float, rate_working: float, age: int) -> None:
    return None


@pytest.mark.parametrize("rule", [raises, returns_nothing])
def test_what_comes_of_a_rule_of_ones_own_is_said_to_be_its_own(rule):
    scenario = Scenario.load("e2_implementer").replace({"scenario.steps": 5, "dynamics.abandon_rate": 0.5})
    says = r"^rules: with your own abandonment_rate: (LookupError|TypeError): "
    for run in (simulate, lambda one, **how: list(simulate_many(one, [1, 2], **how))):
        with pytest.raises(RunError, match=says) as found:
            run(scenario, engine="agents", rules={"abandonment_rate": rule})
        assert found.value.__cause__ is not None, "its own traceback is there"
