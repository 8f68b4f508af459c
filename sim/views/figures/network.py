"""The figure of diffusion on the network at chosen steps: small multiples of one layout."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sim.errors import whole_number
from sim.tape.tables import Floats, Ints
from sim.tape.tape import Tape
from sim.views import style
from sim.views.figures.network_state import FOUND, GAVE_UP, HEARD, MADE, NAMES, NEVER, States, telling_moments
from sim.views.layout import MAX_ADJUSTED, chosen_idea, layout, links, single
from sim.views.style import BLUE, FAINT, GREEN, INK, ORANGE, SMALL, WIDTH, number, percent, readable
from sim.views.time_axis import clock

if TYPE_CHECKING:
    from sim.model.world import World

COLOURS = ("#D3D3D3", "#7F7F7F", ORANGE, BLUE, GREEN)  # by state
MAX_DRAWN_TIES = 1_200
MAX_NAMED_PERSONS = 12  # of all, or else of those with a name of their own
MAX_PANELS = 12
MAX_ENLARGED = 150  # discoverers or makers
MAX_MARKS = 10_000  # persons; more are drawn as a picture
PIXELS = 330  # of the picture, in both directions
RIM = (1.1, 1.17)  # radii of the crowd, a ring around the persons


def network(
    tape: Tape, world: World | None = None, idea: str | int | None = None, steps: Sequence[int] | None = None
) -> Figure:
    """Draw who holds an idea on the network of persons, at chosen steps.

    The further out a person, the more ties away from those with whom the idea began; see `sim.views.layout`. Ties are
    drawn if they are few enough to be distinguished; more than 10,000 persons are a picture of mixed colours. A crowd
    is a ring around the persons, filled as far as it holds the idea.

    Args:
        tape: from a run or a log.
        world: of the run, for its ties; without it the network is who learned from whom.
        idea: its name or number; by default the one with most realised value.
        steps: 1 to 12 steps from 0 to tape.steps; by default some in which something happened to the idea, the first
            and the last of them included.

    Returns:
        A new Figure, 7.2 inches wide, with axes for each step, in which the persons have the gids of their states,
        such as "learned it".

    Raises:
        ValueError: if the idea is unknown, a step out of range, or the persons of the world are not the tape's.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))
    >>> [axes.get_title("left") for axes in network(tape, steps=[1, 3]).axes]
    ['step 1: 1 person holds it (10⁻⁸%)', 'step 3: 10¹⁰ people hold it (100%)']
    """
    which = chosen_idea(tape, idea)
    chosen = _chosen(tape, which, steps)
    require_same_persons(tape, world)
    pairs = links(tape, world)
    places = layout(tape, pairs, which)
    columns = min(len(chosen), 3 if len(chosen) in (3, 5, 6, 9) else 4) if len(chosen) > 2 else 2
    lines = -(-len(chosen) // columns)
    side = (WIDTH - 0.2) / max(columns, 2)
    found, time, captions = States(tape, which), clock(tape), []
    for step in chosen:
        found.turn_to(step)
        people = int(found.held.sum())
        captions.append(f"{time.name(step)}: {holding(people)} ({percent(people / tape.world_size)})")
    long = style.width_of(captions, SMALL) > side - 0.05
    room = 0.22 + 0.12 * long
    name = readable(tape.ideas[which]) if tape.ideas else ""
    title = f"Who holds {name!r}, and when" if name else "No idea"
    figure, head = style.new_figure(lines * (side + room) + 0.3, title, _notes(tape, world, pairs))
    found = States(tape, which)
    for place, (step, caption) in enumerate(zip(chosen, captions, strict=True)):
        found.turn_to(step)
        left, above = 0.1 + side * (place % columns), head + room - 0.02 + (side + room) * (place // columns)
        axes = style.panel(figure, left, figure.get_figheight() - above - side, WIDTH - left - side, above)
        draw_ground(axes, places, pairs, side, crowds(tape))
        _draw_persons(axes, tape, found, places, side)
        draw_crowds(axes, tape, found)
        text = caption.replace(": ", "\n", 1) if long else caption
        axes.set_title(text, loc="left", pad=2.0, **style.words(fontsize=SMALL))
        axes.title.set_gid("step")
    _draw_key(figure, tape)
    return figure


def require_same_persons(tape: Tape, world: World | None) -> None:
    """Raise a ValueError if the persons of a world are not those of a tape."""
    if world is not None and world.persons.name != tape.persons.name:
        raise ValueError("world: its persons are not those of the tape")


def _chosen(tape: Tape, which: int, steps: Sequence[int] | None) -> list[int]:
    if steps is None:
        return telling_moments(tape, which)
    chosen = sorted({whole_number("steps", step, 0, tape.steps) for step in steps})
    if not 1 <= len(chosen) <= MAX_PANELS:
        raise ValueError(f"steps: {len(chosen)} of them; allowed: 1 to {MAX_PANELS}")
    return chosen


def _notes(tape: Tape, world: World | None, pairs: Ints) -> list[str]:
    persons = len(single(tape))
    what = "ties or tellings" if world is not None else "tellings"
    where = "the further apart, the more" if persons <= MAX_ADJUSTED else "the further out, the more"
    end = "lie between them" if persons <= MAX_ADJUSTED else "from whom it began with"
    drawn = "" if len(pairs) <= MAX_DRAWN_TIES else f"; {number(len(pairs))} {what}, not drawn"
    notes = [f"{number(persons)} person{'s' * (persons != 1)}, {where} {what} {end}{drawn}."]
    if persons > MAX_MARKS:
        notes.append("Each point has the mean colour of the persons near it.")
    crowd = tape.world_size - persons
    return [*notes, f"The ring is the crowd: {number(crowd)} people."] if crowds(tape) else notes


def crowds(tape: Tape) -> bool:
    """Return whether any row of the tape stands for many people."""
    return bool((tape.persons.size > 1).any())


def half_side(ring: bool) -> float:
    """Return half the side of the square around the persons, who stand in the circle of radius 1, and the ring."""
    return 1.22 if ring else 1.08


def draw_ground(axes: Axes, places: Floats, pairs: Ints, side: float, ring: bool) -> None:
    """Set the axes to the square around the persons' circle, and draw the ties if they can be distinguished."""
    axes.set_axis_off()
    half = half_side(ring)
    axes.set_xlim(-half, half)
    axes.set_ylim(-half, half)
    axes.set_aspect("equal")
    if 0 < len(pairs) <= MAX_DRAWN_TIES:
        width = float(np.clip(12.0 * side / 2.4 / np.sqrt(len(pairs)), 0.15, 0.9))
        style.strokes(axes, places[pairs], linewidths=width, colors=FAINT, zorder=1, gid="ties")


