"""Times of adoption, as surveys have them: the format adoptions of a log, with a network, or a graph with both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sim.errors import TapeError, did_you_mean
from sim.logs import graphs
from sim.logs.imputed import followed, place_adoptions
from sim.logs.log import Log, called_idea
from sim.readers.columns import Columns, Shape, canonical
from sim.readers.graph import attributes
from sim.readers.times import Clock
from sim.tape.tape import Tape

ADOPTIONS = Shape(
    {"person": "name", "time": "time", "idea": "idea"}, ("person", "time"), bare=("person", "time", "idea")
)


def recognises(log: Log) -> bool:
    """Return whether a network is given beside the table."""
    return log.options.network is not None and ADOPTIONS.fits(log.names) > 0


def read(log: Log) -> Tape:
    """Read adoption times as a tape, as described at read_log."""
    facts: dict[str, Any] = {"format": "adoptions", **log.facts}
    if graphs.recognises(log):
        log.refuse("network", "a graph, which is one", "tables")
        columns, ties = _of_graph(log)
        facts["direction"] = "a node follows those to which its edges point"
    else:
        columns, ties = log.columns(ADOPTIONS), followed(log)
    ideas, [idea] = columns.coded("idea")
    ideas = called_idea(ideas, idea)
    ticks = columns.clock.ticks("time")
    facts |= columns.read_as | {"rows": len(ticks), "time_unit": columns.clock.unit, "dates": columns.clock.says(ticks)}
    of = idea.astype(np.int64) if len(idea) else np.zeros(len(ticks), np.int64)
    return place_adoptions(log, columns.names.pop("person"), of, ideas, log.late(columns.clock, ticks), ties, facts)


def _of_graph(log: Log) -> tuple[Columns, tuple[list[Any], list[Any]] | None]:
    """Return the adoptions and the ties of a graph whose nodes have times."""
    for role in log.options.columns:
        if role != "time":
            raise TapeError(f"columns: no column {role!r} in this format{did_you_mean(role, ['time'])}")
    graph = graphs.graph_of(log)
    names = graph.names()
    wanted = log.options.time or log.options.columns.get("time")
    there = attributes(graph.nodes.values())
    time = next((name for key in ((wanted,) if wanted else graphs.TIMES) for name in there
                 if canonical(name) == canonical(key)), None)  # fmt: skip
    if time is None:
        raise TapeError(f"{log.path}: no node has an attribute for its time; allowed: --columns time=NAME")
    columns = Columns(log.path, ADOPTIONS, Clock(log.options.order))
    cells: dict[str, Any] = {
        "person": pa.array(list(names.values()), pa.string()),
        "time": graphs.column_of(graphs.first(data.get(time)) for data in graph.nodes.values()),
    }
    columns.add(cells, lambda row: row + 1)
    columns.read_as["columns"] = {"time": time}
    ends = Columns(log.path, ADOPTIONS)
    both = []
    for end in ([u for u, _, _ in graph.edges], [v for _, v, _ in graph.edges]):
        ends.add({"person": pa.array([names[node] for node in end], pa.string())}, lambda row: row + 1)
        both.append(ends.names.pop("person"))
    if not graph.directed:
        both = [both[0] + both[1], both[1] + both[0]]
    return columns, (both[0], both[1])
