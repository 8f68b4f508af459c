"""Temporal PageRank against the rule written with fractions, walks followed one by one, and the static PageRank."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import strategies as st

from sim.accounts import temporal as module
from sim.accounts.temporal import TemporalPageRank, temporal_pagerank_credit
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE
from tests import cases
from tests.loops import compile_all
from tests.tapes import make_tape
from tests.theory import FULL

NODES = 6
edges = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), min_size=1, max_size=12)


def walked(stream: list[tuple[int, int]], alpha: Fraction, beta: Fraction) -> list[Fraction]:
    """The share of each node, by following the walk that each interaction begins through all that may come later.

    A walk that stands at a node takes the next interaction from there with probability 1 - beta, or waits.
    """
    found = [Fraction(0)] * NODES
    wait = beta if beta < 1 else Fraction(0)

    def follow(node: int, first: int, chance: Fraction) -> None:
        for k in range(first, len(stream)):
            if stream[k][0] == node:
                found[stream[k][1]] += alpha * (1 - wait) * chance
                follow(stream[k][1], k + 1, alpha * (1 - wait) * chance)
                chance *= wait

    for k, (source, _) in enumerate(stream):
        found[source] += 1 - alpha
        follow(source, k, 1 - alpha)
    return [part / sum(found) for part in found]


@cases(80, edges, st.sampled_from([0.0, 0.5, 0.875]).map(Fraction), st.sampled_from([0.25, 1.0]).map(Fraction))
def test_is_where_the_walks_are(stream: list[tuple[int, int]], alpha: Fraction, beta: Fraction) -> None:
    temporal = TemporalPageRank(float(alpha), float(beta))
    temporal.feed(*zip(*stream, strict=True))
    got = temporal.ranks()
    assert got.tolist() == pytest.approx([float(part) for part in walked(stream, alpha, beta)[: len(got)]], rel=1e-12)


@pytest.mark.parametrize("beta", [0.5, 1.0])
def test_drawn_by_weight_it_is_the_static_pagerank(beta: float) -> None:
    """Personalised by weighted out-degree; at 2 million interactions within a thousandth."""
    random = np.random.default_rng(11)
    number, interactions = 10, 2_000_000 if FULL else 100_000
    weight = random.random((number, number)) * (random.random((number, number)) < 0.5)
    weight[np.arange(number), (np.arange(number) + 1) % number] = 0.7  # nobody is without a way out
    weight[3] *= 4.0
    drawn = random.choice(number**2, interactions, p=weight.ravel() / weight.sum())
    temporal = TemporalPageRank(0.85, beta)
    temporal.feed(drawn // number, drawn % number)
    graph = nx.from_numpy_array(weight, create_using=nx.DiGraph)
    starts = (dict(enumerate(weight.sum(axis=1))), None)  # without the personalisation it would be another one
    right, other = (nx.pagerank(graph, personalization=start, tol=1e-14, max_iter=1000).values() for start in starts)
    error = 1e-3 if FULL else 1e-3 * math.sqrt(20)
    assert np.abs(temporal.ranks() - [*right]).max() < error
    assert np.abs(temporal.ranks() - [*other]).max() > 2 * error


@cases(60, edges, st.data())
def test_blocks_and_resuming_leave_no_trace(stream: list[tuple[int, int]], data: st.DataObject) -> None:
    source, target = zip(*stream, strict=True)
    at_once = TemporalPageRank(0.6, 0.3)
    at_once.feed(source, target, range(len(stream)))
    cut = data.draw(st.integers(0, len(stream)))
    first = TemporalPageRank(0.6, 0.3)
    for k in range(cut):
        first.feed(source[k], target[k], k)
    second = TemporalPageRank.resume(first.state())
    second.feed(source[cut:], target[cut:], range(cut, len(stream)))
    np.testing.assert_array_equal(second.ranks(), at_once.ranks())
    with pytest.MonkeyPatch.context() as patch:
        compile_all(patch, module)
        compiled = TemporalPageRank(0.6, 0.3)
        compiled.feed(source, target)
    np.testing.assert_array_equal(compiled.ranks(), at_once.ranks())


def test_a_saved_state_goes_on(tmp_path: Path) -> None:
    temporal = TemporalPageRank(0.6, 0.3)
    temporal.feed([0, 1, 7], [1, 7, 0], [1.5, 1.5, 4.0])
    np.savez(tmp_path / "state.npz", **temporal.state())
    with np.load(tmp_path / "state.npz", allow_pickle=False) as saved:
        resumed = TemporalPageRank.resume(saved)
    for stream in (temporal, resumed):
        stream.feed(9, 1, 4.0)
    np.testing.assert_array_equal(resumed.ranks(), temporal.ranks())
    assert len(resumed.ranks()) == 10
    with pytest.raises(ValueError, match=r"ended at 4"):
        resumed.feed(0, 1, 3.9)


@pytest.mark.parametrize(("fed", "message"), [
    (([0], [1, 2]), "source and target must be of one length, are 1 and 2"),
    (([0], [-1]), "source and target must be nodes, 0 or more"),
    (([0.5], [1]), "source must be a one-dimensional array of whole numbers"),
    (([0, 1], [1, 0], [1.0]), r"time must have the shape \(2,\), has \(1,\)"),
    (([0, 1], [1, 0], [2.0, 1.0]), "time must be numbers and never decrease"),
    (([0], [1], [math.nan]), "time must be numbers and never decrease"),
    (([0], [1], [0.5]), "ended at 1"),
])  # fmt: skip
def test_what_is_no_interaction_is_refused_whole(fed: Any, message: str) -> None:
    temporal = TemporalPageRank()
    temporal.feed(2, 3, 1.0)
    with pytest.raises(ValueError, match=message):
        temporal.feed(*fed)
    assert temporal.ranks().tolist() == pytest.approx([0, 0, 0.15 / (0.15 + 0.85 * 0.5 * 0.15), 0.2982456], abs=1e-6)


def test_settings_and_states_that_cannot_be_are_refused() -> None:
    for setting in ((1.0, 0.5), (-0.1, 0.5), (math.nan, 0.5), (0.5, 0.0), (0.5, 1.1)):
        with pytest.raises(ValueError, match=r"alpha: must be in \[0, 1\)|beta: must be in \(0, 1\]"):
            TemporalPageRank(*setting)
    temporal = TemporalPageRank()
    temporal.feed(0, 1)
    wrong = ({"rank": [-1.0, 0.0]}, {"rank": [1.0]}, {"waiting": [math.nan, 0.0]}, {"beta": 3.0})
    without = {name: value for name, value in temporal.state().items() if name != "alpha"}
    for state in (without, *(temporal.state() | change for change in wrong)):
        with pytest.raises(ValueError, match=r"state: |beta: must be"):
            TemporalPageRank.resume(state)


def test_credit_goes_back_in_time() -> None:
    """P0 told P1, who told P2; P0 also used what it knew: uses, and influences on oneself, are no interactions."""
    events = [(DISCOVER, 0, {}), (LEARN, 1, {0: 1}), (IMPLEMENT, 0, {0: 1}), (LEARN, 2, {1: 1}), (IMPLEMENT, 2, {3: 1})]
    events += [(USE, -1, {2: 0.5, 4: 0.5})]
    tape = make_tape(["P0", "P1", "P2"], events, [(1, 5, 6.0)])
    table = temporal_pagerank_credit(tape, 0.5, 1.0)
    # r_2 = .5, then .25 goes to 1, which has .75, of which half goes to 0.
    assert table.persons.credit.tolist() == pytest.approx([6 * 3 / 13, 6 * 6 / 13, 6 * 4 / 13])
    assert temporal_pagerank_credit(make_tape(["P0"], [(DISCOVER, 0, {})], [(0, -1, 1.0)])).total == 0.0
