"""Many runs in one loop: each makes its world from its seed and cell, takes its steps, and adds its rows to the block.

A cell is a set of parameters. Columns are made once and reused, so that a run of a small world costs what happens in
it, not the making of its surroundings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machine.hints import by_reference, values_of
from sim.model.abilities import draw_abilities
from sim.model.kernels.columns import FAR, Records, Run, TieRows
from sim.model.kernels.step import BETWEEN, DONE, take_steps
from sim.model.networks.csr import Rows as Ties
from sim.model.networks.generators.regular import no_ties
from sim.model.realise_loops import Impact, Payoffs, realise_run
from sim.tape.rows import Rows
from sim.tape.tables import Floats, Ints

FULL = 3  # why the loop returns, besides the reasons of `take_steps`: the block has no room for another run


class Cells(NamedTuple):
    """The numbers in which cells differ, (cells, ...)."""

    dynamics: NDArray[np.float64]
    ideas: NDArray[np.float64]  # (cells, ideas, numbers)
    interventions: Records  # (cells, interventions)
    lasting: int
    weight: NDArray[np.float64]  # of all ties, or of each
    law: NDArray[np.float64]  # of the network, as its generator takes it
    numbers: NDArray[np.float64]  # of the distributions of abilities
    delay: NDArray[np.int64]  # of implementations, from each step in `since`
    value: NDArray[np.float64]  # in each of the spans


class Plan(NamedTuple):
    """The settings that the runs of all cells have in common."""

    generated: bool  # whether each run has a network of its own
    both_ways: bool
    draws: NDArray[np.int64]  # ability, kind, first and last + 1 person, first and last + 1 number; (draws, 6)
    keeps: NDArray[np.uint8]
    alive: NDArray[np.uint8]
    held: bool  # what realises value, as realise_loops.realise takes it
    once: bool
    realising: NDArray[np.bool_]
    since: Ints  # the steps from which the delays of implementations apply
    begin: Ints  # where the spans of each idea begin; see Payoffs
    first: Ints
    last: Ints
    most: int  # the most events of a run


class Block(NamedTuple):
    """The rows of several runs, one run after the other."""

    rows: Rows
    event: Ints  # what was realised
    served: Ints
    value: Floats
    ends: NDArray[np.int64]  # ends of events, influences, realised rows; interventions skipped; (runs, 4)
    used: Ints  # runs, realised rows


def generate(n: int, law: Floats, both_ways: bool, seed: int) -> Ties:
    """Stand in for the generator of the scenario's network, which replaces this function when the loop is linked."""
    return no_ties(n, law, both_ways, seed)


def run_all(
    record: Any, plan: Plan, cells: Cells, block: Block, seeds: Ints, cell: Ints, number: int
) -> tuple[int, int, Any]:
    """Run the seeds from `number` on, each with the parameters of its cell.

    Returns:
        Why it stopped; the first run that is not done; the record, to be passed in again.
    """
    run = by_reference(record)
    none = np.empty((5, 0), np.int64)
    stopped = DONE
    while number < len(seeds):
        begin_run(run, plan, cells, seeds[number], cell[number])
        stopped = take_steps(run, run.steps, 0, plan.most)
        if stopped != DONE:
            break
        payoffs = Payoffs(plan.begin, plan.first, plan.last, cells.value[cell[number]])
        delay = cells.delay[cell[number]]
        impact = Impact(plan.realising, plan.since, delay, payoffs, run.n, run.steps, plan.held, plan.once, False)
        rows, event, served, value = realise_run(run.rows, none, impact)
        if not is_added(block, rows, event, served, value, run.skipped):
            stopped = FULL
            break
        number += 1
    return stopped, number, values_of(run)


def begin_run(run: Run, plan: Plan, cells: Cells, seed: int, cell: int) -> None:
    """Set the run to its state before the first step, for this seed and cell."""
    run.seed = seed
    renew(run)
    fill(run.dynamics_numbers, 0, cells.dynamics[cell], cells.dynamics.shape[1])
    for idea in range(len(run.ideas)):
        fill(run.ideas_numbers[idea], 0, cells.ideas[cell, idea], cells.ideas.shape[2])
    fill(run.interventions, 0, cells.interventions[cell], len(run.interventions))
    run.lasting = cells.lasting
    fill(run.keeps, 0, plan.keeps, len(plan.keeps))
    fill(run.alive, 0, plan.alive, len(plan.alive))
    for k in range(len(plan.draws)):
        ability, kind, first, last, begin, end = plan.draws[k]
        draw_abilities(kind, cells.numbers[cell, begin:end], seed, ability, first, run.abilities[ability][first:last])
    indptr, target = run.ties.indptr, run.ties.target
    if plan.generated:
        indptr, target = generate(run.n, cells.law[cell], plan.both_ways, seed)
    run.ties = TieRows(indptr, target, cells.weight[cell], run.ties.start, run.ties.end)


def renew(run: Run) -> None:
    """Reset everything to a run in which nothing has happened."""
    run.stage, run.now, run.skipped, run.intervened, run.rows_now, run.rows_before = BETWEEN, 0, 0, 0, 0, 0
    run.rescan, run.exposed_number, run.news_number, run.notes_number, run.mixtures_number = 1, 0, 0, 0, 0
    for pair in run.pairs:
        pair.event, pair.since, pair.until, pair.bits = 0, 0, 0, 0
    run.exposed[:] = 0
    run.closed[:] = 0
    if run.timers_used:
        run.due[:] = 0
    run.timers_used = 0
    run.low[:], run.high[:] = 0, 0
    for status in run.status:
        status.works, status.worked, status.released = 0, 1, FAR
    for one in (run.pending, run.tellers, run.stifled, run.keys, run.claims):
        one[0] = 0
    run.rows.used[:] = 0
    run.calendar[:], run.blocks, run.free_block = -1, 0, -1


def is_added(block: Block, rows: Rows, event: Ints, served: Ints, value: Floats, skipped: int) -> bool:
    """Add a run to the block; return False if there is no room."""
    to, run, e, i, v = block.rows, block.used[0], block.rows.used[0], block.rows.used[1], block.used[1]
    events, influences = e + rows.used[0], i + rows.used[1]
    if run == len(block.ends) or max(events, influences) > len(to.step) or v + len(event) > len(block.event):
        return False
    fill(to.step, e, rows.step, rows.used[0])
    fill(to.kind, e, rows.kind, rows.used[0])
    fill(to.person, e, rows.person, rows.used[0])
    fill(to.idea, e, rows.idea, rows.used[0])
    fill(to.count, e, rows.count, rows.used[0])
    fill(to.child, i, rows.child, rows.used[1])
    fill(to.parent, i, rows.parent, rows.used[1])
    fill(to.weight, i, rows.weight, rows.used[1])
    fill(block.event, v, event, len(event))
    fill(block.served, v, served, len(event))
    fill(block.value, v, value, len(event))
    to.used[0], to.used[1], block.used[0], block.used[1] = events, influences, run + 1, v + len(event)
    block.ends[run, 0], block.ends[run, 1], block.ends[run, 2] = events, influences, block.used[1]
    block.ends[run, 3] = skipped
    return True


def fill(column: Any, first: int, given: Any, number: int) -> None:
    """Copy the first `number` entries of another column into one, from `first` on."""
    for k in range(number):
        column[first + k] = given[k]
