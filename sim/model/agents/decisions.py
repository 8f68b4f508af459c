"""The decisions of a person who discovers, tells, learns, implements and abandons ideas.

The rules are in rules.py; here is who asks them, and with what. Nothing here needs Mesa, whose agents decide in the
same way (see person.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim.model.agents.surroundings import Holding, Other, Surroundings
from sim.model.randomness import (
    ABANDON,
    DISCOVER,
    HESITATE,
    IMPLEMENT,
    LISTEN,
    RESOLVE,
    STRANGERS,
    UNDERSTAND,
    uniform_of,
)
from sim.model.rules import NEVER

NOTHING: Mapping[int, Mapping[int, float]] = MappingProxyType({})


@dataclass
class Timer:
    """A chance of constant rate that will come true in step `due`."""

    rate: float
    due: int


class Decisions:
    """One person of the model: its state, whose attributes `Person` describes, and a method for each decision."""

    model: Surroundings

    def __init__(self, model: Surroundings, index: int) -> None:
        self.model = model
        self.index = index
        (self.creativity, self.reach, self.skill, self.clarity, self.understanding, self.threshold,
         self.keeps, self.alive) = model.abilities[index]  # fmt: skip
        self.holdings: dict[int, Holding] = {}
        self.given_up: frozenset[int] = frozenset()
        self.hesitates: Mapping[int, Mapping[int, float]] = NOTHING  # idea -> the holdings it was told from
        self.timers: dict[tuple[int, int], Timer] = {}

    @property
    def name(self) -> str:
        """The person's name, as on the tape."""
        return self.model.world.persons.name_of(self.index)

    # --- decisions, each to be overridden -------------------------------------------------------------------

    def discovers(self, idea: int) -> bool:
        """Return whether the person discovers an idea, all of whose prerequisites are held."""
        rate = self.model.ideas["discovery_rate"][idea]
        if rate > 0.0:
            rate = self.model.rules.discovery_rate(rate, self.creativity)
        return self.comes_true(DISCOVER, idea, rate)

    def tells(self, idea: int) -> bool:
        """Return whether the person tells an idea that is held."""
        return self.model.now <= self.holdings[idea].tells_until

    def audience(self, idea: int) -> float:
        """Return the number of people that the person expects to address in this step."""
        return float(self.model.rules.audience(self.reach, self.model.world.size))

    def understands(self, idea: int, teller_clarity: float) -> float:
        """Return the chance that the person, when told, understands; in [0, 1]."""
        clarity = self.model.ideas["clarity"][idea]
        chance: float = self.model.rules.chance_to_understand(clarity, teller_clarity, self.understanding)
        return chance

    def adopts(self, idea: int) -> bool:
        """Return whether the person, having understood, adopts the idea at once and does not hesitate."""
        hesitation = self.model.ideas["hesitation"][idea]
        return not self.model.rules.hesitates(hesitation, self.draw(HESITATE, idea) if hesitation > 0.0 else 0.0)

    def implements(self, idea: int) -> bool:
        """Return whether the person makes a held idea work."""
        rate = self.model.dynamics["implementation_rate"]
        difficulty = self.model.ideas["difficulty"][idea]
        if rate > 0.0:
            rate = self.model.rules.implementation_rate(rate, self.skill, difficulty)
        return self.comes_true(IMPLEMENT, idea, rate)

    def abandons(self, idea: int) -> bool:
        """Return whether the person gives up a held idea."""
        dynamics = self.model.dynamics
        rate, rate_working = dynamics["abandon_rate"], dynamics["abandon_rate_working"]
        age = self.model.now - self.holdings[idea].since
        return not self.keeps and self.comes_true(
            ABANDON, idea, self.model.rules.abandonment_rate(self.model.works(idea), rate, rate_working, age)
        )

    # --- the step -------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Decide what to do in this step; the model carries it out when everybody has decided."""
        if not self.alive:
            return
        model = self.model
        if self.creativity > 0.0:
            for idea in model.idea_numbers:
                if self.is_open_to(idea) and self.has_prerequisites(idea) and self.discovers(idea):
                    model.discoveries.append((idea, self.index))
        if model.dynamics["adoption"] == "threshold":
            self.look_around()
        for idea in self.hesitates:
            if self.is_open_to(idea) and self.comes_true(RESOLVE, idea, model.dynamics["resolve_rate"]):
                model.hear(self, idea, self.hesitates[idea], None)
        for idea, holding in self.holdings.items():
            if not model.rules.is_settled(holding.since, model.now):
                continue
            if self.tells(idea):
                self.tell(idea, holding)
            if self.skill > 0.0 and not holding.implemented and self.implements(idea):
                model.implementations.append((idea, self.index))
            if self.abandons(idea):
                model.abandonments.append((idea, self.index))

    def rests_until(self) -> int:
        """Return the next step in which there may be something to decide, if nothing happens to the person before."""
        model = self.model
        if not self.alive:
            return NEVER
        for holding in self.holdings.values():
            if holding.tells_until > model.now or not model.rules.is_settled(holding.since, model.now):
                return model.now + 1
        if model.dynamics["adoption"] == "threshold":
            return model.now + 1
        return max(model.now + 1, min(timer.due for timer in self.timers.values())) if self.timers else NEVER

    def is_open_to(self, idea: int) -> bool:
        """Return whether the person could adopt the idea: alive, with neither it nor a rival held, and not given up."""
        model, held = self.model, self.holdings
        rivals = model.rivals[idea]
        holds_rival = bool(rivals) and any(rival in held for rival in rivals)
        is_open: bool = model.rules.is_open(self.alive, idea in held, idea in self.given_up, holds_rival)
        return is_open

    def has_prerequisites(self, idea: int) -> bool:
        """Return whether the person has held all prerequisites of the idea since an earlier step."""
        return all(self.has_held(prerequisite) for prerequisite in self.model.world.ideas.prerequisites[idea])

    def draw(self, purpose: int, idea: int, other: int = 0) -> float:
        """Return the person's uniform number in [0, 1) for this purpose, idea and other person, in this step."""
        return uniform_of(self.model.key(purpose, idea), self.index, other)

    def comes_true(self, purpose: int, idea: int, rate: float) -> bool:
        """Return whether a chance of this rate comes true in this step.

        The wait is drawn when the timer starts and anew whenever the rate changes; see rules.wait.
        """
        timer = self.timers.get((purpose, idea))
        now = self.model.now
        if timer is None or timer.rate != rate:
            drawn = self.draw(purpose, idea) if rate > 0.0 else 0.0
            timer = self.timers[purpose, idea] = Timer(rate, now - 1 + self.model.rules.wait(drawn, rate))
        return timer.due <= now

    def restart(self, purpose: int, idea: int) -> None:
        """Discard the timer, so that the wait is drawn anew when it is next needed."""
        self.timers.pop((purpose, idea), None)

    def forget(self) -> None:
        """Stop all timers, and forget what was heard of."""
        self.timers.clear()
        self.hesitates = NOTHING

    def tell(self, idea: int, holding: Holding) -> None:
        """Address the ties and, with the rest of the audience, strangers and the crowd."""
        model, rules = self.model, self.model.rules
        audience = self.audience(idea)
        if audience <= 0.0:
            return
        ties = model.ties_of(self.index)
        degree, simple = len(ties), model.dynamics["adoption"] == "simple"
        audience = rules.within_ties(audience, degree, model.dynamics["audience"] == "ties")
        if simple:
            for (other, weight), drawn in zip(ties, model.draws_with_ties(idea, self.index), strict=True):
                self.address(idea, holding, other, rules.chance_to_tell(audience, degree, weight), drawn, mutual=True)
        chance = rules.chance_to_tell_stranger(audience, degree, model.world.size)
        if chance <= 0.0:
            return
        if simple:
            tied = {other for other, _ in ties}
            for other in self.strangers(idea, chance, STRANGERS):
                if other != self.index and other not in tied:
                    self.address(idea, holding, other, 1.0, self.draw(LISTEN, idea, other), mutual=True)
        model.crowd.address(idea, holding.event, chance, model.ideas["clarity"][idea], self.clarity)

    def chance_to_address(self, idea: int, other: Other) -> float:
        """Return the chance that the person addresses another in this step; 0 if the idea is not held or not told."""
        if not self.alive or not self.has_held(idea) or not self.tells(idea):
            return 0.0
        audience = self.audience(idea)
        if audience <= 0.0:
            return 0.0
        ties = self.model.ties_of(self.index)
        audience = self.model.rules.within_ties(audience, len(ties), self.model.dynamics["audience"] == "ties")
        for tied, weight in ties:
            if tied == other.index:
                return float(self.model.rules.chance_to_tell(audience, len(ties), weight))
        return float(self.model.rules.chance_to_tell_stranger(audience, len(ties), self.model.world.size))

    def strangers(self, idea: int, chance: float, purpose: int) -> Iterator[int]:
        """Yield the persons who are addressed, each with the same chance, by skipping the others."""
        other, n = -1, self.model.world.n
        for draws in range(n):
            drawn = self.draw(purpose, idea, draws) if chance < 1.0 else 0.0
            other += 1 + self.model.rules.skip(drawn, chance)
            if other >= n:
                return
            yield other

    def address(self, idea: int, holding: Holding, other: int, chance: float, drawn: float, mutual: bool) -> None:
        """Tell one person with this chance; one who understands has heard of the idea.

        `mutual`: whether the person, as a holder, could address the teller likewise, so that both are one meeting.
        """
        model = self.model
        hearer = model.people[other]
        if idea in hearer.holdings:
            if model.dynamics["stifling"] != "none":
                self.meet(idea, hearer, chance, drawn, mutual)
        elif hearer.is_open_to(idea):
            rules = model.rules
            understood = rules.chance_of_both(chance, hearer.understands(idea, self.clarity))
            if rules.comes_true(drawn, understood):
                model.hear(hearer, idea, {holding.event: 1.0}, self.index)

    def meet(self, idea: int, other: Other, chance: float, drawn: float, mutual: bool) -> None:
        """Have a teller meet someone who knows already: stale news stifles the teller, or both of them."""
        model, stifling = self.model, self.model.dynamics["stifling"]
        if not model.rules.comes_true(drawn, chance):
            return
        if stifling == "both" and mutual:
            here, back = self.chance_to_address(idea, other), other.chance_to_address(idea, self)
            if not model.rules.comes_true(
                drawn, model.rules.chance_of_both(chance, model.rules.part_of_meeting(here, back))
            ):
                return
        model.stifled.append((idea, self.index))
        if stifling == "both":
            model.stifled.append((idea, other.index))

    def look_around(self) -> None:
        """Apply the threshold rule: hear of every idea that enough of the possible tellers hold."""
        model = self.model
        ties = model.ties_to(self.index)
        for idea in model.idea_numbers if ties else ():
            if not self.is_open_to(idea):
                continue
            holders, held, total = [], 0.0, 0.0
            for other, weight in ties:  # not `sum`, which rounds differently in later versions of Python
                total = model.rules.added(total, weight)
                if model.people[other].has_held(idea):
                    held = model.rules.added(held, weight)
                    holders.append(other)
            if not model.rules.reaches_threshold(held, total, self.threshold):
                continue
            teller = model.people[min(holders, key=lambda other: (model.rank(idea, other, self.index), other))]
            if model.rules.comes_true(self.draw(UNDERSTAND, idea), self.understands(idea, teller.clarity)):
                for other in holders:
                    model.hear(self, idea, {model.people[other].holdings[idea].event: 1.0}, other)

    def has_held(self, idea: int) -> bool:
        """Return whether the person has held the idea since an earlier step."""
        holding = self.holdings.get(idea)
        return holding is not None and bool(self.model.rules.is_settled(holding.since, self.model.now))
