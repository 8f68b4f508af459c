"""The record of a run before the first step, made from a world: for a single run and for a batch alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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
from sim.tape.tables import Ints

SOME = 1 << 16  # persons whose ties are counted at once
FIELDS = {"dynamics": DYNAMICS.names, "ideas": IDEA.names, "persons": (*Abilities._fields, "keeps")}
MOST_ROWS = 1 << 27  # for which room is made beforehand; memory is taken when it is written
# set later, they give one with nobody left to tell a part again
REOPENING = ("readopt", "reach", "stifling", "audience")


def record_of(world: World) -> Any:
    """Return the record of a run before its first step; memory is taken when it is written."""
    scenario, ties, dynamics, ideas = world.scenario, tie_rows(world.ties), dynamics_of(world.scenario), ideas_of(world)
    return fresh(
        signed(world.seed), world.n, world.size, scenario.scenario.steps, scenario.world.crowd_understanding,
        *persons_of(world), ties, reverse_of(world), dynamics, dynamics.view(np.float64),
        ideas, ideas.view(np.float64).reshape(len(ideas), len(IDEA)), *status_of(world),
        interventions_of(world.schedule), is_lasting(world),
        int(len(ties.start) and bool(ties.start.max() > 0 or ties.end.min() < NEVER)),
        exposed_room(world.ties),
    )  # fmt: skip


def fresh(
    seed: int, n: int, size: int, steps: int, crowd_understanding: float, abilities: Abilities, keeps: Any, alive: Any,
    ties: TieRows, reverse: TieRows, dynamics: Records, dynamics_numbers: Any, ideas: Records, ideas_numbers: Any,
    status: Records, relations: Ints, interventions: Records, lasting: int, timed: int, exposed: int,
) -> Any:  # fmt: skip
    """Return the record of a run of these columns, in which nothing has happened; for compiled code as well."""
    keys, most_dependents = n * len(status), 0
    for begin, end in zip(status["dependents"], status["dependents_end"]):  # noqa: B905  # as numba has it
        most_dependents = max(most_dependents, end - begin)
    rows = min(keys, MOST_ROWS) + 64
    return Record(
        seed, n, size, steps, size - n, crowd_understanding, abilities, keeps, alive, ties, reverse, dynamics,
        dynamics_numbers, ideas, ideas_numbers, status, relations, int(most_dependents), interventions,
        0, 0, 0, 0, 0, 0, 1, lasting, timed, 0, np.empty(1, DYNAMICS), np.empty(len(ideas), IDEA),
        np.zeros(keys, PAIR), np.zeros(keys, np.int64), np.zeros((keys + 63) // 64, np.int64),
        np.zeros(4 * keys, np.int32), np.zeros(keys, np.int64), np.zeros((6, spans(keys) * 64), np.int64),
        np.zeros((6, spans(keys)), np.int64), 0, np.zeros(4, np.int64),
        empty_rows(rows, rows), stack(64), stack(keys), stack(16), stack(exposed), stack(exposed),
        np.empty(keys, np.int64), np.full(steps + 1, -1, np.int64), np.zeros(steps + 1, np.int64),
        np.empty(64 * BLOCK, np.int64), 0, -1, np.empty(16, NEWS), 0, np.empty(16, NOTE), 0, np.zeros(16, np.int64), 0,
        np.empty(16, PART), np.empty(16, COHORT), 0, np.empty(16, PIECE), 0,
    )  # fmt: skip


def signed(seed: int) -> int:
    """A seed of 64 bits as the loops have it."""
    return seed - 2**64 if seed >= 2**63 else seed


def dynamics_of(scenario: Scenario) -> Records:
    """The keys of [dynamics] as numbers, (1,)."""
    given = scenario.dynamics
    return np.array([tuple(number(Dynamics, name, getattr(given, name)) for name in DYNAMICS.fields or ())], DYNAMICS)


def ideas_of(world: World) -> Records:
    """The ideas' numbers, (m,)."""
    ideas = np.empty(len(world.ideas.name), IDEA)
    for name in IDEA.fields or ():
        ideas[name] = getattr(world.ideas, name)
    return ideas


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
    """The ideas that build on each idea."""
    dependents: list[list[int]] = [[] for _ in world.ideas.name]
    for idea, prerequisites in enumerate(world.ideas.prerequisites):
        for prerequisite in prerequisites:
            dependents[prerequisite].append(idea)
    return dependents


def is_lasting(world: World) -> int:
    """1 where one who has nobody left to tell never will: nothing opens anybody to an idea again."""
    reopening = any(world.ideas.rivals) or world.scenario.dynamics.readopt or any(
        entry.kind == "born" or (entry.setting is not None and entry.setting[1] in REOPENING)
        for entry in world.schedule
    )  # fmt: skip
    return int(not reopening)


def persons_of(world: World) -> tuple[Abilities, Any, Any]:
    """The persons' columns: abilities, keeps and alive, of which those are full that an intervention may change."""
    settings = [entry.setting for entry in world.schedule if entry.setting is not None]
    changed = {field for section, field, _ in settings if section == "persons"}
    if any(entry.kind in ("born", "die") for entry in world.schedule):
        changed.add("alive")

    def column(name: str, kind: Any = np.float64) -> Any:
        given = getattr(world, name)
        return np.array(given, kind) if name in changed else np.require(alike(given), kind, ["C", "W"])

    return Abilities(*map(column, Abilities._fields)), column("keeps", np.uint8), column("alive", np.uint8)


def alike(column: Any) -> Any:
    """A column as one entry where it is of one value, else as it is."""
    return column[:1] if len(column) and (column.strides == (0,) or (column == column[0]).all()) else column


def tie_rows(ties: Ties) -> TieRows:
    """Ties as the loops read them."""
    slim: list[Any] = [
        column[:1].copy() if len(column) and column.strides == (0,) else np.ascontiguousarray(column)
        for column in (ties.weight, ties.start, ties.end)
    ]
    return TieRows(ties.indptr, ties.target, *slim)


def reverse_of(world: World) -> TieRows:
    """Return the ties by the person they lead to, where the threshold rule asks for them; else none."""
    asked = [world.scenario.dynamics.adoption, *(d.setting[2] for d in world.schedule if d.setting is not None)]
    if "threshold" in asked:
        return tie_rows(reversed_ties(world.ties))
    none = np.zeros(0, np.int64)
    return TieRows(none, none.astype(np.int32), np.zeros(0), none, none)


def exposed_room(ties: Ties) -> int:
    """Room for those who understood and are not yet noted: more than one teller and a buffer can add."""
    n, most = len(ties.indptr) - 1, 0
    for begin in range(0, n, SOME):
        most = max(most, int(np.diff(ties.indptr[begin : begin + SOME + 1]).max()))
    return n + most + 2 * BUFFER + min(4 * n, 1 << 20)


def interventions_of(schedule: Sequence[Scheduled]) -> Records:
    """Return what is scheduled as records of numbers."""
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
    """Return the section and field that an intervention sets, and to what; else how much of something it does."""
    if entry.setting is None:
        return 0, 0, entry.amount
    section, field, value = entry.setting
    if (section, field) == ("dynamics", "discovery_rate"):
        return interventions.COMMON_RATE, 0, value
    kind: Any = {"dynamics": Dynamics, "ideas": Idea}.get(section)
    return interventions.SECTIONS.index(section), FIELDS[section].index(field), number(kind, field, value)
