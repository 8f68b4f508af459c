"""The uncertainty of shares: the same account applied to resampled records (docs/explanation/uncertainty.md).

"Exact" refers to the arithmetic. If the record is a sample, so is the credit: hence an interval of each share and each
rank, how often a person is among the first ten, and how far the whole table moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sim.accounts.intervals import Uncertainty
from sim.accounts.perturb import SCHEMES, families
from sim.accounts.table import CreditTable
from sim.errors import require
from sim.machine.loops import repeated
from sim.machine.threads import in_threads
from sim.tape.tables import Floats, Ints
from sim.tape.tape import Tape

COPIES = 200  # records as they might have been
CONFIDENCE = 0.95
ENOUGH = 200  # ideas, for intervals by redrawing them to have the coverage that they claim
FIRST = 10  # places at the top of a table
WAITS = 20  # copies that are made sooner interpreted than compiled
Account = Callable[[Tape], CreditTable]
Sparse = tuple[Ints, Floats]  # persons with credit, and the share of each


def scheme_of(tape: Tape, intervals: str) -> tuple[str, float]:
    """Return the name and the amount of a scheme given as "links", "links:0.3", or "auto".

    "auto" is "ideas" if the record has at least twenty families of ideas that do not build on each other, else "links".

    Raises a ValueError if the scheme is unknown, the amount is out of range, or only one family could be drawn.
    """
    name, colon, text = intervals.partition(":")
    if name == "auto":
        name = "ideas" if int(families(tape).max(initial=-1)) + 1 >= 20 else "links"
    require("intervals", name, ("auto", *SCHEMES))
    scheme = SCHEMES[name]
    try:
        amount = float(text) if colon else scheme.amount
    except ValueError:
        amount = -1.0
    whole = "whole, " * (name == "times")  # steps, or units of a log's time
    if not 0.0 <= amount <= scheme.highest or (colon and not scheme.highest) or (whole and amount % 1.0):
        kind = f"{name}:NUMBER, {whole}from 0 to {scheme.highest:g}"
        allowed_amount = kind if scheme.highest else f"{name!r} alone"
        raise ValueError(f"intervals: {intervals!r}; allowed: {allowed_amount}")
    if name == "ideas" and not families(tape).any():
        raise ValueError("intervals: 'ideas' draws ideas again, but all ideas here build on each other or are one; "
                         "allowed: links, times, weights, tellers")  # fmt: skip
    return name, amount


def copies_of(tape: Tape, intervals: str, copies: int, seed: int = 0) -> tuple[str, list[Callable[[], Tape]]]:
    """Return a description of the copies of a record, and for each copy a function that makes it from its own seed.

    Raises a ValueError as `scheme_of` does, or if copies is below 2.
    """
    if copies < 2:
        raise ValueError(f"copies: must be 2 or more, is {copies}")
    name, amount = scheme_of(tape, intervals)
    scheme = SCHEMES[name]
    means = scheme.means.format(amount=amount)
    if name == "ideas" and (drawn := int(families(tape).max()) + 1) < ENOUGH:
        means += f" (of {drawn}, which are few: the intervals are too narrow)"

    def make(number: int) -> Tape:
        return scheme.perturb(tape, amount, np.random.default_rng([seed, number]))

    return means, [partial(make, number) for number in range(copies)]


def how_sure(
    table: CreditTable, account: Account, means: str, makers: Iterable[Callable[[], Tape]],
    confidence: float = CONFIDENCE, threads: int | None = None,
) -> Uncertainty:  # fmt: skip
    """Return the uncertainty of the shares of a table, from the same account of each copy.

    `makers` are functions that each make a copy of the record, and `means` describes the copies. The number of threads
    does not affect the result.
    """

    makers = list(makers)

    def shares(make: Callable[[], Tape]) -> Sparse:
        with repeated(len(makers) // WAITS):
            found = account(make())
        some = np.flatnonzero(found.persons.credit > 0.0)
        return found.row[some], found.persons.share[some]

    return spread_of(table, list(in_threads(shares, makers, threads)), means, confidence)


def spread_of(table: CreditTable, found: list[Sparse], means: str, confidence: float = CONFIDENCE) -> Uncertainty:
    """Return the uncertainty of the shares of a table, from the persons with credit and their shares in each copy."""
    some = np.flatnonzero(table.persons.credit > 0.0)
    own = (table.row[some], table.persons.share[some])
    everybody = np.unique(np.concatenate([row for row, _ in (own, *found)]))
    share = np.zeros((len(found), len(everybody)))
    rank = np.empty((len(found), len(everybody)), np.int64)
    for copy, (row, value) in enumerate(found):
        share[copy, np.searchsorted(everybody, row)] = value
        rank[copy] = ranks(share[copy]) if len(row) else len(everybody) + 1
    of_table = np.zeros(len(everybody))
    of_table[np.searchsorted(everybody, own[0])] = own[1]
    tops = min(FIRST, len(own[0]))
    top = ranks(of_table) <= tops
    first = (share > 0.0) & (rank <= FIRST)
    stayed = (share > 0.0) & (rank <= tops) & top
    tail = (1.0 - confidence) / 2.0
    # The next draw falls below the k-th of n with probability k / (n + 1).
    low, high = np.quantile(share, [tail, 1.0 - tail], axis=0, method="weibull")
    ends = np.quantile(rank, [tail, 1.0 - tail], axis=0, method="nearest")
    place = np.searchsorted(everybody, table.row).clip(max=max(0, len(everybody) - 1))
    known = everybody[place] == table.row if len(everybody) else np.zeros(len(table.row), np.bool_)
    last = len(everybody) + 1  # the rank of everybody who never has credit

    def column(values: NDArray[np.float64], nothing: float) -> Floats:
        return np.where(known, values[place], nothing) if len(everybody) else np.full(len(known), nothing)

    return Uncertainty(
        means, len(found), confidence,
        column(low, 0.0), column(high, 0.0),
        column(ends[0], last).astype(np.int64), column(ends[1], last).astype(np.int64),
        column(first.mean(axis=0), 0.0),
        moved=float(np.abs(share - of_table).sum(axis=1).mean() / 2.0),
        stayed=float(stayed.sum(axis=1).mean()),
        tops=tops,
    )  # fmt: skip


def ranks(share: Floats) -> Ints:
    """Return the rank of each share, 1 for the largest; ties have the same rank, as in sports.

    >>> ranks(np.array([0.2, 0.5, 0.2, 0.1])).tolist()
    [2, 1, 2, 4]
    """
    return 1 + np.searchsorted(np.sort(-share), -share)  # the number of larger shares, plus 1
