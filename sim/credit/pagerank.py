"""PageRank: of events on the tape's own graph, of any graph, and of the persons who told one another.

Page et al. 1999. The person table is the relational position of SCIENCE.md section 4.2: a different measure from role
flow, which does not know of thirds.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sim.credit.person_graph import person_edges, person_graph
from sim.credit.table import CreditTable, make_table, sum_by
from sim.tape import Floats, Ints, Tape

if TYPE_CHECKING:
    import networkx as nx
    from scipy import sparse

__all__ = ["event_pagerank", "pagerank", "person_graph", "person_pagerank"]

SMALL = 2000  # nodes up to which a direct solution is the faster one


def event_pagerank(
    indptr: ArrayLike,
    indices: ArrayLike,
    weights: ArrayLike | None = None,
    restart: ArrayLike | None = None,
    alpha: float = 0.85,
) -> Floats:
    """PageRank on a graph whose rows point to earlier rows: one sweep, newest first, exact.

    With the weights of each row made to sum to 1 as P and the restart v: x = v + alpha P' x, and x divided by its sum.
    That is networkx.pagerank, where the mass of rows without influences goes to the restart (SCIENCE.md section 4.3).

    Args:
        indptr: where the influences of each row begin, and at the end their number; shape (rows + 1,).
        indices: the rows that influenced, each before the row that it influenced; shape (influences,).
        weights: >= 0; all alike if None. A row with the sum 0 counts as one without influences.
        restart: where the walk begins, >= 0, in any unit; shape (rows,). Everywhere alike if None.
        alpha: chance to walk on, in [0, 1).

    Returns:
        The PageRank of each row, summing to 1; shape (rows,).

    Raises:
        ValueError: if the arrays do not describe such a graph, or alpha is out of range.

    >>> event_pagerank([0, 0, 1, 2], [0, 1], alpha=0.5).round(4).tolist()
    [0.4118, 0.3529, 0.2353]
    """
    _check_alpha(alpha)
    begin, parent, child = _read_dag(indptr, indices)
    number = len(begin) - 1
    mass = _distribution(restart, range(number), "restart")
    weight = np.ones(len(parent)) if weights is None else _not_negative(weights, len(parent), "weights")
    _descend(begin, parent, _normalised(weight, child, number), alpha, mass)
    mass /= mass.sum()
    return mass


def _read_dag(indptr: ArrayLike, indices: ArrayLike) -> tuple[Ints, Ints, Ints]:
    """Where each row begins, and the parent and the child of each influence."""
    begin, parent = _whole(indptr, "indptr"), _whole(indices, "indices")
    if len(begin) == 0 or begin[0] != 0 or begin[-1] != len(parent) or (np.diff(begin) < 0).any():
        raise ValueError(f"indptr must rise from 0 to the number of indices, {len(parent)}")
    child = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    if not ((parent >= 0) & (parent < child)).all():
        raise ValueError("indices must be rows before their own")
    return begin, parent, child


def _normalised(weight: Floats, child: Ints, number: int) -> Floats:
    """Each weight as a part of its row's sum; 0 where that is 0."""
    sums = sum_by(child, weight, number)[child]
    return np.divide(weight, sums, out=np.zeros(len(weight)), where=sums > 0.0)


def _descend(begin: Ints, parent: Ints, weight: Floats, alpha: float, mass: Floats) -> None:
    """Pass on the mass of every row, newest first."""
    for row in range(len(mass) - 1, -1, -1):
        for k in range(begin[row], begin[row + 1]):
            mass[parent[k]] += alpha * weight[k] * mass[row]


def pagerank(
    graph_or_csr: nx.Graph[Any] | sparse.sparray | sparse.spmatrix,
    alpha: float = 0.85,
    personalization: Mapping[Any, float] | ArrayLike | None = None,
    weight: str | None = "weight",
    dangling: Mapping[Any, float] | ArrayLike | None = None,
    tol: float = 1e-12,
    max_iter: int = 1000,
) -> dict[Hashable, float] | Floats:
    """PageRank of any graph; the arguments mean what they mean in networkx.pagerank, and so does the result.

    Args:
        graph_or_csr: a networkx graph, or a square scipy sparse matrix whose rows point to its columns, weights >= 0.
        alpha: chance to walk on, in [0, 1).
        personalization: where the walk restarts, >= 0, in any unit: a mapping from nodes (rows of the matrix), or an
            array in their order. Everywhere alike if None.
        weight: the edge attribute that is the weight (1 where an edge has none); None for all alike.
        dangling: where the walk goes from nodes without a way out, like `personalization`, which it is if None.
        tol, max_iter: larger graphs (SMALL) take at most max_iter iterations until the absolute changes sum to tol.

    Returns:
        For a graph a dict from node to PageRank, for a matrix an array of shape (rows,); both sum to 1.

    Raises:
        ValueError: if the matrix is not square, a weight negative, a vector not a distribution, or alpha out of range.
        networkx.PowerIterationFailedConvergence: if max_iter iterations do not reach tol.

    >>> import networkx as nx
    >>> {node: round(rank, 4) for node, rank in pagerank(nx.DiGraph([("b", "a"), ("c", "b")]), alpha=0.5).items()}
    {'b': 0.3529, 'a': 0.4118, 'c': 0.2353}
    """
    _check_alpha(alpha)
    nodes, matrix = _adjacency(graph_or_csr, weight)
    places = range(matrix.shape[0]) if nodes is None else nodes
    restart = _distribution(personalization, places, "personalization")
    sink = restart if dangling is None else _distribution(dangling, places, "dangling")
    rank = _rank(matrix, alpha, restart, sink, tol, max_iter)
    return rank if nodes is None else dict(zip(nodes, rank.tolist(), strict=True))


