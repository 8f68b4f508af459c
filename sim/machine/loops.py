"""Machine code of loops, where it pays; reading this does not load the compiler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

WORTH_COMPILING = 20_000  # things that a loop goes over
PATIENCE = 2_000_000  # things that a loop goes over in many short calls, before it is compiled for the next
_so_far: dict[Any, int] = {}  # how many things each loop that is not compiled has gone over in this process
_times: ContextVar[int] = ContextVar("times", default=1)
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, instead: tuple[tuple[Any, Any], ...] = ()) -> Function:
    """Return a function as machine code, with all that it reaches; the compiler is loaded when it is first needed.

    Args:
        function: a plain function of numbers, arrays and records.
        instead: pairs of a function that it reaches and another that takes its place.
    """
    from sim.machine.compiling import machine_code

    code: Function = machine_code(function, instead)
    return code


def without(*functions: Callable[..., Any]) -> tuple[tuple[Any, Any], ...]:
    """Return pairs for `compiled` that leave functions out, which are never called; each says what it returns."""
    return tuple((function, _NOTHING[function.__annotations__["return"]]) for function in functions)


def _none(*_: Any) -> None:
    return None


def _false(*_: Any) -> bool:
    return False


def always(*_: Any) -> bool:
    """Return True, in the place of a function that says whether something can be."""
    return True


_NOTHING: dict[str, Callable[..., Any]] = {"None": _none, "bool": _false}


def for_size(function: Function, size: int, worth: int = WORTH_COMPILING) -> Function:
    """Return a function as it stands for few things, and compiled for more than `worth`, or once many calls add up."""
    so_far = _so_far.get(function, 0) + size
    if size * _times.get() > worth or so_far > PATIENCE:
        return compiled(function)
    _so_far[function] = so_far
    return function


@contextmanager
def repeated(times: int) -> Iterator[None]:
    """Take it in the block, in this thread, that all is done so many times: compiling pays the sooner."""
    token = _times.set(max(1, times))
    try:
        yield
    finally:
        _times.reset(token)
