"""Rows of a table of influences, in order of time, placed one after the other; those that can be become events.

Interpreted for a small log and compiled for a large one. A holder is the number of a person with an idea. The loops
write into Placed; `used` says how far.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Floats, Ints

HELD, LATE, NOT_HELD, NOT_MADE, ORPHANED, ROOTS, EARLIER = range(7)  # places in `counts`
EVENTS, INFLUENCES, REALISED = range(3)  # places in `used`
UNSAID = -1.0  # a value that a row does not give; given ones are 0 or more
NEVER = 2**63 - 1  # the first time of something that does not happen


class Sorted(NamedTuple):
    """The rows, sorted by all columns; weight and value are empty if no row gives one."""

    time: Ints
    kind: NDArray[Any]
    target: NDArray[Any]
    source: NDArray[Any]
    weight: Floats
    value: Floats


class Placed(NamedTuple):
    """The rows of a log, placed; the columns are longer than their part in use."""

    step: Ints
    kind: NDArray[Any]
    holder: NDArray[Any]
    child: Ints
    parent: Ints
    weight: Floats
    event: Ints
    implementation: Ints
    value: Floats
    used: Ints
    counts: Ints
    last: Ints  # of one: the last time that left no event
    roots: Ints  # the events that no row mentions


class Held(NamedTuple):
    """The state of each holder: rows of events, -1 for none, and times."""

    holding: Ints
    told: Ints  # the first time at which a row says that they tell, NEVER if none does
    taken: Ints  # the first time at which a row says that they adopt, NEVER if none does
    last: Ints  # the last such time
    made: Ints  # the last implementation
    made_before: Ints  # the one before that


def place(rows: Sorted, held: Held, out: Placed, orphans: bool) -> None:
    """Place all rows, one event for each time, kind and target; with `orphans`, tellers never adopting become roots."""
    for i in range(len(rows.time)):
        time, target = rows.time[i], rows.target[i]
        if rows.kind[i] <= LEARN:
            held.last[target] = time
            held.taken[target] = min(held.taken[target], time)
        if rows.kind[i] == LEARN:
            held.told[rows.source[i]] = min(held.told[rows.source[i]], time)
    begin = 0
    while begin < len(rows.time):
        end = begin + 1
        while (
            end < len(rows.time)
            and rows.time[end] == rows.time[begin]
            and rows.kind[end] == rows.kind[begin]
            and rows.target[end] == rows.target[begin]
        ):
            end += 1
        if rows.kind[begin] <= LEARN:
            adopt(rows, held, out, begin, end, orphans)
        elif rows.kind[begin] == IMPLEMENT:
            implement(rows, held, out, begin, end)
        else:
            use(rows, held, out, begin, end)
        begin = end


def add(out: Placed, step: int, kind: int, holder: int) -> int:
    """Place an event and return its row."""
    row = out.used[EVENTS]
    out.step[row] = step
    out.kind[row] = kind
    out.holder[row] = holder
    out.used[EVENTS] = row + 1
    return int(row)


def root(held: Held, out: Placed, holder: int, time: int) -> int:
    """Place a discovery that no row mentions, a tick before it is first needed, and return its row."""
    row = add(out, time - 1, DISCOVER, holder)
    held.holding[holder] = row
    out.roots[out.counts[ROOTS]] = row
    out.counts[ROOTS] += 1
    return row


def holding_of(held: Held, out: Placed, holder: int) -> int:
    """Return a holding, or -1; someone who is seen telling before being seen adopting gets a root."""
    if held.holding[holder] < 0 and held.told[holder] < held.taken[holder] and held.taken[holder] != NEVER:
        out.counts[EARLIER] += 1
        root(held, out, holder, held.told[holder])
    return int(held.holding[holder])


def teller(held: Held, out: Placed, holder: int, time: int, orphans: bool) -> int:
    """Return the teller's holding begun before `time`, -1 if it began no earlier, -2 if the teller is left out."""
    if held.taken[holder] == NEVER and not orphans:
        return -2  # though they may have implemented what they tell of
    row = holding_of(held, out, holder)
    if row >= 0:
        return row if out.step[row] < time else -1
    return -1 if held.last[holder] >= time else root(held, out, holder, time)


