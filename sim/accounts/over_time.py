"""Credit over time: the shares as they looked at each step, and who was regarded as a giant when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.accounts.account import attribute
from sim.accounts.summary import Side, sides
from sim.errors import whole_number
from sim.machine.loops import repeated
from sim.model.until import moments
from sim.scenario.scenario import Scenario
from sim.tape.tables import Floats, Ints, Names, Persons
from sim.tape.tape import Tape

if TYPE_CHECKING:
    import pandas as pd

MOST = 100  # steps, if none are given


@dataclass(frozen=True, eq=False)
class CreditOverTime:
    """The credit of every person as it looked at certain steps, when what came later was unknown.

    Attributes:
        method: name of the account.
        steps: ascending; shape (steps,).
        total: value credited by then; shape (steps,).
        credit: of each person at each step, >= 0; shape (steps, persons).
        name: of every person who is in the table of any step, in tape order.
        group, groups: the group of each person, shape (persons,), and the table of groups.
        origin: the time of a log at step 0.
    """

    method: str
    steps: Ints
    total: Floats
    credit: Floats
    name: Sequence[str]
    group: Ints
    groups: Persons
    origin: int = 0

    @property
    def share(self) -> Floats:
        """The credit as a fraction of the total by then, 0 where that is 0; shape (steps, persons)."""
        total = self.total[:, np.newaxis]
        return np.divide(self.credit, total, out=np.zeros_like(self.credit), where=total > 0.0)

    def to_pandas(self) -> pd.DataFrame:
        """Return the shares, steps x persons, in tape order."""
        import pandas as pd

        return pd.DataFrame(self.share, index=pd.Index(self.steps, name="step"), columns=list(self.name))

    def courses(self, most: int = 6, named: int = 1) -> list[Side]:
        """Return the rows with the largest share at the last step, and the rest as one; `shares` has a number per step.

        Up to a third of them are taken from those who had the largest share at any step. Members of a group who are
        equal at every step are one row.
        """
        last = len(self.steps) - 1 if len(self.steps) else None
        return sides((self.name, self.group, self.groups), self.share.T, last, most, named, once=most // 3)

    def to_rows(self, most: int = 20) -> list[dict[str, Any]]:
        """Return a dict for each step: time, credit (of all), share (of the last total), persons (name: share by then).

        The persons are those of `courses(most)`, with the rest as "all others".
        """
        last = float(self.total[-1]) if len(self.total) else 0.0
        courses = self.courses(most)
        names = ["all others" if course.kind == "rest" else course.name for course in courses]
        return [
            {
                "time": self.origin + int(step),
                "credit": float(total),
                "share": float(total) / last if last > 0.0 else 0.0,
                "persons": {name: course.shares[at] for name, course in zip(names, courses, strict=True)},
            }
            for at, (step, total) in enumerate(zip(self.steps, self.total, strict=True))
        ]


def credit_over_time(
    tape: Tape,
    method: str = "role-flow",
    steps: Iterable[int] | None = None,
    scenario: Scenario | None = None,
    **settings: float | None,
) -> CreditOverTime:
    """Return the credit as it looked at each step, from the tape as it was then (`sim.model.until`).

    Each step takes one run of the account over the events so far. The value realised by then is computed from when
    holdings began, ended and worked, so nothing is simulated again.

    Args:
        tape: from a run or a real log; it is not changed.
        method: a name in METHODS.
        steps: from 0 to tape.steps, ascending; by default at most 100, evenly spaced from the first event to the last
            step, both included.
        scenario: what was run; not needed for a log.
        settings: as in `credit`.

    Raises:
        ValueError: as from `credit`; if the steps do not ascend or are out of range; or if the tape is from a run and
            the scenario is missing or another one.

    In the third step P2 tells the crowd of P1's idea, and from the next step on it has value:

    >>> from sim import Scenario, simulate
    >>> scenario = Scenario.load("e1_interpreter")
    >>> credit_over_time(simulate(scenario), steps=[3, 4], scenario=scenario).share.tolist()
    [[0.0, 0.0], [0.5, 0.5]]
    """
    given = None if steps is None else [whole_number("step", step, 0, tape.steps) for step in steps]
    chosen = _chosen(tape) if given is None else np.array(given, np.int64)
    if (np.diff(chosen) <= 0).any():
        raise ValueError("steps: must ascend")
    persons = tape.persons
    found, total = np.zeros((len(chosen), persons.total)), np.zeros(len(chosen))
    shown = np.zeros(persons.total, np.bool_)
    with repeated(len(chosen)):
        for place, then in enumerate(moments(tape, chosen.tolist(), scenario)):
            table = attribute(then, method, settings)
            found[place, table.row], total[place] = table.persons.credit, table.total
            shown[table.row] = True
    rows = np.flatnonzero(shown)
    return CreditOverTime(
        method, chosen, total, found[:, rows], Names(persons, rows), persons.group[rows], persons,
        int(tape.provenance.get("time_origin") or 0),
    )  # fmt: skip


def _chosen(tape: Tape) -> Ints:
    span = tape.steps - tape.first
    gaps = min(MOST - 1, span)
    # In whole numbers, since fractional ones have no room for nanoseconds since 1970.
    return np.array([tape.first + (span * k + gaps // 2) // max(1, gaps) for k in range(gaps + 1)], np.int64)
