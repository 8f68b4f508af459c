"""Rules of one's own in place of those of rules.py, the same for both engines."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any

from sim.errors import InputError, RunError, require
from sim.model import rules

REPLACEABLE = {
    rule.__name__: rule
    for rule in (
        rules.discovery_rate,
        rules.audience,
        rules.chance_to_tell,
        rules.chance_to_understand,
        rules.reaches_threshold,
        rules.implementation_rate,
        rules.abandonment_rate,
    )
}
Own = tuple[tuple[FunctionType, FunctionType], ...]  # a rule of rules.py, and what takes its place


def own_rules(given: Mapping[str, Callable[..., Any]] | None) -> Own:
    """Check rules of one's own by name and by what they take.

    Args:
        given: the name of a rule in rules.py -> a plain function of the same arguments, which must be a function of
            these alone: both engines call it whenever they like.

    Raises:
        ValueError: says in one line which rule is none, or what a function must take.

    >>> own_rules({"abandonment_rat": abs})
    Traceback (most recent call last):
    ...
    ValueError: rules: no 'abandonment_rat'; allowed: discovery_rate, audience, chance_to_tell, chance_to_understand, \
reaches_threshold, implementation_rate, abandonment_rate; did you mean 'abandonment_rate'?
    """
    pairs = []
    for name, rule in REPLACEABLE.items():
        if name not in (given or {}):
            continue
        function = (given or {})[name]
        takes = list(inspect.signature(rule).parameters)
        if not isinstance(function, FunctionType):
            raise ValueError(f"rules: {name}: must be a plain function of ({', '.join(takes)}), is {function!r}")
        try:
            inspect.signature(function).bind(*takes)
        except TypeError:
            raise ValueError(
                f"rules: {name}: must take ({', '.join(takes)}), takes {inspect.signature(function)}"
            ) from None
        pairs.append((rule, function))
    for name in given or {}:
        require("rules", name, REPLACEABLE)
    return tuple(pairs)  # type: ignore[arg-type]  # functions of rules.py are plain functions


@contextlib.contextmanager
def blamed(own: Own) -> Iterator[None]:
    """Say of an error in the block that rules of one's own took part in it, if they did.

    Raises:
        RunError: in place of any error that is not said to a user as it is.
    """
    try:
        yield
    except (InputError, RunError, MemoryError, OSError):
        raise
    except Exception as error:  # whatever it is: what a rule raises, or what comes of what it returns
        if not own:
            raise
        names = ", ".join(rule.__name__ for rule, _ in own)
        raise RunError(f"rules: with your own {names}: {type(error).__name__}: {error}") from error


def rules_with(own: Own) -> Any:
    """Return the rules as the agents call them, by name, with one's own in their places, also where rules call them."""
    if not own:
        return rules
    space = dict(vars(rules))
    for name, rule in vars(rules).items():
        if isinstance(rule, FunctionType) and rule.__module__ == rules.__name__:
            space[name] = FunctionType(rule.__code__, space, name, rule.__defaults__)
    space.update((rule.__name__, function) for rule, function in own)
    return SimpleNamespace(**space)


def named(own: Own) -> dict[str, str]:
    """Return which rules are one's own, and the name of the function, for the tape's provenance."""
    return {rule.__name__: f"{function.__module__}.{function.__qualname__}" for rule, function in own}
