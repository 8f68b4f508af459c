"""The house style: colours, texts, numbers and the axes that the figures share. Nothing global is changed.

All texts are literal: a name such as '$x_{' is not a formula. The colours are those of Okabe and Ito (2008), which
can be distinguished with any kind of colour vision.
"""

from __future__ import annotations

import io
import math
import textwrap
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.textpath import TextToPath
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

INK, QUIET, PALE, FAINT, WASH = "#1A1A1A", "#6B6B6B", "#B4B4B4", "#D9D9D9", "#F4F4F4"
BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
ROLE_COLOURS = {"idea": BLUE, "communication": ORANGE, "implementation": GREEN}
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK)
WIDTH = 7.2  # inches: two columns of a journal
SIGNS = 118  # characters in a line of notes
SIZE, SMALL = 8.0, 7.0  # points
NOTHING = "Nobody: no value was realised, the total is zero."
MAX_VECTOR_MARKS = 3000  # marks beyond which a vector figure holds them as pixels

LEFT_TO_RIGHT = "\u200e"  # an invisible mark

# For names in scripts that matplotlib's own font lacks; those that the machine has are used.
OTHER_FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", "SimHei")


@lru_cache(maxsize=1)
def fonts() -> tuple[str, ...]:
    """Return the font families in use, the first choice first."""
    present = set(font_manager.get_font_names())
    return ("DejaVu Sans", *(name for name in OTHER_FONTS if name in present))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    paths = [font_manager.findfont(FontProperties(family=name)) for name in fonts()]
    return frozenset(code for path in paths for code in font_manager.get_font(path).get_charmap())


def readable(name: str, most: int = 26) -> str:
    """Return a name as one short line: control characters removed, unknown ones as boxes, the middle cut out.

    >>> readable("a\\nvery   long name that would run through the whole figure")
    'a very long name…le figure'
    >>> readable("\\x00")
    '(no name)'
    """
    spaced = (" " if sign.isspace() else sign for sign in name)
    plain = "".join(sign for sign in spaced if unicodedata.category(sign) not in {"Cc", "Cf", "Cn", "Co"})
    line = " ".join(plain.split()) or "(no name)"
    if len(line) > most:
        line = line[: most - 10].rstrip() + "…" + line[-9:].lstrip()
    shown = "".join(sign if ord(sign) in _characters() else "□" for sign in line)
    # A name written from right to left would move the numbers after it to its other side.
    backwards = any(unicodedata.bidirectional(sign) in {"R", "AL"} for sign in shown)
    return f"{LEFT_TO_RIGHT}{shown}{LEFT_TO_RIGHT}" if backwards else shown


def power(exponent: int) -> str:
    """Return ten to an integer power as text: 10¹⁰."""
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def number(x: float, digits: int = 3) -> str:
    """Return a count or a value as text, with `digits` significant digits if it is not whole.

    >>> number(12345), number(10**10), number(3.2e7), number(0.25), number(4.5e-9)
    ('12,345', '10¹⁰', '3.2 × 10⁷', '0.25', '4.5 × 10⁻⁹')
    >>> number(3.51417, 5), number(12345.678, 7), number(1234.4)
    ('3.5142', '12,345.68', '1,234')
    """
    if x == 0:
        return "0"
    exponent = math.floor(math.log10(abs(x)))
    if -4 < exponent < 6:
        if x == round(x) or exponent >= digits:
            return f"{x:,.0f}"
        text = f"{x:,.{digits - 1 - exponent}f}"
        return text.rstrip("0").rstrip(".") if float(text.replace(",", "")) else "0"
    mantissa, _, written = f"{x:.{digits - 1}e}".partition("e")  # not x / 10**exponent, which overflows at the edge
    factor, exponent = f"{float(mantissa):g}", int(written)
    return power(exponent) if factor == "1" else f"{factor} × {power(exponent)}"


def numbers(values: Sequence[float], unit: str = "", apart: bool = False) -> list[str]:
    """Return numbers as texts, all with enough digits to show a hundredth of their range.

    Args:
        values: the numbers; those that are not finite give an empty text.
        unit: what follows each number.
        apart: whether different numbers get different texts however close they are.

    >>> numbers([3.5201, 3.5172, 3.5066]), numbers([0.0, 0.5, 1.0]), numbers([1999.5, 2000.5])
    (['3.5201', '3.5172', '3.5066'], ['0', '0.5', '1'], ['1,999.5', '2,000.5'])
    >>> numbers([1.0, 1.000001, 2.0]), numbers([1.0, 1.000001, 2.0], apart=True)
    (['1', '1', '2'], ['1', '1.000001', '2'])
    """
    known = [float(x) for x in values if math.isfinite(x)]
    span, top = (max(known) - min(known), max(map(abs, known))) if known else (0.0, 0.0)
    more = math.floor(math.log10(top)) - math.floor(math.log10(span)) if span > 0.0 else 0
    for digits in range(min(3 + more, 15), 16):
        texts = [number(x, digits) + unit if math.isfinite(x) else "" for x in values]
        if not apart or len(set(texts)) >= len(set(map(float, values))):
            break
    return texts


