"""Files and open files as plain text: unpacked, decoded, with one kind of line end, and of limited size."""

from __future__ import annotations

import bz2
import codecs
import contextlib
import gzip
import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import TapeError
from sim.machine.memory import in_words

CHUNK = 1 << 24  # bytes that are read at a time
HEAD = 1 << 16  # bytes by which formats are recognised
MOST_UNPACKED = 200  # how many times its own size a compressed file may hold; text takes 3 to 30
FREE_UNPACKED = 1 << 28  # bytes that any file may hold
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstandard", b"\xfd7zXZ": "xz", b"PK\3\4": "zip"}
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
STREAM = b"\xff\xff\xff\xff"  # begins an Arrow stream, but not an Arrow file
COLUMNAR = {b"PAR1": "parquet", b"ARROW1": "arrow", STREAM: "arrow"}


@dataclass
class Source:
    """A file to be read, as it is on the disk, and its plain text."""

    path: Path  # what the user named, for messages
    # the text in UTF-8 without a byte order mark, with lines ended by LF; the file itself if it is so already
    plain: Path
    kind: str  # text, parquet, arrow or excel; all but text unchanged
    head: str  # the first 64 kB of the text
    facts: dict[str, str]  # compression and encoding, if worth mentioning
    folder: Path  # for files that must be made from it; deleted afterwards


@contextlib.contextmanager
def opened(given: Any) -> Iterator[Source]:
    """Open a path or an open file, of bytes or of text; unpacked files are deleted afterwards.

    Raise a TapeError if the file does not exist, is not text, or unpacks to far more than its size.
    """
    with tempfile.TemporaryDirectory(prefix="shoulders-") as folder:
        path, name = _on_disk(given, Path(folder))
        yield _plain(path, name, Path(folder))


def is_file(given: Any) -> bool:
    """Return whether this is an open file, and no table that has a column of the name of a method."""
    return callable(getattr(given, "read", None))


