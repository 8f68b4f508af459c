"""PageRank of events and of any graph, against networkx, dense algebra and closed forms."""

import inspect
import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from scipy import sparse

from sim.accounts import event_pagerank as dag_module
from sim.accounts import pagerank as module
from sim.accounts import power_iteration
from sim.accounts.pagerank import as_dag, citerank, citerank_credit, event_pagerank, event_pagerank_credit, pagerank
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE
from sim.tape.tape import Tape
from tests import cases
from tests.loops import compile_all
from tests.tapes import as_rows, by_name, make_tape, tapes


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


@cases(150, dags(), st.sampled_from([0.0, 0.3, 0.85, 0.9]), st.booleans(), st.booleans())
def test_events_agree_with_networkx(dag: Any, alpha: float, weighted: bool, restarted: bool) -> None:
    indptr, indices, weights, restart = dag
    graph = nx.empty_graph(len(restart), nx.DiGraph)
    child = np.repeat(np.arange(len(restart)), np.diff(indptr)).tolist()
    graph.add_weighted_edges_from(zip(child, indices, weights if weighted else [1.0] * len(indices), strict=True))
    where = dict(enumerate(restart)) if restarted else None
    expected = nx.pagerank(graph, alpha=alpha, personalization=where, tol=5e-15, max_iter=10000)
    got = event_pagerank(indptr, indices, weights if weighted else None, restart if restarted else None, alpha)
    np.testing.assert_allclose(got, list(expected.values()), rtol=0, atol=1e-12)
    assert got.sum() == pytest.approx(1.0, abs=1e-14)


def random_dag(rows: int, seed: int, own: bool = False) -> tuple[Any, Any, Any]:
    """Up to five parents a row, row 0 and if `own` the row itself among them, some weights 0."""
    random = np.random.default_rng(seed)
    parents = [np.unique(np.append(0, random.integers(0, row + own, 4))) for row in range(1, rows)]
    parents.insert(0, np.zeros(0, int))
    indices = np.concatenate(parents)
    weights = random.random(len(indices)) * (random.random(len(indices)) < 0.9)
    return np.cumsum([0, *map(len, parents)]), indices, weights


def dense(indptr: Any, indices: Any, weights: Any, rows: int) -> Any:
    """The transition matrix; rows without weight are 0."""
    matrix = sparse.csr_array((weights, indices, indptr), shape=(rows, rows)).toarray()
    sums = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0.0)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.85, 0.999, 1.0])
