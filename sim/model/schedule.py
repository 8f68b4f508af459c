"""The schedule: what a scenario plans for each step, as rows of persons and ideas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.model.networks.links import pairs
from sim.scenario.groups import CROWD, EVERYONE, WORLD, find, idea_ranges, person_ranges
from sim.scenario.references import setting, split_setting
from sim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Scheduled:
    """One scheduled intervention: kind, persons, ideas, hearers; ties that come and go are windows of Ties instead."""

    step: int
    kind: str
    who: Sequence[int] = ()
    ideas: Sequence[int] = ()
    pairing: str = "all"
    to: Sequence[int] = ()
    amount: float = 0.0
    setting: tuple[str, str, Any] | None = None  # section, field, value; `to` has the rows that it applies to

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        """The pairs (person, idea) of the persons who act and their ideas."""
        return pairs(self.who, self.ideas, self.pairing)


def _alive(schedule: tuple[Scheduled, ...], n: int) -> NDArray[np.bool_]:
    alive = np.ones(n, np.bool_)
    for entry in schedule:
        if entry.kind == "born" and entry.to:
            alive[entry.to[0] : entry.to[-1] + 1] = False  # a group has consecutive rows
    return alive


def _schedule(scenario: Scenario) -> tuple[Scheduled, ...]:
    """Return the schedule, with the births and deaths of persons, by step and within a step in file order."""
    people, ideas = person_ranges(scenario), idea_ranges(scenario)
    schedule = []
    for person in scenario.persons:
        rows = people[person.name]
        if person.born:
            schedule.append(Scheduled(person.born, "born", to=rows))
        if person.dies is not None:
            schedule.append(Scheduled(person.dies, "die", to=rows))
    schedule += [_entry(e, people, ideas) for e in scenario.interventions if e.kind not in ("tie", "cut")]
    return tuple(sorted(schedule, key=lambda entry: entry.step))


def _entry(entry: Any, people: dict[str, range], ideas: dict[str, range]) -> Scheduled:
    n = len(people[EVERYONE])

    def rows(name: str) -> Sequence[int]:
        if name == CROWD:
            return range(n, n + 1)
        return range(n + 1) if name == WORLD else find(people, name) or ()

    match entry.kind:
        case "born" | "die":
            return Scheduled(entry.step, entry.kind, to=rows(entry.person))
        case "set":
            section, name, field = split_setting(entry.key)
            to = find(ideas if section == "ideas" else people, name) or ()
            return Scheduled(entry.step, "set", to=to, setting=(section, field, setting(entry.key, entry.value)))
    told = rows(entry.to) if entry.kind == "tell" else rows(entry.of) if entry.kind == "find" else ()
    amount = entry.reach if entry.kind == "publish" else entry.clarity if entry.kind == "rewrite" else 0.0
    return Scheduled(
        entry.step, entry.kind, rows(entry.person), find(ideas, entry.idea) or (), entry.pairing, told, amount
    )
