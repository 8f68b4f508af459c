"""The names of persons, made when they are asked for: most of a million members of a group nobody ever reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
