"""The input of a format: an open log, and how the user wants it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.errors import TapeError, did_you_mean
from sim.readers.columns import Columns, Known, Shape
from sim.readers.graph import is_graph
from sim.readers.source import Source, opened
from sim.readers.table import Table, in_memory, table_of
from sim.readers.times import ALLOWED, NONE, ORDERS, Clock
from sim.readers.words import shown
from sim.tape.tables import Ints

CHOICES = {
    "orphans": ("root", "drop"),
    "citations_as": ("builds-on", "learning"),
    "told_by": ("all", "latest", "first"),
    "git_by": ("lines", "files"),
    "order": ("", *ORDERS),
}


@dataclass(frozen=True)
class Options:
    """The options for reading a log; `read_log` explains each."""

    columns: Mapping[str, str] = field(default_factory=dict)
    order: str = ""  # the order of day, month and year
    dates: Any = None  # the file with the dates of papers
    network: Any = None  # the file, or graph, of who follows whom
    orphans: str = "root"
    citations_as: str = "builds-on"
    aliases: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    told_by: str = "all"
    git_by: str = "lines"
    until: str | float | None = None
    time: str | None = None  # the attribute of a graph that has the time

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if (given := getattr(self, name)) not in allowed:
                raise TapeError(f"{name}: no {given!r}{did_you_mean(given, filter(None, allowed))}")


@dataclass
class Log:
    """A log that has been opened."""

    path: Path  # what the user named, for messages and provenance
    options: Options  # how it is to be read
    source: Source | None = None  # the file; None for data in memory and for folders
    data: Any = None  # in memory: a table or a graph; or None
    folder: bool = False  # whether the log is a folder

    def refuse(self, option: str, what: str, allowed: str) -> None:
        """Raise a TapeError if an option is given of which this log makes no use."""
        given, default = getattr(self.options, option), getattr(Options(), option)
        if given is not None and (default is None or given != default):
            name = "dates" if option == "order" else option
            raise TapeError(f"{self.path}: {name}: is not for {what}; allowed: for {allowed}")

    def groups(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the groups of those who have one, for the provenance of a tape; nothing if nobody has."""
        found = {name: self.options.groups[name] for name in names if name in self.options.groups}
        return {"groups": found} if found else {}

    @property
    def head(self) -> str:
        """The first 64 kB of the text, or ""."""
        return "" if self.source is None else self.source.head

    @property
    def facts(self) -> dict[str, str]:
        """The compression and the encoding of the file, if worth mentioning."""
        return {} if self.source is None else self.source.facts

    @property
    def is_graph(self) -> bool:
        """Whether the log is a networkx graph in memory."""
        return is_graph(self.data)

    @cached_property
    def table(self) -> Table:
        """The log as a table.

        Raises:
            TapeError: if it is no table.
        """
        if self.source is not None:
            return table_of(self.source, Known(self.options.columns))
        if self.folder or self.is_graph or self.data is None:
            raise TapeError(f"{self.path}: a {'folder' if self.folder else 'graph'}, not a table")
        return in_memory(self.data, self.path)

    @cached_property
    def names(self) -> list[str]:
        """The names of the columns, if it is a table, and the roles that the user gave to some."""
        try:
            return [*self.table.names, *self.options.columns] if not self.table.bare else [*self.options.columns]
        except TapeError:
            return []

    def columns(self, shape: Shape, clock: Clock | None = None) -> Columns:
        """Return the contents of the table, by the columns of a shape."""
        return Columns(self.path, shape, clock or Clock(self.options.order)).read(self.table, self.options.columns)

    def late(self, clock: Clock, ticks: Ints) -> Ints:
        """Return the times of a clock, changed in place: NONE for those after the last that is wanted."""
        if self.options.until is None:
            return ticks
        import pyarrow as pa

        until = Clock(clock.order, clock.form)
        until.read("until", pa.array([str(self.options.until)]), lambda _, what: TapeError(what))
        last, digits = int(until.ticks("until")[0]), clock.digits - until.digits
        if last == NONE:
            raise TapeError(f"until: no time {shown(str(self.options.until))}; {ALLOWED}")
        last = last * 10**digits if digits >= 0 else last // 10**-digits
        ticks[ticks > last] = NONE
        return ticks


def called_idea(ideas: Any, codes: Any) -> Any:
    """Return the names of ideas, the empty one called "idea"; codes of one that is called so become 0, in place."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if (same := pc.index(ideas, pa.scalar("idea", pa.large_string())).as_py()) >= 0:
        codes[codes == same] = 0
    return pa.concat_arrays([pa.array(["idea"], pa.large_string()), ideas[1:]])


def columns_beside(given: Any, shape: Shape, name: str = "table", clock: Clock | None = None) -> Columns:
    """Return the contents of a table beside the log, in memory or in a file; `clock` continues the times of the log.

    Raise a TapeError if it is no such table.
    """
    if hasattr(given, "columns") or hasattr(given, "column_names"):
        return Columns(Path(name), shape, clock or Clock()).read(in_memory(given, Path(name)), {})
    with opened(given) as source:
        return Columns(source.path, shape, clock or Clock()).read(table_of(source, Known({})), {})


ALIASES = Shape({"alias": "name", "person": "name"}, ("alias", "person"), bare=("alias", "person"))
GROUPS = Shape({"person": "name", "group": "name"}, ("person", "group"), bare=("person", "group"))


def pairs_of(given: Any, shape: Shape) -> dict[str, str]:
    """Return a mapping, given as one, as a pandas Series or as a table with the two columns of a shape.

    Raise a TapeError if there is no such table.
    """
    if given is None:
        return {}
    if hasattr(given, "items") and not hasattr(given, "columns"):
        return {str(one): str(other) for one, other in given.items()}
    columns = columns_beside(given, shape)
    named, of = shape.needed
    found: dict[str, str] = {}
    (names, [alias]), (others, [to]) = columns.coded(named), columns.coded(of)
    for one, other in zip(names.take(alias).to_pylist(), others.take(to).to_pylist(), strict=True):
        if one and other and found.setdefault(one, other) != other:
            two = f"{named} {shown(one)} has two: {shown(found[one])} and {shown(other)}"
            raise TapeError(f"{columns.path}: {two}; allowed: one {of} for each {named}")
    return found
