"""Ties in compressed rows: counting, sorting, reversing. Plain loops over arrays, to be compiled for large networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.tape.tables import Ints

Rows = tuple[Ints, NDArray[np.int32]]  # indptr, shape (n + 1,), and target, shape (ties,), sorted within each row
SHORT = 24  # rows up to this long are sorted by insertion


def begins_of(n: int, person: Any) -> Ints:
    """Return where the ties of each of n persons begin when sorted by person, and the number of all; shape (n + 1,)."""
    begin = np.zeros(n + 1, np.int64)
    for e in range(len(person)):
        begin[int(person[e]) + 1] += 1
    add_up(begin)
    return begin


def add_up(counts: Any) -> int:
    """Turn counts into running sums, in place, and return the last of them."""
    total = 0
    for i in range(len(counts)):
        total += int(counts[i])
        counts[i] = total
    return total


def shift_back(indptr: Any) -> None:
    """Restore `indptr` after it was itself the cursor in filling the rows, which left each start at its row's end."""
    for i in range(len(indptr) - 1, 0, -1):
        indptr[i] = indptr[i - 1]
    indptr[0] = 0


def mirrored(n: int, begin: Any, half: Any) -> Rows:
    """Return rows both ways from ties one way: person i is tied to half[begin[i]:begin[i + 1]], no tie twice."""
    indptr = begins_of(n, half)
    for i in range(n + 1):
        indptr[i] += begin[i]
    target = np.empty(indptr[n], np.int32)
    for i in range(n):
        for e in range(begin[i], begin[i + 1]):
            j = int(half[e])
            target[indptr[i]] = j
            target[indptr[j]] = i
            indptr[i] += 1
            indptr[j] += 1
    shift_back(indptr)
    sort_rows(indptr, target)
    return indptr, target


def turned(n: int, indptr: Any, target: Any) -> Rows:
    """Return the same ties by the person they lead to."""
    back, source = begins_of(n, target), np.empty(len(target), np.int32)
    for i in range(n):
        for e in range(indptr[i], indptr[i + 1]):
            j = int(target[e])
            source[back[j]] = i
            back[j] += 1
    shift_back(back)
    return back, source


def rows_of_pairs(n: int, source: Any, target: Any) -> Rows:
    """Return the rows of pairs in any order, without repeats and without pairs of a person with themselves."""
    indptr, sorted_target = begins_of(n, source), np.empty(len(source), np.int32)
    for e in range(len(source)):
        i = int(source[e])
        sorted_target[indptr[i]] = target[e]
        indptr[i] += 1
    shift_back(indptr)
    sort_rows(indptr, sorted_target)
    return indptr, sorted_target[: without_repeats(indptr, sorted_target)]


def order_of_turned(n: int, target: Any) -> Ints:
    """Return the order that sorts ties by target and keeps the sequence of ties with the same target."""
    cursor, order = begins_of(n, target), np.empty(len(target), np.int64)
    for e in range(len(target)):
        j = int(target[e])
        order[cursor[j]] = e
        cursor[j] += 1
    return order


def order_of_pairs(n: int, source: Any, target: Any) -> Ints:
    """Return the order that sorts ties by source and target and keeps the sequence of ties of the same pair."""
    by_target = order_of_turned(n, target)
    cursor, order = begins_of(n, source), np.empty(len(source), np.int64)
    for m in range(len(source)):
        i = int(source[by_target[m]])
        order[cursor[i]] = by_target[m]
        cursor[i] += 1
    return order


def sort_rows(indptr: Any, target: Any) -> None:
    """Put the targets of each row in ascending order."""
    for i in range(len(indptr) - 1):
        sort_part(target, int(indptr[i]), int(indptr[i + 1]))


def sort_part(a: Any, low: int, high: int) -> None:
    """Put a[low:high] in ascending order."""
    rising = True
    for m in range(low + 1, high):
        if a[m] < a[m - 1]:
            rising = False
            break
    if rising:
        return
    if high - low > SHORT:
        for top in range(low + (high - low) // 2 - 1, low - 1, -1):
            sink(a, low, top, high)
        for end in range(high - 1, low, -1):
            a[low], a[end] = a[end], a[low]
            sink(a, low, low, end)
        return
    for m in range(low + 1, high):
        x = a[m]
        k = m
        while k > low and a[k - 1] > x:
            a[k] = a[k - 1]
            k -= 1
        a[k] = x


def sink(a: Any, low: int, top: int, high: int) -> None:
    """Have a[top] sink in the heap a[low:high] until nothing below it is larger."""
    x = a[top]
    while True:
        below = low + 2 * (top - low) + 1
        if below >= high:
            break
        if below + 1 < high and a[below + 1] > a[below]:
            below += 1
        if a[below] <= x:
            break
        a[top] = a[below]
        top = below
    a[top] = x


def without_repeats(indptr: Any, target: Any) -> int:
    """Drop repeated targets and ties of persons to themselves from sorted rows, in place; return how many are left."""
    kept = 0
    begin = 0
    for i in range(len(indptr) - 1):
        end = int(indptr[i + 1])
        last = -1
        for e in range(begin, end):
            j = int(target[e])
            if j not in (last, i):
                target[kept] = j
                kept += 1
                last = j
        begin = end
        indptr[i + 1] = kept
    return kept
