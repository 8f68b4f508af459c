"""The columns of a log: telling them by their names, and gathering their contents as numbers, batch by batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.errors import TapeError, did_you_mean, near
from sim.readers.names import BLANKS, MISSING, Chunk, Codes, by_dictionary, coded, is_text, named
from sim.readers.table import Table, rows_of
from sim.readers.times import NUMBER, Clock
from sim.readers.words import Fail, shown
from sim.tape.tables import Floats, Ints

NAMES: dict[str, tuple[str, ...]] = {  # what people call the columns; the first that is there counts
    "time": (
        "timestamp", "datetime", "date_time", "date", "ts", "created_at", "created", "when", "unixtime", "unix_time",
        "unixts", "epoch", "timeset", "start", "start_time", "sent", "sent_at", "published", "publication_date",
        "year", "day", "step",
    ),
    "source": (
        "src", "source_id", "src_id", "source_user", "teller", "sender", "infector", "infector_id", "influencer",
        "spreader", "from_user", "user_from",
    ),
    "target": (
        "tgt", "dst", "dest", "destination", "target_id", "dst_id", "target_user", "receiver", "recipient", "infected",
        "infectee", "infected_id", "hearer", "influenced", "to_user", "user_to",
    ),
    "idea": ("topic", "item", "cascade", "cascade_id", "meme", "innovation"),
    "weight": ("w", "strength"),
    "value": ("payoff", "worth"),
    "builds_on": ("buildson", "prerequisites"),
    "citing": ("child", "citing_id", "citing_paper", "citing_doi", "fromnodeid", "from_id"),
    "cited": ("parent", "cited_id", "cited_paper", "cited_doi", "tonodeid", "to_id"),
    "date": (
        "time", "citing_date", "year", "published", "publication_date", "publication_year", "timestamp", "creation",
        "citing_year", "date_published",
    ),
    "cited_date": ("parent_time", "cited_time", "cited_year"),
    "paper": ("id", "node", "nodeid", "node_id", "paper_id", "paperid", "event", "work", "doi", "title"),
    "person": ("user", "user_id", "name", "id", "node", "adopter", "author", "target"),
    "parent_person": ("source",),
    "authors": ("author", "author_names", "creators", "au"),
    "references": ("referenced_works", "cites", "cited_works", "refs"),
    "path": ("journey", "paths", "touchpoints", "channels"),
    "conversions": ("total_conversions", "conversion", "converted"),
    "nulls": ("total_null", "null", "total_nulls", "nonconversions", "no_conversions"),
    "total_value": ("total_conversion_value", "conversion_value", "value", "revenue"),
    "follower": ("source", "src", "source_id", "asker", "ego", "user_from", "from_user"),
    "followed": ("target", "followee", "tgt", "dst", "target_id", "asked", "alter", "user_to", "to_user"),
    "kind": (), "end": ("stop", "end_time", "until"), "group": ("affiliation", "team", "institution"),
}  # fmt: skip
DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d{1,2}|\d{4,})\Z")  # not a comma that may separate thousands
EITHER_WAY = ({"from", "sender_id", "fromnode"}, {"to", "tonode"})  # a message goes to whom it names, a citation not


class Shape(NamedTuple):
    """The columns that a format knows."""

    columns: Mapping[str, str]  # what each is: name, idea, time, number, word, or left: known, but ignored
    needed: Sequence[str]
    default: Mapping[str, tuple[float, float]] = {}  # of a number: the least, and what stands for a missing one
    words: Mapping[str, int] = {}
    bare: Sequence[str] = ()  # the columns of a table without a header, in their order
    either_way: tuple[str, str] | None = None  # the columns that from and to mean, once the format is given
    check: Callable[[Mapping[str, Any], Fail], None] | None = None  # of the names and words of a block together

    def fits(self, names: Iterable[str]) -> int:
        """Return how many of these names are known; 0 if one that is needed is missing."""
        given = {canonical(name) for name in names}
        there = [column for column in self.columns if given & {column, *NAMES.get(column, ())}]
        return len(there) if set(self.needed) <= set(there) else 0


def canonical(name: str) -> str:
    """Return a column's name in lower case, without blanks around it, with underscores for hyphens and blanks."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


KNOWN = {*NAMES, *(other for others in NAMES.values() for other in others), *EITHER_WAY[0], *EITHER_WAY[1]}


