"""PageRank where every arrow points back in time: exact, in one sweep from the newest row to the oldest.

The sweep solves x = v + alpha P' x, with P the weights of each row scaled to sum to 1 and v the restart. The loops are
in dag_loops.py; small graphs are interpreted and large ones compiled, with the same bits.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.accounts.dag_loops import Weights, Whole, descend, place_edges
from sim.accounts.distributions import distribution, weights_of, whole
from sim.accounts.table import CreditTable, make_table, sum_by
from sim.errors import require_in
from sim.machine.loops import for_size
from sim.tape.tables import IMPLEMENT, Floats, Ints
from sim.tape.tape import Tape


def event_pagerank(
    indptr: ArrayLike,
    indices: ArrayLike,
    weights: ArrayLike | None = None,
    restart: ArrayLike | None = None,
    alpha: float = 0.85,
    dangling: ArrayLike | None = None,
    self_loops: bool = False,
) -> Floats:
    """Return the PageRank of a graph whose rows point to earlier rows: one sweep, newest first, exact.

    The result is that of networkx.pagerank, and for alpha = 1 its limit, where the walk ends only at rows without
    influences. Arrays of int32 or int64, and weights of float32 or float64, are not copied; the work takes another
    16 bytes per row (24 with `dangling`), so that 100 million rows with a billion influences fit into 8 GB.

    Args:
        indptr: where the influences of each row begin, with the number of influences at the end; shape (rows + 1,).
        indices: the rows that influenced, each before the row that it influenced; shape (influences,).
        weights: >= 0; all equal if None. A row whose weights sum to 0 counts as one without influences.
        restart: where the walk begins, >= 0, in any unit; shape (rows,). Uniform if None.
        alpha: chance to walk on, in [0, 1].
        dangling: where the walk goes from rows without influences, given like `restart`; the same as `restart` if None.
        self_loops: whether rows may point to themselves. At alpha = 1 no row may point to itself alone.

    Returns:
        The PageRank of each row, summing to 1; shape (rows,).

    Raises:
        ValueError: if the arrays do not describe such a graph, or alpha is out of range.

    >>> event_pagerank([0, 0, 1, 2], [0, 1], alpha=0.5).round(4).tolist()
    [0.4118, 0.3529, 0.2353]
    """
    require_in("alpha", alpha, "[0, 1]")
    begin, parent = whole(indptr, "indptr"), whole(indices, "indices")
    if len(begin) == 0 or begin[0] != 0 or begin[-1] != len(parent):
        raise ValueError(f"indptr must rise from 0 to the number of indices, {len(parent)}")
    weight = None if weights is None else weights_of(weights, len(parent), "weights")
    rows = range(len(begin) - 1)
    rank = distribution(restart, rows, "restart")
    stuck = _sweep(begin, parent, weight, alpha, self_loops, rank)
    if dangling is not None:
        sink = distribution(dangling, rows, "dangling")
        _sweep(begin, parent, weight, alpha, self_loops, sink)
        # The formula of section 4.3, with 1 - alpha d'z written as (1 - alpha) sum(z), which also holds for alpha = 1.
        sink *= alpha * stuck / sink.sum() if len(sink) else 0.0
        rank *= 1.0 - alpha
        rank += sink
    rank /= rank.sum()
    return rank


def _sweep(begin: Whole, parent: Whole, weight: Weights | None, alpha: float, loops: bool, mass: Floats) -> float:
    """Pass `mass`, which holds the restart, down; return the mass in rows that point nowhere."""
    loop = for_size(descend, len(mass) + len(parent))
    arrays: Any = (begin, parent, weight)
    if loop is descend:  # Python's numbers are faster here, and never float32
        arrays = tuple(None if array is None else array.tolist() for array in arrays)
    row, stuck = loop(arrays[0], arrays[1], arrays[2], float(alpha), bool(loops), mass)
    if row >= 0:
        raise ValueError(_what_is_wrong(begin, parent, weight, loops, int(row)))
    return float(stuck)


def _what_is_wrong(begin: Whole, parent: Whole, weight: Weights | None, loops: bool, row: int) -> str:
    low, high = int(begin[row]), int(begin[row + 1])
    if not 0 <= low <= high <= len(parent):
        return f"indptr must rise from 0 to the number of indices, {len(parent)}"
    if weight is not None and not (np.isfinite(weight[low:high]) & (weight[low:high] >= 0.0)).all():
        return f"weights must be 0 or more, and finite; look at row {row}"
    if not ((parent[low:high] >= 0) & (parent[low:high] < row + loops)).all():
        return f"indices must be rows before their own{' or it itself' if loops else ''}; look at row {row}"
    if weight is not None and not math.isfinite(sum(weight[low:high].tolist())):
        return f"weights must have a finite sum in each row; look at row {row}"
    return f"a row that points to itself alone keeps its walk for ever at alpha = 1; look at row {row}"


def citerank(
    indptr: ArrayLike,
    indices: ArrayLike,
    age: ArrayLike,
    tau: float,
    weights: ArrayLike | None = None,
    alpha: float = 0.5,
) -> Floats:
    """Return the CiteRank: readers start at new rows, exp(-age / tau), and follow the influences (Walker et al. 2007).

    Args:
        indptr, indices, weights, alpha: as in `event_pagerank`.
        age: of each row, in the unit of tau, finite; shape (rows,). Only differences matter.
        tau: how far back readers start, > 0.

    Returns:
        The CiteRank of each row, summing to 1; shape (rows,).

    Raises:
        ValueError: as `event_pagerank`, and if an age or tau is out of range.

    >>> rank = citerank([0, 0, 1, 2], [0, 1], age=[2, 1, 0], tau=1.0)
    >>> (rank / rank[2]).round(6).tolist()
    [0.569275, 0.867879, 1.0]
    """
    return event_pagerank(indptr, indices, weights, _young(np.asarray(age, dtype=float), tau), alpha)


def _young(age: Floats, tau: float) -> Floats:
    require_in("tau", tau, "(0, inf)")
    if not np.isfinite(age).all():
        raise ValueError("age must be finite")
    return np.asarray(np.exp((np.min(age, initial=np.inf) - age) / tau))


def event_pagerank_credit(tape: Tape, alpha: float = 0.85) -> CreditTable:
    """Return the credit by event PageRank: where a walk is that starts at realised value and follows influences back.

    The walk starts at the holdings that realised value, in proportion to the value, and at every event continues to
    its influences with probability alpha, in [0, 1]. So a holder has credit for holding, and an implementation has
    none, since it is not upstream of the holding that uses it. The account measures traffic, not the parts that roles
    took. The table is without roles; its total is the tape's realised value.

    Raises:
        ValueError: if alpha is out of range.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> event_pagerank_credit(tape, alpha=0.5).persons.share.round(4).tolist()
    [0.1429, 0.2857, 0.5714]
    """
    restart = sum_by(tape.realised.event, tape.realised.value, len(tape.events))
    return _credit(tape, "event-pagerank", restart, alpha)


def citerank_credit(tape: Tape, tau: float | None = None, alpha: float = 0.5) -> CreditTable:
    """Return the credit by CiteRank: where readers are who start at recent events and follow the influences back.

    They start at discoveries, learnings and implementations, with weight exp(-age / tau) for each person in them; the
    age is counted in steps back from the tape's last event. Realised value enters only as the total of the table, which
    is 0 if no person has such an event. The table is without roles.

    Args:
        tape: any tape.
        tau: in steps, > 0; if None, a tenth of a run's steps, or of the time from a log's first event on, at least 1.
        alpha: chance to walk on, in [0, 1].

    Raises:
        ValueError: if alpha or tau is out of range.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> citerank_credit(tape, tau=1.0).persons.share.round(4).tolist()
    [0.1429, 0.2857, 0.5714]
    """
    events = tape.events
    age = (events.step[-1:] - events.step).astype(float) if len(events) else np.zeros(0)
    span = tape.steps if tape.provenance.get("seed") is not None else tape.steps - tape.first + 1
    young = _young(age, max(1.0, span / 10) if tau is None else tau)
    restart = np.where(events.kind <= IMPLEMENT, young * events.count, 0.0)
    return _credit(tape, "citerank", restart, alpha)


def _credit(tape: Tape, method: str, restart: Floats, alpha: float) -> CreditTable:
    require_in("alpha", alpha, "[0, 1]")
    person = tape.events.person
    total = tape.total if restart.any() else 0.0
    credit = np.zeros(tape.persons.total)
    if total > 0.0:
        rank = event_pagerank(tape.parents, tape.influences.parent, tape.influences.weight, restart, alpha)
        # A `use` has no person; walks reach it only from another `use`.
        named = person >= 0
        credit = sum_by(person[named], rank[named], tape.persons.total)
        credit *= total / credit.sum()
    return make_table(tape, method, credit, total=total)


class Dag(NamedTuple):
    """A graph whose rows point to earlier rows, made of edges and times.

    Attributes:
        indptr, indices, weights: as `event_pagerank` takes them; weights None if none were given.
        order: the node that each row stands for, by time, and at equal times by number; shape (nodes,).
        dropped: how many edges do not point strictly back in time, or have an end without a time.
    """

    indptr: Ints
    indices: Whole
    weights: Weights | None
    order: Ints
    dropped: int


def as_dag(
    source: ArrayLike, target: ArrayLike, time: NDArray[Any] | ArrayLike, weights: ArrayLike | None = None
) -> Dag:
    """Return the graph of edges between nodes with times, without the edges that do not point strictly back in time.

    Args:
        source, target: the edges: target influenced source (source cites target); shape (edges,), nodes from 0.
        time: of each node, as numbers or datetime64; shape (nodes,). nan and NaT mean that the time is unknown.
        weights: of the edges; shape (edges,).

    Raises:
        ValueError: if the arrays do not describe edges between such nodes.

    Citations among three papers of 2001, 2003 and 2002, one of them impossible:

    >>> dag = as_dag([1, 1, 2, 0], [0, 2, 0, 1], [2001, 2003, 2002])
    >>> dag.indptr.tolist(), dag.indices.tolist(), dag.order.tolist(), dag.dropped
    ([0, 0, 1, 3], [0, 0, 1], [0, 2, 1], 1)
    """
    child, parent, when = whole(source, "source"), whole(target, "target"), np.asarray(time)
    if child.shape != parent.shape:
        raise ValueError(f"source and target must be of one length, are {len(child)} and {len(parent)}")
    if when.ndim != 1 or when.dtype.kind not in "iufmM":
        raise ValueError("time must be a one-dimensional array of numbers or of datetime64")
    for name, ends in (("source", child), ("target", parent)):
        if len(ends) and not (ends.min() >= 0 and ends.max() < len(when)):
            raise ValueError(f"{name} must be nodes from 0 to {len(when) - 1}, as many as there are times")
    weight = None if weights is None else weights_of(weights, len(child), "weights")
    known = when[parent] < when[child]
    order = np.argsort(when, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    kept = int(known.sum())
    place, edge = np.zeros(len(order) + 2, np.int64), np.empty(kept, np.int64)
    indices: Whole = np.empty(kept, np.int32 if len(order) <= np.iinfo(np.int32).max else np.int64)
    for_size(place_edges, len(order) + len(child))(child, parent, rank, known, place, indices, edge)
    return Dag(place[:-1], indices, None if weight is None else weight[edge], order, len(child) - kept)
