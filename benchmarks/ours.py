"""The independent cascade of this project: from a world that is there to the finished tape, which is all timed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from benchmarks.graph import cascade_world
from sim.engines import runner, simulate_world
from sim.model.world import World
from sim.tape.tables import LEARN
from sim.tape.tape import Tape


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_counts() -> list[int]:
    """1, 2 and 4 threads, as far as the machine has the cores."""
    return [count for count in (1, 2, 4) if count <= cores()]


def reached(tape: Tape) -> int:
    """How many persons the cascade reached; the tape says of each who told them."""
    taken_up = int((tape.events.kind <= LEARN).sum())
    if len(tape.influences) != taken_up - int((tape.events.kind < LEARN).sum()):
        raise AssertionError("somebody learned from nobody")
    if len(tape.events) and tape.events.step[-1] >= tape.steps:
        raise AssertionError("the cascade was cut off")
    return taken_up


def cascade(world: World, engine: str, threads: int | None) -> Callable[[int], Callable[[], int]]:
    """One cascade of an engine on this many threads; timed is all from the world to the tape, which records."""

    ready = runner(world, engine, threads)
    return lambda luck: partial(reached, ready(luck))


def warm_up() -> None:
    """Let everything be compiled that will be; compiling is not timed."""
    world = cascade_world(100, 8.0, 0.5, seed=0)
    for threads in thread_counts():
        simulate_world(world, "kernels", threads)
