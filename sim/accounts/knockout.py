"""Knockout without a second run: what a tape would lose by its own record if a person were struck out.

For a real log, which nobody can run again. It takes for granted that nobody would have stepped in, and so it is the
most that a person can have been needed; a scenario can be run again instead, which knockout.py does.
"""

from __future__ import annotations

import numpy as np

from sim.accounts.games import expected
from sim.accounts.games.expected import nobody_twice
from sim.accounts.games.lineages import lineages_of, makers_on, passed_up
from sim.accounts.table import CreditTable, scaled_table, sum_by
from sim.tape.tables import Floats
from sim.tape.tape import Tape


def knockout_credit(tape: Tape, samples: int = 32) -> CreditTable:
    """Return the credit by knockout in the record: the realised value of all holdings whose lineage a person is on.

    v(N) - v(N without p) in the game of games/lineages.py: every holding is lost that needs the discoverer, teller or
    implementer p. What needs three persons falls with each of them, so these do not sum to the total: the column
    `raw` of the persons holds them as they are, and credit is raw in proportion, so that it sums to the total.
    Other than with Shapley, the length of a lineage plays no part: all on it were needed, each for all of it. Where
    lineages branch into millions of ways, `samples` drawn ones stand for each.

    Raises:
        ValueError: if samples is below 1.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e4_bridge"))  # P1 tells P2, P2 tells P3, P3 tells the world
    >>> table = knockout_credit(tape)
    >>> (table.persons.raw / tape.total).tolist(), table.persons.share.round(4).tolist()
    ([1.0, 1.0, 1.0], [0.3333, 0.3333, 0.3333])
    """
    return scaled_table(tape, "knockout", lost_without(tape, samples))


def lost_without(tape: Tape, samples: int = 32) -> Floats:
    """Return the realised value that needs each person, in tape order, a crowd as one of them; shape (persons,)."""
    if nobody_twice(tape):
        return expected.lost(tape)
    lost = np.zeros(tape.persons.total)
    for lineages in lineages_of(tape, samples):
        _, others = makers_on(tape, lineages, lineages.value)
        along = passed_up(lineages, lineages.value)
        lost += sum_by(lineages.holder, lineages.first * along, len(lost)) + others
    return np.maximum(lost, 0.0)  # what was taken off again may leave a rounding error
