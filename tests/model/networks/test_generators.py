"""Generated build: their laws, and that compiled code, threads and the scenario give the same ones."""

import itertools
from collections import Counter
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim import World
from sim.machine.loops import compiled
from sim.model import abilities, world
from sim.model.networks.csr import sort_part
from sim.model.networks.expected import count_ties
from sim.model.networks.generators import blocks, make
from sim.model.networks.generators.configuration import degree_of, power
from sim.model.randomness import NETWORK, key_of, uniform_of
from sim.scenario.networks import FIXED, GIVEN, POISSON, POWER
from tests import cases
from tests.model.networks import scenario
from tests.model.networks import world as made_world

# Kind, persons, parameters but for the direction, and the same as a scenario has it.
EXAMPLES: list[tuple[str, int, list[float], dict[str, Any]]] = [
    ("none", 4, [], {"kind": "none"}),
    *((kind, n, [], {"kind": kind}) for kind in ("complete", "star", "chain") for n in (1, 2, 9)),
    ("erdos-renyi", 120, [5.5], {"kind": "erdos-renyi", "degree": 5.5}),
    ("erdos-renyi", 12, [11.0], {"kind": "erdos-renyi", "degree": 11}),
    ("erdos-renyi", 1, [0.0], {"kind": "erdos-renyi", "degree": 0}),
    ("barabasi-albert", 2, [1], {"kind": "barabasi-albert", "links": 1}),
    ("barabasi-albert", 9, [8], {"kind": "barabasi-albert", "links": 8}),
    ("barabasi-albert", 90, [3], {"kind": "barabasi-albert", "links": 3}),
    ("watts-strogatz", 3, [2, 1.0], {"kind": "watts-strogatz", "neighbours": 2, "rewire": 1}),
    ("watts-strogatz", 5, [4, 1.0], {"kind": "watts-strogatz", "neighbours": 4, "rewire": 1}),
    ("watts-strogatz", 90, [6, 0.3], {"kind": "watts-strogatz", "neighbours": 6, "rewire": 0.3}),
    ("configuration", 6, [GIVEN, 3, 1, 2, 2, 0, 5], {"kind": "configuration", "degrees": [3, 1, 2, 2, 0, 5]}),
    ("configuration", 80, [FIXED, 5], {"kind": "configuration", "degrees": 5}),
    ("configuration", 80, [POISSON, 4.5], {"kind": "configuration", "degrees": {"kind": "poisson", "mean": 4.5}}),
    ("configuration", 80, [POWER, 2.5, 2, 40],
     {"kind": "configuration", "degrees": {"kind": "power", "exponent": 2.5, "low": 2, "high": 40}}),
    ("stochastic-block", 90, [2, 30, 60, 0.3, 0.05, 0.05, 0.1],
     {"kind": "stochastic-block", "sizes": [30, 60], "chances": [[0.3, 0.05], [0.05, 0.1]]}),
]  # fmt: skip


def parameters(given: list[float], both_ways: bool = True) -> np.ndarray:
    return np.array([both_ways, *given], np.float64)


def generate(kind: str, n: int, given_: np.ndarray, seed: int, wrap: Any = lambda loop: loop) -> Any:
    return wrap(make.GENERATORS[kind])(n, given_[1:], bool(given_[0]), seed)


def generate_compiled(*given_: Any) -> tuple[np.ndarray, np.ndarray]:
    return generate(*given_, compiled)


