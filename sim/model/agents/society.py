"""The reference model: one step at a time, first everybody decides, then everything happens.

Every decision of a step reads the state at the end of the step before, so the order in which persons are asked
cannot matter; what was decided happens sorted by idea and person.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from sim.model import rules
from sim.model.agents import interventions
from sim.model.agents.crowd import Crowd
from sim.model.agents.decisions import Decisions
from sim.model.agents.surroundings import Holding, Other
from sim.model.networks.ties import Neighbours
from sim.model.own_rules import rules_with
from sim.model.randomness import (
    ABANDON,
    DISCOVER,
    IMPLEMENT,
    RANK,
    RESOLVE,
    TELL,
    key_of,
    rank_of,
    squares_of,
    unit,
)
from sim.model.realise import history
from sim.model.rules import NEVER
from sim.model.world import ABILITIES, World
from sim.tape import tables
from sim.tape.rows import Recorder, rows_of
from sim.tape.tape import Tape

Hearing = tuple[int | None, Mapping[int, float]]  # the teller, if any, and the holdings told, with their weights


class Society:
    """All persons of a world, and what happens to them: the reference engine, without Mesa.

    Args:
        world: the world to run, with its seed and its rules.
        person_class: Decisions, or a subclass.
        neighbours: the ties as an earlier run of the world has read them.

    Attributes:
        now: the last step taken.
        people: the persons by their index.
        dynamics, ideas: the current parameters, which interventions may set.
    """

    def __init__(
        self, world: World, person_class: Callable[[Any, int], Decisions] = Decisions,
        neighbours: Neighbours | None = None,
    ) -> None:  # fmt: skip
        self.world, self.world_seed = world, world.seed
        self.now = 0
        self.dynamics: dict[str, Any] = dict(world.scenario.dynamics)
        columns = ("value", "clarity", "difficulty", "discovery_rate", "hesitation")
        self.ideas: dict[str, list[float]] = {name: getattr(world.ideas, name).tolist() for name in columns}
        self.idea_numbers = range(len(world.ideas.name))
        self.released = [NEVER for _ in self.idea_numbers]  # the step in which each idea first works
        self.dependents: list[list[int]] = [[] for _ in self.idea_numbers]
        for idea in self.idea_numbers:
            for prerequisite in world.ideas.prerequisites[idea]:
                self.dependents[prerequisite].append(idea)
        self.recorder = Recorder()
        self.rules = rules_with(world.rules)
        self.crowd = Crowd(world, self.recorder, self.rules)
        abilities = [getattr(world, name).tolist() for name in (*ABILITIES, "keeps", "alive")]
        self.abilities: Sequence[tuple[Any, ...]] = list(zip(*abilities, strict=True))
        self.rivals: Sequence[Sequence[int]] = world.ideas.rivals
        self.people = [person_class(self, index) for index in range(world.n)]
        self._awake = dict(enumerate(self.people))
        self._alarms: dict[int, dict[int, Decisions]] = {}  # step -> the persons to wake in it, by index
        self._keys: dict[tuple[int, int], int] = {}
        self._with_ties: dict[int, dict[int, list[float]]] = {}  # idea -> teller -> a uniform number for each tie
        self.notebooks: dict[tuple[int, int], int] = {}  # idea, person -> the event by which it was last adopted
        self.skipped = 0  # interventions that found nothing to act on
        self._schedule = deque(world.schedule)
        self._neighbours = neighbours or Neighbours(world.ties)
        self._forget()

    def _forget(self) -> None:
        """Start with nothing decided."""
        self.discoveries: list[tuple[int, int]] = []
        self.hearings: dict[tuple[int, int], list[Hearing]] = {}  # idea, person -> all that was understood
        self.implementations: list[tuple[int, int]] = []
        self.abandonments: list[tuple[int, int]] = []
        self.stifled: list[tuple[int, int]] = []

    def step(self) -> None:
        """Take one step: what is scheduled happens, everybody decides, then all that was decided happens."""
        self.now += 1
        self._keys.clear()
        self._with_ties.clear()
        self._neighbours.turn_to(self.now)
        self._wake()
        while self._is_scheduled():
            interventions.happen(self, self._schedule.popleft())
        self._decide()
        self._discover()
        self._learn()
        self._implement()
        self._abandon()
        self._forget()

    def _is_scheduled(self) -> bool:
        return bool(self._schedule) and self._schedule[0].step <= self.now

    def _wake(self) -> None:
        """Wake those whose chances may come true; or all, on a scheduled change, a first release, or with own rules."""
        self._awake |= self._alarms.pop(self.now, {})
        if self.world.rules or self._is_scheduled() or self.now in self.released:
            self._awake = dict(enumerate(self.people))

    def _decide(self) -> None:
        """Ask all who are awake, in any order, and let those rest who have nothing to decide for a while."""
        for person in list(self._awake.values()):
            person.step()
            step = person.rests_until()
            if step > self.now + 1:
                del self._awake[person.index]
            if self.now + 1 < step < NEVER:
                self._alarms.setdefault(step, {})[person.index] = person

    def run(self, progress: Callable[[int, int], None] | None = None) -> Tape:
        """Take all remaining steps and return the tape; `progress` is called with (steps done, steps in all)."""
        while self.now < self.world.scenario.scenario.steps:
            self.step()
            if progress is not None:
                progress(self.now, self.world.scenario.scenario.steps)
        return self.tape()

    def tape(self) -> Tape:
        """Return the tape of what happened so far."""
        crowd = np.array(self.crowd.all_pieces(self.now), np.int64).reshape(-1, 5).T
        return history(self.world, rows_of(*self.recorder.tables()), crowd, self.now, self.skipped)

    # --- what persons ask -----------------------------------------------------------------------------------

    def works(self, idea: int) -> bool:
        """Return whether an implementation of the idea is in use."""
        return self.released[idea] <= self.now

    def key(self, purpose: int, idea: int) -> int:
        """Return the key of all draws of this step for one purpose and idea."""
        key = self._keys.get((purpose, idea))
        if key is None:
            key = self._keys[purpose, idea] = key_of(self.world_seed, purpose, self.now, idea)
        return key

    def draws_with_ties(self, idea: int, teller: int) -> list[float]:
        """Return a teller's uniform numbers for its ties in this step, drawn at once for all who may tell the idea."""
        drawn = self._with_ties.get(idea)
        if drawn is None:
            holders = [person for person in self._awake.values() if idea in person.holdings]
            tellers = [person.index for person in holders if self.now <= person.holdings[idea].tells_until]
            drawn = self._with_ties[idea] = self._drawn(idea, tellers)
        if teller not in drawn:
            drawn |= self._drawn(idea, [teller])
        return drawn[teller]

    def _drawn(self, idea: int, tellers: list[int]) -> dict[int, list[float]]:
        ties = {teller: self.ties_of(teller) for teller in tellers}
        others = np.array([other for of_teller in ties.values() for other, _ in of_teller], np.int64)
        counters = (np.repeat(np.array(tellers, np.int64), [len(ties[teller]) for teller in tellers]) << 32) | others
        drawn: Any = unit(squares_of(counters, self.key(TELL, idea)))
        each = iter(drawn.tolist())
        return {teller: list(islice(each, len(of_teller))) for teller, of_teller in ties.items()}

    def rank(self, idea: int, teller: int, hearer: int) -> int:
        """Return the rank of a teller among those who make a hearer understand in this step; the lowest is credited."""
        return rank_of(self.key(RANK, idea), teller, hearer)

    def ties_of(self, person: int) -> list[tuple[int, float]]:
        """Return the persons to whom a person is tied in this step, with the weights."""
        return self._neighbours.told_by(person)

    def ties_to(self, person: int) -> list[tuple[int, float]]:
        """Return the persons who are tied to a person in this step, with the weights."""
        return self._neighbours.tellers_of(person)

    def hear(self, hearer: Other, idea: int, parents: Mapping[int, float], teller: int | None) -> None:
        """Record that a person heard of an idea and understood; without a teller, one who hesitated decides for it."""
        self.hearings.setdefault((idea, hearer.index), []).append((teller, parents))

    def _credited(self, idea: int, hearer: int, hearings: Sequence[Hearing]) -> Mapping[int, float]:
        """Return the influences of an adoption: all tellers in equal parts, or the one with the least claim."""
        if self.dynamics["credited_tellers"] == "all":
            return mixed([parents for _, parents in hearings], self.rules)

        def claim(hearing: Hearing) -> int:
            teller, parents = hearing
            source = min(parents) + (self.rules.MIXTURE if len(parents) > 1 else 0)
            return int(self.rules.claim(0 if teller is None else self.rank(idea, teller, hearer), source))

        return (hearings[0] if len(hearings) == 1 else min(hearings, key=claim))[1]

    # --- what happens ---------------------------------------------------------------------------------------

    def _discover(self) -> None:
        for idea, index in sorted(self.discoveries):
            if self.people[index].is_open_to(idea):
                self.begin(tables.DISCOVER, self.people[index], idea, self.prerequisites_held(index, idea))

    def prerequisites_held(self, index: int, idea: int) -> dict[int, float]:
        """Return the person's holdings of the prerequisites of a discovery, in equal parts."""
        held = self.people[index].holdings
        rows = sorted({held[p].event for p in self.world.ideas.prerequisites[idea] if p in held})
        return {row: self.rules.equal_part(len(rows)) for row in rows}

    def _learn(self) -> None:
        for idea, index in self.stifled:
            if idea in self.people[index].holdings:
                self.people[index].holdings[idea].tells_until = self.now
        told = [*self.hearings, *((idea, self.world.n) for idea in self.crowd.told)]
        for idea, index in sorted(told):
            if index == self.world.n:
                self.crowd.learn(self.now, idea, self.world_seed)
                continue
            person = self.people[index]
            if not person.is_open_to(idea):
                continue
            parents = self._credited(idea, index, self.hearings[idea, index])
            if any(teller is None for teller, _ in self.hearings[idea, index]) or person.adopts(idea):
                self.begin(tables.LEARN, person, idea, parents)
            else:
                person.hesitates = {**person.hesitates, idea: parents}
                self._awake[index] = person

    def _implement(self) -> None:
        for idea, index in sorted(self.implementations):
            self.implement(self.people[index], idea)

    def _abandon(self) -> None:
        leaving = self.crowd.leaving(self.now, self.world_seed, self.works, self.dynamics)
        readopt = bool(self.dynamics["readopt"])
        for idea, index in sorted([*self.abandonments, *((idea, self.world.n) for idea in leaving)]):
            if index == self.world.n:
                self.crowd.abandon(self.now, idea, leaving[idea], readopt)
            else:
                self.recorder.event(self.now, tables.ABANDON, index, idea)
                self.end(self.people[index], idea)
                if not readopt:
                    self.people[index].given_up = self.people[index].given_up.union([idea])

    def begin(self, kind: int, person: Decisions, idea: int, parents: Mapping[int, float]) -> None:
        """Begin a holding of an idea, by discovery or by learning, under the influence of the holdings `parents`."""
        event = self.recorder.event(self.now, kind, person.index, idea, 1, parents)
        person.holdings[idea] = Holding(
            event, self.now, self.rules.tells_until(self.now, self.dynamics["telling_period"])
        )
        self._awake[person.index] = person
        self.notebooks[idea, person.index] = event
        if idea in person.hesitates:
            person.hesitates = {other: told for other, told in person.hesitates.items() if other != idea}
        for other in (idea, *self.rivals[idea]):
            person.restart(DISCOVER, other)
            person.restart(RESOLVE, other)

    def implement(self, person: Decisions, idea: int) -> None:
        """Make an idea work that a person holds."""
        holding = person.holdings[idea]
        holding.implemented = True
        person.restart(IMPLEMENT, idea)
        self.recorder.event(self.now, tables.IMPLEMENT, person.index, idea, 1, {holding.event: 1.0})
        self.released[idea] = min(
            self.released[idea], self.rules.works_from(self.now, int(self.dynamics["release_delay"]))
        )

    def end(self, person: Decisions, idea: int) -> None:
        """End a person's holding of an idea."""
        del person.holdings[idea]
        self._awake[person.index] = person
        person.restart(IMPLEMENT, idea)
        person.restart(ABANDON, idea)
        for dependent in self.dependents[idea]:
            person.restart(DISCOVER, dependent)


def mixed(parents: Sequence[Mapping[int, float]], rules: Any = rules) -> dict[int, float]:
    """Return several influences of one event, mixed in equal parts, by row."""
    if len(parents) == 1:
        return dict(parents[0])
    mixture: dict[int, float] = {}
    for row, weight in sorted((row, weight) for part in parents for row, weight in part.items()):
        mixture[row] = rules.added(mixture.get(row, 0.0), rules.part_of(weight, len(parents)))
    return mixture
