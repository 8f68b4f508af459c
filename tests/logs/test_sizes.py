"""Logs in many blocks, in other encodings and types, and compiled: the same tape as the plain one, and its errors."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from sim.logs import edges, placing
from sim.logs.formats import read_log
from sim.readers import source, times
from sim.readers import table as reader
from sim.readers.sorting import order_of
from tests import cases
from tests.logs.test_edges import as_csv, parquet, read, refusal, tables
from tests.loops import compile_all
from tests.naive_logs import naive_tape

COUNTED = ("kept", "mended", "made_up_roots", "rows", "time_origin", "time_unit", "source", "scenario")
LOG = "time,source,target\n1,Zoë,b\n2,b,c\n"


@cases(300, tables)
def test_the_columns_place_rows_as_the_slow_twin_does(rows: Any) -> None:
    tape, twin = read(as_csv(rows)), naive_tape(as_csv(rows))
    assert tape.dropped == twin.dropped
    assert {key: tape.provenance[key] for key in COUNTED} == {key: twin.provenance[key] for key in COUNTED}
    assert (tape.persons.name, tape.ideas, tape.steps) == (twin.persons.name, twin.ideas, twin.steps)
    for table in ("events", "influences", "realised"):
        for column, values in getattr(tape, table).columns().items():
            assert values == pytest.approx(getattr(getattr(twin, table), column), rel=1e-14)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "HEAD", 300)
    monkeypatch.setattr(source, "CHUNK", 64)
    monkeypatch.setattr(reader, "BATCH", 7)


def many(number: int, seed: int = 1) -> list[tuple[int, str, str, str, str]]:
    luck = np.random.default_rng(seed)
    names = ["ada", "Zoë", "Doe, J", "42", "042", 'the "x"', "#hash"]
    rows = luck.integers([9, 7, 7, 2, 3], size=(number, 5)).tolist()
    return [(t, names[one], names[other], "xy"[idea], ["", "2.5", "1e1"][of]) for t, one, other, idea, of in rows]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name


def csv_of(rows: list[tuple[int, str, str, str, str]], end: str = "\n", skip: str = "") -> str:
    lines = [",".join([str(t), quoted(s), quoted(r), i, w]) for t, s, r, i, w in rows]
    return end.join(["time,source,target,idea,weight", *(line + skip for line in lines)])


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_blocks_line_ends_and_encodings(end: str, encoding: str) -> None:
    rows = many(200)
    twin = naive_tape(csv_of(rows))
    assert read(csv_of(rows, end, f"{end}# a 'comment' \"{end}  ").encode(encoding)) == twin
    assert twin.dropped["duplicate"] > 0


@pytest.mark.usefixtures("small_blocks")
def test_parquet_in_batches_and_dictionaries() -> None:
    rows = many(100)
    columns: dict[str, Any] = dict(
        zip(("time", "source", "target", "idea", "weight"), zip(*rows, strict=True), strict=True)
    )
    columns["weight"] = [float(cell) if cell else None for cell in columns["weight"]]
    twin = naive_tape(csv_of(rows))
    assert read(parquet(**columns), "l.parquet") == twin
    coded = {name: pa.array(columns[name]).dictionary_encode() for name in ("source", "target", "idea")}
    typed = pa.array([float(t) for t in columns["time"]], pa.float32())
    assert read(parquet(**columns | coded | {"time": typed}), "l.parquet") == twin


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("numbers", [range(1, 60), range(10**15, 10**18, 10**16), [-5, -(2**62), 7, 10, 9]])
def test_names_that_are_numbers_are_texts_all_the_same(numbers: Any) -> None:
    luck, names = np.random.default_rng(2), list(numbers)
    rows = [(int(luck.integers(30)), *(names[k] for k in luck.integers(len(names), size=2))) for _ in range(200)]
    log = "time,source,target\n" + "".join(f"{t},{s if s != names[0] else ''},{r}\n" for t, s, r in rows)
    for last in ("", "40,x,y\n", "40,07,-0\n"):  # the last block has texts, or what is no number
        assert read(log + last) == naive_tape(log + last)
    time, source, target = zip(*rows, strict=True)
    gaps = pa.array([s if s != names[0] else None for s in source], pa.int64())
    assert read(parquet(time=time, source=gaps, target=target), "l.parquet") == naive_tape(log)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(("bad", "message"), [
    ("soon,a,b,x,", "wrong time 'soon'; allowed: numbers below 4e18"),
    ("2020-01-01,a,b,x,", "time '2020-01-01' is not a number as before; allowed: one form for all"),
    ("1,a,b,x,-1", "wrong weight '-1'; allowed: numbers from 1e-100 to 1e+100, or nothing"),
    ("1,a,b", "3 fields; allowed: 5, as in the header"),
    ('1,"a"b,c,x,', "value with unterminated quote found; allowed: CSV, quoted as in RFC 4180"),
])  # fmt: skip
def test_the_line_of_an_error_in_a_later_block(bad: str, message: str) -> None:
    lines = csv_of(many(50), skip="\n# skipped").split("\n")
    lines.insert(61, bad)
    assert refusal("\n".join(lines)).startswith(f"log.csv:62: {message}")


@pytest.mark.usefixtures("small_blocks")
def test_a_broken_row_after_many_comments() -> None:
    log = csv_of(many(50)) + "\n# no row" * 1001
    assert refusal(f"{log}\n1,a,b") == "log.csv:1053: 3 fields; allowed: 5, as in the header"
    assert read(log).provenance["read_as"]["comments"] == 1001


@pytest.mark.usefixtures("small_blocks")
def test_the_row_of_an_error_in_a_later_batch() -> None:
    time: list[float] = [float(t) for t in range(30)]
    people = {"source": ["a"] * 30, "target": ["b"] * 30}
    huge = pa.array([*range(29), 2**63], pa.uint64())
    for times_, says in (
        ([*time[:29], 1e19], "30: wrong time '10000000000000000000'"),
        ([*time[:20], 1e17, *time[21:29], 0.5], "21: time '1e+17' is too large to count in microseconds"),
        (huge, "30: wrong time '9223372036854775808'"),
    ):
        assert refusal(parquet(time=times_, **people), "l.parquet").startswith(f"l.parquet:{says}")


def test_fractions_in_a_later_block_scale_all(small_blocks: None) -> None:
    log = "time,source,target\n" + "".join(f"{t},a,p{t}\n" for t in range(1, 40)) + "40.25,a,q\n"
    tape = read(log)
    assert tape.provenance["time_unit"] == "microsecond"
    assert tape.events.step[-1] + tape.provenance["time_origin"] == 40_250_000
    assert tape == naive_tape(log)


def test_what_is_not_utf_8_is_refused() -> None:
    assert read(LOG.encode("latin-1")) == read(LOG)
    assert read(LOG.encode("latin-1")).provenance["read_as"]["encoding"] == "Latin-1, a guess"
    for data, says in (
        (LOG.encode("latin-1") + b"4,\x81,d", " neither UTF-8 nor Latin-1: "),
        (LOG.encode("utf-16-le"), "1: byte 0x00 is no text; allowed: UTF-8 text, or UTF-16"),  # without a mark
        (LOG.encode("utf-16")[:-1], "1: no UTF-16 here or below"),
        (LOG.encode("utf-16") + b"\0\xd8\0\xd8", "1: no UTF-16 here or below"),
    ):
        assert refusal(data).startswith(f"log.csv:{says}")


def test_nan_is_nothing_in_parquet() -> None:
    nan = float("nan")
    columns = {"time": [1.0, nan, 2.0], "source": ["a"] * 3, "target": list("bcd"), "weight": [nan, 1.0, 2.0]}
    assert read(parquet(**columns), "l.parquet").dropped == {"no time": 1}
    assert read("time,source,target,weight\n1,a,b,nan\nNA,b,c,1\n").dropped == {"no time": 1}


def test_a_flipped_bit_under_a_checksum() -> None:
    file = io.BytesIO()
    names = [f"person {k}" for k in range(500)]
    table = pa.table({"time": list(range(500)), "source": names, "target": names[::-1]})
    pq.write_table(table, file, write_page_checksum=True, compression="none")
    data = bytearray(file.getvalue())
    data[data.index(b"person 7")] ^= 1
    assert refusal(bytes(data), "l.parquet").startswith("l.parquet:1: ")


def test_a_table_larger_than_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "free_memory", lambda: 100)
    message = refusal(parquet(time=[1, 2, 3], source=list("abc"), target=list("bcd")), "l.parquet")
    assert message == "l.parquet:1: 3 rows do not fit into the 0.0 GB of memory that are free"


whole = st.integers(-(10**18) + 1, 10**18 - 1)
parts = st.decimals(-(10**12), 10**12, allow_nan=False, places=6)
odd = ["", "1e3", "+7", ".5", "5.", "0x10", "1.1234567", "2020-01-31T12:00:00+02:00", "20200131", "x"]
moments = st.one_of(*(some.map(str) for some in (whole, parts, st.datetimes(), st.dates(), st.sampled_from(odd))))


@cases(300, st.lists(moments, min_size=1, max_size=5))
def test_whole_columns_of_times_are_read_as_their_values_one_by_one(cells: list[str]) -> None:
    column = pa.array([cell or None for cell in cells], pa.string())

    def fail(row: int, what: str) -> Exception:
        return ValueError(f"{row}: {what}")

    fast = times._fast(column)
    if fast is None:
        return
    if (np.abs(fast[2][fast[2] != times.NONE]) > times.MOST).any():  # the clock refuses it later
        with pytest.raises(ValueError, match="too large to count"):
            times._slow("time", column, "", "", fail)
        return
    form, digits, ticks = times._slow("time", column, "", "", fail)
    assert (fast[0], fast[1], fast[2].tolist()) == (form, digits, ticks.tolist())


@cases(300, st.lists(st.floats(allow_infinity=False, width=64), min_size=1, max_size=5))
def test_floats_are_read_as_the_decimals_they_print_as(cells: list[float]) -> None:
    fast = times._fast(pa.array([None if np.isnan(cell) else cell for cell in cells], pa.float64()))
    if fast is None:
        return
    form, digits, ticks = times._slow("time", pa.array(cells), "", "", lambda row, what: ValueError(what))
    assert fast[1] == digits or not form
    assert fast[2].tolist() == ticks.tolist()


integers = st.integers(-(2**62), 2**62), st.integers(0, 2), st.integers(-(2**31), 2**31 - 1)


@cases(200, st.lists(st.tuples(*integers, st.sampled_from([0.5, 1.0])), min_size=1))
def test_the_order_is_that_of_tuples(rows: list[tuple[int, int, int, float]]) -> None:
    rows += rows[::2]
    one, two, three, four = zip(*rows, strict=True)
    order = order_of(np.array(one), np.array(two, np.int8), np.array(three, np.int32), np.array(four))
    found = rows if order is None else [rows[k] for k in order]
    assert found == sorted(rows)


def test_compiled_loops_place_as_the_interpreted_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    luck, size = np.random.default_rng(3), 3000
    kinds = luck.choice(["", "learn", "discover", "implement", "use"], size, p=[0.5, 0.2, 0.05, 0.15, 0.1])
    people = luck.integers(0, 80, (2, size))
    source = np.where(np.isin(kinds, ["discover", "implement"]), "", people[0].astype(str))
    log = pa.table({"time": luck.integers(0, 200, size), "source": source, "target": people[1], "kind": kinds,
                    "idea": luck.integers(0, 9, size), "weight": luck.random(size) + 0.1,
                    "value": luck.random(size)})  # fmt: skip
    pq.write_table(log, tmp_path / "log.parquet")
    plain = read_log(tmp_path / "log.parquet")
    compile_all(monkeypatch, edges)
    compiled = read_log(tmp_path / "log.parquet")
    assert compiled == plain
    assert (compiled.dropped, compiled.provenance) == (plain.dropped, plain.provenance)
    assert set(plain.dropped) > set(edges.REASONS[:-1])
    assert read_log(tmp_path / "log.parquet", orphans="drop").dropped[edges.REASONS[-1]] > 0
    assert len(edges.REASONS) == placing.ROOTS
