"""The predicted cost of a study, and its outcome so far; neither holds the rows in memory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.model.forecast import predict_memory
from sim.study.chunks import Job

if TYPE_CHECKING:
    import pyarrow as pa

PILOT, LONGEST = 0.3, 512  # seconds, or runs, after which a pilot is long enough


def predict(job: Job, workers: int) -> dict[str, Any]:
    """Return what Study.predict documents; the pilot is doubled until the overhead is small."""
    job.chunk(0, 1)  # loads and compiles
    pilot, seconds = 0, 0.0
    while seconds < PILOT and pilot < min(job.runs, LONGEST):
        pilot = min(job.runs, max(1, 2 * pilot))
        first, begin = (job.runs - pilot) // 2, time.perf_counter()
        job.chunk(first, first + pilot)
        seconds = time.perf_counter() - begin
    each = seconds / pilot
    return {
        "cells": len(job.cells), "replicates": job.replicates, "runs": job.runs, "engine": job.engine,
        "pilot_runs": pilot, "seconds_per_run": each, "seconds": each * job.runs / workers,
        "memory": predict_memory(job.scenario, job.engine) * workers,
        "stored": 6 * job.runs * (3 + len(job.measures)) + 4096,
    }  # fmt: skip


def outcome(parts: Iterable[pa.Table], names: Sequence[str]) -> dict[str, Any]:
    """Return what Study.outcome documents."""
    done = failed = 0
    first_error = None
    count, total = np.zeros(len(names), np.int64), np.zeros(len(names))
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for table in parts:
        wrong = table["error"].drop_null()
        if first_error is None and len(wrong):
            first_error = wrong[0].as_py()
        done, failed = done + table.num_rows, failed + len(wrong)
        for k, name in enumerate(names):
            values = table[name].to_numpy()
            values = values[~np.isnan(values)]
            count[k] += len(values)
            total[k] += values.sum()
            low[k], high[k] = min(low[k], values.min(initial=np.inf)), max(high[k], values.max(initial=-np.inf))
    measures = {
        name: {"mean": total[k] / count[k], "low": low[k], "high": high[k]} if count[k] else None
        for k, name in enumerate(names)
    }
    return {"done": done, "failed": failed, "first_error": first_error, "measures": measures}
