"""The influence graph in files: GraphML, GEXF with times, rows as CSV or Parquet; streamed, whole or not at all.

GraphML and GEXF are written line by line, so that a graph of millions takes no memory beyond the tape's. A graph of
events gives the person, idea, kind, time and count of each; a graph of persons sums over time and includes the World.
GEXF is version 1.2, dynamic: a node starts with its (first) event, an edge with the (first) influence, and both stay.

CSV and Parquet have one row per influence, one without a parent for each event that nothing influenced, and one of kind
`realise` for each value of a holding (child) through an implementation (parent). Times are those of the log, with dates
as dates. `read_log` reads these rows back to the same credit and the same dates; GraphML and GEXF carry them as a text
that graph programs ignore.

Control characters in names, which XML forbids and which would break the lines of a CSV file, are replaced by U+FFFD in
all formats but Parquet.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow as pa

from sim.errors import require
from sim.machine.folders import new_file
from sim.tape.graph import GRAPHS, WORLD, Arrows, Window, arrows, check_window, event_arrows, node_data
from sim.tape.tables import KINDS, Ints
from sim.tape.tape import Tape

BATCH = 1 << 20  # rows of a table that are made at a time
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
FIELDS = {  # of the nodes, with their types, which have the same names in GraphML and GEXF
    "events": {"person": "string", "idea": "string", "kind": "string", "time": "long", "count": "long"},
    "persons": {"name": "string", "first": "long"},
}


def export(
    tape: Tape, path: str | Path, of: str = "events", format: str | None = None, window: Window | None = None
) -> None:
    """Write the influence graph of a tape into a file, as described at the head of this module.

    Args:
        tape: any tape.
        path: the file, replaced if it exists; its ending gives the format if that is None.
        of: events or persons.
        format: a name of EXPORTS: graphml, gexf, csv or parquet.
        window: first and last step, both included; None for all.

    Raises:
        ValueError: if `of` or the format is unknown, or the window ends before it begins.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    format = format or path.suffix[1:].lower()
    require("of", of, GRAPHS)
    require("format", format, EXPORTS)
    check_window(window)
    with new_file(path) as partial:
        EXPORTS[format](tape, partial, of, window)


def clean(name: str) -> str:
    """Return a name with its control characters replaced by U+FFFD."""
    return CONTROL.sub("\ufffd", name)


