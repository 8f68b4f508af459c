"""The explorer: one HTML file in which a run can be looked at, without a server, a network, or anything else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.tape.tape import Tape
from sim.views.explorer.data import explorer_data

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

PARTS = Path(__file__).parent
SCRIPTS = ("data.js", "camera.js", "scene.js", "curves.js", "panel.js", "live.js", "main.js")


def explorer(tape: Tape, scenario: Scenario | None = None) -> str:
    """Return the page of a run: time, network, influences, curves and every account of credit, in one HTML text.

    The page loads nothing and can be mailed: its Content-Security-Policy forbids every request, and lets no
    script run but its own, by its hash. Beyond 6,000 persons, 150,000 events or 40 ideas it holds a part of the
    run, chosen by rule, and says which.

    Args:
        tape: of a run, or of a real log.
        scenario: of the run; its ties are made anew from it and the tape's seed. Without one, or where it has no
            ties, who learned from whom takes their place.

    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2], [0, 1], [0, 1], [0, 0], [1, 1])
    >>> people = Persons(["Ada", "</script>"], [1, 1], [1, 1])
    >>> tape = Tape(told, Influences([1], [0], [1]), Realised([1], [-1], [1]), people, ("engine",), 3, 2)
    >>> page = explorer(tape)
    >>> page.startswith("<!DOCTYPE html>"), page.count("</script>")
    (True, 2)
    """
    return page(explorer_data(tape, scenario))


def page(data: dict[str, Any], connect: str = "") -> str:
    """Return the page that shows these data (see `explorer_data`); its script may ask `connect`, if anything."""
    read = {file: (PARTS / file).read_text(encoding="utf-8") for file in ("page.html", "page.css", *SCRIPTS)}
    script, style = "\n".join(read[file] for file in SCRIPTS), read["page.css"]
    allowed = {"default-src": "'none'", "script-src": _hash(script), "style-src": _hash(style), "img-src": "data:"}
    allowed |= {"base-uri": "'none'", "form-action": "'none'"} | ({"connect-src": connect} if connect else {})
    parts = {
        "POLICY": "; ".join(f"{what} {who}" for what, who in allowed.items()),
        "TITLE": html.escape(data["title"][:80]),
        "STYLE": style,
        "SCRIPT": script,
        "DATA": to_json(data),
    }
    pieces = read["page.html"].split("%")  # not replaced one by one: a name may be "%SCRIPT%"
    return "".join(parts[piece] if k % 2 else piece for k, piece in enumerate(pieces))


def to_json(data: dict[str, Any]) -> str:
    """Data as JSON that can stand in a page: ASCII, and no letter that means something to HTML.

    >>> to_json({"name": "</script>\\u2028&"})
    '{"name":"\\\\u003c/script\\\\u003e\\\\u2028\\\\u0026"}'
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
