"""The command line as a user meets it: what stands on which stream, exit codes, files, interrupts."""

import ast
import csv
import json
import os
import re
import shlex
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import sim
from sim import Scenario, Tape, credit, knockout, simulate
from sim.accounts.methods import METHODS
from sim.accounts.over_time import credit_over_time
from sim.accounts.summary import PARTS
from sim.cli import credit as credit_options
from sim.cli import knockout as knockout_options
from sim.cli import logs, main, options, run, sweep
from sim.experiments import counterfactual
from sim.logs.formats import FORMATS, KINDS
from sim.logs.log import CHOICES
from sim.machine import terminal
from sim.machine.version import version
from sim.scenario.bundled import read_text
from sim.scenario.template import template
from sim.study.design import SAMPLED
from sim.views.figures.save import METADATA
from tests.cli import LOG, PATIENCE, VILLAGE, Done, interrupted, missing, on_terminal, refused, shoulders, started

ROOT = Path(__file__).parents[2]
ESCAPE = re.compile(r"\x1b|\r(?!\n)")
COLOUR = re.compile(r"\x1b\[[\d;]*(?<!\d)(?:3[0-8]|4[0-8]|9\d|10\d)[;m]")
OBJECT_IN_ORDER = ["scenario", "seed", "steps", "method", "total", "credit", "dropped", "mended", "read_as"]
OBJECT = set(OBJECT_IN_ORDER)
TABLES = ("events", "influences", "realised", "persons", "ideas")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def of_library(table: Any) -> Any:
    return json.loads(json.dumps(table.to_dict()))


def cells_of(text: str, name: str) -> list[str]:
    """The cells of the row that begins with a name, without it, in a table that may be printed as several."""
    rows = [line for line in text.splitlines() if line.startswith(f"| {name} ")]
    assert rows, name
    return [cell.strip() for row in rows for cell in row.strip("|").split("|")[1:]]


def numbers(text: str, name: str) -> list[float]:
    return [float(cell.replace(",", "").rstrip("%")) for cell in cells_of(text, name)]


@pytest.fixture
def here(shell: Callable[..., Done], tmp_path: Path) -> Callable[..., Done]:
    """The command beside a scenario and a log."""
    (tmp_path / "village.toml").write_text(VILLAGE)
    (tmp_path / "log.csv").write_text(LOG)
    return shell


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    (folder / "village.toml").write_text(VILLAGE)
    (folder / "log.csv").write_text(LOG)
    return folder


@pytest.fixture(scope="module")
def ran(place: Path) -> Done:
    """One run, whose folder the tests of `credit` read."""
    return shoulders("run", "village.toml", "--out", "out/village", cwd=place)


@pytest.fixture
def folder(ran: Done, place: Path) -> Path:
    assert ran.code == 0, ran.err
    return place / "out" / "village"


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_the_documented_line_switches_completion_on(kind, here, monkeypatch):
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert re.search(rf"\| {kind} \| `[^`]*_SHOULDERS_COMPLETE={kind}_source shoulders", page)
    monkeypatch.setenv("_SHOULDERS_COMPLETE", f"{kind}_source")
    assert f"_SHOULDERS_COMPLETE={kind}_complete" in here().out


