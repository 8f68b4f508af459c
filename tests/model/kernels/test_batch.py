"""Many runs in one loop: the tapes are those of one run at a time."""

import os
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sim import Scenario, Tape, simulate, simulate_many
from sim.model.kernels import replicates
from sim.model.kernels.replicates import fits_batch, run_batch
from tests import FULL
from tests.scenarios import scenarios

EXAMPLES = max(1, int(os.environ.get("SHOULDERS_EXAMPLES", "120")) // 5)
SMALL = """
scenario = {name = "small", steps = 12}
world = {network = {kind = "erdos-renyi", degree = 4, weight = 0.5}}
population = {count = 50, reach = {kind = "uniform", low = 0.0, high = 0.2}, creativity = 0.01, skill = 0.3}
ideas = [{name = "k", count = 2}]
"""


def some(scenario: Scenario) -> Scenario:
    """The scenario, in the size of every day on a network whose loop other tests have compiled."""
    slow = scenario.world.network.kind in ("barabasi-albert", "watts-strogatz") and not FULL
    return scenario.replace({"world.network": {"kind": "erdos-renyi", "degree": 2.5}}) if slow else scenario


def same(tapes: Iterable[Tape], scenarios: Sequence[Scenario], seeds: Iterable[int]) -> None:
    """The tapes are those of one run at a time."""
    for tape, scenario, seed in zip(tapes, scenarios, seeds, strict=True):
        alone = simulate(scenario, seed, engine="kernels")
        assert tape == alone
        assert tape.provenance == alone.provenance


@given(scenarios().map(some), st.integers(0, 2**64 - 4), st.integers(1, 3))
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_runs_of_a_batch_are_those_of_single_runs(scenario: Scenario, first: int, threads: int) -> None:
    assume(fits_batch(scenario))
    seeds = range(first, first + 3)
    same(run_batch([scenario], [0, 0, 0], seeds, threads), [scenario] * 3, seeds)


six = st.tuples(*[st.floats(0.0, 1.0)] * 6)


@given(scenarios().map(some), st.lists(six, min_size=1, max_size=4), st.integers(1, 2))
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_runs_of_several_parameters_are_those_of_the_changed_scenarios(
    scenario: Scenario, cells: list[tuple[float, ...]], threads: int
) -> None:
    keys = ("dynamics.abandon_rate", "ideas.idea0.clarity", "population.reach", "persons.P.creativity",
            "dynamics.discovery_rate", "ideas.idea0.value")  # fmt: skip
    changed = [scenario.replace(dict(zip(keys, (0.01 + 0.9 * x for x in cell), strict=True))) for cell in cells]
    changed = [one for one in changed for _ in range(2)]
    seeds = range(len(changed))
    same(simulate_many(changed, seeds, engine="kernels", threads=threads), changed, seeds)


@pytest.mark.parametrize(("key", "values"), [
    ("world.network.degree", (2.0, 6.0)), ("world.network.weight", (0.1, 1.0)),
    ("population.reach.high", (0.1, 0.5)),
    ("population.reach", (0.1, 0.5)), ("ties", tuple([{"from": "A", "to": "B", "weight": w}] for w in (0.2, 0.9))),
    ("persons.A.clarity", (0.3, 1.0)), ("dynamics.telling_period", (1.0, 4.0)),
    ("interventions", tuple([{"step": 3, "kind": "set", "key": "ideas.k.value", "value": v}] for v in (0.0, 3.0))),
    ("population.count", (30, 60)), ("dynamics.adoption", ("simple", "threshold")),
])  # fmt: skip
def test_a_run_has_the_parameters_of_its_cell(key: str, values: tuple[object, ...]) -> None:
    base = {"persons": [{"name": "A", "creativity": 1.0}, {"name": "B"}]}
    base |= {"world.network": {"kind": "none"}} if key == "ties" or values[1] == "threshold" else {}
    scenarios = [Scenario.from_toml(SMALL).replace(base | {key: value}) for value in (*values, *values)]
    tapes = simulate_many(scenarios, [1, 1, 2, 2], engine="kernels", threads=2)
    same(tapes, scenarios, [1, 1, 2, 2])
    assert tapes[0] != tapes[1]


NETWORKS = [
    {"kind": "erdos-renyi", "degree": 4}, {"kind": "barabasi-albert", "links": 2}, {"kind": "complete"},
    {"kind": "watts-strogatz", "neighbours": 4, "rewire": 0.2}, {"kind": "configuration", "degrees": 3},
    {"kind": "stochastic-block", "sizes": [30, 20], "chances": [[0.2, 0.02], [0.02, 0.2]]}, {"kind": "star"},
]  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS if FULL else NETWORKS[::3])  # each is compiled by itself
def test_every_kind_of_network_is_made_in_the_loop(network: dict[str, object]) -> None:
    scenario = Scenario.from_toml(SMALL).replace({"world.network": network})
    assert fits_batch(scenario)
    same(simulate_many(scenario, range(5), engine="kernels", threads=2), [scenario] * 5, range(5))


def test_blocks_that_are_too_small_are_followed_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicates, "LARGEST", 1)
    scenario = Scenario.from_toml(SMALL).replace({"dynamics.abandon_rate": 0.9, "dynamics.readopt": True})
    runs = run_batch([scenario], [0] * 30, range(30), 1)
    assert len(runs.blocks) > 2
    assert [tape.total for tape in runs] == [simulate(scenario, seed, engine="kernels").total for seed in range(30)]


def test_runs_are_a_sequence() -> None:
    scenario = Scenario.from_toml(SMALL)
    runs = simulate_many(scenario, range(5), engine="kernels")
    assert (len(runs), len(simulate_many(scenario, [], engine="kernels"))) == (5, 0)
    assert runs[-1] == runs[4] == list(runs)[4]
    assert [tape.provenance["seed"] for tape in runs[1:3]] == [1, 2]
    with pytest.raises(IndexError, match="no run 5 of 5"):
        runs[5]
    with pytest.raises(ValueError, match="scenario: must be one, or one for each of 3 seeds, are 2"):
        simulate_many([scenario] * 2, range(3))


def test_a_crowd_goes_another_way() -> None:
    scenario = Scenario.from_toml(SMALL).replace({"world.size": 1000})
    assert not fits_batch(scenario)
    assert simulate_many(scenario, [3], engine="kernels")[0] == simulate(scenario, 3, engine="agents")
