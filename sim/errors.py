"""Errors of input, told in one line: file, line, key, what is wrong, what is allowed, the nearest spelling."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from numbers import Real
from typing import Any

SHOWN, COMPARED = 20, 5000  # options listed in a message, and compared with a word
LARGEST_SEED = 2**64 - 1


class InputError(ValueError):
    """An input that cannot be used. `file`, `line` (from 1, or None) and `key` say where; str() is one line."""

    def __init__(self, problem: str, file: str = "", line: int | None = None, key: str = "") -> None:
        self.problem, self.file, self.line, self.key = problem, file, line, key
        where = f"{file}:{line}" if line is not None else file
        words = " ".join(": ".join(part for part in (where, key, problem) if part).split())
        super().__init__("".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problem, self.file, self.line, self.key)


class ScenarioError(InputError):
    """A scenario that cannot be run."""


class TapeError(InputError):
    """A tape that contradicts itself, or a log or run folder that cannot be read."""


class RunError(RuntimeError):
    """A run failed in the work, or code of the user's own did, and no more was to be done."""


class StudyError(InputError):
    """A study that cannot be made, or whose folder cannot be used."""


def near(word: object, allowed: Iterable[object]) -> str:
    """Return a question that names the allowed word spelled most like `word`, or nothing where none comes near.

    >>> near("role-flw", ["role-flow", "priority"])
    "; did you mean 'role-flow'?"
    """
    options = list(dict.fromkeys(map(str, allowed)))[:COMPARED]
    same = [option for option in options if option.casefold() == str(word).casefold()]
    found = same or difflib.get_close_matches(str(word)[:200], options, n=1, cutoff=0.4)
    return f"; did you mean '{found[0]}'?" if found else ""


def did_you_mean(word: object, allowed: Iterable[object]) -> str:
    """Return the allowed values and the nearest spelling, if there is one, to append to a message.

    >>> did_you_mean("abandon_rat", ["abandon_rate", "readopt"])
    "; allowed: abandon_rate, readopt; did you mean 'abandon_rate'?"
    """
    options = list(dict.fromkeys(map(str, allowed)))
    listed = ", ".join(options[:SHOWN]) + (f", ... ({len(options)} in all)" if len(options) > SHOWN else "")
    return (f"; allowed: {listed}" if options else "; there are none") + near(word, options)


def require(what: str, given: object, allowed: Iterable[object]) -> None:
    """Raise a ValueError where a value is none of those allowed; it begins with what the value is.

    >>> require("engine", "agent", ["agents", "kernels"])
    Traceback (most recent call last):
    ValueError: engine: no 'agent'; allowed: agents, kernels; did you mean 'agents'?
    """
    words = tuple(allowed)  # in which anything can be looked for, a list as well
    if given not in words:
        raise ValueError(f"{what}: no {given!r}{did_you_mean(given, words)}")


def require_in(name: str, value: Any, interval: str) -> None:
    """Raise a ValueError where a number is not in an interval, whose ends belong to it by their brackets.

    >>> require_in("alpha", 1.0, "[0, 1)")
    Traceback (most recent call last):
    ValueError: alpha: must be in [0, 1), is 1.0
    """
    low, high = map(float, interval[1:-1].split(","))
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if low < number < high or (number == low and interval[0] == "[") or (number == high and interval[-1] == "]"):
            return
    raise ValueError(f"{name}: must be in {interval}, is {value!r}")


def whole_number(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number as an int, numpy's among them; raise a ValueError where it is none from low to high.

    >>> whole_number("threads", 0, 1, 10_000)
    Traceback (most recent call last):
    ValueError: threads: must be a whole number from 1 to 10,000, is 0
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        most = "2**64 - 1" if high == LARGEST_SEED else f"{high:,}"
        raise ValueError(f"{name}: must be a whole number from {low} to {most}, is {value!r}")
    return number


def checked_seed(seed: Any, name: str = "seed") -> int:
    """Return a seed as an int; a ValueError says what is allowed."""
    return whole_number(name, seed, 0, LARGEST_SEED)