@pytest.mark.parametrize(("typed", "found"), [
    ("cre", ["plain,credit"]),
    ("run e2", ["plain,e2_implementer"]),
    ("explore e2", ["plain,e2_implementer"]),
    ("run mine.to", ["file,mine.to"]),
    ("credit resul", ["file,resul"]),
    ("run x --set dynamics.abandon_", ["plain,dynamics.abandon_rate=", "plain,dynamics.abandon_rate_working="]),
    ("sweep x --vary scenario.st", ["plain,scenario.steps="]),
    ("credit x --method sh", ["plain,shapley"]),
    ("why x Ada --method sh", ["plain,shapley"]),
    ("plot x --kind to", ["plain,tornado"]),
    ("credit x --format jo", ["plain,journeys"]),
    ("credit x --kind c", ["plain,contact"]),
    ("credit x --groups tea", ["file,tea"]),
])  # fmt: skip
def test_the_shell_completes(typed, found, here, monkeypatch):
    words = ["shoulders", *typed.split()]
    monkeypatch.setenv("_SHOULDERS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    assert here().out.splitlines() == found


def test_help_names_its_commands_and_no_command_is_no_success(here):
    done = here("--version")
    assert (done.code, done.err, missing(done.out, version())) == (0, "", [])
    done = here()
    assert (done.code, done.out, missing(done.err, "Commands:")) == (2, "", [])


def test_the_words_of_options_are_those_of_the_library():  # which is not loaded to show them
    assert tuple(FORMATS) == options.FORMATS
    assert sorted(METADATA) == sorted(options.FIGURES)
    assert set(PARTS) <= set(credit_options.BY)
    assert counterfactual.PARTS == knockout_options.PARTS
    assert ("grid", *SAMPLED) == sweep.DESIGNS
    assert {name.replace("-", "_") for name in logs.WORDS} - {"format", "kind"} <= set(CHOICES)
    assert all(words == CHOICES.get(name.replace("-", "_"), words) for name, words in logs.WORDS.items())
    assert logs.WORDS["kind"] == tuple(KINDS)


def test_a_run_prints_a_table_and_its_folder_holds_the_run_and_the_credit_of_the_library(ran, folder, place):
    assert not ESCAPE.search(ran.out + ran.err), "piped output has no escape codes"
    assert max(map(len, ran.out.splitlines())) <= 110
    words = ("a village: role-flow", "12 steps", "credit", "share", "idea", "communication", "implementation")
    assert missing(ran.out, *words) == []
    assert (ran.err.count("\n"), missing(ran.err, "shoulders credit out/village")) == (1, [])
    data = {f"{table}.parquet" for table in TABLES} | {"provenance.json", "scenario.toml", "credit.csv"}
    figures = set(names_in(folder)) - data
    assert data <= set(names_in(folder))
    assert {Path(name).suffix for name in figures} - {".png", ".svg", ".pdf"} == set() != figures
    assert names_in(folder.parent) == ["village"], "no leftovers beside it"
    tape = Tape.load(folder)
    assert tape == simulate(Scenario.from_toml(VILLAGE)) == simulate(Scenario.load(folder / "scenario.toml"))
    assert "abandon_rate_working = " in (folder / "scenario.toml").read_text(), "with every default spelled out"
    told = tape.provenance
    assert (told["scenario"], told["seed"]) == ("a village", 3)
    assert told["command"].startswith("shoulders run village.toml")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["time"])
    assert set(told["versions"]) >= {"shoulders", "numpy"}
    persons = credit(tape).persons
    ada = persons.person.index("Ada")
    assert numbers(ran.out, "Ada")[:2] == pytest.approx([persons.credit[ada], 100 * persons.share[ada]], rel=1e-3)
    with (folder / "credit.csv").open(newline="") as stream:
        rows = {row["person"]: float(row["credit"]) for row in csv.DictReader(stream)}
    assert rows == dict(zip(persons.person, persons.credit, strict=True))
    for name, content in contents(folder).items():  # nothing of the machine
        assert str(place).encode() not in content, name
        assert os.fsencode(Path.home() / "x")[:-1] not in content, name


NETWORK = VILLAGE + '\n[world.network]\nkind = "file"\npath = "ties.csv"\n'


def test_a_network_file_goes_into_the_run_folder_and_its_name(here, tmp_path):
    (tmp_path / "village.toml").write_text(NETWORK)
    names = set()
    for target in ("builder 1", "builder 2"):
        (tmp_path / "ties.csv").write_text(f"source,target\nAda,{target}\n")
        names.add(run._default_folder(tmp_path / "village.toml", Scenario.load(tmp_path / "village.toml")))
    assert len(names) == 2
    assert here("run", "village.toml", "--out", "out").code == 0
    assert simulate(Scenario.load(tmp_path / "out" / "scenario.toml")) == Tape.load(tmp_path / "out")
    (tmp_path / "ties.csv").write_text("source,target\nAda,stranger\n" + "".join(f"x{n},y{n}\n" for n in range(20)))
    refused(here("run", "village.toml"), "ties.csv", "a person too many")


def test_the_same_command_twice_gives_the_same_folder_and_the_same_bytes(tmp_path):
    made = []
    for luck in ("1", "2"):
        cwd = tmp_path / luck
        cwd.mkdir()
        (cwd / "village.toml").write_text(VILLAGE)
        done = shoulders("run", "village.toml", cwd=cwd, PYTHONHASHSEED=luck, TZ=f"Etc/GMT+{luck}", LC_ALL="C.UTF-8")
        assert done.code == 0
        (folder,) = (cwd / "results").iterdir()
        files = contents(folder)
        manifest = json.loads(files.pop("provenance.json"))
        del manifest["sha256"], manifest["provenance"]["time"]
        made.append((folder.name, files, manifest))
    assert made[0] == made[1]
    assert re.fullmatch(r"village-[0-9a-f]{8}", made[0][0]), "named by the scenario and a hash, not by the time"


