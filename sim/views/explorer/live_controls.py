"""The sliders of the live page: the numeric parameters of a scenario, and their ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.scenario.scenario import Scenario

MAX_SLIDERS = 60
MAX_OF_ENTRIES = 20  # for named persons, and for ideas
LEFT_OUT = {"scenario": {"replicates"}, "persons": {"born", "dies"}, "population": {"count"}}
DECADES = 100.0  # ratio of its ends from which on a slider without a given upper end is logarithmic


def controls(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the sliders of a scenario, in the order of interest: persons, ties, ideas, rules, the rest.

    Each has its key, label, section, value, low, high, step, and whether it is logarithmic. Rates and counts have no
    given upper end: theirs is a hundred times their value. The value is text, since `inf` and 'forever' are values too;
    the server checks what comes back as it checks a file.

    >>> text = 'scenario = {name = "a", steps = 9}\\npersons = [{name = "P1", reach = 0.5}]\\nideas = [{name = "x"}]'
    >>> found = {control["key"]: control for control in controls(Scenario.from_toml(text))}
    >>> found["persons.P1.reach"]["value"], found["dynamics.abandon_rate"]["high"], next(iter(found))
    ('0.5', 10.0, 'population.count')
    """
    persons = [c for entry in scenario.persons for c in _of(entry, f"persons.{entry.name}", entry.name)]
    ideas = [c for entry in scenario.ideas for c in _of(entry, f"ideas.{entry.name}", entry.name)]
    count = _slider("population.count", "people", "population", scenario.population, "count")
    found = [count, *_of(scenario.population, "population", "population"), *persons[:MAX_OF_ENTRIES]]
    for path, section in (("world", scenario.world), ("world.network", scenario.world.network)):
        found += _of(section, path, "ties" if path == "world.network" else "world")
    found += ideas[:MAX_OF_ENTRIES]
    for name in ("dynamics", "scenario", "credit"):
        found += _of(getattr(scenario, name), name, name)
    return found[:MAX_SLIDERS]


def _of(model: BaseModel, path: str, section: str) -> Iterator[dict[str, Any]]:
    hidden = LEFT_OUT.get(path.partition(".")[0], set())
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name not in hidden and not isinstance(value, bool) and isinstance(value, int | float):
            yield _slider(f"{path}.{name}", name.replace("_", " "), section, model, name)


def _slider(key: str, label: str, section: str, model: BaseModel, name: str) -> dict[str, Any]:
    value = getattr(model, name)
    text = "inf" if value == math.inf else repr(value)
    low, high, step, logarithmic = _ends(type(model).model_fields[name], value, name == "seed")
    return {
        "key": key, "label": label, "section": section, "value": text, "low": low, "high": high, "step": step,
        "logarithmic": logarithmic,
    }  # fmt: skip


def _ends(field: FieldInfo, value: float, linear: bool) -> tuple[float, float, float, bool]:
    """Return low, high and step of a slider, and whether it is logarithmic, as it is if no upper end is near."""
    bounds = _bounds(field)
    low, high = bounds.get("low", 0.0), bounds.get("high", math.inf)
    open_ended = high > 1.0 and not linear and math.isfinite(value) and value > 0.0
    if isinstance(value, int):
        if open_ended and min(high, 100 * value) >= DECADES * max(low, 1):
            return max(math.ceil(low), 1), int(min(high, 100 * value)), 1, True
        top = int(min(high, max(3 * value, 20) if value else 1000))
        return math.ceil(low), top, max(1, round(top / 200)), False
    if open_ended and min(high, 100.0 * value) >= DECADES * max(low, value / 100.0):
        return max(low, value / 100.0), min(high, 100.0 * value), 0.0, True
    if high > 1.0:
        high = max(1.0, 4.0 * value) if math.isfinite(value) else 10.0
    step = _round((high - low) / 100)
    low, high = low + step * ("above" in bounds), high - step * ("below" in bounds and bounds["below"] == high)
    return low, high, step, False


def _round(step: float) -> float:
    """Return the largest of 1, 2, 5, 10 ... times a power of ten that is not above the step."""
    power = 10.0 ** math.floor(math.log10(step) + 1e-9)
    return float(next(f"{k * power:.6g}" for k in (5, 2, 1) if k * power <= step * (1 + 1e-9)))


def _bounds(field: FieldInfo) -> Mapping[str, float]:
    """Return the least and the greatest allowed value, wherever the annotation states them.

    The keys "above" and "below" are present if these values are excluded.
    """
    found: dict[str, float] = {}
    todo: list[Any] = [*field.metadata, field.annotation]
    while todo:
        part = todo.pop()
        if isinstance(part, Ge | Gt):
            found["low"] = float(str(part.ge if isinstance(part, Ge) else part.gt))
            found |= {"above": found["low"]} if isinstance(part, Gt) else {}
        elif isinstance(part, Le | Lt):
            found["high"] = float(str(part.le if isinstance(part, Le) else part.lt))
            found |= {"below": found["high"]} if isinstance(part, Lt) else {}
        elif isinstance(part, FieldInfo):
            todo += part.metadata
        elif getattr(part, "__metadata__", None) is not None:
            todo += [*part.__metadata__, part.__origin__]
        elif getattr(part, "__args__", None):
            todo += part.__args__
    return found
