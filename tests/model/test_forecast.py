"""What is foreseen of a run before it is made: no fewer adoptions than happen."""

import numpy as np
from hypothesis import HealthCheck, given, settings

from sim import Scenario, simulate
from sim.model.forecast import most_events
from sim.scenario.groups import EVERYONE, EVERYTHING, idea_ranges, person_ranges
from sim.tape.tables import LEARN
from tests import examples
from tests.model.agents import make
from tests.scenarios import scenarios

REACHES = {"population.reach": 0.03, "persons.P.reach": 0.01, "persons.Q.reach": 0.05, "persons.group.reach": 0.02}


@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_who_can_be_told_is_foreseen(scenario: Scenario) -> None:
    """Of scheduled ideas, told to a few: everybody times every idea is the most, and often far too much."""
    entries = [deed for deed in scenario.interventions if deed.kind not in {"set", "rewrite", "unlock"}]
    nothing = dict.fromkeys((key.replace("reach", "creativity") for key in REACHES), 0.0)
    rates = dict.fromkeys(("implementation_rate", "abandon_rate", "abandon_rate_working"), 0.0)
    dynamics = {f"dynamics.{key}": value for key, value in (rates | {"readopt": False, "adoption": "simple"}).items()}
    given = {"interventions": [deed.model_dump(by_alias=True) for deed in entries]}
    scenario = scenario.replace(REACHES | nothing | dynamics | given)
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    events = simulate(scenario, engine="agents").events
    adopted = int(np.sum((events.kind <= LEARN) & (events.person >= 0) & (events.person < people)))
    assert adopted <= most_events(scenario) + 1 <= people * ideas + 1  # a fraction of an adoption is rounded off


def test_what_nobody_hears_of_takes_no_room() -> None:
    quiet = make(100, {"telling_period": 1, "discovery_rate": 0.01}, population={"count": 999, "reach": 0.002},
                 persons="A", ideas="k*1000", interventions="1 discover A idea='k 1'")  # fmt: skip
    assert most_events(quiet.replace({"population.reach": 0.0})) == 1
    assert most_events(quiet.replace({"scenario.steps": 4})) == 1 + 2 + 4 + 8
    assert most_events(quiet) == 1000 * 1000  # as many as there can be
    assert most_events(quiet.replace({"scenario.steps": 4, "population.creativity": 0.1})) == 1000 * 1000
