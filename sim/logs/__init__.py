"""Real logs into a Tape: retweet cascades, and tables of who took what up from whom, and when.

A log is put in order of time before anything is placed, so that a tape does not depend on the order of the
log's rows. Every arrow of the tape points strictly back in time; what a log says otherwise is dropped and
counted, by the reason, in `Tape.dropped`. What could be mended is counted in `Tape.provenance["repaired"]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sim.logs.cascades import read_cascades
from sim.logs.influences import read_edges
from sim.logs.text import allowed_names, first_line
from sim.tape import Tape, TapeError

__all__ = ["FORMATS", "read_log"]

FORMATS: dict[str, Callable[[Path], Tape]] = {"weibo": read_cascades, "edges": read_edges}


def read_log(path: str | Path, format: str | None = None) -> Tape:
    """Read a real log as a tape.

    Args:
        path: the file; text is UTF-8, blank lines and lines that begin with # are skipped.
        format: a name of FORMATS; None guesses it from the content.

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
        return FORMATS[format or _guess(path)](path)
    except (OSError, ValueError) as error:
        if isinstance(error, TapeError):
            raise
        raise TapeError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _guess(path: Path) -> str:
    with path.open("rb") as file:
        if path.suffix in {".csv", ".tsv", ".parquet"} or file.read(4) == b"PAR1":
            return "edges"
    return "weibo" if re.match(r"[^\t]+\t[^\t]+\t\d+\t\d+\t", first_line(path)) else "edges"
