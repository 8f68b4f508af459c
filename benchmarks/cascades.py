"""The independent cascade: everybody on the same graphs, from a thousand persons to as many as are asked for."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import ours, race
from benchmarks.child import in_a_child
from benchmarks.graph import SEEDS
from benchmarks.race import Lane
from benchmarks.tables import Table

IN_TURN = 10_000_000  # persons up to which all race in one process; above, ours have a process and its memory
COLUMNS = (
    "persons", "ties", "who", "cascades", "preparing s", "median ms", "reached", "off by", "to 1 thread", "to fastest",
    "peak GB", "network s", "note",
)  # fmt: skip


@dataclass
class Course:
    """What is raced over."""

    degree: float = 10.0
    p: float = 0.2
    largest: int = 1_000_000
    rounds: int = 5
    budget: float = 60.0


@dataclass
class Large:
    """A run in a process of its own: its lanes, seconds for the network, bytes at the peak."""

    lanes: list[Lane]
    p: float
    network: float
    peak: float


def sizes(largest: int) -> list[int]:
    """1,000 persons, 10,000 and so on."""
    return [10**k for k in range(3, 10) if 10**k <= largest] or [largest]


def run(course: Course) -> tuple[list[list[Lane]], list[Large]]:
    """All races, and the runs that are too large for a race; what was done so far is told on stderr."""
    ours.warm_up()
    races: list[list[Lane]] = []
    large: list[Large] = []
    for n in sizes(course.largest):
        print(f"independent cascade, {n:,} persons ...", file=sys.stderr, flush=True)
        if n <= IN_TURN:
            rounds = course.rounds * max(1, min(10, 100_000 // n))
            before = races[-1] if races else ()
            races.append(race.race(n, course.degree, course.p, rounds, course.budget, before))
        else:
            large += [run_large(n, course.degree, p) for p in (course.p, 1.0)]
    return races, large


def run_large(n: int, degree: float, p: float) -> Large:
    """Ours in a process of its own; p = 1 takes every tie of all whom anybody is tied to, to saturation."""
    threads = ours.thread_counts()[::-1]
    try:
        found = in_a_child("cascade", n=n, degree=degree, p=p, threads=threads)
    except RuntimeError as error:
        return Large([Lane(race.our_name(threads[0]), n, note=str(error))], p, math.nan, math.nan)
    lanes = [
        Lane(race.our_name(count), n, found["ties"], seconds=[seconds], sizes=[size])
        for count, seconds, size in zip(threads, found["seconds"], found["sizes"], strict=True)
    ]
    return Large(lanes[::-1], p, found["network"], found["peak"])


def table(course: Course, races: Sequence[Sequence[Lane]], large: Sequence[Large]) -> Table:
    """A row for each runner and size; the ratios say how many times as long as ours it took."""
    rows = []
    for lanes in races:
        for lane in lanes:
            off = race.disagreement(lane, lanes)
            rows.append([*_row(lane, off, lanes), math.nan, math.nan, lane.note])
    for one in large:
        for lane in one.lanes:
            note = lane.note or f"{lane.mean_size / lane.n:.1%} reached"
            note += f", p = {one.p:g}" if one.p != course.p else ""
            rows.append([*_row(lane, math.nan, one.lanes), one.peak / 1e9, one.network, note])
    notes = [
        f"The same Erdős-Rényi graph for all, {course.degree:g} ties a person on average, p = {course.p:g}, from the",
        f"same {len(SEEDS)} persons, in turn. Timed: one cascade from its start to its end, ours with the whole tape",
        "(who learned from whom), EoN with its transmission tree, plain Mesa with the teller of each; cynetdiff and",
        "NDlib keep no parents. Not timed: making the graph, and preparing (the first that needs a graph of networkx",
        "makes it for all; our agents, though, are made within the time). *Off by*: standard errors between the mean",
        "reached and that of our first row; our engines agree to the person. *To 1 thread, to fastest*: the median",
        "over that of ours on one thread, and over that of our fastest.",
    ]
    return Table("cascade", "Independent cascade", notes, COLUMNS, rows)


def ours_of(lanes: Sequence[Lane]) -> tuple[float, float]:
    """Seconds of ours at one size, on one thread and of the fastest."""
    found = {lane.name: lane.median for lane in lanes if lane.name.startswith("shoulders") and lane.seconds}
    return found.get(race.our_name(1), math.nan), min(found.values(), default=math.nan)


def _row(lane: Lane, off: float, lanes: Sequence[Lane]) -> list[object]:
    ratios = [lane.median / seconds for seconds in ours_of(lanes)]
    taken = [lane.prepare, lane.median * 1e3]
    return [lane.n, lane.ties, lane.name, len(lane.seconds), *taken, lane.mean_size, off, *ratios]
