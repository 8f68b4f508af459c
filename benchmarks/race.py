"""Independent cascades of everybody on the same graph, in turn: how long each takes, and that it is the same work."""

from __future__ import annotations

import gc
import importlib
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks import ours, peers
from benchmarks.graph import SEEDS, Graph, cascade_world, graph_of
from benchmarks.peers import Cascade

NETWORK_SEED = 1
SHARE = 6  # a runner leaves the race of one size when it has had this part of the budget
AGREE = 5.0  # standard errors


@dataclass
class Lane:
    """One runner at one size: what it took and whom it reached, or why it does not run."""

    name: str
    n: int
    ties: int = 0
    prepare: float = math.nan  # seconds, beside the race
    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        """Seconds of the median cascade."""
        return statistics.median(self.seconds) if self.seconds else math.nan

    @property
    def mean_size(self) -> float:
        """Persons reached, on average."""
        return statistics.fmean(self.sizes) if self.sizes else math.nan


def timed(cascade: Cascade, luck: int) -> tuple[float, int]:
    """Seconds of one cascade, and its size; as timeit does, Python's garbage collector waits meanwhile."""
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter()
        count = cascade(luck)
        seconds = time.perf_counter() - begin
        return seconds, count()
    finally:
        gc.enable()


PEERS: dict[str, peers.Prepare] = {
    "cynetdiff": peers.cynetdiff,
    "EoN": peers.eon,
    "NDlib": peers.ndlib,
    "plain Mesa": peers.plain_mesa,
}
MODULES = {"cynetdiff": "cynetdiff.models", "EoN": "EoN", "NDlib": "ndlib.models.epidemics", "plain Mesa": "mesa"}


def missing(name: str) -> str:
    """Why a peer cannot run here, or nothing."""
    try:
        importlib.import_module(MODULES.get(name, "sim"))
    except ImportError as error:
        return f"not installed ({error.name})"
    return ""


def our_name(threads: int) -> str:
    """What the table calls our kernels on so many threads."""
    return f"shoulders, {threads} thread{'s' * (threads > 1)}"


def runners(n: int, degree: float, p: float) -> tuple[int, dict[str, Callable[[], Cascade]]]:
    """The ties there are, and for each runner what gets it ready."""
    world = cascade_world(n, degree, p, NETWORK_SEED)
    graph: Graph = graph_of(world)
    ready: dict[str, Callable[[], Cascade]] = {
        our_name(threads): partial(ours.cascade, world, "kernels", threads) for threads in ours.thread_counts()
    }
    ready |= {name: partial(prepare, graph, p, SEEDS) for name, prepare in PEERS.items()}
    ready["shoulders, agents"] = partial(ours.cascade, world, "agents", None)
    return len(graph.target), ready


def race(n: int, degree: float, p: float, rounds: int, budget: float, before: Sequence[Lane] = ()) -> list[Lane]:
    """All runners at one size, in turn round after round, until each has had its rounds or its time.

    Args:
        n, degree, p: persons, ties a person on average, probability.
        rounds: cascades of each, at least 1 however long it takes.
        budget: seconds that one cascade may take, judging by the size before; nobody's time is extrapolated.
        before: the lanes of the size before.
    """
    ties, ready = runners(n, degree, p)
    lanes, cascades = [], {}
    for name, prepare in ready.items():
        lane = Lane(name, n, ties, note=missing(name) or too_slow(name, n, budget, before))
        lanes.append(lane)
        if not lane.note:
            begin = time.perf_counter()
            cascades[name] = prepare()
            lane.prepare = time.perf_counter() - begin
    for luck in range(rounds):
        for lane in lanes:
            if lane.name in cascades and (luck == 0 or sum(lane.seconds) < budget / SHARE):
                seconds, size = timed(cascades[lane.name], luck)
                lane.seconds.append(seconds)
                lane.sizes.append(size)
    return lanes


def too_slow(name: str, n: int, budget: float, before: Sequence[Lane]) -> str:
    """Why a runner is left out at this size, or nothing."""
    for lane in before:
        if lane.name == name and lane.note:
            return lane.note
        if lane.name == name and lane.median * n / lane.n > budget:
            return f"skipped: {lane.median:.1f} s a cascade at {lane.n:,} persons"
    return ""


def disagreement(lane: Lane, lanes: Sequence[Lane]) -> float:
    """How many standard errors the mean size of a lane is from that of our first one, by the deviation of all."""
    others = [other for other in lanes if len(other.sizes) > 1]
    freedom = sum(len(other.sizes) - 1 for other in others)
    if lane.name == lanes[0].name or not lane.sizes or not freedom:
        return math.nan
    squares = sum(statistics.variance(other.sizes) * (len(other.sizes) - 1) for other in others)
    error = math.sqrt(squares / freedom * (1 / len(lane.sizes) + 1 / len(lanes[0].sizes)))
    return (lane.mean_size - lanes[0].mean_size) / error if error else math.nan


def check(lanes: Sequence[Lane]) -> list[str]:
    """What shows that it was not the same work: our engines must agree to the person, the peers within 5 errors."""
    wrong = []
    for lane in lanes:
        if lane.name.startswith("shoulders") and lane.sizes != lanes[0].sizes[: len(lane.sizes)]:
            wrong.append(f"{lane.name} reached other persons than {lanes[0].name} among {lane.n:,}")
        elif abs(disagreement(lane, lanes)) > AGREE:
            wrong.append(
                f"{lane.name} reached {lane.mean_size:,.0f} of {lane.n:,}, {lanes[0].name} {lanes[0].mean_size:,.0f}"
            )
    return wrong
