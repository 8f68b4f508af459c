"""The influence graph: counted by hand, invariant, and out of each file as it went in."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from sim.accounts.account import credit
from sim.accounts.pagerank import event_pagerank
from sim.cli import export as export_command
from sim.errors import TapeError
from sim.logs.formats import from_networkx, read_log
from sim.tape.export import EXPORTS, export
from sim.tape.graph import GRAPHS, WORLD, person_arrows, to_networkx
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Persons
from sim.tape.tape import Tape
from tests import cases
from tests.cli import Done, refused
from tests.logs.test_edges import as_csv, credits, read, story, tables
from tests.tapes import by_name, make_tape, tapes


def bridge() -> Tape:
    """P1 discovers and tells P2, who tells a crowd and implements; P1 builds a second idea on the first."""
    events = [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0}), (LEARN, 2, {1: 1.0}, 98), (IMPLEMENT, 1, {1: 1.0})]
    events += [(LEARN, 3, {0: 0.25, 2: 0.75}), (DISCOVER, 0, {0: 1.0}, 1, 1)]
    return make_tape(Persons(["P1", "P2", "crowd", "P3"], [1, 1, 1, 1], [1, 1, 98, 1]), events)


def test_events_and_persons_by_hand() -> None:
    events, persons = to_networkx(bridge()), to_networkx(bridge(), "persons")
    assert events.nodes[2] == {"person": "crowd", "idea": "idea 0", "kind": "learn", "time": 3, "count": 98}
    assert sorted(events.edges) == [(1, 0), (2, 1), (3, 1), (4, 0), (4, 2), (5, 0)]
    told = [(WORLD, 0, 1.0), (WORLD, 3, 0.75), (0, 1, 1.0), (0, 3, 0.25), (1, WORLD, 98.0)]
    assert sorted(persons.edges(data="weight")) == told
    assert persons.nodes[WORLD] == {"name": "World"}
    assert persons.nodes[3] == {"name": "P3", "first": 5}
    assert persons.edges[0, 3] == {"weight": 0.25, "first": 5, "last": 5}


def test_a_window() -> None:
    events, persons = to_networkx(bridge(), window=(3, 4)), to_networkx(bridge(), "persons", (3, 4))
    assert (sorted(events), sorted(events.edges)) == ([1, 2, 3], [(2, 1), (3, 1)])
    assert (sorted(persons), sorted(persons.edges)) == ([WORLD, 1], [(1, WORLD)])
    rows = written(bridge(), "g.parquet", "events", window=(3, 4))
    assert rows[["child", "parent"]].to_numpy().tolist() == [[2, 1], [3, 1]]
    with pytest.raises(ValueError, match="window: from 4 to 3; allowed: a first step that is not after the last"):
        to_networkx(bridge(), window=(4, 3))
    with pytest.raises(ValueError, match="of: no 'ideas'; allowed: events, persons"):
        to_networkx(bridge(), "ideas")


@cases(100, tapes())
def test_pagerank_of_the_event_graph_is_event_pagerank(tape: Tape) -> None:
    expected = nx.pagerank(to_networkx(tape), tol=1e-13, max_iter=500)  # of no events, {}
    found = event_pagerank(tape.parents, tape.influences.parent, tape.influences.weight)
    assert dict(enumerate(found)) == pytest.approx(expected, abs=1e-10)


@cases(100, tapes(), st.booleans())
def test_persons_as_a_slow_twin_sums_them(tape: Tape, world: bool) -> None:
    group = np.append(tape.persons.group, 0)
    sizes = tape.persons.size[group]

    def who(row: int) -> int:
        person = int(tape.events.person[row])
        return WORLD if world and (person < 0 or sizes[person] > 1) else person

    expected: dict[tuple[int, int], float] = defaultdict(float)
    for child in range(len(tape.events)):
        rows = range(tape.parents[child], tape.parents[child + 1])
        told = [(who(int(tape.influences.parent[k])), float(tape.influences.weight[k])) for k in rows]
        if not told and world and tape.events.kind[child] == DISCOVER:
            told = [(WORLD, 1.0)]
        for teller, weight in told if tape.events.kind[child] <= LEARN else []:
            if teller != who(child):
                expected[teller, who(child)] += weight * int(tape.events.count[child])
    found = person_arrows(tape, world=world)
    pairs = zip(found.start.tolist(), found.end.tolist(), strict=True)
    assert dict(zip(pairs, found.weight.tolist(), strict=True)) == pytest.approx(expected)


def written(tape: Tape, name: str, of: str, **options: Any) -> Any:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        export(tape, path, of, **options)
        assert [file.name for file in Path(folder).iterdir()] == [name]
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix == ".csv":
            return pd.read_csv(path, keep_default_na=False)
        ElementTree.parse(path)
        return (nx.read_graphml if path.suffix == ".graphml" else nx.read_gexf)(path)


@pytest.mark.parametrize("of", GRAPHS)
@pytest.mark.parametrize("name", ["g.graphml", "g.gexf"])
@cases(30, tapes())
def test_xml_holds_the_graph(name: str, of: str, tape: Tape) -> None:
    graph, found = to_networkx(tape, of), nx.relabel_nodes(written(tape, name, of), int)
    nodes = {node: {key: data[key] for key in graph.nodes[node]} for node, data in found.nodes(data=True)}
    assert nodes == dict(graph.nodes(data=True))
    assert set(found.edges(data="weight")) == set(graph.edges(data="weight"))
    assert found.is_directed()


def test_gexf_is_dynamic() -> None:
    found = written(bridge(), "g.gexf", "events")
    assert found.graph["mode"] == "dynamic"
    assert dict(found.nodes(data="start")) == {str(k): k + 1 for k in range(6)}
    assert found.edges["4", "0"]["start"] == 5
    assert found.nodes["4"]["label"] == "P3: learn idea 0"
    persons = written(bridge(), "g.gexf", "persons")
    assert "start" not in persons.nodes["-1"]
    assert (persons.edges["0", "1"]["start"], persons.edges["0", "1"]["last"]) == (2, 2)


NASTY = ["\"quoted\" & 'single'", "<script>alert(1)</script>", "\N{ROCKET} \u0301", "x" * 10_000, "a,b;c\td", "]]>"]


@pytest.mark.parametrize("name", ["g.graphml", "g.gexf", "g.csv", "g.parquet"])
def test_names_of_all_kinds(name: str) -> None:
    people = [*NASTY, "bell\x07\x00\n#next"]
    tape = make_tape(people, [(DISCOVER, k, {}) for k in range(len(people))])
    found = written(tape, name, "events")
    names = list(found["person"]) if name[2:] in ("csv", "parquet") else [p for _, p in found.nodes(data="person")]
    tame = [*(text.replace("\t", "\ufffd") for text in NASTY), "bell\ufffd\ufffd\ufffd#next"]
    assert names == (people if name == "g.parquet" else tame)


TIMES = ["{}", "2020-01-0{}", "2020-01-01T00:00:0{}.5", "{}.25", "-{}.125"]


@pytest.mark.parametrize("name", ["g.csv", "g.parquet", "g.gexf", "g.graphml"])
@cases(50, tables, st.sampled_from(GRAPHS), st.sampled_from(TIMES))
def test_what_is_written_is_read_back(name: str, rows: Any, of: str, times: str) -> None:
    tape = read(as_csv([(times.format(row[0] + 1), *row[1:]) for row in rows]))
    again = exported_and_read(tape, name, of)
    assert story(again) == story(tape)
    assert all(again.provenance[key] == tape.provenance[key] for key in ("time_origin", "time_unit"))
    assert credits(again) == pytest.approx(credits(tape))
    assert np.sort(again.realised.value).tolist() == np.sort(tape.realised.value).tolist()


@pytest.mark.parametrize("name", ["g.csv", "g.parquet", "g.gexf", "g.graphml"])
@cases(30, tapes(), st.sampled_from(GRAPHS))
def test_runs_are_read_back(name: str, tape: Tape, of: str) -> None:
    again = exported_and_read(tape, name, of)
    assert len(again.events) == len(tape.events)
    assert by_name(credit(again)) == pytest.approx(by_name(credit(tape)))


def exported_and_read(tape: Tape, name: str, of: str) -> Tape:
    with TemporaryDirectory() as folder:
        export(tape, Path(folder) / name, of)
        if len(tape.events):
            return read_log(Path(folder) / name)
        with pytest.raises(TapeError, match=r"no (rows|nodes)"):
            read_log(Path(folder) / name)
        return tape


def test_networkx_and_back() -> None:
    tape = read("time,source,target\n1,a,b\n2,a,c\n2,b,c\n")
    again = from_networkx(to_networkx(tape))
    assert [row[:2] for row in story(again)] == [row[:2] for row in story(tape)]
    assert again.influences.weight.tolist() == tape.influences.weight.tolist()


@pytest.mark.parametrize(("name", "options", "message"), [
    ("g.txt", {}, "format: no 'txt'; allowed: graphml, gexf, csv, parquet"),
    ("g.gexf", {"format": "gefx"}, "format: no 'gefx'; allowed: graphml, gexf, csv, parquet; did you mean 'gexf'"),
    ("g.gexf", {"format": ["gexf"]}, r"format: no \['gexf'\]; allowed: graphml, gexf, csv"),
    ("g.gexf", {"of": "person"}, "of: no 'person'; allowed: events, persons; did you mean 'persons'"),
    ("g.csv", {"window": (3, 2)}, "window: from 3 to 2"),
])  # fmt: skip
def test_wrong_options(tmp_path: Path, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        export(bridge(), tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", EXPORTS)
def test_a_failure_leaves_the_old_file(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("disk full")

    path = tmp_path / f"g.{ending}"
    path.write_text("old")
    monkeypatch.setitem(EXPORTS, ending, fail)
    with pytest.raises(OSError, match="disk full"):
        export(bridge(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_command(shell: Callable[..., Done], tmp_path: Path) -> None:
    assert tuple(EXPORTS) == export_command.EXPORTS
    (tmp_path / "log.csv").write_text("time,source,target\n1,a,b\n1,a,b\n2,b,c\n")
    assert shell("export", "log.csv", "-o", "g.gexf").code == 0
    assert len(nx.read_gexf("g.gexf")) == 3
    done = shell("export", "log.csv", "-o", "g.gexf", "--of", "persons", "--window", 2, 2)
    assert (done.code, "Dropped: 1 (duplicate)" in done.err) == (0, True)
    assert set(nx.read_gexf("g.gexf")) == {"-1", "1", "2"}
    for words, message in (
        (("-o", "g.txt"), "-o: format: no 'txt'; allowed: graphml, gexf, csv, parquet"),
        (("-o", "g.gexf", "--to", "xls"), "--to: no 'xls'"),
        (("-o", "."), "is a folder"),
        (("-o", "no/g.csv"), "its folder does not exist"),
        (("-o", "g.gexf", "--window", "3", "1"), "--window: from 3 to 1"),
    ):
        refused(shell("export", "log.csv", *words), message)
