"""Graphs with times as logs: GraphML, GEXF, Pajek, JSON node-link, and networkx graphs in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from sim.errors import TapeError, near
from sim.logs import edges, ledger
from sim.logs.log import Log
from sim.logs.papers import Works, earliest, place_works
from sim.logs.placing import UNSAID
from sim.readers.columns import NAMES, Columns, Shape, canonical
from sim.readers.graph import READERS, Graph, attributes, format_of, of_networkx, read_graph
from sim.readers.names import coded
from sim.readers.table import Table, in_memory
from sim.readers.times import Clock
from sim.tape.tape import Tape

TIMES = ("time", "start", *(name for name in NAMES["time"] if name != "start"))
ENDS = Shape({"source": "name", "target": "name", "weight": "number"}, ("source", "target"), {"weight": (1e-100, 1.0)})


def recognises(log: Log, format: str | None = None) -> bool:
    """Return whether this is a graph in a format, or in any."""
    if log.is_graph:
        return format in {None, "networkx"}
    found = format_of(log.source) if log.source is not None and log.source.kind == "text" else None
    return found is not None and format in {None, found}


def graph_of(log: Log, format: str | None = None) -> Graph:
    """Return the graph of a log; raise a TapeError if it has none."""
    if log.is_graph:
        return of_networkx(log.data, log.path)
    found = format or (None if log.source is None else format_of(log.source))
    if log.source is None or found not in READERS:
        raise TapeError(f"{log.path}: no graph; allowed: GraphML, GEXF, Pajek, JSON node-link")
    return read_graph(log.source, found)


def read(log: Log, format: str | None = None) -> Tape:
    """Read a graph as a tape, as described at read_log."""
    graph = graph_of(log, format)
    facts = {"format": format or (format_of(log.source) if log.source is not None else None) or "networkx", **log.facts}
    if not graph.nodes:
        raise TapeError(f"{log.path}{'' if log.source is None else ':1'}: no nodes; a log has one or more")
    if not graph.directed:
        raise TapeError(f"{log.path}: undirected: it does not say who influenced whom; allowed: directed graphs")
    if (columns := ledger.of_graph(log, graph)) is not None:
        log.refuse("columns", "an export", "other graphs")
        return ledger.place(log, columns, facts)
    time, of_edges = _time(log, graph)
    if not of_edges:
        return _place_nodes(log, graph, time, facts)
    log.refuse("citations_as", "times of edges", "times of nodes")
    columns = Columns(log.path, edges.EDGES, Clock(log.options.order))
    columns.read(table_of_edges(graph), {**log.options.columns, "time": time})
    columns.read_as |= log.facts
    return edges.place_edges(log, columns, facts["format"])


def _time(log: Log, graph: Graph) -> tuple[str, bool]:
    """Return the attribute that has the time, and whether it is one of the edges."""
    wanted = log.options.time or log.options.columns.get("time")
    of_edges, of_nodes = attributes(data for *_, data in graph.edges), attributes(graph.nodes.values())
    for key in (wanted,) if wanted else TIMES:  # so that a time of nodes goes before the start of edges, as GEXF has it
        for names, edges_have_it in ((of_edges, True), (of_nodes, False)):
            for name in names:
                if canonical(name) == canonical(key):
                    return name, edges_have_it
    there = list(dict.fromkeys([*of_nodes, *of_edges]))
    hint = f"; allowed: {', '.join(map(str, there))}{near(wanted, there)}" if wanted and there else (
        f"; allowed: {', '.join(TIMES[:6])}, or --columns time=NAME"
    )  # fmt: skip
    raise TapeError(f"{log.path}: no edge or node has an attribute for its time{hint}")


def table_of_edges(graph: Graph) -> Table:
    """Return the edges of a graph as a table: source, target, and all their attributes."""
    names = graph.names()
    columns: dict[str, Any] = {
        "source": pa.array([names[u] for u, _, _ in graph.edges], pa.string()),
        "target": pa.array([names[v] for _, v, _ in graph.edges], pa.string()),
    }
    for key in attributes(data for *_, data in graph.edges):
        if canonical(key) not in columns:
            columns[key] = column_of(first(data.get(key)) for *_, data in graph.edges)
    return in_memory(pa.table(columns), graph.path, kind="")


def _place_nodes(log: Log, graph: Graph, time: str, facts: dict[str, Any]) -> Tape:
    """Place nodes with times as works, which build on those to which their edges point."""
    names = graph.names()
    columns = Columns(log.path, edges.EDGES, Clock(log.options.order))
    node = pa.array(list(names.values()), pa.string())
    when = column_of(first(data.get(time)) for data in graph.nodes.values())
    columns.add({"time": when, "source": node}, lambda row: row + 1)
    ends = Columns(log.path, ENDS)
    if graph.edges:
        ends.read(table_of_edges(graph), {role: name for role, name in log.options.columns.items() if role != "time"})
    chunks = [columns.names.pop("source"), ends.names.pop("source", []), ends.names.pop("target", [])]
    labels, [node_codes, child, parent] = coded(chunks, log.options.aliases)
    ticks = columns.clock.ticks("time")
    facts |= ends.read_as | {"columns": {"time": time, **ends.read_as.get("columns", {})}}
    facts |= {"direction": "a node built on those that its edges point to"}
    facts |= {"rows": len(graph.edges), "time_unit": columns.clock.unit, "dates": columns.clock.says(ticks)}
    date, mended = earliest(len(labels), [(node_codes, ticks)])
    works = Works(labels, date, columns.clock, child, parent, ends.number("weight"), np.full(0, UNSAID))
    return place_works(log, works, facts, mended)


def first(value: Any) -> Any:
    """Return the value, or the first of a list; networkx has spells as lists of the times from and to."""
    while isinstance(value, list | tuple):
        value = value[0] if value else None
    return value


def column_of(values: Iterable[Any]) -> pa.Array:
    """Return values of one type as they are, and of several types as texts."""
    cells = list(values)
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