def test_seed_set_and_out_are_obeyed_and_written_down(here, tmp_path):
    done = here("run", "village.toml", "--seed", "18446744073709551615", "--set", "scenario.steps=5",
                "--set", "population.reach={kind = 'uniform', high = 0.5}", "--set", "credit.method=priority",
                "--set", "scenario.name=a = b", "--out", "deep/er/x", "--json")  # fmt: skip
    tape = Tape.load(tmp_path / "deep" / "er" / "x")
    assert (done.code, done.json) == (0, credit(tape, "priority").to_dict())
    assert [done.json[key] for key in ("seed", "steps", "scenario")] == [2**64 - 1, 5, "a = b"]
    changes = {"scenario.steps": 5, "population.reach": {"kind": "uniform", "high": 0.5}, "scenario.seed": 2**64 - 1}
    assert tape == simulate(Scenario.from_toml(VILLAGE).replace(changes))
    typed = shlex.split(tape.provenance["command"])
    for words in (["--seed", str(2**64 - 1)], ["--set", "scenario.name=a = b"]):
        assert words in [typed[at : at + 2] for at in range(len(typed))]
    again = run._typed("village.toml", (), None, 20, "/anywhere/my rules.py")
    assert again == "shoulders run village.toml --replicates 20 --rules 'my rules.py'"


@pytest.mark.parametrize(("words", "parts"), [
    ("run", ["SCENARIO"]),
    ("run vilage.toml", ["vilage.toml: no such file", "did you mean 'village.toml'?"]),
    ("run .", [".: "]),
    ("run log.csv", ["log.csv:1: not TOML"]),
    ("run village.toml --sede 3", ["--sede", "--seed"]),
    ("run village.toml --seed -1", ["--seed", "-1", "18446744073709551615"]),
    ("run village.toml --seed 18446744073709551616", ["--seed"]),
    ("run village.toml --engine agnets", ["--engine: no 'agnets'; allowed: auto, agents"]),
    ("run village.toml --threads 0", ["--threads"]),
    ("run village.toml --set x", ["--set x: must be KEY=VALUE"]),
    ("run village.toml --set dynamics.abandon_rte=3", ["--set: dynamics.abandon_rte: unknown key",
                                                       "did you mean 'abandon_rate'?"]),
    ("run village.toml --set dynamics.abandon_rate=-3", ["--set: dynamics.abandon_rate: must be"]),
    ("run village.toml --set persons.Eda.reach=1", ["no such entry", "did you mean 'Ada'?"]),
    (f"run village.toml --set scenario.seed=0x{5000 * 'f'}", ["--set: scenario.seed"]),
    ("run village.toml --set '\x1b[2J=3'", ["--set"]),
    ("run village.toml --set 'a\nb=3'", ["--set"]),
    ("run village.toml --set persons.builder.count=1000000000", ["GB of memory", "GB are free"]),
    ("run village.toml --out log.csv", ["--out log.csv: exists and is no run folder"]),
    ("rnu village.toml", [f"no command 'rnu'; allowed: {', '.join(main.cli.commands)}; did you mean 'run'?"]),
    ("credit", ["RUN_DIR_OR_LOG"]),
    ("credit log.cvs", ["log.cvs: no such run folder or log; did you mean 'log.csv'?"]),
    ("credit .", ["provenance.json: missing"]),
    ("credit log.csv --method role-flwo", ["--method: no 'role-flwo'; allowed: role-flow, person-pagerank, event-",
                                           "all; did you mean 'role-flow'?"]),
    ("credit log.csv --method katzz", ["--method: no 'katzz'; allowed:", "did you mean 'katz'?"]),
    ("credit log.csv --alpha 1", ["--alpha: must be in [0, 1), is 1.0"]),
    ("credit log.csv --inheritance nan", ["--inheritance: must be in [0, 1], is nan"]),
    ("credit log.csv --tau 0", ["--tau: must be in (0, inf), is 0.0"]),
    ("credit log.csv --by idea --method knockout", ["--by idea: knockout does not divide"]),
    ("knockout", ["SCENARIO"]),
    ("knockout village.toml --without Eda", ["--without: no person 'Eda'", "did you mean 'Ada'?"]),
    ("knockout village.toml --part tellng", ["--part: no 'tellng'; allowed: person, ", "'telling'?"]),
    ("knockout village.toml --replicates 0", ["--replicates"]),
    ("credit log.csv --by persons", ["--by: no 'persons'; allowed: person, group, role, idea, time; did you mean "
                                     "'person'?"]),
    ("credit log.csv -o x.pgn", ["-o x.pgn: no figure format 'pgn'; allowed: png, svg, pdf, csv, parquet, json; did "
                                 "you mean 'png'?"]),
    ("credit log.csv -o figure", ["-o figure: no figure format ''; allowed: png, svg, pdf"]),
    ("credit log.csv -o no/where.svg", ["-o no/where.svg: no such folder as no"]),
    ("credit log.csv -o x.svg --by idea", ["-o: there is no figure by idea; allowed: --by person, --by time"]),
    ("credit log.csv -o x.svg --by time --method all", ["-o: a figure over time"]),
    ("thought-experiments --method removal", ["--method: no 'removal'; allowed: role-flow"]),
    ("credit log.csv --by role --intervals", ["--intervals: are of persons, not by role"]),
    ("thought-experiments --method prority", ["--method: no 'prority'; allowed: role-flow", "'priority'?"]),
    ("credit log.csv --format edgs", ["edgs", "did you mean 'edges'?"]),
    ("credit log.csv --jsn", ["--jsn", "--json"]),
    ("credit log.csv --by role --method person-pagerank", ["--by role", "knows no roles"]),
    ("credit village.toml", ["village.toml"]),
    ("new", ["FILE"]),
    ("new village.toml", ["village.toml: exists; choose another name"]),
    ("check", ["SCENARIO"]),
    ("check village.toml --set scenario.steps=0", ["--set: scenario.steps"]),
], ids=lambda value: value[:60] if isinstance(value, str) else "")  # fmt: skip
def test_wrong_input_is_refused_in_one_line(words, parts, here, tmp_path):
    before = contents(tmp_path)
    refused(here(*shlex.split(words)), *parts)
    assert contents(tmp_path) == before, "nothing was written"


