"""The tests, in the size of every day, or with SHOULDERS_FULL=1 in the environment in full."""

import os

FULL = bool(os.environ.get("SHOULDERS_FULL"))


def examples(full: int) -> int:
    """How many random examples to try: a third, at least 25, of those in the full size."""
    return full if FULL else min(full, max(25, full // 3))
