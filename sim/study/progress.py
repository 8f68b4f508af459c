"""Keeping parts as they come, in a folder or in memory, and telling how far the study is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.study import store
from sim.study.chunks import Job, Part

if TYPE_CHECKING:
    import pyarrow as pa


class RunError(RuntimeError):
    """A run failed, and the study was asked to stop at the first one."""


@dataclass(frozen=True)
class Progress:
    """How far a study is: runs in all, stored, failed in this call, made in this call, and its seconds so far."""

    runs: int
    done: int
    failed: int
    made: int
    seconds: float


class Keeper:
    """Takes parts as they come, and tells how far it is."""

    def __init__(
        self, job: Job, names: Sequence[str], place: Path | list[tuple[int, pa.Table]], done: int, fail_fast: bool,
        progress: Callable[[Progress], None] | None,
    ) -> None:  # fmt: skip
        self.job, self.place, self.done, self.fail_fast, self.progress = job, place, done, fail_fast, progress
        self.schema = store.schema_of(job, names)
        self.failed = self.made = 0
        self.begin = time.perf_counter()

    def keep(self, part: Part) -> None:
        """Store a part."""
        table = store.table_of(part, self.job, self.schema)
        if isinstance(self.place, list):
            self.place.append((part.first, table))
        else:
            try:
                store.keep(self.place, table, part.first, part.last)
            except OSError as error:
                kept = f"{self.done:,} of {self.job.runs:,} runs are kept, the same command goes on"
                raise OSError(error.errno, f"{error.strerror or error}; {kept}", str(self.place)) from error
        self.done, self.made = self.done + table.num_rows, self.made + table.num_rows
        self.failed += len(part.errors)
        if self.progress is not None:
            seconds = time.perf_counter() - self.begin
            self.progress(Progress(self.job.runs, self.done, self.failed, self.made, seconds))
        if self.fail_fast and part.errors:
            at, text = part.errors[0]
            cell, replicate = divmod(part.first + at, self.job.replicates)
            raise RunError(f"cell {cell}, replicate {replicate}: {text}")
