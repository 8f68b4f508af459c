"""The sections of a scenario: every key with its meaning, its unit, its range and its default."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from sim.scenario.distributions import Ability
from sim.scenario.interventions import PAIRING, Intervention
from sim.scenario.networks import Network, NoNetwork
from sim.scenario.values import Count, Finite, Fraction, Name, Pairing, Positive, Rate, Section, Step, Whole, key

PER_STEP = "per person and step"
OF_WORLD = "fraction of the world"
ABILITIES = {
    "creativity": ("How much of what there is to discover the person can grasp; 1 has all the ideas.", "fraction"),
    "reach": ("How many people the person can tell in a step; 1 tells everybody.", OF_WORLD),
    "skill": ("How much of what there is to implement the person can make work.", "fraction"),
    "clarity": ("How well the person explains an idea.", "chance"),
    "understanding": ("How well the person understands an idea that is explained.", "chance"),
    "threshold": ('The part of a person\'s ties that must hold an idea before the person adopts it, where adoption is '
                  '"threshold".', "fraction of the ties"),
}  # fmt: skip


def _without_period(value: Any) -> Any:
    return math.inf if value == "forever" else value


def _ability(name: str, default: float | None, example: Any = None) -> Any:
    sentence, unit = ABILITIES[name]
    return key(sentence, default, unit=unit, settable=default is None, example=example)


class About(Section):
    """[scenario]: its name, how long it runs, and its seed."""

    name: Name = key("The name, as it appears in tables and figures.", example="my scenario")
    description: str = key("What the scenario is about, in a sentence or two.", "", example="A village of 500.")
    steps: Annotated[Whole, Field(ge=1, le=10_000_000)] = key("How long it runs.", unit="steps", example=100)
    seed: Annotated[Whole, Field(ge=0, lt=2**64)] = key("The seed; the same seed gives the same run, to the bit.", 0)
    replicates: Annotated[Whole, Field(ge=1, le=1_000_000_000)] = key(
        "How often a study runs each cell.", 1, unit="runs"
    )


class WorldSection(Section):
    """[world]: all the people there are; those who are not simulated one by one are the crowd."""

    size: Annotated[Whole, Field(ge=1, le=10**15)] | None = key(
        "How many people there are; by default those who are simulated one by one.", None, unit="people",
        example=1_000_000,
    )  # fmt: skip
    crowd_understanding: Fraction = key("How well the crowd understands.", 1.0, unit="chance")
    network: Network = key("Who can tell whom.", NoNetwork(), example={"kind": "watts-strogatz", "neighbours": 6})


class Population(Section):
    """[population]: persons without a name of their own, and the abilities of everyone who states none."""

    count: Annotated[Whole, Field(ge=0, le=1_000_000_000)] = key("How many there are.", 0, unit="persons", example=500)
    creativity: Ability = _ability("creativity", 0.0, 0.1)
    reach: Ability = _ability("reach", 0.0, {"kind": "uniform", "low": 0.0, "high": 4e-6})
    skill: Ability = _ability("skill", 0.0, {"kind": "choice", "values": [0.0, 0.01], "weights": [95, 5]})
    clarity: Ability = _ability("clarity", 1.0)
    understanding: Ability = _ability("understanding", 1.0, 0.5)
    threshold: Ability = _ability("threshold", 0.5)


class PersonSection(Section):
    """[[persons]]: a person, or a group of `count` alike; abilities that are left out are those of [population]."""

    name: Name = key("The name.", example="inventor")
    count: Count = key('How many persons alike there are; they are called "NAME 1", "NAME 2" and so on.', 1,
                       unit="persons")  # fmt: skip
    creativity: Ability | None = _ability("creativity", None, 0.2)
    reach: Ability | None = _ability("reach", None, 2e-6)
    skill: Ability | None = _ability("skill", None, 0.01)
    clarity: Ability | None = _ability("clarity", None, 0.9)
    understanding: Ability | None = _ability("understanding", None, 0.5)
    threshold: Ability | None = _ability("threshold", None, 0.25)
    born: Step = key("When the person enters the world.", 0, unit="step")
    dies: Step | None = key("When the person leaves the world; never by default.", None, unit="step", example=60)
    keeps: bool = key("Whether the person never gives an idea up.", False, settable=True)
    abilities: Annotated[list[Fraction], Field(min_length=3, max_length=3)] | None = key(
        "Creativity, reach and skill in one line, as the essay has it: [ideas, communication, implementation].",
        None, unit="fractions", example=[1.0, 1e-10, 0.0],
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, data: Any) -> Any:
        """Replace `abilities` by its three keys."""
        names = ("creativity", "reach", "skill")
        given = data.get("abilities") if isinstance(data, dict) else None
        if not isinstance(given, list) or len(given) != len(names):
            return data
        if twice := [name for name in names if name in data]:
            what = f"says {twice[0]} twice, as a key and in abilities; allowed: one of the two"
            raise PydanticCustomError("twice", what)
        return {key: value for key, value in data.items() if key != "abilities"} | dict(zip(names, given, strict=True))


class Tie(Section):
    """[[ties]]: a person who can tell another one."""

    source: Name = key("The person or group that can tell.", alias="from", example="inventor")
    target: Name = key("The person or group that can be told.", alias="to", example="journalist")
    weight: Positive = key("The strength of the tie.", 1.0, unit="chance")
    start: Step = key("The first step in which the tie is there.", 0, unit="step")
    end: Step | None = key(
        "The first step in which it is there no more; none by default.", None, unit="step", example=50
    )
    both_ways: bool = key("Whether the tie leads back as well.", False)
    pairing: Pairing = key(PAIRING, "all")


class Idea(Section):
    """[[ideas]]: an idea, or `count` ideas alike."""

    name: Name = key("The name.", example="bicycle")
    count: Annotated[Whole, Field(ge=1, le=1_000_000)] = key(
        'How many ideas alike there are; they are called "NAME 1", "NAME 2" and so on.', 1, unit="ideas"
    )
    value: Finite = key("The value that each holder realises.", 1.0, unit="per holder and step", settable=True)
    clarity: Positive = key("How well it can be understood.", 1.0, unit="chance", settable=True)
    difficulty: Annotated[float, Field(ge=0.0)] = key(
        "How hard it is to make it work; 0 is certain, inf impossible.", 1.0, unit="divides the rate", settable=True
    )
    discovery_rate: Rate | None = key(
        "How often it is discovered; by default that of [dynamics].", None, unit=PER_STEP, settable=True, example=0.5
    )
    prerequisites: list[Name] = key("The ideas that one must hold to discover it.", [], example=["wheel"])
    rival_of: Name | None = key("An idea that nobody holds together with it.", None, example="tricycle")
    hesitation: Fraction = key(
        "The chance to put off adopting it, each time it was understood.", 0.0, unit="chance", settable=True
    )


class Dynamics(Section):
    """[dynamics]: how often things happen.

    A rate r comes true within a step with probability 1 - exp(-r), and a rate of inf at once.
    """

    discovery_rate: Rate = key(
        "How often a person of creativity 1 discovers an idea.", 1.0, unit=PER_STEP, settable=True
    )
    audience: Literal["reach", "ties"] = key(
        'Whom a teller addresses: "reach": a fraction of the world, ties first, strangers with what they leave over; '
        '"ties": each tie with its weight and nobody else, whatever the reach, unless it is 0.', "reach", settable=True,
    )  # fmt: skip
    telling_period: Annotated[float, BeforeValidator(_without_period), Field(ge=0.0)] = key(
        'How long a person tells of an idea after adopting it; "forever" is allowed.', 1.0, unit="steps", settable=True
    )
    adoption: Literal["simple", "threshold"] = key(
        '"simple": each telling is a chance of its own; "threshold": once a part of the ties holds the idea, each step '
        "is a chance, by the clarity of the teller credited.", "simple",
        settable=True,
    )  # fmt: skip
    credited_tellers: Literal["one", "all"] = key(
        "Which of several tellers heard in one step are credited: one drawn at random, or all in equal parts.", "one",
        settable=True,
    )  # fmt: skip
    stifling: Literal["none", "teller", "both"] = key(
        "Who stops telling when someone is addressed who holds the idea already: nobody, the teller (Maki and "
        "Thompson), or both (Daley and Kendall), where a meeting of two tellers counts once.", "none", settable=True,
    )  # fmt: skip
    resolve_rate: Rate = key("How often someone who hesitates comes to a decision.", 0.0, unit=PER_STEP, settable=True)
    implementation_rate: Rate = key(
        "How often a holder of skill 1 makes an idea of difficulty 1 work.", 1.0, unit=PER_STEP, settable=True
    )
    release_delay: Step = key(
        "How long an implementation takes to reach the holders, beyond the next step.", 0, unit="steps", settable=True
    )
    abandon_rate: Rate = key("How often an idea that does not work is given up.", 0.1, unit=PER_STEP, settable=True)
    abandon_rate_working: Rate = key("How often an idea that works is given up.", 0.01, unit=PER_STEP, settable=True)
    readopt: bool = key("Whether someone who gave an idea up can adopt it again.", False, settable=True)


class Impact(Section):
    """[impact]: what counts as value, and whose."""

    value_of: Literal["working", "held"] = key(
        "Whether only ideas that work realise value, or all that are held.", "working"
    )
    per: Literal["step", "adopter"] = key(
        'How often a holding counts: in each "step", so that early ones weigh more and the number of steps matters, '
        'or once an "adopter", in the first step in which it does.', "step",
    )  # fmt: skip
    realised_by: Name | list[Name] = key(
        "Whose value counts: everyone's, the crowd's, or that of some persons or groups.", "everyone", example="crowd"
    )


class CreditSection(Section):
    """[credit]: the account of credit that a run prints, and its constants."""

    method: Literal[
        "role-flow", "person-pagerank", "event-pagerank", "citerank", "temporal-pagerank",
        "shapley", "owen", "position", "knockout", "priority",
    ] = key("The account of credit.", "role-flow")  # fmt: skip
    alpha: Annotated[float, Field(ge=0.0, lt=1.0 - 1e-9)] = key(
        "The damping of the PageRank accounts.", 0.85, unit="fraction"
    )
    inheritance: Fraction = key(
        "The part of an idea's credit that a discovery passes on to its prerequisites.", 0.5, unit="fraction"
    )


class Contents(Section):
    """The sections of a scenario file, and its folder."""

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
        """The folder in which network files are looked for."""
        return self._folder
