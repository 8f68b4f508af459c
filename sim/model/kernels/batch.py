"""Many runs of one scenario in one loop: each seed makes its world, takes its steps, and adds its rows to the block.

Arrays are made once and used again, so that a run of a small world costs what happens in it, not what surrounds it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.abilities import draw_abilities
from sim.model.kernels.columns import CLOCKED, DISCOVERY, FAR, SKIPPED, Book, Catalogue, People, State, Ways, at, put
from sim.model.kernels.interventions import STEP, Deeds
from sim.model.kernels.step import DONE, advance
from sim.model.networks.csr import Rows as Ties
from sim.model.networks.generators.regular import no_ties
from sim.model.realise_loops import Worth, realise, scheduled
from sim.tape.rows import Rows
from sim.tape.tables import Floats, Ints

NOTHING = np.nan
FULL = 3  # why the loop returns, beside what `advance` says: the block has no room for another run


class Plan(NamedTuple):
    """What the runs of a scenario have in common."""

    generated: bool  # whether each run has a network of its own
    both_ways: bool
    law: Floats  # of the network, as its generator takes it
    draws: NDArray[np.int64]  # ability, kind, first and last + 1 person, first and last + 1 number; (draws, 6)
    numbers: Floats  # of the distributions
    dynamics: Floats  # what a run begins with
    counters: Ints
    closed: Ints
    held: bool  # what realises value, as realise_loops.realise takes it
    realising: NDArray[np.bool_]
    since: Ints  # from which step the implementations are released after how many
    delay: Ints
    worth: Worth


class Block(NamedTuple):
    """The rows of several runs, one run after the other."""

    rows: Rows
    event: Ints  # what was realised
    served: Ints
    value: Floats
    ends: NDArray[np.int64]  # of each run: events, influences, realised rows, deeds skipped; (runs, 4)
    used: Ints  # runs, rows realised


def generate(n: int, law: Floats, both_ways: bool, seed: int) -> Ties:
    """Stand for the generator of the scenario's network, which takes this function's place when it is linked."""
    return no_ties(n, law, both_ways, seed)


def run_all(
    plan: Plan, fresh: People, people: People, ideas: Catalogue, catalogue: Catalogue, ways: Ways, back: Ways,
    state: State, deeds: Deeds, book: Book, block: Block, seeds: Ints, place: Ints,
) -> int:  # fmt: skip
    """Run the seeds from place[0] on; returns why it stopped, with that run left undone.

    `people` and `catalogue` are what the runs change, `fresh` and `ideas` what they begin with.
    """
    none = np.empty((5, 0), np.int64)
    for number in range(place[0], len(seeds)):
        place[0] = number
        run = State(
            seeds[number], state.n, state.size, state.steps, state.dynamics, state.counters, state.pairs, state.heard,
            state.closed, state.due, state.hesitating, state.works, state.released, state.low, state.high,
            state.in_force,
        )  # fmt: skip
        renew(plan, run, book)
        renew_columns(plan, fresh, people, ideas, catalogue, run.luck)
        deeds.done[0] = 0
        ask_all(people, catalogue, run, deeds, book)
        mine = ways
        if plan.generated:
            indptr, target = generate(run.n, plan.law, plan.both_ways, run.luck)
            mine = Ways(indptr, target, ways.weight, ways.start, ways.end)
        stopped = advance(people, mine, back, catalogue, run, deeds, book, run.steps, 0)
        if stopped != DONE:
            return stopped
        schedule = scheduled(book.rows, len(catalogue.clarity), plan.since, plan.delay)
        rows, event, served, value = realise(
            book.rows, plan.realising, none, schedule, plan.worth, run.n, run.steps, plan.held
        )
        if not is_added(block, rows, event, served, value, run.counters[SKIPPED]):
            return FULL
    place[0] = len(seeds)
    return DONE


def renew(plan: Plan, state: State, book: Book) -> None:
    """Let nothing have happened yet."""
    clocked = state.counters[CLOCKED]
    fill(state.dynamics, 0, plan.dynamics, len(plan.dynamics))
    fill(state.counters, 0, plan.counters, len(plan.counters))
    fill(state.closed, 0, plan.closed, len(plan.closed))
    for pair in state.pairs:
        pair.event, pair.since, pair.until, pair.bits = 0, 0, 0, 0
    state.heard[:] = 0
    if clocked:
        state.due[:] = 0
    state.works[:], state.released[:], state.in_force[:] = 0, FAR, NOTHING
    state.low[:], state.high[:] = 0, 0
    for one in (book.pending, book.tellers, book.stifled, book.keys, book.packs):
        one[0] = 0
    for used in (book.rows.used, book.told.used, book.mixtures.used, book.hearings.used):
        used[:] = 0
    book.calendar.head[:], book.calendar.used[0], book.calendar.used[1] = -1, 0, -1


def renew_columns(
    plan: Plan, fresh: People, people: People, ideas: Catalogue, catalogue: Catalogue, luck: int
) -> None:  # fmt: skip
    """Let persons and ideas be as they are before the first step, with abilities drawn anew."""
    m = len(ideas.clarity)
    fill(catalogue.clarity, 0, ideas.clarity, m)
    fill(catalogue.difficulty, 0, ideas.difficulty, m)
    fill(catalogue.rate, 0, ideas.rate, m)
    fill(catalogue.hesitation, 0, ideas.hesitation, m)
    fill(people.keeps, 0, fresh.keeps, len(fresh.keeps))
    fill(people.alive, 0, fresh.alive, len(fresh.alive))
    columns = (people.creativity, people.reach, people.skill, people.clarity, people.understanding, people.threshold)
    given = (fresh.creativity, fresh.reach, fresh.skill, fresh.clarity, fresh.understanding, fresh.threshold)
    for ability in range(6):
        fill(columns[ability], 0, given[ability], len(given[ability]))
    for k in range(len(plan.draws)):
        ability, kind, first, last, begin, end = plan.draws[k]
        draw_abilities(kind, plan.numbers[begin:end], luck, ability, first, columns[ability][first:last])


def ask_all(people: People, catalogue: Catalogue, state: State, deeds: Deeds, book: Book) -> None:
    """Let the clocks of those be asked who may discover what stands alone; there must be room."""
    at_once = len(deeds.amount) > 0 and deeds.rows[0, STEP] == 1  # the rate may be set before
    for idea in range(len(catalogue.clarity)):
        alone = catalogue.prerequisites_begin[idea] == catalogue.prerequisites_begin[idea + 1]
        for person in range(state.n if alone and (at_once or catalogue.rate[idea] > 0.0) else 0):
            if at(people.creativity, person) > 0.0:
                put(book.pending, 4 * (idea * state.n + person) + DISCOVERY)


def is_added(block: Block, rows: Rows, event: Ints, served: Ints, value: Floats, skipped: int) -> bool:
    """Add a run to the block; False if there is no room."""
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
    """Write the first entries of another column into one."""
    for k in range(number):
        column[first + k] = given[k]
