"""Films: what stands in the pictures is the tape's; files open, last as long as asked, and are the same every time."""

import re
import shutil

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image, ImageSequence

from sim import Scenario, World, credit, simulate
from sim.model.until import until
from sim.tape.tables import DISCOVER
from sim.views.figures.animation import animate, frames
from sim.views.figures.animation_scene import show, stage
from sim.views.figures.network import COLOURS, holding
from sim.views.figures.network_state import States
from sim.views.style import ROLE_COLOURS, percent
from tests.tapes import make_tape
from tests.views.figures.test_figures import readable_texts
from tests.views.figures.test_network import ring


def bridge():
    scenario = Scenario.load("e4_bridge")
    return simulate(scenario), World.build(scenario)


def test_a_gif_lasts_as_long_as_asked_and_is_the_same_every_time(tmp_path):
    tape, world = bridge()
    told = []
    one = animate(tape, world, tmp_path / "one.gif", seconds=2, fps=10, progress=lambda *done: told.append(done))
    two = animate(tape, world, tmp_path / "two.gif", seconds=2, fps=10)
    assert one.read_bytes() == two.read_bytes()
    assert told == [(k, 20) for k in range(1, 21)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.gif", "two.gif"]
    with Image.open(one) as film:
        assert sum(frame.info["duration"] for frame in ImageSequence.Iterator(film)) == 2000


@pytest.mark.parametrize("case", ["e4_bridge", "kant_critique", "ring"])
def test_marks_curve_bars_and_discs_are_those_of_the_tape_at_each_step(case):
    scenario = ring(200) if case == "ring" else Scenario.load(case)
    tape, world = simulate(scenario), World.build(scenario)
    on = stage(tape, world, None)
    roles = np.array([to_rgba(colour) for colour in ROLE_COLOURS.values()])
    for step in range(tape.steps + 1):
        show(on, step)
        if step % max(1, tape.steps // 6):
            continue
        known = States(tape, on.idea)
        known.turn_to(step)
        dots = on.parts["dots"]
        assert np.allclose(dots.get_offsets(), on.places[on.persons])
        colours = np.broadcast_to(dots.get_facecolors(), (len(on.persons), 4))
        assert np.allclose(colours, np.array([to_rgba(c) for c in COLOURS])[known.now[on.persons]])
        crowds = np.flatnonzero(tape.persons.size[tape.persons.group] > 1)
        for wedge, crowd in zip(on.parts["crowds"], crowds, strict=True):
            share = known.held[crowd] / tape.persons.size[tape.persons.group[crowd]]
            assert wedge.get_visible() == (share > 0)
            assert not share or (wedge.theta2 - wedge.theta1) / 360 == pytest.approx(share)
        assert on.parts["moment"].get_text() == f"step {step}: {holding(int(known.held.sum()))}"
        table = credit(until(tape, step, scenario))
        mine = np.zeros(tape.persons.total)
        mine[table.row] = table.persons.credit
        widths = [sum(bars[row].get_width() for bars in on.parts["bars"]) for row in range(len(on.giants))]
        assert widths == pytest.approx(mine[on.giants])
        said = [percent(c / table.total) if c > 0.0 else "" for c in mine[on.giants].tolist()]
        assert [text.get_text().strip() for text in on.parts["shares"]] == said
        seen = on.best[mine[on.best] > 0.0]
        assert np.allclose(on.parts["giants"].get_offsets(), on.places[seen]) if len(seen) else not mine[on.best].any()
        inks = on.parts["giants"].get_facecolors()[:, :3].tolist()
        assert not len(seen) or all(ink in roles[:, :3].tolist() for ink in inks)


def test_pictures_are_of_one_size_and_without_a_world_credit_stands_at_the_end():
    tape, world = bridge()
    on = stage(tape, world, None)
    pictures = np.array(list(frames(on, 30, 60)))  # all of one size
    assert len(pictures) == 30
    assert (np.array(pictures.shape[1:3]) % 2 == 0).all()
    assert (pictures[0] != pictures[-1]).any()
    assert (pictures[0][:5, :5] == 255).all()
    show(on, 4)
    readable_texts(on.figure, slack=1.0)
    on = stage(tape, None, None)
    for step, said in ((tape.steps - 1, ["", "", ""]), (tape.steps, [" 50.0%", " 25.0%", " 25.0%"])):
        show(on, step)
        assert [text.get_text() for text in on.parts["shares"]] == said


def test_what_is_told_to_the_crowd_goes_to_the_nearest_place_of_its_ring():
    tape, world = bridge()
    on = stage(tape, world, None)
    show(on, 4)  # P3 tells the crowd in step 4
    line = on.parts["routes"].get_segments()[0]
    assert line[1] == pytest.approx(on.places[2])
    assert np.hypot(*line[0]) == pytest.approx(1.1)
    assert np.cross([*line[0], 0], [*line[1], 0])[2] == pytest.approx(0.0)


def test_wrong_input_or_a_coder_that_is_not_there_or_fails_is_one_line(tmp_path, monkeypatch):
    def refused(message: str, name: str = "a.mp4", **options: object) -> None:
        with pytest.raises(ValueError, match=re.escape(message)):
            animate(*bridge(), tmp_path / name, **options)

    refused("film format: no 'avi'; allowed: gif, mp4", "a.avi")
    refused("seconds: must be in [1, 120], is 0.5", seconds=0.5)
    refused("fps: must be in [1, 50], is 51", fps=51)
    refused("idea: no 'nothing'", "a.gif", idea="nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    refused("an MP4 needs the program ffmpeg")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\necho no such codec >&2\nexit 3\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    refused("ffmpeg: no such codec", seconds=1, fps=5)
    assert [p.name for p in tmp_path.iterdir()] == ["ffmpeg"]


def test_where_nothing_happened_there_is_a_film_too(tmp_path):
    tape = make_tape(["P1"], [(DISCOVER, 0, {})])
    with Image.open(animate(tape, None, tmp_path / "still.gif", seconds=1, fps=5)) as film:
        assert film.size[0] == 720


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_an_mp4_is_one_and_the_same_every_time(tmp_path):
    tape, world = bridge()
    one, two = (animate(tape, world, tmp_path / f"{k}.mp4", seconds=1, fps=10).read_bytes() for k in "ab")
    assert one == two
    assert one[4:8] == b"ftyp"
