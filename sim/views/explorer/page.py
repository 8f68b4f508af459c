"""The explorer: the page of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.scenario.scenario import Scenario
from sim.tape.tape import Tape
from sim.views.explorer.data import explorer_data
from sim.views.pages.page import page

HERE = Path(__file__).parent
SCRIPTS = tuple(HERE / name for name in ("influence.js", "live.js", "main.js"))


def explorer(tape: Tape, scenario: Scenario | None = None) -> str:
    """Return the page of a run: time, network, influences, curves and every account of credit, in one HTML text.

    The page loads nothing and can be mailed: its Content-Security-Policy forbids every request, and allows only its
    own script, by its hash. Beyond 6,000 persons, 150,000 events or 40 ideas it holds a part of the run, chosen by
    rule, and says which.

    Args:
        tape: from a run or a real log.
        scenario: of the run; its ties are rebuilt from it and the tape's seed. Without one, or if it has no ties, the
            influences take their place.

    >>> from sim.tape.tables import Events, Influences, Persons, Realised
    >>> told = Events([1, 2], [0, 1], [0, 1], [0, 0], [1, 1])
    >>> people = Persons(["Ada", "</script>"], [1, 1], [1, 1])
    >>> tape = Tape(told, Influences([1], [0], [1]), Realised([1], [-1], [1]), people, ("engine",), 3, 2)
    >>> page = explorer(tape)
    >>> page.startswith("<!DOCTYPE html>"), page.count("</script>")
    (True, 2)
    """
    return page_of(explorer_data(tape, scenario))


def page_of(data: dict[str, Any], **more: str) -> str:
    """Return the page that shows these data (see `explorer_data`); `more` may relax its policy."""
    return page(data["title"], "look", SCRIPTS, data, **more)
