"""The part of a tape that the explorer's page holds: everybody up to a few thousand, beyond that a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.accounts.comparison import Comparison
from sim.tape.tables import LEARN, USE, Floats, Ints
from sim.tape.tape import Tape
from sim.views.style import number

PERSONS = 6000
EVENTS = 150_000
IDEAS = 40


@dataclass(frozen=True, eq=False)
class Drawn:
    """The part of a tape that the page holds, as rows of its tables.

    Attributes:
        persons, ideas, events: rows, ascending.
        child, parent: the influences between these events, as places in `events`; sorted by child, then parent.
        notes: what was left out, in sentences.
        sure: the rank by every account up to which everybody is drawn.
    """

    persons: Ints
    ideas: Ints
    events: Ints
    child: Ints
    parent: Ints
    notes: tuple[str, ...]
    sure: int


def drawn(tape: Tape, comparison: Comparison) -> Drawn:
    """Return what is drawn: the ideas with most adopters, persons with their own name or most credit, others."""
    ideas, notes = _ideas(tape)
    persons = _persons(tape, comparison, ideas)
    if len(persons) < tape.persons.total:
        notes.append(
            f"{number(len(persons))} of {number(tape.persons.total)} persons are drawn: those who bear a name of"
            " their own or have most credit, and some of the others, evenly. Credit and curves are of everyone;"
            " lines lead past those who are not drawn."
        )
    events = tape.events
    kept = _flags(len(tape.ideas), ideas)[events.idea] & (events.kind != USE)
    kept &= _flags(tape.persons.total, persons)[events.person]
    child, parent = _influences(tape, kept)
    sure = _sure(comparison, _flags(tape.persons.total, persons))
    return Drawn(persons, ideas, np.flatnonzero(kept), child, parent, tuple(notes), sure)


def _sure(comparison: Comparison, shown: NDArray[np.bool_]) -> int:
    places = [len(shown)]
    for table in comparison.tables.values():
        gone = ~shown[table.row[np.argsort(-np.nan_to_num(table.persons.share), kind="stable")]]
        places.append(int(np.argmax(gone)) if gone.any() else len(shown))
    return min(places)


def _flags(count: int, rows: Ints) -> NDArray[np.bool_]:
    flags = np.zeros(count, np.bool_)
    flags[rows] = True
    return flags


def _ideas(tape: Tape) -> tuple[Ints, list[str]]:
    taken = tape.events.kind <= LEARN
    often = np.bincount(tape.events.idea[taken], tape.events.count[taken], len(tape.ideas))
    if len(tape.ideas) <= IDEAS:
        return np.arange(len(tape.ideas)), []
    note = f"The {IDEAS} ideas that most people adopted, of {number(len(tape.ideas))}, are shown."
    return np.sort(np.argsort(-often, kind="stable")[:IDEAS]), [note]


def _persons(tape: Tape, comparison: Comparison, ideas: Ints) -> Ints:
    people, events = tape.persons, tape.events
    acts = _flags(len(tape.ideas), ideas)[events.idea] & (events.kind != USE)
    load = np.bincount(events.person[acts], minlength=people.total)
    if people.total <= PERSONS and int(load.sum()) <= EVENTS:
        return np.arange(people.total)
    rank = _rank(tape, comparison, load)
    order = np.argsort(rank, kind="stable")[:PERSONS]
    return np.sort(order[np.cumsum(load[order]) <= max(EVENTS, int(load[order[0]]))])


def _rank(tape: Tape, comparison: Comparison, load: Ints) -> Floats:
    """Return a rank per person, the smallest first: crowds, own names, then by turns credit and an even choice."""
    people = tape.persons
    best = np.full(people.total, people.total)  # the rank of each by the account that ranks them highest
    for table in comparison.tables.values():
        order = table.row[np.argsort(-np.nan_to_num(table.persons.share), kind="stable")]
        best[order] = np.minimum(best[order], np.arange(len(order)))
    rank = np.empty(people.total)
    rank[np.argsort(best, kind="stable")] = 2.0 * np.arange(people.total)
    active = np.flatnonzero(load)
    step = max(1.0, len(active) / PERSONS)
    even = active[np.unique((np.arange(min(len(active), PERSONS)) * step).astype(np.int64))]
    stride = np.arange(len(even)) * 7919 % max(1, len(even))  # scattered, so that they stay even when cut off
    rank[even] = np.minimum(rank[even], 2.0 * stride + 1.0)
    own = (people.members == 1)[people.group]
    if int(own.sum() + (people.size > 1).sum()) <= PERSONS // 5:  # in a log everybody has a name
        rank[own] = -1.0
    rank[(people.size > 1)[people.group]] = -2.0
    return rank


def _influences(tape: Tape, kept: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return the influences between kept events; other parents are replaced along the heaviest influences."""
    child, parent = tape.influences.child, tape.influences.parent
    up = np.where(kept, np.arange(len(kept)), tape.teller)
    while True:  # each round doubles the distance
        further = np.where(up >= 0, up[up], -1)
        if np.array_equal(further, up):
            break
        up = further
    at = np.cumsum(kept) - 1
    rows = np.flatnonzero(kept[child] & (up[parent] >= 0))
    pairs = np.unique(np.column_stack([at[child[rows]], at[up[parent[rows]]]]), axis=0)
    return pairs[:, 0], pairs[:, 1]
