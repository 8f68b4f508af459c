"""Machine code of plain functions, made by numba from the very source that people read.

A function is compiled with all that it reaches through its own globals, and nothing else: no list says what belongs
together. Compiled code is kept in a private folder, named by all it was compiled from: the code of each function
reached, the constants that it reads, the versions and the processor. Another source, version or machine never finds it,
so it cannot be stale. What numba makes of each function is kept as well, before LLVM optimises the whole: with another
choice of some part, or a line changed, only what differs is compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
import threading
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, TypeVar

import llvmlite.binding
import numba
import numpy as np
import platformdirs
from llvmlite import ir
from numba.core import caching, cgutils
from numba.core import types as kinds
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags, compile_result
from numba.extending import intrinsic

from sim.machine import reach, reference
from sim.machine.folders import in_turn
from sim.machine.hints import by_reference, fetch, fill_from, inlined, keep, opened, values_of
from sim.machine.reach import Instead, Plain, contents, is_ours, makes_no_arrays, met_in, reachable, read_by

Function = TypeVar("Function", bound=Callable[..., Any])
NUMBERS: dict[str, Any] = {"float": kinds.float64, "int": kinds.int64, "bool": kinds.boolean}

_linking = threading.RLock()
_inner: dict[tuple[Plain, Instead], Any] = {}  # functions compiled only for their callers


@cache
def machine_code(function: Function, instead: Instead = ()) -> Function:
    """Return a function that is compiled, when it is first called, with all that it reaches.

    Args:
        function: a plain function of numbers, arrays and records.
        instead: pairs of a function that it reaches and the one that replaces it.

    The code releases Python's lock, so that threads can call it side by side. Functions that it calls get no wrapper
    for Python, which halves the time of compiling; and those that make no arrays do not count references to the arrays
    that they are given: counting takes a tenth of the time of small ones.
    """
    with _linking:
        reached = reachable(function, instead)
        folder = cache_folder(function, instead)
        _link(reached, instead)
        made = _jit(_twin(function, instead), inner=False)
        if folder is not None:
            made._cache = _Kept(made.py_func, folder)
            made.compile = _in_turn(made.compile, folder)
        code: Function = made  # a dispatcher, which is called like the function
        return code


def _in_turn(compiles: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Have one process compile at a time: who wants the same code meanwhile waits, and then reads it."""

    def compiled(signature: Any) -> Any:
        with in_turn(folder / "compiling.lock"):
            return compiles(signature)

    return compiled


def is_compiled(function: Callable[..., Any], instead: Instead = ()) -> bool:
    """Return whether machine code of a function exists from an earlier run."""
    folder = cache_folder(function, instead)
    return folder is not None and any(folder.glob("*.nbc"))


def _link(reached: list[Plain], instead: Instead) -> None:
    """Make a compiled twin of each function, which calls the twins of the others.

    Twins are shared by all that replace the same functions below them, so that another choice of some part compiles
    that part anew, but not what does not reach it.
    """
    plain = makes_no_arrays(reached, instead)
    keys = {function: (function, met_in(function, instead)) for function in reached}
    twins = {function: _twin(function, instead) for function in reached if keys[function] not in _inner}
    folder = _private("parts") if twins else None
    for function, twin in twins.items():
        counts = function not in plain or not is_ours(function)
        made = _inner[keys[function]] = _jit(twin, inner=True, counts=counts)
        if folder is not None and is_ours(function):
            made._cache = _Parts(function.__name__, f"{fingerprint(function, instead)} {counts}", folder)
    for function, twin in twins.items():
        _connect(twin, function, instead)


def _twin(function: Any, instead: Instead) -> Plain:
    """Return the same function with globals of its own, linked to those twins that already exist.

    Its name carries a tag of all that it is compiled with: machine code from several processes is bound by name, and
    numba numbers the versions of a function anew in each process.
    """
    space = dict(function.__globals__)
    made = FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)
    made.__qualname__ = f"{function.__qualname__}_{contents(function, instead)}"
    _connect(made, function, instead)
    return made


def _connect(twin: Plain, function: Plain, instead: Instead) -> None:
    for name, thing in read_by(function, instead):
        if isinstance(thing, FunctionType):
            linked = INTRINSICS.get(thing) or _inner.get((thing, met_in(thing, instead)), thing)
            module, dot, word = name.rpartition(".")
            if not dot:
                twin.__globals__[name] = linked
                continue
            if twin.__globals__[module] is function.__globals__[module]:
                twin.__globals__[module] = ModuleType(module)
            setattr(twin.__globals__[module], word, linked)


