"""A hint for loops that are compiled; apart from compiling.py, so that reading it does not load the compiler."""

from __future__ import annotations

from typing import Any


def fetch(column: Any, place: int) -> None:
    """Say that an entry of a column will be asked for soon: nothing but the time it takes to come depends on it.

    A loop over entries that lie far apart waits for the memory, unless it says some entries ahead which come next.
    """
