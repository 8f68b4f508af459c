"""The text of a log, and the words of its refusals."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from sim.tape import TapeError


def lines_of(path: Path, data: bytes) -> list[str]:
    """The lines of a text, those to be skipped as empty ones, so that an index is a line number less 1."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n?|\n", data[: error.start])) + 1
        raise TapeError(f"{path}:{line}: byte {data[error.start]:#04x} is not UTF-8; a log is UTF-8 text") from None
    lines = [("" if re.match(r"\s*(#|$)", line) else line) for line in io.StringIO(text, newline="")]
    if not any(lines):
        raise TapeError(f"{path}:1: empty; a log has a row a line")
    return lines


def allowed_names(name: str, names: Iterable[str]) -> str:
    """What is allowed instead of `name`, and the nearest of it."""
    nearest = get_close_matches(name, names := list(filter(None, names)), 1)
    return f"allowed: {', '.join(names)}" + (f"; did you mean {nearest[0]!r}?" if nearest else "")


def shown(text: str) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
