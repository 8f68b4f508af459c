"""`make playground`: compile the engine of the page, and write it beside this file."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# No optimisation for this processor, whose vector instructions no browser has, and no code from a cache, which is for
# this processor only. LLVM optimises for the browser later. numba iterates over sets, whose order depends on the seed.
SETTINGS = {
    "PYTHONHASHSEED": "0",
    "NUMBA_OPT": "0",
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "XDG_CACHE_HOME": os.devnull,
}


def made_with() -> dict[str, str]:
    """Return the versions of all that makes the engine, and a hash of its sources: on these its bytes depend."""
    from sim.machine import compiling, reach, reference
    from sim.views.playground import webassembly
    from sim.views.playground.accounts import flows_of, games_of
    from sim.views.playground.engine import play

    files = (
        *(Path(str(module.__file__)) for module in (compiling, reach, reference, webassembly)),
        webassembly.RUNTIME,
    )
    functions = (play, flows_of, games_of)
    sources = [*(file.read_bytes() for file in files), *(reach.contents(one).encode() for one in functions)]
    versions = {"python": sys.version.split()[0], **webassembly.versions()}
    return versions | {"sources": hashlib.sha256(b"".join(sources)).hexdigest()[:16]}


def build() -> tuple[bytes, str]:
    """Return the engine as WebAssembly, and a JSON text on how to call it and what it was made with.

    It must be called in a process that started with SETTINGS in force.

    Raises:
        RuntimeError: if wasm-ld is missing or fails.
    """
    from sim.machine.compiling import machine_code
    from sim.scenario.scenario import Scenario
    from sim.views.playground.accounts import flows_of, games_of
    from sim.views.playground.engine import play
    from sim.views.playground.tables import tables_of
    from sim.views.playground.webassembly import webassembly

    functions: dict[str, Any] = {
        "play": machine_code(play), "flows": machine_code(flows_of), "games": machine_code(games_of)
    }  # fmt: skip
    history = functions["play"](*tables_of(Scenario.load("e4_bridge")).values())  # so that all types are known
    step, kind, person, idea, count, *rest, _ = history
    functions["flows"](step, kind, person, idea, *rest, 4, 1, 0.5)
    functions["games"](kind, person, idea, count, *rest, 4, 7, 10, 1, 0.85)
    made, calls = webassembly(functions)
    return made, json.dumps({"made_with": made_with(), "calls": calls}, indent=1) + "\n"


def main() -> None:
    """Build the engine and write it to the folder in the first argument, or beside this file."""
    if any(os.environ.get(name) != value for name, value in SETTINGS.items()):
        os.execve(
            sys.executable, [sys.executable, "-m", "sim.views.playground.build", *sys.argv[1:]], os.environ | SETTINGS
        )
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    engine, calls = build()
    (folder / "engine.wasm").write_bytes(engine)
    (folder / "engine.json").write_text(calls, encoding="utf-8")


if __name__ == "__main__":
    main()
