"""A person as a Mesa agent, who can be given decisions of one's own."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import mesa

from sim.model.agents.decisions import Decisions
from sim.model.agents.surroundings import Surroundings


class Counts(weakref.WeakKeyDictionary[Any, "itertools.count[int]"]):
    """The number of the next agent of each model, which Mesa 3.3 asks for, without keeping the models alive."""

    def __getitem__(self, model: Any) -> itertools.count[int]:
        return self.setdefault(model, itertools.count(1))


class Person(Decisions, mesa.Agent):
    """One person of the model.

    To give persons a rule of their own, subclass and override one of the decisions `discovers`, `audience`, `tells`,
    `understands`, `adopts`, `implements`, `abandons`, and pass the class to `IdeaDiffusion(..., person_class=...)`;
    surroundings.py lists what it can ask. Only persons with creativity (skill) above 0 are asked to discover
    (implement).

    Attributes:
        index: row in the tape's persons.
        creativity, reach, skill, clarity, understanding, threshold: abilities in [0, 1].
        keeps: whether the person never abandons.
        alive: whether the person is there.
        holdings: idea number -> Holding.
    """

    _ids = Counts()

    def __init__(self, model: Surroundings, index: int) -> None:
        mesa.Agent.__init__(self, model)
        Decisions.__init__(self, model, index)
