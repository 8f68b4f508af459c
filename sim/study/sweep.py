"""A sweep: a study in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.engines import Rules
from sim.scenario.scenario import Scenario
from sim.study.measures import DEFAULT, Measure
from sim.study.progress import Progress
from sim.study.study import Study
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import pandas as pd

    from sim.model.agents.person import Person


def sweep(
    scenario: Scenario | str | Path,
    vary: Mapping[str, Any] | None = None,
    *,
    cells: Sequence[Mapping[str, Any]] | None = None,
    design: str = "grid",
    samples: int = 0,
    replicates: int | None = None,
    measures: Sequence[str | Measure | Callable[[Tape], Any]] = DEFAULT,
    common_random_numbers: bool = True,
    seed: int | None = None,
    engine: str = "auto",
    rules: Rules | None = None,
    person_class: type[Person] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    executor: str = "auto",
    dask: str | None = None,
    fail_fast: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> pd.DataFrame:
    """Run a study and return its table, one run per row.

    Args:
        scenario, vary, cells, design, samples, replicates, measures: as for Study.
        common_random_numbers, seed, engine, rules, person_class: as for Study.
        out, workers, executor, dask, fail_fast, progress: as for Study.make.

    >>> from sim import Scenario
    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1", creativity = 1.0}]
    ... ideas = [{name = "wheel"}]''')
    >>> table = sweep(scenario, {"dynamics.discovery_rate": [0.1, 2.0]}, replicates=50, measures=["discoveries"])
    >>> table.groupby("dynamics.discovery_rate")["discoveries"].mean().is_monotonic_increasing
    True
    """
    study = Study(
        scenario, vary, cells=cells, design=design, samples=samples, replicates=replicates, measures=measures,
        common_random_numbers=common_random_numbers, seed=seed, engine=engine, rules=rules, person_class=person_class,
    )  # fmt: skip
    return study.run(out, workers=workers, executor=executor, dask=dask, fail_fast=fail_fast, progress=progress)
