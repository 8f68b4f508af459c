"""Network files: large CSV and Parquet read as small CSV is, and hostile ones refused in one line."""

import bz2
import gzip
import itertools
import lzma
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

from sim import Scenario, ScenarioError, World
from sim.model.networks import files, tables
from sim.model.networks.expected import count_ties
from sim.model.networks.labels import Labels, canonical
from sim.model.networks.links import is_alike
from sim.model.rules import NEVER
from tests.model.networks import NAMED
from tests.model.networks import scenario as with_network


def scenario(folder: Path, name: str, count: int = 6, **options: Any) -> Scenario:
    return with_network({"kind": "file", "path": name} | options, count, folder, persons=NAMED)


def read(folder: Path, name: str, **options: Any) -> list[tuple[Any, ...]]:
    made = scenario(folder, name, **options)
    return list(zip(*(column.tolist() for column in files.from_file(made, made.world.network)), strict=True))


def complaint(folder: Path, name: str) -> str:
    """What is said of a file that is refused: one line, with its name."""
    with pytest.raises(ScenarioError) as problem:
        read(folder, name)
    assert str(folder / name) in str(problem.value)
    assert str(problem.value).isprintable()
    return str(problem.value)


@pytest.fixture
def large(monkeypatch):
    """All CSV files count as large, and batches are small."""
    monkeypatch.setattr(files, "LARGE", -1)
    monkeypatch.setattr(tables, "BATCH", 3)


@pytest.mark.parametrize(("label", "plain"), [
    ("07", "7"), (" 7 ", "7"), ("-05", "-5"), ("-0", "0"), ("000", "0"), ("7.0", "7.0"), ("x 07", "x 07"), ("٣", "٣"),
])  # fmt: skip
def test_whole_numbers_are_labels_as_numbers(label, plain):
    assert canonical(label) == plain


def test_labels_that_name_a_person_are_that_one(tmp_path):
    (tmp_path / "ties.csv").touch()
    labels = Labels(scenario(tmp_path, "ties.csv"), tmp_path)
    found = [labels.number(label) for label in ("team 2", "x", "Ann", "team", "team 3", "team 02", "x", "everyone")]
    assert found == [2, 3, 0, 4, 5, 6, 3, 7]
    assert labels.number("population") == 8
    with pytest.raises(ScenarioError, match="'one more' is a person too many"):
        labels.number("one more")


many = st.lists(st.integers(-3, 12) | st.sampled_from([2**40, 2**62, 1_000_300]), max_size=30)


@given(many, st.lists(st.integers(1, 9), max_size=5), st.booleans())
def test_many_whole_numbers_are_looked_up_as_one_by_one(numbers, cuts, one_is_named):
    made = with_network(None, 40, persons=[{"name": "7" if one_is_named else "Ann"}])
    one_by_one, together = Labels(made, Path()), Labels(made, Path())
    parts = np.split(np.array(numbers, np.int64), np.cumsum(cuts))
    found = [number for part in parts for number in together.of_whole_numbers(part).tolist()]
    assert found == [one_by_one.number(str(label)) for label in numbers]


words = st.sampled_from(["Ann", "team 1", "7", "07", "x", " y", "12", "NA", "null", "nan", "é", "z z"])
whole = st.integers(0, 5).map(str) | st.just("03")
extra = {"weight": st.sampled_from(["0.5", "1", "", "1e-3"]), "start": st.sampled_from(["", "0", "3"])}
cells = st.fixed_dictionaries({"source": words, "target": words}, optional=extra)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(cells, max_size=8), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.data())
def test_large_csv_files_are_read_as_small_ones(tmp_path, monkeypatch, table, only_numbers, line_end, data):
    lines = ["target,note,weight,start,source"]
    for row in table:
        if only_numbers:
            row |= {"source": data.draw(whole), "target": data.draw(whole)}
        lines.append(f"{row['target']},a note,{row.get('weight', '')},{row.get('start', '')},{row['source']}")
    (tmp_path / "ties.csv").write_text(line_end.join([*lines, ""]), encoding="utf-8", newline="")
    small = read(tmp_path, "ties.csv", count=20)
    with monkeypatch.context() as patched:
        patched.setattr(files, "LARGE", -1)
        patched.setattr(files, "_read_csv", None)
        assert read(tmp_path, "ties.csv", count=20) == small


