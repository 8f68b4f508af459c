"""Tables in files, CSV or Parquet, streamed: read in blocks, each given to the columns and forgotten."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from sim.errors import TapeError
from sim.machine.memory import free_memory
from sim.readers.columns import Columns, Shape, header
from sim.readers.text import Block, blocks_of, empty, lines_in

BATCH = 1 << 20  # rows of a Parquet table that are looked at together
WIDTH = 40  # bytes that a row of a log takes at the least, until it is a tape
COMMENTS = re.compile(rb"(?m)^[^\S\n]*#[^\n]*")
SOUND_QUOTES = {
    mark: re.compile(rb'(?m)(?:^|(?<=%b))"(?:[^"\n]|"")*"(?=%b|$)' % (mark, mark)) for mark in (b",", b"\t", b" ")
}


def read_table(path: Path, shape: Shape, into: Columns | None = None) -> Columns:
    """The columns of a table in a file, Parquet where its name or its first bytes say so, CSV otherwise."""
    with path.open("rb") as file:
        parquet = file.read(4) == b"PAR1" or path.suffix == ".parquet"
    columns = into or Columns(path, shape)
    (_read_parquet if parquet else _read_csv)(path, columns)
    return columns


def _read_parquet(path: Path, columns: Columns) -> None:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            size, free = file.metadata.num_rows, free_memory()
            names = file.schema_arrow.names
            found = header(f"{path}:1", names, columns.shape)
            if not size:
                raise _no_rows(f"{path}:1")
            if size * WIDTH > free:  # a small compressed file can hold more than the memory
                raise TapeError(
                    f"{path}:1: {size} rows do not fit into the {free / 1e9:.1f} GB of memory that are free"
                )
            done = 0
            for batch in file.iter_batches(BATCH):
                columns.add(dict(zip(found, batch.columns, strict=True)), partial(_row_number, done))
                done += len(batch)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, TapeError):
            raise
        reason = [*str(error).splitlines(), ""][0]
        raise TapeError(f"{path}:1: {reason}; allowed: a sound Parquet table without nested columns") from None


def _row_number(done: int, row: int) -> int:
    return done + row + 1


def _no_rows(place: str) -> TapeError:
    return TapeError(f"{place}: no rows below the header; a log has one or more")


def _read_csv(path: Path, columns: Columns) -> None:
    """Each block by Arrow where it is regular, and else by Python's reader, which knows the line of what is wrong."""
    names: list[str] = []
    mark, at = ",", 1
    for whole in blocks_of(path):
        block = whole
        if not names:
            lines = lines_in(block)
            first = next(filter(None, lines), None)
            if first is None:
                continue
            mark = delimiter(path, first, bool(columns.shape.bare))
            names, block, at = _head(path, columns.shape, block, lines, mark)
        cells: Mapping[str, pa.Array] | None = _by_arrow(block, names, mark)
        line: Callable[[int], int] = partial(_line, path, block, names, mark)
        if cells is None:
            cells, lines_of_rows = _by_python(path, block, names, mark)
            line = lines_of_rows.__getitem__
        if len(cells[names[0]]):
            columns.add(cells, line)
    if not names:
        raise empty(path)
    if not columns.rows:
        raise _no_rows(f"{path}:{at}")


def delimiter(path: Path, first: str, blanks: bool) -> str:
    """What stands between the cells of a table, by its first line."""
    if path.suffix == ".tsv" or ("\t" in first and "," not in first):
        return "\t"
    return " " if blanks and "," not in first and " " in first.strip() else ","


def _head(path: Path, shape: Shape, block: Block, lines: Sequence[str], mark: str) -> tuple[list[str], Block, int]:
    """The columns by the header, the block below it, and the header's line; a header may span lines in its quotes."""
    at = next(number for number, line in enumerate(lines) if line)
    reader = _reader(lines[at:], mark)
    try:
        given = next(reader)
    except csv.Error as error:
        raise _no_csv(path, block.line + at + reader.line_num - 1, error) from None
    number = block.line + at + reader.line_num - 1
    cells = dict(zip(shape.bare, (cell.strip() for cell in given), strict=False))
    numbers = [cell for name, cell in cells.items() if shape.columns[name] == "name"]
    if (
        2 <= len(given) <= len(shape.bare)
        and all(map(str.isdigit, numbers))
        and all(c[:1].isdigit() for c in cells.values())
    ):
        return list(cells), block, number
    names = header(f"{path}:{number}", given, shape)
    below = at + reader.line_num
    ends = list(re.finditer(rb"\r\n?|\n", block.data))
    data = block.data[ends[below - 1].end() :] if len(ends) >= below else b""
    return names, Block(block.line + below, data), number


def _reader(lines: Sequence[str], mark: str) -> Any:
    return csv.reader(lines, delimiter=mark, skipinitialspace=True, strict=True)


def _no_csv(path: Path, line: int, error: csv.Error) -> TapeError:
    return TapeError(f"{path}:{line}: {error}; allowed: CSV, quoted as in RFC 4180")


def _by_arrow(block: Block, names: Sequence[str], mark: str) -> dict[str, pa.Array] | None:
    """The cells of a block; None if any quote, line or cell needs a second look."""
    data = block.data
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"#" in data:
        data = COMMENTS.sub(b"", data)
    if b'"' in data and b'"' in SOUND_QUOTES[mark.encode()].sub(b"", data):
        return None
    if not data.strip():
        return {name: pa.array([], pa.string()) for name in names}
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            pacsv.ReadOptions(column_names=list(names), block_size=1 << 22),
            pacsv.ParseOptions(delimiter=mark, newlines_in_values=False),
            pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowException:
        return None
    return dict(zip(names, table.columns, strict=True))


def _by_python(path: Path, block: Block, names: Sequence[str], mark: str) -> tuple[Mapping[str, pa.Array], list[int]]:
    """The cells of a block, and the line of each row."""
    reader = _reader(lines_in(block), mark)
    flat: list[str] = []  # a list of a million lists would keep the garbage collector busy
    numbers: list[int] = []
    try:
        for row in filter(None, reader):
            line = block.line + reader.line_num - 1
            if len(row) != len(names):
                raise TapeError(f"{path}:{line}: {len(row)} fields; allowed: {len(names)}, as in the header")
            flat.extend(row)
            numbers.append(line)
    except csv.Error as error:
        raise _no_csv(path, block.line + reader.line_num - 1, error) from None
    width = len(names)
    return {name: pa.array(flat[i::width], pa.string()) for i, name in enumerate(names)}, numbers


def _line(path: Path, block: Block, names: Sequence[str], mark: str, row: int) -> int:
    return _by_python(path, block, names, mark)[1][row]
