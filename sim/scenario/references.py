"""References between the entries of a scenario: names that must exist, prerequisites that must not form a cycle."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import BaseModel, ValidationError

from sim.errors import ScenarioError, did_you_mean
from sim.scenario.groups import (
    ANONYMOUS,
    CROWD,
    EVERYONE,
    EVERYTHING,
    RESERVED,
    WORLD,
    find,
    idea_ranges,
    person_ranges,
)
from sim.scenario.interventions import Set
from sim.scenario.locate import first_problem, line_of, spell
from sim.scenario.networks import Problem
from sim.scenario.sections import ABILITIES, Contents, Dynamics, Idea, PersonSection
from sim.scenario.values import settable

Place = tuple[str | int, ...]  # the place of a value: its keys, and its numbers in lists
# The keys by which interventions name persons and ideas, and the fields that hold them.
NAMED = (("person", "person"), ("idea", "idea"), ("to", "to"), ("of", "of"), ("from", "source"), ("to", "target"))
SETTABLE = {"dynamics": settable(Dynamics), "ideas": settable(Idea), "persons": settable(PersonSection)}


def check_references(scenario: Contents, source: str, text: str) -> None:
    """Raise a ScenarioError at the first entry that refers to something that does not exist."""
    for path, problem in _problems(scenario):
        raise ScenarioError(problem, source, line_of(text, path), spell(path, scenario.model_dump(by_alias=True)))


def _problems(scenario: Contents) -> Iterator[Problem]:
    yield from _names(scenario)
    people, ideas = person_ranges(scenario), idea_ranges(scenario)
    yield from _sizes(scenario, len(people[EVERYONE]))
    yield from _distributions(scenario)
    for n, tie in enumerate(scenario.ties):
        yield from _unknown(("ties", n, "from"), tie.source, people)
        yield from _unknown(("ties", n, "to"), tie.target, people)
        if tie.end is not None and tie.end <= tie.start:
            yield ("ties", n, "end"), f"must be after start {tie.start}, is {tie.end}"
    yield from _ideas(scenario, ideas)
    yield from _values(scenario, len(people[EVERYONE]))
    named = scenario.impact.realised_by
    for name in [named] if isinstance(named, str) else named:
        yield from _unknown(("impact", "realised_by"), name, people, (CROWD,))
    for n, intervention in enumerate(scenario.interventions):
        yield from _intervention(("interventions", n), intervention, people, ideas)


def _names(scenario: Contents) -> Iterator[Problem]:
    if not scenario.scenario.name.isprintable():
        yield ("scenario", "name"), "must be printable on one line"
    for section in ("persons", "ideas"):
        seen: set[str] = set()
        counts = {entry.name: range(entry.count) for entry in getattr(scenario, section) if entry.count > 1}
        if section == "persons" and scenario.population.count:
            counts[ANONYMOUS] = range(scenario.population.count)
            seen.add(ANONYMOUS)
        for n, entry in enumerate(getattr(scenario, section)):
            if entry.name in RESERVED:
                yield (section, n, "name"), f"'{entry.name}' has a meaning of its own; choose another name"
            if entry.name in seen:
                yield (section, n, "name"), f"'{entry.name}' is there twice"
            group, _, number = entry.name.rpartition(" ")
            if len(find({group: counts.get(group, range(0))}, entry.name) or ()) and group != entry.name:
                yield (section, n, "name"), f"'{entry.name}' is number {number} of the group '{group}' already"
            if not entry.name.isprintable():
                yield (section, n, "name"), "must be printable on one line"
            seen.add(entry.name)
    for n, person in enumerate(scenario.persons):
        if person.dies is not None and person.dies <= person.born:
            yield ("persons", n, "dies"), f"must be after born {person.born}, is {person.dies}"


def _sizes(scenario: Contents, persons: int) -> Iterator[Problem]:
    size, network = scenario.world.size, scenario.world.network
    if persons < 1:
        yield ("population", "count"), "there is nobody: give a count, or name somebody under [[persons]]"
    if persons >= 2**31 - 1:
        yield ("population", "count"), f"{persons} persons, at most {2**31 - 2} can be simulated one by one"
    if size is not None and size < persons:
        yield ("world", "size"), f"must be at least the {persons} persons of the scenario, is {size}"
    yield from ((("world", "network", *at), text) for at, text in network.problems(persons, scenario.folder))


def _distributions(scenario: Contents) -> Iterator[Problem]:
    places: list[tuple[tuple[str | int, ...], Any]] = [(("population",), scenario.population)]
    places += [(("persons", n), person) for n, person in enumerate(scenario.persons)]
    for path, entry in places:
        for ability in ABILITIES:
            given = getattr(entry, ability)
            kind = getattr(given, "kind", None)
            if kind == "uniform" and given.low > given.high:
                yield (*path, ability, "low"), f"must be at most high {given.high}, is {given.low}"
            if kind == "choice" and given.weights is not None:
                here = (*path, ability, "weights")
                if len(given.weights) != len(given.values):
                    yield here, f"must be {len(given.values)} as the values, are {len(given.weights)}"
                elif not 0.0 < sum(given.weights) < math.inf:
                    yield here, "must not all be 0, and have a finite sum"


def _values(scenario: Contents, persons: int) -> Iterator[Problem]:
    """Yield values so large that the sum over all people and steps would not be finite."""
    holders = (scenario.world.size or persons) * scenario.scenario.steps * sum(idea.count for idea in scenario.ideas)
    most = sys.float_info.max / max(holders, 1)
    large = f"must be at most {most:.3g}, so that the sum over all people, ideas and steps is finite, is "
    for n, idea in enumerate(scenario.ideas):
        if idea.value > most:
            yield ("ideas", n, "value"), f"{large}{idea.value:g}"
    for n, intervention in enumerate(scenario.interventions):
        given = intervention.value if isinstance(intervention, Set) and intervention.key.endswith(".value") else 0.0
        if isinstance(given, float) and given > most:
            yield ("interventions", n, "value"), f"{large}{given:g}"


def _ideas(scenario: Contents, ideas: dict[str, range]) -> Iterator[Problem]:
    graph: dict[str, list[str]] = {}
    for n, idea in enumerate(scenario.ideas):
        for name in idea.prerequisites:
            yield from _unknown(("ideas", n, "prerequisites"), name, ideas, without=(EVERYTHING,))
        if idea.rival_of is not None:
            yield from _unknown(("ideas", n, "rival_of"), idea.rival_of, ideas, without=(EVERYTHING,))
            if idea.name in (idea.rival_of, idea.rival_of.rpartition(" ")[0]):
                yield ("ideas", n, "rival_of"), "an idea is no rival of its own"
            needs = {i.name: i.prerequisites for i in scenario.ideas}
            if idea.rival_of in idea.prerequisites or idea.name in needs.get(idea.rival_of, ()):
                yield ("ideas", n, "rival_of"), f"'{idea.rival_of}' is no rival: one of the two needs the other"
        graph[idea.name] = [name if name in ideas else name.rpartition(" ")[0] for name in idea.prerequisites]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        at = [idea.name for idea in scenario.ideas].index(circle[-1])
        names = circle[::-1] if len(circle) <= 10 else [*circle[:-10:-1], "...", circle[0]]
        yield ("ideas", at, "prerequisites"), f"run in a circle: {' needs '.join(names)}"


def _intervention(
    path: Place, intervention: Any, people: dict[str, range], ideas: dict[str, range]
) -> Iterator[Problem]:
    crowds = {"person": (CROWD,), "to": (CROWD, WORLD)} if intervention.kind == "tell" else {}
    for name, field in NAMED:
        if hasattr(intervention, field):
            ranges = ideas if name == "idea" else people
            yield from _unknown((*path, name), getattr(intervention, field), ranges, crowds.get(name, ()))
    if intervention.kind == "set":
        yield from _setting(path, intervention, people, ideas)


def _setting(path: Place, intervention: Any, people: dict[str, range], ideas: dict[str, range]) -> Iterator[Problem]:
    section, name, field = split_setting(intervention.key)
    if section not in SETTABLE:
        yield (*path, "key"), f"'{intervention.key}' cannot be set{did_you_mean(section, SETTABLE)}"
    elif field not in SETTABLE[section]:
        yield (*path, "key"), f"'{field}' cannot be set{did_you_mean(field, SETTABLE[section])}"
    elif section != "dynamics":
        yield from _unknown((*path, "key"), name, people if section == "persons" else ideas)
    elif name:
        yield (*path, "key"), f"'{intervention.key}' cannot be set; did you mean 'dynamics.{field}'?"
    try:
        setting(intervention.key, intervention.value)
    except ScenarioError as error:
        yield (*path, "value"), error.problem


def split_setting(key: str) -> tuple[str, str, str]:
    """Return the parts of a key: ('persons', 'Kant', 'clarity'); the name is '' for dynamics."""
    section, _, rest = key.partition(".")
    name, _, field = rest.rpartition(".")
    return section, name, field


def setting(key: str, value: Any) -> Any:
    """Return a value as its field takes it (whole numbers made floats, 'forever' made inf).

    Raise a ScenarioError if the field does not allow the value.
    """
    section, _, field = split_setting(key)
    models: dict[str, type[BaseModel]] = {"ideas": Idea, "persons": PersonSection}
    model = models.get(section, Dynamics)
    data = {field: value} | ({} if model is Dynamics else {"name": "any"})
    try:
        return getattr(model.model_validate(data), field)
    except ValidationError as error:
        raise first_problem(error, model, data, "", "") from None


def _unknown(
    path: Place, name: str, ranges: dict[str, range], more: Sequence[str] = (), without: Sequence[str] = ()
) -> Iterator[Problem]:
    if name in more or (name not in without and find(ranges, name) is not None):
        return
    allowed = [*(known for known, rows in ranges.items() if len(rows) and known not in without), *more]
    yield path, f"no '{name}'{did_you_mean(name, allowed)}"
