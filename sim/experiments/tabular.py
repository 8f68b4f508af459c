"""The base of results: rows as a DataFrame, and everything as JSON."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Tabular(ABC):
    """A result with rows."""

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as plain values."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return everything about the result as plain values."""

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def to_json(self) -> str:
        """Return `to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)
