"""The part of a log that could be placed, and how it becomes a tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.readers.sorting import in_order, order_of
from sim.tape.tables import Events, Floats, Influences, Ints, Persons, Realised
from sim.tape.tape import Tape

if TYPE_CHECKING:
    from sim.logs.log import Log

HELD = "already holds the idea"
LATE = "not strictly back in time"
NO_TIME = "no time"
FIRST = -(2**62)  # a last time that says nothing
Rows = tuple[Ints, Ints, Floats]


class Happened(NamedTuple):
    """The events in any order, and what came of them, by rows of events and numbers of persons and ideas."""

    step: Ints
    kind: NDArray[np.int8]
    person: NDArray[np.int32]
    idea: NDArray[np.int32]
    influences: Rows  # child, parent, weight
    realised: Rows  # event, implementation or -1, value
    rank: Ints | None = None  # of each event among those of its time, if parents may be of the same time
    counts: Ints | None = None  # how many people each event counts, if not one
    made_up: Ints | None = None  # the roots that no row mentions


def tape_of(
    log: Log, happened: Happened, persons: Sequence[str] | pa.Array, ideas: Sequence[str] | pa.Array,
    dropped: Counter[str], mended: Counter[str], facts: Mapping[str, Any], last: int = FIRST,
) -> Tape:  # fmt: skip
    """Return the tape of what happened: events in order of time, persons and ideas by first event, then by name.

    `persons` and `ideas` are the names for the numbers; `facts` is how the log was read: at least format, time_unit and
    rows. `last` is the last time, if that is later than the last event.
    """
    step, kind, person, idea, influences, realised, rank, counts, made_up = happened
    del happened
    names, person = _numbered(persons, person, step)
    of, idea = _numbered(ideas, idea, step)
    origin = int(step.min(initial=0))
    steps = max(last, int(step.max(initial=origin))) - origin
    order = order_of(step, kind, person, idea) if rank is None else order_of(step, rank, kind, person, idea)
    count = np.ones(len(step), np.int64) if counts is None else in_order(order, counts)
    step = in_order(order, step) - origin
    events = Events(step, in_order(order, kind), in_order(order, person), in_order(order, idea), count)
    row = None
    if order is not None:
        row = np.full(len(order) + 1, -1)  # its last place maps an implementation of -1 to itself
        row[order] = np.arange(len(order))
    del step, kind, person, idea, count, order
    roots = np.zeros(0, np.int64) if made_up is None else made_up if row is None else np.sort(row[made_up])
    if log.options.until is not None:
        dropped[f"{NO_TIME} up to {log.options.until}"] = dropped.pop(NO_TIME, 0)
    facts = dict(facts) | {"kept": facts["rows"] - dropped.total()}
    about: dict[str, Any] = {"source": log.path.name, "scenario": log.path.stem, "format": facts["format"]}
    about |= log.groups(names)
    about |= {name: facts[name] for name in ("time_unit", "rows", "kept")} | facts.pop("counts", {})
    about |= {"time_origin": origin, "read_as": facts, "mended": dict(sorted((+mended).items()))}
    return Tape(
        events,
        Influences(*_sorted_rows(influences, row)),
        Realised(*_sorted_rows(realised, row)),
        Persons(names, np.ones(len(names), np.int64), np.ones(len(names), np.int64)),
        of,
        steps=steps,
        world_size=len(names),
        dropped=dict(sorted((+dropped).items())),
        provenance=about | {"made_up_roots": roots.tolist()},
    )


def without(rows: int, reasons: Mapping[str, Callable[[], NDArray[Any]]], dropped: Counter[str]) -> NDArray[np.bool_]:
    """Return which rows are kept; dropped ones are counted by the first reason that applies to them."""
    keep = np.ones(rows, np.bool_)
    for reason, bad in reasons.items():
        found = keep & bad()
        dropped[reason] = int(found.sum())
        keep &= ~found
    return keep


def _numbered(
    names: Sequence[str] | pa.Array, numbers: NDArray[np.int32], steps: Ints
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return the names that occur, by their first step and then by name, and the numbers in that order."""
    first = np.full(len(names), 2**62)
    np.minimum.at(first, numbers, steps)
    occur = np.flatnonzero(first < 2**62)
    texts = names if isinstance(names, pa.Array) else pa.array(names, pa.large_string())
    texts = texts.take(pa.array(occur))
    rank = np.empty(len(occur), np.int64)
    rank[pc.sort_indices(texts).to_numpy()] = np.arange(len(occur))
    order = np.lexsort((rank, first[occur]))
    new = np.zeros(len(names), np.int32)
    new[occur[order]] = np.arange(len(order))
    return tuple(texts.take(pa.array(order)).to_pylist()), new[numbers]


def _sorted_rows(rows: Rows, row: Ints | None) -> Rows:
    one, other, number = rows
    if row is not None:
        one, other = row[one], row[other]
    order = order_of(one, other, number)
    return in_order(order, one), in_order(order, other), in_order(order, number)