def test_a_foreign_folder_is_refused_before_the_work_and_another_run_gives_way_to_force(here, tmp_path, monkeypatch):
    for _ in range(2):  # an older run of the same scenario gives way
        done = here("run", "e1_interpreter", "--out", "x", "--json")
        assert (done.code, done.err) == (0, "")
    assert {row["person"]: row["share"] for row in done.json["credit"]} == {"P1": 0.5, "P2": 0.5}
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.tex").write_text("years of work")
    before = contents(tmp_path / "work"), contents(tmp_path / "x")
    with monkeypatch.context() as patch:
        patch.setattr("sim.engines.simulate", lambda *a, **k: pytest.fail("it was simulated"))
        refused(here("run", "village.toml", "--out", "work"), "--out work: exists and is no run folder; choose another")
        refused(here("run", "village.toml", "--out", "x"), "holds a run of another scenario, 'E1", "--force")
    assert (contents(tmp_path / "work"), contents(tmp_path / "x")) == before
    assert here("run", "village.toml", "--out", "x", "--force").code == 0
    assert Tape.load(tmp_path / "x").provenance["scenario"] == "a village"


def test_a_results_folder_that_cannot_be_made_is_exit_1(here, tmp_path):
    (tmp_path / "results").write_text("a file in the way")
    refused(here("run", "village.toml"), "results", code=1)
    assert (tmp_path / "results").read_text() == "a file in the way"
    if os.geteuid() != 0:  # root may write everywhere
        tmp_path.chmod(0o555)
        try:
            refused(here("new", "other.toml"), "other.toml", code=1)
        finally:
            tmp_path.chmod(0o755)


def test_an_error_of_ours_is_one_line_and_a_traceback_in_a_file(here, monkeypatch, tmp_path):
    def failing(error: Exception) -> Callable[..., None]:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        return fail

    monkeypatch.setattr("sim.engines.simulate", failing(ZeroDivisionError("two\nlines \x1b[2J")))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = here("run", "village.toml")
    assert (done.code, done.out, done.err.count("\n")) == (70, "", 1)
    log = Path(re.search(r"the traceback is in (\S+)", done.err)[1])
    assert missing(log.read_text(), "ZeroDivisionError", "Traceback") == []
    assert not (tmp_path / "results").exists()
    monkeypatch.setattr("tempfile.NamedTemporaryFile", failing(OSError(28, "No space left on device")))
    done = here("run", "village.toml")
    assert (done.code, done.err.count("\n")) == (70, 1)
    assert "its traceback could not be saved: No space left on device" in done.err


@pytest.mark.parametrize("method", list(METHODS))
def test_credit_prints_the_object_of_the_library_and_writes_nothing(method, here, folder):
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    done = here("credit", folder, "--method", method, "--json")
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    assert (done.code, done.err, list(done.json)) == (0, "", OBJECT_IN_ORDER)
    assert done.json == credit(Tape.load(folder), method).to_dict()


