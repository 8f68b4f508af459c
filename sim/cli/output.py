"""Credit as JSON, streamed, and as tables in files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.machine.terminal import show_part

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable

TABLES = ("csv", "parquet", "json")
CHUNK = 1 << 14  # rows that are made together
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def rows_of(table: CreditTable, top: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as `to_dict` has them, the largest credit first, some thousand at a time."""
    import numpy as np

    if table.sure is not None or (table.groups.members > 1).any():
        yield from islice(table.to_dict()["credit"], top)
        return
    columns = table.persons.columns()
    del columns["name"]
    order = np.argsort(-table.persons.credit, kind="stable")[:top]
    names = table.groups.name
    for begin in range(0, len(order), CHUNK):
        at = order[begin : begin + CHUNK]
        cells = [_plain(column[at]) for column in columns.values()]
        for row, *values in zip(table.row[at].tolist(), *cells, strict=True):
            yield {"person": names[row], **dict(zip(columns, values, strict=True))}


def _plain(column: Any) -> list[float | None]:
    """Values as JSON knows them: nan, of what an account does not know, as None."""
    return [None if math.isnan(value) else value for value in column.tolist()]


def print_table_json(table: CreditTable, top: int | None, more: Mapping[str, Any], beside: Mapping[str, Any]) -> None:
    """Print a table as one JSON object on one line, row by row."""
    _print(_table(table, rows_of(table, top), more, beside), end="\n")


def print_tables_json(
    tables: Mapping[str, CreditTable], top: int | None, more: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Print several tables as one JSON object, `methods` and what stands beside it, row by row."""
    _print(['{"methods": {'])
    for number, (name, table) in enumerate(tables.items()):
        _print([f"{', ' if number else ''}{_json(name)}: "])
        _print(_table(table, rows_of(table, top), more, {}))
    _print(["}", *(f", {_json(key)}: {_json(value)}" for key, value in after.items()), "}"], end="\n")


def _table(
    table: CreditTable, rows: Iterable[dict[str, Any]], more: Mapping[str, Any], beside: Mapping[str, Any]
) -> Iterator[str]:
    before, after = table.about()
    after = after | dict(beside)
    after = after | {"read_as": after["read_as"] | dict(more)} if more else after
    yield _json(before)[:-1] + ', "credit": ['
    stream, first = iter(rows), True
    while chunk := list(islice(stream, CHUNK)):
        yield ("" if first else ", ") + _json(chunk)[1:-1]
        first = False
    yield "]" + "".join(f", {_json(key)}: {_json(value)}" for key, value in after.items()) + "}"


def _print(parts: Iterable[str], end: str = "") -> None:
    for part in parts:
        show_part(part)
    if end:
        show_part(end)


def write_table(path: str, tables: Mapping[str, Iterable[dict[str, Any]]]) -> None:
    """Write rows into a file, CSV, Parquet or JSON by its ending; of several accounts with a column `method`."""
    import pandas as pd

    from sim.machine.folders import new_file

    rows = [{"method": name} | row if len(tables) > 1 else row for name, some in tables.items() for row in some]
    ending = Path(path).suffix.lower()
    with new_file(path) as partial:
        if ending == ".json":
            partial.write_text(_json(rows) + "\n", encoding="utf-8")
        elif ending == ".csv":
            pd.DataFrame.from_records(rows).to_csv(partial, index=False)
        else:
            pd.DataFrame.from_records(rows).to_parquet(partial, index=False)


def is_table(path: str | None) -> bool:
    """Return whether a file is to be a table, by its ending."""
    return path is not None and Path(path).suffix.removeprefix(".").lower() in TABLES
