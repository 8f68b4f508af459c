"""Priority: all the credit to whoever was first, told or not; a rival account for comparison."""

from __future__ import annotations

import numpy as np

from sim.accounts.table import CreditTable, make_table, sum_by
from sim.tape.tables import DISCOVER
from sim.tape.tape import Tape


def priority(tape: Tape) -> CreditTable:
    """Return the credit by priority: all realised value of an idea to its first discoverers, as credit for the idea.

    Several persons who discover it in the same first step share equally. Prerequisites, communication and
    implementation play no part. The total is the tape's realised value.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> priority(tape).persons.share.tolist()
    [1.0, 0.0]
    """
    value = sum_by(tape.events.idea[tape.realised.event], tape.realised.value, len(tape.ideas))
    credit = np.zeros(tape.persons.total)
    for idea, persons in first_discoverers(tape).items():
        credit[persons] += value[idea] / len(persons)
    return make_table(tape, "priority", credit, roles=(credit, np.zeros_like(credit), np.zeros_like(credit)))


def first_discoverers(tape: Tape) -> dict[int, list[int]]:
    """Return the persons who discovered each idea in the first step in which anybody did, in tape order.

    Keys are indices into tape.ideas, without ideas that nobody discovered; values are rows of the tape's persons.
    """
    events = tape.events
    first: dict[int, int] = {}
    persons: dict[int, set[int]] = {}
    for row in np.flatnonzero(events.kind == DISCOVER).tolist():
        idea, step = int(events.idea[row]), int(events.step[row])
        if first.setdefault(idea, step) == step:
            persons.setdefault(idea, set()).add(int(events.person[row]))
    return {idea: sorted(those) for idea, those in sorted(persons.items())}
