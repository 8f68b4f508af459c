"""The lineages of a tape, as the coalitions that its realised value needs.

A unit of value that a holding realised needs everybody on its lineage: the tellers on its path, the discoverer at its
root, and the maker of the implementation that served it. The user is not needed for having been told. A discovery with
prerequisites needs their lineages too.

Where lineages branch (several credited tellers, several implementations in use, several prerequisites), one branch is
drawn by its weight. The result is the mean over all possible draws, not over a sample, unless there are too many to
follow. Each lineage is then one way back; all ways together form a forest, on which each question takes one sweep.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.accounts.games.lineage_loops import (
    add_up,
    carry_down,
    count_ways,
    find_nearest,
    find_ways,
    first_times,
    on_lineage,
    serve,
    unfold,
)
from sim.accounts.table import sum_by
from sim.machine.loops import for_size
from sim.model.randomness import LINEAGE, key_of, squares_of
from sim.readers.sorting import runs_from
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Floats, Ints
from sim.tape.tape import Tape

MAX_WAYS = 5_000_000  # ways followed one by one, or twice the number of events if that is more


class Lineages(NamedTuple):
    """Lineages as ways up a forest, and the value that needs each of them."""

    event: Ints  # of each node
    above: Ints  # the node above each, an earlier one, or -1
    holder: Ints  # the person of each node
    first: NDArray[np.bool_]  # whether the node is the first of its person on the way from the root
    node: Ints  # where each lineage ends: at the last teller, or the user's own discovery
    served: Ints  # the implementation or `use` that served each lineage, or -1; lineages are sorted by idea, then by it
    told: NDArray[np.bool_]  # whether the user was told, rather than a discoverer
    value: Floats  # the value that needs the lineage


class Ways(NamedTuple):
    """The next rows of each event's lineage: up[begin[e]] to up[begin[e + 1]], with the chance of each in `part`."""

    begin: Ints
    up: Ints
    part: Floats


def lineages_of(tape: Tape, samples: int = 32) -> Iterator[Lineages]:
    """Yield the lineages of a tape: all of them at once, or `samples` draws where there are too many.

    In a draw every event takes one parent, and the draws share the value equally; the same tape gives the same draws.

    Raises:
        ValueError: if samples is below 1.
    """
    if samples < 1:
        raise ValueError(f"samples: must be 1 or more, is {samples}")
    ways = ways_of(tape)
    size = len(tape.events)
    number = np.diff(ways.begin)
    wanted = np.bincount(ways.up, minlength=len(number)) > 0
    wanted |= tape.events.kind == DISCOVER
    if not (number[wanted] > 1).any():
        yield _finish(tape, np.arange(len(number)), _only(ways), *_ends(tape, ways))
        return
    ways_up: Floats = for_size(count_ways, size)(ways.begin, ways.up, wanted)
    node, served, told, value = _ends(tape, ways)
    if max(ways_up.sum(), ways_up[node].sum()) <= max(MAX_WAYS, 2 * len(number)):
        first = np.concatenate([[0], np.cumsum(ways_up)]).astype(np.int64)
        event, above, chance = for_size(unfold, size)(*ways, first)
        each = np.diff(first)[node]
        row = np.repeat(np.arange(len(node)), each)
        node = runs_from(first[node], each)
        yield _finish(tape, event, above, node, served[row], told[row], value[row] * chance[node])
        return
    for sample in range(samples):
        drawn = _draw(ways, sample)
        node, served, told, value = _ends(tape, drawn)
        yield _finish(tape, np.arange(len(number)), _only(drawn), node, served, told, value / samples)


def ways_of(tape: Tape) -> Ways:
    """Return where lineages go on from each discovery and learning; other events have no ways.

    A learning leads to its tellers. A discovery leads, through the discoverer's own holdings of the prerequisites, to
    those who told of them, since the discoverer is already on the lineage.
    """
    kind, parent = tape.events.kind, tape.influences.parent
    return Ways(*for_size(find_ways, len(kind) + len(parent))(kind, tape.parents, parent, parts_of(tape)))


def parts_of(tape: Tape) -> Floats:
    """Return the weight of each influence as a fraction of the weights of its child; shape (influences,)."""
    child, _, weight = tape.influences.columns().values()
    return np.asarray(weight / sum_by(child, weight, len(tape.events))[child])


def counted(above: Ints, own: NDArray[Any]) -> Ints:
    """Return how many nodes on the way from each node up to the root are marked in `own`; shape (nodes,)."""
    return np.asarray(for_size(carry_down, len(above))(above, own.astype(np.int64)))


