"""Tables of who told whom, and when: the format edges of a log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.logs import placing
from sim.logs.assemble import FIRST, HELD, LATE, NO_TIME, Happened, tape_of, without
from sim.logs.log import Log, called_idea
from sim.logs.placing import NEVER, UNSAID, Held, Placed, Sorted, place
from sim.machine.loops import for_size
from sim.readers.columns import Columns, Shape
from sim.readers.names import as_dictionary
from sim.readers.sorting import once
from sim.readers.times import NONE
from sim.readers.words import Fail, shown
from sim.tape.tables import DISCOVER, IMPLEMENT, KINDS, LEARN, USE, Ints
from sim.tape.tape import Tape

ANYONE = -1  # a source that the row does not give
UNKNOWN = -1  # a kind that the row does not give
REASONS = (HELD, LATE, "does not hold the idea", "no earlier implementation by the source", "told by an orphan")
NOT_THERE = "builds on an idea that is not there before"
SEVERAL = re.compile(r"\s*[;|]\s*")  # separates the ideas that one builds on
Array = NDArray[Any]


def _check_own_events(chunk: Mapping[str, Any], fail: Fail) -> None:
    """Refuse an implementation whose source is not the target."""
    rows = np.flatnonzero(chunk["kind"] == IMPLEMENT) if "kind" in chunk else np.zeros(0, np.int64)
    if not len(rows):
        return
    names = (as_dictionary(chunk[name]) for name in ("source", "target"))
    source, target = (column.take(pa.array(rows)).dictionary_decode() for column in names)
    wrong = np.flatnonzero(pc.and_(pc.not_equal(source, ""), pc.not_equal(source, target)))
    if len(wrong):
        told_by = shown(source[int(wrong[0])].as_py())
        what = f"{KINDS[IMPLEMENT]!r} is the target's own event, but the source is {told_by}"
        raise fail(int(rows[wrong[0]]), f"{what}; allowed: nothing, or the target")


EDGES = Shape(
    {"time": "time", "source": "name", "target": "name", "idea": "idea", "kind": "word"}
    | {"weight": "number", "value": "number", "builds_on": "idea"},
    ("time", "source", "target"),
    {"weight": (1e-100, 1.0), "value": (0.0, UNSAID)},
    {"": UNKNOWN, "learn": LEARN, "discover": DISCOVER, "implement": IMPLEMENT, "use": USE, "realise": USE},
    ("source", "target", "time"),
    ("source", "target"),
    _check_own_events,
)


def recognises(log: Log) -> bool:
    """Return whether this is a table with the columns of edges."""
    return EDGES.fits(log.names) > 0


def read(log: Log) -> Tape:
    """Read a table of edges as a tape, as described at read_log."""
    return place_edges(log, log.columns(EDGES), "edges")


def place_edges(log: Log, columns: Columns, format: str) -> Tape:
    """Return the tape of the columns of EDGES, which are consumed."""
    dropped: Counter[str] = Counter()
    persons, [source, target] = columns.coded("source", "target", aliases=log.options.aliases)
    ideas, [idea, builds_on] = columns.coded("idea", "builds_on")
    ideas = called_idea(ideas, idea)
    time = log.late(columns.clock, columns.clock.ticks("time"))
    facts = columns.facts(format, "source told target", time)
    built = _builds(columns, time, source, target, idea, builds_on)
    table = _kept(columns, time, source, target, idea, dropped)
    del source, target, idea, time
    sorted_rows, holder_person, holder_idea = _in_order_of_time(table, len(persons), dropped)
    placed, held = _place(sorted_rows, len(holder_person), log.options.orphans == "root")
    del table, sorted_rows
    dropped.update(dict(zip(REASONS, placed.counts.tolist(), strict=False)))
    roots, earlier = placed.counts[placing.ROOTS :].tolist()
    mended = Counter({"root placed": roots, "told before they adopt, so a root": earlier})
    happened, last = _happened(placed, holder_person, holder_idea)
    if len(built.time):
        happened, missing = _with_prerequisites(happened, held.holding, holder_person, holder_idea, built, ideas)
        mended[NOT_THERE] = missing
    del placed
    return tape_of(log, happened, persons, ideas, dropped, mended, facts, last)


class _Built(NamedTuple):
    """The rows that say what a discovery builds on: ideas by number of their text (-1: whatever the source held)."""

    time: Ints
    person: Array
    idea: Array
    source: Array
    builds_on: Array


def _builds(columns: Columns, time: Ints, source: Array, target: Array, idea: Array, builds_on: Array) -> _Built:
    """Return discoveries with a source, or with builds_on; where that is a column, it alone decides."""
    said = columns.words.get("kind", [])
    kind = np.concatenate(said) if said else np.full(len(time), UNKNOWN, np.int8)
    discovers = (kind == DISCOVER) | ((kind == UNKNOWN) & (source == 0))
    which = builds_on != 0 if len(builds_on) else (kind == DISCOVER) & (source != 0)
    rows = np.flatnonzero(discovers & which & (time != NONE) & (target != 0))
    nothing = np.zeros(len(rows), np.int32)
    return _Built(time[rows], target[rows], idea[rows] if len(idea) else nothing, source[rows],
                  builds_on[rows] if len(builds_on) else nothing - 1)  # fmt: skip


def _with_prerequisites(
    happened: Happened, holding: Array, holder_person: Array, holder_idea: Array, built: _Built, ideas: pa.Array
) -> tuple[Happened, int]:
    """Make discoveries build on earlier holdings of ideas, or on their first discoveries; count ideas not there."""
    row_of = {
        (int(person), int(idea)): int(row)
        for person, idea, row in zip(holder_person.tolist(), holder_idea.tolist(), holding.tolist(), strict=True)
        if row >= 0
    }
    held: dict[int, list[tuple[int, int]]] = {}
    for (person, idea), row in row_of.items():
        held.setdefault(person, []).append((idea, row))
    first: dict[int, int] = {}
    for row in np.lexsort((happened.person, happened.step))[::-1].tolist():
        if happened.kind[row] == DISCOVER:
            first[int(happened.idea[row])] = row
    names = ideas.to_pylist()
    number = {name: code for code, name in reversed([*enumerate(names)])}  # the first: the nameless one is "idea"
    child, parent, weight, missing = [], [], [], 0
    for event, told in _asked(happened, row_of, built, names).items():
        person, idea, parents = int(happened.person[event]), int(happened.idea[event]), dict[int, None]()
        for one in told:
            if isinstance(one, int):
                found = [row for other, row in held.get(one, []) if other != idea]
                parents |= dict.fromkeys(row for row in found if happened.step[row] < happened.step[event])
            elif (other := number.get(one, -1)) != idea:
                found = [row for row in (row_of.get((person, other), -1), first.get(other, -1)) if row >= 0]
                before = [row for row in found if happened.step[row] < happened.step[event]][:1]
                parents |= dict.fromkeys(before)
                missing += not before
        child += [event] * len(parents)
        parent += sorted(parents)
        weight += [1.0 / max(1, len(parents))] * len(parents)
    old = happened.influences
    added = (np.array(child, np.int64), np.array(parent, np.int64), np.array(weight))
    both: Any = tuple(np.concatenate(pair) for pair in zip(old, added, strict=True))
    return happened._replace(influences=both), missing


def _asked(
    happened: Happened, row_of: Mapping[tuple[int, int], int], built: _Built, names: list[str]
) -> dict[int, dict[str | int, None]]:
    """Return what each discovery builds on by all rows that place it: names of ideas, or persons with holdings."""
    asked: dict[int, dict[str | int, None]] = {}
    for time, person, idea, source, named in zip(*(column.tolist() for column in built), strict=True):
        event = row_of.get((person, idea), -1)
        if event >= 0 and happened.kind[event] == DISCOVER and happened.step[event] == time:
            wanted = [source] if named < 0 else [name for name in SEVERAL.split(names[named]) if name]
            asked.setdefault(event, {}).update(dict.fromkeys(wanted))
    return asked


def _kept(
    columns: Columns, time: Ints, source: Array, target: Array, idea: Array, dropped: Counter[str]
) -> list[Array]:
    """Return time, kind, target, source, idea, weight, value of the rows that make sense whatever the others say."""
    kind, weight, value = columns.word("kind"), columns.number("weight"), columns.number("value")
    kind = kind if len(kind) else np.full(len(time), UNKNOWN, np.int8)
    unknown = kind == UNKNOWN
    kind[unknown] = np.where(source[unknown] == 0, np.int8(DISCOVER), np.int8(LEARN))
    told = kind == LEARN
    reasons = {
        NO_TIME: lambda: time == NONE,
        "no target": lambda: target == 0,
        "no source": lambda: told & (source == 0),
        "self-influence": lambda: told & (source == target),
    }
    keep = without(len(kind), reasons, dropped)
    table: list[Array] = [time, kind, target, source, idea, weight, value]
    return table if keep.all() else [column[keep] if len(column) else column for column in table]


def _in_order_of_time(table: list[Array], persons: int, dropped: Counter[str]) -> tuple[Sorted, Array, Array]:
    """Return the rows with holders for persons, sorted and each once, and the person and idea of each holder."""
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
    dropped["duplicate"] = once(columns)
    return Sorted(*columns), holder_person, holder_idea


def _holders(target: Array, source: Array, idea: Array) -> tuple[Array, Array, Array, Array]:
    """Return targets and sources as numbers of persons with ideas, and the person and the idea of each number."""
    import pandas as pd

    rows = len(target)
    both = np.empty(2 * rows, np.int64)
    for at, person in ((0, target), (rows, source)):
        both[at : at + rows] = idea
        both[at : at + rows] <<= 32
        both[at : at + rows] |= np.maximum(person, 0)
    # Sorted, so that rows of one event have the same order, whatever the order of the log.
    codes, pairs = pd.factorize(both)
    del both
    rank = np.empty(len(pairs), np.int32)
    order = np.argsort(pairs)
    rank[order] = np.arange(len(pairs))
    pairs = pairs[order]
    holders = rank[codes]
    person, of = (pairs & (2**32 - 1)).astype(np.int32), (pairs >> 32).astype(np.int32)
    return holders[:rows], np.where(source == ANYONE, np.int32(ANYONE), holders[rows:]), person, of


def _place(rows: Sorted, holders: int, orphans: bool) -> tuple[Placed, Held]:
    count = len(rows.time)
    most, influenced = count + holders, int(((rows.kind == LEARN) | (rows.kind == IMPLEMENT)).sum())
    out = Placed(
        np.empty(most, np.int64), np.empty(most, np.int8), np.empty(most, np.int32),
        np.empty(influenced, np.int64), np.empty(influenced, np.int64), np.empty(influenced),
        np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count),
        np.zeros(3, np.int64), np.zeros(7, np.int64), np.full(1, FIRST), np.empty(holders, np.int64),
    )  # fmt: skip
    held = Held(*(np.full(holders, nothing) for nothing in (-1, NEVER, NEVER, NONE, -1, -1)))
    for_size(place, len(rows.time))(rows, held, out, orphans)
    return out, held


def _happened(placed: Placed, holder_person: Array, holder_idea: Array) -> tuple[Happened, int]:
    """Return a copy of the parts of the columns in use, so that the rest can be freed."""
    events, influences, realised = placed.used.tolist()
    holder = placed.holder[:events]
    happened = Happened(
        placed.step[:events], placed.kind[:events], holder_person[holder], holder_idea[holder],
        (placed.child[:influences], placed.parent[:influences], placed.weight[:influences]),
        (placed.event[:realised], placed.implementation[:realised], placed.value[:realised]),
        made_up=placed.roots[: placed.counts[placing.ROOTS]],
    )  # fmt: skip
    return happened, int(placed.last[0])
