"""The influence graph in files: GraphML, GEXF with times, edges as CSV or Parquet; streamed, whole or not at all.

GraphML and GEXF are written line by line, so that a graph of millions takes no memory beyond the tape's. A graph of
events says of each event person, idea, kind, time and count; a graph of persons sums over time, with the World. GEXF
is version 1.2, dynamic: a node starts with its (first) event, an edge with the (first) influence, and both stay.

Edges of events have the columns of the log format citations, one row an influence, and one without a parent for an
event that nothing influenced. Edges of persons have those of the format edges, one row an influence, not summed; a
discovery has no source, an implementation neither. `read_log` takes both, and finds the same influences where every
parent is strictly earlier than its child; what a discovery built on, `use` events, people who leave or abandon, and
how many a crowd counts are no part of the edges of persons.

Control characters in names, which XML forbids and which would break the lines of a CSV file, are replaced by U+FFFD in
all of these but Parquet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow as pa

from sim.errors import did_you_mean
from sim.machine.folders import new_file
from sim.tape.graph import GRAPHS, WORLD, Arrows, Window, arrows, event_arrows, node_data
from sim.tape.tables import ABANDON, KINDS, LEARN, LEAVE, USE, Ints
from sim.tape.tape import Tape

BATCH = 1 << 20  # rows of a table that are made together
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
TYPES = {str: ("string", "string"), int: ("long", "long")}  # in GraphML, in GEXF


def export(
    tape: Tape, path: str | Path, of: str = "events", format: str | None = None, window: Window | None = None
) -> None:
    """Write the influence graph of a tape into a file, as told at the head of this file.

    Args:
        tape: any tape.
        path: the file, replaced where it is there already; its ending tells the format where that is None.
        of: events or persons.
        format: a name of EXPORTS: graphml, gexf, csv or parquet.
        window: first and last step, both included; None for all.

    Raises:
        ValueError: if `of`, the format or the window is none of these.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    format = format or path.suffix[1:].lower()
    for what, name, allowed in (("of", of, GRAPHS), ("format", format, tuple(EXPORTS))):
        if name not in allowed:
            raise ValueError(f"{what}: no {name!r}{did_you_mean(name, allowed)}")
    if window is not None and window[0] > window[1]:
        raise ValueError(f"window: from {window[0]} to {window[1]}; allowed: a first step that is not after the last")
    with new_file(path) as partial:
        EXPORTS[format](tape, partial, of, window)


def clean(name: str) -> str:
    """A name without control characters."""
    return CONTROL.sub("\ufffd", name)


