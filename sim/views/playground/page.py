"""The playground: one HTML file with the engine in it, without a server, a network, or anything else."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from sim.scenario.scenario import Scenario
from sim.views.explorer.page import to_json
from sim.views.playground.presets import document_of, presets
from sim.views.playground.words import words

HERE = Path(__file__).parent
PARTS = HERE / "page"
SCRIPTS = ("dom.js", "runtime.js", "world.js", "study.js", "toml.js", "app.js", "address.js", "picture.js", "hands.js",
           "time.js", "credit.js", "fields.js", "bench.js", "plans.js", "story.js", "save.js", "main.js")  # fmt: skip
FIRST, OWN = "bridge", "own"


def playground(scenario: Scenario | None = None) -> str:
    """Return the page in which one changes a world by hand, as one HTML text.

    The page loads nothing and can be mailed: its Content-Security-Policy forbids every request, and lets no script run
    but its own, by its hash, and the engine: the kernels and the loops of the accounts, compiled from the same
    functions as here. So its tape is that of `simulate`, bit for bit.

    Args:
        scenario: the world with which it begins; without one, the bridge.

    Raises:
        ScenarioError: if the scenario has more than a page can hold.
    """
    worlds = presets()
    if scenario is not None:
        worlds = {OWN: document_of(scenario)} | worlds
    calls = json.loads((HERE / "engine.json").read_text(encoding="utf-8"))["calls"]
    given = {"WORDS": words(), "PRESETS": worlds, "CALLS": calls, "FIRST": FIRST if scenario is None else OWN}
    data = "".join(f"const {name} = {to_json(value)};\n" for name, value in given.items())
    read = {file: (PARTS / file).read_text(encoding="utf-8") for file in ("page.html", "page.css", *SCRIPTS)}
    script = '"use strict";\n' + data + "\n".join(read[file] for file in SCRIPTS)
    style = read["page.css"]
    allowed = {"default-src": "'none'", "script-src": f"{_hash(script)} 'wasm-unsafe-eval'", "style-src": _hash(style),
               "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}  # fmt: skip
    parts: dict[str, Any] = {
        "POLICY": "; ".join(f"{what} {who}" for what, who in allowed.items()),
        "TITLE": "On whose shoulders?",
        "STYLE": style,
        "SCRIPT": script,
        "ENGINE": base64.b64encode(gzip.compress((HERE / "engine.wasm").read_bytes(), 9, mtime=0)).decode("ascii"),
    }
    pieces = read["page.html"].split("%")  # not replaced one by one: a name may be "%SCRIPT%"
    return "".join(parts[piece] if k % 2 else piece for k, piece in enumerate(pieces))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
