"""The record as it might have been: ideas redrawn, links missing, times and weights off, tellers drawn by chance.

Each scheme takes a tape, an amount and a random generator of its own, and returns a tape of the same persons, to which
any account can be applied (docs/explanation/uncertainty.md). To add a scheme, write a function and a line of SCHEMES.

A missing link leaves the record as a log without that row would show it: a person who told or made something later is
known to have held the idea, and becomes a root; any other is no longer seen, and the value of that row is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machine.loops import for_size
from sim.readers.sorting import runs_from
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE, Events, Floats, Influences, Ints, Realised
from sim.tape.tape import Tape

GONE, STAYS, NEEDED, ROOT = range(4)  # what becomes of an event: GONE leaves the record, the others stay
Mask = NDArray[np.bool_]


class Scheme(NamedTuple):
    """A way to perturb a record."""

    perturb: Callable[[Tape, float, np.random.Generator], Tape]  # (tape, amount, generator) -> a tape
    amount: float  # the default
    highest: float  # the largest amount allowed; the smallest is 0
    means: str  # what a copy of the record is, as text with `{amount}` in it


def ideas_drawn_again(tape: Tape, _: float, generator: np.random.Generator) -> Tape:
    """Return a record of as many ideas, drawn with replacement; ideas that build on each other are drawn together."""
    family = families(tape)
    number = int(family.max(initial=-1)) + 1
    times = np.bincount(generator.integers(0, number, number), minlength=number)[family]  # of each idea
    of_event = times[tape.events.idea]
    first = np.cumsum(of_event) - of_event
    rows: Ints = np.repeat(np.arange(len(of_event)), of_event)
    step, kind, person, of, count = (column[rows] for column in tape.events.columns().values())
    idea = (np.cumsum(times) - times)[of] + np.arange(len(rows)) - first[rows]

    def again(event: Ints, *others: Ints) -> tuple[Ints, list[Ints]]:
        """Return each row once per copy of its event, in order, and where its event and its `others` are now."""
        rows: Ints = np.repeat(np.arange(len(event)), of_event[event])
        copy = runs_from(np.zeros(len(event), np.int64), of_event[event])
        order = np.argsort(first[event[rows]] + copy, kind="stable")
        rows, copy = rows[order], copy[order]
        return rows, [np.where(other[rows] < 0, -1, first[other[rows]] + copy) for other in (event, *others)]

    told, (child, parent) = again(tape.influences.child, tape.influences.parent)
    worth, (event, implementation) = again(tape.realised.event, tape.realised.implementation)
    return replace(
        tape,
        events=Events(step, kind, person, idea.astype(np.int32), count),
        influences=Influences(child, parent, tape.influences.weight[told]),
        realised=Realised(event, implementation, tape.realised.value[worth]),
        ideas=tuple(name for name, many in zip(tape.ideas, times.tolist(), strict=True) for _ in range(many)),
        dropped={},
    )


def families(tape: Tape) -> Ints:
    """Return the family of each idea; ideas that build on each other belong to one family; shape (ideas,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    idea, child, parent = tape.events.idea, tape.influences.child, tape.influences.parent
    across = np.flatnonzero(idea[child] != idea[parent])
    pairs = (np.ones(len(across)), (idea[child[across]], idea[parent[across]]))
    _, found = connected_components(coo_matrix(pairs, shape=(len(tape.ideas),) * 2), directed=False)
    return found.astype(np.int64)


def links_missing(tape: Tape, amount: float, generator: np.random.Generator) -> Tape:
    """Return the record without some influences on learnings and discoveries; each is missing with chance `amount`."""
    missing = generator.random(len(tape.influences)) < amount
    return thinned(tape, ~(missing & (tape.events.kind[tape.influences.child] <= LEARN)))


def times_off(tape: Tape, amount: float, generator: np.random.Generator) -> Tape:
    """Return the record with each event moved by up to `amount` steps, without influences that this reverses."""
    most = int(amount)
    was = tape.events.step
    step = np.clip(was + generator.integers(-most, most + 1, len(was)), 0, tape.steps)
    child, parent = tape.influences.child, tape.influences.parent
    together = (was[parent] == was[child]) & (step[parent] == step[child])
    return thinned(tape, (step[parent] < step[child]) | together, step=step)


def weights_off(tape: Tape, amount: float, generator: np.random.Generator) -> Tape:
    """Return the record with each weight changed by up to the fraction `amount`, scaled to sum to 1 again."""
    factor = generator.uniform(1.0 - amount, 1.0 + amount, len(tape.influences))
    return thinned(tape, np.ones(len(factor), np.bool_), weight=tape.influences.weight * factor)


def tellers_drawn(tape: Tape, _: float, generator: np.random.Generator) -> Tape:
    """Return the record with one teller for each learning that has several, drawn by weight."""
    child, upto = tape.influences.child, np.cumsum(tape.influences.weight)
    first, after = tape.parents[:-1], tape.parents[1:]
    several = np.flatnonzero(after > first)
    first, last = first[several], after[several] - 1
    base = upto[first] - tape.influences.weight[first]
    drawn = base + generator.random(len(several)) * (upto[last] - base)
    kept = tape.events.kind[child] != LEARN
    kept[np.clip(np.searchsorted(upto, drawn, side="right"), first, last)] = True
    return thinned(tape, kept)


SCHEMES: dict[str, Scheme] = {
    "ideas": Scheme(ideas_drawn_again, 0.0, 0.0, "ideas drawn again with replacement"),
    "links": Scheme(links_missing, 0.1, 1.0, "each link missing with chance {amount:g}"),
    "times": Scheme(times_off, 1.0, 1e9, "each time up to {amount:g} earlier or later"),
    "weights": Scheme(weights_off, 0.2, 0.999, "each weight up to {amount:.0%} smaller or larger"),
    "tellers": Scheme(tellers_drawn, 0.0, 0.0, "one teller drawn for each who had several"),
}


def thinned(tape: Tape, kept: Mask, *, weight: Floats | None = None, step: Ints | None = None) -> Tape:
    """Return a tape without some of its influences, and without everything that cannot have happened without them.

    `kept` says which influences stay. `weight` (> 0) of the influences and `step` of the events default to the tape's
    own; the weights of a child are scaled to sum to 1, and no parent may be later than its child.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> thinned(tape, np.array([False, True])).events.kind.tolist()  # P2 told the crowd, whoever told P2
    [0, 0, 1]
    """
    events, (child, parent, own) = tape.events, tape.influences.columns().values()
    state, kept = np.zeros(len(events), np.int8), kept.copy()
    for_size(survivors, len(events) + len(child))(events.kind, tape.parents, parent, kept, state)
    alive = state != GONE
    kind = np.where(state == ROOT, np.int8(DISCOVER), events.kind)
    kept = kept & alive[child]
    rows = np.flatnonzero(alive)
    step = events.step if step is None else step
    rows = rows[np.argsort(step[rows], kind="stable")]
    place = np.full(len(events) + 1, -1)  # its last entry stands for no implementation
    place[rows] = np.arange(len(rows))
    child, parent, weight = place[child[kept]], place[parent[kept]], (own if weight is None else weight)[kept]
    order = np.argsort(child, kind="stable")
    child, parent, weight = child[order], parent[order], weight[order]
    whole = np.bincount(child, weight, len(rows))
    event, implementation, value = tape.realised.columns().values()
    valued = alive[event] & ((implementation < 0) | alive[implementation])
    valued &= (state[event] != ROOT) | (implementation >= 0)
    return replace(
        tape,
        events=Events(step[rows], kind[rows], events.person[rows], events.idea[rows], events.count[rows]),
        influences=Influences(child, parent, np.minimum(weight / whole[child], 1.0)),
        realised=Realised(place[event[valued]], place[implementation[valued]], value[valued]),
        dropped={},
    )


def survivors(kind: NDArray[np.int8], begin: Ints, parent: Ints, kept: Mask, state: NDArray[np.int8]) -> None:
    """Fill in what becomes of each event, and drop the influences of implementations that are gone."""
    for event in range(len(kind)):  # implementations, and what uses them, oldest first
        if kind[event] == IMPLEMENT or kind[event] == USE:
            for k in range(begin[event], begin[event + 1]):
                kept[k] &= state[parent[k]] != GONE
            state[event] = STAYS if some(kept, begin[event], begin[event + 1]) else GONE
        else:
            state[event] = STAYS
    for event in range(len(kind) - 1, -1, -1):  # holdings, newest first, so that later needs are known
        low, high = begin[event], begin[event + 1]
        if kind[event] == LEARN and not some(kept, low, high):
            state[event] = ROOT if state[event] == NEEDED else GONE
        for k in range(low, high):
            if kept[k] and state[event] != GONE and kind[parent[k]] <= LEARN:
                state[parent[k]] = NEEDED


def some(kept: Mask, low: int, high: int) -> bool:
    """Return whether any of the influences from `low` to `high` (excluded) stays."""
    found = False
    for k in range(low, high):
        found |= kept[k]
    return found
