"""Positions in the graph of who told whom, against values by hand and the game itself."""

from typing import Any

import numpy as np
import pytest

from sim.accounts import positions
from sim.accounts.account import credit
from sim.accounts.games import values
from sim.accounts.methods import POSITIONS
from sim.tape.tables import DISCOVER, LEARN
from sim.tape.tape import Tape
from tests.tapes import chain, make_tape

CHAIN = chain(0, 1, 2, 3, 4)
CYCLE = [*CHAIN, (LEARN, 0, {4: 1}), (LEARN, 2, {1: 1})]


def tape_of(events: list[Any]) -> Tape:
    return make_tape([f"P{k}" for k in range(5)], events, [(len(events) - 1, -1, 8.0)])


@pytest.mark.parametrize(("method", "events", "expected"), [
    ("betweenness", CHAIN, [0, 3, 4, 3, 0]), ("betweenness", CYCLE, [6, 6, 6, 6, 6]),
    ("k-core", CHAIN, [1] * 5), ("k-core", CYCLE, [2] * 5), ("katz", CHAIN, [0.1111, 0.111, 0.11, 0.1, 0]),
    ("collective-influence", CHAIN, [0, 1, 0, 1, 0]), ("myerson", CHAIN, [77 / 60, 71 / 30, 27 / 10, 71 / 30, 77 / 60]),
])  # fmt: skip
def test_positions_by_hand(method: str, events: list[Any], expected: list[float]) -> None:
    persons = credit(tape_of(events), method).persons
    assert persons.raw == pytest.approx(np.array(expected), abs=1e-12)
    assert persons.share == pytest.approx(np.array(expected) / sum(expected))


@pytest.mark.parametrize("events", [CHAIN, CYCLE, [*CHAIN, (LEARN, 1, {3: 1})]])
def test_myerson_is_the_value_of_the_game_of_pairs(events: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Which orders in a row give, too, within what is to be expected of a thousand."""
    tape = tape_of(events)
    links = [*positions.influence_graph(tape).to_undirected().edges]
    exact = values.myerson(lambda those: len(those) * (len(those) - 1) / 2, 5, links)
    found: Any = positions.myerson(tape).persons.raw
    assert found.sum() == pytest.approx(10.0)
    assert np.abs(found - exact).max() < (1e-12 if len(links) == 4 else 0.3)
    monkeypatch.setattr(positions, "MAX_EXACT_PERSONS", 0)
    drawn: Any = positions.myerson(tape).persons.raw
    assert 1e-9 < np.abs(drawn - exact).max() < 0.3


@pytest.mark.parametrize("method", POSITIONS)
def test_a_tape_on_which_nobody_told_has_no_positions(method: str) -> None:
    table = credit(make_tape(["A"], [(DISCOVER, 0, {})], [(0, -1, 1.0)]), method)
    assert table.total == 0.0
    assert table.persons.credit.tolist() == [0.0]
