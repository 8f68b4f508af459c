"""What Linux alone has is taken away, as on macOS and Windows: everything still works."""

import json
import subprocess
import sys
import textwrap

TAKEN_AWAY = """
    import os, pathlib, sys
    import psutil  # which asks each system in its own way
    from types import SimpleNamespace
    for name in ("sched_getaffinity", "getuid", "sysconf", "getloadavg"):
        if hasattr(os, name):
            delattr(os, name)
    sys.modules["resource"] = None  # importing it fails
    psutil.virtual_memory = lambda: SimpleNamespace(available=8_000_000_000)
    real = pathlib.Path.read_text

    def read_text(self, *args, **options):
        if str(self).startswith(("/proc", "/sys")):
            raise FileNotFoundError(2, "no", str(self))
        return real(self, *args, **options)

    pathlib.Path.read_text = read_text
"""
WORK = """
    from sim import Scenario, Study, Tape, credit, simulate, simulate_many
    from sim.cli.main import main
    scenario = Scenario.load("e2_implementer")
    tape = simulate(scenario, engine="agents")
    assert simulate(scenario, engine="kernels") == tape
    assert simulate_many(scenario, [0, 1], engine="kernels", threads=2)[0] == tape
    small = scenario.replace({"world.size": 3})
    assert simulate_many(small, [0, 1], engine="kernels")[1] == simulate(small, 1)
    tape.save("run")
    assert Tape.load("run") == tape
    study = Study("e1_interpreter", {"persons.P1.clarity": [0.5, 1.0]}, replicates=3, measures=["total"])
    assert len(study.run("study")) == 6
    assert len(Study.load("study").table()) == 6
    sys.argv = ["shoulders", "run", "e2_implementer", "--out", "out", "--json"]
    main()
"""


def test_it_works_without_what_linux_alone_has(tmp_path):
    code = textwrap.dedent(TAKEN_AWAY + WORK)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["total"] > 0
