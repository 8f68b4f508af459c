"""Accounts of credit side by side: how much each person has by each account, and how far the accounts agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.accounts.account import attribute
from sim.accounts.methods import METHODS, OF_JOURNEYS, facts, method_named, settings_of
from sim.accounts.summary import Side, sides
from sim.accounts.table import CreditTable
from sim.machine.records import known
from sim.machine.threads import in_threads
from sim.tape.tables import Floats, Ints, Names, Persons
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import pandas as pd

SAME = 1e-9  # shares with a smaller relative difference are ties: the rest is rounding
EACH = 3  # top persons of every account who are shown, whatever the first account says of them


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several accounts of the credit of one tape.

    Attributes:
        tables: the credit table of each account.
        left_out: the accounts that do not apply to this tape, each with the reason.
        name: of every person who is in any of the tables, in tape order; a sequence like a tuple.
        group, groups: the group of each person, shape (persons,), and the table of groups.
        share: the share of each person by each account, 0 where a table leaves a person out; (persons, accounts).
    """

    tables: Mapping[str, CreditTable]
    left_out: Mapping[str, str]
    name: Sequence[str]
    group: Ints
    groups: Persons
    share: Floats

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Shares as persons x accounts, the largest share by the first account first, ties in tape order."""
        import pandas as pd

        frame = pd.DataFrame(self.share, index=pd.Index(list(self.name), name="person"), columns=list(self.tables))
        return frame.iloc[np.argsort(-self.share[:, 0], kind="stable")]

    @cached_property
    def by_group(self) -> pd.DataFrame:
        """Shares as groups x accounts, summed over the members, in tape order; a group of one is the person."""
        import pandas as pd

        present = np.unique(self.group)
        sums = np.zeros((len(self.groups), self.share.shape[1]))
        np.add.at(sums, self.group, self.share)
        names = pd.Index([self.groups.name[group] for group in present.tolist()], name="group")
        return pd.DataFrame(sums[present], index=names, columns=list(self.tables))

    def apart(self, one: str, other: str) -> float:
        """Return the fraction of the credit that two accounts give to different persons, in [0, 1]."""
        names = list(self.tables)
        difference = self.share[:, names.index(one)] - self.share[:, names.index(other)]
        return float(np.abs(difference).sum() / 2.0)

    @cached_property
    def correlations(self) -> dict[str, pd.DataFrame]:
        """Rank correlations of the shares of all persons: "kendall" (tau-b) and "spearman", accounts x accounts.

        Shares that differ by rounding alone are ties. An account that gives everybody the same share has no order to
        compare; its correlations are nan.
        """
        import pandas as pd

        methods, ranks = list(self.tables), [_ranks(column) for column in self.share.T]
        return {
            kind: pd.DataFrame(_correlations(ranks, of), index=methods, columns=methods)
            for kind, of in (("kendall", _tau), ("spearman", _rho))
        }

    def sides(self, most: int = 20, named: int = 8) -> list[Side]:
        """Return the rows that matter, the largest share by the first account first, and the rest as the last row.

        Members of a group who are equal by every account are one row. The rows shown are those with most credit by the
        first account, among them the first `named` with a name of their own, and the first three by every account.
        """
        return sides((self.name, self.group, self.groups), self.share, 0, most, named, EACH)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values.

        Keys: methods (name: the table's own dict), correlations (kendall, spearman: name: name: number or None),
        accounts (name: asks, differs, conserved, roles), left_out (name: why).
        """
        return {"methods": {name: table.to_dict() for name, table in self.tables.items()}} | self.beside()

    def beside(self) -> dict[str, Any]:
        """Return the parts of `to_dict` beside the tables."""
        return {
            "correlations": {
                kind: {
                    name: {other: known(x) for other, x in row.items()} for name, row in matrix.to_dict("index").items()
                }
                for kind, matrix in self.correlations.items()
            },
            "accounts": {name: facts(name) for name in self.tables},
            "left_out": dict(self.left_out),
        }


