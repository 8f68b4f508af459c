"""A report of sentences, tables and figures: Markdown beside the figures, and a self-contained HTML page."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sim.machine.folders import write_whole
from sim.views.figures.save import save

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}"
    "th,td{border-bottom:1px solid #d9d9d9;padding:.25rem .5rem;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}img{max-width:100%}.supported{color:#007a55}"
    ".refuted{color:#b34700}.undecided{color:#6b6b6b}"
)
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style>'
)


@dataclass
class Part:
    """A section of a report.

    Attributes:
        title: the first one is the title of the report.
        lines: sentences, a paragraph each.
        rows: of a table, whose columns are the keys of the first row.
        figures: by the names of their files.
        claim: a sentence that comes first, split around the verdict, a word that is highlighted.
    """

    title: str
    lines: Sequence[str]
    rows: Sequence[Mapping[str, Any]] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    claim: tuple[str, str, str] | None = None


def write(folder: str | Path, parts: Sequence[Part], files: Mapping[str, str]) -> list[Path]:
    """Write report.md, report.html, the figures and other texts, by name, into a folder; return the paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = [
        save(figure, folder / f"{name}.{kind}")
        for part in parts for name, figure in part.figures.items() for kind in ("png", "svg")
    ]  # fmt: skip
    pictures = {path.stem: path.read_bytes() for path in written if path.suffix == ".png"}
    for name, text in {"report.md": markdown(parts), "report.html": page(parts, pictures), **files}.items():
        write_whole(folder / name, text.encode())
        written.append(folder / name)
    return written


def slugs(names: Iterable[str]) -> list[str]:
    """Return distinct file names made from names.

    >>> slugs(["1a shift", "../1a shift", "?"])
    ['1a-shift', '1a-shift-2', 'hypothesis']
    """
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "hypothesis"
        slug, again = plain, 2
        while slug in found:
            slug, again = f"{plain}-{again}", again + 1
        found.append(slug)
    return found


def markdown(parts: Sequence[Part]) -> str:
    """Return the report in Markdown, with links to figures in the same folder."""
    lines = []
    for level, part in enumerate(parts):
        lines += [f"{'##'[: level + 1]} {_cell(part.title)}", ""]
        if part.claim is not None:
            before, word, after = part.claim
            lines += [f"{_cell(before)} **{word}**{after}", ""]
        for line in part.lines:
            lines += [_cell(line), ""]
        if part.rows:
            head, *rows = _cells(part.rows, _cell)
            rule = "|" + "---|" * len(head)
            lines += [f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows), ""]
        for name in part.figures:
            lines += [f"![{_cell(f'{part.title}: {name}')}]({name}.png)", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return a text with all characters escaped that have a meaning in Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]|#<>&])", r"\\\1", " ".join(text.split()))


def _cells(rows: Sequence[Mapping[str, Any]], escape: Callable[[str], str]) -> list[list[str]]:
    """Return the head of a table and its rows, as text."""
    return [[escape(_printed(cell)) for cell in row] for row in (rows[0], *(row.values() for row in rows))]


def _printed(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def page(parts: Sequence[Part], pictures: Mapping[str, bytes]) -> str:
    """Return the report as one HTML page that makes no requests; its figures are embedded PNG images, by name."""
    body = ""
    for level, part in enumerate(parts):
        size = min(level, 1) + 1
        body += f"<h{size}>{html.escape(part.title)}</h{size}>"
        if part.claim is not None:
            before, word, after = map(html.escape, part.claim)
            body += f'<p>{before} <b class="{word}">{word}</b>{after}</p>'
        body += "".join(f"<p>{html.escape(line)}</p>" for line in part.lines)
        if part.rows:
            head, *rows = _cells(part.rows, html.escape)
            cells = "".join(_row(row, "td") for row in rows)
            body += f"<table><thead>{_row(head, 'th')}</thead><tbody>{cells}</tbody></table>"
        for name in part.figures:
            data = base64.b64encode(pictures[name]).decode("ascii")
            body += f'<img alt="{html.escape(f"{part.title}: {name}")}" src="data:image/png;base64,{data}">'
    return f"{HEAD}<title>{html.escape(parts[0].title)}</title></head><body>{body}</body></html>\n"


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"
