"""Parts of the pages that are made from the code: docstrings, tables of keys, accounts, commands, the matrix E0 to E5.

A page marks the place with a line such as `<!-- generated: matrix -->`; what lies between it and a line `<!-- end -->`,
if there is one, is replaced. `python docs/from_code.py` writes the parts of docs/reference into the repository.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docstrings import described, plain

ROOT = Path(__file__).parent.parent
REFERENCE = sorted((Path(__file__).parent / "reference").glob("*.md"))
PLACE = re.compile(
    r"^<!-- generated: ([a-z]+) ?([\w. ]*) -->$(?:(?:(?!^<!-- generated).)*?^<!-- end -->$)?", re.M | re.S
)


def fill(app: object, name: str, source: list[str]) -> None:
    """Replace the marks in a page; Sphinx hands the text as the only entry of a list."""
    source[0] = filled(source[0])


def filled(text: str) -> str:
    """Return a page with its marked places filled.

    Raises:
        KeyError: if a page asks for a part that there is not.
    """

    def part(found: re.Match[str]) -> str:
        mark = found[0].partition("\n")[0]
        return f"{mark}\n\n{PARTS[found[1]](*found[2].split())}\n\n<!-- end -->"

    return PLACE.sub(part, text)


def written() -> None:
    """Fill the pages of the reference in the repository."""
    for page in REFERENCE:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


def grid(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
                     for line in lines)  # fmt: skip


def methods() -> str:
    """The accounts of credit: what each asks, and what it keeps."""
    from sim.accounts.methods import METHODS

    yes = {True: "yes", False: "no"}
    rows = [[f"`{name}`", method.asks, yes[method.conserved], yes[method.roles]] for name, method in METHODS.items()]
    return grid(["account", "asks", "sums to the realised value", "tells the roles apart"], rows)


def positions() -> str:
    """The measures of position: what each asks."""
    from sim.accounts.methods import POSITIONS

    return grid(["measure", "asks"], [[f"`{name}`", method.asks] for name, method in POSITIONS.items()])


def differences() -> str:
    """Where each account leaves the rule of thirds, in words."""
    from sim.accounts.methods import METHODS, THIRDS

    lines = []
    for name, method in METHODS.items():
        if name == THIRDS:
            continue
        by_text: dict[str, list[str]] = {}
        for experiment, text in method.differs.items():
            by_text.setdefault(text, []).append(experiment)
        said = "; ".join(f"{', '.join(names)}: {text}" for text, names in by_text.items())
        lines.append(f"- `{name}`: {said or 'agrees with the rule of thirds on all of E0 to E5'}.")
    return "\n".join(lines)


@cache
def matrix(*experiments: str) -> str:
    """What every account says on the thought experiments named, or on all; computed anew."""
    from sim.experiments.thought_experiments import QUICK, thought_experiments
    from sim.views.style import percent

    found = thought_experiments(ROOT / "scenarios", names=experiments or None, changes={"E5": QUICK})
    names = list(dict.fromkeys(method for comparison in found.values() for method in comparison.tables))
    rows = []
    for experiment, comparison in found.items():
        members = dict(zip(comparison.groups.name, comparison.groups.members.tolist(), strict=True))
        for who, shares in comparison.by_group.iterrows():
            many = f" × {members[str(who)]:,}" if members[str(who)] > 1 else ""
            cells = [percent(float(shares[name])) if name in shares.index else "" for name in names]
            rows.append([experiment, f"{who}{many}", *cells])
    return grid(["", "who", *names], rows)


def commands() -> str:
    """The help of every command."""
    import click

    from sim.cli.main import cli

    parts = []
    for name, command in sorted(cli.commands.items()):
        width = {"max_content_width": 100, "terminal_width": 100}
        context = click.Context(command, info_name=f"shoulders {name}", help_option_names=["-h", "--help"], **width)
        parts.append(f"## shoulders {name}\n\n```text\n{command.get_help(context)}\n```")
    return "\n\n".join(parts)


def tape() -> str:
    """The tables of a tape, as its module tells them."""
    import sim.tape.tape

    return f"```text\n{inspect.cleandoc(sim.tape.tape.__doc__ or '')}\n```"


def others() -> str:
    """The public names that the page of Python does not speak of by itself."""
    import sim

    text = (Path(__file__).parent / "reference" / "python.md").read_text(encoding="utf-8")
    page = PLACE.sub(lambda found: found[0].partition("\n")[0], text)  # without what is generated
    names = [name for name in sim.__all__ if not re.search(rf"\b{name}\b", page)]
    return "\n\n".join(described(f"sim.{name}") for name in names)


def scenario() -> str:
    """Every key of a scenario file, from the schema that validates it."""
    from sim.scenario.scenario import Scenario

    schema = Scenario.model_json_schema(by_alias=True)
    parts, done = [], set()
    for key, entry in schema["properties"].items():
        for title in _models(entry):
            if title not in done:
                parts.append(_section(key, title, schema, array=entry.get("type") == "array"))
            done.add(title)
    others = [title for title in schema["$defs"] if title not in done]
    words = "## Kinds of network and of distribution\n\nWhere a key takes a table with a `kind`, these are the kinds."
    return "\n\n".join([*parts, words, *(_section("", title, schema, array=False) for title in others)])


def _section(key: str, title: str, schema: dict[str, Any], array: bool) -> str:
    model = schema["$defs"][title]
    kind = model["properties"].get("kind", {}).get("const")
    head = f"`[[{key}]]`" if array else f"`[{key}]`" if key else ""
    name = f"{head} kind `{kind}`" if head and kind else head or f"kind `{kind}`" if kind else head or title
    about = re.sub(r"^\[+[a-z]+\]+: ", "", inspect.cleandoc(model.get("description", "")))
    about = "\n".join(map(plain, (about[:1].upper() + about[1:]).splitlines()))
    required = model.get("required", [])
    rows = []
    for field, entry in model["properties"].items():
        if field != "kind":
            example = next((f"`{toml_of(shown)}`" for shown in entry.get("examples", ())), "")
            default = "required" if field in required else f"`{_literal(entry.get('default'))}`"
            later = " Can be set during a run." if entry.get("settable") else ""
            meaning = plain(entry.get("description", "")) + later
            rows.append([f"`{field}`", meaning, _allowed(entry), entry.get("unit", ""), default, example])
    head = ["key", "meaning", "value", "unit", "default", "example"]
    table = grid(head, rows) if rows else "No keys besides `kind`."
    return f"{'###' if not key or kind else '##'} {name}\n\n{about}\n\n{table}"


def _models(entry: Any) -> Iterator[str]:
    """Yield the names of the models that an entry of the schema refers to."""
    if isinstance(entry, dict):
        if "$ref" in entry:
            yield entry["$ref"].rpartition("/")[2]
        for name, value in entry.items():
            if name not in ("mapping", "default", "examples"):
                yield from _models(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _models(value)


def toml_of(value: Any) -> str:
    """Return a value as it stands in a TOML file."""
    from sim.scenario.template import toml_of as written

    return written(value)


def _literal(value: Any) -> str:
    return "none" if value is None else json.dumps(value)


BOUNDS = {"minimum": "at least", "ge": "at least", "exclusiveMinimum": "above", "gt": "above",
          "maximum": "at most", "le": "at most", "exclusiveMaximum": "below", "lt": "below"}  # fmt: skip


def _allowed(entry: dict[str, Any]) -> str:
    """Return the values that an entry allows, in words."""
    if "const" in entry:
        return f"`{_literal(entry['const'])}`"
    if "enum" in entry:
        return ", ".join(f"`{_literal(value)}`" for value in entry["enum"])
    for several in ("anyOf", "oneOf"):
        if several in entry:
            choices = [choice for choice in entry[several] if choice.get("type") != "null"]
            if len(choices) > 2 and all("$ref" in choice for choice in choices):
                return "a table with a `kind`"
            words = [_allowed(choice) for choice in choices if "$ref" not in choice]
            return " or ".join([*words, *["a table with a `kind`"] * any("$ref" in choice for choice in choices)])
    if "$ref" in entry:
        return "a table with a `kind`"
    if entry.get("type") == "array":
        return f"a list, each {_allowed(entry.get('items', {}))}"
    words = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "true or false"}
    bounds = [f"{text} {entry[name]:.12g}" for name, text in BOUNDS.items() if name in entry]
    return ", ".join([words.get(str(entry.get("type")), "a value"), *bounds])


PARTS: dict[str, Callable[..., str]] = {
    "commands": commands,
    "differences": differences,
    "matrix": matrix,
    "methods": methods,
    "others": others,
    "positions": positions,
    "python": described,
    "scenario": scenario,
    "tape": tape,
}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    written()
