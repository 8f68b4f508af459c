"""Files and folders are written whole or not at all; what the dead left goes; one holder of a lock."""

import os

import pytest

from sim.machine.folders import held_in, new_file, new_folder, write_whole

DEAD = 2**22 + 7  # no process has this number


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
    with new_folder(tmp_path / "run", lambda _: False) as partial:
        (partial / "a").write_text("1")
        assert not (tmp_path / "run").exists()
    assert names(tmp_path) == ["run"]
    with new_folder(tmp_path / "run", lambda _: True) as partial:
        (partial / "b").write_text("2")
    assert names(tmp_path / "run") == ["a", "b"], "what stood beside is kept"


def test_what_the_dead_left_is_removed_or_put_back(tmp_path):
    for name in (f".run.{DEAD}.partial", f".run.{DEAD}.old", f".run.{os.getppid()}.partial", f".other.{DEAD}.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "table").write_text(name)
    with new_folder(tmp_path / "run", lambda _: True) as partial:
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
