"""Chances that a record shows directly, by counting: trials, successes, and exact intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from sim.experiments.fit.likelihood import Course, Likelihood
from sim.tape.tables import Floats, Ints

GROUPS = 12  # rows by one quantity, at most


def chances_of(likelihood: Likelihood) -> list[dict[str, Any]]:
    """Return the chances of discovering and of telling, each with its Clopper-Pearson interval of 95%.

    Rows: what, by, trials, successes, chance, low, high. Telling has rows in all, by steps since the teller's adoption,
    and by the teller's clarity and reach if these differ; there are no rows if tellers are unknown. A trial of telling
    is a step in which a person tells somebody who is tied to them and open. If several tell and one is credited, the
    chances of the others look smaller than they are (the likelihood allows for it).
    """
    rows: list[dict[str, Any]] = []
    world = likelihood.world
    tied = np.zeros((world.n, world.n), np.bool_)
    tied[np.repeat(np.arange(world.n), np.diff(world.ties.indptr)), world.ties.target] = True
    for course in likelihood.courses if likelihood.named else ():
        vain, teller, hearer = likelihood.exposure(course, likelihood.scenario.dynamics.telling_period)
        steps = vain.copy()
        steps[teller, hearer] += 1
        steps[~tied] = 0
        won = course.told & tied & ~course.given[None, :]
        idea = world.ideas.name[course.idea]
        quiet = np.clip(course.adopted - 1, 0, None)
        happened = (course.adopted <= likelihood.steps) & ~course.given
        found = happened & (course.teller < 0)
        rows.append(_chance(f"{idea}: discovered", "a person and step", quiet.sum() + happened.sum(), found.sum()))
        rows.append(_chance(f"{idea}: told, understood", "a telling", steps.sum(), won.sum()))
        rows += _by_age(course, steps, won, idea)
        for name in ("clarity", "reach"):
            rows += _by_ability(getattr(world, name), name, steps, won, idea)
    return rows


def _by_age(course: Course, steps: Ints, won: Any, idea: str) -> list[dict[str, Any]]:
    age = np.where(won, course.adopted[None, :] - course.adopted[:, None], 0)
    oldest = min(int(steps.max(initial=0)), GROUPS)
    return [
        _chance(f"{idea}: told, understood", f"step {a} since adoption", (steps >= a).sum(), (age == a).sum())
        for a in range(1, oldest + 1)
    ]


def _by_ability(ability: Floats, name: str, steps: Ints, won: Any, idea: str) -> list[dict[str, Any]]:
    levels = np.unique(ability)
    if not 1 < len(levels) <= GROUPS:
        return []
    return [
        _chance(
            f"{idea}: told, understood", f"{name} {level:g}", steps[ability == level].sum(), won[ability == level].sum()
        )
        for level in levels.tolist()
    ]


def _chance(what: str, by: str, trials: Any, successes: Any) -> dict[str, Any]:
    """Return a chance with its exact interval; without trials it is nan, from 0 to 1."""
    n, k = int(trials), int(successes)
    if n == 0:
        return {"what": what, "by": by, "trials": 0, "successes": 0, "chance": np.nan, "low": 0.0, "high": 1.0}
    ends = stats.binomtest(k, n).proportion_ci(0.95, "exact")
    return {"what": what, "by": by, "trials": n, "successes": k, "chance": k / n, "low": ends.low, "high": ends.high}
