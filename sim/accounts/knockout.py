"""Knockout without a second run: what a tape would lose, by its own record, if a person were struck out.

This is for a real log, which cannot be run again. It assumes that nobody would have stepped in, and so it is an upper
bound on how much a person was needed. A scenario can be run again instead: see experiments/knockout.py.
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

    This is v(N) - v(N without p) in the game of games/lineages.py: every holding that needs p as discoverer, teller
    or implementer is lost. A holding that needs three persons is lost with each of them, so the losses do not sum to
    the total: they are the column `raw` of the persons, and credit is in proportion to them and sums to the total.
    Unlike with Shapley, the length of a lineage does not matter: everybody on it was needed, each for all of it. Where
    lineages branch into millions of ways, `samples` draws stand for all of them.

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
    """Return the realised value that needs each person, in tape order, with a crowd as one person; shape (persons,)."""
    if nobody_twice(tape):
        return expected.lost(tape)
    lost = np.zeros(tape.persons.total)
    for lineages in lineages_of(tape, samples):
        _, others = makers_on(tape, lineages, lineages.value)
        along = passed_up(lineages, lineages.value)
        lost += sum_by(lineages.holder, lineages.first * along, len(lost)) + others
    return np.maximum(lost, 0.0)  # subtraction may leave a rounding error
