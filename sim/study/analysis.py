"""The findings of a study: its runs as a table and as an array with dimensions, summaries and paired differences.

A table of runs is a pandas DataFrame with one row per run: `cell` and `replicate` (integers), `seed`, a column for
each varied parameter under its key, a column for each measure, and `error` (null, or the reason why the run failed).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import did_you_mean, require_in
from sim.study.intervals import QUANTILES, RESAMPLES, statistics
from sim.tape.tables import Floats

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sim.study.study import Study

FIXED = ("cell", "replicate", "seed", "error")  # columns of every table
SUMMARY = ("number", "empty", "failed", "mean", "sd", *QUANTILES, "low", "high", "interval")
FULL = 0.01  # runs that fill less than this part of a grid are no grid


def table(study: Study | str | Path) -> pd.DataFrame:
    """Return the runs so far of a study or a study's folder, sorted; its `attrs` name parameters and measures.

    Raises:
        ValueError: if the folder holds no study, or a corrupt one (StudyError).
    """
    from sim.study.study import Study

    if isinstance(study, str | Path):
        study = Study.load(study)
    runs = study.table()
    runs.attrs.update(parameters=list(study.cells.keys), measures=list(study.names))
    return runs


def to_xarray(table: pd.DataFrame, parameters: Sequence[str], measures: Sequence[str]) -> xr.Dataset:
    """Return the runs as an xarray Dataset whose dimensions are the parameters and the replicate.

    Coordinates are the values of each parameter, sorted (in order of appearance if they are not numbers). Runs that
    were not made, failed or have no value are nan. Without parameters the dimensions are cell and replicate, which
    suits a sampled design that is no grid.

    Args:
        table: of runs.
        parameters: those that vary; two runs with the same coordinates are refused.
        measures: the variables of the Dataset.

    Raises:
        ValueError: for a missing column, two runs with the same coordinates, or a design that is no grid.
        ModuleNotFoundError: without xarray, which is part of the extra `analysis`.
    """
    import pandas as pd

    dimensions = [*(parameters or ["cell"]), "replicate"]
    require_columns(table, [*dimensions, *measures])
    with from_extra("xarray"):
        import xarray as xr
    codes, values = [], []
    for name in dimensions:
        code, found = pd.factorize(table[name], sort=pd.api.types.is_numeric_dtype(table[name]))
        codes.append(code)
        values.append(np.asarray(found))
    shape = tuple(len(found) for found in values)
    places = float(np.prod(shape, dtype=np.float64))
    if places * FULL > max(len(table), 1 / FULL):
        raise ValueError(f"table: {len(table):,} runs fill less than 1% of the grid of {' x '.join(dimensions)}; "
                         "a sampled design has no grid: give no parameters, and the cell is a dimension")  # fmt: skip
    flat = np.ravel_multi_index(tuple(codes), shape) if len(table) else np.zeros(0, np.int64)
    if len(doubled := np.flatnonzero(np.bincount(flat, minlength=1) > 1)):
        row = int(np.flatnonzero(flat == doubled[0])[1])
        place = ", ".join(f"{name} {table[name].iloc[row]}" for name in dimensions)
        raise ValueError(f"table: two runs at {place}; name every parameter that varies")
    variables = {}
    for name in measures:
        grid = np.full(shape, np.nan)
        grid.reshape(-1)[flat] = numbers(table, name)
        variables[name] = (dimensions, grid)
    return xr.Dataset(variables, coords=dict(zip(dimensions, values, strict=True)))


def summarise(
    table: pd.DataFrame, measures: Sequence[str], by: Sequence[str], confidence: float = 0.95,
    resamples: int = RESAMPLES, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Return mean, spread and a bootstrap interval of the mean over the replicates, for each measure and setting.

    The interval is BCa (Efron 1987, as in scipy.stats.bootstrap) for 3 to 1,000 values; the percentile interval for
    more values, where the two hardly differ, and where BCa is not defined; Wilson's (1927) for a yes-or-no measure
    (only zeros and ones, and both); and none for a single value of another measure. Values that are all the same give
    an interval of no width: the bootstrap cannot see what never happened.

    Args:
        table: of runs.
        measures: columns; null, nan and infinite values are left out and counted as empty.
        by: the parameters whose settings are kept apart, or `["cell"]`; empty for all runs together.
        confidence: of the interval, in (0, 1).
        resamples: of the bootstrap, over the replicates of a setting.
        seed: of the bootstrap; the same seed gives the same interval, whatever else is in the table.

    Returns:
        One row per measure and setting: the columns of `by`, measure, number (of values), empty (runs without a
        value), failed (runs with an error), mean, sd (nan below two values), q05, q25, median, q75, q95, low, high,
        interval (BCa, percentile, Wilson, none). The confidence is in its `attrs`.

    Raises:
        ValueError: for a missing column, or a confidence outside (0, 1).

    >>> import pandas as pd
    >>> runs = {"cell": [0, 0, 1, 1], "replicate": [0, 1, 0, 1], "rate": [0.1, 0.1, 0.2, 0.2]}
    >>> table = pd.DataFrame(runs | {"total": [4.0, 6.0, 1.0, 2.0], "error": None})
    >>> summarise(table, ["total"], by=["rate"])[["rate", "measure", "number", "mean"]].to_dict("records")[0]
    {'rate': 0.1, 'measure': 'total', 'number': 2, 'mean': 5.0}
    """
    import pandas as pd

    by = list(by)
    require_columns(table, [*by, *measures, "error"])
    require_in("confidence", confidence, "(0, 1)")
    failed = table["error"].notna().to_numpy(bool)
    if by:
        grouped = table.groupby(by, sort=True, dropna=False)
        code, count = np.asarray(grouped.ngroup(), np.int64), grouped.ngroups
        settings = table[by].iloc[np.unique(code, return_index=True)[1]].reset_index(drop=True)
    else:
        code, count = np.zeros(len(table), np.int64), 1
        settings = pd.DataFrame(index=range(1))
    parts = []
    for name in measures:
        made = statistics(code, numbers(table, name), count, confidence, resamples, seed, yes_or_no(table, name))
        made["failed"] = np.bincount(code[failed], minlength=count)
        made["empty"] = np.bincount(code, minlength=count) - made["number"] - made["failed"]
        columns = {"measure": name} | {column: made[column] for column in SUMMARY}
        parts.append(pd.concat([settings, pd.DataFrame(columns, index=settings.index)], axis=1))
    found = pd.concat(parts, ignore_index=True)
    found.attrs["confidence"] = confidence
    return found


