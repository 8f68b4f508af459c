"""Named ties, ties of interventions and files over a network, against a slow twin that takes them one by one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import World
from sim.model.networks import links as links_module
from sim.model.networks import merge
from sim.model.networks.generators import make
from sim.model.networks.links import Links, alike, is_alike, settled
from sim.model.networks.ties import Neighbours, Ties, reversed_ties
from sim.model.rules import NEVER
from tests import cases, naive_ties
from tests.model.networks import rows, world

NETWORKS: list[dict[str, Any]] = [
    {"kind": "none"},
    {"kind": "complete", "weight": 0.5},
    {"kind": "complete", "both_ways": False},
    {"kind": "star", "both_ways": False, "weight": 0.25},
    {"kind": "chain"},
    {"kind": "erdos-renyi", "degree": 3.0},
    {"kind": "barabasi-albert", "links": 2, "both_ways": False},
]
NAMES = ("A", "B", "C", "group", "group 2", "population", "everyone")
PERSONS = [{"name": "A"}, {"name": "B"}, {"name": "group", "count": 3}, {"name": "C"}]


def build(network: dict[str, Any], ties: list[dict[str, Any]], deeds: list[dict[str, Any]]) -> World:
    return world(network, 3, seed=3, persons=PERSONS, ties=ties, interventions=deeds)


names, weights = st.sampled_from(NAMES), st.sampled_from([0.25, 0.5, 1.0])
tie = {"from": names, "to": names, "weight": weights, "start": st.integers(0, 6)}
extra = {"both_ways": st.booleans(), "end": st.integers(7, 12), "pairing": st.sampled_from(["all", "each"])}
named = st.fixed_dictionaries(tie, optional=extra)
deed = {"step": st.integers(1, 8), "from": names, "to": names, "both_ways": st.booleans()}
cut, added = (st.fixed_dictionaries(deed | {"kind": st.just(kind)}) for kind in ("cut", "tie"))
deeds = cut | st.builds(lambda deed, weight: deed | {"weight": weight}, added, weights)


@cases(300, st.sampled_from(NETWORKS), st.lists(named, max_size=4), st.lists(deeds, max_size=5))
def test_ties_are_those_that_one_by_one_come_out(network, ties, deeds):
    bare, made = build(network, [], []), build(network, ties, deeds)
    expected = naive_ties.ties_of(made.scenario, rows(bare.ties))
    assert rows(made.ties) == expected
    assert [column.dtype for column in (made.ties.indptr, made.ties.start, made.ties.end)] == [np.int64] * 3
    assert (made.ties.target.dtype, made.ties.weight.dtype) == (np.int32, np.float64)
    back = reversed_ties(made.ties)
    assert sorted((i, j, w, a, b) for j, i, w, a, b in rows(back)) == sorted(expected)
    assert rows(back) == sorted(rows(back), key=lambda row: (row[:2], row[3]))


windows = st.tuples(st.integers(0, 2), st.integers(0, 2), weights, st.integers(0, 6), st.integers(0, 9))


@given(st.lists(windows, max_size=12), st.booleans())
def test_links_settle_as_one_by_one_they_do(given_rows, by_compiled_code):
    kinds = (np.int64, np.int64, np.float64, np.int64, np.int64)
    columns = zip(*given_rows, strict=True) if given_rows else ((), (), (), (), ())
    links = Links(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))
    with pytest.MonkeyPatch.context() as patched:
        if by_compiled_code:
            patched.setattr(links_module, "SORTED_BY_NUMPY", -1)
        found = settled(links, 3)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == naive_ties.settled(given_rows)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_links_that_differ_by_whom_they_tie_alone_become_rows_by_compiled_code_alike(pairs):
    count = len(pairs)
    source, target = (np.array(column, np.int32) for column in zip(*pairs, strict=True))
    links = Links(source, target, alike(0.5, count, float), alike(2, count, np.int64), alike(7, count, np.int64))
    slow = rows(merge.rows_of(links, 5))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(merge, "WORTH_COMPILING", 0)
        fast = merge.rows_of(links, 5)
    assert rows(fast) == slow == naive_ties.settled([(i, j, 0.5, 2, 7) for i, j in pairs])
    assert (fast.indptr.dtype, fast.target.dtype) == (np.int64, np.int32)


def test_ties_that_are_alike_take_no_memory():
    plain = build({"kind": "chain", "weight": 0.5}, [], []).ties
    same = build({"kind": "chain", "weight": 0.5}, [{"from": "A", "to": "C", "weight": 0.5}], []).ties
    other = build({"kind": "chain"}, [{"from": "A", "to": "C", "weight": 0.5, "end": 4}], []).ties
    cut = build({"kind": "chain"}, [], [{"step": 2, "kind": "cut", "from": "A", "to": "B"}]).ties
    found = [[is_alike(column) for column in (ties.weight, ties.start, ties.end)] for ties in (plain, same, other, cut)]
    assert found == [[True] * 3, [True] * 3, [False, True, False], [True, True, False]]
    assert [ties.mutual for ties in (plain, same)] == [True, False]
    assert [ties.lasting for ties in (plain, other)] == [True, False]
    assert not any(column.flags.writeable for column in (plain.weight, plain.start, plain.end))
    assert sorted(set(cut.end.tolist())) == [2, NEVER]


def test_a_mutual_network_is_its_own_reverse():
    mutual = build({"kind": "erdos-renyi", "degree": 3.0}, [], []).ties
    one_way = build({"kind": "erdos-renyi", "degree": 3.0, "both_ways": False}, [], []).ties
    assert reversed_ties(mutual) is mutual
    assert sorted((j, i) for i, j, *_ in rows(mutual)) == [(i, j) for i, j, *_ in rows(mutual)]
    assert reversed_ties(one_way) is not one_way
    assert not one_way.mutual


def test_ties_are_turned_around_by_compiled_code_alike(monkeypatch):
    ties = [{"from": "everyone", "to": "group", "weight": 0.5}]
    for network in NETWORKS[:6]:
        for made in (build(network, [], []).ties, build(network, ties, []).ties):
            one_way = Ties(made.indptr, made.target, made.weight, made.start, made.end)
            slow = rows(reversed_ties(one_way))
            monkeypatch.setattr(make, "WORTH_COMPILING", -1)
            assert rows(reversed_ties(one_way)) == slow
            monkeypatch.undo()


def test_neighbours_read_ties_that_are_alike():
    neighbours = Neighbours(build({"kind": "chain", "weight": 0.5}, [], []).ties)
    neighbours.turn_to(3)
    assert neighbours.fixed
    assert neighbours.told_by(1) == [(0, 0.5), (2, 0.5)] == neighbours.tellers_of(1)
