"""The figures of a study show what stands in the summary and the indices, and nothing runs out of them."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from sim.study.analysis import summarise
from sim.views.figures.save import save
from sim.views.figures.study_lines import MAX_LINES, study_lines
from sim.views.figures.study_map import study_map
from sim.views.figures.study_panels import MAX_PANELS
from sim.views.figures.study_tornado import study_tornado
from tests import FULL
from tests.views.figures.test_figures import readable_texts

RATE, REACH, CLARITY = "dynamics.abandon_rate", "population.reach", "persons.Immanuel Kant.clarity"
KEYS = [RATE, REACH, CLARITY]


def runs(rates=(0.0, 0.1, 0.5), reaches=(0.2, 0.7), clarities=(1, 2, 3, 4), replicates=5, seed=3):
    luck, cells = np.random.default_rng(seed), enumerate(itertools.product(rates, reaches, clarities))
    runs = [(cell, k, k, *setting) for cell, setting in cells for k in range(replicates)]
    rows = [(*run, 100 * luck.random() + run[0], None) for run in runs]
    return pd.DataFrame(rows, columns=["cell", "replicate", "seed", *KEYS, "total", "error"])


def summary_of(*by, **settings):
    return summarise(runs(**settings), ["total"], by=list(by))


def field_of(figure):
    (field,) = [mesh for mesh in figure.axes[0].collections if isinstance(mesh, QuadMesh)]
    return field


def words(figure):
    return [text.get_text() for text in figure.findobj(Text)]


within = partial(readable_texts, slack=1.0)


def line(axes, label):
    (found,) = [drawn for drawn in axes.lines if drawn.get_gid() == label]
    return found


def test_a_line_has_the_means_and_its_band_the_intervals():
    summary = summary_of(RATE, REACH)
    figure = study_lines(summary, RATE, REACH)
    (axes,) = figure.axes
    for reach in (0.2, 0.7):
        rows = summary[summary[REACH] == reach]
        drawn = line(axes, str(reach))
        assert drawn.get_xdata().tolist() == [0.0, 0.1, 0.5]
        assert drawn.get_ydata() == pytest.approx(rows["mean"].to_numpy())
        (band,) = [shape for shape in axes.collections if shape.get_gid() == f"band {reach}"]
        corners = band.get_paths()[0].vertices
        for x, low, high in rows[[RATE, "low", "high"]].itertuples(index=False):
            at = corners[np.isclose(corners[:, 0], x), 1]
            assert [at.min(), at.max()] == pytest.approx([low, high])
    assert line(axes, "0.2").get_color() != line(axes, "0.7").get_color()
    assert "Mean of 20 runs each. Band: the 95% interval of the mean (BCa)." in words(figure)
    within(figure)
    for rates, scale in (((0.001, 0.01, 0.1), "log"), ((0.0, 0.01, 10.0), "linear")):
        assert study_lines(summary_of(RATE, rates=rates), RATE).axes[0].get_xscale() == scale


def test_panels_have_the_lines_of_their_value_and_one_scale(tmp_path):
    summary = summary_of(*KEYS)
    figure = study_lines(summary, RATE, REACH, CLARITY)
    for axes, clarity in zip(figure.axes, (1, 2, 3, 4), strict=True):
        rows = summary[(summary[REACH] == 0.7) & (summary[CLARITY] == clarity)]
        assert line(axes, "0.7").get_ydata() == pytest.approx(rows["mean"].to_numpy())
        assert f"{CLARITY} = {clarity}" in [text.get_text() for text in axes.texts]
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    within(figure)
    made = [save(study_lines(summary, RATE, REACH, CLARITY), tmp_path / f"{k}.svg").read_bytes() for k in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 12, MAX_PANELS] if FULL else [1, 3, MAX_PANELS])
def test_as_many_panels_as_there_is_room_for(count):
    summary = summary_of(*KEYS, clarities=range(count))
    for figure in (study_lines(summary, RATE, REACH, CLARITY), study_map(summary, RATE, REACH, CLARITY)):
        assert len(figure.axes) in (count, count + 1)
        within(figure)


@pytest.mark.parametrize("colours", [1, 2, 5, MAX_LINES])
def test_colours_differ_and_grow_lighter_with_numbers(colours):
    figure = study_lines(summary_of(RATE, REACH, reaches=np.linspace(0.1, 0.9, colours)), RATE, REACH)
    inks = [drawn.get_color() for drawn in figure.axes[0].lines if drawn.get_gid()]
    assert len(set(inks)) == len(inks) == colours
    if colours > 2:
        light = [np.dot(to_rgb(ink), (0.3, 0.59, 0.11)) for ink in inks]
        assert light == sorted(light)
    within(figure)


def test_words_stand_side_by_side_and_a_setting_without_a_value_is_a_gap():
    table = runs()
    table["net"] = np.where(table["replicate"] % 2, "ring", "scale-free")
    summary = summarise(table, ["total"], by=["net", REACH])
    figure = study_lines(summary, "net", REACH)
    (axes,) = figure.axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["ring", "scale-free"]
    drawn = line(axes, "0.2")
    assert (drawn.get_linestyle(), np.round(drawn.get_xdata()).tolist()) == ("None", [0, 1])
    assert drawn.get_ydata() == pytest.approx(summary[summary[REACH] == 0.2]["mean"].to_numpy())
    within(figure)
    table.loc[(table[RATE] == 0.1) & (table[REACH] == 0.2), ["total", "error"]] = [np.nan, "no"]
    summary = summarise(table, ["total"], by=[RATE, REACH])
    figure = study_lines(summary, RATE, REACH)
    assert np.isnan(line(figure.axes[0], "0.2").get_ydata()).tolist() == [False, True, False]
    assert any("20 runs failed" in text for text in words(figure))
    figure = study_map(summary, RATE, REACH)
    gaps = np.ma.getmaskarray(field_of(figure).get_array()).reshape(2, 3)
    assert gaps.tolist() == [[False, True, False], [False, False, False]]
    assert len(figure.axes[0].lines) == 2  # the cross
    nothing = summary.assign(mean=np.nan, low=np.nan, high=np.nan)
    for draw in (study_lines, study_map):
        within(draw(nothing, RATE, REACH))


def test_a_map_has_the_means_in_their_places():
    summary = summary_of(RATE, REACH)
    figure = study_map(summary, RATE, REACH)
    (axes, *_), mean = figure.axes, summary.set_index([REACH, RATE])["mean"]
    wanted = np.array([[mean[y, x] for x in (0.0, 0.1, 0.5)] for y in (0.2, 0.7)])
    assert np.asarray(field_of(figure).get_array()).reshape(2, 3) == pytest.approx(wanted)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "0.1", "0.5"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0.2", "0.7"]
    assert len(axes.texts) == 6  # the means, in print
    within(figure)
    table = runs()
    table["total"] -= table["total"].mean() - 1
    norm = field_of(study_map(summarise(table, ["total"], by=[RATE, CLARITY]), RATE, CLARITY)).norm
    assert norm.vmin == -norm.vmax < 0
    summary = summary_of(RATE, REACH, rates=np.linspace(0, 1, 101), reaches=np.linspace(0, 1, 60), clarities=(1,))
    assert len(study_map(summary, RATE, REACH).axes[0].texts) == 0


def indices(kinds, values, wide=0.1, names=("a.x", "a.y", "a.z")):
    named = zip(itertools.product(kinds, names), np.ravel(values), strict=True)
    rows = [(kind, name, None, value, value - wide, value + wide) for (kind, name), value in named]
    return pd.DataFrame(rows, columns=["index", "parameter", "other", "value", "low", "high"])


def test_a_tornado_has_the_largest_at_the_top():
    figure = study_tornado(indices(("first", "total"), ((0.1, 0.6, 0.0), (0.2, 0.7, 0.05))), "total")
    (axes,) = figure.axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a.y", "a.x", "a.z"]
    for kind, wanted in (("total", [0.7, 0.2, 0.05]), ("first", [0.6, 0.1, 0.0])):
        bars = sorted((bar for bar in axes.patches if bar.get_gid() == kind), key=lambda bar: bar.get_y())
        assert [bar.get_width() for bar in bars] == pytest.approx(wanted)
        (spans,) = [shape for shape in axes.collections if shape.get_gid() == f"{kind} interval"]
        ends = sorted(spans.get_segments(), key=lambda segment: segment[0, 1])
        assert [segment[:, 0].tolist() for segment in ends] == [pytest.approx([v - 0.1, v + 0.1]) for v in wanted]
    assert axes.get_xlim()[0] < -0.1  # the end of an interval
    within(figure)
    table = indices(("mu_star", "mu", "sigma"), ((1.0, 4.0, 0.0), (1.0, -4.0, 0.0), (0.5, 2.0, 0.0)))
    (axes,) = study_tornado(table, "total").axes
    assert [bar.get_width() for bar in axes.patches if bar.get_gid() == "mu_star"] == [4.0, 1.0, 0.0]
    assert line(axes, "sigma").get_xdata().tolist() == [2.0, 0.5, 0.0]
    names, values = [f"persons.somebody with a very long name {k}.clarity" for k in range(40)], np.linspace(0, 1, 40)
    figure = study_tornado(indices(("first", "total"), (values / 2, values), names=names), "total")
    assert len(figure.axes[0].get_yticklabels()) == 25
    assert any("25 largest" in text for text in words(figure))


def many(rates=2, reaches=2):
    settings = {"rates": np.linspace(0, 1, rates), "reaches": np.linspace(0, 1, reaches)}
    return summary_of(RATE, REACH, **settings, clarities=(1,), replicates=1)


@pytest.mark.parametrize(("call", "message"), [
    (lambda s: study_lines(s, "rate"), "no column 'rate'"),
    (lambda s: study_lines(s, RATE), "two rows of total at"),
    (lambda s: study_lines(s, RATE, RATE, REACH), "each can be shown in one way only"),
    (lambda s: study_lines(s, RATE, REACH, CLARITY, "totl"), "measure: no 'totl'; allowed: total"),
    (lambda s: study_lines(s[:0], RATE), "it has no rows"),
    (lambda s: study_map(s, RATE, REACH), "two rows of total"),
    (lambda s: study_lines(pd.concat([s, s.assign(measure="b")]), RATE, REACH, CLARITY), "choose one of total, b"),
    (lambda s: study_lines(many(reaches=40), RATE, REACH), "40 values; at most 12 lines"),
    (lambda s: study_lines(many(reaches=40), RATE, None, REACH), "40 values; at most 16 panels"),
    (lambda s: study_map(many(rates=300), RATE, REACH), "300 values; at most 200"),
    (lambda s: study_tornado(s, "total"), "no column 'index'"),
    (lambda s: study_tornado(indices(("mu",), ((1, 2, 3),)), "total"), "there are mu; needed: mu_star, sigma"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call(summary_of(*KEYS, replicates=2))
