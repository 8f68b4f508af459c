"""What the explorer's page is made from: a tape, its ties and its credit as one JSON object of packed columns."""

from __future__ import annotations

import base64
import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.accounts.account import credit
from sim.accounts.comparison import compare
from sim.accounts.methods import EVERY
from sim.accounts.table import ROLES, CreditTable
from sim.model.networks import build
from sim.model.networks.expected import count_ties
from sim.scenario.groups import EVERYONE, person_ranges
from sim.tape.tables import Floats, Ints, Realised
from sim.tape.tape import Tape
from sim.views.explorer.layout import layout
from sim.views.explorer.rows import Drawn, drawn
from sim.views.figures.influence_lines import downstream, rows
from sim.views.figures.spread import holders
from sim.views.style import number
from sim.views.time_axis import EPOCH, Clock, clock

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

STEPS = 1500  # up to which every step is a moment of the slider
MOMENTS = 1000  # beyond that
TIES = 25_000  # that are drawn
TOO_MANY_TIES = 3_000_000  # in the world; from there on the network has no shape to show
BY_IDEA = 8  # ideas up to which each has a credit of its own
LONGEST = 200  # letters of a name
PLANE = 65_535
SHORT = {"uint8": "u8", "uint16": "u16", "uint32": "u32", "float32": "f32", "float64": "f64"}


def explorer_data(tape: Tape, scenario: Scenario | None = None) -> dict[str, Any]:
    """Return everything that the page shows as plain JSON values, with packed columns (see `packed`).

    Args:
        tape: of a run, or of a real log.
        scenario: of the run; its ties are made anew from it. Without one, the network is that of the influences.
    """
    comparison = compare(tape)
    part, time = drawn(tape, comparison), clock(tape)
    moments = _moments(tape, time)
    source, target, note = _ties(tape, scenario, part)
    thin = max(1, math.ceil(len(source) / TIES))
    return {
        "title": _name(str(tape.provenance.get("scenario") or "") or "A run"),
        "description": scenario.scenario.description if scenario else "",
        "facts": _facts(tape),
        "notes": [
            *part.notes,
            *note,
            *[f"One in {thin} ties is drawn."] * (thin > 1),
            *(f"Left out: {name} ({why})" for name, why in comparison.left_out.items()),
        ],
        "moments": [_moment(time, int(step)) for step in moments],
        "axis": time.label,
        "tied": bool(scenario is not None and not note and len(source)),
        "total": tape.persons.total,
        "sure": part.sure,
        "persons": _persons(tape, part, source, target),
        "ideas": [_name(tape.ideas[k]) for k in part.ideas.tolist()],
        "curves": _curves(tape, part, moments),
        "events": _events(tape, part, moments),
        "ties": {"a": packed(source[::thin]), "b": packed(target[::thin])},
        "accounts": [_account(tape, table, part) for table in comparison.tables.values()],
    }


def packed(column: NDArray[Any]) -> dict[str, Any]:
    """Pack a column as base64 of little-endian numbers of the least type; a sparse one as places and values.

    >>> packed(np.array([0, 1, 300])), packed(np.zeros(9))
    ({'t': 'u16', 'd': 'AAABACwB'}, {'n': 9, 'i': {'t': 'u8', 'd': ''}, 'v': {'t': 'f32', 'd': ''}})
    """
    filled = np.flatnonzero(column)
    if len(column) > 8 and len(filled) * 3 < len(column):
        return {"n": len(column), "i": _whole(filled), "v": _whole(np.asarray(column)[filled])}
    return _whole(column)


def _whole(column: NDArray[Any]) -> dict[str, Any]:
    kind: Any = np.float32
    if column.dtype.kind in "iu":
        top = int(column.max(initial=0))
        kind = next((k for k in (np.uint8, np.uint16, np.uint32) if top <= np.iinfo(k).max), np.float64)
    small = np.ascontiguousarray(column, dtype=np.dtype(kind).newbyteorder("<"))
    return {"t": SHORT[np.dtype(kind).name], "d": base64.b64encode(small.tobytes()).decode("ascii")}


