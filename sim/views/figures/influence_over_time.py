"""The figure of the influence graph over time: who adopted an idea from whom, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure

from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE, Floats, Ints
from sim.tape.tape import Tape
from sim.views import style
from sim.views.figures.influence_lines import Lines, Rows, lines, rows
from sim.views.style import BLUE, FAINT, GREEN, INK, ORANGE, PALE, QUIET, number, percent, readable
from sim.views.time_axis import Clock, clock

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable

MAX_NAMED_ROWS = 40  # rows up to which each has its name on the axis
MAX_LABELLED_PERSONS = 10  # those with most credit, if there are more rows
HEIGHT, LINE = 5.2, 0.15  # inches: of many rows, and of a labelled one among them
GROUND = "#F6DCA6"  # pale orange
ROOM = 0.03  # fraction of the picture that lines cover before the next weaker one is half as dark
COLOURS = {DISCOVER: BLUE, LEARN: ORANGE, IMPLEMENT: GREEN}  # by the role of the event in credit
MARKS = {
    DISCOVER: ("discovers", "o"),
    LEARN: ("learns", "o"),
    IMPLEMENT: ("implements", "s"),
    ABANDON: ("abandons", "x"),
    LEAVE: ("leaves", "d"),
}
LINES = {DISCOVER: "built on", LEARN: "told", IMPLEMENT: "made to work"}


def influence_over_time(tape: Tape, table: CreditTable, most: int = 20_000) -> Figure:
    """Draw who influenced whom, and when: a line from the teller's adoption of the idea to the learner's.

    Persons are ordered by their first event from top to bottom, so that the edge of the marks shows how those who
    know grow in number. If they are many, the rows of labelled persons are as high as a label. The thicker and darker a
    line, the more realised value came this way (see `downstream`). All accounts of credit divide this value, and it
    shows the main routes where thousands of tellings overlap. The strongest are on top.

    Args:
        tape: any tape.
        table: its credit, by any method; the persons with most credit are labelled if not all can be.
        most: how many influences are drawn, the strongest, 1 or more; the figure gives the number of all.

    Returns:
        A new Figure, 7.2 inches wide; in axes[0] the lines have the gid "influences".

    >>> from sim import Scenario, credit, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))
    >>> figure = influence_over_time(tape, credit(tape))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['P1  50.0%', 'P2  50.0%', 'the crowd  0%']
    """
    found, time = lines(tape, most), clock(tape)
    acting = np.flatnonzero(rows(tape).row >= 0)
    many = len(acting) > MAX_NAMED_ROWS
    labelled = _labelled(tape, table, acting) if many else acting
    room = len(acting) * LINE / max(HEIGHT - LINE * len(labelled), HEIGHT / 2) if many else 1.0
    placed = rows(tape, labelled, room)
    labels = _labels(tape, table, placed, labelled, many)
    height = HEIGHT if many else max(1.2, 0.27 * placed.count)
    figure, head = style.new_figure(0.75 + height, "Who influenced whom, and when", _notes(tape, found, placed))
    wide = style.width_of([text for _, text, _ in labels])
    axes = style.panel(figure, 0.25 + wide + 0.2 * many, 0.5, 0.25, head + 0.25)
    if not placed.count:
        style.instead(axes, f"No event in {number(tape.steps)} steps.")
        return figure
    axes.set_ylim(placed.height - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    time.draw(axes)
    if many:
        _draw_some_labels(axes, tape, placed, time, labels)
    else:
        heights = [row for row, _, _ in labels]
        axes.set_yticks(heights, [text for _, text, _ in labels], **style.words())
        axes.hlines(heights, 0, 1, transform=axes.get_yaxis_transform(), color=FAINT, linewidth=0.4, zorder=0)
    _draw_lines(axes, tape, found, placed, time, many)
    _draw_marks(axes, tape, placed, time, many)
    _draw_key(axes, tape, found, many)
    return figure


def _notes(tape: Tape, found: Lines, placed: Rows) -> list[str]:
    what = "realised value" if found.valued else "people"
    notes = [
        f"Lines from the teller's adoption of an idea to the learner's; the thicker, the more {what} came this way."
    ]
    still = tape.persons.total - placed.count
    some = f"the strongest {number(len(found.child))} of " if len(found.child) < found.of else ""
    more = [f"{some}{number(found.of)} influences"] if some or placed.count > MAX_NAMED_ROWS else []
    more += [f"{number(placed.count)} persons, by their first event"] if placed.count > MAX_NAMED_ROWS else []
    more += [f"{number(still)} without any event left out"] if still and placed.count else []
    text = "; ".join(more)
    return [*notes, text[0].upper() + text[1:] + "."] if more else notes


Label = tuple[float, str, int]  # the position that it belongs to, its text, the person (-1: a group)


def _labelled(tape: Tape, table: CreditTable, acting: Ints) -> Ints:
    """Return the persons to label among many: by their credit, as crowds, or for a name of their own."""
    share, people = _shares(tape, table), tape.persons
    group = people.group
    order = acting[np.argsort(-share[acting], kind="stable")]
    mean = np.bincount(group, share, len(people)) / people.members
    apart = (people.members[group] == 1) | (share > 1.000001 * mean[group])
    crowds = order[(people.size[group] > 1)[order]]
    own = order[((people.members == 1) & (people.size == 1))[group][order]]
    own = own if len(own) <= MAX_LABELLED_PERSONS else own[:0]  # in a log everybody has a name
    best = order[(apart & (share > 0.0))[order]][:MAX_LABELLED_PERSONS]
    return np.union1d(best, np.append(crowds[:MAX_LABELLED_PERSONS], own)).astype(np.int64)


def _labels(tape: Tape, table: CreditTable, placed: Rows, labelled: Ints, many: bool) -> list[Label]:
    """Return the labels and their positions: names with shares, and groups at the middle of their bands."""
    share, people, labels = _shares(tape, table), tape.persons, []
    for person in labelled.tolist():
        text = f"{readable(people.name_of(person))}  {percent(float(share[person]))}"
        labels.append((float(placed.place[person]), text, person))
    acting = np.flatnonzero(placed.row >= 0)
    sizes = np.bincount(people.group[acting], minlength=len(people))
    for which in np.argsort(-sizes, kind="stable")[:MAX_LABELLED_PERSONS].tolist() if many else ():
        mine = acting[people.group[acting] == which]
        if 1 < len(mine) < 0.9 * placed.count:  # else the group is no separate band
            text = f"{readable(people.name[which])} × {number(len(mine))}  {percent(float(share[mine].sum()))}"
            labels.append((float(np.median(placed.place[mine])), text, -1))
    return sorted(labels)


def _shares(tape: Tape, table: CreditTable) -> Floats:
    """Return the share of each person of the tape; 0 for crowds that the table leaves out."""
    if table.groups.name != tape.persons.name:
        raise ValueError("table: its persons are not those of the tape")
    share = np.zeros(tape.persons.total)
    share[table.row] = np.nan_to_num(table.persons.share)
    return share


def _draw_some_labels(axes: Axes, tape: Tape, placed: Rows, time: Clock, labels: list[Label]) -> None:
    """Draw labels with leaders that continue to the first event of the person."""
    axes.set_yticks([])
    gap = LINE / style.inches(axes)[1] * placed.height
    places = style.apart([row for row, _, _ in labels], gap, 0.0, placed.height - 1.0)
    beside, left = axes.get_yaxis_transform(), axes.get_xlim()[0]
    for (row, text, person), place in zip(labels, places, strict=True):
        axes.plot([-0.035, -0.006], [place, row], transform=beside, color=QUIET, linewidth=0.5, clip_on=False)
        style.say(axes, -0.04, place, text, transform=beside, ha="right", va="center")
        if person >= 0:
            begin = tape.events.step[np.flatnonzero(tape.events.person == person)[:1]]
            axes.plot([left, float(time.of(begin)[0])], [row, row], color=PALE, linewidth=0.5, zorder=1)


def _draw_lines(axes: Axes, tape: Tape, found: Lines, placed: Rows, time: Clock, many: bool) -> None:
    """Draw the lines, wider the stronger they are, and paler the more of the picture is covered by stronger ones."""
    if not len(found.child):
        return
    rows_of = np.stack([found.parent, found.child], axis=1)
    ends = np.stack([time.of(tape.events.step[rows_of]), placed.place[tape.events.person[rows_of]]], axis=2)
    top = float(found.strength[-1])
    part = found.strength / top if top > 0.0 else np.zeros(len(ends))
    width = 0.4 + 2.2 * np.sqrt(part) if many else 0.7 + 1.9 * np.sqrt(part)
    flat = axes.transData.transform(ends.reshape(-1, 2)).reshape(-1, 2, 2)
    area = width * axes.figure.dpi / 72 * np.hypot(*(flat[:, 1] - flat[:, 0]).T)
    as_strong = np.searchsorted(found.strength, found.strength * (1.0 - 1e-9))  # equally strong lines are equally dark
    covered = np.cumsum(area[::-1])[::-1][as_strong]
    room = ROOM * axes.bbox.width * axes.bbox.height
    dark = room / (room + covered)
    least = 0.2 if many else 0.45
    ink = (least + (0.95 - least) * dark)[:, None]
    full = to_rgba_array([COLOURS.get(kind, QUIET) for kind in range(LEAVE + 1)])[tape.events.kind[found.child]]
    colours = full * ink + (1.0 - ink)  # mixed with white, not transparent: thousands of pale lines stay pale
    pixels = len(ends) > style.MAX_VECTOR_MARKS
    look = {"capstyle": "butt", "rasterized": pixels, "gid": "influences", "zorder": 2}
    style.strokes(axes, ends, linewidths=width, colors=colours, **look)


def _draw_marks(axes: Axes, tape: Tape, placed: Rows, time: Clock, many: bool) -> None:
    events, small = tape.events, 5.0 if many else 24.0
    for kind, (name, mark) in _shown_marks(tape, many):
        which = np.flatnonzero(events.kind == kind)
        alone = events.count[which] == 1
        ground = many and kind == LEARN  # thousands of learnings are the background of the lines
        for part, pale, size in ((which[alone], ground, 1.5 if ground else small), (which[~alone], False, 24.0)):
            large = (1.0 + 0.12 * np.log10(events.count[part]) * (kind != ABANDON)) ** 2
            edged = size == 24.0 and mark != "x"
            axes.scatter(
                time.of(events.step[part]), placed.place[events.person[part]], s=size * large, marker=mark,
                c=GROUND if pale else COLOURS.get(kind, INK), edgecolors="white" if edged else None,
                linewidths=0.9 if mark == "x" else 0.6 * edged,
                alpha=float(np.clip(1500 / max(1, len(part)), 0.3, 1.0)) if many and not pale else 1.0,
                clip_on=False, rasterized=len(part) > style.MAX_VECTOR_MARKS, gid=name, zorder=1 if pale else 3,
            )  # fmt: skip


def _shown_marks(tape: Tape, many: bool) -> list[tuple[int, tuple[str, str]]]:
    """Return the kinds of event with marks: those that happened, without endings if there are many rows."""
    happened = set(np.unique(tape.events.kind).tolist()) - ({ABANDON, LEAVE} if many else set())
    return [(kind, mark) for kind, mark in MARKS.items() if kind in happened]


def _draw_key(axes: Axes, tape: Tape, found: Lines, many: bool) -> None:
    drawn = set(np.unique(tape.events.kind[found.child]).tolist())
    marks = [
        (mark, GROUND if many and kind == LEARN else COLOURS.get(kind, INK), name)
        for kind, (name, mark) in _shown_marks(tape, many)
    ]
    style.key(axes, [*marks, *(("-", COLOURS[kind], name) for kind, name in LINES.items() if kind in drawn)])
