"""The compiled loops write the tape that the agents write, bit for bit."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sim
from sim import IdeaDiffusion, Scenario, World, simulate
from sim.engines import simulate_world
from sim.tape.tables import DISCOVER
from tests.model.agents import deed, make
from tests.scenarios import scenarios

EXAMPLES = int(os.environ.get("SHOULDERS_EXAMPLES", "120"))  # SHOULDERS_EXAMPLES=5000 for the full size


@given(scenarios())
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_both_engines_write_the_same_tape(scenario: Scenario) -> None:
    check(scenario)


@given(scenarios(), st.sampled_from([2.0, 3.0, "forever"]))
@settings(max_examples=EXAMPLES // 3, suppress_health_check=list(HealthCheck))
def test_both_engines_agree_on_whom_stale_news_stifles(scenario: Scenario, period: float | str) -> None:
    dynamics = {"stifling": "both", "adoption": "simple", "telling_period": period}
    check(scenario.replace({f"dynamics.{key}": value for key, value in dynamics.items()}))


def check(scenario: Scenario) -> None:
    """Both simulate write the same tape."""
    agents = IdeaDiffusion(scenario).run()
    kernels = simulate_world(World.build(scenario))
    for table in ("events", "influences", "realised"):
        np.testing.assert_equal(getattr(kernels, table).columns(), getattr(agents, table).columns(), table)
    assert kernels == agents
    assert kernels.provenance == agents.provenance


@pytest.mark.parametrize(("key", "value"), [("persons.A.reach", 1.0), ("dynamics.stifling", "both")])
def test_one_who_had_nobody_left_to_tell_tells_and_stifles_when_that_is_set(key: str, value: float | str) -> None:
    # A has nobody left to tell from step 3 on; B, whom A meets, tells D late.
    people = "A reach=1e-9; B reach=2e-9; C reach=0.0 understanding=0.0; D reach=0.0 understanding=1.0"
    deeds = [deed(1, "discover", "A"), deed(4, "set", key=key, value=value)]
    scenario = make(12, {"telling_period": "forever"}, world={"size": 10**9}, persons=people,
                    ties="A>B; B>C; B>D weight=0.1", interventions=deeds)  # fmt: skip
    for seed in range(20):
        check(scenario.replace({"scenario.seed": seed}))


@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize("key", ["dynamics.discovery_rate", "ideas.idea.discovery_rate"])
def test_what_is_never_discovered_is_when_its_rate_is_set(step: int, key: str) -> None:
    given = deed(step, "set", key=key, value=0.3)
    check(make(14, {"discovery_rate": 0.0}, population={"count": 9, "creativity": 0.5}, interventions=[given]))


SMALLER = {
    "genius_notebook": {"population.count": 500, "scenario.steps": 120},  # the agents take their time
    # Columns of 10,000 ideas times 11,001 persons.
    "e3_ten_thousand_ideas": {"persons.inventor.count": 100, "persons.teller.count": 10, "ideas.idea.count": 100},
}


@pytest.mark.parametrize("name", sim.scenarios())
def test_both_engines_agree_on_the_scenarios(name: str) -> None:
    scenario = Scenario.load(name).replace(SMALLER.get(name, {}))
    assert simulate(scenario, engine="kernels") == simulate(scenario, engine="agents")


def test_one_who_hears_and_dies_in_the_same_step_learns_nothing() -> None:
    scenario = make(3, persons="A; B", interventions="1 discover A; 2 publish A reach=1.0; 2 die B")
    check(scenario)
    assert IdeaDiffusion(scenario).run().events.kind.tolist() == [DISCOVER]
