"""Game values in expectation over lineages that branch, where nobody is on a lineage twice: exact, in sweeps.

Then those on a lineage are counted by adding one for each row, and the quadrature of role flow divides among them. What
else counts is put into the graph as rows of its own: a row above all discoveries, so that each of these is a step, and
one below each row at which lineages end that somebody's implementation served, who is the step from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.accounts.dag_loops import descend
from sim.accounts.games.lineages import implementers
from sim.accounts.quadrature import divide_equally
from sim.accounts.role_flow import weigh_tellers
from sim.accounts.table import sum_by
from sim.machine.loops import for_size
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Floats, Ints
from sim.tape.tape import Tape


def nobody_twice(tape: Tape) -> bool:
    """Return whether lineages branch, and it is plain that nobody is on one twice, nor a discovery below another.

    Nor does anybody tell themselves, as those may who are told of what they once gave up.
    """
    kind, idea, person = tape.events.kind, tape.events.idea, tape.events.person
    child, parent, _ = tape.influences.columns().values()
    told = kind[child] == LEARN
    if not (np.diff(tape.parents)[kind == LEARN] > 1).any() or (told & (person[child] == person[parent])).any():
        return False
    lineage = np.zeros(len(kind), np.bool_)
    lineage[parent[told]] = True
    lineage |= kind == DISCOVER
    if (np.diff(tape.parents)[kind == DISCOVER] > 0).any():
        return False
    key = person.astype(np.int64) * len(tape.ideas) + idea
    made = kind == IMPLEMENT
    counted = np.bincount(key[lineage], minlength=tape.persons.total * len(tape.ideas))
    return bool((counted <= 1).all() and not counted[key[made]].any())


def shapley(tape: Tape) -> Floats:
    """Return the Shapley value of each person: all on a lineage, and the implementer, have the same."""
    ends = Ends.of(tape)
    return ends.by_person(*ends.divide(ends.alone, ends.served, top=True))


def position(tape: Tape) -> Floats:
    """Return the position value of each person: each step has the same, half of it for either end.

    The lower ends are the rows that step upward, an implementer's step being to the last teller. The upper ends are
    counted by the same graph, each one step further up, the last row of a lineage not being one.
    """
    ends = Ends.of(tape)
    single = np.where(ends.root, ends.alone, 0.0)
    low, makers = ends.divide(ends.alone - single, ends.served, top=False)
    high, _ = ends.divide(ends.served, ends.alone - single, top=True, last_counts=False)
    return ends.by_person(single + (low + high) / 2.0, makers / 2.0)


def lost(tape: Tape) -> Floats:
    """Return the realised value that each person is on the lineage of, or served."""
    ends = Ends.of(tape)
    through = ends.alone + ends.served
    begin, parent, part = ends.graph
    for_size(descend, len(through) + len(parent))(begin, parent, part, 1.0, False, through)
    return ends.by_person(through, ends.served)


@dataclass(frozen=True)
class Ends:
    """The ends of lineages: at the teller of a user, or at a user's own discovery."""

    tape: Tape  # whose lineages
    graph: tuple[Ints, Ints, Floats]  # where each event's lineages go on, as `divide_equally` takes it
    longest: int  # the most rows of a lineage
    root: NDArray[np.bool_]  # whether a row is one without a way on
    alone: Floats  # the value that ends at each event, of lineages that nothing served
    served: Floats  # the same of those that something served

    @classmethod
    def of(cls, tape: Tape) -> Ends:
        """Return the ends of all lineages of a tape."""
        part, longest, _ = weigh_tellers(tape)
        kept = np.flatnonzero(part)
        child, parent, part = tape.influences.child[kept], tape.influences.parent[kept], np.abs(part[kept])
        rows = len(tape.events)
        begin = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(child, minlength=rows))])
        event, served, value = tape.realised.columns().values()
        ends = []
        for chosen in (served < 0, served >= 0):
            at = sum_by(event[chosen], value[chosen], rows)
            ends.append(sum_by(parent, part * at[child], rows) + np.where(tape.events.kind == DISCOVER, at, 0.0))
        return cls(tape, (begin, parent, part), longest, begin[1:] == begin[:-1], ends[0], ends[1])

    def divide(self, at_events: Floats, below: Floats, top: bool, last_counts: bool = True) -> tuple[Floats, Floats]:
        """Return the part of the value beginning at each event that events, and their own rows below, keep.

        The row below an event is a step to it; where the last row does not count, it is the event over again, as none.
        With `top` there is a row above all.
        """
        begin, parent, part = self.graph
        rows, each = len(self.root), np.diff(begin)
        up = [parent, np.arange(rows)] if last_counts else [parent, parent]
        parts = [part, np.ones(rows)] if last_counts else [part, -part]
        number = np.concatenate([each, np.ones(rows, np.int64) if last_counts else each])
        if top:  # rows move on by one
            at = begin[:-1][self.root]
            up[0], parts[0] = np.insert(up[0] + 1, at, 0), np.insert(parts[0], at, 1.0)
            up[1] = up[1] + 1
            number = np.concatenate([np.zeros(1, np.int64), number])
            number[1 : rows + 1] += self.root
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(number)])
        entry = np.concatenate([np.zeros(int(top)), at_events, below])
        kept = divide_equally(starts, np.concatenate(up), np.concatenate(parts), entry, self.longest + 2)
        return kept[top : top + rows], kept[top + rows :]

    def by_person(self, held: Floats, made: Floats) -> Floats:
        """Return the credit of each person: of their events, and of their implementations by the events served."""
        event, served, value = self.tape.realised.columns().values()
        each = np.divide(made, self.served, out=np.zeros(len(made)), where=self.served > 0.0)
        begin, parent, part = self.graph
        child = np.repeat(np.arange(len(held)), np.diff(begin))
        of_user = np.where(self.root, each, sum_by(child, part * each[parent], len(held)))
        person = np.maximum(self.tape.events.person, 0)  # a `use` has none, and nothing
        makers = implementers(self.tape, served, value * of_user[event])
        return sum_by(person, held, self.tape.persons.total) + makers
