"""What an animation shows: a stage with the network, the curves and the credit, and how it looks at each moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from sim.accounts.role_flow import role_flow_of_events
from sim.tape.tables import Floats, Ints
from sim.tape.tape import Tape
from sim.views import style
from sim.views.figures.influence_lines import downstream
from sim.views.figures.network import (
    COLOURS,
    RIM,
    crowds,
    draw_crowds,
    draw_ground,
    mark_size,
    require_same_persons,
)
from sim.views.figures.network_state import NAMES, States
from sim.views.figures.spread import LINEAR, holders
from sim.views.layout import chosen_idea, layout, links, single
from sim.views.style import BLUE, ORANGE, QUIET, ROLE_COLOURS, SMALL, number, percent, readable
from sim.views.time_axis import Clock, clock

if TYPE_CHECKING:
    from sim.model.world import World

HEIGHT, SIDE = 4.2, 3.5  # inches
PIXELS = 330  # of the picture of the persons, where they are too many for marks
MARKS = 1_000  # persons up to which each has a mark
GIANTS = 6  # persons with a bar
ROUTES = 150  # influences that are lit at once
LENGTH = 0.06  # of the way back, the part that is lit


@dataclass
class Stage:
    """The figure and what moves on it.

    Attributes:
        figure: 7.2 inches wide.
        tape, time, states: what is shown, its axis of time, and who knows what by now.
        places: of the persons; crowds stand on their ring.
        persons: who is drawn one by one.
        credit: of each event by role; shape (3, events).
        collected: of each person by role, by now; shape (3, persons).
        giants: the persons with bars.
        parts: the artists that move, by name.
    """

    figure: Figure
    tape: Tape
    idea: int
    time: Clock
    states: States
    places: Floats
    persons: Ints
    credit: Floats
    collected: Floats
    giants: Ints
    came: Floats
    parts: dict[str, Any] = field(default_factory=dict)
    reached: int = 0

    def moving(self) -> list[Artist]:
        """Return the artists that move, from the ground up."""
        parts = [part for group in self.parts.values() for part in _artists(group)]
        return sorted(parts, key=lambda part: part.get_zorder())


def _artists(group: Any) -> Iterator[Artist]:
    if isinstance(group, Artist):
        yield group
    elif isinstance(group, list | BarContainer):
        for part in group:
            yield from _artists(part)


def stage(tape: Tape, world: World | None, idea: str | int | None) -> Stage:
    """Set the stage; nothing has happened yet.

    Raises:
        ValueError: if there is no such idea, or the world has not the persons of the tape.
    """
    which = chosen_idea(tape, idea)
    require_same_persons(tape, world)
    pairs = links(tape, world)
    places = layout(tape, pairs, which)
    credit = np.stack(role_flow_of_events(tape, float(tape.provenance.get("credit", {}).get("inheritance", 0.5))))
    total = tape.persons.total
    final = np.bincount(np.maximum(tape.events.person, 0), credit.sum(axis=0), total)
    giants = np.argsort(-final, kind="stable")[:GIANTS]
    giants = giants[final[giants] > 0.0]
    name = readable(tape.ideas[which]) if tape.ideas else ""
    figure, head = style.new_figure(HEIGHT - 0.42, f"Who holds {name!r}, and whose shoulders it stands on", [])
    found = Stage(
        figure, tape, which, clock(tape), States(tape, which), places, single(tape), credit, np.zeros((3, total)),
        giants, downstream(tape)[0], reached=len(tape.events),
    )  # fmt: skip
    _set_network(found, pairs, head)
    _set_curve(found, head)
    _set_bars(found, float(final.max(initial=0.0)))
    places[np.isnan(places[:, 0])] = (0.0, RIM[0])
    return found


def _set_network(on: Stage, pairs: Ints, head: float) -> None:
    axes = style.panel(on.figure, 0.1, HEIGHT - head - SIDE, style.WIDTH - 0.1 - SIDE, head)
    draw_ground(axes, on.places, pairs, SIDE, crowds(on.tape))
    here = on.places[on.persons]
    if len(on.persons) <= MARKS:
        size = mark_size(len(on.persons), SIDE)
        on.parts["dots"] = axes.scatter(here[:, 0], here[:, 1], s=size, c=[COLOURS[0]] * len(here), linewidths=0,
                                        zorder=2)  # fmt: skip
    else:
        half = axes.get_xlim()[1]
        on.parts["picture"] = axes.imshow(_pixels(on), extent=(-half, half, -half, half), interpolation="nearest",
                                          zorder=2, aspect="equal")  # fmt: skip
        axes.set_xlim(-half, half)
        axes.set_ylim(-half, half)
    on.parts["crowds"] = draw_crowds(axes, on.tape, on.states)
    on.parts["routes"] = axes.add_collection(LineCollection([], linewidths=1.0, zorder=4), autolim=False)
    on.parts["giants"] = axes.scatter([], [], s=[], linewidths=0.8, edgecolors="white", zorder=5)
    entries = [("s" if "work" in name else "o", colour, name) for name, colour in zip(NAMES, COLOURS, strict=True)]
    keys = on.figure.add_axes((0.02, 0.005, 0.96, 0.02), frameon=False)
    keys.set_axis_off()
    style.key(keys, entries)


def _set_curve(on: Stage, head: float) -> None:
    axes = style.panel(on.figure, 4.35, 2.45, 0.55, head + 0.2)
    found = holders(on.tape)
    steps, count = found.of(on.idea)
    on.time.draw(axes)
    axes.set_xlabel("")
    style.count_axis(axes, 0, int(count.max(initial=1)), bool(count.max(initial=0) > 100 * LINEAR))
    style.say(axes, 0.0, 1.06, "people who hold it", transform=axes.transAxes, fontsize=SMALL, color=QUIET)
    first = steps[:1] if len(steps) else np.array([on.time.first])
    on.parts["x"] = np.concatenate([first, steps])
    on.parts["y"] = np.concatenate([[0], count])
    on.parts["line"] = axes.plot([], [], color=ORANGE, linewidth=1.6, drawstyle="steps-post", clip_on=False)[0]
    on.parts["now"] = axes.axvline(float(on.time.of(np.array([on.time.first]))[0]), color=QUIET, linewidth=0.6)
    on.parts["moment"] = style.say(axes, 1.0, 1.06, "", transform=axes.transAxes, fontsize=SMALL, ha="right")


def _set_bars(on: Stage, top: float) -> None:
    names = [readable(on.tape.persons.name_of(person), 14) for person in on.giants.tolist()]
    axes = style.panel(on.figure, 4.45, 0.3, 0.85, HEIGHT - 1.75)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.set_xlim(0.0, top or 1.0)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_yticks(range(len(names)), names, **style.words(fontsize=SMALL, va="center_baseline"))
    style.key(axes, [("s", colour, role) for role, colour in ROLE_COLOURS.items()])
    of = "credit for all ideas" if len(on.tape.ideas) > 1 else "credit"
    text = f"{of} by role flow, on its way back" if names else "nothing was realised: no credit"
    style.say(axes, 0.0, 1.2, text, transform=axes.transAxes, fontsize=SMALL, color=QUIET)
    zeros = np.zeros(len(names))
    on.parts["bars"] = [axes.barh(range(len(names)), zeros, height=0.7, color=c) for c in ROLE_COLOURS.values()]
    on.parts["shares"] = [
        style.say(axes, 0.0, row, "", va="center_baseline", fontsize=SMALL) for row in range(len(names))
    ]


def _pixels(on: Stage, faded: bool = False) -> Floats:
    """Return the persons as pixels, rarer states over more common ones; shape (PIXELS, PIXELS, 3)."""
    half = 1.22 if crowds(on.tape) else 1.08
    spot = np.clip(((on.places[on.persons] + half) / (2.0 * half) * PIXELS).astype(np.int64), 0, PIXELS - 1)
    picture = np.ones((PIXELS, PIXELS, 3))
    now = on.states.now[on.persons]
    wide = max(1, int(0.9 * PIXELS / half / np.sqrt(len(spot))))  # as many pixels as a person has, less an edge
    for state, colour in enumerate(_palette(faded)):
        here = spot[now == state]
        for k in range(wide * wide):
            lines = np.minimum(PIXELS - 1 - here[:, 1] + k // wide, PIXELS - 1)
            picture[lines, np.minimum(here[:, 0] + k % wide, PIXELS - 1)] = colour
    return picture


def _palette(faded: bool) -> Floats:
    colours = np.array([to_rgb(colour) for colour in COLOURS])
    return 0.25 * colours + 0.75 if faded else colours


def show(on: Stage, step: int) -> None:
    """Show the state at the end of a step, which must not fall from call to call."""
    on.states.turn_to(step)
    _paint(on, faded=False)
    for wedge, crowd in zip(on.parts["crowds"], np.flatnonzero(_is_crowd(on.tape)).tolist(), strict=True):
        share = on.states.held[crowd] / on.tape.persons.size[on.tape.persons.group[crowd]]
        wedge.set_visible(share > 0)
        wedge.set_theta1(wedge.theta2 - 360.0 * min(1.0, float(share)) / len(on.parts["crowds"]))
    x, y = on.parts["x"], on.parts["y"]
    reached = int(np.searchsorted(x, step, side="right"))
    last = np.array([y[reached - 1]]) if reached else np.array([], np.int64)
    on.parts["line"].set_data(on.time.of(np.append(x[:reached], [step] * len(last))), np.append(y[:reached], last))
    _show_moment(on, step)


def _is_crowd(tape: Tape) -> Any:
    return (tape.persons.size > 1)[tape.persons.group]


def _paint(on: Stage, faded: bool) -> None:
    if "dots" in on.parts:
        on.parts["dots"].set_facecolors(_palette(faded)[on.states.now[on.persons]])
    else:
        on.parts["picture"].set_data(_pixels(on, faded))


def _show_moment(on: Stage, step: int) -> None:
    on.parts["now"].set_xdata([float(on.time.of(np.array([step]))[0])] * 2)
    on.parts["moment"].set_text(f"step {number(step)}" if on.time.label == "step" else "")


def flow_back(on: Stage, step: int) -> None:
    """Show the credit of all events from a step on, which must not rise from call to call."""
    tape = on.tape
    if on.reached == len(tape.events):
        _paint(on, faded=True)
        for wedge in on.parts["crowds"]:
            wedge.set_alpha(0.3)
    begin = int(np.searchsorted(tape.events.step, step, side="left"))
    rows = np.arange(begin, on.reached)
    rows = rows[tape.events.person[rows] >= 0]
    for role in range(3):
        np.add.at(on.collected[role], tape.events.person[rows], on.credit[role, rows])
    on.reached = min(begin, on.reached)
    _show_moment(on, step)
    _light_routes(on, step)
    _grow(on)


def _light_routes(on: Stage, step: int) -> None:
    """Light the influences whose child happened just after the step, the strongest, in the colours of their roles."""
    tape, child, parent = on.tape, on.tape.influences.child, on.tape.influences.parent
    span = max(1, round(LENGTH * (on.time.last - on.time.first)))
    when = tape.events.step[child]
    lit = np.flatnonzero((when >= step) & (when < step + span) & (on.came > 0.0))
    lit = lit[np.argsort(-on.came[lit], kind="stable")][:ROUTES]
    ends = np.stack([tape.events.person[child[lit]], tape.events.person[parent[lit]]], axis=1).astype(np.int64)
    lit, ends = lit[(ends >= 0).all(axis=1)], ends[(ends >= 0).all(axis=1)]
    colours = [BLUE if kind == 0 else ORANGE for kind in tape.events.kind[child[lit]].tolist()]
    widths = 0.5 + 2.5 * np.sqrt(on.came[lit] / max(float(on.came.max(initial=0.0)), 1e-300))
    on.parts["routes"].set_segments(list(_on_the_ring(on, ends)))
    on.parts["routes"].set_color(colours)
    on.parts["routes"].set_linewidths(widths)


def _on_the_ring(on: Stage, ends: Ints) -> Floats:
    """Return the places of ends of lines; a crowd stands on its ring where the other end is nearest."""
    places, crowd = on.places[ends], _is_crowd(on.tape)[ends]
    for side in (0, 1):
        other = places[:, 1 - side]
        far = np.hypot(other[:, 0], other[:, 1])
        nearest = crowd[:, side] & ~crowd[:, 1 - side] & (far > 0.05)
        places[nearest, side] = RIM[0] * other[nearest] / far[nearest, None]
    return places


def _grow(on: Stage) -> None:
    """Draw bars, and discs on the network, as large as the credit that has come back so far."""
    mine = on.collected[:, on.giants]
    left, total = np.zeros(len(on.giants)), on.tape.total or 1.0
    for bars, width in zip(on.parts["bars"], mine, strict=True):
        for bar, x, long in zip(bars, left.tolist(), width.tolist(), strict=True):
            bar.set_x(x)
            bar.set_width(long)
        left = left + width
    for text, credit in zip(on.parts["shares"], left.tolist(), strict=True):
        text.set_x(credit)
        text.set_text(f" {percent(credit / total)}" if credit > 0.0 else "")
    whole = on.collected.sum(axis=0)
    seen = np.argsort(-whole, kind="stable")[:60]
    seen = seen[whole[seen] > 0.0]
    colours = np.array([to_rgb(colour) for colour in ROLE_COLOURS.values()])
    on.parts["giants"].set_offsets(on.places[seen])
    on.parts["giants"].set_sizes(600.0 * (whole[seen] / total) + 6.0)
    on.parts["giants"].set_facecolors(colours[np.argmax(on.collected[:, seen], axis=0)])
