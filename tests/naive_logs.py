"""The slow twin of the edges of a log: row by row, with dictionaries, as the reader was before it had columns."""

from __future__ import annotations

import csv
import io
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sim.logs.assemble import HELD, LATE, History, append
from sim.readers.times import _microseconds
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE
from sim.tape.tape import Tape

ANYONE, UNSAID = -1, -1.0
KINDS = {"learn": LEARN, "discover": DISCOVER, "implement": IMPLEMENT, "use": USE, "realise": USE}
Cause = tuple[int, float, float]  # source, weight, value


def naive_tape(text: str) -> Tape:
    """The tape of a sound CSV file log.csv."""
    rows = list(csv.DictReader(io.StringIO(text)))
    people = sorted({"", *(row["source"] for row in rows), *(row["target"] for row in rows)})
    ideas = sorted({row.get("idea") or "idea" for row in rows})
    history = _Edges(people, ideas)
    times = [_microseconds(row["time"]) or (0, "") for row in rows]
    scale = 10**6 if all(time % 10**6 == 0 for time, _ in times) else 1
    deeds: dict[Any, None] = {}
    for row, (time, form) in zip(rows, times, strict=True):
        source, target = people.index(row["source"]), people.index(row["target"])
        kind = KINDS.get(row.get("kind", ""), LEARN if source else DISCOVER)
        idea = ideas.index(row.get("idea") or "idea") << 32
        told = kind == LEARN
        reasons = {"no time": not form, "no target": not target, "no source": told and not source,
                   "self-influence": told and source == target}  # fmt: skip
        teller = ANYONE if kind in (DISCOVER, IMPLEMENT) or not source else idea | source
        deed = (time // scale, kind, idea | target, teller,
                float(row.get("weight") or 1.0), float(row.get("value") or UNSAID))  # fmt: skip
        reason = next((reason for reason, bad in reasons.items() if bad), "duplicate" if deed in deeds else "")
        if reason:
            history.dropped[reason] += 1
        else:
            deeds[deed] = None
    history.place(sorted(deeds))
    kept = len(rows) - history.dropped.total()
    unit = "microsecond" if scale == 1 else "as in the log"
    return history.tape(Path("log.csv"), format="edges", time_unit=unit, rows=len(rows), kept=kept)


class _Edges(History):
    """The rows of a table of edges, placed in order of time."""

    def place(self, rows: list[Any]) -> None:
        """Place rows sorted by time, kind, holder (the target with the idea), source (also with it), weight, value."""
        self.taken_up = {row[2]: row[0] for row in rows if row[1] <= LEARN}  # the last time of each
        self.made: dict[int, list[int]] = {}
        self.last = -(2**62)
        placing = {DISCOVER: self.take_up, LEARN: self.take_up, IMPLEMENT: self.implement, USE: self.use}
        for (when, what, target), group in groupby(rows, key=itemgetter(0, 1, 2)):
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
