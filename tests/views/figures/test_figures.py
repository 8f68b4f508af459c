"""The figures draw what the tape and the table say; every number here is counted again, another way."""

import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import permutations
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from sim import Scenario, compare, credit, simulate
from sim.accounts.methods import METHODS
from sim.accounts.over_time import credit_over_time
from sim.accounts.summary import summary
from sim.tape.rows import Recorder
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE, USE, Persons
from sim.views.figures.accounts import FIRST, accounts_side_by_side
from sim.views.figures.credit_bars import credit_bars
from sim.views.figures.giants import giants_over_time
from sim.views.figures.influence_lines import downstream, rows
from sim.views.figures.influence_over_time import influence_over_time
from sim.views.figures.save import save, save_figures
from sim.views.figures.spread import LINEAR, THIN, spread
from sim.views.style import SERIES, apart, number, percent, readable
from sim.views.time_axis import clock
from tests import FULL
from tests.tapes import as_rows, finish_tape, make_tape, tapes, with_crowd


def tape_of(recorder, persons, ideas, steps, realised=(), **provenance):
    people = Persons(*zip(*persons, strict=True))
    return finish_tape(recorder, people, realised, ideas=tuple(ideas), steps=steps, provenance=provenance)


@cache
def shipped(name):
    return replace(simulate(Scenario.load(name)), provenance={})


bridge = partial(shipped, "e4_bridge")  # three persons hand an idea on, the third tells the world
abandoned = partial(shipped, "e2_implementer")  # the crowd learns, loses faith, learns again
world = partial(shipped, "genius_notebook")  # thousands of persons, and a genius whom nearly nobody heard
thousands = partial(shipped, "e3_one_thousand_thousand")  # a thousand tellers, a thousand makers


@cache
def cascades(persons=7000, posts=29, seed=3):
    """Retweets over some days, with times in Unix seconds and names that are numbers."""
    luck = np.random.default_rng(seed)
    sizes = (luck.pareto(1.0, posts) + 0.05) * 40
    sizes = np.minimum(3000, np.maximum(8, sizes * (persons - posts) / sizes.sum())).astype(int)
    deeds = [(1464739201 + 1200 * post + delay, post) for post, size in enumerate(sizes)
             for delay in (0, *luck.lognormal(7.5, 1.4, size).clip(1, 1e5).astype(int).tolist())]  # fmt: skip
    r, rows, realised = Recorder(), {}, []
    for who, (when, post) in enumerate(sorted(deeds)):
        earlier = [row for row in rows.get(post, ())[::100] if r.events[row][0] < when]
        parents = {earlier[int(luck.integers(len(earlier)))]: 1.0} if earlier else None
        row = r.event(when, LEARN if parents else DISCOVER, who, post, parents=parents)
        rows.setdefault(post, []).append(row)
        realised += [(row, -1, 1.0)] if parents else []
    names = [(str(100000 + 37 * k), 1, 1) for k in range(len(deeds))]
    ideas = [f"cascade {14700 + k}" for k in range(posts)]
    return tape_of(r, names, ideas, max(deeds)[0], realised, time_unit="second", format="weibo")


@cache
def nothing():
    return tape_of(Recorder(), [("genius", 1, 1), ("crowd", 1, 999)], ["a theory"], 10)


@cache
def catalogue(ideas=10_000, seed=5):
    """Ten thousand ideas among a hundred persons, a third of which nobody ever has."""
    luck, r, rows = np.random.default_rng(seed), Recorder(), []
    for step in range(1, 61):
        for idea in set(luck.choice(ideas, 110).tolist()) - {idea for _, idea, _, _ in rows}:
            person = int(luck.integers(100))
            rows.append((r.event(step, DISCOVER, person, idea), idea, step, person))
        for row, idea, since, teller in [rows[k] for k in luck.integers(0, len(rows), 130)]:
            person = int(luck.integers(100))
            if since < step and person != teller:
                rows.append((r.event(step, LEARN, person, idea, parents={row: 1.0}), idea, step, person))
    names = [f"idea {k}" for k in range(ideas)]
    return tape_of(r, [("scholar", 100, 1)], names, 60, [(row, -1, 1.0) for row, *_ in rows])


HOSTILE = (
    "$x_{", "<script>alert('&')</script>", "_leading", "a name " * 40, "שלום עולם", "مرحبا", "\\frac{1}{0}", "\x00\n\t",
    "王伟", "𝕏🎉", "%s {} #", "\ud800", "-1", "",
)  # fmt: skip


