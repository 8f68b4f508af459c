"""Tables as they come, in a file or in memory, as batches of the wanted columns; text is read by DuckDB."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sim.errors import TapeError
from sim.machine.folders import glob_escaped
from sim.machine.memory import free_memory, unpacks_too_far
from sim.readers.dialect import WORDS, Dialect, dialect_of
from sim.readers.names import is_text
from sim.readers.source import STREAM, Source, empty

if TYPE_CHECKING:
    import duckdb

BATCH = 1 << 20  # rows that are read at a time
WIDTH = 40  # bytes that a row of a log takes, at least, until it is a tape
PAGE = {"results", "data", "rows", "records", "items"}  # keys under which a page of JSON may have its rows
_CITES = "which has no references; allowed: Web of Science as plain text, or OpenAlex as JSON"
OTHERS = {
    r"\s*TY  - ": f"RIS, {_CITES}",
    r"\s*@\w+\s*\{": f"BibTeX, {_CITES}",
    r"\s*(Creator [^\n]*\s+)?graph\s*\[": "GML; allowed: graphs as GraphML, GEXF, Pajek or JSON",
    r"\s*(strict\s+)?(di)?graph\b[^\n,;]*\{": "DOT; allowed: graphs as GraphML, GEXF, Pajek or JSON",
}
Batches = Callable[[Sequence[int]], Iterator[Sequence[Any]]]


@dataclass
class Table:
    """A table that is about to be read."""

    path: Path  # what the user named, for messages
    names: list[str]  # the names of its columns; 1, 2, 3 for a table without a header
    batches: Batches  # of the columns with these numbers: one sequence of Arrow arrays after another
    # the line, from 1 on, of a row, from 0 on; for a table that is not text, the row from 1 on
    line: Callable[[int], int] = lambda row: row + 1
    bare: bool = False  # whether it has no header
    header: int = 1  # the line of the header
    facts: dict[str, Any] = field(default_factory=dict)  # how it is written
    comments: int = 0  # lines of comment between the rows, once all are read


def table_of(source: Source, known: Container[str]) -> Table:
    """Return the table in a source, whose format is told by its content; a known name makes a header.

    Raise a TapeError if it is no sound table, or unpacks to more than there is room for.
    """
    if source.kind == "parquet":
        return _parquet(source)
    if source.kind == "arrow":
        return _guarded(source, lambda: in_memory(_arrow(source), source.path, "Arrow"))
    if source.kind == "excel":
        return in_memory(_excel(source), source.path, "Excel")
    if re.match(r"\s*[\[{]", source.head):
        return _json(source)
    for begin, what in OTHERS.items():
        if re.match(begin, source.head, re.IGNORECASE):
            raise TapeError(f"{source.path}:1: {what}")
    return _text(source, known)


def in_memory(data: Any, path: Path, kind: str = "table in memory") -> Table:
    """Return the Table of a pandas or polars DataFrame, or an Arrow table; `kind` says what it is, if not empty."""
    table = data
    if hasattr(data, "to_arrow"):
        table = data.to_arrow()
    elif not isinstance(data, pa.Table):
        try:
            table = pa.Table.from_pandas(data, preserve_index=False)
        except (pa.ArrowException, TypeError, ValueError, AttributeError):
            table = pa.table({str(name): _mixed(data[name]) for name in data.columns})

    def batches(wanted: Sequence[int]) -> Iterator[Sequence[Any]]:
        for batch in table.select(list(wanted)).to_batches(BATCH):
            yield batch.columns

    facts = {"file": kind} if kind else {}
    return Table(path, [str(name) for name in table.column_names], batches, facts=facts)


def _mixed(column: Any) -> pa.Array:
    """Return a column of objects, as texts if they are of several types."""
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        import pandas as pd

        return pa.array([None if pd.api.types.is_scalar(x) and pd.isna(x) else str(x) for x in column], pa.string())


def _guarded(source: Source, make: Callable[[], Table]) -> Table:
    try:
        return make()
    except TapeError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unsound(source, error) from None


def _unsound(source: Source, error: Exception) -> TapeError:
    reason, kind = [*str(error).splitlines(), ""][0], source.kind.capitalize()
    return TapeError(f"{source.path}:1: {reason}; allowed: a sound {kind} table without nested columns")


def _arrow(source: Source) -> pa.Table:
    with pa.memory_map(str(source.plain)) as file:
        stream = file.read(len(STREAM)) == STREAM
        file.seek(0)
        return (pa.ipc.open_stream if stream else pa.ipc.open_file)(file).read_all()


def _excel(source: Source) -> Any:
    import pandas as pd

    try:
        return pd.read_excel(source.plain)
    except ImportError:
        needs = "Excel needs openpyxl: pip install shoulders[excel]; or save it as CSV"
        raise TapeError(f"{source.path}: {needs}") from None
    except Exception as error:  # openpyxl raises whatever it stumbles over
        raise _unsound(source, error) from None


def _parquet(source: Source) -> Table:
    import pyarrow.parquet as pq

    def make() -> Table:
        file = pq.ParquetFile(source.plain)
        schema = file.schema_arrow
        flat = [field.name for field in schema]
        texts = [field.name for field in schema if is_text(field)]
        rows, free = file.metadata.num_rows, free_memory()
        if rows * WIDTH > free:
            much = f"{rows} rows do not fit into the {free / 1e9:.1f} GB of memory that are free"
            raise TapeError(f"{source.path}:1: {much}")

        def batches(wanted: Sequence[int]) -> Iterator[Sequence[Any]]:
            names = [flat[column] for column in wanted]
            if problem := unpacks_too_far(file.metadata, names):
                raise TapeError(f"{source.path}:1: {problem}")
            # Repeated names stay numbers of a dictionary, so that a small file cannot fill the memory.
            of = [name for name in names if name in texts]
            try:
                with pq.ParquetFile(source.plain, page_checksum_verification=True, read_dictionary=of) as table:
                    for batch in table.iter_batches(BATCH, columns=names):
                        yield [batch.column(name) for name in names]
            except TapeError:
                raise
            except (pa.ArrowException, OSError, ValueError) as error:
                raise _unsound(source, error) from None

        return Table(source.path, flat, batches, facts={"file": "Parquet"})

    return _guarded(source, make)


def connect() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that neither fetches nor loads anything, and sees no variable of ours."""
    import duckdb

    never = ("autoinstall_known_extensions", "autoload_known_extensions", "python_enable_replacements")
    return duckdb.connect(config=dict.fromkeys(never, "false"))


