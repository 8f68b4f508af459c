"""The worlds with which the page begins: scenarios with every person and tie listed, as plain JSON values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from sim.engines import simulate
from sim.errors import ScenarioError
from sim.model.world import ABILITIES, World
from sim.scenario.groups import CROWD, EVERYONE, WORLD, find, idea_ranges, person_ranges
from sim.scenario.scenario import Scenario
from sim.views.layout import chosen_idea, layout, links

MAX_PERSONS, MAX_TIES, MAX_IDEAS = 200, 4_000, 20
OWN = Path(__file__).with_name("presets")
SMALL = 8  # persons up to whom all are placed in one row
# By the name in the page: the scenario, and the changes that make it smaller.
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "mute": ("e0_mute_genius", {"ideas.idea.count": 3}),
    "interpreter": ("e1_interpreter", {}),
    "implementer": ("e2_implementer", {}),
    "tellers": ("e3_one_thousand_thousand", {"persons.teller.count": 12, "persons.implementer.count": 12,
                                             "persons.inventor.reach": 2.4e-9, "persons.teller.reach": 0.08}),
    "inventors": ("e3_thousand_one_thousand", {"persons.inventor.count": 12, "persons.implementer.count": 12,
                                               "ideas.idea.count": 12}),
    "bridge": ("e4_bridge", {}),
    "notebook": (str(OWN / "notebook.toml"), {}),
    "puppets": (str(OWN / "puppets.toml"), {}),
    "bridges": (str(OWN / "bridges.toml"), {}),
    "cocks": ("cocks_rsa", {}),
    "einstein": ("einstein_populariser", {}),
    "gauss": ("gauss_fft", {}),
    "gpus": ("gpus_deep_learning", {}),
    "kant": ("kant_critique", {"persons.scholar.count": 60}),
    "karush": ("karush_kuhn_tucker", {}),
    "lstm": ("lstm", {}),
    "plates": ("plate_tectonics", {}),
    "quaternions": ("quaternions", {"persons.chair.count": 30, "persons.programmer.count": 30,
                                    "persons.chair.reach": 0.016, "persons.programmer.reach": 0.016}),
    "xerox": ("xerox_apple", {}),
    "si": ("si", {"persons.rest.count": 59, "population.reach": 0.01}),
    "sir": ("sir", {"persons.first.count": 2, "persons.rest.count": 78, "population.reach": 0.005}),
    "bass": ("bass", {"population.count": 60, "population.reach": 6.3e-4}),
    "cascade": ("independent_cascade", {"persons.person.count": 80, "scenario.seed": 3}),
    "threshold": ("linear_threshold", {"persons.person.count": 60, "scenario.seed": 7}),
    "watts": ("watts", {"persons.person.count": 80}),
    "rumour": ("maki_thompson", {"persons.rest.count": 59, "population.reach": 0.0017}),
    "seiz": ("seiz", {"persons.other.count": 58, "population.reach": 0.016}),
}  # fmt: skip


def presets() -> dict[str, dict[str, Any]]:
    """Return the worlds of the page by name."""
    made = {}
    for name, (file, changes) in PRESETS.items():
        scenario = Scenario.load(file).replace(changes)
        made[name] = document_of(scenario) | ({"smaller": True} if changes else {})
    return made


def document_of(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario with every person, idea and tie listed, and positions of the persons.

    The keys are those of a scenario file, without defaults; `places` is added. Random abilities and ties are drawn with
    the scenario's seed, and are fixed from then on.

    Raises:
        ScenarioError: if there is more than a page can hold.
    """
    world = World.build(scenario)
    _refuse_too_large(scenario, world)
    given = scenario.model_dump(by_alias=True, exclude_defaults=True)
    rows, ideas = person_ranges(scenario), idea_ranges(scenario)
    names = [str(world.persons.name_of(k)) for k in range(world.n)]
    given["scenario"]["steps"] = scenario.scenario.steps
    given.pop("population", None)
    given.get("world", {}).pop("network", None)
    given["persons"] = _persons(scenario, world, names)
    given["ideas"] = _ideas(scenario, world)
    given["ties"] = _ties(world, names)
    given["interventions"] = [
        one for entry in scenario.interventions if entry.kind not in ("tie", "cut")
        for one in _interventions(entry.model_dump(by_alias=True, exclude_defaults=True), rows, names, ideas, world)
    ]  # fmt: skip
    by = scenario.impact.realised_by
    if not isinstance(by, str) or by not in (EVERYONE, CROWD):
        groups = [by] if isinstance(by, str) else by
        given["impact"]["realised_by"] = [name for one in groups for name in _members(one, rows, names)]
    given["places"] = _places(scenario, world)
    return {key: _plain(value) for key, value in given.items() if value or key in ("persons", "ties", "interventions")}


def _refuse_too_large(scenario: Scenario, world: World) -> None:
    here = {"persons": (world.n, MAX_PERSONS), "ties": (len(world.ties.target), MAX_TIES),
            "ideas": (len(world.ideas.name), MAX_IDEAS)}  # fmt: skip
    for what, (number, most) in here.items():
        if number > most:
            raise ScenarioError(
                f"{scenario.scenario.name}: {number:,} {what}; the playground holds at most {most:,}, "
                f"make it smaller with --set, or look at a run of it with shoulders explore"
            )


