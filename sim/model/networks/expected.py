"""How many ties a network has, expected before it is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.networks.files import count_in_file
from sim.model.networks.links import rows_named
from sim.scenario.groups import person_ranges
from sim.scenario.networks import block_chances, group_sizes
from sim.scenario.scenario import Scenario


def count_ties(scenario: Scenario, n: int) -> int:
    """How many ties a scenario of n persons has, on average over the luck; of a file, a guess by its size."""
    people = person_ranges(scenario)
    network = scenario.world.network
    count = count_in_file(scenario.folder, network) if network.kind == "file" else _mean_ties(network, n)
    added: list[Any] = [deed for deed in scenario.interventions if deed.kind == "tie"]
    for tie in [*scenario.ties, *added]:
        sizes = [len(rows_named(people, name)) for name in (tie.source, tie.target)]
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
    (low, high), slope = degrees.bounds(n), degrees.exponent - 1.0
    ends = np.unique(np.geomspace(low, high + 1.0, 100_001).astype(np.int64))  # of classes of degrees, for long tails
    more = ((ends / low) ** -slope - ((high + 1.0) / low) ** -slope) / (1.0 - ((high + 1.0) / low) ** -slope)
    middle = (ends[:-1] + ends[1:] - 1) / 2.0
    return float(np.sum(middle * (more[:-1] - more[1:])))