def mark_size(persons: int, side: float) -> float:
    """Return the size of a person's mark (points squared) on a panel of `side` inches."""
    each = 0.62 * (72.0 * side / 2.44) * 2.0 / np.sqrt(max(persons, 1))
    return float(np.clip(each, 0.72, 9.0)) ** 2


def holding(people: int) -> str:
    """Return how many hold an idea, in words.

    >>> holding(0), holding(1), holding(2500)
    ('nobody holds it', '1 person holds it', '2,500 people hold it')
    """
    words = {0: "nobody holds", 1: "1 person holds"}
    return f"{words.get(people) or f'{number(people)} people hold'} it"


def named_persons(tape: Tape) -> Ints:
    """Return the persons to label: all if they are few, else those with a name of their own if those are few."""
    persons = single(tape)
    own = persons[(tape.persons.members == 1)[tape.persons.group[persons]]]
    return next((some for some in (persons, own) if len(some) <= MAX_NAMED_PERSONS), persons[:0])


def _draw_persons(axes: Axes, tape: Tape, found: States, places: Floats, side: float) -> None:
    persons, named = single(tape), named_persons(tape)
    size, raster = mark_size(len(persons), side), len(persons) > MAX_MARKS
    if raster:
        picture = mixed(places[persons], COLOURS, found.now[persons], axes.get_xlim()[1])
        axes.imshow(
            picture, extent=(*axes.get_xlim(), *axes.get_ylim()), interpolation="bilinear", gid="persons", zorder=2
        )
    for state in (NEVER, GAVE_UP, HEARD, FOUND, MADE):
        here = persons[found.now[persons] == state]
        few = (state in (FOUND, MADE) or (raster and state != NEVER)) and len(here) <= MAX_ENLARGED  # rare
        for some, own in ((np.setdiff1d(here, named), False), (np.intersect1d(here, named), len(persons) > len(named))):
            large = own or few
            if not len(some) or (raster and not large):
                continue
            edged = size > 20.0 or large
            axes.scatter(
                places[some, 0], places[some, 1], s=max(1.6 * size * own, 9.0, size) if large else size,
                c=COLOURS[state], marker="s" if state == MADE else "o",
                edgecolors=INK if own else "white" if edged else None, linewidths=0.5 * edged,
                rasterized=len(persons) > style.MAX_VECTOR_MARKS, gid=NAMES[state],
                zorder=(3 if large else 2) + 0.1 * state,
                clip_on=False,
            )  # fmt: skip
    _draw_names(axes, tape, named, places, len(persons))


