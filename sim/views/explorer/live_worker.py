"""The process that makes the runs of the live page, so that a long step blocks nothing and can be ended."""

from __future__ import annotations

import json
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from sim.errors import ScenarioError
from sim.machine.threads import without_interrupts
from sim.model.own_rules import rules_in
from sim.scenario.keys import parse_value
from sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from sim.engines import Rules

PATIENCE = 1.2  # seconds that a request waits for its answer, before it gets the progress instead
GRACE = 0.3  # seconds in which a run may end by itself, before its process is killed
EFFORT = 0.15  # relative to the credit at earlier moments on a page to be mailed
STOPPED = {"error": "stopped for a newer one"}


class StoppedError(Exception):
    """The run under way is no longer wanted."""


class Job:
    """A request in progress: how far the run has come, and finally the answer as JSON."""

    def __init__(self, changes: Mapping[str, str]) -> None:
        self.changes, self.began = dict(changes), time.monotonic()
        self.told, self.answer, self.done = "", "", threading.Event()

    def finish(self, answer: str) -> None:
        """Set the answer, unless there is one."""
        if not self.done.is_set():
            self.answer = answer
            self.done.set()

    def wait(self) -> str:
        """Return the answer, or the progress if it is not there within PATIENCE."""
        if self.done.wait(PATIENCE):
            return self.answer
        seconds = time.monotonic() - self.began
        return json.dumps({"wait": f"{self.told or 'Making the world'}; {seconds:.0f} s so far. A change stops it."})


class Worker:
    """A process that handles one request after the other."""

    def __init__(self, rules_file: str | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.stop, self.job = context.Event(), Job({})
        self.process = context.Process(target=work, args=(other, self.stop, rules_file), daemon=True)
        with without_interrupts():  # interrupts are for the server
            self.process.start()
        other.close()
        threading.Thread(target=self._listen, daemon=True).start()

    def run(self, job: Job, scenario: Scenario) -> None:
        """Start a request; its answer is put into the job."""
        self.stop.clear()
        self.job = job
        self.pipe.send((scenario, job.changes))

    def end_run(self) -> bool:
        """Stop the run under way; return whether the process is free for another."""
        self.stop.set()
        free = self.job.done.wait(GRACE) and self.process.is_alive()
        if not free:
            self.close()
        return free

    def close(self) -> None:
        """Kill the process, whatever it is doing."""
        self.process.kill()
        self.job.finish(json.dumps(STOPPED))

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                kind, text = self.pipe.recv()
                if kind == "step":
                    self.job.told = text
                else:
                    self.job.finish(text)
        error = "the run has come to an end: it may be too large for this machine's memory"
        self.job.finish(json.dumps({"error": error}))


def work(pipe: Connection, stop: Any, rules_file: str | None = None) -> None:
    """Handle requests until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        from sim.views.explorer import data  # noqa: F401  # so that it is loaded for the first request

        rules = rules_in(rules_file) if rules_file else None
        while True:
            scenario, changes = pipe.recv()
            found = answer(scenario, changes, stop.is_set, lambda text: pipe.send(("step", text)), rules)
            pipe.send(("done", json.dumps(found)))


def answer(
    scenario: Scenario, changes: Mapping[str, str], stopped: Callable[[], bool], tell: Callable[[str], None],
    rules: Rules | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the data of the page for these changes, {"data", "said"}, or the error in them, {"error"}."""
    from sim.engines import simulate
    from sim.views.explorer.data import explorer_data

    def go_on(done: int, steps: int) -> None:
        if stopped():
            raise StoppedError
        tell(f"Step {done:,} of {steps:,}")

    try:
        chosen = changed(scenario, changes)
        tape = simulate(chosen, rules=rules, progress=go_on)
        tell("Dividing the credit")
        data = explorer_data(tape, chosen, effort=EFFORT)
    except ScenarioError as error:
        return {"error": " ".join(str(error).split())}
    except StoppedError:
        return STOPPED
    except Exception as error:  # reported on the page; the server continues
        return {"error": f"an error of ours: {type(error).__name__}: {' '.join(str(error).split())}"}
    shown = ", ".join(f"{key} = {text}" for key, text in changes.items())
    return {"data": data, "said": f"With {shown}." if shown else "As in the scenario."}


def changed(scenario: Scenario, changes: Mapping[str, str]) -> Scenario:
    """Return the scenario with these changes, given as text.

    Raises:
        ScenarioError: if a key is unknown, or a value is not allowed.
    """
    values = {key: parse_value(text) for key, text in changes.items()}
    return scenario.replace(values, source="parameters") if values else scenario


class Runner:
    """A runner of a scenario with other parameters, one run at a time; a newer request stops an older one at once."""

    def __init__(self, scenario: Scenario, rules_file: str | None = None) -> None:
        self.scenario, self.rules_file, self.lock = scenario, rules_file, threading.Lock()
        # The spare one takes over when a process had to be killed.
        self.worker, self.spare = Worker(rules_file), Worker(rules_file)
        self.job: Job | None = None

    def ask(self, changes: Mapping[str, str]) -> str:
        """Return as JSON the data for these changes, their error, or the progress so far, {"wait"}."""
        with self.lock:
            if self.job is None or self.job.changes != changes:
                try:
                    changed(self.scenario, changes)
                except ScenarioError as error:
                    return json.dumps({"error": " ".join(str(error).split())})
                self._begin(Job(changes))
            job = self.job
        assert job is not None
        return job.wait()

    def _begin(self, job: Job) -> None:
        free = self.worker.process.is_alive()
        if self.job is not None and not self.job.done.is_set():
            free = self.worker.end_run()
        if not free:
            self.worker, self.spare = self.spare, Worker(self.rules_file)
        self.job = job
        self.worker.run(job, self.scenario)

    def close(self) -> None:
        """End both processes."""
        for worker in (self.worker, self.spare):
            worker.close()
