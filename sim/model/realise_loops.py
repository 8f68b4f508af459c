"""The loops of realise.py: plain functions of numbers and arrays, which run interpreted and compiled alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.tape.rows import Rows, add_event, add_influence, with_room
from sim.tape.tables import ABANDON, IMPLEMENT, LEARN, LEAVE, USE, Floats, Ints


class Schedule(NamedTuple):
    """The implementations of each idea: where an idea's begin, the step from which each is in use, and its row."""

    begin: Ints
    release: Ints
    event: Ints


class Payoffs(NamedTuple):
    """The spans of each idea: where an idea's begin; each span gives `value` in the steps `first` + 1 to `last`."""

    begin: Ints
    first: Ints
    last: Ints
    value: Floats


class Impact(NamedTuple):
    """The settings by which the rows of a run are turned into realised value."""

    realising: NDArray[np.bool_]  # which of the n persons count, (n,), or (1,) if all do
    since: Ints  # from each step in `since` on, implementations are released after `delay` more steps
    delay: Ints
    payoffs: Payoffs
    n: int
    now: int  # the last step
    held: bool  # whether a holding counts even if the idea does not work
    once: bool  # whether a holding counts only in the first step in which it can
    crowd: bool  # whether the crowd's holdings count


class Pools(NamedTuple):
    """The rows that serve the holders of an idea, each from a step to the next, for all implementations in use."""

    begin: Ints  # where the pools of each idea begin
    made: Ints  # 1 if the rows of an idea's pools are made, else 0
    start: Ints
    row: Ints
    number: Ints
    block: NDArray[np.int64]  # the row for 2 ** level pools from each on, -1 if not made yet; (pools, levels)
    spans: NDArray[np.int64]  # a hash table: idea, first, end, and 1 + the row (0: free); (2 ** k, 4)


def realise_run(rows: Rows, pieces: Ints, impact: Impact) -> tuple[Rows, Ints, Ints, Floats]:
    """Realise the value of a run, as `realise` does, through the implementations that `scheduled` finds."""
    schedule = scheduled(rows, len(impact.payoffs.begin) - 1, impact.since, impact.delay)
    counted = pieces if impact.crowd else np.empty((5, 0), np.int64)
    return realise(
        rows, impact.realising, counted, schedule, impact.payoffs, impact.n, impact.now, impact.held, impact.once
    )


def scheduled(rows: Rows, ideas: int, since: Ints, delay: Ints) -> Schedule:
    """Return the implementations of each idea by the step from which they are in use: `delay` after the next one.

    The delay of implementations made in the steps from since[k] on is delay[k]; since[0] is 0.
    """
    begin = np.zeros(ideas + 1, np.int64)
    implementations = np.flatnonzero(rows.kind[: rows.used[0]] == IMPLEMENT)
    for e in implementations:
        begin[rows.idea[e] + 1] += 1
    for idea in range(ideas):
        begin[idea + 1] += begin[idea]
    release, event, end = np.empty(begin[ideas], np.int64), np.empty(begin[ideas], np.int64), begin.copy()
    for e in implementations:
        k, idea = len(since) - 1, rows.idea[e]
        while since[k] > rows.step[e]:
            k -= 1
        step = rows.step[e] + 1 + delay[k]
        j = end[idea]
        end[idea] = j + 1
        while j > begin[idea] and release[j - 1] > step:
            release[j], event[j] = release[j - 1], event[j - 1]
            j -= 1
        release[j], event[j] = step, e
    return Schedule(begin, release, event)


def realise(
    rows: Rows,
    realising: NDArray[np.bool_],
    pieces: Ints,
    schedule: Schedule,
    payoffs: Payoffs,
    n: int,
    now: int,
    held: bool,
    once: bool,
) -> tuple[Rows, Ints, Ints, Floats]:
    """Return the rows with `use` events added, and the realised columns: persons' by event, then the crowd's.

    Args:
        rows: the events so far.
        realising: which of the n persons count, (n,), or (1,) if all do.
        pieces: event, idea, begin, end, count of the crowd's holdings, (5, pieces).
        schedule: the implementations.
        payoffs: the values of ideas, over spans of steps.
        n: persons before the crowd.
        now: the last step.
        held: whether a holding counts even if the idea does not work.
        once: whether a holding counts only in the first step in which it can, from the step in which it begins on.
    """
    events = rows.used[0]
    ends = ends_of(rows, n, len(payoffs.begin) - 1, now)
    room = (events + pieces.shape[1]) * (2 if held and len(schedule.event) else 1)
    event, served, value = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    pools = pools_of(schedule, now, room)
    place = np.zeros(2, np.int64)
    while True:
        realise_idle(
            rows, events, ends, realising, schedule.begin, payoffs, n, now, held, once, event, served, value, place
        )
        e, used = place[0], place[1]
        if e == events + pieces.shape[1]:
            break
        if e < events:
            row, idea, begin, count = e, rows.idea[e], rows.step[e], 1
            end = ends[e] if len(ends) else now
        else:
            piece = e - events
            row, idea, begin = pieces[0, piece], pieces[1, piece], pieces[2, piece]
            end, count = pieces[3, piece], pieces[4, piece]
        works = now + 1
        if schedule.begin[idea] < schedule.begin[idea + 1]:
            works = min(schedule.release[schedule.begin[idea]], now + 1)
        if once:
            begin = begin - 1 if held else max(begin, works) - 1
            end = min(begin + 1, end)
        if held:
            idle = payoff_between(payoffs, idea, begin, min(end, works - 1)) * count
            if idle > 0.0:
                event[used], served[used], value[used] = row, -1, idle
                used += 1
        first = max(begin, works - 1)
        gained = payoff_between(payoffs, idea, first, end) * count
        if gained > 0.0:
            rows, by = served_by(rows, pools, schedule, payoffs, idea, first, end, now)
            event[used], served[used], value[used] = row, by, gained
            used += 1
        place[0], place[1] = e + 1, used
    return rows, event[:used], served[:used], value[:used]


