"""The engine of the page: a small world from plain tables, run to its end; compiled for the machine and the browser.

It contains nothing of the model: the tables become the record of a run, and the kernels take the steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machine.hints import by_reference, values_of
from sim.model.kernels.beginning import FIELDS, REOPENING, Start, fresh
from sim.model.kernels.columns import FAR, INTERVENTION, STATUS, Abilities, Records, TieRows
from sim.model.kernels.crowd import pieces_of
from sim.model.kernels.interventions import BORN, OF_DYNAMICS, OF_IDEAS, OF_PERSONS, SET
from sim.model.kernels.step import DONE, MOST, take_steps
from sim.model.kernels.telling import BUFFER
from sim.model.realise_loops import Impact, Payoffs, realise_run
from sim.model.rules import NEVER
from sim.tape.tables import Floats, Ints

Table = NDArray[np.float64]
COMMON = len(FIELDS["ideas"])  # the column of an idea's table after its numbers
VALUE = FIELDS["ideas"].index("value")
DELAY, READOPT = (FIELDS["dynamics"].index(name) for name in ("release_delay", "readopt"))
# Settings that reopen telling for those with nobody left to tell: section and field.
OPENS = np.array([
    (section, FIELDS[word].index(name))
    for section, word in ((OF_DYNAMICS, "dynamics"), (OF_PERSONS, "persons"))
    for name in REOPENING if name in FIELDS[word]
])  # fmt: skip


class History(NamedTuple):
    """A run: the columns of its tape, and how many scheduled interventions found nothing to act on."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    count: Ints  # type: ignore[assignment]  # as in tape/rows.py
    child: Ints
    parent: Ints
    weight: Floats
    event: Ints
    served: Ints
    value: Floats
    skipped: int


def play(
    seed: int, size: int, steps: int, crowd_understanding: float, held: bool, once: bool, persons: Table,
    realising: NDArray[np.bool_], links: Table, ideas: Table, relations: NDArray[np.int64], dynamics: Floats,
    interventions: Table,
) -> History:  # fmt: skip
    """Run a small world to its end.

    Args:
        seed: of all draws, as a signed integer.
        size, steps: of the world, and of the run.
        crowd_understanding: of those who are not among the persons.
        held: whether holding an idea counts even if it does not work; once: whether a holding counts once.
        persons: abilities in the order of the kernels, keeps, alive at the start; (n, 8).
        realising: whose holdings count, the crowd last; (n + 1,).
        links: source, target, weight, start, end; sorted by source and target; (ties, 5).
        ideas: numbers in the order of the kernels, whether it has the common rate; (m, numbers + 1).
        relations: an idea, its prerequisite or rival, and which of the two that is (0, 1); (relations, 3).
        dynamics: in the order of the kernels.
        interventions: the schedule, by step, in the order of the kernels; (interventions, 12).

    Raises:
        MemoryError: if there are more events than can be numbered.
    """
    n = len(persons)
    planned = planned_of(interventions)
    start = start_of(size, steps, crowd_understanding, persons, links, ideas, relations, dynamics, planned)
    run = by_reference(fresh(start, seed))
    if take_steps(run, steps, 0, MOST) != DONE:
        raise MemoryError
    since, delay = delays_of(planned, dynamics[DELAY])
    payoffs, counts = payoffs_of(ideas, planned, steps), realising[:n].copy()
    impact = Impact(counts, since, delay, payoffs, n, steps, held, once, realising[n])
    rows, event, served, value = realise_run(run.rows, pieces_of(run), impact)
    event, served, value = in_order(event, served, value)
    e, i, skipped = rows.used[0], rows.used[1], run.skipped
    values_of(run)
    return History(
        rows.step[:e], rows.kind[:e], rows.person[:e], rows.idea[:e], rows.count[:e], rows.child[:i], rows.parent[:i],
        rows.weight[:i], event, served, value, skipped,
    )  # fmt: skip


def start_of(
    size: int, steps: int, crowd_understanding: float, persons: Table, links: Table, ideas: Table,
    relations: NDArray[np.int64], dynamics: Floats, planned: Records,
) -> Start:  # fmt: skip
    """Return the state in which the run begins; see model.kernels.beginning."""
    n, timed = len(persons), 0
    status, others = status_of(ideas, relations)
    abilities = Abilities(
        persons[:, 0].copy(), persons[:, 1].copy(), persons[:, 2].copy(), persons[:, 3].copy(), persons[:, 4].copy(),
        persons[:, 5].copy(),
    )  # fmt: skip
    for k in range(len(links)):
        timed = 1 if links[k, 3] > 0 or links[k, 4] < NEVER else timed
    return Start(
        n, size, steps, crowd_understanding, abilities, persons[:, 6].astype(np.uint8), persons[:, 7].astype(np.uint8),
        False, ties_of(links, n, 0), ties_of(links, n, 1), dynamics, ideas[:, :COMMON].copy(), status, others, planned,
        is_lasting(relations, dynamics, planned), timed, 6 * n + 2 * BUFFER,
    )  # fmt: skip


