"""Positions in the graph of who told whom, as social network analysis measures them; they are not credit.

An edge leads from each person to those who learned from them, whatever was told and however often; a crowd is one
node. Each measure is networkx's, or its published formula on networkx's graph. Credit divides realised value; a
position exists without any value, and it changes with edges through which no value ever came.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.accounts.table import CreditTable, scaled_table
from sim.model.randomness import ORDER, key_of, squares_of
from sim.tape.tables import LEARN
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import networkx as nx

MAX_EXACT_PERSONS = 2_000  # on larger graphs, betweenness starts from a random sample of this size
WORK = 20_000_000  # persons and links visited in all random orders, for the Myerson value on a graph with cycles
RADIUS = 2  # of the balls of collective influence, as in the paper


def influence_graph(tape: Tape) -> nx.DiGraph[int]:
    """Return who told whom as a graph with a node for each person who told or learned, by row of the tape's persons.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> list(influence_graph(tape).edges)
    [(0, 1), (1, 2)]
    """
    import networkx as nx

    child, person = tape.influences.child, tape.events.person
    learned = tape.events.kind[child] == LEARN
    pairs = np.stack([person[tape.influences.parent[learned]], person[child[learned]]], axis=1)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from(np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).tolist())
    return graph


def position(name: str) -> Callable[[Callable[[Any], dict[int, float]]], Callable[[Tape], CreditTable]]:
    """Return a decorator that makes an account of a measure of the influence graph.

    The measure is the column `raw` of the table; the credit is the total in the same proportions.
    """

    def account_of(measure: Callable[[Any], dict[int, float]]) -> Callable[[Tape], CreditTable]:
        @wraps(measure)
        def account(tape: Tape) -> CreditTable:
            graph, raw = influence_graph(tape), np.zeros(tape.persons.total)
            if len(graph):
                found = measure(graph)
                raw[list(found)] = list(found.values())
            return scaled_table(tape, name, raw)

        return account

    return account_of


@position("betweenness")
def betweenness(graph: nx.DiGraph[int]) -> dict[int, float]:
    """Return the number of shortest paths between others through each person (Freeman 1977)."""
    import networkx as nx

    most = MAX_EXACT_PERSONS if len(graph) > MAX_EXACT_PERSONS else None
    found: dict[int, float] = nx.betweenness_centrality(graph, k=most, normalized=False, seed=0)
    return found


@position("k-core")
def k_core(graph: nx.DiGraph[int]) -> dict[int, float]:
    """Return the largest k for which each is among people who all have k links to one another (Seidman 1983)."""
    import networkx as nx

    return nx.core_number(graph.to_undirected())


@position("katz")
def katz(graph: nx.DiGraph[int]) -> dict[int, float]:
    """Return the number of ways that lead on from each person, weighting a way of n steps by a^n (Katz 1953).

    a is 0.1, or, if somebody told more than eight, .85 divided by the most that anybody told, so that it is finite.
    """
    import networkx as nx

    most = max(degree for _, degree in graph.out_degree())
    back, a = graph.reverse(copy=False), min(0.1, 0.85 / most)
    found: dict[int, float] = nx.katz_centrality(back, a, tol=1e-12, normalized=False, max_iter=10_000)
    return {person: value - 1.0 for person, value in found.items()}  # without the way of no steps


@position("collective-influence")
def collective_influence(graph: nx.DiGraph[int]) -> dict[int, float]:
    """Return (k - 1) times the sum of (k - 1) over those two steps away, k being links (Morone and Makse 2015)."""
    import networkx as nx

    links, found = graph.to_undirected(as_view=True), {}
    excess = {person: degree - 1.0 for person, degree in links.degree()}
    for person in graph:
        away = nx.single_source_shortest_path_length(links, person, RADIUS)
        found[person] = excess[person] * sum(excess[other] for other, steps in away.items() if steps == RADIUS)
    return found


@position("myerson")
def myerson(graph: nx.DiGraph[int]) -> dict[int, float]:
    """Return the Myerson value of the pairs who can reach one another (Myerson 1977; Gómez et al. 2003).

    A coalition earns 1 for every pair of persons that it links. In a graph without cycles one way links a pair, and
    all on it have equal parts, which is exact. Otherwise the value is the mean over a thousand random orders of the
    persons (fewer for very large graphs), which are always the same.
    """
    import networkx as nx

    links = graph.to_undirected()
    if nx.is_forest(links) and len(links) <= MAX_EXACT_PERSONS:
        return _of_ways(links)
    return _of_orders(links, max(10, min(1_000, WORK // (len(links) + links.size()))))


def _of_ways(forest: nx.Graph[int]) -> dict[int, float]:
    import networkx as nx

    found = dict.fromkeys(forest, 0.0)
    for one in forest:
        for other, way in nx.single_source_shortest_path(forest, one).items():
            for person in way if other != one else ():
                found[person] += 0.5 / len(way)
    return found


def _of_orders(links: nx.Graph[int], orders: int) -> dict[int, float]:
    people, found = list(links), dict.fromkeys(links, 0.0)
    for number in range(orders):
        key = key_of(0, ORDER, number, 0)
        bits = squares_of(np.arange(1, len(people) + 1), key)
        head: dict[int, int] = {}  # union-find: from everyone who came to another of their group, or to themselves
        size: dict[int, int] = {}
        for person in (people[at] for at in np.argsort(bits, kind="stable").tolist()):
            head[person], size[person] = person, 1
            for near in links[person]:
                if near in head and (group := _head(head, near)) != (mine := _head(head, person)):
                    found[person] += size[mine] * size[group] / orders
                    head[group] = mine
                    size[mine] += size[group]
    return found


def _head(head: dict[int, int], person: int) -> int:
    """Return the representative of a person's group, and shorten the path to it."""
    while head[person] != person:
        head[person] = person = head[head[person]]
    return person
