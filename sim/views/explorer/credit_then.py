"""The credit on the explorer's page: by every account, at the end and as it was at earlier moments, with reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from sim.accounts.account import attribute
from sim.accounts.comparison import Comparison
from sim.accounts.explain import explain, in_words
from sim.accounts.methods import EVERY, THIRDS
from sim.accounts.table import ROLES, CreditTable
from sim.machine.loops import repeated
from sim.model import until
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats, Ints, Realised
from sim.tape.tape import Tape
from sim.views.explorer.rows import Drawn
from sim.views.pages.columns import packed

MAX_IDEAS = 8  # up to which the credit for each idea is shown separately
MAX_CELLS = 12_000  # of the shares of persons at moments, for each account
MAX_EXPLAINED = 12  # persons
WORK = {THIRDS: 3_000_000, "priority": 3_000_000}  # events times moments that a fast account may take
WORK_ELSE = 100_000
OVERHEAD = 500  # events that cost as much as the overhead of a moment
Shares = dict[str, Floats]


def accounts_of(
    tape: Tape, scenario: Scenario | None, comparison: Comparison, part: Drawn, moments: Ints, effort: float = 1.0
) -> list[dict[str, Any]]:
    """Return the shares by every account at the end and at earlier moments, as packed columns.

    Value that was not yet realised at a moment is not yet credited there. Shares are of the value realised by then.

    Args:
        tape: from a run or a log.
        scenario: of the run; without it a run's credit is known only at the end.
        comparison: the accounts.
        part: the part of the tape that the page holds.
        moments: the steps of the page, ascending.
        effort: factor on the usual number of earlier moments.
    """
    ideas = part.ideas.tolist() if 1 < len(part.ideas) <= MAX_IDEAS else []
    each: dict[str, list[int | None]] = {
        name: [None, *ideas] if EVERY[name].linear else [None] for name in comparison.tables
    }
    looked = {name: _looked_at(tape, moments, name, len(parts), effort) for name, parts in each.items()}
    found: dict[tuple[str, int | None], list[Shares]] = {}
    total: dict[str, list[float]] = {name: [] for name in looked}
    with repeated(sum(map(len, looked.values()))):
        for at, early in _tapes(tape, scenario, moments, looked):
            for name in (name for name, places in looked.items() if at in places):
                total[name].append(early.total / tape.total if tape.total > 0.0 else 0.0)
                for idea in each[name]:
                    found.setdefault((name, idea), []).append(_shares_of(early, name, idea, part))
    made = []
    for name, table in comparison.tables.items():
        end = [_shares(table, part, table.total)] + [_shares_of(tape, name, k, part) for k in each[name][1:]]
        before = [found.get((name, idea), []) for idea in each[name]]
        places = looked[name][: len(before[0])]
        whole, *parts = [_packed_shares(then, last) for then, last in zip(before, end, strict=True)]
        known = {"moments": [*places, len(moments) - 1], "realised": [*total[name], 1.0]}
        made.append({"name": name, "asks": EVERY[name].asks, "all": whole, "ideas": parts} | known)
    return made


def _looked_at(tape: Tape, moments: Ints, method: str, parts: int, effort: float) -> list[int]:
    """Return the moments before the last for which an account's credit is computed, as places in `moments`."""
    work = effort * WORK.get(method, WORK_ELSE) / parts
    many = int(min(len(moments), work // (len(tape.events) + OVERHEAD)))
    first = tape.realised.event.min(initial=len(tape.events))
    begin = int(np.searchsorted(moments, tape.events.step[first])) if first < len(tape.events) else len(moments) - 1
    return [int(place) for place in np.unique(np.linspace(begin, len(moments) - 1, max(many, 1)).astype(np.int64))[:-1]]


def _tapes(
    tape: Tape, scenario: Scenario | None, moments: Ints, looked: dict[str, list[int]]
) -> Iterator[tuple[int, Tape]]:
    """Yield the tape as it was at each place; nothing if it is unknown what was realised when."""
    places = sorted({place for some in looked.values() for place in some})
    try:
        tapes = until.moments(tape, moments[places].tolist(), scenario)
    except ValueError:
        return
    yield from zip(places, tapes, strict=True)


def _shares_of(tape: Tape, method: str, idea: int | None, part: Drawn) -> Shares:
    """Return the drawn persons' shares by an account, for all ideas or one; 0 where it has none."""
    only = np.ones(len(tape.realised), np.bool_) if idea is None else tape.events.idea[tape.realised.event] == idea
    columns = (column[only] for column in tape.realised.columns().values())
    try:
        table = attribute(replace(tape, realised=Realised(*columns)), method, {})
    except ValueError:  # the account does not apply to so short a tape
        return {"credit": np.zeros(len(part.persons))}
    return _shares(table, part, tape.total if idea is not None else table.total)


def _shares(table: CreditTable, part: Drawn, total: float) -> Shares:
    """Return the drawn persons' credit as a fraction of the total; also by role, if the account distinguishes roles."""
    columns = {"credit": table.persons.credit}
    if table.persons.pagerank is None and not np.isnan(table.persons.idea).any():
        columns |= {role: getattr(table.persons, role) for role in ROLES}
    found = {}
    for name, column in columns.items():
        whole = np.zeros(table.groups.total)
        whole[table.row] = np.nan_to_num(column)
        found[name] = whole[part.persons] / (total or 1.0)
    return found


def _packed_shares(then: list[Shares], end: Shares) -> dict[str, Any]:
    """Return the shares at the end, and under "then" those of the leading persons at all earlier moments."""
    made: dict[str, Any] = {name: packed(column) for name, column in end.items()}
    if then:
        room = max(1, MAX_CELLS // (len(then) * len(end)))
        peak = np.maximum.reduce([end["credit"], *(shares["credit"] for shares in then)])
        kept = np.sort(np.argsort(-peak, kind="stable")[:room])
        none = np.zeros(len(peak))
        made["then"] = {"persons": packed(kept)} | {
            name: packed(np.concatenate([shares.get(name, none)[kept] for shares in then])) for name in end
        }
    return made


def reasons(tape: Tape, comparison: Comparison, part: Drawn, effort: float = 1.0) -> dict[str, list[str]]:
    """Return lines that explain the credit of those with most by role flow, under their places among the drawn."""
    table = comparison.tables.get(THIRDS)
    many = int(min(MAX_EXPLAINED, effort * 200_000 // (len(tape.events) + OVERHEAD)))
    if table is None or not table.total > 0.0:
        return {}
    share, found = table.persons.share, {}
    place = {person: at for at, person in enumerate(part.persons.tolist())}
    names = tape.persons.names()
    with repeated(25 * many):
        for row in np.argsort(-share, kind="stable")[:many].tolist():
            person = int(table.row[row])
            alone = names.count(names[person]) == 1  # two persons with one name cannot be told apart
            if share[row] > 0.0 and person in place and alone:
                found[str(place[person])] = list(in_words(explain(tape, names[person])))
    return found
