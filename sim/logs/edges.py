"""Tables of who took what up from whom, and when: the format edges of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.logs import placing
from sim.logs.assemble import HELD, LATE, NO_TIME, Happened, tape_of
from sim.logs.placing import UNSAID, Held, Placed, Sorted, place
from sim.machine.loops import for_size
from sim.readers.columns import Columns, Shape, as_dictionary
from sim.readers.read import read_table
from sim.readers.sorting import in_order, order_of
from sim.readers.text import Fail, shown
from sim.readers.times import NONE
from sim.tape.tables import DISCOVER, IMPLEMENT, KINDS, LEARN, USE
from sim.tape.tape import Tape

ANYONE = -1  # a source that the row does not give
UNKNOWN = -1  # a kind that the row does not give
REASONS = (HELD, LATE, "does not hold the idea", "no earlier implementation by the source")
Array = NDArray[Any]


def _check_own_deeds(chunk: Mapping[str, Any], fail: Fail) -> None:
    """Refuse a discovery or an implementation that has another source than the target."""
    if "kind" not in chunk:
        return
    rows = np.flatnonzero((chunk["kind"] == DISCOVER) | (chunk["kind"] == IMPLEMENT))
    if not len(rows):
        return
    source, target = (
        as_dictionary(chunk[name]).take(pa.array(rows)).dictionary_decode() for name in ("source", "target")
    )
    wrong = np.flatnonzero(pc.and_(pc.not_equal(source, ""), pc.not_equal(source, target)))
    if len(wrong):
        row = int(rows[wrong[0]])
        word, by = KINDS[chunk["kind"][row]], source[int(wrong[0])].as_py()
        raise fail(
            row, f"{word!r} is the target's own deed, but the source is {shown(by)}; allowed: nothing, or the target"
        )


EDGES = Shape(
    {"time": "time", "source": "name", "target": "name", "idea": "idea", "kind": "word"}
    | {"weight": "number", "value": "number"},
    ("time", "source", "target"),
    {},
    {"weight": (1e-100, 1.0), "value": (0.0, UNSAID)},
    {"": UNKNOWN, "learn": LEARN, "discover": DISCOVER, "implement": IMPLEMENT, "use": USE, "realise": USE},
    check=_check_own_deeds,
)


def read_edges(path: Path) -> Tape:
    """Read a table of edges as a tape, as told at read_log."""
    return place_edges(path, read_table(path, EDGES), "edges")


def place_edges(path: Path, columns: Columns, format: str) -> Tape:
    """The tape of the columns of EDGES, which are used up."""
    dropped: Counter[str] = Counter()
    rows, unit = columns.rows, columns.clock.unit
    persons, [source, target] = columns.coded("source", "target")
    ideas, [idea] = columns.coded("idea")
    ideas = pa.concat_arrays([pa.array(["idea"], pa.large_string()), ideas[1:]])
    if (same := pc.index(ideas[1:], pa.scalar("idea", pa.large_string())).as_py()) >= 0:
        idea[idea == same + 1] = 0
    table = _kept(columns, source, target, idea, dropped)
    del source, target, idea
    sorted_rows, holder_person, holder_idea = _in_order_of_time(table, len(persons), dropped)
    placed = _place(sorted_rows, len(holder_person))
    del table, sorted_rows
    dropped.update(dict(zip(REASONS, placed.counts.tolist(), strict=False)))
    repaired = Counter({"root placed": int(placed.counts[placing.ROOTS])})
    happened, last = _happened(placed, holder_person, holder_idea)
    del placed
    kept = rows - dropped.total()
    facts = {"format": format, "time_unit": unit, "rows": rows, "kept": kept}
    return tape_of(happened, persons, ideas, last, path, dropped, repaired, facts)


def _kept(columns: Columns, source: Array, target: Array, idea: Array, dropped: Counter[str]) -> list[Array]:
    """Time, kind, target, source, idea, weight, value of the rows that say something whatever the others say."""
    time, kind = columns.clock.ticks("time"), columns.word("kind")
    weight, value = columns.number("weight"), columns.number("value")
    kind = kind if len(kind) else np.full(len(time), UNKNOWN, np.int8)
    unknown = kind == UNKNOWN
    kind[unknown] = np.where(source[unknown] == 0, np.int8(DISCOVER), np.int8(LEARN))
    keep, told = np.ones(len(kind), np.bool_), kind == LEARN
    reasons: dict[str, Callable[[], Array]] = {
        "no time": lambda: time == NONE,
        "no target": lambda: target == 0,
        "no source": lambda: told & (source == 0),
        "self-influence": lambda: told & (source == target),
    }
    for reason, bad in reasons.items():
        found = keep & bad()
        dropped[reason] = int(found.sum())
        keep &= ~found
    table: list[Array] = [time, kind, target, source, idea, weight, value]
    return table if keep.all() else [column[keep] if len(column) else column for column in table]


def _in_order_of_time(table: list[Array], persons: int, dropped: Counter[str]) -> tuple[Sorted, Array, Array]:
    """The rows with holders for persons, sorted and each once; and the person and the idea of each holder."""
    time, kind, target, source, idea, weight, value = table
    table.clear()
    own = (kind == DISCOVER) | (kind == IMPLEMENT) | (source == 0)
    source = np.where(own, np.int32(ANYONE), source)
    if len(idea):
        target, source, holder_person, holder_idea = _holders(target, source, idea)
    else:
        holder_person, holder_idea = np.arange(persons, dtype=np.int32), np.zeros(persons, np.int32)
    del own, idea
    columns = [time, kind, target, source, weight, value]
    del time, kind, target, source, weight, value
    order = order_of(*(column for column in columns if len(column)))
    for i, column in enumerate(columns):
        columns[i] = in_order(order, column)
    del order
    again = np.ones(max(0, len(columns[0]) - 1), np.bool_)
    for column in columns:
        if len(column):
            again &= column[1:] == column[:-1]
    dropped["duplicate"] = int(again.sum())
    if dropped["duplicate"]:
        once = np.append(True, ~again)
        for i, column in enumerate(columns):
            columns[i] = column[once] if len(column) else column
    return Sorted(*columns), holder_person, holder_idea


def _holders(target: Array, source: Array, idea: Array) -> tuple[Array, Array, Array, Array]:
    """Targets and sources as numbers of persons with ideas, and the person and the idea of each number."""
    import pandas as pd

    rows = len(target)
    both = np.empty(2 * rows, np.int64)
    for at, person in ((0, target), (rows, source)):
        both[at : at + rows] = idea
        both[at : at + rows] <<= 32
        both[at : at + rows] |= np.maximum(person, 0)
    # Sorted, so that rows of one deed stand in the same order whatever the order of the log.
    codes, pairs = pd.factorize(both)
    del both
    rank = np.empty(len(pairs), np.int32)
    order = np.argsort(pairs)
    rank[order] = np.arange(len(pairs))
    pairs = pairs[order]
    holders = rank[codes]
    person, of = (pairs & (2**32 - 1)).astype(np.int32), (pairs >> 32).astype(np.int32)
    return holders[:rows], np.where(source == ANYONE, np.int32(ANYONE), holders[rows:]), person, of


def _place(rows: Sorted, holders: int) -> Placed:
    count = len(rows.time)
    most, influenced = count + holders, int(((rows.kind == LEARN) | (rows.kind == IMPLEMENT)).sum())
    out = Placed(
        np.empty(most, np.int64), np.empty(most, np.int8), np.empty(most, np.int32),
        np.empty(influenced, np.int64), np.empty(influenced, np.int64), np.empty(influenced),
        np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count),
        np.zeros(3, np.int64), np.zeros(5, np.int64), np.full(1, NO_TIME),
    )  # fmt: skip
    held = Held(*(np.full(holders, nothing) for nothing in (-1, NONE, -1, -1)))
    for_size(place, len(rows.time))(rows, held, out)
    return out


def _happened(placed: Placed, holder_person: Array, holder_idea: Array) -> tuple[Happened, int]:
    """What was used of the columns, copied, so that the rest of them can be given up."""
    events, influences, realised = placed.used.tolist()
    holder = placed.holder[:events]
    happened = Happened(
        placed.step[:events],
        placed.kind[:events],
        holder_person[holder],
        holder_idea[holder],
        (placed.child[:influences], placed.parent[:influences], placed.weight[:influences]),
        (placed.event[:realised], placed.implementation[:realised], placed.value[:realised]),
    )
    return happened, int(placed.last[0])
