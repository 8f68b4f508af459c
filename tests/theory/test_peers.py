"""The same laws by other programs: EoN, cynetdiff and NDlib on the same graph, with the same parameters.

Each peer is run a second time with a parameter off, which must show. A peer that is not installed is skipped.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from sim import Scenario, simulate
from sim.tape.tables import LEARN
from tests.model.agents import deed
from tests.theory import FOREVER, FULL, Floats, check_same, holders, on_ties, replicates, runs

N = 80
DRAWS = 2000
GRAPH: nx.Graph = nx.gnm_random_graph(N, 180, seed=4)
ARCS: nx.DiGraph = nx.gnp_random_graph(N, 0.05, seed=5, directed=True)


def world(folder: Path, graph: nx.Graph, steps: int, weight: float = 1.0, first: int = 1, **sections: Any) -> Scenario:
    """Node v of the graph is person v, and the first of them have the idea."""
    ties = [(f"node {a + 1}", f"node {b + 1}") for a, b in graph.edges]
    given = {"persons": [{"name": "node", "count": N, "reach": 1.0}]} | sections
    start = [deed(1, "discover", f"node {k}") for k in range(1, first + 1)]
    network = {"weight": weight, "both_ways": not graph.is_directed()}
    return on_ties(folder, ties, steps, network=network, interventions=start, **given)


def told(scenario: Scenario, daily: int) -> tuple[Floats, Floats]:
    """How many took the idea up, and in which step the last did."""
    tapes = runs(scenario, daily)
    begun = [tape.events.step[tape.events.kind <= LEARN] for tape in tapes]
    return np.array([float(len(steps)) for steps in begun]), np.array([float(steps[-1]) for steps in begun])


def drawn(draw: Callable[[], float], daily: int) -> Floats:
    return np.array([draw() for _ in range(replicates(daily))])


def test_eon_has_the_same_discrete_sir(tmp_path):
    """Everybody tells for one step: exactly the same law, of the sizes and of the times."""
    eon = pytest.importorskip("EoN", reason="EoN is not installed")
    luck = np.random.default_rng(1)
    size, last = told(world(tmp_path, GRAPH, 60, 0.3), DRAWS)

    def peer(p: float) -> Floats:
        found = [eon.basic_discrete_SIR(GRAPH, p, [0], rng=luck) for _ in range(replicates(DRAWS))]
        return np.array([(r[-1], len(t) - 1) for t, _, _, r in found], float).T

    (sizes, times), (others, later) = peer(0.3), peer(0.34)
    check_same(size, sizes, others)
    check_same(last, times, later)


RECOVER = 0.02 if FULL else 0.1  # chance in a step of dt = RECOVER, at a rate of 1


def test_eon_has_the_same_sir(tmp_path):
    """In steps one tells for a geometric number of them, M. The weight 1 - s is such that a tie stays untold with the
    chance of continuous time: E s^M = g s / (1 - (1 - g) s) = 1 / (tau + 1). Two ties stay untold with E s^2M, which is
    1 / (2 tau + 1) in small steps alone, 1.2% less in steps of 0.1: ten times the replicates need smaller steps."""
    eon = pytest.importorskip("EoN", reason="EoN is not installed")
    luck, tau = np.random.default_rng(2), 0.5
    kept = 1 / (1 + tau)
    weight = 1 - kept / (RECOVER + (1 - RECOVER) * kept)
    dynamics = {"telling_period": FOREVER, "abandon_rate": -math.log(1 - RECOVER)}
    size, _ = told(world(tmp_path, GRAPH, round(30 / RECOVER), weight, dynamics=dynamics), DRAWS)

    def peer(rate: float) -> float:
        return float(eon.fast_SIR(GRAPH, rate, 1.0, [0], rng=luck)[3][-1])

    check_same(size, drawn(lambda: peer(tau), DRAWS), drawn(lambda: peer(1.25 * tau), DRAWS))


def test_eon_has_the_same_sis(tmp_path):
    """Holders after a time of 6, in steps of 0.02: as many as in continuous time, up to 1%."""
    eon = pytest.importorskip("EoN", reason="EoN is not installed")
    luck, tau, dt, time = np.random.default_rng(3), 0.5, 0.02, 6.0
    dynamics = {"telling_period": FOREVER, "abandon_rate": dt, "readopt": True}
    scenario = world(tmp_path, GRAPH, 1 + round(time / dt), 1 - math.exp(-tau * dt), 20, dynamics=dynamics)
    held = np.array([holders(tape)[-1] for tape in runs(scenario, 1000)], float)

    def peer(rate: float) -> float:
        return float(eon.fast_SIS(GRAPH, rate, 1.0, list(range(20)), tmax=time, rng=luck)[2][-1])

    check_same(held, drawn(lambda: peer(tau), 1000), drawn(lambda: peer(1.2 * tau), 1000))


def activated(model: Any, seeds: list[int], daily: int) -> Floats:
    """How many nodes each run of a model of cynetdiff activates."""

    def draw() -> float:
        model.reset_model()
        model.advance_until_completion()
        return float(model.get_num_activated_nodes())

    model.set_seeds(seeds)
    return drawn(draw, daily)


def test_cynetdiff_has_the_same_independent_cascade(tmp_path):
    utils = pytest.importorskip("cynetdiff.utils", reason="cynetdiff is not installed")
    ours, _ = told(world(tmp_path, ARCS, 60, 0.3), DRAWS)
    models = [utils.networkx_to_ic_model(ARCS, activation_prob=p, rng=7)[0] for p in (0.3, 0.34)]
    check_same(ours, *(activated(model, [0], DRAWS) for model in models))


def test_cynetdiff_has_the_same_linear_threshold(tmp_path):
    """Thresholds are uniform, and each of the ties to a node has an equal part of 1 (of 0.85 in the other law)."""
    utils = pytest.importorskip("cynetdiff.utils", reason="cynetdiff is not installed")
    people = [{"name": "node", "count": N, "reach": 1.0, "threshold": {"kind": "uniform"}}]
    ours, _ = told(world(tmp_path, ARCS, 90, first=3, persons=people, dynamics={"adoption": "threshold"}), DRAWS)
    laws = []
    for whole in (1.0, 0.85):
        graph = ARCS.copy()
        for a, b in graph.edges:
            graph[a][b]["influence"] = whole / graph.in_degree(b)
        laws.append(activated(utils.networkx_to_lt_model(graph, rng=8)[0], [0, 1, 2], DRAWS))
    check_same(ours, *laws)


@pytest.mark.parametrize("low", [0.1, 0.15, 0.2])
def test_ndlib_has_the_same_thresholds(tmp_path, low):
    """No luck is left once the thresholds are given: the same persons in the same steps.

    NDlib takes up where the share of neighbours is at least the threshold, all at once, from its iteration 1 on.
    """
    missing = "NDlib, or the six that it imports, is not installed"
    epidemics = pytest.importorskip("ndlib.models.epidemics", reason=missing)
    settings = pytest.importorskip("ndlib.models.ModelConfig", reason=missing)
    thresholds = {v: low if v % 3 else 0.34 for v in GRAPH.nodes}
    people = [{"name": f"node {v + 1}", "threshold": thresholds[v]} for v in GRAPH.nodes]
    dynamics = {"adoption": "threshold"}
    events = simulate(world(tmp_path, GRAPH, 30, first=3, persons=people, dynamics=dynamics)).events
    ours = dict(zip(events.person.tolist(), (events.step - 1).tolist(), strict=True))
    assert len(ours) > 30
    assert iterations(epidemics.ThresholdModel, settings, thresholds) == ours
    assert iterations(epidemics.ThresholdModel, settings, {v: 1.5 * t for v, t in thresholds.items()}) != ours


def iterations(model_of: Any, settings: Any, thresholds: dict[int, float]) -> dict[int, int]:
    """In which iteration of NDlib's model each node is reached, from the nodes 0, 1, 2 on."""
    model, config = model_of(GRAPH), settings.Configuration()
    config.add_model_initial_configuration("Infected", [0, 1, 2])
    for node, threshold in thresholds.items():
        config.add_node_configuration("threshold", node, threshold)
    model.set_initial_status(config)
    when: dict[int, int] = {}
    for entry in model.iteration_bunch(30):
        when |= {v: entry["iteration"] for v, status in entry["status"].items() if status == 1 and v not in when}
    return when
