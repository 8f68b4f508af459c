"""Groups of persons and ideas by name, and the rows that they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.scenario.sections import Contents, Idea, PersonSection

EVERYONE, EVERYTHING, CROWD, POPULATION, WORLD = "everyone", "everything", "crowd", "population", "world"
RESERVED = (EVERYONE, EVERYTHING, CROWD, "the crowd", WORLD, POPULATION)  # names that no person or idea may have
ANONYMOUS = "person"  # the population's members are person 1, person 2, ...


def person_ranges(scenario: Contents) -> dict[str, range]:
    """Return the tape rows of every group: persons in file order, then the population, and everyone."""
    ranges = _ranges(scenario.persons)
    start = max((r.stop for r in ranges.values()), default=0)
    stop = start + scenario.population.count
    return ranges | {POPULATION: range(start, stop), EVERYONE: range(stop)}


def idea_ranges(scenario: Contents) -> dict[str, range]:
    """Return the numbers of every group of ideas, in file order, and of everything."""
    ranges = _ranges(scenario.ideas)
    return ranges | {EVERYTHING: range(max(r.stop for r in ranges.values()))}


def _ranges(entries: Sequence[PersonSection] | Sequence[Idea]) -> dict[str, range]:
    ranges: dict[str, range] = {}
    start = 0
    for entry in entries:
        ranges[entry.name] = range(start, start + entry.count)
        start += entry.count
    return ranges


def find(ranges: dict[str, range], name: str) -> range | None:
    """Return the rows of a group, or of one member such as "teller 7"; None if there are none."""
    if name in ranges:
        return ranges[name]
    group, _, number = name.rpartition(" ")
    members = ranges.get(group, range(0))
    if number.isascii() and number.isdigit() and len(number) < 12 and 1 <= int(number) <= len(members):
        return members[int(number) - 1 : int(number)]
    return None
