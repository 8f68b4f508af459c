"""The text of a log in blocks of whole lines, decoded with suspicion, and the words of its refusals."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sim.errors import TapeError, did_you_mean

BLOCK = 1 << 25  # bytes that are looked at together; a cell is text only within its block
HEAD = 1 << 16  # bytes of the first block, whose lines are looked at one by one
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LINE_END = re.compile(rb"\r\n?|\n")
TO_SKIP = re.compile(r"\s*(#|$)")


class Block(NamedTuple):
    """Whole lines of a text, as UTF-8, and the number of the first of them."""

    line: int
    data: bytes


def blocks_of(path: Path) -> Iterator[Block]:
    """The text of a file; a block ends where a line does, and outside of quotes.

    Raises:
        TapeError: if it is no UTF-8, nor UTF-16 or UTF-32 that begins with a byte order mark; the line is named.
    """
    line, rest = 1, b""
    for data in _utf8(path):
        rest += data
        cut = max(rest.rfind(b"\n"), rest.rfind(b"\r", 0, len(rest) - 1)) + 1
        if not cut or rest.count(b'"', 0, cut) % 2:
            continue
        block, rest = rest[:cut], rest[cut:]
        yield _sound(path, Block(line, block))
        line += _line_ends(block)
    if rest:
        yield _sound(path, Block(line, rest))


def _utf8(path: Path) -> Iterator[bytes]:
    """The bytes of a file piece by piece, without its byte order mark, and as UTF-8 where that says otherwise."""
    with path.open("rb") as file:
        data = file.read(HEAD)
        encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), None)
        if encoding is None:
            data = data.removeprefix(codecs.BOM_UTF8)
            while data:
                yield data
                data = file.read(BLOCK)
            return
        decoder = codecs.getincrementaldecoder(encoding)()
        line = 1
        while True:
            try:
                text = decoder.decode(data, final=not data).encode()
            except UnicodeError as error:
                name = encoding.upper()
                raise TapeError(
                    f"{path}:{line}: no {name} here or below, though it begins as such: {getattr(error, 'reason', '')}"
                ) from None
            yield text
            line += _line_ends(text)
            if not data:
                return
            data = file.read(BLOCK)


def _line_ends(data: bytes) -> int:
    returns = data.count(b"\r")
    return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)


def _sound(path: Path, block: Block) -> Block:
    """The block, if it is UTF-8 without the byte 0, which UTF-16 without a mark would have."""
    data, at, why = block.data, -1, ""
    if (zero := data.find(b"\0")) >= 0:
        at, why = zero, "is no text; a log is UTF-8 text, or UTF-16 with a byte order mark"
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            if at < 0 or error.start < at:
                at, why = error.start, "is not UTF-8; a log is UTF-8 text (of Latin-1: iconv -f latin1 -t utf-8)"
    if at >= 0:
        line = block.line + len(LINE_END.findall(data[:at]))
        raise TapeError(f"{path}:{line}: byte {data[at]:#04x} {why}")
    return block


def lines_in(block: Block) -> list[str]:
    """The lines of a block, those to be skipped as empty ones, so that an index is a line number less the first."""
    return [("" if TO_SKIP.match(line) else line) for line in io.StringIO(block.data.decode(), newline="")]


def lines_of(path: Path) -> list[str]:
    """The lines of a whole text, those to be skipped as empty ones, so that an index is a line number less 1."""
    lines = [line for block in blocks_of(path) for line in lines_in(block)]
    if not any(lines):
        raise empty(path)
    return lines


def first_line(path: Path) -> str:
    """The first line that is not to be skipped."""
    for block in blocks_of(path):
        for line in lines_in(block):
            if line:
                return line
    raise empty(path)


def empty(path: Path) -> TapeError:
    """The refusal of a file without any line."""
    return TapeError(f"{path}:1: empty; a log has a row a line")


def allowed_names(name: str, names: Iterable[str]) -> str:
    """Return what is allowed instead of `name`, and the nearest of it."""
    return did_you_mean(name, filter(None, names)).removeprefix("; ")


def shown(text: str) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


Fail = Callable[[int, str], TapeError]  # the refusal because of a row, which names its line
