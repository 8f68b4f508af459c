"""Who makes the runs of a study: threads over the compiled batch, processes, or a Dask cluster. The same rows from all.

All three are executors as concurrent.futures has them; the loop that hands out parts and takes the answers is one. What
is in flight when a worker dies is made again, one part after the other and in halves, until it is found which run it is
that kills workers: that run is a row with an error.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures import ThreadPoolExecutor as Threads
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from sim.study.chunks import Job, Part, run_part

EXECUTORS = ("auto", "threads", "processes", "dask")
SECONDS = 0.5  # that a part should take
MOST = 8192  # runs of a part
DEATHS = 3  # of workers, before a run that was alone with them is blamed
Span = tuple[int, int]
Pool = Callable[[], contextlib.AbstractContextManager[Executor]]


class Pace:
    """How many runs make a part, by what the last one took."""

    def __init__(self) -> None:
        self.seconds = 0.0  # a run, on one worker

    def learn(self, runs: int, seconds: float) -> None:
        """Take in what some runs took; the fewer, the more of it is what goes before them."""
        self.seconds = max(seconds / runs, 1e-9)

    def size(self) -> int:
        """Runs of the next part."""
        return max(1, min(MOST, int(SECONDS / self.seconds))) if self.seconds else 1


def work(job: Job, gaps: Sequence[Span], pool: Pool, workers: int, keep: Callable[[Part], None]) -> None:
    """Make all runs of the gaps, and hand each part to `keep` in this thread, in no particular order.

    Raises:
        Whatever `keep` raises; what is in flight then is given up.
    """
    left, suspects = deque(gaps), deque[Span]()
    pace, stop, deaths = Pace(), threading.Event(), 0
    while left or suspects:
        with pool() as executor:
            try:
                lost = _until_a_death(executor, job, left, suspects, workers, keep, pace, stop)
            except BaseException:
                stop.set()
                executor.shutdown(wait=False, cancel_futures=True)
                raise
        if not lost:
            continue
        alone = len(lost) == 1
        deaths = deaths + 1 if alone else 0
        if not alone or deaths < DEATHS:
            suspects.extendleft(reversed(lost))
            continue
        deaths = 0
        ((first, last),) = lost
        if last - first > 1:
            suspects.extendleft([((first + last) // 2, last), (first, (first + last) // 2)])
        else:
            keep(_died(job, first))


def _until_a_death(
    executor: Executor, job: Job, left: deque[Span], suspects: deque[Span], workers: int, keep: Callable[[Part], None],
    pace: Pace, stop: threading.Event,
) -> list[Span]:  # fmt: skip
    """Hand out parts until all are made, or a worker dies: then what was in flight. Suspects are handed out alone."""
    flying: dict[Future[Any], Span] = {}
    here = isinstance(executor, Threads)
    while True:
        alone = bool(suspects)
        while (not alone and left and len(flying) < 2 * workers) or (alone and not flying):
            span = suspects.popleft() if alone else _next(left, pace.size())
            try:
                flying[executor.submit(timed, job, *span, stop.is_set if here else None)] = span
            except BrokenExecutor:
                return [*flying.values(), span]
            if alone:
                break
        if not flying:
            return []
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            error = future.exception()
            if error is not None and _is_death(error):
                return sorted(flying.values())
            span = flying.pop(future)
            if error is not None:
                raise error
            part, seconds = future.result()
            if part is not None:
                pace.learn(part.last - part.first, seconds)
                keep(part)


def timed(job: Job, first: int, last: int, stopped: Callable[[], bool] | None) -> tuple[Part | None, float]:
    """A part, and the seconds it took."""
    begin = time.perf_counter()
    part = run_part(job, first, last, stopped or (lambda: False))
    return part, time.perf_counter() - begin


def _next(left: deque[Span], size: int) -> Span:
    first, last = left.popleft()
    if last - first > size:
        left.appendleft((first + size, last))
        last = first + size
    return first, last


def _died(job: Job, run: int) -> Part:
    values = np.full((1, len(job.measures)), np.nan)
    return Part(run, run + 1, values, ((0, f"the worker died in this run, {DEATHS} times; out of memory?"),))


def _is_death(error: BaseException) -> bool:
    return isinstance(error, BrokenExecutor) or type(error).__name__ in ("KilledWorker", "CancelledError")


def threads(workers: int) -> Pool:
    """Threads of this process."""
    return lambda: Threads(workers, thread_name_prefix="study")


def processes(workers: int) -> Pool:
    """Processes of their own, started afresh."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    return lambda: ProcessPoolExecutor(workers, context, initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process says when to stop


@contextlib.contextmanager
def dask_client(address: str, workers: int) -> Iterator[Any]:
    """A client of the cluster at an address, or of a local one of so many processes.

    Raises:
        ValueError: if distributed is not there, nobody answers, or the address is plain TCP beyond this machine.
    """
    try:
        import distributed as found
    except ModuleNotFoundError:
        raise ValueError("--dask: needs distributed; pip install 'shoulders[cluster]'") from None
    distributed: Any = found  # it is typed in part only
    if address == "local":
        with (
            distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    refuse_open(address)
    try:
        client = distributed.Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise ValueError(f"--dask {address}: no scheduler answers ({' '.join(str(error).split())[:200]})") from None
    with client:
        yield client


def refuse_open(address: str) -> None:
    """Refuse plain TCP to another machine: Dask would run whatever anybody on the way puts in.

    Raises:
        ValueError: if the address is such, or none.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or parts.port is None:
        raise ValueError(f"--dask {address}: must be local, tcp://HOST:PORT or tls://HOST:PORT")
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(parts.hostname).is_loopback:
            return
    if parts.scheme == "tcp" and parts.hostname != "localhost" and not os.environ.get("SHOULDERS_PLAIN_TCP"):
        raise ValueError(f"--dask {address}: plain TCP to another machine can be read and changed on the way; use "
                         "tls://, or set SHOULDERS_PLAIN_TCP=1 in a network that you trust")  # fmt: skip


def dask_pool(client: Any) -> Pool:
    """The workers of a cluster; it does not go away with the pool."""

    @contextlib.contextmanager
    def pool() -> Iterator[Executor]:
        yield client.get_executor(pure=False)

    return pool
