"""Machine code of loops, where it pays; reading this does not load the compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

WORTH_COMPILING = 20_000  # things that a loop goes over
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Return a function as machine code, with all that it reaches; the compiler is loaded when it is first needed."""
    from sim.machine.compiling import machine_code

    code: Function = machine_code(function)
    return code


def for_size(function: Function, size: int, worth: int = WORTH_COMPILING) -> Function:
    """Return a function as it is for a few things, and compiled for more than `worth`, where that pays."""
    return function if size <= worth else compiled(function)
