"""Game values against closed forms, and against brute force over all orders."""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import strategies as st

from sim.accounts.games.sampled import order_of, shapley_sampled
from sim.accounts.games.values import myerson, owen, position, shapley, shapley_of_groups
from tests import cases

Coalition = frozenset[Any]


def over_orders(value: Callable[[Coalition], float], orders: Sequence[Sequence[Any]]) -> dict[Any, float]:
    """What each player adds, on average over the given orders."""
    added: dict[Any, Fraction] = {player: Fraction(0) for player in orders[0]}
    for order in orders:
        for k, player in enumerate(order):
            added[player] += Fraction(value(frozenset(order[: k + 1]))) - Fraction(value(frozenset(order[:k])))
    return {player: float(gain / len(orders)) for player, gain in added.items()}


def uninterrupted(unions: Sequence[Sequence[int]]) -> list[list[int]]:
    """All orders in which no union is interrupted."""
    of_unions = [itertools.product(*map(itertools.permutations, order)) for order in itertools.permutations(unions)]
    return [[player for union in parts for player in union] for orders in of_unions for parts in orders]


def parts_of(those: Coalition, links: Sequence[tuple[int, int]]) -> list[Coalition]:
    """The connected parts of a coalition."""
    graph = nx.Graph(links)
    graph.add_nodes_from(those)
    return [*map(frozenset, nx.connected_components(graph.subgraph(those)))]


@st.composite
def games(draw: st.DrawFn, most: int = 5) -> tuple[int, list[int]]:
    """A number of players and what each coalition is worth, by its bits; nobody is worth something at times."""
    n = draw(st.integers(1, most))
    return n, draw(st.lists(st.integers(-9, 9), min_size=1 << n, max_size=1 << n))


def bits(those: Coalition) -> int:
    return sum(1 << player for player in those)


