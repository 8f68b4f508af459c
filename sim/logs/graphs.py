"""Graphs with times as logs: GraphML, GEXF, and networkx graphs that are there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.etree.ElementTree import ParseError

import numpy as np
import pyarrow as pa

from sim.errors import TapeError
from sim.logs.citations import Works, place_works
from sim.logs.edges import EDGES, place_edges
from sim.logs.placing import UNSAID
from sim.machine.memory import free_memory
from sim.readers.columns import Columns, coded, plain
from sim.readers.text import allowed_names
from sim.readers.times import NONE
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.Graph[Any]

TIMES = ("time", "start", "date", "timestamp", "step", "year")
SPACE = 40  # bytes of memory that networkx takes for a byte of such a file
HOW = "allowed: sound {}, with a time (of edges or of nodes) in an attribute {}"


def read_graphml(path: Path) -> Tape:
    """Read a GraphML file as a tape, as told at read_log."""
    import networkx as nx

    return _read(path, "GraphML", nx.read_graphml)


def read_gexf(path: Path) -> Tape:
    """Read a GEXF file as a tape, as told at read_log."""
    import networkx as nx

    return _read(path, "GEXF", nx.read_gexf)


def _read(path: Path, kind: str, read: Any) -> Tape:
    size, free = path.stat().st_size, free_memory()
    if not size:
        raise TapeError(f"{path}:1: empty; {HOW.format(kind, TIMES[0])}")
    if size * SPACE > free:
        raise TapeError(
            f"{path}: {size / 1e9:.1f} GB of {kind} do not fit into the {free / 1e9:.1f} GB of memory that are free; "
            "allowed at this size: a table of its edges, CSV or Parquet"
        )
    try:
        graph = read(path)
    except ParseError as error:
        line, column = error.position
        what = str(error).split(":")[0]
        raise TapeError(f"{path}:{line}: column {column + 1}: {what}; {HOW.format(kind, TIMES[0])}") from None
    except Exception as error:  # networkx lets through whatever its parsers stumble over
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TapeError(f"{path}:1: {reason}; {HOW.format(kind, TIMES[0])}") from None
    return _tape(graph, None, path, kind.lower())


def from_networkx(graph: Graph, time: str | None = None, name: str = "graph") -> Tape:
    """A tape of a networkx graph with times.

    Args:
        graph: a directed graph, with one edge or several between two nodes. Where edges have the time, nodes are
            persons and an edge u -> v says that u influenced v then (attributes idea, kind, weight, value as columns of
            the format edges). Where nodes have it, they are events, as papers are, and an edge u -> v says that u
            was influenced by the earlier v, as in a graph of citations (attribute weight). All else is passed over.
        time: name of the attribute; None takes the first of time, start, date, timestamp, step, year that occurs.
            Numbers, texts, dates and datetimes as at `read_log`; of a list, as of GEXF's spells, the first.
        name: what the tape calls its source.

    Returns:
        The tape, as of `read_log` with the formats edges and citations: what is dropped is counted there.

    Raises:
        TapeError: if the graph is undirected, is empty, has no times, or has values that are not allowed.

    >>> import networkx as nx
    >>> graph = nx.DiGraph()
    >>> graph.add_edge("ada", "bob", time=5)
    >>> graph.add_edge("bob", "cy", time=6)
    >>> tape = from_networkx(graph)
    >>> tape.persons.name, tape.events.step.tolist()
    (('ada', 'bob', 'cy'), [4, 5, 6])
    """
    return _tape(graph, time, Path(name), "networkx")


def _tape(graph: Graph, time: str | None, path: Path, format: str) -> Tape:
    if not graph.is_directed():
        raise TapeError(f"{path}: undirected: it does not say who influenced whom; allowed: directed graphs")
    if not graph.number_of_nodes():
        raise TapeError(f"{path}: no nodes; a log has one or more")
    edges: list[tuple[Any, Any, Mapping[str, Any]]] = list(graph.edges(data=True))
    nodes: list[tuple[Any, Mapping[str, Any]]] = list(graph.nodes(data=True))
    kinds = (("edge", [data for _, _, data in edges]), ("node", [data for _, data in nodes]))
    for key in (time,) if time else TIMES:  # so that a time of nodes goes before the start of edges, which GEXF adds
        for of, all_data in kinds:
            if any(key in data for data in all_data):
                return (_place_edges if of == "edge" else _place_nodes)(edges, nodes, key, path, format)
    asked = time or TIMES[0]
    there = {key: None for _, data in nodes for key in data} | {key: None for *_, data in edges for key in data}
    hint = allowed_names(asked, map(str, there)) if time and there else f"allowed: {', '.join(TIMES)}"
    raise TapeError(f"{path}: no edge or node has an attribute for its time; {hint}")


def _place_edges(edges: list[Any], nodes: list[Any], time: str, path: Path, format: str) -> Tape:
    names = _labels(node for node, _ in nodes)
    cells = {
        "time": _column(_first(data.get(time)) for _, _, data in edges),
        "source": pa.array([names[u] for u, _, _ in edges], pa.string()),
        "target": pa.array([names[v] for _, v, _ in edges], pa.string()),
    }
    for other in ("idea", "kind", "weight", "value"):
        if any(other in data for _, _, data in edges):
            cells[other] = _column(_first(data.get(other)) for _, _, data in edges)
    columns = Columns(path, EDGES)
    columns.add(cells, lambda row: row + 1)
    return place_edges(path, columns, format)


def _place_nodes(edges: list[Any], nodes: list[Any], time: str, path: Path, format: str) -> Tape:
    names = _labels(node for node, _ in nodes)
    columns = Columns(path, EDGES)
    cells = {
        "time": _column(_first(data.get(time)) for _, data in nodes),
        "source": pa.array([names[node] for node, _ in nodes], pa.string()),
    }
    columns.add(cells, lambda row: row + 1)
    ends = Columns(path, EDGES)
    if edges:
        cells = {
            "source": pa.array([names[u] for u, _, _ in edges], pa.string()),
            "target": pa.array([names[v] for _, v, _ in edges], pa.string()),
        }
        if any("weight" in data for _, _, data in edges):
            cells["weight"] = _column(_first(data.get("weight")) for _, _, data in edges)
        ends.add(cells, lambda row: row + 1)
    labels, [node, child, parent] = coded(
        [columns.names.pop("source"), ends.names.pop("source", []), ends.names.pop("target", [])]
    )
    date = np.full(len(labels), NONE)
    date[node] = columns.clock.ticks("time")
    works = Works(labels, date, child, parent, ends.number("weight"), np.full(0, UNSAID))
    facts = {"format": format, "time_unit": columns.clock.unit, "rows": len(edges)}
    return place_works(path, works, facts, Counter())


def _labels(nodes: Iterable[Hashable]) -> dict[Hashable, str]:
    """Names of nodes: their texts; two of one text are told apart by their types."""
    names: dict[Hashable, str] = {}
    taken: dict[str, None] = {}
    for node in nodes:
        text = str(node).strip() or repr(node)
        while text in taken:
            text = f"{text} ({type(node).__name__})"
        taken[text] = None
        names[node] = text
    return names


def _first(value: Any) -> Any:
    """The value, or the first of a list of them, as GEXF has them with the times from and to which they hold."""
    while isinstance(value, list | tuple):
        value = value[0] if value else None
    return value


def _column(values: Iterable[Any]) -> pa.Array:
    """Values of one type as they are, of several as texts."""
    cells = list(values)
    try:
        return plain(pa.array(cells), "time")
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return plain(pa.array([None if cell is None else str(cell) for cell in cells], pa.string()), "time")
