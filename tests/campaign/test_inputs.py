"""Malformed input of every kind, through the command line: an answer, or one line, and never a fault of ours."""

from __future__ import annotations

import contextlib
import gzip
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from tests.campaign import size
from tests.campaign.inputs import CORPUS, call, command_line, wrong_with
from tests.cli import Done
from tests.damage import mutated

READING = ("credit", "why", "plot", "export", "compare", "explore")
SHARE = {"scenarios": 25, "hypotheses": 15, "logs": 25, "records": 5, "rules": 5, "studies": 12, "options": 13}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the corpus, and logs in files that are no text."""
    shutil.copytree(CORPUS, tmp_path / "corpus", ignore=shutil.ignore_patterns("__pycache__"))
    logs = tmp_path / "corpus" / "logs"
    table = pd.read_csv(logs / "edges.csv")
    table.to_parquet(logs / "edges.parquet")
    (logs / "edges.csv.gz").write_bytes(gzip.compress((logs / "edges.csv").read_bytes()))
    with contextlib.suppress(ModuleNotFoundError):  # openpyxl
        table.to_excel(logs / "edges.xlsx", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    return tmp_path


def asked(kind: str, file: Path, luck: Random, impatient: bool = True) -> Done:
    """Give a file to one of the commands that take its kind."""
    village = "corpus/scenarios/village.toml"
    small = ("--engine", "agents", "--threads", "1")
    match kind:
        case "scenarios" if luck.random() < 0.8:
            return call("check", file)
        case "scenarios":
            words = luck.choice([["run", "--out", "out", "--force"], ["knockout", "--replicates", "2"]])
            return call(words[0], file, *words[1:], *small, impatient=impatient)
        case "hypotheses":
            return call("test", file, *small, impatient=impatient)
        case "records":
            words = ["--vary", "ideas.wheel.discovery_rate=uniform(0, 3)", "--runs", "10", "--particles", "10"]
            return call("fit", village, "--to", file, *words, *small, impatient=impatient)
        case "rules":
            return call("run", village, "--rules", file, "--out", "out", *small, impatient=impatient)
        case "studies":
            words = ["--dry-run"] if luck.random() < 0.5 else ["--out", f"study{luck.randrange(10**9)}"]
            return call("sweep", file, *words, "--executor", "threads", "--workers", "1", impatient=impatient)
        case "logs" if luck.random() < 0.85:
            more = luck.choice([[], ["--json"], ["--kind", "contact"], ["--citations-as", "learning"], ["--top", "3"],
                                ["--by", "idea"], ["--by", "time"], ["--orphans", "drop"],
                                ["--network", "corpus/scenarios/ties.csv"]])  # fmt: skip
            return call("credit", file, *more)
        case _:
            command = luck.choice(READING)
            more = {"why": ["ana"], "export": ["-o", "new.csv"], "explore": ["-o", "page.html"],
                    "plot": ["-o", "new.svg"], "compare": [file]}  # fmt: skip
            return call(command, file, *more.get(command, []))


def options(place: Path, luck: Random) -> Done:
    files = [str(f.relative_to(place)) for f in sorted(place.glob("corpus/*/*"))] + ["out", "corpus", "village", "none"]
    words = command_line(luck, files)
    (place / "input").write_text(repr(words))
    return call(*words, impatient=True)


def inputs(kind: str, place: Path, count: int) -> Iterator[tuple[Done, Path]]:
    """Yield what becomes of each file of the corpus, and of others that were made of them."""
    luck = Random(f"{kind} {count}")
    files = sorted((place / "corpus" / kind).glob("*")) if kind != "options" else []
    for file in files if kind != "scenarios" else [f for f in files if f.suffix == ".toml"]:
        yield asked(kind, file, luck, impatient=False), file  # an import that is interrupted would be half there
    contents = {file: file.read_bytes() for file in files}
    for _ in range(count):
        if kind == "options":
            yield options(place, luck), place / "input"
            continue
        file = luck.choice(files)
        file.write_bytes(mutated(contents[file], luck, list(contents.values())))
        target = file if file.suffix == ".toml" or kind != "scenarios" else place / "corpus/scenarios/network.toml"
        yield asked(kind, target, luck), file
        file.write_bytes(contents[file])


@pytest.mark.parametrize("kind", SHARE)
def test_malformed_input_is_answered_or_refused_in_one_line(kind: str, place: Path):
    codes, faults = Counter[int](), list[str]()
    for number, (done, file) in enumerate(inputs(kind, place, size("inputs") * SHARE[kind] // sum(SHARE.values()))):
        codes[done.code] += 1
        if problem := wrong_with(done):
            kept = place / f"found-{number}{file.suffix}"
            shutil.copy(file, kept)
            faults.append(f"{problem}: {kept}: {done.err.strip()[-300:]}")
        if number % 50 == 0:
            for left in ("out", "new.csv", "new.svg", "new.png", "new.json", "page.html", "results"):
                path = place / left
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    print(f"\n{kind}: {codes.total():,} inputs, exit codes {dict(sorted(codes.items()))}, {len(faults)} faults")
    assert not faults, "\n".join(faults[:30])
    assert codes[0], "nothing was answered: it is the campaign that is wrong"
    assert codes[2], "nothing was refused: it is the campaign that is wrong"
