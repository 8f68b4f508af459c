"""The figure of the lineage of an idea: a tree in time, from its discoveries to everybody who ever held it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sim.tape.tables import DISCOVER, LEARN, Floats, Ints
from sim.tape.tape import Tape
from sim.views import style
from sim.views.figures.lineage_tree import Tree, branch_of, branches, tree
from sim.views.layout import chosen_idea
from sim.views.style import BLUE, GREEN, INK, ORANGE, PALE, SERIES, SMALL, number, readable
from sim.views.time_axis import Clock, clock

MAX_NAMED_LINES = 60
MAX_MARKS = 500  # implementations among thousands of lines
TALL, PIXELS = 5.2, (700, 1100)  # inches; lines and columns of the picture that replaces too many lines

KEY = [("o", BLUE, "discovers"), ("o", ORANGE, "learns"), ("s", GREEN, "makes it work")]


def lineage(tape: Tape, idea: str | int | None = None) -> Figure:
    """Draw who adopted an idea from whom, as a tree in time: a line per holding, from its beginning to its end.

    Persons who learned from another branch off below, the latest first, so that no lines cross. Up to 60 lines have
    names. Thousands are drawn as a picture, which is darker the more people hold the idea, in the colours of the
    largest branches; each of these extends to where the next begins.

    Args:
        tape: from a run or a log.
        idea: its name or number; by default the one with most realised value.

    Returns:
        A new Figure, 7.2 inches wide; axes[0] is the tree, whose lines have the gid "holdings".

    Raises:
        ValueError: if the idea is unknown.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))
    >>> [text.get_text() for text in lineage(tape).axes[0].texts]
    ['P1', 'P2', 'the crowd × 10¹⁰']
    """
    which = chosen_idea(tape, idea)
    found, time = tree(tape, which), clock(tape)
    rows = len(found.event)
    name = readable(tape.ideas[which]) if tape.ideas else ""
    title = f"The lineage of {name!r}"
    if not rows:
        return style.empty_figure(title, [], f"Nobody adopted it in {number(tape.steps)} steps.")
    many = rows > MAX_NAMED_LINES
    heads = branches(found) if many else np.array([], np.int64)
    labels = [_name(tape, row) for row in found.event[heads if many else slice(None)].tolist()]
    if many:
        labels = [f"{name}: {number(size)}" for name, size in zip(labels, found.size[heads].tolist(), strict=True)]
    height = TALL if many else max(1.0, (0.2 if rows <= 26 else 0.16) * rows)
    figure, head = style.new_figure(0.75 + height, title, _notes(tape, which, found))
    axes = style.panel(figure, 0.25, 0.5, 0.5 + style.width_of(labels), head + 0.25)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    time.draw(axes)
    if many:
        _draw_many(axes, tape, found, time, heads, labels)
    else:
        _draw_few(axes, tape, found, time, labels)
    _draw_made(axes, found, time, many)
    return figure


def _name(tape: Tape, event: int) -> str:
    person, count = int(tape.events.person[event]), int(tape.events.count[event])
    name = readable(tape.persons.name_of(person))
    return f"{name} × {number(count)}" if count > 1 else name


def _notes(tape: Tape, which: int, found: Tree) -> list[str]:
    discovered = len(found.roots)
    times = "once" if discovered == 1 else f"{number(discovered)} times"
    learned = number(len(found.event) - discovered)
    text = f"Discovered {times}, learned {learned} times, made to work {number(len(found.made[0]))} times."
    if found.several:
        text += f" {number(found.several)} had several tellers: the main one is shown."
    grounds = tape.influences.parent[np.isin(tape.influences.child, found.event[found.roots])]
    ideas = [readable(tape.ideas[k]) for k in np.unique(tape.events.idea[grounds]).tolist()]
    built = f" Built on {', '.join(ideas[:4])}{' and others' if len(ideas) > 4 else ''}." if ideas else ""
    if len(found.event) > MAX_NAMED_LINES:
        return [
            text,
            "Below each those who learned from them, the latest first. Numbers: adoptions that go back to a person."
            + built,
        ]
    return [text + built]


def _lines(tape: Tape, found: Tree, time: Clock, rows: Ints) -> tuple[Floats, Floats]:
    """Return the line of each row, and the branch to each that has a teller; shape (lines, 2, 2) each."""
    begin, end = time.of(tape.events.step[found.event[rows]]), time.of(found.end[rows])
    y = found.place[rows].astype(np.float64)
    along = np.stack([np.stack([begin, y], axis=1), np.stack([end, y], axis=1)], axis=1)
    told = found.parent[rows] >= 0
    above = found.place[found.parent[rows[told]]].astype(np.float64)
    down = np.stack([np.stack([begin[told], above], axis=1), np.stack([begin[told], y[told]], axis=1)], axis=1)
    return along, down


def _draw_few(axes: Axes, tape: Tape, found: Tree, time: Clock, labels: list[str]) -> None:
    rows = np.arange(len(found.event))
    along, down = _lines(tape, found, time, rows)
    style.strokes(axes, down, linewidths=0.8, colors=PALE, zorder=1, gid="tellings")
    count = tape.events.count[found.event]
    widths = 1.6 * (1.0 + 0.25 * np.log10(count))
    style.strokes(axes, along, linewidths=widths, colors="#9A9A9A", zorder=2, gid="holdings")
    kinds = tape.events.kind[found.event]
    for kind, colour, name in ((DISCOVER, BLUE, "discovers"), (LEARN, ORANGE, "learns")):
        here = kinds == kind
        axes.scatter(along[here, 0, 0], along[here, 0, 1], s=24, c=colour, edgecolors="white", linewidths=0.6,
                     clip_on=False, zorder=3, gid=name)  # fmt: skip
    for row, text in zip(rows.tolist(), labels, strict=True):
        style.say(axes, 1.02, float(found.place[row]), text, transform=axes.get_yaxis_transform(), va="center_baseline")
    style.key(axes, [*KEY, ("-", "#9A9A9A", "holds it")])


def _draw_many(axes: Axes, tape: Tape, found: Tree, time: Clock, heads: Ints, labels: list[str]) -> None:
    left, right = axes.get_xlim()
    branch = branch_of(found, heads)
    picture = _picture(tape, found, time, branch, len(heads), (left, right))
    axes.imshow(
        picture, extent=(left, right, len(found.event) - 0.5, -0.5), aspect="auto", interpolation="nearest",
        zorder=1, gid="holdings",
    )  # fmt: skip
    marked = np.union1d(heads, found.roots[np.argsort(-found.size[found.roots], kind="stable")][:6])
    along, down = _lines(tape, found, time, marked)
    for part in (along, down):
        style.strokes(axes, part, linewidths=0.6, colors=INK, zorder=2)
    is_root = found.parent[marked] < 0
    for here, colour in ((is_root, BLUE), (~is_root, ORANGE)):
        axes.scatter(along[here, 0, 0], along[here, 0, 1], s=20, c=colour, edgecolors="white", linewidths=0.6,
                     clip_on=False, zorder=4)  # fmt: skip
    bands = [_band(found, branch, number_) for number_ in range(len(heads))]
    middles = [(low + high) / 2.0 for low, high in bands]
    gap = 0.15 / style.inches(axes)[1] * len(found.event)
    places = style.apart(middles, gap, 0.0, float(len(found.event) - 1))
    for (low, high), place, label, colour in zip(bands, places, labels, SERIES, strict=False):
        beside = axes.get_yaxis_transform()
        axes.plot([1.008, 1.008], [low, high], transform=beside, color=colour, linewidth=2.4, clip_on=False,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot([1.012, 1.035], [(low + high) / 2.0, place], transform=beside, color=colour, linewidth=1.0,
                  clip_on=False)  # fmt: skip
        style.say(axes, 1.045, place, label, transform=beside, va="center_baseline", fontsize=SMALL)
    style.key(axes, KEY if _shows_made(found) else KEY[:2])


def _band(found: Tree, branch: Ints, which: int) -> tuple[float, float]:
    """Return where the longest run of lines of a branch begins and ends; other branches may be inside it."""
    places = np.sort(found.place[branch == which])
    edges = np.flatnonzero(np.diff(places, prepend=-9, append=places[-1] + 9) > 1)
    longest = int(np.argmax(np.diff(edges)))
    return float(places[edges[longest]]) - 0.5, float(places[edges[longest + 1] - 1]) + 0.5


def _picture(tape: Tape, found: Tree, time: Clock, branch: Ints, colours: int, ends: tuple[float, float]) -> Floats:
    """Return the lines as pixels, each as dark as the fraction of its lines present then; shape (lines, columns, 3)."""
    rows = len(found.event)
    tall, wide = min(PIXELS[0], rows), PIXELS[1]
    line = found.place * tall // rows
    scale = wide / (ends[1] - ends[0])
    begin = ((time.of(tape.events.step[found.event]) - ends[0]) * scale).astype(np.int64)
    end = np.maximum(((time.of(found.end) - ends[0]) * scale).astype(np.int64), begin + 1)
    full = np.bincount(line, minlength=tall)[:, None]
    picture, covered = np.zeros((tall, wide, 3)), np.zeros((tall, wide))
    for number_, colour in enumerate([*SERIES[:colours], PALE]):
        mine = branch == number_
        change = np.zeros((tall, wide + 1))
        np.add.at(change, (line[mine], np.clip(begin[mine], 0, wide)), 1.0)
        np.add.at(change, (line[mine], np.clip(end[mine], 0, wide)), -1.0)
        part = np.cumsum(change, axis=1)[:, :wide] / full
        picture += 0.75 * part[:, :, None] * np.array(to_rgb(colour))
        covered += 0.75 * part
    return np.clip(picture + (1.0 - covered)[:, :, None], 0.0, 1.0)


def _shows_made(found: Tree) -> bool:
    return len(found.made[0]) <= MAX_MARKS


def _draw_made(axes: Axes, found: Tree, time: Clock, many: bool) -> None:
    rows, steps = found.made
    if many and not _shows_made(found):
        return
    dense = len(rows) > 150
    axes.scatter(
        time.of(steps), found.place[rows], s=(3.0 if dense else 10.0) if many else 24.0, marker="s", c=GREEN,
        edgecolors=None if dense else "white", linewidths=0.0 if dense else 0.5, clip_on=False, zorder=3,
        gid="makes it work",
    )  # fmt: skip
