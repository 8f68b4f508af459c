"""The cells of a table, CSV or Parquet: texts by columns, typed on demand, each with its line for the errors."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from sim.logs.text import allowed_names, lines_of, shown
from sim.tape import TapeError

COLUMNS = ("time", "source", "target", "idea", "kind", "weight", "value")
NEEDED = COLUMNS[:3]
MICRO = 10**6
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,9})?", re.ASCII | re.IGNORECASE)


@dataclass
class Cells:
    """A table of texts by columns, with the line of the file that each row comes from."""

    path: Path
    lines: Sequence[int]
    columns: dict[str, list[str]]

    def __getitem__(self, name: str) -> list[str]:
        return self.columns.get(name) or [""] * len(self.lines)

    def fail(self, row: int, what: str) -> NoReturn:
        """Refuse the log because of a row."""
        raise TapeError(f"{self.path}:{self.lines[row]}: {what}")

    def parse(self, name: str, read: Callable[[str], Any], allowed: Callable[[str], str]) -> list[Any]:
        """The column as values, each text read once; the first that `read` returns None for is an error."""
        texts = self[name]
        values = {text: read(text) for text in set(texts)}
        if None in values.values():
            row = next(row for row, text in enumerate(texts) if values[text] is None)
            self.fail(row, f"wrong {name} {shown(texts[row])}; {allowed(texts[row])}")
        return [values[text] for text in texts]

    def numbers(self, name: str, least: float, default: float) -> list[float]:
        """The column as numbers, those not given as `default`."""

        def read(text: str) -> float | None:
            number = float(text) if NUMBER.fullmatch(text) else math.nan
            return number if least <= number <= 1e100 else None if text else default

        return self.parse(name, read, lambda _: f"allowed: numbers from {least:g} to 1e+100, or nothing")


def times_of(cells: Cells) -> tuple[list[int | None], str]:
    """The times as whole ticks, None where there is none, and what a tick is."""
    allowed = "allowed: numbers below 1e18, or ISO 8601 dates and datetimes, such as 2020-01-31T12:00:00"
    times: list[tuple[int, str]] = cells.parse("time", _microseconds, lambda _: allowed)
    forms = [form for _, form in times if form]
    if len(set(forms)) > 1:
        row = next(row for row, (_, form) in enumerate(times) if form not in {"", forms[0]})
        cells.fail(row, f"time {shown(cells['time'][row])} is not a {forms[0]} as before; allowed: one form for all")
    scale = MICRO if all(time % MICRO == 0 for time, _ in times) else 1
    if worst := [row for row, (time, _) in enumerate(times) if abs(time) > scale * 2**61]:
        cells.fail(worst[0], f"time {shown(cells['time'][worst[0]])} is too large to count in microseconds; {allowed}")
    unit = "microsecond" if scale == 1 else "second" if "date" in forms else "as in the log"
    return [time // scale if form else None for time, form in times], unit


def _microseconds(text: str) -> tuple[int, str] | None:
    """A time in millionths, exactly, and whether it is a number or a date; None if neither."""
    if not text:
        return 0, ""
    if text.isdigit() and text.isascii() and len(text) <= 18:
        return int(text) * MICRO, "number"
    if NUMBER.fullmatch(text):
        return (round(Decimal(text) * MICRO), "number") if abs(float(text)) < 1e18 else None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), "date"


def csv_cells(path: Path, data: bytes) -> Cells:
    """The cells of a table in text, between commas or tabs."""
    lines = lines_of(path, data)
    first = next(filter(None, lines))
    tabs = path.suffix == ".tsv" or ("\t" in first and "," not in first)
    reader = csv.reader(lines, delimiter="\t" if tabs else ",", skipinitialspace=True, strict=True)
    flat: list[str] = []  # a list of a million lists would keep the garbage collector busy
    numbers: list[int] = []
    width = 0
    try:
        for row in filter(None, reader):
            width = width or len(row)
            if len(row) != width:
                raise TapeError(f"{path}:{reader.line_num}: {len(row)} fields; allowed: {width}, as in the header")
            flat.extend(map(str.strip, row))
            numbers.append(reader.line_num)
    except csv.Error as error:
        raise TapeError(f"{path}:{reader.line_num}: {error}; allowed: CSV, quoted as in RFC 4180") from None
    header = _header(f"{path}:{numbers[0]}", flat[:width], len(numbers) - 1)
    return Cells(path, numbers[1:], {name: flat[width + i :: width] for i, name in enumerate(header)})


def parquet_cells(path: Path, data: bytes) -> Cells:
    """The cells of a Parquet table, as a CSV file would hold them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        size, free = file.metadata.num_rows, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        header = _header(f"{path}:1", file.schema_arrow.names, size)
        if size * len(header) * 64 > free:  # a small compressed file can hold more than the memory
            raise TapeError(f"{path}:1: {size} rows do not fit into the {free / 1e9:.1f} GB of memory that are free")
        columns = [_texts(column) for column in file.read().columns]
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, TapeError):
            raise
        reason = [*str(error).splitlines(), ""][0]
        raise TapeError(f"{path}:1: {reason}; allowed: a sound Parquet table without nested columns") from None
    return Cells(path, range(1, size + 1), dict(zip(header, columns, strict=True)))


def _texts(column: Any) -> list[str]:
    """The cells as a CSV file would hold them; whole floats as integers, for a missing cell makes floats of ids."""
    import pyarrow as pa

    if not pa.types.is_floating(column.type):
        return [(cell or "").strip() for cell in column.cast(pa.string()).to_pylist()]
    cells = (math.nan if cell is None else cell for cell in column.to_pylist())
    return ["" if math.isnan(cell) else f"{cell:.0f}" if cell.is_integer() else repr(cell) for cell in cells]


def _header(place: str, names: list[str], rows: int) -> list[str]:
    names = [name.strip() for name in names]
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            wrong = "column given twice" if name in COLUMNS else "unknown column"
            raise TapeError(f"{place}: {wrong} {shown(name)}; {allowed_names(name, COLUMNS)}")
    for name in NEEDED:
        if name not in names:
            raise TapeError(f"{place}: column {name!r} is missing; needed: {', '.join(NEEDED)}")
    if not rows:
        raise TapeError(f"{place}: no rows below the header; a log has one or more")
    return names
