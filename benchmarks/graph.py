"""The graph that everybody gets, and the world of an independent cascade on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from sim.model.world import World
from sim.scenario.scenario import Scenario

SEEDS = range(10)  # the persons who have the idea at the start; on these graphs they are as good as drawn by lot


@dataclass(frozen=True, eq=False)
class Graph:
    """Ties in compressed rows, each there in both directions: those of person i are target[indptr[i]:indptr[i + 1]]."""

    indptr: NDArray[np.int64]
    target: NDArray[np.int32]

    @property
    def n(self) -> int:
        """How many persons."""
        return len(self.indptr) - 1

    @cached_property
    def networkx(self) -> nx.Graph:
        """The same ties as an undirected graph of networkx, for the peers that want one; made once."""
        source = np.repeat(np.arange(self.n), np.diff(self.indptr))
        once = source < self.target
        graph = nx.Graph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(zip(source[once].tolist(), self.target[once].tolist(), strict=True))
        return graph


def cascade_scenario(n: int, degree: float, p: float) -> Scenario:
    """An independent cascade as a scenario: who took the idea up tells it once, in the next step, and keeps it.

    The steps are about twice as many as such a cascade takes; in the rest nothing happens.
    """
    return Scenario.model_validate(
        {
            "scenario": {"name": "independent cascade", "steps": 30 + 2 * n.bit_length()},
            "world": {"network": {"kind": "erdos-renyi", "degree": degree, "weight": p}},
            "persons": [{"name": "seeds", "count": len(SEEDS)}],
            "population": {"count": n - len(SEEDS), "reach": 1.0},
            "ideas": [{"name": "idea"}],
            "dynamics": {"audience": "ties", "abandon_rate": 0.0, "abandon_rate_working": 0.0},
            "interventions": [{"kind": "discover", "step": 1, "person": "seeds"}],
        }
    )


def cascade_world(n: int, degree: float, p: float, seed: int) -> World:
    """The world of that scenario."""
    return World.build(cascade_scenario(n, degree, p), seed)


def graph_of(world: World) -> Graph:
    """The ties of a world as the arrays that the peers get."""
    return Graph(world.ties.indptr, world.ties.target)
