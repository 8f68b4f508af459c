"""A recorder that takes whole columns of rows at once, beside single ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.tape import Events, Influences, Ints, Recorder


class BulkRecorder:
    """Writes a tape as chunks of rows; single events are those of a Recorder, kept until the next chunk."""

    def __init__(self) -> None:
        self.chunks: list[tuple[Events, Influences]] = []
        self.rows = 0  # in the chunks
        self.single = Recorder()

    def event(
        self, step: int, kind: int, person: int, idea: int, count: int = 1, parents: Mapping[int, float] | None = None
    ) -> int:
        """Append an event with its influences (parent row -> weight) and return its row."""
        return self.rows + self.single.event(step, kind, person, idea, count, parents)

    def extend(self, step: int, kind: int, person: Ints, idea: Ints, parent: Ints | None) -> Ints:
        """Append events of one step and kind, each with the one influence `parent` (-1 is none); return their rows."""
        self.flush()
        number = len(person)
        rows = np.arange(self.rows, self.rows + number)
        ones = np.ones(number, np.int64)
        events = Events(
            ones * step, (ones * kind).astype(np.int8), person.astype(np.int32), idea.astype(np.int32), ones
        )
        child = rows[:0] if parent is None else rows[parent >= 0]
        parent = child if parent is None else parent[parent >= 0]
        self.chunks.append((events, Influences(child, parent, np.ones(len(child)))))
        self.rows += number
        return rows

    def flush(self) -> None:
        """Let the single events be a chunk."""
        if self.single.events:
            events, influences = self.single.tables()
            moved = Influences(influences.child + self.rows, influences.parent, influences.weight)
            self.chunks.append((events, moved))
            self.rows += len(events)
            self.single = Recorder()

    def copy(self) -> BulkRecorder:
        """A recorder that goes on from here by itself."""
        self.flush()
        other = BulkRecorder()
        other.chunks, other.rows = self.chunks.copy(), self.rows
        return other

    def tables(self) -> tuple[Events, Influences]:
        """The rows so far as tables."""
        self.flush()
        return _joined(Events, [e for e, _ in self.chunks]), _joined(Influences, [i for _, i in self.chunks])


def _joined(table: Any, parts: list[Any]) -> Any:
    if not parts:
        parts = [table(*([] for _ in table.__dataclass_fields__))]
    columns = zip(*(part.columns().values() for part in parts), strict=True)
    return table(*(np.concatenate(column) for column in columns))
