"""The removal effect: how much less often paths would succeed without one of the stations on them (SCIENCE.md 4.6).

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

from sim.tape.tables import Floats


class RemovalEffect(NamedTuple):
    """What paths lose without each channel.

    Attributes:
        channel: those on the paths, in the order in which they first come up.
        probability: that a path succeeds, by the chain.
        removal: the part of the success that is lost without each channel, in [0, 1]; shape (channels,).
        share: removal as a part of the sum of all; 0 where nothing ever succeeds; shape (channels,).
    """

    channel: tuple[Hashable, ...]
    probability: float
    removal: Floats
    share: Floats


def removal_effect(
    paths: Sequence[Sequence[Hashable]], converted: ArrayLike, weight: ArrayLike | None = None
) -> RemovalEffect:
    """The removal effect of every channel, all from one inverse of the chain's transitions (exact, no sampling).

    Args:
        paths: the channels of each path, from the first to the last; a channel may come again. Text is refused: it
            would be a path of letters.
        converted: whether each path succeeded; shape (paths,).
        weight: how often each path was found, above 0; 1 each where it is left out; shape (paths,).

    Raises:
        ValueError: if the lengths differ, a path has no channel or is text, or a weight is not above 0 and finite.

    >>> found = removal_effect([["G"], ["G"], ["M"], ["G", "M"], ["G"]], [True, True, True, True, False])
    >>> found.channel, round(found.probability, 12), found.removal.round(12).tolist(), found.share.round(12).tolist()
    (('G', 'M'), 0.8, [0.75, 0.5], [0.6, 0.4])
    """
    succeeded, times = _check(paths, converted, weight)
    channels = tuple(dict.fromkeys(channel for path in paths for channel in path))
    place = {channel: k for k, channel in enumerate(channels)}
    n = len(channels)
    moves = np.zeros((n + 1, n + 2))  # from each channel and, last, the start: to the channels, to success, to nothing
    for path, good, count in zip(paths, succeeded.tolist(), times.tolist(), strict=True):
        at = n
        for channel in path:
            moves[at, place[channel]] += count
            at = place[channel]
        moves[at, n if good else n + 1] += count
    moves /= moves.sum(axis=1, keepdims=True) if n else 1.0
    # How often the chain is at each channel, when it begins at each channel.
    visits = np.linalg.inv(np.eye(n) - moves[:n, :n])
    success = visits @ moves[:n, n]
    visited = moves[n, :n] @ visits
    probability = float(moves[n, :n] @ success)
    # Without a channel all is lost that ever comes there and would have succeeded from there on.
    lost = visited / np.diag(visits) * success
    removal = lost / probability if probability > 0.0 else np.zeros(n)
    total = float(removal.sum())
    return RemovalEffect(channels, probability, removal, removal / total if total > 0.0 else np.zeros(n))


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
