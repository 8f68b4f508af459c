"""Many runs of one scenario, side by side in threads; their rows stand together in blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, overload

import numpy as np

from sim.machine.loops import compiled
from sim.model.abilities import parameters_of
from sim.model.kernels import buffers as books
from sim.model.kernels import columns
from sim.model.kernels.batch import FULL, Block, Plan, generate, run_all
from sim.model.kernels.columns import HEARINGS, PENDING, TIMED
from sim.model.kernels.model import ColumnModel, catalogue_of, left_out, people_of, replacements
from sim.model.networks.generators.make import GENERATORS, law_of
from sim.model.own_rules import Own
from sim.model.realise import delays_of, tape_of, worth_of
from sim.model.rules import NEVER
from sim.model.world import ABILITIES, World
from sim.scenario.groups import EVERYONE, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.rows import empty_rows
from sim.tape.tables import Events, Influences, Ints, Realised
from sim.tape.tape import Tape

AT_ONCE, LARGEST = 256, 1 << 22  # runs of a block, and rows of one, if it holds more than one run


class Runs(Sequence[Tape]):
    """The tapes of many runs, in the order of their seeds; each is made when it is asked for.

    Attributes:
        world: of one of the runs; the others differ in the seed, and in what was drawn.
        seeds: of the runs, int64 (what is 2**63 and more, less 2**64).
        blocks: the rows of all runs, several runs to a block; `begins` says which is the first run of each.
    """

    def __init__(self, world: World, seeds: Ints, blocks: list[Block]) -> None:
        self.world, self.seeds, self.blocks = world, seeds, blocks
        self.begins = np.cumsum([0, *(int(block.used[0]) for block in blocks)]).tolist()

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[Tape]:
        return (self[run] for run in range(len(self)))

    @overload
    def __getitem__(self, run: int) -> Tape: ...
    @overload
    def __getitem__(self, run: slice) -> list[Tape]: ...
    def __getitem__(self, run: int | slice) -> Tape | list[Tape]:
        if isinstance(run, slice):
            return [self[k] for k in range(*run.indices(len(self)))]
        if not -len(self) <= run < len(self):
            raise IndexError(f"no run {run} of {len(self)}")
        at = range(len(self))[run]
        place = bisect_right(self.begins, at) - 1
        block, k = self.blocks[place], at - self.begins[place]
        e, i, v, _ = block.ends[k - 1].tolist() if k else (0, 0, 0, 0)
        events, influences, realised, skipped = block.ends[k].tolist()
        rows: Any = block.rows
        return tape_of(
            replace(self.world, seed=int(self.seeds[at]) % 2**64),
            Events(*(column[e:events] for column in rows[:5])),
            Influences(*(column[i:influences] for column in rows[5:8])),
            Realised(block.event[v:realised], block.served[v:realised], block.value[v:realised]),
            self.world.scenario.scenario.steps,
            skipped,
        )


def fits_batch(scenario: Scenario) -> bool:
    """Whether all that differs between runs can be made in the loop: no crowd, or ties beside a random network."""
    size = scenario.world.size or 0
    if size > len(person_ranges(scenario)[EVERYONE]):
        return False
    return not _is_random(scenario) or not (_has_links(scenario) or _looks_back(scenario))


def _is_random(scenario: Scenario) -> bool:
    return scenario.world.network.kind not in ("none", "file", "complete", "star", "chain")


def _has_links(scenario: Scenario) -> bool:
    return bool(scenario.ties) or any(deed.kind in ("tie", "cut") for deed in scenario.interventions)


def _looks_back(scenario: Scenario) -> bool:
    """Whether the threshold rule is used, which asks who can tell a person."""
    return "threshold" in (scenario.dynamics.adoption, *(getattr(e, "value", None) for e in scenario.interventions))


def run_batch(scenario: Scenario, seeds: Iterable[int], threads: int, rules: Own = ()) -> Runs:
    """Run a scenario that fits the batch once for each seed.

    Raises:
        ScenarioError: if the network file cannot be used.
    """
    numbers = np.array([seed - 2**64 if seed >= 2**63 else seed for seed in seeds], np.int64)
    world = _without_network(scenario, int(numbers[0]) % 2**64 if len(numbers) else 0, rules)
    parts = np.array_split(numbers, max(1, min(threads, len(numbers))))
    with ThreadPoolExecutor(len(parts)) as pool:
        blocks = list(pool.map(lambda part: _run_part(world, part), parts))
    return Runs(world, numbers, [block for some in blocks for block in some])


def _without_network(scenario: Scenario, seed: int, rules: Own) -> World:
    """The world of a scenario; a random network is left out of it, for each run makes its own in the loop."""
    if not _is_random(scenario):
        return World.build(scenario, seed, rules)
    return replace(World.build(scenario.replace({"world.network": {"kind": "none"}}), seed, rules), scenario=scenario)


def batch_parts(scenario: Scenario, own: Own = ()) -> tuple[tuple[Any, Any], ...]:
    """Return what takes the place of what in the loop over the runs: the generator, and what is left out."""
    kind = scenario.world.network.kind if _is_random(scenario) else "none"
    return ((generate, GENERATORS[kind]), *replacements(own), *left_out(scenario))


def _run_part(world: World, seeds: Ints) -> list[Block]:
    """Run some seeds in this thread."""
    model = ColumnModel(world, threads=1)
    fresh, people = _people(world), _people(world)
    plan, ways = plan_of(model), model.ways
    if plan.generated:
        network: Any = world.scenario.world.network
        ways = columns.Ways(
            ways.indptr, ways.target, np.array([network.weight]), np.zeros(1, np.int64), np.full(1, NEVER)
        )
    loop = compiled(run_all, batch_parts(world.scenario, world.rules))
    n, m = world.n, len(world.ideas.name)
    book = model.book
    book.needs[PENDING], book.needs[HEARINGS] = n * m, len(book.keys) + n  # nobody has more than n ties
    rows, block, done = max(n * m + 64, min(n * m * AT_ONCE, LARGEST)), None, []
    place = np.zeros(1, np.int64)
    while place[0] < len(seeds):
        if block is None:
            block = _block(rows, min(AT_ONCE, len(seeds) - int(place[0])))
            done.append(block)
        book = books.with_room(book)
        stopped = loop(
            plan, fresh, people, catalogue_of(world), model.catalogue, ways, model.back, model.state, model.deeds,
            book, block, seeds, place,
        )  # fmt: skip
        if stopped == FULL:
            rows = max(rows, 4 * (int(book.rows.used.max()) + n * m)) if not block.used[0] else rows
            done = [block for block in done if block.used[0]]
            block = None
    return done


def _block(rows: int, runs: int) -> Block:
    """A block with room; memory is taken when it is written."""
    return Block(
        empty_rows(rows, rows), np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows),
        np.empty((runs, 4), np.int64), np.zeros(2, np.int64),
    )  # fmt: skip


def _people(world: World) -> columns.People:
    """The persons' columns, of which those are full that are drawn anew in each run."""
    drawn = dict.fromkeys(ability for ability, *_ in _drawn(world.scenario))
    kinds: dict[str, Any] = {"keeps": np.uint8, "alive": np.uint8}
    return people_of(world)._replace(
        **{name: np.array(getattr(world, name), kinds.get(name, np.float64)) for name in drawn}
    )


