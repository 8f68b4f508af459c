"""Person PageRank of a small run, from the graph of who told whom; compiled like the accounts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts.person_graph import _gather
from sim.tape.tables import DISCOVER, LEARN, Floats, Ints

Kinds = NDArray[np.int8]
Whole = NDArray[np.int32]


def person_graph(
    kind: Kinds, person: Whole, idea: Whole, count: Ints, child: Ints, parent: Ints, weight: Floats, event: Ints,
    served: Ints, value: Floats, persons: int, crowd: int, size: int, ideas: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Return who told whom as a matrix, the World as the last node, and -1 on the diagonal for persons without events.

    See accounts.person_graph.
    """
    graph = np.zeros((persons + 1, persons + 1))
    last = persons - 1 if crowd > 1 else persons  # the crowd is a part of the World
    lessons = np.zeros((persons, persons, ideas))
    graph[persons, persons] = 1.0
    found_in_use(graph, kind, person, idea, child, parent, event, served, value, persons, ideas)
    for k in range(len(child)):
        teller, hearer = person[parent[k]], person[child[k]]
        if kind[child[k]] == LEARN and teller != hearer:
            lessons[teller, hearer, idea[child[k]]] += weight[k] * count[child[k]]
            if teller < last and hearer < last:
                graph[teller, hearer] = graph[hearer, teller] = 1.0
            elif teller >= last:
                graph[persons, hearer] = 1.0
    for teller in range(persons):
        for hearer in range(persons):
            people = min(lessons[teller, hearer].max(), float(crowd) if hearer >= last else 1.0)
            graph[teller, persons] += people / size
    acted = np.zeros(persons + 1, np.bool_)
    acted[persons] = True
    acted[person[(person >= 0) & (person < last)]] = True
    for i in np.flatnonzero(~acted):
        graph[i, :] = graph[:, i] = 0.0
        graph[i, i] = -1.0
    return graph


def found_in_use(
    graph: NDArray[np.float64], kind: Kinds, person: Whole, idea: Whole, child: Ints, parent: Ints, event: Ints,
    served: Ints, value: Floats, persons: int, ideas: int,
) -> None:  # fmt: skip
    """Fill in the fraction of the ideas in use that each person discovered and others adopted."""
    in_use = np.zeros(ideas, np.bool_)
    low, high = np.where(kind == LEARN, person, persons), np.where(kind == LEARN, person, -1)
    for k in range(len(event)):
        if value[k] > 0.0:
            in_use[idea[event[k]]] = True
            if served[k] >= 0:
                low[served[k]] = min(low[served[k]], person[event[k]])
                high[served[k]] = max(high[served[k]], person[event[k]])
    if not in_use.any():
        in_use[idea[kind == LEARN]] = True
    same = kind[child] != DISCOVER
    _gather(child[same], parent[same], low, high)
    met = np.zeros((persons, ideas), np.bool_)
    for e in range(len(kind)):
        others = high[e] >= 0 and (low[e] != person[e] or high[e] != person[e])
        if kind[e] == DISCOVER and others and in_use[idea[e]]:
            met[person[e], idea[e]] = True
    for i in range(persons):
        graph[persons, i] = met[i].sum() / max(1, in_use.sum())


def ranks(graph: NDArray[np.float64], alpha: float, total: float) -> Floats:
    """Return the PageRank of the persons, scaled to sum to the total; see accounts.pagerank."""
    n = len(graph)
    system, rank = np.zeros((n, n)), np.zeros(n)
    for i in range(n):
        system[i, i] = 1.0
        out = graph[i].sum()
        if graph[i, i] >= 0.0:
            rank[i] = 1.0
            for j in range(n):
                system[j, i] -= alpha * graph[i, j] / out if out > 0.0 else 0.0
    for i in range(n):  # diagonally dominant by columns, so that no pivoting is needed
        for j in range(i + 1, n):
            part = system[j, i] / system[i, i]
            if part != 0.0:
                for k in range(i + 1, n):
                    system[j, k] -= part * system[i, k]
                rank[j] -= part * rank[i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            rank[i] -= system[i, k] * rank[k]
        rank[i] /= system[i, i]
    named = rank[: n - 1].copy()
    everyone = named.sum()
    return named * (total / everyone) if everyone > 0.0 else named