def _graphml(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    found = arrows(tape, of, window)
    with path.open("w", encoding="utf-8") as file:
        file.write(XML + '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        for name, kind in FIELDS[of].items():
            file.write(f'<key id="{name}" for="node" attr.name="{name}" attr.type="{kind}"/>\n')
        file.write('<key id="weight" for="edge" attr.name="weight" attr.type="double"/>\n')
        timed = {"from": "first", "to": "last"} if of == "persons" else {}
        for key, name in timed.items():
            file.write(f'<key id="{key}" for="edge" attr.name="{name}" attr.type="long"/>\n')
        file.write('<key id="ledger" for="graph" attr.name="ledger" attr.type="string"/>\n')
        file.write('<graph edgedefault="directed">\n<data key="ledger">')
        file.writelines(map(escape, _ledger(tape, window)))
        file.write("</data>\n")
        for node, data in zip(found.node, node_data(tape, of, found), strict=True):
            cells = "".join(f'<data key="{key}">{escape(clean(str(value)))}</data>' for key, value in data.items())
            file.write(f'<node id="{node}">{cells}</node>\n')
        for start, end, weight, first, last in _edges(found):
            times = f'<data key="from">{first}</data><data key="to">{last}</data>' if timed else ""
            file.write(f'<edge source="{start}" target="{end}"><data key="weight">{weight!r}</data>{times}</edge>\n')
        file.write("</graph>\n</graphml>\n")


def _gexf(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    found = arrows(tape, of, window)
    with path.open("w", encoding="utf-8") as file:
        file.write(XML + '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n')
        file.write("<meta><creator>shoulders</creator><description>")
        file.writelines(map(escape, _ledger(tape, window)))
        file.write("</description></meta>\n")
        file.write('<graph defaultedgetype="directed" mode="dynamic" timeformat="integer">\n')
        file.write('<attributes class="node" mode="static">\n')
        for name, kind in FIELDS[of].items():
            file.write(f'<attribute id="{name}" title="{name}" type="{kind}"/>\n')
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


def _edges(found: Arrows) -> Iterator[tuple[int, int, float, int, int]]:
    for begin in range(0, len(found.start), BATCH):
        part = slice(begin, begin + BATCH)
        columns = (found.start, found.end, found.weight, found.first, found.last)
        yield from zip(*(column[part].tolist() for column in columns), strict=True)


def _csv(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(_ledger(tape, window, of))


def _ledger(tape: Tape, window: Window | None, of: str = "events") -> Iterator[str]:
    """Yield the rows as the text of a CSV file, piece by piece, with control characters in names replaced."""
    import pyarrow.csv as pacsv

    names, ideas = (pa.array(map(clean, texts), pa.string()) for texts in (_names(tape), tape.ideas))
    for number, batch in enumerate(_batches(tape, of, window, names, ideas)):
        plain = [c.dictionary_decode() if isinstance(c, pa.DictionaryArray) else c for c in batch.columns]
        plain = [c.cast(pa.string()) if pa.types.is_timestamp(c.type) else c for c in plain]
        text = io.BytesIO()
        options = pacsv.WriteOptions(include_header=number == 0)
        pacsv.write_csv(pa.record_batch(plain, names=batch.schema.names), text, options)
        yield text.getvalue().decode()


def _parquet(tape: Tape, path: Path, of: str, window: Window | None) -> None:
    import pyarrow.parquet as pq

    names, ideas = (pa.array(texts, pa.string()) for texts in (_names(tape), tape.ideas))
    batches = _batches(tape, of, window, names, ideas)
    first = next(batches)
    with pq.ParquetWriter(path, first.schema, compression="zstd", write_page_checksum=True, version="2.6") as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)


def _names(tape: Tape) -> list[str]:
    return [*tape.persons.names(), ""]  # the last is for nobody, -1


ROWS = {  # the columns, in their order
    "events": ("child", "parent", "time", "parent_time", "person", "parent_person", "idea", "kind", "weight", "value",
               "count"),
    "persons": ("time", "source", "target", "idea", "kind", "weight", "value", "count", "child", "parent",
                "parent_time"),
}  # fmt: skip


def _batches(tape: Tape, of: str, window: Window | None, names: pa.Array, ideas: pa.Array) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order of their events, influences before values."""
    rows = _rows(tape, window)
    kinds, events = pa.array([*KINDS, "realise"], pa.string()), tape.events
    for begin in range(0, max(1, len(rows[0])), BATCH):
        child, parent, weight, value = (column[begin : begin + BATCH] for column in rows)
        alone, realised = parent < 0, ~np.isnan(value)
        columns: dict[str, Any] = {
            "child": child,
            "parent": pa.array(parent, mask=alone),
            "time": _times(tape, events.step[child]),
            "parent_time": _times(tape, events.step[parent], alone),
            "idea": _words(events.idea[child], ideas),
            "kind": _words(np.where(realised, len(KINDS), events.kind[child]), kinds),
            "weight": pa.array(weight, mask=alone | realised),
            "value": pa.array(value, mask=~realised),
            "count": events.count[child],
        }
        person = np.where(events.person[child] < 0, len(names) - 1, events.person[child])
        teller = np.where(events.person[parent] < 0, len(names) - 1, events.person[parent])
        columns["person"] = columns["target"] = _words(person, names)
        columns["parent_person"] = columns["source"] = _words(np.where(alone, len(names) - 1, teller), names)
        yield pa.record_batch([columns[name] for name in ROWS[of]], names=list(ROWS[of]))


def _times(tape: Tape, steps: Ints, missing: Any = None) -> pa.Array:
    """Return times as the log had them: dates as dates, decimals as decimals, steps of a run as they are."""
    about = tape.provenance
    ticks = steps + int(about.get("time_origin", 0))
    unit = {"second": "s", "microsecond": "us", "nanosecond": "ns"}.get(str(about.get("time_unit")))
    if unit and str(about.get("read_as", {}).get("dates", "")).startswith("dates"):
        return pa.array(ticks, mask=missing).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, "UTC"))
    if unit in {"us", "ns"}:
        digits = 6 if unit == "us" else 9
        whole, part = np.divmod(ticks, 10**digits)
        texts = [f"{w + (w < 0 and p > 0)}.{p if w >= 0 or not p else 10**digits - p:0{digits}}"
                 for w, p in zip(whole.tolist(), part.tolist(), strict=True)]  # fmt: skip
        signed = [f"-{t}" if w == -1 and p else t for t, w, p in zip(texts, whole.tolist(), part.tolist(), strict=True)]
        return pa.array(signed, pa.string(), mask=missing)
    return pa.array(ticks, mask=missing)


def _words(codes: Any, words: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), words)


def _rows(tape: Tape, window: Window | None) -> tuple[Ints, Ints, Any, Any]:
    """Return child, parent (or -1), weight, and value (or nan) of all rows, in order of the children."""
    found = event_arrows(tape, window)
    nodes = found.node if window is None else found.node[(found.begin >= window[0]) & (found.begin <= window[1])]
    bare = np.setdiff1d(nodes, found.start, assume_unique=False)
    event, implementation, value = tape.realised.columns().values()
    inside = np.isin(event, nodes) & ((implementation < 0) | np.isin(implementation, nodes))
    event, implementation, value = event[inside], implementation[inside], value[inside]
    child = np.concatenate([found.start, bare, event])
    order = np.lexsort((np.arange(len(child)) >= len(child) - len(event), child))
    return (
        child[order],
        np.concatenate([found.end, np.full(len(bare), -1), implementation])[order],
        np.concatenate([found.weight, np.ones(len(bare)), np.ones(len(event))])[order],
        np.concatenate([np.full(len(found.start) + len(bare), np.nan), value])[order],
    )


EXPORTS: dict[str, Callable[[Tape, Path, str, Window | None], None]] = {
    "graphml": _graphml,
    "gexf": _gexf,
    "csv": _csv,
    "parquet": _parquet,
}
