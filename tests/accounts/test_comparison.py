"""Accounts side by side: who stands in which row, and correlations counted pair by pair."""

import json
import math
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume

from sim.accounts.account import credit
from sim.accounts.comparison import Comparison, compare, side_by_side
from sim.accounts.methods import METHODS, Method
from sim.accounts.summary import credit_by
from sim.accounts.table import make_table
from sim.tape.tables import DISCOVER, LEARN, Persons
from sim.tape.tape import Tape
from tests import cases
from tests.accounts.test_account import built_on
from tests.tapes import by_name, chain, make_tape, tapes, with_crowd


def bridge() -> Tape:
    return make_tape(with_crowd(["P1", "P2", "P3"], 97), [*chain(0, 1, 2), (LEARN, 3, {2: 1}, 97)], [(3, -1, 97.0)])


def pairs(one: list[float], other: list[float]) -> float:
    """Kendall's tau-b, pair by pair; a difference in the tenth digit is none."""

    def order(a: float, b: float) -> int:
        return 0 if math.isclose(a, b, rel_tol=1e-9) else 1 if a > b else -1

    orders = [(order(one[i], one[j]), order(other[i], other[j])) for i, j in combinations(range(len(one)), 2)]
    below = math.sqrt(sum(a != 0 for a, _ in orders) * sum(b != 0 for _, b in orders))
    return sum(a * b for a, b in orders) / below if below else math.nan


def test_each_account_has_a_column_and_the_first_one_sorts() -> None:
    shares = compare(bridge(), ["role-flow", "priority"]).shares
    assert shares.columns.tolist() == ["role-flow", "priority"]
    assert shares.T.to_dict("list") == {"P1": [0.5, 1.0], "P2": [0.25, 0.0], "P3": [0.25, 0.0]}
    ranks = compare(bridge(), ["person-pagerank"]).shares["person-pagerank"]
    assert ranks.is_monotonic_decreasing
    assert ranks.index[0] == "P2"


def test_without_names_all_that_have_something_to_say_take_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        raise ValueError("needs a scenario")

    monkeypatch.setitem(METHODS, "silent", Method("What would be lost?", nothing))
    found = compare(bridge())
    assert list(found.tables) == [name for name in METHODS if name != "silent"]
    assert found.left_out == found.to_dict()["left_out"] == {"silent": "needs a scenario"}
    with pytest.raises(ValueError, match="needs a scenario"):
        compare(bridge(), ["role-flow", "silent"])


def test_what_is_wrong_is_refused_and_not_left_out() -> None:
    for options, says in (
        ({"methods": ["role-flow", "priorty"]}, "did you mean 'priority'"),
        ({"alpha": 1.0}, r"alpha: must be in \[0, 1\), is 1.0"),
        ({"alpa": 0.5}, "setting: no 'alpa'"),
        ({"methods": []}, "methods: none; allowed: role-flow"),
    ):
        with pytest.raises(ValueError, match=says):
            compare(bridge(), **options)


@cases(100, tapes())
def test_shares_and_correlations_are_those_of_the_tables(tape: Tape) -> None:
    found = compare(tape)
    for (name, table), column in zip(found.tables.items(), found.share.T.tolist(), strict=True):
        assert table.to_dict() == credit(tape, name).to_dict()
        shown = {who: share for who, share in zip(found.name, column, strict=True) if share}
        assert by_name(table, "share") == shown
    matrix = found.correlations["kendall"]
    assert matrix.equals(matrix.T)
    for one, other in combinations(found.tables, 2):
        shares = [found.shares[name].to_numpy() for name in (one, other)]
        apart = np.concatenate([np.abs(np.subtract.outer(x, x)).ravel() / max(x.max(), 1e-300) for x in shares])
        assume(not ((apart > 1e-11) & (apart < 1e-7)).any())  # where rounding ends is a matter of taste
        expected = pairs(*(share.tolist() for share in shares))
        assert matrix.loc[one, other] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def of_columns(*columns: Any, people: Persons | None = None) -> Comparison:
    """Accounts "0", "1", ... that give these persons such credits."""
    tape = make_tape(people or [f"P{k}" for k in range(len(columns[0]))], [(DISCOVER, 0, {})])
    credits = [np.array(column, float) for column in columns]
    tables = {str(k): make_table(tape, "role-flow", c, total=float(c.sum())) for k, c in enumerate(credits)}
    return side_by_side(tape.persons, tables, {})


def made(*columns: list[float]) -> list[float]:
    """Spearman's rho and Kendall's tau-b of columns of credit."""
    found = of_columns(*columns)
    return [found.correlations[kind].loc["0", "1"] for kind in ("spearman", "kendall")]