@pytest.mark.parametrize("own", [False, True])
def test_where_dead_ends_lead_and_rows_that_point_to_themselves(alpha: float, own: bool) -> None:
    indptr, indices, weights = random_dag(60, seed=2, own=own)
    weights += 0.01 * (alpha == 1.0)  # so that no row points to itself alone
    random = np.random.default_rng(3)
    restart, sink = random.random(60), random.random(60)
    got = event_pagerank(indptr, indices, weights, restart, alpha, sink, self_loops=own)
    transition = dense(indptr, indices, weights, 60)
    stuck = ~transition.any(axis=1)
    whole = alpha * (transition + np.outer(stuck, sink / sink.sum())) + (1 - alpha) * restart / restart.sum()
    np.testing.assert_allclose(got, got @ whole, rtol=0, atol=1e-14)
    assert got.sum() == pytest.approx(1.0, abs=1e-14)
    if alpha < 0.9:
        graph, to = nx.from_numpy_array(transition, create_using=nx.DiGraph), dict(enumerate(sink))
        expected = nx.pagerank(graph, alpha, dict(enumerate(restart)), dangling=to, tol=1e-17, max_iter=10000)
        np.testing.assert_allclose(got, list(expected.values()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("index", [np.int32, np.int64, np.uint16])
@pytest.mark.parametrize("number", [np.float32, np.float64, None])
def test_compiled_and_interpreted_have_the_same_bits(index: Any, number: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    indptr, indices, weights = random_dag(300, seed=5, own=True)
    if number is None:  # without weights no row may point to itself alone
        indices = np.where(indices == np.repeat(np.arange(300), np.diff(indptr)), 0, indices)
    given = [indptr.astype(index), indices.astype(index), *([] if number is None else [weights.astype(number)])]
    options: dict[str, Any] = {"restart": np.arange(1, 301), "dangling": np.ones(300)}
    for array in (*given, *options.values()):
        array.flags.writeable = False  # what is given is not written to
    options["self_loops"] = True
    slow = event_pagerank(*given, **options)
    compile_all(monkeypatch, dag_module)
    np.testing.assert_array_equal(event_pagerank(*given, **options), slow)


def test_citerank() -> None:
    """The toy 3 -> 2 -> 1 with the ages 0, 1, 2, tau = 1 and alpha = .5."""
    got = event_pagerank([0, 0, 1, 2], [0, 1], restart=[math.exp(-2), math.exp(-1), 1.0], alpha=0.5)
    np.testing.assert_allclose(got / got[2], [0.569275, 0.867879, 1.0], atol=5e-7)
    # Only differences of ages count, and ages of which all exp(-age / tau) are 0 have a CiteRank, too.
    np.testing.assert_allclose(citerank([0, 0, 1, 2], [0, 1], [2002, 2001, 2000], 1.0), got, rtol=1e-12)


@cases(100, st.data())
def test_any_edges_and_times_make_a_dag(data: st.DataObject) -> None:
    nodes = data.draw(st.integers(1, 7))
    time = data.draw(st.lists(st.sampled_from([1.0, 2.0, 3.0, math.nan]), min_size=nodes, max_size=nodes))
    node = st.integers(0, nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node, st.sampled_from([0.5, 2.0])), max_size=15))
    source, target, weights = ([edge[k] for edge in edges] for k in range(3))
    dag = as_dag(source, target, time, weights)
    kept = [edge for edge in edges if time[edge[1]] < time[edge[0]]]
    assert dag.dropped == len(edges) - len(kept)
    assert sorted(dag.order.tolist()) == list(range(nodes))
    child = np.repeat(np.arange(nodes), np.diff(dag.indptr))
    assert dag.weights is not None
    rows = zip(dag.order[child].tolist(), dag.order[dag.indices].tolist(), dag.weights.tolist(), strict=True)
    assert sorted(rows) == sorted(kept)
    assert event_pagerank(dag.indptr, dag.indices, dag.weights).sum() == pytest.approx(1.0)


def test_dates_are_times() -> None:
    when = np.array(["2001-01-01", "2000-05-01", "NaT"], dtype="datetime64[D]")
    dag = as_dag([0, 1, 0, 2], [1, 0, 2, 1], when)
    assert (dag.indptr.tolist(), dag.indices.tolist(), dag.weights, dag.dropped) == ([0, 0, 1, 1], [0], None, 3)


def walks(tape: Tape, restart: Iterable[tuple[int, float]], alpha: float) -> dict[str, float]:
    """The share of each person, by following every walk."""
    found: dict[str, float] = defaultdict(float)

    def walk(event: int, mass: float) -> None:
        if tape.events.person[event] >= 0:
            found[tape.persons.name_of(int(tape.events.person[event]))] += mass
        for k in range(tape.parents[event], tape.parents[event + 1]):
            walk(int(tape.influences.parent[k]), alpha * mass * float(tape.influences.weight[k]))

    for event, mass in restart:
        walk(event, mass)
    return {name: mass / sum(found.values()) for name, mass in found.items() if mass}


@cases(60, tapes(), st.sampled_from([0.0, 0.5, 1.0]))
def test_credit_is_where_the_walks_from_realised_value_are(tape: Tape, alpha: float) -> None:
    expected = walks(tape, ((event, value) for event, _, value in as_rows(tape.realised)), alpha)
    table = event_pagerank_credit(tape, alpha)
    assert by_name(table, "share") == pytest.approx(expected, rel=1e-9)
    assert table.total == tape.total
    assert table.persons.credit.sum() == pytest.approx(tape.total)


def test_citerank_credit_begins_at_recent_deeds() -> None:
    events = [(DISCOVER, 0, {}), (LEARN, 1, {0: 1}), (IMPLEMENT, 1, {1: 1}), (DISCOVER, 0, {}, 1, 1)]
    events += [(IMPLEMENT, 0, {0: 1}), (USE, -1, {2: 0.5, 4: 0.5})]
    tape = make_tape(["A", "B"], events, [(1, 5, 8.0)])
    expected = walks(tape, ((k, math.exp(-(5 - k) / 2.0)) for k in range(5)), 0.5)
    table = citerank_credit(tape, tau=2.0)
    assert by_name(table, "share") == pytest.approx(expected)
    assert table.total == 8.0
    assert citerank_credit(make_tape(["A"], [])).total == 0.0


def test_no_weight_next_to_none_and_no_events() -> None:
    assert event_pagerank([0, 0, 1], [0], [0.0]).tolist() == [0.5, 0.5]
    assert event_pagerank([0], []).tolist() == []
    assert pagerank(nx.DiGraph()) == {}
    assert len(pagerank(sparse.csr_array((0, 0)))) == 0
    plain = nx.DiGraph([(0, 1), (1, 0), (1, 2)])
    tiny = nx.DiGraph([(*edge, {"weight": 5e-324}) for edge in plain.edges])  # which cannot be inverted
    assert pagerank(tiny) == pytest.approx(pagerank(plain), abs=1e-12)


def test_a_series_is_read_by_its_labels_and_a_mapping_by_the_rows_of_a_matrix() -> None:
    graph = nx.DiGraph([("b", "a"), ("a", "c"), ("c", "b")])
    wish = pd.Series({"a": 3.0, "b": 1.0})
    theirs = nx.pagerank(graph, personalization=wish.to_dict(), tol=1e-12, max_iter=1000)
    assert pagerank(graph, personalization=wish) == pytest.approx(theirs, abs=1e-9)
    matrix = sparse.coo_array(([1.0], ([0], [1])), shape=(2, 2))
    np.testing.assert_allclose(pagerank(matrix, 0.5, {1: 2.0}), [0.0, 1.0], atol=1e-15)


@pytest.mark.parametrize(("arguments", "message"), [
    *(({"indices": [row]}, "indices must be rows before their own") for row in (1, -1)),
    *(({"indices": [row]}, "indices must be a one-dimensional array of whole numbers") for row in (0.0, [0])),
    *(({"indptr": indptr}, "indptr must rise from 0 to the number of indices, 1")
      for indptr in ([0, 0, 2], [1, 0, 1], [0, 2, 1], [])),
    *(({"weights": [weight]}, "weights must be 0 or more, and finite") for weight in (-1.0, math.nan)),
    ({"weights": [1.0, 1.0]}, r"weights must have the shape \(1,\), has \(2,\)"),
    ({"restart": [1.0, -1.0]}, "restart must be 0 or more, and finite"),
    ({"restart": [0.0, 0.0]}, "restart must not be 0 everywhere"),
    ({"restart": [1.0]}, r"restart must have the shape \(2,\), has \(1,\)"),
    ({"weights": [1e308, 1e308], "indptr": [0, 0, 2], "indices": [0, 0]}, "weights must have a finite sum in each"),
    *(({"alpha": alpha}, rf"alpha: must be in \[0, 1\], is {alpha}") for alpha in (1.1, -0.1, math.nan)),
    ({"dangling": [0.0, 0.0]}, "dangling must not be 0 everywhere"),
    ({"dangling": [1.0]}, r"dangling must have the shape \(2,\), has \(1,\)"),
    ({"indices": [2], "self_loops": True}, "indices must be rows before their own or it itself; look at row 1"),
    ({"indices": [1], "self_loops": True, "alpha": 1.0}, "points to itself alone keeps its walk for ever"),
])  # fmt: skip
def test_what_is_no_such_graph_is_refused(arguments: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"indptr": [0, 0, 1], "indices": [0]}
    event_pagerank(**good)
    with pytest.raises(ValueError, match=message) as error:
        event_pagerank(**(good | arguments))
    assert "\n" not in str(error.value)


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph:
    kind = draw(st.sampled_from([nx.DiGraph, nx.Graph, nx.MultiDiGraph]))
    nodes = draw(st.integers(1, 8))
    graph = kind()
    graph.add_nodes_from(names := [f"n{k}" for k in range(nodes)])
    node, data = st.sampled_from(names), st.sampled_from([{}, {"weight": 0.0}, {"weight": 0.5}, {"weight": 2.0}])
    graph.add_edges_from(draw(st.lists(st.tuples(node, node, data), max_size=14)))
    return graph


def vectors(nodes: list[str]) -> st.SearchStrategy[dict[str, float] | None]:
    return st.none() | st.dictionaries(st.sampled_from(nodes), st.sampled_from([0.5, 1.0, 3.0]), min_size=1)


@cases(200, st.data(), graphs(), st.sampled_from([0.0, 0.5, 0.85, 0.9]), st.sampled_from(["weight", None]))
def test_any_graph_agrees_with_networkx(data: st.DataObject, graph: Any, alpha: float, weight: str | None) -> None:
    where, dangling = data.draw(vectors(list(graph))), data.draw(vectors(list(graph)))
    options = {"alpha": alpha, "weight": weight, "personalization": where, "dangling": dangling}
    expected = nx.pagerank(graph, **options, tol=5e-15, max_iter=10000)
    direct = pagerank(graph, **options)
    assert list(direct) == list(graph)
    assert direct == pytest.approx(expected, abs=1e-12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALL", 0)
        assert pagerank(graph, **options, max_iter=10000) == pytest.approx(expected, abs=1e-10)
    matrix = nx.to_scipy_sparse_array(graph, weight=weight, dtype=float)
    where, dangling = (given and [given.get(node, 0.0) for node in graph] for given in (where, dangling))
    got = pagerank(matrix, alpha, where, dangling=dangling)
    np.testing.assert_allclose(got, list(direct.values()), rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_passes_are_the_same_on_any_threads_and_interpreted(weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(8)
    matrix = sparse.random_array((3000, 3000), density=0.001, rng=random, format="csr")
    if not weighted:
        matrix.data[:] = 3.0
    alone = pagerank(matrix)
    assert alone.tolist() == pytest.approx(pagerank(matrix, nstart=np.arange(3000)).tolist(), abs=1e-12)
    monkeypatch.setattr(power_iteration, "WORTH_THREADS", 0)
    for threads in (1, 2, 3):
        np.testing.assert_array_equal(pagerank(matrix, threads=threads), alone)
    compile_all(monkeypatch, power_iteration)
    np.testing.assert_array_equal(pagerank(matrix), alone)


@pytest.mark.parametrize("alpha", [0.5, 0.85, 0.99])
@pytest.mark.parametrize("graph", [
    nx.cycle_graph(40, nx.DiGraph),
    nx.path_graph(40, nx.DiGraph),
    nx.DiGraph([(k, 20 + (7 * k) % 20) for k in range(20)] + [(20 + k, 0) for k in range(20)]),
    nx.DiGraph([(0, k) for k in range(1, 9)] + [(k, 0) for k in range(1, 9)] + [(9, 10), (10, 9)]),
], ids=["ring", "path", "bipartite", "stars"])  # fmt: skip
def test_graphs_on_which_iterations_are_slow(graph: Any, alpha: float, monkeypatch: pytest.MonkeyPatch) -> None:
    restart = {0: 1.0, 9: 0.1}
    exact = pagerank(graph, alpha, restart)
    monkeypatch.setattr(module, "SMALL", 0)
    assert pagerank(graph, alpha, restart, max_iter=10000) == pytest.approx(exact, abs=1e-12 / (1 - alpha))


@pytest.mark.parametrize("small", [0, module.SMALL])
def test_it_fails_as_networkx_does(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", small)
    ring = nx.cycle_graph(50, nx.DiGraph)
    for function in (nx.pagerank, pagerank):
        with pytest.raises(ZeroDivisionError):
            function(ring, personalization={"nobody": 1.0})
        for passes in (0, 3) if small == 0 or function is nx.pagerank else (0,):
            with pytest.raises(nx.PowerIterationFailedConvergence):
                function(ring, 0.85, {0: 1.0}, passes)


@pytest.mark.parametrize("alpha", [0.85, 0.99])
def test_it_takes_the_place_of_networkx(alpha: float) -> None:
    """The same arguments in the same order; and it converges, with no more passes allowed, where networkx does."""
    graph = nx.gnp_random_graph(600, 0.004, seed=5, directed=True)
    nx.set_edge_attributes(graph, {edge: 1.0 + edge[0] % 3 for edge in graph.edges}, "strength")
    restart, start, sink = {0: 1.0, 9: 2.0}, {1: 1.0}, {3: 1.0, 4: 1.0}
    given = (graph, alpha, restart, 100, 1e-6, start, "strength", sink)
    exact = nx.pagerank(graph, alpha, restart, 100_000, 1e-16, start, "strength", sink)
    assert nx.pagerank(*given) == pytest.approx(exact, abs=1e-4)
    assert pagerank(*given) == pytest.approx(exact, abs=1e-10)
    ours, theirs = (list(inspect.signature(function).parameters.values())[1:8] for function in (pagerank, nx.pagerank))
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]
    assert {p.kind for p in theirs} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}


OUTSIDE = sparse.csr_array(np.ones((3, 3)))
OUTSIDE.indices[4] = 3


@pytest.mark.parametrize(("call", "message"), [
    *((lambda t=t: citerank([0, 0, 1], [0], [0.0, 1.0], t), r"tau: must be in \(0, inf\)") for t in (0.0, math.nan)),
    (lambda: citerank([0, 0, 1], [0], [0.0, math.inf], 1.0), "age must be finite"),
    (lambda: as_dag([0], [1, 0], [1.0, 2.0]), "source and target must be of one length, are 1 and 2"),
    (lambda: as_dag([2], [0], [1.0, 2.0]), "source must be nodes from 0 to 1"),
    (lambda: as_dag([0], [-1], [1.0, 2.0]), "target must be nodes from 0 to 1"),
    (lambda: as_dag([0], [1], ["old", "new"]), "time must be a one-dimensional array of numbers or of datetime64"),
    (lambda: as_dag([0], [1], [1.0, 2.0], [1.0, 2.0]), r"weights must have the shape \(1,\), has \(2,\)"),
    (lambda: pagerank(sparse.csr_array((2, 3))), r"the matrix must be square, has the shape \(2, 3\)"),
    (lambda: pagerank(sparse.csr_array([[0.0, -1.0], [0.0, 0.0]])), "weights of the graph must be 0 or more, and"),
    (lambda: pagerank(nx.DiGraph([(0, 1)]), alpha=1.0), r"alpha: must be in \[0, 1\), is 1.0"),
    (lambda: pagerank(nx.DiGraph([(0, 1)]), personalization={2: 1.0}), "personalization must not be 0 everywhere"),
    (lambda: pagerank(nx.DiGraph([(0, 1)]), dangling={1: -1.0}), "dangling must be 0 or more, and finite"),
    (lambda: pagerank(nx.DiGraph([(0, 1)]), dangling=[1.0]), r"dangling must have the shape \(2,\), has \(1,\)"),
    (lambda: pagerank(OUTSIDE), "the matrix points outside itself in row 1"),
])  # fmt: skip
def test_what_is_no_graph_is_refused(call: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", 0)
    with pytest.raises(ValueError, match=message):
        call()
