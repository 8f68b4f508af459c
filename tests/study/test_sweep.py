"""Studies: the rows are those of single runs, whoever makes them; cut off they go on; what differs is refused."""

import errno
import itertools
import json
import linecache
import os
import pickle
import re
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import Study, Tape, simulate, sweep
from sim.errors import RunError, ScenarioError, StudyError
from sim.study import chunks, store
from sim.study.measures import measure
from tests.study import functions
from tests.study.worlds import MEASURES, TEXT, VARY, study, world

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    """The rows of the study, from nothing but `replace`, `simulate` and the measures."""
    rows = []
    for cell, values in enumerate(itertools.product((0.0, 0.2, 0.4), (0.1, 0.5))):
        changed = world().replace(dict(zip(VARY, values, strict=True)))
        for replicate in range(7):
            tape = simulate(changed, seed=3 + replicate, engine="agents")
            rows.append([cell, replicate, 3 + replicate, *values, *(measure(name)(tape) for name in MEASURES)])
    return pd.DataFrame(rows, columns=["cell", "replicate", "seed", *VARY, *MEASURES])


def same(table: pd.DataFrame, expected: pd.DataFrame) -> bool:
    assert table["error"].isna().all()
    assert list(table.columns) == [*expected.columns, "error"]
    return all(table[name].to_numpy().astype(expected[name].dtype).tobytes() == expected[name].to_numpy().tobytes()
               for name in expected.columns)  # fmt: skip


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "runs").iterdir())}


def code(folder: Path, text: str) -> str:
    """The name of a function f of a user's own."""
    (folder / "code.py").write_text(text, encoding="utf-8")
    linecache.checkcache()
    return f"{folder}/code.py:f"


def test_the_rows_are_those_of_single_runs(tmp_path, expected):
    assert same(study().run(tmp_path / "s", workers=2), expected)
    assert same(study().run(), expected)
    assert same(sweep(world(), VARY, replicates=7, measures=MEASURES, workers=1), expected)
    assert same(Study.load(tmp_path / "s").table(), expected)
    made = study()
    with pytest.raises(ZeroDivisionError):
        made.run(workers=1, progress=lambda told: 1 / (told.done < 1))
    assert 0 < made.done < 42
    assert same(made.run(), expected)


@pytest.mark.parametrize(("engine", "executor"), [("agents", "processes"), ("kernels", "auto")])
def test_processes_and_the_batch_make_the_same_rows_and_pandas_reads_them(tmp_path, expected, engine, executor):
    assert same(study(engine=engine).run(tmp_path, executor=executor, workers=2), expected)
    assert same(pd.read_parquet(tmp_path / "runs").sort_values(["cell", "replicate"]), expected)


def test_cells_of_one_batch_that_differ_in_inheritance_are_credited_each_by_its_own():
    ideas = [{"name": "engine", "discovery_rate": 0.5}, {"name": "loom", "prerequisites": ["engine"]}]
    loom = world().replace({"ideas": ideas, "population.creativity": 0.3, "population.reach": 0.5})
    given = {"vary": {"credit.inheritance": [0.0, 0.25, 0.5, 1.0]}, "replicates": 3, "measures": ["share:Ada:idea"]}
    alone, together = (Study(loom, **given, engine=engine).run() for engine in ("agents", "kernels"))
    assert same(together, alone.drop(columns="error"))
    assert alone.groupby("cell")["share:Ada:idea"].mean().nunique() > 1


def test_a_study_that_was_cut_off_goes_on_and_what_is_there_is_not_made_again(tmp_path, expected, monkeypatch):
    study().run(tmp_path)
    for name in list(parts(tmp_path))[::2]:
        (tmp_path / "runs" / name).unlink()
    kept = parts(tmp_path)
    (tmp_path / "runs" / ".part-000000000000-000000000001.parquet.partial").write_bytes(b"half")
    told = []
    assert same(study().run(tmp_path, progress=told.append), expected)
    after = parts(tmp_path)
    assert kept.items() <= after.items()
    assert not any(name.startswith(".") for name in after)
    assert told[-1].done == told[-1].runs == 42
    assert told[-1].made == 42 - sum(int(name[18:30]) - int(name[5:17]) for name in kept)
    monkeypatch.setattr(chunks.Job, "chunk", None)
    assert same(study().run(tmp_path), expected)
    assert parts(tmp_path) == after


