"""Measures of a user's own, as a worker imports them."""

import os
import signal
import time

from sim.tape.tape import Tape


def rows(tape: Tape) -> float:
    return len(tape.events) + len(tape.influences) / 1000


def fails_at_times(tape: Tape) -> float:
    if tape.provenance["seed"] % 5 == 3:
        raise RuntimeError("a seed\nthat I do not like")
    return 1.0


def slow(tape: Tape) -> float:
    time.sleep(0.02)
    return rows(tape)


def kills_its_worker(tape: Tape) -> float:
    if tape.provenance["seed"] == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return rows(tape)


def endless(tape: Tape) -> float:
    return float("inf")
