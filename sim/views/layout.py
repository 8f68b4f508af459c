"""The positions of persons in pictures of the network: fast, reproducible, for 3 to 100,000 persons.

The person with whom the idea began is in the middle, surrounded by their ties, and so on: the further out, the more
ties away. Every ring is filled evenly, and persons who are reached through the same person are close together. That
takes one walk over the network, and a few rounds in which those who are too close move apart. Up to 300 persons, all
distances are then adjusted to the number of ties between them (stress majorisation: Gansner, Koren and North 2004).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, shortest_path
from scipy.spatial import cKDTree

from sim.errors import did_you_mean
from sim.tape.tables import DISCOVER, LEARN, Floats, Ints
from sim.tape.tape import Tape

if TYPE_CHECKING:
    from sim.model.world import World

MAX_ADJUSTED = 300  # persons up to which all distances are adjusted
WORK = 24_000  # rounds of adjustment times persons
APART, WIDEST = 1.3, 0.14  # least distance of two persons, in units of 1 / sqrt(persons), and its upper limit
Order = NDArray[np.signedinteger[Any]]
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def single(tape: Tape) -> Ints:
    """Return the rows of the tape's persons that are single people, not crowds."""
    return np.flatnonzero((tape.persons.size == 1)[tape.persons.group])


def links(tape: Tape, world: World | None = None) -> Ints:
    """Return the ties of the world and the pairs of teller and learner; shape (links, 2), each pair once.

    They are rows of the tape's persons, the smaller number first. Crowds have no links.
    """
    child, parent = tape.influences.child, tape.influences.parent
    person = tape.events.person
    learned = tape.events.kind[child] == LEARN
    pairs = [np.stack([person[parent[learned]], person[child[learned]]], axis=1).astype(np.int64)]
    if world is not None:
        degree = np.diff(world.ties.indptr)
        pairs.append(np.stack([np.repeat(np.arange(world.n), degree), world.ties.target.astype(np.int64)], axis=1))
    found = np.sort(np.concatenate(pairs), axis=1)
    found = found[(found[:, 0] != found[:, 1]) & np.isin(found, single(tape)).all(axis=1)]
    total = tape.persons.total
    both = np.unique(found[:, 0] * total + found[:, 1])
    return np.stack([both // total, both % total], axis=1)


def layout(tape: Tape, pairs: Ints, idea: int) -> Floats:
    """Return positions of the persons in the circle of radius 1; shape (persons, 2), nan for crowds.

    Args:
        tape: whose persons they are.
        pairs: from `links`.
        idea: its number; the first of its discoverers who is not cut off is in the middle, or at the left.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e4_bridge"))
    >>> place = layout(tape, links(tape), 0)
    >>> bool(abs(place[0] + place[2] - 2 * place[1]).max() < 0.1)  # nearly in a row
    True
    """
    number = np.full(tape.persons.total, -1, np.int64)
    number[single(tape)] = np.arange(len(single(tape)))
    places = np.full((tape.persons.total, 2), np.nan)
    places[number >= 0] = layout_of(tape, number[pairs], number, idea)
    return places


def layout_of(tape: Tape, pairs: Ints, number: Ints, idea: int) -> Floats:
    """Return positions in the circle of radius 1 for the persons of a tape who have a number; shape (n, 2).

    Args:
        tape: whose persons they are.
        pairs: of numbers; shape (links, 2).
        number: of each person, ascending from 0 to n - 1, or -1.
        idea: as in `layout`.
    """
    n = int(number.max(initial=-1)) + 1
    if not n:
        return np.zeros((0, 2))
    graph = _graph(pairs, n)
    middle = _middle(graph, number[_beginners(tape, idea)])
    around = _rings(graph, middle, _known_first(tape, number, n))
    return _turned(_adjusted(graph, around), middle) if 1 < n <= MAX_ADJUSTED else around


def spaced(places: Floats, gap: float, rounds: int = 60, keep: Callable[[Floats], Floats] | None = None) -> Floats:
    """Return the positions with persons moved apart who are closer than `gap`; shape (n, 2).

    Args:
        places: of the persons; not changed.
        gap: the least distance wanted; without room for it, they come as close to it as the rounds allow.
        rounds: in each of which every pair that is too close moves apart.
        keep: returns positions moved back to where they are allowed, after each round.

    >>> spaced(np.zeros((2, 2)), 1.0).round(3).tolist()
    [[-0.505, 0.0], [0.505, 0.0]]
    """
    now = places.copy()
    for _ in range(rounds):
        pairs = cKDTree(now).query_pairs(gap * (1.0 - 1e-9), output_type="ndarray")
        if not len(pairs):
            break
        one, other = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
        way = now[other] - now[one]
        length = np.hypot(way[:, 0], way[:, 1])
        turn = 2.0 * np.pi * GOLDEN * one[length == 0.0]  # those in one spot part in directions of their own
        way[length == 0.0] = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        push = way * ((1.01 * gap - length) / 2.0 / np.where(length > 0.0, length, 1.0))[:, None]
        for axis in (0, 1):
            now[:, axis] += np.bincount(other, push[:, axis], len(now)) - np.bincount(one, push[:, axis], len(now))
        now = now if keep is None else keep(now)
    return now


def _beginners(tape: Tape, idea: int) -> Ints:
    """Return the persons with whom an idea began: its discoverers, then its other holders, each in order."""
    rows = np.flatnonzero((tape.events.idea == idea) & (tape.events.kind <= LEARN))
    later = tape.events.kind[rows] != DISCOVER
    return np.asarray(tape.events.person[rows[np.argsort(later, kind="stable")]], np.int64)


def _middle(graph: csr_array, beginners: Ints) -> int:
    """Return the first of the beginners in the largest component, else the first beginner, else person 0."""
    beginners = beginners[beginners >= 0]
    if not len(beginners):
        return 0
    _, component = connected_components(graph, directed=False)
    sizes = np.bincount(component)
    main = component[beginners] == np.argmax(sizes)
    return int(beginners[np.argmax(main)])


def _graph(pairs: Ints, n: int) -> csr_array:
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    return coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n)).tocsr()


