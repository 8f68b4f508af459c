"""Many runs of scenarios that differ in numbers and seeds, side by side in threads; blocks hold their rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, overload

import numpy as np

from sim.machine.loops import compiled
from sim.model.kernels.batch import Block, generate, run_all
from sim.model.kernels.cells import is_random, plan_and_cells, record_with, template
from sim.model.kernels.model import left_out, refuse_too_many, replacements
from sim.model.kernels.step import DONE
from sim.model.networks.generators.make import GENERATORS
from sim.model.own_rules import Own
from sim.model.randomness import signed
from sim.model.realise import tape_of
from sim.model.world import World
from sim.scenario.groups import EVERYONE, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.rows import Rows, empty_rows
from sim.tape.tables import Ints
from sim.tape.tape import Tape

AT_ONCE, LARGEST = 256, 1 << 22  # most runs in a block, and most rows if it holds several


class Runs(Sequence[Tape]):
    """The tapes of many runs, in the order of their seeds; each is made when it is accessed.

    Attributes:
        world: the world of one run; the others differ in numbers, in the seed, and in what was drawn.
        scenarios: the scenarios of the cells; `cell` gives the cell of each run.
        seeds: the seeds of the runs, int64 (from 2**63 on, less 2**64).
        blocks: the rows of all runs, several runs to a block; `begins` gives the first run of each.
    """

    def __init__(
        self, world: World, scenarios: Sequence[Scenario], cell: Ints, seeds: Ints, blocks: list[Block]
    ) -> None:
        self.world, self.scenarios, self.cell, self.seeds, self.blocks = world, scenarios, cell, seeds, blocks
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
        columns = [*(column[e:events] for column in rows[:5]), *(column[i:influences] for column in rows[5:8])]
        return tape_of(
            replace(self.world, seed=int(self.seeds[at]) % 2**64, scenario=self.scenarios[int(self.cell[at])]),
            Rows._make([*columns, np.array([events - e, influences - i])]),
            [column[v:realised] for column in (block.event, block.served, block.value)],
            self.world.scenario.scenario.steps,
            skipped,
        )


def fits_batch(scenario: Scenario) -> bool:
    """Return whether the loop can run it: no crowd and, on a random network, no other ties and no thresholds."""
    size = scenario.world.size or 0
    if size > len(person_ranges(scenario)[EVERYONE]):
        return False
    return not is_random(scenario) or not (_has_links(scenario) or _looks_back(scenario))


def _has_links(scenario: Scenario) -> bool:
    return bool(scenario.ties) or any(entry.kind in ("tie", "cut") for entry in scenario.interventions)


def _looks_back(scenario: Scenario) -> bool:
    """Return whether the threshold rule is used, which asks who can tell a person."""
    return "threshold" in (scenario.dynamics.adoption, *(getattr(e, "value", None) for e in scenario.interventions))


def run_batch(
    scenarios: Sequence[Scenario], cell: Sequence[int], seeds: Sequence[int], threads: int, rules: Own = ()
) -> Runs:
    """Run scenarios that fit the batch and differ only in fractional numbers: for each seed the one of its cell.

    Raises:
        ScenarioError: if the network file cannot be used.
    """
    numbers = np.array(list(map(signed, seeds)), np.int64)
    of, world = np.array(cell, np.int64), template(scenarios[0], seeds[0] if seeds else 0, rules)
    parts = np.array_split(np.arange(len(numbers)), max(1, min(threads, len(numbers))))
    plan, columns = plan_and_cells(world, scenarios)
    with ThreadPoolExecutor(len(parts)) as pool:
        blocks = list(pool.map(lambda part: _run_part(world, plan, columns, numbers[part], of[part]), parts))
    return Runs(world, scenarios, of, numbers, [block for some in blocks for block in some])


def batch_parts(scenario: Scenario, own: Own = ()) -> tuple[tuple[Any, Any], ...]:
    """Return the pairs of functions to replace in the loop over the runs: the generator, and the parts left out."""
    kind = scenario.world.network.kind if is_random(scenario) else "none"
    return ((generate, GENERATORS[kind]), *replacements(own), *left_out(scenario))


def _run_part(world: World, plan: Any, cells: Any, seeds: Ints, cell: Ints) -> list[Block]:
    """Run some seeds in this thread."""
    record, loop = record_with(world, plan), compiled(run_all, batch_parts(world.scenario, world.rules))
    n, m, number, done = world.n, len(world.ideas.name), 0, []
    rows, block = max(n * m + 64, min(n * m * AT_ONCE, LARGEST)), None
    while number < len(seeds):
        if block is None:
            block = _block(rows, min(AT_ONCE, len(seeds) - number))
            done.append(block)
        stopped, number, record = loop(record, plan, cells, block, seeds, cell, number)
        refuse_too_many(stopped)
        if stopped != DONE:
            rows = max(rows, 4 * (int(record.rows.used.max()) + n * m)) if not block.used[0] else rows
            done = [block for block in done if block.used[0]]
            block = None
    return done


def _block(rows: int, runs: int) -> Block:
    """Return a block with room; memory is taken only when it is written."""
    return Block(
        empty_rows(rows, rows), np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows),
        np.empty((runs, 4), np.int64), np.zeros(2, np.int64),
    )  # fmt: skip
