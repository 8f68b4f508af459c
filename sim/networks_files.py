"""Ties from a file beside the scenario."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sim.networks_links import Links
from sim.rules import NEVER
from sim.scenario import Scenario
from sim.scenario_errors import ScenarioError
from sim.tape import Persons

Row = tuple[int, int, float, int, int]  # source, target, weight, start, end


def from_file(scenario: Scenario, network: Any, persons: Persons, n: int) -> Links:
    """The ties of a network file, in the order in which they stand there."""
    rows = _from_file(scenario, network.path, persons, n)
    kinds = (np.int64, np.int64, np.float64, np.int64, np.int64)
    columns = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    arrays: list[Any] = [np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    links = Links(*arrays)
    links = links._replace(weight=links.weight * network.weight)
    return links.both_ways() if network.both_ways else links


def count_in_file(folder: Path, network: Any) -> float:
    """How many ties a network file holds, by its size."""
    size: int = (folder / network.path).stat().st_size
    return (2 if network.both_ways else 1) * size / 12.0


def _from_file(scenario: Scenario, name: str, persons: Persons, n: int) -> list[Row]:
    """Ties by label: the labels that name a person are those persons, all others the population in their order."""
    path = scenario.folder / name
    read: Callable[[Path], Iterator[tuple[str, str, float, int, int]]] = (
        _read_csv if path.suffix == ".csv" else _read_graph
    )
    numbers = {persons.name_of(i): i for i in range(n - scenario.population.count)}
    free = iter(range(n - scenario.population.count, n))
    rows = []
    for source, target, weight, start, end in read(path):
        for label in (source, target):
            if label not in numbers:
                number = next(free, None)
                if number is None:
                    raise ScenarioError(
                        f"'{label}' is a person too many: population.count is {scenario.population.count}", str(path)
                    )
                numbers[label] = number
        rows.append((numbers[source], numbers[target], weight, start, end))
    return rows


def _read_csv(path: Path) -> Iterator[tuple[str, str, float, int, int]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, skipinitialspace=True)
        try:
            if not {"source", "target"} <= set(reader.fieldnames or ()):
                raise ScenarioError("the header must have source and target; allowed: weight, start, end", str(path), 1)
            for row in reader:
                yield _tie(path, reader.line_num, row["source"], row["target"], row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ScenarioError(f"cannot be read: {error}", str(path)) from None


def _read_graph(path: Path) -> Iterator[tuple[str, str, float, int, int]]:
    import networkx as nx

    try:
        graph = nx.read_graphml(path) if path.suffix == ".graphml" else nx.read_gexf(path)
    except Exception as error:  # the readers of networkx raise whatever their XML parser meets
        raise ScenarioError(f"cannot be read as {path.suffix[1:]}: {error}", str(path)) from None
    for source, target, attributes in graph.edges(data=True):
        yield _tie(path, None, str(source), str(target), attributes)
        if not graph.is_directed():
            yield _tie(path, None, str(target), str(source), attributes)


def _tie(path: Path, line: int | None, source: Any, target: Any, row: Any) -> tuple[str, str, float, int, int]:
    try:
        given = {key: value for key, value in row.items() if value not in (None, "")}
        weight = float(given.get("weight", 1.0))
        start, end = int(given.get("start", 0)), int(given.get("end", NEVER))
    except (TypeError, ValueError, OverflowError):
        raise ScenarioError("weight must be a number, start and end whole numbers", str(path), line) from None
    if not source or not target:
        raise ScenarioError("source or target is empty", str(path), line)
    if not 0.0 < weight <= 1.0:
        raise ScenarioError(f"weight must be above 0 and at most 1, is {weight:g}", str(path), line)
    return source, target, weight, start, end