@pytest.mark.parametrize("text", [
    "source,target\n0x10,16\n",
    'source, target\na, "b"\n',
    'source,target,note\na,b,"two\nlines"\nc,d,\n',
    "source,target,source\na,b,c\n",
    "\n\nsource,target\na,b\n",
    "source ,target \na,b\n",
    "source,target,end\n1,2,1_000\n",
    "source,target\n1,2\n\n3,x\n",
    "source,target\n" + "1,2\n" * 50 + "+3,2\n",
    "\ufeffsource,target\n1,2\n",
    "source,target\n99999999999999999999,2\n",
    "source,target,weight\n1,2,0.1\n2,1,inf\n",
    "source,target\n",
])  # fmt: skip
def test_what_is_unusual_in_a_large_csv_file_is_read_as_in_a_small_one(tmp_path, monkeypatch, text):
    (tmp_path / "ties.csv").write_text(text, encoding="utf-8", newline="")

    def outcome() -> Any:
        try:
            return read(tmp_path, "ties.csv")
        except ScenarioError as error:
            return str(error)

    small = outcome()
    monkeypatch.setattr(files, "LARGE", -1)
    assert outcome() == small


@pytest.mark.parametrize("limit", [-1, 10**9])
@pytest.mark.parametrize(("text", "says"), [
    (b"", "ties.csv:1: the header must have source and target"),
    (b"from,to\n1,2\n", "ties.csv:1: the header must have"),
    (b"source,target,weight\n1,2,1\n1,2,nan\n", "ties.csv:3: weight must be above 0 and at most 1, is nan"),
    (b"source,target,weight\n1,2,1.5\n", "ties.csv:2: weight must be above 0"),
    (b"source,target,weight\n1,2,-0\n", "ties.csv:2: weight must be above 0"),
    (b"source,target,weight\n1,2,x\n", "ties.csv:2: weight must be a number"),
    (b"source,target,start\n1,2,1.5\n", "ties.csv:2: weight must be a number, start and end whole numbers"),
    (b"source,target,end\n1,2," + b"9" * 40 + b"\n", "ties.csv:2: start and end must be at most"),
    (b"source,target,end\n1,2," + b"9" * 5000 + b"\n", "ties.csv:2: weight must be a number, start"),
    (b"source,target\n1,2\n1\n", "ties.csv:3: source or target is empty"),
    (b"source,target\n1,  \n", "ties.csv:2: source or target is empty"),
    (b"source,target\n" + b"1,2\n" * 9 + b"1,\x81\n", "cannot be read"),
    ("source,target\n1,2\n".encode("utf-16")[:-1], "cannot be read"),
    (b"source,target\n" + b"x" * 200_000 + b",y\n", "cannot be read"),
    (pickle.dumps(Path), "cannot be read"),
    (b"source,target\n" + b"x" * 2000 + b",y\n", "ties.csv:2: source or target is longer than 1000 letters"),
    (b"source,target\n" + b"".join(b"%d,%d\n" % (k, k + 1) for k in range(9)), "'6' is a person too many"),
    (b"source,target\n" + b"".join(b"a%d,b\n" % k for k in range(9)), "'a5' is a person too many"),
])  # fmt: skip
def test_a_hostile_csv_file_is_one_line_of_complaint(tmp_path, monkeypatch, text, says, limit):
    monkeypatch.setattr(files, "LARGE", limit)
    (tmp_path / "ties.csv").write_bytes(text)
    assert says in complaint(tmp_path, "ties.csv")


def write(folder: Path, columns: Any, **options: Any) -> Path:
    parquet.write_table(pa.table(columns), folder / "ties.parquet", **options)
    return folder / "ties.parquet"


