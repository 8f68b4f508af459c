"""The parts of scenarios that must be equal for them to run together."""

from __future__ import annotations

from typing import Any


def shape_of(value: Any) -> Any:
    """Return a scenario, or a part of one, with every fractional number made 0: if equal, scenarios can run together.

    >>> shape_of([1, 0.5, "forever"]) == shape_of([1, 0.7, "forever"]) != shape_of([2, 0.5, "forever"])
    True
    """
    if isinstance(value, float):
        return 0.0
    if isinstance(value, list | tuple):
        return tuple(map(shape_of, value))
    fields = getattr(value, "__dict__", None)
    return (type(value), *map(shape_of, fields.values())) if fields else value
