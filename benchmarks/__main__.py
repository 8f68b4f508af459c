"""Measure, print, and write tables and a figure: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import batch, cascades, figure, full, memory, networks, race, study, tables

RESULTS = Path(__file__).parent / "results"
SECTIONS = ("cascade", "full", "batch", "study", "networks", "memory")


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast it is, beside its neighbours.")
    made.add_argument("only", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all of them if none")
    made.add_argument("--largest", type=int, default=1_000_000, help="persons of the largest cascade (1,000,000)")
    made.add_argument("--rounds", type=int, default=5, help="cascades of each at each size (5; more of small ones)")
    made.add_argument("--budget", type=float, default=60.0, help="seconds that a peer's cascade may take (60)")
    made.add_argument("--runs", type=int, default=2_000, help="runs of a batch of small worlds (2,000)")
    made.add_argument("--study", type=int, default=20_000, help="runs of a study of small worlds (20,000)")
    made.add_argument("--full", type=int, default=10_000, help="persons of the largest full model (10,000)")
    made.add_argument("--networks", type=int, default=100_000, help="persons of the largest networks (100,000)")
    made.add_argument("--memory", type=int, default=100_000, help="persons of the largest memory check (100,000)")
    made.add_argument("--out", type=Path, default=RESULTS, help="folder of the tables and the figure")
    return made


def cascade(given: argparse.Namespace) -> tables.Table:
    """Race, check that it was the same work, and draw."""
    course = cascades.Course(largest=given.largest, rounds=given.rounds, budget=given.budget)
    races, large = cascades.run(course)
    table = cascades.table(course, races, large)
    lanes = [lane for lanes in races for lane in lanes]
    lanes += [lane for one in large if one.p == course.p for lane in one.lanes]
    notes = [f"Median, p = {course.p:g}. {tables.processor()}, {tables.cores()} cores."]
    figure.save(figure.draw(lanes, notes), given.out)
    given.wrong += [text for lanes in [*races, *(one.lanes for one in large)] for text in race.check(lanes)]
    return table


def main() -> None:
    """Measure what is asked for; ends with 1 if somebody did other work than the others."""
    made = parser()
    given = made.parse_args()
    if unknown := set(given.only) - set(SECTIONS):
        made.error(f"no section {', '.join(sorted(unknown))}; allowed: {', '.join(SECTIONS)}")
    given.wrong = []
    measures: dict[str, Callable[[], tables.Table]] = {
        "cascade": lambda: cascade(given),
        "full": lambda: full.measure(given.full),
        "batch": lambda: batch.measure(given.runs),
        "study": lambda: study.measure(given.study),
        "networks": lambda: networks.measure(given.networks),
        "memory": lambda: memory.measure(given.memory),
    }
    for name in given.only or SECTIONS:
        table = measures[name]()
        tables.write(table, given.out)
        print(tables.markdown(table), flush=True)
    if given.wrong:
        raise SystemExit("not the same work: " + "; ".join(given.wrong))


if __name__ == "__main__":
    main()
