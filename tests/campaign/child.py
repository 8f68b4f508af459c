"""The command line in a process that begins at once, forked from one that has loaded everything and done nothing."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil

from sim.cli import main
from tests.campaign import inputs  # noqa: F401 # which loads all
from tests.cli import PATIENCE, Done

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([__name__])


def _run(folder: str, log: str, words: list[str], more_memory: int | None, ready: Any) -> None:
    os.setsid()
    os.chdir(folder)
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{log}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.default_int_handler)
    if more_memory is not None:
        import resource

        most = psutil.Process().memory_info().vms + more_memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    sys.argv = ["shoulders", *words]
    ready.close()
    main.program()


def begun(folder: Path, log: Path, *words: object, more_memory: int | None = None) -> Any:
    """Start the command in a folder and in a session of its own, with so much more memory at most."""
    here, there = SERVER.Pipe(duplex=False)
    words = tuple(str(word) for word in words)
    process = SERVER.Process(target=_run, args=(str(folder), str(log), list(words), more_memory, there))
    process.start()
    there.close()
    with contextlib.suppress(EOFError):
        here.recv()  # it ends when the command is about to begin
    return process


def ended(log: Path, process: Any, signum: int | None = None) -> Done:
    """Send a signal as a terminal does, and wait for the end, of the processes that it started among others."""
    with contextlib.suppress(ProcessLookupError):
        if signum == signal.SIGINT:
            os.killpg(process.pid, signum)
        elif signum is not None:
            os.kill(process.pid, signum)
    process.join(PATIENCE)
    assert process.exitcode is not None, "it does not end"
    _, left = psutil.wait_procs([one for one in psutil.process_iter() if _session(one.pid) == process.pid], 30)
    assert not left, f"processes are left: {left}"
    out, err = (Path(f"{log}.{name}").read_text(errors="replace") for name in ("stdout", "stderr"))
    return Done(process.exitcode, out, err)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1