OTHER = world().replace({"ideas.engine.clarity": 0.5, "persons.Ada.skill": 0.1})


@pytest.mark.parametrize(("scenario", "changes", "says"), [
    (world(), {"replicates": 8}, "replicates was 7, is 8"),
    (world(), {"seed": 4}, "seed was 3, is 4"),
    (world(), {"measures": ["total"]}, "measures was"),
    (world(), {"common_random_numbers": False}, "common_random_numbers was True"),
    (world(), {"vary": VARY | {"persons.Ada.reach": [0.1]}}, "persons.Ada.reach was [0.1, 0.5], is [0.1]"),
    (OTHER, {}, "engine.clarity was 1.0, is 0.5; persons.Ada.skill was not there, is 0.1"),
])  # fmt: skip
def test_another_study_is_refused_with_what_differs(tmp_path, scenario, changes, says):
    study().run(tmp_path)
    before = parts(tmp_path)
    with pytest.raises(StudyError, match=re.escape(says)) as raised:
        study(scenario, **changes).run(tmp_path)
    assert "\n" not in str(raised.value)
    assert parts(tmp_path) == before


def test_another_network_file_or_release_is_refused(tmp_path, monkeypatch):
    text = TEXT.replace('kind = "erdos-renyi", degree = 3.0', 'kind = "file", path = "ties.csv"')
    (tmp_path / "w.toml").write_text(text, encoding="utf-8")
    for whom in (1, 2):
        (tmp_path / "ties.csv").write_text(f"source,target\nAda,person {whom}\n", encoding="utf-8")
        made = Study(tmp_path / "w.toml", replicates=2)
        made.run(tmp_path / f"{whom}")
    assert Study.load(tmp_path / "2").run(tmp_path / "2")["error"].isna().all()
    with pytest.raises(StudyError, match="the network file has changed"):
        made.run(tmp_path / "1")
    monkeypatch.setattr("sim.study.study.version", lambda: "9.9.9")
    with pytest.raises(StudyError, match=r"shoulders was .*, is 9.9.9"):
        made.run(tmp_path / "2")


def test_a_changed_function_is_refused(tmp_path):
    study(measures=[code(tmp_path, "def f(tape):\n    return 1\n")]).run(tmp_path / "s")
    with pytest.raises(StudyError, match=r"another study: code\."):
        study(measures=[code(tmp_path, "def f(tape):\n    return 2\n")]).run(tmp_path / "s")


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(StudyError, match="is no study"):
        study().run(tmp_path)
    assert os.listdir(tmp_path) == ["letter.txt"]
    with pytest.raises(StudyError, match="no study there"):
        Study.load(tmp_path)


def test_a_damaged_study_is_named(tmp_path):
    study().run(tmp_path)
    name, content = next(iter(parts(tmp_path).items()))
    part, about = tmp_path / "runs" / name, tmp_path / "study.json"
    text = about.read_bytes()
    for file, damaged, says in [
        (part, content[:-20], f"{name}: corrupt"),
        (about, text.replace(b'"replicates": 7', b'"replicates": 8'), "hash does not match"),
        (about, json.dumps(json.loads(text) | {"version": 99}).encode(), "format version 99"),
        (tmp_path / "runs" / store.file_of(tmp_path, 0, 2).name, content, "runs of another part"),
    ]:
        whole = file.read_bytes() if file.exists() else b""
        file.write_bytes(damaged)
        with pytest.raises(StudyError, match=says):
            study().run(tmp_path)
        file.write_bytes(whole)


