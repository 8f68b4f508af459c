"""Credit as JSON, streamed, and as tables in files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.machine.records import known
from sim.machine.terminal import show_part

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable

TABLES = ("csv", "parquet", "json")
CHUNK = 1 << 14  # rows that are formatted together
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_text = json.encoder.encode_basestring


def rows_of(table: CreditTable, top: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as in `to_dict`, the largest credit first, some thousand at a time."""
    if not _is_plain(table):
        yield from islice(table.to_dict()["credit"], top)
        return
    for persons, columns in _chunks(table, top):
        cells = [list(map(known, column.tolist())) for column in columns.values()]
        for person, *values in zip(persons, *cells, strict=True):
            yield {"person": person, **dict(zip(columns, values, strict=True))}


def _is_plain(table: CreditTable) -> bool:
    """Return whether all rows are single persons with numbers, without groups or intervals."""
    return table.sure is None and not (table.groups.members > 1).any()


def _chunks(table: CreditTable, top: int | None) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield a plain table some thousand rows at a time, as the persons and the other columns by name."""
    import numpy as np

    columns = table.persons.columns()
    del columns["person"]
    order, names = np.argsort(-table.persons.credit, kind="stable")[:top], table.groups.name
    for begin in range(0, len(order), CHUNK):
        at = order[begin : begin + CHUNK]
        yield [names[row] for row in table.row[at].tolist()], {name: column[at] for name, column in columns.items()}


def _texts(table: CreditTable, top: int | None) -> Iterator[str]:
    """Yield the rows of a table as JSON, some thousand at a time; a plain table by columns, which is much faster."""
    if not _is_plain(table):
        rows = rows_of(table, top)
        while chunk := list(islice(rows, CHUNK)):
            yield _json(chunk)[1:-1]
        return
    for persons, columns in _chunks(table, top):
        form = "{" + ", ".join(f"{_json(name)}: %s" for name in ("person", *columns)) + "}"
        texts = [list(map(_text, persons)), *map(_numbers, columns.values())]
        yield ", ".join(map(form.__mod__, zip(*texts, strict=True)))


def _numbers(column: Any) -> list[str]:
    """Return numbers as JSON, with null for nan."""
    unknown = column != column  # noqa: PLR0124  # of an array
    if unknown.all():
        return ["null"] * len(column)
    texts = list(map(repr, column.tolist()))
    return ["null" if text == "nan" else text for text in texts] if unknown.any() else texts


def print_table_json(table: CreditTable, top: int | None, more: Mapping[str, Any], beside: Mapping[str, Any]) -> None:
    """Print a table as one JSON object on one line, row by row."""
    _print(_table(table, top, more, beside), end="\n")


def print_tables_json(
    tables: Mapping[str, CreditTable], top: int | None, more: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Print several tables as one JSON object, with `methods` and the entries of `after`, row by row."""
    _print(['{"methods": {'])
    for number, (name, table) in enumerate(tables.items()):
        _print([f"{', ' if number else ''}{_json(name)}: "])
        _print(_table(table, top, more, {}))
    _print(["}", *(f", {_json(key)}: {_json(value)}" for key, value in after.items()), "}"], end="\n")


def _table(table: CreditTable, top: int | None, more: Mapping[str, Any], beside: Mapping[str, Any]) -> Iterator[str]:
    before, after = table.about()
    after = after | dict(beside)
    after = after | {"read_as": after["read_as"] | dict(more)} if more else after
    yield _json(before)[:-1] + ', "credit": ['
    for number, text in enumerate(_texts(table, top)):
        yield (", " if number else "") + text
    yield "]" + "".join(f", {_json(key)}: {_json(value)}" for key, value in after.items()) + "}"


def _print(parts: Iterable[str], end: str = "") -> None:
    for part in parts:
        show_part(part)
    if end:
        show_part(end)


def write_table(path: str, tables: Mapping[str, Iterable[dict[str, Any]]]) -> None:
    """Write rows to a file, CSV, Parquet or JSON by its suffix; several accounts get a column `method`."""
    import pandas as pd

    from sim.machine.folders import new_file

    rows = [{"method": name} | row if len(tables) > 1 else row for name, some in tables.items() for row in some]
    ending = Path(path).suffix.lower()
    rows = rows if ending == ".json" else [_flat(row) for row in rows]
    with new_file(path) as partial:
        if ending == ".json":
            partial.write_text(_json(rows) + "\n", encoding="utf-8")
        elif ending == ".csv":
            pd.DataFrame.from_records(rows).to_csv(partial, index=False)
        else:
            pd.DataFrame.from_records(rows).to_parquet(partial, index=False)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with a column for each end of an interval, as `CreditTable.to_pandas` names them."""
    ends = {"interval": ("low", "high"), "rank": ("rank_low", "rank_high")}
    split = {name: end for key, names in ends.items() if key in row for name, end in zip(names, row[key], strict=True)}
    return {key: value for key, value in row.items() if key not in ends} | split


def is_table(path: str | None) -> bool:
    """Return whether a file is a table, by its suffix."""
    return path is not None and Path(path).suffix.removeprefix(".").lower() in TABLES
