"""Worlds with ties for the tests of networks, and their ties as rows."""

from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from sim import Scenario, World
from sim.model.networks.ties import Ties

Row = tuple[int, int, float, int, int]  # source, target, weight, start, end
NAMED = [{"name": "Ann"}, {"name": "team", "count": 2}]


def scenario(network: dict[str, Any] | None = None, count: int = 0, folder: Path = Path(), **others: Any) -> Scenario:
    sections: dict[str, Any] = {"scenario": {"name": "ties", "steps": 9}, "ideas": [{"name": "idea"}]}
    sections |= {"population": {"count": count}, "world": {"network": network or {"kind": "none"}}} | others
    return Scenario.from_toml(tomlkit.dumps(sections), folder=folder)


def world(*given: Any, seed: int = 0, **others: Any) -> World:
    return World.build(scenario(*given, **others), seed)


def rows(ties: Ties) -> list[Row]:
    source = np.repeat(np.arange(len(ties.indptr) - 1), np.diff(ties.indptr)).tolist()
    columns = (ties.target.tolist(), ties.weight.tolist(), ties.start.tolist(), ties.end.tolist())
    return list(zip(source, *columns, strict=True))
