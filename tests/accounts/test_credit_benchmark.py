"""The benchmark of PageRank runs, at a tiny size, and finds out other work: nothing here is about time."""

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks import credit, tables


def test_the_table_and_the_figures_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit, "sizes", lambda largest: [40, largest])
    monkeypatch.setattr("gc.collect", lambda: 0)  # a hundred times, for the sake of the clock
    given = argparse.Namespace(credit=90, rounds=2, budget=60.0, out=tmp_path, wrong=[])
    tables.write(credit.measure(given), tmp_path)
    assert given.wrong == []
    with (tmp_path / "credit.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["graph"] for row in rows} == {"events", "cyclic"}
    assert all(float(row["residual"]) < 1e-10 for row in rows if row["who"].startswith(("shoulders", "networkx")))
    for kind in ("events", "cyclic"):
        assert (tmp_path / f"credit-{kind}.png").stat().st_size > 10_000


def test_who_is_not_there_or_fails_is_left_out_and_other_answers_are_found_out() -> None:
    def absent(graph: credit.Graph) -> credit.Callable[..., object]:
        raise ImportError("no module", name="nobody")

    def broken(graph: credit.Graph) -> credit.Callable[..., object]:
        return lambda setting: 1 / setting

    graph, reference = credit.make("cyclic", 30), np.full(30, 1 / 30)
    assert credit.run(credit.Runner("a", (1,), absent), graph, reference, 1, 1.0).note == "not installed (nobody)"
    assert credit.run(credit.Runner("b", (0,), broken), graph, reference, 1, 1.0).note.startswith("ZeroDivisionError")
    wrong = credit.Lane("peer", 30, residual=1e-12, away=1e-3)
    assert len(credit.check("cyclic", [wrong, credit.Lane("absent", 30)])) == 1
