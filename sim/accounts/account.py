"""Credit by the name of an account, with its settings checked before and the conservation of credit checked after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from sim.accounts.intervals import Uncertainty
from sim.accounts.methods import method_named, settings_of
from sim.accounts.table import CreditTable
from sim.accounts.uncertainty import CONFIDENCE, COPIES, copies_of, how_sure
from sim.errors import require_in
from sim.tape.tape import Tape

FEWEST, MOST, ROWS, ROWS_COMPILED = 5, 50, 20_000, 2_000_000  # of `stability`: copies, and rows of all copies together
Settings = Mapping[str, float | None]


def credit(
    tape: Tape,
    method: str = "role-flow",
    *,
    intervals: str | Iterable[Tape] | None = None,
    copies: int = COPIES,
    confidence: float = CONFIDENCE,
    **settings: float | None,
) -> CreditTable:
    """Return the credit of every person for the value that the tape realised.

    Args:
        tape: from a run or a real log; it is not changed.
        method: a name in METHODS.
        intervals: how to measure the uncertainty of each share: a scheme of `sim.accounts.perturb.SCHEMES` ("ideas",
            "links", "times", "weights", "tellers", or with an amount "links:0.3"), "auto" for the scheme that suits the
            record, or tapes of the same persons, such as those of other seeds. None for no intervals.
        copies: how many copies of the record a scheme makes, 2 or more.
        confidence: of the intervals, in (0, 1): each holds this fraction of the copies, the middle ones.
        settings: alpha, inheritance, tau, order, as in `sim.accounts.methods.Settings`; one that is left out or None is
            taken from the tape, else the default.

    Returns:
        The table of credits, with `sure` if intervals were asked for. The credits sum to its total, unless METHODS says
        that the account does not conserve.

    Raises:
        ValueError: if the method or a setting is unknown or out of range, or the account does not apply to this tape.
        RuntimeError: if credit was lost or created on the way, which is an error of this library.

    >>> from sim import Scenario, simulate
    >>> credit(simulate(Scenario.load("e1_interpreter"))).persons.share.tolist()  # P1 tells P2, who tells the world
    [0.5, 0.5]
    """
    table = attribute(tape, method, settings)
    return table if intervals is None else with_intervals(tape, table, settings, intervals, copies, confidence)


def attribute(tape: Tape, method: str, settings: Settings) -> CreditTable:
    """Return the credit of every person by one account, like `credit` without intervals."""
    account = method_named(method)
    table = account.compute(tape, settings_of(tape, settings))
    credited = float(table.persons.credit.sum())
    # The floor is for values so small that a third of one has no digits left.
    if account.conserved and not abs(credited - table.total) <= max(1e-9 * table.total, 1e-300):
        raise RuntimeError(f"{table.method}: the credits sum to {credited!r}, not to {table.total!r}")
    return table


def with_intervals(
    tape: Tape, table: CreditTable, settings: Settings, intervals: str | Iterable[Tape], copies: int = COPIES,
    confidence: float = CONFIDENCE,
) -> CreditTable:  # fmt: skip
    """Return the table of a tape with the uncertainty of its shares added, as `credit` does."""
    require_in("confidence", confidence, "(0, 1)")
    if isinstance(intervals, str):
        means, makers = copies_of(tape, intervals, copies)
    else:
        means, makers = "other seeds", [partial(_same_persons, tape, other) for other in intervals]
        if not makers:
            raise ValueError("intervals: no tapes; allowed: a scheme, or tapes of the same persons")
    again = partial(attribute, method=table.method, settings=settings)
    return replace(table, sure=how_sure(table, again, means, makers, confidence))


def stability(tape: Tape, table: CreditTable, settings: Settings) -> Uncertainty:
    """Return how far a table shifts when a tenth of the links are missing, from as many copies as take a moment."""
    rows = len(tape.events) + len(tape.influences) + 1
    copies = min(MOST, max(FEWEST, (ROWS if rows <= ROWS else ROWS_COMPILED) // rows))
    means, makers = copies_of(tape, "links", copies)
    return how_sure(table, partial(attribute, method=table.method, settings=settings), means, makers)


def _same_persons(tape: Tape, other: Tape) -> Tape:
    if other.persons.name != tape.persons.name or other.persons.total != tape.persons.total:
        raise ValueError("intervals: the tapes are of other persons")
    return other
