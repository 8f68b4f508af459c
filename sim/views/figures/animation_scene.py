"""The scene of an animation: a stage with the network, the curve and the credit, and its state at each moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from sim.accounts.account import attribute
from sim.machine.loops import repeated
from sim.model.until import moments
from sim.model.world import World
from sim.tape.tables import Floats, Ints
from sim.tape.tape import Tape
from sim.views import style
from sim.views.figures import network as net
from sim.views.figures.influence_lines import downstream
from sim.views.figures.network_state import NAMES, States
from sim.views.figures.spread import LINEAR, holders
from sim.views.layout import chosen_idea, layout, links, single
from sim.views.rows import name_rows, without_numbers
from sim.views.style import BLUE, ORANGE, QUIET, ROLE_COLOURS, SMALL, percent, readable
from sim.views.time_axis import Clock, clock

HEIGHT, SIDE = 4.2, 3.5  # inches
MARKS = 1_000  # persons up to which each has a mark
GIANTS = 6  # persons with a bar
ROUTES = 150  # influences that are lit at once
LENGTH = 0.03  # fraction of the time whose influences are lit
DISCS = 60  # persons whose credit is a disc on the network


@dataclass
class Stage:
    """The figure and its moving parts.

    Attributes:
        figure: 7.2 inches wide.
        tape, time, states: what is shown, its time axis, and the state of each person so far.
        places: of the persons; crowds are on their ring.
        persons: those who are drawn one by one.
        steps, credit: of those in `best` by role, as it was at these steps; shape (steps, 3, persons).
        realised: by these steps; shape (steps,).
        best: the persons whose credit is shown, those with most at the end first.
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
    steps: Ints
    credit: Floats
    realised: Floats
    best: Ints
    giants: Ints
    came: Floats
    parts: dict[str, Any] = field(default_factory=dict)

    def moving(self) -> list[Artist]:
        """Return the artists that move, from back to front."""
        parts = [part for group in self.parts.values() for part in _artists(group)]
        return sorted(parts, key=lambda part: part.get_zorder())


def _artists(group: Any) -> Iterator[Artist]:
    if isinstance(group, Artist):
        yield group
    elif isinstance(group, list | BarContainer):
        for part in group:
            yield from _artists(part)


def stage(tape: Tape, world: World | None, idea: str | int | None, steps: Iterable[int] | None = None) -> Stage:
    """Return the stage before anything has happened.

    Args:
        tape, world, idea: as in `animate`.
        steps: at which the credit is computed, ascending; all of them if None.

    Raises:
        ValueError: if the idea is unknown, or the world does not have the persons of the tape.
    """
    which = chosen_idea(tape, idea)
    net.require_same_persons(tape, world)
    pairs = links(tape, world)
    places = layout(tape, pairs, which)
    final = _by_role(tape).sum(axis=0)
    best = np.argsort(-final, kind="stable")[:DISCS]
    best = best[final[best] > 0.0]
    looked = np.arange(tape.steps + 1) if steps is None else np.array(list(steps), np.int64)
    credit, realised = _credit_then(tape, world, looked, best)
    name = readable(tape.ideas[which]) if tape.ideas else ""
    figure, head = style.new_figure(HEIGHT - 0.42, f"Who holds {name!r}, and whose shoulders it stands on", [])
    found = Stage(
        figure, tape, which, clock(tape), States(tape, which), places, single(tape), looked, credit, realised, best,
        best[:GIANTS], downstream(tape)[0],
    )  # fmt: skip
    _set_network(found, pairs, head)
    _set_curve(found, head)
    _set_bars(found, float(final.max(initial=0.0)))
    places[np.isnan(places[:, 0])] = (0.0, net.RIM[0])
    return found


def _by_role(tape: Tape) -> Floats:
    """Return the credit of each person by role; shape (3, persons)."""
    table, found = attribute(tape, "role-flow", {}), np.zeros((3, tape.persons.total))
    for role, name in enumerate(ROLE_COLOURS):
        found[role, table.row] = getattr(table.persons, name)
    return found