class Known:
    """The names of columns that are known, and those that the user gives; a container for `dialect_of`."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = {canonical(str(name)) for name in given.values()}

    def __contains__(self, name: object) -> bool:
        found = canonical(str(name))
        return found in KNOWN or (found in self.given and not found.isdigit())


def matched(table: Table, shape: Shape, given: Mapping[str, str]) -> dict[str, int]:
    """Return which column of a table has which role in a shape, by what the user says, then by its name.

    Raise a TapeError if a name is there twice, one that is given is not there, or one that is needed is missing.
    """
    names = [canonical(name) for name in table.names]
    found = _said(table, shape, given, names)
    if table.bare and not found:
        widths = [len(shape.bare), len(shape.needed)] if shape.bare else []
        if len(names) not in range(min(widths, default=1), max(widths, default=0) + 1):
            raise _no_header(table, shape)
        return {column: at for at, column in enumerate(shape.bare[: len(names)])}
    for way, column in zip(EITHER_WAY, shape.either_way or (), strict=False):
        if column not in found and (there := [n for n, name in enumerate(names) if name in way]):
            found[column] = there[0]
    for column in shape.columns:
        for name in (column, *NAMES.get(column, ())):
            there = [n for n, other in enumerate(names) if other == name and n not in found.values()]
            if column in found or not there:
                continue
            if len(there) > 1:
                raise _twice(table, there[0])
            found[column] = there[0]
    for column in shape.needed:
        if column not in found:
            raise _missing(table, shape, column, found)
    return found


def _said(table: Table, shape: Shape, given: Mapping[str, str], names: list[str]) -> dict[str, int]:
    """Return which column has which role, as the user says."""
    for column, name in given.items():
        if column not in shape.columns:
            raise TapeError(f"columns: no column {column!r} in this format{did_you_mean(column, shape.columns)}")
        if canonical(str(name)) not in names:
            what = f"no column {shown(str(name))} for {column}{did_you_mean(name, table.names)}"
            raise TapeError(f"{table.path}:{table.header}: {what}")
        if names.count(canonical(str(name))) > 1:
            raise _twice(table, names.index(canonical(str(name))))
    return {column: names.index(canonical(str(name))) for column, name in given.items()}


def _twice(table: Table, at: int) -> TapeError:
    given_twice = f"column given twice {shown(table.names[at])}; allowed: each name once"
    return TapeError(f"{table.path}:{table.header}: {given_twice}")


def _no_header(table: Table, shape: Shape) -> TapeError:
    bare = f", or without a header {' '.join(shape.bare)}" if shape.bare else ""
    return TapeError(
        f"{table.path}:{table.header}: {len(table.names)} columns without a header; allowed: a header with "
        f"{', '.join(shape.needed)}{bare}; or say which is which: --columns {shape.needed[0]}=1"
    )


def _missing(table: Table, shape: Shape, column: str, found: Mapping[str, int]) -> TapeError:
    free = [name for at, name in enumerate(table.names) if at not in found.values()]
    which = near(column, free) or (f"; there are {', '.join(map(shown, table.names[:8]))}" if table.names else "")
    return TapeError(
        f"{table.path}:{table.header}: column {column!r} is missing; needed: {', '.join(shape.needed)}{which}; "
        f"or say which it is: --columns {column}=NAME"
    )


@dataclass
class Columns:
    """The part of a table that has been read so far."""

    path: Path
    shape: Shape
    clock: Clock = field(default_factory=Clock)
    rows: int = 0
    names: dict[str, list[Chunk]] = field(default_factory=dict)
    numbers: dict[str, list[Floats]] = field(default_factory=dict)
    words: dict[str, list[NDArray[np.int8]]] = field(default_factory=dict)
    read_as: dict[str, Any] = field(default_factory=dict)

    def read(self, table: Table, given: Mapping[str, str]) -> Columns:
        """Read all rows of a table, by the columns that match.

        Raise a TapeError if it has none, or one is wrong; it names the line.
        """
        found = matched(table, self.shape, given)
        wanted = {column: at for column, at in found.items() if self.shape.columns[column] != "left"}
        for cells in rows_of(table, wanted):
            self.add(cells, partial(_line_after, table, self.rows))
        if not self.rows:
            raise TapeError(f"{table.path}:{table.header}: no rows below the header; a log has one or more")
        passed = [name for at, name in enumerate(table.names) if at not in found.values()]
        self.read_as |= table.facts | {"columns": {column: table.names[at] for column, at in wanted.items()}}
        if passed:
            self.read_as["passed_over"] = passed
        if table.comments:
            self.read_as["comments"] = table.comments
        return self

    def add(self, cells: Mapping[str, pa.Array], line: Callable[[int], int]) -> None:
        """Add a block of cells, by the columns of the shape; `line` gives the line of a row of the block."""

        def fail(row: int, what: str) -> TapeError:
            return TapeError(f"{self.path}:{line(row)}: {what}")

        for name, what in self.shape.columns.items():
            if name not in cells:
                continue
            column = plain(cells[name], what)
            if what in {"name", "idea"}:
                self.names.setdefault(name, []).append(named(name, column, fail))
            elif what == "time":
                self.clock.read(name, column, fail)
            elif what == "number":
                self.numbers.setdefault(name, []).append(_numbers(name, column, *self.shape.default[name], fail))
            elif what == "word":
                self.words.setdefault(name, []).append(_words(name, column, self.shape.words, fail))
        if self.shape.check is not None:
            self.shape.check({name: chunks[-1] for name, chunks in (*self.names.items(), *self.words.items())}, fail)
        self.rows += len(next(iter(cells.values())))

    def facts(self, format: str, direction: str, ticks: Ints) -> dict[str, Any]:
        """Return how the columns were read, for the provenance of a tape."""
        times = {"time_unit": self.clock.unit, "dates": self.clock.says(ticks)}
        return {"format": format, **self.read_as, "direction": direction, "rows": self.rows, **times}

    def number(self, name: str) -> Floats:
        """Return a column of numbers; empty if there is none, in which case all have the default."""
        return np.concatenate([np.zeros(0), *self.numbers.pop(name, [])])

    def word(self, name: str) -> NDArray[np.int8]:
        """Return a column of words by their numbers; empty if there is none."""
        return np.concatenate([np.zeros(0, np.int8), *self.words.pop(name, [])])

    def coded(self, *columns: str, aliases: Mapping[str, str] | None = None) -> tuple[pa.Array, list[Codes]]:
        """Return columns of names by one dictionary, in alphabetical order, the empty name first."""
        try:
            return coded([self.names.pop(name, []) for name in columns], aliases)
        except TapeError as error:
            raise TapeError(f"{self.path}: {error}") from None


def plain(cells: Any, what: str) -> pa.Array:
    """Return a column in one piece; unless of names, without a dictionary, texts trimmed, and null if missing."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks() if cells.num_chunks != 1 else cells.chunk(0)
    if isinstance(cells, pa.DictionaryArray):
        if what in {"name", "idea"} and is_text(cells.dictionary):
            return cells
        cells = cells.dictionary_decode()
    if pa.types.is_floating(cells.type):
        return pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
    if not is_text(cells) or what in {"name", "idea"}:
        return cells
    cells = pc.utf8_trim(cells, BLANKS)
    return pc.if_else(pc.is_in(cells, pa.array(MISSING, cells.type)), pa.scalar(None, cells.type), cells)


