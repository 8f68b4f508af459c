"""The independent cascade of each neighbour, each at its best, and of a plain Mesa model.

A function here gets everything ready, which is not timed (converting the graph to what the peer takes, setting
probabilities, making agents), and returns what is timed: a function that runs one cascade from its seeds to its end
under the luck of a number, getting rid of the last one included. That returns how to count whom it reached, which is
not timed again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.graph import Graph

Cascade = Callable[[int], Callable[[], int]]
Prepare = Callable[[Graph, float, Sequence[int]], Cascade]


def cynetdiff(graph: Graph, p: float, seeds: Sequence[int]) -> Cascade:
    """CyNetDiff's compiled model, straight from the arrays, with one probability for all; it keeps no parents."""
    from cynetdiff.models import IndependentCascadeModel

    model = IndependentCascadeModel(
        graph.indptr[:-1].astype(np.uint32), graph.target.astype(np.uint32), activation_prob=p
    )
    model.set_seeds(list(seeds))

    def cascade(luck: int) -> Callable[[], int]:
        model.set_rng(luck)
        model.reset_model()
        model.advance_until_completion()
        return lambda: int(model.get_num_activated_nodes())

    return cascade


def ndlib(graph: Graph, p: float, seeds: Sequence[int]) -> Cascade:
    """NDlib's IndependentCascadesModel on networkx, without the status of every node in every step; no parents."""
    from ndlib.models.epidemics import IndependentCascadesModel
    from ndlib.models.ModelConfig import Configuration

    model = IndependentCascadesModel(graph.networkx)
    config = Configuration()
    for edge in graph.networkx.edges:
        config.add_edge_configuration("threshold", edge, p)
    config.add_model_initial_configuration("Infected", list(seeds))
    model.set_initial_status(config)

    def cascade(luck: int) -> Callable[[], int]:
        np.random.seed(luck)  # NDlib draws from numpy's global generator
        model.reset(seeds)
        while model.iteration(node_status=False)["node_count"][1]:
            pass
        return lambda: sum(status == 2 for status in model.status.values())

    return cascade


def eon(graph: Graph, p: float, seeds: Sequence[int]) -> Cascade:
    """EoN's discrete SIR, infectious for one step, with its transmission tree, and with Python's faster generator."""
    import EoN

    network = graph.networkx

    def cascade(luck: int) -> Callable[[], int]:
        full = EoN.basic_discrete_SIR(network, p, list(seeds), rng=random.Random(luck), return_full_data=True)
        return lambda: len(full.transmissions())

    return cascade


def plain_mesa(graph: Graph, p: float, seeds: Sequence[int]) -> Cascade:
    """The same rule as one would write it in Mesa: an agent a person, who tells once and remembers who told."""
    import mesa

    class Listener(mesa.Agent):
        def __init__(self, model: mesa.Model) -> None:
            super().__init__(model)
            self.friends: list[Listener] = []
            self.heard_in: int | None = None
            self.teller: Listener | None = None

        def step(self) -> None:
            if self.heard_in != self.model.now - 1:
                return
            for friend in self.friends:
                if friend.heard_in is None and self.random.random() < p:
                    friend.heard_in, friend.teller = self.model.now, self
                    self.model.reached += 1

    model = mesa.Model(rng=0)
    people = [Listener(model) for _ in range(graph.n)]
    begin, target = graph.indptr.tolist(), graph.target.tolist()
    for person, i, j in zip(people, begin[:-1], begin[1:], strict=True):
        person.friends = [people[other] for other in target[i:j]]

    def cascade(luck: int) -> Callable[[], int]:
        model.random.seed(luck)
        for person in people:
            person.heard_in = person.teller = None
        for seed in seeds:
            people[seed].heard_in = 0
        model.now, model.reached, before = 0, len(seeds), 0
        while model.reached > before:
            model.now, before = model.now + 1, model.reached
            model.agents.do("step")
        return lambda: int(model.reached)

    return cascade
