"""The explorer's page: what it holds is the tape's, and nothing that stands in a name can do anything."""

import base64
import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import Scenario, Tape, World, compare, credit, read_log, simulate
from sim.accounts.methods import METHODS
from sim.tape.tables import ABANDON, DISCOVER, LEARN, LEAVE, USE, Events, Influences, Persons, Realised
from sim.views.explorer import rows
from sim.views.explorer.data import explorer_data
from sim.views.explorer.page import explorer, page_of
from sim.views.pages import page as pages
from sim.views.pages.columns import packed
from sim.views.pages.page import to_json
from tests.tapes import as_rows, make_tape

HOSTILE = ("<script>alert(1)</script>", '"\'><img src=x onerror=alert(2)>',
           "\u202e\u05d0\u05d1 evil", "🧠" * 9, "x" * 10_000,
           "%SCRIPT%", "</title><b>", "\u2028", "-->", "${1}")  # fmt: skip
TYPES = {"u8": "<u1", "u16": "<u2", "u32": "<u4", "f32": "<f4", "f64": "<f8"}
VILLAGE = """
scenario = {name = "a village", steps = 25, seed = 3}
population = {count = 40, reach = 0.05, understanding = 0.6}
world.network = {kind = "watts-strogatz", neighbours = 4, rewire = 0.1}
persons = [{name = "Ada", creativity = 1.0, reach = 0.2}, {name = "builder", count = 3, skill = 0.8}]
ideas = [{name = "wheel", discovery_rate = 0.4}, {name = "cart", prerequisites = ["wheel"], discovery_rate = 2.0}]
dynamics = {telling_period = 6, implementation_rate = 3.0, abandon_rate = 0.1}
"""


def unpacked(column: dict) -> np.ndarray:
    if "n" not in column:
        return np.frombuffer(base64.b64decode(column["d"]), TYPES[column["t"]])
    values = unpacked(column["v"])
    whole = np.zeros(column["n"], values.dtype)
    whole[unpacked(column["i"])] = values
    return whole


def data_of(text: str) -> dict:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(data)


@pytest.fixture(scope="module")
def village() -> SimpleNamespace:
    scenario = Scenario.from_toml(VILLAGE)
    tape = simulate(scenario, engine="agents")
    assert tape.total > 0
    text = explorer(tape, scenario)
    return SimpleNamespace(scenario=scenario, tape=tape, text=text, data=data_of(text))


def named_tape(names) -> Tape:
    """Each tells the next one, and the last one realises a value."""
    told = [(LEARN, k, {k - 1: 1.0}) for k in range(1, len(names))]
    return make_tape(names, [(DISCOVER, 0, {}), *told], [(len(names) - 1, -1, 1.0)], ideas=(names[0],))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**40), max_size=60), st.integers(0, 3))
def test_packed_columns_read_back(values, power):
    column = np.array(values, np.int64) // 2 ** (13 * power)
    assert unpacked(packed(column)).tolist() == column.tolist()
    shares = column / 7.0
    assert unpacked(packed(shares)).tolist() == shares.astype(np.float32).tolist()


def test_mostly_empty_columns_are_short_and_read_back():
    column = np.zeros(5000)
    column[17] = 0.5
    assert len(json.dumps(packed(column))) < 120
    assert unpacked(packed(column)).tolist() == column.tolist()


def test_what_the_page_holds_is_the_tapes(village):
    tape, events = village.tape, village.data["events"]
    kept = np.flatnonzero(tape.events.kind != USE)
    for name, column in (("kind", "kind"), ("person", "person"), ("moment", "step")):
        assert unpacked(events[name]).tolist() == getattr(tape.events, column)[kept].tolist()
    child = np.repeat(np.arange(len(kept)), unpacked(events["parents"]))
    found = list(zip(kept[child].tolist(), kept[unpacked(events["parent"])].tolist(), strict=True))
    told = [(child, parent) for child, parent, _ in as_rows(tape.influences) if tape.events.kind[child] != USE]
    assert found == sorted(told)
    held = np.zeros((2, tape.steps + 1), int)
    for step, kind, _, idea, count in as_rows(tape.events):
        held[idea, step:] += count * ((kind in (DISCOVER, LEARN)) - (kind in (ABANDON, LEAVE)))
    assert [unpacked(curve).tolist() for curve in village.data["curves"]] == held.tolist()
    assert village.data["moments"] == [str(step) for step in range(tape.steps + 1)]


def test_every_account_and_tie_is_there(village):
    found = {account["name"]: account for account in village.data["accounts"]}
    assert list(found) == list(compare(village.tape).tables)
    for name, account in found.items():
        table = credit(village.tape, name)
        assert account["asks"] == METHODS[name].asks
        np.testing.assert_allclose(unpacked(account["all"]["credit"]), table.persons.share, rtol=1e-6)
        assert ("idea" in account["all"]) == METHODS[name].roles
        if account["ideas"]:
            parts = sum(unpacked(shares["credit"]).astype(float) for shares in account["ideas"])
            np.testing.assert_allclose(parts, table.persons.share, rtol=1e-5, atol=1e-9)
    assert found["role-flow"]["ideas"]
    ties = World.build(village.scenario, village.tape.provenance["seed"]).ties
    source = np.repeat(np.arange(44), np.diff(ties.indptr)).tolist()
    pairs = {(min(a, b), max(a, b)) for a, b in zip(source, ties.target.tolist(), strict=True)}
    found = village.data["ties"]
    assert set(zip(unpacked(found["a"]).tolist(), unpacked(found["b"]).tolist(), strict=True)) == pairs
    assert village.data["tied"]


