"""The figure of diffusion on the network at chosen steps: small multiples of one layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Wedge

from sim.tape.tables import Floats, Ints
from sim.tape.tape import Tape
from sim.views import style
from sim.views.figures.network_state import FOUND, GAVE_UP, HEARD, MADE, NAMES, NEVER, States, telling_moments
from sim.views.layout import MAX_ADJUSTED, chosen_idea, layout, links, single
from sim.views.style import BLUE, FAINT, GREEN, ORANGE, QUIET, SMALL, WIDTH, number, percent, readable

if TYPE_CHECKING:
    from sim.model.world import World

COLOURS = ("#D3D3D3", "#7F7F7F", ORANGE, BLUE, GREEN)  # by state
DRAWN = 1_200  # ties up to which they are drawn
NAMED = 12  # persons up to which their names are written
MAX_PANELS = 12  # panels
RARE = 150  # discoverers or makers up to which their marks are enlarged
RIM = (1.1, 1.17)  # where the crowd is: a ring around the persons


def network(
    tape: Tape, world: World | None = None, idea: str | int | None = None, steps: Sequence[int] | None = None
) -> Figure:
    """Draw who holds an idea on the network of persons, at chosen steps.

    The further out a person, the more ties away from whom the idea began with; see `network_layout`. Ties are drawn
    while they are few enough to be told apart. A crowd is a ring around the persons, filled as far as it holds the
    idea.

    Args:
        tape: of a run or a log.
        world: of the run, for its ties; without it the network is who learned from whom.
        idea: its name or number; without one that which realised most value.
        steps: 1 to 12 steps from 0 to tape.steps; without them some that show the rise and the end.

    Returns:
        A Figure of its own, 7.2 inches wide, with axes for each step; in each the persons have the gids of their
        states, such as "learned it".

    Raises:
        ValueError: if there is no such idea or step, or the world has not the persons of the tape.

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), Realised([2], [-1], [98]), people, ("idea",), 3, 100)
    >>> [axes.get_title("left") for axes in network(tape, steps=[1, 3]).axes]
    ['1: 1 hold it (1.0%)', '3: 100 hold it (100%)']
    """
    which = chosen_idea(tape, idea)
    chosen = _chosen(tape, which, steps)
    require_same_persons(tape, world)
    pairs = links(tape, world)
    places = layout(tape, pairs, which)
    columns = min(len(chosen), 3 if len(chosen) in (3, 5, 6, 9) else 4) if len(chosen) > 2 else 2
    lines = -(-len(chosen) // columns)
    side = (WIDTH - 0.2) / max(columns, 2)
    name = readable(tape.ideas[which]) if tape.ideas else ""
    title = f"Who holds {name!r}, and when" if name else "No idea"
    figure, head = style.new_figure(lines * (side + 0.22) + 0.3, title, _notes(tape, world, pairs))
    found = States(tape, which)
    for place, step in enumerate(chosen):
        found.turn_to(step)
        left, above = 0.1 + side * (place % columns), head + 0.2 + (side + 0.22) * (place // columns)
        axes = style.panel(figure, left, figure.get_figheight() - above - side, WIDTH - left - side, above)
        draw_ground(axes, places, pairs, side, crowds(tape))
        _draw_persons(axes, tape, found, places, side)
        draw_crowds(axes, tape, found)
        people = int(found.held.sum())
        text = f"{step}: {number(people)} hold it ({percent(people / max(tape.world_size, 1))})"
        axes.set_title(text, loc="left", pad=2.0, **style.words(fontsize=SMALL))
        axes.title.set_gid("step")
    _draw_key(figure, tape)
    return figure


def require_same_persons(tape: Tape, world: World | None) -> None:
    """Raise a ValueError where a world is not that of a tape."""
    if world is not None and world.persons.name != tape.persons.name:
        raise ValueError("world: its persons are not those of the tape")


def _chosen(tape: Tape, which: int, steps: Sequence[int] | None) -> list[int]:
    if steps is None:
        return telling_moments(tape, which)
    chosen = sorted({int(step) for step in steps})
    if not 1 <= len(chosen) <= MAX_PANELS:
        raise ValueError(f"steps: {len(chosen)} of them; allowed: 1 to {MAX_PANELS}")
    for step in (chosen[0], chosen[-1]):
        if not 0 <= step <= tape.steps:
            raise ValueError(f"steps: must be from 0 to {tape.steps}, is {step}")
    return chosen


def _notes(tape: Tape, world: World | None, pairs: Ints) -> list[str]:
    persons = len(single(tape))
    what = "ties or tellings" if world is not None else "tellings"
    where = "the further apart, the more" if persons <= MAX_ADJUSTED else "the further out, the more"
    end = "lie between them" if persons <= MAX_ADJUSTED else "from whom it began with"
    drawn = "" if len(pairs) <= DRAWN else f"; {number(len(pairs))} {what}, not drawn"
    notes = [f"{number(persons)} person{'s' * (persons != 1)}, {where} {what} {end}{drawn}."]
    crowd = tape.world_size - persons
    return [*notes, f"The ring is the crowd: {number(crowd)} people."] if crowds(tape) else notes


def crowds(tape: Tape) -> bool:
    """Return whether any row of the tape stands for many people."""
    return bool((tape.persons.size > 1).any())


def draw_ground(axes: Axes, places: Floats, pairs: Ints, side: float, ring: bool) -> None:
    """Make the axes a square of the persons' circle, and draw the ties where they can be told apart."""
    axes.set_axis_off()
    half = 1.22 if ring else 1.08
    axes.set_xlim(-half, half)
    axes.set_ylim(-half, half)
    axes.set_aspect("equal")
    if 0 < len(pairs) <= DRAWN:
        width = float(np.clip(12.0 * side / 2.4 / np.sqrt(len(pairs)), 0.15, 0.9))
        axes.add_collection(
            LineCollection(list(places[pairs]), linewidths=width, colors=FAINT, zorder=1, gid="ties"), autolim=False
        )


