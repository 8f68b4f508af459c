"""The slow twin of the edges of a log: row by row, with dictionaries."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from sim.logs.assemble import HELD, LATE, Happened, tape_of
from sim.logs.log import Log, Options
from sim.readers.times import nanoseconds
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
    times = [nanoseconds(row["time"]) or (0, "") for row in rows]
    scale = 10**9 if all(time % 10**9 == 0 for time, _ in times) else 1000
    found: set[Any] = set()
    for row, (time, form) in zip(rows, times, strict=True):
        source, target = people.index(row["source"]), people.index(row["target"])
        kind = KINDS.get(row.get("kind", ""), LEARN if source else DISCOVER)
        idea = ideas.index(row.get("idea") or "idea") << 32
        told = kind == LEARN
        reasons = {"no time": not form, "no target": not target, "no source": told and not source,
                   "self-influence": told and source == target}  # fmt: skip
        teller = ANYONE if kind in (DISCOVER, IMPLEMENT) or not source else idea | source
        event = (time // scale, kind, idea | target, teller,
                 float(row.get("weight") or 1.0), float(row.get("value") or UNSAID))  # fmt: skip
        reason = next((reason for reason, bad in reasons.items() if bad), "duplicate" if event in found else "")
        if reason:
            history.dropped[reason] += 1
        else:
            found.add(event)
    history.place(sorted(found))
    unit = "microsecond" if scale == 1000 else "as in the log"
    return history.tape({"format": "edges", "time_unit": unit, "rows": len(rows)})


class _Edges:
    """The rows of a table of edges, placed in order of time; a holder is idea << 32 | person."""

    def __init__(self, people: list[str], ideas: list[str]) -> None:
        self.people, self.ideas = people, ideas
        self.events: list[tuple[int, int, int]] = []  # step, kind, holder
        self.influences: list[tuple[int, int, float]] = []
        self.realised: list[tuple[int, int, float]] = []
        self.holdings: dict[int, int] = {}
        self.made: dict[int, list[int]] = defaultdict(list)
        self.roots: list[int] = []
        self.dropped, self.mended = Counter[str](), Counter[str]()
        self.last = -(2**62)

    def place(self, rows: list[Any]) -> None:
        """Place rows sorted by time, kind, holder (the target with the idea), source (also with it), weight, value."""
        adoptions = [(row[2], row[0]) for row in rows if row[1] <= LEARN]
        self.adopts = dict(reversed(adoptions))  # the first time of each
        self.adopts_last = dict(adoptions)
        self.tells = dict(reversed([(row[3], row[0]) for row in rows if row[1] == LEARN]))
        placing = {DISCOVER: self.adopt, LEARN: self.adopt, IMPLEMENT: self.implement, USE: self.use}
        for (when, what, target), group in groupby(rows, key=itemgetter(0, 1, 2)):
            placing[what](when, what, target, [row[3:] for row in group])

    def add(self, step: int, kind: int, holder: int, parents: Mapping[int, float]) -> int:
        row = len(self.events)
        self.events.append((step, kind, holder))
        if kind in (DISCOVER, LEARN):
            self.holdings[holder] = row
        self.influences += [(row, parent, weight / sum(parents.values())) for parent, weight in parents.items()]
        return row

    def root(self, holder: int, time: int) -> int:
        self.mended["root placed"] += 1
        self.roots.append(self.add(time - 1, DISCOVER, holder, {}))
        return self.roots[-1]

    def told_before(self, holder: int) -> None:
        """Place a root for one who is seen telling before they are seen adopting."""
        first = self.tells.get(holder)
        if holder not in self.holdings and first is not None and first < self.adopts.get(holder, first):
            self.mended["told before they adopt, so a root"] += 1
            self.root(holder, first)

    def teller(self, holder: int, time: int) -> int | None:
        """The holding that began before `time`; a root is placed for one who is nowhere said to adopt."""
        self.told_before(holder)
        row = self.holdings.get(holder)
        if row is not None:
            return row if self.events[row][0] < time else None
        if self.adopts_last.get(holder, time - 1) >= time:
            return None
        return self.root(holder, time)

    def realise(self, holding: int, implementation: int, values: list[float], unsaid: float) -> None:
        said = [value for value in values if value != UNSAID]
        if value := sum(said) if said else unsaid:
            self.realised.append((holding, implementation, value))

    def adopt(self, time: int, kind: int, target: int, group: list[Cause]) -> None:
        self.told_before(target)
        if target in self.holdings:
            self.dropped[HELD] += len(group)
            return
        tellers: dict[int, float] = defaultdict(float)
        values = []
        for source, weight, value in group:
            if kind == DISCOVER:
                values.append(value)
            elif (teller := self.teller(source, time)) is None:
                self.dropped[LATE] += 1
            else:
                tellers[teller] += weight
                values.append(value)
        if values:
            self.realise(self.add(time, kind, target, tellers), -1, values, 1.0 if kind == LEARN else 0.0)

    def implement(self, time: int, kind: int, target: int, group: list[Cause]) -> None:
        own = self.holdings.get(target)
        if own is None and self.adopts_last.get(target, time - 1) < time:
            own = self.root(target, time)
        if own is None or self.events[own][0] >= time:
            self.dropped[LATE] += len(group)
            return
        row = self.add(time, kind, target, {own: 1.0})
        self.made[target].append(row)
        self.realise(own, row, [value for _, _, value in group], 0.0)

    def use(self, time: int, _: int, target: int, group: list[Cause]) -> None:
        own = self.holdings.get(target)
        for source, _weight, value in group:
            made = [row for row in self.made[source] if self.events[row][0] < time] or [-1]
            if own is None:
                self.dropped["does not hold the idea"] += 1
            elif source != ANYONE and made == [-1]:
                self.dropped["no earlier implementation by the source"] += 1
            else:
                self.last = max(self.last, time)
                self.realise(own, made[-1], [value], 1.0)

    def tape(self, facts: dict[str, Any]) -> Tape:
        step, kind, holder = np.array(self.events, np.int64).reshape(-1, 3).T
        columns = []
        for rows in (self.influences, self.realised):
            one, other, number = zip(*rows, strict=True) if rows else ((), (), ())
            columns.append((np.array(one, np.int64), np.array(other, np.int64), np.array(number, np.float64)))
        person, idea = (holder & (2**32 - 1)).astype(np.int32), (holder >> 32).astype(np.int32)
        happened = Happened(step, kind.astype(np.int8), person, idea, *columns, made_up=np.array(self.roots, np.int64))
        log = Log(Path("log.csv"), Options())
        return tape_of(log, happened, self.people, self.ideas, self.dropped, self.mended, facts, self.last)
