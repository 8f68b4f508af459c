"""Interventions: what a scenario schedules, a class a kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.values import Fraction, Name, Pairing, Positive, Section, Whole


class _Deed(Section):
    step: Annotated[Whole, Field(ge=1, le=2**31 - 2)]


class _OfIdea(_Deed):
    person: Name
    idea: Name = "everything"
    pairing: Pairing = "all"


class Discover(_OfIdea):
    """The person has the idea now."""

    kind: Literal["discover"]


class Tell(_OfIdea):
    """The person (or the crowd) tells `to`, who understand as they would from anybody."""

    kind: Literal["tell"]
    to: Name


class Publish(_OfIdea):
    """The person tells the fraction `reach` of the world."""

    kind: Literal["publish"]
    reach: Fraction = 1.0


class Implement(_OfIdea):
    """The person, who holds the idea, makes it work."""

    kind: Literal["implement"]


class Rewrite(_OfIdea):
    """The person gives the idea a new `clarity` and tells it for another telling period."""

    kind: Literal["rewrite"]
    clarity: Positive


class Lock(_OfIdea):
    """The person tells nobody of the idea any more."""

    kind: Literal["lock"]


class Unlock(_OfIdea):
    """The person tells the idea again, for another telling period."""

    kind: Literal["unlock"]


class Find(_OfIdea):
    """The person finds the notebook of `of`, alive or dead, and takes up what is written there."""

    kind: Literal["find"]
    of: Name


class Born(_Deed):
    """The person enters the world."""

    kind: Literal["born"]
    person: Name


class Die(_Deed):
    """The person leaves the world."""

    kind: Literal["die"]
    person: Name


class Set(_Deed):
    """A parameter takes a new value: dynamics.*, ideas.NAME.*, persons.NAME.*."""

    kind: Literal["set"]
    key: Name
    value: float | bool | str


class AddTie(_Deed):
    """A tie is added."""

    kind: Literal["tie"]
    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    weight: Positive = 1.0
    both_ways: bool = False


class CutTie(_Deed):
    """A tie is cut."""

    kind: Literal["cut"]
    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    both_ways: bool = False


Intervention = Annotated[
    Discover | Tell | Publish | Implement | Rewrite | Lock | Unlock | Find | Born | Die | Set | AddTie | CutTie,
    Field(discriminator="kind"),
]
