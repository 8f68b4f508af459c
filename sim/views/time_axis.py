"""The time of a tape as the x axis of a figure: steps, dates, or time since the first event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from matplotlib import dates as untyped_dates
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.tape.tables import Floats
from sim.tape.tape import Tape
from sim.views import style

dates: Any = untyped_dates
SECONDS = {
    "microseconds": 1e-6, "milliseconds": 1e-3, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0,
    "weeks": 7 * 86400.0, "years": 365.25 * 86400.0,
}  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
UNIX = 1e8  # seconds (three years): a clock further than this from 0 counts from 1970, not from its first event
BRIEF = 10.0  # seconds: a shorter record does not need dates
YEARS = -6.2e10, 2.5e11  # seconds since 1970 that are calendar dates: the years 6 to 9892


@dataclass(frozen=True)
class Clock:
    """The map from steps to positions on the x axis: (step - zero) / unit, or dates with steps of `unit` seconds.

    Attributes:
        first, last: the steps at the two ends of the axis.
        zero: the step at 0 of the axis.
        unit: the number of steps in a unit of the axis; for dates the seconds in a step.
        label: the name of the axis.
        dates: whether the axis shows dates.
    """

    first: int
    last: int
    zero: int
    unit: float
    label: str
    dates: bool = False

    def of(self, steps: NDArray[Any]) -> Floats:
        """Return the positions of steps on the axis; same shape."""
        places = np.asarray(steps, np.int64) - self.zero
        if self.dates:
            return np.asarray(dates.date2num(np.rint(places * (self.unit * 1e3)).astype("datetime64[ms]")))
        return places / self.unit

    def place(self, step: int) -> str:
        """Return the position of a step on the axis as text: a number or a date."""
        if self.dates:
            return f"{EPOCH + timedelta(seconds=(step - self.zero) * self.unit):%Y-%m-%d %H:%M}"
        place = (step - self.zero) / self.unit
        return f"{place:.0f}" if self.unit == 1.0 else style.number(place)

    def name(self, step: int) -> str:
        """Return a step in words, such as "step 3", "year 1787" or a date."""
        return f"{self.label} {self.place(step)}" if self.label in ("step", "year") else self.place(step)

    def draw(self, axes: Axes) -> None:
        """Draw this clock as the x axis of `axes`, from end to end."""
        left, right = self.of(np.array([self.first, max(self.last, self.first + 1)]))
        margin = 0.015 * (right - left)
        axes.set_xlim(left - margin, right + margin)
        axes.set_xlabel(self.label, **style.words(color=style.QUIET))
        if self.dates:
            axes.xaxis.set_major_locator(dates.AutoDateLocator(tz=UTC, minticks=3, maxticks=7))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _date(x, right - left)))
            return
        whole = self.unit == 1.0 or right - left >= 4
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=whole))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}" if abs(x) >= 1000 else f"{x:.4g}"))


def _date(x: float, span: float) -> str:
    """Return a moment as text, with the accuracy that an axis of `span` days needs, in any locale."""
    moment = dates.num2date(x, tz=UTC)
    month = MONTHS[3 * moment.month - 3 : 3 * moment.month]
    if span > 4 * 365:
        return str(moment.year)
    if span > 120:
        return f"{month} {moment.year}"
    if span > 4 or (span > 0.5 and moment.hour == moment.minute == 0):
        return f"{moment.day} {month}"
    return f"{moment:%H:%M}" if span > 0.01 else f"{moment:%H:%M:%S}"


def clock(tape: Tape) -> Clock:
    """Return the clock of a tape by its provenance: `time_unit` (else steps) and `time_origin`.

    Unix times become dates (UTC). Years stay years, and the times of a log that names no unit stay as they are. Other
    times count from the first event, in the largest unit of which the record has three.
    """
    said = str(tape.provenance.get("time_unit") or "").lower()
    unit = said if said in SECONDS else said + "s"
    zero = -int(tape.provenance.get("time_origin") or 0)
    first, last = (int(tape.events.step[0]) if len(tape.events) else 0), tape.steps
    if unit not in SECONDS or unit == "years":
        is_log = bool(said.removeprefix("steps").removeprefix("step")) or "format" in tape.provenance or first > UNIX
        label = "year" if unit == "years" else f"time ({said})" if said and is_log else "time" if is_log else "step"
        return Clock(first if is_log else 0, last, zero, 1.0, label)
    seconds = SECONDS[unit]
    begin, end = ((moment - zero) * seconds for moment in (first, last))
    since_1970 = max(abs(begin), abs(end)) > UNIX and YEARS[0] < begin and end < YEARS[1]
    if seconds <= 1.0 and end - begin >= BRIEF and since_1970:
        said = " to ".join(f"{EPOCH + timedelta(seconds=moment):%Y-%m-%d %H:%M}" for moment in (begin, end))
        return Clock(first, last, zero, seconds, f"{said} UTC", dates=True)
    span = (last - first) * seconds
    name = next((name for name in reversed(SECONDS) if span >= 3 * SECONDS[name]), unit)
    return Clock(first, last, first, SECONDS[name] / seconds, f"{name} since the first event")