def _credit_then(tape: Tape, world: World | None, steps: Ints, best: Ints) -> tuple[Floats, Floats]:
    """Return the credit of some persons as it was at the steps, and what had been realised by then.

    The value realised by each step is known only from the world of a run; without one, credit is there at the last step
    alone.
    """
    credit, realised = np.zeros((len(steps), 3, len(best))), np.zeros(len(steps))
    scenario = None if world is None else world.scenario
    try:
        tapes = moments(tape, steps.tolist(), scenario)
    except ValueError:
        credit[-1], realised[-1] = _by_role(tape)[:, best], tape.total
        return credit, realised
    with repeated(len(steps)):
        for place, then in enumerate(tapes):
            credit[place], realised[place] = _by_role(then)[:, best], then.total
    return credit, realised


def _set_network(on: Stage, pairs: Ints, head: float) -> None:
    axes = style.panel(on.figure, 0.1, HEIGHT - head - SIDE, style.WIDTH - 0.1 - SIDE, head)
    net.draw_ground(axes, on.places, pairs, SIDE, net.crowds(on.tape))
    here = on.places[on.persons]
    if len(on.persons) <= MARKS:
        size = net.mark_size(len(on.persons), SIDE)
        on.parts["dots"] = axes.scatter(here[:, 0], here[:, 1], s=size, c=[net.COLOURS[0]] * len(here), linewidths=0,
                                        zorder=2)  # fmt: skip
    else:
        half = axes.get_xlim()[1]
        on.parts["picture"] = axes.imshow(_pixels(on), extent=(-half, half, -half, half), interpolation="nearest",
                                          zorder=2, aspect="equal")  # fmt: skip
        axes.set_xlim(-half, half)
        axes.set_ylim(-half, half)
    on.parts["crowds"] = net.draw_crowds(axes, on.tape, on.states)
    on.parts["routes"] = style.strokes(axes, np.zeros((0, 2, 2)), linewidths=1.0, zorder=4)
    on.parts["giants"] = axes.scatter([], [], s=[], linewidths=0.8, edgecolors="white", zorder=5)
    entries = [("s" if "work" in name else "o", colour, name) for name, colour in zip(NAMES, net.COLOURS, strict=True)]
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
    first = steps[:1] if len(steps) else np.array([on.time.first])
    on.parts["x"] = np.concatenate([first, steps])
    on.parts["y"] = np.concatenate([[0], count])
    on.parts["line"] = axes.plot([], [], color=ORANGE, linewidth=1.6, drawstyle="steps-post", clip_on=False)[0]
    on.parts["now"] = axes.axvline(float(on.time.of(np.array([on.time.first]))[0]), color=QUIET, linewidth=0.6)
    on.parts["moment"] = style.say(axes, 0.0, 1.06, "", transform=axes.transAxes, fontsize=SMALL)


def _set_bars(on: Stage, top: float) -> None:
    names = [readable(on.tape.persons.name_of(person), 14) for person in on.giants.tolist()]
    axes = style.panel(on.figure, 4.45, 0.3, 0.85, HEIGHT - 1.75)
    name_rows(axes, names, fontsize=SMALL)
    without_numbers(axes)
    axes.set_xlim(0.0, top or 1.0)
    style.key(axes, [("s", colour, role) for role, colour in ROLE_COLOURS.items()])
    of = "credit for all ideas" if len(on.tape.ideas) > 1 else "credit"
    text = f"{of} by role flow, of what was realised by then" if names else "nothing was realised: no credit"
    style.say(axes, 0.0, 1.2, text, transform=axes.transAxes, fontsize=SMALL, color=QUIET)
    zeros = np.zeros(len(names))
    on.parts["bars"] = [axes.barh(range(len(names)), zeros, height=0.7, color=c) for c in ROLE_COLOURS.values()]
    on.parts["shares"] = [
        style.say(axes, 0.0, row, "", va="center_baseline", fontsize=SMALL) for row in range(len(names))
    ]


