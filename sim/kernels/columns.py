"""The columns of a run, made from a world."""

from __future__ import annotations

import numpy as np

from sim.kernels.loops import Columns
from sim.networks import reversed_ties
from sim.tape import Ints
from sim.world import World


def columns_of(world: World) -> Columns:
    """The state of a world before its first step."""
    ties, back, ideas, n = world.ties, reversed_ties(world.ties), world.ideas, world.n
    keys = n * len(ideas.name)
    luck = world.seed - 2**64 if world.seed >= 2**63 else world.seed
    persons = {name: getattr(world, name).copy() for name in
               ("creativity", "reach", "skill", "clarity", "understanding", "threshold", "keeps", "alive")}  # fmt: skip
    return Columns(
        luck=luck, n=n, size=world.size, **persons,
        indptr=ties.indptr, target=ties.target, weight=ties.weight, start=ties.start, end=ties.end,
        back_indptr=back.indptr, back_source=back.target, back_weight=back.weight,
        back_start=back.start, back_end=back.end,
        idea_clarity=ideas.clarity.copy(), difficulty=ideas.difficulty.copy(), idea_rate=ideas.discovery_rate.copy(),
        prerequisites=_rows(ideas.prerequisites), rivals=_rows(ideas.rivals),
        works=np.zeros(len(ideas.name), np.bool_), rates=np.zeros(4),
        bits=np.zeros(keys, np.uint8), event=np.full(keys, -1, np.int64),
        since=np.zeros(keys, np.int32), until=np.zeros(keys, np.int32),
    )  # fmt: skip


def copied(c: Columns) -> Columns:
    """The columns with the parameters, which may be set, as they are now."""
    return c._replace(**{name: getattr(c, name).copy() for name in ("idea_rate", "difficulty", "works", "rates")})


def _rows(lists: tuple[tuple[int, ...], ...]) -> tuple[Ints, Ints]:
    begin = np.cumsum([0, *(len(row) for row in lists)])
    return begin.astype(np.int64), np.array([item for row in lists for item in row], np.int64)
