"""Docstrings as Markdown: what they say of arguments as lists, their examples as code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):$")
ITEM = re.compile(r"^([\w.*][\w.*, ]*(?: \.\.\. \w+)?): ?(.*)$")
WIDE = 96


def described(name: str, *members: str) -> str:
    """A heading, the signature and the docstring of a public name; and of some of its members."""
    parts = [_entry(name, _find(name))]
    parts += [_entry(f"{name}.{member}", getattr(_find(name), member)) for member in members]
    return "\n\n".join(parts)


def _find(name: str) -> Any:
    home, _, last = name.rpartition(".")
    return getattr(import_module(home), last)


def _entry(name: str, found: Any) -> str:
    docstring = inspect.getdoc(found.fget if isinstance(found, property) else found)
    if not docstring:
        raise ValueError(f"{name}: no docstring")
    return f"### `{name}`\n\n```text\n{_signature(name, found)}\n```\n\n{markdown(docstring)}"


def _signature(name: str, found: Any) -> str:
    short = name.rpartition(".")[2]
    if not callable(found) or hasattr(found, "model_fields"):  # what is validated has its keys on a page of its own
        return short
    if isinstance(found, type) and issubclass(found, Exception):
        return short
    signature = inspect.signature(found)
    signature = signature.replace(parameters=[_bare(p) for p in signature.parameters.values()])
    if isinstance(signature.return_annotation, str):
        signature = signature.replace(return_annotation=Bare(signature.return_annotation))
    line = f"{short}{signature}"
    if len(line) <= WIDE:
        return line
    end, parameters = line.rpartition(")")[2], list(signature.parameters.values())
    named = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY][:1]
    several = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    rows = [f"{'    *,' + chr(10) if p.name in named and not several else ''}    {p}," for p in parameters]
    return "\n".join([f"{short}(", *rows, f"){end}"])


class Bare(str):
    """A text that prints without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _bare(parameter: inspect.Parameter) -> inspect.Parameter:
    annotation = parameter.annotation
    if isinstance(annotation, str):
        parameter = parameter.replace(annotation=Bare(annotation))
    if parameter.default is not inspect.Parameter.empty and isinstance(parameter.default, type):
        parameter = parameter.replace(default=Bare(parameter.default.__name__))
    return parameter


def markdown(docstring: str) -> str:
    """A docstring in the style of the house as Markdown."""
    lines = inspect.cleandoc(docstring).splitlines()
    out: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if section := SECTION.match(line):
            block, at = _indented(lines, at + 1)
            out += ["", f"**{section[1]}**", "", *_items(block, section[1]), ""]
        elif line.startswith(">>>"):
            end = next((n for n in range(at, len(lines)) if not lines[n].strip()), len(lines))
            out += ["", "```pycon", *lines[at:end], "```", ""]
            at = end
        elif line.startswith(" "):
            block, at = _indented(lines, at)
            out += ["", "```text", *block, "```", ""]
        else:
            out.append(plain(line))
            at += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def _indented(lines: list[str], at: int) -> tuple[list[str], int]:
    """The indented lines from `at` on, without their common indent, and where they end."""
    end = at
    while end < len(lines) and (lines[end].startswith(" ") or not lines[end].strip()):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return inspect.cleandoc("\n".join(["", *lines[at:end]])).splitlines(), end


def _items(block: list[str], section: str) -> Iterator[str]:
    """Name and text of each entry of a section as an item of a list; Returns has text alone."""
    for line in block:
        found = ITEM.match(line) if section not in ("Returns", "Yields") else None
        yield f"- `{found[1]}`: {plain(found[2])}" if found else ("  " + plain(line.strip()) if line.strip() else "")


def plain(text: str) -> str:
    """A line of text in which only backticks mean anything to Markdown."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([<*\[\]{}$|])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