def compare(tape: Tape, methods: Iterable[str] | None = None, **settings: float | None) -> Comparison:
    """Return the credit of a tape by several accounts, side by side.

    Args:
        tape: from a run or a real log; it is not changed.
        methods: names in METHODS, the one to sort by first; by default all that apply to this tape, role flow first.
        settings: as in `credit`.

    Raises:
        ValueError: if a method or setting is unknown, a setting is out of range, or a method that was named does not
            apply to this tape.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> compare(tape, ["role-flow", "priority"]).shares.loc["P1"].to_dict()
    {'role-flow': 0.5, 'priority': 1.0}
    """
    settings_of(tape, settings)  # what is wrong with these is no reason to leave an account out
    of_journeys = OF_JOURNEYS if tape.provenance.get("format") == "journeys" else {}
    methods = (methods,) if isinstance(methods, str) else methods
    names = list({**METHODS, **of_journeys} if methods is None else methods)
    if not names:
        raise ValueError(f"methods: none; allowed: {', '.join(METHODS)}")
    for name in names:
        method_named(name)
    tables: dict[str, CreditTable] = {}
    left_out: dict[str, str] = {}
    for name in names:
        try:
            tables[name] = attribute(tape, name, settings)
        except ValueError as error:
            if methods is not None:
                raise
            left_out[name] = str(error)
    return side_by_side(tape.persons, tables, left_out)


def side_by_side(groups: Persons, tables: Mapping[str, CreditTable], left_out: Mapping[str, str]) -> Comparison:
    """Return the comparison of one or more tables of the same tape."""
    shown = np.zeros(groups.total, np.bool_)
    for table in tables.values():
        shown[table.row] = True
    rows = np.flatnonzero(shown)
    share = np.zeros((len(rows), len(tables)))
    for column, table in enumerate(tables.values()):
        share[np.searchsorted(rows, table.row), column] = np.nan_to_num(table.persons.share)
    return Comparison(tables, left_out, Names(groups, rows), groups.group[rows], groups, share)


def _ranks(share: Floats) -> Ints:
    """Return the rank of each share, the smallest first; shares that differ by rounding alone have equal ranks."""
    order = np.argsort(share, kind="stable")
    rising = share[order]
    higher = np.diff(rising, prepend=rising[:1]) > SAME * np.abs(rising)
    ranks = np.empty(len(share), np.int64)
    ranks[order] = np.cumsum(higher)
    return ranks


def _correlations(ranks: Sequence[Ints], of: Callable[[Ints, Ints], float]) -> Floats:
    """Return the pairwise correlations: 1 for equal ranks, nan where an account has the same rank for everybody."""
    found = np.full((len(ranks), len(ranks)), math.nan)
    ordered = [i for i, one in enumerate(ranks) if one.any()]  # else all ranks are 0
    pairs = [(i, j) for i in ordered for j in ordered if j <= i]

    def between(pair: tuple[int, int]) -> float:
        one, other = ranks[pair[0]], ranks[pair[1]]
        return 1.0 if np.array_equal(one, other) else of(one, other)

    for (i, j), value in zip(pairs, in_threads(between, pairs), strict=True):
        found[i, j] = found[j, i] = value
    return found


def _tau(one: Ints, other: Ints) -> float:
    """Return Kendall's tau-b."""
    from scipy import stats

    return float(stats.kendalltau(one, other).statistic)


def _rho(one: Ints, other: Ints) -> float:
    """Return Spearman's rho: Pearson's r of the ranks, ties at their mean."""
    a, b = _centred(one), _centred(other)
    return min(1.0, max(-1.0, _dot(a, b) / math.sqrt(_dot(a, a) * _dot(b, b))))


def _centred(ranks: Ints) -> Floats:
    many = np.bincount(ranks)
    return (np.cumsum(many) - (many - 1) / 2.0)[ranks] - (len(ranks) + 1) / 2.0


def _dot(one: Floats, other: Floats) -> float:
    """Return the dot product, summed in an order that does not depend on the number of threads."""
    return float((one * other).sum())
