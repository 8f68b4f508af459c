"""The ties of a networkx graph in a file beside a scenario, named by a hash of its content."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import platformdirs

from sim.errors import ScenarioError
from sim.machine.folders import new_file

COLUMNS = ("source", "target", "weight", "start", "end")


def write_ties(graph: Any, folder: str | Path | None = None) -> tuple[set[str], Path]:
    """Write the ties of a graph as CSV, and return the names of its nodes and the file.

    Raise a ScenarioError if it has no nodes, or two with the same name.
    """
    names = [str(node).strip() for node in graph]
    if not names or len(set(names)) != len(names):
        wrong = "has no nodes" if not names else "has several nodes of one name"
        raise ScenarioError(f"the graph {wrong}; allowed: nodes with names of their own", key="world.network")
    edges = list(graph.edges(data=True))
    columns = [name for name in COLUMNS if name in {"source", "target"} or any(name in data for *_, data in edges)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for u, v, data in edges:
        cells = {"source": str(u).strip(), "target": str(v).strip(), **data}
        writer.writerow([cells.get(name, "") for name in columns])
    content = text.getvalue().encode()
    place = Path(folder or Path(platformdirs.user_cache_dir("shoulders", appauthor=False)) / "networks")
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"network-{hashlib.sha256(content).hexdigest()[:16]}.csv"
    if not path.exists():
        with new_file(path) as partial:
            partial.write_bytes(content)
    return set(names), path
