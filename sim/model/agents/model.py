"""The reference model as a Mesa model whose agents are the persons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mesa
import numpy as np

from sim.errors import checked_seed
from sim.model.agents.person import Person
from sim.model.agents.society import Society
from sim.model.own_rules import own_rules
from sim.model.world import World
from sim.scenario.scenario import Scenario


class IdeaDiffusion(Society, mesa.Model):
    """The reference model: a normal Mesa model, `model.step()`, `model.run()`, `model.tape()`.

    Args:
        scenario: a Scenario, the path of its file, or a World that has been built (whose own seed then counts).
        rng: the seed, or a numpy Generator to draw one from; by default the scenario's own.
        person_class: Person, or a subclass with decisions of its own.
        rules: name of a rule in rules.py -> the function that replaces it; a World brings its own.

    Attributes:
        now: the last step taken; `running` turns False after the scenario's last step.
        people: the persons by their index; `agents` is Mesa's set of them.
        dynamics, ideas: the current parameters, which interventions may set.
        datacollector: holders of each idea and value realised, step by step.
    """

    def __init__(
        self,
        scenario: Scenario | str | Path | World,
        rng: int | np.random.Generator | None = None,
        person_class: type[Person] = Person,
        rules: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        world = None
        if isinstance(scenario, World):
            world = scenario
            rng = world.seed
            scenario = world.scenario
        scenario = Scenario.of(scenario)
        seed = int(rng.integers(2**63)) if isinstance(rng, np.random.Generator) else rng
        self.world_seed = checked_seed(scenario.scenario.seed if seed is None else seed, "rng")
        mesa.Model.__init__(self, rng=self.world_seed)
        Society.__init__(self, world or World.build(scenario, self.world_seed, own_rules(rules)), person_class)
        self.datacollector = mesa.DataCollector(
            model_reporters={"holders": IdeaDiffusion.holders, "realising": IdeaDiffusion.realising}
        )

    def step(self) -> None:
        """Take one step: what is scheduled happens, everybody decides, then all that was decided happens."""
        super().step()
        self.datacollector.collect(self)
        self.running = self.now < self.world.scenario.scenario.steps

    def _decide(self) -> None:
        self.agents.do("step")

    # --- what the datacollector reports -----------------------------------------------------------------------

    def holders(self) -> int:
        """Return the number of holdings of all ideas together, the crowd's included."""
        return sum(len(p.holdings) for p in self.people) + sum(map(self.crowd.held, self.idea_numbers))

    def realising(self) -> float:
        """Return the value that the current holdings realise in a step."""
        held = [self.crowd.held(idea) if self.world.realises[self.world.n] else 0 for idea in self.idea_numbers]
        for person in self.people:
            if self.world.realises[person.index]:
                for idea in person.holdings:
                    held[idea] += 1
        counts = self.world.scenario.impact.value_of == "held"
        return float(
            sum(
                n * v for k, (n, v) in enumerate(zip(held, self.ideas["value"], strict=True)) if counts or self.works(k)
            )
        )