def _known_first(tape: Tape, number: Ints, n: int) -> Ints:
    """Return the event with which each person enters, or the number of events if there is none."""
    rows = np.flatnonzero(tape.events.kind <= LEARN)
    person = number[tape.events.person[rows]]
    entered = np.full(n, len(tape.events), np.int64)
    np.minimum.at(entered, person[person >= 0], rows[person >= 0])
    return entered


def _rings(graph: csr_array, middle: int, entered: Ints) -> Floats:
    """Return the persons' positions in rings by distance from the middle, those of other components outside."""
    n = graph.shape[0]
    count, component = connected_components(graph, directed=False)
    by_entry = np.lexsort((np.arange(n), entered))
    _, begins = np.unique(component[by_entry], return_index=True)  # the first of each component to enter
    heads = by_entry[begins]
    heads[component[middle]] = middle
    bridges = np.stack([np.full(count, middle), heads], axis=1)
    bridges = bridges[bridges[:, 0] != bridges[:, 1]]
    joined = (graph + _graph(bridges, n)).tocsr()
    joined.sort_indices()
    order, before = breadth_first_order(joined, middle, directed=False, return_predecessors=True)
    depth, reach = _depths(order, before)
    inner = int(depth[component == component[middle]].max(initial=0))
    depth = np.where(component == component[middle], depth, depth + inner)
    turn = _turns(order, before, reach)
    return _filled(depth, turn)


def _depths(order: Order, before: Order) -> tuple[Ints, Ints]:
    """Return how many ties each is from the first, and how many are reached through each, itself included."""
    depth, reach = [0] * len(order), [1] * len(order)
    ordered, through = order.tolist(), before.tolist()
    for one in ordered[1:]:
        depth[one] = depth[through[one]] + 1
    for one in ordered[:0:-1]:
        reach[through[one]] += reach[one]
    return np.array(depth), np.array(reach)


def _turns(order: Order, before: Order, reach: Ints) -> Floats:
    """Return the angle of each as a fraction of a full turn: the middle of the part of those reached through it."""
    ordered, through, many = order.tolist(), before.tolist(), reach.tolist()
    begin, free = [0] * len(ordered), [1] * len(ordered)
    for one in ordered[1:]:
        parent = through[one]
        begin[one] = begin[parent] + free[parent]
        free[parent] += many[one]
    return (np.array(begin) + reach / 2.0) / len(ordered)


