"""Credit: whose shoulders the impact of an idea stands on, by several accounts side by side.

`credit(tape, method=...)` gives a CreditTable. The methods, each an answer to a question of its own:

role-flow        who carried the value that was realised? (idea, communication and implementation alike)
person-pagerank  who holds which position among those who told one another, and the world?
priority         who was first, told or not?

The module itself can be called, so that after `from sim import credit` both `credit(tape)` and
`credit.pagerank.event_pagerank(...)` work.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable

from sim import CallableModule
from sim.credit.pagerank import person_pagerank
from sim.credit.priority import priority
from sim.credit.role_flow import role_flow
from sim.credit.table import CreditedPersons, CreditTable
from sim.tape import Tape

__all__ = ["METHODS", "CreditTable", "CreditedPersons", "credit"]

METHODS: dict[str, Callable[[Tape, float, float], CreditTable]] = {
    "role-flow": lambda tape, alpha, inheritance: role_flow(tape, inheritance),
    "person-pagerank": lambda tape, alpha, inheritance: person_pagerank(tape, alpha),
    "priority": lambda tape, alpha, inheritance: priority(tape),
}


def credit(
    tape: Tape, method: str = "role-flow", *, alpha: float | None = None, inheritance: float | None = None
) -> CreditTable:
    """The credit of every person for the value that the tape realised.

    Args:
        tape: of a run or of a real log; it is only read.
        method: a name in METHODS.
        alpha: damping of the PageRank methods, in [0, 1); by default the tape's own setting, else 0.85.
        inheritance: the part of the idea's credit that a discovery passes on to its prerequisites, in [0, 1]; by
            default the tape's own setting, else 0.5.

    Returns:
        The table of credits, which sum to its total.

    Raises:
        ValueError: if the method is unknown, or alpha or inheritance out of range.
        RuntimeError: if credit was lost or made on the way: an error of this library.

    >>> from sim.tape import Events, Influences, Persons, Realised, Tape
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> credit(tape).persons.share.tolist()
    [0.5, 0.5]
    """
    if method not in METHODS:
        near = difflib.get_close_matches(str(method), METHODS, n=1, cutoff=0.0)[0]
        raise ValueError(f"method: no {method!r}, did you mean {near!r}? allowed: {', '.join(METHODS)}")
    settings = tape.provenance.get("credit", {})
    alpha = settings.get("alpha", 0.85) if alpha is None else alpha
    inheritance = settings.get("inheritance", 0.5) if inheritance is None else inheritance
    if not 0.0 <= alpha < 1.0:
        raise ValueError(f"alpha must be in [0, 1), is {alpha}")
    if not 0.0 <= inheritance <= 1.0:
        raise ValueError(f"inheritance must be in [0, 1], is {inheritance}")
    table = METHODS[method](tape, alpha, inheritance)
    _check_conserved(table)
    return table


def _check_conserved(table: CreditTable) -> None:
    credited = float(table.persons.credit.sum())
    # The floor is for values so small that a third of them has no digits left.
    if not abs(credited - table.total) <= max(1e-9 * table.total, 1e-300):
        raise RuntimeError(f"{table.method}: the credits sum to {credited!r}, not to {table.total!r}")


sys.modules[__name__].__class__ = CallableModule
