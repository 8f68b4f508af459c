"""Real logs into a tape, whatever the format: one file for each format, with `recognises` and `read`.

A log is put in order of time before anything is placed, so that a tape does not depend on the order of the log's rows.
Entries that make no sense are dropped and counted by reason in `Tape.dropped`; those that could be mended are counted
in `Tape.mended`. How the log was read is in `tape.provenance["read_as"]`: format, delimiter, columns, what was passed
over, the direction, the dates, rows and rows kept.

==================  ======================================  =======================================================
what                of adoptions: edges, weibo, graphs      of works: citations, works, graphs by nodes
==================  ======================================  =======================================================
same row again      dropped, duplicate                      dropped, duplicate
same two, other     weights added up                        weights added up
weight
self-influence      dropped, self-influence                 dropped, self-influence
no time             dropped, no time                        of the citing: dropped; of the cited: a root, mended
several times of    the first counts, others dropped,       the earliest counts, mended, another date of the same
one person or work  already holds the idea                  paper
told before they    a root a tick before their first        (a citation vouches for its order)
adopt               telling, mended; the adoption dropped
never seen to       a root, mended; or, with                a root, mended; or dropped
adopt               --orphans drop, dropped
equal times         dropped, not strictly back in time      in topological order; what closes a circle dropped
earlier than the    dropped, not strictly back in time      dropped, not strictly back in time
source
unknown column      passed over and named                   passed over and named
blank, NA, NaN,     nothing given                           nothing given
NaT, null, \\N
weight 0, below 0,  refused                                 refused
infinite, > 1e100
==================  ======================================  =======================================================

Whatever is wrong is refused in one line, with the line of the file (for a table that is not text: the row, from 1).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from sim.errors import TapeError, did_you_mean
from sim.logs import adoptions, cascades, citations, contacts, edges, git, graphs, journeys, ledger, weibo, works
from sim.logs.log import ALIASES, GROUPS, Log, Options, pairs_of
from sim.readers.columns import EITHER_WAY, canonical
from sim.readers.graph import READERS, is_graph
from sim.readers.source import is_file, opened
from sim.readers.times import ORDERS
from sim.tape.tape import Tape


class Format(NamedTuple):
    """A format: how it is read and recognised, and the options of which it makes use."""

    read: Callable[[Log], Tape]
    recognises: Callable[[Log], bool]
    takes: frozenset[str]


def _of(module: Any, *options: str) -> Format:
    """Return the format of a module; all take `until` and `groups`, if only to say why there is no last time."""
    return Format(module.read, module.recognises, frozenset(("until", "groups", *options)))


def _graphs(format: str) -> Format:
    read, recognises = (partial(part, format=format) for part in (graphs.read, graphs.recognises))
    return _of(SimpleNamespace(read=read, recognises=recognises), *TABLE, *WORKS, "time")


TABLE, WORKS = ("columns", "order", "aliases"), ("orphans", "citations_as")
FORMATS: dict[str, Format] = {  # the first that recognises a log reads it
    "git": _of(git, "order", "aliases", "git_by"),
    **{format: _graphs(format) for format in (*READERS, "networkx")},
    "weibo": _of(weibo, "order", "aliases"),
    "cascades": _of(cascades, "order", "aliases", "network", "told_by"),
    "ledger": _of(ledger, "columns", "order"),
    "works": _of(works, *TABLE, *WORKS),
    "journeys": _of(journeys, "columns", "aliases"),
    "adoptions": _of(adoptions, *TABLE, "network", "told_by", "time"),
    "citations": _of(citations, *TABLE, *WORKS, "dates"),
    "edges": _of(edges, *TABLE, "orphans"),
    "contacts": _of(contacts, *TABLE),
}
KINDS = {"adoption": "edges", "contact": "contacts"}


def read_log(
    log: Any,
    format: str | None = None,
    dates: Any = None,
    *,
    columns: Mapping[str, str] | str | None = None,
    kind: str | None = None,
    orphans: str = "root",
    citations_as: str = "builds-on",
    network: Any = None,
    aliases: Any = None,
    groups: Any = None,
    told_by: str = "all",
    git_by: str = "lines",
    until: str | float | None = None,
) -> Tape:
    """Read a real log as a tape.

    Args:
        log: a path (compressed or not), an open file, a pandas or polars DataFrame, an Arrow table, a networkx graph,
            or the folder of a git repository.
        format: a name of FORMATS; None recognises it by the content.
        dates: how dates with slashes are written: dmy, mdy or ymd; or, for citations, the file with the dates of the
            papers. By default NAME-dates beside NAME is looked for, if citations have no dates of their own.
        columns: which column is which, as {"time": "created_at", "source": "rt_of"} or "time=created_at,source=rt_of";
            for a table without a header, by number from 1. Others are known by their names.
        kind: adoption (each person adopts an idea once) or contact (a stream in which every row counts).
        orphans: root or drop: what becomes of tellers who are never seen to adopt.
        citations_as: builds-on (a work is a discovery that builds on what it cites) or learning (of one idea).
        network: for cascades and adoptions: who follows whom, a file or a graph; undirected ties go both ways.
        aliases: other names of persons: a mapping, or a file with the columns alias and person.
        groups: which group a person belongs to, for credit by group: a mapping, or a file with person and group.
        told_by: who told, if nobody says so: all earlier adopters (who are followed), the latest, or the first.
        git_by: for a repository: lines (a commit builds on those who wrote the lines that it changes or deletes, by
            lines) or files (on the last commits to the files that it changes, equally).
        until: the last time that is read.

    Formats:
        edges: time, source, target and perhaps idea, kind, weight (above 0, default 1), value (0 or more), builds_on.
            The kind says what the target did at `time`. `learn`: adopted the idea because of `source`; rows of one
            (time, target, idea) are one learning, with weights scaled to sum to 1 and the sum of their values, or 1 if
            none is given (an empty kind is this, or `discover` if the source is empty). `discover`: had the idea, which
            builds on the target's holdings, or the first discoveries, of the ideas in `builds_on` (between semicolons;
            without it, if a source is given, on whatever the source held). `implement`: made it work. `use`, `realise`:
            realised `value` through the last earlier implementation of `source`, if one is given.
        contacts: time, source, target; each row counts. For temporal and person PageRank.
        citations: citing, cited and perhaps date, cited_date, weight, value; dates may be in a file of their own.
        works: paper, date, references and perhaps authors, in lists or between semicolons; OpenAlex as JSON lines;
            Web of Science as text. Authors share a work in equal parts.
        cascades: one line of `user,time user,time ...` each, with or without a name before it. Tellers are imputed.
        adoptions: person, time and perhaps idea; with a network; or a graph whose nodes have times.
        journeys: path (a > b > c), conversions and perhaps total_value, nulls.
        weibo: cascade id, author, publication time, number of participants, participants `a/b/c:t`, between tabs.
        graphml, gexf, pajek, node-link: if edges have times, u -> v means that u told v then; if nodes have, that u
            built on the earlier v. networkx: such a graph in memory.
        ledger: what `shoulders export` writes.
        git: a repository; a commit builds on the commits whose lines it changes or deletes.

    Returns:
        A tape with one row of persons for each who takes part, ordered by first event, then by name; likewise the
        ideas. steps is the last time, world_size the number of persons.

    Raises:
        TapeError: if the log cannot be read, or its meaning would be a guess; one line, which says what to do.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"ts": [5, 6, 6], "src": ["ada", "bob", "ada"], "dst": ["bob", "cy", "bob"]})
    >>> tape = read_log(rows)
    >>> tape.persons.name, tape.events.step.tolist(), tape.total, tape.dropped
    (('ada', 'bob', 'cy'), [4, 5, 6], 2.0, {'already holds the idea': 1})
    """
    called = log if isinstance(log, str | Path) else getattr(log, "name", None)
    path = Path(called if isinstance(called, str | Path) and str(called) else "log")
    name = _format(path, format, kind)
    order = dates if isinstance(dates, str) and dates in ORDERS else ""
    papers = None if order else dates
    if papers is not None and name not in {None, "citations"}:
        raise TapeError(f"{path}: dates are for citations, not for {name}; allowed: {', '.join(ORDERS)}, or a file")
    options = Options(
        columns_of(columns), order, papers, network, orphans, citations_as, pairs_of(aliases, ALIASES),
        pairs_of(groups, GROUPS), told_by, git_by, until,
    )  # fmt: skip
    try:
        with _opened(log, path, options) as found:
            name = name or ("citations" if papers is not None else _recognised(found))
            for option in (field.name for field in fields(Options) if field.name not in FORMATS[name].takes):
                takers = [other for other, format in FORMATS.items() if option in format.takes]
                found.refuse(option, name, ", ".join(takers))
            return FORMATS[name].read(found)
    except TapeError:
        raise
    except (OSError, ValueError) as error:
        file, why = getattr(error, "filename", None) or path, getattr(error, "strerror", None) or error
        raise TapeError(f"{file}: cannot be read: {why}") from None


def from_networkx(graph: Any, time: str | None = None, name: str = "graph") -> Tape:
    """Return the tape of a networkx graph with times, as `read_log` does; `time` names the attribute.

    >>> import networkx as nx
    >>> graph = nx.DiGraph()
    >>> graph.add_edge("ada", "bob", time=3)
    >>> from_networkx(graph).events.step.tolist()
    [2, 3]
    """
    return graphs.read(Log(Path(name), Options(time=time), data=graph))


def columns_of(given: Mapping[str, str] | str | None) -> dict[str, str]:
    """Return which column has which role, from a mapping or from ROLE=NAME between commas.

    Raise a TapeError if a part of it has no =.
    """
    if given is None or isinstance(given, Mapping):
        return {str(role): str(name) for role, name in (given or {}).items()}
    found = {}
    for part in filter(None, (part.strip() for part in given.split(","))):
        role, equals, name = part.partition("=")
        if not equals:
            raise TapeError(f"columns: {part!r} says nothing; allowed: ROLE=NAME, as time=created_at,source=rt_of")
        found[role.strip()] = name.strip()
    return found


def _format(path: Path, format: str | None, kind: str | None) -> str | None:
    if format is not None and format not in FORMATS:
        raise TapeError(f"{path}: unknown format {format!r}{did_you_mean(format, FORMATS)}")
    if kind is None:
        return format
    if kind not in KINDS:
        raise TapeError(f"kind: no {kind!r}{did_you_mean(kind, KINDS)}")
    if format not in {None, KINDS[kind]}:
        raise TapeError(f"kind {kind}: is about tables of who told whom, not about {format}")
    return KINDS[kind]


@contextlib.contextmanager
def _opened(given: Any, path: Path, options: Options) -> Iterator[Log]:
    if not isinstance(given, str | Path) and not is_file(given):
        if not (is_graph(given) or hasattr(given, "columns") or hasattr(given, "column_names")):
            allowed = "a path, an open file, a DataFrame, an Arrow table, a networkx graph"
            raise TapeError(f"log: a {type(given).__name__}; allowed: {allowed}")
        yield Log(path, options, data=given)
    elif path.is_dir() and not is_file(given):
        log = Log(path, options, folder=True)
        if not git.recognises(log):
            raise TapeError(f"{path}: a folder; a log is a file, or a git repository")
        yield log
    else:
        with opened(given) as source:
            yield Log(source.path, options, source)


def _recognised(log: Log) -> str:
    """Return the format of a log; raise a TapeError if none recognises it, or only the user can say what it means."""
    for name, format in FORMATS.items():
        if format.recognises(log):
            return name
    table = log.table  # says what is wrong if there is none
    place = f"{log.path}:{table.header}"
    names = {canonical(name): name for name in table.names}
    ways = [next((names[name] for name in names if name in way), None) for way in EITHER_WAY]
    if all(ways):
        one, other = ways
        question = f"does {one!r} tell {other!r} (--format edges), contact (--kind contact), or cite it"
        raise TapeError(f"{place}: {question} (--format citations)? Say which")
    if table.bare and len(table.names) == 3 and not log.options.columns:
        raise TapeError(
            f"{place}: three columns without a header: is it source target time of who told whom (--format edges), of "
            "contacts (--kind contact), or citing cited date (--format citations)? Say which"
        )
    if table.bare and len(table.names) == 2:
        return "citations"
    return "edges"
