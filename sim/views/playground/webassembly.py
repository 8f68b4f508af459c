"""Compiled functions as WebAssembly: the very code that numba made of them, retargeted, and how to call it.

numba's code is independent of the processor until LLVM makes machine code of it. So another target gives the same
functions for a browser, with the same floating-point operations in the same order.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba.core import types as kinds

TRIPLE = "wasm32-unknown-unknown"
LAYOUT = "e-m:e-p:32:32-p10:8:8-p20:8:8-i64:64-i128:128-n32:64-S128-ni:1:10:20"
# Not nontrapping-fptoint: a float outside the range of integers becomes the lowest integer, as on the machine.
PROCESSOR, FEATURES = "mvp", "+bulk-memory,+bulk-memory-opt,+mutable-globals,+sign-ext"

RUNTIME = Path(__file__).with_name("runtime.ll")


def webassembly(functions: dict[str, Callable[..., Any]]) -> tuple[bytes, dict[str, Any]]:
    """Return a module with these functions, and how each is called.

    Args:
        functions: by the name that each has in the module; each compiled for one signature, by `machine_code`, and not
            loaded from a cache, so that numba still has its code.

    Returns:
        The module, and for each function the arguments in order (name, type of number or array) and the result (the
        same, with the position of each part in memory), as plain JSON values.

    Raises:
        RuntimeError: if wasm-ld, which links the module, is missing or fails.
    """
    linker = shutil.which("wasm-ld")
    if linker is None:
        raise RuntimeError("wasm-ld is not there; it comes with Debian's lld and with the package ziglang")
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(PROCESSOR, FEATURES, opt=3, reloc="static")
    calls = {name: _call(function, machine.target_data) for name, function in functions.items()}
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "made.wasm")
        objects = []
        for name, function in functions.items():
            objects.append(Path(folder, f"{name}.o"))
            objects[-1].write_bytes(machine.emit_object(_module(name, function, machine)))
        exports = [f"--export={name}" for name in [*functions, "__heap_base"]]
        command = [linker, "--no-entry", "--gc-sections", "--strip-all", "--allow-undefined", "-O2", *exports]
        done = subprocess.run([*command, "-o", made, *objects], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"wasm-ld: {done.stderr.strip()}")
        return made.read_bytes(), calls


def versions() -> dict[str, str]:
    """Return the versions of all tools that make the module, on which its bytes depend."""
    linker = shutil.which("wasm-ld")
    said = subprocess.run([linker, "--version"], capture_output=True, text=True, check=False).stdout if linker else ""
    number = re.search(r"\d+\.\d+\.\d+", said)
    return {"numba": numba.__version__, "llvmlite": llvmlite.__version__, "wasm-ld": number[0] if number else "none"}


def _module(name: str, function: Any, machine: Any) -> Any:
    """Return the code of a function for the other machine, optimised, with only that function visible."""
    text = function.inspect_llvm(function.signatures[0])
    text = re.sub(r'target triple = "[^"]*"', f'target triple = "{TRIPLE}"', text)
    text = re.sub(r'target datalayout = "[^"]*"', f'target datalayout = "{LAYOUT}"', text)
    text = text.replace("common local_unnamed_addr global", "internal global").replace(
        "common global", "internal global"
    )
    # numba declares that integers never overflow, and LLVM may rely on it; random keys do overflow, and wrap around.
    text = re.sub(r" n[su]w\b", "", text)
    # Exception messages name the file that they come from. The page does not read them; without them, no folder gets
    # into the module, and the bytes are the same wherever they are made.
    text = re.sub(r"(@\.const\.picklebuf\.[\w.]+ = [a-z_ ]*constant \{[^}]*\}) \{[^}]*\}", r"\1 zeroinitializer", text)
    text = re.sub(r'constant \[\d+ x i8\] c"[^"]*\.py[^"]*"', "constant [1 x i8] zeroinitializer", text)
    # The page takes its memory back after each call, all at once, so that references need not be counted.
    text = re.sub(
        r"(define [^\n]*@NRT_(?:incref|decref)\([^\n]*\{)\n.*?\n\}", r"\1\n  ret void\n}", text, flags=re.DOTALL
    )
    module = llvm.parse_assembly(text)
    module.link_in(llvm.parse_assembly(RUNTIME.read_text(encoding="utf-8")))
    inside = _compiled(function).fndesc.llvm_func_name
    for one in module.functions:
        if not one.is_declaration:
            one.linkage = "external" if one.name == inside else "internal"
    module.get_function(inside).name = name
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes.getModulePassManager().run(module, passes)
    return module


def _compiled(function: Any) -> Any:
    return function.overloads[function.signatures[0]]


def _call(function: Any, layout: Any) -> dict[str, Any]:
    made = _compiled(function)
    names = function.py_func.__code__.co_varnames
    arguments = [part for name, kind in zip(names, made.signature.args, strict=False) for part in _parts(name, kind)]
    result = _result(made.signature.return_type, made.target_context, layout)
    return {"arguments": arguments, "result": result}


def _is_record(kind: Any) -> bool:
    return isinstance(kind, kinds.BaseNamedTuple)


def _parts(name: str, kind: Any) -> list[dict[str, Any]]:
    """Return the numbers and arrays that make up an argument; for a record, those of its fields in order."""
    if _is_record(kind):
        return [part for field, inner in zip(kind.fields, kind.types, strict=True) for part in _parts(field, inner)]
    if isinstance(kind, kinds.Array):
        return [{"name": name, "kind": str(kind.dtype), "dimensions": kind.ndim}]
    return [{"name": name, "kind": str(kind), "dimensions": 0}]


def _result(kind: Any, context: Any, layout: Any) -> dict[str, Any]:
    """Return where the parts of a result are in memory; for an array, its data and its shape."""
    whole = context.get_value_type(kind)
    if not _is_record(kind):
        return {"size": whole.get_abi_size(layout), "parts": [{**_parts("result", kind)[0], "at": 0}]}
    parts = []
    whole = ir.LiteralStructType([context.get_value_type(inner) for inner in kind.types])
    for place, (field, inner) in enumerate(zip(kind.fields, kind.types, strict=True)):
        at = whole.get_element_offset(layout, place)
        part = {**_parts(field, inner)[0], "at": at}
        if isinstance(inner, kinds.Array):
            array = context.get_value_type(inner)
            part |= {name: at + array.get_element_offset(layout, k) for k, name in ((4, "data"), (5, "shape"))}
        parts.append(part)
    return {"size": whole.get_abi_size(layout), "parts": parts}
