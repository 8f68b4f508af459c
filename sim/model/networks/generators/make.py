"""Networks as a scenario describes them: small ones made by plain Python, large ones by compiled code and threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from sim.machine.loops import compiled, for_size
from sim.machine.threads import processors
from sim.model.networks import csr
from sim.model.networks.csr import Rows
from sim.model.networks.generators import blocks
from sim.model.networks.generators.configuration import configuration
from sim.model.networks.generators.preferential_attachment import barabasi_albert
from sim.model.networks.generators.regular import chain, complete, no_ties, star
from sim.model.networks.generators.small_world import watts_strogatz
from sim.model.randomness import signed
from sim.tape.tables import Floats

WORTH_COMPILING = 200_000  # persons and ties together
PARTS = 16  # parts of the strips for each thread, so that none waits long for another
# Each takes n persons, its parameters, whether ties lead both ways, and the seed (in compiled code as int64), and
# returns indptr, int64, shape (n + 1,), and target, int32, shape (ties,), sorted in each row.
GENERATORS: dict[str, Callable[[int, Any, bool, int], Rows]] = {
    "none": no_ties,
    "complete": complete,
    "star": star,
    "chain": chain,
    "erdos-renyi": blocks.erdos_renyi,
    "barabasi-albert": barabasi_albert,
    "watts-strogatz": watts_strogatz,
    "configuration": configuration,
    "stochastic-block": blocks.stochastic_block,
}
GROUPS = {"erdos-renyi": blocks.one_group, "stochastic-block": blocks.groups_of}  # the kinds that threads can share


def law_of(network: Any, n: int) -> Floats:
    """Return the parameters of a network of n persons, as its generator takes them."""
    return np.array(network.parameters(n), np.float64)


def make(network: Any, n: int, seed: int, threads: int | None = None) -> Rows:
    """Make the network of n persons that a scenario describes, in the way that is fastest for its expected size.

    The seed, from 0 to 2**64 - 1, is that of all draws; the number of threads (None: as many as processors) plays no
    part.
    """
    loop, law = GENERATORS[network.kind], law_of(network, n)
    made = for_size(loop, n + round(network.mean_ties(n)), WORTH_COMPILING)
    if made is not loop and network.kind in GROUPS:
        return _in_strips(compiled(GROUPS[network.kind])(n, law), network.both_ways, signed(seed), threads)
    return made(n, law, network.both_ways, seed if made is loop else signed(seed))


def _in_strips(groups: tuple[Any, Any], both_ways: bool, seed: int, threads: int | None) -> Rows:
    """Make stochastic blocks by threads that take strips as they come, each writing only the rows of its strips."""
    bounds, chances = groups
    begin, group = compiled(blocks.strips_of)(bounds)
    if len(group) == 1:
        found: Rows = compiled(blocks.blocks)(bounds, chances, both_ways, seed)
        return found
    rates = compiled(blocks.rates_of)(chances)
    indptr = np.zeros(int(bounds[-1]) + 1, np.int64)
    target = np.empty(0, np.int32)
    workers = threads or processors()
    cuts = np.unique(np.linspace(0, len(group), PARTS * workers + 1).astype(np.int64))
    with ThreadPoolExecutor(workers) as pool:
        for fill in (False, True):
            if fill:
                target = np.empty(compiled(csr.add_up)(indptr), np.int32)
            if fill and not len(target):
                break
            walk = partial(
                compiled(blocks.tie_strips), begin=begin, group=group, rates=rates, both_ways=both_ways, seed=seed,
                indptr=indptr, target=target,
            )  # fmt: skip
            jobs = [pool.submit(walk, int(a), int(b)) for a, b in pairwise(cuts)]
            for job in jobs:
                job.result()
    return indptr, target
