"""The tape: what happened, in order, as immutable tables.

A row number is an id, -1 stands for none, and every parent is an earlier row than its child. Row order is thus a
topological order, and credit one backward sweep. (Tables of a genealogy are tskit's idea: Kelleher et al. 2018.)

Every array is one-dimensional. The requirements of each table are checked whenever a Tape is made.

events      step            int64    when; never decreases from row to row
            kind            int8     0 discover, 1 learn, 2 implement, 3 abandon, 4 leave, 5 use
            person          int32    row of persons; -1 in a `use`
            idea            int32    index into ideas
            count           int64    1, or how many of the crowd took part
influences  child, parent   int64    rows of events, parent < child; sorted by child
            weight          float64  in (0, 1]; the weights of a child sum to 1
realised    event           int64    the discovery or learning that began the holding
            implementation  int64    the implementation or `use` that served, or -1
            value           float64  >= 0
persons     name            string   of one person, or of a group
            members         int64    rows of the tape that the group has
            size            int64    people that each row stands for: 1, or as many as the crowd has

A discovery is influenced by the discoverer's own holdings of the prerequisites, a learning by the tellers' holdings, an
implementation by the implementer's own holding. A `use` belongs to nobody: it stands for several implementations in use
side by side, in the proportions that its influences give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import TapeError
from sim.machine.records import html_table, many
from sim.machine.showing import shown
from sim.tape import files
from sim.tape.check import check
from sim.tape.tables import COLUMNS, KINDS, History

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class Tape(History):
    """One run of the simulator, or one real log.

    Attributes:
        events, influences, realised, persons: the tables (columns as read-only numpy arrays, `.to_pandas()`).
        ideas: names of the ideas.
        steps: the last step (the time of the last event, for a log).
        world_size: how many people there are, the crowd included.
        dropped: the entries of a log that could not be placed, counted by reason.
        provenance: where the tape comes from (scenario, seed, versions, credit settings); plain JSON values.

    Raises:
        TapeError: if a requirement is broken; the message names the table and the first row.

    Two tapes are equal when all their tables are, bit for bit; the provenance does not take part.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "ideas", tuple(self.ideas))
        check(self)

    @classmethod
    def of_sound(cls, *fields: Any) -> Tape:
        """Return the tape of these fields, unchecked: a loop has already verified that they meet the requirements."""
        tape = object.__new__(cls)
        tape.__dict__.update(zip(cls.__dataclass_fields__, fields, strict=True))
        return tape

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tape):
            return NotImplemented
        if (self.ideas, self.steps, self.world_size) != (other.ideas, other.steps, other.world_size):
            return False
        tables = ((getattr(self, name).columns(), getattr(other, name).columns()) for name in COLUMNS)
        return all(_alike(one[name], two[name]) for one, two in tables for name in one)

    def __repr__(self) -> str:
        size = f"{many(len(self.events), 'event')} of {many(self.persons.total, 'person')}"
        return f"Tape({self.provenance.get('scenario') or 'a log'!r}, {size}, {self.total:g} realised)"

    def plot(self, kind: str = "spread") -> Any:
        """Return a figure that shows itself in a notebook: spread, credit, influence, accounts, lineage or network."""
        return shown("plot_tape", self, kind)

    def explore(self) -> Any:
        """Return the explorer's page in a frame that shows itself in a notebook."""
        return shown("explore_tape", self)

    def _repr_html_(self) -> str:
        kinds = np.bincount(self.events.kind, minlength=len(KINDS)).tolist()
        rows = [(kind, f"{count:,}") for kind, count in zip(KINDS, kinds, strict=True) if count]
        title = f"{self.provenance.get('scenario') or 'A log'}: " \
                f"{many(self.persons.total, 'person')}, {many(len(self.ideas), 'idea')}, " \
                f"{many(self.steps, 'step')}, {self.total:,.6g} realised"  # fmt: skip
        return html_table(title, ("event", "rows"), rows)

    @property
    def mended(self) -> Mapping[str, int]:
        """The entries of a log that were mended, counted by reason."""
        found: Mapping[str, int] = self.provenance.get("mended", {})
        return found

    @property
    def total(self) -> float:
        """The value realised by all holdings together."""
        return float(self.realised.value.sum())

    @property
    def first(self) -> int:
        """The step of the first event, or the last step if there is none; a log may count from long before it."""
        return int(self.events.step[0]) if len(self.events) else self.steps

    def save(self, path: str | Path) -> None:
        """Write the tape into the folder `path`, all or nothing: Parquet tables and provenance.json."""
        files.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Tape:
        """Read a tape from the folder `path`, verified by its checksums.

        Raises:
            TapeError: if a file is missing, corrupt, cut short, of another program or of a later format, which it
                names.
        """
        fields = files.read(path)
        try:
            return cls(**fields)
        except TapeError as error:
            raise TapeError(f"{path}: {error}") from None


def _alike(one: Any, other: Any) -> bool:
    """Return whether two columns are the same, bit for bit."""
    return bool(one.tobytes() == other.tobytes()) if isinstance(one, np.ndarray) else bool(one == other)
