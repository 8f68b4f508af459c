"""The view of itself that a record shows in a notebook: figures and pages, one function per record."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from sim.errors import require

if TYPE_CHECKING:
    from sim.accounts.table import CreditTable
    from sim.experiments.fit.result import FitResult
    from sim.scenario.scenario import Scenario
    from sim.study.study import Study
    from sim.tape.tape import Tape

HEIGHT = 640  # of a page in a frame, in pixels


class Frame:
    """A page in a frame of its own, for display in a notebook; `page` is its HTML."""

    def __init__(self, page: str) -> None:
        self.page = page

    def _repr_html_(self) -> str:
        attributes = f'width="100%" height="{HEIGHT}" style="border: 1px solid #ddd" sandbox="allow-scripts"'
        return f'<iframe srcdoc="{html.escape(self.page)}" {attributes}></iframe>'


def plot_scenario(scenario: Scenario, kind: str) -> Figure:
    """Run a scenario, and draw its tape."""
    from sim.engines import simulate

    return plot_tape(simulate(scenario), kind, scenario)


def plot_tape(tape: Tape, kind: str, scenario: Scenario | None = None) -> Figure:
    """Draw a tape: spread, credit, influence, accounts, lineage, network or giants, which needs a run's scenario."""
    from sim.views.kinds import OF_TAPE, Choice

    require("kind", kind, OF_TAPE)
    return OF_TAPE[kind](tape, Choice(scenario=scenario))


def plot_credit(table: CreditTable) -> Figure:
    """Draw who gets the credit."""
    from sim.views.figures.credit_bars import credit_bars

    return credit_bars(table)


def plot_study(study: Study, measure: str | None) -> Figure:
    """Draw a measure of a study against the parameters: lines over the first, in colours by the second."""
    from sim.views.kinds import OF_STUDY, Choice, settled

    table = study.table()
    return OF_STUDY["lines"](table, settled("lines", table, Choice(measure=measure)))


def plot_fit(found: FitResult, kind: str) -> Figure:
    """Draw a fit: posterior, bands or distance."""
    from sim.views.figures.fit import FIGURES

    require("kind", kind, FIGURES)
    return FIGURES[kind](found)


def explore_tape(tape: Tape) -> Frame:
    """Return the explorer of a tape in a frame."""
    from sim.views.explorer.page import explorer

    return Frame(explorer(tape, None))


def play_scenario(scenario: Scenario) -> Frame:
    """Return the playground in a frame, starting with a scenario."""
    from sim.views.playground.page import playground

    return Frame(playground(scenario))
