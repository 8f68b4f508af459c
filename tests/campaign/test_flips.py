"""Flipped bits and cuts of every file of the folders of runs, studies and fits: nothing is silently different."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sim import Scenario, Study, Tape, fit
from sim.errors import InputError
from tests.campaign import size
from tests.campaign.inputs import CORPUS, call
from tests.study.worlds import study

VILLAGE = CORPUS / "scenarios" / "village.toml"
BELONGS = {"study.lock", "study.pid"}  # nothing is read from them


def of_run(folder: Path) -> Callable[[], Any]:
    assert call("run", VILLAGE, "--engine", "agents", "--out", folder).code == 0
    return lambda: (Tape.load(folder), Scenario.load(folder / "scenario.toml").to_toml())


def of_study(folder: Path) -> Callable[[], Any]:
    study(replicates=2).run(folder, executor="threads", workers=1)

    def load() -> Any:
        loaded = Study.load(folder)
        return loaded.about(), loaded.table().to_csv()

    return load


def of_fit(folder: Path) -> Callable[[], Any]:
    def load() -> Any:
        vary = {"dynamics.abandon_rate": "uniform(0, 1)"}
        found = fit(VILLAGE, CORPUS / "records" / "curve.csv", vary, runs=30, particles=20, predicted=0,
                    engine="agents", out=folder)  # fmt: skip
        return found.draws(20), found.ess

    load()
    return load


@pytest.mark.parametrize("make", [of_run, of_study, of_fit])
def test_a_flip_or_a_cut_is_refused_by_name_or_harmless(make: Callable[[Path], Any], tmp_path: Path):
    folder, luck = tmp_path / "folder", Random(size("flips"))
    load = make(folder)
    before, ends = load(), Counter[str]()
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name not in BELONGS]
    for _ in range(-(-size("flips") // 3)):
        file = luck.choice(files)
        whole = file.read_bytes()
        at = luck.randrange(len(whole))
        flipped = whole[:at] + bytes([whole[at] ^ 1 << luck.randrange(8)]) + whole[at + 1 :]
        cut = whole[:at] + luck.choice([b"", whole[at + 1 + luck.randrange(99) :], bytes(len(whole) - at)])
        file.write_bytes(damaged := luck.choice([flipped, flipped, cut]))
        said = ""
        try:
            after = load()
        except InputError as error:
            said = str(error)
        ends["refused" if said else "the same"] += 1
        where = f"{file}: {len(whole)} bytes, now {len(damaged)}, from byte {at}"
        assert said or after == before, f"{where}: nobody noticed"
        assert not said or (file.name in said and "\n" not in said), f"{where}: {said}"
        file.write_bytes(whole)
    print(f"\n{make.__name__[3:]}: {ends.total():,} flips and cuts, {dict(ends)}")
    assert ends["refused"] > ends["the same"]
