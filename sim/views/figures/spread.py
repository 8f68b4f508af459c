"""The figure of how ideas spread: the people who hold each idea over time, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.study.batches import GAIN
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEAVE, Ints
from sim.tape.tape import Tape
from sim.views import style
from sim.views.rows import name_rows
from sim.views.style import INK, PALE, QUIET, SERIES, SMALL, number, readable
from sim.views.time_axis import Clock, clock

MARKS = {
    DISCOVER: ("discovered", "o"),
    IMPLEMENT: ("implemented", "s"),
    ABANDON: ("abandoned", "x"),
    LEAVE: ("left", "d"),
}
LINEAR = 1000  # holders up to which one person is visible on a linear axis
THIN = 40  # ideas without a colour of their own, up to which each is a line and beyond which they are a band
LEFT = 0.95  # inches
COLUMNS = 600  # moments at which a band is drawn, at most


@dataclass(frozen=True)
class Holders:
    """The number of people who hold each idea at the end of every step in which it changed.

    Attributes:
        first: where each idea's rows begin, with the number of all rows at the end; shape (ideas + 1,).
        step, count: when, and the number of holders from then on; sorted by idea, then step.
    """

    first: Ints
    step: Ints
    count: Ints

    def of(self, idea: int) -> tuple[Ints, Ints]:
        """Return the steps at which the holders of one idea changed, and their number from then on."""
        if idea >= len(self.first) - 1:  # in a tape without ideas
            return self.step[:0], self.count[:0]
        rows = slice(int(self.first[idea]), int(self.first[idea + 1]))
        return self.step[rows], self.count[rows]

    def at(self, idea: int, steps: Ints) -> Ints:
        """Return the holders of one idea at the end of each of the given steps; 0 before its first event."""
        when, count = self.of(idea)
        return np.concatenate([np.zeros(1, np.int64), count])[np.searchsorted(when, steps, side="right")]

    @property
    def adopted(self) -> Ints:
        """The ideas that anybody ever held."""
        return np.flatnonzero(np.diff(self.first))

    @property
    def peak(self) -> Ints:
        """The largest number of holders of each idea in `adopted`; same shape."""
        return np.maximum.reduceat(self.count, self.first[self.adopted]) if len(self.count) else self.count


def holders(tape: Tape) -> Holders:
    """Return the holders of every idea: discoveries and learnings minus abandonments and departures, by count."""
    events = tape.events
    rows = np.flatnonzero(GAIN[events.kind])
    rows = rows[np.argsort(events.idea[rows], kind="stable")]
    idea, step = events.idea[rows], events.step[rows]
    running = np.cumsum(GAIN[events.kind[rows]] * events.count[rows])
    first = np.searchsorted(idea, np.arange(len(tape.ideas) + 1))
    before = np.concatenate([np.zeros(1, np.int64), running])[first[idea]]
    last = np.ones(len(rows), bool)  # the last event of one idea in one step has the sum
    last[:-1] = (np.diff(idea) > 0) | (np.diff(step) > 0)
    kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(last)])
    return Holders(kept[first], step[last], (running - before)[last])


def moments(tape: Tape, kind: int, colour: Ints) -> tuple[Ints, Ints, Ints]:
    """Return steps, colours of ideas and counts of a kind of event; one row per pair of step and colour."""
    rows = np.flatnonzero(tape.events.kind == kind)
    pairs = np.column_stack([tape.events.step[rows], colour[tape.events.idea[rows]]])
    found, where = np.unique(pairs, axis=0, return_inverse=True)
    often = np.zeros(len(found), np.int64)
    np.add.at(often, where.reshape(-1), tape.events.count[rows])
    return found[:, 0], found[:, 1], often


def spread(tape: Tape) -> Figure:
    """Draw how each idea spread: the people who hold it over time, and below what happened to it.

    Up to seven ideas have a line of their own, else the six with most holders; the others are thin lines, or, if they
    are more than 40, a band from the fewest to the most holders, its middle half darker. If one person would be
    invisible on a linear axis, a second panel has a logarithmic one.

    Args:
        tape: any tape; with `time_unit` in its provenance, time is shown in dates or that unit.

    Returns:
        A new Figure, 7.2 inches wide: axes[0] has the curves (gid "idea-0" and so on), the last axes the strip.

    >>> from sim.tape.tables import DISCOVER, LEARN, Events, Influences, Persons, Realised
    >>> events = Events([1, 2], [DISCOVER, LEARN], [0, 1], [0, 0], [1, 1])
    >>> persons = Persons(("Ada", "Ben"), [1, 1], [1, 1])
    >>> tape = Tape(events, Influences([1], [0], [1.0]), Realised([], [], []), persons, ("engine",), 3, 2)
    >>> spread(tape).axes[0].lines[0].get_ydata().tolist()
    [0, 1, 2, 2]
    """
    found, time = holders(tape), clock(tape)
    order = found.adopted[np.argsort(-found.peak, kind="stable")]
    alone = order if len(order) <= len(SERIES) else order[: len(SERIES) - 1]
    others = order[len(alone) :]
    happened = [kind for kind in MARKS if (tape.events.kind == kind).any()]
    labels = [f"{readable(tape.ideas[k], 24)}  {number(found.of(k)[1][-1])}" for k in alone.tolist()]
    labels += [f"other ideas ({number(len(others))})"] * (len(others) > 0)
    count, right = 1 + (found.count.max(initial=0) > LINEAR), 0.35 + max(0.9, style.width_of(labels))
    notes = _notes(tape, len(order), len(others))
    figure, panels, strip = _panels(_title(tape), notes, count, len(happened), right)
    time.draw(strip)
    if not len(order):
        style.instead(strip, f"Nobody adopted an idea in {number(tape.steps)} steps.")
        return figure
    for logarithmic, axes in enumerate(panels):
        style.count_axis(axes, int(found.count.min()), int(found.count.max()), bool(logarithmic))
        axes.set_xlim(strip.get_xlim())
        rest = _draw_others(axes, found, others, time)
        ends = [
            _draw_idea(axes, found, idea, time, colour) for idea, colour in zip(alone.tolist(), SERIES, strict=False)
        ]
    style.label_ends(panels[0], [*ends, *rest], labels, [*SERIES[: len(alone)], PALE][: len(labels)])
    _draw_strip(strip, tape, time, happened, alone)
    return figure


def _title(tape: Tape) -> str:
    if len(tape.ideas) == 1:
        return "How the idea spread: people who hold it"
    return f"How {number(len(tape.ideas))} ideas spread: people who hold each"


def _notes(tape: Tape, adopted: int, others: int) -> list[str]:
    notes = [f"Discovered or learned, less abandoned or left, in a world of {number(tape.world_size)} people."]
    if adopted:
        notes[0] += " At the right the holders at the end."
    if others > THIN:
        notes.append("Grey: the other ideas, from the fewest holders to the most, the middle half darker.")
    if 0 < adopted < len(tape.ideas):
        notes.append(f"{number(len(tape.ideas) - adopted)} of the {number(len(tape.ideas))} ideas never had a holder.")
    return notes


def _panels(
    title: str, notes: list[str], count: int, rows: int, right: float
) -> tuple[Figure, list[Axes], Axes]:  # fmt: skip
    """Return `count` panels of curves from top to bottom (the second logarithmic), and the strip of `rows` rows."""
    strip, tall, gap = 0.1 + 0.19 * rows, (3.0, 2.2)[count - 1] if rows else 1.2, 0.4
    figure, head = style.new_figure(0.5 + strip + count * tall + (count - 1) * gap, title, notes)
    if not rows:
        axes = style.panel(figure, LEFT, 0.5, right, head)
        return figure, [axes], axes
    panels = []
    for panel in range(count):
        above = head + panel * (tall + gap)
        axes = style.panel(figure, LEFT, figure.get_figheight() - above - tall, right, above)
        axes.tick_params(bottom=False, labelbottom=False)
        axes.spines["bottom"].set_visible(False)
        panels.append(axes)
    if count > 1:
        text = "The same, logarithmic from 1 up: the first few are seen"
        style.say(panels[1], 0.0, 1.05, text, transform=panels[1].transAxes, fontsize=SMALL, color=QUIET)
    return figure, panels, style.panel(figure, LEFT, 0.45, right, figure.get_figheight() - 0.45 - strip)


def _draw_idea(axes: Axes, found: Holders, idea: int, time: Clock, colour: str = "") -> float:
    """Draw the holders of one idea from its discovery to the end; return their number at the end."""
    steps, count = found.of(idea)
    x = time.of(np.concatenate([steps[:1], steps, [time.last]]))
    y = np.concatenate([[0], count, count[-1:]])
    width, ink = (1.6, colour) if colour else (0.7, PALE)
    axes.plot(x, y, color=ink, linewidth=width, drawstyle="steps-post", gid=f"idea-{idea}", clip_on=False)
    return float(count[-1])


def _draw_others(axes: Axes, found: Holders, others: Ints, time: Clock) -> list[float]:
    """Draw the ideas without a colour of their own; return the height of their common label, if there are any."""
    if not len(others):
        return []
    if len(others) <= THIN:
        ends = [_draw_idea(axes, found, idea, time) for idea in others.tolist()]
        return [float(np.median(ends))]
    steps = np.unique(np.concatenate([found.of(idea)[0] for idea in others.tolist()]))
    if len(steps) > COLUMNS:
        steps = np.linspace(time.first, time.last, COLUMNS).astype(np.int64)
    steps = np.unique(np.concatenate([[time.first], steps, [time.last]]))
    counts = np.stack([found.at(idea, steps) for idea in others.tolist()])
    quarter, half, three = np.quantile(counts, (0.25, 0.5, 0.75), axis=0)
    x = time.of(steps)
    axes.fill_between(x, counts.min(0), counts.max(0), step="post", color="#E6E6E6", linewidth=0, gid="others")
    axes.fill_between(x, quarter, three, step="post", color="#C4C4C4", linewidth=0, gid="others-middle-half")
    return [float(half[-1])]


def _draw_strip(strip: Axes, tape: Tape, time: Clock, happened: list[int], alone: Ints) -> None:
    """Draw a row of marks for each kind of event, in the colours of the ideas, with their number at its end."""
    colour = np.full(len(tape.ideas), len(alone), np.int64)
    colour[alone] = np.arange(len(alone))
    palette = np.array([*SERIES[: len(alone)], PALE])
    name_rows(strip, [MARKS[kind][0] for kind in happened], fontsize=SMALL)
    strip.spines["left"].set_visible(False)
    for row, kind in enumerate(happened):
        name, mark = MARKS[kind]
        steps, which, often = moments(tape, kind, colour)
        order = np.argsort(-which, kind="stable")  # ideas with a colour are on top of the others
        steps, which, often = steps[order], which[order], often[order]
        dense = len(steps) > 80
        line = mark if not dense else "|"
        strip.scatter(
            time.of(steps), np.full(len(steps), row), s=14, c=palette[which], marker=line,
            linewidths=0.9 if line in "x|" else 0, alpha=0.5 if dense else 0.9,
            clip_on=False, rasterized=len(steps) > style.MAX_VECTOR_MARKS, gid=name,
        )  # fmt: skip
        total = int(often.sum())
        times = f"{number(total)} time{'s' * (total != 1)}"
        style.say(
            strip, 1.045, row, times, transform=strip.get_yaxis_transform(), va="center", fontsize=SMALL, color=INK
        )
