"""GraphML, GEXF and networkx graphs with times as tapes, and what is refused of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from sim.errors import TapeError
from sim.logs.formats import from_networkx, read_log
from sim.readers import table
from tests.logs.test_edges import HELD, LATE, edges, in_words, read, refusal, story

CITED = "1 discover a; 2 learn b by a; 3 discover alone; 4 learn c by a 0.25, b 0.75"


def told() -> Any:
    rows = [("a", "b", 2, 1.0), ("b", "c", 3, 2.0), ("a", "c", 3, 6.0)]
    return nx.DiGraph([(source, target, {"time": time, "weight": weight}) for source, target, time, weight in rows])


def cited() -> Any:
    graph = nx.DiGraph()
    graph.add_nodes_from((node, {"time": time}) for node, time in {"a": 1, "b": 2, "c": 4, "alone": 3}.items())
    graph.add_weighted_edges_from([("b", "a", 1.0), ("c", "a", 1.0), ("c", "b", 3.0)])
    return graph


def test_times_of_edges() -> None:
    assert from_networkx(told()) == edges("2,a,b,1|3,b,c,2|3,a,c,6", "weight")
    assert from_networkx(nx.DiGraph([(1, "1", {"time": 1})])).persons.name == ("1", "1 (str)")  # they stay apart


def test_times_of_nodes_of_which_the_earliest_counts() -> None:
    graph = cited()
    tape = read_log(graph, citations_as="learning")
    assert (in_words(tape), tape.ideas, tape.dropped, tape.mended) == (CITED, ("idea",), {}, {})
    graph.add_node("B", time=4)
    tape = read_log(graph, aliases={"B": "b"}, citations_as="learning")
    assert (in_words(tape), tape.mended) == (CITED, {"another date of the same paper": 1})


def test_all_edges_between_nodes_with_times_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_log(cited())
    monkeypatch.setattr(table, "BATCH", 2)
    assert read_log(cited()) == whole
    assert (len(whole.influences), whole.provenance["kept"]) == (3, 3)


def test_weights_by_other_names() -> None:
    graph = cited()
    for *_, data in graph.edges(data=True):
        data["strength"] = data["trust"] = data.pop("weight")
    for columns in (None, {"weight": "trust"}):
        assert read_log(graph, columns=columns) == read_log(cited())
    with pytest.raises(TapeError, match="no column 'nonsense' for weight; allowed: source, target, strength"):
        read_log(graph, columns="weight=nonsense")


def test_nodes_are_known_by_labels_that_tell_them_apart() -> None:
    pajek = '*Vertices 3\n1 "Smith"\n2 "{}"\n3 "Doe"\n*Arcs\n1 2 1 [1]\n2 3 1 [2]\n'
    assert read(pajek.format("Smith"), "p.net").persons.name == ("1", "2", "3")
    assert read(pajek.format("Jones"), "p.net").persons.name == ("Smith", "Jones", "Doe")
    graph = nx.DiGraph([("a", "b", {"time": 1})])
    nx.set_node_attributes(graph, {"a": 0, "b": 1}, "name")
    assert read_log(graph).persons.name == ("0", "1")


@pytest.mark.parametrize("make", [told, cited])
@pytest.mark.parametrize(("write", "name"), [(nx.write_graphml, "g.graphml"), (nx.write_gexf, "g.gexf")])
def test_files_say_the_same(tmp_path: Path, make: Any, write: Any, name: str) -> None:
    write(make(), tmp_path / "without ending")
    tape = read_log(tmp_path / "without ending")
    assert tape == from_networkx(make())
    assert tape.provenance["format"] == name[2:]


def test_gexf_with_starts_and_spells(tmp_path: Path) -> None:
    graph = nx.DiGraph(mode="dynamic")
    graph.add_node("a", start=1)
    graph.add_node("b", spells=[(2, 5), (7, 9)], start=2)
    graph.add_edge("b", "a")
    nx.write_gexf(graph, tmp_path / "g.gexf")
    tape = read_log(tmp_path / "g.gexf", citations_as="learning")
    assert [row[:3] for row in story(tape)] == [(1, "discover", "a"), (2, "learn", "b")]


def test_several_edges_between_two_and_other_columns() -> None:
    rows = [(1, 2, 1, "x"), (1, 2, 2, "x"), (1, 2, 2, "y"), (2, 1, None, "y"), (2, 2, 3, "z")]
    graph = nx.MultiDiGraph()
    for source, target, day, idea in rows:
        graph.add_edge(source, target, time=day and datetime(2020, 1, day, tzinfo=UTC), idea=idea)
    tape = from_networkx(graph)
    assert tape.dropped == {HELD: 1, "no time": 1, "self-influence": 1}
    assert (tape.ideas, tape.provenance["time_unit"]) == (("x", "y"), "second")


def test_edges_to_the_future_are_dropped_and_those_of_one_time_are_not() -> None:
    graph = cited()
    graph.add_node("twin", time=4)
    graph.add_edges_from([("twin", "c"), ("a", "c")])
    assert from_networkx(graph).dropped == {LATE: 1}


def test_the_attribute_may_be_named() -> None:
    assert from_networkx(nx.DiGraph([("a", "b", {"since": 2})]), time="since").events.step.tolist() == [1, 2]


@pytest.mark.parametrize(("graph", "options", "message"), [
    (nx.Graph([(1, 2)]), {}, "graph: undirected"),
    (nx.DiGraph(), {}, "graph: no nodes"),
    (nx.DiGraph([(1, 2)]), {}, "graph: no edge or node has an attribute for its time; allowed: time, start, timestamp"),
    (nx.DiGraph([("a", "b", {"since": 2})]), {"time": "sinc"}, "allowed: since; did you mean 'since'"),
    *((nx.DiGraph([("a", "b", {"time": wrong})]), {}, "allowed: numbers below 4e18")
      for wrong in ("soon", float("inf"), 10**30, True)),
])  # fmt: skip
def test_graphs_that_are_refused_in_one_line(graph: Any, options: dict[str, str], message: str) -> None:
    with pytest.raises(TapeError) as caught:
        from_networkx(graph, **options)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["g.graphml", "g.gexf"])
def test_files_that_are_no_graphs(name: str) -> None:
    for text in ("", "no xml", "<graphml", "<gexf><graph/></gexf>", "<graphml><node/></graphml>", "\0"):
        assert refusal(text, name).startswith(f"{name}:1: ")
    assert refusal("<graphml>\n<graph>\n</grap>", name).startswith(f"{name}:3: column 3: mismatched tag")