def _name(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _facts(tape: Tape) -> str:
    events, people, ideas = len(tape.events), tape.world_size, len(tape.ideas)
    told = f"{number(people)} {'people' if people != 1 else 'person'}, {number(ideas)} idea{'s' * (ideas != 1)}"
    return f"{told}, {number(events)} events, {number(tape.total)} of value realised"


def _moments(tape: Tape, time: Clock) -> Ints:
    first, last = time.first, max(time.last, time.first)
    if last - first <= STEPS:
        return np.arange(first, last + 1)
    return np.unique(np.append(np.linspace(first, last, MOMENTS).astype(np.int64), last))


def _moment(time: Clock, step: int) -> str:
    if time.dates:
        return f"{EPOCH + timedelta(seconds=(step - time.zero) * time.unit):%Y-%m-%d %H:%M}"
    place = (step - time.zero) / time.unit
    return f"{place:.0f}" if time.unit == 1.0 else number(place)


def _ties(tape: Tape, scenario: Scenario | None, part: Drawn) -> tuple[Ints, Ints, list[str]]:
    """Return the ties of the drawn persons as places in `part.persons`, each pair once, and a note."""
    place = np.full(tape.persons.total, -1, np.int64)
    place[part.persons] = np.arange(len(part.persons))
    note: list[str] = []
    pairs = np.zeros((0, 2), np.int64)
    if scenario is not None and tape.provenance.get("seed") is not None:
        n = len(person_ranges(scenario)[EVERYONE])
        if count_ties(scenario, n) <= TOO_MANY_TIES:
            found = build.ties(scenario, int(tape.provenance["seed"]), tape.persons, n)
            source = np.repeat(np.arange(n), np.diff(found.indptr))
            pairs = _distinct(place[source], place[np.asarray(found.target, np.int64)])
    if not len(pairs):
        person = tape.events.person[part.events]
        pairs = _distinct(place[person[part.child]], place[person[part.parent]])
        note = ["There are no ties to draw: who learned from whom stands in their place."] * (len(pairs) > 0)
    return pairs[:, 0], pairs[:, 1], note


def _distinct(one: Ints, other: Ints) -> Ints:
    both = np.column_stack([np.minimum(one, other), np.maximum(one, other)])
    return np.unique(both[(both[:, 0] >= 0) & (one != other)], axis=0)


def _persons(tape: Tape, part: Drawn, source: Ints, target: Ints) -> dict[str, Any]:
    people = tape.persons
    if (
        len(part.persons) < people.total
    ):  # a sample of ties leaves many alone; who learned from whom holds them together
        at = np.searchsorted(part.persons, tape.events.person[part.events])
        source, target = np.append(source, at[part.child]), np.append(target, at[part.parent])
    places = layout(source, target, len(part.persons))
    row = rows(tape).row[part.persons]
    seen = row >= 0
    order = np.zeros(len(row), np.int64)
    order[np.flatnonzero(seen)[np.argsort(row[seen], kind="stable")]] = np.arange(1, int(seen.sum()) + 1)
    return {
        "names": [_name(people.name_of(person)) for person in part.persons.tolist()],
        "x": packed(np.rint(places[:, 0] * PLANE).astype(np.int64)),
        "y": packed(np.rint(places[:, 1] * PLANE).astype(np.int64)),
        "row": packed(order),  # 0 where nothing happened
        "size": packed(people.size[people.group[part.persons]]),
    }


def _curves(tape: Tape, part: Drawn, moments: Ints) -> list[dict[str, Any]]:
    found = holders(tape)
    return [packed(np.maximum(found.at(idea, moments), 0)) for idea in part.ideas.tolist()]


def _events(tape: Tape, part: Drawn, moments: Ints) -> dict[str, Any]:
    events, many = tape.events, len(part.events)
    strength, valued = downstream(tape)
    came = np.bincount(tape.influences.child, strength, len(events))[part.events]
    top = float(came.max(initial=0.0))
    each = np.bincount(part.child, minlength=many)
    # The strengths of undrawn parents are not known one by one: the lines of one event share its own.
    return {
        "moment": packed(np.searchsorted(moments, events.step[part.events])),
        "kind": packed(events.kind[part.events].astype(np.int64)),
        "person": packed(np.searchsorted(part.persons, events.person[part.events])),
        "idea": packed(np.searchsorted(part.ideas, events.idea[part.events])),
        "more": packed(events.count[part.events] - 1),
        "parents": packed(each),
        "parent": packed(part.parent),
        "strength": packed(np.rint(np.sqrt(came / top if top > 0.0 else came) * 255).astype(np.int64)),
        "valued": valued,
    }


def _account(tape: Tape, table: CreditTable, part: Drawn) -> dict[str, Any]:
    method = EVERY[table.method]
    found: dict[str, Any] = {
        "name": table.method,
        "asks": method.asks,
        "all": _shares(table, part, table.total),
        "ideas": [],
    }
    if method.linear and 1 < len(part.ideas) <= BY_IDEA:
        of = tape.events.idea[tape.realised.event]
        for idea in part.ideas.tolist():
            only = of == idea
            columns = (column[only] for column in tape.realised.columns().values())
            own = credit(replace(tape, realised=Realised(*columns)), table.method)
            found["ideas"].append(_shares(own, part, table.total))
    return found


def _shares(table: CreditTable, part: Drawn, total: float) -> dict[str, Any]:
    """Return the credit of the drawn persons as a part of the total, by role where the account knows roles."""
    columns = {"credit": table.persons.credit}
    if table.persons.pagerank is None and not np.isnan(table.persons.idea).any():
        columns |= {role: getattr(table.persons, role) for role in ROLES}
    return {name: packed(_of_drawn(table, part, column) / (total or 1.0)) for name, column in columns.items()}


def _of_drawn(table: CreditTable, part: Drawn, column: Floats) -> Floats:
    whole = np.zeros(table.groups.total)
    whole[table.row] = np.nan_to_num(column)
    return whole[part.persons]
