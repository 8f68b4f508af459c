"""The sections of a scenario; every default stands here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from sim.scenario.distributions import Ability
from sim.scenario.interventions import Intervention
from sim.scenario.networks import Network, NoNetwork
from sim.scenario.values import Count, Fraction, Name, Pairing, Positive, Rate, Section, Step, Whole


def _without_period(value: Any) -> Any:
    return math.inf if value == "forever" else value


class About(Section):
    """[scenario]: what it is called, how long it runs, on which seed."""

    name: Name
    description: str = ""
    steps: Annotated[Whole, Field(ge=1, le=10_000_000)]
    seed: Annotated[Whole, Field(ge=0, lt=2**64)] = 0
    replicates: Annotated[Whole, Field(ge=1, le=1_000_000_000)] = 1


class WorldSection(Section):
    """[world]: all the people there are; those who are not simulated one by one are the crowd."""

    size: Annotated[Whole, Field(ge=1, le=10**15)] | None = None
    crowd_understanding: Fraction = 1.0
    network: Network = NoNetwork()


class Population(Section):
    """[population]: `count` persons without a name, and the abilities of everyone who has none of their own."""

    count: Annotated[Whole, Field(ge=0, le=1_000_000_000)] = 0
    creativity: Ability = 0.0
    reach: Ability = 0.0
    skill: Ability = 0.0
    clarity: Ability = 1.0
    understanding: Ability = 1.0
    threshold: Ability = 0.5


class PersonSection(Section):
    """[[persons]]: a person, or a group of `count` alike."""

    name: Name
    count: Count = 1
    creativity: Ability | None = None
    reach: Ability | None = None
    skill: Ability | None = None
    clarity: Ability | None = None
    understanding: Ability | None = None
    threshold: Ability | None = None
    born: Step = 0
    dies: Step | None = None
    keeps: bool = False


class Tie(Section):
    """[[ties]]: `source` can tell `target`, from step `start` until before step `end`."""

    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    weight: Positive = 1.0
    start: Step = 0
    end: Step | None = None
    both_ways: bool = False
    pairing: Pairing = "all"


class Idea(Section):
    """[[ideas]]: an idea, or `count` ideas alike."""

    name: Name
    count: Annotated[Whole, Field(ge=1, le=1_000_000)] = 1
    value: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 1.0
    clarity: Positive = 1.0
    difficulty: Annotated[float, Field(ge=0.0)] = 1.0
    discovery_rate: Rate | None = None
    prerequisites: list[Name] = []
    rival_of: Name | None = None
    hesitation: Fraction = 0.0


class Dynamics(Section):
    """[dynamics]: how often things happen; rates are per person and step.

    `stifling` says who tells no more after a teller addressed one who holds the idea already: nobody, the teller
    (Maki and Thompson), or both (Daley and Kendall), where a meeting of two tellers counts once, whoever addressed
    whom; see `part_of_meeting` in rules.py. What is told by an intervention counts as it stands.
    """

    discovery_rate: Rate = 1.0
    telling_period: Annotated[float, BeforeValidator(_without_period), Field(ge=0.0)] = 1.0
    adoption: Literal["simple", "threshold"] = "simple"
    credited_tellers: Literal["one", "all"] = "one"
    stifling: Literal["none", "teller", "both"] = "none"
    resolve_rate: Rate = 0.0
    implementation_rate: Rate = 1.0
    release_delay: Step = 0
    abandon_rate: Rate = 0.1
    abandon_rate_working: Rate = 0.01
    readopt: bool = False


class Impact(Section):
    """[impact]: what counts as value, and whose."""

    value_of: Literal["working", "held"] = "working"
    realised_by: Name | list[Name] = "everyone"


class CreditSection(Section):
    """[credit]: the account of credit that a run prints, and its constants."""

    method: Literal[
        "role-flow", "person-pagerank", "event-pagerank", "citerank", "temporal-pagerank",
        "shapley", "owen", "position", "knockout", "priority",
    ] = "role-flow"  # fmt: skip
    alpha: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.85
    inheritance: Fraction = 0.5


class Contents(Section):
    """All sections of a file, and the folder in which it stands."""

    scenario: About
    world: WorldSection = WorldSection()
    population: Population = Population()
    persons: list[PersonSection] = []
    ties: list[Tie] = []
    ideas: Annotated[list[Idea], Field(min_length=1)]
    dynamics: Dynamics = Dynamics()
    impact: Impact = Impact()
    credit: CreditSection = CreditSection()
    interventions: list[Intervention] = []

    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where the network file is looked for."""
        return self._folder
