"""Abilities: a number, or a distribution from which each person draws."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from sim.scenario.values import Fraction, Positive, Section


class Uniform(Section):
    """Between `low` and `high`, all alike."""

    kind: Literal["uniform"]
    low: Fraction = 0.0
    high: Fraction = 1.0


class Normal(Section):
    """Bell-shaped, cut off at 0 and 1."""

    kind: Literal["normal"]
    mean: Annotated[float, Field(allow_inf_nan=False)]
    sd: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class LogNormal(Section):
    """Skewed: exp of a bell curve around log(`median`), cut off at 1."""

    kind: Literal["lognormal"]
    median: Positive
    sigma: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Power(Section):
    """Heavy-tailed (Pareto): density falls with `exponent` from `low` on, cut off at 1."""

    kind: Literal["power"]
    low: Positive
    exponent: Annotated[float, Field(gt=1.0)]


class Beta(Section):
    """Beta distribution with shape parameters `a` and `b`."""

    kind: Literal["beta"]
    a: Annotated[float, Field(gt=0.0, le=1e6)]
    b: Annotated[float, Field(gt=0.0, le=1e6)]


class Choice(Section):
    """One of `values`, with odds `weights` (all alike where they are left out)."""

    kind: Literal["choice"]
    values: Annotated[list[Fraction], Field(min_length=1)]
    weights: list[Annotated[float, Field(ge=0.0, allow_inf_nan=False)]] | None = None


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
