"""The playground: one HTML file with the engine in it, which needs no server, network, or anything else."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

from sim.scenario.scenario import Scenario
from sim.views.pages.page import page
from sim.views.playground.presets import document_of, presets
from sim.views.playground.words import words

HERE = Path(__file__).parent
PARTS = ("runtime", "world", "study", "toml", "app", "address", "picture", "hands", "marks", "fields", "bench", "plans",
         "story", "save", "main")  # fmt: skip
SCRIPTS = tuple(HERE / "page" / f"{name}.js" for name in PARTS)
FIRST, OWN = "bridge", "own"


def playground(scenario: Scenario | None = None) -> str:
    """Return the page in which a world can be changed by hand, as one HTML text.

    The page loads nothing and can be mailed: its Content-Security-Policy forbids every request, and allows only its own
    script, by its hash, and the engine: the kernels and the loops of the accounts, compiled from the same functions as
    here. So its tape is that of `simulate`, bit for bit.

    Args:
        scenario: the world with which the workbench opens; by default the page opens with its story.

    Raises:
        ScenarioError: if the scenario is larger than a page can hold.
    """
    worlds = presets()
    if scenario is not None:
        worlds = {OWN: document_of(scenario)} | worlds
    calls = json.loads((HERE / "engine.json").read_text(encoding="utf-8"))["calls"]
    engine = gzip.compress((HERE / "engine.wasm").read_bytes(), 9, mtime=0)
    data = {"words": words(), "presets": worlds, "calls": calls, "first": FIRST if scenario is None else OWN,
            "engine": base64.b64encode(engine).decode("ascii")}  # fmt: skip
    return page("On whose shoulders?", "play", SCRIPTS, data, script_src="'wasm-unsafe-eval'")