def realise_idle(
    rows: Rows, events: int, ends: NDArray[np.int32], realising: NDArray[np.bool_], made: Ints, payoffs: Payoffs,
    n: int, now: int, held: bool, once: bool, event: Ints, served: Ints, value: Floats, place: Ints,
) -> None:  # fmt: skip
    """Realise from event place[0] and realised row place[1] on, up to the first holding of an idea that ever works.

    This loop makes no rows, and is kept apart since it takes a tenth of the time.
    """
    if not held and made[-1] == 0:
        place[0] = max(place[0], events)
    e, used = place[0], place[1]
    while e < events:
        person, idea = rows.person[e], rows.idea[e]
        if rows.kind[e] <= LEARN and person < n and realising[person if len(realising) > 1 else 0]:
            if made[idea] < made[idea + 1]:
                break
            begin, end = rows.step[e], ends[e] if len(ends) else now
            if once:
                begin, end = begin - 1, min(begin, end)
            gained = payoff_between(payoffs, idea, begin, end) if held else 0.0
            if gained > 0.0:
                event[used], served[used], value[used] = e, -1, gained
                used += 1
        e += 1
    place[0], place[1] = e, used


def ends_of(rows: Rows, n: int, ideas: int, now: int) -> NDArray[np.int32]:
    """Return the last step of the holding that each event began; empty if none has ended."""
    events = rows.used[0]
    if not np.any((rows.kind[:events] == ABANDON) | (rows.kind[:events] == LEAVE)):
        return np.empty(0, np.int32)
    ends, began = np.empty(events, np.int32), np.empty(n * ideas, np.int32)
    ends[:] = now
    for e in range(events):
        if rows.kind[e] != USE and rows.person[e] < n:
            key = np.int64(rows.idea[e]) * n + rows.person[e]
            if rows.kind[e] <= LEARN:
                began[key] = e
            elif rows.kind[e] == ABANDON:
                ends[began[key]] = rows.step[e]
            elif rows.kind[e] == LEAVE:
                ends[began[key]] = rows.step[e] - 1
    return ends


def payoff_between(payoffs: Payoffs, idea: int, first: int, last: int) -> float:
    """Return the value that a holder realises in the steps first + 1 to last, computed span by span."""
    total = 0.0
    for span in range(payoffs.begin[idea], payoffs.begin[idea + 1]):
        total += payoffs.value[span] * max(min(last, payoffs.last[span]) - max(first, payoffs.first[span]), 0)
    return total


def pools_of(schedule: Schedule, now: int, holdings: int) -> Pools:
    """Return the pools of each idea, one for each step from which more are in use; rows are made when first needed."""
    begin = np.zeros(len(schedule.begin), np.int64)
    start = np.empty(len(schedule.event), np.int64)
    number = np.empty(len(schedule.event), np.int64)
    used = 0
    for idea in range(len(begin) - 1):
        begin[idea] = used
        for k in range(schedule.begin[idea], schedule.begin[idea + 1]):
            if schedule.release[k] <= now:
                if used == begin[idea] or start[used - 1] != schedule.release[k]:
                    start[used] = schedule.release[k]
                    used += 1
                number[used - 1] = k + 1 - schedule.begin[idea]
    begin[len(begin) - 1] = used
    levels, size = 1, 1
    while 1 << levels <= used:
        levels += 1
    while used and size < 2 * holdings:
        size *= 2
    block = np.empty((used, levels), np.int64)
    block[:] = -1
    made, row, spans = np.zeros(len(begin) - 1, np.int64), np.empty(used, np.int64), np.zeros((size, 4), np.int64)
    return Pools(begin, made, start, row, number, block, spans)


