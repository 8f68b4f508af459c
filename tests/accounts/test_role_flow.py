"""Role flow against closed forms, a twin that follows every lineage, and the Owen value."""

import sys
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from sim.accounts import quadrature
from sim.accounts.games.values import owen
from sim.accounts.role_flow import role_flow, role_flow_of_events
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE
from sim.tape.tape import Tape
from tests import cases, naive
from tests.loops import compile_all
from tests.tapes import as_rows, make_tape, tapes, with_crowd

ROLES = ("idea", "communication", "implementation")


def chain(*persons: int) -> list[Any]:
    """The first discovers the idea and tells the second, who tells the third, and so on."""
    return [(DISCOVER, persons[0], {}), *((LEARN, person, {k: 1}) for k, person in enumerate(persons[1:]))]


USES = [(DISCOVER, 0, {}), (IMPLEMENT, 0, {0: 1}), (DISCOVER, 1, {}), (IMPLEMENT, 1, {2: 1}),
        (USE, -1, {1: 0.5, 3: 0.5}), (USE, -1, {1: 0.25, 4: 0.75})]  # fmt: skip
# Persons (the last of them a crowd if it has a size), events, what was realised, and by whom as what: all else is 0.
BY_HAND: dict[str, tuple[str, int, list[Any], list[Any], dict[str, dict[str, float]]]] = {
    "the inventor and the one who told the world share equally": (
        "P1 P2", 98, [*chain(0, 1), (LEARN, 2, {1: 1}, 98)], [(2, -1, 98.0)],
        {"idea": {"P1": 49}, "communication": {"P2": 49}},
    ),
    "what the inventor uses is the inventor's": (
        "P1", 0, [*chain(0), (IMPLEMENT, 0, {0: 1})], [(0, -1, 5.0), (0, 1, 2.0)],
        {"idea": {"P1": 6}, "implementation": {"P1": 1}},
    ),
    # By 1/4 the tellers are A and T, by 3/4 they are D, B and T.
    "lineages of different length": (
        "root A D B T user", 0, [*chain(0, 1), (LEARN, 2, {0: 1}), (LEARN, 3, {2: 1}),
                                 (LEARN, 4, {1: 0.25, 3: 0.75}), (LEARN, 5, {4: 1})], [(5, -1, 2.0)],
        {"idea": {"root": 1}, "communication": {"A": 1 / 8, "D": 1 / 4, "B": 1 / 4, "T": 3 / 8}},
    ),
    # Nine papers cite the root and a survey of it, the survey the root: idea 1/2, communication 11/40 of the ten.
    "a survey beside what it surveys": (
        "root survey paper", 0, [*chain(0, 1), *((LEARN, 2, {0: 0.5, 1: 0.5}) for _ in range(9))],
        [(row, -1, 1.0) for row in range(1, 11)],
        {"idea": {"root": 5}, "communication": {"root": 2.75, "survey": 2.25}},
    ),
    # Half of the crowd from Tukey, half from Cooley, whom Garwin had told: shares .5, 5/12 and 1/12.
    "two who published together": (
        "Tukey Garwin Cooley", 100, [*chain(0, 1, 2), (LEARN, 3, {0: 0.5, 2: 0.5}, 100), (IMPLEMENT, 2, {2: 1})],
        [(3, 4, 12.0)],
        {"idea": {"Tukey": 4}, "communication": {"Tukey": 2, "Garwin": 1, "Cooley": 1},
         "implementation": {"Cooley": 4}},
    ),
    "the own notebook adds no teller": (
        "root A B user", 0, [*chain(0, 1, 1, 1, 2), (LEARN, 3, {4: 1})], [(5, -1, 4.0)],
        {"idea": {"root": 2}, "communication": {"A": 1, "B": 1}},
    ),
    "the discoverer's own notebook": (
        "root user", 0, [*chain(0, 0, 0, 1)], [(1, -1, 2.0), (3, -1, 2.0)],
        {"idea": {"root": 2}, "communication": {"root": 2}},
    ),
    "told to and fro": (
        "root A B user", 0, chain(0, 1, 2, 1, 3), [(4, -1, 6.0)],
        {"idea": {"root": 3}, "communication": {"A": 2, "B": 1}},
    ),
    "independent discoverers who taught one learner share both roles": (
        "A B user", 0, [(DISCOVER, 0, {}), (DISCOVER, 1, {}), (LEARN, 2, {0: 0.25, 1: 0.75})], [(2, -1, 4.0)],
        {"idea": {"A": 0.5, "B": 1.5}, "communication": {"A": 0.5, "B": 1.5}},
    ),
    "a use of uses hands everything on": (
        "A B", 0, USES, [(0, 5, 16.0)], {"idea": {"A": 8}, "implementation": {"A": 5, "B": 3}},
    ),
    "a use of one implementation hands all on to it": (
        "A B", 0, [*chain(0, 1), (IMPLEMENT, 1, {1: 1}), (USE, -1, {2: 1})], [(0, 3, 16.0)],
        {"idea": {"A": 8}, "implementation": {"B": 8}},
    ),
    "the crowd is credited where it told": (
        "P1 P2", 10, [(DISCOVER, 0, {}), (LEARN, 2, {0: 1}, 5), (LEARN, 1, {1: 1})], [(2, -1, 1.0)],
        {"idea": {"P1": 0.5}, "communication": {"crowd": 0.5}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_examples_by_hand(name: str) -> None:
    names, crowd, events, realised, expected = BY_HAND[name]
    table = role_flow(make_tape(with_crowd(names.split(), crowd) if crowd else names.split(), events, realised))
    for role in ROLES:
        found = dict(zip(table.persons.name, getattr(table.persons, role).tolist(), strict=True))
        wanted = expected.get(role, {})
        assert found == pytest.approx(dict.fromkeys(found, 0.0) | wanted, rel=1e-12, abs=1e-15), role
    assert table.total == sum(value for *_, value in realised)


@pytest.mark.parametrize("inheritance", [-0.1, 1.1, float("nan")])
def test_inheritance_out_of_range_is_refused(inheritance: float) -> None:
    with pytest.raises(ValueError, match=r"inheritance must be in \[0, 1\]"):
        role_flow(make_tape(["P"], []), inheritance)


def by_person(tape: Tape, inheritance: float) -> list[float]:
    """Credit of each person by role, in the order of the twin below."""
    persons = role_flow(tape, inheritance).persons
    row = {name: k for k, name in enumerate(persons.name)}
    return [
        float(getattr(persons, role)[row[name]]) if name in row else 0.0
        for name in tape.persons.names()
        for role in ROLES
    ]


@cases(250, tapes(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_equals_the_lineages_followed_one_by_one(tape: Tape, inheritance: float) -> None:
    account = naive.RoleFlow(tape, Fraction(inheritance)).account
    expected = [float(account.get((person, role), 0)) for person in range(tape.persons.total) for role in ROLES]
    assert by_person(tape, inheritance) == pytest.approx(expected, rel=1e-12, abs=1e-14 * tape.total)
    with pytest.MonkeyPatch.context() as patch:  # where no lineage branches a shortcut is taken
        patch.setattr(sys.modules[role_flow.__module__], "_count_tellers", lambda *_: False)
        assert by_person(tape, inheritance) == pytest.approx(expected, rel=1e-12, abs=1e-13 * tape.total)


@cases(250, tapes(), st.data())
def test_credit_is_continuous_in_the_weights(tape: Tape, data: st.DataObject) -> None:
    """Moving a weight by 1e-9 moves no credit by more than 1e-8 of the total."""
    weight, child = tape.influences.weight.copy(), tape.influences.child
    several = np.flatnonzero((np.bincount(child, minlength=len(tape.events)) > 1)[child]).tolist()
    if not several:
        return
    moved = data.draw(st.sampled_from(several))
    other = next(k for k in several if child[k] == child[moved] and k != moved)
    weight[moved] += 1e-9
    weight[other] -= 1e-9
    near = replace(tape, influences=replace(tape.influences, weight=weight))
    apart = np.abs(np.array(by_person(near, 0.5)) - by_person(tape, 0.5))
    assert apart.max() <= 1e-8 * tape.total


@st.composite
def trees(draw: st.DrawFn) -> tuple[Tape, list[int], dict[int, int]]:
    """One idea that spread as a tree, the teller of each row, and the row of the holding behind each implementation."""
    learners = draw(st.integers(0, 4))
    teller = [-1] + [draw(st.integers(0, k)) for k in range(learners)]
    makers = draw(st.lists(st.integers(0, learners), max_size=2, unique=True))
    events: list[Any] = [(DISCOVER, 0, {})] + [(LEARN, k, {teller[k]: 1}) for k in range(1, learners + 1)]
    holding = {len(events) + k: maker for k, maker in enumerate(makers)}
    events += [(IMPLEMENT, maker, {maker: 1}) for maker in makers]
    rows = st.tuples(st.integers(0, learners), st.sampled_from([-1, *holding]), st.integers(0, 12).map(float))
    realised = draw(st.lists(rows, max_size=4))
    return make_tape([f"P{k}" for k in range(learners + 1)], events, realised), teller, holding


@cases(60, trees())
def test_is_the_owen_value_on_trees(tree: tuple[Tape, list[int], dict[int, int]]) -> None:
    tape, teller, holding = tree
    worth: dict[frozenset[object], Fraction] = {}
    for event, served, value in as_rows(tape.realised):
        path = []
        above = teller[event]
        while above > 0:
            path.append(above)
            above = teller[above]
        needed = {("idea", 0)} | {("communication", k) for k in path}
        if event > 0 and not path:
            needed.add(("communication", 0))
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
    for one, other in zip(compiled, interpreted, strict=True):
        np.testing.assert_array_equal(one, other)


def random_tape(events: int, parents: int, persons: int, seed: int = 0) -> Tape:
    """One idea that each learns from some who learned before, whoever they are."""
    rng = np.random.default_rng(seed)
    rows: list[Any] = [(DISCOVER, 0, {})]
    for row in range(1, events):
        those = rng.choice(row, min(parents, row), replace=False).tolist()
        part = rng.dirichlet(np.ones(len(those))).tolist()
        rows.append((LEARN, int(rng.integers(persons)), dict(zip(those, part, strict=True))))
    return make_tape([f"P{k}" for k in range(persons)], rows, [(row, -1, 1.0) for row in range(events)])


def test_the_number_of_threads_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    tape = random_tape(500, 3, 500)
    monkeypatch.setattr(quadrature, "WORTH_THREADS", 0)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(quadrature, "processors", lambda number=threads: number)
        found.append(np.stack(role_flow_of_events(tape)).tobytes())
    assert len({*found}) == 1
