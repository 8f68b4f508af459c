"""Abilities: a draw for each person from a distribution, the same in Python and in compiled code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.model.randomness import ABILITY, exp, key_of, log, normal_quantile, uniform_of
from sim.tape.tables import Floats

FIXED, UNIFORM, NORMAL, LOGNORMAL, POWER, BETA, CHOICE = range(7)
LEAST = 2.0**-54  # in place of a uniform number of 0, whose normal quantile is -inf


def parameters_of(distribution: Any) -> tuple[int, Floats]:
    """Return kind and parameters of an ability, given as a number or a distribution, as `draw_ability` takes them."""
    if isinstance(distribution, float | int):
        return FIXED, np.array([distribution, 0.0], np.float64)
    match distribution.kind:
        case "uniform":
            return UNIFORM, np.array([distribution.low, distribution.high], np.float64)
        case "normal":
            return NORMAL, np.array([distribution.mean, distribution.sd], np.float64)
        case "lognormal":
            return LOGNORMAL, np.array([distribution.median, distribution.sigma], np.float64)
        case "power":
            return POWER, np.array([distribution.low, distribution.exponent], np.float64)
        case "beta":
            return BETA, np.array([distribution.a, distribution.b], np.float64)
    weights = distribution.weights or [1.0] * len(distribution.values)
    return CHOICE, np.array([*distribution.values, *weights], np.float64)


def draw_ability(kind: int, parameters: Any, seed: int, number: int, person: int) -> float:
    """Return the ability of a person, in [0, 1]: a draw from a distribution, cut off at 0 and 1.

    Args:
        kind: one of the numbers above.
        parameters: float64: low, high; mean, sd; median, sigma; low, exponent; a, b; values, then as many weights.
        seed: 64 bits, in compiled code as int64.
        number: the number of the ability.
        person: the row of the person.
    """
    return draw_by_key(kind, parameters, key_of(seed, ABILITY, number, 0), person)


def draw_abilities(kind: int, parameters: Any, seed: int, number: int, first: int, abilities: Any) -> None:
    """Write the ability of each person from `first` on into an array."""
    if kind == FIXED:
        abilities[:] = parameters[0]
        return
    key = key_of(seed, ABILITY, number, 0)
    for i in range(len(abilities)):
        abilities[i] = draw_by_key(kind, parameters, key, first + i)


def draw_by_key(kind: int, parameters: Any, key: int, person: int) -> float:
    """Return the ability of a person, by the key of all draws for this ability."""
    a, b = float(parameters[0]), float(parameters[1])
    u = uniform_of(key, person, 0)
    if kind == UNIFORM:
        x = a + (b - a) * u
    elif kind == NORMAL:
        x = a + b * normal_quantile(u if u > 0.0 else LEAST)
    elif kind == LOGNORMAL:
        x = a * exp(b * normal_quantile(u if u > 0.0 else LEAST))
    elif kind == POWER:
        x = a * exp(-log(1.0 - u) / (b - 1.0))
    elif kind == BETA:
        x = 1.0 / (1.0 + exp(log_gamma(b, key, person, 1) - log_gamma(a, key, person, 0)))
    else:
        x = choose(parameters, u)
    return min(1.0, max(0.0, x))


def choose(parameters: Any, u: float) -> float:
    """Return one of the values in the first half of the parameters, with the odds in the second."""
    count = len(parameters) // 2
    total = 0.0
    for m in range(count):
        total += float(parameters[count + m])
    below = u * total
    chosen = 0.0
    for m in range(count):
        weight = float(parameters[count + m])
        if weight > 0.0:  # if rounding leaves a remainder, the last value with any odds is taken
            chosen = float(parameters[m])
            if below < weight:
                return chosen
        below -= weight
    return chosen


def log_gamma(shape: float, key: int, person: int, which: int) -> float:
    """Return the log of a gamma variate, by rejection (Marsaglia and Tsang 2000); a draw's `other` counts the tries."""
    boost = 0.0
    if shape < 1.0:
        boost = max(log(1.0 - uniform_of(key, person, 2 + which)) / shape, -1e308)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    for attempt in range(1, 1_000_000):
        u = uniform_of(key, person, 4 * attempt + which)
        z = normal_quantile(u if u > 0.0 else LEAST)
        v = (1.0 + c * z) * (1.0 + c * z) * (1.0 + c * z)
        u = uniform_of(key, person, 4 * attempt + 2 + which)
        if v > 0.0 and log(1.0 - u) < 0.5 * z * z + d - d * v + d * log(v):
            return log(d * v) + boost
    raise RuntimeError("a gamma variate was rejected a million times")
