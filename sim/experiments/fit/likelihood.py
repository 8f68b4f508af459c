"""The exact likelihood of a record that tells who adopted when, if it is known who could have told whom.

With discovery at rate l of creativity c, and i telling j with chance p_ij (docs/odd.md), each step in which j
is open and does not adopt has the chance exp(-l c_j) Π_i (1 - p_ij) over those who tell. A step in which j discovers
has 1 - exp(-l c_j). One in which j is told by i, drawn from several with equal chances, has exp(-l c_j) times

    p_ij ∫₀¹ Π_{k ≠ i} (1 - p_kj + p_kj x) dx,

the expectation of p_ij / (1 + the number of others who succeed). If all who succeed are credited, it has the product of
their chances and of the others' chances to fail. If it is unknown who reached j, it has one minus the chance not to
adopt. Implementing and abandoning, by holders in the record, are waits of constant rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.experiments.fit.record import Record
from sim.model.networks.files import labels_in
from sim.model.networks.labels import canonical
from sim.model.rules import NEVER
from sim.model.world import World
from sim.scenario.scenario import Scenario
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, Floats, Ints
from sim.tape.tape import Tape

LARGEST = 2000  # persons: every pair is considered
NODE, MASS = np.polynomial.legendre.leggauss(8)
NODE, MASS = (NODE + 1.0) / 2.0, MASS / 2.0
LEAST = 1e-300


def why_not(scenario: Scenario, record: Record, keys: Mapping[str, Any], own: bool = False) -> str:
    """Return why the exact likelihood of a record is unknown, or an empty text if it is known."""
    if record.tape is None or record.kind not in ("log", "adoptions"):
        return f"the record is {record.kind_in_words}, which does not say who adopted when"
    dynamics, world = scenario.dynamics, scenario.world
    people = sum(person.count for person in scenario.persons) + scenario.population.count
    crowd = (world.size or people) > people
    known = world.network.kind in ("file", "complete", "star", "chain") or (
        world.network.kind == "none" and bool(scenario.ties)
    )
    abilities = [scenario.population, *scenario.persons]
    drawn = any(
        not isinstance(getattr(one, name, 0.0) or 0.0, float | int)
        for one in abilities for name in ("creativity", "reach", "skill", "clarity", "understanding")
    )  # fmt: skip
    several = (np.diff(record.tape.parents)[record.tape.events.kind == LEARN] > 1).any()
    reasons = (
        (own, "rules or persons of one's own may follow other laws"),
        (not known, "the network is drawn anew in each run, so that who could have been told is not known"),
        (people > LARGEST, f"there are more than {LARGEST:,} persons, and it looks at every pair of them"),
        (crowd, "there is a crowd"),
        (drawn, "abilities are drawn anew in each run"),
        (dynamics.adoption != "simple", "the rule of adoption is a threshold"),
        (dynamics.stifling != "none", "tellers are stifled"),
        (not record.full and _leaves(scenario, keys), "the record does not say who abandons or implements, and in the "
         "scenario persons do; where they do not, set dynamics.abandon_rate and dynamics.implementation_rate to 0"),
        (dynamics.credited_tellers == "one" and several, "several tellers are credited with an adoption, "
         "in the scenario one; set dynamics.credited_tellers to all"),
        (dynamics.readopt, "who abandons may adopt again"),
        (any(one.born or one.dies is not None for one in scenario.persons), "persons are born or die"),
        (any(one.prerequisites or one.rival_of or one.hesitation for one in scenario.ideas), "ideas hang together"),
        (any(one.kind != "discover" for one in scenario.interventions), "there are interventions"),
        (any(key.startswith(("world.", "ties.", "scenario.")) for key in keys), "a key of the network varies"),
        (set(record.tape.ideas) - {"idea"} - {one.name for one in scenario.ideas} and len(scenario.ideas) > 1,
         "the ideas of the record are not those of the scenario"),
        (len(record.tape.ideas) > max(1, len(scenario.ideas)), "the record has more ideas than the scenario"),
    )  # fmt: skip
    return next((reason for wrong, reason in reasons if wrong), "")


def _leaves(scenario: Scenario, keys: Mapping[str, Any]) -> bool:
    """Return whether anybody may abandon an idea, or a key that affects holdings varies."""
    dynamics = scenario.dynamics
    varies = any(
        key.endswith((".skill", "implementation_rate", "abandon_rate", "abandon_rate_working")) for key in keys
    )
    skilled = any(getattr(one, "skill", 0.0) for one in (scenario.population, *scenario.persons))
    works = skilled and dynamics.implementation_rate > 0.0 and dynamics.abandon_rate_working > 0.0
    return varies or works or dynamics.abandon_rate > 0.0


@dataclass(frozen=True, eq=False)
class Course:
    """The course of one idea, by person, in arrays of shape (persons,); steps are `never` if it did not happen.

    Attributes:
        idea: its number in the scenario.
        adopted: the step; teller: who is credited, the first of several, -1 for nobody or if unknown.
        told: whether i is credited with j's adoption; shape (persons, persons).
        given: whether the adoption was scheduled or lies before the first step, and so is no evidence.
        made: the step of the person's own implementation; until: the last step of holding; left: whether by abandoning.
        works: the first step in which an implementation works.
    """

    idea: int
    adopted: Ints
    teller: Ints
    told: NDArray[np.bool_]
    given: NDArray[np.bool_]
    made: Ints
    until: Ints
    left: NDArray[np.bool_]
    works: int


class Likelihood:
    """The log-likelihood of a record, as a function of changes to the scenario.

    Raises:
        ValueError: if a person of the record is not in the scenario.
    """

    def __init__(self, scenario: Scenario, record: Record) -> None:
        assert record.tape is not None
        self.scenario, self.steps, self.named = scenario, scenario.scenario.steps, record.kind == "log"
        self.never = self.steps + 1
        self.world = World.build(scenario)
        self.untied = scenario.replace({"world.network": {"kind": "none"}, "ties": []})
        self._exposures: dict[tuple[int, float], tuple[Ints, Ints, Ints]] = {}
        tape = record.tape
        self.row = _rows(scenario, self.world, tape)
        self.full = record.full
        given = {(w, i, d.step) for d in self.world.schedule if d.kind == "discover" for w in d.who for i in d.ideas}
        self.courses = [self._course(tape, idea, given) for idea in range(len(self.world.ideas.name))]

    def _course(self, tape: Tape, idea: int, given: Any) -> Course:
        n, never, names = self.world.n, self.never, self.world.ideas.name
        events = tape.events
        adopted, made, until = np.full(n, never), np.full(n, never), np.full(n, self.steps)
        teller, left, told = np.full(n, -1), np.zeros(n, np.bool_), np.zeros((n, n), np.bool_)
        alone = len(names) == 1 and len(tape.ideas) == 1
        wanted = 0 if alone else tape.ideas.index(names[idea]) if names[idea] in tape.ideas else -1
        works = NEVER
        for event in np.flatnonzero(events.idea == wanted).tolist():
            kind, step = int(events.kind[event]), int(events.step[event])
            if kind not in (DISCOVER, LEARN, IMPLEMENT, ABANDON) or events.person[event] < 0:
                continue
            person = int(self.row[events.person[event]])
            if kind <= LEARN and adopted[person] == never:
                adopted[person] = step
                parents = tape.influences.parent[tape.parents[event] : tape.parents[event + 1]]
                if kind == LEARN and len(parents):
                    teller[person] = self.row[events.person[parents[0]]]
                    told[self.row[events.person[parents]], person] = True
            elif kind == IMPLEMENT and made[person] == never:
                made[person] = step
                works = min(works, step + 1 + int(self.scenario.dynamics.release_delay))
            elif kind == ABANDON:
                until[person], left[person] = step, True
        known = np.array([step == 0 or (person, idea, step) in given for person, step in enumerate(adopted.tolist())])
        return Course(idea, adopted, teller, told, known & (adopted < never), made, until, left, works)

    def __call__(self, cell: Mapping[str, Any]) -> float:
        """Return the log-likelihood of the scenario changed by a cell; very low, but finite, for the impossible."""
        scenario = self.untied.replace(cell)
        world = World.build(scenario, ties=self.world.ties)
        return sum(self._adoptions(scenario, world, course) + self._holdings(scenario, world, course)
                   for course in self.courses)  # fmt: skip

    def exposure(self, course: Course, period: float) -> tuple[Ints, Ints, Ints]:
        """Return how many steps i told j in vain, shape (n, n), and all tellers and hearers in steps of adoption."""
        if (course.idea, period) not in self._exposures:
            since, when = course.adopted[:, None], course.adopted[None, :]
            last = np.minimum(course.until[:, None], np.minimum(since + min(period, 2.0**40), float(self.never)))
            vain = np.clip(np.minimum(last, np.minimum(when - 1, self.steps)) - since, 0, None).astype(np.int64)
            at = (since < when) & (when <= last) & (when <= self.steps) & ~course.given[None, :]
            hearer, teller = np.nonzero(at.T)
            self._exposures[course.idea, period] = np.where(since <= self.steps, vain, 0), teller, hearer
        return self._exposures[course.idea, period]

    def _adoptions(self, scenario: Scenario, world: World, course: Course) -> float:
        chance, n = _chances(scenario, world, course.idea), world.n
        vain, teller, hearer = self.exposure(course, scenario.dynamics.telling_period)
        told = chance[teller, hearer]
        some = told > 0.0
        told, teller, hearer = told[some], teller[some], hearer[some]
        rate = world.ideas.discovery_rate[course.idea] * world.creativity
        rate = np.minimum(np.where(world.creativity > 0.0, rate, 0.0), 690.0)
        stay = np.exp(-rate)
        adopts = (course.adopted <= self.steps) & ~course.given
        found = float((vain * np.log(np.maximum(1.0 - chance, LEAST))).sum())
        found -= float((np.clip(course.adopted - 1, 0, None) * rate).sum())
        if not self.named:
            unmoved = np.exp(np.bincount(hearer, np.log(np.maximum(1.0 - told, LEAST)), n))
            return found + float(np.log(np.maximum(1.0 - stay * unmoved, LEAST))[adopts].sum())
        alone = adopts & (course.teller < 0)
        found += float(np.log(np.maximum(1.0 - stay, LEAST))[alone].sum())
        if scenario.dynamics.credited_tellers == "all":
            credited = course.told[teller, hearer]
            found += float(np.log(np.where(credited, told, 1.0 - told).clip(LEAST))[~alone[hearer]].sum())
            found -= float(rate[adopts & ~alone].sum())
            missing = course.told.sum(axis=0) - np.bincount(hearer, credited, n)
            return found + math.log(LEAST) * float(missing[adopts].sum())
        credited = teller == course.teller[hearer]
        own = np.zeros(n)
        own[hearer[credited]] = told[credited]
        mixed = sum(
            mass * np.exp(np.bincount(hearer[~credited], np.log1p(told[~credited] * (node - 1.0)), n))
            for node, mass in zip(NODE, MASS, strict=True)
        )
        return found + float(np.log(np.maximum(stay * own * mixed, LEAST))[adopts & ~alone].sum())

    def causes(self, cell: Mapping[str, Any], rng: np.random.Generator | None) -> list[tuple[int, int, int, int]]:
        """Return a teller for each adoption of a record that names none: step, idea, person, teller (-1: discovered).

        Each is drawn by its chance given the record, or is the most likely one without rng.
        """
        scenario = self.untied.replace(cell)
        world = World.build(scenario, ties=self.world.ties)
        rows = []
        for course in self.courses:
            chance = _chances(scenario, world, course.idea)
            _, teller, hearer = self.exposure(course, scenario.dynamics.telling_period)
            stay = np.exp(-np.minimum(world.ideas.discovery_rate[course.idea] * world.creativity, 690.0))
            for person in np.flatnonzero(course.adopted <= self.steps).tolist():
                by = np.append(-1, teller[hearer == person])
                told = chance[by[1:], person]
                mixed = np.log1p(told[:, None] * (NODE - 1.0))
                share = told * (np.exp(mixed.sum(axis=0) - mixed) * MASS).sum(axis=1)
                odds = np.append(1.0 - stay[person], stay[person] * share)
                odds[0] = 1.0 if course.given[person] else odds[0]
                whole = np.cumsum(odds)
                at = int(odds.argmax()) if rng is None else int(np.searchsorted(whole, rng.random() * whole[-1]))
                rows.append((int(course.adopted[person]), course.idea, person, int(by[min(at, len(by) - 1)])))
        return sorted(rows)

    def _holdings(self, scenario: Scenario, world: World, course: Course) -> float:
        """Return the log-likelihood of implementing and abandoning; 0 if the record tells of neither."""
        if not self.full:
            return 0.0
        dynamics, held = scenario.dynamics, course.adopted <= self.steps
        difficulty = world.ideas.difficulty[course.idea]
        skill = world.skill / difficulty if difficulty > 0 else np.where(world.skill > 0.0, np.inf, 0.0)
        last = np.minimum(course.until, self.steps)
        tried = np.where(held, np.minimum(course.made, last + 1) - 1 - course.adopted, 0)
        found = _waits(dynamics.implementation_rate * skill, tried, held & (course.made <= last))
        stays = np.where(world.keeps, 0.0, 1.0)
        began = np.clip(min(course.works, self.never + 1) - 1, course.adopted, last)
        before, after = began - course.adopted, last - began
        early, late = course.left & (last <= began), course.left & (last > began)
        found += _waits(dynamics.abandon_rate * stays, np.where(held, before - early, 0), early)
        return found + _waits(dynamics.abandon_rate_working * stays, np.where(held, after - late, 0), late)


def _waits(rate: Any, tried: Ints, came: NDArray[np.bool_]) -> float:
    """Return the log-likelihood of waits: steps in vain at a rate, and whether the event then came."""
    rate = np.broadcast_to(np.asarray(rate, np.float64), tried.shape)
    spared = np.where(tried > 0, tried * np.minimum(rate, 690.0), 0.0)
    hit = np.log(np.maximum(-np.expm1(-rate[came]), LEAST))
    return float(hit.sum()) - float(spared.sum())


def _chances(scenario: Scenario, world: World, idea: int) -> Floats:
    """Return the chance that i, if telling, makes j understand in a step; shape (n, n)."""
    ties, n = world.ties, world.n
    degree = np.diff(ties.indptr)
    only_ties = getattr(scenario.dynamics, "audience", "reach") == "ties"
    audience = np.where(world.reach > 0.0, np.inf, 0.0) if only_ties else world.reach * world.size
    others = world.size - 1.0 - degree
    rest = np.where((audience > degree) & (others > 0.0), (audience - degree) / np.maximum(others, 1.0), 0.0)
    address = np.repeat(np.minimum(np.where(only_ties, 0.0, rest), 1.0)[:, None], n, 1)
    source = np.repeat(np.arange(n), degree)
    part = np.minimum(1.0, audience[source] / np.maximum(degree[source], 1))
    address[source, ties.target] = part * ties.weight
    np.fill_diagonal(address, 0.0)
    return np.asarray(address * (world.ideas.clarity[idea] * world.clarity)[:, None] * world.understanding[None, :])


def _rows(scenario: Scenario, world: World, tape: Tape) -> Ints:
    """Return the row in the world of each person of a record, by name or by label in the network's file."""
    known = {name: row for row, name in enumerate(world.persons.names())}
    network: Any = scenario.world.network
    free = world.n  # the first of the population without ties
    if network.kind == "file":
        labels = labels_in(scenario, scenario.folder / network.path)
        known, free = known | labels.known, labels.free
    rows = []
    for name in tape.persons.names():
        row = known.get(name, known.get(canonical(name), free))
        if row == world.n:
            raise ValueError(f"record: no person {name!r} in the scenario or its network, which have {world.n:,}")
        free += row == free
        rows.append(row)
    return np.array(rows, np.int64)
