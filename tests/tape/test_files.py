"""Tapes on disk: what is saved comes back, what is damaged is refused by name, and a kill leaves nothing half."""

import hashlib
import json
import os
import pickle
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.errors import TapeError
from sim.tape import files
from sim.tape.rows import Recorder
from sim.tape.tables import DISCOVER, LEARN
from sim.tape.tape import Tape
from tests import FULL, cases
from tests.tape.test_tape import build, empty
from tests.tapes import chain, finish_tape, make_tape, tapes, with_crowd

FIRST_VERSION = Path(__file__).parent.parent / "data" / "tape_v1"
TABLES = ("events", "influences", "realised", "persons", "ideas")
FILES = (*(f"{table}.parquet" for table in TABLES), "provenance.json")
PROVENANCE = {"scenario": "x", "seed": 2**64 - 1, "credit": {"alpha": 0.85}, "deep": [1, [2.5, None, True], {"é": "ü"}]}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    build(provenance=PROVENANCE, dropped={"no date": 2}).save(folder)
    return folder


def other() -> Tape:
    return make_tape(["x", "y"], chain(0, 1), [(1, -1, 3.0)], provenance={"seed": 9})


def same(a: Tape, b: Tape) -> bool:
    return a == b and a.provenance == b.provenance and a.dropped == b.dropped


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def refused(folder: Path, *parts: str) -> None:
    with pytest.raises(TapeError) as caught:
        Tape.load(folder)
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def forge(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest and set its checksums right, as somebody would who knows how they are made."""
    file = folder / "provenance.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    del manifest["sha256"]
    change(manifest)
    for name, entry in manifest.get("tables", {}).items() if isinstance(manifest.get("tables"), dict) else ():
        if isinstance(entry, dict) and (data := folder / f"{name}.parquet").is_file():
            entry |= {"bytes": data.stat().st_size, "sha256": hashlib.sha256(data.read_bytes()).hexdigest()}
    manifest["sha256"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps(manifest), encoding="utf-8")


def replace_table(folder: Path, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    file = folder / f"{table}.parquet"
    pq.write_table(change(pq.read_table(file)), file)
    forge(folder, lambda manifest: None)


def flipped(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


@cases(100, tapes())
def test_what_is_saved_comes_back_bit_for_bit(tape):
    with tempfile.TemporaryDirectory() as folder:
        tape.save(Path(folder) / "run")
        assert same(Tape.load(Path(folder) / "run"), tape)
        assert os.listdir(folder) == ["run"], "nothing else is left beside it"


def test_what_was_saved_comes_back_whole_read_only_and_can_be_saved_again(saved, tmp_path):
    tape = Tape.load(saved)
    assert (tape.provenance, tape.dropped) == (PROVENANCE, {"no date": 2})
    with pytest.raises(ValueError, match="read-only"):
        tape.events.step[0] = 3
    tape.save(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(saved), "a tape saved twice gives the same bytes"
    assert set(contents(saved)) == set(FILES)
    empty().save(tmp_path / "empty")
    assert Tape.load(tmp_path / "empty") == empty()
    forge(saved, lambda manifest: None)  # a forgery is what it is meant to be
    assert Tape.load(saved).provenance == PROVENANCE


@pytest.mark.parametrize(
    "name", ['a "quoted, name', "=1+1", "\u202eleft", "\U0001f600", "a\nb", "", "null", "NaN", "\x00"]
)
def test_names_come_back_as_they_are(name, tmp_path):
    make_tape([name, "b"], [(DISCOVER, 0, {})], ideas=(name,)).save(tmp_path / "run")
    tape = Tape.load(tmp_path / "run")
    assert (tape.persons.name, tape.ideas) == ((name, "b"), (name,))


def test_the_files_tell_nothing_of_the_machine(saved):
    words = [str(saved.parent), socket.gethostname(), os.environ.get("HOME") or "/root"]
    for name, data in contents(saved).items():
        for word in words:
            assert word.encode() not in data, f"{name} holds {word}"


@pytest.mark.parametrize("place", ["run", "a/b/c/run", "run.v1.2", "é ü", "-run", "r" * 200, "."])
def test_a_tape_can_be_saved_at_any_place(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    build().save(place)
    monkeypatch.chdir(tmp_path)  # the current folder is a new one, where it was the place
    assert Tape.load(place) == Tape.load(str(tmp_path / place)) == build()


def test_a_tape_of_the_first_version_loads():
    tape = Tape.load(FIRST_VERSION)
    assert tape == build()
    assert tape.dropped == {"no date": 2}
    assert (tape.provenance["scenario"], tape.provenance["seed"]) == ("a history of everything", 7)
    assert json.loads((FIRST_VERSION / "provenance.json").read_text(encoding="utf-8"))["version"] == 1


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_refused_by_name_or_harmless(name, saved):
    file, tape = saved / name, Tape.load(saved)
    data = file.read_bytes()
    step = (1 if name == "provenance.json" else 7) * (1 if FULL else 11)  # no checksum stands above the manifest's
    harmless = 0
    for bit in range(0, len(data) * 8, step):
        file.write_bytes(flipped(data, bit))
        try:
            again = Tape.load(saved)
        except TapeError as error:
            if name not in str(error) or "\n" in str(error):
                pytest.fail(f"bit {bit}: {error}")
        else:
            harmless += 1
            assert same(again, tape), f"bit {bit} was flipped, and nobody noticed"
    assert harmless <= len(data) // 100


def test_the_pages_have_checksums_of_their_own(tmp_path):
    # Without the checksum of the whole file, flipped bits of values are found out all the same.
    recorder = Recorder()
    recorder.event(1, DISCOVER, 0, 0)
    for row in range(1, 400):
        recorder.event(row, LEARN, 1, 0, 1 + row**5 % 1_000_003, {0: 1.0})
    tape, run = finish_tape(recorder, with_crowd(["a"], 2**40), []), tmp_path / "run"
    tape.save(run)
    file = run / "events.parquet"
    data = file.read_bytes()
    pages = range(0, len(data) * 4, 601)  # the first half of the file
    seen = {"refused": 0, "same": 0, "different": 0}
    for bit in pages:
        file.write_bytes(flipped(data, bit))
        forge(run, lambda manifest: None)
        try:
            seen["same" if same(Tape.load(run), tape) else "different"] += 1
        except TapeError:
            seen["refused"] += 1
    assert seen["different"] == 0, seen
    assert seen["refused"] > len(pages) // 2, seen


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_missing_a_folder_or_of_another_run_is_named(name, saved, tmp_path):
    data = (saved / name).read_bytes()
    for size in sorted({0, 1, 4, len(data) // 2, len(data) - 8, len(data) - 2}):
        (saved / name).write_bytes(data[:size])
        refused(saved, name, "not JSON" if name == "provenance.json" else f"truncated or changed: {size} bytes")
    (saved / name).write_bytes(data + b"\0")
    refused(saved, name)
    (saved / name).unlink()
    refused(saved, str(saved / name), "missing")
    (saved / name).mkdir()
    refused(saved, name)
    (saved / name).rmdir()
    other().save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / name, saved / name)
    refused(saved, ".parquet" if name == "provenance.json" else name)


def test_what_is_no_run_folder_is_named(tmp_path):
    refused(tmp_path / "nowhere", str(tmp_path / "nowhere"), "no such folder")
    refused(tmp_path, "provenance.json", "missing")
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file", "not a run folder")
    refused(tmp_path / "file" / "run", str(tmp_path / "file" / "run"))


@pytest.mark.parametrize("data", [
    "", "{", "[]", "3", "null", '"shoulders-tape"', "{}", '{"format": "parquet"}', '{"format": ["shoulders-tape"]}',
    '{"format": "shoulders-tape"}', '{"format": "shoulders-tape", "version": 1}', "[" * 100_000, '{"a":' * 100_000,
    '{"format": "shoulders-tape", "version": 1, "sha256": null}', "NaN", "\x00", "\ufeff{}", "1" * 5000,
    '{"format": "shoulders-tape", "version": "1"}', '{"format": "shoulders-tape", "version": 1e999}',
    b"\xff\xfe{}", pickle.dumps({"format": "shoulders-tape"}), b"PAR1", b"\x00" * 100,
], ids=lambda data: repr(data[:50]))  # fmt: skip
def test_a_foreign_manifest_is_refused_by_name(data, saved):
    (saved / "provenance.json").write_bytes(data if isinstance(data, bytes) else data.encode())
    refused(saved, "provenance.json")


LATER = "format version {}, this release reads up to 1"


@pytest.mark.parametrize(("change", "part"), [
    (lambda m: m.update(format="another"), "not a shoulders file: its format is not 'shoulders-tape'"),
    (lambda m: m.update(version=2), LATER.format(2)),
    (lambda m: m.update(version=10**9), LATER.format(10**9)),
    *((change, "") for change in (
        lambda m: m.update(tables=[]), lambda m: m.update(tables={}), lambda m: m.pop("tables"),
        lambda m: m["tables"].update({"../../etc/passwd": {"rows": 1}}), lambda m: m["tables"].pop("ideas"),
        lambda m: m["tables"].update(events=3), lambda m: m["tables"]["events"].pop("rows"),
        lambda m: m.pop("steps"), lambda m: m.pop("dropped"), lambda m: m.update(steps="many"),
        lambda m: m.update(steps=None), lambda m: m.update(world_size=[]), lambda m: m.update(dropped=3),
        lambda m: m.update(provenance=3), lambda m: m.update(version=True), lambda m: m.update(version=-1),
    )),
])  # fmt: skip
def test_a_forged_manifest_is_refused_by_name(change, part, saved):
    forge(saved, change)
    refused(saved, "provenance.json", part)


def test_a_later_version_is_refused_as_such_even_where_its_checksums_are_made_in_another_way(saved):
    file = saved / "provenance.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({"format": "shoulders-tape", "version": 2, "blake3": manifest["sha256"]}))
    refused(saved, "this release reads up to 1")


def with_a_gap(table: pa.Table, column: str) -> pa.Table:
    """The first value of a column is missing."""
    holes = pa.array([None, *table[column].to_pylist()[1:]], table[column].type)
    return table.set_column(table.column_names.index(column), column, holes)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", [
    lambda t: t.rename_columns([f"{name}_" for name in t.column_names]),
    lambda t: t.append_column("more", pa.array([1] * len(t))),
    lambda t: t.drop_columns(t.column_names[-1:]) if t.num_columns > 1 else t.rename_columns(["x"]),
    lambda t: t.slice(1),
    lambda t: t.set_column(0, t.column_names[0], pa.array([1.5] * len(t))),
    lambda t: t.set_column(0, t.column_names[0], pa.array([[1]] * len(t))),
    lambda t: t.set_column(0, t.column_names[0], pa.array([b"x"] * len(t))),
    lambda t: pa.concat_tables([t, t]),
    lambda t: pa.table({"a": [1]}),
], ids=["renamed", "one more", "one less", "a row less", "floats", "lists", "bytes", "doubled", "another"])  # fmt: skip
def test_foreign_parquet_is_refused_by_name_even_with_a_right_checksum(table, change, saved):
    replace_table(saved, table, change)
    refused(saved, f"{table}.parquet")


@pytest.mark.parametrize(("table", "change", "message"), [
    *((table, lambda t, column=column: with_a_gap(t, column), table) for table, column in (
        ("events", "step"), ("realised", "value"), ("events", "kind"), ("influences", "weight"),
        ("persons", "size"), ("persons", "name"), ("ideas", "name"),
    )),
    ("events", lambda t: t.set_column(4, "count", pa.array([0] * len(t), pa.int64())),
     "events: row 0: count must be 1 or more"),
])  # fmt: skip
def test_forged_tables_that_break_a_requirement_are_refused_with_their_folder(table, change, message, saved):
    replace_table(saved, table, change)
    refused(saved, str(saved), message)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" * 100, b"not parquet at all" * 10, pickle.dumps(print), None])
def test_what_is_no_parquet_is_refused_by_name_even_with_a_right_checksum(data, saved):
    file = saved / "persons.parquet"
    damaged = file.read_bytes().replace(b"members", b"m\xffmbers")
    assert damaged != file.read_bytes()
    file.write_bytes(damaged if data is None else data)
    forge(saved, lambda manifest: None)
    refused(saved, "persons.parquet")


def test_a_tape_larger_than_the_memory_is_refused_before_it_is_read(saved, monkeypatch):
    monkeypatch.setattr(files, "free_memory", lambda: 100)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *a, **k: pytest.fail("it was read"))
    refused(saved, "events.parquet", "11 rows need 0.0 GB, 0.0 GB are free")
    monkeypatch.undo()
    assert 10**7 < files.free_memory() < 10**14


@pytest.mark.parametrize("older", ["sound", "damaged", "an empty folder"])
def test_an_older_tape_is_replaced(older, saved):
    if older == "damaged":
        (saved / "events.parquet").write_bytes(b"")
    if older == "an empty folder":
        shutil.rmtree(saved)
        saved.mkdir()
    other().save(saved)
    assert same(Tape.load(saved), other())
    assert os.listdir(saved.parent) == ["run"]
    assert set(contents(saved)) == set(FILES), "nothing of the older one is left in it"


@pytest.mark.parametrize("files", [
    {"thesis.tex": "years of work"},
    *({"thesis.tex": "years of work", "provenance.json": of_others}
      for of_others in ('{"tool": "another"}', "", "[" * 100_000, '"shoulders-tape"')),
    {"events.parquet": "PAR1"}, {".hidden": "x"},
], ids=["a folder", "of others", "empty", "deep", "text", "parquet", "hidden"])  # fmt: skip
def test_a_foreign_folder_is_refused_and_left_as_it_is(files, tmp_path):
    (tmp_path / "work").mkdir()
    for name, text in files.items():
        (tmp_path / "work" / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(OSError, match="work: exists and is no run folder; choose another one"):
        build().save(tmp_path / "work")
    assert contents(tmp_path) == before
    assert os.listdir(tmp_path) == ["work"]


def test_a_file_in_the_way_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "work").write_text("years of work")
    for place, says in (("work", "no run folder"), ("work/run", "work")):
        with pytest.raises(OSError, match=says):
            build().save(tmp_path / place)
    assert contents(tmp_path) == {"work": b"years of work"}


def test_a_link_to_a_run_folder_is_followed(saved):
    link = saved.with_name("latest")
    link.symlink_to("run")
    other().save(link)
    assert link.is_symlink()
    assert Tape.load(saved) == Tape.load(link) == other()
    assert sorted(os.listdir(saved.parent)) == ["latest", "run"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_read_and_left_as_it_is(saved):
    before = contents(saved.parent)
    saved.parent.chmod(0o555)
    try:
        assert Tape.load(saved) == build()
        for place in (saved, saved.parent / "new"):
            with pytest.raises(PermissionError):
                other().save(place)
    finally:
        saved.parent.chmod(0o755)
    assert contents(saved.parent) == before


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[dict[str, bytes]]]:
    """What stands on the disk before and after every call that changes it: what a kill at that moment would leave."""
    seen: list[dict[str, bytes]] = []
    disk = tmp_path / "disk"
    disk.mkdir()

    def watch(place: Any, name: str, call: Callable[..., Any]) -> None:
        def wrapper(*args: Any, **options: Any) -> Any:
            seen.append(contents(disk))
            try:
                return call(*args, **options)
            finally:
                seen.append(contents(disk))

        monkeypatch.setattr(place, name, wrapper)

    for place, names in (
        (os, "rename replace mkdir fsync unlink rmdir"),
        (pq, "write_table"),
        (Path, "write_text rename mkdir"),
    ):
        for name in names.split():
            watch(place, name, getattr(place, name))
    yield seen
    monkeypatch.undo()


def rebuilt(moment: dict[str, bytes], folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in moment.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder / "run"


def test_a_kill_at_any_moment_of_the_first_save_leaves_all_or_nothing(moments, tmp_path, monkeypatch):
    build().save(tmp_path / "disk" / "run")
    monkeypatch.undo()
    assert len(moments) > 20
    assert not rebuilt(moments[0], tmp_path / "after").exists()
    for moment in moments:
        run = rebuilt(moment, tmp_path / "after")
        assert not run.exists() or Tape.load(run) == build()
    assert run.exists()


def test_a_kill_at_any_moment_of_a_later_save_leaves_old_or_new_and_nothing_half(moments, tmp_path, monkeypatch):
    run = tmp_path / "disk" / "run"
    build().save(run)
    del moments[:]
    other().save(run)
    monkeypatch.undo()
    for moment in moments:
        place = rebuilt(moment, tmp_path / "after")
        if place.exists():
            assert Tape.load(place) in (build(), other())
        else:  # between two renames; see the next test
            old = [folder for folder in place.parent.glob(".run.*.old") if Tape.load(folder) == build()]
            assert len(old) == 1, "the older tape is gone, and the new one is not there yet"
        other().save(place)  # what a kill left behind is in nobody's way
        assert Tape.load(place) == other()


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()], ids=repr
)
@pytest.mark.parametrize("place", ["write_table", "fsync", "first rename", "second rename", "write_text"])
def test_an_error_in_the_middle_leaves_the_older_tape_and_nothing_else(place, error, saved, monkeypatch):
    before, calls, real = contents(saved.parent), [], Path.rename

    def fail(*args: Any, **options: Any) -> Any:
        calls.append(place)
        if (place == "second rename" and len(calls) == 1) or len(calls) > 2:
            return real(*args)
        raise error

    target = {"write_table": (pq, "write_table"), "fsync": (os, "fsync"), "write_text": (Path, "write_text")}
    monkeypatch.setattr(*target.get(place, (Path, "rename")), fail)
    with pytest.raises(type(error)):
        other().save(saved)
    monkeypatch.undo()
    assert calls
    assert contents(saved.parent) == before
    assert os.listdir(saved.parent) == ["run"]
