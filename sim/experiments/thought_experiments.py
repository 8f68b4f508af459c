"""The verdict of each account of credit on the thought experiments E0 to E5 (docs/explanation/roles.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sim.accounts.comparison import Comparison, compare
from sim.engines import simulate
from sim.errors import require
from sim.scenario.scenario import Scenario

# The scenario file of each experiment. E3 has three proportions of idea, telling and implementing.
EXPERIMENTS = {
    "E0": "e0_mute_genius",
    "E1": "e1_interpreter",
    "E2": "e2_implementer",
    "E3a": "e3_one_thousand_thousand",
    "E3b": "e3_thousand_one_thousand",
    "E3c": "e3_ten_thousand_ideas",
    "E4": "e4_bridge",
    "E5": "genius_notebook",
}
APART = 1e-6  # of the credit: accounts that differ by less agree
# E5 in a second: the same notebook among fewer people, each of whom reaches as many of them.
QUICK = {"population.count": 300, "population.reach": {"kind": "uniform", "low": 0.0, "high": 4 / 300}}


def thought_experiments(
    folder: str | Path, methods: Iterable[str] | None = None, names: Iterable[str] | None = None,
    changes: Mapping[str, Mapping[str, Any]] | None = None, progress: Callable[[str], None] | None = None,
) -> dict[str, Comparison]:  # fmt: skip
    """Run thought experiments and put the accounts of credit side by side.

    `result["E4"].by_group` is a table of persons and groups x accounts.

    Args:
        folder: where the scenario files are.
        methods: names in METHODS; by default all.
        names: keys of EXPERIMENTS; by default all.
        changes: to the scenario of an experiment, as in Scenario.replace.
        progress: called with the name of each experiment before it is run.

    Raises:
        ValueError: if an experiment or method is unknown.
        ScenarioError: if a file is missing or a change is wrong.
    """
    names = list(EXPERIMENTS if names is None else names)
    for name in names:
        require("thought experiments", name, EXPERIMENTS)
    methods = None if methods is None else list(methods)
    found = {}
    for name in names:
        if progress is not None:
            progress(name)
        scenario = Scenario.load(Path(folder) / f"{EXPERIMENTS[name]}.toml")
        found[name] = compare(simulate(scenario.replace((changes or {}).get(name, {}))), methods)
    return found


def to_dict(found: Mapping[str, Comparison]) -> dict[str, Any]:
    """Return the shares of persons and groups as plain values: experiment: name: account: share."""
    return {
        name: {str(who): row for who, row in comparison.by_group.to_dict("index").items()}
        for name, comparison in found.items()
    }
