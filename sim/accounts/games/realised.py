"""Game values of the realised lineages of a tape, each in one sweep.

A unit of realised value is a payoff to a coalition only if it holds everybody on the lineage; the game of a tape is
the sum over these units. What is on a lineage, and how branches are drawn, is in lineages.py. Since all on a lineage
are linked by their tellings, the Myerson value of the same game is the Shapley value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim.accounts.games import expected
from sim.accounts.games.expected import nobody_twice
from sim.accounts.games.lineages import Lineages, counted, implementers, lineages_of, makers_on, marked_first, passed_up
from sim.accounts.role_flow import role_flow
from sim.accounts.table import CreditTable, make_table, sum_by
from sim.tape.tables import LEARN, Floats, Ints
from sim.tape.tape import Tape

Game = Callable[[Tape, Lineages], tuple[Floats, Floats]]  # credit by person (Owen: role and person), and by idea


def shapley_credit(tape: Tape, samples: int = 32) -> CreditTable:
    """Return the credit by the Shapley value: equal parts for everyone on a lineage, whatever their roles.

    v(S) = sum of V_k [all of L_k in S] gives person p the sum of V_k [p in L_k] / |L_k|. A person who is on a lineage
    several times (by adopting an idea again after giving it up, or by telling and implementing) counts once. Where
    lineages branch into millions of ways, and somebody may be on one twice, `samples` draws stand for all of them.

    Raises:
        ValueError: if samples is below 1.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e4_bridge"))  # P1 tells P2, P2 tells P3, P3 tells the world
    >>> shapley_credit(tape).persons.share.round(4).tolist()
    [0.3333, 0.3333, 0.3333]
    """
    credit = expected.shapley(tape) if nobody_twice(tape) else _summed(tape, samples, _shapley)[0]
    return make_table(tape, "shapley", credit)


def position_credit(tape: Tape, samples: int = 32) -> CreditTable:
    """Return the credit by the position value: every link of a lineage has the same value, half of it for each end.

    The links are the tellings from one person to another on the way from the discoverer to the last teller; an
    implementer who is not on that way is linked to the last teller. So those in between, who have two links, get twice
    as much as those at the ends. A person alone on a lineage, without links, gets all of it. `samples` and errors are
    as in `shapley_credit`.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e4_bridge"))  # P1 tells P2, P2 tells P3, P3 tells the world
    >>> position_credit(tape).persons.share.tolist()
    [0.25, 0.5, 0.25]
    """
    credit = expected.position(tape) if nobody_twice(tape) else _summed(tape, samples, _position)[0]
    return make_table(tape, "position", credit)


def owen_credit(tape: Tape, samples: int = 32) -> CreditTable:
    """Return the credit by the Owen value, with idea, communication and implementation as the unions.

    The roles that took part in a lineage share equally, and so do the persons within each role: the discoverers on
    the lineage; the tellers, or the discoverer if nobody else told the user; the implementer. On a tape without
    prerequisites, and with nobody twice on a lineage, this is role flow. It differs for discoveries that built on
    others (here all discoverers on the lineage count alike; role flow passes a part on), and for persons who adopted
    an idea again (who count once).

    Args, raises: as in `shapley_credit`.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e4_bridge"))  # P1 tells P2, P2 tells P3, P3 tells the world
    >>> owen_credit(tape).persons.share.tolist()
    [0.5, 0.25, 0.25]
    """
    if nobody_twice(tape):
        return replace(role_flow(tape), method="owen")
    roles, _ = _summed(tape, samples, _owen)
    return make_table(tape, "owen", roles.sum(axis=0), roles=(roles[0], roles[1], roles[2]))


def credit_of_ideas(tape: Tape, method: str, samples: int = 32) -> Floats:
    """Return the credit of each idea by "shapley", "position" or "owen": what persons earn for their part in it.

    A person on a lineage through several ideas counts for the earliest; a telling counts for the idea that was told.
    """
    if nobody_twice(tape):  # every lineage is of a single idea
        return sum_by(tape.events.idea[tape.realised.event], tape.realised.value, len(tape.ideas))
    return _summed(tape, samples, {"shapley": _shapley, "position": _position, "owen": _owen}[method])[1]


def _summed(tape: Tape, samples: int, game: Game) -> tuple[Floats, Floats]:
    """Return the credit by person, and by idea, summed over all lineages."""
    persons, ideas = np.zeros(1), np.zeros(1)
    for lineages in lineages_of(tape, samples):
        of_persons, of_ideas = game(tape, lineages)
        persons, ideas = persons + of_persons, ideas + of_ideas
    return persons, ideas


def _shapley(tape: Tape, lineages: Lineages) -> tuple[Floats, Floats]:
    persons = counted(lineages.above, lineages.first)[lineages.node]
    away = lineages.value / (persons + 1)
    on, others = makers_on(tape, lineages, away)
    along = passed_up(lineages, lineages.value * (on / persons + (1.0 - on) / (persons + 1))) * lineages.first
    of, last = _ideas(tape, lineages)
    ideas = sum_by(of, along, len(tape.ideas)) + sum_by(last, away * (1.0 - on), len(tape.ideas))
    return sum_by(lineages.holder, along, len(others)) + others, ideas


def _position(tape: Tape, lineages: Lineages) -> tuple[Floats, Floats]:
    above = np.where(lineages.above >= 0, lineages.above, np.arange(len(lineages.above)))
    teller = lineages.holder[above]
    linked = teller != lineages.holder
    links = counted(lineages.above, linked)[lineages.node]
    away = lineages.value / (2 * (links + 1))
    on, others = makers_on(tape, lineages, away)
    each = np.where(links > 0, on / np.maximum(links, 1), 0.0) + (1.0 - on) / (links + 1)
    half = passed_up(lineages, lineages.value * each / 2) * linked
    alone = np.where(links > 0, 0.0, lineages.value * on)
    credit = sum_by(teller, half, len(others)) + sum_by(lineages.holder, half, len(others)) + others
    credit += sum_by(lineages.holder[lineages.node], alone + away * (1.0 - on), len(others))
    of, last = _ideas(tape, lineages)
    ideas = sum_by(of[above], 2 * half, len(tape.ideas))
    return credit, ideas + sum_by(last, alone + 2 * away * (1.0 - on), len(tape.ideas))


def _owen(tape: Tape, lineages: Lineages) -> tuple[Floats, Floats]:
    total, end = tape.persons.total, lineages.node
    tells = tape.events.kind[lineages.event] == LEARN
    first = marked_first(lineages.above, lineages.holder + total * tells, 2 * total)
    tellers = counted(lineages.above, first & tells)[end]
    discoverers = counted(lineages.above, first & ~tells)[end]
    communicated, served = (tellers > 0) | lineages.told, lineages.served >= 0
    part = lineages.value / (1.0 + communicated + served)
    idea = passed_up(lineages, part / discoverers) * (first & ~tells)
    told = passed_up(lineages, np.where(tellers > 0, part / np.maximum(tellers, 1), 0.0)) * (first & tells)
    root_told = np.where((tellers == 0) & lineages.told, part, 0.0)
    communication = sum_by(lineages.holder, told, total) + sum_by(lineages.holder[end], root_told, total)
    made = implementers(tape, lineages.served, part)
    of, last = _ideas(tape, lineages)
    ideas = sum_by(of, idea + told, len(tape.ideas)) + sum_by(last, root_told + part * served, len(tape.ideas))
    return np.stack([sum_by(lineages.holder, idea, total), communication, made]), ideas


def _ideas(tape: Tape, lineages: Lineages) -> tuple[Ints, Ints]:
    """Return the idea of each node, and of the last node of each lineage, which is the idea that was used."""
    of = tape.events.idea[lineages.event].astype(np.int64)
    return of, of[lineages.node]
