"""Priors over keys of a scenario, written as in scipy; they are parsed by a table of names, never evaluated.

A particle is a point of the standard normal space, with one coordinate per key: its value is the prior's quantile at
the coordinate's probability. In that space every prior is standard normal and independent, and has no edges.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special, stats

from sim.errors import ScenarioError, did_you_mean
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats

EDGE = 1e-6  # probability at either end of a prior that is never drawn
DIGITS = 12  # of a drawn value, so that it can be typed in again
CALL = re.compile(r"\s*([A-Za-z]\w*)\s*\(([^()]*)\)\s*")


@dataclass(frozen=True)
class Family:
    """A family of priors: the names of its numbers, what they may be, and its distribution."""

    words: tuple[str, ...]
    allowed: str
    allows: Callable[..., bool]
    law: Callable[..., Any]


FAMILIES = {
    "uniform": Family(("low", "high"), "low < high", lambda a, b: a < b, lambda a, b: stats.uniform(a, b - a)),
    "loguniform": Family(("low", "high"), "0 < low < high", lambda a, b: 0 < a < b, stats.loguniform),
    "beta": Family(("a", "b"), "both above 0", lambda a, b: a > 0 and b > 0, stats.beta),
    "normal": Family(("mean", "sd"), "sd above 0", lambda m, s: s > 0, stats.norm),
    "lognormal": Family(
        ("median", "sigma"), "both above 0", lambda m, s: m > 0 and s > 0, lambda m, s: stats.lognorm(s, scale=m)
    ),
    "gamma": Family(
        ("shape", "scale"), "both above 0", lambda k, s: k > 0 and s > 0, lambda k, s: stats.gamma(k, scale=s)
    ),
    "exponential": Family(("mean",), "above 0", lambda m: m > 0, lambda m: stats.expon(scale=m)),
    "integers": Family(
        ("low", "high"), "whole, low < high", lambda a, b: a < b and a == int(a) and b == int(b),
        lambda a, b: stats.randint(int(a), int(b) + 1),
    ),
}  # fmt: skip
FORMS = tuple(f"{name}({', '.join(family.words)})" for name, family in FAMILIES.items())


@dataclass(frozen=True)
class Prior:
    """A prior of one key, as text; two priors are equal if their texts are.

    >>> Prior("uniform(0, 2)").values(np.array([0.0])).tolist()
    [1.0]
    """

    text: str
    law: Any = field(init=False, repr=False, compare=False)
    whole: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = CALL.fullmatch(self.text)
        if found is None:
            raise ValueError(f"{self.text!r} is no prior; allowed: {', '.join(FORMS)}")
        name, inside = found.groups()
        family = FAMILIES.get(name)
        if family is None:
            raise ValueError(f"no prior {name!r}{did_you_mean(name, FAMILIES)}")
        try:
            numbers = [float(part) for part in inside.split(",")]
        except ValueError:
            numbers = []
        right = len(numbers) == len(family.words) and all(map(math.isfinite, numbers))
        if not right or not family.allows(*numbers):
            form = f"{name}({', '.join(family.words)})"
            raise ValueError(f"{self.text.strip()}: allowed: {form}, finite numbers, {family.allowed}")
        object.__setattr__(self, "text", f"{name}({', '.join(repr(number).removesuffix('.0') for number in numbers)})")
        object.__setattr__(self, "law", family.law(*numbers))
        object.__setattr__(self, "whole", name == "integers")

    def values(self, z: Floats) -> Floats:
        """Return the values at points of the standard normal line, rounded to DIGITS; the shape is that of z."""
        found = self.law.ppf(np.clip(special.ndtr(z), EDGE, 1.0 - EDGE))
        return np.array([float(f"{x:.{DIGITS}g}") for x in np.ravel(found)]).reshape(np.shape(z))


Priors = Mapping[str, Prior]


def priors_of(vary: Mapping[str, str | Prior], scenario: Scenario) -> dict[str, Prior]:
    """Return the priors of keys, after checking that the keys exist and allow all values that can be drawn.

    Raises:
        ValueError: if there are none, or one cannot be parsed.
        ScenarioError: if a key does not exist, or a prior reaches values that are not allowed.

    >>> priors_of({"dynamics.abandon_rate": "beta(2, 5)"}, Scenario.load("e2_implementer"))
    {'dynamics.abandon_rate': Prior(text='beta(2, 5)')}
    """
    vary = dict(vary)  # of a pandas Series, too
    if not vary:
        raise ValueError("vary: nothing; give KEY=PRIOR, as dynamics.abandon_rate=uniform(0, 1)")
    found = {}
    for key, given in vary.items():
        try:
            prior = given if isinstance(given, Prior) else Prior(str(given))
        except ValueError as error:
            raise ValueError(f"vary: {key}: {error}") from None
        for end in prior.values(np.array([-9.0, 9.0])).tolist():
            try:
                scenario.replace({key: int(end) if prior.whole else end}, source="vary")
            except ScenarioError as error:
                raise ScenarioError(f"{error.problem} (drawn by {prior.text})", "vary", key=error.key or key) from None
        found[key] = prior
    return found


def parse_prior(text: str) -> tuple[str, Prior]:
    """Return the key and the prior of a text KEY=PRIOR.

    >>> parse_prior("population.clarity=uniform(0, 1)")
    ('population.clarity', Prior(text='uniform(0, 1)'))
    """
    key, equals, prior = text.partition("=")
    if not equals or not key.strip():
        raise ValueError(f"{text!r}: must be KEY=PRIOR, as dynamics.abandon_rate=uniform(0, 1)")
    try:
        return key.strip(), Prior(prior)
    except ValueError as error:
        raise ValueError(f"{key.strip()}: {error}") from None


def values_of(priors: Priors, z: Floats) -> Floats:
    """Return the values of particles, key by key; shape (particles, keys), like z."""
    return np.stack([prior.values(z[:, k]) for k, prior in enumerate(priors.values())], axis=1)


def cells_of(priors: Priors, values: Floats) -> list[dict[str, float]]:
    """Return the changes that each particle makes to the scenario."""
    return [
        {key: int(x) if prior.whole else x for (key, prior), x in zip(priors.items(), row, strict=True)}
        for row in values.tolist()
    ]
