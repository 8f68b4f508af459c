"""Graphs in files: GraphML (of igraph and yEd, too), GEXF (with spells), Pajek and JSON node-link; and networkx's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from sim.errors import TapeError
from sim.machine.memory import free_memory, in_words
from sim.readers.source import Source, empty, whole

SPACE = 40  # bytes of memory per byte of such a file
LABELS = ("name", "label", "title")  # attributes that may name a node
Attributes = dict[str, Any]


@dataclass
class Graph:
    """A graph as it was read."""

    path: Path  # of the file, for messages
    directed: bool = True  # whether it is
    nodes: dict[str, Attributes] = field(default_factory=dict)  # their attributes, by their ids
    edges: list[tuple[str, str, Attributes]] = field(default_factory=list)  # from, to, attributes
    ledger: str = ""  # the rows of the tape that `shoulders export` wrote into it

    def names(self) -> dict[str, str]:
        """Return the names of the nodes: a label that all of them have and no two share, or else their ids."""
        for label in LABELS:
            cells = [data.get(label) for data in self.nodes.values()]
            found = ["" if cell is None else str(cell).strip() for cell in cells]
            if found and all(found) and len(dict.fromkeys(found)) == len(found):
                return dict(zip(self.nodes, found, strict=True))
        return {node: node.strip() or repr(node) for node in self.nodes}


def format_of(source: Source) -> str | None:
    """Return which of READERS reads a text, or None if none does."""
    head = source.head
    if re.search(r"<(\w+:)?graphml\b", head) or source.path.suffix == ".graphml":
        return "graphml"
    if re.search(r"<(\w+:)?gexf\b", head) or source.path.suffix == ".gexf":
        return "gexf"
    if re.match(r"\s*(%[^\n]*\s*)*\*(vertices|network)\b", head, re.IGNORECASE):
        return "pajek"
    is_object = re.match(r"\s*\{", head)
    return "node-link" if is_object and re.search(r'"(links|edges)"\s*:|"nodes"\s*:\s*\[', head) else None


def read_graph(source: Source, format: str) -> Graph:
    """Read a graph in a format of READERS; raise a TapeError if it is no sound graph, or too large for the memory."""
    size, free = source.plain.stat().st_size, free_memory()
    if not source.head.strip():
        raise empty(source.path)
    if size * SPACE > free:
        raise TapeError(
            f"{source.path}: {in_words(size)} of a graph do not fit into the {in_words(free)} of memory that are free; "
            "allowed at this size: a table of its edges, CSV or Parquet"
        )
    try:
        return READERS[format](source)
    except ParseError as error:
        line, column = error.position
        what = f"column {column + 1}: {str(error).split(':')[0]}"
        raise TapeError(f"{source.path}:{line}: {what}; allowed: a sound graph") from None
    except TapeError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise TapeError(f"{source.path}:1: {what[:160]}; allowed: a sound graph") from None


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _elements(source: Source, *wanted: str) -> Iterator[tuple[str, Element]]:
    """Yield the elements with these tags as they end; nodes and edges are cleared afterwards."""
    with source.plain.open("rb") as file:
        for _, element in iterparse(file, events=("end",)):
            if (tag := _tag(element)) in wanted:
                yield tag, element
            if tag in {"node", "edge"}:
                element.clear()


def _graphml(source: Source) -> Graph:
    graph = Graph(source.path)
    keys: dict[str, str] = {}
    defaults: dict[str, Attributes] = {"node": {}, "edge": {}}
    with source.plain.open("rb") as file:
        for event, element in iterparse(file, events=("start", "end")):
            tag = _tag(element)
            if tag == "graph" and event == "start":
                graph.directed = element.get("edgedefault", "directed") != "undirected"
            if event == "start":
                continue
            if tag == "data" and element.get("key") == "ledger":
                graph.ledger = element.text or ""
            elif tag == "key":
                keys[element.get("id", "")] = element.get("attr.name") or element.get("yfiles.type") or ""
                for default in element:
                    if element.get("for") in defaults and default.text:
                        defaults[element.get("for", "")][keys[element.get("id", "")]] = default.text.strip()
            elif tag in {"node", "edge"}:
                data = defaults[tag] | dict(_graphml_data(element, keys))
                if tag == "node":
                    graph.nodes[element.attrib["id"]] = data
                else:
                    graph.edges.append((element.attrib["source"], element.attrib["target"], data))
                element.clear()
    return _whole(graph)


def _graphml_data(element: Element, keys: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for data in element:
        if _tag(data) == "data":
            text = (data.text or "").strip()
            inside = next((part for part in data.iter() if _tag(part) in {"NodeLabel", "EdgeLabel"}), None)
            if inside is not None:  # yEd
                yield "label", (inside.text or "").strip()
            elif text:
                yield keys.get(data.get("key", ""), data.get("key", "")), text


def _gexf(source: Source) -> Graph:
    graph = Graph(source.path)
    titles: dict[str, dict[str, str]] = {"node": {}, "edge": {}}
    ours, kinds = False, dict[str | None, None]()
    for tag, element in _elements(source, "attributes", "node", "edge", "graph", "creator", "description"):
        if tag == "creator":
            ours = element.text == "shoulders"
        elif tag == "description":
            graph.ledger = (element.text or "") if ours else ""
        elif tag == "graph":
            graph.directed = element.get("defaultedgetype", "undirected") == "directed"
        elif tag == "attributes":
            for attribute in element:
                titles.setdefault(element.get("class", ""), {})[attribute.get("id", "")] = attribute.get("title", "")
        else:
            data = dict(_gexf_data(element, titles[tag]))
            if tag == "node":
                graph.nodes[element.attrib["id"]] = data
            else:
                kinds[element.get("type")] = None
                graph.edges.append((element.attrib["source"], element.attrib["target"], data))
    graph.directed |= list(kinds) == ["directed"]
    return _whole(graph)


def _gexf_data(element: Element, titles: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a node or an edge, with the start of the first of several spells."""
    own = {name: text for name, text in element.attrib.items() if name not in {"id", "source", "target", "pid", "type"}}
    begins = own.get("start") or own.get("startopen") or own.get("timestamp") or own.get("timestamps")
    for spell in element.iter():
        if _tag(spell) == "spell" and not begins:
            begins = spell.get("start") or spell.get("startopen") or spell.get("timestamp")
    if begins or own.get("spells"):
        first = re.search(r"[^\s<>\[\](),;]+", begins or own["spells"])
        own["start"] = first[0] if first else ""
    yield from own.items()
    for value in element.iter():
        if _tag(value) == "attvalue":
            name = value.get("for") or value.get("id") or ""
            yield titles.get(name, name), value.get("value", "")


