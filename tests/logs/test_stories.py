"""The true stories of the docs: what their tables claim, where the data is."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from sim.accounts.account import credit
from sim.cli.main import cli
from sim.logs.formats import read_log
from tests.logs.test_edges import credits
from tests.logs.test_git import git
from tests.tapes import by_name

ROOT = Path(__file__).parents[2]
STORIES = ROOT / "docs" / "stories"
DATA = Path(os.environ.get("SHOULDERS_DATA", ROOT.parent / "shared" / "data"))
FILES = {
    "mers": "mers_korea_2015.csv",
    "doctors": "coleman_doctors/medInnovations.graphml",
    "journeys": "attribution/journeys.csv",
    "retweets": "weibo_cascades/cascades.txt",
    "repository": "giants",
}


def data(story: str, folder: Path) -> Path:
    """Return the data of a story; that of the repository comes with its page."""
    if story == "repository":
        made = folder / FILES[story]
        made.mkdir()
        git(made, "init", "-q", "-b", "main")
        git(made, "fast-import", "--quiet", given=(STORIES / "repository.txt").read_bytes())
        return made
    path = DATA / FILES[story]
    if not path.exists():
        pytest.skip(f"{path} is absent: real data is no part of the project; SHOULDERS_DATA says where it is")
    return path


@pytest.mark.parametrize("story", FILES)
def test_the_table_is_what_the_command_says(story: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, text = data(story, tmp_path), (STORIES / f"{story}.md").read_text("utf-8")
    command = re.search(r"shoulders (credit .*?) -o ", text)
    assert command is not None
    words = command[1].split()
    assert words[1] == path.name
    cli([words[0], str(path), *words[2:], "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)["credit"]
    rows = re.findall(r"^\| (\w+) \| ([\d.]+)% \|", text, re.MULTILINE)
    shares = {row["person"]: f"{100 * row['share']:.2f}" for row in found}
    assert rows
    assert [(name, shares.get(name)) for name, _ in rows if name in shares] == [r for r in rows if r[0] in shares]
    assert rows[0][0] == found[0]["person"]
    effects = re.findall(r"^\| (\w+) \| [\d.]+% \| (\.\d+) \|", text, re.MULTILINE)
    raw = {row["person"]: f"{row['raw']:.4f}".lstrip("0") for row in found if "raw" in row}
    assert all(raw.get(name, effect) == effect for name, effect in effects)
    assert (STORIES / f"{story}.svg").exists()


@pytest.mark.parametrize(("story", "shares"), [
    ("journeys", {"alpha": 38.55, "eta": 18.26, "iota": 17.72}),
    ("retweets", {"19893": 24.54, "2124549": 13.96, "845371": 8.50}),
])  # fmt: skip
def test_by_shapley_the_shares_are_those_of_the_text(story: str, shares: dict[str, float], tmp_path: Path) -> None:
    found = by_name(credit(read_log(data(story, tmp_path)), "shapley"), "share")
    first = sorted(found, key=found.__getitem__, reverse=True)[: len(shares)]
    assert {name: round(100 * found[name], 2) for name in first} == shares
    text = (STORIES / f"{story}.md").read_text("utf-8")
    assert all(f"{share:.2f}%" in text for share in shares.values())


def test_the_doctors_adopt_as_the_counts_say(tmp_path: Path) -> None:
    tape = read_log(data("doctors", tmp_path), "adoptions")
    months = tape.events.step + tape.provenance["time_origin"]
    assert np.cumsum(np.bincount(months))[[1, 2, 3, 17]].tolist() == [11, 20, 29, 109]
    assert (len(tape.events) - int(tape.total), tape.mended["teller imputed"]) == (61, 48)


def test_the_channels_are_those_of_the_simulation_but_one(tmp_path: Path) -> None:
    found = by_name(credit(read_log(data("journeys", tmp_path)), "removal"), "raw")
    simulated = {"alpha": 0.5587, "eta": 0.3489, "theta": 0.2060, "iota": 0.3957}
    off = {name: abs(found[name] - effect) for name, effect in simulated.items()}
    assert max(off, key=off.__getitem__) == "iota"
    assert off["iota"] == pytest.approx(0.0101, abs=5e-5)


def test_the_commits_earn_what_blame_says(tmp_path: Path) -> None:
    text = (STORIES / "repository.md").read_text("utf-8")
    expected = dict(re.findall(r"^\| (\w+) \| ([\d.]+) \| \w", text, re.MULTILINE))
    path = data("repository", tmp_path)
    tape = read_log(path)
    made_by = tape.events.person[tape.realised.implementation]
    units = np.bincount(made_by, tape.realised.value, len(tape.persons))
    found = {name: f"{sum_:.4g}" for name, sum_ in zip(tape.persons.name, units.tolist(), strict=True) if sum_}
    assert found == {name: f"{float(number):.4g}" for name, number in expected.items()}
    by_files = credits(read_log(path, git_by="files"))
    assert by_files["Fay"] > by_files["Ada"] > by_files["Ben"]
    assert by_files["Hana"] > by_files["Gus"] == 0.0
