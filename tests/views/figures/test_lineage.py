"""The lineage of an idea: the tree is walked again by hand, and its lines are held not to cross."""

import numpy as np
import pytest
from hypothesis import given, settings
from matplotlib.colors import to_rgb

from sim import Scenario, simulate
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE
from sim.views.figures.lineage import MAX_NAMED_LINES, lineage
from sim.views.figures.lineage_tree import branch_of, branches, tree
from sim.views.figures.network import network
from sim.views.figures.save import save
from sim.views.style import SERIES
from tests.tapes import make_tape, tapes


def heaviest(tape, event):
    rows = np.flatnonzero(tape.influences.child == event).tolist()
    return -max((float(tape.influences.weight[row]), -int(tape.influences.parent[row])) for row in rows)[1]


@given(tapes())
@settings(max_examples=80)
def test_the_tree_is_who_learned_from_whom(tape):
    events = tape.events
    for idea in range(len(tape.ideas)):
        found = tree(tape, idea)
        assert found.event.tolist() == np.flatnonzero((events.idea == idea) & (events.kind <= LEARN)).tolist()
        assert sorted(found.place.tolist()) == list(range(len(found.event)))
        for row, (event, by) in enumerate(zip(found.event.tolist(), found.parent.tolist(), strict=True)):
            assert by == -1 if events.kind[event] == DISCOVER else found.event[by] == heaviest(tape, event)
            below = [r for r in range(len(found.event)) if row in ancestors(found, r)]
            first = found.place[row]
            assert sorted(found.place[below].tolist()) == list(range(first, first + len(below)))
            assert found.size[row] == len(below)
            gone = (events.idea == idea) & (events.person == events.person[event])
            gone &= np.isin(events.kind, (ABANDON, LEAVE)) & (np.arange(len(events)) >= event)
            if tape.persons.size[tape.persons.group[events.person[event]]] == 1:
                assert found.end[row] == [*events.step[gone].tolist(), tape.steps][0]


def ancestors(found, row):
    chain = [row]
    while found.parent[chain[-1]] >= 0:
        chain.append(int(found.parent[chain[-1]]))
    return chain


@given(tapes())
@settings(max_examples=60)
def test_no_branching_off_crosses_an_earlier_line(tape):
    for idea in range(len(tape.ideas)):
        found = tree(tape, idea)
        for row, by in enumerate(found.parent.tolist()):
            between = (found.place > found.place[by]) & (found.place < found.place[row])
            assert by < 0 or (np.flatnonzero(between) > row).all()  # they begin later


@given(tapes())
@settings(max_examples=15)
def test_any_tape_can_be_drawn(tape):
    assert lineage(tape).axes
    assert 1 <= len(network(tape).axes) <= 12


def family(children=3, generations=6):
    """A tree in which everybody tells so many others, and the last one makes it work."""
    people = [f"P{i}" for i in range(sum(children**k for k in range(generations + 1)))]
    told = [(LEARN, i, {(i - 1) // children: 1.0}) for i in range(1, len(people))]
    return make_tape(people, [(DISCOVER, 0, {}), *told, (IMPLEMENT, len(people) - 1, {len(people) - 1: 1.0})])


def test_few_lines_have_names_and_many_are_a_picture():
    (few,), (many,) = lineage(family(2, 3)).axes[:1], lineage(family(3, 6)).axes[:1]
    assert sorted(text.get_text() for text in few.texts) == sorted(f"P{i}" for i in range(15))
    (lines,) = [part for part in few.collections if part.get_gid() == "holdings"]
    assert len(lines.get_segments()) == 15 <= MAX_NAMED_LINES
    assert [picture.get_gid() for picture in many.images] == ["holdings"]
    assert [text.get_text() for text in many.texts][:3] == ["P0: 1,093", "P1: 364", "P2: 364"]
    (axes,) = lineage(make_tape(["P1"], [], ideas=("idea 0", "none")), "none").axes
    assert "Nobody adopted it" in axes.texts[0].get_text()


def test_the_picture_is_as_dark_as_the_part_of_its_lines_that_is_there(tmp_path):
    tape = family(3, 6)  # 1,093 adoptions, one a step
    picture = np.asarray(lineage(tape).axes[0].images[0].get_array())
    dark = (picture < 0.999).any(axis=2).mean(axis=0)
    assert dark[-25] > 0.99  # at the end everybody holds it
    assert dark[len(dark) // 2] == pytest.approx(0.5, abs=0.2)
    assert dark[0] < 0.02
    for kind in ("png", "svg", "pdf"):
        one, two = (save(lineage(tape), tmp_path / f"{k}.{kind}").read_bytes() for k in "ab")
        assert one == two


@pytest.mark.parametrize(
    "tape", [family(3, 6), family(2, 8), family(30, 2), family(1, 200), simulate(Scenario.load("kant_critique"))]
)
def test_the_largest_branches_are_in_colour_with_their_names_at_their_own_lines(tape):
    found = tree(tape, 0)
    heads = branches(found)
    mine = branch_of(found, heads)
    sizes = np.bincount(mine, minlength=len(heads) + 1)
    assert max(found.roots, key=lambda row: found.size[row]) in heads
    assert sizes[-1] <= len(found.event) / 20 * len(found.roots)  # what is left grey is small lineages
    assert min(sizes[:-1]) >= len(found.event) / 20
    for row in range(0, len(found.event), 7):
        nearest = next((heads.tolist().index(a) for a in ancestors(found, row) if a in heads), len(heads))
        assert mine[row] == nearest
    (axes,) = lineage(tape).axes
    picture, texts = np.asarray(axes.images[0].get_array()), [text.get_text() for text in axes.texts]
    tall, later = len(picture), [line for line in axes.lines if line.get_linewidth() == 2.4]
    for number, (head, line) in enumerate(zip(heads.tolist(), later, strict=True)):
        name = tape.persons.name_of(int(tape.events.person[found.event[head]]))
        assert texts[number].startswith(f"{name}: ")
        assert line.get_color() == SERIES[number]
        low, high = (int(np.ceil(y + 0.5)) for y in line.get_ydata())
        assert set(mine[np.isin(found.place, np.arange(low, high))]) == {number}
        seen = picture[low * tall // len(found.event) : high * tall // len(found.event)]
        inked = seen[(seen < 0.9).any(axis=2)]
        ink = (1.0 - inked) / np.maximum((1.0 - inked).max(axis=1, keepdims=True), 1e-9)
        own = 1.0 - np.array(to_rgb(SERIES[number]))
        assert np.median(np.abs(ink - own / own.max()).max(axis=1)) < 0.05
