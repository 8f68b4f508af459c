"""The design of a study: its cells, each a setting of some keys of the scenario, and the seeds of their runs.

A grid takes every combination, the last key varying fastest; a list takes the cells given; Latin hypercube and Sobol'
samples fill ranges evenly (scipy.stats.qmc); Saltelli and Morris samples are for the sensitivity indices of the same
name (SALib, part of the extra `analysis`).
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import ScenarioError, require
from sim.model.randomness import philox4x32, seeds_from
from sim.scenario.keys import parse_value, plain
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats, Ints

SAMPLED = ("latin-hypercube", "sobol", "saltelli", "morris")
DESIGNS = ("grid", "list", *SAMPLED)
OWN = ("cell", "replicate", "seed", "error")  # columns of the table, which no key may be named after
MAX_TRIED = 100  # values of a key, and cells of a list, that are checked beforehand
MAX_VALUES, MAX_RUNS = 10_000_000, 10**12
CELL = 32  # purpose of the seeds of cells; the purposes in randomness.py are smaller


@dataclass(frozen=True)
class Cells(Sequence[dict[str, Any]]):
    """The cells of a design, each a dict of keys and values, made on demand."""

    keys: tuple[str, ...]  # the keys that vary
    # in a grid, the values of each key; else the values of each cell, in the order of the keys
    columns: tuple[tuple[Any, ...], ...]
    is_grid: bool  # how to read `columns`

    @property
    def number(self) -> int:
        """The number of cells, which may exceed what `len` can return."""
        return math.prod(len(column) for column in self.columns) if self.is_grid else len(self.columns)

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, cell: Any) -> Any:
        if isinstance(cell, slice):
            return [self[k] for k in range(*cell.indices(len(self)))]
        at = range(len(self))[cell]
        if not self.is_grid:
            return dict(zip(self.keys, self.columns[at], strict=True))
        places = np.unravel_index(at, [len(column) for column in self.columns])
        return {key: column[k] for key, column, k in zip(self.keys, self.columns, places, strict=True)}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[cell] for cell in range(len(self)))


def cells_of(
    scenario: Scenario, vary: Mapping[str, Any], cells: Sequence[Mapping[str, Any]] | None, design: str, samples: int,
    seed: int,
) -> Cells:  # fmt: skip
    """Return the cells of a design, after checking their values on the scenario (at most a hundred per key or list).

    Raises a ValueError if the design is unknown or does not suit the other arguments, and a ScenarioError for a wrong
    key or value.
    """
    require("design", design, DESIGNS)
    if samples and (cells is not None or design not in SAMPLED):
        raise ValueError(f"samples: {samples}, but these cells are given, not sampled; allowed with a design of "
                         f"{', '.join(SAMPLED)}")  # fmt: skip
    if cells is not None:
        if vary or design not in ("grid", "list"):
            raise ValueError("cells: a list of cells is a design of its own; give no vary and no design beside it")
        return _listed(scenario, cells)
    if design == "list":
        raise ValueError("design: a list needs cells, a list of tables of keys and values")
    for key in vary:
        _refuse_key(key)
    if design == "grid":
        columns = {key: _values(scenario, key, given) for key, given in vary.items()}
        _try(scenario, ({key: value} for key, column in columns.items() for value in column[:MAX_TRIED]))
        return Cells(tuple(columns), tuple(columns.values()), True)
    if not vary:
        raise ValueError(f"design: {design} needs keys to vary, each with a range such as [0.0, 1.0]")
    if samples < 1:
        raise ValueError(f"samples: must be 1 or more for a design of {design}, is {samples}")
    bounds = [bounds_of(key, given) for key, given in vary.items()]
    whole = [_is_whole(scenario, key, *ends) for key, ends in zip(vary, bounds, strict=True)]
    rows = _sample(design, tuple(vary), bounds, samples, seed)
    made = tuple(tuple(round(x) if w else x for x, w in zip(row, whole, strict=True)) for row in rows.tolist())
    found = Cells(tuple(vary), made, False)
    _try(scenario, itertools.islice(found, MAX_TRIED))
    return found


def parse_vary(text: str, design: str = "grid") -> tuple[str, Any]:
    """Return KEY=START:STOP:NUM, KEY=START:STOP (for sampled designs) or KEY=a,b,c as a key and its value for `vary`.

    >>> parse_vary("dynamics.abandon_rate=0:0.5:11")
    ('dynamics.abandon_rate', {'start': 0, 'stop': 0.5, 'num': 11})
    >>> parse_vary("persons.Kant.clarity=0.1,0.5")
    ('persons.Kant.clarity', [0.1, 0.5])
    """
    key, equals, given = text.partition("=")
    key, given = key.strip(), given.strip()
    if not equals or not key or not given:
        raise ValueError(f"--vary {text}: must be KEY=START:STOP:NUM or KEY=a,b,c")
    parts = [parse_value(part.strip()) for part in given.split(":")]
    if len(parts) in (2, 3) and all(_is_number(part) for part in parts):
        if design in SAMPLED and len(parts) == 2:
            return key, parts
        if design in SAMPLED:
            raise ValueError(f"--vary {text}: the samples say how many values there are; allowed: KEY=LOW:HIGH")
        if len(parts) == 3:
            return key, dict(zip(("start", "stop", "num"), parts, strict=True))
        raise ValueError(f"--vary {text}: a range of a grid needs a number of values, as {key}={given}:11")
    listed = parse_value(f"[{given}]")
    return key, listed if isinstance(listed, list) else [parse_value(part.strip()) for part in given.split(",")]


def seeds_of(seed: int, cell: int, replicates: range, common: bool) -> list[int]:
    """Return the seeds of some replicates of a cell: common to all cells, or different in every cell."""
    numbers = np.arange(replicates.start, replicates.stop)
    if common:
        return seeds_from(seed + replicates.start, len(replicates))
    high: Ints
    low: Ints
    high, low, _, _ = philox4x32(
        numbers & 0xFFFFFFFF, numbers >> 32, np.full_like(numbers, cell & 0xFFFFFFFF),
        np.full_like(numbers, CELL + (cell >> 32 << 8)), seed & 0xFFFFFFFF, seed >> 32,
    )  # fmt: skip
    return [(a << 32) | b for a, b in zip(high.tolist(), low.tolist(), strict=True)]


def problem_of(bounds: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return keys and their ranges as a SALib problem."""
    return {"num_vars": len(bounds), "names": list(bounds), "bounds": [list(ends) for ends in bounds.values()]}


