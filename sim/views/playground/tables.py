"""A scenario as the plain tables that the page's engine takes; the page makes the same ones in JavaScript."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.kernels.beginning import dynamics_of, ideas_of, interventions_of
from sim.model.kernels.columns import INTERVENTION
from sim.model.randomness import signed
from sim.model.world import ABILITIES, World
from sim.scenario.scenario import Scenario


def tables_of(scenario: Scenario, seed: int | None = None) -> dict[str, Any]:
    """Return the arguments of `engine.play` for a scenario, by name."""
    world = World.build(scenario, seed)
    n, ideas, ties, planned = world.n, world.ideas, world.ties, interventions_of(world.schedule)
    common = np.zeros(len(ideas.name))
    common[list(ideas.at_common_rate)] = 1.0
    relations = [(k, p, 0) for k, others in enumerate(ideas.prerequisites) for p in others]
    relations += [(k, r, 1) for k, others in enumerate(ideas.rivals) for r in others]
    source = np.repeat(np.arange(n), np.diff(ties.indptr))
    return {
        "seed": signed(world.seed),
        "size": world.size,
        "steps": scenario.scenario.steps,
        "crowd_understanding": float(scenario.world.crowd_understanding),
        "held": scenario.impact.value_of == "held",
        "once": scenario.impact.per == "adopter",
        "persons": np.stack([*(getattr(world, a) for a in ABILITIES), world.keeps, world.alive], axis=1).astype(float),
        "realising": world.realises.copy(),
        "links": np.stack([source, ties.target, ties.weight, ties.start, ties.end], axis=1).astype(float),
        "ideas": np.column_stack([ideas_of(world), common]),
        "relations": np.array(relations, np.int64).reshape(-1, 3),
        "dynamics": dynamics_of(scenario),
        "interventions": np.array(planned.tolist(), float).reshape(len(planned), len(INTERVENTION)),
    }
