"""Figures as files: the same figure gives the same bytes, and files are written whole or not at all.

Figures are made without pyplot and without global settings, so that many threads can draw at once.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from sim.accounts.table import CreditTable
from sim.errors import require
from sim.machine.folders import write_whole
from sim.tape.tape import Tape
from sim.views.figures.credit_bars import credit_bars
from sim.views.figures.influence_over_time import influence_over_time
from sim.views.figures.spread import spread

# Entries that would differ from one file to the next.
METADATA: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
DPI = 150
_salting = threading.Lock()


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure in the format of its suffix (png, svg, pdf), with the same bytes every time; return the path.

    Raises:
        ValueError: if the suffix is none of these.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(Figure(), Path(folder) / "empty.svg").read_bytes()[:5]
    b'<?xml'
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    require(f"{path}: figure format", kind, METADATA)
    written = io.BytesIO()
    # The ids inside an SVG are random unless rcParams, which all threads share, holds a salt.
    with _salting, matplotlib.rc_context({"svg.hashsalt": "shoulders"}):
        figure.savefig(written, format=kind, dpi=DPI, metadata=METADATA[kind], facecolor="white")
    write_whole(path, written.getvalue())
    return path


def save_figures(
    tape: Tape, table: CreditTable, folder: str | Path, formats: Iterable[str] = ("png", "svg")
) -> list[Path]:
    """Draw spread, credit and influence, and write each in all formats into `folder`, which is made if missing.

    Returns:
        The paths of the files, figure by figure: spread.png, spread.svg, credit.png and so on.

    Raises:
        ValueError: if a format is none of png, svg, pdf (nothing is written), or the table is not the tape's.
    """
    formats = list(formats)
    for kind in formats:
        require("formats", kind, METADATA)
    folder = Path(folder)
    figures = {"spread": spread(tape), "credit": credit_bars(table), "influence": influence_over_time(tape, table)}
    folder.mkdir(parents=True, exist_ok=True)
    return [save(figure, folder / f"{name}.{kind}") for name, figure in figures.items() for kind in formats]
