"""The compiled model: makes the record of a world, takes the steps, and hands the tape over.

The loops stand in the files beside this one, the rules in rules.py. A step of much telling is shared among threads;
whatever their number, the tape is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.errors import ScenarioError
from sim.machine.loops import always, compiled, without
from sim.machine.threads import processors
from sim.model.kernels import step
from sim.model.kernels.beginning import record_of
from sim.model.kernels.columns import PIECE
from sim.model.kernels.crowd import abandon_in_crowd, learn_in_crowd, tell_crowd
from sim.model.kernels.exposure import look_around, watch
from sim.model.kernels.interventions import happen
from sim.model.kernels.parallel import Crew, share_step
from sim.model.kernels.stifling import meet
from sim.model.kernels.timers import rates_vary
from sim.model.own_rules import Own
from sim.model.realise import history
from sim.model.rules import abandonment_rate
from sim.model.world import World
from sim.scenario.groups import EVERYONE, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.rows import Rows, rows_of, tables_of
from sim.tape.tables import Ints
from sim.tape.tape import Tape

AT_ONCE = 500_000  # persons times steps that are taken in one call
WORTH_SHARING = 500_000  # ties of the tellers of a step, as the average person has them, above which threads share it


class ColumnModel:
    """A run of a world over columns; `run()` and `tape()` as those of IdeaDiffusion, and the same tape.

    Args:
        world: what to run.
        threads: how many may share a step; without it, as many as there are processors.
    """

    def __init__(self, world: World, threads: int | None = None) -> None:
        self.world, self.steps = world, world.scenario.scenario.steps
        self.threads = threads or processors()
        self.instead = replacements(world.rules) + (() if world.schedule else left_out(world.scenario))
        self.loop = compiled(step.advance, self.instead)
        self.record = record_of(world)
        self.crew = Crew(self.threads, self.instead)

    @property
    def now(self) -> int:
        """The step that was last taken."""
        return int(self.record.now)

    def run(self, progress: Callable[[int, int], None] | None = None) -> Tape:
        """Take all the steps that are left and return the tape; `progress` is called with (steps done, of how many)."""
        self.finish(progress)
        return self.tape()

    def finish(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Take all the steps that are left."""
        at_once = max(1, AT_ONCE // self.world.n)  # so that an interrupt is heard within a second or so
        while self.now < self.steps:
            self.advance(min(self.now + at_once, self.steps))
            if progress is not None:
                progress(self.now, self.steps)

    def advance(self, until: int) -> None:
        """Take the steps up to `until`.

        Raises:
            ScenarioError: if there are more events than their numbers in 32 bits can tell apart.
        """
        enough = 1 + WORTH_SHARING // (1 + len(self.record.ties.target) // self.world.n) if self.threads > 1 else 0
        while True:
            stopped, self.record = self.loop(self.record, until, enough, step.MOST)
            if stopped == step.DONE:
                return
            refuse_too_many(stopped)
            self.record = share_step(self.crew, self.record)

    def tape(self) -> Tape:
        """Return the tape of what happened so far."""
        return history(self.world, *self.happened())

    def happened(self) -> tuple[Rows, Ints, int, int, Any]:
        """Return what happened so far, as realise.history takes it: rows, crowd, step, how many were skipped, True."""
        rows = self.record.rows
        if self.now < self.steps:  # they go on being written
            rows = rows_of(*tables_of(rows))
        return rows, pieces_of(self.record), self.now, int(self.record.skipped), True


def refuse_too_many(stopped: int) -> None:
    """Raise a ScenarioError where the loops stopped because events cannot be told apart by numbers of 32 bits."""
    if stopped == step.TOO_MANY:
        problem = f"this run has more than {step.MOST:,} events, which the kernels cannot number"
        raise ScenarioError(f"{problem}; allowed: fewer")


def replacements(own: Own) -> tuple[tuple[Any, Any], ...]:
    """Return what takes the place of what in the loops for rules of one's own."""
    varies = any(rule is abandonment_rate for rule, _ in own)
    return (*own, (rates_vary, always)) if varies else own


def left_out(scenario: Scenario) -> tuple[tuple[Any, Any], ...]:
    """Return what the loops of a scenario are linked without: the parts that it does not use, if it is plain.

    All or nothing, since each choice of parts is compiled by itself.
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


def pieces_of(record: Any) -> Ints:
    """The holdings of the crowd up to now, ended or not: rows event, idea, begin, end, count; (5, pieces)."""
    ended = record.pieces[: record.pieces_number]
    left: list[tuple[int, ...]] = []
    for idea, first in enumerate(record.status["first"].tolist()):
        following = first
        while following >= 0:
            event, since, count, following = record.cohorts[following].tolist()
            left.append((event, idea, since, record.now, count))
    return np.concatenate([ended.view(np.int64).reshape(-1, len(PIECE)), np.array(left, np.int64).reshape(-1, 5)]).T
