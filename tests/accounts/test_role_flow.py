"""Role flow against closed forms, a twin that follows every lineage, and the Owen value."""

import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from sim import simulate
from sim.accounts import quadrature
from sim.accounts.games.values import owen
from sim.accounts.role_flow import role_flow, role_flow_of_events
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE
from sim.tape.tape import Tape
from tests import cases, naive
from tests.loops import compile_all
from tests.tapes import as_rows, by_name, make_tape, tapes

ROLES = ("idea", "communication", "implementation")


@st.composite
def trees(draw: st.DrawFn, again: bool = False) -> tuple[Tape, list[int], dict[int, int]]:
    """One idea that spread as a tree, the teller of each row, and the row of the holding behind each implementation.

    Each row is of another person, or `again` of one of three, who tell themselves and each other to and fro.
    """
    learners = draw(st.integers(0, 7 if again else 4))
    teller = [-1] + [draw(st.integers(max(0, k - 2) if again else 0, k)) for k in range(learners)]
    person = [draw(st.integers(0, 2)) if again else k for k in range(learners + 1)]
    makers = draw(st.lists(st.integers(0, learners), max_size=2, unique=True))
    events: list[Any] = [(DISCOVER, person[0], {})]
    events += [(LEARN, person[k], {teller[k]: 1}) for k in range(1, learners + 1)]
    holding = {len(events) + k: maker for k, maker in enumerate(makers)}
    events += [(IMPLEMENT, person[maker], {maker: 1}) for maker in makers]
    works = [-1, *holding]
    if again and holding:
        works.append(len(events))
        events.append((USE, -1, {len(events) - 1: 1}))
    rows = st.tuples(st.integers(0, learners), st.sampled_from(works), st.integers(0, 12).map(float))
    realised = draw(st.lists(rows, max_size=4))
    return make_tape([f"P{k}" for k in range(max(person) + 1)], events, realised), teller, holding


def by_person(tape: Tape, inheritance: float) -> list[float]:
    """Credit of each person by role, in the order of the twin below."""
    table = role_flow(tape, inheritance)
    columns = [by_name(table, role) for role in ROLES]
    return [column.get(name, 0.0) for name in tape.persons.names() for column in columns]


@cases(400, st.one_of(tapes(), trees(again=True).map(lambda drawn: drawn[0])), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_equals_the_lineages_followed_one_by_one(tape: Tape, inheritance: float) -> None:
    account = naive.RoleFlow(tape, Fraction(inheritance)).account
    expected = [float(account.get((person, role), 0)) for person in range(tape.persons.total) for role in ROLES]
    assert by_person(tape, inheritance) == pytest.approx(expected, rel=1e-12, abs=1e-14 * tape.total)
    with pytest.MonkeyPatch.context() as patch:  # where no lineage branches a shortcut is taken
        patch.setattr(sys.modules[role_flow.__module__], "_count_tellers", lambda *_: False)
        assert by_person(tape, inheritance) == pytest.approx(expected, rel=1e-12, abs=1e-13 * tape.total)


@cases(60, trees())
def test_is_the_owen_value_on_trees(tree: tuple[Tape, list[int], dict[int, int]]) -> None:
    tape, teller, holding = tree
    worth: dict[frozenset[object], Fraction] = {}
    for event, served, value in as_rows(tape.realised):
        needed, above = {("idea", 0)}, teller[event]
        if above == 0:  # told by the discoverer
            needed.add(("communication", 0))
        while above > 0:
            needed.add(("communication", above))
            above = teller[above]
        if served >= 0:
            needed.add(("implementation", served))
        worth[frozenset(needed)] = worth.get(frozenset(needed), Fraction(0)) + Fraction(value)
    unions: list[list[object]] = [[("idea", 0)], [("communication", k) for k in range(len(teller))]]
    unions += [[("implementation", k) for k in holding]] if holding else []
    players = [player for union in unions for player in union]
    game = owen(lambda those: float(sum(v for needed, v in worth.items() if needed <= those)), players, unions)
    expected = dict(zip(players, game.tolist(), strict=True))
    for role, credits in zip(ROLES, role_flow_of_events(tape), strict=True):
        wanted = [expected.get((role, k), 0.0) for k in range(len(tape.events))]
        np.testing.assert_allclose(credits, wanted, rtol=1e-12, atol=1e-12)


@cases(60, st.one_of(tapes(), trees().map(lambda drawn: drawn[0])))
def test_compiled_and_interpreted_have_the_same_bits(tape: Tape) -> None:
    interpreted = role_flow_of_events(tape, 0.25)
    with pytest.MonkeyPatch.context() as patch:
        compile_all(patch, sys.modules[role_flow.__module__], quadrature)
        compiled = role_flow_of_events(tape, 0.25)
    np.testing.assert_array_equal(compiled, interpreted)


def test_the_number_of_threads_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    events: list[Any] = [(DISCOVER, 0, {})]
    for row in range(1, 500):  # each learns from three who learned before, whoever they are
        those = rng.choice(row, min(3, row), replace=False).tolist()
        part = rng.dirichlet(np.ones(len(those))).tolist()
        events.append((LEARN, int(rng.integers(500)), dict(zip(those, part, strict=True))))
    tape = make_tape([f"P{k}" for k in range(500)], events, [(row, -1, 1.0) for row in range(500)])
    monkeypatch.setattr(quadrature, "WORTH_THREADS", 0)
    found = set()
    for threads in (1, 2, 3):
        monkeypatch.setattr(quadrature, "processors", lambda number=threads: number)
        found.add(np.stack(role_flow_of_events(tape)).tobytes())
    assert len(found) == 1


def test_half_of_what_an_idea_is_worth_passes_on_unless_said_otherwise():
    tape = simulate("gpus_deep_learning")
    assert role_flow(tape) == role_flow(tape, 0.5)
    assert role_flow(tape) != role_flow(tape, 0.25)
