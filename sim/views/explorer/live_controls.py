"""Which parameters of a scenario have a slider, and from where to where it goes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.scenario.scenario import Scenario

MAX_SLIDERS = 60  # sliders; the named persons and ideas come last
LISTS = (("persons", "count"), ("ideas", "count"))
LEFT_OUT = {"scenario": {"replicates"}, "persons": {"born", "dies"}}
SECTIONS = ("scenario", "world", "population", "dynamics", "credit")


def controls(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the sliders of a scenario: each number that can be moved, with key, value, low, high and step.

    Rates and counts have no upper end of their own: theirs is some times what they are. The value is text, for
    `inf` and 'forever' are values too; the server checks what comes back as it checks a file.

    >>> text = 'scenario = {name = "a", steps = 9}\\npersons = [{name = "P1", reach = 0.5}]\\nideas = [{name = "x"}]'
    >>> found = {control["key"]: control for control in controls(Scenario.from_toml(text))}
    >>> found["persons.P1.reach"]["value"], found["dynamics.abandon_rate"]["high"]
    ('0.5', 1.0)
    """
    found = [control for name in SECTIONS for control in _of(getattr(scenario, name), name, name)]
    for section, _ in LISTS:
        for entry in getattr(scenario, section):
            found += _of(entry, f"{section}.{entry.name}", entry.name)
    return found[:MAX_SLIDERS]


def _of(model: BaseModel, path: str, section: str) -> Iterator[dict[str, Any]]:
    hidden = LEFT_OUT.get(path.partition(".")[0], set())
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name in hidden or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        low, high, step = _ends(field, value)
        yield {
            "key": f"{path}.{name}",
            "label": name.replace("_", " "),
            "section": section,
            "value": _text(value),
            "low": low,
            "high": high,
            "step": step,
        }


def _text(value: float) -> str:
    return "inf" if value == math.inf else repr(value)


def _ends(field: FieldInfo, value: float) -> tuple[float, float, float]:
    """Low, high and step of a slider: the ends are those of the field, where it has any within reach."""
    bounds = _bounds(field)
    low, high = bounds.get("low", 0.0), bounds.get("high", math.inf)
    if isinstance(value, int):
        top = int(min(high, max(3 * value, 20) if value else 100))
        return math.ceil(low), top, max(1, round(top / 200))
    if high > 1.0:
        high = max(1.0, 4.0 * value) if math.isfinite(value) else 10.0
    step = _round((high - low) / 100)
    return low + step * ("above" in bounds), high - step * ("below" in bounds and bounds["below"] == high), step


def _round(step: float) -> float:
    """Return the nearest smaller of 1, 2, 5, 10 ... times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step) + 1e-9)
    return float(next(f"{k * power:.6g}" for k in (5, 2, 1) if k * power <= step * (1 + 1e-9)))


def _bounds(field: FieldInfo) -> Mapping[str, float]:
    """The least and the greatest allowed value, wherever the annotation says them; "above", "below" where they are not
    themselves allowed."""
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
