"""PageRank of large graphs with cycles: x = v + alpha P' x, by passes over the rows that point to each row.

A pass goes through GROUPS groups of rows, the last rows first, since rows of logs point back in time. Each group sees
the new ranks of the groups before it (Gauss-Seidel), while within a group no row waits for another. So the threads
share the parts of a group, and the sums are taken in the same order whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from sim.accounts.dag_loops import Whole, gather, turn_round
from sim.machine.loops import for_size
from sim.machine.threads import processors
from sim.tape.tables import Floats

GROUPS, PARTS = 8, 8
WORTH_THREADS = 500_000  # edges


class Flow(NamedTuple):
    """The rows that point to each row (source[begin[row] : begin[row + 1]]), and the fraction of rank they pass on.

    A source passes on its rank times `each`, and each edge carries the fraction `part` of that, or all of it if `part`
    is None. `each` is 0 for rows that point nowhere.
    """

    begin: Whole
    source: Whole
    part: Floats | None
    each: Floats


def all_alike(weights: Floats) -> bool:
    """Return whether all weights are equal, positive and finite, as in a graph without weights."""
    return len(weights) > 0 and 0.0 < weights[0] < np.inf and bool((weights == weights[0]).all())


def flow_of(matrix: Any) -> Flow:
    """Return the flow of a square csr matrix with weights >= 0; raise a ValueError if a row points outside it."""
    number, edges = matrix.shape[0], len(matrix.indices)
    alike = all_alike(matrix.data)
    place: Whole = np.zeros(number + 2, np.int32 if edges <= np.iinfo(np.int32).max else np.int64)
    source: Whole = np.empty(edges, np.uint32 if number <= np.iinfo(np.uint32).max else np.int64)
    part = None if alike else np.empty(edges)
    weight = None if alike else matrix.data
    bad = for_size(turn_round, number + edges)(matrix.indptr, matrix.indices, weight, place, source, part)
    if bad >= 0:
        raise ValueError(f"the matrix points outside itself in row {int(bad)}")
    degree = np.diff(matrix.indptr)
    if alike:
        each = np.divide(1.0, degree, out=np.zeros(number), where=degree > 0)
    else:
        each = (np.asarray(matrix.sum(axis=1)) > 0.0).astype(float)
    return Flow(place[:-1], source, part, each)


class Ending(NamedTuple):
    """When passes end: at the residual `exact`, or after ten times max_iter; failing if above `enough` at max_iter."""

    max_iter: int = 100
    enough: float = 1e-6
    exact: float = 1e-12


def solve(
    flow: Flow, alpha: float, restart: Floats, start: Floats, ending: Ending, threads: int | None = None
) -> Floats:
    """Return x with x = v + alpha P' x, to |v + alpha P' x - x| <= exact / 2 * |x|, both summed over the rows.

    Raises networkx.PowerIterationFailedConvergence if max_iter passes do not come near enough.
    """
    if len(flow.source) < WORTH_THREADS:
        return _passes(flow, alpha, restart, start, ending, map, 1)
    with ThreadPoolExecutor(threads or processors()) as pool:
        return _passes(flow, alpha, restart, start, ending, pool.map, PARTS)


def _passes(
    flow: Flow, alpha: float, restart: Floats, start: Floats, ending: Ending,
    each_of: Callable[..., Iterable[float]], number: int,
) -> Floats:  # fmt: skip
    import networkx as nx

    loop = for_size(gather, len(restart) + len(flow.source))
    groups = _groups(flow.begin, number)
    ends = flow.each == 0.0
    rank = start / (1.0 - alpha)
    scaling, last = True, np.inf
    passed = rank * flow.each

    def part_of(bounds: tuple[int, int]) -> float:
        return float(loop(flow.begin, flow.source, flow.part, alpha, restart, *bounds, passed, rank))

    for done in range(1, 10 * ending.max_iter + 1):
        change = 0.0
        for parts in groups:
            change += sum(each_of(part_of, parts))
            low, high = parts[0][0], parts[-1][1]
            passed[low:high] = rank[low:high] * flow.each[low:high]
        # A source that changes after it was read leaves at most alpha times its change as a residual.
        left = alpha * change
        # In the solution the restart sums to 1. Scaling the rank to that removes the slowest error (that of the total),
        # but only plain passes always converge: scaling stops for good once a pass changes more than the one before.
        scaling = scaling and change < last
        if scaling:
            scale = 1.0 / ((1.0 - alpha) * rank.sum() + alpha * rank[ends].sum())
            rank *= scale
            passed *= scale
            left = scale * left + abs(1.0 - scale)
        left /= 0.5 * rank.sum()
        if left <= ending.exact:
            break
        if done == ending.max_iter and not left <= ending.enough:
            raise nx.PowerIterationFailedConvergence(ending.max_iter)
        last = change
    return rank


def _groups(begin: Whole, number: int) -> list[list[tuple[int, int]]]:
    """Return `number` parts of about equal work per group, the last group first, as (first row, row after the last)."""
    work = begin + np.arange(len(begin))  # an edge and a row count the same
    cuts = np.searchsorted(work, np.linspace(0, work[-1], GROUPS * number + 1)).tolist()
    cuts[0], cuts[-1] = 0, len(begin) - 1
    groups = []
    for first in range(len(cuts) - 1 - number, -1, -number):
        parts = [(cuts[k], cuts[k + 1]) for k in range(first, first + number) if cuts[k] < cuts[k + 1]]
        groups += [parts] if parts else []
    return groups
