"""Credit by the name of an account, checked: the settings before it, and after it that nothing was lost or made."""

from __future__ import annotations

from sim.accounts.methods import method_named, settings_of
from sim.accounts.table import CreditTable
from sim.tape.tape import Tape


def credit(tape: Tape, method: str = "role-flow", **settings: float | None) -> CreditTable:
    """The credit of every person for the value that the tape realised.

    Args:
        tape: of a run or of a real log; it is only read.
        method: a name in METHODS.
        settings: alpha, inheritance, tau, as in `sim.accounts.methods.Settings`; what is left out or None is the tape's
            own setting, else the default there.

    Returns:
        The table of credits. They sum to its total, unless METHODS says of the account that it does not conserve.

    Raises:
        ValueError: if the method or a setting is unknown, a setting out of range, or the account has nothing to say
            of this tape.
        RuntimeError: if credit was lost or made on the way: an error of this library.

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> credit(tape).persons.share.tolist()
    [0.5, 0.5]
    """
    account = method_named(method)
    table = account.compute(tape, settings_of(tape, settings))
    if account.conserved:
        _check_conserved(table)
    return table


def _check_conserved(table: CreditTable) -> None:
    credited = float(table.persons.credit.sum())
    # The floor is for values so small that a third of them has no digits left.
    if not abs(credited - table.total) <= max(1e-9 * table.total, 1e-300):
        raise RuntimeError(f"{table.method}: the credits sum to {credited!r}, not to {table.total!r}")
