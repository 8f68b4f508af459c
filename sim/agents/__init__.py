"""The model as people read it, and as they extend it: Mesa agents, the reference for every other engine."""

from sim.agents.model import IdeaDiffusion
from sim.agents.person import Person

__all__ = ["IdeaDiffusion", "Person"]
