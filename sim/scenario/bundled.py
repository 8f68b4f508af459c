"""Scenarios and hypotheses by path or by name: those that come with shoulders are found from anywhere."""

from __future__ import annotations

import os
from pathlib import Path

from sim.errors import ScenarioError, did_you_mean

PACKAGE = Path(__file__).parent
FOLDER = next((f for f in (PACKAGE / "files", PACKAGE.parents[1] / "scenarios") if f.is_dir()), PACKAGE / "files")
MAX_BYTES = 256_000


def scenarios() -> list[str]:
    """Return the names of the scenarios that come with shoulders; `Scenario.load` takes any of them.

    >>> "genius_notebook" in scenarios()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def located(name: str | Path, inside: str = "") -> Path:
    """Return the path of a file, or of the one that comes with shoulders under this name, or else the name itself.

    A name is bare, "scenarios/NAME" or "scenarios/INSIDE/NAME", with or without .toml; `inside` is a folder there.
    """
    path = Path(name)
    if os.path.exists(path) or not _is_name(path, inside):  # unlike Path.exists it takes names of any length
        return path
    file = FOLDER / inside / (path.name if path.suffix == ".toml" else f"{path.name}.toml")
    return file if os.path.isfile(file) else path


def _is_name(path: Path, inside: str) -> bool:
    return path.parts[:-1] in ((), ("scenarios",), ("scenarios", inside))


def read_text(name: str | Path, inside: str = "") -> tuple[str, Path]:
    """Return the text of a TOML file found by `located`, and its path.

    Raise a ScenarioError if there is none (naming the nearest one), or if it is too large or not UTF-8 text.
    """
    path = located(name, inside)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ScenarioError(f"larger than {MAX_BYTES} bytes", file=str(path))
        return raw.decode("utf-8-sig"), path  # some editors put a byte order mark first
    except FileNotFoundError:
        others = sorted(file.name for file in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        if _is_name(path, inside):
            others += sorted(file.stem for file in (FOLDER / inside).glob("*.toml"))
        raise ScenarioError(f"no such file{did_you_mean(path.name, others)}", file=str(path)) from None
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError:
        raise ScenarioError("is not UTF-8 text", file=str(path)) from None
