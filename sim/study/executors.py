"""Executors for the runs of a study: threads over the compiled batch, processes, or a Dask cluster; the same rows.

All three are executors like those of concurrent.futures; a single loop hands out chunks and takes the results. When a
worker dies, the chunks in flight are made again, one after the other and in halves, until the run that kills workers
is found; that run becomes a row with an error. However the loop ends, its pool does not outlive it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from concurrent.futures import ProcessPoolExecutor as Processes
from concurrent.futures import ThreadPoolExecutor as Threads
from functools import partial
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np

from sim.errors import StudyError
from sim.machine.threads import without_interrupts
from sim.study.chunks import Chunk

EXECUTORS = ("auto", "threads", "processes", "dask")
SECONDS = 0.5  # intended duration of a chunk
MAX_RUNS = 8192  # of a chunk
KILLED = ("KilledWorker", "FutureCancelledError")  # Dask's errors for the death of a worker
DEATHS = 3  # of workers, after which a run that was alone with them is blamed
Span = tuple[int, int]
Pool = Callable[[], contextlib.AbstractContextManager[Executor]]


class Task(Protocol):
    """A task for workers, of which any consecutive runs can be made."""

    @property
    def columns(self) -> int:
        """The number of values per run."""

    @property
    def code(self) -> Sequence[Any]:
        """The user's own functions that the task needs."""

    @property
    def stays(self) -> bool:
        """Whether it runs rules or persons of one's own, which no other process knows."""

    def chunk(self, first: int, last: int, stopped: Callable[[], bool]) -> Chunk | None:
        """Make some runs; return None if stopped before the end."""


class Pace:
    """The number of runs in a chunk, adapted to the duration of the last one."""

    def __init__(self) -> None:
        self.seconds = 0.0  # per run, on one worker

    def learn(self, runs: int, seconds: float) -> None:
        """Record the seconds that some runs took; for few runs, much of it is overhead."""
        self.seconds = max(seconds / runs, 1e-9)

    def size(self) -> int:
        """Return the number of runs of the next chunk."""
        return max(1, min(MAX_RUNS, int(SECONDS / self.seconds))) if self.seconds else 1


def work(task: Task, gaps: Sequence[Span], pool: Pool, workers: int, record: Callable[[Chunk], None]) -> None:
    """Make all runs of the gaps, and pass each chunk to `record` in this thread, in no particular order.

    If `record` raises an exception, the chunks in flight are abandoned.
    """
    left, suspects = deque(gaps), deque[Span]()
    pace, stop, deaths = Pace(), threading.Event(), 0
    while left or suspects:
        with pool() as executor:
            try:
                lost = _until_a_death(executor, task, left, suspects, workers, record, pace, stop)
            except BaseException:
                stop.set()
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
            why = f"the worker died in this run, {DEATHS} times; out of memory?"
            record(Chunk(first, last, np.full((1, task.columns), np.nan), ((0, why),)))


def _until_a_death(
    executor: Executor, task: Task, left: deque[Span], suspects: deque[Span], workers: int,
    record: Callable[[Chunk], None], pace: Pace, stop: threading.Event,
) -> list[Span]:  # fmt: skip
    """Hand out chunks until all are made or a worker dies, suspects one at a time; return the spans that were lost."""
    flying: dict[Future[Any], Span] = {}
    here = isinstance(executor, Threads)
    while True:
        alone = bool(suspects)
        while (not alone and left and len(flying) < 2 * workers) or (alone and not flying):
            span = suspects.popleft() if alone else _next(left, pace.size())
            try:
                flying[executor.submit(timed, task, *span, stop.is_set if here else None)] = span
            except BrokenExecutor:
                return [*flying.values(), span]
            if alone:
                break
        if not flying:
            return []
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            error = CancelledError() if future.cancelled() else future.exception()
            if isinstance(error, BrokenExecutor | CancelledError) or type(error).__name__ in KILLED:
                return sorted(flying.values())
            span = flying.pop(future)
            if error is not None:
                raise error
            chunk, seconds = future.result()
            if chunk is not None:
                pace.learn(chunk.last - chunk.first, seconds)
                record(chunk)


def timed(task: Task, first: int, last: int, stopped: Callable[[], bool] | None) -> tuple[Chunk | None, float]:
    """Make a chunk, and return it with the seconds that it took."""
    begin = time.perf_counter()
    chunk = task.chunk(first, last, stopped or (lambda: False))
    return chunk, time.perf_counter() - begin


def _next(left: deque[Span], size: int) -> Span:
    first, last = left.popleft()
    if last - first > size:
        left.appendleft((first + size, last))
        last = first + size
    return first, last


@contextlib.contextmanager
def pool_for(task: Task, executor: str, workers: int, dask: str | None = None) -> Iterator[tuple[Pool, int]]:
    """Yield a pool for the named executor, and how many runs it makes at the same time.

    Raises a StudyError or ValueError if the processes cannot work or do the task, or the cluster does not exist.
    """
    if task.stays and (dask is not None or executor in ("processes", "dask")):
        raise ValueError("executor: rules and persons of one's own stay in this process; allowed: auto, threads")
    if dask is not None or executor == "dask":
        with dask_client(dask or "local", workers) as client:
            yield dask_pool(client), max(1, sum(client.nthreads().values()))
        return
    yield processes(workers, task) if executor == "processes" else threads(workers), workers


