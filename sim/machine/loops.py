"""Machine code of loops, where it pays; importing this module does not load the compiler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

WORTH_COMPILING = 20_000  # items that a loop goes over
PATIENCE = 2_000_000  # items that many short calls of a loop go over before it is compiled
_so_far: dict[Any, int] = {}  # the items that each loop has gone over in this process without being compiled
_times: ContextVar[int] = ContextVar("times", default=1)
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, instead: tuple[tuple[Any, Any], ...] = ()) -> Function:
    """Return a function as machine code, with all that it reaches; the compiler is loaded when first needed.

    Args:
        function: a plain function of numbers, arrays and records.
        instead: pairs of a function that it reaches and the one that replaces it.
    """
    from sim.machine.compiling import machine_code

    code: Function = machine_code(function, instead)
    return code


def without(*functions: Callable[..., Any]) -> tuple[tuple[Any, Any], ...]:
    """Return pairs for `compiled` that replace functions, which are never needed, by ones that do nothing."""
    return tuple((function, _NOTHING[function.__annotations__["return"]]) for function in functions)


def _none(*_: Any) -> None:
    return None


def _false(*_: Any) -> bool:
    return False


def always(*_: Any) -> bool:
    """Return True, in place of a function that says whether something can be."""
    return True


_NOTHING: dict[str, Callable[..., Any]] = {"None": _none, "bool": _false}


def for_size(function: Function, size: int, worth: int = WORTH_COMPILING) -> Function:
    """Return a function as it is for few items, and compiled for more than `worth`, or once many calls add up."""
    so_far = _so_far.get(function, 0) + size
    if size * _times.get() > worth or so_far > PATIENCE:
        return compiled(function)
    _so_far[function] = so_far
    return function


@contextmanager
def repeated(times: int) -> Iterator[None]:
    """Assume in the block, in this thread, that work is repeated this many times, so that compiling pays off sooner."""
    token = _times.set(_times.get() * max(1, times))
    try:
        yield
    finally:
        _times.reset(token)
