"""A slow, obvious twin of how ties that are given several times, added and cut become rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from sim.model.networks.links import pairs
from sim.model.rules import NEVER
from sim.scenario.groups import find, person_ranges
from sim.scenario.scenario import Scenario

Row = tuple[int, int, float, int, int]  # source, target, weight, start, end


def ties_of(scenario: Scenario, network: Sequence[Row]) -> list[Row]:
    """The ties of a scenario as sorted rows, given those of its network, one by one."""
    rows = list(network)
    people = person_ranges(scenario)
    for tie in scenario.ties:
        end = NEVER if tie.end is None else tie.end
        rows += [(i, j, tie.weight, tie.start, end) for i, j in between(people, tie, tie.pairing)]
    for deed in sorted(scenario.interventions, key=lambda deed: deed.step):
        if deed.kind == "tie":
            rows += [(i, j, deed.weight, deed.step, NEVER) for i, j in between(people, deed)]
        elif deed.kind == "cut":
            cut = set(between(people, deed))
            rows = [
                (i, j, w, a, min(b, deed.step) if (i, j) in cut and a <= deed.step else b) for i, j, w, a, b in rows
            ]
    return settled(rows)


def between(people: dict[str, range], entry: Any, pairing: str = "all") -> list[tuple[int, int]]:
    """The pairs that an entry ties or cuts, both ways if it says so."""
    one_way = [*pairs(tuple(find(people, entry.source) or ()), tuple(find(people, entry.target) or ()), pairing)]
    return [*one_way, *((j, i) for i, j in one_way if entry.both_ways)]


def settled(rows: Sequence[Row]) -> list[Row]:
    """What counts of rows given in this order, sorted: where the same tie is given twice, the later one."""
    pairs_of: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    for i, j, w, a, b in rows:
        if i != j and a < b:
            pairs_of[i, j] = [*outside(pairs_of.get((i, j), ()), a, b), (a, b, w)]
    last = {(i, j, a, b): w for (i, j), windows in pairs_of.items() for a, b, w in windows}
    return [(i, j, last[i, j, a, b], a, b) for i, j, a, b in sorted(last)]


def outside(windows: Sequence[tuple[int, int, float]], start: int, end: int) -> Iterator[tuple[int, int, float]]:
    for a, b, w in windows:
        if a < min(b, start):
            yield a, min(b, start), w
        if max(a, end) < b:
            yield max(a, end), b, w
