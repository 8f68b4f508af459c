"""The tests, in the size of every day, or with SHOULDERS_FULL=1 in the environment in full."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings

FULL = bool(os.environ.get("SHOULDERS_FULL"))
# What compiles takes its time.
settings.register_profile("patient", deadline=None, max_examples=100 if FULL else 34)
settings.load_profile("patient")


def examples(full: int) -> int:
    """How many random examples to try: a third, at least 25, of those in the full size."""
    return full if FULL else min(full, max(25, full // 3))


def cases(full: int, *strategies: Any, **named: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a test on so many random examples, as `given` does, or on fewer in the size of every day."""
    return lambda test: settings(max_examples=examples(full))(given(*strategies, **named)(test))
