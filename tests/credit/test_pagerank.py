"""PageRank of events and of any graph, against networkx, dense algebra and closed forms."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from sim.credit import pagerank as module
from sim.credit.pagerank import event_pagerank, pagerank


@st.composite
def dags(draw: st.DrawFn) -> tuple[list[int], list[int], list[float], list[float]]:
    rows = draw(st.integers(1, 12))
    parents = [sorted(draw(st.sets(st.integers(0, row - 1), max_size=4))) if row else [] for row in range(rows)]
    indptr = np.cumsum([0, *map(len, parents)]).tolist()
    indices = [parent for those in parents for parent in those]
    weights = [draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])) for _ in indices]
    restart = [draw(st.sampled_from([0.0, 1.0, 2.0])) for _ in range(rows)]
    restart[draw(st.integers(0, rows - 1))] = 1.0
    return indptr, indices, weights, restart


@settings(max_examples=150, deadline=None)
@given(dags(), st.sampled_from([0.0, 0.3, 0.85, 0.9]), st.booleans(), st.booleans())
def test_events_agree_with_networkx(dag: Any, alpha: float, weighted: bool, restarted: bool) -> None:
    indptr, indices, weights, restart = dag
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(restart)))
    for row in range(len(restart)):
        for k in range(indptr[row], indptr[row + 1]):
            graph.add_edge(row, indices[k], weight=weights[k] if weighted else 1.0)
    where = dict(enumerate(restart)) if restarted else None
    expected = nx.pagerank(graph, alpha=alpha, personalization=where, tol=5e-15, max_iter=10000)
    got = event_pagerank(indptr, indices, weights if weighted else None, restart if restarted else None, alpha)
    np.testing.assert_allclose(got, [expected[row] for row in graph], rtol=0, atol=1e-12)
    assert got.sum() == pytest.approx(1.0, abs=1e-14)


def test_a_large_dag_agrees_with_networkx() -> None:
    random = np.random.default_rng(1)
    rows = 3000
    parents = [np.unique(random.integers(0, row, min(row, 3))) if row else np.zeros(0, int) for row in range(rows)]
    indptr, indices = np.cumsum([0, *map(len, parents)]), np.concatenate(parents)
    weights = random.random(len(indices))
    graph = nx.DiGraph()
    graph.add_nodes_from(range(rows))
    child = np.repeat(np.arange(rows), np.diff(indptr))
    graph.add_weighted_edges_from(zip(child.tolist(), indices.tolist(), weights.tolist(), strict=True))
    expected = nx.pagerank(graph, tol=1e-17, max_iter=10000)
    np.testing.assert_allclose(event_pagerank(indptr, indices, weights), list(expected.values()), rtol=0, atol=1e-12)


def test_citerank() -> None:
    """The toy 3 -> 2 -> 1 with the ages 0, 1, 2, tau = 1 and alpha = .5 (SCIENCE.md section 4.3)."""
    got = event_pagerank([0, 0, 1, 2], [0, 1], restart=[math.exp(-2), math.exp(-1), 1.0], alpha=0.5)
    np.testing.assert_allclose(got / got[2], [0.569275, 0.867879, 1.0], atol=5e-7)


def test_a_row_without_weight_passes_nothing_on() -> None:
    assert event_pagerank([0, 0, 1], [0], [0.0]).tolist() == [0.5, 0.5]


def test_no_events() -> None:
    assert event_pagerank([0], []).tolist() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"indices": [1]}, "indices must be rows before their own"),
        ({"indices": [-1]}, "indices must be rows before their own"),
        ({"indices": [0.0]}, "indices must be a one-dimensional array of whole numbers"),
        ({"indices": [[0]]}, "indices must be a one-dimensional array of whole numbers"),
        ({"indptr": [0, 0, 2]}, "indptr must rise from 0 to the number of indices, 1"),
        ({"indptr": [1, 0, 1]}, "indptr must rise from 0 to the number of indices, 1"),
        ({"indptr": [0, 2, 1]}, "indptr must rise from 0 to the number of indices, 1"),
        ({"indptr": []}, "indptr must rise from 0 to the number of indices, 1"),
        ({"weights": [-1.0]}, "weights must be 0 or more, and finite"),
        ({"weights": [math.nan]}, "weights must be 0 or more, and finite"),
        ({"weights": [1.0, 1.0]}, r"weights must have the shape \(1,\), has \(2,\)"),
        ({"restart": [1.0, -1.0]}, "restart must be 0 or more, and finite"),
        ({"restart": [0.0, 0.0]}, "restart must not be 0 everywhere"),
        ({"restart": [1.0]}, r"restart must have the shape \(2,\), has \(1,\)"),
        ({"weights": [1e308, 1e308], "indptr": [0, 0, 2], "indices": [0, 0]}, "weights must have a finite sum in each"),
        ({"alpha": 1.1}, r"alpha must be in \[0, 1\], is 1.1"),
        ({"alpha": -0.1}, r"alpha must be in \[0, 1\], is -0.1"),
        ({"alpha": math.nan}, r"alpha must be in \[0, 1\], is nan"),
        ({"dangling": [0.0, 0.0]}, "dangling must not be 0 everywhere"),
        ({"dangling": [1.0]}, r"dangling must have the shape \(2,\), has \(1,\)"),
        ({"indices": [2], "self_loops": True}, "indices must be rows before their own or it itself; look at row 1"),
        ({"indices": [1], "self_loops": True, "alpha": 1.0}, "points to itself alone keeps its walk for ever"),
    ],
)
def test_what_is_no_such_graph_is_refused(arguments: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"indptr": [0, 0, 1], "indices": [0]}
    event_pagerank(**good)
    with pytest.raises(ValueError, match=message) as error:
        event_pagerank(**(good | arguments))
    assert "\n" not in str(error.value)


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph[Any]:
    kind = draw(st.sampled_from([nx.DiGraph, nx.Graph, nx.MultiDiGraph]))
    nodes = draw(st.integers(1, 8))
    graph = kind()
    graph.add_nodes_from(f"n{k}" for k in range(nodes))
    node = st.integers(0, nodes - 1).map(lambda k: f"n{k}")
    for _ in range(draw(st.integers(0, 14))):
        weight = draw(st.sampled_from([None, 0.0, 0.5, 2.0]))
        graph.add_edge(draw(node), draw(node), **({} if weight is None else {"weight": weight}))
    return graph


def vectors(nodes: list[str]) -> st.SearchStrategy[dict[str, float] | None]:
    parts = st.dictionaries(st.sampled_from(nodes), st.sampled_from([0.5, 1.0, 3.0]), min_size=1)
    return st.one_of(st.none(), parts)


@settings(max_examples=200, deadline=None)
@given(st.data(), graphs(), st.sampled_from([0.0, 0.5, 0.85, 0.9]), st.sampled_from(["weight", None]))
def test_any_graph_agrees_with_networkx(data: st.DataObject, graph: Any, alpha: float, weight: str | None) -> None:
    options = {
        "alpha": alpha,
        "weight": weight,
        "personalization": data.draw(vectors(list(graph))),
        "dangling": data.draw(vectors(list(graph))),
    }
    expected = nx.pagerank(graph, **options, tol=5e-15, max_iter=10000)
    direct = pagerank(graph, **options)
    assert isinstance(direct, dict)
    assert list(direct) == list(graph)
    assert direct == pytest.approx(expected, abs=1e-12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALL", 0)
        assert pagerank(graph, **options, max_iter=10000) == pytest.approx(expected, abs=1e-10)
    matrix = nx.to_scipy_sparse_array(graph, weight=weight, dtype=float)
    array = {
        name: None if options[name] is None else [options[name].get(node, 0.0) for node in graph]
        for name in ("personalization", "dangling")
    }
    got = pagerank(matrix, alpha, array["personalization"], dangling=array["dangling"])
    np.testing.assert_allclose(got, list(direct.values()), rtol=1e-12)


@pytest.mark.parametrize("nodes", [500, 2500])
def test_solves_the_equation_of_pagerank(nodes: int) -> None:
    """Both ways to the solution, on a graph with cycles and dead ends, against the definition written densely."""
    random = np.random.default_rng(nodes)
    dense = random.random((nodes, nodes)) * (random.random((nodes, nodes)) < 3 / nodes)
    dense[::7] = 0.0
    restart, sink = random.random(nodes), random.random(nodes)
    got = pagerank(sparse.csr_matrix(dense), 0.85, restart, dangling=sink)
    sums = dense.sum(axis=1, keepdims=True)
    transition = np.where(sums > 0, dense / np.where(sums > 0, sums, 1), sink / sink.sum())
    expected = 0.85 * got @ transition + 0.15 * restart / restart.sum()
    assert np.abs(got - expected).sum() < 1e-11
    assert got.sum() == pytest.approx(1.0, abs=1e-13)


def test_a_mapping_is_by_row_for_a_matrix() -> None:
    matrix = sparse.coo_array(([1.0], ([0], [1])), shape=(2, 2))
    np.testing.assert_allclose(pagerank(matrix, 0.5, {1: 2.0}), [0.0, 1.0], atol=1e-15)


def test_the_empty_graph() -> None:
    assert pagerank(nx.DiGraph()) == {}
    assert len(pagerank(sparse.csr_array((0, 0)))) == 0


def test_failure_to_converge_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", 0)
    with pytest.raises(nx.PowerIterationFailedConvergence):
        pagerank(nx.path_graph(5, nx.DiGraph), max_iter=3)


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (sparse.csr_array((2, 3)), {}, r"the matrix must be square, has the shape \(2, 3\)"),
        (sparse.csr_array([[0.0, -1.0], [0.0, 0.0]]), {}, "the weights of the graph must be 0 or more, and finite"),
        (nx.DiGraph([(0, 1)]), {"alpha": 1.0}, r"alpha must be in \[0, 1\), is 1.0"),
        (nx.DiGraph([(0, 1)]), {"personalization": {2: 1.0}}, "personalization must not be 0 everywhere"),
        (nx.DiGraph([(0, 1)]), {"dangling": {1: -1.0}}, "dangling must be 0 or more, and finite"),
        (nx.DiGraph([(0, 1)]), {"dangling": [1.0]}, r"dangling must have the shape \(2,\), has \(1,\)"),
    ],
)
def test_what_is_no_graph_is_refused(graph: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pagerank(graph, **options)


def test_weights_too_small_to_be_inverted_count_like_others():
    tiny = nx.DiGraph()
    tiny.add_weighted_edges_from([(0, 1, 5e-324), (1, 0, 5e-324), (1, 2, 5e-324)])
    plain = nx.DiGraph([(0, 1), (1, 0), (1, 2)])
    assert pagerank(tiny) == pytest.approx(pagerank(plain), abs=1e-12)
