"""What the README shows is what happens."""

import re
from pathlib import Path

import pytest

from sim import Scenario, credit, simulate
from sim.cli.main import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_the_python_runs(number, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(compile(blocks("python")[number], "README.md", "exec"), {})


def test_the_scenario_says_one_half_each():
    (text,) = blocks("toml")
    assert credit(simulate(Scenario.from_toml(text))).persons.share.tolist() == [0.5, 0.5]


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


def test_it_can_be_read_in_a_few_minutes():
    prose = re.sub(r"^```.*?^```|^\|.*?$", "", README, flags=re.MULTILINE | re.DOTALL)
    assert 400 < len(prose.split()) < 800
    assert all((ROOT / path).exists() for path in re.findall(r"\]\(([^)#:]+)\)", README))