@cache
def hostile():
    r = Recorder()
    root = r.event(1, DISCOVER, 0, 0)
    told = [r.event(1 + k, LEARN, k, 0, parents={root: 1.0}) for k in range(1, len(HOSTILE))]
    for idea in range(1, len(HOSTILE)):
        r.event(20, DISCOVER, idea, idea)
    return tape_of(r, [(name, 1, 1) for name in HOSTILE], HOSTILE, 22, [(row, -1, 1.0) for row in told])


CASES = [bridge, abandoned, world, thousands, cascades, nothing, catalogue, hostile]


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def labels_of(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def drawn_texts(figure):
    """The texts that are seen, with their boxes in pixels; tick labels outside of the view are not."""
    figure.canvas.draw()
    found = [*figure.texts]
    for axes in figure.axes:
        found += [*axes.texts, *(axes.get_legend().get_texts() if axes.get_legend() else ())]
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = sorted(axis.get_view_interval())
            if axis.get_visible():
                found += [axis.label, *(t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high)]
    return [(text.get_text(), text.get_window_extent()) for text in found if text.get_text() and text.get_visible()]


def readable_texts(figure, slack=0.0):
    """All words lie inside of the figure, and no two of them on each other."""
    wide, tall = figure.get_size_inches() * figure.dpi + slack
    seen = drawn_texts(figure)
    for k, (text, box) in enumerate(seen):
        assert min(box.x0 + slack, box.y0 + slack, wide - box.x1, tall - box.y1) >= 0.0, text
        for other, its in seen[:k]:
            across, up = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert min(across, up) <= 1.0 + slack, (text, other)


def assert_curves(tape):
    figure, after, where = spread(tape), counted(tape), clock(tape)
    panels = [axes for axes in figure.axes if any((line.get_gid() or "").startswith("idea-") for line in axes.lines)]
    assert len(panels) == (0 if not after else 1 + (max(max(c.values()) for c in after.values()) > LINEAR))
    largest = sorted(after, key=lambda idea: (-max(after[idea].values()), idea))
    alone = largest if len(largest) <= len(SERIES) + THIN - 1 else largest[: len(SERIES) - 1]
    assert {line.get_gid() for axes in panels for line in axes.lines} - {None} == {f"idea-{idea}" for idea in alone}
    for axes in panels:
        for idea in alone:
            steps, counts = list(after[idea]), list(after[idea].values())
            (line,) = [line for line in axes.lines if line.get_gid() == f"idea-{idea}"]
            assert np.asarray(line.get_ydata()).tolist() == [0, *counts, counts[-1]]
            np.testing.assert_allclose(line.get_xdata(), where.of(np.array([steps[0], *steps, tape.steps])))


def assert_widths(table):
    widths = sum(patch.get_width() for patch in credit_bars(table).axes[0].patches)
    assert widths == pytest.approx(float(table.persons.credit.sum()), rel=1e-9, abs=1e-12)


def counted(tape):
    """Holders of every idea after every step with an event of it, one event after the other."""
    held, after = Counter(), {}
    for step, kind, _, idea, count in as_rows(tape.events):
        held[idea] += {DISCOVER: count, LEARN: count, ABANDON: -count, LEAVE: -count}.get(kind, 0)
        if kind not in (IMPLEMENT, USE):
            after.setdefault(idea, {})[step] = held[idea]
    return after


@given(tapes())
@settings(max_examples=40)
def test_curves_are_the_holders_and_bars_sum_to_the_total(tape):
    assert_curves(tape)
    for method in ("role-flow", "person-pagerank", "priority"):
        assert_widths(credit(tape, method))


def test_the_small_beginning_and_the_crowd_are_both_seen():
    figure = spread(bridge())
    linear, logarithmic, strip = figure.axes
    assert (linear.get_yscale(), logarithmic.get_yscale()) == ("linear", "symlog")
    places = logarithmic.transData.transform([(1, 1), (2, 2), (4, 10**10)])[:, 1] / logarithmic.bbox.height
    assert (np.diff(places) > [0.015, 0.7]).all()
    low, high = linear.get_ylim()
    assert low <= 0 < 10**10 <= high
    assert labels_of(strip) == ["discovered"]
    assert "idea  10¹⁰" in texts(figure)


def test_strip_has_every_moment():
    events, figure = abandoned().events, spread(abandoned())
    marks = {c.get_gid(): np.asarray(c.get_offsets())[:, 0].tolist() for c in figure.axes[-1].collections}
    for name, kind in (("discovered", DISCOVER), ("implemented", IMPLEMENT), ("abandoned", ABANDON)):
        assert marks[name] == events.step[events.kind == kind].tolist() != []
    gone = int(events.count[events.kind == ABANDON].sum())
    assert [t for t in texts(figure) if " time" in t] == ["1 time", "1 time", f"{number(gone)} times"]


def test_ten_thousand_ideas_are_six_lines_and_a_band():
    figure, after = spread(catalogue()), counted(catalogue())
    axes = figure.axes[0]
    assert sum((line.get_gid() or "").startswith("idea-") for line in axes.lines) == 6
    others = sorted(after, key=lambda idea: (-max(after[idea].values()), idea))[6:]
    assert f"other ideas ({number(len(others))})" in texts(figure)
    (band,) = [c for c in axes.collections if c.get_gid() == "others"]
    assert band.get_paths()[0].vertices[:, 1].max() == max(max(after[idea].values()) for idea in others)
    assert any(f"{number(10_000 - len(after))} of the 10,000 ideas never had a holder" in t for t in texts(figure))


@pytest.mark.parametrize("case", [bridge, abandoned, world, thousands, cascades, catalogue, hostile])
def test_curves_and_bars_of_large_and_hostile_runs_are_those_of_the_tape(case):
    assert_curves(case())
    table = credit(case())
    assert_widths(table)
    found = summary(table)
    assert sum(row.share for row in found) == pytest.approx(1.0)
    assert (sum(row.people for row in found), len(found) <= 26) == (len(table.persons), True)


def test_a_group_of_equals_is_one_bar_by_role():
    axes = credit_bars(credit(thousands())).axes[0]
    labels = sorted(labels_of(axes))  # of three thirds rounding says which comes first
    assert labels == ["implementer × 1,000 (each 0.033%)", "inventor", "teller × 1,000 (each 0.033%)"]
    assert [t.get_text().strip() for t in axes.texts] == ["33.3%"] * 3
    assert len({patch.get_facecolor() for patch in axes.patches}) == 3
    key = [text.get_text() for text in axes.get_legend().get_texts()]
    assert key == ["idea 33.3%", "communication 33.3%", "implementation 33.3%"]
    figure = credit_bars(credit(bridge(), "person-pagerank"))
    assert len({patch.get_facecolor() for patch in figure.axes[0].patches}) == 1
    assert "all roles together 100%" in texts(figure)


def test_the_genius_is_seen_beside_thousands():
    table = credit(world())
    share = float(table.persons.share[0])
    assert 0.0 < share < 1e-5
    axes = credit_bars(table).axes[0]
    names = labels_of(axes)
    assert axes.texts[names.index("genius")].get_text().strip() == percent(share)
    assert (names[-1], len(names)) == ("person: all others (4,977)", 26)
    credits = [sum(row.parts) for row in summary(table)[:-1]]
    assert credits == sorted(credits, reverse=True)


def test_no_credit_is_said_in_words():
    _, bars, _, *others = figures_of(nothing)
    assert "Nobody: no value was realised, the total is zero." in texts(bars)
    assert not bars.axes[0].patches
    for figure in others:
        assert any("Nobody" in text for text in texts(figure))


def value_by_influence(tape):
    """Walk back from every realised value along all ways that it came, and leave the parts of it there."""
    came = np.zeros(len(tape.influences))
    kind, parents = tape.events.kind, tape.parents

    def walk(event, part):
        for row in range(parents[event], parents[event + 1]):
            share = part * float(tape.influences.weight[row])
            came[row] += share
            if kind[event] != IMPLEMENT:
                walk(int(tape.influences.parent[row]), share)

    for event, work, value in zip(*tape.realised.columns().values(), strict=True):
        walk(int(event), float(value))
        if work >= 0:
            walk(int(work), float(value))
    return came


@given(tapes())
@settings(max_examples=80)
def test_strength_is_the_value_that_came_this_way(tape):
    strength, valued = downstream(tape)
    assert valued == (tape.total > 0)
    if valued:
        np.testing.assert_allclose(strength, value_by_influence(tape), rtol=1e-9, atol=1e-9)


def test_strength_is_people_where_nothing_was_realised():
    events = [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0}), (LEARN, 2, {1: 1.0}, 98)]
    strength, valued = downstream(make_tape(with_crowd(["P1", "P2"], 98), events))
    assert (strength.tolist(), valued) == ([99.0, 98.0], False)