def _graphml(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    found = arrows(tape, of, window)
    fields = _fields(of)
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        file.write('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        for name, kind in fields.items():
            file.write(f'<key id="{name}" for="node" attr.name="{name}" attr.type="{TYPES[kind][0]}"/>\n')
        file.write('<key id="weight" for="edge" attr.name="weight" attr.type="double"/>\n')
        timed = {"from": "first", "to": "last"} if of == "persons" else {}
        for key, name in timed.items():
            file.write(f'<key id="{key}" for="edge" attr.name="{name}" attr.type="long"/>\n')
        file.write('<graph edgedefault="directed">\n')
        for node, data in zip(found.node, node_data(tape, of, found), strict=True):
            cells = "".join(f'<data key="{key}">{_text(value)}</data>' for key, value in data.items())
            file.write(f'<node id="{node}">{cells}</node>\n')
        for start, end, weight, first, last in _edges(found):
            times = f'<data key="from">{first}</data><data key="to">{last}</data>' if timed else ""
            file.write(f'<edge source="{start}" target="{end}"><data key="weight">{weight!r}</data>{times}</edge>\n')
        file.write("</graph>\n</graphml>\n")


def _gexf(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    found = arrows(tape, of, window)
    fields = _fields(of)
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n'
        )
        file.write('<graph defaultedgetype="directed" mode="dynamic" timeformat="integer">\n')
        file.write('<attributes class="node" mode="static">\n')
        for name, kind in fields.items():
            file.write(f'<attribute id="{name}" title="{name}" type="{TYPES[kind][1]}"/>\n')
        file.write("</attributes>\n")
        if of == "persons":
            file.write('<attributes class="edge" mode="static"><attribute id="last" title="last" type="long"/>')
            file.write("</attributes>\n")
        file.write("<nodes>\n")
        for node, begin, data in zip(found.node, found.begin, node_data(tape, of, found), strict=True):
            _gexf_node(file, int(node), int(begin), data)
        file.write("</nodes>\n<edges>\n")
        for number, (start, end, weight, first, last) in enumerate(_edges(found)):
            ends = f'source="{start}" target="{end}" weight="{weight!r}" start="{first}"'
            more = f'><attvalues><attvalue for="last" value="{last}"/></attvalues></edge>' if of == "persons" else "/>"
            file.write(f'<edge id="{number}" {ends}{more}\n')
        file.write("</edges>\n</graph>\n</gexf>\n")


def _gexf_node(file: IO[str], node: int, begin: int, data: dict[str, Any]) -> None:
    label = data["name"] if "name" in data else f"{data['person']}: {data['kind']} {data['idea']}"
    cells = "".join(f'<attvalue for="{key}" value={quoteattr(clean(str(value)))}/>' for key, value in data.items())
    start = f' start="{begin}"' if node != WORLD else ""
    file.write(f'<node id="{node}" label={quoteattr(clean(label))}{start}><attvalues>{cells}</attvalues></node>\n')


def _fields(of: str) -> dict[str, type]:
    events = {"person": str, "idea": str, "kind": str, "time": int, "count": int}
    return events if of == "events" else {"name": str, "first": int}


def _text(value: Any) -> str:
    return escape(clean(str(value)))


def _edges(found: Arrows) -> Iterator[tuple[int, int, float, int, int]]:
    for begin in range(0, len(found.start), BATCH):
        part = slice(begin, begin + BATCH)
        columns = (found.start, found.end, found.weight, found.first, found.last)
        yield from zip(*(column[part].tolist() for column in columns), strict=True)


def _csv(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    import pyarrow.csv as pacsv

    names, ideas = (pa.array(map(clean, texts), pa.string()) for texts in (_names(tape), tape.ideas))
    schema = pa.schema([(name, pa.string() if pa.types.is_dictionary(kind) else kind) for name, kind in _schema(of)])
    with pacsv.CSVWriter(str(path), schema) as writer:
        for batch in _batches(tape, of, window, names, ideas):
            plain = [c.dictionary_decode() if isinstance(c, pa.DictionaryArray) else c for c in batch.columns]
            writer.write_batch(pa.record_batch(plain, schema=schema))


def _parquet(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    import pyarrow.parquet as pq

    names, ideas = (pa.array(texts, pa.string()) for texts in (_names(tape), tape.ideas))
    with pq.ParquetWriter(path, pa.schema(_schema(of)), compression="zstd", write_page_checksum=True) as writer:
        for batch in _batches(tape, of, window, names, ideas):
            writer.write_batch(batch)


def _names(tape: Tape) -> list[str]:
    return [*tape.persons.names(), ""]  # the last is nobody's


def _schema(of: str) -> list[tuple[str, pa.DataType]]:
    word, number = pa.dictionary(pa.int32(), pa.string()), pa.int64()
    said = [("idea", word), ("kind", word), ("weight", pa.float64())]
    if of == "persons":
        return [("time", number), ("source", word), ("target", word), *said]
    times = [("child", number), ("parent", number), ("time", number), ("parent_time", number)]
    return [*times, ("person", word), ("parent_person", word), *said]


def _batches(tape: Tape, of: str, window: Window | None, names: pa.Array, ideas: pa.Array) -> Iterator[pa.RecordBatch]:
    """The rows in order of the events, one for each influence, and one for each event without any."""
    child, parent, weight = _rows(tape, of, window)
    kinds, schema, events = pa.array(KINDS, pa.string()), pa.schema(_schema(of)), tape.events
    for begin in range(0, len(child), BATCH):
        of_child, by, much = (column[begin : begin + BATCH] for column in (child, parent, weight))
        alone = by < 0
        columns: dict[str, Any] = {
            "child": of_child,
            "parent": pa.array(by, mask=alone),
            "time": events.step[of_child],
            "parent_time": pa.array(events.step[by], mask=alone),
            "idea": _words(events.idea[of_child], ideas),
            "kind": _words(events.kind[of_child], kinds),
            "weight": pa.array(much, mask=alone),
        }
        person = np.where(events.person[of_child] < 0, len(names) - 1, events.person[of_child])
        teller = np.where(events.person[by] < 0, len(names) - 1, events.person[by])
        columns["person"] = columns["target"] = _words(person, names)
        columns["parent_person"] = columns["source"] = _words(np.where(alone, len(names) - 1, teller), names)
        yield pa.record_batch([columns[name] for name in schema.names], schema=schema)


def _words(codes: Any, words: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), words)


def _rows(tape: Tape, of: str, window: Window | None) -> tuple[Ints, Ints, Any]:
    """Child, parent or -1, and weight of all rows, in order of the children."""
    found = event_arrows(tape, window)
    kind = tape.events.kind
    child, parent, weight = found.start, found.end, found.weight
    nodes = found.node if window is None else found.node[found.begin >= window[0]]
    if of == "persons":
        learned = kind[child] == LEARN
        child, parent, weight = child[learned], parent[learned], weight[learned]
        nodes = nodes[(kind[nodes] != USE) & (kind[nodes] != ABANDON) & (kind[nodes] != LEAVE)]
    bare = np.setdiff1d(nodes, child, assume_unique=False)
    rows = np.append(child, bare)
    order = np.argsort(rows, kind="stable")
    return (
        rows[order],
        np.append(parent, np.full(len(bare), -1))[order],
        np.append(weight, np.ones(len(bare)))[order],
    )


EXPORTS: dict[str, Callable[[Tape, Path, str, Window | None], None]] = {
    "graphml": _graphml,
    "gexf": _gexf,
    "csv": _csv,
    "parquet": _parquet,
}