def _persons(scenario: Scenario, world: World, names: list[str]) -> list[dict[str, Any]]:
    base = {"clarity": 1.0, "understanding": 1.0, "threshold": 0.5}
    columns = {ability: np.asarray(getattr(world, ability)).tolist() for ability in ABILITIES}
    people = person_ranges(scenario)
    times = {row: entry for entry in scenario.persons for row in people[entry.name]}
    persons = []
    for k, name in enumerate(names):
        one: dict[str, Any] = {"name": name}
        drawn = {a: columns[a][k] for a in ABILITIES if columns[a][k] != base.get(a, 0.0)}
        one |= {a: float(f"{value:.4g}") for a, value in drawn.items()}  # with the accuracy of what was drawn
        if k in times:
            entry = times[k]
            one |= {key: getattr(entry, key) for key in ("born", "dies", "keeps") if getattr(entry, key)}
        persons.append(one)
    return persons


def _ideas(scenario: Scenario, world: World) -> list[dict[str, Any]]:
    ranges = idea_ranges(scenario)
    ideas = []
    for entry in scenario.ideas:
        plain = entry.model_dump(by_alias=True, exclude_defaults=True)
        for k in ranges[entry.name]:
            one = plain | {"name": world.ideas.name[k]}
            one.pop("count", None)
            if world.ideas.prerequisites[k]:
                one["prerequisites"] = [world.ideas.name[p] for p in world.ideas.prerequisites[k]]
            ideas.append(one)
    return ideas


def _ties(world: World, names: list[str]) -> list[dict[str, Any]]:
    ties = world.ties
    source = np.repeat(np.arange(world.n), np.diff(ties.indptr)).tolist()
    made = []
    for a, b, weight, start, end in zip(
        source, ties.target.tolist(), ties.weight.tolist(), ties.start.tolist(), ties.end.tolist(), strict=True
    ):
        tie = {"from": names[a], "to": names[b]}
        tie |= {"weight": weight} if weight != 1.0 else {}
        tie |= {"start": start} if start else {}
        made.append(tie | ({"end": end} if end < 2**31 else {}))
    return made


def _interventions(entry: dict[str, Any], rows: dict[str, range], names: list[str], ideas: dict[str, range],
                   world: World) -> list[dict[str, Any]]:  # fmt: skip
    """Return an intervention for each person and idea, by their own names instead of groups."""
    pairing = entry.pop("pairing", "all")
    if entry["kind"] == "set":
        section, _, rest = entry["key"].partition(".")
        name, _, key = rest.rpartition(".")
        if section == "persons":
            return [entry | {"key": f"persons.{one}.{key}"} for one in _members(name, rows, names)]
        if section == "ideas":
            return [entry | {"key": f"ideas.{world.ideas.name[k]}.{key}"} for k in find(ideas, name) or ()]
        return [entry]
    if entry["kind"] in ("born", "die"):
        return [entry | {"person": one} for one in _members(entry["person"], rows, names)]
    those = _members(entry["person"], rows, names)
    about = entry.get("idea", "everything")
    every = [world.ideas.name[k] for k in find(ideas, about) or ()] if about != "everything" else [about]
    if pairing == "each":
        number = max(len(those), len(every))
        pairs = [(those[k % len(those)], every[k % len(every)]) for k in range(number)]
    else:
        pairs = [(one, idea) for one in those for idea in every]
    other = next((key for key in ("to", "of") if key in entry), None)
    others = [{other: one} for one in _members(entry[other], rows, names)] if other else [{}]
    entry.pop("idea", None)
    return [
        entry | {"person": one} | ({} if idea == "everything" else {"idea": idea}) | more
        for one, idea in pairs for more in others
    ]  # fmt: skip


def _members(name: str, rows: dict[str, range], names: list[str]) -> list[str]:
    if name in (EVERYONE, CROWD, WORLD, ""):
        return [name]
    return [names[k] for k in find(rows, name) or ()]


def _places(scenario: Scenario, world: World) -> list[list[int]]:
    """Return the positions of the persons, in a frame of 1000 times 640."""
    n = world.n
    if n <= SMALL:
        width = min(260.0, 760.0 / max(n - 1, 1))
        left = 500.0 - width * (n - 1) / 2
        lift = [0, -70, 60, -40, 80, -60, 40, -80]
        return [[round(left + width * k), 320 + (lift[k] if n > 2 else 0)] for k in range(n)]
    tape = simulate(scenario)
    found = layout(tape, links(tape, world), chosen_idea(tape, None))[:n]
    found = np.where(np.isfinite(found), found, 0.0)
    span = np.abs(found).max(axis=0)
    scaled = found / np.where(span > 0.0, span, 1.0) * (430.0, 265.0) + (500.0, 320.0)
    return [[round(x), round(y)] for x, y in scaled.tolist()]


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold, with "inf" as text."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, int) and value >= 2**53:
        return str(value)  # such as a seed, which JavaScript would round
    return "inf" if isinstance(value, float) and math.isinf(value) else value
