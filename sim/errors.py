"""Errors of input, reported in one line: file, line, key, what is wrong, what is allowed, the nearest spelling."""

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
    """A failure during a run, in its own work or in code of the user's, after which it could not go on."""


class StudyError(InputError):
    """A study that cannot be made, or whose folder cannot be used."""


def near(word: object, allowed: Iterable[object]) -> str:
    """Return a question that names the allowed word closest in spelling to `word`, or "" if none comes near.

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
    """Raise a ValueError if a value is not among those allowed; the message begins with `what`, the name of the value.

    >>> require("engine", "agent", ["agents", "kernels"])
    Traceback (most recent call last):
    ValueError: engine: no 'agent'; allowed: agents, kernels; did you mean 'agents'?
    """
    words = tuple(allowed)  # a tuple, so that values without a hash, such as lists, can be looked up too
    if given not in words:
        raise ValueError(f"{what}: no {given!r}{did_you_mean(given, words)}")


def require_in(name: str, value: Any, interval: str) -> None:
    """Raise a ValueError unless a number lies in an interval, written as "[0, 1)" for 0 <= value < 1.

    >>> require_in("alpha", 1.0, "[0, 1)")
    Traceback (most recent call last):
    ValueError: alpha: must be in [0, 1), is 1.0
    """
    low, high = map(float, interval[1:-1].split(","))
    value = value.item() if getattr(value, "ndim", None) == 0 else value  # numpy's without dimensions
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if low < number < high or (number == low and interval[0] == "[") or (number == high and interval[-1] == "]"):
            return
    raise ValueError(f"{name}: must be in {interval}, is {value!r}")


def whole_number(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number, which may be one of numpy's, as an int; raise a ValueError unless it is from low to high.

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
    """Return a seed as an int, or raise a ValueError that says what is allowed."""
    return whole_number(name, seed, 0, LARGEST_SEED)
