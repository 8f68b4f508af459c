"""Abilities: a number, or a distribution from which each person draws."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from sim.scenario.values import Finite, Fraction, Positive, Section, key


class Uniform(Section):
    """Any value from `low` to `high`, all equally likely."""

    kind: Literal["uniform"]
    low: Fraction = key("The smallest value.", 0.0)
    high: Fraction = key("The largest value.", 1.0)


class Normal(Section):
    """A bell curve, cut off at 0 and 1."""

    kind: Literal["normal"]
    mean: Annotated[float, Field(allow_inf_nan=False)] = key("The middle of the curve.", example=0.5)
    sd: Finite = key("The standard deviation.", example=0.1)


class LogNormal(Section):
    """A skewed distribution, the exponential of a bell curve around log(`median`), cut off at 1."""

    kind: Literal["lognormal"]
    median: Positive = key("The value that half of the persons exceed.", example=0.1)
    sigma: Finite = key("The standard deviation of the logarithm.", example=1.0)


class Power(Section):
    """A heavy-tailed (Pareto) distribution: the density falls with `exponent` from `low` on, cut off at 1."""

    kind: Literal["power"]
    low: Positive = key("The smallest value.", example=0.001)
    exponent: Annotated[float, Field(gt=1.0)] = key("How fast the density falls.", example=2.5)


class Beta(Section):
    """A beta distribution with shape parameters `a` and `b`."""

    kind: Literal["beta"]
    a: Annotated[float, Field(gt=0.0, le=1e6)] = key("The first shape parameter; the mean is a / (a + b).", example=2.0)
    b: Annotated[float, Field(gt=0.0, le=1e6)] = key("The second shape parameter.", example=5.0)


class Choice(Section):
    """One of several values, with given odds."""

    kind: Literal["choice"]
    values: Annotated[list[Fraction], Field(min_length=1)] = key("The values to choose from.", example=[0.0, 0.01])
    weights: list[Finite] | None = key(
        "The odds of each value; without them all are equally likely.", None, example=[95, 5]
    )


Distribution = Uniform | Normal | LogNormal | Power | Beta | Choice


def _ability_tag(value: Any) -> str:
    if isinstance(value, Distribution):
        return value.kind
    return str(value.get("kind")) if isinstance(value, dict) else "number"


Ability = Annotated[
    Annotated[Fraction, Tag("number")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Normal, Tag("normal")]
    | Annotated[LogNormal, Tag("lognormal")]
    | Annotated[Power, Tag("power")]
    | Annotated[Beta, Tag("beta")]
    | Annotated[Choice, Tag("choice")],
    Discriminator(_ability_tag),
]