def test_a_parquet_file_is_read_as_a_csv_file(tmp_path, large):
    columns = {
        "weight": [0.5, None, 1.0, 0.25], "target": ["x", "team 2", "Ann", "y"], "source": ["Ann", "x", "y", "y"],
        "start": pa.array([2, None, None, 1], pa.int8()), "end": pa.array([4, None, 7, None], pa.uint64()),
        "note": [[1], [], None, [2]],
    }  # fmt: skip
    expected = [(0, 3, 0.5, 2, 4), (3, 2, 1.0, 0, NEVER), (4, 0, 1.0, 0, 7), (4, 4, 0.25, 1, NEVER)]
    source, target = pa.array(columns["source"]).dictionary_encode(), pa.array(columns["target"], pa.large_string())
    coded = {"source": source, "target": target}
    for others, options in (({}, {}), ({}, {"use_dictionary": False, "row_group_size": 1}), (coded, {})):
        write(tmp_path, columns | others, **options)
        assert read(tmp_path, "ties.parquet") == expected
    made = scenario(tmp_path, "ties.parquet", weight=0.5, both_ways=True)
    assert len(World.build(made).ties.target) == 6
    assert count_ties(made, 9) == 8


@pytest.mark.parametrize("kind", [pa.int64(), pa.int16(), pa.uint64(), pa.string(), pa.large_string()])
def test_whole_numbers_in_parquet_are_labels_in_order_of_appearance(tmp_path, large, kind):
    source, target = (pa.array(part, pa.int64()).cast(kind) for part in ([5, 3, 5, 9], [3, 9, 1, 2]))
    write(tmp_path, {"source": source, "target": target})
    assert [row[:2] for row in read(tmp_path, "ties.parquet")] == [(3, 4), (4, 5), (3, 6), (5, 7)]


def test_a_parquet_file_without_more_columns_gives_ties_that_are_alike(tmp_path):
    write(tmp_path, {"source": [1, 2, 1], "target": [2, 1, 2]})
    ties = World.build(scenario(tmp_path, "ties.parquet", weight=0.5)).ties
    assert all(is_alike(column) for column in (ties.weight, ties.start, ties.end))
    assert (ties.target.tolist(), ties.weight.tolist()) == ([4, 3], [0.5, 0.5])


PLAIN = b"source,target,weight\nAnn,x,0.5\nx,y,1\n"
TABLE = pa.table({"source": ["Ann", "x"], "target": ["x", "y"], "weight": [0.5, 1.0]})


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ties.csv", PLAIN)


def excel(path: Path) -> None:
    pytest.importorskip("openpyxl", reason="openpyxl is not installed: pip install 'shoulders[excel]'")
    TABLE.to_pandas().to_excel(path, index=False)


@pytest.mark.parametrize(("ending", "write"), [
    ("any", lambda path: path.write_bytes(PLAIN)),
    *((ending, lambda path, pack=pack: path.write_bytes(pack(PLAIN)))
      for ending, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress))),
    ("zst", lambda path: path.write_bytes(pa.compress(PLAIN, "zstd", asbytes=True))),
    ("zip", zipped), ("xlsx", excel),
    ("arrow", lambda path: feather.write_feather(TABLE, path)), ("pq", lambda path: parquet.write_table(TABLE, path)),
])  # fmt: skip
def test_a_file_is_known_by_its_content_whatever_it_is_called(tmp_path, ending, write):
    write(tmp_path / f"ties.{ending}")
    assert [row[:3] for row in read(tmp_path, f"ties.{ending}")] == [(0, 3, 0.5), (3, 4, 1.0)]


def test_ties_in_a_packed_file_are_foreseen_as_those_unpacked(tmp_path):
    plain = b"source,target\n" + b"".join(b"%d,%d\n" % pair for pair in itertools.pairwise(range(100_000, 120_000)))
    (tmp_path / "ties.csv").write_bytes(plain)
    (tmp_path / "ties.csv.gz").write_bytes(gzip.compress(plain))
    one, other = (count_ties(scenario(tmp_path, name), 9) for name in ("ties.csv", "ties.csv.gz"))
    assert one / 3 < other < 3 * one


