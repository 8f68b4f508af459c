"""Ties from a file beside the scenario: which person a label means, and the rows of small files and of graphs."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import ScenarioError, TapeError
from sim.model.networks.labels import LONGEST, Labels
from sim.model.networks.links import Links, alike, is_alike, joined
from sim.model.rules import NEVER
from sim.scenario.scenario import Scenario

LARGE = 2_000_000  # bytes; smaller files are read without waiting for pyarrow to be imported
BYTES_OF_A_TIE = 12.0  # in text, roughly
PACKS = 4.0  # how many times smaller compression makes it, roughly
ENDS = ("source", "target")
COLUMNS: tuple[Any, ...] = (  # the columns of a table of ties, as the fields of Shape
    {"source": "name", "target": "name", "weight": "number", "start": "time", "end": "time"},
    ENDS,
    {},
    {},
    (*ENDS, "weight"),
)
Row = tuple[int | None, str, str, float, int, int]  # line, source, target, weight, start, end


def from_file(scenario: Scenario, network: Any) -> Links:
    """Return the ties of a network file, in file order.

    Raise a ScenarioError if the file cannot be used; it has one line, with the line of the file where it is known.
    """
    path = scenario.folder / network.path
    try:
        links = _read(path, scenario)
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror or error}", str(path)) from None
    if network.weight != 1.0:
        weight = links.weight * network.weight
        same = is_alike(links.weight) and len(weight)
        links = links._replace(weight=alike(weight[0], len(weight), np.float64) if same else weight)
    return links.both_ways() if network.both_ways else links


def count_in_file(folder: Path, network: Any) -> float:
    """Return how many ties a network file holds: as a Parquet file states, otherwise estimated from the size."""
    path = folder / network.path
    ways = 2 if network.both_ways else 1
    if path.suffix == ".parquet":
        from sim.model.networks.tables import rows_of_parquet

        return float(ways * rows_of_parquet(path))
    from sim.readers.source import packing

    return float(ways * path.stat().st_size * (PACKS if packing(path) else 1.0) / BYTES_OF_A_TIE)


def _read(path: Path, scenario: Scenario) -> Links:
    labels = Labels(scenario, path)
    if path.suffix == ".parquet":
        from sim.model.networks.tables import read_parquet

        return read_parquet(path, labels)
    names = header(path) if path.suffix == ".csv" else None
    if names is not None and path.stat().st_size > LARGE:
        from sim.model.networks.tables import read_csv

        if (links := read_csv(path, lambda: Labels(scenario, path), *names)) is not None:
            return links
    return _gathered(_read_csv(path) if names is not None else _read_any(path), labels)


def labels_in(scenario: Scenario, path: Path) -> Labels:
    """Return which person each label in a network file means.

    Raise a ScenarioError or OSError if the file cannot be used.
    """
    labels = Labels(scenario, path)
    _gathered(_read_csv(path) if path.suffix == ".csv" else _read_any(path), labels)
    return labels


def _gathered(rows: Iterator[Row], labels: Labels) -> Links:
    columns: list[Any] = [array(kind) for kind in "iidqq"]
    for line, source, target, *others in rows:
        row = (labels.number(source, line), labels.number(target, line), *others)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return joined([Links(*map(np.array, columns))])


def header(path: Path) -> tuple[list[str], int] | None:
    """Return the columns of a plain CSV file and the line on which their names end; None for any other file."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, skipinitialspace=True)
        try:
            names = [name.strip() for name in reader.fieldnames or ()]
        except (UnicodeDecodeError, csv.Error):
            return None
    return (names, reader.line_num) if {"source", "target"} <= set(names) else None


def _read_csv(path: Path) -> Iterator[Row]:
    names, last = header(path) or ([], 0)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, names, skipinitialspace=True)
        try:
            for row in reader:
                if reader.line_num > last:
                    yield _tie(path, reader.line_num, row["source"], row["target"], row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ScenarioError(f"cannot be read: {error}", str(path)) from None


def _read_any(path: Path) -> Iterator[Row]:
    """Yield the rows of any graph or table from which logs can be read, too."""
    from sim.readers.columns import Known, Shape, matched
    from sim.readers.graph import format_of, read_graph
    from sim.readers.source import opened
    from sim.readers.table import table_of

    try:
        with opened(path) as source:
            if source.kind == "text" and (format := format_of(source)) is not None:
                graph = read_graph(source, format)
                names = graph.names()
                for u, v, data in graph.edges:
                    yield _tie(path, None, names[u], names[v], data)
                    if not graph.directed:
                        yield _tie(path, None, names[v], names[u], data)
                return
            table = table_of(source, Known({}))
            if not table.bare and not Shape(*COLUMNS).fits(table.names):
                allowed = "the header must have source and target; allowed: weight, start, end"
                raise ScenarioError(allowed, str(path), table.header)
            found = matched(table, Shape(*COLUMNS), {})
            for batch in table.batches(list(found.values())):
                for cells in zip(*(column.to_pylist() for column in batch), strict=True):
                    row = dict(zip(found, cells, strict=True))
                    source_name, target_name = ("" if row[end] is None else str(row[end]) for end in ENDS)
                    yield _tie(path, None, source_name, target_name, row)
    except TapeError as error:
        if path.suffix == ".csv" and not path.stat().st_size:
            raise ScenarioError("the header must have source and target; it is empty", str(path), 1) from None
        raise ScenarioError(
            "cannot be read: " + error.problem.removeprefix(f"{path}:").removeprefix(f"{path}: "), str(path)
        ) from None


def _tie(path: Path, line: int | None, source: Any, target: Any, row: Any) -> Row:
    try:
        given = {key: value for key, value in row.items() if not (value is None or value == "")}
        weight = float(given.get("weight", 1.0))
        start, end = int(given.get("start", 0)), int(given.get("end", NEVER))
    except (TypeError, ValueError, OverflowError):
        raise ScenarioError("weight must be a number, start and end whole numbers", str(path), line) from None
    if not (source and target and source.strip() and target.strip()):
        raise ScenarioError("source or target is empty", str(path), line)
    if max(len(source), len(target)) > LONGEST:
        raise ScenarioError(f"source or target is longer than {LONGEST} letters", str(path), line)
    if not 0.0 < weight <= 1.0:
        raise ScenarioError(f"weight must be above 0 and at most 1, is {weight:g}", str(path), line)
    if max(abs(start), abs(end)) > NEVER:
        raise ScenarioError(f"start and end must be at most {NEVER}", str(path), line)
    return line, source, target, weight, start, end
