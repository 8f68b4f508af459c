"""Times of a log as whole ticks: numbers, or dates as seconds of UTC since 1970, by whole columns.

A column of a block becomes int64 in whole units or, if any time has a fraction, in millionths or billionths of one.
Plain numbers and ISO 8601 dates are read by Arrow; other values are read one by one, each once, by patterns of dates
and by Python's mail reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import mktime_tz, parsedate_tz
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.readers.names import is_text
from sim.readers.words import Fail, shown
from sim.tape.tables import Ints

NONE = -(2**63)  # the tick of a row without a time
MOST = 2**62
UNITS = {0: "second", 6: "microsecond", 9: "nanosecond"}  # of dates, by the number of digits after the second
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,9})?", re.ASCII | re.IGNORECASE)
ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)[.,](\d{1,9})\d*(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)
SLASHED = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})(?:[ T,]+(.+))?", re.ASCII)
ALLOWED = (
    "allowed: numbers below 4e18, or dates, such as 2020-01-31T12:00:00, 2020, 31/12/2020 with --dates dmy, "
    "Mon May 14 16:39:00 2001"
)
PATTERNS = (  # of dates beyond ISO 8601, slashes and mail, tried in this order
    "%a %b %d %H:%M:%S %z %Y",  # Twitter
    "%a %b %d %H:%M:%S %Y",  # C
    "%a %b %d %H:%M:%S %Y %z",  # git
    "%Y-%m",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%b %Y",
    "%B %Y",
)
ORDERS = ("dmy", "mdy", "ymd")
EPOCHS = {9: "seconds", 12: "milliseconds", 15: "microseconds", 18: "nanoseconds"}  # since 1970, by their digits less 1


@dataclass
class Clock:
    """The common unit of the times of a log, and what is known about them so far."""

    order: str = ""  # the order of day, month and year between slashes: dmy, mdy, ymd, or nothing
    form: str = ""  # number or date, once one has been read
    digits: int = 0  # after the unit: 0, 6 or 9
    chunks: list[tuple[str, int, Ints]] = field(default_factory=list)  # column, digits, ticks
    large: tuple[int, Exception] | None = None  # digits and error of the first that is too large to count in fractions

    def read(self, name: str, cells: pa.Array, fail: Fail) -> None:
        """Read the cells of a block: text with null for missing values, or as Parquet has them."""
        found = _fast(cells)
        if found is None or (self.form and found[0] not in {"", self.form}):
            found = _slow(name, cells, self.form, self.order, fail)
        form, digits, ticks = found
        self.form = self.form or form
        self.digits = max(self.digits, digits)
        for finer in (6, 9):
            large = np.flatnonzero((ticks != NONE) & (np.abs(ticks) > MOST // 10 ** max(0, finer - digits)))
            if len(large) and (self.large is None or self.large[0] > finer):
                text = shown(str(cells[int(large[0])].as_py()))
                what = f"{name} {text} is too large to count in {UNITS[finer]}s"
                self.large = (finer, fail(int(large[0]), f"{what}; {ALLOWED}"))
        self.chunks.append((name, digits, ticks))

    def ticks(self, name: str) -> Ints:
        """Return the column as ticks, NONE where there is no time; its chunks are discarded."""
        if self.large is not None and self.digits >= self.large[0]:
            raise self.large[1]
        parts = [
            np.where(ticks == NONE, NONE, ticks * 10 ** (self.digits - digits)) if digits < self.digits else ticks
            for of, digits, ticks in self.chunks
            if of == name
        ]
        self.chunks = [chunk for chunk in self.chunks if chunk[0] != name]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    @property
    def unit(self) -> str:
        """The unit of a tick."""
        return UNITS[self.digits] if self.digits or self.form == "date" else "as in the log"

    def says(self, ticks: Ints) -> str:
        """Return how the times are read, in words: dates, numbers, or what numbers look like."""
        if self.form == "date":
            return f"dates{f' by {self.order}' if self.order else ''}, in {self.unit}s"
        given = np.abs(ticks[(ticks != NONE) & (ticks != 0)])
        digits = set(np.log10(given).astype(int).tolist()) if len(given) and not self.digits else set()
        if len(digits) == 1 and (unit := EPOCHS.get(digits.pop())):
            return f"numbers, as they are ({unit} since 1970, it seems)"
        return "numbers, as they are"


def _fast(cells: pa.Array) -> tuple[str, int, Ints] | None:
    """Return the form, digits and ticks of a column in a regular format, or None if it has another."""
    if cells.null_count == len(cells):
        return "", 0, np.full(len(cells), NONE)
    kind = cells.type
    if pa.types.is_integer(kind):
        low, high = (pc.min_max(cells)[end].as_py() for end in ("min", "max"))
        return None if max(-low, high) >= MOST else ("number", 0, _filled(cells.cast(pa.int64())))
    if pa.types.is_floating(kind):
        return _floats(cells.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.unit in {"s", "ms", "us", "ns"}):
        return _moments(cells)
    return _texts(cells) if is_text(cells) else None


def _filled(cells: pa.Array) -> Ints:
    return np.asarray(cells.fill_null(NONE).to_numpy(zero_copy_only=False))


def _floats(times: NDArray[np.float64]) -> tuple[str, int, Ints] | None:
    """Return whole numbers as they are, and fractions in millionths if these suffice, else in billionths."""
    missing = np.isnan(times)
    times = np.where(missing, 0.0, times)
    if not (np.abs(times) < float(MOST)).all():
        return None
    if (times == np.rint(times)).all():
        return "number", 0, np.where(missing, NONE, np.rint(times).astype(np.int64))
    for digits in (6, 9):
        scaled = times * 10.0**digits
        ticks = np.rint(scaled)
        off = np.abs(scaled - ticks)
        if np.abs(scaled).max() > 2**52:
            return None  # a float no longer tells these apart, but its decimals do
        if digits == 6 and (ticks / 10.0**digits != times).any():  # millionths do not suffice
            continue
        close = np.flatnonzero(off > 0.4)  # near a half: its decimals decide
        ticks[close] = [round(Decimal(repr(time)) * 10**digits) for time in times[close].tolist()]
        return "number", *_coarsest(np.where(missing, NONE, ticks.astype(np.int64)), digits)
    return None


def _coarsest(ticks: Ints, digits: int) -> tuple[int, Ints]:
    """Return the number of digits that the ticks need, and the ticks in that unit."""
    there = ticks != NONE
    for fewer in (0, 6):
        unit = 10 ** (digits - fewer) if digits > fewer else 1
        if unit > 1 and (ticks[there] % unit == 0).all():
            return fewer, np.where(there, ticks // unit, NONE)
    return digits, ticks


def _moments(cells: pa.Array) -> tuple[str, int, Ints] | None:
    zone = getattr(cells.type, "tz", None)
    for digits, unit in ((9, "ns"), (6, "us"), (0, "s")):
        try:
            ticks = _filled(cells.cast(pa.timestamp(unit, zone)).cast(pa.int64()))
        except pa.ArrowInvalid:
            continue
        return "date", *_coarsest(ticks, digits)
    return None


def _texts(cells: pa.Array) -> tuple[str, int, Ints] | None:
    """Read plain whole numbers, decimals, or dates without or with a zone: the first form that fits all cells."""
    if not pc.any(pc.match_substring(cells, "x", ignore_case=True)).as_py():  # Arrow takes hexadecimal numbers
        try:
            ticks = _filled(cells.cast(pa.int64()))
            return ("number", 0, ticks) if (np.abs(ticks[ticks != NONE]) < MOST).all() else None
        except pa.ArrowInvalid:
            pass
    try:
        return _decimals(cells.cast(pa.decimal128(38, 6)))
    except pa.ArrowInvalid:
        pass
    for zone in (None, "UTC"):
        try:
            found = _moments(cells.cast(pa.timestamp("us", zone)))
        except pa.ArrowInvalid:
            continue
        year_1 = -62135596800  # where Python's calendar begins
        if found is None or (found[2][found[2] != NONE] < year_1 * 10 ** found[1]).any():
            return None
        return found
    return None


def _decimals(cells: pa.Array) -> tuple[str, int, Ints] | None:
    """Read decimals of six places: numbers of 16 bytes, whose lower half is the tick if the upper adds nothing."""
    halves = np.frombuffer(cells.buffers()[1], np.int64)[2 * cells.offset : 2 * (cells.offset + len(cells))]
    missing = cells.is_null().to_numpy(zero_copy_only=False)
    ticks, above = np.where(missing, 0, halves[::2]), np.where(missing, 0, halves[1::2])
    if not (above == ticks >> 63).all() or (ticks == NONE).any():
        return None
    return "number", *_coarsest(np.where(missing, NONE, ticks), 6)


def _slow(name: str, cells: pa.Array, form: str, order: str, fail: Fail) -> tuple[str, int, Ints]:
    """Return the same for any column, reading each distinct value once."""
    try:
        coded = _as_text(cells).dictionary_encode()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise fail(0, f"{name} is of type {cells.type}; {ALLOWED}") from None
    texts, codes = coded.dictionary.to_pylist(), coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)

    def refuse(wrong: list[bool], why: str) -> None:
        row = int(np.argmax(np.array([*wrong, False])[codes]))
        raise fail(row, why.format(f"{name} {shown(texts[codes[row]])}"))

    times = [nanoseconds(text.strip(), order) for text in texts]
    known = [time if time is not None else (0, "") for time in times]
    if {form, *(of for _, of in known)} >= {"date", "number"} and form != "number":  # years among dates
        pairs = zip(texts, known, strict=True)
        known = [_year(text, time) if of == "number" else (time, of) for text, (time, of) in pairs]
    first = next((known[code][1] for code in codes.tolist() if code >= 0 and known[code][1]), "")
    wrong = [of == "" and bool(text.strip()) for text, (_, of) in zip(texts, known, strict=True)]
    if any(wrong):
        swapped = [bad and SLASHED.fullmatch(text.strip()) is not None for bad, text in zip(wrong, texts, strict=True)]
        if any(swapped) and not order:
            refuse(swapped, "{}: is the day first, or the month? Say --dates dmy or --dates mdy")
        refuse(wrong, f"wrong {{}}; {ALLOWED}")
    form = form or first
    if any(of not in {"", form} for _, of in known):
        refuse([of not in {"", form} for _, of in known], f"{{}} is not a {form} as before; allowed: one form for all")
    digits = next(d for d in (0, 6, 9) if all(time % 10 ** (9 - d) == 0 for time, _ in known))
    ticks = [time // 10 ** (9 - digits) if of else NONE for time, of in known]
    large = [of != "" and abs(tick) > MOST for tick, (_, of) in zip(ticks, known, strict=True)]
    if any(large):
        what = f" in {UNITS[digits]}s" if digits else ""
        refuse(large, f"{{}} is too large to count{what}; {ALLOWED}")
    return form, digits, np.array([*ticks, NONE], np.int64)[codes]


def _year(text: str, time: int) -> tuple[int, str]:
    year = re.fullmatch(r"[12]\d{3}", text.strip())
    return (_of_1970(datetime(int(text), 1, 1, tzinfo=UTC)), "date") if year else (time, "number")


def _as_text(cells: pa.Array) -> pa.Array:
    if pa.types.is_floating(cells.type):
        floats = [None if cell is None or np.isnan(cell) else float(cell) for cell in cells.to_pylist()]
        return pa.array([None if c is None else f"{c:.0f}" if c.is_integer() else repr(c) for c in floats], pa.string())
    if pa.types.is_boolean(cells.type) or pa.types.is_time(cells.type) or pa.types.is_duration(cells.type):
        raise pa.ArrowNotImplementedError
    return cells.cast(pa.string())


def nanoseconds(text: str, order: str = "") -> tuple[int, str] | None:
    """Return a time in billionths of its unit, and whether it is a number or a date; None if neither.

    >>> nanoseconds("2020-01-31", ""), nanoseconds("31/01/2020", "dmy"), nanoseconds("1.5")
    ((1580428800000000000, 'date'), (1580428800000000000, 'date'), (1500000000, 'number'))
    """
    if not text:
        return 0, ""
    if NUMBER.fullmatch(text):
        return (round(Decimal(text) * 10**9), "number") if Decimal(text).copy_abs() < MOST else None
    if zoned := re.fullmatch(r"(\d{4}-.*\d) ?(?:UTC|GMT)", text, re.ASCII):
        text = zoned[1] + "Z"
    if fine := ISO.fullmatch(text):  # Python's own dates end at a millionth
        day, time, fraction, zone, _ = fine.groups()
        whole = _iso(f"{day}T{time}{zone or ''}")
        return None if whole is None else (whole + int(fraction.ljust(9, "0")), "date")
    found = _iso(text)
    if found is None:
        found = _slashed(text, order)
    if found is None and not SLASHED.fullmatch(text):
        found = _written(text)
    return None if found is None else (found, "date")


def _of_1970(time: datetime) -> int:
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _iso(text: str) -> int | None:
    try:
        return _of_1970(datetime.fromisoformat(text))
    except ValueError:
        return None


def _slashed(text: str, order: str) -> int | None:
    """Read year, month and day between slashes, points or hyphens, in the given order or with the year first."""
    found = SLASHED.fullmatch(text)
    if found is None:
        return None
    *parts, time = found.groups()
    order = "ymd" if len(parts[0]) == 4 else order
    if order not in ORDERS:
        return None
    date = dict(zip(order, parts, strict=True))
    year = date["y"] if len(date["y"]) == 4 else f"{19 if int(date['y']) > 68 else 20}{date['y']:0>2}"
    clock = (time or "").strip()
    if twelve := re.fullmatch(r"(\d{1,2})(:\d\d(?::\d\d)?) ?([ap])m", clock, re.IGNORECASE):
        clock = f"{int(twelve[1]) % 12 + 12 * (twelve[3].lower() == 'p'):02}{twelve[2]}"
    clock = f"T{clock:0>5}" if len(clock) in {4, 5} else f"T{clock.rjust(8, '0')}" if clock else ""
    return _iso(f"{year:0>4}-{date['m']:0>2}-{date['d']:0>2}{clock}")


def _written(text: str) -> int | None:
    """Read a date with words in it, as in mails, on Twitter or in git."""
    text = " ".join(text.split())
    for pattern in PATTERNS:
        try:
            return _of_1970(datetime.strptime(text, pattern))
        except ValueError:
            continue
    parts: Any = parsedate_tz(text) if re.search(r"[A-Za-z]{3}.*\d:\d\d", text) else None
    try:
        return None if parts is None else mktime_tz((*parts[:9], parts[9] or 0)) * 10**9
    except (ValueError, OverflowError):
        return None