def _filled(depth: Ints, turn: Floats) -> Floats:
    """Return positions in rings as wide as their persons need, each filled evenly in the order of the turns."""
    n = len(depth)
    order = np.lexsort((np.arange(n), turn, depth))
    _, begins, sizes = np.unique(depth[order], return_index=True, return_counts=True)
    place, size = np.arange(n) - np.repeat(begins, sizes), np.repeat(sizes, sizes)
    across = np.where(size == 1, 0.5, (place * GOLDEN) % 1.0)  # low discrepancy: even over the width
    radius = np.sqrt((np.repeat(begins, sizes) + across * size) / n)
    radius[0] = 0.0
    few = size <= 12  # in a small ring all keep the direction that they are reached from
    angle = 2.0 * np.pi * np.where(few, turn[order], (place + 0.5) / size)
    inner, outer = (np.sqrt(np.repeat(edge, sizes) / n) for edge in (begins, begins + sizes))
    outer[0] = 0.0

    def in_rings(places: Floats) -> Floats:
        far = np.hypot(places[:, 0], places[:, 1])
        return np.asarray(places * np.divide(np.clip(far, inner, outer), far, out=np.ones(n), where=far > 0.0)[:, None])

    even = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    shaken = even + (np.random.default_rng(n).random((n, 2)) - 0.5) * (1.2 / math.sqrt(n))  # else they form a lattice
    places = np.empty((n, 2))
    places[order] = spaced(in_rings(shaken), APART / math.sqrt(n), 40 if n <= 10_000 else 8, in_rings)
    return places


def _adjusted(graph: csr_array, places: Floats) -> Floats:
    """Return positions whose distances match the number of ties between them; the unconnected are a little further."""
    n = len(places)
    wanted = shortest_path(graph, directed=False, unweighted=True)
    far = np.isinf(wanted)
    wanted[far] = wanted[~far].max(initial=1.0) + 1.0
    np.fill_diagonal(wanted, 1.0)
    weight = wanted**-2.0
    np.fill_diagonal(weight, 0.0)
    shared = weight.sum(axis=1)
    now = places * wanted.max()
    for _ in range(min(WORK // n, 1000)):
        apart = now[:, None, :] - now[None, :, :]
        length = np.sqrt((apart**2).sum(axis=2))
        pull = np.divide(wanted, length, out=np.zeros_like(length), where=length > 1e-9)[:, :, None] * apart
        now = (weight[:, :, None] * (now[None, :, :] + pull)).sum(axis=1) / shared[:, None]

    def in_circle(places: Floats) -> Floats:
        middle = (places.min(axis=0) + places.max(axis=0)) / 2.0
        return np.asarray((places - middle) / max(float(np.hypot(*(places - middle).T).max()), 1e-9))

    return spaced(in_circle(now), min(WIDEST, APART / math.sqrt(n)), keep=in_circle)


def _turned(places: Floats, middle: int) -> Floats:
    """Return the positions turned so that they are widest from left to right, with the middle person on the left."""
    _, axes = np.linalg.eigh(places.T @ places)
    widest = axes[:, 1] if places[middle] @ axes[:, 1] <= 0.0 else -axes[:, 1]
    across = np.array([-widest[1], widest[0]])
    return np.stack([places @ widest, places @ across], axis=1)


def chosen_idea(tape: Tape, idea: str | int | None) -> int:
    """Return the number of an idea given by name or number; by default the one with most value, else most adoptions.

    Raises:
        ValueError: if the idea is unknown.
    """
    if idea is None:
        value = np.bincount(tape.events.idea[tape.realised.event], tape.realised.value, len(tape.ideas))
        taken = np.bincount(tape.events.idea[tape.events.kind <= LEARN], minlength=len(tape.ideas))
        return int(np.argmax(value if value.any() else taken)) if len(tape.ideas) else 0
    if isinstance(idea, str) and idea in tape.ideas:
        return tape.ideas.index(idea)
    if isinstance(idea, int) and not isinstance(idea, bool) and 0 <= idea < len(tape.ideas):
        return idea
    raise ValueError(f"idea: no {idea!r}{did_you_mean(idea, tape.ideas)}")