def test_all_methods_are_one_object_and_one_table_with_what_each_asks(here, folder):
    found = here("credit", folder, "--method", "all", "--json").json
    assert list(found) == ["methods", "correlations", "accounts", "left_out"]
    assert list(found["methods"]) + list(found["left_out"]) == list(METHODS)
    for method, table in found["methods"].items():
        assert (set(table), table["method"]) == (OBJECT, method)
        assert found["correlations"]["kendall"][method][method] in (1.0, None)
        assert found["accounts"][method]["asks"] == METHODS[method].asks
    short, done = (here("credit", folder, "--method", "all", *more) for more in ((), ("--explain",)))
    assert (short.code, short.err) == (0, "Add --explain to see what each account asks, and where it differs.\n")
    assert max(map(len, short.out.splitlines())) <= 80
    assert (done.code, done.out.startswith(short.out)) == (0, True)
    assert not ESCAPE.search(done.out)
    lines = done.out.splitlines()
    for found, (method, account) in zip(numbers(done.out, "Ada"), METHODS.items(), strict=True):
        assert all(word in "".join(lines) for word in method.split("-"))
        assert f"{method}: {account.asks}" in lines
        share = credit(Tape.load(folder), method).persons.share[0]
        assert found / 100 == pytest.approx(share, rel=0.06, abs=6e-5)


@pytest.mark.parametrize(("by", "names"), [
    ("role", {"idea", "communication", "implementation"}),
    ("idea", {"wheel"}),
    ("group", {"Ada", "builder", "person"}),
])  # fmt: skip
def test_credit_by_role_idea_and_group_sums_to_the_total(by, names, here, folder):
    found = here("credit", folder, "--by", by, "--json").json
    assert set(found) == OBJECT
    assert all(set(row) - {"count"} == {by, "credit", "share"} for row in found["credit"])
    assert sum(row["credit"] for row in found["credit"]) == pytest.approx(found["total"])
    assert {row[by] for row in found["credit"]} == names
    assert missing(here("credit", folder, "--by", by).out, *names) == []


def test_credit_over_time_which_of_a_run_needs_its_snapshot(here, folder, tmp_path):
    table = here("credit", folder, "--by", "time").out
    assert ("Ada" in table, re.search(r"^\| 12 +\|", table, re.M) is not None) == (True, True)
    several = here("credit", folder, "--by", "time", "--method", "all", "--json").json["methods"]
    done = here("credit", folder, "--by", "time", "--json")
    assert (done.code, done.err, done.json["credit"]) == (0, "", several["role-flow"]["credit"])
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "scenario.toml").unlink()
    refused(here("credit", "copy", "--by", "time"), "scenario.toml: no such file")
    simulate(Scenario.from_toml(VILLAGE)).save(tmp_path / "bare")
    snapshot = tmp_path / "bare" / "scenario.toml"
    snapshot.write_text(VILLAGE.replace("0.3", "0.4"))
    assert here("credit", "bare", "--by", "time").code == 0, "reach has no part in what was realised when"
    snapshot.write_text(VILLAGE.replace("wheel", "fire"))
    refused(here("credit", "bare", "--by", "time"), "--by time: the scenario is not the one")


@pytest.mark.parametrize("args", [("--method", "all"), ("--method", "priority"), ("--by", "time")])
@pytest.mark.parametrize("kind", ["svg", "png", "PDF"])
def test_credit_draws_a_figure(args, kind, here, tmp_path):
    done = here("credit", "log.csv", *args, "-o", f"figure.{kind}")
    assert (done.code, done.err.splitlines()[-1]) == (0, f"Written: figure.{kind}")
    assert done.out
    assert (tmp_path / f"figure.{kind}").read_bytes()[:4] in (b"<?xm", b"\x89PNG", b"%PDF")


def test_thought_experiments_print_the_matrix(here, monkeypatch):
    module = "sim.experiments.thought_experiments"
    monkeypatch.setattr(f"{module}.EXPERIMENTS", {"E1": "e1_interpreter", "E4": "e4_bridge"})
    monkeypatch.setattr(f"{module}.thought_experiments.__defaults__", (None, ("E1", "E4"), None, None))
    done = here("thought-experiments", "--json")
    assert done.json["experiments"]["E4"]["P2"]["person-pagerank"] == pytest.approx(58333 / 135066, abs=1e-9)
    done = here("thought-experiments", "--quick", "--explain")
    assert done.err == "E1\nE4\n"
    cells = dict(zip(METHODS, cells_of(done.out, "E4  P2"), strict=True))
    wanted = {"role-flow": "25.00%", "person-pagerank": "43.19%", "shapley": "33.33%", "position": "50.00%"}
    assert cells | wanted | {"priority": "0.00%"} == cells
    differs = "E1, E2, E3a, E3b, E3c, E4, E5 (the first has all)"
    assert missing(done.out, f"priority: {METHODS['priority'].asks}", differs) == []
    found = here("thought-experiments", "--method", "priority", "--json").json["experiments"]
    assert found["E1"] == {"P1": {"priority": 1.0}, "P2": {"priority": 0.0}}


