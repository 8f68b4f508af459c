"""The graph of who told whom: the persons of a tape and the World, for person PageRank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.accounts.table import sum_by
from sim.machine.loops import for_size
from sim.tape.tables import DISCOVER, LEARN, Floats, Ints
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import networkx as nx

WORLD = -1


def person_graph(tape: Tape) -> nx.DiGraph[int]:
    """Return who told whom, as a weighted digraph of persons (rows of the tape's persons) and the World, node -1.

    World -> World 1. World -> p: the fraction of the ideas in use that p discovered, if others learned from the
    discovery or used an implementation of it; or 1 if p learned from the crowd. p <-> q: 1 if one learned from the
    other. p -> World: the fraction of the world that p told, counting nobody twice. Crowds are part of the World, and
    persons without any event are left out.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> sorted(person_graph(tape).edges(data="weight"))
    [(-1, -1, 1.0), (-1, 0, 1.0), (0, -1, 1e-10), (0, 1, 1.0), (1, -1, 0.9999999998), (1, 0, 1.0)]
    """
    import networkx as nx

    nodes, start, end, weight = person_edges(tape)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(nodes.tolist())
    graph.add_weighted_edges_from(zip(start.tolist(), end.tolist(), weight.tolist(), strict=True))
    return graph


def person_edges(tape: Tape) -> tuple[Ints, Ints, Ints, Floats]:
    """Return the nodes of the person graph, ascending, and its edges: from, to, weight."""
    number = tape.persons.total
    crowd = tape.persons.size[tape.persons.group] > 1
    acted = np.bincount(tape.events.person[tape.events.person >= 0], minlength=number) > 0
    persons = np.flatnonzero(acted & ~crowd)

    child, parent, _ = tape.influences.columns().values()
    learning = tape.events.kind[child] == LEARN
    teller = tape.events.person[parent[learning]].astype(np.int64)
    hearer = tape.events.person[child[learning]].astype(np.int64)
    named = ~crowd[teller] & ~crowd[hearer] & (teller != hearer)
    one, other = teller[named], hearer[named]
    pairs = _distinct(np.append(one * number + other, other * number + one))

    from_world = _discovered(tape)
    from_world[hearer[crowd[teller]]] = 1.0
    to_world = _told(tape)
    into, out = persons[from_world[persons] > 0.0], persons[to_world[persons] > 0.0]
    return (
        np.append(WORLD, persons),
        np.concatenate([[WORLD], pairs // number, np.full(len(into), WORLD), out]),
        np.concatenate([[WORLD], pairs % number, into, np.full(len(out), WORLD)]),
        np.concatenate([[1.0], np.ones(len(pairs)), from_world[into], to_world[out]]),
    )


def _told(tape: Tape) -> Floats:
    """Return the fraction of the world that learned from each person, counting nobody twice; shape (persons,)."""
    child, parent, weight = tape.influences.columns().values()
    events, number, ideas = tape.events, tape.persons.total, len(tape.ideas)
    teller, hearer = events.person[parent].astype(np.int64), events.person[child].astype(np.int64)
    learning = (events.kind[child] == LEARN) & (teller != hearer)
    child, weight, teller, hearer = child[learning], weight[learning], teller[learning], hearer[learning]
    pairs, pair = np.unique(teller * number + hearer, return_inverse=True)
    lessons, lesson = np.unique(pair * ideas + events.idea[child], return_inverse=True)
    people = np.zeros(len(pairs))  # of several ideas, the one that most of a crowd learned
    np.maximum.at(people, lessons // ideas, sum_by(lesson, weight * events.count[child], len(lessons)))
    people = np.minimum(people, tape.persons.size[tape.persons.group][pairs % number])
    return sum_by(pairs // number, people, number) / tape.world_size


def _discovered(tape: Tape) -> Floats:
    """Return the fraction of the ideas in use that each person discovered and others adopted; shape (persons,)."""
    events, realised = tape.events, tape.realised
    in_use = _distinct(events.idea[realised.event[realised.value > 0.0]])
    if len(in_use) == 0:
        in_use = _distinct(events.idea[events.kind == LEARN])
    low, high = _users(tape)
    others = (high >= 0) & ((low != events.person) | (high != events.person))
    rows = np.flatnonzero((events.kind == DISCOVER) & others & np.isin(events.idea, in_use))
    found = _distinct(events.person[rows].astype(np.int64) * len(tape.ideas) + events.idea[rows])
    return np.bincount(found // len(tape.ideas), minlength=tape.persons.total) / max(1, len(in_use))


def _users(tape: Tape) -> tuple[Ints, Ints]:
    """Return the lowest and the highest person who learned downstream of each event, or used what was made there."""
    events, realised, influences = tape.events, tape.realised, tape.influences
    learned = events.kind == LEARN
    low = np.where(learned, events.person, tape.persons.total).astype(np.int64)
    high = np.where(learned, events.person, -1).astype(np.int64)  # -1 where there is nobody
    used = (realised.value > 0.0) & (realised.implementation >= 0)
    user = events.person[realised.event[used]]
    np.minimum.at(low, realised.implementation[used], user)
    np.maximum.at(high, realised.implementation[used], user)
    same_idea = events.kind[influences.child] != DISCOVER
    for_size(_gather, len(influences))(influences.child[same_idea], influences.parent[same_idea], low, high)
    return low, high


def _distinct(numbers: NDArray[np.integer[Any]]) -> Ints:
    """Return the same as np.unique, in a twentieth of its time for millions of integers."""
    ordered: Ints = np.sort(numbers).astype(np.int64, copy=False)
    return np.asarray(ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0])


def _gather(child: Ints, parent: Ints, low: Ints, high: Ints) -> None:
    """Pass the least and the greatest person on from children to parents, newest first."""
    for k in range(len(child) - 1, -1, -1):
        low[parent[k]] = min(low[parent[k]], low[child[k]])
        high[parent[k]] = max(high[parent[k]], high[child[k]])
