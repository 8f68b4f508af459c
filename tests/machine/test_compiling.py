"""Linking by reachability, and the private cache: never stale, never shared, never in the way of a user's own code."""

import itertools
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType

import numpy as np
import pytest
from numba.core.compiler import Flags

from sim import Scenario
from sim.machine.compiling import QuickFlags, fingerprint
from sim.machine.loops import compiled, for_size
from sim.machine.reach import reachable
from sim.model import rules
from sim.model.kernels.batch import run_all
from sim.model.kernels.crowd import tell_crowd
from sim.model.kernels.exposure import look_at
from sim.model.kernels.interventions import happen
from sim.model.kernels.model import left_out
from sim.model.kernels.replicates import batch_parts
from sim.model.kernels.step import advance
from sim.model.kernels.stifling import meet
from sim.model.networks.csr import add_up
from sim.model.networks.generators.preferential_attachment import barabasi_albert

LIMIT = 3
TABLE = np.array([1.0, 2.0])


def twice(x: float) -> float:
    return 2.0 * x


def sum_of_twice(x: float) -> float:
    return sum([twice(x) + LIMIT for _ in range(2)]) + TABLE[0]


def with_globals(function, **others):
    return FunctionType(function.__code__, function.__globals__ | others, function.__name__)


def thrice(x: float) -> float:
    return 3.0 * x


def test_a_function_is_compiled_with_what_it_reaches_and_two_of_one_name_are_two():
    assert reachable(sum_of_twice) == [sum_of_twice, twice]
    assert compiled(sum_of_twice) is compiled(sum_of_twice)
    assert compiled(with_globals(sum_of_twice, twice=with_globals(thrice)))(1.5) == 16.0
    assert compiled(sum_of_twice)(1.5) == sum_of_twice(1.5) == 13.0


def test_a_scenario_is_linked_with_what_it_uses():
    plain = Scenario.from_toml("""
        scenario = {name = "plain", steps = 3}
        population = {count = 9}
        ideas = [{name = "idea"}]
        world = {network = {kind = "barabasi-albert", links = 2}}""")
    step, small = set(reachable(advance)), set(reachable(advance, left_out(plain)))
    batch = set(reachable(run_all, batch_parts(plain)))
    assert rules.chance_to_tell in small & batch
    assert not any("generators" in f.__module__ for f in step)
    assert {f.__module__ for f in batch if "generators" in f.__module__} == {barabasi_albert.__module__}
    assert {meet, happen, look_at, tell_crowd} <= step
    assert not {meet, happen, look_at, tell_crowd} & (small | batch)
    used = {"dynamics.adoption": "threshold", "dynamics.stifling": "both", "world.size": 10}
    deeds = {"interventions": [{"step": 1, "kind": "publish", "person": "everyone"}]}
    for key, value in (used | deeds | {"persons": [{"name": "A", "dies": 2}]}).items():
        assert left_out(plain.replace({key: value})) == (), key


@pytest.mark.parametrize("changed", [
    with_globals(sum_of_twice, LIMIT=4),
    with_globals(sum_of_twice, TABLE=np.array([1.0, 3.0])),
    with_globals(sum_of_twice, twice=with_globals(thrice)),
])  # fmt: skip
def test_another_constant_or_callee_is_another_folder(changed):
    assert fingerprint(changed) != fingerprint(sum_of_twice)


def test_what_a_function_says_of_itself_does_not_matter():
    marks = set()
    for said in ('"""One."""', '"""Two."""\n'):
        space: dict[str, object] = {"twice": twice, "__name__": __name__}
        exec(f"def f(x: float) -> float:\n    {said}\n    return twice(x)", space)
        marks.add(fingerprint(space["f"]))
    assert len(marks) == 1


def test_few_things_are_not_worth_compiling_until_many_calls_add_up(monkeypatch):
    monkeypatch.setattr("sim.machine.loops.PATIENCE", 25)
    monkeypatch.setattr("sim.machine.loops._so_far", {})
    assert for_size(add_up, 10, worth=5) is compiled(add_up)
    assert [for_size(add_up, 10) is add_up for _ in range(4)] == [True, True, False, False]


CHECK = """
    import os, sys, threading, numba, numpy as np
    from sim.machine.loops import compiled
    from sim.model.networks.csr import add_up, turned, mirrored, sort_rows
    before = numba.config.CACHE_DIR

    @numba.njit(cache=True)
    def own(x):
        return x + 1

    def work(k):
        own(k)
        indptr = np.array([0, 1, 2], np.int64)
        assert compiled(add_up)(np.array([0, 1, 1], np.int64)) == 2
        compiled(turned)(2, indptr, np.array([1, 0], np.int32))
        compiled(sort_rows)(indptr, np.array([1, 0], np.int32))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(10)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert numba.config.CACHE_DIR == before
    assert own.stats.cache_path.startswith(os.getcwd()), own.stats.cache_path
"""


ADD_UP = """
import sys, time
from pathlib import Path
import numpy as np
from sim.machine.compiling import is_compiled
from sim.machine.loops import compiled
from sim.model.networks.csr import add_up
if sys.argv[1:]:  # wait for the other process
    Path("ready").touch()
    while len(list(Path("..").glob("*/ready"))) < 2:
        time.sleep(0.001)
before, code = is_compiled(add_up), compiled(add_up)
print(before, code(np.array([0, 2, 3], np.int64)), sum(code.stats.cache_hits.values()))
"""


def run(code, folder, *arguments, **environment):
    (folder / "code.py").write_text(textwrap.dedent(code))
    command, kept = [sys.executable, "code.py", *arguments], {"capture_output": True, "text": True}
    return subprocess.run(command, cwd=folder, env=os.environ | environment, check=False, **kept)


