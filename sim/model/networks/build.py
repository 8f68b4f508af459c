"""Ties as columns: generated, read from a file, or named one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.model.networks.files import from_file
from sim.model.networks.generators import make
from sim.model.networks.links import Links, alike, between, joined, linked, rows_named
from sim.model.networks.merge import Network, merged, rows_of
from sim.model.networks.ties import Ties
from sim.model.rules import NEVER
from sim.scenario.groups import person_ranges
from sim.scenario.networks import NoNetwork
from sim.scenario.scenario import Scenario
from sim.tape.tables import Persons

SEEDLESS = ("none", "complete", "star", "chain")
# The scenario whose ties were made last, its named ties as links, and all its ties if they are seedless.
_latest: list[tuple[Scenario | None, list[Links], Ties | None]] = [(None, [], None)]


def ties(scenario: Scenario, seed: int, persons: Persons, n: int, threads: int | None = None) -> Ties:
    """Return the ties of a scenario: its network, then the named ones, then what interventions add and cut.

    If a tie is given twice, the later one counts. The number of threads plays no part. Raise a ScenarioError if the
    network file cannot be used.
    """
    latest, links, made = _latest[0]
    if latest is not scenario:
        people, made = person_ranges(scenario), None
        links = [
            linked(people, tie, tie.pairing, tie.weight, tie.start, NEVER if tie.end is None else tie.end)
            for tie in scenario.ties
        ]
        _latest[0] = (scenario, links, None)
    if made is None:
        made = _ties(scenario, links, seed, n, threads)
        if scenario.world.network.kind in SEEDLESS:
            _latest[0] = (scenario, links, made)
    return made


def _ties(scenario: Scenario, named: list[Links], seed: int, n: int, threads: int | None) -> Ties:
    given = scenario.world.network
    links = [between(range(0), range(0), "all", 1.0, 0, NEVER)]
    if given.kind == "file":
        links = [from_file(scenario, given)]
        given = NoNetwork()
    rows = make.make(given, n, seed, threads)
    network = Network(*rows, weight=given.weight, mutual=given.kind == "complete" or given.both_ways)
    people = person_ranges(scenario)
    links += named
    for entry in sorted(scenario.interventions, key=lambda entry: entry.step):
        if entry.kind == "tie":
            links.append(linked(people, entry, "all", entry.weight, entry.step, NEVER))
        elif entry.kind == "cut":
            links = [_cut(people, entry, network, joined(links))]
    return _together(network, joined(links), n)


def _cut(people: dict[str, range], entry: Any, network: Network, links: Links) -> Links:
    """End ties of the network and of links at the step of an intervention."""
    source, target = rows_named(people, entry.source), rows_named(people, entry.target)
    for i, j in [(source, target), (target, source)] if entry.both_ways else [(source, target)]:
        network.cut(i, j, entry.step)
        links = links.cut(i, j, entry.step)
    return links


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
