"""The influence graph as arrays for its figures: the lines, their strengths, and the row of each person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.tape.tables import IMPLEMENT, LEARN, USE, Floats, Ints
from sim.tape.tape import Tape


@dataclass(frozen=True)
class Lines:
    """The influences to draw, the weakest first.

    Attributes:
        child, parent: rows of events.
        strength: the realised value that came this way, or the number of people if nothing was realised.
        of: the number of all influences (without the parts of `use` events).
        valued: whether strength is realised value.
    """

    child: Ints
    parent: Ints
    strength: Floats
    of: int
    valued: bool


def lines(tape: Tape, most: int = 20_000) -> Lines:
    """Return the `most` influences with most realised value downstream, by one backward sweep over the tape.

    A telling carries the value of the learner's holding, and of everything learned from it or discovered with it as
    a prerequisite. An implementation carries the value that it served, and passes none on to the tellers before it, as
    in role flow.
    """
    child, parent = tape.influences.child, tape.influences.parent
    strength, valued = downstream(tape)
    drawn = np.flatnonzero(tape.events.kind[child] != USE)
    order = drawn[np.argsort(strength[drawn], kind="stable")][-most:]
    return Lines(child[order], parent[order], strength[order], len(drawn), valued)


def downstream(tape: Tape) -> tuple[Floats, bool]:
    """Return the value that each influence carried, shape (influences,), and whether it is realised value."""
    kind, total = tape.events.kind, len(tape.events)
    realised = tape.realised
    valued = tape.total > 0.0
    if valued:
        served = realised.implementation >= 0
        flow = np.bincount(realised.event, realised.value, total)
        use = np.bincount(realised.implementation[served], realised.value[served], total)
    else:
        flow = np.where(kind <= LEARN, tape.events.count, 0).astype(np.float64)
        use = (kind == IMPLEMENT).astype(np.float64)
    holding, split, came = flow.tolist(), use.tolist(), [0.0] * len(tape.influences)
    kinds, columns = kind.tolist(), [column.tolist() for column in tape.influences.columns().values()]
    for row in range(len(came) - 1, -1, -1):
        child, parent, weight = columns[0][row], columns[1][row], columns[2][row]
        if kinds[child] <= LEARN:
            came[row] = weight * holding[child]
            holding[parent] += came[row]
        else:
            came[row] = weight * split[child]
            split[parent] += came[row]
    return np.array(came), valued


@dataclass(frozen=True)
class Rows:
    """The position of each person on the axis of persons.

    Attributes:
        row: 0 for the uppermost, or -1 for a person without any event; shape (persons,).
        place: on the axis, where rows may differ in height; nan for such a person; shape (persons,).
        count: the number of rows.
        height: of all rows together.
    """

    row: Ints
    place: Floats
    count: int
    height: float


def rows(tape: Tape, wide: Ints | None = None, room: float = 1.0) -> Rows:
    """Return the persons' rows, by first event; the rows of those in `wide` are as high as `room` others."""
    person = tape.events.person
    acting, where = np.unique(person[person >= 0], return_index=True)
    order = acting[np.argsort(np.flatnonzero(person >= 0)[where], kind="stable")]
    row, place = np.full(tape.persons.total, -1, np.int64), np.full(tape.persons.total, np.nan)
    height = np.ones(len(order))
    row[order] = np.arange(len(order))
    if wide is not None:
        height[row[wide]] = max(room, 1.0)
    place[order] = np.cumsum(height) - height / 2.0 - 0.5
    return Rows(row, place, len(order), float(height.sum()))
