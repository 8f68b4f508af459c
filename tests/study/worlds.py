"""A small world for studies."""

from typing import Any

from sim import Scenario, Study

TEXT = """
scenario = {name = "a dozen", steps = 12, seed = 3}
world.network = {kind = "erdos-renyi", degree = 3.0}
population = {count = 10, reach = 0.1, skill = 0.05}
persons = [{name = "Ada", creativity = 1.0, reach = 0.2}]
ideas = [{name = "engine", discovery_rate = 0.5}]
"""
VARY: dict[str, Any] = {"dynamics.abandon_rate": {"start": 0.0, "stop": 0.4, "num": 3}, "persons.Ada.reach": [0.1, 0.5]}
MEASURES = ["total", "reached", "time_to_half", "share:Ada"]


def world() -> Scenario:
    return Scenario.from_toml(TEXT)


def study(scenario: Scenario | None = None, **changes: Any) -> Study:
    given: dict[str, Any] = {"vary": VARY, "replicates": 7, "measures": MEASURES, "engine": "agents"} | changes
    return Study(scenario or world(), given.pop("vary"), **given)
