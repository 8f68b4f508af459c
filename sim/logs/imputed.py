"""Times of adoption without tellers: cascades of `user,time` and adoption times, with a network or without.

The rule is stated wherever it was used. With a network, everyone whom the adopter follows and who adopted strictly
earlier told them, all in equal parts (or the latest, or the first, of them did); if there is none, the adopter is a
root. Without a network, everyone who adopted the same idea strictly earlier told them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sim.errors import TapeError
from sim.logs.assemble import HELD, NO_TIME, Happened, tape_of, without
from sim.logs.log import Log
from sim.readers.columns import Columns, Known, Shape
from sim.readers.graph import Graph, format_of, is_graph, of_networkx, read_graph
from sim.readers.names import by_dictionary, coded
from sim.readers.sorting import runs_from
from sim.readers.source import is_file, opened
from sim.readers.table import in_memory, table_of
from sim.readers.times import NONE
from sim.tape.tables import DISCOVER, LEARN, Ints
from sim.tape.tape import Tape

TIES = Shape(
    {"follower": "name", "followed": "name"},
    ("follower", "followed"),
    bare=("follower", "followed"),
    either_way=("follower", "followed"),
)
WITHOUT = 1 << 24  # most influences, if everybody earlier counts and there is no network


def followed(log: Log) -> tuple[list[Any], list[Any]] | None:
    """Return the follower and the followed of each tie, as chunks of names, or None without a network.

    Raise a TapeError if it is no network.
    """
    given = log.options.network
    if given is None:
        return None
    if is_graph(given):
        graph = of_networkx(given, Path("network"))
        return _ties(graph, {node: node for node in graph.nodes})
    if isinstance(given, str | Path) or is_file(given):
        with opened(given) as source:
            if (format := format_of(source)) is not None:
                graph = read_graph(source, format)
                return _ties(graph, graph.names())
            columns = Columns(source.path, TIES).read(table_of(source, Known({})), {})
    else:
        columns = Columns(Path("network"), TIES).read(in_memory(given, Path("network")), {})
    return columns.names["follower"], columns.names["followed"]


def _ties(graph: Graph, names: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
    """Return the ends of the edges of a graph, in both directions if it has none."""
    ends = [(names[u], names[v]) for u, v, _ in graph.edges]
    ends += [] if graph.directed else [(v, u) for u, v in ends]

    def chunk(end: int) -> list[Any]:
        texts = pa.array([edge[end] for edge in ends], pa.string())
        return [by_dictionary("network", texts, lambda _, what: TapeError(what))]

    return chunk(0), chunk(1)


def place_adoptions(
    log: Log, person: list[Any], idea: Ints, ideas: Any, time: Ints, ties: tuple[list[Any], list[Any]] | None,
    facts: dict[str, Any],
) -> Tape:  # fmt: skip
    """Return the tape of who adopted which idea when, one adoption a row.

    Persons, and followers and followed in `ties`, are chunks of names; `idea` has places in `ideas`.
    """
    names, codes = coded([person, *(ties or ())], log.options.aliases)
    who = codes[0].astype(np.int64)
    dropped: Counter[str] = Counter()
    reasons = {NO_TIME: lambda: time == NONE, "no target": lambda: codes[0] == 0}
    order = np.flatnonzero(without(len(who), reasons, dropped))
    order = order[np.lexsort((who[order], time[order], idea[order]))]
    holder = idea[order].astype(np.int64) * len(names) + who[order]
    _, first = np.unique(holder, return_index=True)
    dropped[HELD] = len(order) - len(first)
    order = order[np.sort(first)]
    who, of, when = who[order], idea[order].astype(np.int64), time[order]
    if ties is None:
        child, parent = _all_earlier(log, of, when)
    else:
        follower, other = (column.astype(np.int64) for column in codes[1:])
        child, parent = _earlier_followed(follower, other, who, of, when, len(names))
    child, parent = _chosen(log.options.told_by, child, parent, when)
    many = np.bincount(child, minlength=len(who))
    told = many > 0
    facts |= {"imputed": f"told by {_RULES[log.options.told_by]} {'followed' if ties else 'of that idea'}"}
    rows = np.flatnonzero(told)
    happened = Happened(
        when, np.where(told, np.int8(LEARN), np.int8(DISCOVER)), who.astype(np.int32), of.astype(np.int32),
        (child, parent, 1.0 / many[child]), (rows, np.full(len(rows), -1), np.ones(len(rows))),
    )  # fmt: skip
    mended = Counter({"teller imputed": len(rows)})
    return tape_of(log, happened, names, ideas, dropped, mended, facts)


_RULES = {
    "all": "all earlier adopters in equal parts, of those",
    "latest": "the latest earlier adopter, of those",
    "first": "the first adopter, of those",
}


def _earlier_followed(follower: Ints, other: Ints, who: Ints, idea: Ints, when: Ints, people: int) -> tuple[Ints, Ints]:
    """Return pairs of an adoption and a strictly earlier one of the same idea by someone who is followed."""
    pairs = np.unique(np.stack([follower, other], axis=1)[follower != other], axis=0)
    begin = np.searchsorted(pairs[:, 0], np.arange(people + 1))
    many = (begin[1:] - begin[:-1])[who]
    child, at = np.repeat(np.arange(len(who)), many), runs_from(begin[who], many)
    key = idea * people + who
    rows = np.argsort(key)
    wanted = idea[child] * people + pairs[at, 1]
    place = np.searchsorted(key[rows], wanted).clip(0, max(0, len(rows) - 1))
    parent = rows[place] if len(rows) else place
    good = (key[parent] == wanted) & (when[parent] < when[child])
    return child[good], parent[good]


def _all_earlier(log: Log, idea: Ints, when: Ints) -> tuple[Ints, Ints]:
    """Return pairs of an adoption and a strictly earlier one of its idea that may count; sorted by idea and time."""
    _, begin, of = np.unique(idea, return_index=True, return_inverse=True)
    start = begin[of]
    ranks = np.unique(when, return_inverse=True)[1]
    key = idea * (int(ranks.max(initial=0)) + 1) + ranks
    earlier = np.searchsorted(key, key, side="left") - start
    if log.options.told_by == "all" and earlier.sum() > WITHOUT:
        pairs = f"{earlier.sum():,} pairs of earlier and later adopters"
        raise TapeError(f"{log.path}: {pairs}; allowed: {WITHOUT:,}, a network, or --told-by latest")
    many = earlier if log.options.told_by == "all" else np.minimum(earlier, 1)
    # the first in order among those of the latest time, as with a network
    first = np.searchsorted(key, key[start + earlier - 1]) if log.options.told_by == "latest" else start
    return np.repeat(np.arange(len(idea)), many), runs_from(first, many)


def _chosen(told_by: str, child: Ints, parent: Ints, when: Ints) -> tuple[Ints, Ints]:
    """Return all pairs, or for each child the pair with its latest or first parent."""
    if told_by == "all" or not len(child):
        return child, parent
    sign = -1 if told_by == "latest" else 1
    order = np.lexsort((parent, sign * when[parent], child))
    child, parent = child[order], parent[order]
    _, first = np.unique(child, return_index=True)
    return child[first], parent[first]