def lines_of(figure):
    return [c for c in figure.axes[0].collections if c.get_gid() == "influences"]


@pytest.mark.parametrize("case", [bridge, abandoned, thousands, cascades, catalogue, hostile])
def test_every_influence_is_a_line_from_teller_to_learner(case):
    tape = case()
    figure = influence_over_time(tape, credit(tape))
    in_order, row = list(dict.fromkeys(p for p in tape.events.person.tolist() if p >= 0)), rows(tape).row
    assert np.argsort(np.where(row < 0, 2**40, row), kind="stable")[: len(in_order)].tolist() == in_order
    x, place = clock(tape).of(tape.events.step), places_of(figure, tape)
    assert sorted(place, key=place.get) == in_order  # wider rows, but the same order
    expected = Counter()
    for child, parent, _ in as_rows(tape.influences):
        if tape.events.kind[child] != USE:
            expected[tuple((float(x[event]), place[int(tape.events.person[event])]) for event in (parent, child))] += 1
    (drawn,) = lines_of(figure)
    assert Counter(tuple((float(a), float(b)) for a, b in segment) for segment in drawn.get_segments()) == expected


def places_of(figure, tape):
    """The height of each person's marks, which is one and the same for all of them."""
    found = {}
    for kind, name in ((DISCOVER, "discovers"), (LEARN, "learns"), (IMPLEMENT, "implements")):
        marks = [c.get_offsets().tolist() for c in figure.axes[0].collections if c.get_gid() == name]
        rows = np.flatnonzero(tape.events.kind == kind)
        many = tape.events.count[rows] > 1
        for some, here in zip((rows[~many], rows[many]), marks, strict=False):
            for row, (_, y) in zip(some.tolist(), here, strict=True):
                assert found.setdefault(int(tape.events.person[row]), y) == y
    return found