def rows(n: int, made: tuple[np.ndarray, np.ndarray], both_ways: bool = False) -> list[tuple[int, int]]:
    """The ties: each once, in order, nobody's to oneself, and both ways if they lead both ways."""
    indptr, target = made
    assert (indptr.dtype, target.dtype) == (np.int64, np.int32)
    assert (len(indptr), indptr[0], indptr[-1]) == (n + 1, 0, len(target))
    pairs = list(zip(np.repeat(np.arange(n), np.diff(indptr)).tolist(), target.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert all(i != j for i, j in pairs)
    assert not both_ways or sorted((j, i) for i, j in pairs) == pairs
    return pairs


def check_law(found: Any, law: Any, quantiles: tuple[float, ...]) -> None:
    """Whole numbers follow a law of scipy, by chi-square of the classes between its quantiles."""
    edges = sorted({int(law.ppf(q)) for q in quantiles})
    expected = np.diff([0.0, *law.cdf(edges), 1.0]) * len(found)
    counts = np.bincount(np.searchsorted(edges, found), minlength=len(expected))
    there = expected > 1e-9
    assert not counts[~there].any()
    assert there.sum() < 2 or stats.chisquare(counts[there], expected[there]).pvalue > 1e-4


def ties_of(network: dict[str, Any], n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    ties = made_world(network, n, seed=seed).ties
    return ties.indptr, ties.target


@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize(("kind", "n", "given_parameters", "network"), EXAMPLES)
def test_a_scenario_and_compiled_code_give_the_same(kind, n, given_parameters, network, both_ways, monkeypatch):
    network = network | ({} if network["kind"] == "none" else {"both_ways": both_ways})
    given_ = parameters(given_parameters, both_ways)
    for seed in (0, 7, 2**64 - 3):
        expected = rows(n, generate(kind, n, given_, seed), both_ways)
        signed = seed - 2**64 if seed >= 2**63 else seed
        assert rows(n, generate_compiled(kind, n, given_, signed)) == expected
        assert rows(n, ties_of(network, n, seed)) == expected
        with monkeypatch.context() as patched:
            patched.setattr(make, "WORTH_COMPILING", -1)
            assert rows(n, ties_of(network, n, seed)) == expected


@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize(("kind", "given_parameters", "network"), [
    ("erdos-renyi", [3.0], {"degree": 3}),
    ("stochastic-block", [2, 30_000, 70_000, 1e-4, 0, 0, 3e-5],
     {"sizes": [30_000, 70_000], "chances": [[1e-4, 0], [0, 3e-5]]}),
])  # fmt: skip
def test_threads_do_not_matter(kind, given_parameters, network, both_ways):
    n = 100_000
    given_ = parameters(given_parameters, both_ways)
    expected = generate_compiled(kind, n, given_, 5)
    section = scenario(network | {"kind": kind, "both_ways": both_ways}, n).world.network
    for threads in (1, 2, 3, 7):
        np.testing.assert_equal(make.make(section, n, 5, threads), expected)
    rows(n, expected, both_ways)


cuts = st.sampled_from([1, 3, 32_768]), st.sampled_from([1, 4, 8192])


@cases(
    40, st.lists(st.integers(1, 9), min_size=1, max_size=4), st.booleans(), st.integers(0, 2**64 - 1), *cuts, st.data()
)
def test_blocks_of_many_strips_are_simple_and_keep_to_their_chances(sizes, both_ways, seed, strip, chunk, data):
    several = range(len(sizes))
    chances = np.array([[data.draw(st.sampled_from([0.0, 0.0, 0.5, 1.0])) for _ in several] for _ in several])
    chances = np.maximum(chances, chances.T) if both_ways else chances
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "STRIP", strip)
        patched.setattr(blocks, "CHUNK", chunk)
        pairs = rows(sum(sizes), blocks.blocks(np.cumsum([0, *sizes]), chances, both_ways, seed), both_ways)
    group = np.repeat(several, sizes)
    assert all(chances[group[i], group[j]] > 0 for i, j in pairs)
    sure = {(i, j) for i, j in itertools.permutations(range(len(group)), 2) if chances[group[i], group[j]] == 1.0}
    assert sure <= set(pairs)


def test_every_graph_of_several_strips_is_as_likely_as_it_should_be(monkeypatch):
    monkeypatch.setattr(blocks, "STRIP", 1)
    made = (rows(3, blocks.blocks(np.array([0, 3]), np.array([[0.4]]), True, seed)) for seed in range(3000))
    graphs = Counter(frozenset((i, j) for i, j in pairs if i < j) for pairs in made)
    expected = {frozenset(w): 0.4 ** len(w) * 0.6 ** (3 - len(w)) * 3000 for size in range(4)
                for w in itertools.combinations([(0, 1), (0, 2), (1, 2)], size)}  # fmt: skip
    assert stats.chisquare([graphs[w] for w in expected], list(expected.values())).pvalue > 1e-4


@given(st.lists(st.integers(0, 50), max_size=80), st.integers(0, 3), st.integers(0, 3))
def test_parts_of_rows_are_sorted(numbers, before, after):
    a = np.array([9] * before + numbers + [0] * after, np.int32)
    sort_part(a, before, before + len(numbers))
    assert a.tolist() == [9] * before + sorted(numbers) + [0] * after


@pytest.mark.parametrize("both_ways", [True, False])
def test_compiled_erdos_renyi_of_many_strips_has_binomial_degrees(both_ways):
    n, degree = 200_000, 6.0
    indptr, target = generate_compiled("erdos-renyi", n, parameters([degree], both_ways), 3)
    for ends in (np.diff(indptr), np.bincount(target, minlength=n)):
        law = stats.binom(n - 1, degree / (n - 1))
        classes = np.bincount(np.clip(ends, 1, 13))[1:]
        expected = np.array([law.cdf(1), *law.pmf(range(2, 13)), law.sf(12)])
        assert stats.chisquare(classes, expected / expected.sum() * n).pvalue > 1e-4
    places = n * (n - 1) / (2 if both_ways else 1)
    ties = len(target) / (2 if both_ways else 1)
    assert abs(ties - places * degree / (n - 1)) < 4 * (places * degree / (n - 1)) ** 0.5
    cells = np.histogram2d(np.repeat(np.arange(n), np.diff(indptr)), target, bins=8, range=[[0, n], [0, n]])[0]
    upper = cells[np.triu_indices(8, 1)] if both_ways else cells.ravel()
    assert stats.chisquare(upper).pvalue > 1e-4


def test_configuration_pairs_every_end_with_every_other_alike():
    def made(n: int, degrees: list[int], runs: int, both_ways: bool = True) -> Counter[tuple[tuple[int, int], ...]]:
        given_ = parameters(degrees, both_ways)
        return Counter(tuple(rows(n, generate("configuration", n, given_, seed), both_ways)) for seed in range(runs))

    # Degrees 1, 1, 1, 1: three perfect matchings, all alike.
    found = made(4, [FIXED, 1], 3000)
    assert len(found) == 3
    assert stats.chisquare(list(found.values())).pvalue > 1e-4
    # Degrees 2, 1, 1: of three pairings of the four ends one gives a loop, which is dropped, two the chain.
    degrees = Counter(len(pairs) for pairs in made(3, [GIVEN, 2, 1, 1], 3000).elements())
    assert stats.chisquare([degrees[2], degrees[4]], [1000, 2000]).pvalue > 1e-4
    one_way = made(2, [FIXED, 1], 2000, both_ways=False)
    assert set(one_way) == {((0, 1),), ((1, 0),)}
    assert stats.binomtest(one_way[((0, 1),)], 2000).pvalue > 1e-4


def test_configuration_keeps_the_degrees_but_for_what_is_dropped():
    n = 30_000
    degrees = np.arange(n) % 9
    found = np.diff(generate_compiled("configuration", n, parameters([GIVEN, *degrees]), 1)[0])
    assert (found <= degrees).all()
    missing = int((degrees - found).sum())
    peer = nx.Graph(nx.configuration_model([*degrees.tolist(), int(degrees.sum()) % 2], seed=4))
    peer.remove_edges_from(list(nx.selfloop_edges(peer)))
    assert missing < 2 * (degrees.sum() - 2 * peer.number_of_edges()) + 30
    assert np.corrcoef(found, degrees)[0, 1] > 0.999


@pytest.mark.parametrize(("mean", "n"), [(0.0, 50), (0.7, 4000), (12.0, 4000), (900.0, 1500)])
def test_poisson_degrees_are_poisson(mean, n):
    key = key_of(3, NETWORK, 2, 0)
    found = [degree_of(np.array([POISSON, mean]), key, i, 10**6) for i in range(n)]
    check_law(found, stats.poisson(mean), (0.05, 0.2, 0.4, 0.6, 0.8, 0.95))


def test_power_degrees_have_the_chances_that_are_said():
    exponent, low, high = 2.5, 2, 60
    key = key_of(5, NETWORK, 2, 0)
    found = np.array([power(exponent, low, high, uniform_of(key, i, 0)) for i in range(20_000)])
    assert (found.min(), found.max() <= high) == (low, True)
    beyond = ((high + 1) / low) ** (1 - exponent)
    more = ((np.arange(low, high + 2) / low) ** (1 - exponent) - beyond) / (1 - beyond)
    edges = [2, 3, 4, 5, 7, 10, 20, 61]
    expected = [more[a - low] - more[b - low] for a, b in itertools.pairwise(edges)]
    assert stats.chisquare(np.histogram(found, [*edges[:-1], 60.5])[0], np.array(expected) * 20_000).pvalue > 1e-4
    assert power(2.5, 2.0, 60.0, 1.0 - 2.0**-53) == 60
    assert power(2.5, 7.0, 7.0, 0.9) == 7


@pytest.mark.parametrize("both_ways", [True, False])
def test_blocks_have_the_densities_that_are_given(both_ways):
    sizes, degrees = [300, 600, 100], [[8.0, 4.0, 0.0], [2.0, 3.0, 1.0], [0.0, 6.0, 20.0]]
    network = {"kind": "stochastic-block", "sizes": sizes, "degrees": degrees, "both_ways": both_ways}
    found = rows(1000, ties_of(network, 1000, 2))
    group = np.repeat(range(3), sizes)
    counts = Counter((int(group[i]), int(group[j])) for i, j in found)
    for g, h in itertools.product(range(3), repeat=2):
        mean = sizes[g] * degrees[g][h]
        assert abs(counts[g, h] - mean) <= 4 * (mean * (2 if both_ways and g == h else 1)) ** 0.5
    fractions = network | {"sizes": [0.3, 0.6, 0.1]}
    assert rows(1000, ties_of(fractions, 1000, 2)) == found
    if both_ways:
        chances = [[8 / 299, 4 / 600, 0], [4 / 600, 3 / 599, 0.01], [0, 0.01, 20 / 99]]
        graphs = nx.Graph(found), nx.stochastic_block_model(sizes, chances, seed=1)
        bins = ((0, 5), (5, 8), (8, 12), (12, 99))
        table = [[sum(low <= d < high for _, d in graph.degree) for low, high in bins] for graph in graphs]
        assert stats.chi2_contingency(table).pvalue > 1e-4


@pytest.mark.parametrize(("kind", "n", "given_parameters", "network"), EXAMPLES)
def test_ties_are_predicted(kind, n, given_parameters, network):
    many = [len(ties_of(network, n, seed)[1]) for seed in range(12)]
    # Of given degrees some are dropped, of so few persons many.
    slack = 0.1 if kind != "configuration" else 0.2 if n > 6 else 0.7
    assert count_ties(scenario(network, n), n) == pytest.approx(np.mean(many), rel=slack, abs=0.6)


@pytest.mark.parametrize("distribution", [
    {"kind": "uniform", "low": 0.1, "high": 0.4},
    {"kind": "normal", "mean": 0.5, "sd": 0.4},
    {"kind": "lognormal", "median": 0.2, "sigma": 1.5},
    {"kind": "power", "low": 0.01, "exponent": 2.0},
    {"kind": "beta", "a": 0.5, "b": 3.0},
    {"kind": "choice", "values": [0.1, 0.5, 0.9], "weights": [1, 0, 2]},
])  # fmt: skip
def test_abilities_are_drawn_by_compiled_code_alike(distribution, monkeypatch):
    population = {"count": 300, "skill": distribution, "reach": 0.25}
    made = scenario(persons=[{"name": "A", "skill": 1}], population=population)
    draw_ability = compiled(abilities.draw_ability)
    for seed in (3, 2**64 - 9):
        slow = World.build(made, seed)
        with monkeypatch.context() as patched:
            patched.setattr(world, "WORTH_COMPILING", 50)
            fast = World.build(made, seed)
        assert slow.skill.tolist() == fast.skill.tolist()
        assert (slow.reach.tolist(), slow.reach.strides) == ([0.25] * 301, (0,))
        kind, given_ = abilities.parameters_of(made.population.skill)
        signed = seed - 2**64 if seed >= 2**63 else seed
        for person in range(1, 30):
            expected = slow.skill[person]
            assert draw_ability(kind, given_, signed, 2, person) == expected
            assert abilities.draw_ability(kind, given_, seed, 2, person) == expected


@pytest.mark.parametrize("chance", [0.0021, 0.01, 0.3, 0.9, 0.999])
def test_gaps_by_the_table_are_geometric(chance):
    cut, either = blocks.table_of_gaps(chance)
    gaps, law = blocks.GAPS, np.zeros(blocks.GAPS)
    np.add.at(law, np.arange(gaps), cut / gaps)
    np.add.at(law, either[1::2], (1.0 - cut) / gaps)
    expected = np.append(stats.geom(chance).pmf(np.arange(1, gaps)), stats.geom(chance).sf(gaps - 1))
    assert np.abs(law - expected).max() < 1e-12
    assert 0.0 <= cut.min() <= cut.max() <= 1.0
    places = np.empty(4000, np.int64)
    blocks.find_all(key_of(4, NETWORK, 0, 0), 10**9, 0.0, cut, either, places)
    check_law(np.diff(places, prepend=-1), stats.geom(chance), (0.1, 0.3, 0.5, 0.7, 0.9, 0.99))