def _jit(function: Plain, inner: bool, counts: bool = True) -> Any:
    options: Any = numba.njit
    more: dict[str, Any] = {"_nrt": counts}
    if inner:
        more["pipeline_class"] = _InnerCompiler
    made = options(nogil=True, error_model="numpy", no_cpython_wrapper=inner, no_cfunc_wrapper=True,
                   forceinline=inner and function.__code__ in inlined, **more)(function)  # fmt: skip
    made._compiler._customize_flags = QuickFlags
    if inner:
        template = made.get_call_template
        made.get_call_template = lambda arguments, named: template([*map(_wide, arguments)], named)
    return made


def _wide(kind: Any) -> Any:
    """Return the widest type for a whole number, so that constants and narrow columns compile no function anew."""
    kind = kinds.unliteral(kind)
    return kinds.int64 if isinstance(kind, kinds.Integer) else kind


def why_not(function: Plain, like: Plain) -> str:
    """Return why a function cannot be compiled for the arguments of another, in one line, or "" if it can."""
    words = [like.__annotations__[name] for name in like.__code__.co_varnames[: like.__code__.co_argcount]]
    with _linking:
        _link(reachable(function), ())
        try:
            made = _jit(_twin(function, ()), inner=False)
            made.compile(tuple(NUMBERS[word] for word in words))
            result = made.nopython_signatures[0].return_type
        except Exception as error:  # numba has several kinds, not all of one family
            lines = str(error).splitlines()
            return (lines[1] if lines[0].startswith("Failed in") and len(lines) > 1 else lines[0]).strip()
    wanted = NUMBERS[like.__annotations__["return"]]
    return "" if isinstance(result, kinds.Number | kinds.Boolean) else f"it returns {result}, not {wanted}"


class QuickFlags(Flags):
    """The options of a function, compared by those that are set; numba's own spell out all fifty at each look-up."""

    __slots__ = ()

    def __hash__(self) -> int:
        return ALIKE  # as numba's own, of which equal ones must have the same

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Flags):
            return NotImplemented
        ours, theirs = self._values, other._values
        return ours == theirs or all(getattr(self, name) == getattr(other, name) for name in (*ours, *theirs))


ALIKE: int = Flags().__hash__()


class _InnerLibrary(JITCodeLibrary):
    """Code that is linked into its callers' code, where it is optimised and becomes machine code once."""

    @property
    def codegen(self) -> Any:
        return SimpleNamespace(set_env=lambda *_: None)  # no constants are kept in an environment: all are numbers

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0  # nothing calls it by its address

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _InnerCompiler(Compiler):
    """numba's own compiler, except for the library to which the code goes."""

    def define_pipelines(self) -> Any:
        self.state.library = _InnerLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        return super().define_pipelines()


class _Folder(caching._CacheLocator):
    """The folder of one function's code; numba's own setting for this is one for all threads and users."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def get_cache_path(self) -> str:
        return self.folder

    def get_source_stamp(self) -> str:
        return self.folder  # the folder's name says what the code was made from

    def get_disambiguator(self) -> str:
        return ""


class _KeptImpl(caching.CompileResultCacheImpl):
    def __init__(self, function: Plain, folder: Path) -> None:
        self._locator = _Folder(folder)
        base: Any = self.get_filename_base
        self._filename_base = base(function.__name__, "")


class _Kept(caching.FunctionCache):
    """The code of one function in one folder."""

    def __init__(self, function: Plain, folder: Path) -> None:
        self._name, self._py_func, self._impl = function.__name__, function, _KeptImpl(function, folder)
        self._cache_path = str(folder)
        index: Any = caching.IndexDataCacheFile
        self._cache_file = index(self._cache_path, self._impl.filename_base, self._cache_path)
        self._enabled = True

    def load_overload(self, signature: Any, context: Any) -> Any:
        return _sound(self, lambda: super(_Kept, self).load_overload(signature, context))

    def save_overload(self, signature: Any, made: Any) -> None:
        with contextlib.suppress(OSError):  # where there is no room, it is compiled again the next time
            super().save_overload(signature, made)


def _sound(file: Any, load: Callable[[], Any]) -> Any:
    """Return what is loaded; None if it is damaged, as where the machine stopped, and empty the file of it."""
    try:
        return load()
    except Exception:  # whatever comes of the bytes that are there
        with contextlib.suppress(OSError):
            file.flush()
        return None


class _Parts:
    """The code of one function that is compiled for its callers, a file for each signature.

    It is ready to be linked and optimised with theirs. Making it is most of the work of compiling.
    """

    def __init__(self, name: str, made_of: str, folder: Path) -> None:
        self._name, self._made_of, self._folder = name, made_of, folder

    def _file(self, arguments: Any) -> Any:
        of = f"{self._made_of} {[*map(_spelled, arguments)]}"
        index: Any = caching.IndexDataCacheFile
        return index(str(self._folder), f"{self._name}-{hashlib.sha256(of.encode()).hexdigest()[:32]}", None)

    def load_overload(self, arguments: Any, context: Any) -> Any:
        """Return the code for these types, as numba's compiler returns it, or None if none is kept."""
        file = self._file(arguments)
        if (kept := _sound(file, lambda: file.load(None))) is None:
            return None
        name, code, described, environment, signature = kept
        library = _InnerLibrary(context.codegen(), name)
        library._final_module = llvmlite.binding.parse_bitcode(zlib.decompress(code))
        library._finalize_final_module()
        entry = context.get_executable(library, described, environment)
        result: Any = compile_result
        return result(
            typing_context=context.typing_context, target_context=context, entry_point=entry, signature=signature,
            objectmode=False, fndesc=described, library=library, environment=environment,
        )  # fmt: skip

    def save_overload(self, arguments: Any, made: Any) -> None:
        """Keep the code for these types, if there is room for it."""
        made.fndesc.typemap = made.fndesc.calltypes = None  # done with, and large
        name, _, code = made.library.serialize_using_bitcode()
        kept = (name, zlib.compress(code, 1), made.fndesc, made.environment, made.signature)
        with contextlib.suppress(OSError):
            self._file(arguments).save(None, kept)


