"""The same seed gives the same tape on another processor: here, on one that has forgotten its newer instructions."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import FULL

ROOT = Path(__file__).parent.parent
MASKED = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX,-AVX512F,-AVX512VL,-ERMS",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX2 FMA3 AVX512F AVX512_SKX",
    "NUMBA_CPU_NAME": "generic",
}
SCRIPT = """
import hashlib, sys, warnings
warnings.simplefilter("ignore")
from sim import Scenario, simulate
scenario = Scenario.load("scenarios/genius_notebook.toml").replace({
    "population.count": 250, "scenario.steps": 60, "dynamics.discovery_rate": 50.0, "world.size": 100000,
    "population.reach": {"kind": "lognormal", "median": 1e-4, "sigma": 1.0},
    "population.clarity": {"kind": "normal", "mean": 0.7, "sd": 0.2},
})
tape = simulate(scenario, engine=sys.argv[1])
digest = hashlib.sha256()
for table in (tape.events, tape.influences, tape.realised):
    for column in table.columns().values():
        digest.update(column.tobytes())
print(len(tape.events), digest.hexdigest())
"""


def tape_of(engine: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, engine],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("engine", ["agents", "kernels"] if FULL else ["agents"])  # other code takes its compiling
def test_the_tape_does_not_depend_on_the_processor(engine):
    expected = tape_of("agents")
    assert int(expected.split()[0]) > 500
    assert tape_of(engine, **MASKED) == expected
