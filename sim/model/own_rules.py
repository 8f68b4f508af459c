"""Rules of one's own in place of those of rules.py, the same for both engines."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
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
Own = tuple[tuple[FunctionType, FunctionType], ...]  # a rule of rules.py, and its replacement


def own_rules(given: Mapping[str, Callable[..., Any]] | None) -> Own:
    """Return rules of one's own with those they replace, after checking their names and arguments.

    Args:
        given: the name of a rule in rules.py -> a plain function of the same arguments, whose result must depend on
            these alone: both engines call it whenever they like.

    Raises:
        ValueError: says in one line which name is no rule, or what a function must take.

    >>> own_rules({"abandonment_rat": abs})
    Traceback (most recent call last):
    ...
    ValueError: rules: no 'abandonment_rat'; allowed: discovery_rate, audience, chance_to_tell, chance_to_understand, \
reaches_threshold, implementation_rate, abandonment_rate; did you mean 'abandonment_rate'?
    """
    given, pairs = {} if given is None else dict(given), list[Any]()  # of functions
    for name, rule in REPLACEABLE.items():
        if name not in given:
            continue
        function = given[name]
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
    for name in given:
        require("rules", name, REPLACEABLE)
    return tuple(pairs)


def rules_in(file: str | Path) -> dict[str, FunctionType]:
    """Run a Python file that the user named, and return the functions in it that are named as rules.

    Raises:
        ValueError: if there is no such file, it fails, it defines no rule, or one takes other arguments.
    """
    spec = spec_from_file_location(Path(file).stem, file)
    if not Path(file).is_file() or spec is None or spec.loader is None:
        raise ValueError(f"{file}: no such Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever it is, it comes from the user's code
        raise ValueError(f"{file}: {type(error).__name__}: {error}") from None
    found = {name: thing for name, thing in vars(module).items() if name in REPLACEABLE}
    if not found:
        raise ValueError(f"{file}: defines none of the rules {', '.join(REPLACEABLE)}")
    try:
        own_rules(found)
    except ValueError as error:
        raise ValueError(f"{file}: {str(error).removeprefix('rules: ')}") from None
    return found


@contextlib.contextmanager
def blamed(own: Own) -> Iterator[None]:
    """Turn an error in the block into one that names the rules of one's own, if there are any.

    Raises:
        RunError: in place of any error that is not already written for the user.
    """
    try:
        yield
    except (InputError, RunError, MemoryError, OSError):
        raise
    except Exception as error:  # any error that a rule raises, or that its result leads to
        if not own:
            raise
        names = ", ".join(rule.__name__ for rule, _ in own)
        raise RunError(f"rules: with your own {names}: {type(error).__name__}: {error}") from error


def rules_with(own: Own) -> Any:
    """Return the rules by name, as the agents call them, with one's own in place, also where rules call each other."""
    if not own:
        return rules
    space = dict(vars(rules))
    for name, rule in vars(rules).items():
        if isinstance(rule, FunctionType) and rule.__module__ == rules.__name__:
            space[name] = FunctionType(rule.__code__, space, name, rule.__defaults__)
    space.update((rule.__name__, function) for rule, function in own)
    return SimpleNamespace(**space)


def named(own: Own) -> dict[str, str]:
    """Return the names of the replaced rules and of the functions in their place, for the tape's provenance."""
    return {rule.__name__: f"{function.__module__}.{function.__qualname__}" for rule, function in own}
