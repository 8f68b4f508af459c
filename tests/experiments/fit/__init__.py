"""Fits: small worlds that all these tests share."""

from typing import Any

from sim import Scenario

TEXT = """
scenario = {name = "small", steps = 4}
population = {count = 3, creativity = 1.0, reach = 0.5, understanding = 0.4}
world = {network = {kind = "chain"}}
ideas = [{name = "wheel"}]
dynamics = {discovery_rate = 0.2, abandon_rate = 0, implementation_rate = 0, telling_period = "forever"}
impact = {value_of = "held"}
"""


def scenario_of(steps: int = 4, **changes: Any) -> Scenario:
    """The small world with other keys, dots written as two underscores."""
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return Scenario.from_toml(TEXT).replace({"scenario.steps": steps, **keys})
