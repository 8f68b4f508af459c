"""Counterfactual worlds: without a person, or without what a person tells or makes, and otherwise the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sim.model.schedule import Scheduled
from sim.model.world import World
from sim.tape.tables import Floats

PARTS = ("person", "telling", "implementation")
TELLING = ("tell", "publish", "rewrite", "unlock")


def knocked_out(world: World, rows: range, part: str = "person") -> World:
    """Return the same world without the persons of these rows, their telling or their implementing; see `knockout`.

    Args:
        world: is not changed.
        rows: consecutive rows of the tape's persons.
        part: one of PARTS.

    >>> from sim import Scenario
    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1"}, {name = "P2", skill = 0.5}]
    ... ideas = [{name = "wheel"}]''')
    >>> world = World.build(scenario)
    >>> knocked_out(world, range(1, 2)).alive.tolist()
    [True, False]
    >>> knocked_out(world, range(1, 2), "implementation").skill.tolist()
    [0.0, 0.0]
    """
    schedule = tuple(left for entry in world.schedule for left in _left(entry, rows, part))
    if part == "person":
        alive = world.alive.copy()
        alive[rows.start : rows.stop] = False
        return replace(world, alive=alive, schedule=schedule)
    if part == "implementation":
        return replace(world, skill=_at_zero(world.skill, rows), schedule=schedule)
    return replace(world, reach=_at_zero(world.reach, rows), schedule=schedule)


def _left(entry: Scheduled, rows: range, part: str) -> Iterator[Scheduled]:
    """Yield what remains of a scheduled intervention."""
    sets = entry.setting[1] if entry.setting is not None and entry.setting[0] == "persons" else ""
    if part == "person":
        loses = entry.kind in ("born", "die")
    elif part == "telling":
        loses = sets == "reach" or entry.kind == "find"
    else:
        loses = sets == "skill"
    does = (part == "telling" and entry.kind in TELLING) or (part == "implementation" and entry.kind == "implement")
    if loses and _meets(entry.to, rows):
        yield from (replace(entry, to=some) for some in _others(entry.to, rows) if len(some))
    elif does and _meets(entry.who, rows):
        yield from _done_by_others(entry, rows)
    else:
        yield entry


def _done_by_others(entry: Scheduled, rows: range) -> Iterator[Scheduled]:
    if entry.pairing == "all":
        yield from (replace(entry, who=some) for some in _others(entry.who, rows) if len(some))
        return
    for person, idea in entry.pairs:
        if person not in rows:
            yield replace(entry, who=range(person, person + 1), ideas=range(idea, idea + 1), pairing="all")


def _meets(some: Sequence[int], rows: range) -> bool:
    return len(some) > 0 and some[0] < rows.stop and rows.start <= some[-1]


def _others(some: Sequence[int], rows: range) -> tuple[range, range]:
    """Return the consecutive rows before and after the given ones."""
    return range(some[0], max(some[0], rows.start)), range(min(some[-1] + 1, rows.stop), some[-1] + 1)


def _at_zero(column: Floats, rows: range) -> Floats:
    full = np.array(column)
    full[rows.start : rows.stop] = 0.0
    return full