def test_labels_of_parquet_are_those_of_its_ties(tmp_path):
    for source, target in ((["Ann", "z", "y"], ["z", "y", "Ann"]), ([7, 3, 5], [3, 5, 7])):
        path = write(tmp_path, {"source": source, "target": target})
        known = files.labels_in(scenario(tmp_path, "ties.parquet"), path).known
        rows = [row[:2] for row in read(tmp_path, "ties.parquet")]
        assert rows == sorted((known[str(a)], known[str(b)]) for a, b in zip(source, target, strict=True))


GOOD = {"source": ["Ann", "x"], "target": ["x", "Ann"]}
NUMBERS = {"source": [1, 2], "target": [2, 1]}


@pytest.mark.parametrize(("columns", "says"), [
    ({"source": [1]}, "must have the columns source and target"),
    (pa.Table.from_arrays([[1], [2], [3]], ["source", "target", "source"]), "must have the columns source and target"),
    ({"from": [1], "to": [2]}, "has from, to"),
    (GOOD | {"weight": [1.0, 0.0]}, "row 2: weight must be above 0 and at most 1, is 0"),
    (GOOD | {"weight": [float("nan"), 0.5]}, "row 1: weight must be above 0 and at most 1, is nan"),
    (GOOD | {"weight": ["a", "b"]}, "column weight must hold numbers, holds string"),
    (GOOD | {"start": [1.5, 2.0]}, "column start must hold whole numbers, holds double"),
    (GOOD | {"end": [2**63 - 1, 1]}, "row 1: start and end must be at most"),
    (GOOD | {"end": pa.array([2**64 - 1, 1], pa.uint64())}, "cannot be read"),
    (GOOD | {"source": [None, "x"]}, "row 1: source or target is empty"),
    (NUMBERS | {"target": [2, None]}, "row 2: source or target is empty"),
    (GOOD | {"source": pa.nulls(2)}, "row 1: source or target is empty"),
    (GOOD | {"source": ["x", " "]}, "row 2: source or target is empty"),
    (GOOD | {"source": [1.5, 2.5]}, "column source must hold text or whole numbers, holds double"),
    (GOOD | {"source": [[1], [2]]}, "column source must hold text or whole numbers, holds list"),
    (GOOD | {"source": [{"a": 1}, {"a": 2}]}, "column source must hold text"),
    (GOOD | {"source": [b"a", b"b"]}, "column source must hold text"),
    ({"source": list(range(9)), "target": list(range(9))}, "'6' is a person too many: population.count is 6"),
    ({"source": ["x" * 1001, "y"], "target": ["a", "b"]}, "row 1: source or target is longer than 1000 letters"),
    ({"source": ["x" * 2**25, "y"], "target": ["a", "b"]}, "unpacks to"),
])  # fmt: skip
def test_a_hostile_parquet_file_is_one_line_of_complaint(tmp_path, columns, says):
    write(tmp_path, columns)
    assert says in complaint(tmp_path, "ties.parquet")


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped"])
def test_a_damaged_parquet_file_is_named(tmp_path, damage):
    columns = {"source": np.arange(5000) % 7, "target": np.arange(5000) % 5}
    path = write(tmp_path, columns, write_page_checksum=True, use_dictionary=False)
    whole_file = bytearray(path.read_bytes())
    whole_file[300] ^= 0x10
    kinds = {"empty": b"", "text": b"source,target\n1,2\n", "cut": whole_file[:900], "flipped": whole_file}
    path.write_bytes(kinds[damage])
    assert "cannot be read as parquet" in complaint(tmp_path, "ties.parquet")


def test_a_file_that_is_gone_when_it_is_read_is_named(tmp_path):
    (tmp_path / "ties.csv").write_text("source,target\n1,2\n")
    made = scenario(tmp_path, "ties.csv")
    (tmp_path / "ties.csv").unlink()
    with pytest.raises(ScenarioError, match=r"ties\.csv: cannot be read: No such file"):
        World.build(made)