def _numbers(name: str, column: pa.Array, least: float, default: float, fail: Fail) -> Floats:
    """Return numbers from `least` to 1e100, with `default` for missing ones."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    try:
        other = is_text(column) and pc.any(pc.match_substring_regex(column, "[^0-9.eE+-]")).as_py()
        if other or pa.types.is_boolean(column.type):
            raise pa.ArrowInvalid
        found = column.cast(pa.float64()).fill_null(1.0).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if cell is None else DECIMAL_COMMA.sub(r"\1.\2", str(cell)) for cell in column.to_pylist()]
        values = {text: float(text) if text and NUMBER.fullmatch(text) else np.nan for text in dict.fromkeys(texts)}
        found = np.array([values[text] for text in texts])
    wrong = ~missing & ~((found >= least) & (found <= 1e100))
    if wrong.any():
        row = int(np.argmax(wrong))
        text = shown(str(column[row].as_py()))
        raise fail(row, f"wrong {name} {text}; allowed: numbers from {least:g} to 1e+100, or nothing")
    return np.where(missing, default, found)


def _words(name: str, column: pa.Array, words: Mapping[str, int], fail: Fail) -> NDArray[np.int8]:
    """Return words from a list, by their numbers; a missing value is the empty word."""
    coded = by_dictionary(name, column, fail)
    given = coded.dictionary.to_pylist()
    numbers = np.array([words.get(word.lower(), -128) for word in given], np.int8)
    found: NDArray[np.int8] = numbers[coded.indices.to_numpy()]
    if (found == -128).any():
        row = int(np.argmax(found == -128))
        word = given[coded.indices[row].as_py()]
        raise fail(row, f"wrong {name} {shown(word)}{did_you_mean(word, filter(None, words))}")
    return found


def _line_after(table: Table, done: int, row: int) -> int:
    """Return the line of a row of a block, after the rows of the blocks before it."""
    return table.line(done + row)