def graphs(n: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    pairs = list(itertools.combinations(range(n), 2))
    return st.lists(st.sampled_from(pairs), max_size=5, unique=True) if pairs else st.just([])


@cases(60, games())
def test_shapley_is_the_mean_over_all_orders(game: tuple[int, list[int]]) -> None:
    n, table = game
    expected = over_orders(lambda those: table[bits(those)], list(itertools.permutations(range(n))))
    got = shapley(table, n)
    assert dict(enumerate(got)) == pytest.approx(expected, abs=1e-12)
    assert shapley(lambda those: table[bits(those)], n).tolist() == got.tolist()
    assert got.sum() == pytest.approx(table[-1] - table[0], abs=1e-12)


@cases(60, games(), st.data())
def test_owen_is_the_mean_over_the_orders_that_keep_unions_together(game: Any, data: st.DataObject) -> None:
    n, table = game
    union_of = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    unions = [[k for k in range(n) if union_of[k] == union] for union in range(3)]
    expected = over_orders(lambda those: table[bits(those)], uninterrupted([u for u in unions if u]))
    assert dict(enumerate(owen(table, n, unions))) == pytest.approx(expected, abs=1e-12)


@cases(60, games(), st.data())
def test_myerson_is_shapley_of_the_connected_parts(game: tuple[int, list[int]], data: st.DataObject) -> None:
    n, table = game
    links = data.draw(graphs(n))

    def worth(those: Coalition) -> int:
        return sum(table[bits(part)] - table[0] for part in parts_of(those, links))

    expected = over_orders(worth, list(itertools.permutations(range(n))))
    assert dict(enumerate(myerson(table, n, links))) == pytest.approx(expected, abs=1e-12)


@cases(40, games(), st.data())
def test_position_halves_what_each_link_adds(game: tuple[int, list[int]], data: st.DataObject) -> None:
    n, table = game
    links = data.draw(graphs(n))

    def worth(some: Coalition) -> int:
        parts = parts_of(frozenset(range(n)), [links[k] for k in sorted(some)])
        return sum(table[bits(part)] - table[0] for part in parts)

    expected = [float(table[1 << k] - table[0]) for k in range(n)]
    for link, added in over_orders(worth, list(itertools.permutations(range(len(links))))).items():
        for end in links[link]:
            expected[end] += added / 2
    assert position(table, n, links).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n", "needed"), [(1, 1), (3, 2), (7, 4), (20, 20)])
def test_unanimity(n: int, needed: int) -> None:
    mask = (1 << needed) - 1
    table = (np.arange(1 << n) & mask == mask).astype(float)
    expected = [1 / needed] * needed + [0.0] * (n - needed)
    assert shapley(table, np.int64(n)).tolist() == pytest.approx(expected, abs=1e-13)


def test_a_thousand_tellers_and_a_thousand_makers_of_whom_one_is_enough() -> None:
    there = (np.arange(1001) > 0).astype(float)
    idea, teller, maker = shapley_of_groups(np.einsum("i,j,k", [0.0, 1.0], there, there)).tolist()
    assert (idea, 1000 * teller, 1000 * maker) == pytest.approx((0.998502, 0.000749, 0.000749), abs=5e-7)
    assert idea + 1000 * (teller + maker) == pytest.approx(1.0, abs=1e-10)
    fraction = np.arange(1001) / 1000
    added = shapley_of_groups(np.einsum("i,j,k", [0.0, 1.0], fraction, fraction))
    assert added.tolist() == pytest.approx([1 / 3, 1 / 3000, 1 / 3000], rel=1e-9)


@cases(30, st.lists(st.integers(0, 3), min_size=1, max_size=3), st.data())
def test_groups_of_alike_members_are_players_like_any(sizes: list[int], data: st.DataObject) -> None:
    shape = [size + 1 for size in sizes]
    flat = data.draw(st.lists(st.integers(-5, 5), min_size=math.prod(shape), max_size=math.prod(shape)))
    table = np.array(flat, float).reshape(shape)
    names = [(group, k) for group, size in enumerate(sizes) for k in range(size)]

    def value(those: Coalition) -> float:
        return float(table[tuple(sum(g == group for g, _ in those) for group in range(len(sizes)))])

    got = shapley_of_groups(table)
    assert shapley(value, names).tolist() == pytest.approx([got[group] for group, _ in names], abs=1e-11)
    assert all(got[group] == 0.0 for group, size in enumerate(sizes) if size == 0)


def test_many_players_on_few_links() -> None:
    links = [(k, k + 1) for k in range(19)]
    got = position(lambda those: len(those) >= 20, 40, links)
    assert got[:20].tolist() == pytest.approx([1 / 38, *[1 / 19] * 18, 1 / 38])
    assert not got[20:].any()


def test_each_order_is_drawn_equally_often() -> None:
    counts = Counter(tuple(order_of(5, k, 3).tolist()) for k in range(6000))
    assert len(counts) == 6
    assert sum((c - 1000) ** 2 / 1000 for c in counts.values()) < 30  # chi-square of 5: above 30 with 1e-5


def test_the_bound_is_the_smaller_one_of_hoeffding_and_bernstein() -> None:
    n, orders, chance = 4, 400, 0.05 / 4
    dictator = shapley_sampled(lambda those: float(0 in those), n, orders, antithetic=False)  # no variance
    log = math.log(8 / chance)
    assert dictator.half_width.tolist() == pytest.approx([7 * log / (3 * (orders - 1))] * n)
    few = shapley_sampled(lambda those: float(len(those) > 2), n, 10, antithetic=False)
    assert few.half_width.max() == pytest.approx(math.sqrt(math.log(4 / chance) / 20))


@pytest.mark.parametrize("antithetic", [True, False])
def test_intervals_hold_as_often_as_they_say(antithetic: bool) -> None:
    value = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]  # for 0 and 1 together, or 2
    drawn = [shapley_sampled(value, 3, 60, seed, confidence=0.9, antithetic=antithetic) for seed in range(100)]
    away = np.abs([found.value - shapley(value, 3) for found in drawn])
    assert np.mean((away <= [found.half_width for found in drawn]).all(axis=1)) >= 0.9
    assert away.max() < 5 / 60**0.5
    assert all(found.orders == 60 and found.value.sum() == pytest.approx(1.0) for found in drawn)