def _listed(scenario: Scenario, given: Any) -> Cells:
    cells = plain(given)
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError("cells: must be a list of tables of keys and values")
    if not cells:
        raise ValueError("cells: none; give one table of keys and values for each cell, {} for the scenario as it is")
    keys = tuple(dict.fromkeys(key for cell in cells for key in cell))
    for key in keys:
        _refuse_key(key)
    for number, cell in enumerate(cells):
        if missing := [key for key in keys if key not in cell]:
            raise ValueError(f"cells: cell {number} has no {missing[0]}, which another one has")
    found = Cells(keys, tuple(tuple(_checked(key, cell[key]) for key in keys) for cell in cells), False)
    _try(scenario, itertools.islice(found, MAX_TRIED))
    return found


def _refuse_key(key: str) -> None:
    if key in ("scenario.seed", "scenario.replicates"):
        raise ValueError(f"vary: {key} is not varied: each replicate has a seed of its own (seed, replicates)")
    if key in OWN or not key:
        raise ValueError(f"vary: no key {key!r}; a key has dots, as dynamics.abandon_rate")


def _try(scenario: Scenario, cells: Iterator[dict[str, Any]]) -> None:
    for cell in cells:
        scenario.replace(cell, source="vary")


def _values(scenario: Scenario, key: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, Mapping) and set(given) == {"start", "stop", "num"}:
        start, stop, num = given["start"], given["stop"], given["num"]
        ends = _is_number(start) and _is_number(stop) and max(abs(start), abs(stop)) <= sys.float_info.max
        ends = ends and math.isfinite(float(stop) - float(start))
        if not ends or type(num) is not int or not 1 <= num <= MAX_VALUES:
            raise ValueError(f"vary: {key}: START:STOP:NUM must be two numbers with a finite difference, and a whole "
                             "number of values")  # fmt: skip
        values = np.linspace(float(start), float(stop), num).tolist()
        values = list(map(round, values)) if _is_whole(scenario, key, start, stop) else values
        if (differ := len(set(values))) < num:
            raise ValueError(
                f"vary: {key}: START:STOP:NUM has values that are there twice; allowed: a NUM up to {differ}"
            )
        return tuple(values)
    if not isinstance(given, list) or not given:
        raise ValueError(f"vary: {key}: must be a list of values, or a table of start, stop and num")
    values = [_checked(key, value) for value in given]
    seen: set[tuple[type, object]] = set()
    for value in values:
        if (same := (type(value), repr(value) if isinstance(value, dict | list) else value)) in seen:
            raise ValueError(f"vary: {key}: {value!r} is there twice")
        seen.add(same)
    return tuple(values)


