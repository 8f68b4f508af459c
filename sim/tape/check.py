"""The requirements of a tape, which are checked whenever one is made.

They are checked column by column, so that the broken one can be named. A long tape is first checked in one compiled
pass, if compiled code is at hand, since nearly every tape meets them all.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from sim.errors import TapeError
from sim.machine.hints import fetch
from sim.machine.loops import compiled
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, KINDS, LEARN, LEAVE, USE, Floats, History, Ints

WORTH_LOADING = 200  # events above which the compiled pass is used, if the compiler is loaded already
AHEAD = 16  # influences between asking the memory for a parent and looking at it
CLOSE = 1e-9  # how far the weights of a child may be from 1


def check(tape: History) -> None:
    """Raise a TapeError at the first requirement that the tape breaks; the work is proportional to its rows."""
    if tape.world_size < tape.persons.people:
        raise TapeError(f"persons: {tape.persons.people} persons in a world of {tape.world_size}")
    if len(tape.events) > WORTH_LOADING and "sim.machine.compiling" in sys.modules and _is_sound(tape):
        return
    _check_events(tape)
    _check_influences(tape)
    _check_realised(tape)


def _require(good: NDArray[np.bool_], table: str, what: str) -> None:
    if not good.all():
        raise TapeError(f"{table}: row {int(np.argmin(good))}: {what}")


def _check_events(tape: History) -> None:
    step, kind, person, idea, count = tape.events.columns().values()
    _require((step >= 0) & (step <= tape.steps), "events", f"step must be from 0 to {tape.steps}")
    _require(np.diff(step, prepend=step[:1]) >= 0, "events", "step must not decrease")
    _require((kind >= 0) & (kind < len(KINDS)), "events", f"kind must be from 0 to {len(KINDS) - 1}")
    nobody = kind == USE
    known = (person >= 0) & (person < tape.persons.total)
    _require(np.where(nobody, person == -1, known), "events", f"no person of 0 to {tape.persons.total - 1}")
    _require((idea >= 0) & (idea < len(tape.ideas)), "events", f"no idea of 0 to {len(tape.ideas) - 1}")
    _require(count >= 1, "events", "count must be 1 or more")


def _check_influences(tape: History) -> None:
    child, parent, weight = tape.influences.columns().values()
    kind, person, idea = tape.events.kind, tape.events.person, tape.events.idea
    _require((parent >= 0) & (parent < child) & (child < len(tape.events)), "influences", "parent must precede child")
    _require(np.diff(child, prepend=child[:1]) >= 0, "influences", "child must not decrease")
    _require((weight > 0.0) & (weight <= 1.0), "influences", "weight must be above 0 and at most 1")
    sums = np.bincount(child, weight, len(tape.events))
    has = tape.parents[1:] > tape.parents[:-1]
    _require(~has | (np.abs(sums - 1.0) <= CLOSE), "events", "the weights of its influences must sum to 1")
    _require(has | (kind == DISCOVER) | (kind == ABANDON) | (kind == LEAVE), "events", "an influence is missing")
    of, by = kind[child], kind[parent]
    _require((of != ABANDON) & (of != LEAVE), "influences", "the child must be a discovery, learning or implementation")
    serves = np.where(of == USE, (by == IMPLEMENT) | (by == USE), by <= LEARN)
    _require(serves, "influences", "the parent must be a holding (of a use: an implementation)")
    same = idea[child] == idea[parent]
    _require(
        np.where(of == DISCOVER, ~same, same), "influences", "the idea must be the parent's (of a discovery: another)"
    )
    own = person[child] == person[parent]
    _require(own | (of != IMPLEMENT), "influences", "the person must be the parent's")


def _check_realised(tape: History) -> None:
    event, implementation, value = tape.realised.columns().values()
    kind, idea = tape.events.kind, tape.events.idea
    _require((event >= 0) & (event < len(tape.events)), "realised", "no such event")
    _require((implementation >= -1) & (implementation < len(tape.events)), "realised", "no such implementation")
    _require(kind[event] <= LEARN, "realised", "the event must be a discovery or a learning")
    served = implementation >= 0
    by = implementation[served]
    good = served.copy()
    good[served] = ((kind[by] == IMPLEMENT) | (kind[by] == USE)) & (idea[by] == idea[event[served]])
    _require(good | ~served, "realised", "the implementation must be one of the same idea")
    _require(np.isfinite(value) & (value >= 0.0), "realised", "value must be 0 or more, and finite")


def _is_sound(tape: History) -> bool:
    """Return whether a tape meets all requirements except those of its persons, in compiled loops."""
    events, influences, realised = tape.events, tape.influences, tape.realised
    return bool(compiled(is_sound)(
        events.step, events.kind, events.person, events.idea, events.count, influences.child, influences.parent,
        influences.weight, realised.event, realised.implementation, realised.value,
        tape.steps, tape.persons.total, len(tape.ideas),
    ))  # fmt: skip


def is_sound(
    step: Ints, kind: NDArray[np.int8], person: NDArray[np.int32], idea: NDArray[np.int32], count: Ints,
    child: Ints, parent: Ints, weight: Floats, event: Ints, implementation: Ints, value: Floats,
    steps: int, persons: int, ideas: int,
) -> bool:  # fmt: skip
    """Return whether all rows meet the requirements."""
    return (
        sound_events(step, kind, person, idea, count, steps, persons, ideas)
        and sound_influences(kind, person, idea, child, parent, weight)
        and sound_realised(kind, idea, event, implementation, value)
    )


def sound_events(
    step: Ints, kind: NDArray[np.int8], person: NDArray[np.int32], idea: NDArray[np.int32], count: Ints, steps: int,
    persons: int, ideas: int,
) -> bool:  # fmt: skip
    """Return whether the events by themselves meet the requirements."""
    sound = True
    for e in range(len(step)):
        sound &= (step[e] >= 0) & (step[e] <= steps) & (kind[e] >= 0) & (kind[e] <= USE)
        sound &= (idea[e] >= 0) & (idea[e] < ideas) & (count[e] >= 1)
        sound &= ((person[e] == -1) & (kind[e] == USE)) | ((person[e] >= 0) & (person[e] < persons) & (kind[e] != USE))
    for e in range(1, len(step)):
        sound &= step[e - 1] <= step[e]
    return sound


def sound_influences(
    kind: NDArray[np.int8], person: NDArray[np.int32], idea: NDArray[np.int32], child: Ints, parent: Ints,
    weight: Floats,
) -> bool:  # fmt: skip
    """Return whether the influences meet the requirements, given events that do."""
    sound, without = True, 0
    for k in range(len(child)):
        sound &= (parent[k] >= 0) & (parent[k] < child[k]) & (child[k] < len(kind))
        sound &= (weight[k] > 0.0) & (weight[k] <= 1.0)
    for k in range(1, len(child)):
        sound &= child[k - 1] <= child[k]
    if not sound:
        return False
    for e in range(len(kind)):
        without += stands_on_others(kind[e])
    total = 1.0
    for k in range(len(child)):
        soon = parent[min(k + AHEAD, len(child) - 1)]
        fetch(kind, soon)
        fetch(idea, soon)
        of, by = child[k], parent[k]
        if k == 0 or child[k - 1] != of:
            sound &= abs(total - 1.0) <= CLOSE
            total = 0.0
            without -= stands_on_others(kind[of])
        total += weight[k]
        sound &= (kind[of] != ABANDON) & (kind[of] != LEAVE) & ((idea[of] == idea[by]) != (kind[of] == DISCOVER))
        if kind[of] == USE:
            sound &= (kind[by] == IMPLEMENT) | (kind[by] == USE)
        else:
            sound &= kind[by] <= LEARN
        if kind[of] == IMPLEMENT:
            sound &= person[of] == person[by]
    return bool(sound and abs(total - 1.0) <= CLOSE and without == 0)


def stands_on_others(kind: int) -> bool:
    """Return whether an event of this kind must have an influence."""
    return kind in (LEARN, IMPLEMENT, USE)


def sound_realised(
    kind: NDArray[np.int8], idea: NDArray[np.int32], event: Ints, implementation: Ints, value: Floats
) -> bool:
    """Return whether the realised values meet the requirements, given events that do."""
    events, sound = len(kind), True
    for k in range(len(event)):
        e, by = event[k], implementation[k]
        if not (0 <= e < events and -1 <= by < events):
            return False
        sound &= kind[e] <= LEARN and 0.0 <= value[k] < np.inf
        if by >= 0:
            sound &= (kind[by] == IMPLEMENT or kind[by] == USE) and idea[by] == idea[e]
    return sound
