"""Ties from a file beside the scenario: which person a label means, and the rows of small files and of graphs."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import ScenarioError
from sim.model.networks.labels import LONGEST, Labels
from sim.model.networks.links import Links, alike, joined
from sim.model.rules import NEVER
from sim.scenario.scenario import Scenario

LARGE = 2_000_000  # bytes; smaller files are read without waiting for pyarrow to be imported
BYTES_OF_A_TIE = 12.0  # in text, roughly
Row = tuple[int | None, str, str, float, int, int]  # line, source, target, weight, start, end


def from_file(scenario: Scenario, network: Any) -> Links:
    """The ties of a network file, in the order in which they stand there.

    Raises:
        ScenarioError: if the file cannot be used; one line, with the line of the file where it is known.
    """
    path = scenario.folder / network.path
    try:
        links = _read(path, scenario)
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror or error}", str(path)) from None
    if network.weight != 1.0:
        links = links._replace(weight=_times(links.weight, network.weight))
    return links.both_ways() if network.both_ways else links


def _times(column: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    same = column.strides == (0,) and len(column)
    return alike(float(column[0]) * factor, len(column), np.float64) if same else column * factor


def count_in_file(folder: Path, network: Any) -> float:
    """How many ties a network file holds: of Parquet as it says, else by its size."""
    path = folder / network.path
    ways = 2 if network.both_ways else 1
    if path.suffix == ".parquet":
        from sim.model.networks.tables import rows_of_parquet

        return float(ways * rows_of_parquet(path))
    return float(ways * path.stat().st_size / BYTES_OF_A_TIE)


def _read(path: Path, scenario: Scenario) -> Links:
    if path.suffix == ".parquet" or (path.suffix == ".csv" and path.stat().st_size > LARGE):
        from sim.model.networks import tables

        if path.suffix == ".parquet":
            return tables.read_parquet(path, Labels(scenario, path))
        if (links := tables.read_csv(path, lambda: Labels(scenario, path), *header(path))) is not None:
            return links
    return _gathered(_read_csv(path) if path.suffix == ".csv" else _read_graph(path), Labels(scenario, path))


def _gathered(rows: Iterator[Row], labels: Labels) -> Links:
    source, target, start, end = (array(kind) for kind in "iiqq")
    weight = array("d")
    for line, left, right, w, a, b in rows:
        source.append(labels.number(left, line))
        target.append(labels.number(right, line))
        weight.append(w)
        start.append(a)
        end.append(b)
    columns: list[Any] = [np.array(column) for column in (source, target, weight, start, end)]
    return joined([Links(*columns)])


def header(path: Path) -> tuple[list[str], int]:
    """The names of the columns of a CSV file, and the line on which they end."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, skipinitialspace=True)
        try:
            names = [name.strip() for name in reader.fieldnames or ()]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ScenarioError(f"cannot be read: {error}", str(path)) from None
    if not {"source", "target"} <= set(names):
        raise ScenarioError("the header must have source and target; allowed: weight, start, end", str(path), 1)
    return names, reader.line_num


def _read_csv(path: Path) -> Iterator[Row]:
    names, last = header(path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, names, skipinitialspace=True)
        try:
            for row in reader:
                if reader.line_num > last:
                    yield _tie(path, reader.line_num, row["source"], row["target"], row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ScenarioError(f"cannot be read: {error}", str(path)) from None


def _read_graph(path: Path) -> Iterator[Row]:
    import networkx as nx

    try:
        graph = nx.read_graphml(path) if path.suffix == ".graphml" else nx.read_gexf(path)
    except Exception as error:  # the readers of networkx raise whatever their XML parser meets
        raise ScenarioError(f"cannot be read as {path.suffix[1:]}: {error}", str(path)) from None
    for source, target, attributes in graph.edges(data=True):
        yield _tie(path, None, str(source), str(target), attributes)
        if not graph.is_directed():
            yield _tie(path, None, str(target), str(source), attributes)


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
