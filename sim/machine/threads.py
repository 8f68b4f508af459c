"""The processors of this process, work shared among threads, and processes that hear no interrupts."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 4  # items per thread that are handed out ahead of their turn


def processors() -> int:
    """Return how many processors this process may use, or all of the machine if the system does not say."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def in_threads(work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None) -> Iterator[Result]:
    """Map `work` over the items in threads and yield the results in order.

    The first item is done alone, since it may compile what the others then share. Items are requested only a few ahead
    of the results, so that they need not all exist at once.

    Args:
        work: called with one item at a time; must not depend on the order of the calls.
        items: may be made on request.
        threads: how many work side by side; as many as there are processors if None.
    """
    waiting = iter(items)
    for first in waiting:
        yield work(first)
        break
    threads = threads or processors()
    if threads == 1:
        yield from map(work, waiting)
        return
    with ThreadPoolExecutor(threads) as pool:
        ahead = deque(pool.submit(work, item) for item in islice(waiting, AHEAD * threads))
        try:
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(work, item) for item in islice(waiting, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Block Ctrl-C in this thread, where the system can; threads and processes begun in the block never hear it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # else the first process starts it, and then lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