def _checked(key: str, value: Any) -> Any:
    """Return a value, and raise a ValueError unless it is plain data throughout."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for inner in inside:
        _checked(key, inner)
    if not isinstance(value, bool | int | float | str | dict | list):
        raise ValueError(f"vary: {key}: must be numbers, words, lists or tables, not a {type(value).__name__}")
    return value


def bounds_of(key: str, given: Any) -> tuple[float, float]:
    """Return the range of a key in a sampled design."""
    if isinstance(given, Mapping) and set(given) == {"start", "stop"}:
        given = [given["start"], given["stop"]]
    given = plain(given)
    if not isinstance(given, list) or len(given) != 2 or not all(map(_is_number, given)) or not given[0] < given[1]:
        raise ValueError(f"vary: {key}: a sampled design needs a range of two numbers, low:high, low below high")
    if not math.isfinite(float(given[1]) - float(given[0])):
        raise ValueError(f"vary: {key}: a range must be finite")
    return given[0], given[1]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_whole(scenario: Scenario, key: str, low: float, high: float) -> bool:
    """Return whether the scenario accepts only integers for a key."""
    middle = low + 0.618 * (high - low)
    if float(middle).is_integer():
        middle += 0.25
    try:
        scenario.replace({key: middle}, source="vary")
    except ScenarioError:
        try:
            scenario.replace({key: round(middle)}, source="vary")
        except ScenarioError:
            return False  # the error is reported when the values are checked
        return True
    return False


def _sample(design: str, keys: tuple[str, ...], bounds: list[tuple[float, float]], samples: int, seed: int) -> Floats:
    low, high = np.array(bounds, np.float64).T
    if design in ("latin-hypercube", "sobol"):
        from scipy.stats import qmc

        rng = np.random.default_rng([seed, CELL])
        if design == "latin-hypercube":
            return np.asarray(qmc.scale(qmc.LatinHypercube(len(keys), rng=rng).random(samples), low, high))
        if samples & (samples - 1):
            raise ValueError(f"samples: Sobol' points are balanced only for powers of 2; {samples} is none")
        return np.asarray(qmc.scale(qmc.Sobol(len(keys), rng=rng).random(samples), low, high))
    try:
        from SALib.sample import morris, sobol
    except ModuleNotFoundError:
        raise ValueError(f"design: {design} needs SALib; pip install 'shoulders[analysis]'") from None
    problem = problem_of(dict(zip(keys, bounds, strict=True)))
    small = int(np.random.SeedSequence([seed, CELL]).generate_state(1)[0])
    if design == "morris":
        return np.asarray(morris.sample(problem, samples, num_levels=4, seed=small))
    if samples & (samples - 1):
        raise ValueError(f"samples: Saltelli's design is balanced only for powers of 2; {samples} is none")
    return np.asarray(sobol.sample(problem, samples, calc_second_order=True, seed=small))
