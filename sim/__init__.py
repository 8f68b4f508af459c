"""Simulate how ideas spread, and find out on whose shoulders their impact stands."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sim.accounts.account import credit as credit
    from sim.accounts.comparison import compare as compare
    from sim.accounts.table import CreditTable as CreditTable
    from sim.engines import simulate as simulate
    from sim.engines import simulate_many as simulate_many
    from sim.errors import ScenarioError as ScenarioError
    from sim.errors import StudyError as StudyError
    from sim.errors import TapeError as TapeError
    from sim.experiments.fit.run import fit as fit
    from sim.experiments.hypotheses.run import test_hypotheses as test_hypotheses
    from sim.experiments.knockout import knockout as knockout
    from sim.logs.formats import read_log as read_log
    from sim.model.agents.model import IdeaDiffusion as IdeaDiffusion
    from sim.model.agents.person import Person as Person
    from sim.model.world import World as World
    from sim.scenario.bundled import scenarios as scenarios
    from sim.scenario.scenario import Scenario as Scenario
    from sim.study.study import Study as Study
    from sim.study.sweep import sweep as sweep
    from sim.tape.tape import Tape as Tape

_HOMES = {
    "CreditTable": "sim.accounts.table",
    "IdeaDiffusion": "sim.model.agents.model",
    "Person": "sim.model.agents.person",
    "Scenario": "sim.scenario.scenario",
    "ScenarioError": "sim.errors",
    "Study": "sim.study.study",
    "StudyError": "sim.errors",
    "Tape": "sim.tape.tape",
    "TapeError": "sim.errors",
    "World": "sim.model.world",
    "compare": "sim.accounts.comparison",
    "credit": "sim.accounts.account",
    "fit": "sim.experiments.fit.run",
    "knockout": "sim.experiments.knockout",
    "read_log": "sim.logs.formats",
    "scenarios": "sim.scenario.bundled",
    "simulate": "sim.engines",
    "simulate_many": "sim.engines",
    "sweep": "sim.study.sweep",
    "test_hypotheses": "sim.experiments.hypotheses.run",
}

__all__ = [
    "CreditTable",
    "IdeaDiffusion",
    "Person",
    "Scenario",
    "ScenarioError",
    "Study",
    "StudyError",
    "Tape",
    "TapeError",
    "World",
    "compare",
    "credit",
    "fit",
    "knockout",
    "read_log",
    "scenarios",
    "simulate",
    "simulate_many",
    "sweep",
    "test_hypotheses",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import sim` costs nothing."""
    if name in _HOMES:
        thing = getattr(import_module(_HOMES[name]), name)
        globals()[name] = thing
        return thing
    raise AttributeError(f"module 'sim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
