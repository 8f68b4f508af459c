"""What the values of a scenario may be, for all its sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A table of the file: unknown keys are refused, numbers are not made of text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_max_length=10_000)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Step = Annotated[Whole, Field(ge=0, le=2**31 - 2)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, le=1.0)]
Rate = Annotated[float, Field(ge=0.0)]
Count = Annotated[Whole, Field(ge=1, le=1_000_000_000)]
Pairing = Literal["all", "each"]  # of two groups: everyone with everyone, or the first with the first and so on
Name = Annotated[str, Field(min_length=1, max_length=200)]