def _pixels(on: Stage) -> Floats:
    """Return the persons as pixels, shape (lines, columns, 3): each a square, or with mixed colours if too many."""
    half, now = net.half_side(net.crowds(on.tape)), on.states.now[on.persons]
    if len(on.persons) > net.MAX_MARKS:
        return net.mixed(on.places[on.persons], net.COLOURS, now, half)
    spot = np.clip(((on.places[on.persons] + half) / (2.0 * half) * net.PIXELS).astype(np.int64), 0, net.PIXELS - 1)
    picture = np.ones((net.PIXELS, net.PIXELS, 3))
    wide = max(1, int(0.9 * net.PIXELS / half / np.sqrt(len(spot))))  # a person's room, less an edge
    for state, colour in enumerate(net.COLOURS):
        here = spot[now == state]
        for k in range(wide * wide):
            lines = np.minimum(net.PIXELS - 1 - here[:, 1] + k // wide, net.PIXELS - 1)
            picture[lines, np.minimum(here[:, 0] + k % wide, net.PIXELS - 1)] = to_rgb(colour)
    return picture


def show(on: Stage, step: int) -> None:
    """Show the state at the end of a step, which must not decrease from call to call."""
    on.states.turn_to(step)
    if "dots" in on.parts:
        on.parts["dots"].set_facecolors(np.array([to_rgb(colour) for colour in net.COLOURS])[on.states.now[on.persons]])
    else:
        on.parts["picture"].set_data(_pixels(on))
    net.fill_crowds(on.parts["crowds"], on.tape, on.states)
    x, y = on.parts["x"], on.parts["y"]
    reached = int(np.searchsorted(x, step, side="right"))
    last = np.array([y[reached - 1]]) if reached else np.array([], np.int64)
    on.parts["line"].set_data(on.time.of(np.append(x[:reached], [step] * len(last))), np.append(y[:reached], last))
    on.parts["now"].set_xdata([float(on.time.of(np.array([step]))[0])] * 2)
    on.parts["moment"].set_text(f"{on.time.name(step)}: {net.holding(int(y[reached - 1]) if reached else 0)}")
    _light_routes(on, step)
    _show_credit(on, step)


def _light_routes(on: Stage, step: int) -> None:
    """Light the strongest influences whose child happened in the step or just before, in the colours of roles."""
    tape, child, parent = on.tape, on.tape.influences.child, on.tape.influences.parent
    span = max(1, round(LENGTH * (on.time.last - on.time.first)))
    when = tape.events.step[child]
    lit = np.flatnonzero((when <= step) & (when > step - span) & (on.came > 0.0))
    lit = lit[np.argsort(-on.came[lit], kind="stable")][:ROUTES]
    ends = np.stack([tape.events.person[child[lit]], tape.events.person[parent[lit]]], axis=1).astype(np.int64)
    lit, ends = lit[(ends >= 0).all(axis=1)], ends[(ends >= 0).all(axis=1)]
    colours = [BLUE if kind == 0 else ORANGE for kind in tape.events.kind[child[lit]].tolist()]
    widths = 0.5 + 2.5 * np.sqrt(on.came[lit] / max(float(on.came.max(initial=0.0)), 1e-300))
    on.parts["routes"].set_segments(list(_on_the_ring(on, ends)))
    on.parts["routes"].set_color(colours)
    on.parts["routes"].set_linewidths(widths)


def _on_the_ring(on: Stage, ends: Ints) -> Floats:
    """Return the positions of the ends of lines; a crowd's is where its ring is nearest to the other end."""
    places, crowd = on.places[ends], (on.tape.persons.size > 1)[on.tape.persons.group[ends]]
    for side in (0, 1):
        other = places[:, 1 - side]
        far = np.hypot(other[:, 0], other[:, 1])
        nearest = crowd[:, side] & ~crowd[:, 1 - side] & (far > 0.05)
        places[nearest, side] = net.RIM[0] * other[nearest] / far[nearest, None]
    return places


def _show_credit(on: Stage, step: int) -> None:
    """Set the bars, and the discs on the network, to the credit as it was at a step."""
    place = int(np.searchsorted(on.steps, step, side="right")) - 1
    credit = on.credit[max(place, 0)] * (place >= 0)
    realised, total = on.realised[max(place, 0)] * (place >= 0), on.tape.total or 1.0
    many = len(on.giants)
    left = np.zeros(many)
    for bars, width in zip(on.parts["bars"], credit[:, :many], strict=True):
        for bar, x, long in zip(bars, left.tolist(), width.tolist(), strict=True):
            bar.set_x(x)
            bar.set_width(long)
        left = left + width
    for text, mine in zip(on.parts["shares"], left.tolist(), strict=True):
        text.set_x(mine)
        text.set_text(f" {percent(mine / realised)}" if mine > 0.0 else "")
    whole = credit.sum(axis=0)
    seen = np.flatnonzero(whole > 0.0)
    colours = np.array([to_rgb(colour) for colour in ROLE_COLOURS.values()])
    on.parts["giants"].set_offsets(on.places[on.best[seen]])
    on.parts["giants"].set_sizes(600.0 * whole[seen] / total + 6.0)
    on.parts["giants"].set_facecolors(colours[np.argmax(credit[:, seen], axis=0)])
