"""Columns of numbers in the page: base64 of the smallest type that holds them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHORT = {"uint8": "u8", "uint16": "u16", "uint32": "u32", "float32": "f32", "float64": "f64"}


def packed(column: NDArray[Any]) -> dict[str, Any]:
    """Return a column as base64, little-endian, in the smallest type; a sparse column as places and values.

    >>> packed(np.array([0, 1, 300])), packed(np.zeros(9))
    ({'t': 'u16', 'd': 'AAABACwB'}, {'n': 9, 'i': {'t': 'u8', 'd': ''}, 'v': {'t': 'f32', 'd': ''}})
    """
    filled = np.flatnonzero(column)
    if len(column) > 8 and len(filled) * 3 < len(column):
        return {"n": len(column), "i": _whole(filled), "v": _whole(np.asarray(column)[filled])}
    return _whole(column)


def _whole(column: NDArray[Any]) -> dict[str, Any]:
    kind: Any = np.float32
    if column.dtype.kind in "iu":
        top = int(column.max(initial=0))
        kind = next((k for k in (np.uint8, np.uint16, np.uint32) if top <= np.iinfo(k).max), np.float64)
    small = np.ascontiguousarray(column, dtype=np.dtype(kind).newbyteorder("<"))
    return {"t": SHORT[np.dtype(kind).name], "d": base64.b64encode(small.tobytes()).decode("ascii")}
