"""Who can tell whom: ties as columns, generated, read from a file, or named one by one."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.randomness import NETWORK, log, uniform
from sim.rules import NEVER, log_of_one_minus
from sim.scenario import Scenario
from sim.scenario_errors import ScenarioError
from sim.scenario_references import find, person_ranges
from sim.tape import Floats, Ints, Persons

Row = tuple[int, int, float, int, int]  # source, target, weight, start, end


@dataclass(frozen=True, eq=False)
class Ties:
    """Directed ties in compressed rows, sorted by source and target.

    Attributes:
        indptr: int64, shape (n + 1,): the ties of person i are rows indptr[i] to indptr[i + 1].
        target: int32, shape (ties,): who can be told.
        weight: float64 in (0, 1]; start, end: int64, the tie is there in the steps start <= step < end.
    """

    indptr: Ints
    target: NDArray[np.int32]
    weight: Floats
    start: Ints
    end: Ints


def ties(scenario: Scenario, seed: int, persons: Persons, n: int) -> Ties:
    """The ties of a scenario: its network, then the named ones, then what interventions add and cut.

    Where the same tie is given twice, the later one counts.

    Raises:
        ScenarioError: if the network file cannot be used.
    """
    network = scenario.world.network
    if network.kind == "file":
        edges: Iterator[Row] | list[Row] = _from_file(scenario, network.path, persons, n)
        edges = [(i, j, w * network.weight, a, b) for i, j, w, a, b in edges]
    else:
        edges = (
            [(i, j, network.weight, 0, NEVER) for i, j in _generate(network, seed, n)] if network.kind != "none" else []
        )
    rows = _both_ways(edges) if network.kind != "none" and network.both_ways else list(edges)
    people = person_ranges(scenario)
    for tie in scenario.ties:
        end = NEVER if tie.end is None else tie.end
        linked = [(i, j, tie.weight, tie.start, end) for i, j in _between(people, tie, tie.pairing)]
        rows += _both_ways(linked) if tie.both_ways else linked
    for deed in sorted(scenario.interventions, key=lambda deed: deed.step):
        if deed.kind == "tie":
            added = [(i, j, deed.weight, deed.step, NEVER) for i, j in _between(people, deed)]
            rows += _both_ways(added) if deed.both_ways else added
        elif deed.kind == "cut":
            cut = set(_between(people, deed))
            cut |= {(j, i) for i, j in cut} if deed.both_ways else set()
            rows = [
                (i, j, w, a, min(b, deed.step) if (i, j) in cut and a <= deed.step else b) for i, j, w, a, b in rows
            ]
    return _compress(rows, n)


def count_ties(scenario: Scenario, n: int) -> int:
    """How many ties a scenario of n persons has, on average over the luck; of a file, a guess by its size."""
    people = person_ranges(scenario)
    count = _mean_ties(scenario.world.network, scenario.folder, n)
    added: list[Any] = [deed for deed in scenario.interventions if deed.kind == "tie"]
    for tie in [*scenario.ties, *added]:
        sizes = [len(find(people, name) or ()) for name in (tie.source, tie.target)]
        each = getattr(tie, "pairing", "all") == "each"
        count += (max(sizes) if each else sizes[0] * sizes[1]) * (2 if tie.both_ways else 1)
    return round(count)


def _mean_ties(network: Any, folder: Path, n: int) -> float:
    ways = 2 if network.kind != "none" and network.both_ways else 1
    match network.kind:
        case "complete":
            return n * (n - 1.0)
        case "erdos-renyi":
            return n * float(network.degree)
        case "star" | "chain":
            return ways * (n - 1.0)
        case "barabasi-albert":
            return ways * n * float(network.links)
        case "watts-strogatz":
            return ways * n * float(network.neighbours) / 2.0
        case "file":
            return ways * float((folder / network.path).stat().st_size) / 12.0
    return 0.0


def pairs(left: Sequence[int], right: Sequence[int], pairing: str) -> Iterator[tuple[int, int]]:
    """Everyone with everyone ('all'), or the first with the first and so on ('each'; the shorter side repeats)."""
    if pairing == "all":
        return ((i, j) for i in left for j in right)
    count = max(len(left), len(right)) if left and right else 0
    return ((left[m % len(left)], right[m % len(right)]) for m in range(count))


def _between(people: dict[str, range], entry: Any, pairing: str = "all") -> Iterator[tuple[int, int]]:
    return pairs(tuple(find(people, entry.source) or ()), tuple(find(people, entry.target) or ()), pairing)


def _both_ways(rows: Sequence[Row]) -> list[Row]:
    return [*rows, *((j, i, w, a, b) for i, j, w, a, b in rows)]


def _compress(rows: Sequence[Row], n: int) -> Ties:
    pairs_of: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    for i, j, w, a, b in rows:
        if i != j and a < b:
            pairs_of[i, j] = [*_outside(pairs_of.get((i, j), ()), a, b), (a, b, w)]
    last = {(i, j, a, b): w for (i, j), windows in pairs_of.items() for a, b, w in windows}
    order = sorted(last)
    source = np.array([key[0] for key in order], np.int64)
    return Ties(
        indptr=np.searchsorted(source, np.arange(n + 1)).astype(np.int64),
        target=np.array([key[1] for key in order], np.int32),
        weight=np.array([last[key] for key in order], np.float64),
        start=np.array([key[2] for key in order], np.int64),
        end=np.array([key[3] for key in order], np.int64),
    )


def _outside(windows: Sequence[tuple[int, int, float]], start: int, end: int) -> Iterator[tuple[int, int, float]]:
    """What of the windows lies outside of another one, which counts in their place."""
    for a, b, w in windows:
        if a < min(b, start):
            yield a, min(b, start), w
        if max(a, end) < b:
            yield max(a, end), b, w


def _generate(network: Any, seed: int, n: int) -> Iterator[tuple[int, int]]:
    match network.kind:
        case "complete":
            return ((i, j) for i in range(n) for j in range(i + 1 if network.both_ways else 0, n))
        case "star":
            return ((0, j) for j in range(1, n))
        case "chain":
            return ((i, i + 1) for i in range(n - 1))
        case "erdos-renyi":
            return erdos_renyi(n, network.degree, seed, directed=not network.both_ways)
        case "barabasi-albert":
            return barabasi_albert(n, network.links, seed)
    return watts_strogatz(n, network.neighbours, network.rewire, seed)


def erdos_renyi(n: int, degree: float, seed: int, directed: bool = False) -> Iterator[tuple[int, int]]:
    """Every pair with the same chance degree / (n - 1), by skipping over the pairs that are not tied.

    The work is proportional to the ties (Batagelj and Brandes 2005).
    """
    chance = degree / (n - 1) if n > 1 else 0.0
    if chance <= 0.0:
        return
    rate = -log_of_one_minus(chance) if chance < 1.0 else math.inf
    i, j, m = 0, 0 if directed else 1, 0
    while True:
        j += int(min(-log(1.0 - uniform(seed, NETWORK, 0, m & 0xFFFFFFFF, 0, m >> 32)) / rate, 2.0**62))
        m += 1
        while j >= n and i < n:
            i += 1
            j = j - n if directed else j - n + i + 1
        if i >= n:
            return
        if i != j:
            yield i, j
        j += 1


def barabasi_albert(n: int, links: int, seed: int) -> Iterator[tuple[int, int]]:
    """Newcomers tie to `links` different persons before them, chosen in proportion to their ties (from a star on)."""
    ends: list[int] = []
    for j in range(1, links + 1):
        ends += (0, j)
        yield 0, j
    for i in range(links + 1, n):
        chosen: dict[int, None] = {}
        attempt = 0
        while len(chosen) < links:
            u = uniform(seed, NETWORK, 1, i, 0, attempt)
            chosen[ends[int(u * len(ends))]] = None
            attempt += 1
        for j in chosen:
            ends += (i, j)
            yield i, j


def watts_strogatz(n: int, neighbours: int, rewire: float, seed: int) -> Iterator[tuple[int, int]]:
    """A ring of nearest neighbours; each tie keeps its first end and, with probability `rewire`, gets a new second."""
    tied = [set[int]() for _ in range(n)]
    ring = [(i, (i + d) % n) for d in range(1, neighbours // 2 + 1) for i in range(n)]
    for i, j in ring:
        tied[i].add(j)
        tied[j].add(i)
    for m, (i, old) in enumerate(ring):
        j = old
        if uniform(seed, NETWORK, 2, i, 0, m) < rewire and len(tied[i]) < n - 1:
            attempt = 0
            while j in tied[i] or j == i:
                j = int(uniform(seed, NETWORK, 3 + attempt, i, 0, m) * n)
                attempt += 1
            tied[i].discard(old)
            tied[old].discard(i)
            tied[i].add(j)
            tied[j].add(i)
        yield i, j


def _from_file(scenario: Scenario, name: str, persons: Persons, n: int) -> list[Row]:
    """Ties by label: the labels that name a person are those persons, all others the population in their order."""
    path = scenario.folder / name
    read: Callable[[Path], Iterator[tuple[str, str, float, int, int]]] = (
        _read_csv if path.suffix == ".csv" else _read_graph
    )
    numbers = {persons.name_of(i): i for i in range(n - scenario.population.count)}
    free = iter(range(n - scenario.population.count, n))
    rows = []
    for source, target, weight, start, end in read(path):
        for label in (source, target):
            if label not in numbers:
                number = next(free, None)
                if number is None:
                    raise ScenarioError(
                        f"'{label}' is a person too many: population.count is {scenario.population.count}", str(path)
                    )
                numbers[label] = number
        rows.append((numbers[source], numbers[target], weight, start, end))
    return rows


def _read_csv(path: Path) -> Iterator[tuple[str, str, float, int, int]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, skipinitialspace=True)
        try:
            if not {"source", "target"} <= set(reader.fieldnames or ()):
                raise ScenarioError("the header must have source and target; allowed: weight, start, end", str(path), 1)
            for row in reader:
                yield _tie(path, reader.line_num, row["source"], row["target"], row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ScenarioError(f"cannot be read: {error}", str(path)) from None


def _read_graph(path: Path) -> Iterator[tuple[str, str, float, int, int]]:
    import networkx as nx

    try:
        graph = nx.read_graphml(path) if path.suffix == ".graphml" else nx.read_gexf(path)
    except Exception as error:  # the readers of networkx raise whatever their XML parser meets
        raise ScenarioError(f"cannot be read as {path.suffix[1:]}: {error}", str(path)) from None
    for source, target, attributes in graph.edges(data=True):
        yield _tie(path, None, str(source), str(target), attributes)
        if not graph.is_directed():
            yield _tie(path, None, str(target), str(source), attributes)


def _tie(path: Path, line: int | None, source: Any, target: Any, row: Any) -> tuple[str, str, float, int, int]:
    try:
        given = {key: value for key, value in row.items() if value not in (None, "")}
        weight = float(given.get("weight", 1.0))
        start, end = int(given.get("start", 0)), int(given.get("end", NEVER))
    except (TypeError, ValueError, OverflowError):
        raise ScenarioError("weight must be a number, start and end whole numbers", str(path), line) from None
    if not source or not target:
        raise ScenarioError("source or target is empty", str(path), line)
    if not 0.0 < weight <= 1.0:
        raise ScenarioError(f"weight must be above 0 and at most 1, is {weight:g}", str(path), line)
    return source, target, weight, start, end


class Neighbours:
    """The ties of single persons in the step of now, as lists, for engines that ask person by person."""

    def __init__(self, ties: Ties) -> None:
        self.ties = ties
        self.fixed = not len(ties.target) or bool(ties.start.max() == 0 and ties.end.min() == NEVER)
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
    n = len(ties.indptr) - 1
    source = np.repeat(np.arange(n), np.diff(ties.indptr))
    order = np.lexsort((source, ties.target))
    return Ties(
        indptr=np.searchsorted(ties.target[order], np.arange(n + 1)).astype(np.int64),
        target=source[order].astype(np.int32),
        weight=ties.weight[order],
        start=ties.start[order],
        end=ties.end[order],
    )
