"""Machine code of plain functions, made by numba from the very source that people read.

The functions of whole modules are compiled as they stand (randomness.py and rules.py among them), so that a rule
changed there is changed in both engines. What was compiled is kept in a private folder that is named by all it was
compiled from: another source, another version or another machine never finds it, so it cannot be stale.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import types
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core import types as kinds
from numba.extending import intrinsic

from sim.machine import prefetch
from sim.machine.prefetch import fetch


@cache
def compiled(*modules: ModuleType) -> SimpleNamespace:
    """All functions of the modules, to be compiled when they are first called, and each calling the others so.

    They release Python's lock, so that threads can call them side by side. Of a module with an `__all__`, Python calls
    what is named there alone: the rest is compiled for its callers only, which takes half the time. Inner functions
    that make no arrays do not count the references to those that they are given, which takes a tenth of the time of
    small ones.
    """
    folder = cache_folder(*modules)
    settings: Any = numba.config
    before = settings.CACHE_DIR
    made: dict[Any, Callable[..., Any]] = {fetch: _prefetch}
    plain = makes_no_arrays(modules)
    spaces = [dict(vars(module)) for module in modules]
    try:
        settings.CACHE_DIR = str(folder or "")
        for module, space in zip(modules, spaces, strict=True):
            for name, function in vars(module).items():
                if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                    twin = types.FunctionType(function.__code__, space, name, function.__defaults__)
                    inner = name not in getattr(module, "__all__", (name,))
                    counts: dict[str, Any] = {"_nrt": False} if inner and function in plain else {}
                    counts["forceinline"] = name in getattr(module, "INLINE", ())
                    options: Any = numba.njit
                    made[function] = options(
                        cache=folder is not None and not inner, nogil=True, error_model="numpy",
                        no_cpython_wrapper=inner, no_cfunc_wrapper=inner, **counts,
                    )(twin)  # fmt: skip
    finally:
        settings.CACHE_DIR = before
    for space in spaces:
        for name, thing in space.items():
            if isinstance(thing, types.FunctionType) and thing in made:
                space[name] = made[thing]
    return SimpleNamespace(**{function.__name__: code for function, code in made.items()})


@intrinsic
def _prefetch(context: Any, column: Any, place: Any) -> Any:
    """The processor's own instruction, which asks for nothing twice and takes any address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        insert: Any = cgutils.get_or_insert_function
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = insert(builder.module, shape, "llvm.prefetch.p0i8")
        to_read, to_keep, data_not_code = word(0), word(3), word(1)
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(function, [address, to_read, to_keep, data_not_code])
        return context.get_dummy_value()

    return kinds.void(column, kinds.intp), generate


def makes_no_arrays(modules: Iterable[ModuleType]) -> dict[Any, None]:
    """The functions that neither make nor return an array, nor call one that does."""
    functions = {f: None for m in modules for f in vars(m).values() if isinstance(f, types.FunctionType)}
    plain = {f: None for f in functions if f.__annotations__.get("return") in ("None", "bool", "int", "float")
             and not set(f.__code__.co_names) & {"np", "copy"}}  # fmt: skip
    while True:
        named = {f: [f.__globals__.get(name) for name in f.__code__.co_names] for f in plain}
        called = {f: [g for g in things if isinstance(g, types.FunctionType)] for f, things in named.items()}
        left = {f: None for f in plain if all(g in plain for g in called[f])}
        if len(left) == len(plain):
            return plain
        plain = left


def cache_folder(*modules: ModuleType) -> Path | None:
    """The private folder for machine code of these modules, made if need be; None where there is no place for one."""
    home = os.environ.get("XDG_CACHE_HOME") or (
        os.path.join(os.environ["HOME"], ".cache") if "HOME" in os.environ else ""
    )
    if not home:
        return None
    folder = Path(home) / "shoulders" / fingerprint(*modules)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        safe = folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return None
    return folder if safe else None


def is_compiled(*modules: ModuleType) -> bool:
    """Whether machine code of these modules is there from an earlier run."""
    folder = cache_folder(*modules)
    return folder is not None and any(folder.rglob("*.nbc"))


def fingerprint(*modules: ModuleType) -> str:
    """A hash of all that machine code depends on: sources, versions, the processor."""
    settings: Any = numba.config
    digest = hashlib.sha256()
    for source in (__file__, prefetch.__file__, *(str(module.__file__) for module in modules)):
        digest.update(Path(source).read_bytes())
    processor = f"{llvmlite.binding.get_host_cpu_name()} {settings.CPU_NAME} {settings.CPU_FEATURES}"
    versions = (sys.version, numba.__version__, np.__version__, platform.machine(), processor)
    digest.update(repr(versions).encode())
    return digest.hexdigest()[:16]
