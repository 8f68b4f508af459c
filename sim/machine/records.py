"""Records that hold arrays: comparing two, and printing one."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any


def equal(one: Any, other: Any) -> bool:
    """Return whether two values are equal through and through: arrays bit for bit, so that nan equals nan.

    >>> import numpy as np
    >>> equal((np.array([1.0, np.nan]), "a"), (np.array([1.0, np.nan]), "a"))
    True
    """
    import numpy as np

    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        same = isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.dtype == other.dtype
        return same and one.shape == other.shape and one.tobytes() == other.tobytes()
    if is_dataclass(one) and type(one) is type(other):
        return all(equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str | bytes):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def known(value: Any) -> Any:
    """Return a value as JSON has it: None for nan and the infinities.

    >>> known(0.5), known(float("nan")), known(float("inf")), known("name")
    (0.5, None, None, 'name')
    """
    return None if isinstance(value, float) and not math.isfinite(value) else value


def many(count: int, word: str) -> str:
    """Return a count with its noun, which is in the plural unless the count is 1.

    >>> many(1, "idea"), many(2000, "person")
    ('1 idea', '2,000 persons')
    """
    return f"{count:,} {word}{'s' * (count != 1)}"


def html_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table for a notebook, with everything in it escaped for HTML.

    >>> html_table("a & b", ["name"], [["<i>"]])
    '<p><b>a &amp; b</b></p><table><tr><th>name</th></tr><tr><td>&lt;i&gt;</td></tr></table>'
    """
    first = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows]
    table = "".join(f"<tr>{line}</tr>" for line in ([first] if first else []) + lines)
    return f"<p><b>{html.escape(title)}</b></p><table>{table}</table>"
