"""Measures of credit: what a person, a group or a role has of what a run realised, by any account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sim.accounts.account import credit
from sim.accounts.methods import THIRDS, settings_of
from sim.accounts.role_flow import role_flow_of_events
from sim.accounts.table import ROLES
from sim.study.batches import Batch
from sim.tape.tables import Events, Floats, Influences, Ints, Realised


def shares_of(runs: Batch, rows: range, method: str, role: str, as_share: bool) -> Floats:
    """Return the credit of some persons in each run, by one role ('' for all), or its part of the total."""
    if method == THIRDS:
        found, whole = _role_flow(runs, rows, role)
    else:
        found, whole = np.zeros(len(runs)), np.zeros(len(runs))
        for k in range(len(runs)):
            table = credit(runs.tape(k), method)
            mine = (table.row >= rows.start) & (table.row < rows.stop)
            found[k], whole[k] = getattr(table.persons, role or "credit")[mine].sum(), table.total
    return np.divide(found, whole, out=np.zeros(len(runs)), where=whole > 0.0) if as_share else found


@dataclass(eq=False)
class _Joined:
    """The rows of several runs as those of one tape, as far as role flow looks at them."""

    events: Events
    influences: Influences
    realised: Realised

    @cached_property
    def parents(self) -> Ints:
        """Return the same as of a Tape."""
        begin = np.zeros(len(self.events) + 1, np.int64)
        np.cumsum(np.bincount(self.influences.child, minlength=len(self.events)), out=begin[1:])
        return begin


def _role_flow(runs: Batch, rows: range, role: str) -> tuple[Floats, Floats]:
    """Return the credit of some persons by role flow, and the total, of each run."""
    person = runs.events.person
    mine = np.flatnonzero((person >= rows.start) & (person < rows.stop))
    by_role = dict(zip(ROLES, _flows(runs), strict=True))
    found = by_role[role] if role else sum(by_role.values())
    whole = runs.sum_by_run(runs.run_of(2), runs.realised.value)
    return runs.sum_by_run(runs.event_run[mine], np.asarray(found)[mine]), whole


def _flows(runs: Batch) -> tuple[Floats, Floats, Floats]:
    """Return the credit of every event by role, computed once for all measures of the same runs."""
    kept: Any = runs.__dict__
    if "role_flow" not in kept:
        inheritance = settings_of(runs.tape(0), {}).inheritance
        kept["role_flow"] = role_flow_of_events(_joined(runs), inheritance)
    roles: tuple[Floats, Floats, Floats] = kept["role_flow"]
    return roles


def _joined(runs: Batch) -> Any:
    influence, value = (runs.begins[runs.run_of(table), 0] for table in (1, 2))
    served = runs.realised.implementation
    return _Joined(
        runs.events,
        Influences(runs.influences.child + influence, runs.influences.parent + influence, runs.influences.weight),
        Realised(
            runs.realised.event + value, np.where(served >= 0, served + value, -1), runs.realised.value
        ),
    )  # fmt: skip
