"""Ties as columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.machine.loops import compiled
from sim.model.networks.csr import order_of_turned, turned
from sim.model.networks.generators import make
from sim.model.networks.links import is_alike
from sim.model.rules import NEVER
from sim.tape.tables import Floats, Ints


@dataclass(frozen=True, eq=False)
class Ties:
    """Directed ties in compressed rows, sorted by source, target and start.

    A column with one value throughout is a read-only view of that value and takes no memory.
    """

    indptr: Ints  # int64, shape (n + 1,): the ties of person i are rows indptr[i] to indptr[i + 1]
    target: NDArray[np.int32]  # int32, shape (ties,): who can be told
    weight: Floats  # float64 in (0, 1]
    start: Ints  # int64; the tie is there in the steps start <= step < end
    end: Ints
    # whether each tie is known to lead both ways with the same values, so that the ties are their own reverse
    mutual: bool = False

    @property
    def lasting(self) -> bool:
        """Whether all ties are there in all steps."""
        if not len(self.target):
            return True
        start = self.start[0] if is_alike(self.start) else self.start.max()
        return bool(start == 0 and (self.end[0] if is_alike(self.end) else self.end.min()) == NEVER)


def no_ties(n: int) -> Ties:
    """Return the ties of n persons who have none."""
    none = np.zeros(0, np.int64)
    return Ties(np.zeros(n + 1, np.int64), none.astype(np.int32), none.astype(np.float64), none, none)


class Neighbours:
    """The ties of single persons in the current step, as lists, for engines that ask person by person."""

    def __init__(self, ties: Ties) -> None:
        self.ties = ties
        self.fixed = ties.lasting
        self.now = 0
        self.told: dict[int, list[tuple[int, float]]] = {}
        self.tellers: dict[int, list[tuple[int, float]]] = {}

    def turn_to(self, now: int) -> None:
        """Turn to another step."""
        self.now = now
        if not self.fixed:
            self.told.clear()
            self.tellers.clear()

    def told_by(self, person: int) -> list[tuple[int, float]]:
        """Return the persons whom a person can tell, by number, with the weights of the ties."""
        return self.told.get(person) or self.told.setdefault(person, self._list(person, self.ties))

    def tellers_of(self, person: int) -> list[tuple[int, float]]:
        """Return the persons who can tell a person, by number, with the weights of the ties."""
        return self.tellers.get(person) or self.tellers.setdefault(person, self._list(person, self.reversed))

    @cached_property
    def reversed(self) -> Ties:
        """The ties by the person they lead to."""
        return reversed_ties(self.ties)

    def _list(self, person: int, ties: Ties) -> list[tuple[int, float]]:
        rows = slice(int(ties.indptr[person]), int(ties.indptr[person + 1]))
        target, weight = ties.target[rows], ties.weight[rows]
        if not self.fixed:
            there = (ties.start[rows] <= self.now) & (self.now < ties.end[rows])
            target, weight = target[there], weight[there]
        return list(zip(target.tolist(), weight.tolist(), strict=True))


def reversed_ties(ties: Ties) -> Ties:
    """Return the same ties by the person they lead to: row j has the persons who can tell j."""
    if ties.mutual:
        return ties
    n = len(ties.indptr) - 1
    columns: list[Any] = [ties.weight, ties.start, ties.end]
    if len(ties.target) <= make.WORTH_COMPILING:
        order = np.argsort(ties.target, kind="stable")
        source = np.repeat(np.arange(n, dtype=np.int32), np.diff(ties.indptr))[order]
        indptr = np.searchsorted(ties.target[order], np.arange(n + 1)).astype(np.int64)
    else:
        indptr, source = compiled(turned)(n, ties.indptr, ties.target)
        order = np.empty(0, np.int64)
        if not all(is_alike(column) for column in columns):
            order = compiled(order_of_turned)(n, ties.target)
    weight, start, end = (column if is_alike(column) else column[order] for column in columns)
    return Ties(indptr, source, weight, start, end)
