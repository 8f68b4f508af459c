"""The record of a run: all that the loops read and write, passed by reference.

A key is idea * n + person; a timer is 4 * key + its purpose. A stack is an array of whole numbers: the number of
entries in use, then the entries. A column of persons or ties that is the same for all has one entry: `at` reads either
form. Nothing here checks its input; beginning.py does. Full columns are replaced by larger ones when written to.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from sim.machine.hints import fill_from
from sim.model.randomness import ABANDON, DISCOVER, IMPLEMENT, RESOLVE
from sim.scenario.references import SETTABLE
from sim.scenario.sections import Dynamics
from sim.tape.rows import Rows
from sim.tape.tables import Floats, Ints

Bytes = NDArray[np.uint8]
Steps = NDArray[np.int32]
Records = NDArray[np.void]

DISCOVERY, IMPLEMENTATION, ABANDONMENT, RESOLUTION = range(4)  # what timers are for
PURPOSES = np.array([DISCOVER, IMPLEMENT, ABANDON, RESOLVE])
EXPOSED, WATCHED = 4, 5  # sets of keys after those of the timers: who understood, who may reach the threshold
FAR = 2**31 - 1  # later than any step of a run
LAST = 2**31 - 2  # the last step that a run can have
HELD, GIVEN_UP, IMPLEMENTED, HESITATES, LISTED, SURE, TAKEN = 1, 2, 4, 8, 16, 32, 64  # the bits of a pair
ALL = 255

PAIR: Any = np.dtype(  # the state of a person towards an idea; in one place, since its fields are read together
    [
        ("event", np.int32),  # the event by which it was last adopted, if ever
        ("since", np.int32),  # when
        ("until", np.int32),  # the last step in which it is told
        ("bits", np.uint8),
    ],
    align=True,
)
DYNAMICS: Any = np.dtype([(name, np.float64) for name in Dynamics.model_fields])
IDEA: Any = np.dtype([(name, np.float64) for name in SETTABLE["ideas"]])
STATUS: Any = np.dtype(  # the state of an idea, apart from its numbers
    [(name, np.int64) for name in (
        "works", "worked",  # in this step and in the one before
        "released",  # when it first works
        "common",  # whether it is discovered at the common rate
        "prerequisites", "prerequisites_end", "dependents", "dependents_end", "rivals", "rivals_end",  # of `relations`
        "held", "given_up",  # by how many of the crowd
        "first", "last",  # the cohorts, -1 if there are none
    )]
)  # fmt: skip
INTERVENTION: Any = np.dtype(
    [(name, np.int64) for name in (
        "step", "kind", "person", "person_end", "idea", "idea_end", "each", "to", "to_end", "section", "field",
    )] + [("amount", np.float64)]
)  # fmt: skip
NEWS: Any = np.dtype(
    [("idea", np.int64), ("event", np.int64), ("chance", np.float64)]
)  # for the crowd: idea, the teller's holding, the chance to be addressed and understand
COHORT: Any = np.dtype([(name, np.int64) for name in ("event", "since", "count", "next")])
PIECE: Any = np.dtype(
    [(name, np.int64) for name in ("event", "idea", "begin", "end", "count")]
)  # part of a cohort that left
PART: Any = np.dtype([("event", np.int64), ("weight", np.float64)])  # of a mixture
NOTE: Any = np.dtype([("claim", np.int64), ("next", np.int64)])  # a claim to a key, in a linked list of all of them


def number(section: Any, field: str, value: Any) -> float:
    """Return a value of a scenario as the loops have it: for a word, its place among those that the field allows."""
    return _place(section, field, value) if isinstance(value, str) else float(value)


@cache
def _place(section: Any, field: str, word: str) -> float:
    return float(get_args(section.model_fields[field].annotation).index(word))


SIMPLE, THRESHOLD = (number(Dynamics, "adoption", word) for word in ("simple", "threshold"))
EVERY = number(Dynamics, "credited_tellers", "all")
TIES_ONLY = number(Dynamics, "audience", "ties")
SILENT, BOTH = (number(Dynamics, "stifling", word) for word in ("none", "both"))


class Abilities(NamedTuple):
    """The persons' abilities, each (n,), or (1,) where all are alike."""

    creativity: Floats
    reach: Floats
    skill: Floats
    clarity: Floats
    understanding: Floats
    threshold: Floats