def maker(held: Held, out: Placed, holder: int, time: int) -> int:
    """Return the implementer's holding begun before `time`, or -1; make a root if no row says that they adopt."""
    row = held.holding[holder]
    if row >= 0:
        return int(row) if out.step[row] < time else -1
    return -1 if held.last[holder] >= time else root(held, out, holder, time)


def realise(out: Placed, event: int, implementation: int, value: float) -> None:
    """Record a value, unless it is 0."""
    if value != 0.0:
        row = out.used[REALISED]
        out.event[row] = event
        out.implementation[row] = implementation
        out.value[row] = value
        out.used[REALISED] = row + 1


def said(rows: Sorted, i: int) -> float:
    """Return the value that a row gives."""
    return float(rows.value[i]) if len(rows.value) > 0 else UNSAID


def adopt(rows: Sorted, held: Held, out: Placed, begin: int, end: int, orphans: bool) -> None:
    """Place a discovery or a learning; rows of one source are adjacent."""
    time, kind, target = rows.time[begin], rows.kind[begin], rows.target[begin]
    if holding_of(held, out, target) >= 0:
        out.counts[HELD] += end - begin
        return
    first = out.used[INFLUENCES]
    at = first - 1
    whole, value, given, kept = 0.0, 0.0, False, False
    for i in range(begin, end):
        if kind == LEARN:
            by = teller(held, out, rows.source[i], time, orphans)
            if by < 0:
                out.counts[LATE if by == -1 else ORPHANED] += 1
                continue
            weight = rows.weight[i] if len(rows.weight) > 0 else 1.0
            if at < first or out.parent[at] != by:
                at += 1
                out.parent[at] = by
                out.weight[at] = 0.0
            out.weight[at] += weight
            whole += weight
        kept = True
        if said(rows, i) != UNSAID:
            given = True
            value += said(rows, i)
    if not kept:
        return
    row = add(out, time, kind, target)
    held.holding[target] = row
    for i in range(first, at + 1):
        out.child[i] = row
        out.weight[i] = min(out.weight[i] / whole, 1.0)
    out.used[INFLUENCES] = at + 1
    if not given:
        value = 1.0 if kind == LEARN else 0.0
    realise(out, row, -1, value)


def implement(rows: Sorted, held: Held, out: Placed, begin: int, end: int) -> None:
    """Place an implementation, influenced by the implementer's own holding."""
    target, time = rows.target[begin], rows.time[begin]
    own = maker(held, out, target, time)
    if own < 0:
        out.counts[LATE] += end - begin
        return
    row = add(out, time, IMPLEMENT, target)
    at = out.used[INFLUENCES]
    out.child[at] = row
    out.parent[at] = own
    out.weight[at] = 1.0
    out.used[INFLUENCES] = at + 1
    held.made_before[target] = held.made[target]
    held.made[target] = row
    value = 0.0
    for i in range(begin, end):
        if said(rows, i) != UNSAID:
            value += said(rows, i)
    realise(out, own, row, value)


def use(rows: Sorted, held: Held, out: Placed, begin: int, end: int) -> None:
    """Record uses, each through the last implementation before it by its source, if it names one."""
    own, time = held.holding[rows.target[begin]], rows.time[begin]
    for i in range(begin, end):
        source = rows.source[i]
        made = held.made[source] if source >= 0 else -1
        if made >= 0 and out.step[made] >= time:
            made = held.made_before[source]
        if own < 0:
            out.counts[NOT_HELD] += 1
        elif source >= 0 and made < 0:
            out.counts[NOT_MADE] += 1
        else:
            out.last[0] = max(out.last[0], time)
            value = said(rows, i)
            realise(out, own, made, 1.0 if value == UNSAID else value)
