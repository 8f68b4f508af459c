"""Loops that may be compiled: hints for them, and their machine code; reading this does not load the compiler."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

WORTH_COMPILING = 20_000  # things that a loop goes over
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


def compiled(function: Function) -> Function:
    """Return a function as machine code, with all that it reaches; the compiler is loaded when it is first needed."""
    from sim.machine.compiling import machine_code

    code: Function = machine_code(function)
    return code


def for_size(function: Function, size: int, worth: int = WORTH_COMPILING) -> Function:
    """Return a function as it is for a few things, and compiled for more than `worth`, where that pays."""
    return function if size <= worth else compiled(function)
