"""The compiled model: makes the columns of a world, takes the steps, and hands the tape over.

The loops stand in the files beside this one, the rules in rules.py. A step of much telling is shared among threads;
whatever their number, the tape is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.machine.loops import always, compiled, without
from sim.machine.threads import processors
from sim.model.kernels import (
    buffers,
    columns,
    interventions,
    step,
    telling,
)
from sim.model.kernels.clocks import rates_vary
from sim.model.kernels.columns import (
    DEPENDENTS,
    LARGEST,
    LASTING,
    NOW,
    PENDING,
    PREREQUISITES,
    RESCAN,
    RIVALS,
    SKIPPED,
    TIMED,
)
from sim.model.kernels.crowd import abandon_in_crowd, learn_in_crowd, tell_crowd
from sim.model.kernels.exposure import look_around, watch
from sim.model.kernels.interventions import happen, need_for
from sim.model.kernels.parallel import Crew, share_step
from sim.model.kernels.stifling import meet
from sim.model.networks.ties import Ties, reversed_ties
from sim.model.own_rules import Own
from sim.model.realise import history
from sim.model.rules import NEVER, abandonment_rate
from sim.model.schedule import Deed
from sim.model.world import World
from sim.scenario.groups import EVERYONE, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.rows import Rows, rows_of, tables_of
from sim.tape.tables import Ints
from sim.tape.tape import Tape

SOME = 1 << 16  # persons whose ties are counted at once
AT_ONCE = 500_000  # persons times steps that are taken in one call
WORTH_SHARING = 100_000  # ties of the tellers of a step, as the average person has them, above which threads share it
DYNAMICS = {
    "implementation_rate": columns.RATE_TO_IMPLEMENT,
    "abandon_rate": columns.RATE_TO_ABANDON,
    "abandon_rate_working": columns.RATE_TO_ABANDON_WORKING,
    "resolve_rate": columns.RATE_TO_RESOLVE,
    "telling_period": columns.PERIOD,
    "release_delay": columns.DELAY,
    "adoption": columns.ADOPTION,
    "credited_tellers": columns.CREDITED,
    "stifling": columns.STIFLING,
    "readopt": columns.READOPT,
}
WORDS = {
    "simple": columns.SIMPLE, "threshold": columns.THRESHOLD, "one": columns.ONE, "all": columns.EVERY,
    "none": columns.SILENT, "teller": columns.TELLER, "both": columns.BOTH,
}  # fmt: skip
OF_IDEAS = {
    "clarity": interventions.CLARITY, "difficulty": interventions.DIFFICULTY, "value": interventions.VALUE,
    "discovery_rate": interventions.RATE, "hesitation": interventions.HESITATION,
}  # fmt: skip
OF_PERSONS = {
    "creativity": interventions.CREATIVITY, "reach": interventions.REACH, "skill": interventions.SKILL,
    "clarity": interventions.PERSON_CLARITY, "understanding": interventions.UNDERSTANDING,
    "threshold": interventions.THRESHOLD, "keeps": interventions.KEEPS,
}  # fmt: skip
REOPENING = ("readopt", "reach", "stifling")  # set later, they give one with nobody left to tell a part again


class ColumnModel:
    """A run of a world over columns; `run()` and `tape()` as those of IdeaDiffusion, and the same tape.

    Args:
        world: what to run.
        threads: how many may share a step; without it, as many as there are processors.
    """

    def __init__(self, world: World, threads: int | None = None) -> None:
        self.world, self.steps = world, world.scenario.scenario.steps
        self.threads = threads or processors()
        self.instead = replacements(world.rules) + (() if world.deeds else left_out(world.scenario))
        self.loop = compiled(step.advance, self.instead)
        self.people = people_of(world)
        self.ways, self.back = ways_of(world.ties), back_of(world)
        self.catalogue = catalogue_of(world)
        self.state = state_of(world, self.ways)
        self.deeds = deeds_of(world)
        room = min(world.n * len(world.ideas.name), 1 << 27) + 64  # memory is taken when it is written
        self.book = buffers.open_book(
            len(world.ideas.name), self.steps, world.crowd, world.scenario.world.crowd_understanding, room,
            hearings_of(world.ties),
        )  # fmt: skip
        self.crew = Crew(self.people, self.ways, self.catalogue, self.state, self.threads, self.instead)
        if len(clocks := first_clocks(world)):
            self.ask(clocks)

    @property
    def now(self) -> int:
        """The step that was last taken."""
        return int(self.state.counters[NOW])

    def run(self, progress: Callable[[int, int], None] | None = None) -> Tape:
        """Take all the steps that are left and return the tape; `progress` is told (steps done, steps in all)."""
        self.finish(progress)
        return self.tape()

    def finish(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Take all the steps that are left."""
        at_once = max(1, AT_ONCE // self.world.n)  # so that an interrupt is heard within a second or so
        while self.now < self.steps:
            self.advance(min(self.now + at_once, self.steps))
            if progress is not None:
                progress(self.now, self.steps)

    def advance(self, until: int) -> None:
        """Take the steps up to `until`."""
        enough = 1 + WORTH_SHARING // (1 + len(self.ways.target) // self.world.n) if self.threads > 1 else 0
        while True:
            stopped = self.loop(
                self.people, self.ways, self.back, self.catalogue, self.state, self.deeds, self.book, until, enough
            )
            if stopped == step.DONE:
                return
            if stopped == step.CROWDED:
                self.book = buffers.with_room(self.book)
            else:
                self.book = share_step(self.crew, self.book)

    def ask(self, clocks: Ints) -> None:
        """Let these clocks be asked in the next step, too."""
        self.book.needs[PENDING] = self.book.pending[0] + len(clocks)
        self.book = buffers.with_room(self.book)
        pending = self.book.pending
        pending[1 + pending[0] : 1 + pending[0] + len(clocks)] = clocks
        pending[0] += len(clocks)

    def tape(self) -> Tape:
        """What happened so far."""
        return history(self.world, *self.record())

    def record(self) -> tuple[Rows, Ints, int, int, Any]:
        """Return what happened so far, as realise.history takes it: rows, crowd, step, how many were skipped, True."""
        rows = self.book.rows
        if self.now < self.steps:  # they go on being written
            rows = rows_of(*tables_of(rows))
        return rows, pieces_of(self.book.crowd, self.now), self.now, int(self.state.counters[SKIPPED]), True


def replacements(own: Own) -> tuple[tuple[Any, Any], ...]:
    """Return what takes the place of what in the loops for rules of one's own."""
    varies = any(rule is abandonment_rate for rule, _ in own)
    return (*own, (rates_vary, always)) if varies else own


def left_out(scenario: Scenario) -> tuple[tuple[Any, Any], ...]:
    """Return what the loops of a scenario are linked without: the parts that it does not use, if it is plain.

    All or nothing, since each choice of parts is compiled by itself.
    """
    dynamics, size = scenario.dynamics, scenario.world.size or 0
    plain = (
        dynamics.adoption == "simple" and dynamics.stifling == "none"
        and size <= len(person_ranges(scenario)[EVERYONE])
        and all(entry.kind in ("tie", "cut") for entry in scenario.interventions)
        and not any(person.born or person.dies is not None for person in scenario.persons)
    )  # fmt: skip
    parts = (happen, need_for, tell_crowd, learn_in_crowd, abandon_in_crowd, watch, look_around, meet)
    return without(*parts) if plain else ()


def hearings_of(ties: Ties) -> int:
    """Room for those who heard and are not yet noted: more than one teller and a buffer can add."""
    n, most = len(ties.indptr) - 1, 0
    for begin in range(0, n, SOME):
        most = max(most, int(np.diff(ties.indptr[begin : begin + SOME + 1]).max()))
    return n + most + 2 * telling.BUFFER + min(4 * n, 1 << 20)


def one(column: Any) -> Any:
    """A column as one entry where it is a view of one, else as it is."""
    return column[:1].copy() if len(column) and column.strides == (0,) else np.ascontiguousarray(column)


def people_of(world: World) -> columns.People:
    """The persons' columns, of which those are full that a deed may change for some."""
    given = {name: getattr(world, name) for name in columns.People._fields}
    changed = {deed.setting[1] for deed in world.deeds if deed.setting is not None and deed.setting[0] == "persons"}
    if any(deed.kind in ("born", "die") for deed in world.deeds):
        changed.add("alive")
    kinds: dict[str, Any] = {"keeps": np.uint8, "alive": np.uint8}
    made: dict[str, Any] = {
        name: np.array(column, kinds.get(name, np.float64))
        if name in changed
        else np.require(_alike(column), kinds.get(name, np.float64), ["C", "W"])
        for name, column in given.items()
    }
    return columns.People(**made)


def _alike(column: Any) -> Any:
    return column[:1] if len(column) and (column.strides == (0,) or (column == column[0]).all()) else column


def ways_of(ties: Ties) -> columns.Ways:
    """Ties as the loops read them."""
    return columns.Ways(ties.indptr, ties.target, one(ties.weight), one(ties.start), one(ties.end))


def back_of(world: World) -> columns.Ways:
    """Who can tell each person, where the threshold rule asks for it; else nothing."""
    asked = [world.scenario.dynamics.adoption, *(d.setting[2] for d in world.deeds if d.setting is not None)]
    if "threshold" in asked:
        return ways_of(reversed_ties(world.ties))
    none = np.zeros(0, np.int64)
    return columns.Ways(none, none.astype(np.int32), np.zeros(0), none, none)


def catalogue_of(world: World) -> columns.Catalogue:
    """The ideas' columns."""
    ideas = world.ideas
    common = np.zeros(len(ideas.name), np.uint8)
    common[list(ideas.at_common_rate)] = 1
    relations = [
        column for lists in (ideas.prerequisites, dependents_of(world), ideas.rivals) for column in _rows(lists)
    ]
    return columns.Catalogue(
        ideas.clarity.copy(), ideas.difficulty.copy(), ideas.discovery_rate.copy(), ideas.hesitation.copy(), common,
        *relations,
    )  # fmt: skip


def dependents_of(world: World) -> list[list[int]]:
    """The ideas that build on each idea."""
    dependents: list[list[int]] = [[] for _ in world.ideas.name]
    for idea, prerequisites in enumerate(world.ideas.prerequisites):
        for prerequisite in prerequisites:
            dependents[prerequisite].append(idea)
    return dependents


def _rows(lists: Any) -> tuple[Ints, Ints]:
    begin = np.cumsum([0, *(len(row) for row in lists)])
    return begin.astype(np.int64), np.array([item for row in lists for item in row], np.int64)


def state_of(world: World, ways: columns.Ways) -> columns.State:
    """The state before the first step."""
    dynamics = np.zeros(len(DYNAMICS))
    for name, place in DYNAMICS.items():
        dynamics[place] = number(getattr(world.scenario.dynamics, name))
    luck = world.seed - 2**64 if world.seed >= 2**63 else world.seed
    state = columns.state_of(luck, world.n, len(world.ideas.name), world.size, world.scenario.scenario.steps, dynamics)
    reopening = any(world.ideas.rivals) or dynamics[columns.READOPT] or any(
        deed.kind == "born" or (deed.setting is not None and deed.setting[1] in REOPENING) for deed in world.deeds
    )  # fmt: skip
    state.counters[LASTING], state.counters[RESCAN] = not reopening, 1
    absent = np.flatnonzero(~world.alive)
    for idea in range(len(world.ideas.name) if len(absent) else 0):
        keys = idea * world.n + absent
        np.bitwise_or.at(state.closed, keys >> 6, np.int64(1) << (keys & 63))
    state.counters[LARGEST] = 1
    for counter, lists in (
        (DEPENDENTS, dependents_of(world)),
        (PREREQUISITES, world.ideas.prerequisites),
        (RIVALS, world.ideas.rivals),
    ):
        state.counters[counter] = max(map(len, lists))
    state.counters[TIMED] = bool(len(ways.start)) and bool(ways.start.max() > 0 or ways.end.min() < NEVER)
    return state


def first_clocks(world: World) -> Ints:
    """The clocks of those who may discover what stands alone, to be asked in the first step."""
    creative = np.flatnonzero(np.broadcast_to(_alike(world.creativity) > 0.0, world.n))
    ideas = [k for k, prerequisites in enumerate(world.ideas.prerequisites) if not prerequisites]
    at_once = any(deed.step == 1 and deed.setting is not None for deed in world.deeds)  # the rate may be set before
    keys = [k * world.n + creative for k in ideas if at_once or world.ideas.discovery_rate[k] > 0.0]
    return 4 * np.concatenate([np.empty(0, np.int64), *keys]) + columns.DISCOVERY


def number(value: Any) -> float:
    """A setting as a number."""
    return float(WORDS.get(value, 0.0) if isinstance(value, str) else value)


def deeds_of(world: World) -> interventions.Deeds:
    """What is scheduled, as rows of numbers."""
    rows = np.zeros((len(world.deeds), 11), np.int64)
    amount = np.zeros(len(world.deeds))
    for k, deed in enumerate(world.deeds):
        ranges = (bound for some in (deed.who, deed.ideas) for bound in _bounds(some))
        sets, which, value = _set_by(deed)
        rows[k] = (
            deed.step,
            interventions.KINDS.index(deed.kind),
            *ranges,
            deed.pairing == "each",
            *_bounds(deed.to),
            sets,
            which,
        )
        amount[k] = value if deed.setting is not None else deed.amount
    return interventions.Deeds(rows, amount, np.zeros(1, np.int64))


def _bounds(some: Any) -> tuple[int, int]:
    return (some[0], some[-1] + 1) if len(some) else (0, 0)


def _set_by(deed: Deed) -> tuple[int, int, float]:
    if deed.setting is None:
        return 0, 0, 0.0
    section, field, value = deed.setting
    if section == "dynamics":
        if field == "discovery_rate":
            return interventions.COMMON_RATE, 0, number(value)
        return interventions.OF_DYNAMICS, DYNAMICS[field], number(value)
    if section == "ideas":
        return interventions.OF_IDEAS, OF_IDEAS[field], number(value)
    return interventions.OF_PERSONS, OF_PERSONS[field], number(value)


def pieces_of(of: columns.Crowd, now: int) -> Ints:
    """The holdings of the crowd up to now, ended or not: rows event, idea, begin, end, count; (5, pieces)."""
    ended = of.pieces[:, : of.used[1]]
    left: list[tuple[int, ...]] = []
    for idea in range(len(of.first)):
        cohort = int(of.first[idea])
        while cohort >= 0:
            left.append((int(of.event[cohort]), idea, int(of.since[cohort]), now, int(of.count[cohort])))
            cohort = int(of.next[cohort])
    return np.concatenate([ended, np.array(left, np.int64).reshape(-1, 5).T], axis=1)
