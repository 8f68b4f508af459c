"""Real logs into a Tape: retweet cascades, tables and graphs of who took what up from whom, and when, and citations.

A log is put in order of time before anything is placed, so that a tape does not depend on the order of the
log's rows. Every arrow of the tape points strictly back in time; what a log says otherwise is dropped and
counted, by the reason, in `Tape.dropped`. What could be mended is counted in `Tape.provenance["repaired"]`.

How each format treats what is not as it should be:

==================  ==========================  ==========================  =========================================
what                weibo                       edges; graphs by edges      citations; graphs by nodes
==================  ==========================  ==========================  =========================================
same row again      dropped, duplicate          dropped, duplicate          dropped, duplicate
same two, other     (a path has no weight)      weights added up            weights added up
weight
self-influence      the own post, or dropped,   dropped, self-influence     dropped, self-influence
                    already holds the idea
no time             refused                     dropped, no time            of the citing: dropped, no time;
                                                                            of the cited: a root, repaired
several times of    the first counts, others    the first counts, others    the first counts, repaired, another date
one person or work  dropped, already holds ...  dropped, already holds ...  of the same paper
equal times, or     dropped, not strictly back  dropped, not strictly back  dropped, not strictly back in time
earlier than the    in time; the reader is      in time
source              repaired to an earlier one
unknown column      (has none)                  refused, nearest spelling   refused, nearest spelling (attributes of
                                                (attributes: passed over)   graphs: passed over)
weight 0, below 0,  (has none)                  refused                     refused
NaN in a text,
infinite, > 1e100
NaN or null in a    (is no Parquet)             nothing given               nothing given
Parquet column
times from 1e18 on  refused                     refused                     refused
wrong type          refused                     refused                     refused
no rows             refused                     refused                     refused
==================  ==========================  ==========================  =========================================

Text is UTF-8 with or without a byte order mark, or UTF-16 or UTF-32 with one; anything else, Latin-1 among it, is
refused at its first byte that is no UTF-8. Lines end in LF, CRLF or CR. An empty file, a header without rows, and a
truncated or corrupt Parquet file (page checksums are verified where there are any) are refused.

Tables are streamed: text in blocks of 32 MiB, Parquet in batches of a million rows, names by dictionaries. Names that
are whole numbers throughout cost least. The loops over rows are compiled from 20,000 rows on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sim.errors import TapeError
from sim.logs.citations import CITATIONS, read_citations
from sim.logs.edges import EDGES, read_edges
from sim.logs.graphs import from_networkx, read_gexf, read_graphml
from sim.logs.weibo import read_cascades
from sim.readers.text import allowed_names, first_line
from sim.tape.tape import Tape

__all__ = ["FORMATS", "from_networkx", "read_log"]

FORMATS: dict[str, Callable[[Path], Tape]] = {
    "weibo": read_cascades,
    "edges": read_edges,
    "citations": read_citations,
    "graphml": read_graphml,
    "gexf": read_gexf,
}


def read_log(path: str | Path, format: str | None = None, dates: str | Path | None = None) -> Tape:
    """Read a real log as a tape.

    Args:
        path: the file; of text, blank lines and lines that begin with # are skipped.
        format: a name of FORMATS; None guesses it from the content.
        dates: of citations, the file with the dates of the papers; None looks for NAME-dates beside NAME, with the
            same ending, where the citations have no dates of their own.

    weibo: a cascade a line, five fields between tabs: cascade id, author, publication time (whole seconds),
        number of participants, participants `a/b/c:t` between blanks (c read it from b at t seconds after
        publication). A cascade is an idea, the post its discovery, the first entry of a reader later than the
        post a learning worth 1, influenced by the user before the reader on the path. Who has no entry of
        their own cannot be placed, and who came no earlier than the reader cannot have told them; the reader
        is then attached to the nearest user up the path who held the idea strictly earlier, at last to the
        author, for the path vouches that it came down that way. The first case is a repair, the second is
        also a dropped influence. A second copy of a line is dropped, `duplicate`, by its entries:
        entries = posts + learned + dropped - repaired["teller not strictly earlier"].

    edges: CSV (commas; tabs in .tsv or where the header has them) or Parquet, with the columns time, source,
        target and perhaps idea (default 'idea'), kind, weight (above 0, default 1), value (0 or more), in any
        order. By its kind a row says that at `time` the target
        learn: took the idea up because of `source`; several rows of one (time, target, idea) are one learning
            with several influences, weights scaled to sum to 1. It is worth the sum of the values of its
            rows, and 1 where none is given. An empty kind is this, or `discover` where the source is empty.
        discover: had the idea, source empty or the target.
        implement: made it work, source empty or the target, influenced by the target's own holding.
        use, realise: realised `value` (default 1), by the implementation of `source` if one is given: the
            last strictly earlier one.
        A value in a row that discovers or implements is realised by the target's holding, too.
        Times are numbers, or ISO 8601 dates and datetimes (then seconds since 1970, UTC); if any has a
        fraction, all count in microseconds. They are shifted by provenance["time_origin"] when some are
        negative. A source or an implementer without any row of taking the idea up at that time or later is
        a root: it discovers the idea one tick before it is first needed, a repair. Rows are dropped that have
        no time, target or (learn) source, that say again what another row says in all columns, and whose
        target already holds the idea, or does not hold it (use), whose source (or, for `implement`, target)
        took it up no earlier than the row, or has made no implementation earlier (use): rows = kept + dropped.

    citations: CSV (also between tabs or blanks) or Parquet, with the columns citing (or child, from, FromNodeId),
        cited (parent, to, ToNodeId) and perhaps date (time, year) of the citing, cited_date, weight, value; without
        a header, if the first two are numbers, in this order. Dates in a file of their own have the columns paper
        (id, node, NodeId) and date. A paper is an event at its date: a learning, worth 1, from those that it cites,
        in equal parts or by weight; a discovery where it cites nothing that is kept. A row without cited says only
        that there is the paper. The earliest date of a paper counts. A cited paper without a date discovers one tick
        before whoever cites it first. Times as in edges; person and idea of a paper are its own name and 'idea'.

    graphml, gexf: graphs as networkx reads them; what edges and nodes mean is told at `from_networkx`.

    Returns:
        A tape with one row of persons for each who takes part, ordered by first event, then name; so are the
        ideas. steps is the last time, world_size the number of persons.

    Raises:
        TapeError: if the file cannot be read as such a log; one line: file, line (of Parquet: row, from 1),
            what is wrong, what is allowed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     log = Path(folder) / "talk.csv"
        ...     _ = log.write_text("time,source,target\\n5,ada,bob\\n6,bob,cy\\n6,ada,bob\\n")
        ...     tape = read_log(log)
        >>> tape.persons.name, tape.events.step.tolist(), tape.total, tape.dropped
        (('ada', 'bob', 'cy'), [4, 5, 6], 2.0, {'already holds the idea': 1})
    """
    path = Path(path)
    if format is not None and format not in FORMATS:
        raise TapeError(f"{path}: unknown format {format!r}; {allowed_names(format, FORMATS)}")
    try:
        if path.is_dir():
            raise TapeError(f"{path}: a folder; a log is a file")
        chosen = format or ("citations" if dates is not None else _guess(path))
        if dates is None:
            return FORMATS[chosen](path)
        if chosen != "citations":
            raise TapeError(f"{path}: dates are for citations, not for {chosen}")
        return read_citations(path, Path(dates))
    except (OSError, ValueError) as error:
        if isinstance(error, TapeError):
            raise
        raise TapeError(
            f"{getattr(error, 'filename', None) or path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None


def _guess(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PAR1"):
        return _guess_columns(_parquet_names(path))
    if path.suffix in {".graphml", ".gexf"} or b"<graphml" in head or b"<gexf" in head:
        return "gexf" if path.suffix == ".gexf" or b"<gexf" in head else "graphml"
    if path.suffix == ".parquet":
        return "edges"
    first = first_line(path)
    if path.suffix not in {".csv", ".tsv"} and re.match(r"[^\t]+\t[^\t]+\t\d+\t\d+\t", first):
        return "weibo"
    cells = re.split(r"[,\t]|\s+", first.strip())
    bare = len(cells) in (2, 3) and all(cell.isdigit() for cell in cells[:2])
    return "citations" if bare else _guess_columns([cell.strip('" ') for cell in re.split(r"[,\t ]", first.strip())])


def _parquet_names(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError):
        return []  # the reader says what is wrong


def _guess_columns(names: list[str]) -> str:
    """The format that knows most of the columns by these names; edges where both do."""
    of_edges = sum(name.lower() in EDGES.columns for name in names)
    known = {*CITATIONS.columns, *CITATIONS.other_names}
    return "citations" if sum(name.lower() in known for name in names) > of_edges else "edges"