def test_two_processes_do_not_write_at_the_same_time(tmp_path):
    holder = "import sys\nfrom pathlib import Path\nfrom sim.study.store import held\n"
    holder += "with held(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    command = [sys.executable, "-c", holder, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StudyError, match=f"process {other.pid} is writing this study"):
            study().run(tmp_path)
        other.kill()
    assert len(study().run(tmp_path)) == 42


def test_a_full_disk_ends_it_in_one_line_and_loses_nothing(tmp_path, expected, monkeypatch):
    written, real = [], os.fsync

    def fsync(descriptor):
        written.append(descriptor)
        if len(written) > 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"No space left on device; \d+ of 42 runs are kept, the same command"):
        study().run(tmp_path)
    monkeypatch.undo()
    made = Study.load(tmp_path)
    assert 0 < made.done < 42
    assert not list((tmp_path / "runs").glob(".*"))
    assert same(study().run(tmp_path), expected)


def test_a_run_that_fails_is_a_row_and_the_others_go_on_unless_fail_fast_stops(tmp_path):
    table = study(measures=["total", functions.fails_at_times]).run(tmp_path)
    bad = table["seed"] % 5 == 3
    assert table["error"].notna().equals(bad)
    assert set(table["error"][bad]) == {"RuntimeError: a seed that I do not like"}
    assert table.loc[bad, ["total", "fails_at_times"]].isna().all(axis=None)
    assert table.loc[~bad, "fails_at_times"].eq(1.0).all()
    assert table.loc[~bad, "total"].notna().all()
    found = Study.load(tmp_path).outcome()
    assert (found["done"], found["failed"]) == (42, int(bad.sum()))
    assert found["measures"]["total"]["mean"] == pytest.approx(table["total"].mean())
    made = study(measures=[functions.fails_at_times])
    with pytest.raises(RunError, match="cell 0, replicate 0: RuntimeError: a seed that"):
        made.run(tmp_path / "fast", workers=1, fail_fast=True)
    assert made.done < 42


def test_a_cell_that_is_no_scenario_is_rows_of_errors():
    # Each of the values is allowed, and only some of them beside one another.
    cells = [{"persons.Ada.count": 1, "world.size": 11}, {"persons.Ada.count": 5, "world.size": 11}]
    made = study(vary={}, cells=cells[:1], replicates=2, measures=["total"])
    object.__setattr__(made.cells, "columns", tuple(tuple(cell.values()) for cell in cells))
    made.runs = 4
    table = made.run()
    assert table["error"].isna().tolist() == [True, True, False, False]
    assert table["error"][2].startswith("ScenarioError: cell: world.size")


def test_a_worker_that_imports_a_function_and_dies_takes_nothing_with_it_but_the_run_that_killed_it():
    name = "tests.study.functions:kills_its_worker"
    table = study(measures=[name], vary={}, replicates=9).run(executor="processes", workers=2)
    assert table["error"].notna().tolist() == [seed == 6 for seed in range(3, 12)]
    assert "the worker died" in table["error"][3]
    whole = study(measures=[functions.rows], vary={}, replicates=9).run()["rows"]
    assert table[name].drop(3).tolist() == whole.drop(3).tolist()


def test_a_study_that_is_read_shows_functions_that_are_gone_and_does_not_run_them(tmp_path):
    study(measures=[functions.rows], vary={}).run(tmp_path)
    made = Study.load(tmp_path)
    assert made.table()["rows"].notna().all()
    for _ in ("whole", "in part"):
        with pytest.raises(StudyError, match="measures: 'rows' is code of the study's author; make the Study with it"):
            made.run(tmp_path)
        (tmp_path / "runs" / sorted(parts(tmp_path))[0]).unlink()


