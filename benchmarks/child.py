"""One run in a process of its own, for its peak of memory: `python -m benchmarks.child JSON` prints JSON."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def peak_bytes() -> int:
    """The most memory that this process ever had in use.

    The kernel hands a parent's peak down into ru_maxrss, so that of the process's own memory is asked for first.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def cascade(n: int, degree: float, p: float, threads: list[int]) -> dict[str, Any]:
    """Make a world and run an independent cascade on it with each number of threads; timed apart."""
    from benchmarks import ours
    from benchmarks.graph import cascade_world
    from benchmarks.race import NETWORK_SEED, timed

    ours.warm_up()
    begin = time.perf_counter()
    world = cascade_world(n, degree, p, NETWORK_SEED)
    network = time.perf_counter() - begin
    runs = [timed(ours.cascade(world, "kernels", count), 0) for count in threads]
    return {
        "ties": len(world.ties.target),
        "network": network,
        "seconds": [seconds for seconds, _ in runs],
        "sizes": [size for _, size in runs],
        "peak": peak_bytes(),
    }


def scenario(scenario: dict[str, Any], engine: str) -> dict[str, Any]:
    """Run a scenario, and tell the memory that was predicted, knowing how many events there would be, and used."""
    from sim.engines import simulate
    from sim.model.forecast import predict_memory
    from sim.scenario.scenario import Scenario

    made = Scenario.model_validate(scenario)
    tape = simulate(made, engine=engine)
    peak, events = peak_bytes(), len(tape.events)
    return {"peak": peak, "least": predict_memory(made, engine), "predicted": predict_memory(made, engine, events)}


def in_a_child(task: str, **given: Any) -> dict[str, Any]:
    """What a function of this file returns, from a new process.

    Raises:
        RuntimeError: if it failed; the message is the last line that it wrote.
    """
    command = [sys.executable, "-m", "benchmarks.child", json.dumps({"task": task} | given)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise RuntimeError(last or f"ended by signal or code {done.returncode}: out of memory?")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    print(json.dumps({"cascade": cascade, "scenario": scenario}[request.pop("task")](**request)))
