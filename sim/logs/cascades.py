"""Cascades without tellers, the format cascades of a log: one line of `user,time user,time ...` each."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sim.errors import TapeError
from sim.logs.imputed import followed, place_adoptions
from sim.logs.log import Log
from sim.readers.names import named
from sim.readers.source import lines_of
from sim.readers.times import NUMBER, Clock
from sim.readers.words import shown
from sim.tape.tape import Tape

PAIR = r"[^\s,]+,[^\s,]+"
LINE = re.compile(rf"\s*([^\s,]+\s+)?{PAIR}(\s+{PAIR})*\s*")


def recognises(log: Log) -> bool:
    """Return whether this is text with several pairs of user and time a line."""
    lines = [line for line in log.head.split("\n") if line.strip() and not line.startswith("#")][:20]
    pairs = [LINE.fullmatch(line) for line in lines[:-1] or lines]
    several = any(len(line.split()) > 2 for line in lines)
    number = all(NUMBER.fullmatch(line.split()[-1].rpartition(",")[2]) for line in (lines[:-1] or lines))
    return bool(lines) and all(pairs) and several and number


def read(log: Log) -> Tape:
    """Read cascades as a tape, as described at read_log."""
    if log.source is None:
        raise TapeError(f"{log.path}: cascades are lines of text; allowed: a file")
    seen: dict[str, int] = {}
    texts: list[str] = []
    lines: list[int] = []
    for number, text in lines_of(log.source):
        if not LINE.fullmatch(text):
            raise TapeError(f"{log.path}:{number}: {shown(text)}; allowed: user,time user,time ...")
        first, *rest = text.split(maxsplit=1)
        named_first = "," not in first
        name = first if named_first else str(len(seen) + 1)
        if (before := seen.setdefault(name, number)) != number:
            same = f"cascade {shown(name)} is that of line {before}"
            raise TapeError(f"{log.path}:{number}: {same}; allowed: a name once")
        texts.append(rest[0] if named_first else text)
        lines.append(number)
    listed = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(pa.array(texts, pa.large_string())))
    idea = pc.list_parent_indices(listed).to_numpy()
    parts = pc.extract_regex(listed.flatten(), r"^(?P<user>[^,]+),(?P<time>[^,]+)$")

    def fail(row: int, what: str) -> TapeError:
        return TapeError(f"{log.path}:{lines[int(idea[row])]}: {what}")

    clock = Clock(log.options.order)
    clock.read("time", parts.field("time").cast(pa.string()), fail)
    person = [named("user", parts.field("user").cast(pa.string()), fail)]
    ticks = log.late(clock, clock.ticks("time"))
    facts = {"format": "cascades", **log.facts, "time_unit": clock.unit, "dates": clock.says(ticks), "rows": len(ticks)}
    ideas = [f"cascade {name}" for name in seen]
    return place_adoptions(log, person, np.asarray(idea, np.int64), ideas, ticks, followed(log), facts)
