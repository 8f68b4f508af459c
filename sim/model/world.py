"""The world: persons, ties, ideas and the schedule, as columns made from a scenario and a seed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import checked_seed
from sim.machine.records import equal
from sim.machine.threads import processors
from sim.machine.version import version
from sim.model import abilities
from sim.model.networks import build
from sim.model.networks.ties import Ties, no_ties
from sim.model.own_rules import Own, named
from sim.model.randomness import signed
from sim.model.schedule import Scheduled, _alive, _schedule
from sim.scenario.groups import ANONYMOUS, CROWD, EVERYONE, find, idea_ranges, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats, Persons

ABILITIES = ("creativity", "reach", "skill", "clarity", "understanding", "threshold")
THE_CROWD = "the crowd"
WORTH_COMPILING = 200_000  # draws


@dataclass(frozen=True, eq=False)
class Ideas:
    """The catalogue of ideas, as columns of shape (ideas,)."""

    name: tuple[str, ...]
    value: Floats
    clarity: Floats
    difficulty: Floats
    discovery_rate: Floats
    hesitation: Floats
    prerequisites: tuple[tuple[int, ...], ...]
    rivals: tuple[tuple[int, ...], ...]
    at_common_rate: tuple[int, ...]  # the ideas without a discovery rate of their own


@dataclass(frozen=True, eq=False)
class World:
    """The persons, ties, ideas and interventions of a run before its first step.

    Attributes:
        scenario, seed: what the world was made from.
        persons: as on the tape: groups, the population, and the crowd as the last row if there is one.
        n: persons simulated one by one; size: all the people there are; crowd: size - n.
        creativity ... threshold: the abilities; float64, shape (n,), in [0, 1].
        keeps: whether a person never abandons; alive: whether a person is there at the start; bool, shape (n,).
        ties: from those who can tell to those who can be told.
        ideas: the catalogue.
        schedule: the scheduled interventions, by step.
        realises: whether a person's holdings count as impact; bool, shape (n + 1,), the crowd last.
    """

    scenario: Scenario
    seed: int
    persons: Persons
    n: int
    size: int
    creativity: Floats
    reach: Floats
    skill: Floats
    clarity: Floats
    understanding: Floats
    threshold: Floats
    keeps: NDArray[np.bool_]
    alive: NDArray[np.bool_]
    ties: Ties
    ideas: Ideas
    schedule: tuple[Scheduled, ...]
    realises: NDArray[np.bool_]
    rules: Own = ()

    def __eq__(self, other: object) -> bool:
        """Return whether all fields are equal, columns bit for bit."""
        return equal(self, other) if isinstance(other, World) else NotImplemented

    def __repr__(self) -> str:
        return (
            f"World({self.scenario.scenario.name!r}, seed {self.seed}, {self.n:,} of {self.size:,} people one by one)"
        )

    @property
    def crowd(self) -> int:
        """The number of people who are not simulated one by one."""
        return self.size - self.n

    def provenance(self) -> dict[str, Any]:
        """Return the origin that a tape of this world states: plain JSON values, nothing about the machine."""
        return self._origin | {"seed": self.seed}

    @cached_property
    def _origin(self) -> dict[str, Any]:
        return {
            "scenario": self.scenario.scenario.name,
            "seed": self.seed,
            "credit": self.scenario.credit.model_dump(),
            "versions": {"shoulders": version(), "numpy": np.__version__},
        } | ({"rules": named(self.rules)} if self.rules else {})

    @classmethod
    def build(cls, scenario: Scenario, seed: int | None = None, rules: Own = (), ties: Ties | None = None) -> World:
        """Build the world of a scenario; every draw depends only on the seed and on whom and what it is for.

        Args:
            scenario: what to build.
            seed: the seed of all draws; by default the scenario's own.
            rules: rules of one's own, as `own_rules` returns them.
            ties: the ties of this scenario, where they are known.

        Raises:
            ScenarioError: if the network file cannot be used.
        """
        outline = cls.outline(scenario, seed, rules)
        scenario = outline.scenario
        n, seed = outline.n, outline.seed
        drawn: dict[str, Any] = {ability: _ability(scenario, seed, ability, n) for ability in ABILITIES}
        ties = build.ties(scenario, seed, outline.persons, n) if ties is None else ties
        return replace(outline, ties=ties, **drawn)

    @classmethod
    def outline(cls, scenario: Scenario, seed: int | None = None, rules: Own = ()) -> World:
        """Build a world as `build` does, but without ties, and with all abilities 0."""
        scenario = Scenario.of(scenario)
        n = len(person_ranges(scenario)[EVERYONE])
        size = scenario.world.size or n
        schedule = _schedule(scenario)
        return cls(
            scenario=scenario,
            seed=scenario.scenario.seed if seed is None else checked_seed(seed),
            persons=_persons(scenario, size - n),
            n=n,
            size=size,
            **dict.fromkeys(ABILITIES, np.broadcast_to(np.float64(0.0), (n,))),
            keeps=_flags(scenario, "keeps", n),
            alive=_alive(schedule, n),
            ties=no_ties(n),
            ideas=_ideas(scenario),
            schedule=schedule,
            realises=_realises(scenario, n),
            rules=rules,
        )

    def with_seed(self, seed: int) -> World:
        """Return the same persons, ties and ideas with the random draws of another seed from the first step on."""
        other = object.__new__(World)
        other.__dict__.update(self.__dict__, seed=seed)
        return other

    def with_numbers_of(self, scenario: Scenario) -> World:
        """Return the world of a scenario that differs from this one's only in fractional numbers, without new draws."""
        old = self.scenario
        ideas = scenario.ideas == old.ideas and scenario.dynamics.discovery_rate == old.dynamics.discovery_rate
        schedule = scenario.interventions == old.interventions  # births and deaths are whole numbers, so they agree
        return replace(
            self,
            scenario=scenario,
            ideas=self.ideas if ideas else _ideas(scenario),
            schedule=self.schedule if schedule else _schedule(scenario),
        )


