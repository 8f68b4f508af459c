"""The removal effect against worked examples, and against the chain with the channel taken out."""

import itertools
import math
from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from sim.accounts.removal import removal_effect
from tests import cases


@pytest.mark.parametrize(("paths", "converted", "chance", "removal", "share"), [
    (["G", "G", "M", "G M", "G"], [True, True, True, True, False], 0.8, [0.75, 0.5], [0.6, 0.4]),
    (["c1 c2 c3", "c1", "c2 c3"], [True, False, False], 1 / 3, [0.5, 1.0, 1.0], [0.2, 0.4, 0.4]),
])  # fmt: skip
def test_worked_examples(paths: Any, converted: Any, chance: float, removal: Any, share: Any) -> None:
    found = removal_effect([path.split() for path in paths], converted)
    assert found.channel == tuple(sorted({channel for path in paths for channel in path.split()}))
    assert found.probability == pytest.approx(chance, abs=1e-12)
    assert found.removal.tolist() == pytest.approx(removal, abs=1e-12)
    assert found.share.tolist() == pytest.approx(share, abs=1e-12)


def success_of(paths: list[list[int]], converted: list[bool], times: list[int], removed: int | None) -> Fraction:
    """The chance of success by the chain, one channel being nothing; Gaussian elimination of the channels by hand."""
    moves: dict[Any, Counter[Any]] = defaultdict(Counter)
    for path, good, count in zip(paths, converted, times, strict=True):
        for one, other in itertools.pairwise(["start", *path, "success" if good else "nothing"]):
            moves[one][other] += count
    chain: dict[Any, Any] = {one: {o: Fraction(n, row.total()) for o, n in row.items()} for one, row in moves.items()}
    if removed is not None:
        chain[removed] = {"nothing": Fraction(1)}
    for channel in [one for one in chain if one != "start"]:
        gone = chain.pop(channel)
        again = gone.pop(channel, 0)
        for row in chain.values():
            passed = row.pop(channel, 0)
            row |= {other: row.get(other, 0) + passed * chance / (1 - again) for other, chance in gone.items()}
    return chain.get("start", {}).get("success", Fraction(0))


rows_of_paths = st.tuples(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.booleans(), st.integers(1, 3))


@cases(60, st.lists(rows_of_paths, max_size=6))
def test_equals_the_chain_without_the_channel(rows: list[tuple[list[int], bool, int]]) -> None:
    paths, converted, times = ([row[k] for row in rows] for k in range(3))
    found = removal_effect(paths, converted, times)
    whole = success_of(paths, converted, times, None)
    assert found.probability == pytest.approx(float(whole), abs=1e-12)
    assert {*found.channel} == {channel for path in paths for channel in path}
    lost = [whole - success_of(paths, converted, times, channel) for channel in found.channel]
    assert found.removal.tolist() == pytest.approx([float(x / whole) if whole else 0.0 for x in lost], abs=1e-11)
    total = sum(lost)
    assert found.share.tolist() == pytest.approx([float(x / total) if total else 0.0 for x in lost], abs=1e-11)


@pytest.mark.parametrize(("arguments", "message"), [
    (([[1]], [True, False]), r"converted: must be 1 values, one a path, has shape \(2,\)"),
    (([[1], []], [True, False]), "path 1 has no channel"),
    ((["GM"], [True]), "path 0 is the text 'GM'"),
    *((([[1]], [True], [times]), f"must be above 0 and finite, is {times} for path 0") for times in (0.0, math.nan)),
    (([[1]], [True], np.ones(3)), r"weight: must be 1 values"),
])  # fmt: skip
def test_wrong_input_is_told(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        removal_effect(*arguments)
