"""Files and folders are written whole or not at all; what the dead left goes; one holder of a lock."""

import os
import subprocess
import sys

import pytest

from sim.machine.folders import held_in, locked, new_file, new_folder, write_whole

DEAD = 2**22 + 7  # no process has this number


def anything(_):
    return True


def nothing(_):
    return False


def interrupt(file):
    file.write_bytes(b"half")
    raise KeyboardInterrupt


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_the_dead_left_is_not_held(tmp_path):
    for name in ("a", f".b.{DEAD}.partial", f".c.{DEAD}.old", ".d.partial"):
        (tmp_path / name).write_text("")
    assert sorted(held_in(tmp_path)) == [".d.partial", "a"]


def test_a_folder_takes_its_place_at_the_end(tmp_path):
    with new_folder(tmp_path / "run", nothing) as partial:
        (partial / "a").write_text("1")
        assert not (tmp_path / "run").exists()
    assert names(tmp_path) == ["run"]
    with new_folder(tmp_path / "run", anything) as partial:
        (partial / "b").write_text("2")
    assert names(tmp_path / "run") == ["a", "b"], "what stood beside is kept"


@pytest.mark.parametrize("there", [False, True])
def test_what_fails_leaves_what_was_there(tmp_path, there):
    if there:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "a").write_text("1")
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "run", anything) as partial:
        interrupt(partial / "b")
    assert names(tmp_path) == (["run"] if there else [])


def test_what_may_not_give_way_stays(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(FileExistsError, match="no run folder"), new_folder(tmp_path / "mine", nothing):
        pass
    assert names(tmp_path) == ["mine"]


def test_what_the_dead_left_is_removed_or_put_back(tmp_path):
    for name in (f".run.{DEAD}.partial", f".run.{DEAD}.old", f".run.{os.getppid()}.partial", f".other.{DEAD}.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "table").write_text(name)
    with new_folder(tmp_path / "run", anything) as partial:
        (partial / "new").write_text("1")
        # A process that was killed between two renames left its older run under another name.
        assert (tmp_path / "run" / "table").read_text() == f".run.{DEAD}.old"
    assert names(tmp_path) == sorted([f".other.{DEAD}.partial", f".run.{os.getppid()}.partial", "run"])


def test_a_file_is_whole_or_as_it_was(tmp_path):
    file = tmp_path / "f"
    write_whole(file, b"old")
    with pytest.raises(KeyboardInterrupt), new_file(file) as partial:
        interrupt(partial)
    assert (file.read_bytes(), names(tmp_path)) == (b"old", ["f"])
    with new_file(file) as partial:
        partial.write_bytes(b"new")
    assert (file.read_bytes(), names(tmp_path)) == (b"new", ["f"])


def test_one_process_holds_a_lock_and_its_death_lets_go(tmp_path):
    code = (
        "import sys, pathlib\nfrom sim.machine.folders import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    with pytest.raises(BlockingIOError, match=str(other.pid)), locked(tmp_path / "lock"):
        pass
    other.kill()
    other.communicate()
    with locked(tmp_path / "lock"):
        pass