class Numbers(Formatter):
    """A formatter of the ticks of an axis, which gives different ticks different texts."""

    def __init__(self, unit: str = "", times: float = 1.0) -> None:
        self.unit, self.times = unit, times
        self.ticks: Sequence[float] = ()

    def set_locs(self, locs: Sequence[float]) -> None:
        """Set all ticks of the axis."""
        self.ticks = locs

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the texts of all ticks, each with the digits that they need together."""
        return numbers([float(f"{self.times * x:.12g}") for x in values], self.unit, apart=True)

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the text of one tick among those of the axis."""
        return self.format_ticks([*self.ticks, x])[-1]


def percent(share: float) -> str:
    """Return a share in per cent, small ones to two digits however small.

    >>> percent(1 / 3), percent(1.0), percent(3.21e-5), percent(3e-9), percent(0.0)
    ('33.3%', '100%', '0.0032%', '3 × 10⁻⁷%', '0%')
    >>> percent(0.9999999)
    '>99.9%'
    """
    x = 100.0 * share
    if x == 0.0 or abs(x - 100.0) < 1e-9:
        return f"{x:.0f}%"
    if 99.95 <= x < 100.0:
        return ">99.9%"
    if abs(x) >= 0.1:
        return f"{x:.1f}%"
    digits = 1 - math.floor(math.log10(abs(x)))
    return (f"{x:.{digits}f}".rstrip("0") if digits < 7 else number(float(f"{x:.1e}"))) + "%"


def words(**more: Any) -> dict[str, Any]:
    """Return the properties of a literal text, for Text and for tick labels."""
    return {"fontfamily": list(fonts()), "fontsize": SIZE, "color": INK, "parse_math": False, "usetex": False} | more


def width_of(texts: Sequence[str], size: float = SIZE) -> float:
    """Return the width of the widest of the texts in inches."""
    to_path, font = TextToPath(), FontProperties(family=list(fonts()), size=size)
    return max((to_path.get_text_width_height_descent(t, font, False)[0] for t in texts), default=0.0) / 72.0


class Shown(Figure):
    """A Figure that displays itself in a notebook, whatever was imported there."""

    def _repr_png_(self) -> bytes:
        written = io.BytesIO()
        self.savefig(written, format="png", dpi=100)
        return written.getvalue()


def new_figure(height: float, title: str, notes: Sequence[str]) -> tuple[Figure, float]:
    """Return a white figure of this height in inches below its head, and the height that the head takes."""
    notes = [line for note in notes for line in textwrap.wrap(note, SIGNS)]
    used = 0.42 + 0.16 * len(notes)
    figure = Shown(figsize=(WIDTH, height + used), facecolor="white")
    FigureCanvasAgg(figure)
    tall = height + used
    figure.text(0.12 / WIDTH, 1 - 0.12 / tall, title, va="top", **words(fontsize=10.0, fontweight="bold"))
    for line, note in enumerate(notes):
        figure.text(0.12 / WIDTH, 1 - (0.36 + 0.16 * line) / tall, note, va="top", **words(fontsize=SMALL, color=QUIET))
    return figure, used


def panel(figure: Figure, left: float, bottom: float, right: float, top: float) -> Axes:
    """Return axes with inconspicuous spines; the margins are in inches from the figure's edges."""
    wide, tall = figure.get_size_inches()
    box = (left / wide, bottom / tall, (wide - left - right) / wide, (tall - bottom - top) / tall)
    axes = figure.add_axes(box, facecolor="none")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.spines[["left", "bottom"]].set_linewidth(0.6)
    axes.tick_params(color=QUIET, labelcolor=INK, labelsize=SIZE, width=0.6, length=3, labelfontfamily=list(fonts()))
    return axes


def say(axes: Axes, x: float, y: float, text: str, **more: Any) -> Text:
    """Write a literal text at data coordinates (or as `transform` says); it may extend beyond the frame."""
    return axes.text(x, y, text, clip_on=False, **words(**more))


def instead(axes: Axes, text: str) -> None:
    """Write a sentence in place of an empty picture."""
    axes.set_axis_off()
    say(axes, 0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=10.0, color=QUIET)


def empty_figure(title: str, notes: Sequence[str], text: str) -> Figure:
    """Return a figure with a sentence on why there is nothing to draw."""
    figure, head = new_figure(1.2, title, notes)
    instead(panel(figure, 0.2, 0.2, 0.2, head), text)
    return figure


