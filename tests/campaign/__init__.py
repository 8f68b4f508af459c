"""Campaigns: whatever is read, cut, killed, interrupted or full, nothing is lost, doubled, left behind or believed.

`make campaign` runs them at full size, the other tests at a small one. SHOULDERS_CAMPAIGN is the part of the full size,
as 0.2.
"""

from __future__ import annotations

import os

FULL = {"inputs": 100_000, "flips": 10_000, "kills": 1_000, "interrupts": 300, "disks": 100}
SMALL = {"inputs": 280, "flips": 150, "kills": 8, "interrupts": 6, "disks": 4}
PART = float(os.environ.get("SHOULDERS_CAMPAIGN") or 0.0)


def size(what: str) -> int:
    """How many of a kind to try."""
    return max(1, round(FULL[what] * PART)) if PART else SMALL[what]
