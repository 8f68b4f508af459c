"""PageRank: of events on the tape's own graph, of any graph, and of the persons who told one another.

Page et al. 1999. The table of persons measures position in a network, unlike role flow, and has no rule of
thirds.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sim.accounts.distributions import distribution
from sim.accounts.event_pagerank import Dag, as_dag, citerank, citerank_credit, event_pagerank, event_pagerank_credit
from sim.accounts.person_graph import person_edges, person_graph
from sim.accounts.power_iteration import Ending, all_alike, flow_of, solve
from sim.accounts.table import CreditTable, make_table
from sim.errors import require_in
from sim.machine.loops import repeated
from sim.tape.tables import Floats
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import networkx as nx
    from scipy import sparse

__all__ = [
    "Dag", "as_dag", "citerank", "citerank_credit", "event_pagerank", "event_pagerank_credit", "pagerank",
    "person_graph", "person_pagerank",
]  # fmt: skip

SMALL = 300  # nodes up to which a direct solution is faster, however many edges there are


def pagerank(
    graph_or_csr: nx.Graph[Any] | sparse.sparray | sparse.spmatrix,
    alpha: float = 0.85,
    personalization: Mapping[Any, float] | ArrayLike | None = None,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: Mapping[Any, float] | ArrayLike | None = None,
    weight: str | None = "weight",
    dangling: Mapping[Any, float] | ArrayLike | None = None,
    *,
    residual: float = 1e-12,
    threads: int | None = None,
) -> dict[Hashable, float] | Floats:
    """Return the PageRank of any graph, as a drop-in replacement of networkx.pagerank, with the same arguments.

    It never stops before networkx does, and mostly goes far beyond: small graphs (SMALL) are solved directly, larger
    ones to `residual`.

    Args:
        graph_or_csr: a networkx graph, or a square scipy sparse matrix whose rows point to its columns, weights >= 0.
        alpha: chance to walk on, in [0, 1).
        personalization: where the walk restarts, >= 0, in any unit: a mapping from nodes (rows of the matrix), or an
            array in their order. Uniform if None.
        max_iter, tol: the iteration has failed if max_iter passes leave a residual above tol per node.
        nstart: where the passes begin, given like `personalization`; it hardly affects the result.
        weight: the edge attribute that is the weight (1 where an edge has none); None for equal weights.
        dangling: where the walk goes from nodes without a way out, by default `personalization`.
        residual: where passes end, unless ten times max_iter are done before: the sum over the nodes of
            |alpha (P' p + (d . p) dangling) + (1 - alpha) restart - p|, where d is 1 at nodes without a way out.
        threads: by default as many as this process may use; the result does not depend on it.

    Returns:
        For a graph a dict from node to PageRank, for a matrix an array of shape (rows,); both sum to 1.

    Raises:
        ValueError: if the matrix is not square, a weight negative, a vector not a distribution, or alpha out of range.
        ZeroDivisionError: if a vector is 0 everywhere (this error is also a ValueError).
        networkx.PowerIterationFailedConvergence: if max_iter passes do not reach tol, or max_iter is below 1.

    >>> import networkx as nx
    >>> {node: round(rank, 4) for node, rank in pagerank(nx.DiGraph([("b", "a"), ("c", "b")]), alpha=0.5).items()}
    {'b': 0.3529, 'a': 0.4118, 'c': 0.2353}
    """
    import networkx as nx

    require_in("alpha", alpha, "[0, 1)")
    nodes, matrix = _adjacency(graph_or_csr, weight)
    places = range(matrix.shape[0]) if nodes is None else nodes
    restart = distribution(personalization, places, "personalization")
    sink = restart if dangling is None else distribution(dangling, places, "dangling")
    start = restart if nstart is None else distribution(nstart, places, "nstart")
    if max_iter < 1 and len(places):
        raise nx.PowerIterationFailedConvergence(max_iter)
    rank = _rank(matrix, alpha, restart, sink, start, Ending(max_iter, tol * len(places), residual), threads)
    return rank if nodes is None else dict(zip(nodes, rank.tolist(), strict=True))


def _adjacency(graph: Any, weight: str | None) -> tuple[list[Hashable] | None, Any]:
    """Return the nodes of a graph (None for a matrix) and the csr matrix of its weights, from rows to columns."""
    import networkx as nx
    from scipy import sparse

    if not isinstance(graph, nx.Graph):
        return None, sparse.csr_array(graph, dtype=float)
    if len(graph) == 0:
        return [], sparse.csr_array((0, 0))
    return list(graph), nx.to_scipy_sparse_array(graph, weight=weight, format="csr").astype(float)


def _rank(
    matrix: Any, alpha: float, restart: Floats, sink: Floats, start: Floats, ending: Ending,
    threads: int | None = None,
) -> Floats:  # fmt: skip
    """Return the PageRank of a square csr matrix; restart, sink and start sum to 1."""
    from scipy import sparse

    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"the matrix must be square, has the shape {matrix.shape}")
    if not all_alike(matrix.data) and not (np.isfinite(matrix.data) & (matrix.data >= 0.0)).all():
        raise ValueError("the weights of the graph must be 0 or more, and finite")
    if matrix.shape[0] == 0:
        return restart
    if matrix.shape[0] > SMALL:
        return _iterate(matrix, alpha, restart, sink, start, ending, threads)
    sums = np.asarray(matrix.sum(axis=1), dtype=float)
    each = np.repeat(np.where(sums > 0.0, sums, 1.0), np.diff(matrix.indptr))
    back = sparse.csr_array((matrix.data / each, matrix.indices, matrix.indptr), matrix.shape).T
    return _solve(back, (sums == 0.0).astype(float), alpha, restart, sink)


def _solve(back: Any, stuck: Floats, alpha: float, restart: Floats, sink: Floats) -> Floats:
    """Solve p = alpha (P' p + (stuck . p) sink) + (1 - alpha) restart."""
    from scipy import sparse
    from scipy.sparse import linalg

    solve = linalg.splu(sparse.csc_array(sparse.eye_array(len(restart)) - alpha * back)).solve
    y = np.asarray(solve((1.0 - alpha) * restart), dtype=float)
    z = np.asarray(solve(sink), dtype=float)
    y += alpha * (stuck @ y) / (1.0 - alpha * (stuck @ z)) * z
    y /= y.sum()
    return y


def _iterate(
    matrix: Any, alpha: float, restart: Floats, sink: Floats, start: Floats, ending: Ending, threads: int | None
) -> Floats:
    """Return the same by passes; if rows without a way out lead elsewhere than the restart, from two systems."""
    flow = flow_of(matrix)
    rank = solve(flow, alpha, restart, start, ending, threads)
    if sink is not restart:
        stuck = flow.each == 0.0
        z = solve(flow, alpha, sink, sink, ending, threads)
        rank *= 1.0 - alpha
        rank += alpha * rank[stuck].sum() / (1.0 - alpha * z[stuck].sum()) * z
    rank /= rank.sum()
    return rank


def person_pagerank(tape: Tape, alpha: float = 0.85) -> CreditTable:
    """Return the credit by the position of each person in `person_graph`: PageRank relative to that of all persons.

    The restart is uniform over the nodes; alpha is the chance to walk on, in [0, 1). On the bridge example
    of the essay this is its table (its 0.3450 is what power iteration at a tolerance of 1e-6 prints: the converged
    0.344949 rounds to 0.3449).

    Returns:
        The table without roles; the ranks in its column pagerank include the World as a node. Its total is the
        tape's realised value, or 0 if no person has an event.

    Raises:
        ValueError: if alpha is out of range.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e4_bridge"))  # P1 tells P2, P2 tells P3, P3 tells the world
    >>> person_pagerank(tape).persons.share.round(3).tolist()
    [0.338, 0.432, 0.231]
    """
    from scipy import sparse

    require_in("alpha", alpha, "[0, 1)")
    nodes, start, end, weight = person_edges(tape)
    number = len(nodes)
    place = np.zeros(tape.persons.total + 1, np.int64)
    place[nodes] = np.arange(number)  # the World, -1, is the last entry
    matrix = sparse.csr_array((weight, (place[start], place[end])), (number, number))
    uniform = np.full(number, 1.0 / number)
    # Each pass reduces the error by alpha at least, so that these passes reach the residual for every alpha.
    ending = Ending(max(100, math.ceil(3.0 / (1.0 - alpha))), math.inf)
    with repeated(ending.max_iter // 100):
        rank = _rank(matrix, alpha, uniform, uniform, uniform, ending)
    ranks = np.zeros(tape.persons.total)
    ranks[nodes[1:]] = rank[1:]
    total = tape.total if number > 1 else 0.0
    credit = total * (ranks / ranks.sum()) if number > 1 else ranks
    return make_table(tape, "person-pagerank", credit, total=total, pagerank=ranks)