def packing(path: Path) -> str | None:
    """Return how a file is compressed, a value of PACKED; None if it is not."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((kind for mark, kind in PACKED.items() if head.startswith(mark)), None)


def _on_disk(given: Any, folder: Path) -> tuple[Path, Path]:
    if not is_file(given):
        return Path(given), Path(given)
    name = str(getattr(given, "name", "log"))
    path = folder / ("given" + Path(name).suffix)
    with path.open("wb") as file:
        while data := given.read(CHUNK):
            file.write(data.encode() if isinstance(data, str) else data)
    return path, Path(name)


def _plain(path: Path, name: Path, folder: Path) -> Source:
    facts: dict[str, str] = {}
    packed = packing(path)
    if packed == "zip" and _is_workbook(path):
        return Source(name, path, "excel", "", facts, folder)
    if packed is not None:
        facts["compression"] = packed
        path = _unpacked(path, name, packed, folder / "unpacked")
    with path.open("rb") as file:
        head = file.read(HEAD)
    kind = next((kind for mark, kind in COLUMNAR.items() if head.startswith(mark)), "text")
    if kind == "text" and path.suffix in {".parquet", ".pq"}:
        raise TapeError(f"{name}:1: no Parquet, though it is called so; allowed: a sound Parquet table, or text")
    if kind != "text":
        return Source(name, path, kind, "", facts, folder)
    path, encoding = _decoded(path, name, head, folder / "plain")
    if encoding != "UTF-8":
        facts["encoding"] = encoding
    with path.open("rb") as file:
        return Source(name, path, "text", file.read(HEAD).decode(errors="ignore"), facts, folder)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


def _unpacked(path: Path, name: Path, kind: str, to: Path) -> Path:
    """Unpack a file and return its path; refuse one that would hold far more than its size."""
    most = max(FREE_UNPACKED, MOST_UNPACKED * path.stat().st_size)
    size = 0
    try:
        with _unpacking(path, name, kind) as stream, to.open("wb") as out:
            while data := stream.read(CHUNK):
                size += len(data)
                if size > most:
                    more = f"unpacks to more than {in_words(most)}; a file this small must not"
                    raise TapeError(f"{name}: {more}; allowed: {in_words(most)}")
                out.write(data)
    except TapeError:
        raise
    except (OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error, lzma.LZMAError,
            zipfile.BadZipFile) as error:  # fmt: skip # of another method, or locked by a password, among them
        reason = [*str(error).splitlines(), type(error).__name__][0]
        raise TapeError(f"{name}: corrupt {kind}: {reason}; allowed: a whole compressed file") from None
    return to


def _unpacking(path: Path, name: Path, kind: str) -> Any:
    if kind == "zip":
        archive = zipfile.ZipFile(path)
        inside = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(inside) != 1:
            raise TapeError(f"{name}: {len(inside)} files in it; allowed: one")
        return archive.open(inside[0])
    if kind == "zstandard":
        import pyarrow as pa

        return pa.input_stream(str(path), compression="zstd")
    open_with: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    return open_with[kind](path, "rb")


def _decoded(path: Path, name: Path, head: bytes, to: Path) -> tuple[Path, str]:
    """Return the path of the text in UTF-8 with LF, and its encoding; the file itself if it is so already."""
    encoding = next((encoding for mark, encoding in MARKS.items() if head.startswith(mark)), None)
    if encoding is None:
        found = _sound(path, name)
        if found == "plain":
            return path, "UTF-8"
        encoding = "utf-8" if found == "CR" else "cp1252"
    line = 1
    with path.open(encoding=encoding, newline=None) as text, to.open("w", encoding="utf-8", newline="\n") as out:
        try:
            while data := text.read(CHUNK):
                if (zero := data.find("\0")) >= 0:
                    raise _no_text(name, line + data.count("\n", 0, zero), 0)
                out.write(data)
                line += data.count("\n")
        except UnicodeError as error:
            at = f"{name}:{line}: no {encoding.upper()} here or below, though it begins as such"
            if encoding == "cp1252":
                at = f"{name}: neither UTF-8 nor Latin-1"
            raise TapeError(f"{at}: {getattr(error, 'reason', error)}; allowed: text, as a rule in UTF-8") from None
    words = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1252": "Latin-1, a guess"}
    return to, words.get(encoding, encoding.upper())


def _sound(path: Path, name: Path) -> str:
    """Return whether a file is plain UTF-8, UTF-8 with a CR somewhere, or not UTF-8: plain, CR, other."""
    decoder, returns, line = codecs.getincrementaldecoder("utf-8")(), False, 1
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            if (zero := data.find(b"\0")) >= 0:
                raise _no_text(name, line + data.count(b"\n", 0, zero), 0)
            returns = returns or b"\r" in data
            line += data.count(b"\n")
            if not data.isascii() or decoder.getstate()[0]:
                try:
                    decoder.decode(data)
                except UnicodeDecodeError:
                    return "other"
    return "other" if decoder.getstate()[0] else "CR" if returns else "plain"


def _no_text(name: Path, line: int, byte: int) -> TapeError:
    allowed = "allowed: UTF-8 text, or UTF-16 with a byte order mark"
    return TapeError(f"{name}:{line}: byte {byte:#04x} is no text; {allowed}")


def lines_of(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers, except those that are empty or begin with #.

    Raise a TapeError if there is none.
    """
    found = False
    with source.plain.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            if not re.match(r"\s*(#|$)", line):
                found = True
                yield number, line.rstrip("\n")
    if not found:
        raise empty(source.path)


def whole(source: Source, most: int = 1 << 30) -> str:
    """Return the text in one piece; raise a TapeError if it is empty, or too large for that."""
    size = source.plain.stat().st_size
    if size > most:
        allowed = f"allowed at this size: a table, CSV or Parquet; up to {in_words(most)}"
        raise TapeError(f"{source.path}: {in_words(size)} of such a file; {allowed}")
    if not source.head.strip():
        raise empty(source.path)
    return source.plain.read_text(encoding="utf-8")


def empty(path: Path) -> TapeError:
    """Return the error for a file without any line."""
    return TapeError(f"{path}:1: empty; a log has a row a line")
