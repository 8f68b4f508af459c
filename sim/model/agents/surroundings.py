"""The questions that a person can ask: of the world around, and of another person.

This is the page for a rule of one's own. A subclass of Person finds the world as it is now in `self.model`, which has
what `Surroundings` lists, and the others in `self.model.people`, each with what `Other` lists. A decision is
a function of these and of luck (`Person.luck`, `Person.comes_true`); all of it is read as it stood at the end of
the step before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sim.model.agents.crowd import Crowd
from sim.model.world import World


@dataclass
class Holding:
    """A person holds an idea: the event that began it, and when; until when it is told; whether implemented."""

    event: int
    since: int
    tells_until: float
    implemented: bool = False


class Other(Protocol):
    """Another person, as a person sees one."""

    index: int  # row in the tape's persons
    holdings: dict[int, Holding]  # idea number -> Holding
    clarity: float

    def is_open_to(self, idea: int) -> bool:
        """Return whether the person could adopt the idea."""

    def has_held(self, idea: int) -> bool:
        """Return whether the person holds the idea since an earlier step."""

    def understands(self, idea: int, teller_clarity: float) -> float:
        """Return the chance that the person, when told, understands; in [0, 1]."""

    def chance_to_address(self, idea: int, other: Other) -> float:
        """Return the chance that the person addresses another in this step; 0 if the idea is not told."""


class Surroundings(Protocol):
    """The model, as a person sees it."""

    world: World  # what never changes: size, ties, names, what ideas build on
    abilities: Sequence[tuple[Any, ...]]  # of each person at the start: creativity, ..., threshold, keeps, alive
    rivals: Sequence[Sequence[int]]  # of each idea: those that nobody holds along with it
    now: int  # the step that is being taken
    idea_numbers: range
    dynamics: dict[str, Any]  # the keys of [dynamics], as they are now
    ideas: dict[str, list[float]]  # value, clarity, difficulty, discovery_rate, hesitation: of each idea, now
    crowd: Crowd
    rules: Any  # the functions of rules.py by their names, a user's own in their places
    discoveries: list[tuple[int, int]]  # (idea, person): what is decided in this step, as are the next three
    implementations: list[tuple[int, int]]
    abandonments: list[tuple[int, int]]
    stifled: list[tuple[int, int]]

    @property
    def people(self) -> Sequence[Other]:
        """Return all persons, by their index."""

    def works(self, idea: int) -> bool:
        """Return whether an implementation of the idea is out."""

    def ties_of(self, person: int) -> Sequence[tuple[int, float]]:
        """Return whom a person is tied to in this step, with the weights."""

    def ties_to(self, person: int) -> Sequence[tuple[int, float]]:
        """Return who is tied to a person in this step, with the weights."""

    def key(self, purpose: int, idea: int) -> int:
        """Return the key of all luck of this step for one purpose and idea."""

    def luck_with_ties(self, idea: int, teller: int) -> Sequence[float]:
        """Return a teller's uniform number in [0, 1) for each of `ties_of`, in this step."""

    def rank(self, idea: int, teller: int, hearer: int) -> int:
        """Return the place of a teller among those who make a hearer understand in this step."""

    def hear(self, hearer: Other, idea: int, parents: Mapping[int, float], teller: int | None) -> None:
        """Have a person hear and understand, from the holdings `parents` with their weights."""
