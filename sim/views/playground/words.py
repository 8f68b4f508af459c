"""The page's knowledge of the model: the names behind numeric codes, defaults, and the accounts' questions."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_origin

from sim.accounts.methods import METHODS
from sim.model.kernels import interventions
from sim.model.kernels.beginning import FIELDS
from sim.model.rules import NEVER
from sim.model.world import ABILITIES
from sim.scenario.sections import About, CreditSection, Dynamics, Idea, Impact, Population, Tie, WorldSection
from sim.tape.tables import KINDS

ACCOUNTS = ("role-flow", "person-pagerank", "shapley", "knockout", "priority")


def words() -> dict[str, Any]:
    """Return the facts of the model that the page needs, as plain JSON values."""
    sections: dict[str, Any] = {
        "scenario": About, "world": WorldSection, "population": Population, "ideas": Idea, "ties": Tie,
        "dynamics": Dynamics, "impact": Impact, "credit": CreditSection,
    }  # fmt: skip
    return {
        "events": list(KINDS),
        "abilities": list(ABILITIES),
        "dynamics": list(FIELDS["dynamics"]),
        "ideas": list(FIELDS["ideas"]),
        "words": {name: get_args(field.annotation) for name, field in Dynamics.model_fields.items()
                  if get_origin(field.annotation) is Literal},
        "never": float(NEVER),
        "interventions": list(interventions.KINDS),
        "sections": list(interventions.SECTIONS),
        "common_rate": interventions.COMMON_RATE,
        "defaults": {name: _defaults(section) for name, section in sections.items()},
        "asks": {name: METHODS[name].asks for name in ACCOUNTS},
    }  # fmt: skip


def _defaults(section: Any) -> dict[str, Any]:
    given = {(field.alias or name): field.default for name, field in section.model_fields.items()}
    plain = {name: "inf" if value == math.inf else value for name, value in given.items()}
    return {name: value for name, value in plain.items() if isinstance(value, bool | int | float | str)}
