"""The value of each holding, and the implementations it came through: the last rule of a step, summed over the run.

A holding that begins in step a and ends in step b realises its idea's value in each of the steps a + 1 to b in which
the idea works (or in all of them, if holding is what counts). The value of a step is split equally over the
implementations in use. Where several serve, at once or in turn, a `use` event stands for them: its influences are the
implementations, in the proportions in which they served. A `use` is made of earlier ones, so that a thousand
implementers cost a few thousand rows, not a thousand per holding.

The loops are in realise_loops.py; they run interpreted for a small run and compiled for a large one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.machine.loops import for_size
from sim.model.realise_loops import Impact, Payoffs, Schedule, realise_run, scheduled
from sim.model.world import World
from sim.tape.rows import Rows, in_use
from sim.tape.tables import Events, Influences, Ints, Realised
from sim.tape.tape import Tape


def impact_of(world: World, now: int) -> Impact:
    """Return the settings by which the runs of a world realise value up to a step."""
    impact, all_do = world.scenario.impact, bool(world.realises[: world.n].all())
    realising = np.ones(1, np.bool_) if all_do else world.realises[: world.n]
    return Impact(
        realising, *delays_of(world), payoffs_of(world, now), world.n, now, impact.value_of == "held",
        impact.per == "adopter", bool(world.crowd and world.realises[world.n]),
    )  # fmt: skip


def history(world: World, rows: Rows, crowd: Ints, now: int, skipped: int) -> Tape:
    """Return the tape of a run up to step `now`, for any engine; the rows in use are not changed.

    Args:
        world: the world that was run.
        rows: the events and influences so far.
        crowd: the crowd's holdings, ended or not: event, idea, begin, end, count; int64, shape (5, pieces).
        now: the last step.
        skipped: the number of scheduled changes that found nothing to act on.
    """
    rows = rows._replace(used=rows.used.copy())  # a count of its own; the spare room belongs to nobody
    pieces = np.ascontiguousarray(crowd[:, np.argsort(crowd[0], kind="stable")])
    rows, *realised = for_size(realise_run, int(rows.used[0]))(rows, pieces, impact_of(world, now))
    return tape_of(world, in_use(rows), realised, now, skipped)


def tape_of(world: World, rows: Rows, realised: Sequence[Any], now: int, skipped: int, sound: bool = False) -> Tape:
    """Return a tape of rows, and of the event, implementation and value of what was realised; it keeps the arrays.

    `sound`: whether the loops have already checked them as a tape does.
    """
    table = in_order(*realised) if world.crowd else Realised.of(*realised)
    source = world.provenance() | ({"interventions_without_effect": skipped} if skipped else {})
    make = Tape.of_sound if sound else Tape
    events, influences = Events.of(*rows[:5]), Influences.of(*rows[5:8])
    return make(events, influences, table, world.persons, world.ideas.name, now, world.size, {}, source)


def schedule_of(world: World, rows: Rows) -> Schedule:
    """Return when the implementations of each idea come into use."""
    return scheduled(rows, len(world.ideas.name), *delays_of(world))


def delays_of(world: World) -> tuple[Ints, Ints]:
    """Return the steps from which a release delay of implementations applies, and these delays."""
    changes = [(d.step, int(d.setting[2])) for d in world.schedule
               if d.setting is not None and d.setting[:2] == ("dynamics", "release_delay")]  # fmt: skip
    since, delay = np.array([(0, int(world.scenario.dynamics.release_delay)), *changes], np.int64).T
    return since.copy(), delay.copy()


def payoffs_of(world: World, now: int) -> Payoffs:
    """Return the value that a holder of each idea realises in a step, over spans of steps with a constant value."""
    spans: list[tuple[int, int, float]] = []
    begin = [0]
    changes: dict[int, list[tuple[int, float]]] = {}
    for entry in world.schedule:
        if entry.setting is not None and entry.setting[:2] == ("ideas", "value") and entry.step <= now:
            for idea in entry.to:
                changes.setdefault(idea, []).append((entry.step, float(entry.setting[2])))
    for idea, value in enumerate(world.ideas.value.tolist()):
        values = [(1, value), *changes.get(idea, [])]
        stops = [*(step - 1 for step, _ in values[1:]), now]
        spans += [(step - 1, stop, v) for (step, v), stop in zip(values, stops, strict=True) if stop >= step]
        begin.append(len(spans))
    first, last, each = zip(*spans, strict=True) if spans else ((), (), ())
    return Payoffs(np.array(begin), np.array(first, np.int64), np.array(last, np.int64), np.array(each, np.float64))


def in_order(event: Ints, implementation: Ints, value: Any) -> Realised:
    """Return one row with the sum of the values for each event and implementation, in the order of the events."""
    order = np.lexsort((implementation, event))
    event, implementation, value = event[order], implementation[order], value[order]
    new = np.ones(len(event), np.bool_)
    new[1:] = (event[1:] != event[:-1]) | (implementation[1:] != implementation[:-1])
    starts = np.flatnonzero(new)
    sums = np.bincount(np.cumsum(new) - 1, value).astype(np.float64)  # adds in row order, on every machine
    return Realised(event[starts], implementation[starts], sums)
