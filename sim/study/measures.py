"""Measures of a run, by name or as functions of one's own. Each is `measure(tape) -> float`.

A named measure also works on thousands of runs at once (`measure.of(batch)`), with the same bits.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sim.accounts.methods import METHODS, THIRDS
from sim.accounts.table import ROLES
from sim.errors import RunError, StudyError, near, require
from sim.scenario.groups import find
from sim.study import trajectories
from sim.study.batches import Batch, of_tape
from sim.study.credit_measures import shares_of
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, Floats, Persons
from sim.tape.tape import Tape

OUTBREAK = 0.05  # the fraction of the world beyond which a run is an outbreak, unless another is given
DEFAULT = ("total", "reached", "time_to_half")


@dataclass(frozen=True)
class Measure:
    """A measure of a run; `measure(tape)` is its value."""

    name: str  # as in the table of the study
    of: Callable[[Batch], Floats]  # the values of several runs; shape (runs,), nan where there is none
    function: Callable[[Tape], Any] | None = None  # a user's function of a tape; it holds Python's lock

    def __call__(self, tape: Tape) -> float:
        """Return the value of one run."""
        return float(self.of(of_tape(tape))[0])


def total(runs: Batch, idea: int | None = None) -> Floats:
    """Return the realised value: the sum of the tape's column, added in row order."""
    value, run = runs.realised.value, runs.run_of(2)
    if idea is None:
        return runs.sum_by_run(run, value)
    event = runs.realised.event + runs.begins[run, 0]
    return runs.sum_by_run(run, np.where(runs.events.idea[event] == idea, value, 0.0))


def holders(runs: Batch, idea: int | None = None) -> Floats:
    """Count the people who hold the idea (or any idea) at the end; in a crowd, for the idea that most of them hold."""
    return runs.held_at_the_end(idea).astype(np.float64)


def reached(runs: Batch, idea: int | None = None) -> Floats:
    """Count the people who ever held the idea (or any idea); in a crowd, for the idea that most of them adopted."""
    adoptions = runs.adoptions(idea)
    return runs.sum_by_run(adoptions.run, adoptions.count)


def events(runs: Batch) -> Floats:
    """Count the rows of the tape's events."""
    return runs.counts[:, 0].astype(np.float64)


def counted(kind: int) -> Callable[[Batch], Floats]:
    """Return a measure that counts the events of one kind, weighted by their `count`."""

    def count(runs: Batch) -> Floats:
        rows = np.flatnonzero(runs.events.kind == kind)
        return runs.sum_by_run(runs.event_run[rows], runs.events.count[rows])

    return count


Trajectory = Callable[[Batch, int | None], Floats]
OF_AN_IDEA: dict[str, Trajectory] = {
    "total": total,
    "holders": holders,
    "reached": reached,
    "time_to_half": trajectories.time_to_half,
    "peak_step": trajectories.peak_step,
    "beauty": trajectories.beauty,
}
PLAIN: dict[str, Callable[[Batch], Floats]] = {
    "events": events,
    "last_step": trajectories.last_step,
    "discoveries": counted(DISCOVER),
    "learnings": counted(LEARN),
    "implementations": counted(IMPLEMENT),
    "abandonments": counted(ABANDON),
}
FORMS = (
    *(f"{name}[:IDEA]" for name in OF_AN_IDEA), *PLAIN, "outbreak[:FRACTION]",
    "share:PERSON[:METHOD][:ROLE]", "credit:PERSON[:METHOD][:ROLE]", "share:ROLE[:METHOD]", "credit:ROLE[:METHOD]",
    "module:function",
)  # fmt: skip
HEADS = (*OF_AN_IDEA, *PLAIN, "outbreak", "share", "credit")


def measures_of(
    given: Iterable[str | Measure | Callable[[Tape], Any]], persons: Mapping[str, int], ideas: Iterable[str]
) -> list[Measure]:
    """Return the measures by their names, checked against the persons (name: members) and ideas of the scenario.

    Raises a ValueError if a name is unknown or occurs twice; the message lists the names allowed.
    """
    catalogue = tuple(ideas)
    found = [measure(one, persons, catalogue) for one in given]
    if not found:
        raise ValueError(f"measures: none; allowed: {', '.join(FORMS)}")
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"measures: {name!r} is there twice")
    return found


def is_code(name: str) -> bool:
    """Return whether the name of a measure stands for code, as module:function, which data must not have imported."""
    head, colon, rest = name.partition(":")
    return bool(colon) and head not in HEADS and rest.isidentifier()


def measure(
    given: str | Measure | Callable[[Tape], Any], persons: Mapping[str, int] | None = None, ideas: tuple[str, ...] = ()
) -> Measure:
    """Return a measure by its name, or from a function of a tape.

    Args:
        given: a name as in FORMS, or a function that takes a Tape and returns a number. The name "module:function" or
            "file.py:function" stands for a function that is imported.
        persons, ideas: the names that may be used, if known: persons with their members, and ideas.

    Raises:
        ValueError: if the name is unknown.
        RunError: if the code that it names fails while it is imported.

    >>> from sim import Scenario, simulate
    >>> tape = simulate(Scenario.load("e1_interpreter"))  # P1 tells P2, who tells the world
    >>> [measure(name)(tape) for name in ("total", "reached", "time_to_half", "share:P2")]
    [169999999966.0, 10000000000.0, 3.0, 0.5]
    """
    if isinstance(given, Measure):
        return given
    if callable(given):
        return _of_function(getattr(given, "__name__", type(given).__name__), given)
    head, colon, rest = given.partition(":")
    if head in ("share", "credit"):
        return _of_credit(given, head, rest, persons)
    if head == "outbreak":
        fraction = _fraction(given, rest) if colon else OUTBREAK
        return Measure(given, lambda runs: (reached(runs) > fraction * runs.world_size).astype(np.float64))
    if head in PLAIN and not colon:
        return Measure(given, PLAIN[head])
    if head in OF_AN_IDEA:
        return _of_idea(given, head, rest if colon else None, ideas)
    if is_code(given):
        return _of_function(given, _imported(given, head, rest))
    raise ValueError(f"measures: no {given!r}{near(head, HEADS)}; allowed: {', '.join(FORMS)}")


