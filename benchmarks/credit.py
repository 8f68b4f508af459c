"""PageRank of events and of graphs with cycles: everybody on the same graph, to the same residual of one reference.

A peer takes a number of iterations or a tolerance of its own meaning. So each is given ever more of it until the
residual of what it returns, measured the same way for all, is small enough; that setting is timed.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks import figure, ours
from benchmarks.tables import Table, cores, processor
from sim.accounts.pagerank import event_pagerank, pagerank

ALPHA = 0.85
RESIDUALS = {"events": 1e-12, "cyclic": 1e-10}
DEGREE = {"events": 8, "cyclic": 16}
COLUMNS = ("graph", "rows", "edges", "who", "ms", "residual", "from reference", "to ours", "note")

Floats = NDArray[np.float64]
Solve = Callable[[], Any]


@dataclass
class Graph:
    """A graph that all get, in the rows that scipy knows, and what measures an answer to it."""

    kind: str
    matrix: Any

    def __post_init__(self) -> None:
        degree = np.diff(self.matrix.indptr)
        self.n = len(degree)
        self.stuck = degree == 0
        self.back = (sparse.diags_array(1.0 / np.maximum(degree, 1)) @ self.matrix).T.tocsr()
        self.source = np.repeat(np.arange(self.n), degree)

    def residual(self, rank: Any) -> float:
        """The sum of |alpha (P' p + (d . p) v) + (1 - alpha) v - p| with p the rank, made to sum to 1."""
        p = np.asarray(rank, dtype=float) / np.sum(rank)
        return float(np.abs(ALPHA * (self.back @ p + p[self.stuck].sum() / self.n) + (1 - ALPHA) / self.n - p).sum())


@dataclass
class Runner:
    """One who computes: what it is given, from the least to the most, and what it then does."""

    name: str
    settings: Sequence[Any]
    ready: Callable[[Graph], Callable[[Any], Any]]


@dataclass
class Lane:
    """What a runner took on a graph, or why it does not run; the fields are those that the figure reads."""

    name: str
    n: int
    edges: int = 0
    seconds: list[float] = field(default_factory=list)
    residual: float = float("nan")
    away: float = float("nan")  # sum of the differences from ours at a residual of 1e-14
    note: str = ""

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds) if self.seconds else float("nan")


def make(kind: str, n: int) -> Graph:
    """Rows that point to earlier ones at random, or a directed Erdős-Rényi graph; no edge is there twice."""
    random = np.random.default_rng(n)
    edges = DEGREE[kind] * n
    source = random.integers(0, n, edges)
    if kind == "events":
        target = (random.random(edges) * source).astype(np.int64)
        source, target = source[source > 0], target[source > 0]
    else:
        target = random.integers(0, n, edges)
    matrix = sparse.csr_array((np.ones(len(source)), (source, target)), (n, n))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return Graph(kind, matrix)


def ours_of(threads: int) -> Runner:
    """Ours: the sweep where rows point back, the passes on so many threads elsewhere."""

    def ready(graph: Graph) -> Callable[[Any], Any]:
        matrix = graph.matrix
        if graph.kind == "events":
            return lambda _: event_pagerank(matrix.indptr, matrix.indices, alpha=ALPHA)
        return lambda tol: pagerank(matrix, ALPHA, residual=tol, threads=threads)

    return Runner(f"shoulders, {threads} thread{'s' * (threads > 1)}", (1e-10, 1e-11, 1e-12, 1e-13), ready)


def networkx(graph: Graph) -> Callable[[Any], Any]:
    """The tolerance is for a node."""
    import networkx as nx

    made = nx.DiGraph()
    made.add_nodes_from(range(graph.n))
    made.add_edges_from(zip(graph.source.tolist(), graph.matrix.indices.tolist(), strict=True))
    return lambda tol: list(nx.pagerank(made, ALPHA, tol=tol / graph.n, max_iter=10_000).values())


