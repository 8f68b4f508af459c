"""The loops of role_flow.py: plain functions of numbers and arrays, which run as they stand and compiled alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.tape import DISCOVER, LEARN, USE, Floats, Ints

__all__ = ["flow", "measure"]


def measure(kind: NDArray[np.int8], begin: Ints, parent: Ints, relay: Floats, length: Floats) -> None:
    """Fill in how many tellers are met on average on the way back from each learning, itself included."""
    for event in range(len(kind)):
        if kind[event] == LEARN:
            upstream = 0.0
            for k in range(begin[event], begin[event + 1]):
                upstream += relay[k] * length[parent[k]]
            length[event] = 1.0 + upstream


def flow(
    kind: NDArray[np.int8],
    begin: Ints,
    parent: Ints,
    weight: Floats,
    relay: Floats,
    length: Floats,
    inheritance: float,
    idea: Floats,
    start: Floats,
    communication: Floats,
    implementation: Floats,
) -> None:
    """Move what starts at each event back, newest first, until `idea` and the other roles hold what stays there.

    `start` is the communication of the holding's own lineage: it begins with the teller, not with the learning itself.
    """
    for event in range(len(kind) - 1, -1, -1):
        parents = range(begin[event], begin[event + 1])
        if kind[event] == LEARN:
            moving = communication[event] - communication[event] / length[event]
            for k in parents:
                idea[parent[k]] += weight[k] * idea[event]
                communication[parent[k]] += relay[k] * (start[event] + moving)
            communication[event] -= moving
            idea[event] = 0.0
        elif kind[event] == DISCOVER and len(parents) > 0:
            passed = inheritance * idea[event]
            idea[event] -= passed
            for k in parents:
                part = weight[k] * passed
                if kind[parent[k]] == LEARN:
                    start[parent[k]] += 0.5 * part
                    part *= 0.5
                idea[parent[k]] += part
        elif kind[event] == USE:
            for k in parents:
                implementation[parent[k]] += weight[k] * implementation[event]
            implementation[event] = 0.0