def make_pools(rows: Rows, pools: Pools, schedule: Schedule, idea: int, now: int) -> Rows:
    """Make the rows of the pools of an idea, each from the pool before it and what has come into use since."""
    k, before = schedule.begin[idea], 0
    for pool in range(pools.begin[idea], pools.begin[idea + 1]):
        number = pools.number[pool]
        if number == 1:
            pools.row[pool] = schedule.event[k]
        else:
            parts = number - before + (1 if before else 0)
            part, weight = np.empty(parts, np.int64), np.ones(parts)
            for j in range(number - before):
                part[j] = schedule.event[k + j]
            if before:
                part[parts - 1], weight[parts - 1] = pools.row[pool - 1], before
            rows, pools.row[pool] = use(rows, part, weight, parts, idea, number, now)
        k += number - before
        before = number
    pools.made[idea] = 1
    return rows


def use(rows: Rows, part: Ints, payoffs: Floats, parts: int, idea: int, number: int, now: int) -> tuple[Rows, int]:
    """Return a row that stands for several in these parts: the row itself if only one counts, else a `use` of them."""
    for k in range(1, parts):
        j = k
        while j and part[j - 1] > part[j]:
            part[j - 1], part[j] = part[j], part[j - 1]
            payoffs[j - 1], payoffs[j] = payoffs[j], payoffs[j - 1]
            j -= 1
    total = 0.0
    for k in range(parts):
        total += payoffs[k]
    last = -1
    some = 0
    for k in range(parts):
        if payoffs[k] / total > 0.0:
            last = part[k]
            some += 1
    if some == 1:
        return rows, last
    rows = with_room(rows, 1, parts)
    row = add_event(rows, now, USE, -1, idea, number)
    for k in range(parts):
        if payoffs[k] / total > 0.0:
            add_influence(rows, row, part[k], payoffs[k] / total)
    return rows, row


def pool_at(pools: Pools, idea: int, step: int) -> int:
    """Return the pool of an idea that serves in a step."""
    low, high = pools.begin[idea], pools.begin[idea + 1]
    while low < high:
        middle = (low + high) // 2
        if pools.start[middle] <= step:
            low = middle + 1
        else:
            high = middle
    return int(low) - 1


def place_of(spans: NDArray[np.int64], idea: int, first: int, end: int) -> int:
    """Return the place in the table of what serves an idea over a span of steps, or the free place for it."""
    mask = len(spans) - 1
    place = (((int(idea) * 31 + int(first)) * 1_000_003 + int(end)) * 0x9E3779B1 >> 7) & mask
    while spans[place, 3] and (spans[place, 0] != idea or spans[place, 1] != first or spans[place, 2] != end):
        place = (place + 1) & mask
    return int(place)


def served_by(
    rows: Rows, pools: Pools, schedule: Schedule, payoffs: Payoffs, idea: int, first: int, end: int, now: int
) -> tuple[Rows, int]:
    """Return the row for the steps first + 1 to end, made of the pools that they touch, in blocks where possible."""
    if not pools.made[idea]:
        rows = make_pools(rows, pools, schedule, idea, now)
    low, high = pool_at(pools, idea, first + 1), pool_at(pools, idea, end)
    if low == high:
        return rows, pools.row[low]
    place = place_of(pools.spans, idea, first, end)
    if pools.spans[place, 3]:
        return rows, pools.spans[place, 3] - 1
    base = pools.begin[idea]
    part, value = np.empty(128, np.int64), np.empty(128)
    parts, pool = 0, low
    while pool <= high:
        level = 0
        if pool > low:
            while (pool - base) % (2 << level) == 0 and pool + (2 << level) - 1 < high:
                level += 1
        after = pool + (1 << level)
        begin = first if pool == low else pools.start[pool] - 1
        stop = end if after > high else pools.start[after] - 1
        gained = payoff_between(payoffs, idea, begin, stop)
        if gained > 0.0:
            rows, part[parts] = block(rows, pools, payoffs, idea, pool, level, now)
            value[parts] = gained
            parts += 1
        pool = after
    rows, row = use(rows, part, value, parts, idea, pools.number[high], now)
    span = pools.spans[place]
    span[0], span[1], span[2], span[3] = idea, first, end, row + 1
    return rows, row


def block(rows: Rows, pools: Pools, payoffs: Payoffs, idea: int, pool: int, level: int, now: int) -> tuple[Rows, int]:
    """Return the row for all the steps of 2 ** level pools from one on; each block is made once, of two halves."""
    made = pools.block
    part, value = np.empty(2, np.int64), np.empty(2)
    for above in range(level if made[pool, level] < 0 else 0):
        half = 1 << above
        for at in range(pool, pool + (1 << level), 2 * half):
            if made[at, above + 1] >= 0:
                continue
            for side in range(2):
                begin = at + side * half
                part[side] = pools.row[begin] if half == 1 else made[begin, above]
                value[side] = payoff_between(payoffs, idea, pools.start[begin] - 1, pools.start[begin + half] - 1)
            made[at, above + 1] = part[1]
            if value[0] + value[1] > 0.0:
                rows, made[at, above + 1] = use(rows, part, value, 2, idea, pools.number[at + 2 * half - 1], now)
    return rows, made[pool, level] if level else pools.row[pool]
