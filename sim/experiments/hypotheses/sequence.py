"""One hypothesis as an experiment: pairs are run until the effect is known well enough, or there are no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sim.errors import ScenarioError
from sim.experiments.hypotheses.arms import Arm, arms_of, measure_arms
from sim.experiments.hypotheses.contrast import contrast, expected
from sim.experiments.hypotheses.schema import Hypothesis, Theory, formula_of
from sim.experiments.hypotheses.spending import levels, sequential_p
from sim.experiments.runner import Runner
from sim.model.randomness import seeds_from
from sim.scenario.scenario import Scenario
from sim.study.intervals import mean_interval
from sim.study.statistics import FLIPS, equivalence_p, sign_flip_p, smallest_p
from sim.tape.tables import Floats

ALPHA = 0.05
Told = Callable[[str, int, int], None]


@dataclass(eq=False)
class Experiment:
    """A hypothesis, its arms, and the findings so far.

    Attributes:
        hypothesis, where, arms: what is tested, its position in the file, and how.
        against, margin: values of those formulas; the margin is None if none is given, and `relative` says whether
            it is a fraction of the measure in the first arm.
        level: by theory, of the measure in every arm, nan where theory says nothing; shape (arms,).
        effect: by theory; None if it says nothing.
        values: of the measure; shape (arms, pairs).
        effects: one number per pair; shape (pairs,). weights: of the arms in it, or None.
        p: at every look. pairs_at: the number of pairs at each look.
        low, high: interval of the effect, at a level that allows for the looks.
        precise: whether it stopped because the interval was narrow enough.
    """

    hypothesis: Hypothesis
    where: str
    arms: list[Arm]
    against: float
    margin: float | None
    relative: bool
    level: Floats
    effect: float | None
    values: Floats
    effects: Floats = field(default_factory=lambda: np.empty(0))
    weights: Floats | None = None
    p: list[float] = field(default_factory=list)
    pairs_at: list[int] = field(default_factory=list)
    low: float = 0.0
    high: float = 0.0
    precise: bool = False

    @property
    def fractions(self) -> tuple[float, ...]:
        """The fraction of the largest number of pairs at each look."""
        return tuple(pairs / self.hypothesis.most for pairs in self.pairs_at)

    @property
    def sides(self) -> int:
        """The sides of the test; "no effect" takes two one-sided tests, which must both succeed."""
        return 1 if self.hypothesis.direction == "none" else 2

    @property
    def all_looks_p(self) -> float:
        """The p of all looks together."""
        return sequential_p(self.p, self.fractions, sides=self.sides)


def planned(hypothesis: Hypothesis, scenario: Scenario, where: str) -> Experiment:
    """Return the experiment before any pair is run, with arms, theory and margin checked."""
    arms = arms_of(hypothesis, scenario, where)
    names, theory = hypothesis.parameters, hypothesis.theory
    against = formula_of(hypothesis.against, names, where, "against")
    margin, relative = _margin(hypothesis, where)
    level, effect = np.full(len(arms), np.nan), None
    if isinstance(theory, Theory):
        for at, arm in enumerate(arms):
            formula = theory.level.get(arm.name) if isinstance(theory.level, dict) else theory.level
            if formula is not None:
                level[at] = formula_of(formula, arm.names, where, "theory.level")
        if theory.effect is not None:
            effect = formula_of(theory.effect, names, where, "theory.effect")
        elif not np.isnan(level).any():
            doses = np.array([arm.dose for arm in arms])
            effect = expected(hypothesis.effect, level, doses, against)
    if hypothesis.exact and np.isnan(level).any():
        raise ScenarioError("what is exact needs theory.level for every arm", file=where, key="theory")
    return Experiment(hypothesis, where, arms, against, margin, relative, level, effect, np.empty((len(arms), 0)))


def _margin(hypothesis: Hypothesis, where: str) -> tuple[float | None, bool]:
    given = hypothesis.margin
    if given is None:
        return None, False
    text = str(given).strip()
    relative = text.endswith("%")
    margin = formula_of(text[:-1] if relative else given, hypothesis.parameters, where, "margin")
    margin = margin / 100.0 if relative else margin
    if not margin > 0.0:
        raise ScenarioError(f"must be above 0, is {text}", file=where, key="margin")
    if relative and hypothesis.effect not in ("difference", "interaction"):
        problem = "a part of the first arm is for differences and interactions; give a number for a"
        raise ScenarioError(f"{problem} {hypothesis.effect}", file=where, key="margin")
    return margin, relative


def flips_for(family: int) -> int:
    """Return the number of sign flips that the strictest level in a family of this many claims demands."""
    return max(FLIPS, 1000 * family)


def refuse_too_few(experiment: Experiment, family: int) -> None:
    """Refuse, before any work, a number of pairs that is too small to support anything.

    Raises:
        ScenarioError: if the least p of all the pairs is above the strictest level of the correction.
    """
    hypothesis = experiment.hypothesis
    if hypothesis.exact or hypothesis.direction == "none":
        return
    strictest = levels(ALPHA / family, _looks(hypothesis))[-1]
    flips = flips_for(family)
    if smallest_p(hypothesis.most, flips) > strictest:
        enough = next(n for n in range(2, 100) if smallest_p(n, flips) <= strictest)
        raise ScenarioError(
            f"{hypothesis.most} are too few: their least p is {smallest_p(hypothesis.most, flips):.2g}, and the "
            f"correction for {family} claim{'s' * (family > 1)} asks for {strictest:.2g}; allowed: {enough} or more",
            file=experiment.where, key="pairs",
        )  # fmt: skip


def _looks(hypothesis: Hypothesis) -> tuple[float, ...]:
    """Return the looks at the results, as fractions of the largest number of pairs, doubling from the least."""
    pairs, found = hypothesis.pairs, []
    while pairs < hypothesis.most:
        found.append(pairs / hypothesis.most)
        pairs *= 2
    return (*found, 1.0)


def conduct(experiment: Experiment, family: int, runner: Runner, told: Told | None = None) -> None:
    """Run pairs until half the interval is within the precision, or there are no more.

    Raises:
        ScenarioError: if the effect is the same in all pairs, so that there is nothing to test.
    """
    hypothesis, first = experiment.hypothesis, experiment.arms[0].scenario.scenario.seed
    doses = np.array([arm.dose for arm in experiment.arms])
    for fraction in _looks(hypothesis):
        have, wanted = experiment.values.shape[1], round(fraction * hypothesis.most)
        wanted = hypothesis.pairs if hypothesis.exact else wanted
        new = measure_arms(experiment.arms, seeds_from(first + have, wanted - have), experiment.where, runner)
        experiment.values = np.concatenate([experiment.values, new], axis=1)
        experiment.effects, experiment.weights = contrast(
            hypothesis.effect, experiment.values, doses, experiment.against, experiment.where
        )
        experiment.pairs_at.append(wanted)
        if told is not None:
            told(str(hypothesis.name), wanted, hypothesis.most)
        if hypothesis.exact:
            experiment.low, experiment.high = float(experiment.effects.min()), float(experiment.effects.max())
            return
        _refuse_constant(experiment)
        look(experiment, flips_for(family))
        if experiment.precise:
            return


def _refuse_constant(experiment: Experiment) -> None:
    effects = experiment.effects
    if np.ptp(effects) > 1e-12 * float(np.abs(experiment.values).max()):
        return
    statistic, measure = experiment.hypothesis.effect, experiment.hypothesis.measure
    raise ScenarioError(
        f"the {statistic} of '{measure}' is {effects[0]:.6g} in all {len(effects)} pairs: chance plays no part in "
        "it, so there is nothing to test; with exact = true it is held against the theory",
        file=experiment.where, key="statistic",
    )  # fmt: skip


def look(experiment: Experiment, flips: int) -> None:
    """Test the pairs so far, and determine whether the effect is known well enough."""
    effects, seed = experiment.effects, len(experiment.p)
    confidence = 1.0 - levels(ALPHA, experiment.fractions)[-1]
    experiment.low, experiment.high = mean_interval(effects, confidence, "bca", seed)
    width = (experiment.high - experiment.low) / 2.0
    scale = abs(float(effects.mean()))
    if experiment.hypothesis.direction == "none":
        above, below = around(experiment)
        experiment.p.append(equivalence_p(above, below))
        scale = abs(float((above - below).mean()) / 2.0) / 0.1  # half a margin is precise
    else:
        experiment.p.append(sign_flip_p(effects, flips, seed))
    experiment.precise = width <= experiment.hypothesis.precision * scale


def around(experiment: Experiment) -> tuple[Floats, Floats]:
    """Return the effects of the pairs plus and minus the margin, which may be relative to the first arm."""
    assert experiment.margin is not None
    margin = experiment.margin * (np.abs(experiment.values[0]) if experiment.relative else 1.0)
    return experiment.effects + margin, experiment.effects - margin