@pytest.mark.parametrize(("method", "options"), [
    ("role-flow", {}),
    ("person-pagerank", {"alpha": 0.5}),
    ("citerank", {"alpha": 0.5, "tau": 2.0}),
    ("role-flow", {"inheritance": 1.0}),
])  # fmt: skip
def test_settings_are_those_of_the_library(method, options, here, folder):
    words = ["--method", method, *(word for name, value in options.items() for word in (f"--{name}", value)), "--json"]
    tape, scenario = Tape.load(folder), Scenario.load(folder / "scenario.toml")
    assert here("credit", folder, *words).json == credit(tape, method, **options).to_dict()
    rows = here("credit", folder, "--by", "time", *words).json["credit"]
    assert rows == credit_over_time(tape, method, scenario=scenario, **options).to_rows()


def test_knockout_prints_the_object_of_the_library_or_what_is_lost_how_surely_and_in_parts(here, folder, tmp_path):
    village = Scenario.from_toml(VILLAGE)
    done = here("knockout", "village.toml", "--without", "Ada", "--without", "builder", "--replicates", "3", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json == of_library(knockout(village, ["Ada", "builder"], replicates=3))
    done = here("knockout", "village.toml", "--part", "telling", "--seed", "5", "--threads", "1", "--json")
    assert done.json == of_library(knockout(village.replace({"scenario.seed": 5}), part="telling"))
    done = here("knockout", "village.toml", "--replicates", "3")
    assert (done.code, done.err, "95%" in done.out) == (0, "", True)
    table = knockout(village, replicates=3)
    parts = [100 * table.raw[0] / table.value.mean(), 100 * table.normalised[0]]
    assert numbers(done.out, "Ada") == pytest.approx([table.raw[0], table.low[0], table.high[0], *parts], rel=1e-3)
    raw = credit(simulate(village), "knockout").persons.raw[0]  # before it was made to sum up
    assert numbers(here("credit", folder, "--method", "knockout").out, "Ada")[2] == pytest.approx(raw, rel=1e-3)
    one = here("knockout", "village.toml")
    assert missing(one.out + one.err, "unknown", "add --replicates 20") == []
    assert names_in(tmp_path) == ["log.csv", "village.toml"]


def test_a_wide_table_is_several_where_the_terminal_is_narrow(monkeypatch, capsys):
    monkeypatch.setattr(terminal, "_console", lambda width=0: Console(width=80))
    terminal.show_grid(("", *METHODS), [("Ada", *(f"{10 + k}.00%" for k in range(len(METHODS))))])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert re.findall(r"\d\d\.00%", "".join(lines)) == [f"{10 + k}.00%" for k in range(len(METHODS))]
    assert len([line for line in lines if "Ada" in line]) == 2


def test_credit_of_a_log(here, folder, tmp_path):
    found = here("credit", "log.csv", "--json").json
    assert set(found) == OBJECT
    assert (found["scenario"], found["seed"]) == ("log", None)
    assert {row["person"] for row in found["credit"]} == {"Ada", "Bob", "Carl", "Dora"}
    assert max(found["credit"], key=lambda row: row["credit"])["person"] == "Ada"
    assert here("credit", "log.csv", "--format", "edges", "--json").json == found
    assert "Ada" in here("credit", "log.csv").out
    refused(here("credit", folder, "--format", "edges"), "is a run folder; a format is for logs")
    refused(here("credit", tmp_path, "--until", "5"), "a folder; a log is a file, or a git repository")
    (tmp_path / "evil.csv").write_text("source,target,time\n\x1b[31mA\x1b]0;title\x07,B,1\n")
    done = here("credit", "evil.csv")
    assert (done.code, ESCAPE.search(done.out)) == (0, None)


def test_new_writes_a_scenario_and_check_says_what_is_in_one_and_what_it_takes(here, tmp_path):
    done = here("new", "mine.toml")
    assert (done.code, done.out, missing(done.err, "shoulders run mine.toml")) == (0, "", [])
    assert (tmp_path / "mine.toml").read_text() == template()
    for words, said in (
        (["mine.toml"], ["mine.toml: a valid scenario"]),
        (["village.toml", "--set", "world.size=1e6"],
         ["a village", "16 one by one", "999,984", "1", "12", "seed 3", "MB"]),
        (["village.toml", "--set", "population.count=1e9"], ["GB"]),  # which cannot be run
        (["village.toml", "--set", "population.count=1000000"], ["GB"]),
    ):  # fmt: skip
        done = here("check", *words)
        assert (done.code, ESCAPE.search(done.out), missing(done.out, *said)) == (0, None, [])
    assert here("check", "mine.toml").err == ""


HEAVY = {"numpy", "mesa", "matplotlib", "numba", "scipy", "pandas", "pyarrow", "networkx", "pydantic", "rich"}


@pytest.mark.parametrize(("words", "spared"), [
    ("--help", HEAVY),
    ("credit -h", HEAVY),
    ("check village.toml", {"mesa", "matplotlib", "pyarrow", "pandas"}),
    ("run e2_implementer", {"mesa", "pandas", "numba", "networkx", "scipy", "duckdb"}),
    ("credit log.csv", {"mesa", "matplotlib", "numba", "networkx", "scipy", "pydantic"}),
])  # fmt: skip
def test_small_work_loads_no_library_that_it_does_not_need(words, spared, place):
    script = "import atexit\natexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    with started(*words.split(), cwd=place, script=script) as process:
        shown, loaded = process.communicate(timeout=PATIENCE)
    assert (process.returncode, shown != "", ESCAPE.search(shown)) == (0, True, None)
    assert {*spared, "click"} & set(loaded.split()) == {"click"}


def test_scenarios_are_listed_shown_and_found_by_name_from_anywhere(here, tmp_path):
    listed = here("scenarios").out.splitlines()
    assert [line.split()[0] for line in listed] == sim.scenarios()
    assert max(map(len, listed)) < 120
    assert here("scenarios", "e1_interpreter").out == read_text("e1_interpreter")[0]
    by_path = here("run", "scenarios/e1_interpreter.toml", "--json", "--out", "x").json
    assert by_path == here("run", "e1_interpreter", "--json", "--out", "y").json
    refused(here("run", "e1_interpretr"), "no such file", "did you mean 'e1_interpreter'?")
    refused(here("scenarios", "e1_interpretr"), "did you mean 'e1_interpreter'?")


@pytest.mark.parametrize(("old", "new", "reason"), [
    ("skill = 1.0", "skill = 0.0", "nobody can implement one"),
    ("skill = 1.0", "skill = 1.0", "nobody who holds one can implement it: Carla never heard of it"),
    ("creativity = 1.0", "creativity = 0.0", "nobody discovered an idea in 5 steps"),
    ('name = "wheel"', 'name = "wheel"\nvalue = 0.0', "every idea has the value 0"),
])  # fmt: skip
def test_a_run_that_realises_nothing_says_why(old, new, reason, here, tmp_path):
    text = ('scenario = {name = "z", steps = 5}\n[[persons]]\nname = "Ada"\ncreativity = 1.0\n[[persons]]\n'
            'name = "Carla"\nskill = 1.0\n[[ideas]]\nname = "wheel"\n[dynamics]\ndiscovery_rate = inf\n')  # fmt: skip
    (tmp_path / "zero.toml").write_text(text.replace(old, new))
    done = here("run", "zero.toml", "--out", "x")
    assert (done.code, missing(done.err, "Nothing was realised: ", reason)) == (0, [])


def test_runs_stand_side_by_side(here, folder):
    found = here("compare", folder, "log.csv", "--json").json["runs"]
    assert found[str(folder)] == credit(Tape.load(folder)).to_dict()
    text = here("compare", folder, "log.csv").out
    assert cells_of(text, "realised")[0] == f"{Tape.load(folder).total:,.6g}"
    assert cells_of(text, "Bob")[0] == "-"


def test_every_file_of_a_run_is_in_its_manifest(here, folder, tmp_path):
    listed = json.loads((folder / "provenance.json").read_text())["files"]
    tables = {f"{name}.parquet" for name in TABLES}
    assert set(listed) == set(names_in(folder)) - tables - {"provenance.json"}
    for name in ("credit.csv", "scenario.toml", "spread.svg"):
        shutil.copytree(folder, tmp_path / name)
        file = tmp_path / name / name
        file.write_bytes(file.read_bytes()[:-1])
        refused(here("credit", name), f"{name}/{name}: corrupt: its checksum does not match")
        file.unlink()
        assert here("credit", name).code == 0, "what a user removed is not missed"


def test_only_the_door_writes_to_the_terminal():
    for file in set((ROOT / "sim").rglob("*.py")) - {ROOT / "sim" / "machine" / "terminal.py"}:
        names = {ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)}
        allowed = {"click.echo"} if file.name == "main.py" else set()  # click's own help
        assert not names & {"print", "click.echo", "sys.stdout.write", "sys.stderr.write"} - allowed, file


