"""The columns of a log as numbers, gathered block by block: names as codes of a dictionary, times as ticks.

No row becomes a Python object: a name costs four bytes a row, a time eight, a weight or value eight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.errors import TapeError
from sim.readers.text import Fail, allowed_names, shown
from sim.readers.times import NUMBER, Clock
from sim.tape.tables import Floats

BLANKS = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())  # what str.strip takes away
NOBODY = -(2**63)  # an empty name among whole numbers
Codes = NDArray[np.int32]
Chunk = Any  # a pa.DictionaryArray or an array of int64 or int32: names of a block: by a dictionary, or numbers


class Shape(NamedTuple):
    """The columns that a format knows."""

    columns: Mapping[str, str]  # what each is: name, idea, time, number, word
    needed: Sequence[str]
    other_names: Mapping[str, str]  # and the column that each means
    default: Mapping[str, tuple[float, float]]  # of a number: the least, and what stands for none
    words: Mapping[str, int]
    bare: Sequence[str] = ()  # the columns of a table without a header, if there may be such
    check: Callable[[Mapping[str, Any], Fail], None] | None = None  # of the names and words of a block, together


@dataclass
class Columns:
    """What was read of a table so far."""

    path: Path
    shape: Shape
    clock: Clock = field(default_factory=Clock)
    rows: int = 0
    names: dict[str, list[Chunk]] = field(default_factory=dict)
    numbers: dict[str, list[Floats]] = field(default_factory=dict)
    words: dict[str, list[NDArray[np.int8]]] = field(default_factory=dict)

    def add(self, cells: Mapping[str, pa.Array], line: Callable[[int], int]) -> None:
        """Take a block of cells, by the columns of the shape; `line` tells where a row of the block stands."""

        def fail(row: int, what: str) -> TapeError:
            return TapeError(f"{self.path}:{line(row)}: {what}")

        for name, what in self.shape.columns.items():
            if name not in cells:
                continue
            column = plain(cells[name], what)
            if what in {"name", "idea"}:
                numbers = _whole_numbers(column)
                chunk = _names(name, column, fail) if numbers is None else numbers
                self.names.setdefault(name, []).append(chunk)
            elif what == "time":
                self.clock.read(name, column, fail)
            elif what == "number":
                self.numbers.setdefault(name, []).append(_numbers(name, column, *self.shape.default[name], fail))
            elif what == "word":
                self.words.setdefault(name, []).append(_words(name, column, self.shape.words, fail))
        if self.shape.check is not None:
            self.shape.check({name: chunks[-1] for name, chunks in (*self.names.items(), *self.words.items())}, fail)
        self.rows += len(next(iter(cells.values())))

    def number(self, name: str) -> Floats:
        """A column of numbers; empty where there is none, and all have the default."""
        return np.concatenate([np.zeros(0), *self.numbers.pop(name, [])])

    def word(self, name: str) -> NDArray[np.int8]:
        """A column of words by their numbers; empty where there is none."""
        return np.concatenate([np.zeros(0, np.int8), *self.words.pop(name, [])])

    def coded(self, *columns: str) -> tuple[pa.Array, list[Codes]]:
        """Columns of names by one dictionary, in the order of their letters, the empty name first."""
        return coded([self.names.pop(name, []) for name in columns])


def coded(columns: Sequence[Sequence[Chunk]]) -> tuple[pa.Array, list[Codes]]:
    """The dictionary of all names in the columns, sorted, with the empty name first, and each column as its codes."""
    chunks = [chunk for column in columns for chunk in column]
    if chunks and all(isinstance(chunk, np.ndarray) for chunk in chunks):
        names, found = _coded_numbers(chunks)
    else:
        names, found = _coded_texts([as_dictionary(chunk) for chunk in chunks])
    del chunks
    order = pc.sort_indices(names)
    rank = np.empty(len(names), np.int32)
    rank[order.to_numpy()] = np.arange(len(names), dtype=np.int32)
    codes = []
    for column in columns:
        whole = np.empty(sum(map(len, column)), np.int32)
        row = 0
        for _ in column:
            chunk = found.pop(0)()
            whole[row : row + len(chunk)] = rank[chunk]
            row += len(chunk)
        codes.append(whole)
    return names.take(order), codes


def _coded_texts(chunks: Sequence[pa.DictionaryArray]) -> tuple[pa.Array, list[Callable[[], NDArray[Any]]]]:
    """All names, the empty one among them, and for each chunk what gives its codes."""
    nothing = pa.array([""], pa.large_string()).dictionary_encode()
    whole = pa.chunked_array([nothing, *chunks]).unify_dictionaries()
    return whole.chunk(0).dictionary, [chunk.indices.to_numpy for chunk in whole.chunks[1:]]


def _coded_numbers(chunks: Sequence[NDArray[Any]]) -> tuple[pa.Array, list[Callable[[], NDArray[Any]]]]:
    """The same of names that are whole numbers: by a table where they lie close together."""
    given = [chunk[chunk != NOBODY] for chunk in chunks if len(chunk)]
    low = min((int(chunk.min()) for chunk in given if len(chunk)), default=0)
    high = max((int(chunk.max()) for chunk in given if len(chunk)), default=0)
    if high - low <= 4 * sum(map(len, chunks)) + 1000:
        there = np.zeros(high - low + 1, np.bool_)
        for chunk in given:
            there[chunk.astype(np.int64) - low] = True
        numbers = np.flatnonzero(there) + low
        place = np.cumsum(there, dtype=np.int32)

        def code(chunk: NDArray[Any]) -> NDArray[Any]:
            wide = chunk.astype(np.int64)
            return np.where(wide == NOBODY, 0, place[np.where(wide == NOBODY, low, wide) - low])

    else:
        numbers = np.unique(np.concatenate([np.unique(chunk) for chunk in given]))

        def code(chunk: NDArray[Any]) -> NDArray[Any]:
            several, codes = np.unique(chunk.astype(np.int64), return_inverse=True)
            return np.where(several == NOBODY, 0, 1 + np.searchsorted(numbers, several))[codes]

    names = pa.concat_arrays([pa.array([""], pa.large_string()), pa.array(numbers).cast(pa.large_string())])
    return names, [partial(code, chunk) for chunk in chunks]


def as_dictionary(chunk: Chunk) -> pa.DictionaryArray:
    """Names of a block by a dictionary of texts."""
    if isinstance(chunk, pa.DictionaryArray):
        return chunk
    numbers, codes = np.unique(chunk.astype(np.int64), return_inverse=True)
    texts = pc.if_else(pa.array(numbers == NOBODY), "", pa.array(numbers).cast(pa.string())).cast(pa.large_string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), texts)


def header(place: str, names: Iterable[str], shape: Shape) -> list[str]:
    """The columns of the shape that the names of a header mean; refused where one is unknown, twice or missing."""
    given = [name.strip() for name in names]
    known = {name.lower(): name for name in shape.columns} | dict(shape.other_names)
    found: list[str] = []
    for name in given:
        column = known.get(name.lower())
        if column is None or column in found:
            wrong = "column given twice" if column else "unknown column"
            raise TapeError(f"{place}: {wrong} {shown(name)}; {allowed_names(name, shape.columns)}")
        found.append(column)
    for name in shape.needed:
        if name not in found:
            raise TapeError(f"{place}: column {name!r} is missing; needed: {', '.join(shape.needed)}")
    return found


def plain(cells: Any, what: str) -> pa.Array:
    """A column in one piece, without a dictionary; texts without blanks around them, and null where nothing is left."""
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
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, cells.type), cells)


def is_text(cells: pa.Array) -> bool:
    """Whether the cells are strings."""
    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def _names(name: str, column: pa.Array, fail: Fail) -> pa.DictionaryArray:
    """Names by a dictionary of texts, each cell of which is looked at once; nothing is the empty name."""
    try:
        coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
        texts = pc.utf8_trim(_as_texts(coded.dictionary), BLANKS).cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        allowed = "allowed: texts or whole numbers in UTF-8"
        raise fail(0, f"{name} is of type {column.type} and cannot be read as names; {allowed}") from None
    indices = coded.indices
    texts = texts.fill_null("")
    if indices.null_count:
        texts = pa.concat_arrays([texts, pa.array([""], pa.large_string())])
        indices = indices.fill_null(len(texts) - 1)
    return pa.DictionaryArray.from_arrays(indices.cast(pa.int32()), texts)


def _whole_numbers(column: pa.Array) -> NDArray[np.int64] | NDArray[np.int32] | None:
    """The names as numbers, NOBODY for none, if each of them is the text of one: digits without zeros before them."""
    numbers = column
    if is_text(column):
        numbers = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
        zeros = pc.and_(pc.starts_with(column, "0"), pc.greater(pc.binary_length(column), 1))
        if pc.any(pc.or_(zeros, pc.starts_with(column, "-0"))).as_py():  # Arrow takes hexadecimal numbers
            return None
    elif not pa.types.is_integer(column.type):
        return None
    try:
        numbers = numbers.cast(pa.int64())
        low = pc.min(numbers).as_py() or 0
        if low == NOBODY:
            return None
        narrow = numbers.null_count == 0 and low >= -(2**31) and pc.max(numbers).as_py() < 2**31
        found: NDArray[np.int64] = numbers.fill_null(NOBODY).to_numpy()
    except pa.ArrowInvalid:
        return None
    return found.astype(np.int32) if narrow else found.copy()


def _as_texts(column: pa.Array) -> pa.Array:
    """The cells as a CSV file would hold them; whole floats as integers, for a missing cell makes floats of ids."""
    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    cells = [None if cell is None or math.isnan(cell) else float(cell) for cell in column.to_pylist()]
    return pa.array([None if c is None else f"{c:.0f}" if c.is_integer() else repr(c) for c in cells], pa.string())


def _numbers(name: str, column: pa.Array, least: float, default: float, fail: Fail) -> Floats:
    """Numbers from `least` to 1e100, `default` where there is nothing."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    try:
        if is_text(column) and pc.any(pc.match_substring_regex(column, "[^0-9.eE+-]")).as_py():
            raise pa.ArrowInvalid
        if pa.types.is_boolean(column.type):
            raise pa.ArrowInvalid
        found = column.cast(pa.float64()).fill_null(1.0).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if cell is None else str(cell) for cell in column.to_pylist()]
        values = {text: float(text) if text and NUMBER.fullmatch(text) else np.nan for text in dict.fromkeys(texts)}
        found = np.array([values[text] for text in texts])
    wrong = ~missing & ~((found >= least) & (found <= 1e100))
    if wrong.any():
        row = int(np.argmax(wrong))
        text = shown(str(column[row].as_py()))
        raise fail(row, f"wrong {name} {text}; allowed: numbers from {least:g} to 1e+100, or nothing")
    return np.where(missing, default, found)


def _words(name: str, column: pa.Array, words: Mapping[str, int], fail: Fail) -> NDArray[np.int8]:
    """Words out of a list, by their numbers; nothing is the empty word."""
    coded = _names(name, column, fail)
    given = coded.dictionary.to_pylist()
    numbers = np.array([words.get(word, -128) for word in given], np.int8)
    found: NDArray[np.int8] = numbers[coded.indices.to_numpy()]
    if (found == -128).any():
        row = int(np.argmax(found == -128))
        word = given[coded.indices[row].as_py()]
        raise fail(row, f"wrong {name} {shown(word)}; {allowed_names(word, words)}")
    return found
