"""Role flow: credit to those who carried the value that was realised, by idea, communication and implementation.

Every unit of realised value is divided equally over the roles that took part in it (docs/explanation/roles.md). Then a
lineage is drawn: from the holding back along the influences to a discovery, choosing each parent with a probability
equal to its weight. Role flow is the expectation over these lineages.

idea            stays with the discoverer. A discovery that used prerequisites passes the fraction `inheritance` on to
                the discoverer's holdings of them, where it is divided afresh; the rest stays.
communication   took part if the idea was learned. It is divided equally over the tellers between the user and the
                discoverer; if there are none, the discoverer told. Successive rows of one person, as when an idea is
                learned again from one's own notebook, count as one teller; next to the user or the discoverer they
                count as part of them.
implementation  took part if one was in use; a `use` event passes all of it on to the implementations in it.

Idea and implementation take one sweep backward. So does communication if every event has one influence, as then the
lineage is certain; otherwise it takes a sweep for each node of a quadrature (quadrature.py). Both are exact, and
continuous in every weight. On a tape without prerequisites, and without a person twice on a lineage, this is the Owen
value (Shapley with the roles as unions; Owen 1977) of the game that needs everybody on the lineage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.accounts.quadrature import AHEAD, divide_equally
from sim.accounts.table import CreditTable, make_table
from sim.errors import require_in
from sim.machine.hints import fetch
from sim.machine.loops import for_size
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE, Floats, Ints
from sim.tape.tape import Tape


def role_flow(tape: Tape, inheritance: float = 0.5) -> CreditTable:
    """Return the credit by role flow: who carried the value that was realised (docs/explanation/roles.md).

    Args:
        tape: any tape.
        inheritance: the part of the idea's credit that a discovery passes on to its prerequisites, in [0, 1].

    Returns:
        The table; its total is the tape's realised value, and all three roles are distinguished.

    Raises:
        ValueError: if inheritance is out of range.

    >>> from sim import Scenario, simulate
    >>> role_flow(simulate(Scenario.load("e1_interpreter"))).persons.share.tolist()  # P1 tells P2, who tells the world
    [0.5, 0.5]
    """
    flow, roles = _flow_of(tape, inheritance), np.zeros((3, tape.persons.total))
    for_size(_sum_by_person, len(tape.events))(tape.events.kind, tape.events.person, flow, roles)
    return make_table(tape, "role-flow", roles.sum(axis=0), roles=(roles[0], roles[1], roles[2]))


def role_flow_of_events(tape: Tape, inheritance: float = 0.5) -> tuple[Floats, Floats, Floats]:
    """Return the credit of every event by idea, communication and implementation: three arrays of shape (events,).

    Credit is >= 0, in units of realised value, and sums to the tape's total; it can be summed by person, idea or step.

    Raises:
        ValueError: if inheritance is not in [0, 1].

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> [(role / tape.total).tolist() for role in role_flow_of_events(tape)]
    [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]
    """
    flow, made = _flow_of(tape, inheritance), np.flatnonzero(tape.events.kind == IMPLEMENT)
    implementation = np.zeros(len(tape.events))
    implementation[made], flow[2 * made] = flow[2 * made], 0.0
    return flow[::2], flow[1::2], implementation


def _flow_of(tape: Tape, inheritance: float) -> Floats:
    """Return two numbers per event: credit for the idea (or for an implementation), and for communication."""
    require_in("inheritance", inheritance, "[0, 1]")
    kind, person = tape.events.kind, tape.events.person
    child, parent, weight = tape.influences.columns().values()
    size = len(kind) + len(child)
    flow, user, tellers = np.zeros(2 * len(kind)), np.zeros(len(kind)), np.zeros(len(kind), np.int32)
    event, served, value = tape.realised.columns().values()
    for_size(_divide, size)(event, served, value, kind, flow, user)
    if for_size(_count_tellers, size)(kind, person, child, parent, tellers):
        for_size(_flow_certain, size)(kind, child, parent, tellers, float(inheritance), flow, user)
        return flow
    part, counted, _ = weigh_tellers(tape)
    entry = np.zeros(len(kind))
    for_size(_flow, size)(kind, tape.parents, parent, weight, part, float(inheritance), flow, user, entry)
    flow[1::2] += divide_equally(tape.parents, parent, part, entry, counted)
    return flow


def weigh_tellers(tape: Tape) -> tuple[Floats, int, NDArray[np.int32]]:
    """Return for each influence of a learning its chance, negative if it is from the same person, and teller counts.

    The counts are the most tellers on any lineage that somebody learned from, and the most up to each event.
    """
    kind, person = tape.events.kind, tape.events.person
    child, parent, weight = tape.influences.columns().values()
    part, longest = np.zeros(len(child)), np.zeros(len(kind), np.int32)
    loop = for_size(_weigh, len(kind) + len(child))
    return part, int(loop(kind, person, tape.parents, parent, weight, part, longest)), longest


# The loops run interpreted for a small tape and compiled for a large one, with the same bits. The two numbers of each
# event in `flow` are adjacent, since they are read together. `user` is the communication that is divided over the
# lineage of a holding.


def _divide(event: Ints, served: Ints, value: Floats, kind: NDArray[np.int8], flow: Floats, user: Floats) -> None:
    """Add the realised value to the events where it starts, divided equally over the roles that took part."""
    for k in range(len(event)):
        learned = kind[event[k]] == LEARN
        part = value[k] / (1.0 + learned + (served[k] >= 0))
        flow[2 * event[k]] += part
        if learned:
            user[event[k]] += part
        if served[k] >= 0:
            flow[2 * served[k]] += part


def _sum_by_person(kind: NDArray[np.int8], person: NDArray[np.int32], flow: Floats, roles: Floats) -> None:
    """Add the credit of each event to its person, by role; roles has the shape (3, persons)."""
    for row in range(len(kind)):
        if kind[row] == IMPLEMENT:
            roles[2, person[row]] += flow[2 * row]
        elif person[row] >= 0:  # a `use` has no person, and keeps nothing
            roles[0, person[row]] += flow[2 * row]
            roles[1, person[row]] += flow[2 * row + 1]


def _count_tellers(
    kind: NDArray[np.int8], person: NDArray[np.int32], child: Ints, parent: Ints, tellers: NDArray[np.int32]
) -> bool:
    """Set `tellers` to twice the number of tellings between persons on each lineage, plus 1 if the last step is one.

    Return False if an event has several lineages.
    """
    for k in range(len(child)):
        soon = parent[min(k + AHEAD, len(child) - 1)]
        fetch(person, soon)
        fetch(tellers, soon)
        row = child[k]
        if k > 0 and child[k - 1] == row:
            return False
        if kind[row] == LEARN:
            other = person[row] != person[parent[k]]
            tellers[row] = (tellers[parent[k]] // 2 + other) * 2 + other
    return True


def _flow_certain(
    kind: NDArray[np.int8], child: Ints, parent: Ints, tellers: NDArray[np.int32], inheritance: float, flow: Floats,
    user: Floats,
) -> None:  # fmt: skip
    """Move what starts at each event back to where it stays, newest first, where every lineage is certain.

    Communication is passed on as the part of each teller who is still to come.
    """
    for k in range(len(child) - 1, -1, -1):
        row, to = child[k], parent[k]
        fetch(flow, 2 * parent[max(k - AHEAD, 0)])
        if kind[row] == LEARN:
            flow[2 * to] += flow[2 * row]
            flow[2 * row] = 0.0
            count, other = tellers[row] // 2, tellers[row] % 2 == 1
            if count > other:
                flow[2 * to + 1] += flow[2 * row + 1]
            if other:
                flow[2 * to + 1] += user[row] / max(count - 1, 1)
            else:
                if count == 0:
                    flow[2 * to + 1] += flow[2 * row + 1]
                flow[2 * row + 1] = 0.0
                pass_on(kind, to, user[row], flow, user)
        elif kind[row] == DISCOVER:
            passed = inheritance * flow[2 * row]
            flow[2 * row] -= passed
            inherit(kind, to, passed, flow, user)
        elif kind[row] == USE:
            flow[2 * to] += flow[2 * row]
            flow[2 * row] = 0.0


def pass_on(kind: NDArray[np.int8], to: int, amount: float, flow: Floats, user: Floats) -> None:
    """Pass the communication due to a person's holding on to the earlier holding of the same person."""
    if kind[to] == LEARN:
        user[to] += amount
    else:
        flow[2 * to + 1] += amount


