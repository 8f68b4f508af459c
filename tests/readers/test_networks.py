"""Networks of scenarios through the door of logs: labels, names of persons, directions."""

from pathlib import Path

import networkx as nx
import pytest

from sim.errors import ScenarioError
from sim.model.networks.files import from_file
from sim.scenario.scenario import Scenario
from tests.logs.test_formats import GEPHI, PAJEK, YED

WORLD = """
scenario = {{name = "n", steps = 6}}
population = {{count = {}, reach = 1.0}}
persons = [{{name = "Ada", creativity = 1.0, reach = 1.0}}]
ideas = [{{name = "wheel"}}]
world.network = {}
"""


def ties(scenario: Scenario) -> set[tuple[int, int]]:
    """The ties that the file of a scenario has, between rows of persons: Ada is 0."""
    links = from_file(scenario, scenario.world.network)
    return {*zip(links.source.tolist(), links.target.tolist(), strict=True)}


def in_file(folder: Path, name: str) -> set[tuple[int, int]]:
    return ties(Scenario.from_toml(WORLD.format(1, f'{{ kind = "file", path = "{name}" }}'), folder=folder))


@pytest.mark.parametrize(("name", "text"), [
    ("t.csv", "source,target\nAda,Ben\n"),
    ("t.csv", "source;target;since\nAda;Ben;x\n"),
    ("t.csv", "src,dst\nAda,Ben\n"),
    ("t.tsv", "source\ttarget\tweight\nAda\tBen\t1\n"),
    ("t.txt", "Ada Ben 1.0\n"),
    ("t.net", PAJEK.replace(" [1577923200-*]", "")),
    ("t.graphml", YED),
    ("t.gexf", GEPHI.format('defaultedgetype="directed"', "/>")),
    ("t.json", '{"directed": true, "nodes": [{"id": "Ada"}, {"id": "Ben"}], '
     '"links": [{"source": "Ada", "target": "Ben"}]}'),
])  # fmt: skip
def test_ties_in_any_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert in_file(tmp_path, name) == {(0, 1)}


def test_a_graph_in_memory(tmp_path: Path) -> None:
    world = Scenario.from_toml(WORLD.format(1, '{ kind = "none" }'))
    chain = nx.DiGraph([("Ada", "Ben"), ("Ben", "Cy"), ("Dan", "Ada")])
    ways = [world.with_network(graph, tmp_path) for graph in (chain, chain.to_undirected())]
    assert [made.population.count for made in ways] == [3, 3]
    one_way, both_ways = map(ties, ways)
    assert one_way == {(0, 1), (1, 2), (3, 0)}
    assert nx.is_isomorphic(nx.DiGraph(both_ways), chain.to_undirected().to_directed())
    with pytest.raises(ScenarioError, match="the graph has no nodes"):
        world.with_network(nx.Graph(), tmp_path)


def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\nAda,Ben\n")
    says = r"t\.csv:1: the header must have source and target; allowed: weight, start, end"
    with pytest.raises(ScenarioError, match=says) as caught:
        in_file(tmp_path, "t.csv")
    assert len(str(caught.value).splitlines()) == 1