def igraph(graph: Graph) -> Callable[[Any], Any]:
    """PRPACK, which has a tolerance of its own."""
    import igraph as ig

    made = ig.Graph(graph.n, np.column_stack([graph.source, graph.matrix.indices]), directed=True)
    return lambda _: made.pagerank(damping=ALPHA)


def scikit_network(solver: str) -> Callable[[Graph], Callable[[Any], Any]]:
    """Power iteration, so many times; or ARPACK."""

    def ready(graph: Graph) -> Callable[[Any], Any]:
        from sknetwork.ranking import PageRank

        matrix = sparse.csr_matrix(graph.matrix)
        return lambda times: PageRank(ALPHA, solver=solver, n_iter=times, tol=0.0).fit_predict(matrix)

    return ready


def rustworkx(graph: Graph) -> Callable[[Any], Any]:
    """The tolerance is for a node."""
    import rustworkx as rx

    made = rx.PyDiGraph()
    made.add_nodes_from(range(graph.n))
    made.add_edges_from_no_data(list(zip(graph.source.tolist(), graph.matrix.indices.tolist(), strict=True)))

    def run(tol: float) -> Any:
        found = rx.pagerank(made, ALPHA, tol=tol / graph.n, max_iter=10_000)
        return [found[node] for node in range(graph.n)]

    return run


def networkit(graph: Graph) -> Callable[[Any], Any]:
    """Power iteration on all cores, to a tolerance of the sum of changes."""
    import networkit as nk

    ends = (graph.source.astype(np.uint64), graph.matrix.indices.astype(np.uint64))
    made = nk.GraphFromCoo((np.ones(len(ends[0])), ends), n=graph.n, directed=True)

    def run(tol: float) -> Any:
        sinks = nk.centrality.SinkHandling.DistributeSinks
        found = nk.centrality.PageRank(made, ALPHA, tol, distributeSinks=sinks)
        found.norm = nk.centrality.Norm.L1_NORM
        found.maxIterations = 10_000
        return found.run().scores()

    return run


TOLERANCES = (1e-10, 1e-11, 1e-12, 1e-13, 1e-14)
TIMES = (10, 13, 16, 20, 25, 32, 40, 50, 64, 80, 100, 130, 160, 200)
PEERS = (
    Runner("networkx", TOLERANCES, networkx),
    Runner("igraph", (None,), igraph),
    Runner("scikit-network", TIMES, scikit_network("piteration")),
    Runner("scikit-network, lanczos", (0,), scikit_network("lanczos")),
    Runner("rustworkx", TOLERANCES, rustworkx),
    Runner("networkit", TOLERANCES, networkit),
)


def runners(kind: str) -> Iterator[Runner]:
    """Ours first; the sweep has one thread."""
    yield from map(ours_of, ours.thread_counts() if kind == "cyclic" else (1,))
    yield from PEERS


def timed(solve: Solve) -> tuple[float, Any]:
    """Seconds, and the answer; Python's garbage collector waits meanwhile."""
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter()
        answer = solve()
        return time.perf_counter() - begin, answer
    finally:
        gc.enable()


def run(runner: Runner, graph: Graph, reference: Floats, rounds: int, budget: float) -> Lane:
    """Find the least setting that is exact enough, and time it so often, or for as long as the budget lasts."""
    lane = Lane(runner.name, graph.n, graph.matrix.nnz)
    try:
        solve = runner.ready(graph)
    except ImportError as error:
        lane.note = f"not installed ({error.name})"
        return lane
    for setting in runner.settings:
        try:
            seconds, answer = timed(lambda setting=setting: solve(setting))
        except Exception as error:  # a peer's own
            lane.note = f"{type(error).__name__}: {str(error).splitlines()[0][:60]}"
            return lane
        lane.residual = graph.residual(answer)
        if lane.residual <= RESIDUALS[graph.kind] or seconds > budget:
            break
    lane.seconds = [seconds]
    lane.away = float(np.abs(np.asarray(answer) / np.sum(answer) - reference).sum())
    if lane.residual > RESIDUALS[graph.kind]:
        lane.note = "not as exact as asked for"
    while len(lane.seconds) < rounds and sum(lane.seconds) < budget:
        lane.seconds.append(timed(lambda: solve(setting))[0])
    return lane


