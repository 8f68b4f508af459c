"""The preload module of the workers of a local Dask cluster: Ctrl-C is for the process that made the cluster."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(_worker: Any) -> None:
    """Ignore interrupts from the terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
