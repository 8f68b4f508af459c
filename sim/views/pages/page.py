"""The page as one HTML text that loads nothing: its policy, style, scripts and data."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PARTS = Path(__file__).parent
SHARED = ("dom.js", "history.js", "camera.js", "scene.js", "time.js", "credit.js", "look.js")


def page(title: str, door: str, scripts: Iterable[Path], data: dict[str, Any], **more: str) -> str:
    """Return the page that shows these data; it makes no requests, and runs only its own script, by its hash.

    Args:
        title: of the window.
        door: the class of its body, which decides what is visible: "look" or "play".
        scripts: of this door, after the shared ones.
        data: what the scripts find as JSON in the element "data".
        more: what the policy allows in addition, by directive with "_" for "-".
    """
    files = [*(PARTS / name for name in SHARED), *scripts]
    script = "\n".join(['"use strict";', *(file.read_text(encoding="utf-8") for file in files)])
    style = (PARTS / "page.css").read_text(encoding="utf-8")
    allowed = {"default_src": "'none'", "script_src": _hash(script), "style_src": _hash(style), "img_src": "data:",
               "base_uri": "'none'", "form_action": "'none'"}  # fmt: skip
    for what, who in more.items():
        allowed[what] = f"{allowed[what]} {who}" if what in allowed else who
    policy = "; ".join(f"{what.replace('_', '-')} {who}" for what, who in allowed.items())
    parts = {"POLICY": policy, "TITLE": html.escape(title[:80]), "DOOR": door, "STYLE": style, "SCRIPT": script,
             "DATA": to_json(data)}  # fmt: skip
    pieces = (PARTS / "page.html").read_text(encoding="utf-8").split("%")  # in one pass, since a name may be "%SCRIPT%"
    return "".join(parts[piece] if k % 2 else piece for k, piece in enumerate(pieces))


def to_json(data: dict[str, Any]) -> str:
    """Return data as JSON that is safe inside a page: ASCII, without characters that have a meaning in HTML.

    >>> to_json({"name": "</script>\\u2028&"})
    '{"name":"\\\\u003c/script\\\\u003e\\\\u2028\\\\u0026"}'
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
