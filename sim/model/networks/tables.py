"""Ties from large files: CSV and Parquet, read in batches by pyarrow."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import ScenarioError
from sim.machine.memory import unpacks_too_far
from sim.model.networks.labels import LONGEST, Labels
from sim.model.networks.links import Links, alike, joined
from sim.model.rules import NEVER

BLOCK = 1 << 24  # bytes of text read at a time
BATCH = 1 << 19  # rows
DEFAULTS = {"weight": 1.0, "start": 0, "end": NEVER}


class RowError(ValueError):
    """A row that cannot be used: its number in the batch, and why."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row, self.problem = row, problem


def read_csv(path: Path, labels: Callable[[], Labels], names: list[str], header: int) -> Links | None:
    """Return the ties of a CSV file with these columns, whose header ends on that line; None if it must be read slowly.

    Whatever is not plain, errors included, is left to the reader that goes line by line and can say where.
    """
    import pyarrow as pa

    if len(set(names)) < len(names):
        return None
    for kind in ([] if _has_hexadecimals(path) else [pa.int64()]) + [pa.string()]:
        try:
            return _read_csv(path, labels(), names, header, kind)
        except (pa.ArrowInvalid, pa.ArrowKeyError, RowError):
            continue
    return None


def _has_hexadecimals(path: Path) -> bool:
    """Return whether a file has anything that pyarrow would take for a hexadecimal number."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return text.find(b"0x") >= 0 or text.find(b"0X") >= 0


def _read_csv(path: Path, labels: Labels, names: list[str], header: int, kind: Any) -> Links:
    import pyarrow as pa
    from pyarrow import csv

    types = {"source": kind, "target": kind, "weight": pa.float64(), "start": pa.int64(), "end": pa.int64()}
    wanted = [name for name in types if name in names]
    reader = csv.open_csv(
        path,
        read_options=csv.ReadOptions(column_names=names, skip_rows=header, block_size=BLOCK),
        parse_options=csv.ParseOptions(ignore_empty_lines=True),
        convert_options=csv.ConvertOptions(column_types=types, include_columns=wanted, null_values=[""]),
    )
    with reader:
        return joined([_none(), *(_links(batch, labels) for batch in reader)])


def rows_of_parquet(path: Path) -> int:
    """Return how many rows a Parquet file says it has; 0 if it cannot be read."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        rows: int = parquet.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        return 0
    return rows


def read_parquet(path: Path, labels: Labels) -> Links:
    """Return the ties of a Parquet file; raise a ScenarioError if it is corrupt, or a column or row cannot be used."""
    import pyarrow as pa
    from pyarrow import parquet

    done = 0
    try:
        with parquet.ParquetFile(path) as file:
            columns, texts = _columns(path, file)
        parts = [_none()]
        # Repeated words stay in a dictionary, so that a small file cannot fill the memory.
        with parquet.ParquetFile(path, page_checksum_verification=True, read_dictionary=texts) as file:
            for batch in file.iter_batches(BATCH, columns=columns):
                parts.append(_links(batch, labels))
                done += len(batch)
    except RowError as problem:
        raise ScenarioError(f"row {done + problem.row + 1}: {problem.problem}", str(path)) from None
    except (pa.ArrowException, OSError) as error:
        raise ScenarioError(f"cannot be read as parquet: {error}", str(path)) from None
    return joined(parts)


