"""Role flow: credit to those who carried the value that was realised, by idea, communication and implementation.

Every unit of realised value is divided equally over the roles that took part in it, and inside a role it walks back
along the influences until it stops at somebody's event (SCIENCE.md section 4.1):

idea            the walk goes back to the discovery. One that used prerequisites passes the fraction `inheritance`
                on to the discoverer's holdings of them, where it is divided afresh; the rest stays.
communication   took part if the idea was learned. The tellers are the learnings upstream of the user's own; where
                there are none the discoverer told, and has this role too. The walk stops at a teller with
                probability 1 / length, length being 1 plus the weighted mean of the lengths of the tellers
                upstream, so that m tellers in a row have 1 / m each.
implementation  took part if one was in use; a `use` event hands all of it on to the implementations in it.

Since every parent is an earlier row, one sweep forward finds the lengths and one backward divides the value: exact,
in time proportional to events and influences. On a lineage that is a tree this is the Owen value (Shapley with the
roles as unions; Owen 1977) of the game that needs everybody on the path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.credit import role_flow_loops
from sim.credit.table import CreditTable, make_table, sum_by
from sim.tape import LEARN, Floats, Tape

WORTH_COMPILING = 50_000  # events


def role_flow(tape: Tape, inheritance: float = 0.5) -> CreditTable:
    """Credit by role flow: who carried the value that was realised (SCIENCE.md section 4.1).

    Args:
        tape: any tape.
        inheritance: the part of the idea's credit that a discovery passes on to its prerequisites, in [0, 1].

    Returns:
        The table; total is the tape's realised value, and all three roles are told apart.

    Raises:
        ValueError: if inheritance is out of range.

    Here P1 has an idea, P2 tells the world of it:

    >>> from sim.tape import Events, Influences, Persons, Realised, Tape
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> role_flow(tape).persons.share.tolist()
    [0.5, 0.5]
    """
    roles = role_flow_of_events(tape, inheritance)
    person, total = tape.events.person, tape.persons.total
    # A `use` has no person, and nothing stays with it.
    person = np.where(person < 0, total, person)
    idea, communication, implementation = (sum_by(person, role, total + 1)[:total] for role in roles)
    credit = idea + communication + implementation
    return make_table(tape, "role-flow", credit, roles=(idea, communication, implementation))


def role_flow_of_events(tape: Tape, inheritance: float = 0.5) -> tuple[Floats, Floats, Floats]:
    """The credit of every event by idea, communication and implementation: three arrays of shape (events,).

    In units of realised value, all >= 0, and together the tape's total; so the credit can be summed by person, by idea
    or by step.

    Raises:
        ValueError: if inheritance is not in [0, 1].

    >>> from sim.tape import Events, Influences, Persons, Realised, Tape
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> [role.tolist() for role in role_flow_of_events(tape)]
    [[49.0, 0.0, 0.0], [0.0, 49.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if not 0.0 <= inheritance <= 1.0:
        raise ValueError(f"inheritance must be in [0, 1], is {inheritance}")
    kind, parent = tape.events.kind, tape.influences.parent
    weight, relay = _weights(tape)
    length = np.zeros(len(kind))
    code = _code_for(len(kind))
    code.measure(kind, tape.parents, parent, relay, length)
    idea, start, implementation = _divide(tape)
    communication = np.zeros(len(kind))
    code.flow(
        kind, tape.parents, parent, weight, relay, length, inheritance, idea, start, communication, implementation
    )
    return idea, communication, implementation


def _weights(tape: Tape) -> tuple[Floats, Floats]:
    """Of each influence, the part of its child: among all parents, and as a way on to the tellers.

    The way on leads to the parents that learned; where none did, to the discoverers.
    """
    child, parent, weight = tape.influences.columns().values()
    kind, number = tape.events.kind, len(tape.events)
    weight = weight / sum_by(child, weight, number)[child]
    telling = np.where(kind[parent] == LEARN, weight, 0.0)
    told = sum_by(child, telling, number)[child]
    return weight, np.divide(telling, told, out=weight.copy(), where=told > 0.0)


def _divide(tape: Tape) -> tuple[Floats, Floats, Floats]:
    """The realised value that starts at each event, by idea, communication and implementation."""
    event, implementation, value = tape.realised.columns().values()
    number = len(tape.events)
    learned, served = tape.events.kind[event] == LEARN, implementation >= 0
    part = value / (1.0 + learned + served)
    return (
        sum_by(event, part, number),
        sum_by(event[learned], part[learned], number),
        sum_by(implementation[served], part[served], number),
    )


def _code_for(events: int) -> Any:
    """The loops, as they stand for a short tape and compiled for a long one; they say the same to the bit."""
    if events <= WORTH_COMPILING:
        return role_flow_loops
    from sim.compiling import compiled

    return compiled(role_flow_loops)