def differences(
    table: pd.DataFrame, measure: str, baseline: int | Mapping[str, Any], confidence: float = 0.95,
    by: Sequence[str] = (), resamples: int = RESAMPLES, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Compare each cell with a baseline, replicate by replicate under common random numbers.

    Two runs of a replicate with the same seed in both cells are a pair, so that their difference does not depend on
    other seeds. A pair in which a run failed or has no value is left out.

    Args:
        table: of runs.
        measure: a column.
        baseline: a cell, or values of parameters that exactly one cell has.
        confidence: of the bootstrap interval, in (0, 1).
        by: columns that describe a cell, copied from its first run.
        resamples, seed: of the bootstrap.

    Returns:
        One row for each other cell: cell, the columns of `by`, number (of pairs), mean and sd of the difference (cell
        minus baseline), low, high, interval, effect (mean / sd, Cohen's d_z) and reduction: the part of the variance of
        the difference that pairing removed, 1 - var(difference) / (var(cell) + var(baseline)).

    Raises:
        ValueError: for a missing column or cell, or if a replicate has different seeds in different cells.

    >>> import pandas as pd
    >>> runs = {"cell": [0, 0, 1, 1], "replicate": [0, 1, 0, 1], "seed": [7, 8, 7, 8]}
    >>> table = pd.DataFrame(runs | {"total": [4.0, 6.0, 5.0, 8.0], "error": None})
    >>> differences(table, "total", baseline=0)[["cell", "number", "mean"]].to_dict("records")
    [{'cell': 1, 'number': 2, 'mean': 1.5}]
    """
    import pandas as pd

    require_columns(table, ["cell", "replicate", "seed", measure, *by])
    require_in("confidence", confidence, "(0, 1)")
    base = _cell(table, baseline)
    runs = table[["cell", "replicate", "seed"]].assign(value=numbers(table, measure))
    if (doubled := runs.duplicated(["cell", "replicate"])).any():
        row = runs[doubled].iloc[0]
        raise ValueError(f"table: two runs of cell {row['cell']}, replicate {row['replicate']}")
    pairs = runs[runs["cell"] != base].merge(runs[runs["cell"] == base].drop(columns="cell"), on="replicate")
    if (other := pairs["seed_x"].ne(pairs["seed_y"])).any():
        row = pairs[other].iloc[0]
        raise ValueError(f"table: replicate {row['replicate']} has another seed in cell {row['cell']} than in cell "
                         f"{base}; paired differences need a study with common random numbers")  # fmt: skip
    cells = np.array(sorted(runs.loc[runs["cell"] != base, "cell"].unique()), np.int64)
    code = np.searchsorted(cells, pairs["cell"].to_numpy(np.int64)).astype(np.int64)
    left, right = pairs["value_x"].to_numpy(np.float64), pairs["value_y"].to_numpy(np.float64)
    found = statistics(code, left - right, len(cells), confidence, resamples, seed)
    both = np.isfinite(left - right)
    apart = [statistics(code[both], side[both], len(cells))["sd"] ** 2 for side in (left, right)]
    with np.errstate(divide="ignore", invalid="ignore"):
        found["effect"] = found["mean"] / found["sd"]
        found["reduction"] = 1.0 - found["sd"] ** 2 / (apart[0] + apart[1])
    kept = ("number", "mean", "sd", "low", "high", "interval", "effect", "reduction")
    what = table.drop_duplicates("cell").set_index("cell").loc[cells, list(by)].reset_index()
    return pd.concat([what, pd.DataFrame({name: found[name] for name in kept})], axis=1)


def parameters_of(table: pd.DataFrame) -> list[str]:
    """Return the varied parameters: those in `table.attrs`, else the columns named like keys: a dot, no colon."""
    keys = [name for name in table.columns if "." in str(name) and ":" not in str(name)]
    return list(table.attrs.get("parameters", keys))


def measures_of(table: pd.DataFrame) -> list[str]:
    """Return the measures: those in `table.attrs`, else all columns that are not fixed or parameters."""
    others = {*FIXED, *parameters_of(table)}
    return list(table.attrs.get("measures", [name for name in table.columns if name not in others]))


def numbers(table: pd.DataFrame, name: str) -> Floats:
    """Return a column as floats, with null as nan.

    Raises a ValueError if the column holds anything but numbers and booleans.
    """
    try:
        return table[name].to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise ValueError(f"table: column {name!r} holds other things than numbers") from None


def yes_or_no(table: pd.DataFrame, name: str) -> bool:
    """Return whether a column holds only booleans, or only zeros and ones with some of both."""
    known = table[name].dropna()
    if len(known) and known.map(lambda value: isinstance(value, bool | np.bool_)).all():
        return True
    values = numbers(table, name)
    values = values[np.isfinite(values)]
    return bool(((values == 0.0) | (values == 1.0)).all()) and 0.0 < values.sum() < len(values)


def require_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise a ValueError, naming the nearest column, if the table lacks one of the columns."""
    for name in columns:
        if name not in table.columns:
            there = [str(column) for column in table.columns]
            raise ValueError(f"table: no column {name!r}{did_you_mean(name, there)}")


@contextlib.contextmanager
def from_extra(name: str) -> Iterator[None]:
    """Explain, where a library of the extra `analysis` cannot be imported within the block, how to install it."""
    try:
        yield
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"{name} is not installed: pip install 'shoulders[analysis]'", name=name) from None


def _cell(table: pd.DataFrame, baseline: int | Mapping[str, Any]) -> int:
    if not isinstance(baseline, Mapping):
        if baseline not in table["cell"].to_numpy():
            raise ValueError(f"baseline: no cell {baseline}; allowed: 0 to {table['cell'].max()}")
        return int(baseline)
    require_columns(table, list(baseline))
    there = np.ones(len(table), bool)
    for name, value in baseline.items():
        there &= (table[name] == value).to_numpy(bool)
    cells = sorted(table.loc[there, "cell"].unique().tolist())
    if len(cells) != 1:
        told = ", ".join(f"{name} {value}" for name, value in baseline.items())
        raise ValueError(f"baseline: {len(cells) or 'no'} cells with {told}; it must be one")
    return int(cells[0])
