"""The plan that all runs of a batch have in common, and the numbers in which their scenarios differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.model.abilities import parameters_of
from sim.model.kernels.batch import Cells, Plan
from sim.model.kernels.beginning import dynamics_of, fresh, ideas_of, interventions_of, is_lasting, persons_of, start_of
from sim.model.kernels.columns import Abilities, TieRows
from sim.model.kernels.step import MOST
from sim.model.networks import build
from sim.model.networks.generators.make import law_of
from sim.model.own_rules import Own
from sim.model.realise import delays_of, payoffs_of
from sim.model.rules import NEVER
from sim.model.world import World
from sim.scenario.groups import POPULATION, person_ranges
from sim.scenario.scenario import Scenario

Entries = list[tuple[int, Any, range]]  # the number of an ability, its law, and the rows that have it


def is_random(scenario: Scenario) -> bool:
    """Return whether the network depends on the seed."""
    return scenario.world.network.kind not in ("file", *build.SEEDLESS)


def template(scenario: Scenario, seed: int, rules: Own) -> World:
    """Return the world of a scenario without its draws, which each run makes in the loop."""
    world = World.outline(scenario, seed, rules)
    return world if is_random(scenario) else replace(world, ties=build.ties(scenario, seed, world.persons, world.n))


def plan_and_cells(world: World, scenarios: Sequence[Scenario]) -> tuple[Plan, Cells]:
    """Return the plan that all runs share, and the numbers in which the scenarios differ."""
    worlds = [world.with_numbers_of(scenario) for scenario in scenarios]
    entries = [_entries(scenario) for scenario in scenarios]
    full = [_is_full(world, ability, entries) for ability in range(len(Abilities._fields))]
    draws, end = [], 0
    for ability, law, rows in _draws(entries[0], full):
        kind, given = parameters_of(law)
        draws.append((ability, kind, rows.start, rows.stop, end, end + len(given)))
        end += len(given)
    base, payoffs = _numbers(world), payoffs_of(world, world.scenario.scenario.steps)
    numbers = [base if one.ideas is world.ideas and one.schedule is world.schedule else _numbers(one) for one in worlds]
    columns = [np.stack(column) for column in zip(*numbers, strict=True)]
    _, keeps, alive, _ = persons_of(world)
    network: Any = world.scenario.world.network
    everybody = bool(world.realises[: world.n].all())
    plan = Plan(
        is_random(world.scenario), is_random(world.scenario) and network.both_ways,
        np.array(draws, np.int64).reshape(-1, 6), keeps.copy(), alive.copy(),
        world.scenario.impact.value_of == "held",
        world.scenario.impact.per == "adopter",
        np.ones(1, np.bool_) if everybody else world.realises[: world.n].copy(),
        delays_of(world)[0], payoffs.begin, payoffs.first, payoffs.last, MOST,
    )  # fmt: skip
    ideas, interventions, delays, values = columns
    cells = Cells(
        np.stack([dynamics_of(one) for one in scenarios]), ideas, interventions, is_lasting(world),
        _weights(world, scenarios),
        np.stack([law_of(one.world.network, world.n) if plan.generated else np.zeros(1) for one in scenarios]),
        np.stack([np.concatenate([parameters_of(law)[1] for _, law, _ in _draws(some, full)]) for some in entries]),
        delays, values,
    )  # fmt: skip
    return plan, cells


def _numbers(world: World) -> tuple[Any, ...]:
    """Return the numbers of ideas, interventions, delays and values of a world, as the loops read them."""
    values = payoffs_of(world, world.scenario.scenario.steps).value
    return ideas_of(world), interventions_of(world.schedule), delays_of(world)[1], values


def _entries(scenario: Scenario) -> Entries:
    """Return the law of each ability of each group: a number, or a distribution."""
    people, found = person_ranges(scenario), []
    for number, ability in enumerate(Abilities._fields):
        base = getattr(scenario.population, ability)
        groups = [(people[person.name], getattr(person, ability)) for person in scenario.persons]
        for rows, given in [*groups, (people[POPULATION], base)]:
            if len(rows):
                found.append((number, base if given is None else given, rows))
    return found


def _is_full(world: World, ability: int, entries: Sequence[Entries]) -> bool:
    """Return whether each person needs an entry of an ability: it is drawn, differs between groups, or will be set."""
    name = Abilities._fields[ability]
    if any(entry.setting is not None and entry.setting[:2] == ("persons", name) for entry in world.schedule):
        return True
    laws = [[law for number, law, _ in some if number == ability] for some in entries]
    return any(not isinstance(law, float | int) or law != some[0] for some in laws for law in some)


def _draws(entries: Entries, full: Sequence[bool]) -> Iterator[tuple[int, Any, range]]:
    """Yield the draws of each run: one for each ability and group, or a single one if all groups are alike."""
    before = -1
    for ability, law, rows in entries:
        if full[ability]:
            yield ability, law, rows
        elif ability != before:
            yield ability, law, range(1)
        before = ability


def _weights(world: World, scenarios: Sequence[Scenario]) -> NDArray[np.float64]:
    """Return the weights of ties: one if all are alike, else one for each tie; (cells, weights)."""
    if is_random(world.scenario):
        return np.array([[scenario.world.network.weight] for scenario in scenarios], np.float64)
    base, columns = world.scenario, []
    for one in scenarios:
        same = one.ties == base.ties and one.interventions == base.interventions and one.world == base.world
        columns.append((world.ties if same else build.ties(one, world.seed, world.persons, world.n)).weight)
    if all(len(column) and column.strides == (0,) for column in columns):
        return np.array([column[:1] for column in columns])
    return np.stack(columns)


def record_with(world: World, plan: Plan) -> Any:
    """Return a record whose columns the runs of a thread reuse, one run after the other."""
    record = fresh(start_of(world), 0)
    room = [1] * len(Abilities._fields)
    for ability, _, _, last, _, _ in plan.draws.tolist():
        room[ability] = max(room[ability], last)
    lasting = TieRows(record.ties.indptr, record.ties.target, np.empty(1), np.zeros(1, np.int64), np.full(1, NEVER))
    exposed = np.empty(len(record.keys) + world.n, np.int64)  # nobody has more than n ties of a generated network
    exposed[0] = 0
    return record._replace(
        abilities=Abilities(*map(np.empty, room)), keeps=plan.keeps.copy(), alive=plan.alive.copy(),
        ties=lasting if plan.generated else record.ties, timed=0 if plan.generated else record.timed,
        keys=exposed, claims=exposed.copy(),
    )  # fmt: skip
