"""What every figure says is the tape: marks, labels and captions; and its words can be read."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy.spatial import cKDTree

from sim import Scenario, World, credit, simulate
from sim.experiments.notebook import LAWS
from sim.tape.tables import USE
from sim.views.figures.influence_over_time import influence_over_time
from sim.views.figures.lineage import lineage
from sim.views.figures.network import COLOURS, MAX_MARKS, NAMES, holding, mixed, named_persons, network
from sim.views.figures.network_state import states, telling_moments
from sim.views.figures.notebook_curve import notebook_figure
from sim.views.layout import chosen_idea, layout, links, single
from sim.views.style import Numbers, number, numbers, percent
from tests import FULL
from tests.tapes import as_rows
from tests.views.figures.test_figures import readable_texts
from tests.views.figures.test_network import ring

NAMED = ["e1_interpreter", "e4_bridge", "kant_critique", "lstm", "gauss_fft"]
SIZES = [200, *([5000, 100_000] if FULL else [2000])]


@cache
def case(name):
    scenario = ring(name) if isinstance(name, int) else Scenario.load(name)
    return simulate(scenario), World.build(scenario)


@pytest.mark.parametrize("name", [*NAMED, *SIZES])
def test_in_each_panel_of_the_network_marks_labels_and_caption_are_the_tape_at_that_step(name):
    tape, world = case(name)
    idea = chosen_idea(tape, None)
    places = layout(tape, links(tape, world), idea)
    figure = network(tape, world)
    steps = telling_moments(tape, idea)
    happened = set(tape.events.step[(tape.events.idea == idea) & (tape.events.kind != USE)].tolist())
    assert {min(happened), max(happened)} <= set(steps) <= happened
    for axes, step in zip(figure.axes, steps, strict=True):
        now = states(tape, idea, step)
        mine = [(kind, count) for when, kind, _, of, count in as_rows(tape.events) if when <= step and of == idea]
        held = sum({0: 1, 1: 1, 3: -1, 4: -1}.get(kind, 0) * count for kind, count in mine)
        caption = f"step {step}: {holding(held)} ({percent(held / tape.world_size)})"
        assert axes.get_title("left").replace("\n", ": ") == caption
        for part in axes.collections:
            if part.get_gid() in NAMES:
                state = NAMES.index(part.get_gid())
                assert np.allclose(part.get_facecolors()[:, :3], to_rgb(COLOURS[state]))
                for spot in part.get_offsets()[:: max(1, len(part.get_offsets()) // 50)]:
                    near = np.flatnonzero(np.hypot(*(places - spot).T) < 1e-9)
                    assert now[near].tolist() == [state], "nobody lies upon another"
        for person in named_persons(tape).tolist():
            (text,) = [text for text in axes.texts if text.get_gid() == f"name {person}"]
            away = np.hypot(*(np.array(text.get_position()) - places[person]))
            box = text.get_window_extent().transformed(axes.transData.inverted())
            assert away < 0.9 * (box.width + box.height), "it stands at its own node"
    readable_texts(figure)


@pytest.mark.parametrize("name", [*NAMED, *SIZES])
def test_no_two_persons_lie_upon_each_other_and_thousands_show_no_pattern(name):
    tape, world = case(name)
    places = layout(tape, links(tape, world), chosen_idea(tape, None))[single(tape)]
    n = len(places)
    if n == 1:
        return
    nearest, other = (column[:, 1] for column in cKDTree(places).query(places, 2))
    assert nearest.min() > (0.5 if n <= 10_000 else 0.05) / np.sqrt(n)
    if n > 1000:  # the angles of the nearest neighbours have no direction of their own
        turn = np.angle((places[other] - places) @ np.array([1, 1j]))
        assert max(abs(np.exp(1j * fold * turn).mean()) for fold in (1, 2, 3, 4, 6)) < 0.12


def test_a_picture_of_many_has_in_each_part_the_colours_in_their_parts():
    rng = np.random.default_rng(3)
    places = rng.uniform(-0.7, 0.7, (60_000, 2))
    state = (rng.random(60_000) < np.where(places[:, 0] < 0, 0.25, 0.75)).astype(int)
    picture = mixed(places, ("#000000", "#FFFFFF"), state, 1.0)
    sides = [picture[80:250, 80:150].mean(), picture[80:250, 180:250].mean()]
    assert sides == pytest.approx([0.25, 0.75], abs=0.02)
    assert len(places) > MAX_MARKS


@pytest.mark.parametrize("name", [*NAMED, *SIZES])
def test_no_words_of_lineage_and_influence_are_cut_off_or_overlap(name):
    tape, _ = case(name)
    for figure in (lineage(tape), influence_over_time(tape, credit(tape))):
        readable_texts(figure)


def test_the_first_picture_says_what_it_draws():
    law = {name: np.array([LAWS[name](float(t)) for t in (0, 60, 119)]) for name in LAWS}
    curve = SimpleNamespace(theory=law, simulated=law, error={name: np.full(3, 0.01) for name in LAWS}, rate=0.02,
                            steps=120, pairs=10, found=np.array([0, 60, 119]))  # fmt: skip
    figure = notebook_figure(curve)
    said = {text.get_text() for text in (*figure.texts, *figure.axes[0].texts)}
    assert "By priority the genius deserves everything. By impact, nothing." in said
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    assert set(lines["priority"].get_ydata()) == {1.0}
    assert f"{percent(float(lines['lineage'].get_ydata()[-1]))} by impact: what stands on it" in said
    assert float(lines["lineage-theory"].get_ydata()[-1]) < 0.01
    readable_texts(figure)


@pytest.mark.parametrize("values", [
    [3.5201, 3.5172, 3.5066], [0.1001, 0.1002], [1e6, 1.002e6, 1.004e6], [0.0, 2e-5, 4e-5], [12345.2, 12345.4, 12345.6],
    [-0.02, 0.0, 0.02],
])  # fmt: skip
def test_ticks_and_cells_are_distinct_and_near_what_they_stand_for(values):
    ticks = Numbers()
    ticks.set_locs(values)
    for texts in (numbers(values), ticks.format_ticks(values), [ticks(x) for x in values]):
        assert len(set(texts)) == len(values)
        for text, value in zip(texts, values, strict=True):
            if not set(text) & set("×⁰¹²³⁴⁵⁶⁷⁸⁹"):
                assert float(text.replace(",", "")) == pytest.approx(value, abs=(max(values) - min(values)) / 100)
    assert number(values[0]) == numbers(values[:1])[0]
