"""One person of the columns, seen as interventions see a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.kernels import loops
from sim.kernels.loops import HELD, HESITATES, IMPLEMENTED
from sim.randomness import uniform
from sim.rules import chance_to_understand, skip

if TYPE_CHECKING:
    from sim.kernels.model import ColumnModel


class PersonView:
    """A person by number; reads and writes the columns of the model."""

    model: ColumnModel
    index: int
    holdings: _Holdings
    notebook: _Notebook

    def __init__(self, model: ColumnModel, index: int) -> None:
        self.__dict__.update(
            model=model, index=index, holdings=_Holdings(model, index), notebook=_Notebook(model, index)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model.columns, name)[self.index].item()

    def __setattr__(self, name: str, value: Any) -> None:
        was = getattr(self, name)
        getattr(self.model.columns, name)[self.index] = value
        if name == "alive" and value and not was:
            for idea in self.model.idea_numbers:
                self.restart(loops.PURPOSES[loops.DISCOVERY], idea)

    def is_open_to(self, idea: int) -> bool:
        """Whether the person could take the idea up."""
        return bool(loops.is_open(self.model.columns, idea, self.index))

    def restart(self, purpose: int, idea: int) -> None:
        """Let the wait be drawn anew when it is next asked for."""
        clock, key = list(loops.PURPOSES).index(purpose), idea * self.model.n + self.index
        self.model.started[clock, key] = 0
        self.model.pending.append((clock, np.array([key])))

    def forget(self) -> None:
        """Stop all clocks, and have heard of nothing."""
        keys = np.array(self.model.idea_numbers) * self.model.n + self.index
        self.model.started[:, keys] = 0
        self.model.columns.bits[keys] &= ~np.uint8(HESITATES)

    def understands(self, idea: int, teller_clarity: float) -> float:
        """The chance that the person, when told, understands; in [0, 1]."""
        return chance_to_understand(float(self.model.columns.idea_clarity[idea]), teller_clarity, self.understanding)

    def strangers(self, idea: int, chance: float, purpose: int) -> Iterator[int]:
        """Everybody with the same chance, by skipping over those who are not addressed."""
        other, n = -1, self.model.n
        for draws in range(n):
            luck = uniform(self.model.luck, purpose, self.model.now, self.index, idea, draws) if chance < 1.0 else 0.0
            other += 1 + skip(luck, chance)
            if other >= n:
                return
            yield other

    def address(self, idea: int, holding: _Holding, other: int, chance: float, purpose: int) -> None:
        """Tell one person with this chance; who understands has heard of the idea."""
        model = self.model
        heard, stifled, found = np.empty((1, 3), np.int64), np.empty(2, np.int64), np.zeros(2, np.int64)
        stifling = model.stifling()
        model.code.address(
            model.columns, holding.key, other, chance, purpose, model.now, stifling, heard, stifled, found
        )
        model.stifled.append(stifled[: found[1]])
        if found[0]:
            key, rank, event = heard[0].tolist()
            model.hearings.append((key, rank, {event: 1.0}, False))


class _Holding:
    def __init__(self, model: ColumnModel, key: int) -> None:
        self.model, self.key = model, key

    @property
    def event(self) -> int:
        return int(self.model.columns.event[self.key])

    @property
    def since(self) -> int:
        return int(self.model.columns.since[self.key])

    @property
    def implemented(self) -> bool:
        return bool(self.model.columns.bits[self.key] & IMPLEMENTED)

    @property
    def tells_until(self) -> float:
        return float(self.model.columns.until[self.key])

    @tells_until.setter
    def tells_until(self, step: float) -> None:
        self.model.columns.until[self.key] = self.model.last_step(step)
        self.model.list_tellers(np.array([self.key]))


class _Holdings:
    def __init__(self, model: ColumnModel, index: int) -> None:
        self.model, self.index = model, index

    def __contains__(self, idea: int) -> bool:
        return bool(self.model.columns.bits[idea * self.model.n + self.index] & HELD)

    def __iter__(self) -> Iterator[int]:
        return (idea for idea in self.model.idea_numbers if idea in self)

    def get(self, idea: int) -> _Holding | None:
        return _Holding(self.model, idea * self.model.n + self.index) if idea in self else None


class _Notebook:
    def __init__(self, model: ColumnModel, index: int) -> None:
        self.model, self.index = model, index

    def __contains__(self, idea: int) -> bool:
        return self[idea] >= 0

    def __getitem__(self, idea: int) -> int:
        return int(self.model.columns.event[idea * self.model.n + self.index])