def inherit(kind: NDArray[np.int8], to: int, amount: float, flow: Floats, user: Floats) -> None:
    """Divide the credit of a prerequisite over its idea and, if it was learned, its communication."""
    if kind[to] == LEARN:
        amount *= 0.5
        user[to] += amount
    flow[2 * to] += amount


def _weigh(
    kind: NDArray[np.int8], person: NDArray[np.int32], begin: Ints, parent: Ints, weight: Floats, part: Floats,
    longest: NDArray[np.int32],
) -> int:  # fmt: skip
    """Fill in the chance of each way back from a learning, negative to the same person, and return the most tellers."""
    most = 0
    for row in range(len(kind)):
        if kind[row] != LEARN:
            continue
        low, high = begin[row], begin[row + 1]
        total = 0.0
        for k in range(low, high):
            total += weight[k]
            soon = parent[min(k + AHEAD, len(parent) - 1)]
            fetch(person, soon)
            fetch(longest, soon)
        for k in range(low, high):
            other = person[parent[k]] != person[row]
            part[k] = weight[k] / total if other else -weight[k] / total
            longest[row] = max(longest[row], longest[parent[k]] + other)
            most = max(most, longest[parent[k]])
    return most


def _flow(
    kind: NDArray[np.int8], begin: Ints, parent: Ints, weight: Floats, part: Floats, inheritance: float,
    flow: Floats, user: Floats, entry: Floats,
) -> None:  # fmt: skip
    """Move all but the tellers' communication back to where it stays; the latter enters at each user's last teller.

    `flow` receives only the communication of lineages on which nobody but the discoverer told.
    """
    for row in range(len(kind) - 1, -1, -1):
        low, high = begin[row], begin[row + 1]
        if kind[row] == LEARN:
            for k in range(low, high):
                to, own, soon = parent[k], part[k] < 0.0, parent[max(k - AHEAD, 0)]
                fetch(flow, 2 * soon)
                fetch(entry, soon)
                flow[2 * to] += abs(part[k]) * flow[2 * row]
                if own:
                    pass_on(kind, to, -part[k] * user[row], flow, user)
                    flow[2 * to + 1] -= part[k] * flow[2 * row + 1]
                else:
                    flow[2 * to + 1] += part[k] * user[row]
                    entry[to] += part[k] * user[row]
            flow[2 * row] = flow[2 * row + 1] = 0.0
        elif low < high and kind[row] != IMPLEMENT:
            passed = flow[2 * row] if kind[row] == USE else inheritance * flow[2 * row]
            flow[2 * row] -= passed
            total = 0.0
            for k in range(low, high):
                total += weight[k]
            for k in range(low, high):
                if kind[row] == USE:
                    flow[2 * parent[k]] += weight[k] / total * passed
                else:
                    inherit(kind, parent[k], weight[k] / total * passed, flow, user)
