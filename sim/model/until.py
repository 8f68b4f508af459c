"""A tape as it was at an earlier step: what was known then, and what had been realised by then.

The events are those of the tape up to the step. Their value by then is computed anew: a realised row says how much a
holding realised by the end, not when. In a log, a value counts from the later of the adoption and the implementation
that it names. In a run, the scenario decides (values, delays, whose holdings count); the crowd's cohorts, of which the
tape has the sums, lose members again by the same random draws. A run of fewer steps has the same tape, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np

from sim.errors import whole_number
from sim.model.randomness import CROWD, uniform
from sim.model.realise import history, schedule_of
from sim.model.rules import abandonment_rate, count_leaving, is_settled
from sim.model.world import World
from sim.scenario.scenario import Scenario
from sim.tape.rows import rows_of
from sim.tape.tables import LEARN, USE, Events, Influences, Ints, Realised
from sim.tape.tape import Tape

Rows = TypeVar("Rows", Events, Influences)


class Cohorts(NamedTuple):
    """The crowd's cohorts, each of which adopted an idea together, and when parts of them left.

    `began` has the rows event, idea, since, count, shape (4, cohorts); `left` the rows cohort, step, count, in order
    of time, shape (3, pieces).
    """

    began: Ints
    left: Ints


def until(tape: Tape, step: int, scenario: Scenario | None = None) -> Tape:
    """Return the tape as it was at the end of a step; for a run, the tape of the same run with that many steps.

    Args:
        tape: of a run or of a real log; only read. Persons and the size of the world stay the same.
        step: from 0 to tape.steps.
        scenario: the scenario of the run; not needed for a log.

    Raises:
        ValueError: if the step is out of range, or the tape is of a run whose scenario is not given, or another is.

    >>> from sim import Tape
    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2, 3], [0, 1, 1], [0, 1, 2], [0, 0, 0], [1, 1, 98])
    >>> people = Persons(["P1", "P2", "crowd"], [1, 1, 1], [1, 1, 98])
    >>> both = Realised([1, 2], [-1, -1], [1, 98])
    >>> tape = Tape(told, Influences([1, 2], [0, 1], [1, 1]), both, people, ("idea",), 3, 100)
    >>> [until(tape, step).total for step in (1, 2, 3)]
    [0.0, 1.0, 99.0]
    """
    return next(moments(tape, [step], scenario))


def moments(tape: Tape, steps: Iterable[int], scenario: Scenario | None = None) -> Iterator[Tape]:
    """Iterate over the tape as it was at the end of each step, like `until`, with the shared work done once."""
    steps = list(steps)
    for step in steps:
        whole_number("step", step, 0, tape.steps)
    if tape.provenance.get("seed") is None:
        return (_log_until(tape, step) for step in steps)
    if scenario is None:
        raise ValueError("the tape of a run says how much was realised, not when: its scenario is needed")
    return _run_until(tape, steps, scenario)


def _log_until(tape: Tape, step: int) -> Tape:
    number, influences = _number_until(tape, step)
    event, implementation, value = tape.realised.columns().values()
    known = np.maximum(event, implementation) < number  # rows are in order of time
    return replace(
        tape,
        events=_first(tape.events, number),
        influences=_first(tape.influences, influences),
        realised=Realised(event[known], implementation[known], value[known]),
        steps=step,
    )


def _run_until(tape: Tape, steps: Iterable[int], scenario: Scenario) -> Iterator[Tape]:
    try:
        world = World.build(scenario.replace({"world.network": {"kind": "none"}}), tape.provenance["seed"])
        if not _equal_world(tape, world):
            raise ValueError
        cohorts = _cohorts(tape, world)
        if _at(tape, tape.steps, world, cohorts) != tape:
            raise ValueError
    except (ValueError, LookupError):
        raise ValueError("the scenario is not the one that the tape is a run of") from None
    return (_at(tape, step, world, cohorts) for step in steps)


def _equal_world(tape: Tape, world: World) -> bool:
    columns = zip(tape.persons.columns().values(), world.persons.columns().values(), strict=True)
    people = all(np.array_equal(one, other) for one, other in columns)
    return people and (tape.ideas, tape.world_size) == (world.ideas.name, world.size)


def _at(tape: Tape, step: int, world: World, cohorts: Cohorts) -> Tape:
    number, influences = _number_until(tape, step)
    rows = rows_of(_first(tape.events, number), _first(tape.influences, influences))
    return history(world, rows, _pieces(cohorts, step), step, 0)


def _number_until(tape: Tape, step: int) -> tuple[int, int]:
    """Return the numbers of events and influences up to a step, without the `use` events at the end of a run."""
    number = int(np.searchsorted(tape.events.step, step, side="right"))
    while number and tape.provenance.get("seed") is not None and tape.events.kind[number - 1] == USE:
        number -= 1
    return number, int(tape.parents[number])


def _first(table: Rows, number: int) -> Rows:
    return type(table)(*(column[:number] for column in table.columns().values()))


def _cohorts(tape: Tape, world: World) -> Cohorts:
    """Return the crowd's cohorts, which lose members as in the run: by the same rule, rates and random draws."""
    step, kind, person, idea, count = tape.events.columns().values()
    schedule = schedule_of(world, rows_of(tape.events, tape.influences))
    began: list[tuple[int, int, int, int]] = []
    left: list[tuple[int, int, int]] = []
    held: dict[int, list[list[int]]] = {}  # by idea: cohort, since, how many are left
    for row in np.flatnonzero((person == world.n) & (kind != USE)).tolist():
        now, of = int(step[row]), int(idea[row])
        if kind[row] == LEARN:
            held.setdefault(of, []).append([len(began), now, int(count[row])])
            began.append((row, of, now, int(count[row])))
            continue
        first = int(schedule.begin[of])
        works = first < schedule.begin[of + 1] and bool(schedule.release[first] <= now)
        rate, rate_working = (_setting(world, name, now) for name in ("abandon_rate", "abandon_rate_working"))
        gone_in_all = 0
        for cohort in held[of]:
            number, since, many = cohort
            drawn = uniform(world.seed, CROWD, now, world.n, of, 1 + since)
            leaves = abandonment_rate(works, rate, rate_working, now - since)
            if is_settled(since, now) and (gone := count_leaving(many, leaves, drawn)):
                cohort[2] -= gone
                gone_in_all += gone
                left.append((number, now, gone))
        if gone_in_all != count[row]:
            raise ValueError("the crowd did otherwise")
    return Cohorts(np.array(began, np.int64).reshape(-1, 4).T, np.array(left, np.int64).reshape(-1, 3).T)


def _setting(world: World, name: str, now: int) -> float:
    """Return a number of the dynamics as it is in a step, after the changes scheduled up to then."""
    value = getattr(world.scenario.dynamics, name)
    for entry in world.schedule:
        if entry.step <= now and entry.setting is not None and entry.setting[:2] == ("dynamics", name):
            value = entry.setting[2]
    return float(value)


def _pieces(cohorts: Cohorts, step: int) -> Ints:
    """Return the crowd's holdings at a step: event, idea, begin, end, count; those that had ended come first."""
    event, idea, since, count = cohorts.began
    of, when, gone = cohorts.left[:, cohorts.left[1] <= step]
    stay = count - np.bincount(of, gone, len(count)).astype(np.int64)
    ended = np.stack([event[of], idea[of], since[of], when, gone])
    going_on = np.stack([event, idea, since, np.full(len(event), step), stay])[:, since <= step]
    return np.concatenate([ended, going_on], axis=1)
