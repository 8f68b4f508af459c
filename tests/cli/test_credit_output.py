"""What `shoulders credit` writes: streamed JSON, tables in files, and what is said of a log."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim import compare, credit, read_log
from sim.accounts.methods import METHODS
from sim.cli import output, terminal
from tests.cli import Done

LOG = "time,source,target,text\n1,,Ada,x\n2,Ada,Ben,x\n3,Ada,Carla,x\n4,Ben,Dora,x\n5,Ben,Emil,x\n6,Carla,Fay,x\n"
LOG += "NA,Ada,Zoe,x\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "log.csv").write_text(LOG)
    return tmp_path / "log.csv"


@pytest.fixture
def here(log: Path, shell: Callable[..., Done]) -> Callable[..., Done]:
    def call(*words: object) -> Done:
        done = shell("credit", log, *words)
        assert done.code == 0, done.err
        return done

    return call


def column(shown: str) -> list[str]:
    return [line.split("|")[1].strip() for line in shown.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("chunk", [2, 1 << 14])
def test_json_is_what_the_library_says(here: Any, log: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "CHUNK", chunk)
    tape = read_log(log)
    found = here("--json").json
    assert found["read_as"].pop("dropped") == {"no time": 1}
    assert found["read_as"].pop("roots") == {"made_up": 0, "idea_credit": 0.0, "first_tenth": pytest.approx(0.7)}
    assert found == json.loads(credit(tape).to_json())
    every = here("--method", "all", "--json").json
    expected = json.loads(json.dumps(compare(tape).to_dict()))
    assert every["correlations"] == expected["correlations"]
    found, given = ({name: table["credit"] for name, table in of["methods"].items()} for of in (every, expected))
    assert found == given
    assert [row["person"] for row in here("--json", "--top", "2").json["credit"]] == ["Ada", "Ben"]
    assert column(here("--top", "1").out) == ["", "Ada", f"all: {len(given['role-flow']) - 1} others"]


@pytest.mark.parametrize(("name", "read"), [
    ("c.csv", pd.read_csv), ("c.parquet", pd.read_parquet),
    ("c.json", lambda path: pd.DataFrame(json.loads(path.read_text()))),
])  # fmt: skip
def test_tables_in_files(here: Any, tmp_path: Path, name: str, read: Any) -> None:
    def written(*words: str) -> pd.DataFrame:
        here("-o", tmp_path / name, *words)
        return read(tmp_path / name)

    expected = {"Ada": 3.5, "Ben": 1.0, "Carla": 0.5}
    assert dict(written()[["person", "credit"]].to_numpy().tolist()[:3]) == expected
    best = written("--method", "all", "--top", "1")
    assert best["method"].nunique() == len(best) > 5
    columns = {"interval", "rank"} if name.endswith("json") else {"low", "high", "rank_low", "rank_high"}
    assert columns <= set(written("--intervals", "--copies", "9"))
    assert set(written("--by", "role")["role"]) == {"idea", "communication", "implementation"}


def test_what_top_leaves_out_is_summed_up_and_an_account_says_what_it_asks(here: Any, log: Path) -> None:
    log.write_text("time,source,target,idea\n" + "".join(f"{at - 50},Ada,B{at},i{at:02}\n" for at in range(60)))
    for top, rest in ((2, 58), (50, 10)):
        assert column(here("--by", "idea", "--top", top).out)[-1] == f"all others ({rest})"
        assert len(here("--by", "idea", "--top", top, "--json").json["credit"]) == top
    shown = here("--by", "time", "--top", "1", "--explain").out
    assert column(shown)[1] == "-51"  # Ada, who is first heard of as a teller
    assert shown.splitlines()[-1] == "role-flow: " + METHODS["role-flow"].asks
    assert "all: 60 others" in shown
    assert (terminal._percent(-0.0), terminal._number(-0.0)) == ("0.00%", "0")


def test_what_is_said_before_the_table(here: Any, log: Path) -> None:
    done = here()
    assert done.out.splitlines()[:3] == [
        "Read as edges: text, comma; time, source, target; source told target; times: numbers, as they are; 7 rows, 6 "
        "kept",
        "Passed over: text",
        "Roots in the first tenth of the log: 70.0% of the credit",
    ]
    assert done.err == "Dropped: 1 (no time)\n"
    log.write_text("time,source,target\n" + "".join(f"{at},Ada,Ben\n" for at in range(9)))
    careful = next(line for line in here().out.splitlines() if line.startswith("Careful"))
    assert careful.startswith("Careful: 8 of 9 rows vanish, most as: already holds the idea; if each row counts, as of")
    shown = here("--kind", "contact").out
    assert "temporal-pagerank, 9 realised" in shown
    assert "Careful" not in shown
    methods = here("--kind", "contact", "--method", "all", "--json").json["methods"]
    assert list(methods) == ["temporal-pagerank", "person-pagerank", "event-pagerank", "citerank"]
