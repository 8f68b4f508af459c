"""The benchmarks run, at a tiny size: nothing here is about time."""

import csv
import math

import networkx as nx
import pytest

from benchmarks import batch, cascades, child, figure, full, memory, networks, ours, race, study, tables
from benchmarks.graph import SEEDS, cascade_world, graph_of
from tests import FULL


@pytest.fixture(scope="module")
def lanes():
    return race.race(60, 6.0, 0.3, rounds=3, budget=60.0)


def test_a_cascade_addresses_ties_and_at_certainty_reaches_all_who_are_tied_to_the_seeds():
    world = cascade_world(200, 6.0, 0.3, seed=1)
    assert world.scenario.dynamics.audience == "ties"
    assert (world.reach > 0.0).all()
    assert set(world.ties.weight.tolist()) == {0.3}
    world = cascade_world(80, 2.0, 1.0, seed=3)
    graph = graph_of(world).networkx
    there = {node for seed in SEEDS for node in nx.node_connected_component(graph, seed)}
    for engine in ("kernels", "agents"):
        assert ours.cascade(world, engine, 1)(0)() == len(there)


@pytest.mark.parametrize("name", race.PEERS)
def test_a_peer_reaches_the_same_at_certainty(name):
    if why := race.missing(name):
        pytest.skip(why)
    world = cascade_world(80, 2.0, 1.0, seed=3)
    cascade = race.PEERS[name](graph_of(world), 1.0, SEEDS)
    assert cascade(0)() == cascade(1)() == ours.cascade(world, "kernels", 1)(0)()


def test_our_engines_run_the_same_cascades_and_other_work_is_found_out(lanes):
    sizes = [lane.sizes for lane in lanes if lane.name.startswith("shoulders")]
    assert len(sizes) >= 2
    assert all(one == sizes[0] for one in sizes)
    assert race.check(lanes) == []
    fine = [20, 21, 19, 20]
    lanes = [race.Lane("shoulders, 1 thread", 60, sizes=fine), race.Lane("peer", 60, sizes=fine)]
    assert race.check(lanes) == []
    lanes.append(race.Lane("other peer", 60, sizes=[30, 31, 29, 30]))
    lanes.append(race.Lane("shoulders, agents", 60, sizes=[20, 22]))
    assert len(race.check(lanes)) == 2
    before = [race.Lane("peer", 1000, seconds=[7.0])]
    assert race.too_slow("peer", 10_000, 60.0, before) == "skipped: 7.0 s a cascade at 1,000 persons"
    assert race.too_slow("peer", 10_000, 71.0, before) == ""
    assert race.too_slow("peer", 10_000, 71.0, [race.Lane("peer", 1000, note="not installed (x)")])


def test_tables_and_the_figure_are_written(lanes, tmp_path):
    course = cascades.Course(degree=6.0, p=0.3)
    table = cascades.table(course, [lanes], [cascades.Large(lanes[:1], 1.0, 2.0, 3_000_000)])
    tables.write(table, tmp_path)
    with (tmp_path / "cascade.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(lanes) + 1
    assert "| shoulders, agents" in (tmp_path / "cascade.md").read_text(encoding="utf-8")
    figure.save(figure.draw([*lanes, race.Lane("peer", 1000, seconds=[7.0])], ["a note"]), tmp_path)
    assert (tmp_path / "cascade.png").stat().st_size > 10_000


def test_the_other_measurements_run(monkeypatch):
    monkeypatch.setattr(full, "SMALLEST", 30)
    engines = [row[2] for row in full.measure(30).rows]
    assert {"kernels, 1 thread", "agents"} <= set(engines)
    assert all(events > 0 for *_, events in batch.measure(2).rows)
    made = {kind: networks.ours_of(kind, options)(30) for kind, options in networks.KINDS.items()}
    assert made["complete"] == 30 * 29
    assert made["watts-strogatz"] == 300


def test_a_child_tells_of_its_run_and_studies_of_theirs(monkeypatch):
    found = child.in_a_child("cascade", n=50, degree=4.0, p=0.5, threads=[1])
    assert found["ties"] > 0
    assert len(SEEDS) <= found["sizes"][0] <= 50
    assert found["peak"] > 10_000_000
    with pytest.raises(RuntimeError, match="cascade"):
        child.in_a_child("cascade", nobody=1)
    monkeypatch.setattr(study, "SIZES", (50,))
    monkeypatch.setattr(study, "AGENT_RUNS", 1)
    monkeypatch.setattr(study, "PEER_RUNS", 1)
    monkeypatch.setattr(batch, "WORLD", batch.WORLD | {"scenario": {"name": "tiny", "steps": 5}})
    table = study.measure(40)
    assert table.rows[0][0] == "shoulders study, stored"
    assert all(row[3] > 0 for row in table.rows if row[2])


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, ""), (1234, "1,234"), (0.01234, "0.0123"), (0.0, "0"), (56789.1, "56,789")]
)
def test_numbers_in_print(value, text):
    assert tables.said(value) == text


@pytest.mark.parametrize("place", [4, 7] if FULL else [4])  # telling strangers, the full model
def test_the_memory_of_a_run_is_what_was_predicted(place):
    ours.warm_up()  # so that the run is not one that compiles
    _, engine, data = memory.worlds(100_000 if FULL else 30_000)[place]
    child.in_a_child("scenario", scenario=data, engine=engine)
    found = child.in_a_child("scenario", scenario=data, engine=engine)
    assert 0.8 <= found["predicted"] / found["peak"] <= 1.2


def test_the_peer_of_studies_spreads():
    if why := race.missing("NDlib"):
        pytest.skip(why)
    assert max(study.ndlib_run(seed) for seed in range(6)) > 100