def _draw_names(axes: Axes, tape: Tape, named: Ints, places: Floats, among: int) -> None:
    """Write each name beside its mark, where it covers as little as possible of other names and labelled marks."""
    wide, half = style.inches(axes)[0], axes.get_xlim()[1]
    inch = 2.0 * half / wide  # in units of the circle
    mark = 0.65 * math.sqrt(max(mark_size(among, wide), 9.0)) / 72.0 * inch
    near = places[single(tape)] if among <= 4 * MAX_NAMED_PERSONS else places[named]
    taken = [(x, y, mark, mark) for x, y in near.tolist()]
    for person in named.tolist():
        x, y = places[person]
        text = readable(tape.persons.name_of(person), 16)
        across, up = 0.5 * style.width_of([text], SMALL) * inch + 0.03, 0.07 * inch
        spots = [
            (float(np.clip(x + dx * (mark + across), across - half, half - across)), y + dy * k * (mark + 1.1 * up))
            for k in (1, 2, 3) for dx, dy in ((0, -1), (1, 0), (-1, 0), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
        ]  # fmt: skip
        crossed = [sum(_common(spot, across, up, box) for box in taken) for spot in spots]
        best = spots[int(np.argmin(crossed))]
        taken.append((*best, across, up))
        written = style.say(axes, *best, text, ha="center", va="center_baseline", fontsize=SMALL, zorder=9)
        written.set_gid(f"name {person}")
        if among > MAX_NAMED_PERSONS:
            written.set_bbox({"boxstyle": "square,pad=0.05", "facecolor": "white", "alpha": 0.75, "linewidth": 0})


def _common(spot: tuple[float, float], across: float, up: float, box: tuple[float, float, float, float]) -> float:
    """Return the area shared by a box about a spot and another box, given by middle, half width and half height."""
    x, y = (
        min(a + r, b + s) - max(a - r, b - s) for a, r, b, s in zip(spot, (across, up), box[:2], box[2:], strict=True)
    )
    return max(x, 0.0) * max(y, 0.0)


def mixed(places: Floats, colours: Sequence[Any], state: NDArray[np.integer[Any]], half: float) -> Floats:
    """Return the persons as a picture of a square from -half to half, with the mean colour of those near each point.

    Args:
        places: shape (persons, 2).
        colours: of the states.
        state: of each person; shape (persons,).
        half: half the side of the square.

    Returns:
        Red, green and blue from 0 to 1; shape (PIXELS, PIXELS, 3), the uppermost line first.
    """
    spot = np.clip(((places + half) / (2.0 * half) * PIXELS).astype(np.int64), 0, PIXELS - 1)
    cell = (PIXELS - 1 - spot[:, 1]) * PIXELS + spot[:, 0]
    wide = max(1.0, 0.9 * PIXELS / half / math.sqrt(len(places)))

    def smooth(weight: Floats | None = None) -> Floats:
        sums = np.bincount(cell, weight, PIXELS * PIXELS).reshape(PIXELS, PIXELS)
        return np.asarray(gaussian_filter(sums.astype(np.float64), wide))

    every, ink = smooth(), np.array([to_rgb(colour) for colour in colours])[state]
    there = every > 0.25 * every[every > 0.0].mean()
    picture = np.ones((PIXELS, PIXELS, 3))
    for channel in range(3):
        picture[there, channel] = np.clip(smooth(ink[:, channel])[there] / every[there], 0.0, 1.0)
    return picture


def draw_crowds(axes: Axes, tape: Tape, found: States) -> list[Wedge]:
    """Draw the ring of the crowds, filled as far as they hold the idea; return the filled parts, one per crowd."""
    crowds = np.flatnonzero((tape.persons.size > 1)[tape.persons.group])
    size = tape.persons.size[tape.persons.group[crowds]]
    ends = 90.0 - 360.0 * np.concatenate([np.zeros(1), np.cumsum(size) / max(int(size.sum()), 1)])
    filled: list[Wedge] = []
    for begin, end in itertools.pairwise(ends.tolist()):
        for colour, name in (("#EBEBEB", None), (COLOURS[HEARD], "crowd")):
            part = Wedge((0, 0), RIM[1], end, begin, width=RIM[1] - RIM[0], color=colour, linewidth=0, gid=name)
            axes.add_patch(part)
        filled.append(part)
    fill_crowds(filled, tape, found)
    return filled


def fill_crowds(filled: Sequence[Wedge], tape: Tape, found: States) -> None:
    """Fill the parts of the ring as far as their crowds hold the idea now."""
    crowds = np.flatnonzero((tape.persons.size > 1)[tape.persons.group])
    size = tape.persons.size[tape.persons.group[crowds]]
    for wedge, crowd, many in zip(filled, crowds.tolist(), size.tolist(), strict=True):
        share = min(1.0, float(found.held[crowd]) / many)
        wedge.set_visible(share > 0.0)
        wedge.set_theta1(wedge.theta2 - 360.0 * share * many / float(size.sum()))


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