def mark_size(persons: int, side: float) -> float:
    """Return the size of a person's mark (points squared) on a panel of so many inches."""
    each = 0.62 * (72.0 * side / 2.44) * 2.0 / np.sqrt(max(persons, 1))
    return float(np.clip(each, 0.72, 9.0)) ** 2


def _draw_persons(axes: Axes, tape: Tape, found: States, places: Floats, side: float) -> None:
    persons = single(tape)
    size = mark_size(len(persons), side)
    for state in (NEVER, GAVE_UP, HEARD, FOUND, MADE):
        here = persons[found.now[persons] == state]
        if not len(here):
            continue
        few = state in (FOUND, MADE)  # what is rare must be seen among thousands
        edged = few and size < 20.0 and len(here) <= RARE
        axes.scatter(
            places[here, 0], places[here, 1], s=max(size, 9.0) if edged else size, c=COLOURS[state],
            marker="s" if state == MADE else "o", edgecolors="white" if edged or size > 20.0 else None,
            linewidths=0.5 * (edged or size > 20.0), rasterized=len(persons) > style.MAX_VECTOR_MARKS, gid=NAMES[state],
            zorder=2 + state, clip_on=False,
        )  # fmt: skip
    if len(persons) <= NAMED:
        for person in persons.tolist():
            x, y = places[person]
            text = readable(tape.persons.name_of(person), 16)
            style.say(axes, x, y - 0.13, text, ha="center", va="top", fontsize=SMALL, color=QUIET, zorder=9)


def draw_crowds(axes: Axes, tape: Tape, found: States) -> list[Wedge]:
    """Draw the ring of the crowds, filled as far as they hold the idea; the filled parts, one a crowd."""
    crowds = np.flatnonzero((tape.persons.size > 1)[tape.persons.group])
    size = tape.persons.size[tape.persons.group[crowds]]
    ends = 90.0 - 360.0 * np.concatenate([np.zeros(1), np.cumsum(size) / max(int(size.sum()), 1)])
    filled = []
    for place, crowd in enumerate(crowds.tolist()):
        begin, end = float(ends[place]), float(ends[place + 1])
        part = min(1.0, found.held[crowd] / size[place])
        axes.add_patch(Wedge((0, 0), RIM[1], end, begin, width=RIM[1] - RIM[0], color="#EBEBEB", linewidth=0))
        inner = Wedge(
            (0, 0), RIM[1], begin + part * (end - begin), begin, width=RIM[1] - RIM[0], color=COLOURS[HEARD],
            linewidth=0, gid="crowd", visible=part > 0,
        )  # fmt: skip
        axes.add_patch(inner)
        filled.append(inner)
    return filled


def _draw_key(figure: Figure, tape: Tape) -> None:
    axes = style.panel(figure, 0.15, 0.02, 0.15, figure.get_figheight() - 0.05)
    axes.set_axis_off()
    axes.set_gid("key")
    entries = [("s" if state == MADE else "o", COLOURS[state], name) for state, name in enumerate(NAMES)]
    style.key(axes, entries)
    figure.delaxes(axes)
    legend = axes.get_legend()
    if legend is not None:
        legend.remove()
        figure.add_artist(legend)
