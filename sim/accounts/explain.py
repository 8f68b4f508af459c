"""The reasons for a person's credit: by role, by idea, by lineage, over time, and what would be lost without them.

An account that is a sum over the realised values (`linear` in METHODS) can also be computed from a subset of them.
The values are divided in three ways: by idea, by the path on which they reached the person, and by time. The parts
of each division sum to the credit exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.accounts.account import attribute
from sim.accounts.knockout import lost_without
from sim.accounts.methods import METHODS, method_named
from sim.accounts.table import ROLES
from sim.errors import did_you_mean
from sim.machine.loops import for_size
from sim.tape.tables import IMPLEMENT, USE, Ints, Realised
from sim.tape.tape import Tape

MAX_PARTS = 8  # ideas, lineages, and spans of time
MAX_NAMED = 5  # persons of a lineage, in words
NONE, OWN, REST = -1, -2, -3  # no row; made by the person; everything not shown
Line = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Part:
    """A part of a person's credit."""

    name: str  # of the idea or the span of time, or the lineage in words
    adoptions: int  # that realised the value
    credit: float  # in units of realised value
    share: float  # of the tape's total
    lineage: Line = ()  # (person, step) from the discoverer to the person, and the next person after them
    at: int = 0  # the number of the part in its division


@dataclass(frozen=True)
class Explanation:
    """The sources of a person's credit.

    Attributes:
        person, method: whose credit, by which account.
        total: the value that the tape realised.
        credit, share, rank: of the person; rank 1 is the largest share. `ranked` counts the persons with credit.
        roles: credit by idea, communication and implementation; empty if the account does not distinguish roles.
        ideas, lineages, times: the credit in parts, largest first (times: earliest first); each sums to the credit.
        lost: value that would be lost if the person were removed from the record and nobody stepped in.
    """

    person: str
    method: str
    total: float
    credit: float
    share: float
    rank: int
    ranked: int
    roles: dict[str, float]
    ideas: tuple[Part, ...]
    lineages: tuple[Part, ...]
    times: tuple[Part, ...]
    lost: float

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values."""
        parts = {name: [vars(part) for part in getattr(self, name)] for name in ("ideas", "lineages", "times")}
        return vars(self) | parts


def explain(tape: Tape, person: str, method: str = "role-flow", **settings: float | None) -> Explanation:
    """Return where a person's credit comes from.

    Args:
        tape: from a run or a real log; it is not changed.
        person: a name in the tape.
        method: an account that is a sum over the realised values: role-flow, shapley, owen, position, priority.
        settings: as in `credit`.

    Raises:
        ValueError: if there is no such person, or the account is not such a sum.

    P1 has the idea, P2 tells the world; half of the credit is P1's, for the idea, and all of it came by P2:

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> why = explain(tape, "P1")
    >>> why.share, why.lineages[0].name
    (0.5, 'P1 had idea in step 1 and told P2: 9,999,999,998 adoptions')
    """
    account = method_named(method)
    if not account.linear:
        linear = [name for name, other in METHODS.items() if other.linear]
        raise ValueError(f"method: {method!r} is no sum over realised values, which can be told apart; "
                         f"allowed: {', '.join(linear)}")  # fmt: skip
    names = tape.persons.names()
    if person not in names:
        raise ValueError(f"person: no {person!r} in {tape.provenance.get('scenario') or 'this record'}"
                         f"{did_you_mean(person, names)}")  # fmt: skip
    who = names.index(person)
    table = attribute(tape, method, settings)
    at = np.flatnonzero(table.row == who)

    def of_rows(rows: Ints) -> float:
        """Return the person's credit for a subset of the realised values."""
        values = (column[rows] for column in tape.realised.columns().values())
        some = attribute(replace(tape, realised=Realised(*values)), method, settings)
        return float(some.persons.credit[some.row == who].sum())

    def parts(group: Ints, describe: Callable[[int, int], tuple[str, Line]]) -> tuple[Part, ...]:
        """Return the person's credit for the groups of realised values with the largest value, and for all others."""
        if credit == 0.0:
            return ()
        value = np.bincount(group, tape.realised.value)
        largest = np.argsort(-value, kind="stable")[:MAX_PARTS]
        found = []
        for number in [*largest.tolist(), REST]:
            rows = np.flatnonzero(~np.isin(group, largest) if number == REST else group == number)
            gained = of_rows(rows) if len(rows) else 0.0
            if gained > 0.0:
                many = int(tape.events.count[np.unique(tape.realised.event[rows])].sum())
                name, line = ("all others", ()) if number == REST else describe(number, many)
                found.append(Part(name, many, gained, gained / table.total, line, number))
        return tuple(sorted(found, key=lambda part: (part.at == REST, -part.credit)))

    credit, share = (float(column[at].sum()) for column in (table.persons.credit, table.persons.share))
    roles = ROLES if account.roles and credit > 0.0 else ()
    return Explanation(
        person, method, table.total, credit, share,
        rank=int((table.persons.share > share).sum()) + 1,
        ranked=int((table.persons.credit > 0.0).sum()),
        roles={role: float(getattr(table.persons, role)[at].sum()) for role in roles},
        ideas=parts(tape.events.idea[tape.realised.event].astype(np.int64), lambda at, _: (tape.ideas[at], ())),
        lineages=parts(*_ways(tape, who)),
        times=tuple(sorted(parts(*_spans(tape)), key=lambda part: part.at)),
        lost=float(lost_without(tape)[who]),
    )  # fmt: skip


