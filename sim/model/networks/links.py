"""Ties given one by one, by group or by file, in the order in which they count, and how they become rows of ties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.networks.csr import order_of_pairs
from sim.scenario.groups import find
from sim.tape.tables import Floats, Ints

SORTED_BY_NUMPY = 2_000_000  # up to here sorting by numpy is faster than waiting for the compiler


class Links(NamedTuple):
    """Directed ties as columns of shape (links,); where the same tie is given twice, the later one counts."""

    source: NDArray[Any]
    target: NDArray[Any]
    weight: Floats
    start: Ints
    end: Ints

    def part(self, rows: Any) -> Links:
        """Return the links at some rows: a mask or an index."""
        return Links(*(taken(column, rows) for column in self))

    def both_ways(self) -> Links:
        """Return these links, then the same the other way round."""
        return joined([self, self._replace(source=self.target, target=self.source)])

    def cut(self, sources: range, targets: range, step: int) -> Links:
        """Return the links with an end at a step for those from sources to targets that have begun by then."""
        hit = within(self.source, sources) & within(self.target, targets) & (self.start <= step)
        return self._replace(end=np.where(hit, np.minimum(self.end, step), self.end)) if hit.any() else self


def alike(value: float, count: int, kind: type[Any]) -> NDArray[Any]:
    """Return a read-only column of one value that takes no memory."""
    return np.broadcast_to(np.array(value, kind), (count,))


def is_alike(column: NDArray[Any]) -> bool:
    """Return whether a column is one value that takes no memory."""
    return column.strides == (0,)


def taken(column: NDArray[Any], rows: Any) -> NDArray[Any]:
    """Return some rows of a column; a column of one value stays one."""
    if not is_alike(column) or not len(column):
        found: NDArray[Any] = column[rows]
        return found
    count = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
    return alike(column[0], count, column.dtype.type)


def joined(parts: Sequence[Links]) -> Links:
    """Join several one after the other; a column of one value throughout stays so."""
    columns = []
    for pieces in zip(*parts, strict=True):
        filled = [piece for piece in pieces if len(piece)]
        same = bool(filled) and all(is_alike(piece) and piece[0] == filled[0][0] for piece in filled)
        count = sum(len(piece) for piece in filled)
        columns.append(alike(filled[0][0], count, pieces[0].dtype.type) if same else np.concatenate(pieces))
    return Links(*columns)


def within(column: NDArray[Any], rows: range) -> NDArray[np.bool_]:
    """Return which numbers lie in a range."""
    return (column >= rows.start) & (column < rows.stop)


def between(sources: range, targets: range, pairing: str, weight: float, start: int, end: int) -> Links:
    """Tie two groups: everyone with everyone ('all'), or the first with the first and so on ('each')."""
    a, b = np.arange(sources.start, sources.stop), np.arange(targets.start, targets.stop)
    if pairing == "all":
        source, target = np.repeat(a, len(b)), np.tile(b, len(a))
    else:
        row = np.arange(max(len(a), len(b)) if len(a) and len(b) else 0)
        source, target = (a[row % len(a)], b[row % len(b)]) if len(row) else (row, row)
    count = len(source)
    return Links(
        source, target, alike(weight, count, np.float64), alike(start, count, np.int64), alike(end, count, np.int64)
    )


def settled(links: Links, n: int) -> Links:
    """Return the links that count, of those given in this order, by source, target and start, with no overlaps."""
    there = (links.source != links.target) & (links.start < links.end)
    links = links if there.all() else links.part(there)
    links = links.part(_order(links, n))
    first, size = _pairs(links)
    if len(size) == len(links.source):
        return links
    last = np.repeat(first + size - 1, size)
    kept = (links.start < links.start[last]) | (links.end > links.end[last])  # the last of a pair covers all others
    kept[first + size - 1] = True
    links = links.part(kept)
    first, size = _pairs(links)
    if len(size) == len(links.source):
        return links
    in_time = links.part(np.lexsort((links.start, np.repeat(np.arange(len(size)), size))))
    overlaps = np.zeros(len(in_time.source), np.bool_)
    overlaps[1:] = in_time.end[:-1] > in_time.start[1:]
    overlaps[first] = False
    unclear = np.repeat(np.logical_or.reduceat(overlaps, first), size)
    if not unclear.any():
        return in_time
    links = joined([in_time.part(~unclear), _split(links.part(unclear))])
    return links.part(np.lexsort((links.start, links.target, links.source)))


def _order(links: Links, n: int) -> NDArray[np.int64]:
    if len(links.source) <= SORTED_BY_NUMPY:
        return np.lexsort((links.target, links.source))
    from sim.machine.loops import compiled

    order: NDArray[np.int64] = compiled(order_of_pairs)(n, links.source, links.target)
    return order


def _pairs(links: Links) -> tuple[Ints, Ints]:
    """Return the first row and the number of rows of each pair among sorted links."""
    differs = np.ones(len(links.source), np.bool_)
    differs[1:] = (links.source[1:] != links.source[:-1]) | (links.target[1:] != links.target[:-1])
    first = np.flatnonzero(differs)
    return first, np.diff(first, append=len(differs))


def _split(links: Links) -> Links:
    """Cut up overlapping windows of the same ties, so that at each time the one that was given last is there."""
    windows: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    for i, j, w, a, b in zip(*(column.tolist() for column in links), strict=True):
        windows[i, j] = [*_outside(windows.get((i, j), ()), a, b), (a, b, w)]
    rows = [(i, j, w, a, b) for (i, j), found in windows.items() for a, b, w in found]
    return Links(*(np.array(column, old.dtype) for column, old in zip(zip(*rows, strict=True), links, strict=True)))


def _outside(windows: Sequence[tuple[int, int, float]], start: int, end: int) -> Iterator[tuple[int, int, float]]:
    """Yield the parts of windows that lie outside another one, which replaces them inside."""
    for a, b, w in windows:
        if a < min(b, start):
            yield a, min(b, start), w
        if max(a, end) < b:
            yield max(a, end), b, w


def rows_named(people: dict[str, range], name: str) -> range:
    """Return the persons of a name, or nobody if there are none."""
    return find(people, name) or range(0)


def linked(people: dict[str, range], entry: Any, pairing: str, weight: float, start: int, end: int) -> Links:
    """Return the ties of one entry of a scenario: a named tie, or an intervention that adds one."""
    links = between(rows_named(people, entry.source), rows_named(people, entry.target), pairing, weight, start, end)
    return links.both_ways() if entry.both_ways else links


def pairs(left: Sequence[int], right: Sequence[int], pairing: str) -> Iterator[tuple[int, int]]:
    """Pair everyone with everyone ('all'), or the first with the first and so on ('each'; the shorter side repeats)."""
    if pairing == "all":
        return ((i, j) for i in left for j in right)
    count = max(len(left), len(right)) if left and right else 0
    return ((left[m % len(left)], right[m % len(right)]) for m in range(count))