def test_ten_threads_leave_the_current_folder_and_a_users_own_functions_alone(tmp_path):
    (tmp_path / "here").mkdir()
    done = run(CHECK, tmp_path / "here", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "here").iterdir()) == ["__pycache__", "code.py"], "the user's own cache"
    kept = list((tmp_path / "cache").rglob("*.nbc"))
    assert sorted({p.name.partition("-")[0] for p in kept if p.parent.name != "parts"}) == [
        "add_up", "sort_rows", "turned",
    ]  # fmt: skip
    assert all(p.parent.stat().st_mode & 0o777 == 0o700 for p in kept)


def test_what_two_functions_reach_is_compiled_once(tmp_path):
    code = """
        import sys
        import numpy as np
        from numba.core.event import install_recorder
        from sim.machine.loops import compiled
        from sim.model.networks.csr import mirrored, turned
        indptr, target = np.array([0, 1, 2], np.int64), np.array([1, 0], np.int32)
        with install_recorder("numba:compile") as recorder:
            if sys.argv[1] == "turned":
                told = compiled(turned)(2, indptr, target)
            else:
                told = compiled(mirrored)(2, indptr, target)
        print([column.tolist() for column in told])
        functions = [event.data["dispatcher"].py_func for _, event in recorder.buffer if event.is_start]
        print(*sorted(f.__name__ for f in functions if f.__module__.startswith("sim.")))
    """
    alone = run(code, tmp_path, "turned", XDG_CACHE_HOME=str(tmp_path / "alone")).stdout.splitlines()
    assert alone[1] == "add_up begins_of shift_back turned"
    run(code, tmp_path, "mirrored", XDG_CACHE_HOME=str(tmp_path / "cache"))
    after = run(code, tmp_path, "turned", XDG_CACHE_HOME=str(tmp_path / "cache")).stdout.splitlines()
    assert after == [alone[0], "turned"]
    for file in (tmp_path / "cache").rglob("*.nb[ic]"):
        file.write_bytes(file.read_bytes()[:9])  # as where the machine stopped
    again = [run(code, tmp_path, "turned", XDG_CACHE_HOME=str(tmp_path / "cache")).stdout.splitlines() for _ in "ab"]
    assert again == [alone, [alone[0], ""]]


def test_code_is_there_for_the_next_process(tmp_path):
    outs = [run(ADD_UP, tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache")).stdout for _ in range(2)]
    assert outs == ["False 5 0\n", "True 5 1\n"]


def test_options_are_compared_as_numbas_own_are():
    given = [{}, {"nrt": True}, {"nrt": False}, {"release_gil": True, "nrt": False}, {"error_model": "numpy"}]
    for one, other in itertools.product(given, repeat=2):
        plain = [Flags(), Flags()]
        for flags, (name, value) in [(plain[k], item) for k in (0, 1) for item in (one, other)[k].items()]:
            setattr(flags, name, value)
        ours = [QuickFlags(flags) for flags in plain]
        assert (ours[0] == ours[1]) == (ours[0] == plain[1]) == (plain[0] == plain[1])
        assert {hash(flags) for flags in ours} == {hash(flags) for flags in plain}


def test_two_processes_that_begin_together_compile_once(tmp_path):
    folders = (tmp_path / "one", tmp_path / "two")
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        cache = str(tmp_path / "cache")
        done = list(pool.map(lambda folder: run(ADD_UP, folder, "wait", XDG_CACHE_HOME=cache), folders))
    assert sorted(one.stdout[-4:] for one in done) == ["5 0\n", "5 1\n"], "one compiles, the other reads it"


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="needs a home that cannot be written")
def test_where_nothing_can_be_kept_it_compiles_all_the_same(tmp_path):
    (tmp_path / "file").write_text("")
    done = run(ADD_UP, tmp_path, XDG_CACHE_HOME=str(tmp_path / "file"), HOME=str(tmp_path / "file"))
    assert (done.stdout, done.stderr) == ("False 5 0\n", "")


@pytest.mark.skipif(os.name == "nt", reason="a limit of the size of files is Unix's")
def test_where_there_is_no_room_it_compiles_all_the_same(tmp_path):
    code = """
        import resource
        import numpy as np
        from sim.machine.loops import compiled
        from sim.model.networks.csr import add_up
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        print(compiled(add_up)(np.array([0, 2, 3], np.int64)))
    """
    done = run(code, tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (done.stdout, done.stderr) == ("5\n", "")
    assert not list((tmp_path / "cache").rglob("*.tmp.*"))


def test_code_kept_by_two_processes_is_not_mixed_up_in_a_third(tmp_path):
    long = "".join(f"    if x > {k}.0:\n        x = x + share(x, {k}.0)\n" for k in range(40))  # too long to inline
    code = f"""import sys
from sim.machine.compiling import machine_code

def by_one(x: float) -> float: return 1.0
def by_two(x: float) -> float: return 2.0
def share(x: float, k: float) -> float: return step(x) if x > k else 0.0
def climb(x: float) -> float:
{long}    return x
def whole(x: float, y: float) -> float: return climb(x) + climb(y) * climb(x + y)

step = by_one
for which in sys.argv[1]:
    pairs = ((by_one, by_two),) if which == "2" else ()
    print(machine_code(whole, pairs)(0.5, 0.25))
"""

    def printed(which: str) -> list[str]:
        return run(code, tmp_path, which, XDG_CACHE_HOME=str(tmp_path / "cache")).stdout.split()

    one, two = printed("1"), printed("2")
    assert one != two
    assert (printed("12"), printed("21")) == (one + two, two + one)
