"""Sensitivity of a measure: Sobol and Morris indices, by SALib, from the runs of a design made for them.

`sample_design` makes the cells, a study runs them, and the indices with their intervals come from its table of runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import require, require_in
from sim.study.analysis import from_extra, numbers, parameters_of, require_columns
from sim.study.design import problem_of
from sim.tape.tables import Floats

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.study import Study

METHODS = ("sobol", "morris")
SMALLEST = {"sobol": 8, "morris": 4}  # samples below which a bootstrap is meaningless
WHAT = {"sobol": "base samples", "morris": "trajectories"}
COLUMNS = ("index", "parameter", "other", "value", "low", "high")
LEVELS = 4


def problem(ranges: Study | Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Return the parameters and their ranges as a SALib problem.

    Args:
        ranges: the lowest and the highest value of each parameter, or a study with a sampled design.

    Raises:
        ValueError: for no parameter, or a range that is not finite or does not rise.

    >>> problem({"dynamics.abandon_rate": (0, 0.5)})
    {'num_vars': 1, 'names': ['dynamics.abandon_rate'], 'bounds': [[0.0, 0.5]]}
    """
    if not isinstance(ranges, Mapping):
        return ranges.problem()
    if not ranges:
        raise ValueError("ranges: no parameter; give one as {'dynamics.abandon_rate': (0, 0.5)}")
    for name, (low, high) in ranges.items():
        if not (np.isfinite([low, high]).all() and low < high):
            raise ValueError(f"{name}: the range {low} to {high} must be finite and rise")
    return problem_of({name: (float(low), float(high)) for name, (low, high) in ranges.items()})


def sample_design(
    ranges: Mapping[str, tuple[float, float]], size: int, method: str = "sobol", *, whole: Sequence[str] = (),
    second_order: bool = False, levels: int = LEVELS, seed: int = 1,
) -> list[dict[str, float]]:  # fmt: skip
    """Return the cells of a study whose runs give Sobol or Morris indices; they must be run in this order.

    Sobol: `size` base samples (best a power of two) of a scrambled Sobol sequence, crossed as by Saltelli (2002,
    2010): size x (parameters + 2) cells, or size x (2 parameters + 2) with `second_order`. Morris: `size`
    trajectories on a grid of `levels` values, size x (parameters + 1) cells.

    Args:
        ranges: the lowest and the highest value of each parameter, all equally likely.
        size: at least 8 base samples, or 4 trajectories.
        method: sobol or morris.
        whole: parameters that take only integers, from the lowest to the highest, both included.
        second_order: whether to allow for the effects of pairs (Sobol).
        levels: an even number of values for each parameter (Morris).
        seed: of the sample.

    Returns:
        One dict of parameters and values per cell, for `Study(cells=...)`.

    Raises:
        ValueError: for an invalid range, size, method or number of levels.
        ModuleNotFoundError: without SALib, which is part of the extra `analysis`.
    """
    asked = problem(ranges)
    require("method", method, METHODS)
    _require_size(size, method)
    if levels < 2 or levels % 2:
        raise ValueError(f"levels: {levels} must be an even number from 2 on")
    for name in whole:
        require("whole: range", name, ranges)
        low, high = ranges[name]
        if method == "morris" and (low != round(low) or (high - low) % (levels - 1)):
            raise ValueError(f"{name}: {low} to {high} in {levels} levels are no whole numbers; the highest less the "
                             f"lowest must be a multiple of {levels - 1}")  # fmt: skip
    with from_extra("SALib"):
        from SALib.sample import morris, sobol
    rng = np.random.default_rng(seed)
    if method == "sobol":
        unit = asked | {"bounds": [[0.0, 1.0]] * len(ranges)}
        found = _scaled(sobol.sample(unit, size, calc_second_order=second_order, seed=rng), asked, whole)
    else:
        found = morris.sample(asked, size, num_levels=levels, seed=rng)
        columns = [asked["names"].index(name) for name in whole]
        found[:, columns] = np.rint(found[:, columns])
    rows = [dict(zip(asked["names"], row, strict=True)) for row in found.tolist()]
    return [row | {name: int(row[name]) for name in whole} for row in rows]


def _scaled(unit: Floats, asked: dict[str, Any], whole: Sequence[str]) -> Floats:
    """Scale points of the unit cube to the ranges; for parameters in `whole` each integer is equally likely."""
    low, high = np.array(asked["bounds"]).T
    found: Floats = low + unit * (high - low)
    for column in (asked["names"].index(name) for name in whole):
        first, last = np.ceil(low[column]), np.floor(high[column])
        found[:, column] = np.minimum(np.floor(first + unit[:, column] * (last - first + 1)), last)
    return found


