"""The kinds of figures of a run, a log or a study by name, and the options of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from sim.accounts.account import credit
from sim.accounts.comparison import compare
from sim.accounts.methods import THIRDS
from sim.accounts.over_time import credit_over_time
from sim.errors import require
from sim.model.world import World
from sim.scenario.scenario import Scenario
from sim.study.analysis import measures_of, parameters_of, summarise
from sim.study.sensitivity import indices
from sim.tape.tape import Tape
from sim.views.figures.accounts import accounts_side_by_side
from sim.views.figures.credit_bars import credit_bars
from sim.views.figures.giants import giants_over_time
from sim.views.figures.influence_over_time import influence_over_time
from sim.views.figures.lineage import lineage
from sim.views.figures.network import network
from sim.views.figures.spread import spread
from sim.views.figures.study_lines import MAX_LINES, study_lines
from sim.views.figures.study_map import study_map
from sim.views.figures.study_tornado import study_tornado

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Choice:
    """The options chosen for a figure; None if not chosen.

    Attributes:
        method: the account of credit.
        scenario: of a run, for its ties and for credit before the end.
        measure, x, y, colour, panel: for a study.
    """

    method: str | None = None
    scenario: Scenario | None = None
    measure: str | None = None
    x: str | None = None
    y: str | None = None
    colour: str | None = None
    panel: str | None = None

    @property
    def account(self) -> str:
        """The account of credit, by default role flow."""
        return self.method or THIRDS

    @property
    def shown(self) -> list[str]:
        """The parameters of a study that are shown."""
        return [name for name in (self.x, self.y, self.colour, self.panel) if name is not None]


def world_of(tape: Tape, chosen: Choice) -> World | None:
    """Return the world of a run, for its ties; None if the scenario is unknown."""
    return None if chosen.scenario is None else World.build(chosen.scenario, tape.provenance["seed"])


def _giants(tape: Tape, chosen: Choice) -> Figure:
    return giants_over_time(tape, credit_over_time(tape, chosen.account, scenario=chosen.scenario))


OF_TAPE: dict[str, Callable[[Tape, Choice], Figure]] = {
    "spread": lambda tape, _: spread(tape),
    "credit": lambda tape, chosen: credit_bars(credit(tape, chosen.account)),
    "influence": lambda tape, chosen: influence_over_time(tape, credit(tape, chosen.account)),
    "accounts": lambda tape, _: accounts_side_by_side(compare(tape)),
    "giants": _giants,
    "lineage": lambda tape, _: lineage(tape),
    "network": lambda tape, chosen: network(tape, world_of(tape, chosen)),
}


def _lines(table: pd.DataFrame, chosen: Choice) -> Figure:
    rows = summarise(table, [str(chosen.measure)], chosen.shown)
    return study_lines(rows, str(chosen.x), chosen.colour, chosen.panel)


def _map(table: pd.DataFrame, chosen: Choice) -> Figure:
    rows = summarise(table, [str(chosen.measure)], chosen.shown)
    return study_map(rows, str(chosen.x), str(chosen.y), chosen.panel)


def _tornado(table: pd.DataFrame, chosen: Choice) -> Figure:
    return study_tornado(indices(table, str(chosen.measure)), str(chosen.measure))


OF_STUDY: dict[str, Callable[[pd.DataFrame, Choice], Figure]] = {"lines": _lines, "map": _map, "tornado": _tornado}


def settled(kind: str, table: pd.DataFrame, chosen: Choice) -> Choice:
    """Return the options of a figure of a study, with the defaults filled in.

    Raises:
        ValueError: if a measure or parameter is unknown, or none is left; the message begins with the field.
    """
    there, measures = parameters_of(table), measures_of(table)
    if not measures:
        raise ValueError("measure: the study has none")
    places = {"tornado": (), "map": ("x", "y"), "lines": ("x",)}[kind]
    for field, allowed in (("measure", measures), *((name, there) for name in ("x", "y", "colour", "panel"))):
        if (given := getattr(chosen, field)) is not None:
            require(field, given, allowed)
    for place, field in enumerate(places):
        if getattr(chosen, field) is None and len(there) <= place:
            raise ValueError(f"{field}: the study varies {', '.join(there) or 'nothing'}; there is nothing for it")
        filled: dict[str, Any] = {field: getattr(chosen, field) or there[place]}
        chosen = replace(chosen, **filled)
    for field in ("y", "colour", "panel"):
        if (given := getattr(chosen, field)) is not None and chosen.shown.count(given) > 1:
            raise ValueError(f"{field}: {given} is shown already; each can be shown in one way only")
    left = [name for name in there if name not in chosen.shown]
    if kind == "lines" and chosen.colour is None and len(left) == 1 and table[left[0]].nunique() <= MAX_LINES:
        chosen = replace(chosen, colour=left[0])
    return replace(chosen, measure=chosen.measure or measures[0])
