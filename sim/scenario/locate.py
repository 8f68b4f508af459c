"""The place and the wording of an error in a TOML file: pydantic's findings as one line."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from sim.errors import ScenarioError, did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Parse TOML text; turn whatever the parser stumbles over into a ScenarioError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at line ")
        line = int(place.split(",")[0]) if place else text.count("\n") + 1
        raise ScenarioError(f"not TOML: {message[:1].lower()}{message[1:]}", file=source, line=line) from None
    except RecursionError:
        raise ScenarioError("nested too deeply", file=source) from None
    except ValueError:
        raise ScenarioError("a number has too many digits", file=source) from None


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """Return the line on which the value at `path` begins, by bisection over prefixes of the text."""
    # Not splitlines, which knows more line endings than TOML does.
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n") if text.strip() else []
    if not lines:
        return None

    def has(count: int) -> tuple[bool, int]:
        """Return whether the first `count` lines, or fewer where a value breaks off, hold the path, and how many do."""
        while count and (data := _parsed("\n".join(lines[:count]))) is None:
            count -= 1
        if not count:
            return False, 0
        try:
            for part in path:
                data = data[part]
        except (KeyError, IndexError, TypeError):
            return False, count
        return True, count

    if not has(len(lines))[0]:
        return line_of(text, path[:-1]) if path else None
    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if has(middle)[0] else (middle, high)
    start = has(high - 1)[1]
    while start < high - 1 and (not lines[start].strip() or lines[start].lstrip().startswith("#")):
        start += 1
    return start + 1


WORDS = re.compile(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*')


def _parsed(beginning: str) -> Any:
    """Parse the beginning of a TOML text, closing a value that breaks off; return None if that does not help."""
    opened: list[str] = []
    for bracket in re.findall(r"[][{}]", WORDS.sub("", beginning)):
        if bracket in "[{":
            opened.append("]" if bracket == "[" else "}")
        elif opened:
            opened.pop()
    for closing in ("".join(reversed(opened)), '"""', "'''"):
        with contextlib.suppress(ValueError, RecursionError):
            return tomllib.loads(beginning + closing)
    return None


def first_problem(
    error: ValidationError, model: type[BaseModel], data: Mapping[str, Any], source: str, text: str
) -> ScenarioError:
    """Return the first of pydantic's findings as a ScenarioError, with the number of the others."""
    findings = error.errors(include_url=False)
    finding = min(findings, key=lambda f: f["type"] != "extra_forbidden")  # a misspelt key is missing as well
    path, owner = _resolve(model, finding["loc"])
    line = line_of(text, path)
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return ScenarioError(_wording(finding, path, owner) + more, source, line, spell(path, data))


def spell(path: Sequence[str | int], data: Any) -> str:
    """Return a path as a user writes it: ('persons', 1, 'clarity') is persons.Kant.clarity, or persons[1].clarity."""
    words = ""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(part, int):
            name = data.get("name") if isinstance(data, Mapping) else None
            words += f".{name}" if isinstance(name, str) and name else f"[{part}]"
        else:
            words += f".{part}" if words else part
    return words


def _resolve(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[list[str | int], type[BaseModel] | None]:
    """Return the path in the file for pydantic's location, without branches of unions, and the model that owns it."""
    path: list[str | int] = []
    owner: Any = model
    at: Any = model
    for part in loc:
        fields = _fields(at)
        if isinstance(part, int):
            path.append(part)
            at = next((a for a in get_args(at) if a is not None), at) if not fields else at
        elif part in fields:
            path.append(part)
            owner, at = at, fields[part]
        elif (branch := _branch(at, part)) is not None:
            at = branch
        elif not _is_union(at) or (part != "number" and fields):
            path.append(part)
            owner = at
    return path, owner if _fields(owner) else None


def _fields(annotation: Any) -> dict[str, Any]:
    fields = getattr(annotation, "model_fields", {})
    return {f.alias or name: _plain(f.annotation) for name, f in fields.items()}


def _plain(annotation: Any) -> Any:
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    return annotation


def _is_union(annotation: Any) -> bool:
    return len(get_args(_plain(annotation))) > 1


def _branch(annotation: Any, tag: str) -> Any:
    """Return the member of a union whose `kind` is the tag."""
    for member in get_args(_plain(annotation)):
        inner = _plain(member)
        kind = getattr(inner, "model_fields", {}).get("kind")
        if kind is not None and tag in get_args(kind.annotation):
            return inner
        if (found := _branch(inner, tag)) is not None:
            return found
    return None


def _wording(finding: Any, path: Sequence[str | int], owner: type[BaseModel] | None) -> str:
    kind, given, context = finding["type"], finding["input"], finding.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(str(path[-1]), _fields(owner))}"
    if kind == "twice":
        return str(finding["msg"])
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        allowed = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        return f"is {_show(given)}{did_you_mean(str(given), allowed)}"
    if kind == "union_tag_invalid":
        allowed = [tag.strip("'") for tag in context["expected_tags"].split(", ")]
        if "list" in allowed:
            kinds = [tag for tag in allowed if tag not in ("number", "list")]
            return f"must be a number, a list, or a table with a kind{did_you_mean(str(context['tag']), kinds)}"
        if "number" in allowed:
            return f"must be a number, or a table with a kind{did_you_mean(str(context['tag']), allowed[1:])}"
        return f"kind is {_show(context['tag'])}{did_you_mean(str(context['tag']), allowed)}"
    if kind == "union_tag_not_found":
        return "kind is missing"
    message = re.sub(r"^\w+ should | after validation, not \d+", "", finding["msg"])
    message = re.sub(r"valid dictionary or (instance of \w+|object to extract fields from)", "table", message)
    message = message.replace("valid ", "").replace("a integer", "a whole number")
    return f"must {message}, is {_show(given)}"


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 1000:  # Python writes no more than 4,300 digits
        return "a number of too many digits"
    kinds: dict[type, str] = {dict: "table", list: "list"}
    kind = kinds.get(type(value), type(value).__name__)
    shown = repr(value) if isinstance(value, str | int | float) else f"a {kind}"
    return shown if len(shown) <= 60 else shown[:57] + "..."
