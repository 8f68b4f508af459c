"""Networks as a scenario describes them: small ones by Python at once, large ones by compiled code and threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from sim.machine.loops import compiled
from sim.machine.threads import processors
from sim.model.networks import csr
from sim.model.networks.csr import Rows
from sim.model.networks.generators import blocks, generate, growth
from sim.model.networks.generators.generate import (
    BARABASI_ALBERT,
    CHAIN,
    COMPLETE,
    CONFIGURATION,
    ERDOS_RENYI,
    NONE,
    STAR,
    STOCHASTIC_BLOCK,
    WATTS_STROGATZ,
)
from sim.model.networks.generators.growth import FIXED, GIVEN, POISSON, POWER
from sim.scenario.networks import block_chances, group_sizes
from sim.tape.tables import Floats

WORTH_COMPILING = 200_000  # persons and ties together
KINDS = {"none": NONE, "complete": COMPLETE, "star": STAR, "chain": CHAIN, "erdos-renyi": ERDOS_RENYI,
         "barabasi-albert": BARABASI_ALBERT, "watts-strogatz": WATTS_STROGATZ, "configuration": CONFIGURATION,
         "stochastic-block": STOCHASTIC_BLOCK}  # fmt: skip
PARTS = 16  # of the strips for each thread, so that none waits long for another


def described(network: Any, n: int) -> tuple[int, Floats]:
    """Kind and parameters, as generate.generate takes them, of a network of n persons that is no file."""
    given: list[float] = []
    match network.kind:
        case "erdos-renyi":
            given = [network.degree]
        case "barabasi-albert":
            given = [network.links]
        case "watts-strogatz":
            given = [network.neighbours, network.rewire]
        case "configuration":
            given = _law(network.degrees)
        case "stochastic-block":
            chances = block_chances(network, n)
            given = [len(chances), *group_sizes(network.sizes, n), *(chance for row in chances for chance in row)]
    return KINDS[network.kind], np.array([float(network.kind != "none" and network.both_ways), *given], np.float64)


def _law(degrees: Any) -> list[float]:
    if isinstance(degrees, list):
        return [GIVEN, *degrees]
    if isinstance(degrees, int):
        return [FIXED, degrees]
    if degrees.kind == "poisson":
        return [POISSON, degrees.mean]
    return [POWER, degrees.exponent, degrees.low, degrees.high]


def make(kind: int, n: int, parameters: Floats, seed: int, ties: float, threads: int | None = None) -> Rows:
    """The network that `generate` makes, by whatever is fastest for about this many ties.

    Args:
        kind, n, parameters, seed: as for generate.generate, the seed from 0 to 2**64 - 1.
        ties: how many there will be, roughly.
        threads: how many to use, as many as there are processors if None; the result is the same.
    """
    if n + ties <= WORTH_COMPILING:
        return generate.generate(kind, n, parameters, seed)
    signed = seed - 2**64 if seed >= 2**63 else seed
    both_ways = bool(parameters[0] == 1.0)
    if kind == ERDOS_RENYI:
        return _blocks(compiled(generate.one_group)(n, parameters[1]), both_ways, signed, threads)
    if kind == STOCHASTIC_BLOCK:
        return _blocks(compiled(generate.groups_of)(parameters[1:]), both_ways, signed, threads)
    law = parameters[1:]
    makers: dict[int, Callable[[], Rows]] = {  # each compiled only when it is called
        COMPLETE: lambda: compiled(generate.complete)(n),
        STAR: lambda: compiled(generate.star)(n, both_ways),
        CHAIN: lambda: compiled(generate.chain)(n, both_ways),
        BARABASI_ALBERT: lambda: compiled(growth.barabasi_albert)(n, int(law[0]), both_ways, signed),
        WATTS_STROGATZ: lambda: compiled(growth.watts_strogatz)(n, int(law[0]), float(law[1]), both_ways, signed),
        CONFIGURATION: lambda: compiled(growth.configuration)(n, law, both_ways, signed),
    }
    return makers[kind]() if kind in makers else generate.generate(kind, n, parameters, seed)


def _blocks(groups: tuple[Any, Any], both_ways: bool, seed: int, threads: int | None) -> Rows:
    """Stochastic blocks by threads that take strips as they come, each writing only the rows of its own."""
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