def test_only_the_strongest_of_thousands_are_drawn_and_the_note_says_so(tmp_path):
    tape, table = world(), credit(world())
    figure = influence_over_time(tape, table, most=500)
    (drawn,) = lines_of(figure)
    told = tape.events.kind[tape.influences.child] != USE
    assert (len(drawn.get_segments()), told.sum() > 20_000) == (500, True)
    assert any(f"The strongest 500 of {number(told.sum())} influences" in t for t in texts(figure))
    strength = np.sort(downstream(tape)[0][told])[-500:]
    widths = np.asarray(drawn.get_linewidths())
    assert (np.diff(widths) >= -1e-12).all()
    np.testing.assert_allclose((widths - 0.4) / 2.2, np.sqrt(strength / strength[-1]), rtol=1e-9)
    best = tape.persons.names()[int(np.argmax(table.persons.share))]
    assert f"{best}  {percent(float(table.persons.share.max()))}" in texts(figure)
    everything = influence_over_time(tape, table)
    save(everything, tmp_path / "influence.png")
    assert all(c.get_rasterized() for c in lines_of(everything))


def test_names_are_on_the_axis_of_a_few():
    axes = influence_over_time(abandoned(), credit(abandoned())).axes[0]
    assert labels_of(axes) == ["P1  33.3%", "P2  33.3%", "the crowd  0%", "P3  33.3%"]
    marks = {c.get_gid(): len(c.get_offsets()) for c in axes.collections if len(c.get_offsets()) > 1}
    assert marks["abandons"] == (abandoned().events.kind == ABANDON).sum() > 20


def test_persons_stand_by_their_first_event_whatever_their_group():
    tape = thousands()
    found = texts(influence_over_time(tape, credit(tape)))
    assert {"teller × 1,000  33.3%", "implementer × 1,000  33.3%", "inventor  33.3%", "the crowd  0%"} <= set(found)
    assert not any(text.startswith("implementer 1 ") for text in found)
    events = [(DISCOVER, person, {}, 1, idea) for idea, person in enumerate([1, 5, 3, 0, 2])]
    tape = make_tape(Persons(["a", "b", "c"], [2, 1, 3], [1, 1, 1]), events)
    assert rows(tape).row.tolist() == [3, 0, 4, 2, -1, 1]
    found = rows(tape, np.array([3]), 5.0)
    assert found.place[[1, 5, 3, 0, 2]].tolist() == [0.0, 1.0, 4.0, 7.0, 8.0]
    assert (found.count, found.height) == (5, 9.0)


