"""The credit table: how much credit each person has, and by which role."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.machine.folders import new_file
from sim.machine.records import equal, html_table, known
from sim.machine.showing import shown
from sim.tape.tables import Floats, Ints, Names, Persons
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import pandas as pd

    from sim.accounts.intervals import Uncertainty

ROLES = ("idea", "communication", "implementation")


@dataclass(frozen=True, eq=False)
class CreditedPersons:
    """One row per person, in tape order, as read-only columns; all of shape (rows,).

    Attributes:
        person: the name of each person; a sequence like a tuple, whose names are made on demand.
        credit: in units of realised value, >= 0.
        share: credit as a fraction of the total, in [0, 1].
        idea, communication, implementation: credit by role; nan if the method does not distinguish roles.
        pagerank: the PageRank of the person in a graph that includes the World node; None for other methods.
        raw: what the method measures, if credit is the total in proportion to it; None for other methods.
    """

    person: Sequence[str]
    credit: Floats
    share: Floats
    idea: Floats
    communication: Floats
    implementation: Floats
    pagerank: Floats | None = None
    raw: Floats | None = None

    def __post_init__(self) -> None:
        for column in self.columns().values():
            if isinstance(column, np.ndarray):
                column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.person)

    def columns(self) -> dict[str, Any]:
        """Return the columns by name, in their order, without those that are None."""
        return {name: column for name, column in vars(self).items() if column is not None}


@dataclass(frozen=True, eq=False)
class CreditTable:
    """The part that each person deserves of the value that a tape realised, by one method.

    Attributes:
        scenario, seed, steps: of the run; for a log, scenario may be empty and seed is None.
        method: name of the account of credit.
        total: the sum of all credits.
        dropped: number of rows of a log that could not be placed.
        mended: entries of a log that were mended, counted by the reason.
        read_as: how a log was read; empty for a run.
        persons: the credits, one row per person of the tape; a crowd only if it has credit.
        groups: the groups of the tape's persons.
        group: the group of each row of `persons`; shape (rows,).
        row: the row of each in the tape's persons, ascending; shape (rows,).
        sure: the uncertainty of the shares, if it was asked for.

    >>> from sim import Scenario, credit, simulate
    >>> credit(simulate(Scenario.load("e4_bridge")))
    CreditTable('E4: the bridge', role-flow, 1.6e+11 realised: P1 50.0%, P2 25.0%, P3 25.0%)
    """

    scenario: str
    seed: int | None
    steps: int
    method: str
    total: float
    dropped: int
    persons: CreditedPersons
    groups: Persons
    group: Ints
    row: Ints
    sure: Uncertainty | None = None
    mended: Mapping[str, int] = field(default_factory=dict)
    read_as: Mapping[str, Any] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Return whether all fields are equal, columns bit for bit."""
        return equal(self, other) if isinstance(other, CreditTable) else NotImplemented

    def __repr__(self) -> str:
        first = ", ".join(f"{row['person']} {row['share']:.1%}" for row in self.to_dict()["credit"][:3])
        more = ", ..." if len(self.persons) > 3 else ""
        return f"CreditTable({self.scenario!r}, {self.method}, {self.total:g} realised: {first}{more})"

    def plot(self) -> Any:
        """Return the figure of who gets the credit, for display in a notebook."""
        return shown("plot_credit", self)

    def _repr_html_(self) -> str:
        largest = self.to_dict()["credit"][:20]
        rows = [(row["person"], f"{row['credit']:,.4g}", f"{row['share']:.2%}") for row in largest]
        title = f"{self.scenario}: {self.method}, {self.total:,.6g} realised"
        return html_table(title, ("person", "credit", "share"), rows)

    def to_pandas(self) -> pd.DataFrame:
        """Return the persons as a DataFrame, largest credit first, ties in tape order; the index is the row."""
        import pandas as pd

        order, columns = self._columns()
        return pd.DataFrame(columns, index=order)

    def to_csv(self, path: str | Path) -> None:
        """Write the table of `to_pandas` as CSV, without the index, all or nothing; floats keep all their digits."""
        _, columns = self._columns()
        values = [column if isinstance(column, list) else _plain(column) for column in columns.values()]
        with new_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*values, strict=True))

    def to_parquet(self, path: str | Path) -> None:
        """Write the table of `to_pandas` as Parquet, without the index, all or nothing."""
        with new_file(path) as partial:
            self.to_pandas().to_parquet(partial, index=False)

    def _columns(self) -> tuple[Ints, dict[str, Any]]:
        """Return the rows, largest credit first, ties in tape order; and the columns in this order."""
        order = np.argsort(-self.persons.credit, kind="stable")
        columns = self.persons.columns()
        if self.sure is not None:
            columns |= {name: getattr(self.sure, name) for name in ("low", "high", "rank_low", "rank_high", "top_ten")}
        sorted_ones = {name: column[order] for name, column in columns.items() if name != "person"}
        return order, {"person": [self.persons.person[row] for row in order.tolist()], **sorted_ones}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values, the largest credit first, ties in tape order.

        The members of a group who have no credit are one row, with their number as `count`; a role that the method does
        not distinguish is None.
        """
        before, after = self.about()
        return before | {"credit": self._rows()} | after

    def about(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the items of `to_dict` before the rows, and those after them."""
        before = {"scenario": self.scenario, "seed": self.seed, "steps": self.steps}
        after = {"dropped": self.dropped, "mended": dict(self.mended), "read_as": dict(self.read_as)}
        sure = {"intervals": self.sure.to_dict()} if self.sure is not None else {}
        return before | {"method": self.method, "total": self.total}, after | sure

    def to_json(self) -> str:
        """Return `to_dict` as one line of JSON; floats keep all their digits."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def by_group(self) -> list[dict[str, Any]]:
        """Return one row per group that has rows, the largest credit first: sums, and the extremes of a single member.

        Keys: person (the group's name), count (of members), credit, share, idea, communication, implementation
        (None if the method does not distinguish roles), pagerank, raw (if it has them), smallest, largest.
        """
        number, columns = len(self.groups), self.persons.columns()
        del columns["person"]
        smallest, largest = np.full(number, math.inf), np.zeros(number)
        np.minimum.at(smallest, self.group, self.persons.credit)
        np.maximum.at(largest, self.group, self.persons.credit)
        sums = {name: _plain(sum_by(self.group, column, number)) for name, column in columns.items()}
        sums |= {"smallest": smallest.tolist(), "largest": largest.tolist()}
        rows = [
            {"person": self.groups.name[group], "count": int(self.groups.members[group])}
            | {name: column[group] for name, column in sums.items()}
            for group in np.unique(self.group).tolist()
        ]
        return sorted(rows, key=lambda row: -row["credit"])

    def _rows(self) -> list[dict[str, Any]]:
        folds = (self.persons.credit == 0.0) & (self.groups.members[self.group] > 1)
        count = np.bincount(self.group[folds])
        shown = ~folds
        shown[np.flatnonzero(folds)[np.unique(self.group[folds], return_index=True)[1]]] = True
        order = np.argsort(-self.persons.credit, kind="stable")
        order = order[shown[order]]
        columns = self.persons.columns()
        del columns["person"]
        if self.persons.pagerank is not None:
            columns["pagerank"] = rank = self.persons.pagerank.copy()
            rank[folds] = np.bincount(self.group[folds], rank[folds])[self.group[folds]]
        if (sure := self.sure) is not None:
            columns["interval"] = np.stack((sure.low, sure.high), axis=1)
            columns["rank"] = np.stack((sure.rank_low, sure.rank_high), axis=1)
            columns["top_ten"] = sure.top_ten
        cells = [Names(self.groups, self.row[order]), *(_plain(column[order]) for column in columns.values())]
        rows = [dict(zip(("person", *columns), row, strict=True)) for row in zip(*cells, strict=True)]
        for at in np.flatnonzero(folds[order]).tolist():
            group = int(self.group[order[at]])
            del rows[at]["person"]
            rows[at] = {"person": self.groups.name[group], "count": int(count[group]), **rows[at]}
        return rows


def make_table(
    tape: Tape,
    method: str,
    credit: Floats,
    *,
    total: float | None = None,
    roles: Sequence[Floats] | None = None,
    pagerank: Floats | None = None,
) -> CreditTable:
    """Return the table of credits of shape (persons of the tape,), in tape order; `total` defaults to the tape's.

    `roles` are the parts of the credit by idea, communication and implementation; they and the column `pagerank` have
    the shape of `credit`.
    """
    total = tape.total if total is None else total
    if roles is None:
        roles = (np.full(len(credit), np.nan),) * 3
    single = np.repeat(tape.persons.size == 1, tape.persons.members)
    row = np.flatnonzero(single | (credit > 0.0))  # all but crowds without credit
    everybody = len(row) == len(credit)  # there may be millions
    credit, *roles = (column if everybody else column[row] for column in (credit, *roles))
    persons = CreditedPersons(
        person=Names(tape.persons, row),
        credit=credit,
        share=credit / total if total > 0.0 else np.zeros(len(row)),
        **dict(zip(ROLES, roles, strict=True)),
        pagerank=None if pagerank is None else pagerank[row],
    )
    return CreditTable(
        scenario=str(tape.provenance.get("scenario", "")),
        seed=tape.provenance.get("seed"),
        steps=tape.steps,
        method=method,
        total=total,
        dropped=sum(tape.dropped.values()),
        persons=persons,
        groups=tape.persons,
        group=tape.persons.group[row],
        row=row,
        mended=tape.mended,
        read_as=tape.provenance.get("read_as", {}),
    )


def scaled_table(tape: Tape, method: str, raw: Floats) -> CreditTable:
    """Return the table of the tape's total in proportion to `raw`, a column of its own; the total is 0 if `raw` is."""
    whole = float(raw.sum())
    total = tape.total if whole > 0.0 else 0.0
    table = make_table(tape, method, raw * (total / whole) if whole > 0.0 else np.zeros(len(raw)), total=total)
    return replace(table, persons=replace(table.persons, raw=raw[table.row]))


def sum_by(group: NDArray[np.integer[Any]], value: Floats, number: int) -> Floats:
    """Return the sum of the values of each group 0 to number - 1; shape (number,)."""
    # Given no rows, numpy returns integers, whatever the weights are.
    return np.bincount(group, value, number).astype(float)


def _plain(column: Floats) -> list[Any]:
    values = column.tolist()
    return list(map(known, values)) if np.isnan(column).any() else list(values)
