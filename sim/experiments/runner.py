"""The common way in which experiments run many worlds: one engine, threads, and within the free memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from sim.engines import Rules, checked_threads, engine_for, refuse_too_large, runner, simulate_many
from sim.machine.memory import free_memory
from sim.machine.threads import in_threads, processors
from sim.model.forecast import predict_memory
from sim.model.own_rules import Own, own_rules
from sim.model.world import World
from sim.scenario.scenario import Scenario
from sim.tape.tape import Tape

if TYPE_CHECKING:
    from sim.model.agents.person import Person

Result = TypeVar("Result")


@dataclass(frozen=True)
class Runner:
    """Engine, threads, and rules or persons of one's own, as in `sim.simulate`."""

    engine: str = "auto"
    threads: int | None = None
    rules: Rules | None = None
    person_class: type[Person] | None = None

    def __post_init__(self) -> None:
        checked_threads(self.threads)

    @property
    def own(self) -> Own:
        """The rules, checked."""
        return own_rules(self.rules)

    @property
    def has_code(self) -> bool:
        """Whether there are rules or persons of one's own."""
        return bool(self.rules) or self.person_class is not None

    def settled(self, scenario: Scenario, runs: int) -> Runner:
        """Return the same runner with an engine chosen for this number of runs."""
        return replace(self, engine=engine_for(scenario, self.engine, runs, self.own, self.person_class))

    def seeds(self, scenario: Scenario | Sequence[Scenario], seeds: Sequence[int]) -> Sequence[Tape]:
        """Run a scenario, or one of several in turn, once for each seed."""
        return simulate_many(
            scenario, seeds, engine=self.engine, threads=self.threads, rules=self.rules, person_class=self.person_class
        )

    def worlds(
        self, scenario: Scenario, worlds: Iterable[World], measure: Callable[[Tape], Result],
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[Result]:  # fmt: skip
        """Run worlds of a scenario, and yield a measure of each in order.

        Args:
            scenario: determines how much memory one of them takes.
            worlds: made on demand.
            measure: called with the tape of each.
            progress: called with the number of runs done.

        Raises:
            ScenarioError: if a single world does not fit into memory.
        """
        refuse_too_large(scenario, self.engine)
        # Mesa's agents hold Python's lock: in parallel they would only hinder each other.
        many = 1 if self.engine == "agents" else self.threads or processors()
        many = min(many, max(1, free_memory() // predict_memory(scenario, self.engine)))
        lock, done = threading.Lock(), 0

        def run(world: World) -> Result:
            nonlocal done
            found = measure(runner(world, self.engine, 1, None, self.person_class)(world.seed))
            with lock:
                done += 1
                if progress is not None:
                    progress(done)
            return found

        yield from in_threads(run, worlds, many)