@pytest.mark.parametrize("case", [bridge, abandoned, world, thousands, cascades, hostile])
def test_each_account_has_a_column_of_bars_as_long_as_its_shares(case):
    found = compare(case())
    figure, rows = accounts_side_by_side(found), found.sides(most=25)
    assert len(rows) <= 26
    longest = max(max(row.shares) for row in rows)
    for column, method in enumerate(found.tables):
        bars = [bar for bar in figure.axes[0].patches if bar.get_gid() == method]
        shares = [row.shares[column] for row in rows]
        np.testing.assert_allclose([bar.get_width() / 0.92 * longest for bar in bars], shares, atol=1e-14)
        assert all(column <= bar.get_x() < column + 1 for bar in bars)
        seen = [text.get_text() for text in figure.axes[0].texts if int(text.get_position()[0]) == column]
        for cell, share in zip(seen[-len(rows) :], shares, strict=True):
            assert cell == percent(share) or (cell == "<0.01%" and 0.0 < share < 1e-4)
        best = max(row.shares[column] for row in rows if row.kind != "rest")
        colours = {bar.get_facecolor()[:3] for bar, share in zip(bars, shares, strict=True) if share == best}
        assert best == 0.0 or colours == {to_rgb(FIRST)}
    assert all(METHODS[method].asks in " ".join(texts(figure)) for method in found.tables)


@pytest.mark.parametrize("case", [bridge, world, cascades])
def test_lines_are_the_shares_over_time(case):
    tape = case()
    found = credit_over_time(tape, steps=np.unique(tape.events.step)[-40:].tolist())
    figure, some = giants_over_time(tape, found), found.total > 0.0
    courses = found.courses(most=len(SERIES) - 1)
    lines = {line.get_gid(): line for line in figure.axes[0].lines if line.get_gid()}
    assert len(lines) == len(courses)
    for place, course in enumerate(courses):
        line = lines["others" if course.kind == "rest" else f"trajectory-{place}"]
        assert np.asarray(line.get_ydata()).tolist() == np.array(course.shares)[some].tolist()
        np.testing.assert_allclose(np.asarray(line.get_xdata(), float), clock(tape).of(found.steps[some]))
        if course.kind == "person":
            assert course.shares == pytest.approx(found.share[:, list(found.name).index(course.name)])


@pytest.mark.parametrize("case", [bridge, cascades] if FULL else [bridge])
def test_accounts_and_giants_are_the_same_bytes_every_time(case, tmp_path):
    for draw in (lambda t: accounts_side_by_side(compare(t)), lambda t: giants_over_time(t, credit_over_time(t))):
        one, other = draw(case()), draw(case())
        for name in ("a.svg", "a.png", "a.pdf"):
            assert save(one, tmp_path / name).read_bytes() == save(other, tmp_path / name).read_bytes()


@pytest.mark.parametrize("case", [bridge, world, thousands, nothing, hostile] if FULL else [bridge, nothing, hostile])
def test_threads_draw_the_same_files_and_touch_no_setting(case, tmp_path):
    before, tape, table = dict(matplotlib.rcParams), case(), credit(case())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = save_figures(tape, table, tmp_path / "alone")
    assert [path.name for path in made] == [
        f"{name}.{kind}" for name in ("spread", "credit", "influence") for kind in ("png", "svg")
    ]
    for png, svg in zip(made[::2], made[1::2], strict=True):
        ElementTree.parse(svg)
        assert not {b"tEXt", b"iTXt", b"tIME"} & {png.read_bytes()[k : k + 4] for k in range(200)}

    def drawn(k):
        return [path.read_bytes() for path in save_figures(tape, table, tmp_path / str(k), ("svg", "png", "pdf"))]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(drawn, range(6 if FULL else 2)))
    assert all(files == found[0] for files in found)
    assert dict(matplotlib.rcParams) == before


def test_wrong_input_is_refused_and_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="persons are not those of the tape"):
        influence_over_time(bridge(), credit(thousands()))
    with pytest.raises(ValueError, match="formats: no 'gif'; allowed: png, svg, pdf"):
        save_figures(bridge(), credit(bridge()), tmp_path / "none", ("png", "gif"))
    with pytest.raises(ValueError, match="figure format: no 'gif'"):
        save(spread(bridge()), tmp_path / "spread.gif")
    assert list(tmp_path.iterdir()) == []


@cache
def figures_of(case):
    tape = case()
    over_time = giants_over_time(tape, credit_over_time(tape, steps=np.unique(tape.events.step)[-30:].tolist()))
    some = (spread(tape), credit_bars(credit(tape)), influence_over_time(tape, credit(tape)))
    return (*some, accounts_side_by_side(compare(tape)), over_time)