def inches(axes: Axes) -> tuple[float, float]:
    """Return the width and the height of axes in inches."""
    dpi = axes.figure.dpi
    return axes.bbox.width / dpi, axes.bbox.height / dpi


def grid(axes: Axes, axis: Literal["x", "y"] = "y") -> None:
    """Draw faint lines behind everything, from the ticks of an axis."""
    axes.grid(axis=axis, color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)


def number_axis(axis: Axis, most: int = 5, texts: Formatter | None = None, **steps: Any) -> None:
    """Give an axis at most `most` numbers, formatted by `Numbers`; `steps` are options of MaxNLocator."""
    axis.set_major_locator(MaxNLocator(most, **steps))
    axis.set_major_formatter(texts or Numbers())


def log_axis(axes: Axes, which: str) -> None:
    """Make the x or y axis, whose limits are set and above 0, logarithmic, with at most five numbers."""
    axis, (low, high) = getattr(axes, f"{which}axis"), getattr(axes, f"get_{which}lim")()
    getattr(axes, f"set_{which}scale")("log")
    axis.set_minor_locator(NullLocator())
    axis.set_major_locator(LogLocator(subs=(1.0,) if high >= 100.0 * low else (1.0, 3.0), numticks=5))
    axis.set_major_formatter(Numbers())


def strokes(axes: Axes, ends: NDArray[np.float64], **look: Any) -> LineCollection:
    """Draw lines, shape (lines, 2, 2), without extending the limits of the axes."""
    axes.add_collection(found := LineCollection(list(ends), **look), autolim=False)
    return found


def key(axes: Axes, entries: Sequence[tuple[str, str, str]]) -> None:
    """Draw a key in a line above `axes`: (marker, or "-" for a line; colour; text) each. For fixed texts only."""
    handles = [
        Line2D(
            [], [], color=colour, label=text, linestyle="-" if mark == "-" else "", marker="" if mark == "-" else mark
        )
        for mark, colour, text in entries
    ]
    font = FontProperties(family=list(fonts()), size=SMALL)
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles), frameon=False, prop=font,
        labelcolor=INK, borderaxespad=0.0, borderpad=0.2, handletextpad=0.4, columnspacing=1.6, handlelength=1.2,
        markerscale=0.8,
    )  # fmt: skip


def label_ends(axes: Axes, heights: Sequence[float], labels: Sequence[str], colours: Sequence[str]) -> None:
    """Label the lines of `axes` at their right ends, in their colours; labels that would overlap move apart."""
    _, tall = inches(axes)
    to_places = axes.transData + axes.transAxes.inverted()
    places = to_places.transform([(0.0, y) for y in heights])[:, 1]
    gap = 0.15 / tall
    for y, place, label, colour in zip(places, apart(places.tolist(), gap, 0.0, 1.0), labels, colours, strict=True):
        axes.plot([1.01, 1.035], [y, place], transform=axes.transAxes, color=colour, linewidth=1.6, clip_on=False)
        say(axes, 1.045, place, label, transform=axes.transAxes, va="center_baseline")


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions at least `gap` apart, near those wanted and within [low, high] while there is room.

    >>> apart([1.0, 1.0, 5.0], 1.0, 0.0, 9.0)
    [0.5, 1.5, 5.0]
    """
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(order))
    nearest = np.asarray(wanted, float)[order] - steps
    if (np.diff(nearest) < 0.0).any():
        from scipy.optimize import isotonic_regression

        nearest = isotonic_regression(nearest).x
    found = np.empty(len(order))
    found[order] = np.minimum(np.maximum(nearest, low), high - steps.max(initial=0.0)) + steps
    return [float(place) for place in found]


def count_axis(axes: Axes, bottom: float, top: float, logarithmic: bool) -> None:
    """Make y an axis of counts from 0 (or `bottom`, if lower) to `top`: linear, or logarithmic from 1 upwards."""
    grid(axes)
    if not logarithmic:
        axes.set_ylim(min(0.0, bottom) * 1.05, max(1.0, top) * 1.05)
        number_axis(axes.yaxis, integer=True)
        return
    decades = math.floor(math.log10(max(top, 1.0)) + 0.1)
    axes.set_yscale("symlog", linthresh=1, linscale=0.1 * max(3, decades))  # 0 and 1 never overlap
    axes.set_ylim(min(0.0, bottom) * 1.6, top * 1.6)
    powers = range(0, decades + 1, max(1, math.ceil(decades / 5)))
    axes.set_yticks([0, *(10.0**k for k in powers)], ["0", *(number(10**k) if k < 4 else power(k) for k in powers)])
    axes.yaxis.set_minor_locator(NullLocator())
