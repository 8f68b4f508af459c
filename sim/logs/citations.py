"""Tables of what cites what, with dates: the format citations of a log."""

from __future__ import annotations

from pathlib import Path

from sim.errors import TapeError
from sim.logs.log import Log, columns_beside
from sim.logs.papers import Works, earliest, place_works
from sim.logs.placing import UNSAID
from sim.readers.columns import Shape
from sim.readers.names import coded
from sim.readers.words import shown
from sim.tape.tape import Tape

CITATIONS = Shape(
    {"citing": "name", "cited": "name", "date": "time", "cited_date": "time", "weight": "number", "value": "number"},
    ("citing", "cited"),
    {"weight": (1e-100, 1.0), "value": (0.0, UNSAID)},
    bare=("citing", "cited", "date"),
    either_way=("citing", "cited"),
)
DATES = Shape({"paper": "name", "date": "time"}, ("paper", "date"), bare=("paper", "date"))


def recognises(log: Log) -> bool:
    """Return whether this is a table of what cites what, or one without a header that has dates beside it."""
    if CITATIONS.fits(log.names):
        return True
    two = log.source is not None and not log.names and len(log.table.names) in {2, 3}
    return two and (log.options.dates is not None or dates_beside(log.path) is not None)


def read(log: Log) -> Tape:
    """Read citations as a tape, as described at read_log."""
    columns = log.columns(CITATIONS)
    clock = columns.clock
    parts = [columns.names.pop("citing"), columns.names.pop("cited")]
    given = [name for name in ("date", "cited_date") if any(of == name for of, _, _ in clock.chunks)]
    beside = log.options.dates if log.options.dates is not None else dates_beside(log.path)
    if "date" in given and log.options.dates is None:
        beside = None
    if beside is not None:
        parts.append(columns_beside(beside, DATES, "dates", clock).names.pop("paper"))
        named = beside if isinstance(beside, str | Path) else getattr(beside, "name", None)
        columns.read_as["dates_of"] = Path(named).name if isinstance(named, str | Path) else "in memory"
    elif "date" not in given:
        name = shown(f"{log.path.stem}-dates{log.path.suffix}")
        needed = f"date, or the dates of the papers in {name} beside, or in a file named by --dates"
        raise TapeError(f"{log.path}:1: no column of dates; needed: {needed}")
    names, [child, parent, *paper] = coded(parts, log.options.aliases)
    # The dates file has a column date, too: its chunks come after those of the table.
    whole = clock.ticks("date")
    own = columns.rows if "date" in given else 0
    pairs = [(child, whole[:own])] * ("date" in given) + [(works, whole[own:]) for works in paper]
    pairs += [(parent, clock.ticks("cited_date"))] * ("cited_date" in given)
    date, mended = earliest(len(names), pairs)
    found = Works(names, date, clock, child, parent, columns.number("weight"), columns.number("value"))
    return place_works(log, found, columns.facts("citations", "citing built on cited", whole), mended)


def dates_beside(path: Path) -> Path | None:
    """Return the file with the dates of the works beside that of the citations: NAME-dates, NAME_dates, NAME.dates."""
    found = [path.with_name(f"{path.stem}{joint}dates{path.suffix}") for joint in ("-", "_", ".")]
    return next((file for file in found if path.name and file.is_file()), None)