def test_no_color_is_honoured_on_a_terminal_and_json_is_json(folder, place):
    code, seen, _ = on_terminal("credit", str(folder), cwd=place, stream="stdout", NO_COLOR="1")
    assert (code, "Ada" in seen, COLOUR.search(seen)) == (0, True, None)
    code, seen, piped = on_terminal("credit", str(folder), "--json", cwd=place, stream="stdout")
    assert (code, piped, set(json.loads(seen))) == (0, "", OBJECT)


@pytest.mark.parametrize(("words", "stages"), [
    (("run", "village.toml", "--json"), ("village",)),
    (("credit", "RUN", "--intervals", "--copies", "3", "-o", "credit.svg", "--json"),
     ("Reading run", "Computing the credit of 3 copies", "Drawing the figure")),
    (("plot", "RUN", "--kind", "network", "-o", "network.svg"), ("Reading run", "Drawing the figure")),
    (("why", "RUN", "Ada", "--json"), ("Following the credit back",)),
    (("compare", "RUN", "RUN", "--json"), ("Computing the credit",)),
    (("export", "RUN", "-o", "run.csv"), ("Writing run.csv",)),
    (("notebook-curve", "--pairs", "2", "-o", "curve.svg"), ("The notebook's value", "measures")),
])  # fmt: skip
def test_a_terminal_sees_what_is_being_done_and_a_pipe_the_answer_alone(folder, place, tmp_path, words, stages):
    shutil.copytree(folder, tmp_path / "run")
    shutil.copy(place / "village.toml", tmp_path)
    given = ["run" if word == "RUN" else word for word in words]
    code, seen, piped = on_terminal(*given, cwd=tmp_path, stream="stderr", NO_COLOR="1")
    assert code == 0, seen
    assert not COLOUR.search(seen)
    assert missing(seen, *stages) == []
    assert isinstance(json.loads(piped), dict) if "--json" in words else not piped.startswith("{")


