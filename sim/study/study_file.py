"""The table [study] of a TOML file: the arguments of a Study, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from sim.errors import ScenarioError
from sim.scenario.locate import first_problem, parse_toml
from sim.scenario.scenario import MAX_BYTES
from sim.scenario.values import Name, Section, Whole
from sim.study.design import SAMPLED, parse_vary


class StudySection(Section):
    """[study]: see `sim.Study` for the keys; what is left out is left to it."""

    scenario: Name
    vary: dict[str, Any] | None = None
    cells: list[dict[str, Any]] | None = None
    design: Name | None = None
    samples: Annotated[Whole, Field(ge=0)] | None = None
    replicates: Annotated[Whole, Field(ge=1)] | None = None
    measures: list[Name] | None = None
    common_random_numbers: bool | None = None
    seed: Annotated[Whole, Field(ge=0, lt=2**64)] | None = None
    engine: Name | None = None


class StudyFile(Section):
    """A file that holds a study and nothing else."""

    study: StudySection


def is_study(path: Path) -> bool:
    """Whether a file is a study's, not a scenario's."""
    try:
        return path.suffix == ".toml" and path.stat().st_size <= MAX_BYTES and "study" in _read(path)[0]
    except (OSError, ScenarioError):
        return False  # whoever loads it says what is wrong


def study_arguments(path: Path) -> dict[str, Any]:
    """What a study file says, as the arguments of a Study; the scenario's path is as seen from here.

    Raises:
        ScenarioError: one line with the file, the line, the key, what is wrong and what is allowed.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScenarioError(f"larger than {MAX_BYTES} bytes", file=str(path))
        data, text = _read(path)
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", file=str(path)) from None
    try:
        given = StudyFile.model_validate(data).study
    except ValidationError as error:
        raise first_problem(error, StudyFile, data, str(path), text) from None
    found = {key: value for key, value in given if value is not None}
    found["scenario"] = path.parent / given.scenario
    design = given.design or "grid"
    if given.vary is not None:
        found["vary"] = {
            key: parse_vary(f"{key}={value}", design)[1] if isinstance(value, str) else value
            for key, value in given.vary.items()
        }
    if design in SAMPLED and not given.samples:
        raise ScenarioError("is missing", str(path), None, "study.samples")
    return found


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError("is not UTF-8 text", file=str(path)) from None
    return parse_toml(text, str(path)), text
