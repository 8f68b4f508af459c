"""Tables of results: printed, and written as Markdown and CSV beside each other."""

from __future__ import annotations

import csv
import importlib.metadata
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ours import cores

PACKAGES = ("numpy", "numba", "mesa", "networkx", "cynetdiff", "EoN", "ndlib", "igraph", "scikit-network",
            "rustworkx", "networkit")  # fmt: skip


@dataclass
class Table:
    """A table: rows of text and numbers under their headings, and what one should know to read it."""

    name: str  # of the files
    title: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def machine() -> str:
    """The machine and the versions, in one line."""
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"{processor()}, {cores()} cores, Python {platform.python_version()}, {', '.join(versions)}"


def processor() -> str:
    """The model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def said(value: Any) -> str:
    """A value in print: three digits of a time or a ratio, whole numbers in full."""
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return ""
    digits = 2 - math.floor(math.log10(max(abs(value), 0.001)))
    return f"{value:,.{max(digits, 0)}f}" if value else "0"


def markdown(table: Table) -> str:
    """A table as Markdown, columns aligned."""
    cells = [list(table.columns), *([said(value) for value in row] for row in table.rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(table.columns))]
    numeric = [any(isinstance(row[k], int | float) for row in table.rows) for k in range(len(table.columns))]
    rules = ["-" * (width - 1) + (":" if right else "-") for width, right in zip(widths, numeric, strict=True)]

    def line(row: Sequence[str]) -> str:
        fitted = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        return f"| {' | '.join(fitted)} |"

    lines = [line(cells[0]), f"| {' | '.join(rules)} |", *map(line, cells[1:])]
    return "\n".join([f"## {table.title}", "", *table.notes, "", *lines, "", machine(), ""])


def write(table: Table, folder: Path) -> None:
    """Write NAME.md and NAME.csv into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{table.name}.md").write_text(markdown(table), encoding="utf-8")
    with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.columns)
        for row in table.rows:
            writer.writerow(["" if isinstance(v, float) and math.isnan(v) else _short(v) for v in row])


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
