"""The credit table: what it shows, folds, sums and sorts."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.accounts.account import credit
from sim.accounts.methods import METHODS
from sim.tape.tables import DISCOVER, LEARN, Persons
from sim.tape.tape import Tape
from tests import cases
from tests.tapes import chain, make_tape, tapes

PEOPLE = Persons(["genius", "teller", "Ωmega", "crowd"], [1, 4, 1, 1], [1, 1, 1, 90])


def told() -> Tape:
    """Tellers 2 and 4 tell the crowd; tellers 1 and 3 and Ωmega do nothing."""
    events = [(DISCOVER, 0, {}), (LEARN, 4, {0: 1}), (LEARN, 2, {0: 1}), (LEARN, 6, {1: 0.75, 2: 0.25}, 90)]
    provenance = {"scenario": "essay", "seed": 7}
    return make_tape(PEOPLE, events, [(3, -1, 16.0)], dropped={"undated": 2, "late": 1}, provenance=provenance)


def test_columns_are_in_tape_order_and_cannot_be_written() -> None:
    table = credit(told())
    persons = table.persons
    assert persons.person == ("genius", "teller 1", "teller 2", "teller 3", "teller 4", "Ωmega")
    assert persons.credit.tolist() == [8.0, 0.0, 2.0, 0.0, 6.0, 0.0]
    assert persons.share.tolist() == [0.5, 0.0, 0.125, 0.0, 0.375, 0.0]
    assert len(persons) == 6
    for column in (persons.credit, persons.share, persons.idea, persons.communication, persons.implementation):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1.0
    assert (table.total, table.dropped, table.steps, table.method) == (16.0, 3, 4, "role-flow")
    assert (table.scenario, table.seed) == ("essay", 7)


def test_to_dict_folds_the_members_of_a_group_without_credit() -> None:
    none = {"credit": 0.0, "share": 0.0, "idea": 0.0, "communication": 0.0, "implementation": 0.0}
    assert credit(told()).to_dict() == {
        "scenario": "essay", "seed": 7, "steps": 4, "method": "role-flow", "total": 16.0, "dropped": 3, "mended": {},
        "read_as": {},
        "credit": [
            none | {"person": "genius", "credit": 8.0, "share": 0.5, "idea": 8.0},
            none | {"person": "teller 4", "credit": 6.0, "share": 0.375, "communication": 6.0},
            none | {"person": "teller 2", "credit": 2.0, "share": 0.125, "communication": 2.0},
            none | {"person": "teller", "count": 2},
            none | {"person": "Ωmega"},
        ],
    }  # fmt: skip


def test_to_dict_says_what_a_method_does_not_know() -> None:
    rows = credit(told(), "person-pagerank").to_dict()["credit"]
    assert {row["person"] for row in rows[1:3]} == {"teller 2", "teller 4"}
    assert 0.0 < rows[0]["pagerank"] < 1.0
    unknown = dict.fromkeys(("idea", "communication", "implementation"))
    assert unknown.items() <= rows[0].items()
    assert rows[3] == unknown | {"person": "teller", "count": 2, "credit": 0.0, "share": 0.0, "pagerank": 0.0}
    assert "pagerank" not in credit(told(), "priority").to_dict()["credit"][0]


def test_folded_pagerank_is_summed_where_nothing_was_realised() -> None:
    tape = make_tape(PEOPLE, [*chain(0, 4), (LEARN, 2, {0: 1})])
    table = credit(tape, "person-pagerank")
    (row,) = (row for row in table.to_dict()["credit"] if row["person"] == "teller")
    assert row["count"] == 4
    assert row["pagerank"] == pytest.approx(table.persons.pagerank[[2, 4]].sum(), rel=1e-15) != 0.0


def test_json_keeps_names_and_digits() -> None:
    table = credit(told(), "person-pagerank")
    assert "Ωmega" in table.to_json()
    assert "\n" not in table.to_json()
    found = json.loads(table.to_json())
    assert found == table.to_dict()
    assert [row["credit"] for row in found["credit"][:3]] == sorted(table.persons.credit.tolist())[:2:-1]


def test_pandas_has_the_largest_credit_first_and_equal_ones_in_tape_order() -> None:
    frame = credit(told()).to_pandas()
    assert frame["person"].tolist() == ["genius", "teller 4", "teller 2", "teller 1", "teller 3", "Ωmega"]
    assert frame.index.tolist() == [0, 4, 2, 1, 3, 5]
    assert list(frame) == ["person", "credit", "share", "idea", "communication", "implementation"]
    assert list(credit(told(), "person-pagerank").to_pandas())[-1] == "pagerank"


@pytest.mark.parametrize("method", ["role-flow", "person-pagerank", "knockout"])
def test_files_are_what_pandas_would_write(method: str, tmp_path: Path) -> None:
    table = credit(told(), method, intervals="links" if method == "role-flow" else None)
    table.to_csv(tmp_path / "ours.csv")
    table.to_parquet(tmp_path / "ours.parquet")
    frame = table.to_pandas().reset_index(drop=True)
    frame.to_csv(tmp_path / "theirs.csv", index=False, lineterminator="\n")
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "ours.parquet"), frame)
    with pytest.raises(FileNotFoundError):
        table.to_csv(tmp_path / "nowhere" / "ours.csv")


def test_groups_are_summed() -> None:
    rows = credit(told()).by_group()
    assert [row["person"] for row in rows] == ["genius", "teller", "Ωmega"]
    roles = {"idea": 0.0, "communication": 8.0, "implementation": 0.0}
    teller = {"person": "teller", "count": 4, "credit": 8.0, "share": 0.5, "smallest": 0.0, "largest": 6.0}
    assert rows[1] == teller | roles
    assert credit(told(), "person-pagerank").by_group()[0]["idea"] is None


def test_a_crowd_is_shown_where_it_has_credit() -> None:
    table = credit(make_tape(PEOPLE, [(DISCOVER, 0, {}), (LEARN, 6, {0: 1}, 9), (LEARN, 5, {1: 1})], [(2, -1, 4.0)]))
    assert table.persons.person[-1] == "crowd"
    assert table.to_dict()["credit"][1]["person"] == "crowd"
    assert [(row["person"], row["credit"]) for row in table.by_group()[:2]] == [("genius", 2.0), ("crowd", 2.0)]


@cases(100, tapes())
def test_every_view_tells_the_same(tape: Tape) -> None:
    for method in METHODS:
        table = credit(tape, method)
        for rows in (table.by_group(), table.to_dict()["credit"]):
            credits = [row["credit"] for row in rows]
            assert math.fsum(credits) == pytest.approx(math.fsum(table.persons.credit), rel=1e-12)
            assert sum(row.get("count", 1) for row in rows) == len(table.persons)
        assert credits == sorted(credits, reverse=True)
        assert table.to_pandas()["credit"].tolist() == np.sort(table.persons.credit)[::-1].tolist()
