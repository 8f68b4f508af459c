"""Scenarios and hypotheses that come with shoulders, found by name from anywhere."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent
FOLDER = next((f for f in (PACKAGE / "files", PACKAGE.parents[1] / "scenarios") if f.is_dir()), PACKAGE / "files")


def scenarios() -> list[str]:
    """Return the names of the scenarios that come with shoulders, each of which `Scenario.load` takes.

    >>> "genius_notebook" in scenarios()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def bundled(name: str | Path, inside: str = "") -> Path | None:
    """Return the file that comes with shoulders under a bare name, with or without .toml; None if there is none.

    Args:
        name: what the user wrote; a path with folders in it is nobody's name.
        inside: the folder within, such as "hypotheses".
    """
    path = Path(name)
    if path.name != str(name):
        return None
    file = FOLDER / inside / (path.name if path.suffix == ".toml" else f"{path.name}.toml")
    return file if os.path.isfile(file) else None