def test_the_extremes_of_values_and_seeds(tmp_path):
    def column(key, values):
        return study(vary={key: values}, replicates=1).run()[key]

    networks = [{"kind": "none"}, {"kind": "erdos-renyi", "degree": 2.0}]
    assert [json.loads(text) for text in column("world.network", networks)] == networks
    assert column("dynamics.telling_period", ["forever", 3]).tolist() == ["forever", "3"]
    assert column("dynamics.readopt", [True, False]).dtype == bool
    table = study(seed=2**64 - 1, vary={}, replicates=2).run(tmp_path)
    assert [int(seed) for seed in table["seed"]] == [2**64 - 1, 0]
    assert np.isfinite(table["total"]).all()


def test_a_prediction_says_how_many_runs_and_an_executor_is_named_right():
    found = study(replicates=100).predict(workers=2)
    assert (found["cells"], found["replicates"], found["runs"], found["engine"]) == (6, 100, 600, "agents")
    assert found["seconds"] == pytest.approx(found["seconds_per_run"] * 300)
    assert min(found["memory"], found["stored"], found["pilot_runs"]) > 0
    for options, says in (({"executor": "thread"}, "no 'thread'"), ({"workers": 0}, "workers")):
        with pytest.raises(ValueError, match=says):
            study().run(**options)


NO_GUARD = """
from sim import Scenario, sweep
scenario = Scenario.load({world!r})
table = sweep(scenario, replicates=2, measures=["total"], engine="agents", executor="processes", workers=2)
print(table["error"].isna().all(), len(table))
"""


def test_a_script_without_a_guard_runs_once_and_its_processes_do_not_run_it(tmp_path):
    (tmp_path / "w.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "script.py").write_text(NO_GUARD.format(world=str(tmp_path / "w.toml")), encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert (done.stdout, done.stderr) == ("True 2\n", "")


def of_a_notebook(tape: Tape) -> float:
    return 1.0


@pytest.mark.parametrize(("function", "home", "says"), [(of_a_notebook, "__main__", "defined in a script or notebook"),
                                                        (lambda tape: 1.0, "", "cannot be sent")])  # fmt: skip
def test_a_pool_that_cannot_work_is_refused_before_anything_is_kept(tmp_path, monkeypatch, function, home, says):
    monkeypatch.setattr(function, "__module__", home or function.__module__)
    with pytest.raises(StudyError, match=says) as raised:
        study(measures=[function]).run(tmp_path / "s", executor="processes", workers=2)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "s").exists()


def test_failed_runs_are_tried_again_by_the_same_command_and_no_other(tmp_path, expected, monkeypatch):
    for place in (tmp_path, None):
        made = study(measures=["total", functions.fails_at_times])
        bad = made.run(place)["error"].notna()
        assert 0 < bad.sum() < 42
        good = {} if place is None else {n: c for n, c in parts(place).items() if ".failed" not in n}
        told = []
        with monkeypatch.context() as patch:
            patch.setattr("sim.study.chunks.measures_of", lambda *_: [measure("total"), measure(lambda tape: 2.0)])
            table = made.run(place, progress=told.append)
        assert table["error"].isna().all()
        assert (told[-1].made, told[-1].done) == (int(bad.sum()), 42)
        assert table["fails_at_times"].tolist() == np.where(bad, 2.0, 1.0).tolist()
        assert table["total"].tolist() == expected["total"].tolist()
        if place is not None:
            assert not any(".failed" in name for name in parts(place))
            assert good.items() <= parts(place).items()