def test_correlations_by_hand() -> None:
    # Five persons; places 1 2 3 4 5 and 2 1 4 3 5: the differences squared sum to 4, two pairs of ten are exchanged.
    assert made([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx([1 - 6 * 4 / (5 * 24), (8 - 2) / 10])
    assert made([1, 2, 3], [30, 20, 10]) == pytest.approx([-1.0, -1.0])
    assert all(math.isnan(x) for x in made([1, 1, 1], [1, 2, 3]))
    third = 1 / 3
    assert made([third, third * (1 + 1e-14), 1.0], [2.0, 2.0, 5.0]) == [1.0, 1.0]  # a difference by rounding is a tie


def test_members_who_are_equal_by_all_accounts_are_one_row() -> None:
    people = Persons(["genius", "teller", "crowd"], [1, 50, 1], [1, 1, 900])
    events = [(DISCOVER, 0, {}), *((LEARN, 1 + k, {0: 1.0}) for k in range(50))]
    tape = make_tape(people, [*events, (LEARN, 51, {k + 1: 1 / 50 for k in range(50)}, 900)], [(51, -1, 900.0)])
    rows = compare(tape, ["role-flow", "priority"]).sides()
    assert [(row.name, row.people, row.kind) for row in rows] == [("genius", 1, "person"), ("teller", 50, "group")]
    assert np.array([row.shares for row in rows]) == pytest.approx(np.array([[0.5, 1.0], [0.5, 0.0]]))
    groups = compare(tape, ["role-flow", "priority"]).by_group
    assert groups.index.tolist() == ["genius", "teller"]
    assert groups.loc["teller"].tolist() == pytest.approx([0.5, 0.0])


def test_the_first_by_any_account_are_seen_and_who_differs_by_any_is_a_row() -> None:
    rows = of_columns(range(1, 101), range(100, 0, -1)).sides(most=10, named=2)
    assert [row.name for row in rows[:-1]] == [f"P{k}" for k in (99, 98, 97, 96, 95, 94, 93, 2, 1, 0)]
    assert (rows[-1].kind, rows[-1].people) == ("rest", 90)
    assert np.array([row.shares for row in rows]).sum(axis=0) == pytest.approx([1.0, 1.0])
    rows = of_columns(range(1, 10), [0] * 8 + [45]).sides(most=5, named=0)  # who has nothing is not among the first
    assert [row.name for row in rows] == ["P8", "P7", "P6", "P5", "P4", ""]
    rows = of_columns([1, 1, 1], [0, 3, 0], people=Persons(["teller"], [3], [1])).sides()
    assert [(row.name, row.people) for row in rows] == [("teller 1", 1), ("teller 2", 1), ("teller 3", 1)]


def test_nothing_to_compare_is_no_error() -> None:
    found = compare(make_tape(["A"], []))
    assert [row.shares for row in found.sides()] == [(0.0,) * len(found.tables)]
    assert found.correlations["spearman"].isna().all(axis=None)


def test_the_dict_is_json_and_holds_what_design_says() -> None:
    found = json.loads(json.dumps(compare(bridge()).to_dict(), allow_nan=False))
    assert list(found) == ["methods", "correlations", "accounts", "left_out"]
    assert found["methods"]["priority"] == credit(bridge(), "priority").to_dict()
    # Of six pairs (the crowd is one of four, with credit by event PageRank) three are in order, and three ties by
    # priority, one by role flow.
    assert found["correlations"]["kendall"]["role-flow"]["priority"] == pytest.approx(3 / math.sqrt(3 * 5))
    assert found["accounts"]["priority"]["asks"] == METHODS["priority"].asks
    flat = replace(compare(bridge()), share=np.zeros((4, len(METHODS))))
    assert flat.to_dict()["correlations"]["spearman"]["role-flow"]["priority"] is None


@cases(100, tapes())
def test_groups_and_ideas_have_all_of_the_credit(tape: Tape) -> None:
    for name, method in METHODS.items():
        table = credit(tape, name)
        for by in ("group", "idea") if method.linear else ("group",):
            frame = pd.DataFrame(credit_by(tape, table, by), columns=["credit", "share"])
            assert frame.sum().tolist() == pytest.approx([table.persons.credit.sum(), table.persons.share.sum()])
            assert frame["credit"].is_monotonic_decreasing


def test_by_idea_takes_the_inheritance_that_the_table_was_made_with() -> None:
    tape = built_on()
    for inheritance in (0.0, 0.5, 1.0):  # P2's idea keeps the telling, and of the idea's half what it passes not on
        rows = credit_by(tape, credit(tape, inheritance=inheritance), "idea", inheritance=inheritance)
        expected = {"idea 0": 4.0 * inheritance, "idea 1": 8.0 - 4.0 * inheritance}
        assert {row["idea"]: row["credit"] for row in rows} == expected


def test_what_an_account_cannot_be_divided_by_is_said_in_one_line() -> None:
    tape = bridge()
    with pytest.raises(ValueError, match=r"person-pagerank knows no roles; role-flow.* do$"):
        credit_by(tape, credit(tape, "person-pagerank"), "role")
    for method in METHODS:
        if not METHODS[method].linear:
            says = rf"^{method} does not divide each value by itself; role-.* credit ide"
            with pytest.raises(ValueError, match=says):
                credit_by(tape, credit(tape, method), "idea")
    with pytest.raises(ValueError, match=r"by: no 'groups'; allowed: group, role, idea; did you mean 'group'"):
        credit_by(tape, credit(tape), "groups")