def quoted(text: str) -> str:
    """Return a text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def _text(source: Source, known: Container[str]) -> Table:
    dialect = dialect_of(source.head, known, source.path.suffix)
    if dialect is None:
        raise empty(source.path)
    plain, comments = _without_comments(source, dialect)
    facts = {"delimiter": WORDS[dialect.mark], **({} if dialect.bare else {"header": True}), **source.facts}
    table = Table(source.path, dialect.names, lambda _: iter(()), lambda row: _line(plain, dialect, row),
                  dialect.bare, dialect.at, {"file": "text", **facts})  # fmt: skip
    table.batches = lambda wanted: _rows(table, plain, dialect, wanted)
    table.comments = comments
    return table


def _without_comments(source: Source, dialect: Dialect) -> tuple[Path, int]:
    """Empty the lines of comment between the rows and, if cells are separated by blanks, leave one between any two.

    Returns:
        The path, of the file itself if there is nothing to change; and how many lines of comment there were.
    """
    blanks, marks = dialect.mark == " ", dialect.mark.encode()
    rows = source.head.split("\n")[dialect.skip :]
    if not blanks and not any(row.lstrip().startswith("#") for row in rows):
        return source.plain, 0
    path, comments = source.folder / "rows", 0
    with source.plain.open("rb") as file, path.open("wb") as out:
        for number, line in enumerate(file):
            text = b" ".join(line.split()) + b"\n" if blanks else line
            if number >= dialect.skip and text.lstrip()[:1] == b"#" and text.count(marks) != len(dialect.names) - 1:
                text, comments = b"\n", comments + 1
            out.write(text if text.strip() else b"\n")
    return path, comments


def _rows(table: Table, plain: Path, dialect: Dialect, wanted: Sequence[int]) -> Iterator[Sequence[Any]]:
    import duckdb

    columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(dialect.names)))
    query = (
        f"select {', '.join(f'c{n}' for n in wanted)} from read_csv({quoted(glob_escaped(str(plain)))}, "
        f"auto_detect=false, delim={quoted(dialect.mark)}, quote='\"', escape='\"', header=false, skip={dialect.skip}, "
        f"columns={{{columns}}}, new_line='\\n', store_rejects=true, rejects_limit=0, compression='none')"
    )
    database = connect()
    try:
        for batch in database.sql(query).to_arrow_reader(BATCH):
            yield batch.columns
        rejects = database.sql("select line, csv_line, error_message from reject_errors order by line").fetchall()
    except duckdb.Error as error:
        raise _wrong_text(table, error) from None
    finally:
        database.close()
    for line, text, problem in rejects:
        if not re.match(r"\s*(#|$)", text):
            raise TapeError(f"{table.path}:{line}: {_problem(problem)}")
    table.comments += len({line for line, *_ in rejects})


def _problem(message: str) -> str:
    if found := re.search(r"Number of Columns: (\d+) Found: (\d+)", message):
        return f"{found[2]} fields; allowed: {found[1]}, as in the header"
    return f"{message.splitlines()[0].rstrip('.').lower()}; allowed: CSV, quoted as in RFC 4180"


def _wrong_text(table: Table, error: Exception) -> TapeError:
    text = " ".join(str(error).split())
    line = re.search(r"Line: (\d+)", text)
    reason = re.sub(r"^.*?Error: |CSV Error on Line: \d+ |Original Line: .*?(?=Expected|Maximum|Value|$)", "", text)
    return TapeError(f"{table.path}:{line[1] if line else table.header}: {reason[:120]}; allowed: a sound table")


def _line(plain: Path, dialect: Dialect, row: int) -> int:
    """Return the line on which a row begins, found by reading the file again."""
    with plain.open(encoding="utf-8", newline="\n") as file:
        for _ in range(dialect.skip):
            next(file)
        reader, line, at = csv.reader(file, delimiter=dialect.mark), 0, 0
        for cells in reader:
            begin, line = line + 1, reader.line_num
            if not cells or (cells[0].lstrip().startswith("#") and len(cells) != len(dialect.names)):
                continue
            if at == row:
                return dialect.skip + begin
            at += 1
    return dialect.skip + 1


def _json(source: Source) -> Table:
    """Return the table of JSON objects, one a line or in an array; DuckDB's types tell what is nested in them."""
    import duckdb

    query = f"from read_json({quoted(glob_escaped(str(source.plain)))}, maximum_object_size=67108864, sample_size=-1)"
    database = connect()
    try:
        found = database.sql(query)
        types = dict(zip(found.columns, map(str, found.types), strict=True))
        pages = [name for name, of in types.items() if name.lower() in PAGE and re.fullmatch(r"STRUCT\(.*\)\[\]", of)]
        if len(pages) == 1:
            query = f"from (select unnest({pages[0]}, max_depth := 2) {query})"
        elif len(types) > 1 and all(of.endswith("]") or of.startswith(("STRUCT", "MAP")) for of in types.values()):
            how = "JSON of columns; allowed: of rows, objects one a line or in an array, as pandas has orient='records'"
            raise TapeError(f"{source.path}:1: {how}")
        names = database.sql(query).columns
    except duckdb.Error as error:
        raise _wrong_json(source, error) from None

    def batches(wanted: Sequence[int]) -> Iterator[Sequence[Any]]:
        chosen = ", ".join('"' + names[n].replace('"', '""') + '"' for n in wanted)
        try:
            for batch in database.sql(f"select {chosen} {query}").to_arrow_reader(BATCH):
                yield batch.columns
        except duckdb.Error as error:
            raise _wrong_json(source, error) from None

    return Table(source.path, names, batches, facts={"file": "JSON", **source.facts})


def _wrong_json(source: Source, error: Exception) -> TapeError:
    text = " ".join(str(error).split())
    line = re.search(r"line (\d+)", text)
    place, reason = f"{source.path}:{line[1] if line else 1}", re.sub(r"^.*?Error: ", "", text).split(" Try ")[0]
    return TapeError(f"{place}: {reason[:160]}; allowed: JSON objects, one a line or in an array")


def rows_of(table: Table, columns: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the batches of a table, with the columns by their roles."""
    for batch in table.batches(list(columns.values())):
        yield dict(zip(columns, batch, strict=True))