def test_a_real_log_has_a_page_without_ties(tmp_path):
    log = tmp_path / "talk.csv"
    log.write_text("time,source,target\n2020-05-01,ada,bob\n2020-05-02,bob,cy\n2020-06-01,bob,di\n")
    data = data_of(explorer(read_log(log)))
    assert (data["tied"], len(unpacked(data["ties"]["a"]))) == (False, 3)
    assert any("who learned from whom" in note for note in data["notes"])
    assert data["moments"][-1] == "2020-06-01 00:00"
    assert data["persons"]["names"] == ["ada", "bob", "cy", "di"]


@pytest.mark.parametrize("people", [0, 1])
def test_a_history_in_which_nothing_happened_has_a_page(people):
    text = VILLAGE.replace("creativity = 1.0", "creativity = 0.0").replace("count = 40", f"count = {people}")
    text = text.replace('kind = "watts-strogatz", neighbours = 4, rewire = 0.1', 'kind = "none"')
    scenario = Scenario.from_toml(text)
    data = data_of(explorer(simulate(scenario, engine="agents"), scenario))
    assert unpacked(data["events"]["kind"]).tolist() == []


def test_of_many_persons_and_ideas_a_part_is_drawn_and_said(village, monkeypatch):
    monkeypatch.setattr(rows, "PERSONS", 12)
    data = explorer_data(village.tape, village.scenario)
    names = data["persons"]["names"]
    assert any("12 of 44 persons are drawn" in note for note in data["notes"])
    tables = compare(village.tape).tables.values()  # whom any account thinks most of is there
    best = {village.tape.persons.name_of(int(table.row[np.argmax(table.persons.share)])) for table in tables}
    assert (len(names), {"Ada", *best} - set(names)) == (12, set())
    assert 1 <= data["sure"] <= 12
    assert data["total"] == 44
    assert data["curves"] == village.data["curves"]  # of everyone
    monkeypatch.setattr(rows, "IDEAS", 1)
    data = explorer_data(village.tape, village.scenario)
    assert data["ideas"] == ["wheel"]
    assert any("of 2" in note for note in data["notes"])


def test_lines_lead_past_those_who_are_not_drawn(village, monkeypatch):
    monkeypatch.setattr(rows, "PERSONS", 12)
    tape = village.tape
    part = rows.drawn(tape, compare(tape))
    drawn_events = set(part.events.tolist())
    parents: dict[int, list[tuple[float, int]]] = {}
    for child, parent, weight in as_rows(tape.influences):
        parents.setdefault(child, []).append((weight, -parent))

    def up(event: int) -> int:
        while event not in drawn_events:
            if event not in parents:
                return -1
            event = -max(parents[event])[1]
        return event

    slow = {(e, up(-p)) for e in drawn_events for _, p in parents.get(e, []) if up(-p) >= 0}
    assert {(int(part.events[c]), int(part.events[p])) for c, p in zip(part.child, part.parent, strict=True)} == slow
    assert len(slow) > 12


def test_a_page_of_five_thousand_is_small():
    n = 5000
    rng = np.random.default_rng(5)
    parent = (rng.random(n - 1) * np.arange(1, n)).astype(int)
    events = Events(np.arange(n) // 50, [0] + [1] * (n - 1), np.arange(n), np.zeros(n), np.ones(n))
    told, worth = (
        Influences(np.arange(1, n), parent, np.ones(n - 1)),
        Realised(np.arange(n), np.full(n, -1), np.ones(n)),
    )
    text = explorer(Tape(events, told, worth, Persons(["person"], [n], [1]), ("x",), 100, n))
    assert len(text) < 3_000_000
    assert len(data_of(text)["persons"]["names"]) == n


def test_no_name_leaves_the_data():
    text = explorer(named_tape(HOSTILE))
    assert text.count("<") == page_of(explorer_data(named_tape(["a", "b"]))).count("<")  # no name brought a tag
    assert "<script>alert" not in text
    assert "onerror" not in text.split('id="data">')[0]
    names = data_of(text)["persons"]["names"]
    assert (names[:2], len(names[4])) == (list(HOSTILE[:2]), 200)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_data_are_ascii_without_markup_and_read_back(text):
    written = to_json({"name": text})
    assert written.isascii()
    assert not set("<>&\n") & set(written)
    assert json.loads(written) == {"name": text}


def test_the_same_run_has_the_same_page_whose_policy_forbids_every_request_and_every_other_script(village):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', village.text)
    (script,) = re.findall(r"<script>(.*?)</script>", village.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert (allowed["default-src"], allowed["script-src"]) == ("'none'", f"'sha256-{digest}'")
    assert "connect-src" not in allowed
    assert "unsafe" not in policy
    code = r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.search(rf"https?://(?!www\.w3\.org/2000/svg)|{code}", village.text)
    parts = Path(pages.__file__).parent
    assert not re.search(r"\son\w+=", (parts / "page.html").read_text(encoding="utf-8"))
    assert explorer(village.tape, village.scenario) == village.text
