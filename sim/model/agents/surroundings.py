"""The questions that a person can ask: about the surrounding world, and about another person.

Read this file to write a rule of your own. A subclass of Person finds the current world in `self.model`, which has what
`Surroundings` lists, and the others in `self.model.people`, each with what `Other` lists. A decision is a function of
these and of draws (`Person.draw`, `Person.comes_true`); it reads everything as it was at the end of the step before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sim.model.agents.crowd import Crowd
from sim.model.world import World


@dataclass
class Holding:
    """A person's holding of an idea: the event and step that began it, until when it is told, whether implemented."""

    event: int
    since: int
    tells_until: float
    implemented: bool = False


class Other(Protocol):
    """Another person, as a person sees them."""

    index: int  # row in the tape's persons
    holdings: dict[int, Holding]  # idea number -> Holding
    clarity: float

    def is_open_to(self, idea: int) -> bool:
        """Return whether the person could adopt the idea."""

    def has_held(self, idea: int) -> bool:
        """Return whether the person has held the idea since an earlier step."""

    def understands(self, idea: int, teller_clarity: float) -> float:
        """Return the chance that the person, when told, understands; in [0, 1]."""

    def chance_to_address(self, idea: int, other: Other) -> float:
        """Return the chance that the person addresses another in this step; 0 if the idea is not told."""


class Surroundings(Protocol):
    """The model, as a person sees it."""

    world: World  # what never changes: size, ties, names, prerequisites
    abilities: Sequence[tuple[Any, ...]]  # of each person at the start: creativity, ..., threshold, keeps, alive
    rivals: Sequence[Sequence[int]]  # of each idea: the ideas that nobody holds along with it
    now: int  # the step that is being taken
    idea_numbers: range
    dynamics: dict[str, Any]  # the keys of [dynamics], as they are now
    ideas: dict[str, list[float]]  # value, clarity, difficulty, discovery_rate, hesitation: of each idea, now
    crowd: Crowd
    rules: Any  # the functions of rules.py by name, with a user's own in place
    discoveries: list[tuple[int, int]]  # (idea, person): decided in this step, like the next three
    implementations: list[tuple[int, int]]
    abandonments: list[tuple[int, int]]
    stifled: list[tuple[int, int]]

    @property
    def people(self) -> Sequence[Other]:
        """All persons, by their index."""

    def works(self, idea: int) -> bool:
        """Return whether an implementation of the idea is in use."""

    def ties_of(self, person: int) -> Sequence[tuple[int, float]]:
        """Return the persons to whom a person is tied in this step, with the weights."""

    def ties_to(self, person: int) -> Sequence[tuple[int, float]]:
        """Return the persons who are tied to a person in this step, with the weights."""

    def key(self, purpose: int, idea: int) -> int:
        """Return the key of all draws of this step for one purpose and idea."""

    def draws_with_ties(self, idea: int, teller: int) -> Sequence[float]:
        """Return a teller's uniform number in [0, 1) for each of `ties_of`, in this step."""

    def rank(self, idea: int, teller: int, hearer: int) -> int:
        """Return the rank of a teller among those who make a hearer understand in this step."""

    def hear(self, hearer: Other, idea: int, parents: Mapping[int, float], teller: int | None) -> None:
        """Record that a person hears and understands, from the holdings `parents` with their weights."""