def test_hostile_names_are_only_text():
    for figure in figures_of(hostile):
        found = texts(figure)
        named = [t for t in figure.findobj(Text) if t.get_text().startswith(("$x_{", "_leading"))]
        assert {text.get_text().strip()[:4] for text in named} == {"$x_{", "_lea"}
        assert not any(text.get_parse_math() for text in named)
        assert any("<script>" in text for text in found)
        assert all(text.replace("\u200e", "").isprintable() for text in found)


@pytest.mark.parametrize("case", CASES)
def test_no_text_is_cut_off_or_overlaps_another(case):
    for figure in figures_of(case):
        readable_texts(figure)


JUNE, MICRO, YEAR = 1464739200, 1464739200 * 10**6, 365 * 86400
WARTIME = {"time_unit": "second", "time_origin": -978307200}


@pytest.mark.parametrize(("steps", "provenance", "label", "ticks"), [
    ([3, 9], {}, "step", ["0", "8"]),
    ([1939, 1951], {"time_unit": "year"}, "year", ["1940", "1950"]),
    ([1939, 1951], {"format": "edges"}, "time", ["1940", "1950"]),
    ([0, 86400], {"time_unit": "second"}, "hours since the first event", ["0", "20"]),
    ([7, 7 + 3 * 86400], {"time_unit": "seconds"}, "days since the first event", ["0", "3"]),
    ([5, 8], {"time_unit": "generation"}, "time (generation)", ["5", "8"]),
    ([JUNE, JUNE + 86400], {"time_unit": "second"}, "2016-06-01 00:00 to 2016-06-02 00:00 UTC", ["1 Jun"]),
    ([0, 12 * YEAR], WARTIME, "1939-01-01 00:00 to 1950-12-29 00:00 UTC", ["1940", "1950"]),
    ([MICRO, MICRO + 900], {"time_unit": "microsecond"}, "microseconds since the first event", ["900"]),
    ([JUNE, JUNE + 60], {"time_unit": "second"}, "2016-06-01 00:00 to 2016-06-01 00:01 UTC", ["00:00:30"]),
    ([JUNE, JUNE + 90 * 86400], {"time_unit": "second"}, "2016-06-01 00:00 to 2016-08-30 00:00 UTC", ["1 Jul"]),
    ([10**17, 10**17 + 7200], {"time_unit": "second"}, "minutes since the first event", ["120"]),
])  # fmt: skip
def test_time_is_that_of_the_log(steps, provenance, label, ticks):
    recorder = Recorder()
    for step in steps:
        recorder.event(step, DISCOVER, 0, 0)
    tape = tape_of(recorder, [("A", 1, 1)], ["idea"], steps[-1], **provenance)
    axes = spread(tape).axes[-1]
    assert axes.xaxis.get_label_text() == label
    low, high = axes.xaxis.get_view_interval()
    places = zip(axes.xaxis.get_ticklocs(), axes.xaxis.get_ticklabels(), strict=True)
    shown = [text.get_text() for place, text in places if low <= place <= high]
    assert set(ticks) <= set(shown), shown
    assert len(shown) == len(set(shown)) >= 2
    left, right = axes.get_xlim()
    first, last = clock(tape).of(np.array(steps))
    assert left < first < last < right


def test_labels_keep_their_distance():
    luck = np.random.default_rng(2)
    for _ in range(200):
        wanted = luck.choice([0.0, 0.2, 0.21, 0.9, 1.0], luck.integers(1, 12)).tolist()
        found = apart(wanted, 0.08, 0.0, 1.0)
        assert np.diff(sorted(found)).min(initial=1.0) >= 0.08 - 1e-9
        assert -1e-9 <= min(found) <= max(found) <= 1.0 + 1e-9
        assert all(found[i] < found[j] for i, j in permutations(range(len(found)), 2) if wanted[i] < wanted[j])
    assert apart([0.1, 0.5, 0.9], 0.08, 0.0, 1.0) == pytest.approx([0.1, 0.5, 0.9])


def test_words_in_print():
    assert readable("x" * 100) == "x" * 16 + "…" + "x" * 9
    assert [percent(x) for x in (1.0, 1 - 1e-9, 0.5, 0.0333e-2, 0.0)] == ["100%", ">99.9%", "50.0%", "0.033%", "0%"]
    assert [number(x) for x in (999_999, 10**6, 1.5e12, 0.04)] == ["999,999", "10⁶", "1.5 × 10¹²", "0.04"]
