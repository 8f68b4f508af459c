"""Works that build on earlier ones, and when they came: the format citations of a log, an event a work."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sim.errors import TapeError
from sim.logs.assemble import LATE, NO_TIME, Happened, tape_of
from sim.logs.placing import UNSAID
from sim.readers.columns import Columns, Shape, coded
from sim.readers.read import read_table
from sim.readers.sorting import in_order, order_of
from sim.readers.text import shown
from sim.readers.times import NONE
from sim.tape.tables import DISCOVER, LEARN, Floats, Ints
from sim.tape.tape import Tape

OTHER_NAMES = {
    "citing": ("child", "citing_id", "citing_paper", "from", "fromnodeid", "from_id"),
    "cited": ("parent", "cited_id", "cited_paper", "to", "tonodeid", "to_id"),
    "date": ("time", "citing_date", "year", "published"),
    "cited_date": ("parent_time", "cited_time", "cited_year"),
}
LEFT = ("person", "parent_person", "idea", "kind")  # what `shoulders export` says besides
CITATIONS = Shape(
    {"citing": "name", "cited": "name", "date": "time", "cited_date": "time", "weight": "number", "value": "number"}
    | dict.fromkeys(LEFT, "left"),
    ("citing", "cited"),
    {other: name for name, others in OTHER_NAMES.items() for other in others},
    {"weight": (1e-100, 1.0), "value": (0.0, UNSAID)},
    {},
    bare=("citing", "cited", "date"),
)
DATES = Shape(
    {"paper": "name", "date": "time"},
    ("paper", "date"),
    dict.fromkeys(("id", "node", "nodeid", "node_id", "paper_id", "event"), "paper")
    | dict.fromkeys(("time", "year", "published"), "date"),
    {},
    {},
    bare=("paper", "date"),
)
Array = NDArray[Any]


class Works(NamedTuple):
    """Works by numbers, 0 for the empty name, and what builds on what; weight and value are empty where not given."""

    names: pa.Array
    date: Ints  # of each work, NONE where nobody says it
    child: Array
    parent: Array
    weight: Floats
    value: Floats


def read_citations(path: Path, dates: Path | None = None) -> Tape:
    """Read citations as a tape, as told at read_log."""
    table = read_table(path, CITATIONS)
    columns = [table.names.pop("citing"), table.names.pop("cited")]
    given = [name for name in ("date", "cited_date") if any(of == name for of, _, _ in table.clock.chunks)]
    beside = dates or (None if "date" in given else dates_beside(path))
    said = None
    if beside is not None:
        said = Columns(beside, DATES, clock=table.clock)  # one unit for both
        said = read_table(beside, DATES, said)
        columns.append(said.names.pop("paper"))
    elif "date" not in given:
        name = f"{path.stem}-dates{path.suffix}"
        raise TapeError(
            f"{path}:1: no column of dates; needed: date, or the dates of the papers in {shown(name)} beside"
        )
    names, [child, parent, *paper] = coded(columns)
    # The dates file has a column date, too: its chunks come after those of the table.
    ticks = table.clock.ticks("date")
    own, of_papers = ticks[: table.rows if "date" in given else 0], ticks[table.rows if "date" in given else 0 :]
    date = np.full(len(names), 2**62)
    repaired: Counter[str] = Counter()
    pairs = [(child, own)] * ("date" in given) + [(works, of_papers) for works in paper]
    pairs += [(parent, table.clock.ticks("cited_date"))] * ("cited_date" in given)
    for works, when in pairs:
        known = when != NONE
        np.minimum.at(date, works[known], when[known])
    repaired["another date of the same paper"] = sum(
        int(((when != NONE) & (works != 0) & (date[works] != when)).sum()) for works, when in pairs
    )
    date[date == 2**62] = NONE
    works_of = Works(names, date, child, parent, table.number("weight"), table.number("value"))
    facts = {"format": "citations", "time_unit": table.clock.unit, "rows": table.rows}
    return place_works(path, works_of, facts, repaired)


def dates_beside(path: Path) -> Path | None:
    """The file with the dates of the works, beside that of the citations: NAME-dates or NAME_dates."""
    found = [path.with_name(f"{path.stem}{joint}dates{path.suffix}") for joint in ("-", "_", ".")]
    return next((file for file in found if file.is_file()), None)


def place_works(path: Path, works: Works, facts: dict[str, Any], repaired: Counter[str]) -> Tape:
    """The tape of works: an event each, a discovery where nothing that is kept influenced it, else a learning."""
    names, date, child, parent, weight, value = works
    date[0] = NONE
    dropped: Counter[str] = Counter()
    keep = np.ones(len(child), np.bool_)
    alone = (parent == 0) & (child != 0) & (date[child] != NONE)  # says only that there is a work
    undated = (child != 0) & (date[child] == NONE)
    rows = (child != 0) & (parent != 0) & (child != parent) & ~undated & (date[parent] == NONE)
    first = np.full(len(names), 2**62)
    np.minimum.at(first, parent[rows], date[child[rows]])
    roots = np.flatnonzero(first < 2**62)
    date[roots] = first[roots] - 1  # one tick before whoever builds on it first
    repaired["root placed"] = len(roots)
    for reason, bad in (
        ("no target", child == 0),
        ("no time", undated),
        ("self-influence", child == parent),
        (LATE, ~alone & (date[parent] >= date[child])),
    ):
        found = keep & bad
        dropped[reason] = int(found.sum())
        keep &= ~found
    table = [column[keep] if len(column) else column for column in (child, parent, weight, value)]
    order = order_of(*(column for column in table if len(column)))
    table = [in_order(order, column) for column in table]
    again = np.ones(max(0, len(table[0]) - 1), np.bool_)
    for column in table:
        if len(column):
            again &= column[1:] == column[:-1]
    dropped["duplicate"] = int(again.sum())
    if dropped["duplicate"]:
        table = [column[np.append(True, ~again)] if len(column) else column for column in table]
    facts["kept"] = int(facts["rows"]) - dropped.total()
    return tape_of(_happened(date, *table), names, ["idea"], NO_TIME, path, dropped, repaired, facts)


def _happened(date: Ints, child: Array, parent: Array, weight: Floats, value: Floats) -> Happened:
    """Events of the dated works, with rows sorted by child and parent, and their weights scaled to sum to 1."""
    works = np.flatnonzero(date != NONE)
    row = np.full(len(date), -1)
    row[works] = np.arange(len(works))
    worth: Floats = np.zeros(len(date))
    given = np.zeros(len(date), np.bool_)
    if len(value):
        told = value != UNSAID
        worth = np.bincount(child[told], value[told], len(date)).astype(np.float64)
        given[child[told]] = True
    builds = parent != 0
    child, parent = child[builds].astype(np.int64), parent[builds].astype(np.int64)
    weight = weight[builds] if len(weight) else np.ones(len(child))
    if len(child):  # several weights of one pair add up
        new = np.append(True, (child[1:] != child[:-1]) | (parent[1:] != parent[:-1]))
        weight = np.bincount(np.cumsum(new) - 1, weight).astype(np.float64)
        child, parent = child[new], parent[new]
    learned = np.zeros(len(date), np.bool_)
    learned[child] = True
    weight = np.minimum(weight / np.bincount(child, weight, len(date))[child], 1.0)
    worth = np.where(given, worth, learned)[works]
    valued = np.flatnonzero(worth > 0.0)
    return Happened(
        date[works],
        np.where(learned[works], np.int8(LEARN), np.int8(DISCOVER)),
        works.astype(np.int32),
        np.zeros(len(works), np.int32),
        (row[child], row[parent], weight),
        (valued, np.full(len(valued), -1), worth[valued].astype(np.float64)),
    )
