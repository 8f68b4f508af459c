"""Draws from a posterior whose likelihood is known: a mode, then adaptive importance sampling.

All steps take place in the standard normal space of `priors`. The first proposal is a t distribution about the mode
with its curvature (Laplace); later ones take mean and covariance of the previous weighted draws (Cappé et al. 2004).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from sim.tape.tables import Floats

ROUNDS, FREEDOM, STARTS, STEP = 2, 5, 24, 0.05
Target = Callable[[Floats], Floats]  # of particles, shape (particles, keys), to the log-likelihood of each


@dataclass(frozen=True, eq=False)
class Population:
    """Weighted particles: z of shape (particles, keys), weights that sum to 1, and the log evidence if it is known."""

    z: Floats
    weight: Floats
    log_evidence: float = math.nan
    error: float = math.nan  # of log_evidence

    @property
    def ess(self) -> float:
        """The effective sample size, 1 / the sum of squared weights."""
        return float(1.0 / (self.weight**2).sum())

    @property
    def mean(self) -> Floats:
        """The weighted mean of each key."""
        return np.asarray((self.weight[:, None] * self.z).sum(axis=0))

    @property
    def covariance(self) -> Floats:
        """The weighted covariance of the keys, never singular."""
        apart = self.z - self.mean
        found = np.einsum("i,ij,ik->jk", self.weight, apart, apart)
        return np.asarray(found + 1e-9 * np.eye(self.z.shape[1]))


def sample(log_likelihood: Target, keys: int, draws: int, seed: int) -> Iterator[Population]:
    """Yield the weighted draws of each round; the last ones are those to use.

    Args:
        log_likelihood: of particles.
        keys: how many. draws: of each round. seed: of the draws.
    """

    def target(z: Floats) -> Floats:
        return np.asarray(log_likelihood(z) - 0.5 * (z**2).sum(axis=1))

    rng = np.random.default_rng(seed)
    starts = np.vstack([np.zeros(keys), rng.standard_normal((STARTS, keys))])
    best = starts[target(starts).argmax()]
    options: Any = {"xatol": 1e-3, "fatol": 1e-4, "maxiter": 400 * keys}
    minimize: Any = optimize.minimize
    peak = minimize(lambda z: -target(z[None, :])[0], best, method="Nelder-Mead", options=options)
    centre = np.asarray(peak.x, np.float64)
    spread = _spread(target, centre)
    for _ in range(ROUNDS):
        proposal: Any = stats.multivariate_t(centre, spread, df=FREEDOM, seed=rng)
        z = np.asarray(proposal.rvs(draws)).reshape(draws, keys)
        log_weight = target(z) - np.ravel(proposal.logpdf(z))
        weight = np.exp(log_weight - log_weight.max())
        evidence = log_weight.max() + math.log(weight.mean()) - 0.5 * keys * math.log(2.0 * math.pi)
        error = float(weight.std() / weight.mean()) / math.sqrt(draws)
        found = Population(z, weight / weight.sum(), float(evidence), error)
        yield found
        if found.ess > 2 * keys:
            centre, spread = found.mean, found.covariance


def _spread(target: Target, centre: Floats) -> Floats:
    """Return the inverse of the curvature of -target, by finite differences; at most 1 in any direction."""
    keys = len(centre)
    step = STEP * np.eye(keys)
    curve = np.zeros((keys, keys))
    for j in range(keys):
        for k in range(j + 1):
            ends = target(np.array([centre + a * step[j] + b * step[k] for a in (1, -1) for b in (1, -1)]))
            curve[j, k] = curve[k, j] = -(ends[0] - ends[1] - ends[2] + ends[3]) / (4 * STEP**2)
    value, vector = np.linalg.eigh(curve)
    return np.asarray((vector / np.clip(value, 1.0, 1e12)) @ vector.T)
