"""A study that is killed at random moments, again and again: no run that was stored is lost, doubled or wrong."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd

from sim import Study
from tests import FULL
from tests.study.worlds import TEXT

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("SHOULDERS_KILLS", "3" if FULL else "2"))
FLAGS = ["--vary", "dynamics.abandon_rate=0:0.4:5", "--measure", "total", "--measure", "reached", "--measure",
         "tests.study.functions:rows", "--engine", "agents", "--executor", "threads", "--workers", "2"]  # fmt: skip


def stored(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "runs").glob("part-*.parquet")}


def test_random_kills_lose_double_and_spoil_nothing(tmp_path):
    luck, replicates = random.Random(KILLS), (200 if FULL else 80) * KILLS
    world = tmp_path / "world.toml"
    world.write_text(TEXT, encoding="utf-8")
    folder = tmp_path / "study"
    command = [sys.executable, "-m", "sim.cli", "sweep", str(world), *FLAGS, "--replicates", str(replicates),
               "--out", str(folder)]  # fmt: skip
    kept: dict[str, bytes] = {}
    kills = useful = 0
    while kills < KILLS:
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        before = len(kept)
        deadline = luck.uniform(0.0, 0.6)
        while child.poll() is None and len(stored(folder)) == before:  # it has begun to store what is new
            pass
        try:
            child.wait(deadline)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            kills += 1
        else:
            assert child.returncode == 0, child.stderr.read()
            break
        found = stored(folder)
        assert all(found[name] == content for name, content in kept.items())
        useful += len(found) > len(kept)
        kept = found
    assert useful
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(stored(folder)[name] == content for name, content in kept.items())
    table = pd.read_parquet(folder / "runs")
    assert not table.duplicated(["cell", "replicate"]).any()
    rates = {"dynamics.abandon_rate": {"start": 0, "stop": 0.4, "num": 5}}
    names = ["total", "reached", "tests.study.functions:rows"]
    alone = Study(world, rates, replicates=replicates, engine="agents", measures=names).run(executor="threads")
    pd.testing.assert_frame_equal(Study.load(folder).table(), alone, check_exact=True)