class TieRows(NamedTuple):
    """Ties in compressed rows: whom each person can tell, or who can tell each person."""

    indptr: Ints
    target: Steps
    weight: Floats
    start: Ints
    end: Ints


@dataclass
class Run:
    """A run as the loops see it; between calls it is a `Record` of the same fields."""

    seed: int
    n: int  # persons
    size: int  # of the world
    steps: int
    crowd: int
    crowd_understanding: float
    # what it is made of
    abilities: Abilities
    keeps: Bytes  # (n,) or (1,), as abilities
    alive: Bytes
    ties: TieRows
    reverse: TieRows  # empty unless a threshold needs it
    dynamics: Records  # (1,); `dynamics_numbers` is the same memory
    dynamics_numbers: Floats
    ideas: Records  # (m,)
    ideas_numbers: NDArray[np.float64]  # (m, numbers)
    status: Records  # (m,)
    relations: Ints  # ideas that are prerequisites, dependents, rivals
    most_dependents: int
    interventions: Records
    # where it stands
    stage: int  # of the step, see step.py
    now: int
    skipped: int  # interventions without effect
    intervened: int  # interventions that have happened
    rows_now: int  # events when the step began
    rows_before: int  # events when the step before began
    rescan: int  # whether everybody looks around
    lasting: int  # whether a teller with nobody left to tell never has again
    timed: int  # whether ties come and go
    timers_used: int  # whether any timer was ever started
    dynamics_before: Records  # the parameters of the last step, as `dynamics` and `ideas`
    ideas_before: Records
    # of each key
    pairs: Records  # PAIR
    exposed: Ints  # 0, or 1 + the least claim of a teller, or 1 + the last of all notes
    closed: Ints  # one bit per key: whether it cannot be adopted
    due: Steps  # the step in which each timer is due, 0 if it does not run; (4 * keys,)
    heard_from: Ints  # the source from which someone who hesitates heard
    low: NDArray[np.int64]  # sets of keys: timers that are due, exposed, watched; (6, words)
    high: NDArray[np.int64]
    exposed_number: int
    due_numbers: Ints  # timers that are due now; (4,)
    # what it writes
    rows: Rows
    pending: Ints  # a stack of timers to be asked about in the next step
    tellers: Ints  # a stack of keys, -1 for none
    stifled: Ints  # a stack of keys
    keys: Ints  # a stack of the exposed who are yet to be noted
    claims: Ints  # a stack of the claims of their tellers
    learners: Ints  # room for keys in order
    calendar: Ints  # the first block of timers of each step, -1 if there is none; (steps + 1,)
    filled: Ints  # entries in it; (steps + 1,)
    slots: Ints  # the blocks
    blocks: int  # in use so far
    free_block: int  # the first block that is free again, -1 if there is none
    news: Records  # NEWS of this step
    news_number: int
    notes: Records  # NOTE, where every teller is credited
    notes_number: int
    mixtures: Ints  # where each begins among the parts
    mixtures_number: int
    parts: Records  # PART
    cohorts: Records  # COHORT
    cohorts_number: int
    pieces: Records  # PIECE
    pieces_number: int


def _named_tuple(name: str, kind: type[Any]) -> Any:
    return namedtuple(name, list(kind.__annotations__))  # its fields are listed once, in `kind`


Record = _named_tuple("Record", Run)


def at(column: Any, place: int) -> float:
    """Return the entry of a column that may hold one for all."""
    entry: float = column[place] if len(column) > 1 else column[0]
    return entry


def stack(room: int) -> Ints:
    """Return an empty stack."""
    made = np.empty(1 + room, np.int64)
    made[0] = 0
    return made


def filled(number: int, value: int) -> Ints:
    """Return a column of the same number everywhere; numpy's own takes seconds to compile."""
    made = np.empty(number, np.int64)
    made[:] = value
    return made


def push(to: Ints, item: int) -> None:
    """Add an item, for which there must be room."""
    to[0] += 1
    to[to[0]] = item


def larger(column: Any, room: int) -> Any:
    """Return a copy of a column, half as large again, or with `room` entries if that is more."""
    new = np.empty(max(room, len(column) * 3 // 2 + 16), column.dtype)
    fill_from(new, column, len(column))
    return new
