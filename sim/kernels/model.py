"""The same model as the agents', over columns: what happens in a step, with the loops compiled.

First the scheduled changes (those of interventions.py, by the same code as for agents), then all decisions from the
state at the end of the last step, then everything happens, by idea and person.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from sim import randomness, rules, tape
from sim.agents import interventions
from sim.agents.crowd import Crowd
from sim.agents.model import mixed
from sim.compiling import compiled
from sim.kernels import loops
from sim.kernels.columns import columns_of, copied
from sim.kernels.loops import (
    ABANDONMENT,
    DISCOVERY,
    GIVEN_UP,
    HELD,
    HESITATES,
    IMPLEMENTATION,
    IMPLEMENTED,
    LISTED,
    RESOLUTION,
)
from sim.kernels.persons import PersonView
from sim.kernels.recorder import BulkRecorder
from sim.randomness import HESITATE, RANK, key_of, rank_of, uniform
from sim.realise import history
from sim.tape import Ints, Tape
from sim.world import World

SOURCES = (randomness, rules, loops)
LAST = 2**31 - 2  # the last step that a run can have
ADOPTION = {"simple": loops.SIMPLE, "threshold": loops.THRESHOLD}
STIFLING = {"none": loops.SILENT, "teller": loops.TELLER, "both": loops.BOTH}


class ColumnModel:
    """A run of a world over columns; `step()`, `run()` and `tape()` as those of IdeaDiffusion, and the same tape."""

    def __init__(self, world: World) -> None:
        self.code = compiled(*SOURCES)
        self.world, self.scenario, self.luck = world, world.scenario, world.seed
        self.now, self.skipped = 0, 0
        self.n, self.idea_numbers = world.n, range(len(world.ideas.name))
        self.dynamics: dict[str, Any] = dict(world.scenario.dynamics)
        self.columns = columns_of(world)
        self.ideas = {
            "value": world.ideas.value.copy(),
            "clarity": self.columns.idea_clarity,
            "difficulty": self.columns.difficulty,
            "discovery_rate": self.columns.idea_rate,
            "hesitation": world.ideas.hesitation.copy(),
        }
        self.values = [[(0, value)] for value in world.ideas.value.tolist()]
        self.releases: list[list[tuple[int, int, int]]] = [[] for _ in self.idea_numbers]
        self.dependents = _dependents(world)
        self.recorder = BulkRecorder()
        self.crowd = Crowd(world, self.recorder)
        self.people = _People(self)
        keys = self.n * len(self.idea_numbers)
        self.started = np.zeros((4, keys), np.int32)  # when the clock of each key began to run; 0 if it does not
        self.calendar: dict[int, list[tuple[int, int, Ints]]] = {}  # due -> (clock, start, keys)
        everybody = np.flatnonzero(world.creativity > 0.0)
        self.pending: list[tuple[int, Ints]] = [
            (DISCOVERY, idea * self.n + everybody) for idea in self.idea_numbers if not world.ideas.prerequisites[idea]
        ]
        self.tellers = np.empty(0, np.int64)
        self.hesitating: dict[int, dict[int, float]] = {}
        self.hearings: list[tuple[int, int, dict[int, float], bool]] = []  # key, rank, parents, sure
        self.stifled: list[Ints] = []
        self._deeds = deque(world.deeds)
        self._in_force = copied(self.columns)  # the parameters of the last step

    def run(self, progress: Callable[[int, int], None] | None = None) -> Tape:
        """Take all the steps that are left and return the tape; `progress` is told (steps done, steps in all)."""
        steps = self.scenario.scenario.steps
        while self.now < steps:
            self.step()
            if progress is not None:
                progress(self.now, steps)
        return self.tape()

    def tape(self) -> Tape:
        """What happened so far."""
        return history(self.world, self.recorder.copy(), self.crowd, self.releases, self.values, self.now, self.skipped)

    def step(self) -> None:
        """One step: what is scheduled happens, everybody decides, then everything happens that was decided."""
        self.now += 1
        changed = bool(self._deeds) and self._deeds[0].step <= self.now
        while self._deeds and self._deeds[0].step <= self.now:
            interventions.happen(self, self._deeds.popleft())  # type: ignore[arg-type]  # asks of a model what ours offers, too
        self._set_rates(changed)
        self._start_clocks()
        rung = self._rung()
        heard = self._tell()
        for key in rung[RESOLUTION].tolist():
            self.hearings.append((key, 0, self.hesitating[key], True))
        self._discover(rung[DISCOVERY])
        self._learn(heard)
        for key in rung[IMPLEMENTATION].tolist():
            self.implement(self.people[key % self.n], key // self.n)
        self._abandon(rung[ABANDONMENT])

    # --- clocks -----------------------------------------------------------------------------------------------

    def _set_rates(self, changed: bool) -> None:
        """Put the parameters of this step in place, and let clocks start anew whose rate is another one."""
        c, dynamics = self.columns, self.dynamics
        works = np.array([self.works(idea) for idea in self.idea_numbers])
        if not changed and self.now > 1 and (works == c.works).all():
            return
        c.works[:] = works
        names = ("implementation_rate", "abandon_rate", "abandon_rate_working", "resolve_rate")
        c.rates[:] = [dynamics[name] for name in names]
        for clock in range(4):
            keys = np.flatnonzero(self.started[clock])
            old, new = np.empty(len(keys)), np.empty(len(keys))
            self.code.rates_of(self._in_force, clock, keys, old)
            self.code.rates_of(c, clock, keys, new)
            self.started[clock, keys[old != new]] = 0
            self.pending.append((clock, keys[old != new]))
        self._in_force = copied(c)

    def _start_clocks(self) -> None:
        """Let clocks run that were not running, where somebody is asked now."""
        pending, self.pending = self.pending, []
        for clock in range(4):
            keys = np.unique(np.concatenate([np.empty(0, np.int64), *(keys for at, keys in pending if at == clock)]))
            keys = keys[self.started[clock, keys] == 0]
            if not len(keys):
                continue
            due = np.empty(len(keys), np.int64)
            self.code.due_steps(self.columns, clock, keys, self.now, due)
            runs = due > 0
            self.started[clock, keys[runs]] = self.now
            self._again(clock, keys[~runs])
            self._enter(clock, keys[runs], due[runs])

    def _again(self, clock: int, keys: Ints) -> None:
        """Ask once more in the next step where it was in this very step that something was taken up."""
        c = self.columns
        if clock == DISCOVERY:
            begin, _ = c.prerequisites
            keys = keys[begin[keys // self.n + 1] > begin[keys // self.n]]
            keys = np.array([key for key in keys.tolist() if self._stands_on_news(key)], np.int64)
        elif clock in (IMPLEMENTATION, ABANDONMENT):
            keys = keys[c.since[keys] == self.now]
        else:
            return
        if len(keys):
            self.pending.append((clock, keys))

    def _stands_on_news(self, key: int) -> bool:
        held = [p * self.n + key % self.n for p in self.world.ideas.prerequisites[key // self.n]]
        return any(self.columns.since[k] == self.now and self.columns.bits[k] & HELD for k in held)

    def _enter(self, clock: int, keys: Ints, due: Ints) -> None:
        soon = due <= self.scenario.scenario.steps
        keys, due = keys[soon], due[soon]
        if not len(keys):
            return
        order = np.argsort(due, kind="stable")
        steps, begins = np.unique(due[order], return_index=True)
        for step, part in zip(steps.tolist(), np.split(keys[order], begins[1:]), strict=True):
            self.calendar.setdefault(step, []).append((clock, self.now, part))

    def _rung(self) -> list[Ints]:
        """The keys of each clock that rings now, ascending."""
        rung: list[list[Ints]] = [[np.empty(0, np.int64)] for _ in range(4)]
        for clock, start, keys in self.calendar.pop(self.now, ()):
            rung[clock].append(keys[self.started[clock, keys] == start])
        return [np.sort(np.concatenate(parts)) for parts in rung]

    # --- decisions --------------------------------------------------------------------------------------------

    def _tell(self) -> Ints:
        """What was heard and understood in this step: rows (key, rank, teller's event)."""
        c, room = self.columns, max(64, 4 * len(self.tellers))
        bits, until = c.bits[self.tellers], c.until[self.tellers]
        alive = c.alive[self.tellers % self.n]
        stays = (bits & HELD != 0) & (until >= self.now) & alive
        c.bits[self.tellers[~stays]] &= ~np.uint8(LISTED)
        self.tellers = self.tellers[stays]
        adoption, stifling = ADOPTION[self.dynamics["adoption"]], self.stifling()
        spread, found = np.zeros((len(self.tellers), 2)), np.zeros(2, np.int64)
        while True:
            heard = np.empty((room, 3), np.int64)
            stifled = np.empty(room if stifling else 0, np.int64)
            self.code.tell(c, self.tellers, self.now, adoption, stifling, heard, stifled, spread, found)
            if adoption == loops.THRESHOLD:
                self.code.look_around(c, len(self.idea_numbers), self.now, heard, found)
            if found[0] <= room and (not stifling or found[1] <= room):
                break
            room = int(found.max())
        for place in np.flatnonzero(spread[:, 0]).tolist() if self.crowd.size else ():
            key = int(self.tellers[place])
            self.crowd.address(key // self.n, int(c.event[key]), *spread[place].tolist())
        self.stifled.append(stifled[: found[1]])
        return heard[: found[0]]

    # --- what happens -----------------------------------------------------------------------------------------

    def _discover(self, keys: Ints) -> None:
        for key in keys.tolist():
            person, idea = self.people[key % self.n], key // self.n
            if person.is_open_to(idea):
                self.begin(tape.DISCOVER, person, idea, self.prerequisites_held(key % self.n, idea))

    def _learn(self, heard: Ints) -> None:
        for keys in self.stifled:
            held = keys[self.columns.bits[keys] & HELD != 0]
            self.columns.until[held] = self.now
        self.stifled.clear()
        if self.hearings or self.dynamics["credited_tellers"] == "all" or self._is_rare():
            self._learn_one_by_one(heard)
        else:
            self._learn_at_once(heard)

    def _learn_at_once(self, heard: Ints) -> None:
        """Everybody learns from the teller of the lowest rank; nobody hesitates and no idea has rivals."""
        if len(heard):
            order = np.lexsort((heard[:, 1], heard[:, 0]))
            key = heard[order, 0]
            first = np.ones(len(key), np.bool_)
            first[1:] = key[1:] != key[:-1]
            keys, events = key[first], heard[order[first], 2]
            still = self.columns.bits[keys] & HELD == 0  # discovered meanwhile
            keys, events = keys[still], events[still]
        else:
            keys = events = np.empty(0, np.int64)
        begin = 0
        for idea in [*sorted(self.crowd.told), len(self.idea_numbers)]:
            end = int(np.searchsorted(keys, (idea + 1) * self.n))
            if end > begin:
                part, parents = keys[begin:end], events[begin:end]
                rows = self.recorder.extend(self.now, tape.LEARN, part % self.n, part // self.n, parents)
                self._begun(part, rows)
            begin = end
            if idea in self.crowd.told:
                self.crowd.learn(self.now, idea, self.luck)

    def _is_rare(self) -> bool:
        """Whether learning needs to be looked at person by person."""
        return any(self.ideas["hesitation"]) or any(self.world.ideas.rivals)

    def _learn_one_by_one(self, heard: Ints) -> None:
        told = [*((k, rank, {event: 1.0}, False) for k, rank, event in heard.tolist()), *self.hearings]
        self.hearings = []
        by_key: dict[int, list[tuple[int, int, dict[int, float], bool]]] = {}
        for hearing in told:
            by_key.setdefault(hearing[0], []).append(hearing)
        everybody = [*((key // self.n, key % self.n) for key in by_key), *((idea, self.n) for idea in self.crowd.told)]
        for idea, index in sorted(everybody):
            if index == self.n:
                self.crowd.learn(self.now, idea, self.luck)
                continue
            person, hearings = self.people[index], by_key[idea * self.n + index]
            if not person.is_open_to(idea):
                continue
            if self.dynamics["credited_tellers"] != "all":
                hearings = [min(hearings, key=lambda hearing: hearing[1])]
            parents = mixed([parents for _, _, parents, _ in hearings])
            if any(sure for *_, sure in hearings) or self._takes_up(idea, index):
                self.begin(tape.LEARN, person, idea, parents)
            else:
                self._hesitate(idea * self.n + index, parents)

    def _takes_up(self, idea: int, index: int) -> bool:
        hesitation = float(self.ideas["hesitation"][idea])
        return hesitation <= 0.0 or uniform(self.luck, HESITATE, self.now, index, idea) >= hesitation

    def _hesitate(self, key: int, parents: dict[int, float]) -> None:
        self.hesitating[key] = parents
        self.columns.bits[key] |= HESITATES
        self.pending.append((RESOLUTION, np.array([key])))

    def _abandon(self, keys: Ints) -> None:
        leaving = self.crowd.leaving(self.now, self.luck, self.works, self.dynamics)
        readopt = bool(self.dynamics["readopt"])
        if not leaving:
            self._end(keys, readopt)
            return
        for idea in self.idea_numbers:
            self._end(keys[keys // self.n == idea], readopt)
            if idea in leaving:
                self.crowd.abandon(self.now, idea, leaving[idea], readopt)

    def _end(self, keys: Ints, readopt: bool) -> None:
        if len(keys):
            self.recorder.extend(self.now, tape.ABANDON, keys % self.n, keys // self.n, None)
            self._ended(keys)
            if not readopt:
                self.columns.bits[keys] |= GIVEN_UP

    def _begun(self, keys: Ints, rows: Ints) -> None:
        """Holdings began by these events."""
        c = self.columns
        c.bits[keys] = (c.bits[keys] | HELD) & ~np.uint8(IMPLEMENTED | HESITATES)
        c.event[keys], c.since[keys] = rows, self.now
        c.until[keys] = self.last_step(self.now + self.dynamics["telling_period"])
        self.list_tellers(keys)
        for clock in range(4):
            self.started[clock, keys] = 0
        self.pending += [(IMPLEMENTATION, keys), (ABANDONMENT, keys)]
        for idea in np.unique(keys // self.n).tolist():
            persons = keys[keys // self.n == idea] % self.n
            for rival in self.world.ideas.rivals[idea]:
                self.started[DISCOVERY, rival * self.n + persons] = 0
                self.started[RESOLUTION, rival * self.n + persons] = 0
            self.pending += [(DISCOVERY, d * self.n + persons) for d in self.dependents[idea]]

    def _ended(self, keys: Ints) -> None:
        """Holdings have ended."""
        c = self.columns
        c.bits[keys] &= ~np.uint8(HELD | IMPLEMENTED)
        for clock in (IMPLEMENTATION, ABANDONMENT):
            self.started[clock, keys] = 0
        self.pending.append((DISCOVERY, keys))
        for idea in np.unique(keys // self.n).tolist():
            persons = keys[keys // self.n == idea] % self.n
            for dependent in self.dependents[idea]:
                self.started[DISCOVERY, dependent * self.n + persons] = 0
            for rival in self.world.ideas.rivals[idea]:
                self.pending += [(clock, rival * self.n + persons) for clock in (DISCOVERY, RESOLUTION)]

    # --- what interventions ask of a model ------------------------------------------------------------------------

    def works(self, idea: int) -> bool:
        """Whether an implementation of the idea is out."""
        return bool(self.releases[idea]) and self.releases[idea][0][0] <= self.now

    def key(self, purpose: int, idea: int) -> int:
        """The key of all luck of this step for one purpose and idea."""
        return key_of(self.luck, purpose, self.now, idea)

    def rank(self, idea: int, teller: int, hearer: int) -> int:
        """The place of a teller among several."""
        return rank_of(self.key(RANK, idea), teller, hearer)

    def stifling(self) -> int:
        """Whom stale news stifles."""
        return STIFLING[self.dynamics["stifling"]]

    def last_step(self, step: float) -> int:
        """A step that may have a fraction, or be inf, as the last whole one up to it."""
        return int(min(step, LAST))

    def list_tellers(self, keys: Ints) -> None:
        """Let holders be among the tellers, once."""
        new = keys[self.columns.bits[keys] & LISTED == 0]
        self.columns.bits[new] |= LISTED
        self.tellers = np.concatenate([self.tellers, new])

    def prerequisites_held(self, index: int, idea: int) -> dict[int, float]:
        """What a discovery stands on: the person's holdings of the prerequisites, in equal parts."""
        keys = [p * self.n + index for p in self.world.ideas.prerequisites[idea]]
        rows = sorted(int(self.columns.event[key]) for key in keys if self.columns.bits[key] & HELD)
        return {row: 1.0 / len(rows) for row in rows}

    def begin(self, kind: int, person: PersonView, idea: int, parents: dict[int, float]) -> None:
        """A person takes an idea up: discovers it, or learns it from the holdings `parents` (with their weights)."""
        row = self.recorder.event(self.now, kind, person.index, idea, 1, parents)
        self._begun(np.array([idea * self.n + person.index]), np.array([row]))

    def end(self, person: PersonView, idea: int) -> None:
        """A person no longer holds an idea."""
        self._ended(np.array([idea * self.n + person.index]))

    def implement(self, person: PersonView, idea: int) -> None:
        """A person makes an idea work that is held."""
        key = idea * self.n + person.index
        self.columns.bits[key] |= IMPLEMENTED
        self.started[IMPLEMENTATION, key] = 0
        parents = {int(self.columns.event[key]): 1.0}
        event = self.recorder.event(self.now, tape.IMPLEMENT, person.index, idea, 1, parents)
        self.releases[idea].append((self.now + 1 + int(self.dynamics["release_delay"]), event, 1))
        self.releases[idea].sort()

    def hear(self, hearer: PersonView, idea: int, parents: dict[int, float], rank: int, sure: bool = False) -> None:
        """Let a person hear and understand."""
        self.hearings.append((idea * self.n + hearer.index, rank, parents, sure))


class _People:
    def __init__(self, model: ColumnModel) -> None:
        self.model = model

    def __getitem__(self, index: int) -> PersonView:
        return PersonView(self.model, index)


def _dependents(world: World) -> list[list[int]]:
    dependents: list[list[int]] = [[] for _ in world.ideas.name]
    for idea, prerequisites in enumerate(world.ideas.prerequisites):
        for prerequisite in prerequisites:
            dependents[prerequisite].append(idea)
    return dependents
