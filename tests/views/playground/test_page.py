"""The page as text, the worlds in it, and the command that writes it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim import Scenario, World
from sim.cli.main import cli
from sim.views.playground.presets import MAX_PERSONS, document_of, presets
from tests import FULL
from tests.cli import missing


def test_the_page_asks_for_nothing_runs_no_script_but_its_own_and_is_small(written):
    page = written.read_text(encoding="utf-8")
    policy = page.split('Content-Security-Policy" content="')[1].split('"')[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert not {"'unsafe-inline'", "'unsafe-eval'"} & set(policy.split())
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<script") == 2
    assert len(page.encode()) < 900_000
    assert len(gzip.compress(page.encode())) < 300_000


def test_a_world_is_written_out_person_by_person_and_tie_by_tie():
    scenario = Scenario.from_toml("""
        scenario = {name = "groups", steps = 5, seed = 18446744073709551615}
        world = {network = {kind = "chain"}}
        population = {count = 2, reach = {kind = "uniform"}}
        persons = [{name = "A", creativity = 1.0}, {name = "B", count = 2, born = 2}]
        ideas = [{name = "i", count = 2}, {name = "j", prerequisites = ["i"]}]
        interventions = [{step = 3, kind = "tell", person = "B", idea = "i", to = "A", pairing = "each"}]
        """)
    world, document = World.build(scenario), document_of(scenario)
    persons = document["persons"]
    assert document["scenario"]["seed"] == "18446744073709551615"
    born = {"A": None, "B 1": 2, "B 2": 2, "person 1": None, "person 2": None}
    assert {one["name"]: one.get("born") for one in persons} == born
    assert persons[4]["reach"] == pytest.approx(float(world.reach[4]), rel=1e-3)
    assert len(document["ties"]) == len(world.ties.target) == 8
    assert document["ideas"][2]["prerequisites"] == ["i 1", "i 2"]
    deeds = [{"step": 3, "kind": "tell", "person": f"B {k}", "idea": f"i {k}", "to": "A"} for k in (1, 2)]
    assert document["interventions"] == deeds
    assert len(document["places"]) == len(persons) == 5


def test_the_worlds_are_the_thought_experiments_and_the_cases():
    worlds = presets()
    assert len(worlds) == 27
    for world in worlds.values():
        assert len(world["places"]) == len(world["persons"]) <= MAX_PERSONS
        assert all(0 <= x <= 1000 and 0 <= y <= 640 for x, y in world["places"])


@pytest.mark.parametrize(("arguments", "said"), [
    (["-o", "page.txt"], "no page format 'txt'; allowed: html, htm"),
    (["-o", "no/page.html"], "no such folder as no"),
    (["--set", "a=1"], "--set: changes a scenario; name one"),
    (["nowhere.toml"], "no such file"),
    (["genius_notebook.toml"], "5,002 persons; the playground holds at most 200"),
])  # fmt: skip
def test_the_command_refuses_what_cannot_be(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["play", *arguments])
    assert said in str(done.exception or "") + done.output
    assert done.exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_a_page(tmp_path):
    done = CliRunner().invoke(cli, ["play", "lstm.toml", "--set", "scenario.steps=20", "-o", str(tmp_path / "a.html")])
    assert done.exit_code == 0
    assert missing((tmp_path / "a.html").read_text(encoding="utf-8"), '"steps":20', '"first":"own"') == []


def test_the_engine_is_what_its_sources_make(tmp_path):
    """In the full size the engine is built again, to the same bytes; else its sources are those it was built from."""
    from sim.views.playground import build

    shipped = {name: (build.HERE / name).read_bytes() for name in ("engine.wasm", "engine.json")}
    here, wanted = build.made_with(), json.loads(shipped["engine.json"])["made_with"]
    if here | {"sources": ""} != wanted | {"sources": ""}:
        pytest.skip(f"the engine was made with {wanted}, here are {here}")
    assert here["sources"] == wanted["sources"], "the engine was made of other sources: run make playground"
    if not FULL:
        return
    command = [sys.executable, "-m", "sim.views.playground.build", str(tmp_path)]
    root = Path(build.__file__).parents[3]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(root)}, cwd=tmp_path)
    for name, content in shipped.items():
        assert (tmp_path / name).read_bytes() == content, f"{name} is not what its sources make of it"
