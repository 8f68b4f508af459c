"""Hints for loops that may be compiled: inlining, prefetching, and records that loops write to."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

inlined: dict[CodeType, None] = {}


def inline(function: Function) -> Function:
    """Mark a function that is called so often that compiled code holds its body in place of each call."""
    inlined[function.__code__] = None
    return function


def fetch(column: Any, place: int) -> None:
    """Announce that an entry of a column will be needed soon, which affects nothing but the time it takes to come.

    A loop over entries that lie far apart waits for the memory, unless it announces some entries ahead which come next.
    """


def fill_from(new: Any, column: Any, number: int) -> None:
    """Have a new column begin with the first entries of one of its kind; numpy's slices take seconds to compile."""
    new[:number] = column[:number]


def by_reference(record: Any) -> Any:
    """Return a named tuple as a record whose fields can be set, passed on by its address: a narrow argument.

    For compiled code only. It lives until the function that calls this returns; `values_of` ends its use.
    """
    raise NotImplementedError  # numba puts machine code in place of the body


def values_of(record: Any) -> Any:
    """Return the named tuple that a record by reference has become; call this once, as the record's last use."""
    raise NotImplementedError  # numba puts machine code in place of the body


def keep(record: Any) -> Any:
    """Return a named tuple as a kept record, which is one object for Python; for compiled code only."""
    raise NotImplementedError  # numba puts machine code in place of the body


def opened(kept: Any) -> Any:
    """Return a kept record by reference, valid as long as it is kept; `kept.record` is the named tuple."""
    raise NotImplementedError  # numba puts machine code in place of the body
