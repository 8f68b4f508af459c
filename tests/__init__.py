"""Tests; SHOULDERS_FULL=1 for the full size of those that are smaller by default."""

import os

FULL = bool(os.environ.get("SHOULDERS_FULL"))