def _spelled(kind: Any) -> str:
    """Return a type in words that differ if its layout does; numba's own leave out the fields of a named tuple."""
    inner: dict[str, Any] = {}
    if isinstance(kind, kinds.BaseNamedTuple):
        inner = dict(zip(kind.fields, kind.types, strict=True))  # type: ignore[attr-defined]  # its two kinds have both
    elif isinstance(kind, reference.Reference):
        inner = {"record": kind.record}
    elif isinstance(kind, kinds.StructRef):
        inner = dict(kind._fields)
    return f"{kind} {[(name, _spelled(one)) for name, one in inner.items()]}" if inner else str(kind)


@intrinsic
def _prefetch(context: Any, column: Any, place: Any) -> Any:
    """Emit the processor's own instruction, which asks for nothing twice and takes any address."""

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


@intrinsic
def _copy(context: Any, new: Any, column: Any, number: Any) -> Any:
    """Emit a copy of bytes; both columns are whole arrays of one type."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, source = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[:2], arguments[:2], strict=True)
        )
        copy: Any = cgutils.raw_memcpy
        copy(builder, to.data, source.data, arguments[2], to.itemsize)
        return context.get_dummy_value()

    return kinds.void(new, column, kinds.intp), generate


INTRINSICS: dict[Any, Any] = {
    fetch: _prefetch, fill_from: _copy, by_reference: reference.by_reference, values_of: reference.values_of,
    keep: reference.keep, opened: reference.opened,
}  # fmt: skip


def cache_folder(function: Callable[..., Any], instead: Instead = ()) -> Path | None:
    """Return the private folder for machine code of a function, made if need be, or None if none can be had."""
    return _private(fingerprint(function, instead))


def _private(name: str) -> Path | None:
    try:
        folder = Path(platformdirs.user_cache_dir("shoulders", appauthor=False)) / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        mine = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
        safe = mine and os.access(folder, os.W_OK | os.X_OK)
    except (OSError, RuntimeError):  # the latter if not even a home is known
        return None
    return folder if safe else None


@cache
def fingerprint(function: Callable[..., Any], instead: Instead = ()) -> str:
    """Return a hash of all that machine code depends on: code, constants, versions, the processor."""
    return hashlib.sha256(f"{contents(function, instead)} {_made_by()}".encode()).hexdigest()[:16]


@cache
def _made_by() -> str:
    """Return a hash of the compiler, the versions and the processor."""
    settings: Any = numba.config
    files = (__file__, str(reach.__file__), str(reference.__file__))
    digest = hashlib.sha256(b"".join(Path(file).read_bytes() for file in files))
    processor = f"{llvmlite.binding.get_host_cpu_name()} {settings.CPU_NAME} {settings.CPU_FEATURES}"
    versions = (sys.version, numba.__version__, np.__version__, platform.machine(), processor)
    digest.update(repr(versions).encode())
    return digest.hexdigest()
