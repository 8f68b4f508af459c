"""Labels of persons in a network file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import ScenarioError
from sim.scenario.groups import EVERYONE, POPULATION, person_ranges
from sim.scenario.scenario import Scenario

LONGEST = 1000  # letters of a label


WHOLE = re.compile(r"(-?)0*([0-9]+)")


class Labels:
    """Persons by the labels of a file: a label that names a person is that one, all others the population in order.

    Spaces around a label do not count, and whole numbers are compared as numbers: 07 is 7. A ScenarioError is raised if
    there are more labels than persons.
    """

    def __init__(self, scenario: Scenario, path: Path) -> None:
        people = person_ranges(scenario)
        self.path, self.population = path, people[POPULATION]
        self.named = {person.name: people[person.name] for person in scenario.persons}
        self.free = self.population.start
        self.known: dict[str, int] = {}
        self.dense = 8 * len(people[EVERYONE]) + 1_000_000  # up to here whole numbers are looked up in a table
        self.table: NDArray[np.int32] | None = np.empty(0, np.int32)  # None once there are labels of another kind
        if any(WHOLE.fullmatch(name) for name in self.named):
            self.table = None

    def number(self, label: str, line: int | None = None) -> int:
        """Return the person whom a label means."""
        found = self.known.get(label)
        if found is None:
            plain = canonical(label)
            found = self.known.get(plain)
            if found is None:
                found = self._member(plain)
                found = self._next(label, line) if found is None else found
                self.known[plain] = found
            self.known[label] = found
        return found

    def _member(self, label: str) -> int | None:
        rows = self.named.get(label, range(0))
        if len(rows) == 1:
            return rows.start
        group, _, number = label.rpartition(" ")
        rows = self.named.get(group, range(0))
        inside = len(rows) > 1 and number.isascii() and number.isdigit() and len(number) < 12
        return rows[int(number) - 1] if inside and 1 <= int(number) <= len(rows) and number[0] != "0" else None

    def _next(self, label: str, line: int | None) -> int:
        if self.free >= self.population.stop:
            count = len(self.population)
            raise ScenarioError(f"'{label}' is a person too many: population.count is {count}", str(self.path), line)
        self.free += 1
        return self.free - 1

    def of_whole_numbers(self, labels: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the persons of many labels; new labels are given persons in the order in which they appear."""
        if self.table is not None and len(labels) and labels.min() >= 0 and labels.max() < self.dense:
            return self._looked_up(labels)
        if self.table is not None:  # from now on, text
            self.known |= {str(label): int(self.table[label]) for label in np.flatnonzero(self.table >= 0)}
            self.table = None
        distinct, first, place = np.unique(labels, return_index=True, return_inverse=True)
        numbers = np.empty(len(distinct), np.int32)
        for m in np.argsort(first):
            numbers[m] = self.number(str(distinct[m]))
        return numbers[place]

    def _looked_up(self, labels: NDArray[np.int64]) -> NDArray[np.int32]:
        table: Any = self.table
        longer = int(labels.max()) + 1 - len(table)
        if longer > 0:
            table = np.concatenate([table, np.full(max(longer, len(table) // 2), -1, np.int32)])
        new = labels[table[labels] < 0]
        if len(new):
            distinct, first = np.unique(new, return_index=True)
            distinct = distinct[np.argsort(first)]
            room = self.population.stop - self.free
            if len(distinct) > room:
                self.free = self.population.stop
                self._next(str(distinct[room]), None)
            table[distinct] = np.arange(self.free, self.free + len(distinct))
            self.free += len(distinct)
        self.table = table
        found: NDArray[np.int32] = table[labels]
        return found


def canonical(label: str) -> str:
    """Return a label without spaces around it and, if it is a whole number, without leading zeros."""
    label = label.strip()
    whole = WHOLE.fullmatch(label)
    return (whole[1] if whole[2] != "0" else "") + whole[2] if whole else label
