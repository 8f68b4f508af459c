"""Free memory: the least that the machine, control groups of both versions and limits leave."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from sim import Scenario, ScenarioError, simulate
from sim.engines import ANY_SIZE
from sim.machine import memory
from tests.cli import Done, refused, started

MB = 1 << 20
UNLIMITED = str(2**63 - 4096)  # what version 1 says where there is no limit


def group(folder, limit, used, names, reclaimable=0):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {reclaimable}\n")


SECOND = ("memory.max", "memory.current", "inactive_file")
FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with 1,000 MB free, no limits, and groups below tmp_path."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000 * MB))
    monkeypatch.setattr(memory, "_left_by_limits", lambda: iter(()))
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "self")
    return tmp_path


@pytest.mark.parametrize(("own", "groups", "free"), [
    (None, [], 1000),
    ("0::/\n", [("", "max", 5 * MB, SECOND)], 1000),
    ("0::/job\n", [("job", 500 * MB, 400 * MB, SECOND, 150 * MB)], 250),  # the system would give files back
    ("0::/job/step\n", [("job/step", 500 * MB, 100 * MB, SECOND)], 400),
    ("0::/job/step\n", [("job/step", "max", 100 * MB, SECOND), ("job", 300 * MB, 250 * MB, SECOND)], 50),
    ("0::/job\n", [("job", 100 * MB, 300 * MB, SECOND)], 0),
    ("0::/gone\n", [], 1000),
    ("4:cpu:/x\n3:memory:/job\n", [("memory/job", 500 * MB, 100 * MB, FIRST)], 400),
    ("3:cpu,memory:/a/b\n", [("memory/a", 200 * MB, 50 * MB, FIRST), ("memory/a/b", UNLIMITED, 9, FIRST)], 150),
    ("nonsense", [], 1000),
])  # fmt: skip
def test_the_least_that_is_left_counts(machine, own, groups, free):
    if own is not None:
        (machine / "self").write_text(own)
    for folder, *what in groups:
        group(machine / folder, *what)
    assert memory.free_memory() == free * MB


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_a_limit_of_the_process_counts(limit):
    code = "import resource\nfrom sim.machine.memory import free_memory\n"
    code += f"resource.setrlimit(resource.{limit}, (2_000_000_000, 2_000_000_000))\nprint(free_memory())"
    free = int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
    assert 0 < free < 2_000_000_000


def test_a_world_that_cannot_end_is_refused_with_both_figures_and_the_way_out(monkeypatch):
    people = "population = {count = 50, creativity = 1.0}\nideas = [{name = 'i'}]"
    scenario = Scenario.from_toml("scenario = {name = 'x', steps = 5}\n" + people)
    monkeypatch.setattr("sim.engines.free_memory", lambda: 60_100_000)
    with pytest.raises(ScenarioError, match=rf"60 MB of memory, 60 MB if everybody .*60 MB are free; set {ANY_SIZE}=1"):
        simulate(scenario)
    monkeypatch.setenv(ANY_SIZE, "1")
    assert simulate(scenario).steps == 5


def test_sizes_in_words():
    assert [memory.in_words(count) for count in (1.5e9, 999_400_000, 0)] == ["1.5 GB", "999 MB", "0 MB"]


def test_a_world_is_refused_in_a_real_group_that_is_too_small(tmp_path):
    """It needs 1.5 GB if everybody adopts everything, and the group has 1.2."""
    for folder, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        small = Path(folder) / f"shoulders-test-{os.getpid()}"
        try:
            small.mkdir()
            (small / name).write_text(str(1_200_000_000))
        except OSError:
            with contextlib.suppress(OSError):
                small.rmdir()
            continue
        break
    else:
        pytest.skip("a group of processes takes the right to make one")
    (tmp_path / "world.toml").write_text("""
        scenario = {name = "large", steps = 40}
        world = {network = {kind = "erdos-renyi", degree = 10}}
        population = {count = 5_600_000, reach = 1e-4, creativity = 1e-5}
        ideas = [{name = "i"}]
    """)
    enter = f"import os\nopen({str(small / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))"
    try:
        with started("run", "world.toml", "--out", "out", cwd=tmp_path, script=enter) as process:
            out, err = process.communicate()
    finally:
        small.rmdir()
    refused(Done(process.returncode, out, err), "1.5 GB if everybody adopts everything, 1.2 GB are free")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["world.toml"]
