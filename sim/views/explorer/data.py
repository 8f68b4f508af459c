"""The data of the explorer's page: a tape, its ties and its credit as one JSON object of packed columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.accounts.comparison import compare
from sim.model.networks import build
from sim.model.networks.expected import count_ties
from sim.scenario.groups import EVERYONE, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.tables import Ints
from sim.tape.tape import Tape
from sim.views.explorer.credit_then import accounts_of, reasons
from sim.views.explorer.rows import Drawn, drawn
from sim.views.figures.influence_lines import downstream, rows
from sim.views.figures.spread import holders
from sim.views.layout import chosen_idea, layout_of
from sim.views.pages.columns import packed
from sim.views.style import number
from sim.views.time_axis import Clock, clock

STEPS = 1500  # up to which every step is a moment of the slider
MOMENTS = 1000  # if there are more steps
TIES = 25_000  # that are drawn
TOO_MANY_TIES = 3_000_000  # in the world; with more the network has no visible shape
LONGEST = 200  # characters of a name
PLANE = 65_535


def explorer_data(tape: Tape, scenario: Scenario | None = None, effort: float = 1.0) -> dict[str, Any]:
    """Return everything that the page shows, as plain JSON values; columns are packed (see `packed`).

    Args:
        tape: from a run or a real log.
        scenario: of the run; its ties are rebuilt from it. Without one, the network is that of the influences, and the
            credit of a run is known only at the end.
        effort: factor on the usual work for the credit at earlier moments and for the reasons.
    """
    comparison = compare(tape)
    part, time = drawn(tape, comparison), clock(tape)
    moments, found = _moments(time), holders(tape)
    source, target, note = _ties(tape, scenario, part)
    thin = max(1, math.ceil(len(source) / TIES))
    left_out = [f"Left out: {name} ({why})" for name, why in comparison.left_out.items()]
    return {
        "title": _name(str(tape.provenance.get("scenario") or "") or "A run"),
        "description": scenario.scenario.description if scenario else "",
        "facts": _facts(tape),
        "notes": [*part.notes, *note, *[f"One in {thin} ties is drawn."] * (thin > 1), *left_out],
        "moments": [time.place(int(step)) for step in moments],
        "axis": time.label,
        "tied": bool(scenario is not None and not note and len(source)),
        "total": tape.persons.total,
        "sure": part.sure,
        "persons": _persons(tape, part, source, target),
        "ideas": [_name(tape.ideas[k]) for k in part.ideas.tolist()],
        "curves": [packed(np.maximum(found.at(idea, moments), 0)) for idea in part.ideas.tolist()],
        "events": _events(tape, part, moments),
        "ties": {"a": packed(source[::thin]), "b": packed(target[::thin])},
        "accounts": accounts_of(tape, scenario, comparison, part, moments, effort),
        "why": reasons(tape, comparison, part, effort),
    }


def _name(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _facts(tape: Tape) -> str:
    events, people, ideas = len(tape.events), tape.world_size, len(tape.ideas)
    told = f"{number(people)} {'people' if people != 1 else 'person'}, {number(ideas)} idea{'s' * (ideas != 1)}"
    return f"{told}, {number(events)} events, {number(tape.total)} of value realised"


def _moments(time: Clock) -> Ints:
    first, last = time.first, max(time.last, time.first)
    if last - first <= STEPS:
        return np.arange(first, last + 1)
    return np.unique(np.append(np.linspace(first, last, MOMENTS).astype(np.int64), last))


def _ties(tape: Tape, scenario: Scenario | None, part: Drawn) -> tuple[Ints, Ints, list[str]]:
    """Return the ties among the drawn persons, as places in `part.persons`, each pair once; and a note."""
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
    pairs = np.column_stack([source, target])
    if len(part.persons) < people.total:  # ties of a sample leave many alone; influences connect them
        at = np.searchsorted(part.persons, tape.events.person[part.events])
        pairs = np.append(pairs, _distinct(at[part.child], at[part.parent]), axis=0)
    number = np.full(people.total, -1, np.int64)
    number[part.persons] = np.arange(len(part.persons))
    places = (1.0 + layout_of(tape, pairs, number, chosen_idea(tape, None))) / 2.0
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


def _events(tape: Tape, part: Drawn, moments: Ints) -> dict[str, Any]:
    events, many = tape.events, len(part.events)
    strength, valued = downstream(tape)
    came = np.bincount(tape.influences.child, strength, len(events))[part.events]
    top = float(came.max(initial=0.0))
    each = np.bincount(part.child, minlength=many)
    # Strengths of those who are not drawn cannot be separated: the lines of one event share its total.
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
