"""The engine of the page: a small world from plain tables, run to its end; compiled for the machine and the browser.

Nothing of the model stands here: the tables become the columns of the kernels, which take the steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machine.hints import by_reference, values_of
from sim.model.kernels.beginning import FIELDS, REOPENING, fresh
from sim.model.kernels.columns import DYNAMICS, FAR, IDEA, INTERVENTION, STATUS, Abilities, Records, Run, TieRows
from sim.model.kernels.interventions import BORN, OF_DYNAMICS, OF_IDEAS, OF_PERSONS, SET
from sim.model.kernels.step import DONE, MOST, take_steps
from sim.model.realise_loops import Worth, realise, scheduled
from sim.model.rules import NEVER
from sim.tape.tables import Floats, Ints

Table = NDArray[np.float64]
DELAY, READOPT = (FIELDS["dynamics"].index(name) for name in ("release_delay", "readopt"))
VALUE = FIELDS["ideas"].index("value")
# What gives one with nobody left to tell a part again, when it is set: section and field.
OPENS = np.array(
    [(OF_DYNAMICS, FIELDS["dynamics"].index(name)) for name in REOPENING if name in FIELDS["dynamics"]]
    + [(OF_PERSONS, FIELDS["persons"].index(name)) for name in REOPENING if name in FIELDS["persons"]]
)


class History(NamedTuple):
    """A run: the columns of its tape, and how many scheduled changes found nothing to act on."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    count: Ints  # type: ignore[assignment]
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
    deeds: NDArray[np.int64], amounts: Floats,
) -> History:  # fmt: skip
    """Run a small world to its end.

    Args:
        seed: of all draws, as a signed number.
        size, steps: of the world, and of the run.
        crowd_understanding: of those who are not among the persons.
        held: whether holding an idea counts, which need not work.
        once: whether a holding counts once.
        persons: creativity, reach, skill, clarity, understanding, threshold, keeps, alive at the start; (n, 8).
        realising: whose holdings count, the crowd last; (n + 1,).
        links: source, target, weight, start, end; sorted by source and target; (ties, 5).
        ideas: value, clarity, difficulty, discovery rate, hesitation, whether it has the common rate; (m, 6).
        relations: idea, and one that it builds on or is a rival of, and which of the two (0, 1); (relations, 3).
        dynamics: in the order of the kernels.
        deeds, amounts: what is scheduled, as the kernels take it; (deeds, 11), (deeds,).
    """
    n, m = len(persons), len(ideas)
    abilities = Abilities(
        persons[:, 0].copy(), persons[:, 1].copy(), persons[:, 2].copy(), persons[:, 3].copy(), persons[:, 4].copy(),
        persons[:, 5].copy(),
    )  # fmt: skip
    ties, reverse = ties_of(links, n, 0), ties_of(links, n, 1)
    numbers, dynamics = ideas[:, :5].copy(), dynamics.copy()
    status, related = status_of(ideas, relations)
    timed = len(links) > 0 and (ties.start.max() > 0 or ties.end.min() < NEVER)
    run = by_reference(
        fresh(
            seed, n, size, steps, crowd_understanding, abilities, persons[:, 6].astype(np.uint8),
            persons[:, 7].astype(np.uint8), ties, reverse, dynamics.view(DYNAMICS), dynamics,
            numbers.reshape(-1).view(IDEA), numbers, status, related, scheduled_of(deeds, amounts),
            int(not reopens(deeds, dynamics, relations)), int(timed), 64 * n * n * m + 8192,
        )
    )  # fmt: skip
    if take_steps(run, steps, 0, MOST) != DONE:
        raise MemoryError
    since, delay = delays_of(deeds, amounts, dynamics[DELAY])
    schedule = scheduled(run.rows, m, since, delay)
    worth = worth_of(ideas, deeds, amounts, steps)
    pieces = pieces_of(run, steps) if realising[n] else np.empty((5, 0), np.int64)
    rows, event, served, value = realise(run.rows, realising[:n].copy(), pieces, schedule, worth, n, steps, held, once)
    event, served, value = in_order(event, served, value)
    e, i, skipped = rows.used[0], rows.used[1], run.skipped
    values_of(run)
    return History(
        rows.step[:e], rows.kind[:e], rows.person[:e], rows.idea[:e], rows.count[:e], rows.child[:i], rows.parent[:i],
        rows.weight[:i], event, served, value, skipped,
    )  # fmt: skip


