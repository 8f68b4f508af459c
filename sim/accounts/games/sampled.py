"""The Shapley value of many players, from random orders, with a bound on its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.accounts.games.values import Players, Value, check_finite, lookup, names_of
from sim.errors import checked_seed, require_in
from sim.model.randomness import ORDER, key_of, squares_of
from sim.tape.tables import Floats, Ints

ValueOfRows = Callable[[NDArray[np.bool_]], ArrayLike]


class Sampled(NamedTuple):
    """Values found by drawing orders.

    Attributes:
        value: of each player; shape (players,). The sum is exact: the payoff of all players less that of none.
        half_width: of an interval around each value; with probability `confidence` or more all intervals together hold
            the true values, whatever the game (within its bounds); shape (players,).
        orders: how many orders were drawn, reversed ones included.
        confidence: of the intervals.
    """

    value: Floats
    half_width: Floats
    orders: int
    confidence: float


def shapley_sampled(
    value: Value | ValueOfRows,
    players: Players,
    orders: int = 1000,
    seed: int = 0,
    *,
    confidence: float = 0.95,
    bounds: tuple[float, float] | None = None,
    antithetic: bool = True,
    by_rows: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Sampled:
    """Return the Shapley value as the mean of each player's contribution over random orders, for any number of players.

    The half-width is the smaller of Hoeffding's bound and the empirical Bernstein bound (Maurer and Pontil 2009),
    adjusted for the number of players so that all intervals hold together.

    Args:
        value: a function of the frozenset of a coalition's players, or 2**n numbers, as in `games.shapley`; with
            `by_rows` a function of bools of shape (coalitions, players) that returns a number per coalition.
        players: their names, or how many.
        orders: how many to draw: 2 or more; with `antithetic` even, and 4 or more.
        seed: of the draws, from 0 to 2**64 - 1; order k depends on the seed and k alone.
        confidence: in (0, 1).
        bounds: the least and the most that a player ever adds; by default 0 and the payoff of all players, which holds
            in a game where nobody ever does harm.
        antithetic: follow each order by its reverse and take their mean as one draw; in most games their errors partly
            cancel.
        by_rows: whether `value` takes rows.
        progress: called with (orders done, orders in all).

    Raises:
        ValueError: if an argument is out of range, or the contribution of a player is outside the bounds.

    >>> found = shapley_sampled(lambda those: float("idea" in those and len(those) >= 2), ["idea", *range(30)], 400)
    >>> bool(abs(found.value[0] - 30 / 31) < found.half_width[0])
    True
    """
    names = names_of(players, None)
    step = 2 if antithetic else 1
    _check(orders, step, seed, confidence)
    ask = _rows_of(value, names, by_rows)
    n = len(names)
    nothing, everything = ask(np.array([[False] * n, [True] * n])).tolist()
    low, high = (0.0, everything - nothing) if bounds is None else bounds
    draws = orders // step
    sums, squares = np.zeros(n), np.zeros(n)
    for k in range(draws):
        order = order_of(seed, k, n)
        added = _added(ask, order, nothing)
        if antithetic:
            added = np.stack([added, _added(ask, order[::-1], nothing)])
        _check_bounds(added, low, high, names, bounds is None)
        added = (added.mean(axis=0) if antithetic else added) - (everything - nothing) / n  # centred for precision
        sums += added
        squares += added * added
        if progress is not None:
            progress((k + 1) * step, orders)
    variance = np.maximum(squares - sums * sums / draws, 0.0) / (draws - 1)
    width = _half_width(variance, draws, high - low, (1.0 - confidence) / max(n, 1))
    return Sampled(sums / draws + (everything - nothing) / max(n, 1), width, orders, confidence)


def order_of(seed: int, number: int, players: int) -> Ints:
    """Return an order of the players 0 to players - 1, drawn by this seed and number alone; all are equally likely.

    >>> sorted(order_of(7, 3, 5).tolist())
    [0, 1, 2, 3, 4]
    """
    key = key_of(seed, ORDER, number & 0xFFFFFFFF, number >> 32)
    bits: Ints = squares_of(np.arange(players, dtype=np.int64), key)
    return np.argsort(bits, kind="stable").astype(np.int64)


def _half_width(variance: Floats, draws: int, span: float, chance: float) -> Floats:
    """Return the smaller of two bounds on the error of a mean; each fails with at most half of this chance."""
    hoeffding = span * math.sqrt(math.log(4.0 / chance) / (2.0 * draws))
    log = math.log(8.0 / chance)
    bernstein = np.sqrt(2.0 * variance * log / draws) + 7.0 * span * log / (3.0 * (draws - 1))
    return np.minimum(hoeffding, bernstein)


def _check(orders: int, step: int, seed: int, confidence: float) -> None:
    if orders < 2 * step or orders % step:
        kind = "even, and at least 4" if step == 2 else "at least 2"
        raise ValueError(f"orders: must be {kind}, is {orders}")
    checked_seed(seed)
    require_in("confidence", confidence, "(0, 1)")


def _check_bounds(added: Floats, low: float, high: float, names: Sequence[Hashable], guessed: bool) -> None:
    slack = 1e-9 * max(abs(low), abs(high))
    wrong = ~((added >= low - slack) & (added <= high + slack))
    if wrong.any():
        row = int(np.argmax(wrong))
        hint = "; where players can do harm, give bounds=(least, most)" if guessed else ""
        added_by = f"{names[row % len(names)]!r} adds {float(added.flat[row])!r}"
        raise ValueError(f"bounds: {added_by}, which is not within {low!r} and {high!r}{hint}")


def _added(ask: Callable[[NDArray[np.bool_]], Floats], order: Ints, nothing: float) -> Floats:
    """Return the marginal contribution of each player in one order."""
    n = len(order)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    payoff = ask(place <= np.arange(n)[:, None])
    added = np.empty(n)
    added[order] = np.diff(payoff, prepend=nothing)
    return added


def _rows_of(
    value: Value | ValueOfRows, names: Sequence[Hashable], by_rows: bool
) -> Callable[[NDArray[np.bool_]], Floats]:
    """Return a function from coalitions, given as rows of bools, to their payoffs."""
    if not callable(value):
        of_masks = lookup(value, names)
        return lambda rows: of_masks(rows @ (1 << np.arange(len(names), dtype=np.int64)))
    given: Callable[..., Any] = value

    def ask(rows: NDArray[np.bool_]) -> Floats:
        if by_rows:
            payoff = np.asarray(given(rows), np.float64)
            if payoff.shape != (len(rows),):
                raise ValueError(f"value: must give {len(rows)} numbers, one a row, gives shape {payoff.shape}")
        else:
            those = (frozenset(names[k] for k in np.flatnonzero(row).tolist()) for row in rows)
            payoff = np.array([float(given(some)) for some in those])
        check_finite(payoff)
        return payoff

    return ask