def _of_idea(name: str, head: str, idea: str | None, ideas: tuple[str, ...]) -> Measure:
    compute = OF_AN_IDEA[head]
    if idea is None:
        return Measure(name, lambda runs: compute(runs, None))
    if ideas:
        require(f"measures: {name!r}: idea", idea, ideas)

    def of(runs: Batch) -> Floats:
        require(f"measures: {name!r}: idea", idea, runs.ideas)
        return compute(runs, runs.ideas.index(idea))

    return Measure(name, of)


def _of_credit(name: str, head: str, rest: str, persons: Mapping[str, int] | None) -> Measure:
    parts = rest.split(":")
    method, role = THIRDS, ""
    while len(parts) > 1 and (parts[-1] in METHODS or parts[-1] in ROLES):
        last = parts.pop()
        method, role = (last, role) if last in METHODS else (method, last)
    who = ":".join(parts)
    if not who:
        raise ValueError(f"measures: {name!r} names nobody; allowed: {head}:PERSON[:METHOD][:ROLE]")
    everybody = who in ROLES
    role = who if everybody else role
    if role and not METHODS[method].roles:
        raise ValueError(f"measures: {name!r}: {method} knows no roles")
    if not everybody and persons and find({name: range(many) for name, many in persons.items()}, who) is None:
        hint = near(parts[-1], METHODS) if len(parts) > 1 and parts[0] in persons else near(who, persons)
        raise ValueError(f"measures: {name!r}: no person or role {who!r}{hint}")

    def of(runs: Batch) -> Floats:
        rows = range(runs.persons.total) if everybody else rows_of(runs.persons, who)
        if rows is None:
            raise ValueError(f"measures: {name!r}: no person {who!r}{near(who, runs.persons.name)}")
        return shares_of(runs, rows, method, role, head == "share")

    return Measure(name, of)


def rows_of(persons: Persons, name: str) -> range | None:
    """Return the rows of a group, or of one member such as 'teller 7'; None if there are none."""
    first = persons.first.tolist()
    return find(dict(zip(persons.name, map(range, first, first[1:]), strict=True)), name)


def _of_function(name: str, function: Callable[[Tape], Any]) -> Measure:
    def of(runs: Batch) -> Floats:
        return np.array([float(function(runs.tape(k))) for k in range(len(runs))], np.float64)

    return Measure(name, of, function)


def _imported(name: str, module: str, function: str) -> Callable[[Tape], Any]:
    try:
        if not module.endswith(".py"):
            found: Callable[[Tape], Any] = pkgutil.resolve_name(f"{module}:{function}")
        else:
            spec = importlib.util.spec_from_file_location(Path(module).stem, Path(module).resolve())
            if spec is None or spec.loader is None or not Path(module).is_file():
                raise ImportError("no such file")
            made = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(made)
            found = getattr(made, function)
    except (ImportError, AttributeError, SyntaxError, ValueError) as error:
        why = f"cannot be imported ({error}){near(module, HEADS)}"
        raise ValueError(f"measures: {name!r} {why}; allowed: {', '.join(FORMS)}") from None
    except (Exception, SystemExit) as error:  # whatever it is, it comes from the user's code
        raise RunError(f"measures: {name!r} cannot be imported: {type(error).__name__}: {error}") from None
    if not callable(found):
        raise ValueError(f"measures: {name!r} is no function of a tape")
    return found


def _fraction(name: str, text: str) -> float:
    try:
        fraction = float(text)
    except ValueError:
        fraction = -1.0
    if not 0.0 <= fraction <= 1.0:
        raise ValueError(f"measures: {name!r}: the fraction of the world must be from 0 to 1")
    return fraction


def code_of(function: Any) -> str:
    """Return a hash of the source of a user's function, to recognise a changed one; '' if there is no source."""
    try:
        return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()
    except (OSError, TypeError):
        return ""


def source_of(rules: Mapping[str, Any] | None, person_class: type | None) -> dict[str, Any]:
    """Return hashes of the source of rules and persons of one's own, as a folder of runs keeps them."""
    own = {name: code_of(function) for name, function in (rules or {}).items()}
    return ({"rules": own} if own else {}) | ({"person_class": code_of(person_class)} if person_class else {})


def absent(name: str) -> Measure:
    """Return a measure of which only the column is known."""
    return Measure(name, partial(_gone, name), partial(_gone, name))


def refuse_absent(measures: Iterable[Measure]) -> None:
    """Raise a StudyError if of one of the measures only the column is known."""
    for one in measures:
        if getattr(one.function, "func", None) is _gone:
            _gone(one.name, None)


def _gone(name: str, _: Any) -> Floats:
    raise StudyError(f"measures: {name!r} is code of the study's author; make the Study with it to go on")