def in_order(event: Ints, served: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    """One row for each event and implementation, in the order of the events."""
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
    """The ties in rows by their source (0), or by their target (1)."""
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


def status_of(ideas: Table, relations: NDArray[np.int64]) -> tuple[Records, Ints]:
    """What there is to know of each idea before the first step, and the relations of all."""
    status, related, used = np.zeros(len(ideas), STATUS), np.empty(2 * len(relations), np.int64), 0
    for idea in range(len(ideas)):
        one = status[idea]
        one.worked, one.released, one.first, one.last, one.common = 1, FAR, -1, -1, int(ideas[idea, 5])
        one.prerequisites = used
        used = one.prerequisites_end = one.dependents = add_related(relations, 0, 0, idea, related, used)
        used = one.dependents_end = one.rivals = add_related(relations, 0, 1, idea, related, used)
        used = one.rivals_end = add_related(relations, 1, 0, idea, related, used)
    return status, related[:used].copy()


def add_related(relations: NDArray[np.int64], kind: int, end: int, idea: int, related: Ints, used: int) -> int:
    """Add the other ideas of a relation of an idea; how many there are in all then."""
    for k in range(len(relations)):
        if relations[k, 2] == kind and relations[k, end] == idea:
            related[used] = relations[k, 1 - end]
            used += 1
    return used


def scheduled_of(deeds: NDArray[np.int64], amounts: Floats) -> Records:
    """What is scheduled, as the loops take it."""
    made = np.zeros(len(deeds), INTERVENTION)
    for k in range(len(deeds)):
        one = made[k]
        one.step, one.kind, one.person, one.person_end = deeds[k, 0], deeds[k, 1], deeds[k, 2], deeds[k, 3]
        one.idea, one.idea_end, one.each, one.to = deeds[k, 4], deeds[k, 5], deeds[k, 6], deeds[k, 7]
        one.to_end, one.section, one.field, one.amount = deeds[k, 8], deeds[k, 9], deeds[k, 10], amounts[k]
    return made


def reopens(deeds: NDArray[np.int64], dynamics: Floats, relations: NDArray[np.int64]) -> bool:
    """Whether one who has nobody left to tell may have somebody later."""
    reopening = dynamics[READOPT] != 0.0
    for k in range(len(relations)):
        reopening = reopening or relations[k, 2] == 1
    for one in scheduled_of(deeds, np.zeros(len(deeds))):
        reopening = reopening or one.kind == BORN
        for k in range(len(OPENS) if one.kind == SET else 0):
            reopening = reopening or (one.section == OPENS[k, 0] and one.field == OPENS[k, 1])
    return bool(reopening)


def delays_of(deeds: NDArray[np.int64], amounts: Floats, first: float) -> tuple[Ints, Ints]:
    """From which steps implementations are released after how many."""
    since, delay = np.zeros(len(deeds) + 1, np.int64), np.zeros(len(deeds) + 1, np.int64)
    delay[0], used = int(first), 1
    for one in scheduled_of(deeds, amounts):
        if one.kind == SET and one.section == OF_DYNAMICS and one.field == DELAY:
            since[used], delay[used] = one.step, int(one.amount)
            used += 1
    return since[:used].copy(), delay[:used].copy()


def worth_of(ideas: Table, deeds: NDArray[np.int64], amounts: Floats, now: int) -> Worth:
    """What a holder of each idea realises in a step, over spans of steps in which it stays the same."""
    m, used = len(ideas), 0
    room = m * (len(deeds) + 1)
    begin, first, last = np.zeros(m + 1, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    each = np.empty(room)
    for idea in range(m):
        start, value = 1, ideas[idea, VALUE]
        for one in scheduled_of(deeds, amounts):
            sets = one.kind == SET and one.section == OF_IDEAS and one.field == VALUE
            if sets and one.to <= idea < one.to_end and one.step <= now:
                if one.step > start:
                    first[used], last[used], each[used] = start - 1, one.step - 1, value
                    used += 1
                start, value = one.step, one.amount
        if now >= start:
            first[used], last[used], each[used] = start - 1, now, value
            used += 1
        begin[idea + 1] = used
    return Worth(begin, first[:used].copy(), last[:used].copy(), each[:used].copy())


def pieces_of(run: Run, now: int) -> NDArray[np.int64]:
    """The holdings of the crowd up to now by event, ended or not: event, idea, begin, end, count; (5, pieces)."""
    ended, number = run.pieces_number, run.pieces_number + run.cohorts_number
    pieces, at = np.empty((5, number), np.int64), ended
    for k in range(ended):
        one = run.pieces[k]
        pieces[0, k], pieces[1, k], pieces[2, k], pieces[3, k] = one.event, one.idea, one.begin, one.end
        pieces[4, k] = one.count
    for idea in range(len(run.status)):
        place = run.status[idea].first
        while place >= 0:
            cohort = run.cohorts[place]
            pieces[0, at], pieces[1, at], pieces[2, at] = cohort.event, idea, cohort.since
            pieces[3, at], pieces[4, at] = now, cohort.count
            at += 1
            place = cohort.next
    order = np.argsort(pieces[0, :at], kind="mergesort")
    return pieces[:, order].copy()
