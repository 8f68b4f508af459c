"""The recording of chunks as they come, in a folder or in memory, and of the progress of the study."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import RunError
from sim.study import store
from sim.study.chunks import Chunk, Job

if TYPE_CHECKING:
    import pyarrow as pa

Parts = dict[int, "pa.Table"]  # for a study without a folder: the first run of each part, and its rows


@dataclass(frozen=True)
class Progress:
    """The progress of a study: all runs, stored runs, runs failed and made in this call, and seconds so far."""

    runs: int
    done: int
    failed: int
    made: int
    seconds: float


@dataclass
class Recorder:
    """A recorder, which stores chunks as they come and reports the progress."""

    job: Job
    names: Sequence[str]  # of the measures
    place: Path | Parts  # the folder, or the parts in memory
    done: int  # stored runs, except failed ones that are made again
    fail_fast: bool
    progress: Callable[[Progress], None] | None  # called after every chunk
    # the parts with failed runs, whose rows are replaced as the runs are made again
    mending: Parts = field(default_factory=dict)
    failed: int = 0
    made: int = 0
    begin: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.schema = store.schema_of(self.job, self.names)
        self.left = {first: sum(last - start for start, last in failed_in(first, table))
                     for first, table in self.mending.items()}  # fmt: skip
        self.again: dict[int, int] = {}

    def record(self, chunk: Chunk) -> None:
        """Store a chunk.

        Raises:
            OSError: if it cannot be written.
            RunError: if one of its runs failed, and `fail_fast` is set.
        """
        table = store.table_of(chunk, self.job, self.schema)
        home = next((first for first, part in self.mending.items() if first <= chunk.first < first + part.num_rows),
                    None)  # fmt: skip
        if home is None:
            self._keep(chunk.first, table)
            self.done += table.num_rows
        else:
            self._mend(home, chunk.first, table)
        self.made += table.num_rows
        self.failed += len(chunk.errors)
        if self.progress is not None:
            seconds = time.perf_counter() - self.begin
            self.progress(Progress(self.job.runs, self.done, self.failed, self.made, seconds))
        if self.fail_fast and chunk.errors:
            at, text = chunk.errors[0]
            cell, replicate = divmod(chunk.first + at, self.job.replicates)
            raise RunError(f"cell {cell}, replicate {replicate}: {text}")

    def _mend(self, home: int, first: int, table: pa.Table) -> None:
        """Replace rows of runs that were made again; store the part once all of its failed runs have been."""
        import pyarrow as pa

        old = self.mending[home]
        end = first - home + table.num_rows
        self.mending[home] = pa.concat_tables([old.slice(0, first - home), table, old.slice(end)])
        self.left[home] -= table.num_rows
        self.again[home] = self.again.get(home, 0) + table.num_rows
        if not self.left[home]:
            self._keep(home, self.mending.pop(home).combine_chunks())
            self.done += self.again[home]

    def _keep(self, first: int, table: pa.Table) -> None:
        if isinstance(self.place, dict):
            self.place[first] = table
            return
        try:
            store.keep(self.place, table, first, first + table.num_rows)
        except OSError as error:
            kept = f"{self.done:,} of {self.job.runs:,} runs are kept, the same command goes on"
            raise OSError(error.errno, f"{error.strerror or error}; {kept}", str(self.place)) from error


def failed_in(first: int, table: pa.Table) -> Iterator[store.Span]:
    """Yield the runs of a part that failed, as (first, last + 1) of consecutive ones."""
    wrong = np.flatnonzero(table["error"].is_valid().to_numpy())
    for some in np.split(wrong, np.flatnonzero(np.diff(wrong) > 1) + 1):
        if len(some):
            yield first + int(some[0]), first + int(some[-1]) + 1
