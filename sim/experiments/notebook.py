"""The notebook curve: the value of a genius's notebook by the time it was found (docs/explanation/roles.md).

In the beginning a genius writes everything down, locks it away and dies. Humanity rediscovers at a rate lambda, and
whoever has the ideas tells the world. At step t of T somebody finds the notebook, and tells the world too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiments.hypotheses.arms import Arm, measure_arms
from sim.experiments.hypotheses.measures import measure_named
from sim.experiments.runner import Runner
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats, Ints

if TYPE_CHECKING:
    import networkx as nx

STEPS, RATE, PEOPLE = 120, 0.02, 1000
NAMED = 3  # genius, humanity, finder
FOUND = (0, 4, 8, 12, 18, 24, 32, 40, 50, 60, 72, 84, 96, 106, 114, 119)
SCENARIO: dict[str, Any] = {
    "scenario": {"name": "the notebook, found at t", "steps": STEPS + 2},
    "world": {"size": PEOPLE},
    "persons": [
        {"name": "genius", "dies": 2},
        {"name": "humanity", "creativity": 1.0, "reach": 1.0},
        {"name": "finder", "reach": 1.0},
    ],
    "ideas": [{"name": "all ideas"}],
    "dynamics": {"discovery_rate": RATE, "telling_period": "forever", "implementation_rate": 0.0, "abandon_rate": 0.0},
    "impact": {"value_of": "held", "realised_by": "crowd"},
    "interventions": [
        {"step": 1, "kind": "discover", "person": "genius"},
        {"step": 2, "kind": "find", "person": "finder", "of": "genius"},
    ],
}


@dataclass(frozen=True, eq=False)
class NotebookCurve:
    """The value of the notebook by the time it was found.

    Attributes:
        found: t, ascending; shape (times,).
        steps, rate, pairs: T, lambda, and the number of runs behind each mean.
        simulated, error: for each account, the mean and its standard error; shape (times,) each. "lineage" and
            "knockout" are fractions of the largest possible value, "person PageRank" is a share.
        theory: of each account; shape (times,).
    """

    found: Ints
    steps: int
    rate: float
    pairs: int
    simulated: dict[str, Floats]
    error: dict[str, Floats]
    theory: dict[str, Floats]


def notebook_curve(
    found: Sequence[int] = FOUND, pairs: int = 400, engine: str = "auto", threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> NotebookCurve:  # fmt: skip
    """Simulate the notebook found at several steps, and without it, on the same seeds.

    Args:
        found: steps from 0 to 119.
        pairs: how many runs, with seeds from 0 on.
        engine, threads: as in `sim.simulate`.
        progress: called with (measures done, measures in all).

    Raises:
        ValueError: if a step is out of range, or there are fewer than 2 pairs.
    """
    if not found or min(found) < 0 or max(found) >= STEPS:
        raise ValueError(f"found: must be steps from 0 to {STEPS - 1}")
    if pairs < 2:
        raise ValueError(f"pairs: must be 2 or more, is {pairs}")
    scenario, arms = Scenario.model_validate(SCENARIO), []
    for t in found:
        changed = scenario.replace({"interventions.1.step": t + 1})
        for measure in ("lineage:genius", "total", "share:genius:person-pagerank"):
            arms.append(Arm(f"{t}", changed, measure_named(measure), None, float(t), {}))
    never = scenario.replace({"interventions.1.step": 10 * STEPS})
    arms.append(Arm("never", never, measure_named("total"), None, 0.0, {}))
    values = measure_arms(arms, range(pairs), "the notebook curve", Runner(engine, threads), progress)
    most = float(STEPS * (PEOPLE - NAMED))
    sample = {
        "lineage": values[0:-1:3] / most,
        "knockout": (values[1:-1:3] - values[-1]) / most,
        "person PageRank": values[2:-1:3],
    }
    return NotebookCurve(
        np.array(found), STEPS, RATE, pairs,
        {name: rows.mean(axis=1) for name, rows in sample.items()},
        {name: rows.std(axis=1, ddof=1) / pairs**0.5 for name, rows in sample.items()},
        {name: np.array([law(t) for t in found]) for name, law in LAWS.items()},
    )  # fmt: skip


def by_lineage(t: float) -> float:
    """Return (T - t) e^(-lambda t) / T, corrected for rediscovery in the step of the find, when the world is shared.

    >>> round(by_lineage(0), 3)
    0.99
    """
    return (1.0 - t / STEPS) * (math.exp(-RATE * t) + math.exp(-RATE * (t + 1))) / 2.0


def by_knockout(t: float) -> float:
    """Return the steps after t in which humanity would not have had the ideas, as a fraction of all steps.

    >>> round(by_knockout(0), 3)
    0.375
    """
    return (math.exp(-RATE * (t + 1)) - math.exp(-RATE * (STEPS + 1))) / (1.0 - math.exp(-RATE)) / STEPS


def by_pagerank(t: float) -> float:
    """Return the genius's share of the persons' PageRank, averaged over what may have happened by step t.

    The courses of events differ in who told whom: humanity rediscovered earlier, one step before the find, in the
    step of it, or in the step in which it would have been told; or it was told.
    """
    late = [math.exp(-RATE * max(0.0, t - 1 + k)) for k in range(4)]  # not yet rediscovered by steps t - 1 to t + 2
    chances = [1.0 - late[0], late[0] - late[1], late[1] - late[2], late[2] - late[3], late[3]]
    return sum(chance * _share(course) for chance, course in zip(chances, COURSES, strict=True))


WORLD, GENIUS, HUMANITY, FINDER = "World", "genius", "humanity", "finder"
CROWD, ONE = (PEOPLE - NAMED) / PEOPLE, 1.0 / PEOPLE  # as fractions of the world
READ = [(WORLD, GENIUS, 1.0), (GENIUS, FINDER, 1.0), (FINDER, GENIUS, 1.0), (GENIUS, WORLD, ONE)]
COURSES: tuple[list[tuple[str, str, float]], ...] = (
    [(WORLD, HUMANITY, 1.0), (HUMANITY, FINDER, 1.0), (FINDER, HUMANITY, 1.0), (HUMANITY, WORLD, CROWD + ONE)],
    [*READ, (WORLD, HUMANITY, 1.0), (HUMANITY, WORLD, CROWD)],
    [*READ, (WORLD, HUMANITY, 1.0), (HUMANITY, WORLD, CROWD / 2.0), (FINDER, WORLD, CROWD / 2.0)],
    [*READ, (FINDER, WORLD, CROWD)],
    [*READ, (FINDER, HUMANITY, 1.0), (HUMANITY, FINDER, 1.0), (FINDER, WORLD, CROWD + ONE)],
)


def _share(edges: list[tuple[str, str, float]]) -> float:
    """Return the genius's share of the persons' PageRank by networkx, independent of our own account."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from((WORLD, GENIUS, HUMANITY, FINDER))
    graph.add_weighted_edges_from([(WORLD, WORLD, 1.0), *edges])
    rank = nx.pagerank(graph, alpha=0.85, tol=1e-12, max_iter=1000)
    return float(rank[GENIUS] / (1.0 - rank[WORLD]))


LAWS: dict[str, Callable[[float], float]] = {
    "lineage": by_lineage,
    "knockout": by_knockout,
    "person PageRank": by_pagerank,
}
