"""Requirements of the arrays given to PageRank, checked once; an array of the right type is not copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sim.accounts.dag_loops import Weights, Whole
from sim.tape.tables import Floats


class NowhereError(ValueError, ZeroDivisionError):
    """A distribution that is 0 everywhere; networkx raises a ZeroDivisionError."""


def whole(given: ArrayLike, name: str) -> Whole:
    """Return an array of whole numbers: int32 and int64 as they are, other types as int64."""
    array = np.asarray(given)
    if array.ndim != 1 or (array.size > 0 and not np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"{name} must be a one-dimensional array of whole numbers")
    return array if array.dtype in (np.int32, np.int64) else array.astype(np.int64)


def weights_of(given: ArrayLike, length: int, name: str) -> Weights:
    """Return an array of weights, not yet checked for sign: float32 and float64 as they are, other types as float64."""
    array = np.asarray(given)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(float)
    if array.shape != (length,):
        raise ValueError(f"{name} must have the shape ({length},), has {array.shape}")
    return array


def distribution(given: Any, nodes: Any, name: str) -> Floats:
    """Return the given weights of the nodes as a new array normalised to sum to 1, or uniform weights if None."""
    number = len(nodes)
    if given is None:
        return np.full(number, 1.0 / max(1, number))
    if isinstance(given, Mapping) or (hasattr(given, "get") and not isinstance(nodes, range)):  # pandas' by label
        given = [given.get(node, 0.0) for node in nodes]
    array = np.asarray(weights_of(given, number, name), dtype=float)
    if not (np.isfinite(array) & (array >= 0.0)).all():
        raise ValueError(f"{name} must be 0 or more, and finite")
    if number > 0 and not array.any():
        raise NowhereError(f"{name} must not be 0 everywhere")
    return np.asarray(array / array.sum())
