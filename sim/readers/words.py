"""The words of refusals."""

from __future__ import annotations

from collections.abc import Callable

from sim.errors import TapeError

Fail = Callable[[int, str], TapeError]  # the refusal because of a row, which names its line


def shown(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