def _spans(tape: Tape) -> tuple[Ints, Callable[[int, int], tuple[str, Line]]]:
    """Return the span of time in which each realised holding began, and a function that puts a span into words."""
    length = tape.steps + 1 - tape.first
    # In whole numbers, since fractional ones have no room for nanoseconds since 1970.
    edges = np.unique([tape.first + length * k // MAX_PARTS for k in range(MAX_PARTS + 1)])
    span = np.searchsorted(edges, tape.events.step[tape.realised.event], side="right") - 1
    origin = int(tape.provenance.get("time_origin", 0))

    def describe(at: int, _: int) -> tuple[str, Line]:
        first, last = origin + int(edges[at]), origin + int(edges[at + 1]) - 1
        return f"{first:,}" if first == last else f"{first:,} to {last:,}", ()

    return span, describe


def _ways(tape: Tape, who: int) -> tuple[Ints, Callable[[int, int], tuple[str, Line]]]:
    """Return the path on which each realised value reached a person, and a function that puts a path into words.

    A path follows the influence of the largest weight. All whom the person told and who told nobody share one path.
    """
    events, realised = tape.events, tape.realised
    best, parent = tape.teller, tape.influences.parent
    near, hop = np.full(len(events), NONE), np.full(len(events), NONE)
    made = np.zeros(len(events) + 1, np.bool_)  # its last entry stands for no implementation
    for_size(_trace, len(events))(events.kind, events.person, tape.parents, parent, best, who, near, hop, made)
    of = realised.event
    passed_on = np.zeros(len(events), np.bool_)
    passed_on[hop[of][(hop[of] >= 0) & (hop[of] != of)]] = True
    hop = np.where((hop >= 0) & ~passed_on[hop], NONE, hop)
    onward = np.where(near[of] >= 0, hop[of], np.where(made[realised.implementation], OWN, NONE))
    ways, group = np.unique(np.stack((near[of], onward)), axis=1, return_inverse=True)

    def describe(at: int, many: int) -> tuple[str, Line]:
        row, onward = ways[:, at].tolist()
        line, idea = _line(tape, best, onward if onward >= 0 else row)
        return _in_words(tape, line, idea, onward, many), line

    return group.ravel(), describe


def _trace(
    kind: NDArray[np.int8], person: NDArray[np.int32], begin: Ints, parent: Ints, best: Ints, who: int, near: Ints,
    hop: Ints, made: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Fill in the person's nearest row above each row, the next row after it, and which implementations they made."""
    for row in range(len(person)):
        above = best[row]
        if person[row] == who:
            near[row] = row
        elif above >= 0:
            near[row] = near[above]
            hop[row] = row if person[above] == who else hop[above]
        made[row] = kind[row] == IMPLEMENT and person[row] == who
        if kind[row] == USE:
            for k in range(begin[row], begin[row + 1]):
                made[row] |= made[parent[k]]


def _line(tape: Tape, best: Ints, row: int) -> tuple[Line, str]:
    """Return the persons from the discoverer to a row, each with the time, and the idea that was discovered.

    Successive rows of one person are merged.
    """
    line: list[tuple[str, int]] = []
    idea = ""
    origin = int(tape.provenance.get("time_origin", 0))
    while row >= 0:
        entry = (tape.persons.name_of(int(tape.events.person[row])), origin + int(tape.events.step[row]))
        if line and line[-1][0] == entry[0]:
            line.pop()
        line.append(entry)
        idea = tape.ideas[tape.events.idea[row]]
        row = int(best[row])
    return tuple(reversed(line)), idea


def _in_words(tape: Tape, line: Line, idea: str, onward: int, many: int) -> str:
    """Return a path as a sentence: who had the idea, who told whom, and how many adoptions it led to."""
    led = f"{many:,} adoptions" if many != 1 else "one adoption"
    if not line:
        return f"made what works in {led}" if onward == OWN else f"had a part in {led} that came another way"
    names = [name for name, _ in line]
    if len(names) > MAX_NAMED:
        names = [*names[:2], f"{len(names) - 4:,} others in turn", *names[-2:]]
    told = ", who told ".join(names[1:])
    when = "in step" if tape.provenance.get("seed") is not None else "at"
    return f"{names[0]} had {idea} {when} {line[0][1]:,} and told {told or 'others'}: {led}"


def in_words(why: Explanation) -> Iterable[str]:
    """Yield the explanation as lines of text: a sentence on the whole, then a table for each division."""
    if why.credit == 0.0:
        yield f"{why.person} has no credit by {why.method}, of {why.total:,.6g} realised."
    else:
        yield (
            f"{why.person} has {why.share:.2%} of the credit by {why.method}: {why.credit:,.6g} of {why.total:,.6g}, "
            f"rank {why.rank:,} of {why.ranked:,}."
        )
    if why.roles:
        yield "By role: " + ", ".join(f"{role} {value / why.total:.2%}" for role, value in why.roles.items()) + "."
    heads = {"ideas": "By idea", "lineages": "How it came about", "times": "By when those who hold it began to"}
    for name, head in heads.items():
        parts: tuple[Part, ...] = getattr(why, name)
        if parts:
            yield f"{head}:"
            yield from (f"  {part.share:>8.2%}  {part.name}" for part in parts)
    part = f" ({why.lost / why.total:.2%})" if why.total > 0.0 else ""
    yield f"Without {why.person}, if nobody had stepped in, {why.lost:,.6g} would be lost{part}."
