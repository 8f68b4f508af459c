"""A tape as graphs of influence: by event, or by person with the World, for the whole tape or a window of it.

An event graph points back in time, from an event to what influenced it, like a graph of citations; PageRank on it is
the event PageRank. A person graph points from the person who influenced to the one influenced. It says who learned from
whom; the graph that person PageRank works on (`sim.accounts.person_graph`) has other weights, by reach and by
discoveries, and ties that go both ways.

The World of a person graph stands for the crowd, and for the source of a discovery that builds on nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import require
from sim.tape.tables import DISCOVER, KINDS, LEARN, USE, Floats, Ints
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import networkx as nx

WORLD = -1
WORLD_NAME = "World"
GRAPHS = ("events", "persons")
Window = tuple[int, int]


class Arrows(NamedTuple):
    """Nodes, ascending, with their first step, and weighted arrows between them, with their first and last step."""

    node: Ints
    begin: Ints  # of each node: the step of its first event; -1 for the World
    start: Ints
    end: Ints
    weight: Floats
    first: Ints
    last: Ints


def event_arrows(tape: Tape, window: Window | None = None) -> Arrows:
    """Return the events of a window and their influences, as arrows from child to parent; nodes are rows of its events.

    A window is the first and the last step, both included; None means all. Influences belong to the step of the child;
    parents from before the window are nodes too. Raise a ValueError if the window ends before it begins.
    """
    child, parent, weight = tape.influences.columns().values()
    step = tape.events.step
    there = _within(step, window)
    kept = there[child]
    child, parent, weight = child[kept], parent[kept], weight[kept]
    there[parent] = True
    node = np.flatnonzero(there)
    return Arrows(node, step[node], child, parent, weight, step[child], step[child])


def person_arrows(tape: Tape, window: Window | None = None, world: bool = True) -> Arrows:
    """Return who influenced whom in a window, summed; nodes are rows of the tape's persons, and WORLD.

    The weight of an arrow is the number of learnings, and of discoveries that build on others', that it stands for: the
    sum of the weights of the influences, each times the people that the child counts. Influences of persons on
    themselves, such as on an implementation of their own, and `use` events, which belong to nobody, are left out. Nodes
    are the persons who have an event in the window or influenced one.

    With `world`, one node is the World: the crowd (otherwise a person like any other) and the source of discoveries
    that nothing influenced. Arrows to a person then sum to their discoveries and learnings, less those from themselves.
    """
    events = tape.events
    who = events.person.astype(np.int64)
    if world:
        crowd = np.append(tape.persons.size[tape.persons.group] > 1, True)
        who = np.where(crowd[who], WORLD, who)  # the last place stands for nobody, -1
    inside = _within(events.step, window)
    child, parent, weight = tape.influences.columns().values()
    told = inside[child] & (events.kind[child] <= LEARN) & (who[child] != who[parent])
    child, parent, weight = child[told], parent[told], weight[told]
    start, end, size, step = who[parent], who[child], weight * events.count[child], events.step[child]
    acted = inside & (events.kind != USE)
    nodes = [who[acted], start]
    if world:
        alone = np.flatnonzero(inside & (events.kind == DISCOVER) & (np.diff(tape.parents) == 0) & (who != WORLD))
        start, end = np.append(start, np.full(len(alone), WORLD)), np.append(end, who[alone])
        size, step = np.append(size, events.count[alone]), np.append(step, events.step[alone])
        nodes.append(np.full(1, WORLD))
    node = np.unique(np.concatenate(nodes))
    begin = np.full(len(node), np.iinfo(np.int64).max)
    rows = np.flatnonzero(events.kind != USE)
    place = np.searchsorted(node, who[rows]).clip(0, max(0, len(node) - 1))
    if len(node):
        known = node[place] == who[rows]
        np.minimum.at(begin, place[known], events.step[rows[known]])
    begin[node == WORLD] = -1
    return Arrows(node, begin, *_summed(start, end, size, step, tape.persons.total + 1))


def check_window(window: Window | None) -> None:
    """Raise a ValueError if a window ends before it begins."""
    if window is not None and window[0] > window[1]:
        raise ValueError(f"window: from {window[0]} to {window[1]}; allowed: a first step that is not after the last")


def _within(step: Ints, window: Window | None) -> NDArray[np.bool_]:
    check_window(window)
    return np.ones(len(step), np.bool_) if window is None else (step >= window[0]) & (step <= window[1])


def _summed(start: Ints, end: Ints, weight: Floats, step: Ints, people: int) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """Return one arrow for each pair, with the sum of the weights in row order, and the first and the last step."""
    pair, number = np.unique((start + 1) * people + end + 1, return_inverse=True)
    first, last = np.full(len(pair), np.iinfo(np.int64).max), np.full(len(pair), -1)
    np.minimum.at(first, number, step)
    np.maximum.at(last, number, step)
    whole = np.bincount(number, weight, len(pair)).astype(np.float64)
    return pair // people - 1, pair % people - 1, whole, first, last


def to_networkx(tape: Tape, of: str = "events", window: Window | None = None) -> nx.DiGraph[int]:
    """Return the influence graph for networkx.

    Args:
        tape: any tape.
        of: events (nodes are rows of events, with person, idea, kind, time and count; an edge from each to what
            influenced it, with weight) or persons (rows of persons, and -1 for the World, with name and first step; an
            edge from the influencing person to the influenced one, with weight, first and last step).
        window: first and last step, both included; None for all.

    Returns:
        A DiGraph. `sim.logs.from_networkx` reads one of events as the same influences, if parents are earlier.

    Raises:
        ValueError: if `of` is another word, or the window ends before it begins.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> sorted(to_networkx(tape, "persons").edges(data="weight"))
    [(-1, 0, 1.0), (0, 1, 1.0), (1, -1, 9999999998.0)]
    >>> to_networkx(tape, window=(2, 2)).nodes(data="time")
    NodeDataView({0: 1, 1: 2}, data='time')
    """
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    found = arrows(tape, of, window)
    timed = {} if of == "events" else {"first": found.first, "last": found.last}  # an event node carries its own time
    graph.add_nodes_from(zip(found.node.tolist(), node_data(tape, of, found), strict=True))
    data = zip(found.weight.tolist(), *(column.tolist() for column in timed.values()), strict=True)
    for one, other, (weight, *times) in zip(found.start.tolist(), found.end.tolist(), data, strict=True):
        graph.add_edge(one, other, weight=weight, **dict(zip(timed, times, strict=True)))
    return graph


def arrows(tape: Tape, of: str, window: Window | None) -> Arrows:
    """Return the arrows between events or persons."""
    require("of", of, GRAPHS)
    return event_arrows(tape, window) if of == "events" else person_arrows(tape, window)


def node_data(tape: Tape, of: str, found: Arrows) -> Any:
    """Yield the attributes of the nodes, a dictionary for each."""
    names = [*tape.persons.names(), ""]  # the last is for nobody, -1
    if of == "persons":
        for node, begin in zip(found.node.tolist(), found.begin.tolist(), strict=True):
            yield {"name": WORLD_NAME} if node == WORLD else {"name": names[node], "first": begin}
        return
    events = tape.events
    for row in found.node.tolist():
        yield {
            "person": names[events.person[row]],
            "idea": tape.ideas[events.idea[row]],
            "kind": KINDS[events.kind[row]],
            "time": int(events.step[row]),
            "count": int(events.count[row]),
        }
