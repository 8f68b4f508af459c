"""A generated network merged with other ties: only the ties that are touched are looked at one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.model.networks.csr import rows_of_pairs
from sim.model.networks.links import Links, alike, is_alike, joined, settled, within
from sim.model.networks.ties import Ties
from sim.model.rules import NEVER
from sim.tape.tables import Ints

WORTH_COMPILING = 200_000  # ties


@dataclass
class Network:
    """A generated network that is there from the first step on, and the steps in which its ties are cut."""

    indptr: Ints  # its rows, without repeats
    target: NDArray[np.int32]
    weight: float  # of every tie
    mutual: bool  # whether each tie is there both ways
    cuts: list[tuple[Ints, int]] = field(default_factory=list)  # rows that are cut, and the step, for each cut

    def cut(self, sources: range, targets: range, step: int) -> None:
        """End the ties from sources to targets at a step; steps must not decrease from one call to the next."""
        low, high = int(self.indptr[sources.start]), int(self.indptr[sources.stop])
        rows = low + np.flatnonzero(within(self.target[low:high], targets))
        if len(rows):
            self.cuts.append((rows, step))

    def ends(self) -> tuple[Ints, Ints]:
        """Return the rows that are cut, ascending, and when."""
        rows = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in self.cuts)])
        steps = np.repeat([step for _, step in self.cuts], [len(rows) for rows, _ in self.cuts]).astype(np.int64)
        rows, first = np.unique(rows, return_index=True)  # of several cuts, the first ends the tie
        return rows, steps[first]

    def source(self, rows: Ints) -> Ints:
        """Return the person whose tie each row is."""
        return np.searchsorted(self.indptr, rows, side="right") - 1

    def place(self, source: NDArray[np.int64], target: NDArray[np.int64]) -> Ints:
        """Return the row at which each pair is, or before which it belongs."""
        low, high = self.indptr[source], self.indptr[source + 1]
        for _ in range(int((high - low).max(initial=0)).bit_length()):
            middle = np.minimum((low + high) // 2, max(len(self.target) - 1, 0))
            right = (low < high) & (self.target[middle] < target)
            low, high = np.where(right, middle + 1, low), np.where(right, high, np.minimum(middle, high))
        return low


def merged(network: Network, links: Links) -> Ties:
    """Return the ties of a network and of links that were given after it."""
    n = len(network.indptr) - 1
    # Links that are never there must not replace ties that are.
    links = links.part((links.source != links.target) & (links.start < links.end))
    rows, steps = network.ends()
    place = network.place(links.source.astype(np.int64), links.target.astype(np.int64))
    there = place < network.indptr[links.source.astype(np.int64) + 1]
    there[there] = network.target[place[there]] == links.target[there]
    gone = np.unique(place[there])
    if len(gone):
        end = np.full(len(gone), NEVER)
        at = np.minimum(np.searchsorted(rows, gone), max(len(rows) - 1, 0))
        if len(rows):
            end = np.where(rows[at] == gone, steps[at], NEVER)
        columns = alike(network.weight, len(gone), np.float64), alike(0, len(gone), np.int64), end
        links = joined([Links(network.source(gone), network.target[gone].astype(np.int64), *columns), links])
    links = settled(links, n)
    return _with(network, gone, links, rows, steps)


def _with(network: Network, gone: Ints, links: Links, rows: Ints, steps: Ints) -> Ties:
    """Return the ties of a network without the rows that are gone, with the links in between, and with its cuts."""
    n, old = len(network.indptr) - 1, len(network.target)
    count = old - len(gone) + len(links.source)
    source = links.source.astype(np.int64)
    if not len(gone) and not len(source):
        indptr, target, new = network.indptr, network.target, np.empty(0, np.int64)
    else:
        place = network.place(source, links.target.astype(np.int64))
        new = place - np.searchsorted(gone, place) + np.arange(len(source))
        change = np.bincount(source, minlength=n)
        change -= np.bincount(network.source(gone), minlength=n)
        indptr = network.indptr.copy()
        indptr[1:] += np.cumsum(change)
        target = _spread(network.target, gone, links.target, new, count)
    if len(rows):
        end = np.full(old, NEVER)
        end[rows] = steps
        end = _spread(end, gone, links.end, new, count)
    else:
        end = _column(NEVER, links.end, new, count)
    return Ties(
        indptr=indptr, target=target, weight=_column(network.weight, links.weight, new, count),
        start=_column(0, links.start, new, count), end=end,
        mutual=network.mutual and not len(rows) and not len(gone) and not len(source),
    )  # fmt: skip


def _spread(old: NDArray[Any], gone: Ints, added: NDArray[Any], new: Ints, count: int) -> NDArray[Any]:
    """Return a column without the rows that are gone, and with the added entries at their new rows."""
    column = np.empty(count, old.dtype)
    kept = np.ones(count, np.bool_)
    kept[new] = False
    column[kept] = np.delete(old, gone) if len(gone) else old
    column[new] = added
    return column


def _column(value: float, added: NDArray[Any], new: Ints, count: int) -> NDArray[Any]:
    """Return a column of one value, except for the added entries at their new rows."""
    if bool((added == value).all()):
        return alike(value, count, added.dtype.type)
    if len(added) == count and is_alike(added):
        return added
    column = np.full(count, value, added.dtype)
    column[new] = added
    return column


def rows_of(links: Links, n: int) -> Ties:
    """Return the ties of links that were given in this order."""
    lasting = all(is_alike(column) for column in links[2:]) and len(links.source) and links.start[0] < links.end[0]
    if lasting and len(links.source) > WORTH_COMPILING:  # they differ only in whom they tie
        from sim.machine.loops import compiled

        indptr, target = compiled(rows_of_pairs)(n, links.source, links.target)
        weight, start, end = (alike(column[0], len(target), column.dtype.type) for column in links[2:])
        return Ties(indptr, target, weight, start, end)
    links = settled(links, n)
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(links.source, minlength=n), out=indptr[1:])
    weight, start, end = _slim(links.weight), _slim(links.start), _slim(links.end)
    return Ties(indptr, links.target.astype(np.int32), weight, start, end)


def _slim(column: NDArray[Any]) -> NDArray[Any]:
    """Return a column, as a view of one value if all its values are equal."""
    if not len(column) or is_alike(column) or not bool((column == column[0]).all()):
        return column
    return alike(column[0], len(column), column.dtype.type)
