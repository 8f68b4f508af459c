"""The expected number of ties of a network, before it is made."""

from __future__ import annotations

from typing import Any

from sim.model.networks.files import count_in_file
from sim.model.networks.links import rows_named
from sim.scenario.groups import person_ranges
from sim.scenario.scenario import Scenario


def count_ties(scenario: Scenario, n: int) -> int:
    """Return the mean number of ties of a scenario of n persons over the seeds; for a file, a guess by its size."""
    people = person_ranges(scenario)
    network = scenario.world.network
    count = count_in_file(scenario.folder, network) if network.kind == "file" else network.mean_ties(n)
    added: list[Any] = [entry for entry in scenario.interventions if entry.kind == "tie"]
    for tie in [*scenario.ties, *added]:
        sizes = [len(rows_named(people, name)) for name in (tie.source, tie.target)]
        each = getattr(tie, "pairing", "all") == "each"
        count += (max(sizes) if each else sizes[0] * sizes[1]) * (2 if tie.both_ways else 1)
    return round(count)
