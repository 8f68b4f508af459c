"""A commented scenario to start from, made from the fields of the sections."""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from sim.scenario.distributions import Distribution
from sim.scenario.interventions import Intervention
from sim.scenario.networks import Network
from sim.scenario.sections import Contents
from sim.scenario.values import Section, unit_of

WIDTH = 118
HEAD = """\
# A scenario for shoulders. Change what you like, then:
#     shoulders check FILE      is it valid, and how long will it take?
#     shoulders run FILE        simulate, credit, draw
# Lines that begin with "# KEY =" show a default, or an example of a key without one; remove the # to use them.
"""
VILLAGE = """
scenario = {name = "my scenario", description = "An inventor, a village of 500, and somebody who makes it work.", \
steps = 100, seed = 1}
population = {count = 500, reach = {kind = "uniform", low = 0.0, high = 4e-6}, \
skill = {kind = "choice", values = [0.0, 0.01], weights = [95, 5]}, understanding = 0.5}
persons = [{name = "inventor", creativity = 0.2, reach = 2e-6}, {name = "journalist", reach = 0.01}]
ties = [{from = "inventor", to = "journalist"}]
ideas = [{name = "bicycle", clarity = 0.8}, {name = "bicycle bell", prerequisites = ["bicycle"], difficulty = 0.1}]
dynamics = {telling_period = 5, readopt = true}
interventions = [{step = 40, kind = "publish", person = "journalist", idea = "bicycle", reach = 0.5}]
impact = {}
credit = {}
[world]
size = 1_000_000
network = {kind = "watts-strogatz", neighbours = 6, rewire = 0.1}
"""


def template() -> str:
    """Return the text of a valid scenario in which every key of its sections appears with its meaning."""
    village = tomllib.loads(VILLAGE)
    parts = [HEAD]
    for name, field in Contents.model_fields.items():
        entries = village[name] if isinstance(village[name], list) else [village[name]]
        for at, entry in enumerate(entries):
            section = _section(field.annotation, entry)
            header = f"[[{name}]]" if isinstance(village[name], list) else f"[{name}]"
            about = [] if at else _about(section, name)
            lines = [*about, header, *_lines(section, entry, brief=at > 0)]
            if name == "world":
                lines += ["", *_comment(f"Who can tell whom: {', '.join(kinds(Network))}."), "[world.network]"]
                lines += _lines(_section(Network, entry["network"]), entry["network"], brief=False)
            parts.append("\n".join([*lines, ""]))
    return "\n".join(parts)


def kinds(union: Any) -> list[str]:
    """Return the kinds of a union of sections."""
    members = [getattr(part, "__args__", (part,))[0] if get_args(part) else part for part in _members(union)]
    return [str(get_args(model.model_fields["kind"].annotation)[0]) for model in members]


def _members(union: Any) -> tuple[Any, ...]:
    inner = get_args(union)
    return _members(inner[0]) if len(inner) == 2 and not isinstance(inner[0], type) else inner


def _section(annotation: Any, entry: Mapping[str, Any]) -> type[Section]:
    """Return the model of an entry: the section itself, the one in a list, or the member of a union by its kind."""
    while not isinstance(annotation, type) or not issubclass(annotation, Section):
        choices = _members(annotation) if len(get_args(annotation)) else ()
        by_kind = dict(zip(kinds(annotation), choices, strict=True)) if "kind" in entry and len(choices) > 1 else {}
        annotation = by_kind.get(entry.get("kind", ""), get_args(annotation)[0] if get_args(annotation) else Section)
    return annotation


def _about(section: type[Section], name: str) -> Iterator[str]:
    """Yield a description of a section and its kinds, as comments."""
    text = " ".join((section.__doc__ or "").partition("\n\n")[0].split())
    yield from _comment(text.partition(": ")[2] or text)
    if name == "population":
        yield from _comment(f"An ability is a number, or a distribution: {', '.join(kinds(Distribution))}.")
    if name == "interventions":
        yield from _comment(f"Kinds: {', '.join(kinds(Intervention))}.")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text[:1].upper() + text[1:], WIDTH, initial_indent="# ", subsequent_indent="# ")


def _lines(section: type[Section], entry: Mapping[str, Any], brief: bool) -> Iterator[str]:
    """Yield a line for each key, its comment above or behind it; for a brief entry, only the keys that are given."""
    fields = section.model_fields
    if "kind" in fields:
        yield f"kind = {toml_of(entry['kind'])}"
    for name, field in fields.items():
        key = field.alias or name
        if key in ("kind", "network") or (brief and key not in entry):
            continue
        shown = entry[key] if key in entry else (field.examples or [field.default])[0]
        line = f"{'' if key in entry else '# '}{key} = {toml_of(shown)}"
        words = [word for word in get_args(field.annotation) if isinstance(word, str)]
        more = f": {', '.join(words)}." if words and words[-1] not in str(field.description) else ""
        unit = f" [{unit_of(field)}]" if unit_of(field) else ""
        comment = f"{str(field.description).removesuffix('.' if more else '')}{more}{unit}"
        if brief:
            yield line
        elif len(line) + len(comment) + 3 <= WIDTH:
            yield f"{line} # {comment}"
        else:
            yield from (*_comment(comment), line)


def toml_of(value: Any) -> str:
    """Return a value as TOML text."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_of(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:_}" if isinstance(value, int) else repr(value)
