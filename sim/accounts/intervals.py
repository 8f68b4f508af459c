"""The uncertainty of the shares of a table, and a sentence about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.tape.tables import Floats, Ints


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """The uncertainty of the shares of a table, measured on copies of the record.

    Attributes:
        means, copies: what the copies are, in words, and how many there are.
        confidence: of the intervals.
        low, high: interval of each row's share; shape (rows,).
        rank_low, rank_high: interval of each row's rank, where 1 is the largest share; shape (rows,).
        top_ten: how often the person was among the first ten, in [0, 1]; shape (rows,).
        moved: fraction of the credit that goes to others than in the table, averaged over the copies, in [0, 1].
        stayed, tops: how many of the first ten stayed there on average, and how many could: 10, or all with credit.
    """

    means: str
    copies: int
    confidence: float
    low: Floats
    high: Floats
    rank_low: Ints
    rank_high: Ints
    top_ten: Floats
    moved: float
    stayed: float
    tops: int

    def to_dict(self) -> dict[str, Any]:
        """Return the facts about the whole table, as plain Python values."""
        return {
            "copies": self.copies, "means": self.means, "confidence": self.confidence, "moved": self.moved,
            "stayed": self.stayed, "of_first": self.tops,
        }  # fmt: skip

    def sentence(self) -> str:
        """Return a sentence on the stability of the table."""
        return (
            f"with {self.means}, {self.moved:.2g} of the credit lies with others, and {self.stayed:.3g} of the first "
            f"{self.tops} stay (mean of {self.copies:,} copies of the record)"
        )