def _adjacency(graph: Any, weight: str | None) -> tuple[list[Hashable] | None, Any]:
    """The nodes of a graph, None for a matrix, and the csr matrix of its weights, from rows to columns."""
    import networkx as nx
    from scipy import sparse

    if not isinstance(graph, nx.Graph):
        return None, sparse.csr_array(graph, dtype=float)
    if len(graph) == 0:
        return [], sparse.csr_array((0, 0))
    return list(graph), nx.to_scipy_sparse_array(graph, weight=weight, format="csr").astype(float)


def _rank(matrix: Any, alpha: float, restart: Floats, sink: Floats, tol: float, max_iter: int) -> Floats:
    """PageRank of a square csr matrix; restart and sink sum to 1."""
    from scipy import sparse

    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"the matrix must be square, has the shape {matrix.shape}")
    if not (np.isfinite(matrix.data) & (matrix.data >= 0.0)).all():
        raise ValueError("the weights of the graph must be 0 or more, and finite")
    if matrix.shape[0] == 0:
        return restart
    sums = np.asarray(matrix.sum(axis=1), dtype=float)
    each = np.repeat(np.where(sums > 0.0, sums, 1.0), np.diff(matrix.indptr))
    back = sparse.csr_array((matrix.data / each, matrix.indices, matrix.indptr), matrix.shape).T
    stuck = (sums == 0.0).astype(float)
    if matrix.shape[0] <= SMALL:
        return _solve(back, stuck, alpha, restart, sink)
    return _iterate(back, stuck, alpha, restart, sink, tol, max_iter)


def _solve(back: Any, stuck: Floats, alpha: float, restart: Floats, sink: Floats) -> Floats:
    """Solve p = alpha (P' p + (stuck . p) sink) + (1 - alpha) restart (SCIENCE.md section 4.3)."""
    from scipy import sparse
    from scipy.sparse import linalg

    solve = linalg.splu(sparse.csc_array(sparse.eye_array(len(restart)) - alpha * back)).solve
    y = np.asarray(solve((1.0 - alpha) * restart), dtype=float)
    z = np.asarray(solve(sink), dtype=float)
    y += alpha * (stuck @ y) / (1.0 - alpha * (stuck @ z)) * z
    y /= y.sum()
    return y


def _iterate(
    back: Any, stuck: Floats, alpha: float, restart: Floats, sink: Floats, tol: float, max_iter: int
) -> Floats:
    import networkx as nx

    rank = restart
    for _ in range(max_iter):
        last = rank
        rank = alpha * np.asarray(back @ last + (stuck @ last) * sink) + (1.0 - alpha) * restart
        rank /= rank.sum()
        if np.abs(rank - last).sum() <= tol:
            return rank
    raise nx.PowerIterationFailedConvergence(max_iter)


def person_pagerank(tape: Tape, alpha: float = 0.85) -> CreditTable:
    """Credit by the position of each person in `person_graph`: its PageRank relative to that of all the persons.

    The restart is uniform over the nodes. On the bridge example of SCIENCE.md section 4.2 this is the essay's table
    (its 0.3450 is what power iteration at a tolerance of 1e-6 prints: the converged 0.344949 rounds to 0.3449).

    Args:
        tape: any tape.
        alpha: chance to walk on, in [0, 1).

    Returns:
        The table without roles; its column pagerank counts the World as a node. Total is the tape's realised value, or
        0 if no person has an event.

    Raises:
        ValueError: if alpha is out of range.

    >>> from sim.tape import Events, Influences, Persons, Realised, Tape
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> person_pagerank(tape).persons.share.round(3).tolist()
    [0.502, 0.498]
    """
    from scipy import sparse

    _check_alpha(alpha)
    nodes, start, end, weight = person_edges(tape)
    number = len(nodes)
    matrix = sparse.csr_array((weight, (np.searchsorted(nodes, start), np.searchsorted(nodes, end))), (number, number))
    uniform = np.full(number, 1.0 / number)
    rank = _rank(matrix, alpha, uniform, uniform, 1e-12, 1000)
    ranks = np.zeros(tape.persons.total)
    ranks[nodes[1:]] = rank[1:]
    total = tape.total if number > 1 else 0.0
    credit = total * (ranks / ranks.sum()) if number > 1 else ranks
    return make_table(tape, "person-pagerank", credit, total=total, pagerank=ranks)


def _check_alpha(alpha: float) -> None:
    if not 0.0 <= alpha < 1.0:
        raise ValueError(f"alpha must be in [0, 1), is {alpha}")


def _whole(given: ArrayLike, name: str) -> Ints:
    array = np.asarray(given)
    if array.ndim != 1 or (array.size > 0 and not np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"{name} must be a one-dimensional array of whole numbers")
    return array.astype(np.int64)


def _not_negative(given: ArrayLike, length: int, name: str) -> Floats:
    array = np.asarray(given, dtype=float)
    if array.shape != (length,):
        raise ValueError(f"{name} must have the shape ({length},), has {array.shape}")
    if not (np.isfinite(array) & (array >= 0.0)).all():
        raise ValueError(f"{name} must be 0 or more, and finite")
    return array


def _distribution(given: Any, nodes: Any, name: str) -> Floats:
    """What is given for each node, made to sum to 1; uniform if None."""
    number = len(nodes)
    if given is None:
        return np.full(number, 1.0 / max(1, number))
    if isinstance(given, Mapping):
        given = [given.get(node, 0.0) for node in nodes]
    array = _not_negative(given, number, name)
    if number > 0 and not array.any():
        raise ValueError(f"{name} must not be 0 everywhere")
    return np.asarray(array / array.sum())
