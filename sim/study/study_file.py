"""The table [study] of a TOML file: the arguments of a Study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from sim.errors import ScenarioError
from sim.scenario.bundled import read_text
from sim.scenario.locate import first_problem, line_of, parse_toml
from sim.scenario.values import Name, Section, Whole
from sim.study.design import SAMPLED, parse_vary
from sim.study.measures import is_code


class StudySection(Section):
    """[study]: the arguments of `sim.Study`."""

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
    """A study file."""

    study: StudySection


def is_study(path: Path) -> bool:
    """Return whether a file describes a study rather than a scenario."""
    if path.suffix != ".toml" or not path.is_file():
        return False
    try:
        return "study" in parse_toml(read_text(path)[0], str(path))
    except ScenarioError:
        return False  # loading it reports the error


def study_arguments(path: Path) -> dict[str, Any]:
    """Return the arguments of the Study that a file describes; the scenario's path is made relative to here.

    Raises a ScenarioError in one line, with the file, the line, the key, what is wrong and what is allowed.
    """
    text, path = read_text(path)
    data = parse_toml(text, str(path))
    try:
        given = StudyFile.model_validate(data).study
    except ValidationError as error:
        raise first_problem(error, StudyFile, data, str(path), text) from None
    if code := [name for name in given.measures or () if is_code(name)]:
        problem = f"'{code[0]}' is code, which a file of data does not name; give it as --measure {code[0]}"
        raise ScenarioError(problem, str(path), line_of(text, ["study", "measures"]), "study.measures")
    found = {key: value for key, value in given if value is not None}
    beside = path.parent / given.scenario
    found["scenario"] = beside if beside.exists() else given.scenario
    design = given.design or "grid"
    if given.vary is not None:
        found["vary"] = {
            key: parse_vary(f"{key}={value}", design)[1] if isinstance(value, str) else value
            for key, value in given.vary.items()
        }
    if design in SAMPLED and not given.samples:
        raise ScenarioError("is missing", str(path), None, "study.samples")
    return found
