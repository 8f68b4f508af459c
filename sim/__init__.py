"""Simulate how ideas spread, and find out on whose shoulders their impact stands."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sim.agents import IdeaDiffusion as IdeaDiffusion
    from sim.agents import Person as Person
    from sim.credit import credit as credit
    from sim.credit.table import CreditTable as CreditTable
    from sim.logs import read_log as read_log
    from sim.scenario import Scenario as Scenario
    from sim.scenario_errors import ScenarioError as ScenarioError
    from sim.simulate import simulate as simulate
    from sim.study.hypotheses import test_hypotheses as test_hypotheses
    from sim.study.sweep import Study as Study
    from sim.study.sweep import sweep as sweep
    from sim.tape import Tape as Tape
    from sim.tape import TapeError as TapeError
    from sim.world import World as World

_HOMES = {
    "CreditTable": "sim.credit.table",
    "IdeaDiffusion": "sim.agents",
    "Person": "sim.agents",
    "Scenario": "sim.scenario",
    "ScenarioError": "sim.scenario_errors",
    "Study": "sim.study.sweep",
    "Tape": "sim.tape",
    "TapeError": "sim.tape",
    "World": "sim.world",
    "read_log": "sim.logs",
    "simulate": "sim.simulate",
    "sweep": "sim.study.sweep",
    "test_hypotheses": "sim.study.hypotheses",
}

__all__ = [
    "CreditTable",
    "IdeaDiffusion",
    "Person",
    "Scenario",
    "ScenarioError",
    "Study",
    "Tape",
    "TapeError",
    "World",
    "credit",
    "read_log",
    "simulate",
    "sweep",
    "test_hypotheses",
]


class CallableModule(ModuleType):
    """A module that can be called like the function that bears its name: `sim.simulate(...)`, `sim.credit(...)`."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **options)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import sim` costs nothing."""
    if name in ("credit", "simulate"):  # modules that can be called
        return import_module(f"sim.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
