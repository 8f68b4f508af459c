"""shoulders sweep, as it is typed."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.study.worlds import TEXT

ROOT = Path(__file__).parents[2]
GRID = ["--vary", "dynamics.abandon_rate=0:0.4:3", "--vary", "persons.Ada.reach=0.1,0.5", "--replicates", "4"]


@pytest.fixture
def world(tmp_path) -> str:
    path = tmp_path / "world.toml"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def shoulders(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli", "sweep", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_json_is_one_object_and_the_rows_are_on_disk(world, tmp_path):
    done = shoulders(world, *GRID, "--out", str(tmp_path / "s"), "--json")
    found = json.loads(done.stdout)
    assert (found["cells"], found["replicates"], found["runs"], found["done"], found["failed"]) == (6, 4, 24, 24, 0)
    table = pd.read_parquet(tmp_path / "s" / "runs")
    assert len(table) == 24
    assert found["measures"]["total"]["mean"] == pytest.approx(table["total"].mean())
    assert json.loads(shoulders(world, *GRID, "--out", str(tmp_path / "s"), "--json", "--resume").stdout) == found


def test_words_for_people(world, tmp_path):
    done = shoulders(world, *GRID, "--out", str(tmp_path / "s"), "--measure", "share:Ada")
    assert done.stdout.split()[:2] == ["share:Ada", "mean"]
    assert "6 cells x 4 replicates = 24 runs" in done.stderr
    assert f"Written: {tmp_path / 's'}" in done.stderr


def test_a_study_file_is_run_and_flags_come_before_it(world, tmp_path):
    (tmp_path / "study.toml").write_text(
        '[study]\nscenario = "world.toml"\nreplicates = 2\nvary = {"scenario.steps" = [3, 4]}\n', encoding="utf-8"
    )
    found = json.loads(shoulders(str(tmp_path / "study.toml"), "--out", str(tmp_path / "s"), "--json").stdout)
    assert found["runs"] == 4
    more = shoulders(str(tmp_path / "study.toml"), "--replicates", "3", "--vary", "persons.Ada.reach=0.1,0.2,0.3",
                     "--out", str(tmp_path / "t"), "--json")  # fmt: skip
    assert json.loads(more.stdout)["runs"] == 18


def test_a_dry_run_writes_nothing(world, tmp_path):
    done = shoulders(world, *GRID, "--out", str(tmp_path / "s"), "--dry-run")
    assert done.stdout.startswith("6 cells x 4 replicates = 24 runs, by ")
    assert not (tmp_path / "s").exists()
    found = json.loads(shoulders(world, *GRID, "--dry-run", "--json").stdout)
    assert found["runs"] == 24


@pytest.mark.parametrize(
    ("words", "says"),
    [(["--vary", "dynamics.abandon_rat=1,2"], "did you mean 'abandon_rate'"), (["--vary", "x"], "must be KEY="),
     (["--measure", "totl"], "did you mean 'total'"), (["--resume"], "there is no study"),
     (["--executor", "thread"], "allowed: auto, threads"),
     (["--vary", "persons.Ada.reach=0.1", "--vary", "persons.Ada.reach=0.2"], "twice"),
     (["--design", "sobol", "--vary", "persons.Ada.reach=0:1"], "samples"),
     (["--dask", "tcp://10.1.1.1:1"], "shoulders: --dask")],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(world, tmp_path, words, says):
    done = shoulders(world, *words, "--out", str(tmp_path / "s"), code=2)
    assert says in done.stderr
    assert len([line for line in done.stderr.splitlines() if not line.endswith("runs")]) == 1
    assert done.stdout == ""


def test_another_study_in_the_folder_is_refused(world, tmp_path):
    shoulders(world, *GRID, "--out", str(tmp_path / "s"))
    done = shoulders(world, *GRID, "--set", "persons.Ada.skill=0.5", "--out", str(tmp_path / "s"), code=2)
    assert "persons.Ada.skill was not there, is 0.5" in done.stderr


def test_fail_fast_ends_with_1(world, tmp_path):
    words = [world, "--replicates", "9", "--measure", "tests.study.functions:fails_at_times", "--out"]
    done = shoulders(*words, str(tmp_path / "s"), "--fail-fast", code=1)
    assert "RuntimeError: a seed that I do not like" in done.stderr
    done = shoulders(*words, str(tmp_path / "t"))
    assert "Failed: 2 runs; the first: RuntimeError: a seed" in done.stderr


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(world, tmp_path, executor):
    words = [sys.executable, "-m", "sim.cli", "sweep", world, "--measure", "tests.study.functions:slow",
             "--replicates", "2000", "--executor", executor, "--workers", "2",
             "--out", str(tmp_path / "s")]  # fmt: skip
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as child:  # fmt: skip
        while child.poll() is None and not list((tmp_path / "s" / "runs").glob("part-*")):
            time.sleep(0.05)
        os.killpg(child.pid, signal.SIGINT)
        _, told = child.communicate(timeout=60)
    assert child.returncode == 130, told
    assert "runs are kept in" in told
    assert "the same command goes on" in told
    assert "Traceback" not in told
    kept = int(told.partition("interrupted; ")[2].partition(" of")[0].replace(",", ""))
    assert 0 < kept == len(pd.read_parquet(tmp_path / "s" / "runs")) < 2000


def test_a_terminal_sees_how_far_it_is(world, tmp_path):
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "sim.cli", "sweep", world, "--measure", "tests.study.functions:slow", "--executor",
             "threads", "--workers", "1", "--replicates", "60", "--out", str(tmp_path / "s")]  # fmt: skip
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=slave) as child:
        os.close(slave)
        seen = b""
        while True:
            try:
                some = os.read(master, 4096)
            except OSError:
                break
            if not some:
                break
            seen += some
        assert child.wait() == 0
    os.close(master)
    assert b"a second" in seen
    assert b"/60" in seen
