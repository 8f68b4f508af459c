"""The credit of roots that a log does not mention, and of those at its beginning (docs/howto/real-log.md)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.accounts.methods import settings_of
from sim.accounts.role_flow import role_flow_of_events
from sim.tape.tables import DISCOVER
from sim.tape.tape import Tape


class Roots(NamedTuple):
    """The credit of roots, by role flow."""

    made_up: int  # how many discoveries the reader of the log had to make up
    idea_credit: float  # their fraction of the credit for ideas, in [0, 1]
    # the fraction of all credit that goes to discoveries in the first tenth of the log's time, in [0, 1]
    first_tenth: float


def roots(tape: Tape) -> Roots:
    """Return the credit of the roots of a tape that was read from a log.

    >>> from sim import read_log
    >>> import pandas as pd
    >>> roots(read_log(pd.DataFrame({"time": [1, 2], "source": ["a", "b"], "target": ["b", "c"]})))
    Roots(made_up=1, idea_credit=1.0, first_tenth=0.75)
    """
    made_up = tape.provenance.get("made_up_roots", [])
    if not len(tape.events) or tape.total <= 0.0:
        return Roots(len(made_up), 0.0, 0.0)
    parts = role_flow_of_events(tape, settings_of(tape, {}).inheritance)
    ideas = float(parts[0].sum())
    step = tape.events.step
    early = (tape.events.kind == DISCOVER) & (step - step[0] <= (step[-1] - step[0]) // 10)
    credit = sum(float(part[early].sum()) for part in parts)
    return Roots(len(made_up), float(np.sum(parts[0][made_up])) / ideas if ideas else 0.0, credit / tape.total)
