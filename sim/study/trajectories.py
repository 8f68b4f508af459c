"""Measures of the course of adoption: how many people adopted an idea for the first time, step by step."""

from __future__ import annotations

import numpy as np

from sim.study.batches import Batch
from sim.tape.tables import USE, Floats, Ints


def time_to_half(runs: Batch, idea: int | None = None) -> Floats:
    """Return the first step by which at least half of all people ever reached had been reached; nan if nobody was."""
    adoptions = runs.adoptions(idea)
    last = np.cumsum(np.bincount(adoptions.run, minlength=len(runs)))
    so_far = np.concatenate([np.zeros(1, np.int64), np.cumsum(adoptions.count)])
    before = so_far[np.concatenate([np.zeros(1, np.int64), last[:-1]])]
    reached = so_far[last] - before
    found = np.full(len(runs), np.nan)
    some = reached > 0
    at = np.searchsorted(so_far[1:], before[some] + (reached[some] + 1) // 2)
    found[some] = adoptions.step[at]
    return found


def peak_step(runs: Batch, idea: int | None = None) -> Floats:
    """Return the first step with the most first adoptions; nan if there were none."""
    return _peaks(runs, *_by_step(runs, idea))[0]


def last_step(runs: Batch) -> Floats:
    """Return the last step with any event except `use`; nan if there was none."""
    rows = np.flatnonzero(runs.events.kind != USE)
    found = np.full(len(runs), np.nan)
    found[runs.event_run[rows]] = runs.events.step[rows]  # the last one written remains
    return found


def beauty(runs: Batch, idea: int | None = None) -> Floats:
    """Return the beauty coefficient of the adoption curve (Ke et al. 2015); nan if nobody adopted anything.

    With c_t the people who adopt it in step t, and t_m the first step in which c_t is largest, it is the sum over
    t = 0 to t_m of ((c_m - c_0) / t_m * t + c_0 - c_t) / max(1, c_t), and 0 if t_m = 0.
    """
    run, step, count = _by_step(runs, idea)
    peak, most = _peaks(runs, run, step, count)
    start = np.zeros(len(runs))
    start[run[step == 0]] = count[step == 0]
    slope = np.divide(most - start, peak, out=np.zeros(len(runs)), where=peak > 0.0)
    # Steps without adoptions make up most of the sum and have a closed form; the other steps are corrected.
    quiet = slope * peak * (peak + 1.0) / 2.0 + start * (peak + 1.0)
    line = slope[run] * step + start[run]
    correction = np.where(step <= peak[run], (line - count) / np.maximum(1.0, count) - line, 0.0)
    found = quiet + runs.sum_by_run(run, correction)
    found[peak == 0.0] = 0.0
    return found


def _by_step(runs: Batch, idea: int | None) -> tuple[Ints, Ints, Ints]:
    """Return the number of people reached in each step with any adoption: run, step, count."""
    adoptions = runs.adoptions(idea)
    if not len(adoptions.run):
        return adoptions.run, adoptions.step, adoptions.count
    new = np.ones(len(adoptions.run), np.bool_)
    new[1:] = (np.diff(adoptions.run) != 0) | (np.diff(adoptions.step) != 0)
    first = np.flatnonzero(new)
    return adoptions.run[first], adoptions.step[first], np.add.reduceat(adoptions.count, first)


def _peaks(runs: Batch, run: Ints, step: Ints, count: Ints) -> tuple[Floats, Floats]:
    """Return the first step with the largest count of each run, and that count; nan and 0 if there is none."""
    most, peak = np.zeros(len(runs)), np.full(len(runs), np.nan)
    np.maximum.at(most, run, count)
    at = np.flatnonzero(count == most[run])[::-1]
    peak[run[at]] = step[at]  # the last one written remains, which is the first step
    return peak, most
