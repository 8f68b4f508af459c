"""Streams of contacts, mails or answers, in which every row counts: the format contacts of a log."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from sim.logs.assemble import NO_TIME, Happened, tape_of, without
from sim.logs.log import Log
from sim.readers.columns import Shape
from sim.readers.sorting import in_order, order_of
from sim.readers.times import NONE
from sim.tape.tables import DISCOVER, LEARN, Ints
from sim.tape.tape import Tape

CONTACTS = Shape(
    {"time": "time", "source": "name", "target": "name", "value": "number"},
    ("time", "source", "target"),
    {"value": (0.0, 1.0)},
    bare=("source", "target", "time"),
    either_way=("source", "target"),
)


def recognises(_: Log) -> bool:
    """Return False: whether each row counts, or the first of two persons alone, only the user can say."""
    return False


def read(log: Log) -> Tape:
    """Read a stream of contacts as a tape, as described at read_log."""
    columns = log.columns(CONTACTS)
    persons, [source, target] = columns.coded("source", "target", aliases=log.options.aliases)
    time, value = log.late(columns.clock, columns.clock.ticks("time")), columns.number("value")
    facts = columns.facts("contacts", "source contacted target", time)
    dropped: Counter[str] = Counter()
    reasons = {
        NO_TIME: lambda: time == NONE,
        "no target": lambda: target == 0,
        "no source": lambda: source == 0,
        "self-influence": lambda: source == target,
    }
    keep = without(len(time), reasons, dropped)
    time, source, target = time[keep], source[keep], target[keep]
    value = value[keep] if len(value) else np.ones(len(time))
    order = order_of(time, target, source, value)
    time, source, target, value = (in_order(order, column) for column in (time, source, target, value))
    happened, roots = _happened(time, source, target, value, len(persons))
    return tape_of(log, happened, persons, ["contact"], dropped, Counter({"root placed": roots}), facts)


def _happened(time: Ints, source: Any, target: Any, value: Any, persons: int) -> tuple[Happened, int]:
    """Return a learning for each contact, from what its source was told last before, or from a root a tick before."""
    contacts = len(time)
    _, when = np.unique(time, return_inverse=True)
    width = int(when.max(initial=0)) + 1
    key = target.astype(np.int64) * width + when
    by = np.argsort(key, kind="stable")
    at = np.searchsorted(key[by], source.astype(np.int64) * width + when) - 1
    parent = by[at.clip(0)] if contacts else np.zeros(0, np.int64)
    alone = (at < 0) | (target[parent] != source)
    first = np.full(persons, 2**62)
    np.minimum.at(first, source[alone], time[alone])
    roots = np.flatnonzero(first < 2**62)
    row = np.zeros(persons, np.int64)
    row[roots] = contacts + np.arange(len(roots))
    parent = np.where(alone, row[source], parent)
    everyone = np.concatenate([target, roots]).astype(np.int32)
    kind = np.where(np.arange(len(everyone)) < contacts, np.int8(LEARN), np.int8(DISCOVER))
    rows = np.arange(contacts)
    realised = np.flatnonzero(value > 0.0)
    return Happened(
        np.concatenate([time, first[roots] - 1]), kind, everyone, np.zeros(len(everyone), np.int32),
        (rows, parent, np.ones(contacts)), (realised, np.full(len(realised), -1), value[realised]),
        made_up=contacts + np.arange(len(roots)),
    ), len(roots)  # fmt: skip
