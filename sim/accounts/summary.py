"""A credit table that fits on a page: the rows that both the table in the terminal and the bar chart show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.accounts.games.realised import credit_of_ideas
from sim.accounts.methods import EVERY, METHODS, settings_of
from sim.accounts.role_flow import role_flow_of_events
from sim.accounts.table import ROLES, CreditTable, sum_by
from sim.errors import require
from sim.tape.tables import Floats, Ints, Persons
from sim.tape.tape import Tape

PARTS = ("group", "role", "idea")


@dataclass(frozen=True)
class Row:
    """One row: a person, a group of equal members, or the rest."""

    name: str  # of the person or group; for the rest, the group that all of it belongs to, or empty
    people: int  # how many persons it stands for
    share: float  # of the total
    parts: tuple[float, float, float, float]  # credit by idea, communication, implementation, and without a role
    pagerank: float  # as in the table; 0 if the method has none
    kind: str  # "person", "group" or "rest"
    at: int = -1  # the row of the table, for a person; else -1

    @property
    def credit(self) -> float:
        """The sum of the parts."""
        return sum(self.parts)


def summary(table: CreditTable, most: int = 25, named: int = 8) -> list[Row]:
    """Return the rows that matter, largest first, and the rest as the last; their parts sum to the table's credit.

    A group whose members all have the same credit is one row; members of other groups compete individually. Of the
    `most` rows, not counting the rest, up to `named` go to the persons with a name of their own who have most credit,
    so that a genius whom thousands outweigh is seen beside them.
    """
    if not len(table.persons):
        return []
    parts, share = _parts(table), np.nan_to_num(table.persons.share)
    rank = np.zeros(len(share)) if table.persons.pagerank is None else table.persons.pagerank
    begin, whole = _units(table.group, parts.sum(axis=1, keepdims=True))
    people = np.diff(begin, append=len(share))
    sums, shares, ranks = (np.add.reduceat(column, begin, axis=0) for column in (parts, share, rank))
    group = table.group[begin]
    shown = _choose(sums.sum(axis=1), table.groups.members[group] == 1, most, named)
    rows = []
    for units, name, kind in _named(shown, begin, whole, group, table.persons.person, table.groups):
        idea, told, built, other = sums[units].sum(axis=0).tolist()
        count, part, centrality = (column[units].sum().item() for column in (people, shares, ranks))
        at = int(begin[units[0]]) if kind == "person" else -1
        rows.append(Row(name, count, part, (idea, told, built, other), centrality, kind, at))
    return rows


@dataclass(frozen=True)
class Side:
    """One row of a table of shares with several columns; name, people, kind as in Row."""

    name: str
    people: int
    kind: str
    shares: tuple[float, ...]


def sides(
    people: tuple[Sequence[str], Ints, Persons],
    share: Floats,
    first: int | None,
    most: int,
    named: int,
    each: int = 0,
    once: int = 0,
) -> list[Side]:
    """Return the rows that matter of a table of shares of the total, and the rest as the last.

    `people` are names, groups in ascending order, and the table of groups; `share` has the shape (persons, columns).
    Members of a group who are equal in every column are one row. `most` rows are shown, not counting the rest: the
    first `each` of every column; the first `named` who have a name of their own; the first `once` of the leaders of a
    column, by their largest share; and then the largest by the column `first` (by the mean of all columns if None).
    Rows of the first three kinds are shown even if they alone are more than `most`.
    """
    names, of, groups = people
    if not len(names):
        return []
    share = np.ascontiguousarray(share)
    begin, whole = _units(of, share)
    many, sums = np.diff(begin, append=len(share)), np.add.reduceat(share, begin, axis=0)
    group = of[begin]
    best = [np.argsort(-column, kind="stable")[:each] for column in sums.T]
    wanted = np.unique(np.concatenate([some[sums[some, k] > 0.0] for k, some in enumerate(best)]))
    weight = sums.mean(axis=1) if first is None else sums[:, first]
    if once and len(sums):
        leaders = np.unique(np.argmax(sums, axis=0)[sums.max(axis=0) > 0.0])
        wanted = np.union1d(wanted, leaders[np.argsort(-sums[leaders].max(axis=1), kind="stable")][:once])
    shown = _choose(weight, groups.members[group] == 1, most, named, wanted)
    return [
        Side(name, int(many[units].sum()), kind, tuple(sums[units].sum(axis=0).tolist()))
        for units, name, kind in _named(shown, begin, whole, group, names, groups)
    ]


def credit_by(tape: Tape, table: CreditTable, by: str, **settings: float | None) -> list[dict[str, Any]]:
    """Return the credit by "group", "role" or "idea", largest first: dicts of `by`, credit, share.

    A group has its number of members as `count`. A discovery with prerequisites shares its earnings with their ideas,
    as its discoverer does with their makers; by priority it does not. `settings` are those of the table.

    Raises:
        ValueError: if the account does not distinguish roles (ideas), or `by` is unknown.
    """
    require("by", by, PARTS)
    if by == "group" and (groups := tape.provenance.get("groups")):
        return _by_named_group(table, groups)
    if by == "group":
        return [{by: row["person"]} | {k: row[k] for k in ("count", "credit", "share")} for row in table.by_group()]
    account = EVERY[table.method]
    if by == "role":
        if not account.roles:
            raise ValueError(f"{table.method} knows no roles; {_those('roles')} do")
        found = [(role, float(np.sum(getattr(table.persons, role)))) for role in ROLES]
    elif not account.linear:
        raise ValueError(f"{table.method} does not divide each value by itself; {_those('linear')} credit ideas")
    else:
        found = list(zip(tape.ideas, _by_idea(tape, table, settings).tolist(), strict=True))
    return _sorted(table, [{by: name, "credit": credit} for name, credit in found])


def _by_named_group(table: CreditTable, groups: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the credit of the groups that a log names; a person in none of them is a group of one."""
    count, credit = Counter[str](), defaultdict[str, float](float)
    for name, part in zip(table.persons.person, table.persons.credit.tolist(), strict=True):
        count[groups.get(name, name)] += 1
        credit[groups.get(name, name)] += part
    return _sorted(table, [{"group": name, "count": count[name], "credit": part} for name, part in credit.items()])


