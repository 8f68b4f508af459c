"""The number of threads leaves no trace on the tape, however small the steps that they share."""

import pytest

from sim import Scenario, ScenarioError, World
from sim.model.kernels import model, step
from sim.model.kernels.model import runner
from tests.model.agents import deed

WORLD = """
scenario = {name = "shared", steps = 25, seed = 5}
world = {network = {kind = "erdos-renyi", degree = 6, weight = 0.3}}
population = {count = 9000, reach = {kind = "uniform", low = 0.0, high = 0.0015}, creativity = 0.001, skill = 0.1}
ideas = [{name = "wheel"}, {name = "cart", prerequisites = ["wheel"]}]
dynamics = {discovery_rate = 0.05, telling_period = 2, abandon_rate = 0.05}
"""
CHANGES = {
    "plain": {
        "dynamics.discovery_rate": 0, "persons": [{"name": "guest", "count": 7}],
        "interventions": [deed(1, "discover", "guest", idea="wheel")],
    },
    "everything happens": {},
    "every teller credited": {"dynamics.credited_tellers": "all"},
    "stale news": {"dynamics.stifling": "both", "dynamics.telling_period": "forever"},
    "a crowd": {"world.size": 1_000_000},
    "told by a crowd": {  # whom only the guests tell, so that the learning is shared
        "world.size": 100_000, "world.crowd_understanding": 0.3, "population.reach": 2e-5, "population.creativity": 0.0,
        "world.network": {"kind": "watts-strogatz", "neighbours": 6, "rewire": 0.1, "weight": 0.3},
        "persons": [{"name": "guest", "count": 5}],
        "interventions": [
            deed(1, "discover", "guest", idea="wheel"),
            *(deed(step, "tell", "guest", idea="wheel", to="crowd") for step in (2, 3)),
            deed(5, "tell", "crowd", idea="wheel", to="population"),
        ],
    },
    "hesitation": {"ideas.wheel.hesitation": 0.5, "dynamics.resolve_rate": 0.3},
    "rivals": {"ideas.cart.rival_of": "wheel", "ideas.cart.prerequisites": []},
    "thresholds": {"dynamics.adoption": "threshold", "population.threshold": 0.1},
    "again and again": {"dynamics.readopt": True, "dynamics.abandon_rate": 0.5, "dynamics.telling_period": "forever"},
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_number_of_threads_leaves_no_trace(change, monkeypatch):
    world = World.build(Scenario.from_toml(WORLD).replace(CHANGES[change]))
    alone = runner(world, threads=1)(world.seed)
    assert len(alone.events) > 1000
    monkeypatch.setattr(model, "WORTH_SHARING", 1)
    for threads in (2, 3, 4):
        assert runner(world, threads=threads)(world.seed) == alone


def test_more_events_than_can_be_numbered_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "MOST", 20_000)
    with pytest.raises(ScenarioError, match="more than 20,000 events"):
        runner(World.build(Scenario.from_toml(WORLD).replace({"dynamics.abandon_rate": 5.0})))(5)
