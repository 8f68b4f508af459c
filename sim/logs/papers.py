"""Works that build on earlier ones, with their dates, as a tape: shared by citations, works and graphs by nodes.

A work is a discovery that builds on what it cites, and realises one unit, divided by weight over the discoveries of
what it cites; or, by choice, it is a learning of what it cites. A citation vouches for its order: works of one date are
put in topological order, and only rows that close a circle are dropped (docs/howto/real-log.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sim.logs.assemble import LATE, NO_TIME, Happened, tape_of, without
from sim.logs.log import Log
from sim.logs.placing import UNSAID
from sim.machine.loops import for_size
from sim.readers.sorting import once, runs_from
from sim.readers.times import NONE, Clock
from sim.tape.tables import DISCOVER, LEARN, Floats, Ints
from sim.tape.tape import Tape

CIRCLE = "closes a circle of one date"
Array = NDArray[Any]


class Works(NamedTuple):
    """Works by numbers, 0 for the empty name, and what builds on what; weight and value are empty if not given."""

    names: pa.Array
    date: Ints  # of each work, NONE if nobody gives it
    clock: Clock  # of the dates
    child: Array
    parent: Array
    weight: Floats
    value: Floats
    persons: pa.Array | None = None  # the authors, if they are given
    written: tuple[Array, Array] | None = None  # work and author, one pair a row


def earliest(works: int, pairs: Iterable[tuple[Array, Ints]]) -> tuple[Ints, Counter[str]]:
    """Return the first of the dates of each work, NONE without any, and count the others, of rows of work and date."""
    date = np.full(works, 2**62)
    told = [(work[known], times[known]) for work, times in pairs for known in [(times != NONE) & (work != 0)]]
    for work, times in told:
        np.minimum.at(date, work, times)
    others = sum(int((date[work] != times).sum()) for work, times in told)
    date[date == 2**62] = NONE
    return date, Counter({"another date of the same paper": others})


def place_works(log: Log, works: Works, facts: dict[str, Any], mended: Counter[str]) -> Tape:
    """Return the tape of works, with one event for each, or for each of its authors."""
    names, date, clock, child, parent, weight, value, persons, written = works
    dated = date != NONE
    later = (log.late(clock, date) == NONE) & dated  # than the last time that is wanted
    dropped: Counter[str] = Counter()
    alone = (parent == 0) & (child != 0) & (date[child] != NONE)  # says only that there is a work
    undated = (child != 0) & (date[child] == NONE)
    roots = np.zeros(0, np.int64)
    if log.options.orphans == "root":
        roots = _place_roots(date, child, parent, undated | later[parent])
        mended["root placed"] = len(roots)
    unplaced = ~alone & ~undated & (date[parent] == NONE)
    reasons = {
        "no target": lambda: child == 0,
        NO_TIME: lambda: undated | later[parent],
        "self-influence": lambda: child == parent,
        "told by an orphan": lambda: unplaced,
        LATE: lambda: ~alone & (date[parent] > date[child]),
    }
    keep = without(len(child), reasons, dropped)
    table: list[Array] = [column[keep] if len(column) else column for column in (child, parent, weight, value)]
    dropped["duplicate"] = once(table)
    rank, circle = tied_order(date, table[0], table[1])
    dropped[CIRCLE] = int(circle.sum())
    table = [column[~circle] if len(column) else column for column in table]
    facts["citations_as"] = log.options.citations_as
    happened = _happened(log.options.citations_as == "learning", date, rank, *table)
    happened = happened._replace(made_up=np.searchsorted(happened.person, roots))
    people = names if persons is None or written is None else persons
    if written is not None:
        happened, missing = _by_authors(happened, *written)
        mended["work without authors, so its own"] = missing
        people = pa.concat_arrays([people, names])
    ideas = ["idea"] if log.options.citations_as == "learning" else names
    return tape_of(log, happened, people, ideas, dropped, mended, facts)


def _place_roots(date: Ints, child: Array, parent: Array, undated: Array) -> Ints:
    """Date the cited works that nobody dates, one tick before the first work that cites them."""
    rows = (child != 0) & (parent != 0) & (child != parent) & ~undated & (date[parent] == NONE)
    first = np.full(len(date), 2**62)
    np.minimum.at(first, parent[rows], date[child[rows]])
    roots = np.flatnonzero(first < 2**62)
    date[roots] = first[roots] - 1
    return roots


def tied_order(date: Ints, child: Array, parent: Array) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the rank of each work among those of its date, parents first, and which rows close a circle.

    Rows are sorted by child; a row whose parent is 0 has none.
    """
    tied = np.flatnonzero((parent != 0) & (date[parent] == date[child]))
    rank, circle = np.zeros(len(date), np.int64), np.zeros(len(child), np.bool_)
    if len(tied):
        begin = np.searchsorted(child[tied], np.arange(len(date) + 1))
        closes = np.zeros(len(tied), np.bool_)
        state, stack, at = np.zeros(len(date), np.int8), np.zeros(len(date) + 1, np.int64), begin.copy()
        for_size(depth_first, len(tied))(begin, parent[tied].astype(np.int64), at, state, stack, rank, closes)
        circle[tied] = closes
    return rank, circle


