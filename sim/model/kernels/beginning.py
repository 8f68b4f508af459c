"""The record of a run before the first step, made from a world, for single runs and batches alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machine.hints import keep
from sim.model.kernels import interventions
from sim.model.kernels.bitset import spans
from sim.model.kernels.columns import (
    COHORT,
    DYNAMICS,
    FAR,
    IDEA,
    INTERVENTION,
    NEWS,
    NOTE,
    PAIR,
    PART,
    PIECE,
    STATUS,
    Abilities,
    Record,
    Records,
    TieRows,
    filled,
    number,
    stack,
)
from sim.model.kernels.telling import BUFFER
from sim.model.kernels.timers import BLOCK
from sim.model.networks.ties import Ties, reversed_ties
from sim.model.rules import NEVER
from sim.model.schedule import Scheduled
from sim.model.world import World
from sim.scenario.scenario import Scenario
from sim.scenario.sections import Dynamics, Idea
from sim.tape.rows import empty_rows
from sim.tape.tables import Floats, Ints

SOME = 1 << 16  # persons whose ties are counted at a time
FIELDS = {"dynamics": DYNAMICS.names, "ideas": IDEA.names, "persons": (*Abilities._fields, "keeps")}
MOST_ROWS = 1 << 27  # for which room is made in advance; memory is taken only when it is written
# fields that, if set later, may give something to do again to a teller with nobody left to tell
REOPENING = ("readopt", "reach", "stifling", "audience")


class Start(NamedTuple):
    """The state before the first step, apart from the seed; `Run` in columns.py explains the fields."""

    n: int
    size: int
    steps: int
    crowd_understanding: float
    abilities: Abilities
    keeps: Any
    alive: Any
    changes: bool  # whether an intervention may change a person
    ties: TieRows
    reverse: TieRows
    dynamics: Floats  # numbers, (numbers,)
    ideas: NDArray[np.float64]  # (m, numbers)
    status: Records
    relations: Ints
    interventions: Records
    lasting: int
    timed: int
    exposed: int  # room for those who understood and are not yet noted


def start_of(world: World) -> Start:
    """Return the state in which the runs of a world begin."""
    scenario, ties = world.scenario, tie_rows(world.ties)
    timed = len(ties.start) and (ties.start.max() > 0 or ties.end.min() < NEVER)
    return Start(
        world.n, world.size, scenario.scenario.steps, scenario.world.crowd_understanding, *persons_of(world), ties,
        reverse_of(world), dynamics_of(scenario), ideas_of(world), *status_of(world),
        interventions_of(world.schedule), is_lasting(world), int(timed), exposed_room(world.ties),
    )  # fmt: skip


def begin(start: Any, seed: int) -> Any:
    """Return a kept record in which nothing has happened; for compiled code only.

    Args:
        start: a kept `Start`.
        seed: the seed of all draws, as a signed number.
    """
    return keep(fresh(start.record, seed))


def fresh(start: Start, seed: int) -> Any:
    """Return the record of a run in which nothing has happened, with memory of its own for all that may change.

    Memory is taken when it is written.
    """
    n, status, persons = start.n, start.status.copy(), start.abilities
    dynamics, ideas, keeps, alive = start.dynamics.copy(), start.ideas.copy(), start.keeps, start.alive
    if start.changes:
        persons = Abilities(
            persons.creativity.copy(), persons.reach.copy(), persons.skill.copy(), persons.clarity.copy(),
            persons.understanding.copy(), persons.threshold.copy(),
        )  # fmt: skip
        keeps, alive = keeps.copy(), alive.copy()
    keys, most_dependents = n * len(status), 0
    for first, end in zip(status["dependents"], status["dependents_end"]):  # noqa: B905  # as numba has it
        most_dependents = max(most_dependents, end - first)
    rows = min(3 * keys, MOST_ROWS) + 64  # enough to adopt, implement and give up each once without copying
    return Record(
        seed, n, start.size, start.steps, start.size - n, start.crowd_understanding, persons, keeps, alive, start.ties,
        start.reverse, dynamics.view(DYNAMICS), dynamics, ideas.reshape(ideas.size).view(IDEA), ideas, status,
        start.relations, int(most_dependents), start.interventions,
        0, 0, 0, 0, 0, 0, 1, start.lasting, start.timed, 0, np.empty(1, DYNAMICS), np.empty(len(ideas), IDEA),
        np.zeros(keys, PAIR), np.zeros(keys, np.int64), np.zeros((keys + 63) // 64, np.int64),
        np.zeros(4 * keys, np.int32), np.zeros(keys, np.int64), np.zeros((6, spans(keys) * 64), np.int64),
        np.zeros((6, spans(keys)), np.int64), 0, np.zeros(4, np.int64),
        empty_rows(rows, rows), stack(64), stack(keys), stack(16), stack(start.exposed), stack(start.exposed),
        np.empty(keys, np.int64), filled(start.steps + 1, -1), np.zeros(start.steps + 1, np.int64),
        np.empty(64 * BLOCK, np.int64), 0, -1, np.empty(16, NEWS), 0, np.empty(16, NOTE), 0, np.zeros(16, np.int64), 0,
        np.empty(16, PART), np.empty(16, COHORT), 0, np.empty(16, PIECE), 0,
    )  # fmt: skip


def dynamics_of(scenario: Scenario) -> Floats:
    """Return the keys of [dynamics] as numbers, (numbers,)."""
    return np.array([number(Dynamics, name, getattr(scenario.dynamics, name)) for name in FIELDS["dynamics"]])


def ideas_of(world: World) -> NDArray[np.float64]:
    """Return the numbers of the ideas, (m, numbers)."""
    return np.stack([getattr(world.ideas, name) for name in FIELDS["ideas"]], axis=1)


def status_of(world: World) -> tuple[Records, Ints]:
    """Return the status of each idea before the first step, and the relations of all."""
    status = np.zeros(len(world.ideas.name), STATUS)
    status["worked"], status["released"] = 1, FAR
    status["first"] = status["last"] = -1
    status["common"][list(world.ideas.at_common_rate)] = 1
    relations: list[int] = []
    kinds = {
        "prerequisites": world.ideas.prerequisites,
        "dependents": dependents_of(world),
        "rivals": world.ideas.rivals,
    }
    for name, lists in kinds.items():
        for idea, others in enumerate(lists):
            status[name][idea] = len(relations)
            relations += others
            status[f"{name}_end"][idea] = len(relations)
    return status, np.array(relations, np.int64)


def dependents_of(world: World) -> list[list[int]]:
    """Return the ideas that build on each idea."""
    dependents: list[list[int]] = [[] for _ in world.ideas.name]
    for idea, prerequisites in enumerate(world.ideas.prerequisites):
        for prerequisite in prerequisites:
            dependents[prerequisite].append(idea)
    return dependents


def is_lasting(world: World) -> int:
    """Return 1 if a teller with nobody left to tell never has again, since nothing reopens anybody to an idea."""
    reopening = any(world.ideas.rivals) or world.scenario.dynamics.readopt or any(
        entry.kind == "born" or (entry.setting is not None and entry.setting[1] in REOPENING)
        for entry in world.schedule
    )  # fmt: skip
    return int(not reopening)


def persons_of(world: World) -> tuple[Abilities, Any, Any, bool]:
    """Return abilities, keeps, alive, and whether interventions may change persons; what they may change is full."""
    settings = [entry.setting for entry in world.schedule if entry.setting is not None]
    changed = [field for section, field, _ in settings if section == "persons"]
    changed += ["alive"] * any(entry.kind in ("born", "die") for entry in world.schedule)

    def column(name: str, kind: Any = np.float64) -> Any:
        given = getattr(world, name)
        alike = name not in changed and len(given) and (given.strides == (0,) or (given == given[0]).all())
        return np.require(given[:1] if alike else given, kind, ["C", "W"])

    persons = Abilities(*map(column, Abilities._fields))
    return persons, column("keeps", np.uint8), column("alive", np.uint8), bool(changed)


def tie_rows(ties: Ties) -> TieRows:
    """Return ties as the loops read them."""
    slim: list[Any] = [
        column[:1].copy() if len(column) and column.strides == (0,) else np.ascontiguousarray(column)
        for column in (ties.weight, ties.start, ties.end)
    ]
    return TieRows(ties.indptr, ties.target, *slim)


def reverse_of(world: World) -> TieRows:
    """Return the ties by the person they lead to if a threshold rule needs them, else none."""
    asked = [world.scenario.dynamics.adoption, *(d.setting[2] for d in world.schedule if d.setting is not None)]
    if "threshold" in asked:
        return tie_rows(reversed_ties(world.ties))
    none = np.zeros(0, np.int64)
    return TieRows(none, none.astype(np.int32), np.zeros(0), none, none)


def exposed_room(ties: Ties) -> int:
    """Return the room for those who understood and are not yet noted: more than one teller and a buffer can add."""
    n, most = len(ties.indptr) - 1, 0
    for begin in range(0, n, SOME):
        most = max(most, int(np.diff(ties.indptr[begin : begin + SOME + 1]).max()))
    return n + most + 2 * BUFFER + min(4 * n, 1 << 20)


def interventions_of(schedule: Sequence[Scheduled]) -> Records:
    """Return the schedule as records of numbers."""
    rows = np.zeros(len(schedule), INTERVENTION)
    for k, entry in enumerate(schedule):
        bounds = [some for rows_of in (entry.who, entry.ideas, entry.to) for some in _bounds(rows_of)]
        section, field, amount = _set_by(entry)
        kind = interventions.KINDS.index(entry.kind)
        rows[k] = (entry.step, kind, *bounds[:4], entry.pairing == "each", *bounds[4:], section, field, amount)
    return rows


def _bounds(some: Any) -> tuple[int, int]:
    return (some[0], some[-1] + 1) if len(some) else (0, 0)


def _set_by(entry: Scheduled) -> tuple[int, int, float]:
    """Return the section, field and value that an intervention sets; if it sets nothing, 0, 0 and its amount."""
    if entry.setting is None:
        return 0, 0, entry.amount
    section, field, value = entry.setting
    if (section, field) == ("dynamics", "discovery_rate"):
        return interventions.COMMON_RATE, 0, value
    kind: Any = {"dynamics": Dynamics, "ideas": Idea}.get(section)
    return interventions.SECTIONS.index(section), FIELDS[section].index(field), number(kind, field, value)
