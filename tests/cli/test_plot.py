"""`shoulders plot` as a user meets it: every kind, files where they are expected, one line where something is wrong."""

from pathlib import Path

import pytest

from sim import Scenario, Study, simulate
from sim.cli.plot import KINDS, NAMES, OPTIONS
from sim.study.sensitivity import sample_design
from tests.cli import LOG, VILLAGE, refused
from tests.study.test_sensitivity import needs_salib

RATE, REACH = "dynamics.abandon_rate", "population.reach"
STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".gif": b"GIF89a"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plot")
    simulate(Scenario.from_toml(VILLAGE)).save(folder / "village")
    (folder / "village" / "scenario.toml").write_text(VILLAGE)
    (folder / "log.csv").write_text(LOG)
    study(folder / "grid", {RATE: [0.0, 0.1, 0.5], REACH: [0.2, 0.7]})
    return folder


def study(folder, vary, **design):
    scenario = Scenario.from_toml(VILLAGE)
    Study(scenario, vary, replicates=4, measures=["total", "share:Ada"], **design).run(folder, executor="threads")


@pytest.fixture
def here(place, shell, monkeypatch):
    monkeypatch.chdir(place)
    return lambda *args: shell("plot", *args)


def drawn(done, file, said=""):
    """The command wrote this file, and said so, after what it had to say."""
    assert (done.code, done.out, done.err) == (0, "", f"{said}Written: {file}\n")
    assert Path(file).read_bytes().startswith(STARTS[Path(file).suffix])
    Path(file).unlink()


@pytest.mark.parametrize("kind", NAMES["run"])
def test_every_kind_of_a_run_is_drawn(here, kind):
    drawn(here("village", "--kind", kind), f"village/{kind}.{KINDS[kind].formats[0]}")
    if kind == "animation":
        refused(here("village", "--kind", kind, "-o", "a.png"), "no animation format 'png'; allowed: gif, mp4")
    else:
        drawn(here("village", "--kind", kind, "-o", "it.svg"), "it.svg")


@pytest.mark.parametrize(("kind", "asked"), [
    ("lines", ("--measure", "share:Ada", "--x", REACH, "--panel", RATE)),
    ("map", ("--x", REACH, "--y", RATE)),
])  # fmt: skip
def test_the_kinds_of_a_study_are_drawn(here, kind, asked):
    drawn(here("grid", "--kind", kind, *asked, "-o", "a.pdf"), "a.pdf")
    drawn(here("grid", "--kind", kind), f"grid/{kind}.png")


def test_without_a_kind_the_first_one_is_drawn_and_an_account_is_chosen(here):
    done = here("log.csv")
    assert done.err.startswith("Read as edges: ")
    drawn(done, "log-spread.png", said=done.err.rpartition("Written")[0])
    drawn(here("grid"), "grid/lines.png")
    drawn(here("village"), "village/spread.png")
    credit = ("village", "--kind", "credit")
    assert here(*credit, "--method", "priority", "-o", "p.svg").code == here(*credit, "-o", "r.svg").code == 0
    assert Path("p.svg").read_bytes() != Path("r.svg").read_bytes()
    assert b"By priority" not in Path("r.svg").read_bytes()


def test_it_says_what_the_mean_is_taken_of(here, place):
    study(place / "three", {RATE: [0.0, 0.1], REACH: [0.2, 0.7], "scenario.steps": [5, 9]})
    drawn(here("three"), "three/lines.png", f"Mean over all values of {REACH}, scenario.steps\n")
    drawn(here("three", "--kind", "map"), "three/map.png", "Mean over all values of scenario.steps\n")
    drawn(here("three", "--colour", REACH, "--panel", "scenario.steps"), "three/lines.png")


@needs_salib
@pytest.mark.parametrize("design", ["saltelli", "morris", "list"])
def test_a_tornado_is_drawn_of_a_design_made_for_it(here, place, design):
    if design == "list":
        study(place / design, None, cells=sample_design({RATE: (0, 0.5), REACH: (0, 1)}, 8))
    else:
        study(place / design, {RATE: [0.0, 0.5], REACH: [0.1, 0.9]}, design=design, samples=8)
    drawn(here(design, "--kind", "tornado"), f"{design}/tornado.png")


@pytest.mark.parametrize(("words", "parts"), [
    ("village --kind spred", ["no 'spred'", "did you mean 'spread'"]),
    ("village --kind lines", ["no 'lines'", "allowed: spread, influence"]),
    ("grid --kind spread", ["no 'spread'", "allowed: lines, map, tornado"]),
    ("village --measure total", ["--measure", "no meaning for spread", "allowed: none"]),
    ("grid --method priority", ["--method", "no meaning for lines", "--measure"]),
    ("village --kind credit --method prority", ["did you mean 'priority'"]),
    ("grid --measure totl", ["no 'totl'", "allowed: total, share:Ada", "did you mean 'total'"]),
    ("grid --x reach", ["--x: no 'reach'", REACH]),
    ("grid --colour reach", ["no 'reach'", REACH]),
    (f"grid --x {REACH} --colour {REACH}", ["in one way only"]),
    ("village -o x.gif", ["no spread format 'gif'", "png, svg, pdf"]),
    ("village -o nowhere/x.png", ["no such folder as nowhere"]),
    ("vilage", ["no such run folder or log", "did you mean 'village'"]),
    ("grid --kind tornado", ["tornado"]),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(here, words, parts):
    refused(here(*words.split()), *parts)


def test_a_study_without_runs_or_with_one_parameter_says_so(here, place):
    (place / "empty").mkdir()
    (place / "empty" / "study.json").write_text("{}")
    refused(here("empty"), "empty")
    study(place / "one", {RATE: [0.0, 0.5]})
    refused(here("one", "--kind", "map"), f"varies {RATE}", "--y")
    assert here("one").code == 0


def test_every_kind_is_of_a_run_or_a_study_and_knows_options_that_there_are():
    assert {kind.of for kind in KINDS.values()} == {"run", "study"} == set(NAMES)
    assert all(set(kind.options) <= set(OPTIONS) for kind in KINDS.values())


EDGES = {
    "nothing": ("scenario = {name = 'a', steps = 1}\npersons = [{name = 'P'}]\nideas = [{name = 'i'}]", "toml"),
    "denormal": ("time,source,target,value\n3,c,d,5e-324\n10,c,b,5e-324\n", "csv"),
    "huge": ("time,source,target,value\n3,c,d,1e100\n10,c,b,1e100\n", "csv"),
    "cut": ("<graphml><key id='k' for='node' attr.name='date' attr.type='long'/><graph edgedefault='directed'>"
            "<node id='d'><data key='k'></data></node><edge source='c' target='b'/></graph></graphml>", "graphml"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMES["run"])
@pytest.mark.parametrize("edge", EDGES)
def test_every_kind_draws_what_is_at_the_edge(here, tmp_path, shell, edge, kind):
    text, ending = EDGES[edge]
    file = tmp_path / f"edge.{ending}"
    file.write_text(text)
    if ending == "toml":
        assert shell("run", file, "--out", tmp_path / "run").code == 0
        file = tmp_path / "run"
    done = here(file, "--kind", kind, "-o", tmp_path / f"x.{KINDS[kind].formats[0]}")
    assert done.code in (0, 2), done.err
    assert "Note" not in done.err
