"""The record of a run before the first step, made from a world: for a single run and for a batch alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.model.kernels import interventions
from sim.model.kernels.bitset import no_bits
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
from sim.model.schedule import Deed
from sim.model.world import World
from sim.scenario.scenario import Scenario
from sim.scenario.sections import Dynamics, Idea
from sim.tape.rows import empty_rows
from sim.tape.tables import Ints

SOME = 1 << 16  # persons whose ties are counted at once
MOST_ROWS = 1 << 27  # for which room is made beforehand; memory is taken when it is written
REOPENING = ("readopt", "reach", "stifling")  # set later, they give one with nobody left to tell a part again


def record_of(world: World) -> Any:
    """Return the record of a run before its first step; memory is taken when it is written."""
    n, m = world.n, len(world.ideas.name)
    keys, ties, scenario = n * m, tie_rows(world.ties), world.scenario
    low, high = no_bits(6, keys)
    dynamics, ideas = dynamics_of(scenario), ideas_of(world)
    status, relations = status_of(world)
    abilities, keeps, alive = persons_of(world)
    rows, exposed = min(keys, MOST_ROWS) + 64, exposed_room(world.ties)
    return Record(
        seed=signed(world.seed), n=n, size=world.size, steps=scenario.scenario.steps, crowd=world.crowd,
        crowd_understanding=scenario.world.crowd_understanding,
        abilities=abilities, keeps=keeps, alive=alive, ties=ties, reverse=reverse_of(world),
        dynamics=dynamics, dynamics_numbers=dynamics.view(np.float64),
        ideas=ideas, ideas_numbers=ideas.view(np.float64).reshape(m, len(IDEA)), status=status, relations=relations,
        most_dependents=int((status["dependents_end"] - status["dependents"]).max()),
        interventions=interventions_of(world.deeds),
        stage=0, now=0, skipped=0, intervened=0, rows_now=0, rows_before=0, rescan=1, lasting=is_lasting(world),
        timed=int(len(ties.start) and bool(ties.start.max() > 0 or ties.end.min() < NEVER)), timers_used=0,
        dynamics_before=unknown(1, DYNAMICS), ideas_before=unknown(m, IDEA),
        pairs=np.zeros(keys, PAIR), exposed=np.zeros(keys, np.int64), closed=np.zeros((keys + 63) // 64, np.int64),
        due=np.zeros(4 * keys, np.int32), heard_from=np.zeros(keys, np.int64), low=low, high=high,
        exposed_number=0, due_numbers=np.zeros(4, np.int64),
        rows=empty_rows(rows, rows), pending=stack(64), tellers=stack(keys), stifled=stack(16), keys=stack(exposed),
        claims=stack(exposed), learners=np.empty(keys, np.int64),
        calendar=np.full(scenario.scenario.steps + 1, -1, np.int64),
        filled=np.zeros(scenario.scenario.steps + 1, np.int64), slots=np.empty(64 * BLOCK, np.int64), blocks=0,
        free_block=-1, news=np.empty(16, NEWS), news_number=0, notes=np.empty(16, NOTE), notes_number=0,
        mixtures=np.zeros(16, np.int64), mixtures_number=0, parts=np.empty(16, PART),
        cohorts=np.empty(16, COHORT), cohorts_number=0, pieces=np.empty(16, PIECE), pieces_number=0,
    )  # fmt: skip


def signed(seed: int) -> int:
    """A seed of 64 bits as the loops have it."""
    return seed - 2**64 if seed >= 2**63 else seed


def unknown(count: int, kind: Any) -> Records:
    """Records of numbers that are not known yet."""
    made: Records = np.full((count, len(kind)), np.nan).view(kind).reshape(count)
    return made


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
    """What there is to know of each idea before the first step, and the relations of all."""
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
        deed.kind == "born" or (deed.setting is not None and deed.setting[1] in REOPENING) for deed in world.deeds
    )  # fmt: skip
    return int(not reopening)


def persons_of(world: World) -> tuple[Abilities, Any, Any]:
    """The persons' columns: abilities, keeps and alive, of which those are full that an intervention may change."""
    changed = {deed.setting[1] for deed in world.deeds if deed.setting is not None and deed.setting[0] == "persons"}
    if any(deed.kind in ("born", "die") for deed in world.deeds):
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
    """Who can tell each person, where the threshold rule asks for it; else nothing."""
    asked = [world.scenario.dynamics.adoption, *(d.setting[2] for d in world.deeds if d.setting is not None)]
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


def interventions_of(deeds: Sequence[Deed]) -> Records:
    """What is scheduled, as records of numbers."""
    rows = np.zeros(len(deeds), INTERVENTION)
    for k, deed in enumerate(deeds):
        bounds = [some for rows_of in (deed.who, deed.ideas, deed.to) for some in _bounds(rows_of)]
        section, field, amount = _set_by(deed)
        kind = interventions.KINDS.index(deed.kind)
        rows[k] = (deed.step, kind, *bounds[:4], deed.pairing == "each", *bounds[4:], section, field, amount)
    return rows


def _bounds(some: Any) -> tuple[int, int]:
    return (some[0], some[-1] + 1) if len(some) else (0, 0)


def _set_by(deed: Deed) -> tuple[int, int, float]:
    """Which section and field an intervention sets, and to what; else how much of something it does."""
    if deed.setting is None:
        return 0, 0, deed.amount
    section, field, value = deed.setting
    kind: Any = {"dynamics": Dynamics, "ideas": Idea}.get(section)
    fields = {"dynamics": DYNAMICS.names, "ideas": IDEA.names, "persons": (*Abilities._fields, "keeps")}[section] or ()
    common = section == "dynamics" and field == "discovery_rate"
    which = interventions.COMMON_RATE if common else fields.index(field)
    return interventions.SECTIONS.index(section), which, number(kind, field, value)