def test_a_broken_pipe_is_silent_and_a_full_disk_is_exit_1(folder, place):
    read, write = os.pipe()
    os.close(read)
    done = shoulders("credit", str(folder), "--json", cwd=place, stdout=write)
    os.close(write)
    assert (done.err, done.code in (0, 1, 141)) == ("", True)  # 1 where click notices it first
    if Path("/dev/full").exists():  # a device of Linux
        with open("/dev/full", "wb") as full:
            refused(shoulders("credit", str(folder), "--json", cwd=place, stdout=full), "No space left", code=1)


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"HOME": None}, {"HOME": "/nonexistent"}])
def test_a_terminal_without_umlauts_or_a_user_without_a_home_gets_the_table_all_the_same(env, tmp_path):
    (tmp_path / "log.csv").write_text(LOG.replace("Ada", "Grötzinger"), encoding="utf-8")
    done = shoulders("credit", "log.csv", cwd=tmp_path, **env)
    assert (done.code, done.err, missing(done.out, "tzinger")) == (0, "", [])


SLOW = """
import {module}
def slow(*args, **options):
    print("ready", flush=True)
    import time
    time.sleep(600)
{module}.{name} = slow
"""


def stopped(cwd: Path, script: str, *args: str, wait: float = 0.2, signum: int = signal.SIGINT) -> None:
    """Start beside a scenario, wait until it says that it is ready, press Ctrl-C."""
    (cwd / "village.toml").write_text(VILLAGE)
    process = started("run", "village.toml", *args, cwd=cwd, script=script)
    assert process.stdout.readline() == "ready\n"
    time.sleep(wait)
    refused(interrupted(process, signum), "interrupted", code=130)


def test_an_end_of_a_long_run_leaves_nothing(tmp_path):
    script = "import sim.model.agents.model, sim.views.figures.save\nprint('ready', flush=True)"
    words = ("--engine", "agents", "--set", "population.count=3000", "--set", "scenario.steps=1000000")
    stopped(tmp_path, script, *words, wait=1.0, signum=signal.SIGTERM)
    assert names_in(tmp_path) == ["village.toml"]


@pytest.mark.parametrize("older", [False, True])
def test_ctrl_c_while_the_run_is_written_leaves_the_older_one_or_nothing(older, tmp_path):
    if older:
        simulate(Scenario.from_toml(VILLAGE)).save(tmp_path / "out")
    script = SLOW.format(module="sim.views.figures.save", name="save_figures")
    stopped(tmp_path, script, "--out", "out", "--seed", "99")
    assert names_in(tmp_path) == (["out"] if older else []) + ["village.toml"]
    assert not older or Tape.load(tmp_path / "out") == simulate(Scenario.from_toml(VILLAGE))


def test_what_a_library_makes_of_an_interrupt_is_an_interrupt(here, monkeypatch):
    def read(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in the background
    monkeypatch.setattr("sim.logs.formats.read_log", read)
    refused(here("credit", "log.csv"), "interrupted", code=130)
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler
