"""Hints for loops that may be compiled: how long a call takes, and records that loops write to."""

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


def by_reference(record: Any) -> Any:
    """Return a named tuple as a record whose fields can be set, handed on by its address: a narrow argument.

    Compiled code only. It lives until the function returns that calls this; `values_of` ends its use.
    """
    raise NotImplementedError  # numba puts machine code in the place of the body


def values_of(record: Any) -> Any:
    """Return the named tuple that a record by reference has become; once, as the last that is asked of it."""
    raise NotImplementedError  # numba puts machine code in the place of the body


def keep(record: Any) -> Any:
    """Return a named tuple as a record that is kept: one object for Python. Compiled code only."""
    raise NotImplementedError  # numba puts machine code in the place of the body


def opened(kept: Any) -> Any:
    """Return a record that is kept by reference, as long as it is kept; its field `record` is the named tuple."""
    raise NotImplementedError  # numba puts machine code in the place of the body
