"""Who can tell whom: ties as columns, generated, read from a file, or named one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sim import networks_make
from sim.networks_files import count_in_file, from_file
from sim.networks_links import Links, alike, between, is_alike, joined
from sim.networks_merge import Network, Ties, merged, rows_of
from sim.rules import NEVER
from sim.scenario import Scenario
from sim.scenario_networks import NoNetwork, block_chances, group_sizes
from sim.scenario_references import find, person_ranges
from sim.tape import Persons

__all__ = ["Neighbours", "Ties", "count_ties", "pairs", "reversed_ties", "ties"]


def ties(scenario: Scenario, seed: int, persons: Persons, n: int, threads: int | None = None) -> Ties:
    """The ties of a scenario: its network, then the named ones, then what interventions add and cut.

    Where the same tie is given twice, the later one counts. The result does not depend on the number of threads.

    Raises:
        ScenarioError: if the network file cannot be used.
    """
    given = scenario.world.network
    links = [between(range(0), range(0), "all", 1.0, 0, NEVER)]
    if given.kind == "file":
        links = [from_file(scenario, given)]
        given = NoNetwork()
    kind, parameters = networks_make.described(given, n)
    rows = networks_make.make(kind, n, parameters, seed, _mean_ties(given, n), threads)
    mutual = given.kind in ("none", "complete") or bool(parameters[0] == 1.0)
    network = Network(*rows, weight=1.0 if given.kind == "none" else given.weight, mutual=mutual)
    people = person_ranges(scenario)
    for tie in scenario.ties:
        end = NEVER if tie.end is None else tie.end
        links.append(_linked(people, tie, tie.pairing, tie.weight, tie.start, end))
    for deed in sorted(scenario.interventions, key=lambda deed: deed.step):
        if deed.kind == "tie":
            links.append(_linked(people, deed, "all", deed.weight, deed.step, NEVER))
        elif deed.kind == "cut":
            links = [_cut(people, deed, network, joined(links))]
    return _together(network, joined(links), n)


def _cut(people: dict[str, range], deed: Any, network: Network, links: Links) -> Links:
    """End ties of the network and of links at the step of an intervention."""
    source, target = _rows(people, deed.source), _rows(people, deed.target)
    for i, j in [(source, target), (target, source)] if deed.both_ways else [(source, target)]:
        network.cut(i, j, deed.step)
        links = links.cut(i, j, deed.step)
    return links


def _rows(people: dict[str, range], name: str) -> range:
    return find(people, name) or range(0)


def _together(network: Network, links: Links, n: int) -> Ties:
    count = len(network.target)
    if not count:
        return rows_of(links, n)
    if len(links.source) or network.cuts:
        return merged(network, links)
    return Ties(
        network.indptr, network.target, alike(network.weight, count, np.float64), alike(0, count, np.int64),
        alike(NEVER, count, np.int64), mutual=network.mutual,
    )  # fmt: skip


def _linked(people: dict[str, range], entry: Any, pairing: str, weight: float, start: int, end: int) -> Links:
    links = between(_rows(people, entry.source), _rows(people, entry.target), pairing, weight, start, end)
    return links.both_ways() if entry.both_ways else links


def count_ties(scenario: Scenario, n: int) -> int:
    """How many ties a scenario of n persons has, on average over the luck; of a file, a guess by its size."""
    people = person_ranges(scenario)
    network = scenario.world.network
    count = count_in_file(scenario.folder, network) if network.kind == "file" else _mean_ties(network, n)
    added: list[Any] = [deed for deed in scenario.interventions if deed.kind == "tie"]
    for tie in [*scenario.ties, *added]:
        sizes = [len(_rows(people, name)) for name in (tie.source, tie.target)]
        each = getattr(tie, "pairing", "all") == "each"
        count += (max(sizes) if each else sizes[0] * sizes[1]) * (2 if tie.both_ways else 1)
    return round(count)


def _mean_ties(network: Any, n: int) -> float:
    """How many ties a network that is no file has, on average over the luck."""
    ways = 2 if network.kind != "none" and network.both_ways else 1
    match network.kind:
        case "complete":
            return n * (n - 1.0)
        case "erdos-renyi":
            return n * float(network.degree)
        case "star" | "chain":
            return ways * (n - 1.0)
        case "barabasi-albert":
            return float(ways * network.links * (n - network.links))
        case "watts-strogatz":
            return float(ways * n * (network.neighbours // 2))
        case "configuration":
            return ways * n * _mean_degree(network.degrees, n) / 2.0
        case "stochastic-block":
            sizes, chances = group_sizes(network.sizes, n), block_chances(network, n)
            pairs = [(g, h) for g in range(len(sizes)) for h in range(len(sizes))]
            return float(sum(chances[g][h] * sizes[g] * (sizes[h] - (g == h)) for g, h in pairs))
    return 0.0


def _mean_degree(degrees: Any, n: int) -> float:
    """The mean of a law of degrees."""
    if isinstance(degrees, list):
        return float(sum(degrees)) / n
    if isinstance(degrees, int):
        return float(degrees)
    if degrees.kind == "poisson":
        return float(degrees.mean)
    low, high, slope = float(degrees.low), float(degrees.high or n - 1), degrees.exponent - 1.0
    ends = np.unique(np.geomspace(low, high + 1.0, 100_001).astype(np.int64))  # of classes of degrees, for long tails
    more = ((ends / low) ** -slope - ((high + 1.0) / low) ** -slope) / (1.0 - ((high + 1.0) / low) ** -slope)
    middle = (ends[:-1] + ends[1:] - 1) / 2.0
    return float(np.sum(middle * (more[:-1] - more[1:])))


def pairs(left: Sequence[int], right: Sequence[int], pairing: str) -> Iterator[tuple[int, int]]:
    """Everyone with everyone ('all'), or the first with the first and so on ('each'; the shorter side repeats)."""
    if pairing == "all":
        return ((i, j) for i in left for j in right)
    count = max(len(left), len(right)) if left and right else 0
    return ((left[m % len(left)], right[m % len(right)]) for m in range(count))


class Neighbours:
    """The ties of single persons in the step of now, as lists, for engines that ask person by person."""

    def __init__(self, ties: Ties) -> None:
        self.ties = ties
        self.fixed = ties.lasting
        self.now = 0
        self.lists: dict[tuple[int, bool], list[tuple[int, float]]] = {}

    def turn_to(self, now: int) -> None:
        """Another step has come."""
        self.now = now
        if not self.fixed:
            self.lists.clear()

    def told_by(self, person: int) -> list[tuple[int, float]]:
        """Whom a person can tell, in the order of their numbers, with the weights of the ties."""
        return self._list(person, self.ties, back=False)

    def tellers_of(self, person: int) -> list[tuple[int, float]]:
        """Who can tell a person, in the order of their numbers, with the weights of the ties."""
        return self._list(person, self.reversed, back=True)

    @cached_property
    def reversed(self) -> Ties:
        """The ties by whom they lead to."""
        return reversed_ties(self.ties)

    def _list(self, person: int, ties: Ties, back: bool) -> list[tuple[int, float]]:
        if (person, back) not in self.lists:
            rows = slice(int(ties.indptr[person]), int(ties.indptr[person + 1]))
            there = (ties.start[rows] <= self.now) & (self.now < ties.end[rows])
            found = zip(ties.target[rows][there].tolist(), ties.weight[rows][there].tolist(), strict=True)
            self.lists[person, back] = list(found)
        return self.lists[person, back]


def reversed_ties(ties: Ties) -> Ties:
    """The same ties by the person they lead to: the ties of row j lead from those who can tell j."""
    if ties.mutual:
        return ties
    n = len(ties.indptr) - 1
    columns: list[Any] = [ties.weight, ties.start, ties.end]
    if len(ties.target) <= networks_make.WORTH_COMPILING:
        order = np.argsort(ties.target, kind="stable")
        source = np.repeat(np.arange(n, dtype=np.int32), np.diff(ties.indptr))[order]
        indptr = np.searchsorted(ties.target[order], np.arange(n + 1)).astype(np.int64)
    else:
        indptr, source = networks_make.code().turned(n, ties.indptr, ties.target)
        order = np.empty(0, np.int64)
        if not all(is_alike(column) for column in columns):
            order = networks_make.code().order_of_turned(n, ties.target)
    weight, start, end = (column if is_alike(column) else column[order] for column in columns)
    return Ties(indptr, source, weight, start, end)