def _persons(scenario: Scenario, crowd: int) -> Persons:
    groups = [(person.name, person.count, 1) for person in scenario.persons]
    if scenario.population.count:
        groups.append((ANONYMOUS, scenario.population.count, 1))
    if crowd:
        groups.append((THE_CROWD, 1, crowd))
    name, members, size = zip(*groups, strict=True)
    return Persons(name, np.array(members), np.array(size))


def _flags(scenario: Scenario, field: str, n: int) -> NDArray[np.bool_]:
    flags = np.zeros(n, np.bool_)
    people = person_ranges(scenario)
    for person in scenario.persons:
        rows = people[person.name]
        flags[rows.start : rows.stop] = getattr(person, field)
    return flags


def _realises(scenario: Scenario, n: int) -> NDArray[np.bool_]:
    by = scenario.impact.realised_by
    realises = np.zeros(n + 1, np.bool_)
    people = person_ranges(scenario)
    for name in [by] if isinstance(by, str) else by:
        rows = find(people, name)
        if name in (EVERYONE, CROWD):
            realises[n] = True
        if rows is not None:
            realises[rows.start : rows.stop] = True
    return realises


def _ideas(scenario: Scenario) -> Ideas:
    ranges = idea_ranges(scenario)
    entries = [idea for idea in scenario.ideas for _ in range(idea.count)]
    numbers = [i for idea in scenario.ideas for i in range(1, idea.count + 1)]
    rivals: list[set[int]] = [set() for _ in entries]
    for k, idea in enumerate(entries):
        for other in find(ranges, idea.rival_of) or () if idea.rival_of else ():
            rivals[k].add(other)
            rivals[other].add(k)
    base = scenario.dynamics.discovery_rate
    return Ideas(
        name=tuple(i.name if i.count == 1 else f"{i.name} {m}" for i, m in zip(entries, numbers, strict=True)),
        value=np.array([i.value for i in entries]),
        clarity=np.array([i.clarity for i in entries]),
        difficulty=np.array([i.difficulty for i in entries]),
        discovery_rate=np.array([base if i.discovery_rate is None else i.discovery_rate for i in entries]),
        hesitation=np.array([i.hesitation for i in entries]),
        prerequisites=tuple(
            tuple(dict.fromkeys(p for name in i.prerequisites for p in find(ranges, name) or ())) for i in entries
        ),
        rivals=tuple(tuple(sorted(r)) for r in rivals),
        at_common_rate=tuple(k for k, i in enumerate(entries) if i.discovery_rate is None),
    )


def _ability(scenario: Scenario, seed: int, ability: str, n: int) -> Floats:
    """Return each person's ability: a number as given, or a draw of their own from the distribution.

    If it is the same for all, the column is a read-only view of one number and takes no memory.
    """
    people = person_ranges(scenario)
    base = getattr(scenario.population, ability)
    own = [(people[person.name], getattr(person, ability)) for person in scenario.persons]
    entries = [(rows, base if given is None else given) for rows, given in own]
    entries = [(rows, given) for rows, given in [*entries, (people["population"], base)] if len(rows)]
    if all(isinstance(given, float | int) and given == entries[0][1] for _, given in entries):
        return np.broadcast_to(np.float64(entries[0][1]), (n,))
    column = np.empty(n)
    for rows, given in entries:
        part = column[rows.start : rows.stop]
        if isinstance(given, float | int):
            part[:] = given
        else:
            _draw(given, seed, ABILITIES.index(ability), rows.start, part)
    return column


def _draw(distribution: Any, seed: int, number: int, first: int, part: Floats) -> None:
    """Draw the abilities of the persons from `first` on; for many persons, in compiled code and several threads."""
    kind, parameters = abilities.parameters_of(distribution)
    if len(part) <= WORTH_COMPILING:
        abilities.draw_abilities(kind, parameters, seed, number, first, part)
        return
    from sim.machine.loops import compiled

    draw = compiled(abilities.draw_abilities)
    starts = range(0, len(part), max(WORTH_COMPILING, len(part) // 64))
    with ThreadPoolExecutor(processors()) as pool:
        jobs = [
            pool.submit(draw, kind, parameters, signed(seed), number, first + start, part[start : start + starts.step])
            for start in starts
        ]
        for job in jobs:
            job.result()
