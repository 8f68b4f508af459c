"""Times of a log as whole ticks: numbers, or dates as seconds of UTC since 1970, vectorised where they are regular.

A column of a block becomes int64 in whole units or, where any has a fraction, in millionths of one; what is no
column of plain whole numbers, decimals or ISO 8601 dates is read value by value, each once, as Python reads it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.readers.text import Fail, shown
from sim.tape.tables import Ints

MICRO = 10**6
NONE = -(2**63)  # the tick of a row without a time
MOST = 10**18
MOST_MICRO = 2**61
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,9})?", re.ASCII | re.IGNORECASE)
ALLOWED = "allowed: numbers below 1e18, or ISO 8601 dates and datetimes, such as 2020-01-31T12:00:00"


@dataclass
class Clock:
    """What the times of a log have in common, and what is known of them so far."""

    form: str = ""  # number or date, once one is read
    micro: bool = False
    chunks: list[tuple[str, bool, Ints]] = field(default_factory=list)  # column, in millionths, ticks
    large: Exception | None = None  # the refusal of the first that is too large to count in millionths

    def read(self, name: str, cells: pa.Array, fail: Fail) -> None:
        """Take the cells of a block; text with null for nothing, or as Parquet has them."""
        found = _fast(cells)
        if found is None or (self.form and found[0] not in {"", self.form}):
            found = _slow(name, cells, self.form, fail)
        form, micro, ticks = found
        self.form = self.form or form
        self.micro |= micro
        large = np.flatnonzero((ticks != NONE) & (np.abs(ticks) > MOST_MICRO // (1 if micro else MICRO)))
        if len(large) and self.large is None:
            text = shown(str(cells[int(large[0])].as_py()))
            self.large = fail(int(large[0]), f"{name} {text} is too large to count in microseconds; {ALLOWED}")
        self.chunks.append((name, micro, ticks))

    def ticks(self, name: str) -> Ints:
        """The column as ticks, NONE where there is no time; its chunks are given up."""
        if self.micro and self.large is not None:
            raise self.large
        parts = [
            _scaled(ticks) if self.micro and not micro else ticks for of, micro, ticks in self.chunks if of == name
        ]
        self.chunks = [chunk for chunk in self.chunks if chunk[0] != name]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    @property
    def unit(self) -> str:
        """What a tick is."""
        return "microsecond" if self.micro else "second" if self.form == "date" else "as in the log"


def _scaled(ticks: Ints) -> Ints:
    return np.where(ticks == NONE, NONE, ticks * MICRO)


def _fast(cells: pa.Array) -> tuple[str, bool, Ints] | None:
    """The form, whether in millionths, and the ticks of a regular column; None of any other."""
    if cells.null_count == len(cells):
        return "", False, np.full(len(cells), NONE)
    kind = cells.type
    if pa.types.is_integer(kind):
        low, high = (pc.min_max(cells)[end].as_py() for end in ("min", "max"))
        return None if max(-low, high) >= MOST else ("number", False, _filled(cells.cast(pa.int64())))
    if pa.types.is_floating(kind):
        return _floats(_filled_floats(cells))
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.unit in {"s", "ms", "us", "ns"}):
        return _moments(cells)
    return _texts(cells) if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def _filled(cells: pa.Array) -> Ints:
    ticks: Ints = cells.fill_null(NONE).to_numpy(zero_copy_only=False)
    return ticks


def _filled_floats(cells: pa.Array) -> NDArray[np.float64]:
    floats: NDArray[np.float64] = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return floats


def _floats(times: NDArray[np.float64]) -> tuple[str, bool, Ints] | None:
    missing = np.isnan(times)
    times = np.where(missing, 0.0, times)
    if not (np.abs(times) < float(MOST)).all():
        return None
    whole = bool((times == np.rint(times)).all())
    scaled = times if whole else times * MICRO
    # Halves of a microsecond, and what a float no longer tells apart, are left to decimals.
    if not whole and (np.abs(scaled).max() > 2**52 or (np.abs(scaled - np.rint(scaled)) > 0.4).any()):
        return None
    ticks = np.rint(scaled).astype(np.int64)
    micro = not whole and bool((ticks % MICRO).any())
    return "number", micro, np.where(missing, NONE, ticks if micro or whole else ticks // MICRO)


def _moments(cells: pa.Array) -> tuple[str, bool, Ints] | None:
    try:
        if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
            raw = _filled(cells.cast(pa.int64()))
            micros = np.where(raw == NONE, NONE, raw // 1000)
        else:
            zone = getattr(cells.type, "tz", None)
            micros = _filled(cells.cast(pa.timestamp("us", zone)).cast(pa.int64()))
    except pa.ArrowInvalid:
        return None
    return _of_micros(micros)


def _of_micros(micros: Ints) -> tuple[str, bool, Ints]:
    if ((micros == NONE) | (micros % MICRO == 0)).all():
        return "date", False, np.where(micros == NONE, NONE, micros // MICRO)
    return "date", True, micros


def _texts(cells: pa.Array) -> tuple[str, bool, Ints] | None:
    """Plain whole numbers, then decimals, then dates without or with a zone, the first that all cells are."""
    if not pc.any(pc.match_substring(cells, "x", ignore_case=True)).as_py():  # Arrow takes hexadecimal numbers
        try:
            ticks = _filled(cells.cast(pa.int64()))
            return ("number", False, ticks) if (np.abs(ticks[ticks != NONE]) < MOST).all() else None
        except pa.ArrowInvalid:
            pass
    try:
        return _decimals(cells.cast(pa.decimal128(38, 6)))
    except pa.ArrowInvalid:
        pass
    for zone in (None, "UTC"):
        try:
            micros = _filled(cells.cast(pa.timestamp("us", zone)).cast(pa.int64()))
        except pa.ArrowInvalid:
            continue
        year_1 = -62135596800 * MICRO  # where Python's calendar begins
        return _of_micros(micros) if (micros[micros != NONE] >= year_1).all() else None
    return None


def _decimals(cells: pa.Array) -> tuple[str, bool, Ints] | None:
    """Decimals of six places are whole numbers of 16 bytes, whose lower half is the tick where the upper adds none."""
    halves = np.frombuffer(cells.buffers()[1], np.int64)[2 * cells.offset : 2 * (cells.offset + len(cells))]
    missing = cells.is_null().to_numpy(zero_copy_only=False)
    ticks, above = np.where(missing, 0, halves[::2]), np.where(missing, 0, halves[1::2])
    if not (above == ticks >> 63).all() or (ticks == NONE).any():
        return None
    micro = bool((ticks % MICRO).any())
    return "number", micro, np.where(missing, NONE, ticks if micro else ticks // MICRO)


def _slow(name: str, cells: pa.Array, form: str, fail: Fail) -> tuple[str, bool, Ints]:
    """The same of any column, its values one by one, each once."""
    try:
        coded = _as_text(cells).dictionary_encode()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise fail(0, f"{name} is of type {cells.type}; {ALLOWED}") from None
    texts, codes = coded.dictionary.to_pylist(), coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    times = [_microseconds(text.strip()) for text in texts]
    if None in times:
        bad = np.array([time is None for time in times] + [False])
        row = int(np.argmax(bad[codes]))
        raise fail(row, f"wrong {name} {shown(texts[codes[row]])}; {ALLOWED}")
    read = [time for time in times if time is not None] + [(0, "")]
    forms = [read[code][1] for code in _first_seen(codes)]
    form = next(filter(None, [form, *forms]), "")
    if other := [of for of in forms if of not in {"", form}]:
        wrong = np.array([of == other[0] for _, of in read])
        row = int(np.argmax(wrong[codes]))
        text = shown(texts[codes[row]])
        raise fail(row, f"{name} {text} is not a {form} as before; allowed: one form for all")
    micro = any(time % MICRO for time, _ in read)
    large = np.array([micro and abs(time) > MOST_MICRO for time, _ in read])[codes]
    if large.any():
        row = int(np.argmax(large))
        raise fail(row, f"{name} {shown(texts[codes[row]])} is too large to count in microseconds; {ALLOWED}")
    ticks = [time if micro else time // MICRO for time, _ in read]
    values = np.array([tick if of else NONE for tick, (_, of) in zip(ticks, read, strict=True)], np.int64)
    return form, micro, values[codes]


def _first_seen(codes: Any) -> list[int]:
    found, where = np.unique(codes, return_index=True)
    return [int(code) for code in found[np.argsort(where)]]


def _as_text(cells: pa.Array) -> pa.Array:
    if pa.types.is_floating(cells.type):
        floats = [None if cell is None or math.isnan(cell) else float(cell) for cell in cells.to_pylist()]
        return pa.array([None if c is None else f"{c:.0f}" if c.is_integer() else repr(c) for c in floats], pa.string())
    if pa.types.is_boolean(cells.type) or pa.types.is_time(cells.type) or pa.types.is_duration(cells.type):
        raise pa.ArrowNotImplementedError
    return cells.cast(pa.string())


def _microseconds(text: str) -> tuple[int, str] | None:
    """A time in millionths, exactly, and whether it is a number or a date; None if neither."""
    if not text:
        return 0, ""
    if NUMBER.fullmatch(text):
        return (round(Decimal(text) * MICRO), "number") if Decimal(text).copy_abs() < MOST else None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), "date"
