"""Tables that `shoulders export` writes, read back to the same credit and dates: influences and realised values.

A row has the number of its event (`child`), of one that influenced or served it (`parent`), the time, person, idea and
kind of the event, and the weight of the influence; a row of kind `realise` has the value of a holding (`child`) through
an implementation (`parent`). A parent without a row of its own, from before a window, is a root.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sim.errors import TapeError
from sim.logs.log import Log
from sim.readers.columns import Columns, Known, Shape
from sim.readers.graph import Graph
from sim.readers.source import opened
from sim.readers.table import Table, in_memory, table_of
from sim.readers.times import NONE, Clock
from sim.tape.tables import DISCOVER, KINDS, USE, Events, Floats, Influences, Ints, Persons, Realised
from sim.tape.tape import Tape

REALISE = len(KINDS)
LEDGER = Shape(
    {"child": "number", "parent": "number", "time": "time", "parent_time": "time", "person": "name",
     "parent_person": "name", "idea": "idea", "kind": "word", "weight": "number", "value": "number",
     "count": "number"},
    ("child", "parent", "time", "parent_time", "person", "idea", "kind"),
    {"child": (0, -1.0), "parent": (-1, -1.0), "weight": (0.0, 1.0), "value": (0.0, 0.0), "count": (1, 1.0)},
    {**{kind: number for number, kind in enumerate(KINDS)}, "realise": REALISE},
)  # fmt: skip
MOST = 2**53  # above which not every whole number is a float
EVENT = ("person", "idea", "kind", "time")


def recognises(log: Log) -> bool:
    """Return whether this is a table that `shoulders export` wrote."""
    return LEDGER.fits(log.names) > 0


def read(log: Log) -> Tape:
    """Read an exported table as a tape, as described at read_log."""
    return place(log, log.columns(LEDGER), {"format": "ledger"})


def of_graph(log: Log, graph: Graph) -> Columns | None:
    """Return the rows of an exported graph, or of one of events as `to_networkx` makes it; None for any other graph."""
    if graph.ledger:
        with opened(io.StringIO(graph.ledger)) as source:
            return Columns(log.path, LEDGER, Clock()).read(table_of(source, Known({})), {})
    if graph.nodes and all(all(key in data for key in EVENT) for data in graph.nodes.values()):
        return Columns(log.path, LEDGER, Clock()).read(_of_events(graph), {})
    return None


def _of_events(graph: Graph) -> Table:
    """Return the rows of events and influences; if no event gives its value, that of a learning is 1."""
    columns: dict[str, list[Any]] = {name: [] for name in LEDGER.columns}

    def row(child: str, parent: str | None, **data: Any) -> None:
        node, other = graph.nodes[child], {} if parent is None else graph.nodes[parent]
        cells = {name: node.get(name) for name in (*EVENT, "count")} | data
        cells |= {"child": child, "parent": parent, "parent_time": other.get("time")}
        cells["parent_person"] = other.get("person")
        for name, column in columns.items():
            column.append(cells.get(name))

    valued = any("value" in data for data in graph.nodes.values())
    told = {child for child, *_ in graph.edges}
    for node, data in graph.nodes.items():
        if node not in told:
            row(node, None)
        if (value := data.get("value") if valued else int(data["kind"] == "learn")) not in {None, "", 0}:
            row(node, None, kind="realise", value=value)
    for child, parent, data in graph.edges:
        row(child, parent, weight=data.get("weight"))
    texts = {
        name: pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
        for name, cells in columns.items()
    }
    return in_memory(pa.table(texts), graph.path, kind="")


def place(log: Log, columns: Columns, facts: dict[str, Any]) -> Tape:
    """Return the tape of the columns of LEDGER; raise a TapeError if they contradict each other."""
    _check_options(log)
    rows = columns.rows
    persons, [person, by] = columns.coded("person", "parent_person")
    ideas, [idea] = columns.coded("idea")
    ticks, before = columns.clock.ticks("time"), columns.clock.ticks("parent_time")
    kind, value = columns.word("kind"), columns.number("value")
    child, parent = (_whole(log, name, columns.number(name)) for name in ("child", "parent"))
    weight = columns.number("weight") if "weight" in columns.numbers else np.ones(rows)
    count = _whole(log, "count", columns.number("count") if "count" in columns.numbers else np.ones(rows))
    realise = kind == REALISE
    if realise.any() and not len(value):
        raise TapeError(f"{log.path}: no column value; allowed: one, where a row says what was realised")
    _check_rows(log, child, ~realise, {"time": ticks, "person": person, "idea": idea, "kind": kind, "count": count})
    ids, first = np.unique(child[~realise], return_index=True)
    first = np.flatnonzero(~realise)[first]
    linked = ~realise & (parent >= 0)
    known = np.isin(parent, ids)
    outside, where = np.unique(parent[linked & ~known], return_index=True)
    where = np.flatnonzero(linked & ~known)[where]
    if (timeless := where[before[where] == NONE]).size:
        orphan = f"no parent_time of {int(parent[timeless[0]])}, which has no row of its own"
        raise TapeError(f"{log.path}: row {int(timeless[0]) + 1}: {orphan}; allowed: its time, or an export as a whole")
    origin = min(0, int(ticks.min(initial=0)), int(before[where].min(initial=0)))
    ids = np.concatenate([outside, ids])
    step = np.concatenate([before[where], ticks[first]]) - origin
    who = np.concatenate([by[where] if len(by) else person[where], person[first]])
    what = np.concatenate([np.full(len(where), DISCOVER, np.int8), kind[first]])
    of = np.concatenate([idea[where], idea[first]])
    many = np.concatenate([np.ones(len(where), np.int64), count[first]])
    order = np.lexsort((ids, step))
    row = dict(zip(ids[order].tolist(), range(len(ids)), strict=True))
    at = np.vectorize(lambda event: row.get(event, -1), otypes=[np.int64])
    child_row, parent_row = at(child), at(parent)
    if (realise & (child_row < 0)).any():
        raise TapeError(f"{log.path}: a value of an event that is not there; allowed: an export as a whole")
    number = _by_first(who[order], len(persons), what[order] == USE)
    idea_number = _by_first(of[order], len(ideas), np.zeros(len(order), np.bool_))
    names = [persons[int(code)].as_py() for code in np.argsort(number)[np.sort(number) >= 0]]
    groups = log.groups(names)
    facts |= columns.read_as | {"direction": "as exported", "rows": rows, "kept": rows}
    facts |= {"time_unit": columns.clock.unit, "dates": columns.clock.says(ticks)}
    sorted_rows = np.lexsort((parent_row, child_row))
    linked_rows, realised_rows = sorted_rows[linked[sorted_rows]], np.flatnonzero(realise)
    keys = (column[realised_rows] for column in (value, parent_row, child_row))
    realised_rows = realised_rows[np.lexsort(tuple(keys))]
    event_person = np.where(what[order] == USE, -1, number[who[order]])
    try:
        return Tape(
            Events(step[order], what[order], event_person.astype(np.int32),
                   idea_number[of[order]].astype(np.int32), many[order]),
            Influences(child_row[linked_rows], parent_row[linked_rows], weight[linked_rows]),
            Realised(child_row[realised_rows], parent_row[realised_rows], value[realised_rows]),
            Persons(tuple(names), np.ones(len(names), np.int64), np.ones(len(names), np.int64)),
            tuple(ideas[int(code)].as_py() for code in np.argsort(idea_number)[np.sort(idea_number) >= 0]),
            steps=int(step.max(initial=0)),
            world_size=max(len(names), int(many.max(initial=1))),
            provenance={"source": log.path.name, "scenario": log.path.stem, "format": facts["format"],
                        "time_unit": facts["time_unit"], "rows": rows, "kept": rows, "time_origin": origin,
                        "read_as": facts, "mended": {"root placed": len(where)} if len(where) else {}, **groups},
        )  # fmt: skip
    except TapeError as error:
        raise TapeError(f"{log.path}: {error}; allowed: an export as a whole") from None


def _by_first(codes: Any, size: int, without: Any) -> Any:
    """Return the number of each code by its first row, or -1 if it does not occur; rows in `without` do not count."""
    found = np.full(size, -1, np.int64)
    given = np.flatnonzero(~without)
    several, at = np.unique(codes[given], return_index=True)
    found[several[np.argsort(at)]] = np.arange(len(several))
    return found


def _check_options(log: Log) -> None:
    """Refuse the options that would make another tape of an export."""
    if log.options.until is not None:
        raise TapeError(f"{log.path}: until: an export is read as a whole")
    for option in ("aliases", "orphans", "citations_as"):
        log.refuse(option, "an export", "the log itself")


def _check_rows(log: Log, child: Ints, events: NDArray[np.bool_], told: Mapping[str, NDArray[Any]]) -> None:
    """Refuse rows without a time, and rows of events that say otherwise than the first row of their event."""
    if (timeless := told["time"] == NONE).any():
        raise TapeError(f"{log.path}: row {int(np.argmax(timeless)) + 1}: no time; allowed: one for each event")
    rows = np.flatnonzero(events)
    _, first, event = np.unique(child[rows], return_index=True, return_inverse=True)
    for name, column in told.items():
        if (other := column[rows] != column[rows][first][event]).any():
            row = int(rows[np.argmax(other)])
            what = f"row {row + 1}: another {name} of event {int(child[row])} than before"
            raise TapeError(f"{log.path}: {what}; allowed: one for each event")


def _whole(log: Log, name: str, column: Floats) -> Ints:
    if (wrong := (np.abs(column) > MOST) | (column != np.rint(column))).any():
        row = int(np.argmax(wrong)) + 1
        raise TapeError(f"{log.path}: row {row}: wrong {name}; allowed: whole numbers up to {MOST}")
    return column.astype(np.int64)
