"""The wording of error messages."""

from __future__ import annotations

from collections.abc import Callable

from sim.errors import TapeError

Fail = Callable[[int, str], TapeError]  # makes the error for a row, which names its line


def shown(text: str) -> str:
    """Return a text in quotes, cut if it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