@contextlib.contextmanager
def kept(pool: Pool) -> Iterator[Pool]:
    """Yield a pool whose workers serve several tasks in turn; if workers die, the pool is made anew."""
    with contextlib.ExitStack() as stack:
        there: list[Executor] = []

        @contextlib.contextmanager
        def again() -> Iterator[Executor]:
            if there and getattr(there[0], "_broken", False):
                there.clear()
                stack.close()
            if not there:
                there.append(stack.enter_context(pool()))
            yield there[0]

        yield again


def threads(workers: int) -> Pool:
    """Return a pool of threads of this process; a run in a thread cannot be interrupted, so nobody waits for it."""

    def pool() -> contextlib.AbstractContextManager[Executor]:
        executor = Threads(workers, thread_name_prefix="study")
        return _ended(executor, partial(executor.shutdown, wait=False, cancel_futures=True))

    return pool


@contextlib.contextmanager
def _ended(executor: Executor, give_up: Callable[[], Any]) -> Iterator[Executor]:
    """Yield an executor that is shut down after the block, or by `give_up` if the block fails."""
    try:
        yield executor
    except BaseException:
        give_up()
        raise
    executor.shutdown()


def processes(workers: int, task: Task) -> Pool:
    """Return a pool of separate processes, started afresh; they do not run the script that started them.

    Raises a StudyError if the task cannot be sent to them, or they die as they begin.
    """
    if own := [function.__name__ for function in task.code if getattr(function, "__module__", "") == "__main__"]:
        raise StudyError(f"executor: {own[0]!r} is defined in a script or notebook, which other processes do not run; "
                         "allowed: threads, or a function in a module of its own")  # fmt: skip
    try:
        ForkingPickler.dumps(task)
    except Exception as error:  # a class that cannot be pickled may raise anything
        raise StudyError(f"executor: the measures cannot be sent to other processes ({error}); allowed: threads"
                         ) from None  # fmt: skip

    def pool() -> contextlib.AbstractContextManager[Executor]:
        executor = Processes(workers, _Spawn(), initializer=_ignore_interrupts)
        return _ended(executor, partial(_terminate, executor))

    with pool() as executor:
        try:
            executor.submit(timed, task, 0, 0, None).result()
        except BrokenExecutor:
            raise StudyError("executor: the processes died as they began; allowed: threads") from None
    return pool


def _terminate(executor: Processes) -> None:
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.terminate()
    executor.shutdown(wait=False, cancel_futures=True)


class _Worker(SpawnProcess):
    """A process that does not run the script of its parent, so that the script needs no main guard."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 # its name in multiprocessing
        main: Any = vars(sys.modules["__main__"])
        before = {name: main[name] for name in ("__spec__", "__file__") if name in main}
        main.update(dict.fromkeys(before))
        try:
            with without_interrupts():
                return SpawnProcess._Popen(process_obj)
        finally:
            main.update(before)


class _Spawn(SpawnContext):
    Process = _Worker


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process says when to stop
    if parent := multiprocessing.parent_process():

        def end_with_it() -> None:  # when the parent is killed, whatever run this process is in
            parent.join()
            os._exit(1)

        threading.Thread(target=end_with_it, daemon=True).start()


@contextlib.contextmanager
def dask_client(address: str, workers: int) -> Iterator[Any]:
    """Yield a client of the cluster at an address, or of a local one with `workers` processes.

    Raises a ValueError if distributed is missing, no scheduler answers, or the address is TCP beyond this machine.
    """
    try:
        import distributed as found
    except ModuleNotFoundError:
        raise ValueError("--dask: needs distributed; pip install 'shoulders[cluster]'") from None
    distributed: Any = found  # it is typed in part only
    for name in ("distributed", "distributed.client", "tornado.application"):  # each has a level of its own
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the loop of `work` reports what goes wrong
    if address == "local":
        with without_interrupts():  # including the threads and processes that start here
            cluster = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL, preload=["sim.study.dask_worker"],
            )  # fmt: skip
        with cluster, distributed.Client(cluster) as client:
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
    """Refuse plain TCP to another machine: Dask would run whatever anybody on the way inserts.

    Raises a ValueError for such an address, or an invalid one.
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
    """Return a pool of the workers of a cluster, which outlives the pool.

    Raises a ConnectionError if the scheduler is gone when the pool is entered.
    """

    def pool() -> contextlib.AbstractContextManager[Executor]:
        if client.status != "running":
            raise ConnectionError(f"--dask {client.scheduler.address if client.scheduler else ''}: the scheduler is "
                                  "gone")  # fmt: skip
        executor = client.get_executor(pure=False)
        return _ended(executor, partial(executor.shutdown, wait=False))

    return pool
