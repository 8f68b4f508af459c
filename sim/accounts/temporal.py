"""Temporal PageRank: who is reached by walks along interactions in their order, updated as interactions arrive.

Rozenshtein and Gionis 2016. Each node has a rank r and a mass s of walks that wait at it. An
interaction from u to v begins a walk at u, and takes the fraction `go` of the walks that wait there on to v, where
each survives with probability alpha:

    r_u += 1 - alpha    s_u += 1 - alpha    r_v += alpha go s_u    s_v += alpha go s_u    s_u *= stay

with stay = beta and go = 1 - beta for beta below 1, and stay = 0 and go = 1 for beta = 1. The paper's r_v lacks the
factor go, which makes it too large by 1 / (1 - beta). If u is v, the walks that go are subtracted before they arrive.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sim.accounts.dag_loops import Whole
from sim.accounts.distributions import whole
from sim.accounts.table import CreditTable, make_table
from sim.errors import require_in
from sim.machine.loops import for_size
from sim.tape.tables import Floats
from sim.tape.tape import Tape

STATE = ("rank", "waiting", "time", "alpha", "beta")


class TemporalPageRank:
    """Temporal PageRank of a stream of interactions, fed one by one or in blocks.

    Args:
        alpha: chance to walk on, in [0, 1).
        beta: chance to wait for a later interaction, in (0, 1); or 1, which moves all walks on at once.

    Raises:
        ValueError: if alpha or beta is out of range.

    The same interactions leave the same state, bit for bit, however they are divided into blocks:

    >>> stream = TemporalPageRank(alpha=0.5, beta=1.0)
    >>> stream.feed([0, 1], [1, 2], [2001.0, 2002.0])
    >>> resumed = TemporalPageRank.resume(stream.state())
    >>> resumed.feed(2, 0, 2003.0)
    >>> resumed.ranks().round(4).tolist()
    [0.3659, 0.2927, 0.3415]
    """

    def __init__(self, alpha: float = 0.85, beta: float = 0.5) -> None:
        require_in("alpha", alpha, "[0, 1)")
        require_in("beta", beta, "(0, 1]")
        self.alpha, self.beta = float(alpha), float(beta)
        self.time = -np.inf
        self._nodes = 0
        self._rank, self._waiting = np.zeros(0), np.zeros(0)

    def feed(self, source: ArrayLike, target: ArrayLike, time: ArrayLike | None = None) -> None:
        """Process interactions in the order of time; new nodes begin with nothing.

        Args:
            source, target: nodes, integers from 0; one of each, or arrays of shape (interactions,).
            time: never before that of an earlier interaction; shape (interactions,). None if the order is known to be
                right. Only the order matters.

        Raises:
            ValueError: if a node is not such an integer, the shapes differ, or time runs backwards; no state changes.
        """
        start, end = whole(np.atleast_1d(source), "source"), whole(np.atleast_1d(target), "target")
        if start.shape != end.shape:
            raise ValueError(f"source and target must be of one length, are {len(start)} and {len(end)}")
        if len(start) == 0:
            return
        if min(start.min(), end.min()) < 0:
            raise ValueError("source and target must be nodes, 0 or more")
        now = self._checked(time, len(start))
        self._grow(max(int(start.max()), int(end.max())) + 1)
        stay, go = (0.0, 1.0) if self.beta == 1.0 else (self.beta, 1.0 - self.beta)
        for_size(interact, len(start))(start, end, self.alpha, stay, go, self._rank, self._waiting)
        self.time = now

    def _checked(self, time: ArrayLike | None, number: int) -> float:
        """Check the times, and return the time after the interactions."""
        if time is None:
            return self.time
        when = np.atleast_1d(np.asarray(time, dtype=float))
        if when.shape != (number,):
            raise ValueError(f"time must have the shape ({number},), has {when.shape}")
        if not (np.diff(when, prepend=self.time) >= 0.0).all():
            raise ValueError(f"time must be numbers and never decrease; what was fed before ended at {self.time:g}")
        return float(when[-1])

    def _grow(self, nodes: int) -> None:
        """Make room for this many nodes, at least doubling the arrays so that growing one by one stays cheap."""
        if nodes > len(self._rank):
            more = np.zeros(max(nodes, 2 * len(self._rank)) - len(self._rank))
            self._rank, self._waiting = np.append(self._rank, more), np.append(self._waiting, more)
        self._nodes = max(self._nodes, nodes)

    def ranks(self) -> Floats:
        """Return the temporal PageRank of each node so far, summing to 1 (0 before any interaction); shape (nodes,)."""
        rank = self._rank[: self._nodes].copy()
        total = rank.sum()
        if total > 0.0:
            rank /= total
        return rank

    def state(self) -> dict[str, Any]:
        """Return the state as arrays: `np.savez(path, **state)` saves it, and `resume(np.load(path))` continues."""
        columns = (self._rank[: self._nodes].copy(), self._waiting[: self._nodes].copy())
        return dict(zip(STATE, (*columns, *map(np.asarray, (self.time, self.alpha, self.beta))), strict=True))

    @classmethod
    def resume(cls, state: Any) -> TemporalPageRank:
        """Return the stream as it was when `state` was taken, from a mapping or what `np.load` returns for its file.

        Raises:
            ValueError: if an entry is missing or out of range.
        """
        if missing := [name for name in STATE if name not in state]:
            raise ValueError(f"state: no {', '.join(missing)}; it must have {', '.join(STATE)}")
        made = cls(float(state["alpha"]), float(state["beta"]))
        rank, waiting = (np.array(state[name], dtype=float) for name in ("rank", "waiting"))
        sound = rank.ndim == 1 and rank.shape == waiting.shape
        if not (sound and all((np.isfinite(a) & (a >= 0.0)).all() for a in (rank, waiting))):
            raise ValueError("state: rank and waiting must be of one length, 0 or more, and finite")
        made._rank, made._waiting, made._nodes, made.time = rank, waiting, len(rank), float(state["time"])
        return made


def interact(start: Whole, end: Whole, alpha: float, stay: float, go: float, rank: Floats, waiting: Floats) -> None:
    """Move the walks along the interactions, in order."""
    for k in range(len(start)):
        u, v = start[k], end[k]
        rank[u] += 1.0 - alpha
        here = waiting[u] + (1.0 - alpha)
        going = alpha * go * here
        waiting[u] = stay * here
        waiting[v] += going
        rank[v] += going


def temporal_pagerank_credit(tape: Tape, alpha: float = 0.85, beta: float = 0.5) -> CreditTable:
    """Return the credit by temporal PageRank: whom walks from the influenced to those who influenced them reach.

    The influences of the tape are the interactions, with edges and time reversed. Each counts once, whatever its weight
    and however many people of a crowd took part. Influences of `use` events, which have no person, and of persons on
    themselves are left out.

    Args:
        tape: any tape.
        alpha, beta: as in `TemporalPageRank`, where waiting is for an earlier influence.

    Returns:
        The table without roles; total is the tape's realised value, or 0 if nobody influenced anybody else.

    Raises:
        ValueError: if alpha or beta is out of range.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> temporal_pagerank_credit(tape, alpha=0.5, beta=1.0).persons.share.round(4).tolist()
    [0.2308, 0.4615, 0.3077]
    """
    stream = TemporalPageRank(alpha, beta)
    child, parent, _ = tape.influences.columns().values()
    start, end = tape.events.person[child[::-1]], tape.events.person[parent[::-1]]
    between = (start != end) & (start >= 0) & (end >= 0)
    stream.feed(start[between], end[between])
    credit = np.zeros(tape.persons.total)
    share = stream.ranks()
    total = tape.total if share.any() else 0.0
    credit[: len(share)] = total * share
    return make_table(tape, "temporal-pagerank", credit, total=total)
