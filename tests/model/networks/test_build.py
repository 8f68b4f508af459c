"""Ties: generators against networkx and closed forms, windows against a slow twin, files against what was written."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from sim import ScenarioError, World
from sim.model.networks.generators.make import GENERATORS
from sim.model.networks.links import pairs as all_pairs
from sim.model.rules import NEVER
from tests.model.networks import NAMED, rows, world


def pairs(made: World) -> list[tuple[int, int]]:
    return [(i, j) for i, j, *_ in rows(made.ties)]


def both(found: list[tuple[int, int]]) -> set[tuple[int, int]]:
    return {*found, *((j, i) for i, j in found)}


def z(found: float, expected: float, variance: float) -> float:
    return (found - expected) / variance**0.5


def made_by(kind: int, n: int, *parameters: float, both_ways: bool = True, seed: int = 0) -> list[tuple[int, int]]:
    """The pairs of a generated network; of one that leads both ways, each once, with the smaller number first."""
    indptr, target = GENERATORS[kind](n, np.array(parameters, float), both_ways, seed)
    source = np.repeat(np.arange(n), np.diff(indptr)).tolist()
    return [(i, j) for i, j in zip(source, target.tolist(), strict=True) if i < j or not both_ways]


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize(("kind", "graph", "one_way"), [
    ("complete", nx.complete_graph, lambda n: itertools.permutations(range(n), 2)),
    ("star", lambda n: nx.star_graph(n - 1), lambda n: ((0, j) for j in range(1, n))),
    ("chain", nx.path_graph, lambda n: itertools.pairwise(range(n))),
])  # fmt: skip
def test_complete_star_and_chain_are_those_of_networkx(kind, graph, one_way, n):
    assert set(pairs(world({"kind": kind}, n))) == both(list(graph(n).edges))
    assert set(pairs(world({"kind": kind, "both_ways": False}, n))) == set(one_way(n))


@pytest.mark.parametrize("network", [
    {"kind": "erdos-renyi", "degree": 4},
    {"kind": "barabasi-albert", "links": 2},
    {"kind": "watts-strogatz", "neighbours": 4, "rewire": 0.3},
])  # fmt: skip
def test_another_seed_is_another_network(network):
    assert len({tuple(pairs(world(network, 40, seed=seed))) for seed in (*range(20), 2**32, 2**63)}) == 22


@pytest.mark.parametrize("directed", [False, True])
def test_erdos_renyi_ties_every_pair_alike_and_independently(directed):
    made = (made_by("erdos-renyi", 3, 0.8, both_ways=not directed, seed=seed) for seed in range(6000))
    graphs = Counter(map(frozenset, made))
    places = list((itertools.permutations if directed else itertools.combinations)(range(3), 2))
    worlds = [frozenset(w) for size in range(len(places) + 1) for w in itertools.combinations(places, size)]
    expected = [6000 * 0.4 ** len(w) * 0.6 ** (len(places) - len(w)) for w in worlds]
    assert sum(graphs[w] for w in worlds) == 6000
    assert stats.chisquare([graphs[w] for w in worlds], expected).pvalue > 1e-4


def test_erdos_renyi_at_its_ends():
    assert made_by("erdos-renyi", 6, 5.0) == list(itertools.combinations(range(6), 2))
    assert made_by("erdos-renyi", 4, 3.0, both_ways=False) == list(itertools.permutations(range(4), 2))
    assert made_by("erdos-renyi", 6, 0.0) == made_by("erdos-renyi", 1, 0.0) == []


def attachment(n: int, links: int) -> dict[frozenset[tuple[int, int]], float]:
    """Every graph that preferential attachment may make, with its probability."""
    law = {frozenset((0, j) for j in range(1, links + 1)): 1.0}
    for new in range(links + 1, n):
        following: Counter[frozenset[tuple[int, int]]] = Counter()
        for graph, chance in law.items():
            ties = Counter(itertools.chain.from_iterable(graph))
            for order in itertools.permutations(range(new), links):
                part, left = chance, sum(ties.values())
                for j in order:
                    part *= ties[j] / left
                    left -= ties[j]
                following[graph | {(new, j) for j in order}] += part
        law = dict(following)
    return law


@pytest.mark.parametrize(("n", "links"), [(5, 1), (4, 2), (5, 2), (5, 3)])
def test_barabasi_albert_makes_every_graph_as_often_as_it_should(n, links):
    law = attachment(n, links)
    assert sum(law.values()) == pytest.approx(1.0)
    made = (made_by("barabasi-albert", n, links, seed=seed) for seed in range(4000))
    found = Counter(frozenset((max(p), min(p)) if max(p) > links else p for p in pairs) for pairs in made)
    assert set(found) <= set(law)
    assert stats.chisquare([found[g] for g in law], [4000 * p for p in law.values()]).pvalue > 1e-4


def test_watts_strogatz_without_rewiring_is_the_ring():
    for n, neighbours in ((5, 2), (5, 4), (12, 6), (3, 2)):
        graph = nx.watts_strogatz_graph(n, neighbours, 0.0)
        ring = world({"kind": "watts-strogatz", "neighbours": neighbours, "rewire": 0}, n)
        assert set(pairs(ring)) == both(list(graph.edges))


def test_watts_strogatz_rewires_as_many_as_it_should_to_all_alike():
    n, neighbours, rewire = 2000, 6, 0.2
    made = made_by("watts-strogatz", n, neighbours, rewire, both_ways=False, seed=3)
    assert Counter(i for i, _ in made) == dict.fromkeys(range(n), neighbours // 2)  # each keeps its first end
    new = [(j - i) % n for i, j in made if (j - i) % n > neighbours // 2]
    ring = n * neighbours // 2
    assert abs(z(len(new), ring * rewire, ring * rewire * (1 - rewire))) < 4
    assert stats.kstest([(far - 0.5) / n for far in new], "uniform").pvalue > 1e-4


@pytest.mark.parametrize("rewire", [0.1, 0.5, 1.0])
def test_watts_strogatz_clusters_and_spreads_as_that_of_networkx(rewire):
    def measures(graph: nx.Graph) -> tuple[float, float]:
        return nx.average_clustering(graph), float(np.var([d for _, d in graph.degree]))

    ours = [measures(nx.Graph(made_by("watts-strogatz", 200, 8, rewire, seed=seed))) for seed in range(15)]
    theirs = [measures(nx.watts_strogatz_graph(200, 8, rewire, seed)) for seed in range(15)]
    for a, b in zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True):
        assert abs(z(np.mean(a), np.mean(b), (np.var(a) + np.var(b)) / 14)) < 4


def test_pairs_of_all_and_of_each():
    assert list(all_pairs([1, 2], [3, 4], "all")) == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert list(all_pairs([1, 2], [3, 4], "each")) == [(1, 3), (2, 4)]
    assert list(all_pairs([1, 2, 3], [4, 5], "each")) == [(1, 4), (2, 5), (3, 4)]
    assert list(all_pairs([1], [3, 4], "each")) == [(1, 3), (1, 4)]
    assert list(all_pairs([], [3, 4], "each")) == []


def from_file(folder: Path, name: str, count: int = 3, **options: Any) -> World:
    return world({"kind": "file", "path": name} | options, count, folder, persons=NAMED)


def test_a_csv_file_names_persons_members_and_the_population(tmp_path):
    text = "\ufefftarget, weight, source, note, start, end\nx, 0.5, Ann, a remark, 2, 4\nteam 2,, x\n"
    text += 'Ann, 1, "y, the second", , ,7\ny, 1, y\n'
    (tmp_path / "ties.csv").write_text(text, encoding="utf-8")
    assert rows(from_file(tmp_path, "ties.csv").ties) == [(0, 3, 0.5, 2, 4), (3, 2, 1.0, 0, NEVER), (4, 0, 1.0, 0, 7)]
    halved = rows(from_file(tmp_path, "ties.csv", weight=0.5, both_ways=True).ties)
    assert len(halved) == 6
    assert {(3, 0, 0.25, 2, 4), (2, 3, 0.5, 0, NEVER)} <= set(halved)


WRITERS = {"graphml": nx.write_graphml, "gexf": nx.write_gexf}


@pytest.mark.parametrize("kind", WRITERS)
def test_graph_files_give_the_graph_that_was_written_with_its_windows(tmp_path, kind):
    for directed in (True, False):
        graph = nx.gnm_random_graph(8, 15, seed=3, directed=directed)
        graph = nx.relabel_nodes(graph, {0: "Ann", 1: "team 2"} | {k: f"z{k}" for k in range(2, 8)})
        nx.set_edge_attributes(graph, {edge: (m + 1) / 16 for m, edge in enumerate(graph.edges)}, "weight")
        WRITERS[kind](graph, tmp_path / f"ties.{kind}")
        found = rows(from_file(tmp_path, f"ties.{kind}", count=6).ties)
        again = nx.DiGraph()
        again.add_weighted_edges_from((i, j, w) for i, j, w, _, _ in found)
        expected = graph if directed else graph.to_directed()
        assert nx.is_isomorphic(again, expected, edge_match=lambda a, b: a["weight"] == b["weight"])
        weights = sorted(w for *_, w in expected.out_edges("Ann", data="weight"))
        assert sorted(w for i, _, w, _, _ in found if i == 0) == weights
        weights = sorted(w for *_, w in expected.in_edges("team 2", data="weight"))
        assert sorted(w for _, j, w, _, _ in found if j == 2) == weights
    graph = nx.DiGraph([("Ann", "x", {"weight": 0.25, "start": 2, "end": 4}), ("x", "Ann", {})])
    WRITERS[kind](graph, tmp_path / f"ties.{kind}")
    assert rows(from_file(tmp_path, f"ties.{kind}").ties) == [(0, 3, 0.25, 2, 4), (3, 0, 1.0, 0, NEVER)]


@pytest.mark.parametrize(("edge", "says"), [
    ({"weight": 0.0}, "weight must be above 0"),
    ({"weight": 0}, "weight must be above 0"),
    ({"weight": "much"}, "weight must be a number"),
    ({"start": float("inf")}, "whole numbers"),
])  # fmt: skip
def test_a_bad_graph_file_is_one_line_of_complaint(tmp_path, edge, says):
    nx.write_graphml(nx.DiGraph([("Ann", "x", edge)]), tmp_path / "ties.graphml")
    with pytest.raises(ScenarioError, match=says):
        from_file(tmp_path, "ties.graphml")
    nx.write_graphml(nx.DiGraph([("Ann", "x", {"end": 0})]), tmp_path / "ties.graphml")
    assert rows(from_file(tmp_path, "ties.graphml").ties) == [], "it ends at once"
    (tmp_path / "ties.gexf").write_text("<graph><node", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"cannot be read: .*; allowed: a sound graph"):
        from_file(tmp_path, "ties.gexf")
