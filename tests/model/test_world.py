"""The world: abilities against scipy's distributions, who is who, and what is scheduled for whom."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim import Scenario, ScenarioError, World
from sim.model.world import ABILITIES, THE_CROWD
from sim.scenario.groups import find, idea_ranges, person_ranges
from tests.model.agents import make


def world(seed: int = 1, **sections: Any) -> World:
    return World.build(make(9, **sections), seed)


def drawn(distribution: dict[str, Any], count: int = 3000, ability: str = "creativity", seed: int = 1) -> np.ndarray:
    return getattr(world(seed, population={"count": count, ability: distribution}), ability)


@pytest.mark.parametrize(("given", "law"), [
    ({"kind": "uniform"}, stats.uniform()),
    ({"kind": "uniform", "low": 0.2, "high": 0.5}, stats.uniform(0.2, 0.3)),
    ({"kind": "normal", "mean": 0.5, "sd": 0.08}, stats.norm(0.5, 0.08)),
    ({"kind": "normal", "mean": 0.9, "sd": 0.3}, stats.norm(0.9, 0.3)),
    ({"kind": "lognormal", "median": 0.01, "sigma": 0.7}, stats.lognorm(0.7, scale=0.01)),
    ({"kind": "lognormal", "median": 0.5, "sigma": 2.0}, stats.lognorm(2.0, scale=0.5)),
    ({"kind": "power", "low": 1e-5, "exponent": 2.5}, stats.pareto(1.5, scale=1e-5)),
    ({"kind": "power", "low": 0.3, "exponent": 1.5}, stats.pareto(0.5, scale=0.3)),
    ({"kind": "beta", "a": 1.0, "b": 30.0}, stats.beta(1.0, 30.0)),
    ({"kind": "beta", "a": 2.5, "b": 1.5}, stats.beta(2.5, 1.5)),
    ({"kind": "beta", "a": 0.3, "b": 0.6}, stats.beta(0.3, 0.6)),
    ({"kind": "beta", "a": 5000.0, "b": 200.0}, stats.beta(5000.0, 200.0)),
])  # fmt: skip
def test_abilities_follow_their_distribution_and_what_is_beyond_zero_and_one_is_cut_off(given, law):
    found = drawn(given)
    assert 0.0 <= found.min() <= found.max() <= 1.0
    for edge, chance in ((0.0, law.cdf(0.0)), (1.0, law.sf(1.0))):
        assert stats.binomtest(int(np.sum(found == edge)), 3000, chance).pvalue > 1e-4
    inside = found[(found > 0.0) & (found < 1.0)]
    assert stats.kstest(inside, lambda x: (law.cdf(x) - law.cdf(0)) / (law.cdf(1) - law.cdf(0))).pvalue > 1e-3
    assert len(set(inside.tolist())) == len(inside)


@pytest.mark.parametrize("shape", [1e-3, 1e-5, 1e-300])
def test_a_beta_of_small_shapes_is_all_or_nothing(shape):
    found = drawn({"kind": "beta", "a": shape, "b": 3 * shape}, 1000)
    law = stats.beta(max(shape, 1e-5), 3 * max(shape, 1e-5))
    middle = int(np.sum((found > 0.01) & (found < 0.99)))
    assert middle <= stats.binom(1000, law.cdf(0.99) - law.cdf(0.01)).ppf(1 - 1e-5)
    if shape > 1e-300:
        assert stats.binomtest(int(np.sum(found > 0.5)), 1000, 0.25).pvalue > 1e-4


def test_a_choice_has_its_odds():
    values, weights = [0.1, 0.7, 0.4, 0.9], [2.0, 0.0, 1.0, 5.0]
    found = drawn({"kind": "choice", "values": values, "weights": weights}).tolist()
    assert 0.7 not in found
    assert stats.chisquare([found.count(v) for v in (0.1, 0.4, 0.9)], [750.0, 375.0, 1875.0]).pvalue > 1e-4
    alike = drawn({"kind": "choice", "values": values}).tolist()
    assert stats.chisquare([alike.count(v) for v in values]).pvalue > 1e-4


def test_a_distribution_of_no_width_is_a_number():
    narrow = [{"kind": "normal", "mean": 0.3, "sd": 0.0}, {"kind": "uniform", "low": 0.3, "high": 0.3}]
    for given in (*narrow, {"kind": "choice", "values": [0.3]}):
        assert set(drawn(given, 20).tolist()) == {0.3}
    assert drawn({"kind": "lognormal", "median": 0.3, "sigma": 0.0}, 20) == pytest.approx(0.3, rel=1e-15)


def test_abilities_are_independent_of_each_other_and_of_the_neighbour():
    made = world(population={"count": 2000} | {key: {"kind": "uniform"} for key in ABILITIES})
    columns = np.array([getattr(made, ability) for ability in ABILITIES])
    both = np.vstack([columns, np.roll(columns, 1, axis=1)])
    correlation = stats.spearmanr(both.T).statistic[np.triu_indices(12, 1)]
    assert np.abs(correlation).max() < 4.5 / math.sqrt(2000)


def test_a_scenario_may_be_a_name_and_a_seed_is_checked():
    assert World.build("e4_bridge", 3) == World.build(Scenario.load("e4_bridge"), 3)
    for seed in (1.5, -1):
        with pytest.raises(ValueError, match="seed: must be a whole number"):
            World.build("e4_bridge", seed)
    with pytest.raises(ScenarioError, match="must be a Scenario, a path or a name, is a NoneType"):
        World.build(None)


def test_the_same_seed_gives_the_same_person_whoever_else_there_is():
    spread = {"kind": "beta", "a": 0.5, "b": 2.0}
    few, many = drawn(spread, 10), drawn(spread, 500)
    assert few.tolist() == many[:10].tolist()
    for other in (drawn(spread, 10, seed=2), drawn(spread, 10, seed=1 + 2**32), drawn(spread, 10, "skill")):
        assert not set(few.tolist()) & set(other.tolist())


SECTIONS: dict[str, Any] = {
    "persons": [
        {"name": "Ann", "creativity": 0.5, "keeps": True},
        {"name": "team", "count": 3, "reach": 0.25, "born": 4, "dies": 7},
        {"name": "Bob", "skill": {"kind": "choice", "values": [0.75]}},
    ],
    "population": {"count": 2, "creativity": 0.125, "clarity": 0.5},
    "world": {"size": 1e6},
}


def test_persons_stand_in_file_order_then_the_population_then_the_crowd_if_the_world_is_larger():
    made = world(**SECTIONS)
    names = ["Ann", "team 1", "team 2", "team 3", "Bob", "person 1", "person 2"]
    assert made.persons.names() == [*names, THE_CROWD]
    assert made.persons.size[made.persons.group].tolist() == [1] * 7 + [999_993]
    assert (made.n, made.size, made.crowd) == (7, 10**6, 999_993)
    assert find(person_ranges(made.scenario), "team 2") == range(2, 3)
    made = world(**SECTIONS | {"world": {}})
    assert (made.persons.names(), made.size, made.crowd) == (names, 7, 0)
    assert world(persons=[{"name": "Ann"}], world={"size": 1}).crowd == 0


def test_abilities_are_ones_own_or_those_of_the_population():
    made = world(**SECTIONS)
    assert made.creativity.tolist() == [0.5] + [0.125] * 6
    assert made.reach.tolist() == [0.0, 0.25, 0.25, 0.25, 0.0, 0.0, 0.0]
    assert made.skill.tolist() == [0.0] * 4 + [0.75, 0.0, 0.0]
    assert made.clarity.tolist() == [0.5] * 7
    assert made.understanding.tolist() == [1.0] * 7
    assert made.keeps.tolist() == [True] + [False] * 6
    assert made.alive.tolist() == [True, False, False, False, True, True, True]
    own = world(persons=[{"name": "Ann", "reach": 0.0}], population={"reach": 0.5, "count": 1})
    assert own.reach.tolist() == [0.0, 0.5]


@pytest.mark.parametrize(("by", "whose"), [
    ("everyone", [0, 1, 2, 3, 4, 5, 6, 7]),
    ("crowd", [7]),
    ("population", [5, 6]),
    ("team", [1, 2, 3]),
    (["team 2", "Bob", "crowd"], [2, 4, 7]),
])  # fmt: skip
def test_whose_holdings_count(by, whose):
    assert np.flatnonzero(world(impact={"realised_by": by}, **SECTIONS).realises).tolist() == whose


def test_ideas_and_what_they_are_to_each_other():
    ideas = "wheel*2 value=3.0 discovery_rate=0.0; cart prerequisites=wheel,road difficulty=7.0; "
    ideas += "road prerequisites='wheel 2' clarity=0.25; sledge rival_of=wheel hesitation=0.5"
    made = world(population={"count": 1}, dynamics={"discovery_rate": 0.5}, ideas=ideas).ideas
    assert made.name == ("wheel 1", "wheel 2", "cart", "road", "sledge")
    assert made.prerequisites == ((), (), (0, 1, 3), (1,), ())
    assert made.rivals == ((4,), (4,), (), (), (0, 1))
    assert made.value.tolist() == [3.0, 3.0, 1.0, 1.0, 1.0]
    assert made.clarity.tolist() == [1.0, 1.0, 1.0, 0.25, 1.0]
    assert made.difficulty.tolist() == [1.0, 1.0, 7.0, 1.0, 1.0]
    assert made.hesitation.tolist() == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert made.discovery_rate.tolist() == [0.0, 0.0, 0.5, 0.5, 0.5]


def test_deeds_stand_by_step_and_speak_of_rows():
    entries = "9 tell crowd to=world; 4 publish 'team 2' idea=idea reach=0.5; 1 discover everyone pairing=each; "
    entries += "4 find Bob of=team; 4 tie Ann>Bob; 2 set dynamics.telling_period=forever; "
    entries += "2 set 'persons.team 3.keeps=true'; 2 set ideas.idea.value=3"
    made = world(interventions=entries, **SECTIONS)
    found = [(d.step, d.kind, list(d.who), list(d.to), d.amount, d.setting) for d in made.schedule]
    assert found == [
        (1, "discover", [*range(7)], [], 0.0, None),
        (2, "set", [], [], 0.0, ("dynamics", "telling_period", math.inf)),
        (2, "set", [], [3], 0.0, ("persons", "keeps", True)),
        (2, "set", [], [0], 0.0, ("ideas", "value", 3.0)),
        (4, "born", [], [1, 2, 3], 0.0, None),
        (4, "publish", [2], [], 0.5, None),
        (4, "find", [4], [1, 2, 3], 0.0, None),
        (7, "die", [], [1, 2, 3], 0.0, None),
        (9, "tell", [7], [*range(8)], 0.0, None),
    ]
    assert list(made.schedule[0].pairs) == [(i, 0) for i in range(7)]
    assert list(made.schedule[0].ideas) == list(idea_ranges(made.scenario)["everything"])
