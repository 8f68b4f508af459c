"""The compiled loops write the tape that the agents write, bit for bit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from sim import Scenario, simulate
from sim.agents import IdeaDiffusion
from sim.kernels import ColumnModel
from sim.world import World
from tests.scenarios import scenarios

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
EXAMPLES = int(os.environ.get("SHOULDERS_EXAMPLES", "300"))  # SHOULDERS_EXAMPLES=5000 for the full size


@given(scenarios())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_engines_write_the_same_tape(scenario: Scenario) -> None:
    agents = IdeaDiffusion(scenario).run()
    kernels = ColumnModel(World.build(scenario)).run()
    for table in ("events", "influences", "realised"):
        expected, found = getattr(agents, table).columns(), getattr(kernels, table).columns()
        for column in expected:
            assert found[column].tolist() == expected[column].tolist(), (table, column)
    assert kernels == agents
    assert kernels.provenance == agents.provenance


@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("*.toml")))
def test_both_engines_agree_on_the_scenarios(name: str) -> None:
    scenario = Scenario.load(SCENARIOS / f"{name}.toml")
    if name == "genius_notebook":  # the agents take their time
        scenario = scenario.replace({"population.count": 500, "scenario.steps": 120})
    if name == "e3_ten_thousand_ideas":  # columns of 10,000 ideas times 11,001 persons
        scenario = scenario.replace(
            {"persons.inventor.count": 100, "persons.teller.count": 10, "ideas.idea.count": 100}
        )
    assert simulate(scenario, engine="kernels") == simulate(scenario, engine="agents")