def depth_first(
    begin: Ints, parent: Ints, at: Ints, state: NDArray[np.int8], stack: Ints, rank: Ints, closes: NDArray[np.bool_]
) -> None:
    """Number each work once all its parents have a number; mark the rows that lead back to a work underway."""
    done = 0
    for start in range(len(rank)):
        if state[start] != 0 or begin[start] == begin[start + 1]:
            continue
        deep = 0
        stack[0] = start
        state[start] = 1
        while deep >= 0:
            here = stack[deep]
            if at[here] < begin[here + 1]:
                to = parent[at[here]]
                if state[to] == 1:
                    closes[at[here]] = True
                elif state[to] == 0:
                    deep += 1
                    stack[deep] = to
                    state[to] = 1
                at[here] += 1
            else:
                done += 1
                rank[here] = done
                state[here] = 2
                deep -= 1


def _happened(
    learning: bool, date: Ints, rank: Ints, child: Array, parent: Array, weight: Floats, value: Floats
) -> Happened:
    """Return the events of the dated works, with rows sorted by child and parent, and weights scaled to sum to 1."""
    works = np.flatnonzero(date != NONE)
    row = np.full(len(date), -1)
    row[works] = np.arange(len(works))
    payoff: Floats = np.zeros(len(date))
    given = np.zeros(len(date), np.bool_)
    if len(value):
        told = value != UNSAID
        payoff = np.bincount(child[told], value[told], len(date)).astype(np.float64)
        given[child[told]] = True
    builds = parent != 0
    child, parent = child[builds].astype(np.int64), parent[builds].astype(np.int64)
    weight = weight[builds] if len(weight) else np.ones(len(child))
    if len(child):  # several weights of one pair add up
        new = np.append(True, (child[1:] != child[:-1]) | (parent[1:] != parent[:-1]))
        weight = np.bincount(np.cumsum(new) - 1, weight).astype(np.float64)
        child, parent = child[new], parent[new]
    cites = np.zeros(len(date), np.bool_)
    cites[child] = True
    weight = np.minimum(weight / np.bincount(child, weight, len(date))[child], 1.0)
    payoff = np.where(given, payoff, cites)
    if learning:
        kind, idea = np.where(cites, np.int8(LEARN), np.int8(DISCOVER))[works], np.zeros(len(works), np.int32)
        valued = works[payoff[works] > 0.0]
        realised = (row[valued], np.full(len(valued), -1), payoff[valued].astype(np.float64))
    else:
        kind, idea = np.full(len(works), DISCOVER, np.int8), works.astype(np.int32)
        earned = payoff[child] > 0.0
        own = works[(payoff[works] > 0.0) & ~cites[works]]
        at = np.append(row[parent[earned]], row[own])
        realised = (at, np.full(len(at), -1), np.append((payoff[child] * weight)[earned], payoff[own]))
    return Happened(
        date[works], kind, works.astype(np.int32), idea, (row[child], row[parent], weight), realised, rank[works]
    )


def _by_authors(happened: Happened, work: Array, author: Array) -> tuple[Happened, int]:
    """Return the same with one event per author, in equal parts; a work without any is its own, after all persons."""
    events = len(happened.step)
    row_of = np.full(int(happened.person.max(initial=0)) + 2, -1)
    row_of[happened.person] = np.arange(events)
    known = (author != 0) & (work < len(row_of)) & (row_of[np.minimum(work, len(row_of) - 1)] >= 0)
    pairs = np.unique(np.stack([row_of[work[known]], author[known].astype(np.int64)], axis=1), axis=0)
    missing = np.setdiff1d(np.arange(events), pairs[:, 0])
    people = int(author.max(initial=0)) + 1
    own = np.stack([missing, people + happened.person[missing].astype(np.int64)], axis=1)
    pairs = np.concatenate([pairs, own])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    of, person = pairs[:, 0], pairs[:, 1]
    begin = np.searchsorted(of, np.arange(events + 1))
    many = np.diff(begin)
    child, parent, weight = happened.influences
    to = runs_from(begin[parent], many[parent])
    rows = np.repeat(np.arange(len(child)), many[parent])  # of the influences, one for each author of the parent
    children = runs_from(begin[child[rows]], many[child[rows]])
    again = np.repeat(np.arange(len(rows)), many[child[rows]])
    event, implementation, value = happened.realised
    earner = runs_from(begin[event], many[event])
    part = np.repeat(np.arange(len(event)), many[event])
    return Happened(
        happened.step[of], happened.kind[of], person.astype(np.int32), happened.idea[of],
        (children, to[again], (weight[rows] / many[parent[rows]])[again]),
        (earner, implementation[part], value[part] / many[event[part]]),
        None if happened.rank is None else happened.rank[of],
        made_up=None if happened.made_up is None else np.flatnonzero(np.isin(of, happened.made_up)),
    ), len(missing)  # fmt: skip
