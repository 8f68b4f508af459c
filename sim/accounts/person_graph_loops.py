"""The loop of person_graph.py: a plain function of arrays, which runs as it stands and compiled alike."""

from __future__ import annotations

from sim.tape.tables import Ints

__all__ = ["gather"]


def gather(child: Ints, parent: Ints, low: Ints, high: Ints) -> None:
    """Pass the least and the greatest on from children to parents, newest first."""
    for k in range(len(child) - 1, -1, -1):
        low[parent[k]] = min(low[parent[k]], low[child[k]])
        high[parent[k]] = max(high[parent[k]], high[child[k]])