def _sorted(table: CreditTable, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with their shares, the largest credit first."""
    rows = [row | {"share": row["credit"] / table.total if table.total > 0.0 else 0.0} for row in rows]
    return sorted(rows, key=lambda row: -row["credit"])


def _those(what: str) -> str:
    *names, last = (name for name, method in METHODS.items() if getattr(method, what))
    return f"{', '.join(names)} and {last}"


def _by_idea(tape: Tape, table: CreditTable, settings: dict[str, float | None]) -> Floats:
    if table.method in ("shapley", "owen", "position"):
        return credit_of_ideas(tape, table.method)
    if table.method == "priority":  # prerequisites play no part: an idea has all that its holdings realised
        return sum_by(tape.events.idea[tape.realised.event], tape.realised.value, len(tape.ideas))
    if table.method == "role-flow":
        idea, communication, implementation = role_flow_of_events(tape, settings_of(tape, settings).inheritance)
        return sum_by(tape.events.idea, idea + communication + implementation, len(tape.ideas))
    raise ValueError(f"{table.method} has no credit by idea")


def _parts(table: CreditTable) -> Floats:
    """Return the credit by role and, in the last column, without a role; shape (persons, 4)."""
    credit = table.persons.credit
    columns = np.column_stack([np.nan_to_num(getattr(table.persons, role)) for role in ROLES])
    unexplained = credit - columns.sum(axis=1)
    unexplained[np.abs(unexplained) <= 1e-9 * np.abs(credit)] = 0.0
    return np.column_stack([columns, unexplained])


def _units(group: Ints, credit: Floats) -> tuple[Ints, NDArray[np.bool_]]:
    """Return where rows begin, merging members of a group who are equal in every column, and which rows are merged."""
    edges = np.flatnonzero(np.diff(group, prepend=-1))
    equal = np.ones(len(edges), np.bool_)
    for column in credit.T:  # one by one, to save memory
        high, low = np.maximum.reduceat(column, edges), np.minimum.reduceat(column, edges)
        equal &= high - low <= 1e-6 * np.maximum(np.abs(high), np.abs(low))
    together = np.repeat(equal, np.diff(edges, append=len(group)))
    starts = ~together
    starts[edges] = True
    begin = np.flatnonzero(starts)
    return begin, together[begin]


def _named(
    shown: Ints, begin: Ints, whole: NDArray[np.bool_], group: Ints, names: Sequence[str], groups: Persons
) -> Iterator[tuple[Ints, str, str]]:
    """Yield the units, the name and the kind of each row shown, and finally of the rest."""
    for unit in shown.tolist():
        if whole[unit] and groups.members[group[unit]] > 1:
            yield np.array([unit]), groups.name[group[unit]], "group"
        else:
            yield np.array([unit]), names[begin[unit]], "person"
    left = np.setdiff1d(np.arange(len(begin)), shown)
    if len(left):
        inside = np.unique(group[left])
        yield left, groups.name[inside[0]] if len(inside) == 1 else "", "rest"


def _choose(credit: Floats, single: NDArray[np.bool_], most: int, named: int, wanted: Ints | None = None) -> Ints:
    """Return the `most` rows to show, largest first: those `wanted`, the first `named` single ones, and the largest."""
    order = np.argsort(-credit, kind="stable")
    kept = order[single[order]][: min(named, most)]
    kept = kept if wanted is None else np.union1d(kept, wanted)
    others = order[~np.isin(order, kept)][: max(0, most - len(kept))]
    return order[np.isin(order, np.concatenate([kept, others]))]
