"""shoulders sweep, as it is typed."""

import signal
import time

import pandas as pd
import pytest

from tests.cli import interrupted, missing, on_terminal, started
from tests.study.worlds import TEXT

GRID = ["--vary", "dynamics.abandon_rate=0:0.4:3", "--vary", "persons.Ada.reach=0.1,0.5", "--replicates", "4"]
SLOW = ["world.toml", "--measure", "tests.study.functions:slow"]


@pytest.fixture
def sweep(shell, tmp_path):
    (tmp_path / "world.toml").write_text(TEXT, encoding="utf-8")

    def call(*words, code=0):
        done = shell("sweep", *words)
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        return done

    return call


def test_json_is_one_object_and_the_rows_are_on_disk(sweep, tmp_path):
    found = sweep("world.toml", *GRID, "--out", "s", "--json").json
    assert (found["cells"], found["replicates"], found["runs"], found["done"], found["failed"]) == (6, 4, 24, 24, 0)
    table = pd.read_parquet(tmp_path / "s" / "runs")
    assert len(table) == 24
    assert found["measures"]["total"]["mean"] == pytest.approx(table["total"].mean())
    assert sweep("world.toml", *GRID, "--out", "s", "--json", "--resume").json == found
    endless = "tests.study.functions:endless"
    found = sweep("world.toml", "--replicates", "2", "--measure", endless, "--out", "t", "--json").json
    assert found["measures"] == {endless: {"mean": None, "low": None, "high": None}}
    other = sweep("world.toml", *GRID, "--set", "persons.Ada.skill=0.5", "--out", "s", code=2)
    assert "persons.Ada.skill was not there, is 0.5" in other.err


def test_a_study_file_is_run_and_flags_come_before_it(sweep, tmp_path):
    text = '[study]\nscenario = "world.toml"\nreplicates = 2\nvary = {"scenario.steps" = [3, 4]}\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert sweep("study.toml", "--out", "s", "--json").json["runs"] == 4
    more = ("--replicates", "3", "--vary", "persons.Ada.reach=0.1,0.2,0.3")
    assert sweep("study.toml", *more, "--out", "t", "--json").json["runs"] == 18


def test_words_for_people_and_a_dry_run_that_writes_nothing(sweep, tmp_path):
    done = sweep("world.toml", *GRID, "--out", "s", "--dry-run")
    assert done.out.startswith("6 cells x 4 replicates = 24 runs, by ")
    assert not (tmp_path / "s").exists()
    assert sweep("world.toml", *GRID, "--dry-run", "--json").json["runs"] == 24
    done = sweep("world.toml", *GRID, "--out", "s", "--measure", "share:Ada")
    assert done.out.split()[:2] == ["share:Ada", "mean"]
    assert missing(done.err, "6 cells x 4 replicates = 24 runs", "Written: s") == []


@pytest.mark.parametrize(("words", "says"), [
    (["--vary", "dynamics.abandon_rat=1,2"], "did you mean 'abandon_rate'"), (["--vary", "x"], "must be KEY="),
    (["--measure", "totl"], "did you mean 'total'"), (["--resume"], "there is no study"),
    (["--executor", "thread"], "allowed: auto, threads"),
    (["--vary", "persons.Ada.reach=0.1", "--vary", "persons.Ada.reach=0.2"], "twice"),
    (["--design", "sobol", "--vary", "persons.Ada.reach=0:1"], "samples"),
    (["--dask", "tcp://10.1.1.1:1"], "shoulders: --dask"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(sweep, words, says):
    done = sweep("world.toml", *words, "--out", "s", code=2)
    assert says in done.err
    assert len([line for line in done.err.splitlines() if not line.endswith(("run", "runs"))]) == 1
    assert done.out == ""


def test_fail_fast_ends_with_1(sweep):
    words = ["world.toml", "--replicates", "9", "--measure", "tests.study.functions:fails_at_times", "--out"]
    assert "RuntimeError: a seed that I do not like" in sweep(*words, "s", "--fail-fast", code=1).err
    said = "Failed: 2 runs, which the same command tries again; the first: RuntimeError: a seed"
    assert said in sweep(*words, "t").err
    all_of_them = [*words[:-1], "--seed", "3", "--replicates", "1", "--out", "u"]
    assert "all runs failed, the first: RuntimeError: a seed" in sweep(*all_of_them, code=1).err


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(sweep, tmp_path, executor):
    words = [*SLOW, "--replicates", "2000", "--executor", executor, "--workers", "2", "--out", "s"]
    child = started("sweep", *words, cwd=tmp_path, start_new_session=True)
    while child.poll() is None and not list((tmp_path / "s" / "runs").glob("part-*")):
        time.sleep(0.05)
    done = interrupted(child, signal.SIGINT)
    said = ("runs are kept in", "the same command goes on")
    assert (done.code, missing(done.err, *said), "Traceback" in done.err) == (130, [], False), done.err
    kept = int(done.err.partition("interrupted; ")[2].partition(" of")[0].replace(",", ""))
    assert 0 < kept == len(pd.read_parquet(tmp_path / "s" / "runs")) < 2000


def test_a_terminal_sees_how_far_it_is(sweep, tmp_path):
    words = [*SLOW, "--executor", "threads", "--workers", "1", "--replicates", "60", "--out", "s"]
    code, seen, _ = on_terminal("sweep", *words, cwd=tmp_path, stream="stderr")
    assert (code, missing(seen, "a second", "/60")) == (0, [])