def _columns(path: Path, file: Any) -> tuple[list[str], list[str]]:
    """Return the columns to read, after checking what they hold and how much, and those of text among them."""
    from pyarrow import types

    schema = file.schema_arrow
    if any(schema.names.count(name) != 1 for name in ("source", "target")):
        given = ", ".join(schema.names[:10])
        raise ScenarioError(f"must have the columns source and target, and may have weight, start, end; has {given}",
                            str(path))  # fmt: skip
    found = [name for name in ("source", "target", *DEFAULTS) if schema.names.count(name) == 1]
    texts = []
    for name in found:
        kind = schema.field(name).type
        kind = kind.value_type if types.is_dictionary(kind) else kind
        text = name in ("source", "target") and (types.is_string(kind) or types.is_large_string(kind))
        texts += [name] * text
        number = types.is_integer(kind) or (name == "weight" and types.is_floating(kind))
        if not (text or number or types.is_null(kind)):
            allowed = {"source": "text or whole numbers", "target": "text or whole numbers", "weight": "numbers"}
            raise ScenarioError(
                f"column {name} must hold {allowed.get(name, 'whole numbers')}, holds {kind}", str(path)
            )
    if problem := unpacks_too_far(file.metadata, found, BLOCK):
        raise ScenarioError(problem, str(path))
    return found, texts


def _none() -> Links:
    none = np.empty(0, np.int32)
    return Links(none, none, np.empty(0, np.float64), np.empty(0, np.int64), np.empty(0, np.int64))


def _links(batch: Any, labels: Labels) -> Links:
    """Return the ties of a batch of rows."""
    source, target = batch.column("source"), batch.column("target")
    given = dict(_given(batch))
    for column in (source, target):
        if column.null_count:
            empty = column.is_null().to_numpy(zero_copy_only=False)
            raise RowError(int(np.argmax(empty)), "source or target is empty")
    number = _numbers(source, target, labels)
    return Links(number[0::2], number[1::2], given["weight"], given["start"], given["end"])


def _given(batch: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield weight, start and end of each row, checked; a missing column is one value throughout."""
    for name, default in DEFAULTS.items():
        kind = np.float64 if name == "weight" else np.int64
        column = batch.column(name) if name in batch.schema.names else None
        if column is None or column.null_count == len(column):
            yield name, alike(default, len(batch), kind)
            continue
        values = column.cast("float64" if name == "weight" else "int64").fill_null(default).to_numpy()
        good = (values > 0.0) & (values <= 1.0) if name == "weight" else (values >= -NEVER) & (values <= NEVER)
        if not good.all():
            row = int(np.argmin(good))
            wrong = f"weight must be above 0 and at most 1, is {values[row]:g}"
            raise RowError(row, wrong if name == "weight" else f"start and end must be at most {NEVER}")
        same = bool((values == values[0]).all())
        yield name, alike(values[0], len(values), kind) if same else values


def _numbers(source: Any, target: Any, labels: Labels) -> NDArray[np.int32]:
    """Return the persons of both ends of each row, in turn: source, target, source, target and so on."""
    import pyarrow as pa
    from pyarrow import types

    both = np.empty(2 * len(source), np.int64)
    if all(types.is_integer(column.type) and not types.is_uint64(column.type) for column in (source, target)):
        both[0::2], both[1::2] = source.to_numpy(), target.to_numpy()
        return labels.of_whole_numbers(both)
    (left, both[0::2]), (right, both[1::2]) = _coded(source), _coded(target)
    both[1::2] += len(left)
    distinct, first, place = np.unique(both, return_index=True, return_inverse=True)
    order = np.argsort(first)
    words = pa.concat_arrays([left, right]).take(pa.array(distinct[order])).to_pylist()
    numbers = np.empty(len(distinct), np.int32)
    known = labels.known
    numbers[order] = [
        known[word] if word in known else _new(word, int(row) // 2, labels)
        for word, row in zip(words, first[order], strict=True)
    ]
    return numbers[place]


def _new(word: str, row: int, labels: Labels) -> int:
    if len(word) > LONGEST:
        raise RowError(row, f"source or target is longer than {LONGEST} letters")
    if not word.strip() or word.lstrip().startswith('"'):
        raise RowError(row, "source or target is empty")
    return labels.number(word)


def _coded(column: Any) -> tuple[Any, Any]:
    """Return the distinct words of a column, and the index of the word in each row."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.large_string()).dictionary_encode()
    return column.dictionary.cast(pa.large_string()), column.indices.to_numpy()
