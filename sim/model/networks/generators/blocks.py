"""Networks in which every pair of two groups is tied with the same chance: Erdős-Rényi, stochastic blocks.

Persons are divided into strips, and the pairs of two strips are a tile: a list of places, row by row, in which tied
pairs are found by skipping over the others (Batagelj and Brandes 2005), with a random stream for each tile. The ties of
a strip's persons are those of its tiles, so that threads make strips side by side, each in memory of its own, and the
work is proportional to the ties. All strips are walked twice: to count the ties of each person, then to write them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.model.networks.csr import Rows, add_up
from sim.model.randomness import NETWORK, key_of, log, uniform_of
from sim.model.rules import log_of_one_minus
from sim.tape.tables import Ints

STRIP = 32_768  # most persons of a strip; their ties fit in a cache
CHUNK = 8_192  # places that are found at a time
FAR = 2.0**62
DRAWS = 256  # uniform numbers drawn at a time
GAPS = 512  # columns of the table by which small networks are made


def strips_of(bounds: Any) -> tuple[Ints, Ints]:
    """Return where strips begin, with the end, and the group of each, from where groups begin, with the end."""
    count = 0
    for g in range(len(bounds) - 1):
        count += (int(bounds[g + 1]) - int(bounds[g]) + STRIP - 1) // STRIP
    begin = np.zeros(count + 1, np.int64)
    group = np.zeros(count, np.int64)
    strip = 0
    for g in range(len(bounds) - 1):
        for start in range(int(bounds[g]), int(bounds[g + 1]), STRIP):
            begin[strip] = start
            group[strip] = g
            strip += 1
    begin[count] = bounds[len(bounds) - 1]
    return begin, group


def rates_of(chances: Any) -> Any:
    """Return -log(1 - chance) for each chance: nearly the inverse of the mean distance between tied places."""
    rates = np.zeros(chances.shape)
    for g in range(chances.shape[0]):
        for h in range(chances.shape[1]):
            rates[g, h] = -log_of_one_minus(chances[g, h]) if chances[g, h] < 1.0 else math.inf
    return rates


def find_places(key: int, drawn: int, place: int, end: int, rate: float, places: Any) -> int:
    """Write tied places after `place` into `places`, until one is at or beyond `end` or room ends; return how many."""
    count = 0
    while count < len(places) and place < end:
        place += 1 + int(min(-log(1.0 - uniform_of(key, 0, drawn + count)) / rate, FAR))
        places[count] = place
        count += 1
    return count


def tie_rows(places: Any, end: int, width: int, own: int, cursor: Any, first: int, target: Any) -> None:
    """Tie the rows of a tile to its columns: place is row * width + column; `own` is 0 if row 0 is in column 0.

    `own` is -1 for a tile of two strips. Ties are written if `target` has room, and counted otherwise, here and below.
    """
    fill = len(target) > 0
    for m in range(len(places)):
        place = int(places[m])
        if place >= end:
            break
        row = place // width
        column = place - row * width
        if own == 0 and column >= row:
            column += 1
        if fill:
            target[cursor[row]] = first + column
        cursor[row] += 1


def tie_columns(places: Any, end: int, width: int, cursor: Any, first: int, target: Any) -> None:
    """Tie the columns of a tile to its rows."""
    fill = len(target) > 0
    for m in range(len(places)):
        place = int(places[m])
        if place >= end:
            break
        row = place // width
        column = place - row * width
        if fill:
            target[cursor[column]] = first + row
        cursor[column] += 1


def tie_triangle(
    places: Any, end: int, size: int, row: int, row_end: int, cursor: Any, first: int, target: Any
) -> tuple[int, int]:
    """Tie both ends of each pair row < column of one strip to each other; return how far the walk over rows came."""
    fill = len(target) > 0
    for m in range(len(places)):
        place = int(places[m])
        if place >= end:
            break
        while place >= row_end:
            row += 1
            row_end += size - 1 - row
        column = size - (row_end - place)
        if fill:
            target[cursor[row]] = first + column
            target[cursor[column]] = first + row
        cursor[row] += 1
        cursor[column] += 1
    return row, row_end


def tie_tile(
    a: int, b: int, strip: int, begin: Any, rate: float, both_ways: bool, seed: int, cursor: Any, target: Any,
    places: Any,
) -> None:  # fmt: skip
    """Give the persons of a strip their ties in the tile of strips a and b."""
    height, width = int(begin[a + 1] - begin[a]), int(begin[b + 1] - begin[b])
    alone = a == b
    end = height * (height - 1) if alone else height * width
    if alone and both_ways:
        end //= 2
    key = key_of(seed, NETWORK, a, b)
    row, row_end = 0, height - 1
    drawn, place = 0, -1
    while place < end and end > 0:
        count = find_places(key, drawn, place, end, rate, places)
        drawn += count
        place = int(places[count - 1])
        found = places[:count]
        if alone and both_ways:
            row, row_end = tie_triangle(found, end, height, row, row_end, cursor, int(begin[a]), target)
        elif alone:
            tie_rows(found, end, width - 1, 0, cursor, int(begin[b]), target)
        elif strip == a:
            tie_rows(found, end, width, -1, cursor, int(begin[b]), target)
        else:
            tie_columns(found, end, width, cursor, int(begin[a]), target)


def tie_strips(
    first: int, last: int, begin: Any, group: Any, rates: Any, both_ways: bool, seed: int, indptr: Any, target: Any
) -> None:
    """Count the ties of the persons in strips first <= strip < last, each in the place after its own in `indptr`.

    If `target` has room, the counts have become starts, and the ties are written.
    """
    places = np.empty(CHUNK, np.int64)
    for strip in range(first, last):
        low, high = int(begin[strip]), int(begin[strip + 1])
        cursor = indptr[low:high].copy() if len(target) > 0 else indptr[low + 1 : high + 1]
        for other in range(len(group)):
            a, b = strip, other
            if both_ways and other < strip:
                a, b = other, strip
            rate = float(rates[group[a], group[b]])
            if rate > 0.0:
                tie_tile(a, b, strip, begin, rate, both_ways, seed, cursor, target, places)


def blocks(bounds: Any, chances: Any, both_ways: bool, seed: int) -> Rows:
    """Return a network of groups that begin at `bounds` (the end last), with a chance for each pair of groups."""
    n = int(bounds[len(bounds) - 1])
    begin, group = strips_of(bounds)
    rates = rates_of(chances)
    indptr = np.zeros(n + 1, np.int64)
    target = np.empty(0, np.int32)
    if len(group) == 1 and both_ways and rates[0, 0] > 0.0:
        return one_strip(n, float(chances[0, 0]), float(rates[0, 0]), seed)
    tie_strips(0, len(group), begin, group, rates, both_ways, seed, indptr, target)
    target = np.empty(add_up(indptr), np.int32)
    if len(target) > 0:
        tie_strips(0, len(group), begin, group, rates, both_ways, seed, indptr, target)
    return indptr, target


def one_strip(n: int, chance: float, rate: float, seed: int) -> Rows:
    """Return the same for one strip tied both ways, finding its places only once; small networks are made this way."""
    end = n * (n - 1) // 2
    mean = end * min(1.0, chance)
    places = np.empty(int(mean + 6.0 * math.sqrt(mean)) + 16, np.int64)
    key = key_of(seed, NETWORK, 0, 0)
    cut, either = np.empty(0), np.empty(0, np.int64)
    if mean > 4 * GAPS and GAPS * chance > 1.0:
        cut, either = table_of_gaps(chance)
    count = find_all(key, end, rate, cut, either, places)
    while count > 0 and places[count - 1] < end:
        places = np.empty(2 * len(places), np.int64)
        count = find_all(key, end, rate, cut, either, places)
    found = places[:count]
    indptr = np.zeros(n + 1, np.int64)
    target = np.empty(0, np.int32)
    tie_triangle(found, end, n, 0, n - 1, indptr[1:], 0, target)
    target = np.empty(add_up(indptr), np.int32)
    if len(target) > 0:
        tie_triangle(found, end, n, 0, n - 1, indptr[:-1].copy(), 0, target)
    return indptr, target


def find_all(key: int, end: int, rate: float, cut: Any, either: Any, places: Any) -> int:
    """Write all tied places, and one beyond the end, into `places`, or as many as fit; return how many."""
    if len(cut) == 0:
        return find_places(key, 0, -1, end, rate, places)
    draws = np.empty(DRAWS)
    count, place, drawn = 0, -1, 0
    while count < len(places) and place < end:
        gap = GAPS - 1
        place += 1
        while gap == GAPS - 1:
            if drawn % DRAWS == 0:  # several at a time, which processors draw side by side
                for m in range(DRAWS):
                    draws[m] = uniform_of(key, 0, drawn + m)
            x = draws[drawn % DRAWS] * GAPS
            drawn += 1
            column = int(x)
            above = int(x - column >= cut[column])
            gap = int(either[2 * column + above])  # no branch, which no processor could predict
            place += gap
        places[count] = place
        count += 1
    return count


def table_of_gaps(chance: float) -> tuple[Any, Any]:
    """Return an alias table of gaps between ties; the last gap stands for itself or longer (Walker 1977, Vose 1991).

    Column k of the table stands for either[2 * k], which is k, below its cut and for either[2 * k + 1] above. A draw
    from the table is several times as fast as a logarithm.
    """
    cut, either = np.ones(GAPS), np.arange(2 * GAPS) // 2
    few, many = np.empty(GAPS, np.int64), np.empty(GAPS, np.int64)
    fews, manys, left = 0, 0, 1.0
    for k in range(GAPS):
        cut[k] = GAPS * left * (chance if k < GAPS - 1 else 1.0)
        left *= 1.0 - chance
        if cut[k] < 1.0:
            few[fews] = k
            fews += 1
        else:
            many[manys] = k
            manys += 1
    while fews > 0 and manys > 0:
        fews -= 1
        poor, rich = few[fews], many[manys - 1]
        either[2 * poor + 1] = rich
        cut[rich] -= 1.0 - cut[poor]
        if cut[rich] < 1.0:
            manys -= 1
            few[fews] = rich
            fews += 1
    cut[few[:fews]] = 1.0
    cut[many[:manys]] = 1.0
    return cut, either


def erdos_renyi(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return a network in which every pair is tied with the same chance, with law[0] ties a person on average."""
    bounds, chances = one_group(n, law)
    return blocks(bounds, chances, both_ways, seed)


def one_group(n: int, law: Any) -> tuple[Any, Any]:
    """Return Erdős-Rényi as stochastic blocks of one group: where groups begin, and the chances."""
    bounds = np.zeros(2, np.int64)
    bounds[1] = n
    chances = np.zeros((1, 1))
    if n > 1:
        chances[0, 0] = law[0] / (n - 1)
    return bounds, chances


def stochastic_block(n: int, law: Any, both_ways: bool, seed: int) -> Rows:
    """Return a network in which the chance of a tie depends on the groups of the two persons."""
    bounds, chances = groups_of(n, law)
    return blocks(bounds, chances, both_ways, seed)


def groups_of(n: int, law: Any) -> tuple[Any, Any]:
    """Return where groups begin, with the end, int64 of shape (groups + 1,), and the chances between groups."""
    count = int(law[0])
    bounds = np.zeros(count + 1, np.int64)
    for g in range(count):
        bounds[g + 1] = bounds[g] + int(law[1 + g])
    chances = np.empty((count, count))
    for g in range(count):
        for h in range(count):
            chances[g, h] = law[1 + count + g * count + h]
    return bounds, chances
