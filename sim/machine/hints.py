"""Hints for loops that may be compiled: they change how long a loop takes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

inlined: dict[CodeType, None] = {}


def inline(function: Function) -> Function:
    """Mark a function that is called so often that compiled code holds it in place of each call."""
    inlined[function.__code__] = None
    return function


def fetch(column: Any, place: int) -> None:
    """Say that an entry of a column will be asked for soon: nothing but the time it takes to come depends on it.

    A loop over entries that lie far apart waits for the memory, unless it says some entries ahead which come next.
    """
