"""Keys of a scenario, such as persons.P1.reach: reading a value from text, and setting one."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from sim.errors import ScenarioError, did_you_mean


def parse_value(text: str) -> Any:
    """Return the TOML value that a text stands for, or the text: '0.2' -> 0.2, 'true' -> True, 'simple' -> 'simple'."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def plain(value: Any) -> Any:
    """Return a value of numpy or pandas, a range, a tuple or a path as plain data; others as they are.

    A numpy date becomes text, since in nanoseconds it would pass for a number.

    >>> import numpy as np
    >>> plain({"values": np.arange(2), "weights": (np.float32(0.5), 1)}), plain(range(3))
    ({'values': [0, 1], 'weights': [0.5, 1]}, [0, 1, 2])
    >>> import pandas as pd
    >>> plain(pd.Series({"low": 0, "high": 1})), plain(pd.DataFrame({"a": [1, 2]}))
    ({'low': 0, 'high': 1}, [{'a': 1}, {'a': 2}])
    """
    if hasattr(value, "columns") and hasattr(value, "to_dict"):
        return plain(value.to_dict("records"))
    if hasattr(value, "to_dict") and len(value) and all(isinstance(label, str) for label in value.index):
        return plain(value.to_dict())
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(inner) for inner in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__module__ == "numpy" and value.dtype.kind in "mM":
        return plain(value.astype(str))
    return plain(value.tolist()) if hasattr(value, "tolist") else value  # numpy and pandas, scalars included


def put(data: Any, key: str, value: Any, source: str) -> None:
    """Set the value at a dotted key; entries of lists are addressed by name or by number.

    Raise a ScenarioError if the key leads nowhere.
    """
    *path, last = list(_steps(data, key, source)) or [""]
    for part in path:
        data = data[part] if isinstance(data, list) else data.setdefault(part, {}) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        raise ScenarioError("must be the key of one value, as dynamics.abandon_rate", file=source, key=key)
    data[last] = plain(value)


def _steps(data: Any, key: str, source: str) -> Iterator[Any]:
    rest = key
    while rest:
        if isinstance(data, list):
            tables = [entry if isinstance(entry, dict) else {} for entry in data]
            names = [str(entry.get("name", number)) for number, entry in enumerate(tables)]
            fits = [n for n, name in enumerate(names) if rest == name or rest.startswith(name + ".")]
            if not fits:
                raise ScenarioError(f"no such entry{did_you_mean(rest.split('.')[0], names)}", file=source, key=key)
            at = max(fits, key=lambda n: len(names[n]))
            rest = rest[len(names[at]) + 1 :]
            data = data[at]
            yield at
        else:
            part, _, rest = rest.partition(".")
            data = data.get(part, {}) if isinstance(data, dict) else {}
            yield part
