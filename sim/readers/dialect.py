"""The dialect of a text table: the delimiter, and whether there is a header."""

from __future__ import annotations

import csv
import re
from collections.abc import Container
from typing import NamedTuple

MARKS = (",", "\t", ";", "|", " ")
WORDS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe", " ": "blank"}
LOOKED_AT = 40  # rows
DATA = re.compile(r"[+-]?[\d.,:/TZ+-]*\d[\d.,:/TZ+-]*(e[+-]?\d+)?", re.IGNORECASE)  # a number or a date, not a name


class Dialect(NamedTuple):
    """The dialect of a table: `skip` lines precede its first row; `names` are 1, 2, ... without a header."""

    mark: str
    names: list[str]
    bare: bool
    skip: int
    at: int  # the line of the header, or of the first row


def dialect_of(head: str, known: Container[str], suffix: str = "") -> Dialect | None:
    """Return the dialect of a text from its beginning, or None if it has no row; a known name makes a header.

    >>> dialect_of("# made in May\\ntime;source;target\\n1;;Ada\\n", {"time", "source", "target"})
    Dialect(mark=';', names=['time', 'source', 'target'], bare=False, skip=2, at=2)
    >>> dialect_of("1 2 1082040961\\n1 3 1082155839\\n", {"time"}).names
    ['1', '2', '3']
    """
    lines = head.split("\n")
    if len(head) >= 1 << 15:
        lines.pop()  # the last line may be cut off
    above = 0
    while above < len(lines) and (not lines[above].strip() or re.match(r"\s*[#%]", lines[above])):
        above += 1
    rows = [line for line in lines[above : above + LOOKED_AT] if line.strip()]
    if not rows and not any(line.strip() for line in lines[:above]):
        return None
    mark = _mark(rows or lines[:above], suffix)
    for at in range(above):  # a header, or rows, may begin with a # of their own
        if not lines[at].strip():
            continue
        cells = _cells(lines[at:], mark)[0]
        bare_first = _cells([re.sub(r"^\s*[#%]+\s*", "", lines[at])], mark)[0]
        if _known(bare_first, known) >= min(2, len(cells)) and (len(cells) > 1 or not rows):
            return Dialect(mark, bare_first, False, at + 1, at + 1)
        alike = len(cells) > 1 and (not rows or len(cells) == len(_cells(rows, mark)[0]))
        if alike and not re.match(r"\s*(#|%)(\s|#|%|$)", lines[at]):
            above = at
            break
    if above >= len(lines):
        return None
    reader = csv.reader((line + "\n" for line in lines[above:]), delimiter=mark, skipinitialspace=True)
    try:
        first = lines[above].split() if mark == " " else [cell.strip() for cell in next(reader)]
    except csv.Error:
        first = [cell.strip() for cell in lines[above].split(mark)]
    if _known(first, known) or not any(DATA.fullmatch(cell) or not cell for cell in first):
        return Dialect(mark, first, False, above + max(1, reader.line_num), above + 1)
    return Dialect(mark, [str(n + 1) for n in range(len(first))], True, above, above + 1)


def _known(cells: list[str], known: Container[str]) -> int:
    return sum(cell.strip().lower() in known for cell in cells)


def _mark(rows: list[str], suffix: str) -> str:
    """Return the mark that cuts the first row, and most others, into as many cells; the more cells, the better."""
    if suffix == ".tsv":
        return "\t"

    def score(mark: str) -> tuple[float, int]:
        widths = [len(cells) for cells in _cells(rows, mark)]
        alike = widths.count(widths[0]) / len(widths)
        return (0.0, 0) if widths[0] < 2 else (min(alike, 0.9), widths[0])

    best = max(MARKS[:-1], key=score)
    if best == "\t" and re.search(" \t|\t ", rows[0]) and score(" ") > score("\t"):
        return " "
    return best if score(best)[1] or score(" ") < (0.9, 2) else " "


def _cells(rows: list[str], mark: str) -> list[list[str]]:
    if mark == " ":
        return [row.split() for row in rows] or [[""]]
    try:
        found = list(csv.reader((row + "\n" for row in rows), delimiter=mark, skipinitialspace=True))
    except csv.Error:
        found = [row.split(mark) for row in rows]
    return found or [[""]]
