"""The order of rows by several columns at once, for a hundred million of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.tape.tables import Ints

ROOM = 2**62


def order_of(*columns: NDArray[Any]) -> Ints | None:
    """Return the order of rows by the columns, the first column first, or None if they are in order already.

    Whole numbers are packed into one key as far as they fit, and the other columns are compared only for rows of equal
    keys: a few bytes a row, and one sort. Rows that are equal in all columns may be in any order.
    """
    if not columns or not len(columns[0]):
        return None
    key, rest = _packed(columns)
    rising = bool((key[1:] >= key[:-1]).all())
    if rising and not rest:
        return None
    order = np.arange(len(key)) if rising else np.argsort(key)
    if rest:
        key = key[order]
        same = key[1:] == key[:-1]
        if same.any():
            tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
            run = np.cumsum(np.append(True, ~same))[tied]
            among = order[tied]
            order[tied] = among[np.lexsort((*(column[among] for column in reversed(rest)), run))]
    return order


def _packed(columns: Sequence[NDArray[Any]]) -> tuple[Ints, list[NDArray[Any]]]:
    """Return one key made of as many of the first columns as fit into it, and the other columns."""
    key, room, rest = np.zeros(len(columns[0]), np.int64), ROOM, list(columns)
    while rest and rest[0].dtype.kind == "i":
        column = rest[0]
        low, high = int(column.min()), int(column.max())
        if high - low >= room:
            break
        key *= high - low + 1
        key += column
        key -= low
        room //= high - low + 1
        rest.pop(0)
    return key, rest


def in_order(order: Ints | None, column: NDArray[Any]) -> NDArray[Any]:
    """Return a column in an order that `order_of` gives."""
    return column if order is None or not len(column) else column[order]


def once(columns: list[NDArray[Any]]) -> int:
    """Sort rows by their columns, in place, keeping each once; return how many were repeats. Ignore empty columns."""
    order = order_of(*(column for column in columns if len(column)))
    for at, column in enumerate(columns):
        columns[at] = in_order(order, column)
    del order
    again = np.ones(max(0, len(columns[0]) - 1), np.bool_)
    for column in columns:
        if len(column):
            again &= column[1:] == column[:-1]
    if found := int(again.sum()):
        first = np.append(True, ~again)
        for at, column in enumerate(columns):
            columns[at] = column[first] if len(column) else column
    return found


def runs_from(start: Ints, each: Ints) -> Ints:
    """Return a given number of numbers from each start on: 3, 4, 7 for the starts 3, 7 and the numbers 2, 1."""
    return np.asarray(np.arange(int(each.sum())) + np.repeat(start - (np.cumsum(each) - each), each))