def race(kind: str, n: int, rounds: int, budget: float, before: Sequence[Lane]) -> list[Lane]:
    """All runners on one graph; who would take longer than the budget, judging by the size before, is left out."""
    graph = make(kind, n)
    reference = np.asarray(pagerank(graph.matrix, ALPHA, residual=1e-14))
    lanes = []
    for runner in runners(kind):
        last = next((lane for lane in before if lane.name == runner.name), None)
        if last and (last.note.startswith(("not inst", "skipped")) or last.median * n / last.n > budget):
            note = last.note or f"skipped: {last.median:.1f} s at {last.n:,} rows"
            lanes.append(Lane(runner.name, n, graph.matrix.nnz, note=note))
        else:
            lanes.append(run(runner, graph, reference, rounds, budget))
        print(f"PageRank, {kind}, {n:,} rows: {runner.name} ...", file=sys.stderr, flush=True)
    return lanes


def measure(given: argparse.Namespace) -> Table:
    """Race both kinds at 1,000 rows, 10,000 and so on, check the answers, and draw; the largest is `given.credit`."""
    rows: list[list[Any]] = []
    for kind in DEGREE:
        lanes: list[Lane] = []
        everything: list[Lane] = []
        for n in sizes(given.credit):
            lanes = race(kind, n, given.rounds, given.budget, lanes)
            everything += lanes
            given.wrong += check(kind, lanes)
            rows += [[kind, *row_of(lane, lanes[0])] for lane in lanes]
        draw(kind, everything, given.out)
    notes = [
        "The same graphs for all: `events`, rows that point to earlier ones (8 a row), and `cyclic`, a directed",
        f"Erdős-Rényi graph (16 a row); damping {ALPHA}, rows that point nowhere go everywhere. *Residual*: the sum of",
        "|alpha (P'p + (d.p)v) + (1 - alpha)v - p|, measured alike for all; each got the least tolerance or number of",
        f"iterations that brings it below {RESIDUALS['events']:g} (events) and {RESIDUALS['cyclic']:g} (cyclic). *From",
        "reference*: the sum of differences from ours at a residual of 1e-14. Timed, as a median: from the graph as",
        "the library keeps it to the ranks as it returns them; ours from the rows as scipy keeps them, transposing",
        "included. *To ours*: times as long as our first row took.",
    ]
    return Table("credit", "PageRank", notes, COLUMNS, rows)


def sizes(largest: int) -> list[int]:
    """1,000 rows, 10,000 and so on, and the largest."""
    return sorted({*(10**k for k in range(3, 9) if 10**k < largest), largest})


def row_of(lane: Lane, first: Lane) -> list[Any]:
    """A row of the table."""
    return [lane.n, lane.edges, lane.name, lane.median * 1e3, said(lane.residual), said(lane.away),
            lane.median / first.median, lane.note]  # fmt: skip


def said(value: float) -> str:
    """A residual in print."""
    return "" if np.isnan(value) else f"{value:.0e}"


def check(kind: str, lanes: Sequence[Lane]) -> list[str]:
    """What shows that somebody computed something else: an answer further away than its residual allows."""
    return [f"{lane.name} on {lane.n:,} rows ({kind}) is {lane.away:.1e} away at a residual of {lane.residual:.1e}"
            for lane in lanes if lane.away > lane.residual / (1 - ALPHA) + 1e-12]  # fmt: skip


def draw(kind: str, lanes: Sequence[Lane], folder: Path) -> None:
    """Seconds against rows, a line for each, as credit-KIND.png."""
    title = {"events": "Seconds of PageRank where rows point back", "cyclic": "Seconds of PageRank with cycles"}[kind]
    notes = [f"Median, to a residual of {RESIDUALS[kind]:g}. {processor()}, {cores()} cores."]
    made = figure.draw(lanes, notes, title, f"rows, {DEGREE[kind]} edges each")
    folder.mkdir(parents=True, exist_ok=True)
    made.savefig(folder / f"credit-{kind}.png", dpi=144)
