"""Journeys through channels to a purchase or to nothing, the format journeys of a log: `a > b > c, 3, 9.5, 1` a row.

A path is an idea that is handed from channel to channel, and by the last one to the customers, who realise each
conversion (or its value, if the user names a column `total_value`). Customers who came to nothing abandon it; the count
of the event says how many they were.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import Any

import numpy as np

from sim.errors import TapeError
from sim.logs.assemble import Happened, tape_of
from sim.logs.log import Log
from sim.readers.columns import Shape
from sim.readers.names import as_dictionary
from sim.tape.tables import ABANDON, DISCOVER, LEARN, Persons
from sim.tape.tape import Tape

JOURNEYS = Shape(
    {"path": "name", "conversions": "number", "total_value": "number", "nulls": "number"},
    ("path", "conversions"),
    {"conversions": (0.0, 0.0), "total_value": (0.0, 0.0), "nulls": (0.0, 0.0)},
    bare=("path", "conversions", "total_value", "nulls"),
)
NEXT = re.compile(r"\s*(?:->|>|→)\s*")
CUSTOMERS = "customers"
MOST = 1e12  # customers of a row: more than there are people, and few enough to add up


def recognises(log: Log) -> bool:
    """Return whether this is a table of paths with conversions."""
    return JOURNEYS.fits(log.names) > 0


def read(log: Log) -> Tape:
    """Read journeys as a tape, as described at read_log."""
    if log.options.until is not None:
        raise TapeError(f"{log.path}: until: journeys have no times")
    columns = log.columns(JOURNEYS)
    paths = [text for chunk in columns.names.pop("path") for text in as_dictionary(chunk).to_pylist()]
    valued = "total_value" in log.options.columns
    counts, worth, nulls = (columns.number(name) for name in ("conversions", "total_value", "nulls"))
    value = worth if valued and len(worth) else counts
    nulls = nulls if len(nulls) else np.zeros(len(paths))
    for name, column in (("conversions", counts), ("nulls", nulls)):
        wrong = (column != np.rint(column)) | (column > MOST)
        if wrong.any():
            row = int(np.argmax(wrong))
            where = f"{log.path}:{log.table.line(row)}"
            raise TapeError(f"{where}: wrong {name} {column[row]:g}; allowed: whole numbers up to {MOST:g}")
    if (unearned := (counts == 0.0) & (value > 0.0)).any():
        row = int(np.argmax(unearned))
        where = f"{log.path}:{log.table.line(row)}"
        raise TapeError(f"{where}: total_value {value[row]:g} without conversions; allowed: 0, or conversions")
    dropped: Counter[str] = Counter()
    aliases = log.options.aliases
    channels = [[aliases.get(name, name) for name in NEXT.split(path.strip()) if name] for path in paths]
    if taken := [row for row, path in enumerate(channels) if CUSTOMERS in path]:
        where = f"{log.path}:{log.table.line(taken[0])}"
        raise TapeError(f"{where}: a channel is called {CUSTOMERS!r}, as those who convert are; allowed: another name")
    happened, names = _happened(channels, counts, value, nulls, dropped)
    facts: dict[str, Any] = {
        "format": "journeys", **columns.read_as, "direction": "a channel handed on to the next", "time_unit": "step",
        "dates": "the place on the path", "rows": len(paths), "realised": "value" if valued else "conversions",
    }  # fmt: skip
    ideas = [f"{n + 1}: {path}" for n, path in enumerate(paths)]
    tape = tape_of(log, happened, names, ideas, dropped, Counter(), facts)
    crowd = max(2, int(tape.events.count[tape.events.kind != DISCOVER].sum()))
    size = np.array([crowd if name == CUSTOMERS else 1 for name in tape.persons.name], np.int64)
    persons = Persons(tape.persons.name, tape.persons.members, size)
    return dataclasses.replace(tape, persons=persons, world_size=int(size.sum()))


def _happened(
    paths: list[list[str]], counts: Any, value: Any, nulls: Any, dropped: Counter[str]
) -> tuple[Happened, list[str]]:
    """Return the events, and the names of channels and customers."""
    people: dict[str, int] = {}
    rows: list[tuple[int, int, int, int, int]] = []  # step, kind, person, idea, count
    influences, realised = [], []
    crowd = people.setdefault(CUSTOMERS, 0)
    for idea, (path, count, gain, lost) in enumerate(
        zip(paths, counts.tolist(), value.tolist(), nulls.tolist(), strict=True)
    ):
        if not path:
            dropped["no path"] += 1
            continue
        for at, channel in enumerate(path):
            if at:
                influences.append((len(rows), len(rows) - 1))
            rows.append((at, LEARN if at else DISCOVER, people.setdefault(channel, len(people)), idea, 1))
        last = len(rows) - 1
        if count:
            influences.append((len(rows), last))
            if gain:
                realised.append((len(rows), gain))
            rows.append((len(path), LEARN, crowd, idea, int(count)))
        if lost:
            rows.append((len(path), ABANDON, crowd, idea, int(lost)))
    step, kind, person, of, many = np.array(rows, np.int64).reshape(-1, 5).T
    child, parent = np.array(influences, np.int64).reshape(-1, 2).T
    event = np.array([row for row, _ in realised], np.int64)
    gains = np.array([gain for _, gain in realised])
    return Happened(
        step, kind.astype(np.int8), person.astype(np.int32), of.astype(np.int32),
        (child, parent, np.ones(len(child))), (event, np.full(len(event), -1), gains),
        None, many,
    ), list(people)  # fmt: skip
