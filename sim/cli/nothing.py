"""The reason why a run realised nothing, as a sentence."""

from __future__ import annotations

import numpy as np

from sim.machine.records import many
from sim.scenario.groups import ANONYMOUS, EVERYONE
from sim.scenario.scenario import Scenario
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN
from sim.tape.tape import Tape

MAX_NAMED = 3


def why_nothing(tape: Tape, scenario: Scenario) -> str:
    """Return why the total of a run is 0, or an empty text if it is not."""
    if tape.total > 0.0:
        return ""
    steps, kind = many(tape.steps, "step"), tape.events.kind
    if not any(idea.value for idea in scenario.ideas):
        return "every idea has the value 0"
    if not (kind == DISCOVER).any():
        return f"nobody discovered an idea in {steps}"
    if scenario.impact.value_of == "working" and not (kind == IMPLEMENT).any():
        return _why_not_implemented(tape, scenario)
    counted = scenario.impact.realised_by
    if counted != EVERYONE:
        names = counted if isinstance(counted, str) else ", ".join(counted)
        return f"nobody whose value counts ({names}) held an idea that works; see impact.realised_by"
    return f"nobody held an idea that works before the end of the {steps}"


def _why_not_implemented(tape: Tape, scenario: Scenario) -> str:
    able = [person.name for person in scenario.persons if person.skill not in (None, 0.0)]
    others = scenario.population.skill != 0.0
    able += [person.name for person in scenario.persons if person.skill is None and others]
    able += [ANONYMOUS] if others and scenario.population.count else []
    if not able or scenario.dynamics.implementation_rate == 0.0:
        return "no idea works, since nobody can implement one (skill and implementation_rate must be above 0)"
    rows = np.unique(tape.events.person[tape.events.kind <= LEARN])
    holders = {tape.persons.name[group] for group in tape.persons.group[rows[rows >= 0]].tolist()}
    strangers = [name for name in able if name not in holders]
    if len(strangers) < len(able):
        return f"no idea works, since none was implemented in {many(tape.steps, 'step')}"
    shown = ", ".join(strangers[:MAX_NAMED]) + (" and others" if len(strangers) > MAX_NAMED else "")
    return f"no idea works, since nobody who holds one can implement it: {shown} never heard of it"
