"""Names of persons, ideas and works as numbers: by a dictionary of texts, or as the whole numbers that they are.

No row becomes a Python object: a name costs four bytes a row. `007` stays `007`. `1.0` is 1 if the other names of its
column are whole numbers too, since a missing cell makes floats of ids; ids that a float cannot hold are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.errors import TapeError
from sim.readers.words import Fail, shown

BLANKS = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())  # what str.strip removes
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "\\N", "NULL", "null", "None")
NOBODY = -(2**63)  # an empty name among whole numbers
EXACT = 2**53  # beyond it, floats no longer tell whole numbers apart
FLOAT_IDS = r"^-?(0|[1-9][0-9]*)\.0+$"
WHOLE_IDS = r"^-?(0|[1-9][0-9]*)(\.0+)?$"
CUT_IDS = r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]+$"
Codes = NDArray[np.int32]
Chunk = Any  # names of a block: a pa.DictionaryArray, or numbers as an array of int64 or int32


def coded(columns: Sequence[Sequence[Chunk]], aliases: Mapping[str, str] | None = None) -> tuple[pa.Array, list[Codes]]:
    """Return the dictionary of all names in the columns, sorted, the empty name first, and the codes of each column.

    A column is a list of chunks; `aliases` maps other names of persons to the names that they are to have.
    """
    chunks = [chunk for column in columns for chunk in column]
    if chunks and not aliases and all(isinstance(chunk, np.ndarray) for chunk in chunks):
        names, found = _coded_numbers(chunks)
    else:
        names, found = _coded_texts(_as_whole_ids(chunks))
    del chunks
    if aliases:
        renamed = pa.array([aliases.get(name, name) for name in names.to_pylist()], pa.large_string())
        renamed = renamed.dictionary_encode()
        names, to = renamed.dictionary, renamed.indices.to_numpy()
    order = pc.sort_indices(names)
    rank = np.empty(len(names), np.int32)
    rank[order.to_numpy()] = np.arange(len(names), dtype=np.int32)
    rank = rank[to] if aliases else rank
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


def _as_whole_ids(given: Sequence[Chunk]) -> list[pa.DictionaryArray]:
    """Return the chunks of columns with names in common, with 1.0 as 1 if all names are whole numbers."""
    chunks = [as_dictionary(chunk) for chunk in given]
    texts = [pc.filter(chunk.dictionary, pc.not_equal(chunk.dictionary, "")) for chunk in chunks]

    def all_of(pattern: str) -> bool:
        return all(pc.all(pc.match_substring_regex(text, pattern)).as_py() is not False for text in texts)

    def any_of(pattern: str) -> bool:
        return any(pc.any(pc.match_substring_regex(text, pattern)).as_py() for text in texts)

    if any_of(CUT_IDS) and all_of(f"{WHOLE_IDS}|{CUT_IDS}"):
        cut = next(text for name in texts for text in name.to_pylist() if re.match(CUT_IDS, text))
        raise TapeError(f"{shown(cut)} is an id that has lost digits; allowed: whole numbers written out, or texts")
    if not any_of(FLOAT_IDS) or not all_of(WHOLE_IDS):
        return chunks
    return [
        pa.DictionaryArray.from_arrays(chunk.indices, pc.replace_substring_regex(chunk.dictionary, r"\.0+$", ""))
        for chunk in chunks
    ]


def _coded_texts(chunks: Sequence[pa.DictionaryArray]) -> tuple[pa.Array, list[Callable[[], NDArray[Any]]]]:
    """Return all names, the empty one included, and for each chunk a function that returns its codes."""
    nothing = pa.array([""], pa.large_string()).dictionary_encode()
    whole = pa.chunked_array([nothing, *chunks]).unify_dictionaries()
    return whole.chunk(0).dictionary, [chunk.indices.to_numpy for chunk in whole.chunks[1:]]


def _coded_numbers(chunks: Sequence[NDArray[Any]]) -> tuple[pa.Array, list[Callable[[], NDArray[Any]]]]:
    """Return the same for names that are whole numbers, by a table if they lie close together."""
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
    """Return the names of a block by a dictionary of texts."""
    if isinstance(chunk, pa.DictionaryArray):
        return chunk
    numbers, codes = np.unique(chunk.astype(np.int64), return_inverse=True)
    texts = pc.if_else(pa.array(numbers == NOBODY), "", pa.array(numbers).cast(pa.string())).cast(pa.large_string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), texts)


def named(name: str, column: pa.Array, fail: Fail) -> Chunk:
    """Return the names of a block: numbers if all are whole numbers, else texts by a dictionary."""
    numbers = _whole_numbers(column)
    return by_dictionary(name, column, fail) if numbers is None else numbers


def by_dictionary(name: str, column: pa.Array, fail: Fail) -> pa.DictionaryArray:
    """Return names by a dictionary of texts, so that each text is read once; a missing value is the empty name."""
    try:
        coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
        texts = pc.utf8_trim(_as_texts(name, coded.dictionary, fail), BLANKS).cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        allowed = "allowed: texts or whole numbers in UTF-8"
        raise fail(0, f"{name} is of type {column.type} and cannot be read as names; {allowed}") from None
    indices = coded.indices
    texts = texts.fill_null("")
    texts = pc.if_else(pc.is_in(texts, pa.array(MISSING, pa.large_string())), "", texts).cast(pa.large_string())
    if indices.null_count:
        texts = pa.concat_arrays([texts, pa.array([""], pa.large_string())])
        indices = indices.fill_null(len(texts) - 1)
    return pa.DictionaryArray.from_arrays(indices.cast(pa.int32()), texts)


def _whole_numbers(column: pa.Array) -> NDArray[np.int64] | NDArray[np.int32] | None:
    """Return the names as numbers, NOBODY for none, or None unless all are numbers without leading zeros."""
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


def is_text(cells: pa.Array) -> bool:
    """Return whether the cells are strings."""
    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def _as_texts(name: str, column: pa.Array, fail: Fail) -> pa.Array:
    """Return the cells as in a CSV file; whole floats as integers, since a missing cell makes floats of ids."""
    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    cells = [None if cell is None or math.isnan(cell) else float(cell) for cell in column.to_pylist()]
    if large := [cell for cell in cells if cell is not None and abs(cell) > EXACT]:
        wrong = f"{name} {large[0]:.0f} is a float beyond 2^53, which cannot hold such ids"
        raise fail(0, f"{wrong}; allowed: the column saved as int64 or text")
    return pa.array([None if c is None else f"{c:.0f}" if c.is_integer() else repr(c) for c in cells], pa.string())