def sobol_indices(
    table: pd.DataFrame, measure: str, parameters: Sequence[str] | None = None, confidence: float = 0.95,
    resamples: int = 500, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Compute the fractions of the variance of a measure that parameters explain (Sobol 2001, Saltelli 2010).

    The measure of a cell is its mean over the replicates. The randomness left in it counts as an interaction of all
    parameters, so a noisy measure needs replicates.

    Args:
        table: all runs of a design by `sample_design(..., method="sobol")`.
        measure: a column.
        parameters: in the order of the design; by default those that the table names.
        confidence: of the intervals, in (0, 1). They are normal, with a width from a bootstrap over the base samples.
        resamples, seed: of that bootstrap.

    Returns:
        Columns index, parameter, other, value, low, high. Index `first`: the fraction of the variance explained by this
        parameter alone; `total`: with all its interactions; `second`: by the interaction of parameter and other, if the
        design allows for it.

    Raises:
        ValueError: for a run that failed or is missing, too few samples, cells that are no Saltelli design, or a
            measure that is constant.
        ModuleNotFoundError: without SALib, which is part of the extra `analysis`.
    """
    require_in("confidence", confidence, "(0, 1)")
    names, inputs, values = _cells(table, measure, parameters)
    if (design := _saltelli(inputs)) is None:
        raise ValueError(f"table: its {len(inputs)} cells are no Saltelli design of {len(names)} parameters; make them "
                         "by sample_design(..., method='sobol') and keep their order")  # fmt: skip
    size, second = design
    _require_size(size, "sobol")
    if values.min() == values.max():
        raise ValueError(f"table: {measure} is {values[0]} in all cells; no variance, so no shares of it")
    with from_extra("SALib"):
        from SALib.analyze import sobol
    unit = problem_of(dict.fromkeys(names, (0.0, 1.0)))
    found = sobol.analyze(unit, values, calc_second_order=second, conf_level=confidence, num_resamples=resamples,
                          seed=np.random.default_rng(seed))  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        (index, name, None, found[key][j], found[f"{key}_conf"][j])
        for index, key in (("first", "S1"), ("total", "ST"))
        for j, name in enumerate(names)
    ]
    pairs = itertools.combinations(range(len(names)), 2) if second else ()
    rows += [("second", names[j], names[k], found["S2"][j, k], found["S2_conf"][j, k]) for j, k in pairs]
    return _tidy(rows)


def morris_indices(
    table: pd.DataFrame, measure: str, parameters: Sequence[str] | None = None, confidence: float = 0.95,
    levels: int = LEVELS, resamples: int = 500, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Compute elementary effects of parameters on a measure: screening with few runs (Morris 1991, Campolongo 2007).

    An effect is the change of the measure over the whole range of a parameter, extrapolated from steps over part of it.
    Where integers had to be rounded to fit the levels, effects are off by the relative error of the step.

    Args:
        table: all runs of a design by `sample_design(..., method="morris")`.
        measure: a column; cells are represented by its mean over the replicates.
        parameters: in the order of the design; by default those that the table names.
        confidence: of the interval of mu_star, in (0, 1), normal with a width from a bootstrap over the trajectories.
        levels: as given to sample_design.
        resamples, seed: of the bootstrap.

    Returns:
        Columns index, parameter, other (null), value, low, high. Index `mu_star`: the mean absolute effect, with its
        interval; `mu`: the mean effect; `sigma`: the standard deviation of the effects, which is large if a parameter
        interacts with others or acts nonlinearly (both without an interval: low and high are nan).

    Raises:
        ValueError: for a run that failed or is missing, too few trajectories, or cells that are no such design.
        ModuleNotFoundError: without SALib, which is part of the extra `analysis`.
    """
    require_in("confidence", confidence, "(0, 1)")
    names, inputs, values = _cells(table, measure, parameters)
    if not _are_trajectories(inputs, levels):
        raise ValueError(f"table: its {len(inputs)} cells are no Morris design of {len(names)} parameters on {levels} "
                         "levels; make them by sample_design(..., method='morris') and keep their order")  # fmt: skip
    _require_size(len(values) // (len(names) + 1), "morris")
    with from_extra("SALib"):
        from SALib.analyze import morris
    unit = problem_of(dict.fromkeys(names, (0.0, 1.0)))
    found = morris.analyze(unit, inputs, values, conf_level=confidence, num_levels=levels, num_resamples=resamples,
                           seed=np.random.default_rng(seed))  # fmt: skip
    widths = {"mu_star": found["mu_star_conf"]}
    nothing = np.full(len(names), np.nan)
    return _tidy([(index, name, None, found[index][j], widths.get(index, nothing)[j])
                  for index in ("mu_star", "mu", "sigma") for j, name in enumerate(names)])  # fmt: skip


def indices(table: pd.DataFrame, measure: str, parameters: Sequence[str] | None = None) -> pd.DataFrame:
    """Compute the Sobol or the Morris indices of a measure, whichever the cells of the table allow.

    Raises:
        ValueError: as from sobol_indices and morris_indices; if the cells are neither design.
        ModuleNotFoundError: without SALib, which is part of the extra `analysis`.
    """
    names, inputs, _ = _cells(table, measure, parameters)
    if _saltelli(inputs) is not None:
        return sobol_indices(table, measure, names)
    if _are_trajectories(inputs, LEVELS):
        return morris_indices(table, measure, names)
    raise ValueError(f"table: its {len(inputs)} cells are neither a Saltelli nor a Morris design of {', '.join(names)};"
                     " make them by sample_design and keep their order")  # fmt: skip


def _tidy(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    made = [(index, name, other, float(value), float(value) - float(half), float(value) + float(half))
            for index, name, other, value, half in rows]  # fmt: skip
    return pd.DataFrame(made, columns=list(COLUMNS)).astype({"other": object})


def _cells(table: pd.DataFrame, measure: str, parameters: Sequence[str] | None) -> tuple[list[str], Floats, Floats]:
    """Return the parameters, their values (cells, parameters) and the mean of the measure in each cell."""
    names = list(parameters if parameters is not None else parameters_of(table))
    require_columns(table, ["cell", *names, measure, "error"])
    if not names:
        raise ValueError("parameters: none varies; give those of the design")
    values = numbers(table, measure)
    if len(wrong := np.flatnonzero(~np.isfinite(values))):
        run = table.iloc[wrong[0]]
        why = "failed" if run["error"] == run["error"] and run["error"] is not None else "has no value"
        raise ValueError(f"table: {len(wrong)} of {len(table)} runs without {measure}, the first in cell "
                         f"{run['cell']}, which {why}; indices need every run of the design")  # fmt: skip
    runs = table[["cell", *names]].assign(value=values).groupby("cell", sort=True)
    cells = runs.ngroups
    if not cells or int(table["cell"].max()) != cells - 1:
        raise ValueError(f"table: runs of {cells} cells, numbered up to {table['cell'].max()}; "
                         "indices need every run of the design")  # fmt: skip
    if len(runs["value"].size().unique()) > 1:
        raise ValueError("table: more replicates in some cells than in others; indices need every run of the design")
    first = runs.first()
    inputs = np.column_stack([numbers(first, name) for name in names])
    return names, inputs, runs["value"].mean().to_numpy(np.float64)


def _saltelli(inputs: Floats) -> tuple[int, bool] | None:
    """Return the number of base samples of a Saltelli design and whether it has second orders; None for other cells."""
    cells, wide = inputs.shape
    for second in (True, False):
        block = (2 * wide if second else wide) + 2
        if cells % block == 0 and _crossed(inputs.reshape(-1, block, wide), second):
            return cells // block, second
    return None


def _crossed(blocks: Floats, second: bool) -> bool:
    """Return whether each block holds A, A with each column from B, (B with each column from A,) and B."""
    wide = blocks.shape[2]
    own, other = blocks[:, 0], blocks[:, -1]
    for j in range(wide):
        swapped = own.copy()
        swapped[:, j] = other[:, j]
        if not np.array_equal(blocks[:, 1 + j], swapped):
            return False
        back = other.copy()
        back[:, j] = own[:, j]
        if second and not np.array_equal(blocks[:, 1 + wide + j], back):
            return False
    return True


def _are_trajectories(inputs: Floats, levels: int) -> bool:
    """Return whether the rows are a Morris design on these levels, possibly rounded to integers."""
    cells, wide = inputs.shape
    if cells % (wide + 1) or not cells:
        return False
    steps = np.abs(np.diff(inputs.reshape(-1, wide + 1, wide), axis=1))
    if ((steps != 0).sum(axis=1) != 1).any() or ((steps != 0).sum(axis=2) != 1).any():
        return False
    step, low = steps.max(axis=(0, 1)), inputs.min(axis=0)
    slack = np.where((inputs == np.rint(inputs)).all(axis=0), 1.0, 1e-9 * np.abs(inputs).max(axis=0))
    rung = step * 2 / levels  # a step spans levels / 2 rungs
    off = np.abs(inputs - low - rung * np.rint((inputs - low) / rung))
    reach = inputs.max(axis=0) - low - rung * (levels - 1)
    return bool((off <= slack).all() and (reach <= slack).all() and (step - steps.sum(axis=1) <= slack).all())


def _require_size(size: int, method: str) -> None:
    if size < SMALLEST[method]:
        raise ValueError(f"{size} {WHAT[method]} are too few for {method} indices; allowed: {SMALLEST[method]} or more")
