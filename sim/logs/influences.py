"""Tables of who took what up from whom, and when: the format edges of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.logs.cells import Cells, csv_cells, parquet_cells, times_of
from sim.logs.history import HELD, LATE, History, append
from sim.logs.text import allowed_names, shown
from sim.tape import DISCOVER, IMPLEMENT, LEARN, USE, Tape

UNKNOWN, ANYONE = -1, -1  # a kind that the row does not give, a source
ROW_KINDS = {"": UNKNOWN, "learn": LEARN, "discover": DISCOVER, "implement": IMPLEMENT, "use": USE, "realise": USE}
UNSAID = -1.0  # a value that the row does not give; those given are 0 or more
Cause = tuple[int, float, float]  # source, weight, value


def read_edges(path: Path, data: bytes) -> Tape:
    """Read a table of edges as a tape, as told at read_log."""
    parquet = data.startswith(b"PAR1") or path.suffix == ".parquet"
    cells = parquet_cells(path, data) if parquet else csv_cells(path, data)
    cells.columns["idea"] = [idea or "idea" for idea in cells["idea"]]
    persons, ideas = sorted({"", *cells["source"], *cells["target"]}), sorted(set(cells["idea"]))
    history = _Edges(persons, ideas)
    times, unit = times_of(cells)
    history.place(_rows(cells, times, persons, ideas, history.dropped))
    kept = len(cells.lines) - history.dropped.total()
    return history.tape(path, format="edges", time_unit=unit, rows=len(cells.lines), kept=kept)


class _Edges(History):
    """The rows of a table of edges, placed in order of time."""

    def place(self, rows: Sequence[NDArray[Any]]) -> None:
        """Place rows sorted by time, kind, holder (the target with the idea), source (also with it), weight, value."""
        time, kind, holder = rows[:3]
        taken = kind <= LEARN
        self.taken_up = dict(zip(holder[taken].tolist(), time[taken].tolist(), strict=True))  # the last time of each
        self.made: dict[int, list[int]] = {}
        placing = {DISCOVER: self.take_up, LEARN: self.take_up, IMPLEMENT: self.implement, USE: self.use}
        columns = [column.tolist() for column in rows]
        for (when, what, target), group in groupby(zip(*columns, strict=True), key=itemgetter(0, 1, 2)):
            placing[what](when, what, target, [row[3:] for row in group])

    def earlier(self, holder: int, time: int) -> int | None:
        """The holding that began before `time`; a root is placed for one who is nowhere said to take the idea up."""
        row = self.holdings.get(holder)
        if row is not None:
            return row if self.steps[row] < time else None
        if self.taken_up.get(holder, time - 1) >= time:
            return None
        self.repaired["root placed"] += 1
        return self.add(time - 1, DISCOVER, holder)

    def realise(self, holding: int, implementation: int, values: list[float], unsaid: float) -> None:
        said = [value for value in values if value != UNSAID]
        if value := sum(said) if said else unsaid:
            append(self.realised, holding, implementation, value)

    def take_up(self, time: int, kind: int, target: int, group: list[Cause]) -> None:
        if target in self.holdings:
            self.dropped[HELD] += len(group)
            return
        tellers: dict[int, float] = {}
        values = []
        for source, weight, value in group:
            teller = self.earlier(source, time) if kind == LEARN else None
            if teller is not None:
                tellers[teller] = tellers.get(teller, 0.0) + weight
            if teller is None and kind == LEARN:
                self.dropped[LATE] += 1
            else:
                values.append(value)
        if values:
            self.realise(self.add(time, kind, target, tellers), -1, values, 1.0 if kind == LEARN else 0.0)

    def implement(self, time: int, kind: int, target: int, group: list[Cause]) -> None:
        own = self.earlier(target, time)
        if own is None:
            self.dropped[LATE] += len(group)
            return
        row = self.add(time, kind, target, {own: 1.0})
        self.made.setdefault(target, []).append(row)
        self.realise(own, row, [value for _, _, value in group], 0.0)

    def use(self, time: int, _: int, target: int, group: list[Cause]) -> None:
        own = self.holdings.get(target)
        for source, _weight, value in group:
            made = [row for row in self.made.get(source, [])[-2:] if self.steps[row] < time] or [-1]
            if own is None:
                self.dropped["does not hold the idea"] += 1
            elif source != ANYONE and made == [-1]:
                self.dropped["no earlier implementation by the source"] += 1
            else:
                self.last = max(self.last, time)
                self.realise(own, made[-1], [value], 1.0)


def _rows(
    cells: Cells, times: list[int | None], persons: list[str], ideas: list[str], dropped: Counter[str]
) -> list[NDArray[Any]]:
    """Columns of the rows for _Edges.place, without those that say nothing whatever the others say."""
    kind = np.array(cells.parse("kind", ROW_KINDS.get, lambda text: allowed_names(text, ROW_KINDS)))
    number, of = {name: i for i, name in enumerate(persons)}, {name: i << 32 for i, name in enumerate(ideas)}
    source, target, idea = (
        np.array([numbers[name] for name in cells[column]])
        for column, numbers in (("source", number), ("target", number), ("idea", of))
    )
    own = (kind == DISCOVER) | (kind == IMPLEMENT)
    if (wrong := own & (source != 0) & (source != target)).any():
        row = int(np.argmax(wrong))
        deed = f"{cells['kind'][row]!r} is the target's own deed, but the source is {shown(cells['source'][row])}"
        cells.fail(row, f"{deed}; allowed: nothing, or the target")
    kind = np.where(kind == UNKNOWN, np.where(source == 0, DISCOVER, LEARN), kind)
    keep, told = np.ones(len(kind), np.bool_), kind == LEARN
    for reason, bad in {
        "no time": np.array([time is None for time in times]),
        "no target": target == 0,
        "no source": told & (source == 0),
        "self-influence": told & (source == target),
    }.items():
        dropped[reason] = int((keep & bad).sum())
        keep &= ~bad
    time = np.array([time or 0 for time in times], np.int64)
    tellers = np.where(own | (source == 0), ANYONE, idea | source)
    weight, value = np.array(cells.numbers("weight", 1e-100, 1.0)), np.array(cells.numbers("value", 0.0, UNSAID))
    rows = [column[keep] for column in (time, kind, idea | target, tellers, weight, value)]
    order = np.lexsort(rows[::-1])
    rows = [column[order] for column in rows]
    again = np.all([column[1:] == column[:-1] for column in rows], axis=0)
    dropped["duplicate"] = int(again.sum())
    return [column[np.append(True, ~again)[: len(order)]] for column in rows]
