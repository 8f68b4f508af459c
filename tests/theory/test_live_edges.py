"""The independent cascade is reachability over live edges (Kempe, Kleinberg and Tardos 2003): every small graph."""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim import Scenario, Tape
from sim.tape.tables import LEARN, Ints
from tests.naive import reached_law
from tests.theory import APART, LIMIT, Floats, merged, on_ties, runs

Arcs = Sequence[tuple[int, int, Fraction]]

CHANCES = [Fraction(tenths, 20) for tenths in (4, 7, 10, 13, 16)]


def mean_spread(nodes: int, edges: Sequence[tuple[int, int]], p: Fraction) -> Fraction:
    law = reached_law(nodes, [(a, b, p) for a, b in edges])
    return sum((len(reached) * chance for reached, chance in law.items()), Fraction(0))


@pytest.mark.parametrize("p", [Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)])
def test_the_enumeration_gives_the_closed_forms(p):
    assert mean_spread(3, [(0, 1), (1, 2)], p) == 1 + p + p**2
    assert mean_spread(4, [(0, 1), (0, 2), (1, 3), (2, 3)], p) == 1 + 2 * p + 2 * p**2 - p**4
    assert mean_spread(3, list(itertools.permutations(range(3), 2)), Fraction(1, 2)) == Fraction("2.25")


def side_by_side(folder: Path, graphs: Sequence[tuple[int, Arcs]]) -> tuple[Scenario, list[list[int]]]:
    """All the graphs in one world, in which node 0 of each has the idea; and the persons of each graph."""
    *starts, end = itertools.accumulate([nodes - 1 for nodes, _ in graphs], initial=len(graphs))
    rows = [[g, *range(at, at + nodes - 1)] for g, (at, (nodes, _)) in enumerate(zip(starts, graphs, strict=True))]
    names = [*(f"source {g + 1}" for g in range(len(graphs))), *(f"node {v + 1}" for v in range(end - len(graphs)))]
    arcs = [(of, *arc) for of, (_, arcs) in zip(rows, graphs, strict=True) for arc in arcs]
    ties = [(names[of[v]], names[of[w]], float(p)) for of, v, w, p in arcs]
    people = [{"name": "source", "count": len(graphs), "creativity": 1.0}, {"name": "node", "count": end - len(graphs)}]
    dynamics = {"discovery_rate": math.inf}
    return on_ties(folder, ties, 5, persons=people, population={"reach": 1.0}, dynamics=dynamics), rows


def who_learned(tape: Tape) -> Ints:
    """1 for each person who learned the idea or had it, else 0."""
    told = np.zeros(tape.persons.total, np.int64)
    told[tape.events.person[tape.events.kind <= LEARN]] = 1
    return told


@cache
def all_graphs() -> list[tuple[int, Arcs]]:
    """Every directed graph of 2 to 4 nodes, up to the names of the nodes but 0; the chances of its arcs differ."""
    graphs: list[tuple[int, Arcs]] = []
    for nodes in (2, 3, 4):
        arcs = list(itertools.permutations(range(nodes), 2))
        renamings = [(0, *rest) for rest in itertools.permutations(range(1, nodes))]
        for size in range(1, len(arcs) + 1):
            for some in itertools.combinations(arcs, size):
                if all(some <= tuple(sorted((name[a], name[b]) for a, b in some)) for name in renamings):
                    graphs.append((nodes, [(*arc, CHANCES[k % 5]) for k, arc in enumerate(some)]))
    return graphs


def law_by_code(nodes: int, arcs: Arcs) -> Floats:
    """The chance of each set of nodes reached, a set being the number with its bits."""
    law = np.zeros(2**nodes)
    for reached, chance in reached_law(nodes, arcs).items():
        law[sum(2**v for v in reached)] += float(chance)
    return law


def test_every_graph_of_up_to_four_nodes(tmp_path):
    """Chi-square of the sets reached, graph by graph (with Bonferroni's correction) and of all together."""
    graphs = all_graphs()
    assert [sum(nodes == k for nodes, _ in graphs) for k in (2, 3, 4)] == [3, 35, 751]
    scenario, persons = side_by_side(tmp_path, graphs)
    told = np.array([who_learned(tape) for tape in runs(scenario, 300)])
    total, freedom, off, pvalues = 0.0, 0, 0.0, []
    for rows, (nodes, arcs) in zip(persons, graphs, strict=True):
        codes = told[:, rows] @ 2 ** np.arange(nodes)
        wrong = law_by_code(nodes, [(a, b, p * Fraction(105, 100)) for a, b, p in arcs])
        counts, right, other = merged(np.bincount(codes, minlength=2**nodes), law_by_code(nodes, arcs), wrong)
        if len(counts) > 1:
            chi2 = float(((counts - len(told) * right) ** 2 / (len(told) * right)).sum())
            pvalues.append(float(stats.chi2.sf(chi2, len(counts) - 1)))
            total, freedom = total + chi2, freedom + len(counts) - 1
            off += len(told) * float(((other - right) ** 2 / right).sum())
    z = float(stats.norm.isf(stats.chi2.sf(total, freedom)))
    print(f"z = {z:+.2f} of {len(pvalues)} graphs; the worst has p = {min(pvalues):.2g}; wrong by {off:.0f}")
    assert off > APART * (2 * freedom) ** 0.5, "too few replicates to refuse chances that are 5% off"
    assert z < LIMIT
    assert min(pvalues) * len(pvalues) > stats.norm.sf(LIMIT)
