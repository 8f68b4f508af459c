"""The lineage of an idea as arrays: who took it up from whom, and where each stands so that no two lines cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.tape.tables import ABANDON, IMPLEMENT, LEARN, LEAVE, Ints
from sim.tape.tape import Tape


@dataclass(frozen=True)
class Tree:
    """The adoptions of one idea, a row each, in the order of time; parents are earlier rows, -1 for discoveries.

    Attributes:
        event: rows of the tape's events.
        parent: whom each learned it from: a row of the tree; of several tellers the one with the largest weight.
        place: 0 for the uppermost line; those who learned from one person stand below it, the latest first.
        size: adoptions that go back to each, itself included.
        end: the step in which the holding ended; the tape's last where it did not.
        made: which rows were made to work, and the steps; shape (implementations,) each.
        several: how many have more than one teller.
    """

    event: Ints
    parent: Ints
    place: Ints
    size: Ints
    end: Ints
    made: tuple[Ints, Ints]
    several: int

    @property
    def roots(self) -> Ints:
        """Return the rows of the discoveries."""
        return np.flatnonzero(self.parent < 0)


def tree(tape: Tape, idea: int) -> Tree:
    """Return the lineage of one idea, in time proportional to the events."""
    events = tape.events
    rows = np.flatnonzero((events.idea == idea) & (events.kind <= LEARN))
    number = np.full(len(events), -1, np.int64)
    number[rows] = np.arange(len(rows))
    parent, several = _parents(tape, rows, number)
    size, place = _places(parent)
    return Tree(rows, parent, place, size, _ends(tape, idea, rows), _made(tape, idea, number), several)


def _parents(tape: Tape, rows: Ints, number: Ints) -> tuple[Ints, int]:
    child, by, weight = tape.influences.columns().values()
    told = np.flatnonzero((number[child] >= 0) & (tape.events.kind[child] == LEARN))
    order = told[np.lexsort((by[told], -weight[told], child[told]))]  # the heaviest first, then the earliest
    _, first = np.unique(child[order], return_index=True)
    chosen = order[first]
    parent = np.full(len(rows), -1, np.int64)
    parent[number[child[chosen]]] = number[by[chosen]]
    return parent, int((np.bincount(number[child[told]], minlength=len(rows)) > 1).sum())


def _places(parent: Ints) -> tuple[Ints, Ints]:
    """Sizes and places: below a line first its latest branch, so that no branch crosses an earlier one."""
    above = parent.tolist()
    size, offset, free = [1] * len(above), [0] * len(above), [1] * len(above)
    for row in range(len(above) - 1, -1, -1):
        if above[row] >= 0:
            offset[row] = free[above[row]]
            free[above[row]] += size[row]
            size[above[row]] += size[row]
    place, next_root = [0] * len(above), 0
    for row, by in enumerate(above):
        if by >= 0:
            place[row] = place[by] + offset[row]
        else:
            place[row] = next_root
            next_root += size[row]
    return np.array(size, np.int64), np.array(place, np.int64)


def _ends(tape: Tape, idea: int, rows: Ints) -> Ints:
    """When each holding ended: the next abandonment or departure of its person; a crowd's does not end at once."""
    events = tape.events
    gone = np.flatnonzero((events.idea == idea) & ((events.kind == ABANDON) | (events.kind == LEAVE)))
    gone = gone[(tape.persons.size == 1)[tape.persons.group[events.person[gone]]]]
    keys = events.person.astype(np.int64) * (len(events) + 1)
    later = np.sort(keys[gone] + gone)
    where = np.searchsorted(later, keys[rows] + rows)
    end = np.full(len(rows), tape.steps, np.int64)
    there = where < len(later)
    same = there.copy()
    same[there] = later[where[there]] // (len(events) + 1) == events.person[rows[there]]
    end[same] = events.step[later[where[same]] % (len(events) + 1)]
    return end


def _made(tape: Tape, idea: int, number: Ints) -> tuple[Ints, Ints]:
    child, by = tape.influences.child, tape.influences.parent
    works = (tape.events.kind[child] == IMPLEMENT) & (tape.events.idea[child] == idea)
    return number[by[works]], tape.events.step[child[works]]


def branches(found: Tree, most: int = 6) -> Ints:
    """Return the heads of the largest branches, the largest first, at most `most`; none holds another.

    A branch of more than half of all adoptions is looked at more closely: its own branches stand for it, as long as
    it has two.
    """
    children: dict[int, list[int]] = {}
    for row, by in enumerate(found.parent.tolist()):
        children.setdefault(by, []).append(row)
    heads = list(children.get(-1, []))
    while heads:
        largest = max(heads, key=lambda row: (int(found.size[row]), -row))
        below = children.get(largest, [])
        if 2 * found.size[largest] <= len(found.event) or not below:
            break
        heads.remove(largest)
        heads += below
    order = sorted(heads, key=lambda row: (-int(found.size[row]), row))
    return np.array(order[:most], np.int64)


def branch_of(found: Tree, heads: Ints) -> Ints:
    """Return the branch of each row, in the order of the heads; len(heads) for the others; shape (rows,)."""
    mine = [len(heads)] * len(found.event)
    number = {int(head): k for k, head in enumerate(heads)}
    for row, by in enumerate(found.parent.tolist()):
        mine[row] = number.get(row, mine[by] if by >= 0 else len(heads))
    return np.array(mine, np.int64)