@pytest.mark.parametrize(("key", "value"), [
    ("measures", ["total", "{folder}/evil.py:f"]), ("measures", ["os:system"]), ("cells", "many"), ("code", {}),
    ("design", {"kind": "grid", "vary": {"dynamics.abandon_rate": "evil"}, "samples": 0}),
])  # fmt: skip
def test_nothing_that_a_received_study_names_is_imported_or_believed(tmp_path, key, value, monkeypatch):
    study(measures=["total"], vary={}).run(tmp_path)
    (tmp_path / "evil.py").write_text("open('PWNED', 'w').write('x')\ndef f(tape): return 1.0\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    about = json.loads((tmp_path / "study.json").read_text())
    about[key] = [name.format(folder=tmp_path) for name in value] if isinstance(value, list) else value
    about["hash"] = store.hash_of(about)
    (tmp_path / "study.json").write_text(json.dumps(about))
    monkeypatch.setattr("importlib.util.spec_from_file_location", lambda *_: pytest.fail("it was imported"))
    monkeypatch.setattr("pkgutil.resolve_name", lambda *_: pytest.fail("it was imported"))
    refused = nullcontext() if key == "code" else pytest.raises(StudyError, match=r"study\.json|corrupt")
    with refused:
        assert len(Study.load(tmp_path).table())
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("text", ["raise SystemExit(7)", "1 / 0", "import sys; sys.exit(3)"])
def test_code_that_ends_the_process_or_fails_is_said_in_one_line(tmp_path, text):
    with pytest.raises(RunError, match=r"code.py:f' cannot be imported: (SystemExit|ZeroDivisionError)"):
        study(measures=[code(tmp_path, text)])
    ends = code(tmp_path, "def f(tape):\n    raise SystemExit(3)\n")
    table = study(measures=[ends], vary={}, replicates=2).run(executor="threads")
    assert table["error"].tolist() == ["SystemExit: 3"] * 2


def test_values_of_numpy_pandas_and_python_are_taken_alike():
    rates = [0.1, 0.2]
    wanted = study(vary={"dynamics.abandon_rate": rates}, replicates=2)
    for given in (np.array(rates), pd.Series(rates), tuple(rates), pd.Index(rates)):
        assert study(vary={"dynamics.abandon_rate": given}, replicates=np.int64(2)).about() == wanted.about()
    assert study(vary=pd.Series({"dynamics.abandon_rate": rates}), replicates=2).about() == wanted.about()
    cells = [{"scenario.steps": 3}, {"scenario.steps": 4}]
    framed = study(vary={}, cells=pd.DataFrame(cells), common_random_numbers=np.bool_(True))
    assert framed.about() == study(vary={}, cells=cells).about()
    assert study(vary={"scenario.steps": range(3, 5)}).cells[1] == {"scenario.steps": 4}
    assert study(vary={"scenario.steps": np.arange(3, 5)}).cells[0] == {"scenario.steps": 3}
    assert study() == study() != study(seed=9)
    assert pickle.loads(pickle.dumps(study())) == study()
    assert "6 cells x 7 replicates, 0 of 42 runs" in repr(study())
    assert "<td>cells</td><td>6</td>" in study()._repr_html_()


@pytest.mark.parametrize("unit", ["D", "us", "ns"])
def test_a_date_is_no_number(unit):
    date = np.array(["2020-01-01"], f"datetime64[{unit}]")
    for given in (date, list(date), pd.DatetimeIndex(date)):
        with pytest.raises(ValueError, match=r"^vary: dynamics.abandon_rate: must be"):
            study(vary={"dynamics.abandon_rate": given})
    with pytest.raises(ScenarioError, match=r"^replace: dynamics.abandon_rate: must be a number, is '2020-01-01"):
        world().replace({"dynamics.abandon_rate": date[0]})
    assert world().replace({"scenario.name": np.datetime64("2020-01-01")}).scenario.name == "2020-01-01"


def test_gaps_are_what_is_not_there():
    assert store.gaps([], 5) == [(0, 5)]
    assert store.gaps([(0, 2), (2, 3), (4, 5)], 7) == [(3, 4), (5, 7)]
    assert store.gaps([(0, 7)], 7) == []


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system blocks no signals")
def test_the_first_process_of_a_pool_hears_no_interrupt_either():
    begins = """
import signal
from multiprocessing.resource_tracker import ensure_running
from sim.machine.threads import without_interrupts
with without_interrupts():
    ensure_running()  # as the first process of a pool does, which lets signals through again
    assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
"""
    subprocess.run([sys.executable, "-c", begins], check=True)
