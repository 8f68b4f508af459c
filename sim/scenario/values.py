"""The values that a scenario may have, and the description of each key: one field, one description."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A table of the file: unknown keys are refused, and text is not read as a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_max_length=10_000)


def key(
    sentence: str, default: Any = ..., *, unit: str = "", settable: bool = False, example: Any = None, alias: str = ""
) -> Any:
    """Return the field of a key; reference, template, sliders and interventions are made from it.

    Args:
        sentence, default, unit: its meaning, its value if a file gives none, and the unit of its numbers.
        settable: whether an intervention of the kind "set" may change it during a run.
        example: a value to show; the default if there is none.
        alias: its name in the file, if that differs from the field's.
    """
    shown = default if example is None else example
    return Field(
        default, description=sentence, alias=alias or None, examples=None if shown in (..., None) else [shown],
        json_schema_extra={"unit": unit, "settable": settable},
    )  # fmt: skip


def settable(section: type[Section]) -> tuple[str, ...]:
    """Return the keys of a section that an intervention may set."""
    return tuple(name for name, field in section.model_fields.items() if _extra(field).get("settable"))


def unit_of(field: Any) -> str:
    """Return the unit of a field, or nothing."""
    return str(_extra(field).get("unit", ""))


def _extra(field: Any) -> dict[str, Any]:
    return field.json_schema_extra or {}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Finite = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Step = Annotated[Whole, Field(ge=0, le=2**31 - 2)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, le=1.0)]
Rate = Annotated[float, Field(ge=0.0)]
Count = Annotated[Whole, Field(ge=1, le=1_000_000_000)]
Pairing = Literal["all", "each"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
