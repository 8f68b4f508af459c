"""A scenario: the validated model of the file that a user writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.machine.records import html_table, many
from sim.machine.showing import shown
from sim.scenario.bundled import read_text
from sim.scenario.groups import EVERYONE, EVERYTHING, idea_ranges, person_ranges
from sim.scenario.keys import put
from sim.scenario.locate import first_problem, parse_toml
from sim.scenario.references import check_references
from sim.scenario.sections import Contents


class Scenario(Contents):
    """A world, its persons and ideas, and what happens to them.

    >>> text = '''
    ... [scenario]
    ... name = "one idea"
    ... steps = 10
    ... [[persons]]
    ... name = "P1"
    ... creativity = 1.0
    ... [[ideas]]
    ... name = "wheel"
    ... '''
    >>> Scenario.from_toml(text).replace({"scenario.steps": 20}).scenario.steps
    20
    """

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """Read and validate a scenario file, or one that comes with shoulders, by its name.

        Raises:
            ScenarioError: one line with the file, the line, the key, what is wrong and what is allowed.
        """
        text, file = read_text(path)
        return cls.from_toml(text, source=str(file), folder=file.parent)

    @classmethod
    def of(cls, given: Scenario | str | Path) -> Scenario:
        """Return a scenario as it is, or load the one with a path or a name.

        Raises:
            ScenarioError: as `load`, or if anything else is given.
        """
        if isinstance(given, Scenario):
            return given
        if isinstance(given, str | os.PathLike):
            return cls.load(given)
        raise ScenarioError(f"must be a Scenario, a path or a name, is a {type(given).__name__}", key="scenario")

    @classmethod
    def from_toml(cls, text: str, source: str = "scenario", folder: str | Path = ".") -> Scenario:
        """Validate a scenario given as TOML text; network files are looked for in `folder`."""
        return cls._validated(parse_toml(text, source), source, text, Path(folder))

    @classmethod
    def _validated(cls, data: Mapping[str, Any], source: str, text: str, folder: Path) -> Scenario:
        try:
            scenario = cls.model_validate(dict(data))
        except ValidationError as error:
            raise first_problem(error, cls, data, source, text) from None
        scenario._folder = folder
        check_references(scenario, source, text)
        return scenario

    def replace(self, changes: Mapping[str, Any], source: str = "replace") -> Scenario:
        """Return a scenario with other values of some keys.

        Args:
            changes: such as {"dynamics.abandon_rate": 0.2, "persons.Kant.clarity": 1.0}.
            source: what an error names as the place of the change.

        Raises:
            ScenarioError: if a key does not exist or its value is not allowed.
        """
        data = self.model_dump(by_alias=True, exclude_unset=True)
        for key, value in changes.items():
            put(data, key, value, source)
        return self._validated(data, source, "", self._folder)

    def with_network(self, graph: Any, folder: str | Path | None = None) -> Scenario:
        """Return the scenario with the ties of a networkx graph, and as many persons as it has nodes.

        A node with the name of a person is that person; the other nodes are the population, in the order in which the
        ties name them. Ties of an undirected graph lead both ways. Attributes weight, start and end are those of ties.

        Args:
            graph: a networkx graph.
            folder: where to write the file of its ties, named by its content; the cache of shoulders if None.

        Raises:
            ScenarioError: if it has no nodes, or a tie cannot be used.
        """
        from sim.scenario.graph_file import write_ties

        names, path = write_ties(graph, folder)
        data = self.model_dump(by_alias=True, exclude_unset=True)
        people = [person for person in self.persons if person.name not in names]
        count = len(names) - (len(self.persons) - len(people))
        data.setdefault("population", {})["count"] = count
        network = {"kind": "file", "path": path.name, "both_ways": not graph.is_directed()}
        data.setdefault("world", {})["network"] = network
        return self._validated(data, "with_network", "", path.parent)

    def to_toml(self) -> str:
        """Return the scenario with every default spelled out, as TOML that reads back equal."""
        import tomlkit

        return tomlkit.dumps(self.model_dump(by_alias=True, exclude_none=True))

    def __eq__(self, other: object) -> bool:
        """Return whether all keys have the same values, wherever the files lie."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        persons, ideas = person_ranges(self)[EVERYONE], idea_ranges(self)[EVERYTHING]
        size = f"{many(len(persons), 'person')}, {many(len(ideas), 'idea')}, {many(self.scenario.steps, 'step')}"
        return f"Scenario({self.scenario.name!r}, {size})"

    __str__ = __repr__

    def plot(self, kind: str = "spread") -> Any:
        """Run the scenario, and return a figure of its tape, as `Tape.plot` does."""
        return shown("plot_scenario", self, kind)

    def play(self) -> Any:
        """Return the playground, which begins with this scenario, in a frame that shows itself in a notebook."""
        return shown("play_scenario", self)

    def _repr_html_(self) -> str:
        persons, ideas = person_ranges(self)[EVERYONE], idea_ranges(self)[EVERYTHING]
        rows = [
            ("persons", f"{len(persons):,}"), ("ideas", f"{len(ideas):,}"), ("steps", f"{self.scenario.steps:,}"),
            ("network", self.world.network.kind), ("seed", self.scenario.seed), ("credit", self.credit.method),
            ("interventions", len(self.interventions)), ("description", self.scenario.description),
        ]  # fmt: skip
        return html_table(self.scenario.name, (), rows)

    __hash__ = None  # type: ignore[assignment]  # pydantic would make one; typeshed has a method
