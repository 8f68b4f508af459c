"""The person graph and its PageRank: the essay's table, hand-made histories, and a twin of loops and sets."""

from typing import Any

import networkx as nx
import numpy as np
import pytest

from sim.accounts import pagerank
from sim.accounts.pagerank import person_graph, person_pagerank
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN
from sim.tape.tape import Tape
from tests import cases, naive
from tests.tapes import by_name, make_tape, tapes, with_crowd

W = -1


def weights(tape: Tape) -> dict[tuple[int, int], float]:
    return {(one, other): weight for one, other, weight in person_graph(tape).edges(data="weight")}


def bridge(ideas: int = 1) -> Tape:
    """P1 has all the ideas and tells P2, who tells P3, who tells the world of 1e10."""
    crowd = 10**10 - 3
    events = []
    for row in range(0, 4 * ideas, 4):
        counts = ((DISCOVER, 0, 1), (LEARN, 1, 1), (LEARN, 2, 1), (LEARN, 3, crowd))
        events += [(kind, k, {row + k - 1: 1} if k else {}, count, row // 4) for kind, k, count in counts]
    return make_tape(with_crowd(["P1", "P2", "P3"], crowd), events, [(row, -1, 1e10) for row in range(3, 4 * ideas, 4)])


@pytest.mark.parametrize("ideas", [1, 3])
def test_the_bridge_example(ideas: int) -> None:
    tape = bridge(ideas)
    edges = {(W, W): 1, (W, 0): 1, (0, 1): 1, (1, 0): 1, (1, 2): 1, (2, 1): 1, (2, W): 1, (0, W): 1e-10, (1, W): 1e-10}
    assert weights(tape) == pytest.approx(edges, abs=1e-9)
    persons = person_pagerank(tape).persons
    exact = [22800 / 84553, 58333 / 169106, 31133 / 169106]
    np.testing.assert_allclose(persons.pagerank, exact, rtol=0, atol=1e-9)
    np.testing.assert_allclose(persons.share, np.array(exact) / sum(exact), rtol=0, atol=1e-9)


TWO = [(DISCOVER, 0, {}, 1, 0), (DISCOVER, 0, {}, 1, 1)]
MADE = [(DISCOVER, 0, {}), (IMPLEMENT, 0, {0: 1}), (DISCOVER, 1, {}), (IMPLEMENT, 1, {2: 1})]


@pytest.mark.parametrize(("events", "realised", "crowd", "expected"), [
    # A prerequisite counts only where it was told itself.
    ([TWO[0], (DISCOVER, 0, {0: 1}, 1, 1), (LEARN, 1, {1: 1}, 1, 1)], [(0, -1, 1.0), (2, -1, 1.0)], 0, {(W, 0): 0.5}),
    # An implementation that another used makes a discovery count, unless it was worth nothing to them.
    (MADE, [(2, 1, 1.0)], 0, {(W, W): 1.0, (W, 0): 1.0, (W, 1): None}),
    (MADE, [(2, 3, 1.0), (0, 1, 1.0), (2, 1, 0.0)], 0, {(W, W): 1.0, (W, 0): None, (W, 1): None}),
    # Nobody is told twice: of the crowd 4 learn one idea and 6 the other.
    ([*TWO, (LEARN, 1, {0: 1}, 4, 0), (LEARN, 1, {1: 1}, 3, 1), (LEARN, 1, {1: 1}, 3, 1)], [], 9, {(0, W): 0.6}),
])  # fmt: skip
def test_weights_by_hand(events: Any, realised: Any, crowd: int, expected: dict[tuple[int, int], float]) -> None:
    found = weights(make_tape(with_crowd(["P1"], crowd) if crowd else ["P1", "P2"], events, realised))
    assert {pair: found.get(pair) for pair in expected} == expected


def test_without_persons_there_is_nothing_to_credit() -> None:
    tape = make_tape(with_crowd(["P1"], 7), [(DISCOVER, 1, {}, 2)], [(0, -1, 3.0)])
    assert list(person_graph(tape)) == [W]
    table = person_pagerank(tape)
    assert table.total == 0.0
    assert table.persons.credit.tolist() == table.persons.share.tolist() == [0.0]


@cases(200, tapes())
def test_equals_the_obvious_twin(tape: Tape) -> None:
    expected = {edge: float(weight) for edge, weight in naive.person_graph(tape).items()}
    assert weights(tape) == pytest.approx(expected, rel=1e-12)
    sizes = tape.persons.size[tape.persons.group]
    nodes = [p for p in sorted({*tape.events.person.tolist()}) if p >= 0 and sizes[p] == 1]
    assert list(person_graph(tape)) == [W, *nodes]


@cases(100, tapes())
def test_person_pagerank_is_that_of_the_graph(tape: Tape) -> None:
    expected = nx.pagerank(person_graph(tape), alpha=0.7, tol=5e-15, max_iter=10000)
    names = tape.persons.names()
    found = by_name(person_pagerank(tape, 0.7), "pagerank")
    assert found == pytest.approx({names[p]: rank for p, rank in expected.items() if p != W}, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.99, 1.0 - 2e-9])
def test_a_long_chain_of_persons_converges_at_any_alpha(alpha: float, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Any] = []
    for k in range(2 * 310):  # each tells the one before and the one after of an idea of their own
        events += [(DISCOVER, k // 2, {}, 1, k), (LEARN, abs(k // 2 + 2 * (k % 2) - 1), {2 * k: 1.0}, 1, k)]
    tape = make_tape([f"P{k}" for k in range(311)], events, [(1, -1, 1.0)])
    found = person_pagerank(tape, alpha).persons.pagerank
    monkeypatch.setattr(pagerank, "SMALL", 1000)
    np.testing.assert_allclose(found, person_pagerank(tape, alpha).persons.pagerank, rtol=0, atol=1e-11)
