"""The removal effect: how much less often paths would succeed without one of their channels.

Paths through channels (a reader heard of a paper by mail, then at a talk, then used it) are taken as a Markov chain:
from a start over the channels to success or to nothing, with the frequencies found. Whoever comes to a channel that is
removed comes to nothing. The effect is the part of all success that is lost; the shares are the effects in proportion
(Anderl et al. 2016, "Mapping the customer journey").
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.accounts.table import CreditTable, scaled_table
from sim.tape.tables import LEARN, Floats
from sim.tape.tape import Tape

ORDERS = (1, 2, 3)
MOST_STATES = 5_000


class RemovalEffect(NamedTuple):
    """The loss without each channel.

    Attributes:
        channel: the channels on the paths, in order of first appearance.
        probability: that a path succeeds, by the chain.
        removal: the fraction of the success that is lost without each channel, in [0, 1]; shape (channels,).
        share: removal divided by its sum; 0 if nothing ever succeeds; shape (channels,).
    """

    channel: tuple[Hashable, ...]
    probability: float
    removal: Floats
    share: Floats


def removal_effect(
    paths: Sequence[Sequence[Hashable]], converted: ArrayLike, weight: ArrayLike | None = None, order: int = 1
) -> RemovalEffect:
    """Compute the removal effect of every channel by one inverse of the chain's transitions: exact, no sampling.

    Args:
        paths: the channels of each path, from the first to the last; a channel may recur. Text is refused: it would be
            a path of letters.
        converted: whether each path succeeded; shape (paths,).
        weight: how often each path was found, above 0; by default 1 each; shape (paths,).
        order: how many of the last channels the next one depends on, 1 to 3.

    Raises:
        ValueError: if the lengths differ, a path has no channel or is text, a weight is not above 0 and finite, the
            order is none of 1, 2, 3, or the paths hold more than 5,000 different runs of `order` channels.

    >>> found = removal_effect([["G"], ["G"], ["M"], ["G", "M"], ["G"]], [True, True, True, True, False])
    >>> found.channel, round(found.probability, 12), found.removal.round(12).tolist(), found.share.round(12).tolist()
    (('G', 'M'), 0.8, [0.75, 0.5], [0.6, 0.4])
    """
    if order not in ORDERS:
        raise ValueError(f"order: must be 1, 2 or 3, is {order}")
    succeeded, times = _check(paths, converted, weight)
    channels = tuple(dict.fromkeys(channel for path in paths for channel in path))
    place: dict[tuple[Hashable, ...], int] = {}  # the state for the last channels, up to `order` of them
    moves: dict[tuple[int, int], float] = {}  # from -1, the start; to -1, success, or -2, failure
    for path, good, count in zip(paths, succeeded.tolist(), times.tolist(), strict=True):
        at = -1
        for step in range(1, len(path) + 1):
            to = place.setdefault(tuple(path[max(0, step - order) : step]), len(place))
            moves[at, to] = moves.get((at, to), 0.0) + count
            at = to
        moves[at, -1 if good else -2] = moves.get((at, -1 if good else -2), 0.0) + count
    n = len(place)
    if n > MOST_STATES:
        raise ValueError(f"order: {n:,} runs of {order} channels; allowed: {MOST_STATES:,}; use a lower order")
    chances = np.zeros((n + 1, n + 2))  # from each state and the start (last); to the states, failure, success
    for (at, to), count in moves.items():
        chances[at, to] = count
    chances /= chances.sum(axis=1, keepdims=True) if n else 1.0
    # The expected number of visits to each state, from each state.
    visits = np.linalg.inv(np.eye(n) - chances[:n, :n])
    success = visits @ chances[:n, n + 1]
    visited = chances[n, :n] @ visits
    probability = float(chances[n, :n] @ success)
    # Without a channel, every path is lost that reaches it and would have succeeded from there.
    ends = {channel: [row for state, row in place.items() if state[-1] == channel] for channel in channels}
    lost = [float(visited[at] @ np.linalg.solve(visits[np.ix_(at, at)], success[at])) for at in ends.values()]
    removal = np.array(lost) / probability if probability > 0.0 else np.zeros(len(channels))
    total = float(removal.sum())
    return RemovalEffect(channels, probability, removal, removal / total if total > 0.0 else np.zeros(len(channels)))


def removal_credit(tape: Tape, order: int = 1) -> CreditTable:
    """Return the credit by the removal effect for a log of journeys: the total, in proportion to the effects.

    Raises a ValueError if the tape is not of journeys, or as `removal_effect` does.
    """
    if tape.provenance.get("format") != "journeys":
        raise ValueError("removal is about journeys through channels, whose log this is not (--format journeys)")
    events, crowd = tape.events, tape.persons.size[tape.persons.group] > 1
    paths: dict[int, list[int]] = {}
    ends: list[tuple[int, bool, int]] = []  # path, whether it succeeded, how often
    columns = (events.idea, events.person, events.kind, events.count)
    for idea, person, kind, count in zip(*(column.tolist() for column in columns), strict=True):
        if crowd[person]:
            ends.append((idea, kind == LEARN, count))
        else:
            paths.setdefault(idea, []).append(person)
    found = removal_effect([paths[i] for i, *_ in ends], [good for _, good, _ in ends], [n for *_, n in ends], order)
    effect = np.zeros(tape.persons.total)
    effect[np.array(found.channel, np.int64)] = found.removal
    return scaled_table(tape, "removal", effect)


def _check(
    paths: Sequence[Sequence[Hashable]], converted: ArrayLike, weight: ArrayLike | None
) -> tuple[Floats, Floats]:
    succeeded = np.asarray(converted, np.bool_)
    times = np.ones(len(paths)) if weight is None else np.asarray(weight, np.float64)
    for name, column in (("converted", succeeded), ("weight", times)):
        if column.shape != (len(paths),):
            raise ValueError(f"{name}: must be {len(paths)} values, one a path, has shape {column.shape}")
    for row, path in enumerate(paths):
        if isinstance(path, str):
            raise ValueError(f"paths: path {row} is the text {path!r}; allowed: a list of channels")
        if not len(path):
            raise ValueError(f"paths: path {row} has no channel")
    if not (np.isfinite(times) & (times > 0.0)).all():
        row = int(np.argmin(np.isfinite(times) & (times > 0.0)))
        raise ValueError(f"weight: must be above 0 and finite, is {float(times[row])!r} for path {row}")
    return succeeded.astype(np.float64), times
