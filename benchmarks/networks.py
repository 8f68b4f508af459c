"""Making networks: ours of every kind, beside networkx and igraph where these have it."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import ours
from benchmarks.tables import Table
from sim.errors import ScenarioError
from sim.model.world import World
from sim.scenario.scenario import Scenario

KINDS: dict[str, dict[str, Any]] = {
    "erdos-renyi": {"degree": 10.0},
    "barabasi-albert": {"links": 5},
    "watts-strogatz": {"neighbours": 10, "rewire": 0.1},
    "configuration": {"degrees": {"kind": "poisson", "mean": 10.0}},
    "stochastic-block": {"sizes": [0.5, 0.5], "degrees": [[8.0, 2.0], [2.0, 8.0]]},
    "star": {},
    "chain": {},
    "complete": {},
}
BUDGET = 60.0  # seconds that one may take, judging by the size before
RUNS = 3


def ours_of(kind: str, options: dict[str, Any]) -> Callable[[int], int]:
    """Our generator, as part of World.build for persons without any abilities."""

    def make(n: int) -> int:
        made = Scenario.model_validate(
            {
                "scenario": {"name": kind, "steps": 1},
                "world": {"network": {"kind": kind} | options},
                "population": {"count": n},
                "ideas": [{"name": "idea"}],
            }
        )
        return len(World.build(made, 1).ties.target)

    return make


def networkx_of(kind: str) -> Callable[[int], int] | None:
    """The generator of networkx."""
    import networkx as nx

    makers: dict[str, Callable[[int], nx.Graph]] = {
        "erdos-renyi": lambda n: nx.fast_gnp_random_graph(n, 10.0 / (n - 1), seed=1),
        "barabasi-albert": lambda n: nx.barabasi_albert_graph(n, 5, seed=1),
        "watts-strogatz": lambda n: nx.watts_strogatz_graph(n, 10, 0.1, seed=1),
        "stochastic-block": lambda n: nx.stochastic_block_model(
            [n // 2, n // 2], [[16.0 / n, 4.0 / n], [4.0 / n, 16.0 / n]], seed=1, sparse=True
        ),
        "star": lambda n: nx.star_graph(n - 1),
        "chain": nx.path_graph,
        "complete": nx.complete_graph,
    }
    maker = makers.get(kind)
    return (lambda n: 2 * maker(n).number_of_edges()) if maker else None


def igraph_of(kind: str) -> Callable[[int], int] | None:
    """The generator of igraph, whose graphs are compiled columns as ours are."""
    import igraph

    makers: dict[str, Callable[[int], Any]] = {
        "erdos-renyi": lambda n: igraph.Graph.Erdos_Renyi(n, p=10.0 / (n - 1)),
        "barabasi-albert": lambda n: igraph.Graph.Barabasi(n, 5),
        "watts-strogatz": lambda n: igraph.Graph.Watts_Strogatz(1, n, 5, 0.1),
        "star": igraph.Graph.Star,
        "chain": lambda n: igraph.Graph.Ring(n, circular=False),
        "complete": igraph.Graph.Full,
    }
    maker = makers.get(kind)
    return (lambda n: 2 * maker(n).ecount()) if maker else None


def measure(largest: int) -> Table:
    """Ours, networkx and igraph for each kind at 1,000, 10,000 ... persons; complete networks up to 1,000."""
    rows = []
    ours.warm_up()
    for kind, options in KINDS.items():
        makers: dict[str, Callable[[int], int] | None] = {"shoulders": ours_of(kind, options)}
        makers["networkx"] = networkx_of(kind)
        try:
            makers["igraph"] = igraph_of(kind)
        except ImportError:
            rows.append([kind, "", "", "igraph", float("nan"), float("nan"), "not installed"])
        for who, make in makers.items():
            rows += [[kind, *row] for row in _grow(who, make, 1_000 if kind == "complete" else largest)] if make else []
        print(f"network {kind} ...", file=sys.stderr, flush=True)
    columns = ("kind", "persons", "ties", "who", "s", "million ties a s", "note")
    notes = [
        "Timed: from the parameters to the graph as the library keeps it (ours: columns sorted by source and target),"
        " the median of three after one that links what is compiled; one alone where it takes more than 6 s."
    ]
    return Table("networks", "Making networks", notes, columns, rows)


def _grow(who: str, make: Callable[[int], int], largest: int) -> list[list[Any]]:
    rows: list[list[Any]] = []
    n, seconds = 1_000, 0.0
    while n <= largest:
        if seconds * 10 > BUDGET:
            rows.append([n, "", who, float("nan"), float("nan"), f"skipped: {seconds:.1f} s at {n // 10:,} persons"])
            break
        try:
            make(100)
            ties, seconds = _timed(make, n)
        except ScenarioError as error:
            rows.append([n, "", who, float("nan"), float("nan"), str(error)])
            break
        rows.append([n, ties, who, seconds, ties / seconds / 1e6, ""])
        n *= 10
    return rows


def _timed(make: Callable[[int], int], n: int) -> tuple[int, float]:
    """Ties, and the median seconds of RUNS makings after one that links; of that one alone where it is long."""
    taken = []
    for _ in range(1 + RUNS):
        begin = time.perf_counter()
        ties = make(n)
        taken.append(time.perf_counter() - begin)
        if taken[0] > BUDGET / 10:
            break
    return ties, statistics.median(taken[1:] or taken)
