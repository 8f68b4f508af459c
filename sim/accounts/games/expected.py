"""Game values in expectation over branching lineages, where nobody is on a lineage twice: exact, in sweeps.

The members of a lineage are then counted by adding one per row, and the quadrature of role flow divides among them.
Whatever else counts is added to the graph as extra rows: one above all discoveries, so that each discovery is a step,
and one below each row at which served lineages end, which stands for the implementer.
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
    """Return whether lineages branch, nobody can be on one twice, and no discovery rests on another.

    It is False, too, if somebody learns from themselves, as a person may who gave the idea up before.
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
    """Return the Shapley value of each person: all on a lineage, the implementer included, have equal parts."""
    ends = Ends.of(tape)
    return ends.by_person(*ends.divide(ends.alone, ends.served, top=True))


def position(tape: Tape) -> Floats:
    """Return the position value of each person: each link has the same value, half of it for either end.

    The lower ends are the rows that step upward; an implementer steps to the last teller. The upper ends are counted
    on the same graph with each end one step further up, where the last row of a lineage does not count.
    """
    ends = Ends.of(tape)
    single = np.where(ends.root, ends.alone, 0.0)
    low, makers = ends.divide(ends.alone - single, ends.served, top=False)
    high, _ = ends.divide(ends.served, ends.alone - single, top=True, last_counts=False)
    return ends.by_person(single + (low + high) / 2.0, makers / 2.0)


def lost(tape: Tape) -> Floats:
    """Return the realised value whose lineage each person is on, or which their implementation served."""
    ends = Ends.of(tape)
    through = ends.alone + ends.served
    begin, parent, part = ends.graph
    for_size(descend, len(through) + len(parent))(begin, parent, part, 1.0, False, through)
    return ends.by_person(through, ends.served)


@dataclass(frozen=True)
class Ends:
    """The ends of lineages: at the teller of a user, or at a user's own discovery."""

    tape: Tape
    graph: tuple[Ints, Ints, Floats]  # where each event's lineages go on, as `divide_equally` takes it
    longest: int  # the most rows of a lineage
    root: NDArray[np.bool_]  # whether a lineage ends upward at the row
    alone: Floats  # value of the lineages that end at each event and were served by nothing
    served: Floats  # value of those that an implementation served

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
        """Return the part of the value entering at each event that events keep, and that their extra rows below keep.

        The row below an event is a step to it; without `last_counts` it repeats the event and does not count itself.
        With `top` there is a row above all others.
        """
        begin, parent, part = self.graph
        rows, each = len(self.root), np.diff(begin)
        up = [parent, np.arange(rows)] if last_counts else [parent, parent]
        parts = [part, np.ones(rows)] if last_counts else [part, -part]
        number = np.concatenate([each, np.ones(rows, np.int64) if last_counts else each])
        if top:  # all rows move on by one
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
        """Return the credit of each person: for their events, and for the implementations that served them."""
        event, served, value = self.tape.realised.columns().values()
        each = np.divide(made, self.served, out=np.zeros(len(made)), where=self.served > 0.0)
        begin, parent, part = self.graph
        child = np.repeat(np.arange(len(held)), np.diff(begin))
        of_user = np.where(self.root, each, sum_by(child, part * each[parent], len(held)))
        person = np.maximum(self.tape.events.person, 0)  # a `use` has no person, and no credit
        makers = implementers(self.tape, served, value * of_user[event])
        return sum_by(person, held, self.tape.persons.total) + makers