def _pajek(source: Source) -> Graph:
    graph, part = Graph(source.path), ""
    for number, line in enumerate(whole(source).split("\n"), 1):
        text = line.strip()
        if not text or text.startswith("%"):
            continue
        if text.startswith("*"):
            part = text[1:].partition(" ")[0].lower()
            graph.directed &= part not in {"edges", "edgeslist"}
            continue
        cells = re.findall(r'"[^"]*"|\[[^\]]*\]|\S+', text)
        spells = [cell for cell in cells if cell.startswith("[")]
        timed: Attributes = {"start": re.sub(r"[\[\]]|[-,].*", "", spells[0])} if spells else {}
        cells = [cell.strip('"') for cell in cells if not cell.startswith("[")]
        if part == "vertices":
            graph.nodes[cells[0]] = {"label": cells[1]} | timed if len(cells) > 1 else timed
        elif part in {"arcs", "edges", "arcslist", "edgeslist"} and len(cells) > 1:
            ends = cells[1:2] if not part.endswith("list") else cells[1:]
            weighted = {"weight": cells[2]} if len(cells) > 2 and not part.endswith("list") else {}
            for end in ends:
                graph.edges.append((cells[0], end, weighted | timed))
        elif part not in {"network", "matrix", "partition", "vector"}:
            raise TapeError(f"{source.path}:{number}: nothing of Pajek; allowed: *Vertices, then *Arcs or *Edges")
    for node, data in _whole(graph).nodes.items():
        data.setdefault("label", node)
    return graph


def _node_link(source: Source) -> Graph:
    found = json.loads(whole(source))
    graph = Graph(source.path, bool(found.get("directed", True)))
    found = found.get("elements", found)  # as Cytoscape has it, whose nodes and edges have data
    ids = []
    for at, node in enumerate(found.get("nodes", [])):
        data = dict(node.get("data", node)) if isinstance(node, dict) else {"id": node}
        ids.append(str(data.pop("id", data.get("name", at))))
        graph.nodes[ids[-1]] = data
    for link in found.get("links", found.get("edges", [])):
        data = dict(link.get("data", link))
        ends = [data.pop(end) for end in ("source", "target")]
        named = [str(end) if str(end) in graph.nodes or not isinstance(end, int) else ids[end] for end in ends]
        graph.edges.append((named[0], named[1], data))
    return _whole(graph)


def _whole(graph: Graph) -> Graph:
    """Return the graph with all nodes that its edges name."""
    for node in chain.from_iterable(edge[:2] for edge in graph.edges):
        graph.nodes.setdefault(node, {})
    return graph


def is_graph(given: Any) -> bool:
    """Return whether this is a graph of networkx."""
    return callable(getattr(given, "is_directed", None))


def of_networkx(given: Any, path: Path) -> Graph:
    """Return a networkx graph as one that was read; nodes with the same text are told apart by their types."""
    names: dict[Any, str] = {}
    taken: dict[str, None] = {}
    for node in given:
        text = str(node).strip() or repr(node)
        while text in taken:
            text = f"{text} ({type(node).__name__})"
        taken[text] = None
        names[node] = text
    nodes = {names[node]: {str(key): value for key, value in data.items()} for node, data in given.nodes(data=True)}
    edges = [(names[u], names[v], {str(k): x for k, x in data.items()}) for u, v, data in given.edges(data=True)]
    return Graph(path, given.is_directed(), nodes, edges)


def attributes(of: Iterable[Attributes]) -> list[str]:
    """Return the names of all attributes, in order of first appearance."""
    return list(dict.fromkeys(key for data in of for key in data))


READERS: dict[str, Callable[[Source], Graph]] = {
    "graphml": _graphml,
    "gexf": _gexf,
    "pajek": _pajek,
    "node-link": _node_link,
}
