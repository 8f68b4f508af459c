"""The compiled model: it makes the columns of a world, takes the steps, and hands the tape over.

The loops are in the files beside this one, the rules in rules.py. A step with much telling is shared among threads; the
tape does not depend on their number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.errors import ScenarioError
from sim.machine.loops import always, compiled, without
from sim.machine.threads import processors
from sim.model.kernels import step
from sim.model.kernels.beginning import begin, start_of
from sim.model.kernels.crowd import abandon_in_crowd, learn_in_crowd, tell_crowd
from sim.model.kernels.exposure import look_around, watch
from sim.model.kernels.interventions import happen
from sim.model.kernels.parallel import Crew, share_step
from sim.model.kernels.stifling import meet
from sim.model.kernels.timers import rates_vary
from sim.model.own_rules import Own
from sim.model.randomness import signed
from sim.model.realise import impact_of, tape_of
from sim.model.rules import abandonment_rate
from sim.model.world import World
from sim.scenario.groups import EVERYONE, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.tape import Tape

AT_ONCE = 500_000  # persons times steps that are taken in one call
WORTH_SHARING = 500_000  # ties of a step's tellers, each with the average degree, above which threads share it


def runner(
    world: World, threads: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Callable[[int], Tape]:
    """Return a function that runs a world with the random draws of a seed, and returns the same tape as the agents.

    Args:
        world: what to run.
        threads: how many may share a step; by default as many as there are processors.
        progress: called with (steps done, steps in all).

    Raises:
        ScenarioError: by the function, if there are more events than numbers of 32 bits can tell apart.
    """
    steps, threads = world.scenario.scenario.steps, threads or processors()
    instead = replacements(world.rules) + (() if world.schedule else left_out(world.scenario))
    start, impact = (compiled(step.kept)(given) for given in (start_of(world), impact_of(world, steps)))
    make, take_steps, finish = compiled(begin), compiled(step.advance, instead), compiled(step.finish)
    crew = Crew(threads, instead)
    ties = len(world.ties.target) // world.n
    enough = 1 + WORTH_SHARING // (1 + ties) if threads > 1 else 0
    at_once = max(1, AT_ONCE // world.n)  # so that an interrupt is heard within a second or so

    def run(seed: int) -> Tape:
        kept, now = make(start, signed(seed)), 0
        while now < steps:
            until = min(now + at_once, steps)
            stopped, now = take_steps(kept, until, enough, step.MOST)
            while stopped == step.SHARED:
                kept = compiled(step.kept)(share_step(crew, compiled(step.shown)(kept)))
                stopped, now = take_steps(kept, until, enough, step.MOST)
            refuse_too_many(stopped)
            if progress is not None:
                progress(now, steps)
        rows, *realised, skipped, sound = finish(kept, impact)
        del kept  # frees its memory before the tape takes more
        return tape_of(world.with_seed(seed), rows, realised, now, skipped, sound)

    return run


def refuse_too_many(stopped: int) -> None:
    """Raise a ScenarioError if the loops stopped because numbers of 32 bits cannot tell the events apart."""
    if stopped == step.TOO_MANY:
        problem = f"this run has more than {step.MOST:,} events, which the kernels cannot number"
        raise ScenarioError(f"{problem}; allowed: fewer")


def replacements(own: Own) -> tuple[tuple[Any, Any], ...]:
    """Return the pairs of functions to replace in the loops, for rules of one's own."""
    varies = any(rule is abandonment_rate for rule, _ in own)
    return (*own, (rates_vary, always)) if varies else own


def left_out(scenario: Scenario) -> tuple[tuple[Any, Any], ...]:
    """Return the parts that the loops are linked without: those that a plain scenario does not use.

    All or nothing, since each choice of parts is compiled separately.
    """
    dynamics, size = scenario.dynamics, scenario.world.size or 0
    plain = (
        dynamics.adoption == "simple" and dynamics.stifling == "none"
        and size <= len(person_ranges(scenario)[EVERYONE])
        and all(entry.kind in ("tie", "cut") for entry in scenario.interventions)
        and not any(person.born or person.dies is not None for person in scenario.persons)
    )  # fmt: skip
    parts = (happen, tell_crowd, learn_in_crowd, abandon_in_crowd, watch, look_around, meet)
    return without(*parts) if plain else ()
