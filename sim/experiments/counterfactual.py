"""Worlds without a person, or without what a person told or made; nobody else and no luck is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sim.model.schedule import Deed
from sim.model.world import World
from sim.tape.tables import Floats

PARTS = ("person", "telling", "implementation")
TELLING = ("tell", "publish", "rewrite", "unlock")


def world_without(world: World, rows: range, part: str = "person") -> World:
    """The same world without the persons of these rows, or without their telling or implementation; see `knockout`.

    Args:
        world: is left as it is.
        rows: consecutive rows of the tape's persons.
        part: one of PARTS.

    >>> from sim import Scenario
    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1"}, {name = "P2", skill = 0.5}]
    ... ideas = [{name = "wheel"}]''')
    >>> world = World.build(scenario)
    >>> world_without(world, range(1, 2)).alive.tolist()
    [True, False]
    >>> world_without(world, range(1, 2), "implementation").skill.tolist()
    [0.0, 0.0]
    """
    deeds = tuple(left for deed in world.deeds for left in _left(deed, rows, part))
    if part == "person":
        alive = world.alive.copy()
        alive[rows.start : rows.stop] = False
        return replace(world, alive=alive, deeds=deeds)
    if part == "implementation":
        return replace(world, skill=_at_zero(world.skill, rows), deeds=deeds)
    return replace(world, reach=_at_zero(world.reach, rows), deeds=deeds)


def _left(deed: Deed, rows: range, part: str) -> Iterator[Deed]:
    """What is left of a deed, in as many deeds as it takes."""
    sets = deed.setting[1] if deed.setting is not None and deed.setting[0] == "persons" else ""
    if part == "person":
        loses = deed.kind in ("born", "die")
    elif part == "telling":
        loses = sets == "reach" or deed.kind == "find"
    else:
        loses = sets == "skill"
    does = (part == "telling" and deed.kind in TELLING) or (part == "implementation" and deed.kind == "implement")
    if loses and _meets(deed.to, rows):
        yield from (replace(deed, to=some) for some in _others(deed.to, rows) if len(some))
    elif does and _meets(deed.who, rows):
        yield from _done_by_others(deed, rows)
    else:
        yield deed


def _done_by_others(deed: Deed, rows: range) -> Iterator[Deed]:
    if deed.pairing == "all":
        yield from (replace(deed, who=some) for some in _others(deed.who, rows) if len(some))
        return
    for person, idea in deed.pairs:
        if person not in rows:
            yield replace(deed, who=range(person, person + 1), ideas=range(idea, idea + 1), pairing="all")


def _meets(some: Sequence[int], rows: range) -> bool:
    return len(some) > 0 and some[0] < rows.stop and rows.start <= some[-1]


def _others(some: Sequence[int], rows: range) -> tuple[range, range]:
    """Those of consecutive rows that come before and after the given ones."""
    return range(some[0], max(some[0], rows.start)), range(min(some[-1] + 1, rows.stop), some[-1] + 1)


def _at_zero(column: Floats, rows: range) -> Floats:
    full = np.array(column)
    full[rows.start : rows.stop] = 0.0
    return full
