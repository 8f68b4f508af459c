"""Works with their references and authors, one work a row: OpenAlex as JSON lines, tables, Web of Science as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from sim.errors import TapeError
from sim.logs.log import Log
from sim.logs.papers import Works, earliest, place_works
from sim.logs.placing import UNSAID
from sim.readers.columns import Shape, matched, plain
from sim.readers.names import by_dictionary, coded
from sim.readers.source import Source, lines_of
from sim.readers.table import Table
from sim.readers.times import Clock
from sim.tape.tape import Tape

WORKS = Shape(
    {"paper": "name", "date": "time", "references": "several", "authors": "several", "authorships": "several"},
    ("paper", "date", "references"),
)
SEVERAL = re.compile(r"\s*[;|]\s*")
INSIDE = ("author", "display_name", "name", "id", "paperId")  # keys under which a record in a list may have its name
FIELDS = {"AU", "PY", "CR"}  # of Web of Science, as the columns of a table
ISI = re.compile(r"\s*(FN |VR |PT )")
Work = tuple[str, str | None, list[str], list[str]]  # name, date, references, authors


def recognises(log: Log) -> bool:
    """Return whether this is a table of works with references, or text of Web of Science."""
    return _is_isi(log) or {*log.names} >= FIELDS or WORKS.fits(log.names) > 0


def _is_isi(log: Log) -> bool:
    return bool(ISI.match(log.head)) and re.search(r"^(CR|TI|AU) ", log.head, re.MULTILINE) is not None


def read(log: Log) -> Tape:
    """Read works as a tape, as described at read_log."""
    facts, mended = dict[str, Any](format="works"), Counter[str]()
    if _is_isi(log) and log.source is not None:
        log.refuse("columns", "text of Web of Science", "tables")
        works, facts = list(_isi(log.source, mended)), facts | log.facts | {"file": "Web of Science"}
    elif {*log.names} >= FIELDS and not log.options.columns:
        works, facts = list(_isi_rows(log.table)), facts | log.table.facts | {"file": "Web of Science, a table"}
    else:
        table = log.table
        found = matched(table, WORKS, log.options.columns)
        facts |= table.facts | {"columns": {column: table.names[at] for column, at in found.items()}}
        works = list(_rows(table.batches(list(found.values())), list(found)))
        passed = [name for at, name in enumerate(table.names) if at not in found.values()]
        facts |= {"passed_over": passed} if passed else {}
    return _place(log, works, facts, mended)


def _rows(batches: Iterable[Any], columns: list[str]) -> Iterator[Work]:
    for batch in batches:
        cells = dict(zip(columns, (column.to_pylist() for column in batch), strict=True))
        for at, paper in enumerate(cells["paper"]):
            date = cells["date"][at]
            authors = _several(cells["authors"][at]) if "authors" in cells else []
            if "authorships" in cells and not authors:
                authors = _several(cells["authorships"][at])
            yield (_text(paper), None if date is None else str(date), _several(cells["references"][at]), authors)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _several(cell: Any) -> list[str]:
    """Return the names in a list, or in a text between semicolons or bars; for records of authors, their names."""
    if cell is None:
        return []
    if isinstance(cell, str):
        return [name for name in SEVERAL.split(cell.strip().strip("[]")) if name]
    found = []
    for item in cell:
        inside = item
        while isinstance(inside, dict):
            inside = next((inside[key] for key in INSIDE if inside.get(key)), "")
        found.append(_text(inside))
    return [name for name in found if name]


def _isi(source: Source, mended: Counter[str]) -> Iterator[Work]:
    """Yield the records of a Web of Science text, named as others cite them; count those that lack the line ER."""
    fields: dict[str, list[str]] = {}
    tag = ""
    for _, line in chain(lines_of(source), [(0, "EF")]):
        begins = line[:2].strip()
        tag = begins or tag
        if begins in {"PT", "ER", "EF"}:
            if fields.keys() - {"FN", "VR"}:
                mended["record without ER"] += begins != "ER"
                yield _record(fields)
            fields = {}
        if tag not in {"ER", "EF"}:
            fields.setdefault(tag, []).append((line[3:] if begins else line).strip())


def _isi_rows(table: Table) -> Iterator[Work]:
    """Yield the same from a table whose columns are called like the fields."""
    for batch in table.batches(range(len(table.names))):
        for cells in zip(*(column.to_pylist() for column in batch), strict=True):
            row = {name: _text(cell) for name, cell in zip(table.names, cells, strict=True)}
            yield _record({tag: _several(cell) if tag in {"AU", "CR"} else [cell] for tag, cell in row.items()})


def _record(fields: dict[str, list[str]]) -> Work:
    def one(tag: str) -> str:
        return fields.get(tag, [""])[0]

    authors = [name for name in fields.get("AU", []) if name]
    doi = one("DI").lower()
    own = [authors[0].replace(",", "") if authors else "", one("PY"), one("J9")]
    own += [f"V{one('VL')}" if one("VL") else "", f"P{one('BP')}" if one("BP") else ""]
    name = f"doi:{doi}" if doi else ", ".join(filter(None, own)).upper()
    return name, one("PY") or None, [_cited(text) for text in fields.get("CR", [])], authors


def _cited(text: str) -> str:
    doi = re.search(r"DOI\s*\[?\s*(10\.[^\s,\];]+)", text, re.IGNORECASE)
    return f"doi:{doi[1].lower()}" if doi else re.sub(r",\s*DOI.*$", "", text).upper()


def _place(log: Log, works: list[Work], facts: dict[str, Any], mended: Counter[str]) -> Tape:
    def fail(row: int, what: str) -> TapeError:
        return TapeError(f"{log.path}: work {row + 1}: {what}")

    clock = Clock(log.options.order)
    clock.read("date", plain(pa.array([date for _, date, _, _ in works], pa.string()), "time"), fail)

    def chunk(names: list[str]) -> Any:
        return by_dictionary("paper", pa.array(names, pa.string()), fail)

    many = [max(1, len(cited)) for _, _, cited, _ in works]
    citing = np.repeat(np.arange(len(works)), many)
    cited = [name for _, _, references, _ in works for name in references or [""]]
    names, [paper, parent] = coded([[chunk([name for name, *_ in works])], [chunk(cited)]])
    ticks = clock.ticks("date")
    date, others = earliest(len(names), [(paper, ticks)])
    persons, written = _authors(log, works, paper, chunk)
    facts |= {"direction": "a work built on its references", "rows": len(cited), "works": len(works)}
    facts |= {"time_unit": clock.unit, "dates": clock.says(ticks)}
    found = Works(names, date, clock, paper[citing], parent, np.zeros(0), np.full(0, UNSAID), persons, written)
    return place_works(log, found, facts, mended + others)


def _authors(log: Log, works: list[Work], paper: Any, chunk: Callable[[list[str]], Any]) -> tuple[Any, Any]:
    if not any(authors for *_, authors in works):
        return None, None
    many = [len(authors) for *_, authors in works]
    names, [author] = coded([[chunk([name for *_, authors in works for name in authors])]], log.options.aliases)
    return names, (np.repeat(paper, many), author)