def _drawn(scenario: Scenario) -> list[tuple[str, Any, int, int, int]]:
    """Ability, distribution, first and last + 1 person, number of the ability: of all abilities that are drawn."""
    people, found = person_ranges(scenario), []
    for number, ability in enumerate(ABILITIES):
        base = getattr(scenario.population, ability)
        groups = [(people[person.name], getattr(person, ability)) for person in scenario.persons]
        for rows, given in [*groups, (people["population"], base)]:
            law = base if given is None else given
            if len(rows) and not isinstance(law, float | int):
                found.append((ability, law, rows.start, rows.stop, number))
    return found


def plan_of(model: ColumnModel) -> Plan:
    """What the runs of a world's scenario have in common."""
    world, scenario = model.world, model.world.scenario
    generated = _is_random(scenario)
    network: Any = scenario.world.network
    law = law_of(network, world.n) if generated else np.zeros(1)
    draws, numbers = [], [0.0]
    for _, distribution, first, last, ability in _drawn(scenario):
        kind, given = parameters_of(distribution)
        draws.append((ability, kind, first, last, len(numbers), len(numbers) + len(given)))
        numbers += given.tolist()
    counters = model.state.counters.copy()
    counters[TIMED] = 0 if generated else counters[TIMED]
    everybody = bool(world.realises[: world.n].all())
    return Plan(
        generated, generated and network.both_ways, law, np.array(draws, np.int64).reshape(-1, 6), np.array(numbers),
        model.state.dynamics.copy(), counters, model.state.closed.copy(), scenario.impact.value_of == "held",
        np.ones(1, np.bool_) if everybody else world.realises[: world.n].copy(), *delays_of(world),
        worth_of(world, scenario.scenario.steps),
    )  # fmt: skip
