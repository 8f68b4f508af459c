"""What the README shows is what happens."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

import sim
from sim import Scenario, credit, simulate
from sim.accounts.methods import METHODS
from sim.cli.main import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_the_python_runs(number, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(compile(blocks("python")[number], "README.md", "exec"), {})


def test_the_scenario_says_one_half_each_and_the_claim_is_supported():
    text, _ = blocks("toml")
    assert credit(simulate(Scenario.from_toml(text))).persons.share.tolist() == [0.5, 0.5]
    _, text = blocks("toml")
    (result,) = sim.test_hypotheses(text)
    assert result.verdict == "supported"


@pytest.mark.parametrize(("column", "scenario"), [(3, "e2_implementer"), (4, "e4_bridge")])
def test_the_accounts_say_what_the_table_says(column, scenario):
    tape = simulate(Scenario.load(ROOT / "scenarios" / f"{scenario}.toml"))
    section = README.partition("## Accounts of credit")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    assert sorted(row[1].strip(" `") for row in rows) == sorted(METHODS)
    for row in rows:
        told = [float(Fraction(number.strip())) for number in row[column].split(",")]
        assert credit(tape, row[1].strip(" `")).persons.share[:3] == pytest.approx(told, abs=0.5001e-3)


def test_the_commands_are_those_of_the_command_line_and_the_makefile():
    for block in blocks("sh"):
        for line in block.splitlines():
            command, _, rest = line.partition("#")[0].removeprefix("shoulders ").partition(" ")
            if line.startswith("shoulders "):
                known = {option for parameter in cli.commands[command].params for option in parameter.opts}
                assert set(re.findall(r"(?<!\S)--?[a-z]\S*", rest)) <= known
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_table_is_that_of_the_notebook():
    tape = simulate(Scenario.load(ROOT / "scenarios" / "genius_notebook.toml"))
    table = credit(tape)
    assert f"{table.total:,.0f} realised in {tape.steps} steps" in README
    genius = table.persons.name.index("genius")
    assert f"{100 * table.persons.share[genius]:.2g}%" in README
    for name, found, share in zip(table.persons.name, table.persons.credit, table.persons.share, strict=True):
        if found > 115_000:
            assert f"| {name:<20} | {found:9,.0f} | {share:8.2%} |" in README
