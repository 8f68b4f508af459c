"""Diffusion on the network: every mark is counted again from the tape; the layout is held to distances."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import Scenario, World, simulate
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE
from sim.views.figures.network import NAMES, network
from sim.views.figures.network_state import States, states, telling_moments
from sim.views.figures.save import save
from sim.views.layout import MAX_ADJUSTED, chosen_idea, layout, layout_of, links
from tests.tapes import as_rows, make_tape, tapes, with_crowd

STATE = {DISCOVER: "discovered it", LEARN: "learned it", IMPLEMENT: "made it work", ABANDON: "gave it up",
         LEAVE: "gave it up"}  # fmt: skip


def told(person, idea, step, tape):
    """The state of one person, by reading the tape from its beginning."""
    state = "does not know it"
    for when, kind, who, what, _ in as_rows(tape.events):
        if when <= step and (who, what) == (person, idea):
            state = STATE.get(kind, state)
    return state


@given(tapes())
@settings(max_examples=60)
def test_states_are_those_of_the_tape_read_person_by_person(tape):
    idea = chosen_idea(tape, None)
    running = States(tape, idea)
    for step in range(tape.steps + 1):
        running.turn_to(step)
        found = states(tape, idea, step)
        assert [NAMES[k] for k in found.tolist()] == [told(p, idea, step, tape) for p in range(tape.persons.total)]
        assert np.array_equal(running.now, found)


def ring(n=40, seed=1, kind="watts-strogatz"):
    return Scenario.from_toml(f"""
        scenario = {{name = "ring", steps = 12, seed = {seed}}}
        world.network = {{kind = "{kind}" {", neighbours = 4, rewire = 0" if kind == "watts-strogatz" else ""}}}
        population = {{count = {n}, reach = {min(1.0, 4 / n)}}}
        persons = [{{name = "Ada", creativity = 1.0, reach = {min(1.0, 4 / n)}}}]
        ties = [{{from = "Ada", to = "population"}}]
        ideas = [{{name = "wheel"}}]
        dynamics.discovery_rate = inf
        """)


def test_marks_of_every_state_and_links_are_counted_and_the_same_bytes(tmp_path):
    scenario = ring()
    tape, world = simulate(scenario), World.build(scenario)
    figure = network(tape, world, steps=[2, 5, 12])
    for axes, step in zip(figure.axes, (2, 5, 12), strict=True):
        drawn = Counter()
        for part in axes.collections:
            drawn[part.get_gid()] += len(part.get_offsets()) * (part.get_gid() in NAMES)
        expected = Counter(told(p, 0, step, tape) for p in range(tape.persons.total))
        assert +drawn == expected
        assert f"{expected['learned it'] + expected['discovered it']} people hold it" in axes.get_title("left")
    source = np.repeat(np.arange(world.n), np.diff(world.ties.indptr)).tolist()
    expected = list(zip(source, world.ties.target.tolist(), strict=True))
    expected += [tape.events.person[[child, parent]].tolist() for child, parent, _ in as_rows(tape.influences)]
    expected = {(min(pair), max(pair)) for pair in expected if pair[0] != pair[1]}
    assert [tuple(pair) for pair in links(tape, world).tolist()] == sorted(expected)
    for kind in ("png", "svg", "pdf"):
        one, two = (save(network(tape, world), tmp_path / f"{k}.{kind}").read_bytes() for k in "ab")
        assert one == two


def chain(n):
    persons = [f"P{i}" for i in range(n)]
    return make_tape(persons, [(DISCOVER, 0, {})] + [(LEARN, i, {i - 1: 1.0}) for i in range(1, n)])


@pytest.mark.parametrize("n", [3, 10, 40])
def test_a_small_layout_keeps_the_distances(n):
    tape = chain(n)
    places = layout(tape, links(tape), 0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    steps = np.abs(np.arange(n)[:, None] - np.arange(n)[None])
    assert np.corrcoef(apart.ravel(), steps.ravel())[0, 1] > 0.97
    assert np.linalg.norm(places, axis=1).max() <= 1.0 + 1e-9
    assert places[0, 0] < 0  # it begins at the left


def test_neighbours_stay_together_and_the_layout_is_the_same_every_time():
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(15, 20))
    pairs, number = np.array(graph.edges()), np.arange(300)
    places = layout_of(chain(300), pairs, number, 0)
    assert np.array_equal(places, layout_of(chain(300), pairs[:, ::-1], number, 0))
    length = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    assert length.max() < np.median(np.hypot(*(places[:150] - places[150:]).T))
    far = dict(nx.all_pairs_shortest_path_length(graph))
    one, other = np.triu_indices(300, 1)
    steps = np.array([far[a][b] for a, b in zip(one.tolist(), other.tolist(), strict=True)])
    assert np.corrcoef(steps, np.hypot(*(places[one] - places[other]).T))[0, 1] > 0.9


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=90))
def test_any_ties_have_a_layout_in_the_circle_in_which_nobody_lies_on_another(n, ties):
    pairs = np.array([(a % n, b % n) for a, b in ties], int).reshape(-1, 2)
    places = layout_of(chain(n), pairs[pairs[:, 0] != pairs[:, 1]], np.arange(n), 0)
    assert places.shape == (n, 2)
    assert np.hypot(*places.T).max() <= 1.0 + 1e-9
    distances = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + np.eye(n)
    assert n < 2 or distances.min() > 0.3 / n
    assert layout_of(chain(n), np.zeros((0, 2), int), np.full(n, -1), 0).shape == (0, 2)


def test_in_a_large_layout_nobody_stands_further_in_than_who_has_fewer_ties_to_the_middle():
    scenario = ring(2000, kind="none").replace({"world.network": {"kind": "barabasi-albert", "links": 2}})
    tape, world = simulate(scenario), World.build(scenario)
    pairs = links(tape, world)
    assert tape.persons.total > MAX_ADJUSTED
    places = layout(tape, pairs, 0)
    middle = int(tape.events.person[tape.events.kind == DISCOVER][0])
    away = nx.single_source_shortest_path_length(nx.Graph(pairs.tolist()), middle)
    radius = np.linalg.norm(places, axis=1)
    depth = np.array([away[p] for p in range(tape.persons.total)])
    for d in range(1, depth.max() + 1):
        assert radius[depth == d - 1].max() <= radius[depth == d].min() + 1e-9
    # Evenly filled: a quarter of the area holds a quarter of the persons.
    assert abs((radius <= 0.5).mean() - 0.25) < 0.03
    assert len(np.unique(places.round(9), axis=0)) == len(places)


def test_the_chosen_moments_rise_to_the_peak_and_a_crowd_is_a_ring():
    tape = chain(30)
    found = telling_moments(tape, 0)
    assert (found[0], found[-1], found) == (1, tape.steps, sorted(set(found)))
    tape = make_tape(with_crowd(["P1"], 98), [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0}, 49)])
    (axes,) = network(tape, steps=[2]).axes
    (filled,) = [patch for patch in axes.patches if patch.get_gid() == "crowd"]
    assert (filled.theta2 - filled.theta1) / 360 == pytest.approx(0.5)


def test_wrong_input_is_one_line():
    for options, message in (
        ({"idea": "idea 9"}, r"idea: no 'idea 9'; allowed: idea 0; did you mean 'idea 0'\?"),
        ({"steps": [4]}, "steps: must be a whole number from 0 to 3, is 4"),
        ({"steps": []}, "steps: 0 of them; allowed: 1 to 12"),
        ({"world": World.build(ring())}, "world: its persons"),
    ):
        with pytest.raises(ValueError, match=message):
            network(chain(3), **options)


def test_twenty_thousand_persons_are_pixels_in_a_vector_file(tmp_path):
    scenario = ring(20_000)
    tape, world = simulate(scenario, engine="kernels"), World.build(scenario)
    assert save(network(tape, world), tmp_path / "large.svg").stat().st_size < 2_000_000
