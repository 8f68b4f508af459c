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

import numpy as np
from numpy.typing import NDArray

from sim.accounts.table import CreditTable, make_table, sum_by
from sim.machine.loops import for_size
from sim.tape.tables import DISCOVER, LEARN, USE, Floats, Ints
from sim.tape.tape import Tape


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

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
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

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> [role.tolist() for role in role_flow_of_events(tape)]
    [[49.0, 0.0, 0.0], [0.0, 49.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if not 0.0 <= inheritance <= 1.0:
        raise ValueError(f"inheritance must be in [0, 1], is {inheritance}")
    kind, begin = tape.events.kind, tape.parents
    size = len(kind) + len(tape.influences)
    weight = None if for_size(_is_forest, size)(begin) else tape.influences.weight
    influences = (kind, begin, tape.influences.parent, weight)
    length, start, idea, communication, implementation = (np.zeros(len(kind)) for _ in range(5))
    realised = tape.realised
    for_size(_divide, size)(realised.event, realised.implementation, realised.value, kind, idea, start, implementation)
    for_size(_measure, size)(*influences, length)
    for_size(_flow, size)(*influences, length, float(inheritance), idea, start, communication, implementation)
    return idea, communication, implementation


# The loops, which run as they stand for a small tape and compiled for a large one, with the same bits. Where no event
# has more than one influence, as where everybody is told once, the weight is None: all parts are 1, and not read.


def _is_forest(begin: Ints) -> bool:
    most = 0
    for event in range(len(begin) - 1):
        most = max(most, begin[event + 1] - begin[event])
    return most <= 1


def _divide(
    event: Ints,
    served: Ints,
    value: Floats,
    kind: NDArray[np.int8],
    idea: Floats,
    start: Floats,
    implementation: Floats,
) -> None:
    """Add the realised value to the events where it starts, equally over the roles that took part."""
    for k in range(len(event)):
        learned = kind[event[k]] == LEARN
        part = value[k] / (1.0 + learned + (served[k] >= 0))
        idea[event[k]] += part
        if learned:
            start[event[k]] += part
        if served[k] >= 0:
            implementation[served[k]] += part


def _weigh(kind: NDArray[np.int8], parent: Ints, weight: Floats | None, low: int, high: int) -> tuple[float, float]:
    """The weight of all the influences of an event, and of those by events that learned."""
    if weight is None:
        return 1.0, 1.0
    everything = told = 0.0
    for k in range(low, high):
        everything += weight[k]
        if kind[parent[k]] == LEARN:
            told += weight[k]
    return everything, told


def _relay(
    kind: NDArray[np.int8], parent: Ints, weight: Floats | None, k: int, everything: float, told: float
) -> float:
    """The part of an influence as a way on to the tellers: those that learned; where none did, the discoverers."""
    if weight is None:
        return 1.0
    if told == 0.0:
        return float(weight[k] / everything)
    return float(weight[k] / told) if kind[parent[k]] == LEARN else 0.0


def _measure(kind: NDArray[np.int8], begin: Ints, parent: Ints, weight: Floats | None, length: Floats) -> None:
    """Fill in how many tellers are met on average on the way back from each learning, itself included."""
    for event in range(len(kind)):
        if kind[event] == LEARN:
            low, high = begin[event], begin[event + 1]
            everything, told = _weigh(kind, parent, weight, low, high)
            upstream = 0.0
            for k in range(low, high):
                upstream += _relay(kind, parent, weight, k, everything, told) * length[parent[k]]
            length[event] = 1.0 + upstream


def _flow(
    kind: NDArray[np.int8],
    begin: Ints,
    parent: Ints,
    weight: Floats | None,
    length: Floats,
    inheritance: float,
    idea: Floats,
    start: Floats,
    communication: Floats,
    implementation: Floats,
) -> None:
    """Move what starts at each event back, newest first, until `idea` and the other roles hold what stays there.

    `start` is the communication of the holding's own lineage: it begins with the teller, not with the learning itself.
    """
    for event in range(len(kind) - 1, -1, -1):
        low, high = begin[event], begin[event + 1]
        if low == high:
            continue
        everything, told = _weigh(kind, parent, weight, low, high)
        moving = passed = 0.0
        if kind[event] == LEARN:
            moving = communication[event] - communication[event] / length[event]
            communication[event] -= moving
            moving += start[event]
            passed = idea[event]
        elif kind[event] == DISCOVER:
            passed = inheritance * idea[event]
        idea[event] -= passed
        for k in range(low, high):
            part = 1.0 if weight is None else weight[k] / everything
            if kind[event] == LEARN:
                idea[parent[k]] += part * passed
                communication[parent[k]] += _relay(kind, parent, weight, k, everything, told) * moving
            elif kind[event] == DISCOVER:
                part *= passed
                if kind[parent[k]] == LEARN:
                    part *= 0.5
                    start[parent[k]] += part
                idea[parent[k]] += part
            elif kind[event] == USE:
                implementation[parent[k]] += part * implementation[event]
        if kind[event] == USE:
            implementation[event] = 0.0
