"""Measures of credit: the part of the realised value that a person, a group or a role has, by any account."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.accounts.account import credit
from sim.accounts.methods import THIRDS, settings_of
from sim.accounts.quadrature import nodes_for
from sim.accounts.role_flow import role_flow_of_events, weigh_tellers
from sim.accounts.table import ROLES
from sim.study.batches import Batch
from sim.tape.tables import LEARN, Events, Floats, History, Influences, Ints, Realised


def shares_of(runs: Batch, rows: range, method: str, role: str, as_share: bool) -> Floats:
    """Return the credit of some persons in each run, for one role ('' for all), or its fraction of the total."""
    if method == THIRDS:
        found, whole = _role_flow(runs, rows, role)
    else:
        found, whole = np.zeros(len(runs)), np.zeros(len(runs))
        for k in range(len(runs)):
            table = credit(runs.tape(k), method)
            mine = (table.row >= rows.start) & (table.row < rows.stop)
            found[k], whole[k] = getattr(table.persons, role or "credit")[mine].sum(), table.total
    return np.divide(found, whole, out=np.zeros(len(runs)), where=whole > 0.0) if as_share else found


def _role_flow(runs: Batch, rows: range, role: str) -> tuple[Floats, Floats]:
    """Return the credit of some persons by role flow, and the total, of each run."""
    person = runs.events.person
    mine = np.flatnonzero((person >= rows.start) & (person < rows.stop))
    by_role = dict(zip(ROLES, _flows(runs), strict=True))
    found = by_role[role] if role else sum(by_role.values())
    whole = runs.sum_by_run(runs.run_of(2), runs.realised.value)
    return runs.sum_by_run(runs.event_run[mine], np.asarray(found)[mine]), whole


def _flows(runs: Batch) -> Floats:
    """Return the credit of every event by role, computed once for all measures of the same runs; shape (3, events).

    The last bits of the credit depend on the quadrature nodes, and these on all runs divided together. So only runs
    with the same number of nodes and the same inheritance are divided together, and each has the bits that it has by
    itself.
    """
    kept: Any = runs.__dict__
    if "role_flow" not in kept:
        found, nodes = np.zeros((len(ROLES), len(runs.events))), _nodes(runs)
        inheritance = np.array([settings_of(runs.tape(k), {}).inheritance for k in range(len(runs))])
        for number, passed_on in sorted({*zip(nodes.tolist(), inheritance.tolist(), strict=True)}):
            chosen = (nodes == number) & (inheritance == passed_on)
            found[:, chosen[runs.event_run]] = role_flow_of_events(_joined(runs, chosen), passed_on)
        kept["role_flow"] = found
    return np.asarray(kept["role_flow"])


def _nodes(runs: Batch) -> Ints:
    """Return the number of quadrature nodes for the lineages of each run, 0 if none of them branches; shape (runs,)."""
    run, child = runs.run_of(1), runs.influences.child
    branches, most = np.zeros(len(runs), np.bool_), np.zeros(len(runs), np.int64)
    branches[run[1:][(child[1:] == child[:-1]) & (run[1:] == run[:-1])]] = True
    if branches.any():
        joined = _joined(runs, np.ones(len(runs), np.bool_))
        told = joined.events.kind[joined.influences.child] == LEARN
        np.maximum.at(most, run[told], weigh_tellers(joined)[2][joined.influences.parent[told]])
    nodes = [len(nodes_for(int(n))[0]) if many else 0 for n, many in zip(most, branches, strict=True)]
    return np.array(nodes, np.int64)


def _joined(runs: Batch, chosen: NDArray[np.bool_]) -> Any:
    """Return the rows of the chosen runs as those of one tape."""
    counts = np.where(chosen, runs.counts[:, 0], 0)
    begins = np.cumsum(counts) - counts
    events, influences, realised = (chosen[runs.run_of(table)] for table in range(3))
    child, parent, weight = (column[influences] for column in runs.influences.columns().values())
    event, served, value = (column[realised] for column in runs.realised.columns().values())
    of_child, of_event = begins[runs.run_of(1)[influences]], begins[runs.run_of(2)[realised]]
    return History(
        Events(*(column[events] for column in runs.events.columns().values())),
        Influences(child + of_child, parent + of_child, weight),
        Realised(event + of_event, np.where(served >= 0, served + of_event, -1), value),
        runs.persons, runs.ideas, runs.steps, runs.world_size,
    )  # fmt: skip
