"""Priority: all the credit to whoever was first, told or not; the rival account, to compare with (SCIENCE.md 4.7)."""

from __future__ import annotations

import numpy as np

from sim.accounts.table import CreditTable, make_table, sum_by
from sim.tape.tables import DISCOVER
from sim.tape.tape import Tape


def priority(tape: Tape) -> CreditTable:
    """Return the credit by priority: all realised value of an idea to its first discoverers, as credit for the idea.

    Several who discover it in the same first step share equally. Prerequisites play no part.

    Returns:
        The table; total is the tape's realised value, communication and implementation are 0.

    P2 has the idea of P1 anew and tells the world, and yet:

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2, 3], [0, 0, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([2], [1], [1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> priority(tape).persons.credit.tolist()
    [98.0, 0.0]
    """
    value = sum_by(tape.events.idea[tape.realised.event], tape.realised.value, len(tape.ideas))
    credit = np.zeros(tape.persons.total)
    for idea, persons in first_discoverers(tape).items():
        credit[persons] += value[idea] / len(persons)
    return make_table(tape, "priority", credit, roles=(credit, np.zeros_like(credit), np.zeros_like(credit)))


def first_discoverers(tape: Tape) -> dict[int, list[int]]:
    """Return the persons who discovered each idea in the first step in which anybody did, in tape order.

    Keys are indices into tape.ideas, ideas that nobody discovered are left out; values are rows of the tape's
    persons, a crowd as one of them.

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> found = Events([1, 1, 2], [0, 0, 0], [1, 0, 2], [0, 0, 0], [1, 1, 1])
    >>> people = Persons(["P1", "P2", "P3"], [1, 1, 1], [1, 1, 1])
    >>> first_discoverers(Tape(found, Influences([], [], []), Realised([], [], []), people, ("idea",), 2, 3))
    {0: [0, 1]}
    """
    events = tape.events
    first: dict[int, int] = {}
    persons: dict[int, set[int]] = {}
    for row in np.flatnonzero(events.kind == DISCOVER).tolist():
        idea, step = int(events.idea[row]), int(events.step[row])
        if first.setdefault(idea, step) == step:
            persons.setdefault(idea, set()).add(int(events.person[row]))
    return {idea: sorted(those) for idea, those in sorted(persons.items())}
