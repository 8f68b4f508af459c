"""The crowd: the people who are not simulated one by one, as counts.

The crowd listens: it learns, holds, uses and abandons. Discoverers and implementers are simulated by name, so that
there is somebody to credit; the crowd tells only where a scenario schedules it. All who adopted an idea in the
same step are a cohort, with one event on the tape that says how many they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sim.model import rules
from sim.model.randomness import CROWD, uniform
from sim.model.world import World
from sim.tape.rows import Recorder
from sim.tape.tables import ABANDON, LEARN


@dataclass
class Cohort:
    """`count` people of the crowd who adopted an idea by one event and still hold it."""

    event: int
    since: int
    count: int


class Crowd:
    """The people of `world` beyond the simulated ones: cohorts by idea, and how many have given it up for good."""

    def __init__(self, world: World, recorder: Recorder, rules: Any = rules) -> None:
        self.rules = rules
        self.size, self.index = world.crowd, world.n
        self.understanding = world.scenario.world.crowd_understanding
        self.rivals = world.ideas.rivals
        self.recorder = recorder
        self.cohorts: dict[int, list[Cohort]] = {}
        self.given_up: dict[int, int] = {}
        self.told: dict[int, list[tuple[int, float]]] = {}
        self.pieces: list[tuple[int, int, int, int, int]] = []  # ended: event, idea, begin, end, count

    def held(self, idea: int) -> int:
        """Return how many of the crowd hold the idea."""
        return sum(cohort.count for cohort in self.cohorts.get(idea, ()))

    def open_to(self, idea: int) -> int:
        """Return how many could adopt the idea: holders of a rival cannot, and gave it up as often as the rest."""
        rivals = sum(self.held(rival) for rival in self.rivals[idea])
        return int(self.rules.crowd_open(self.size, self.held(idea), self.given_up.get(idea, 0), rivals))

    def address(self, idea: int, event: int, chance: float, idea_clarity: float, teller_clarity: float) -> None:
        """Have a teller address each member of the crowd with this chance, from the holding `event`."""
        understood = self.rules.chance_in_crowd(chance, idea_clarity, teller_clarity, self.understanding)
        if self.size and understood > 0.0:
            self.told.setdefault(idea, []).append((event, understood))

    def tellers(self, idea: int, now: int) -> dict[int, float]:
        """Return the cohorts that held the idea before this step, weighted by their counts: the crowd as a teller."""
        cohorts = [
            cohort for cohort in self.cohorts.get(idea, ()) if self.rules.is_settled(cohort.since, now) and cohort.count
        ]
        total = sum(cohort.count for cohort in cohorts)
        return {cohort.event: self.rules.part_of(cohort.count, total) for cohort in cohorts}

    def learn(self, now: int, idea: int, seed: int) -> None:
        """Have all who understood at least one teller adopt the idea: one event, weighted by each teller's chance."""
        told = sorted(self.told.pop(idea))
        by_any, reached = 0.0, 0.0
        for _, chance in told:
            by_any = self.rules.by_any(by_any, chance)
            reached = self.rules.added(reached, chance)
        count = self.rules.draw_count(self.open_to(idea), by_any, uniform(seed, CROWD, now, self.index, idea))
        if count == 0:
            return
        by_event: dict[int, float] = {}
        for event, chance in told:
            by_event[event] = self.rules.added(by_event.get(event, 0.0), chance)
        parents = {event: self.rules.part_of(chance, reached) for event, chance in by_event.items()}
        event = self.recorder.event(now, LEARN, self.index, idea, count, parents)
        self.cohorts.setdefault(idea, []).append(Cohort(event, now, count))

    def leaving(
        self, now: int, seed: int, works: Callable[[int], bool], dynamics: Mapping[str, Any]
    ) -> dict[int, list[int]]:
        """Return how many of each cohort of each idea abandon it now; ideas that nobody abandons are left out."""
        leaving = {}
        for idea, cohorts in self.cohorts.items():
            rates = works(idea), dynamics["abandon_rate"], dynamics["abandon_rate_working"]
            counts = [
                int(
                    self.rules.count_leaving(
                        c.count,
                        self.rules.abandonment_rate(*rates, now - c.since),
                        uniform(seed, CROWD, now, self.index, idea, 1 + c.since),
                    )
                )
                if self.rules.is_settled(c.since, now)
                else 0
                for c in cohorts
            ]
            if any(counts):
                leaving[idea] = counts
        return leaving

    def abandon(self, now: int, idea: int, leaving: list[int], readopt: bool) -> None:
        """Record how many leave each cohort."""
        self.recorder.event(now, ABANDON, self.index, idea, sum(leaving))
        for cohort, gone in zip(self.cohorts[idea], leaving, strict=True):
            cohort.count -= gone
            if gone:
                self.pieces.append((cohort.event, idea, cohort.since, now, gone))
        self.cohorts[idea] = [cohort for cohort in self.cohorts[idea] if cohort.count]
        if not readopt:
            self.given_up[idea] = self.given_up.get(idea, 0) + sum(leaving)

    def all_pieces(self, now: int) -> list[tuple[int, int, int, int, int]]:
        """Return the holdings of the crowd up to now, ended or not: event, idea, begin, end, count."""
        return [
            *self.pieces,
            *((c.event, idea, c.since, now, c.count) for idea, cohorts in self.cohorts.items() for c in cohorts),
        ]
