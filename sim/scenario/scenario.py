"""What a user writes: the scenario file, as a validated model that can be read, changed and written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import ScenarioError, did_you_mean
from sim.scenario.bundled import bundled, scenarios
from sim.scenario.keys import _put
from sim.scenario.locate import first_problem, parse_toml
from sim.scenario.references import check_references
from sim.scenario.sections import Contents

MAX_BYTES = 256_000


class Scenario(Contents):
    """A world, its persons and ideas, and what happens to them.

    >>> text = '''
    ... [scenario]
    ... name = "one idea"
    ... steps = 10
    ... [[persons]]
    ... name = "P1"
    ... creativity = 1.0
    ... [[ideas]]
    ... name = "wheel"
    ... '''
    >>> Scenario.from_toml(text).replace({"scenario.steps": 20}).scenario.steps
    20
    """

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """Read and validate a scenario file, or one that comes with shoulders, by its bare name.

        Raises:
            ScenarioError: one line with the file, the line, the key, what is wrong and what is allowed.
        """
        path = Path(path)
        if not os.path.exists(path):  # which knows no error, as a name may be too long
            path = bundled(path) or path
        try:
            with path.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise ScenarioError(f"larger than {MAX_BYTES} bytes", file=str(path))
            text = raw.decode("utf-8-sig")  # some editors put a byte order mark first
        except FileNotFoundError:
            others = sorted(file.name for file in path.parent.glob("*.toml")) if path.parent.is_dir() else []
            others += scenarios() if path.name == str(path) else []
            raise ScenarioError(f"no such file{did_you_mean(path.name, others)}", file=str(path)) from None
        except OSError as error:
            raise ScenarioError(f"cannot be read: {error.strerror}", file=str(path)) from None
        except UnicodeDecodeError:
            raise ScenarioError("is not UTF-8 text", file=str(path)) from None
        return cls.from_toml(text, source=str(path), folder=path.parent)

    @classmethod
    def from_toml(cls, text: str, source: str = "scenario", folder: str | Path = ".") -> Scenario:
        """Validate a scenario given as TOML text; network files are looked for in `folder`."""
        return cls._validated(parse_toml(text, source), source, text, Path(folder))

    @classmethod
    def _validated(cls, data: Mapping[str, Any], source: str, text: str, folder: Path) -> Scenario:
        try:
            scenario = cls.model_validate(dict(data))
        except ValidationError as error:
            raise first_problem(error, cls, data, source, text) from None
        scenario._folder = folder
        check_references(scenario, source, text)
        return scenario

    def replace(self, changes: Mapping[str, Any], source: str = "replace") -> Scenario:
        """A scenario that differs in some keys, such as {"dynamics.abandon_rate": 0.2, "persons.Kant.clarity": 1.0}.

        Raises:
            ScenarioError: if a key does not exist or its value is not allowed.
        """
        data = self.model_dump(by_alias=True, exclude_unset=True)
        for key, value in changes.items():
            _put(data, key, value, source)
        return self._validated(data, source, "", self._folder)

    def to_toml(self) -> str:
        """The scenario with every default spelled out, as TOML that reads back equal."""
        import tomlkit

        return tomlkit.dumps(self.model_dump(by_alias=True, exclude_none=True))

    def __eq__(self, other: object) -> bool:
        """Whether all keys have the same values; where the file lies takes no part."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # said, since pydantic would make one; typeshed has a method