def test_tables_functions_and_rows_give_the_same_and_the_seed_decides() -> None:
    table = np.arange(16) ** 3.0

    told: list[tuple[int, int]] = []
    one = shapley_sampled(table, 4, 50, 9, bounds=(0, 3375), progress=lambda done, of: told.append((done, of)))
    assert told == [(k, 50) for k in range(2, 51, 2)]
    by_sets = shapley_sampled(lambda those: table[bits(those)], 4, 50, 9, bounds=(0, 3375))
    by_rows = shapley_sampled(lambda rows: table[rows @ (1 << np.arange(4))], 4, 50, 9, bounds=(0, 3375), by_rows=True)
    for other in (by_sets, by_rows):
        assert [*other.value, *other.half_width] == [*one.value, *one.half_width]
    assert shapley_sampled(table, 4, 50, 10, bounds=(0, 3375)).value.tolist() != one.value.tolist()


def test_a_thousand_and_one_players_by_rows() -> None:
    found = shapley_sampled(lambda present: present[:, 0] * present[:, 1:].mean(axis=1), 1001, 40, by_rows=True)
    assert abs(found.value[0] - 0.5) <= found.half_width[0]
    assert found.value[0] == pytest.approx(0.5, abs=1e-12)  # an order and its reverse together are exact here


@pytest.mark.parametrize(("call", "message"), [
    (lambda: shapley(lambda _: 0.0, 21), "players: 21, at most 20 are enumerated; draw orders with shapley"),
    (lambda: shapley(lambda _: 0.0, ["a", "a"]), "a name is there twice"),
    (lambda: shapley([0, 1, 2], 2), r"2\*\*2 numbers, one a coalition, has shape \(3,\)"),
    (lambda: shapley([0, math.nan], 1), "must be finite"),
    (lambda: shapley(lambda _: math.inf, 1), "must be finite"),
    (lambda: owen([0, 1, 1, 1], 2, [[0]]), "each player must be in exactly one"),
    (lambda: owen([0, 1, 1, 1], 2, [[0, 1], [1]]), "each player must be in exactly one"),
    (lambda: owen([0, 1, 1, 1], 2, [[0, 7]]), "unions: no player 7"),
    (lambda: myerson([0, 1, 1, 1], 2, [(0, 2)]), "links: no player 2"),
    (lambda: position([0, 1, 1, 1], 2, [(1, 1)]), "1 is linked to itself"),
    (lambda: position(lambda _: 0.0, 22, [(k, k + 1) for k in range(21)]), "links: 21, at most 20"),
    (lambda: shapley_of_groups([0.0, math.nan]), "must be finite"),
    (lambda: shapley_sampled([0, 1], 1, 3), "orders: must be even, and at least 4, is 3"),
    (lambda: shapley_sampled([0, 1], 1, 1, antithetic=False), "orders: must be at least 2, is 1"),
    (lambda: shapley_sampled([0, 1], 1, seed=-1), "seed: must be a whole number from 0"),
    (lambda: shapley_sampled([0, 1], 1, confidence=1.0), r"confidence: must be in \(0, 1\)"),
    (lambda: shapley_sampled([0, 2, 0, 1], 2), "0 adds 2.0, which is not within 0.0 and 1.0; where players"),
    (lambda: shapley_sampled(lambda _: math.nan, 2), "must be finite"),
    (lambda: shapley_sampled([0, 1], 2), r"2\*\*2 numbers"),
    (lambda: shapley_sampled(lambda rows: 1.0, 2, by_rows=True), "must give 2 numbers, one a row"),
])  # fmt: skip
def test_wrong_input_is_told(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
