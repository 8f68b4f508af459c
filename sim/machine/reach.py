"""What machine code of a function is made of: the functions that it reaches, their code and the constants they read."""

from __future__ import annotations

import dis
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from sim.machine import hints
from sim.machine.hints import inlined

Plain = FunctionType
Instead = tuple[tuple[Any, Any], ...]  # a function, and the one that replaces it


def reachable(function: Callable[..., Any], instead: Instead = ()) -> list[Plain]:
    """Return a function and those of this package that it calls, directly or not, once each, in a fixed order."""
    found: dict[Plain, None] = {}
    waiting: list[Any] = [function]
    while waiting:
        one = waiting.pop()
        if one not in found and not is_hint(one):
            found[one] = None
            waiting += [thing for _, thing in read_by(one, instead) if isinstance(thing, FunctionType)]
    return list(found)


def read_by(function: Plain, instead: Instead = ()) -> Iterator[tuple[str, Any]]:
    """Yield name and value of the globals that a function and its inner functions read, sorted by name.

    A module of this package stands for the functions that are read from it: "rules.probability". A replacement may call
    the function that it replaces.
    """
    others = {old: new for old, new in instead if new is not function}
    for name, thing in globals_of(function):
        yield name, others.get(thing, thing) if isinstance(thing, FunctionType) else thing


@cache
def globals_of(function: Plain) -> tuple[tuple[str, Any], ...]:
    """Return names and values of what a function reads, before any replacement."""
    found: list[tuple[str, Any]] = []
    names = dict.fromkeys(sorted(_names_in(function.__code__)))
    for name in names:
        thing = function.__globals__.get(name)
        if isinstance(thing, ModuleType) and thing.__name__.startswith("sim."):
            inside = [(f"{name}.{word}", getattr(thing, word, None)) for word in names]
            found += [(word, one) for word, one in inside if isinstance(one, FunctionType)]
        elif name in function.__globals__:
            found.append((name, thing))
    return tuple(found)


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def is_hint(function: Plain) -> bool:
    """Return whether numba puts machine code of its own in place of a function."""
    return function.__module__ == hints.__name__


def is_ours(function: Plain) -> bool:
    """Return whether a function is of this package, and no rule of a user's own."""
    return function.__module__.startswith("sim.")


def met_in(function: Plain, instead: Instead) -> Instead:
    """Return the replacements that apply in a function or below it."""
    below = reachable(function, instead) if instead else []
    return tuple(
        (old, new) for old, new in instead
        if any(thing is old and one is not new for one in below for _, thing in globals_of(one))
    )  # fmt: skip


def makes_no_arrays(reached: list[Plain], instead: Instead) -> dict[Plain, None]:
    """Return the functions that neither make a list nor make or return an array, nor get one from what they call."""
    none = dict.fromkeys(f for f in reached if f.__annotations__.get("return") in ("None", "bool", "int", "float"))
    own = [f for f in none if not {*f.__code__.co_names} & {"np", "copy"} and not _makes_lists(f)]
    called = {f: [g for _, g in read_by(f, instead) if isinstance(g, FunctionType)] for f in own}
    return dict.fromkeys(f for f in own if all(g in none or is_hint(g) for g in called[f]))


def _makes_lists(function: Plain) -> bool:
    return any(step.opname == "BUILD_LIST" for step in dis.get_instructions(function))


@cache
def contents(function: Callable[..., Any], instead: Instead = ()) -> str:
    """Return a hash of the code and the constants of a function and all that it reaches; another for each Python."""
    texts = "\n".join(_text(one, instead) for one in reachable(function, instead))
    return hashlib.sha256(texts.encode()).hexdigest()[:16]


@cache
def _text(one: Plain, instead: Instead) -> str:
    """Return a function without those that it calls as text, in which all stands on which its code depends."""
    names = f"{one.__module__}.{one.__qualname__} {one.__defaults__!r} {one.__code__ in inlined}"
    held = [_constant(cell.cell_contents) for cell in one.__closure__ or ()]
    read = [f"{name} {_constant(thing)}" for name, thing in read_by(one, instead)]
    return f"{names} {_code(one.__code__, one.__doc__)} {held} {read}"


def _code(code: CodeType, doc: str | None = None) -> str:
    """Return the code of a function as text, without its docstring."""
    constants = [_code(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts if c is None or c != doc]
    return repr((code.co_code.hex(), constants, code.co_names, code.co_varnames))


def _constant(thing: Any) -> str:
    """Return a global that compiled code reads, as text that differs if the code would."""
    if isinstance(thing, np.ndarray):
        return f"{thing.dtype} {thing.shape} {thing.tobytes().hex()}"
    if isinstance(thing, FunctionType | ModuleType):
        return f"{getattr(thing, '__module__', '')}.{thing.__name__}"
    if isinstance(thing, type):
        return f"{thing.__qualname__} {getattr(thing, '_fields', '')}"
    return repr(thing)
