"""The lineage of an idea as arrays: who adopted it from whom, and a position for each so that no two lines cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.tape.tables import ABANDON, IMPLEMENT, LEARN, LEAVE, Ints
from sim.tape.tape import Tape


@dataclass(frozen=True)
class Tree:
    """The adoptions of one idea, a row each, in order of time; parents are earlier rows, -1 for discoveries.

    Attributes:
        event: rows of the tape's events.
        parent: the adoption that each was learned from, as a row of the tree; the heaviest of several tellers.
        place: 0 for the uppermost line; those who learned from one person are below it, the latest first.
        size: the number of adoptions that go back to each, itself included.
        end: the step in which the holding ended; the tape's last if it did not.
        made: the rows that were made to work, and the steps; shape (implementations,) each.
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
        """The rows of the discoveries."""
        return np.flatnonzero(self.parent < 0)


def tree(tape: Tape, idea: int) -> Tree:
    """Return the lineage of one idea, in time proportional to the events."""
    events = tape.events
    rows = np.flatnonzero((events.idea == idea) & (events.kind <= LEARN))
    number = np.full(len(events), -1, np.int64)
    number[rows] = np.arange(len(rows))
    told = events.kind[rows] == LEARN
    parent = np.where(told, number[tape.teller[rows]], -1)
    several = int((told & (np.diff(tape.parents)[rows] > 1)).sum())
    size, place = _places(parent)
    child, by = tape.influences.child, tape.influences.parent
    works = (events.kind[child] == IMPLEMENT) & (events.idea[child] == idea)
    made = number[by[works]], events.step[child[works]]
    return Tree(rows, parent, place, size, _ends(tape, idea, rows), made, several)


def _places(parent: Ints) -> tuple[Ints, Ints]:
    """Return sizes and places, with the latest branch first below each line, so that no branches cross."""
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
    """Return the end of each holding: its person's next abandonment or departure; crowds' holdings have none."""
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


def branches(found: Tree, most: int = 6) -> Ints:
    """Return the heads of the largest branches, at most `most`, the earliest first; a branch ends where another begins.

    The largest lineages come first. Then the largest branch is divided at the head that leaves the most equal parts,
    again and again, as long as both parts have a twentieth of all adoptions.
    """
    roots = found.roots[np.argsort(-found.size[found.roots], kind="stable")].tolist()[: max(1, most // 2)]
    heads = [root for root in roots if 20 * int(found.size[root]) >= len(found.event)] or roots[:1]
    while len(heads) < most:
        mine = branch_of(found, np.array(heads, np.int64))
        sizes = np.bincount(mine, minlength=len(heads))[: len(heads)]
        largest = int(np.argmax(sizes))
        rows = np.flatnonzero(mine == largest)
        rows = rows[rows != heads[largest]]
        below = found.size[rows] - _taken(found, heads, sizes, rows)
        part = np.minimum(below, sizes[largest] - below)
        if not len(rows) or 20 * int(part.max()) < len(found.event):
            break
        heads.append(int(rows[np.argmax(part)]))
    return np.array(sorted(heads), np.int64)


def _taken(found: Tree, heads: list[int], sizes: Ints, rows: Ints) -> Ints:
    """Return how many adoptions below each row belong to branches of these sizes; shape (rows,)."""
    first, size, taken = found.place[rows], found.size[rows], np.zeros(len(rows), np.int64)
    for head, many in zip(heads, sizes.tolist(), strict=True):
        taken[(found.place[head] > first) & (found.place[head] < first + size)] += many
    return taken


def branch_of(found: Tree, heads: Ints) -> Ints:
    """Return the branch of each row, which is that of the nearest head above it; len(heads) if there is none."""
    mine = [len(heads)] * len(found.event)
    number = {int(head): k for k, head in enumerate(heads)}
    for row, by in enumerate(found.parent.tolist()):
        mine[row] = number.get(row, mine[by] if by >= 0 else len(heads))
    return np.array(mine, np.int64)