def is_lasting(relations: NDArray[np.int64], dynamics: Floats, planned: Records) -> int:
    """Return 1 if persons with nobody left to tell stay so for ever, else 0; see model.kernels.beginning."""
    reopening = dynamics[READOPT] != 0.0
    for k in range(len(relations)):
        reopening = reopening or relations[k, 2] == 1
    for one in planned:
        reopening = reopening or one.kind == BORN
        for k in range(len(OPENS) if one.kind == SET else 0):
            reopening = reopening or (one.section == OPENS[k, 0] and one.field == OPENS[k, 1])
    return 0 if reopening else 1


def planned_of(interventions: Table) -> Records:
    """Return the schedule as records."""
    planned = np.zeros(len(interventions), INTERVENTION)
    for k in range(len(interventions)):
        row, one = interventions[k], planned[k]
        one.step, one.kind, one.person, one.person_end = int(row[0]), int(row[1]), int(row[2]), int(row[3])
        one.idea, one.idea_end, one.each, one.to = int(row[4]), int(row[5]), int(row[6]), int(row[7])
        one.to_end, one.section, one.field, one.amount = int(row[8]), int(row[9]), int(row[10]), row[11]
    return planned


def status_of(ideas: Table, relations: NDArray[np.int64]) -> tuple[Records, Ints]:
    """Return the status of each idea before the first step, and its related ideas."""
    status, others, used = np.zeros(len(ideas), STATUS), np.empty(2 * len(relations), np.int64), 0
    for idea in range(len(ideas)):
        one = status[idea]
        one.worked, one.released, one.first, one.last, one.common = 1, FAR, -1, -1, int(ideas[idea, COMMON])
        one.prerequisites, used = used, related(relations, 0, 0, idea, others, used)
        one.prerequisites_end = one.dependents = used
        one.dependents_end = one.rivals = used = related(relations, 0, 1, idea, others, used)
        one.rivals_end = used = related(relations, 1, 0, idea, others, used)
    return status, others


def related(relations: NDArray[np.int64], kind: int, end: int, idea: int, others: Ints, used: int) -> int:
    """Write the other ideas of a relation into `others`, and return how many it then holds."""
    for other in range(len(relations)):
        if relations[other, 2] == kind and relations[other, end] == idea:
            others[used] = relations[other, 1 - end]
            used += 1
    return used


def in_order(event: Ints, served: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    """Return one row for each event and implementation, with summed values, in the order of the events."""
    order = np.argsort(served, kind="mergesort")
    order = order[np.argsort(event[order], kind="mergesort")]
    used = 0
    first, by, sums = event.copy(), served.copy(), value.copy()
    for k in order:
        if not used or first[used - 1] != event[k] or by[used - 1] != served[k]:
            first[used], by[used], sums[used] = event[k], served[k], 0.0
            used += 1
        sums[used - 1] += value[k]
    return first[:used].copy(), by[:used].copy(), sums[:used].copy()


def ties_of(links: Table, n: int, end: int) -> TieRows:
    """Return the ties in rows by their source (end 0) or their target (end 1)."""
    indptr = np.zeros(n + 1, np.int64)
    for k in range(len(links)):
        indptr[int(links[k, end]) + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    target, weight = np.empty(len(links), np.int32), np.empty(len(links))
    begin, stop = np.empty(len(links), np.int64), np.empty(len(links), np.int64)
    place = indptr.copy()
    for k in range(len(links)):
        at = place[int(links[k, end])]
        place[int(links[k, end])] += 1
        target[at], weight[at] = int(links[k, 1 - end]), links[k, 2]
        begin[at], stop[at] = int(links[k, 3]), int(links[k, 4])
    return TieRows(indptr, target, weight, begin, stop)


def delays_of(planned: Records, first: float) -> tuple[Ints, Ints]:
    """Return the steps from which each release delay applies, and these delays."""
    since, delay, used = np.zeros(len(planned) + 1, np.int64), np.zeros(len(planned) + 1, np.int64), 1
    delay[0] = int(first)
    for one in planned:
        if one.kind == SET and one.section == OF_DYNAMICS and one.field == DELAY:
            since[used], delay[used] = one.step, int(one.amount)
            used += 1
    return since[:used].copy(), delay[:used].copy()


def payoffs_of(ideas: Table, planned: Records, now: int) -> Payoffs:
    """Return the value that a holder of each idea realises in a step, for spans of steps in which it is constant."""
    m, used = len(ideas), 0
    room = m * (len(planned) + 1)
    begin, first, last = np.zeros(m + 1, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    each = np.empty(room)
    for idea in range(m):
        start, value = 1, ideas[idea, VALUE]
        for one in planned:
            sets = one.kind == SET and one.section == OF_IDEAS and one.field == VALUE and one.step <= now
            if sets and one.to <= idea < one.to_end:
                if one.step > start:
                    first[used], last[used], each[used] = start - 1, one.step - 1, value
                    used += 1
                start, value = one.step, one.amount
        if now >= start:
            first[used], last[used], each[used] = start - 1, now, value
            used += 1
        begin[idea + 1] = used
    return Payoffs(begin, first[:used].copy(), last[:used].copy(), each[:used].copy())
