"""Interventions: what a scenario schedules, one class for each kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.values import Fraction, Name, Pairing, Positive, Section, Whole, key

PAIRING = 'Of two groups: "all" pairs everyone with everything, "each" the first with the first, and so on.'


class _Intervention(Section):
    step: Annotated[Whole, Field(ge=1, le=2**31 - 2)] = key("When it happens.", unit="step", example=40)


class _OfIdea(_Intervention):
    person: Name = key("The person or group that acts.", example="inventor")
    idea: Name = key("The idea or group of ideas.", "everything")
    pairing: Pairing = key(PAIRING, "all")


class Discover(_OfIdea):
    """The person has the idea now."""

    kind: Literal["discover"]


class Tell(_OfIdea):
    """The person (or the crowd) tells `to`, who understand with the usual chance."""

    kind: Literal["tell"]
    to: Name = key('The persons who are told; also "crowd" and "world".', example="journalist")


class Publish(_OfIdea):
    """The person tells a fraction of the world."""

    kind: Literal["publish"]
    reach: Fraction = key("The audience.", 1.0, unit="fraction of the world")


class Implement(_OfIdea):
    """The person, who holds the idea, makes it work."""

    kind: Literal["implement"]


class Rewrite(_OfIdea):
    """The person gives the idea a new clarity and tells it for another telling period."""

    kind: Literal["rewrite"]
    clarity: Positive = key("The new clarity of the person for this idea.", unit="chance", example=0.9)


class Lock(_OfIdea):
    """The person stops telling the idea."""

    kind: Literal["lock"]


class Unlock(_OfIdea):
    """The person tells the idea again, for another telling period."""

    kind: Literal["unlock"]


class Find(_OfIdea):
    """The person finds the notebook of `of`, alive or dead, and adopts what is written in it."""

    kind: Literal["find"]
    of: Name = key("Whose notebook it is.", example="genius")


class Born(_Intervention):
    """The person enters the world."""

    kind: Literal["born"]
    person: Name = key("The person or group.", example="heir")


class Die(_Intervention):
    """The person leaves the world."""

    kind: Literal["die"]
    person: Name = key("The person or group.", example="genius")


class Set(_Intervention):
    """A parameter takes a new value: dynamics.KEY, ideas.NAME.KEY or persons.NAME.KEY."""

    kind: Literal["set"]
    key: Name = key("The parameter.", example="dynamics.abandon_rate")
    value: float | bool | str = Field(description="The new value.", examples=[0.2])


class AddTie(_Intervention):
    """A tie is added."""

    kind: Literal["tie"]
    source: Name = key("The person or group that can tell.", alias="from", example="inventor")
    target: Name = key("The person or group that can be told.", alias="to", example="journalist")
    weight: Positive = key("The strength of the tie.", 1.0, unit="chance")
    both_ways: bool = key("Whether the tie leads back as well.", False)


class CutTie(_Intervention):
    """A tie is cut."""

    kind: Literal["cut"]
    source: Name = key("The person or group that could tell.", alias="from", example="inventor")
    target: Name = key("The person or group that could be told.", alias="to", example="journalist")
    both_ways: bool = key("Whether the tie back is cut as well.", False)


Intervention = Annotated[
    Discover | Tell | Publish | Implement | Rewrite | Lock | Unlock | Find | Born | Die | Set | AddTie | CutTie,
    Field(discriminator="kind"),
]
