"""Sequential approximate Bayesian computation: population Monte Carlo with a falling tolerance (Lenormand et al. 2013).

1. `particles` are drawn from the prior and run; the half of them nearest to the record is kept, all with weight 1.
2. Each generation draws half as many new ones: a kept particle, chosen by weight, moved by a normal kernel of twice the
   weighted covariance. Its weight is prior / kernel mixture. The nearest half of old and new together is kept; the
   distance of the farthest is the tolerance.
3. It ends when at most a fraction `LEAST_ACCEPTED` of a generation's new particles fall within the tolerance before,
   when the next generation would exceed the budget of runs, or when the tolerance is 0.

The distance is Euclidean between the summaries, each scaled by its median absolute deviation in the first generation;
or between predictions of each key by a regression on the first generation's summaries (Fearnhead and Prangle 2012),
which are as many numbers as keys, whatever the number of summaries. At the end the kept particles are moved along a
local linear regression on the summaries to the record (Beaumont et al. 2002).

The random stream of particle k of generation g depends on (seed, g, k) alone, so the posterior has the same bits
however the runs are distributed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np

from sim.experiments.fit.importance import Population
from sim.tape.tables import Floats, Ints

KEPT = 0.5  # of a population
LEAST_ACCEPTED = 0.05
AT_ONCE = 256  # particles whose density is computed at once
RIDGE = 1e-3  # of a regression, in units of its standardised columns
Simulate = Callable[[Floats, Sequence[int]], Floats]  # z, seeds -> summaries
Store = Callable[[int, Callable[[], "Drawn"]], "Drawn"]  # returns a stored generation, or makes and stores it


@dataclass(frozen=True, eq=False)
class Drawn:
    """The particles that a generation draws: z, weights that are not normalised, seeds of runs, summaries."""

    z: Floats
    weight: Floats
    seeds: Ints
    summaries: Floats


@dataclass(frozen=True, eq=False)
class Distance:
    """The distance of summaries from the record, after scaling and an optional projection.

    Attributes:
        centre, scale: of each summary; a scale of 0 means that the summary never varied, and it is ignored.
        projection: from scaled summaries to keys, or None.
    """

    centre: Floats
    scale: Floats
    projection: Floats | None = None

    def coordinates(self, summaries: Floats) -> Floats:
        """Return the coordinates in which summaries are compared; shape (runs, scaled summaries or keys)."""
        apart = np.divide(
            summaries - self.centre, self.scale, out=np.zeros(np.shape(summaries)), where=self.scale > 0.0
        )
        return apart if self.projection is None else np.einsum("is,sk->ik", apart, self.projection)

    def __call__(self, summaries: Floats, observed: Floats) -> Floats:
        """Return the distance of each run; shape (runs,)."""
        apart = self.coordinates(summaries) - self.coordinates(observed[None, :])
        return np.asarray(np.sqrt((apart**2).sum(axis=1)))


def scaled(summaries: Floats) -> Distance:
    """Return the distance of summaries by their median absolute deviation, or standard deviation where that is 0."""
    centre = np.median(summaries, axis=0)
    scale = 1.4826 * np.median(np.abs(summaries - centre), axis=0)
    return Distance(centre, np.where(scale > 0.0, scale, summaries.std(axis=0)))


def projected(summaries: Floats, z: Floats) -> Distance:
    """Return the distance of the summaries' predictions of the keys, by a linear regression with a small ridge."""
    plain = scaled(summaries)
    apart = np.clip(plain.coordinates(summaries), -10.0, 10.0)
    apart, aim = apart - apart.mean(axis=0), z - z.mean(axis=0)
    square = np.einsum("is,it->st", apart, apart) + RIDGE * len(z) * np.eye(apart.shape[1])
    slope = np.linalg.solve(square, np.einsum("is,ik->sk", apart, aim))
    spread = np.einsum("is,sk->ik", apart, slope).std(axis=0)
    return Distance(plain.centre, plain.scale, slope / np.where(spread > 1e-12, spread, 1.0))


@dataclass(frozen=True, eq=False)
class Generation:
    """The particles kept after a generation.

    Attributes:
        number: from 0. kept: the particles. distance: of each from the record, by `measure`.
        tolerance: the largest distance. runs: so far. accepted: the fraction of the new particles that were within the
            previous tolerance. stopped: why there is no further generation; empty if there is one.
    """

    number: int
    kept: Drawn
    distance: Floats
    measure: Distance
    runs: int
    accepted: float
    stopped: str

    @property
    def tolerance(self) -> float:
        """The distance of the farthest particle."""
        return float(self.distance[-1])

    @property
    def population(self) -> Population:
        """The particles with weights that sum to 1."""
        return Population(self.kept.z, self.kept.weight / self.kept.weight.sum())

    def row(self) -> dict[str, Any]:
        """Return the generation as a row of the report."""
        return {
            "generation": self.number, "tolerance": self.tolerance, "runs": self.runs, "accepted": self.accepted,
            "ess": self.population.ess,
        }  # fmt: skip


def first_of(simulate: Simulate, keys: int, particles: int, seed: int) -> Drawn:
    """Return generation 0, which is drawn from the prior and does not depend on the record."""
    z, seeds = prior_draws(keys, particles, seed)
    return Drawn(z, np.ones(particles), seeds, simulate(z, seeds.tolist()))