def passed_up(lineages: Lineages, amount: Floats) -> Floats:
    """Return the sum that reaches each node if each lineage gives `amount` to all its nodes; shape (nodes,)."""
    at = sum_by(lineages.node, amount, len(lineages.event))
    return np.asarray(for_size(add_up, len(at))(lineages.above, at))


def makers_on(tape: Tape, lineages: Lineages, away: Floats) -> tuple[Floats, Floats]:
    """Return how much of what served each lineage belongs to makers on it, and by person what other makers get.

    `away` is what the implementers who served a lineage get together if none of them is on it; shape (lineages,).
    The first result is 1 where nothing served.
    """
    kind, persons = tape.events.kind, tape.persons.total
    makes = np.zeros(persons, np.bool_)
    makes[tape.events.person[kind == IMPLEMENT]] = True
    size = max(len(lineages.event), len(lineages.node))
    nearest = for_size(find_nearest, size)(lineages.above, lineages.first & makes[lineages.holder])
    on, taken = for_size(on_lineage, size)(
        lineages.node, lineages.served, away, nearest, lineages.above, lineages.holder, kind, tape.events.person,
        tape.parents, tape.influences.parent, parts_of(tape), persons,
    )  # fmt: skip
    return on, implementers(tape, lineages.served, away) - taken


def implementers(tape: Tape, served: Ints, amount: Floats) -> Floats:
    """Return what each implementer gets, given an amount for each serving row; -1 hands out nothing."""
    kind, some = tape.events.kind, served >= 0
    rows = sum_by(served[some], amount[some], len(kind))
    for_size(serve, len(kind))(kind, tape.parents, tape.influences.parent, parts_of(tape), rows)
    made = np.flatnonzero(kind == IMPLEMENT)
    return sum_by(tape.events.person[made], rows[made], tape.persons.total)


def marked_first(above: Ints, key: Ints, keys: int) -> NDArray[np.bool_]:
    """Return whether each node is the first of its key (0 to keys - 1) on the way from the root."""
    linked = above >= 0
    linked[above[linked]] = True
    if (np.bincount(key[linked], minlength=keys) <= 1).all():
        return np.ones(len(above), np.bool_)
    return np.asarray(for_size(first_times, len(above))(above, key, keys))


def _finish(
    tape: Tape, event: Ints, above: Ints, node: Ints, served: Ints, told: NDArray[np.bool_], value: Floats
) -> Lineages:
    holder = tape.events.person[event].astype(np.int64)
    holder[holder < 0] = 0  # a `use`, which is on no lineage
    order = np.argsort(tape.events.idea[event[node]] * np.int64(len(tape.events) + 1) + served, kind="stable")
    first = marked_first(above, holder, tape.persons.total)
    return Lineages(event, above, holder, first, node[order], served[order], told[order], value[order])


def _ends(tape: Tape, ways: Ways) -> tuple[Ints, Ints, NDArray[np.bool_], Floats]:
    """Return for each realised row the ends of its lineages, what served, whether the user was told, and the value."""
    event, served, value = tape.realised.columns().values()
    row = np.flatnonzero(value > 0.0)
    told = tape.events.kind[event[row]] == LEARN
    each = np.where(told, np.diff(ways.begin)[event[row]], 1)
    way = runs_from(ways.begin[event[row]], each)
    row, told = np.repeat(row, each), np.repeat(told, each)
    if not len(ways.up):
        return event[row], served[row], told, value[row]
    way = np.where(told, way, 0)
    return np.where(told, ways.up[way], event[row]), served[row], told, value[row] * np.where(told, ways.part[way], 1.0)


def _only(ways: Ways) -> Ints:
    """Return the one way up of each event, or -1."""
    above = np.full(len(ways.begin) - 1, -1, np.int64)
    some = np.flatnonzero(np.diff(ways.begin))
    above[some] = ways.up[ways.begin[some]]
    return above


def _draw(ways: Ways, sample: int) -> Ways:
    """Return one way up for each event that has any, drawn by its part."""
    some = np.flatnonzero(np.diff(ways.begin))
    key = key_of(0, LINEAGE, sample, 0)
    bits: Ints = squares_of(some, key)
    uniform = ((bits >> 11) & 0x1FFFFFFFFFFFFF) * 2.0**-53
    upto = np.cumsum(ways.part)
    before = np.where(ways.begin[some] > 0, upto[ways.begin[some] - 1], 0.0)
    at = np.searchsorted(upto, before + uniform * (upto[ways.begin[some + 1] - 1] - before), side="right")
    at = np.clip(at, ways.begin[some], ways.begin[some + 1] - 1)
    begin = np.concatenate([[0], np.cumsum(np.diff(ways.begin) > 0)])
    return Ways(begin, ways.up[at], np.ones(len(some)))