def prior_draws(keys: int, particles: int, seed: int) -> tuple[Floats, Ints]:
    """Return the particles of generation 0 and the seeds of their runs."""
    luck = [np.random.default_rng([seed, 0, k]) for k in range(particles)]
    z = np.array([rng.standard_normal(keys) for rng in luck])
    return z, np.array([rng.integers(2**63) for rng in luck])


def sequential(
    simulate: Simulate, observed: Floats, keys: int, *, particles: int, budget: int, seed: int,
    measure: Callable[[Floats, Floats], Distance] = projected, store: Store = lambda _, make: make(),
) -> Iterator[Generation]:  # fmt: skip
    """Yield the generations; the last one says why the fit stopped.

    Args:
        simulate: returns the summaries of particles, each run with its own seed.
        observed: summaries of the record.
        keys: how many vary. particles: of the first generation. budget: of runs. seed: of all random streams.
        measure: makes the distance from the first generation's summaries and particles.
        store: called with the number of a generation and a function that makes its particles.
    """
    drawn = store(0, lambda: first_of(simulate, keys, particles, seed))
    distance = measure(drawn.summaries, drawn.z)
    count = int(np.ceil(KEPT * particles))
    far = distance(drawn.summaries, observed)
    found = _keep(Generation(0, drawn, far, distance, particles, 1.0, ""), count, budget)
    yield found
    while not found.stopped:
        number, before = found.number + 1, found

        def more(number: int = number, before: Generation = before) -> Drawn:
            z, weight, seeds = move(before.population, count, seed, number)
            return Drawn(z, weight, seeds, simulate(z, seeds.tolist()))

        new = store(number, more)
        near = distance(new.summaries, observed)
        accepted, runs = float((near < before.tolerance).mean()), before.runs + count
        both = Drawn(*(np.concatenate(pair) for pair in zip(astuple(before.kept), astuple(new), strict=True)))
        far = np.concatenate([before.distance, near])
        found = _keep(Generation(number, both, far, distance, runs, accepted, ""), count, budget)
        yield found


def _keep(all_of_them: Generation, count: int, budget: int) -> Generation:
    """Return a generation reduced to its nearest particles, with the reason if it is the last."""
    order = np.argsort(all_of_them.distance, kind="stable")[:count]
    far, accepted = all_of_them.distance[order], all_of_them.accepted
    stopped = ""
    if far[-1] == 0.0:
        stopped = "the tolerance is 0"
    elif accepted <= LEAST_ACCEPTED:
        stopped = f"{accepted:.1%} of the new particles fell within the tolerance; {LEAST_ACCEPTED:.0%} or fewer end it"
    elif all_of_them.runs + count > budget:
        stopped = f"the budget of {budget:,} runs"
    kept = Drawn(*(column[order] for column in astuple(all_of_them.kept)))
    return replace(all_of_them, kept=kept, distance=far, stopped=stopped)


def move(kept: Population, count: int, seed: int, generation: int) -> tuple[Floats, Floats, Ints]:
    """Return new particles around the kept ones, their weights, and the seeds of their runs."""
    keys = kept.z.shape[1]
    root: Floats = np.linalg.cholesky(2.0 * kept.covariance).astype(np.float64)
    ends = np.cumsum(kept.weight)
    z, seeds = np.empty((count, keys)), np.empty(count, np.int64)
    for k in range(count):
        rng = np.random.default_rng([seed, generation, k])
        parent = min(int(np.searchsorted(ends, rng.random(), side="right")), len(ends) - 1)
        z[k] = kept.z[parent] + (root * rng.standard_normal(keys)).sum(axis=1)
        seeds[k] = rng.integers(2**63)
    return z, np.exp(-0.5 * (z**2).sum(axis=1)) / mixture(z, kept, root), seeds


def mixture(z: Floats, kept: Population, root: Floats) -> Floats:
    """Return the density of the kernel mixture at particles, in units where the prior is exp(-|z|² / 2)."""
    inverse = np.linalg.inv(root)
    found = np.empty(len(z))
    for first in range(0, len(z), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        apart = np.einsum("jk,abk->abj", inverse, z[some, None, :] - kept.z[None, :, :])
        found[some] = (np.exp(-0.5 * (apart**2).sum(axis=2)) * kept.weight).sum(axis=1)
    return found / float(np.prod(np.diag(root)))


def adjusted(found: Generation, observed: Floats) -> Population:
    """Return the kept particles moved to the record by a regression with Epanechnikov weights."""
    if found.tolerance <= 0.0:
        return found.population
    apart = found.measure.coordinates(found.kept.summaries) - found.measure.coordinates(observed[None, :])
    near = np.maximum(1.0 - (found.distance / found.tolerance) ** 2, 1e-6) * found.kept.weight
    near = near / near.sum()
    design = np.column_stack([np.ones(len(near)), apart])
    square = np.einsum("i,is,it->st", near, design, design)
    square[np.diag_indices(len(square))] += np.append(0.0, np.full(apart.shape[1], RIDGE * float((apart**2).mean())))
    slope = np.linalg.solve(square, np.einsum("i,is,ik->sk", near, design, found.kept.z))[1:]
    return Population(found.kept.z - np.einsum("is,sk->ik", apart, slope), near)
