"""The front door: the same history in every dress that people's files wear, and what is said and refused of it."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.accounts.account import credit
from sim.errors import TapeError
from sim.logs.formats import read_log
from sim.readers.times import nanoseconds
from sim.tape.tape import Tape
from tests.logs.test_edges import edges, parquet, read, refusal
from tests.tapes import by_name

ROWS = [("1", "", "Ada"), ("2", "Ada", "Ben"), ("3", "Ada", "Carla"), ("4", "Ben", "Dora"), ("5", "Ben", "Emil"),
        ("6", "Carla", "Fay")]  # fmt: skip
SHARES = {"Ada": 3.5, "Ben": 1.0, "Carla": 0.5}
LOG = "\n".join(",".join(row) for row in [("time", "source", "target"), *ROWS]) + "\n"
FRAME = pd.DataFrame([(int(t), s or None, r) for t, s, r in ROWS], columns=["time", "source", "target"])


def written(mark: str, header: str = "time source target", form: str = "{}", end: str = "\n") -> str:
    """The history, its columns in the order of the header, in which others may stand."""
    names = header.split()
    rows = [{"time": form.format(time), "source": source, "target": target} for time, source, target in ROWS]
    return end.join(mark.join(row) for row in [names, *([row.get(n, "x") for n in names] for row in rows)]) + end


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("log.csv", data)
    return file.getvalue()


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def has_shares(tape: Tape) -> bool:
    return by_name(credit(tape)) == pytest.approx(SHARES)


@pytest.mark.parametrize(("text", "options"), [
    *((text, {}) for text in (
        *map(written, ",;\t|"), written(",", end="\r\n"), written(",", end="\r"),
        written(",", "id time text source target"), written("\t", "time source target lang"),
        "# made in May\n# by us\n" + LOG, LOG.replace("\n4,", "\n# a note, of ours\n4,"),
        "#" + LOG, LOG.replace("time,source,target", "Timestamp,SRC,Dst"),  # a header behind a #
        LOG + "NA,Ada,Zoe\n", *(LOG.replace("1,,Ada", row) for row in ("1,\\N,Ada", "1,None,Ada", '1,,"Ada"')),
        written(",", form="2020-01-0{}").replace("2020-01-01", "2020"),  # of mixed precision
    )),
    (LOG.replace("time,source,target", "created_at,rt_of,user"),
     {"columns": "time=created_at,source=rt_of,target=user"}),
    (LOG.replace("time,source,target", "time,from,to"), {"format": "edges"}),
    ("\n".join(f"{s} {t} {time}" for time, s, t in ROWS[1:]), {"format": "edges"}),
    ("\n".join(f"{s}   {t} \t {time}" for time, s, t in ROWS[1:]), {"format": "edges"}),
    ("\n".join(f"{time},{s},{t}" for time, s, t in ROWS), {"columns": {"time": "1", "source": "2", "target": "3"}}),
    *((written(";", form=form), options) for form, options in [
        ("2020-01-0{}", {}), ("2020/01/0{}", {}), ("2020-01-0{}T10:00:00+01:00", {}), ("200{}", {}),
        ("2020-0{}", {}), ("0{}/12/2020", {"dates": "dmy"}), ("12/0{}/2020", {"dates": "mdy"}),
        ("0{}.12.2020 14:05", {"dates": "dmy"}), ("Thu, 0{} Jan 2020 10:00:00 +0100", {}),
        ("Wed Aug 0{} 13:08:45 +0000 2008", {}), ("Mon May 1{} 16:39:00 2001", {}), ("158000000{}", {}),
        ("158000000{}123", {}), ("158000000{}123456789", {}), ("2020-01-01T00:00:00.00000000{}Z", {}),
        ("1.{}", {}), ("{}e3", {}), ("1{} January 2020", {}), ("2020-01-0{} 10:00:00 UTC", {}),
        ("2020-01-0{} 10:00:00.5 UTC", {}),
    ]),
])  # fmt: skip
def test_text(text: str, options: dict[str, Any]) -> None:
    assert has_shares(read(text, **options))


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, zipped, zstd, lambda data: data.decode().encode("utf-16")]
)
def test_compressed(pack: Any) -> None:
    assert has_shares(read(pack(LOG.encode()), "log.csv.packed"))


def test_other_files_and_data_in_memory(tmp_path: Path) -> None:
    records = [{"ts": int(t), "src": s or None, "dst": r, "meta": {"a": [1]}} for t, s, r in ROWS]
    graph = nx.DiGraph([(source, target, {"date": f"2020-01-0{time}"}) for time, source, target in ROWS[1:]])
    FRAME.to_parquet(tmp_path / "a.parquet")
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    for name, new in (("a.arrow", pa.ipc.new_file), ("a.arrows", pa.ipc.new_stream)):
        with pa.OSFile(str(tmp_path / name), "wb") as sink, new(sink, table.schema) as out:
            out.write_table(table)
    (tmp_path / "page.json").write_text(json.dumps({"meta": {"count": 6}, "results": records}))
    number = {name: str(k) for k, name in enumerate(graph)}
    nodes = [{"data": {"id": k, "name": name}} for name, k in number.items()]
    links = [
        {"data": {"source": number[s], "target": number[t], "date": date}} for s, t, date in graph.edges(data="date")
    ]
    (tmp_path / "cytoscape.json").write_text(json.dumps({"elements": {"nodes": nodes, "edges": links}}))
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "a.json").write_text(json.dumps(records))
    data = (FRAME, pa.Table.from_pandas(FRAME), graph, io.StringIO(LOG), io.BytesIO(LOG.encode()))
    files = list(tmp_path.iterdir())
    assert len(files) == 7
    for given in (*data, *files):
        assert has_shares(read_log(given)), given


@pytest.mark.parametrize(("text", "message"), [
    ("TY  - JOUR\nAU  - Ada\nER  - \n", "RIS, which has no references; allowed: Web of Science as plain text"),
    ("@article{ada,\n title = {On}\n}\n", "BibTeX, which has no references; allowed: Web of Science as plain text"),
    ('Creator "igraph"\ngraph\n[\n  directed 1\n]\n', "GML; allowed: graphs as GraphML, GEXF, Pajek or JSON"),
    ("digraph {\n a -> b;\n}\n", "DOT; allowed: graphs as GraphML, GEXF, Pajek or JSON"),
    ('{"time": [1, 2], "source": ["a", "b"]}', "JSON of columns; allowed: of rows, objects one a line or in an"),
    ('{"time": {"0": 1}, "source": {"0": "a"}}', "JSON of columns; allowed: of rows, objects one a line or in an"),
])  # fmt: skip
def test_what_else_to_save_it_as(text: str, message: str) -> None:
    assert refusal(text, "given.txt").startswith(f"given.txt:1: {message}")


def test_excel(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl", reason="Excel is an extra")
    FRAME.to_excel(tmp_path / "a.xlsx", index=False)
    assert has_shares(read_log(tmp_path / "a.xlsx"))


@pytest.mark.parametrize(("rows", "persons"), [
    ("0,,1|1,1.0,2|2,1.0,3", "1 2 3"),  # a missing cell makes floats of ids
    ("0,,1.0|1,1.0,2|2,1.5,3", "1.0 1.5 2 3"),
    ("0,,007|1,007,7|2,007,8", "007 7 8"),
    ("0,,#a|1,#a,b|2,#a,c", "#a b c"),
    ("0,,1300000000000000001|1,1300000000000000001,2|2,1300000000000000001,3", "1300000000000000001 2 3"),
])  # fmt: skip
def test_ids(rows: str, persons: str) -> None:
    assert sorted(edges(rows).persons.name) == persons.split()


def test_floats_beyond_what_they_tell_apart_are_no_ids() -> None:
    says = refusal(parquet(time=[1, 2], source=[1.3e18, None], target=["a", "b"]))
    assert "source 1300000000000000000 is a float beyond 2^53, which cannot hold" in says
    assert read(parquet(time=[1], source=[7.0], target=["a"])).persons.name == ("7", "a")


def test_what_is_said() -> None:
    text = "\n".join(["Text;time;source;target", "hi;NA;Ada;Zoe", *(f"x;{t};{s};{r}" for t, s, r in ROWS[1:])])
    tape = read(text)
    assert tape.provenance["read_as"] == {
        "format": "edges", "file": "text", "delimiter": "semicolon", "header": True,
        "columns": {"time": "time", "source": "source", "target": "target"}, "passed_over": ["Text"],
        "direction": "source told target", "dates": "numbers, as they are", "time_unit": "as in the log",
        "rows": 6, "kept": 5,
    }  # fmt: skip
    assert (tape.dropped, tape.mended) == ({"no time": 1}, {"root placed": 1})
    assert read(LOG.replace("Ada", "Adä").encode("latin-1")).provenance["read_as"]["encoding"].startswith("Latin-1")


def test_little_files_that_unpack_to_much_are_refused(tmp_path: Path) -> None:
    many = b"1,a,b\n" * 46_000_000
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(b"time,source,target\n" + many, 1))
    with pytest.raises(TapeError, match="unpacks to more than 268 MB; a file this small must not"):
        read_log(tmp_path / "log.csv.gz")
    file = tmp_path / "log.parquet"
    cells = pa.table({"time": range(40), "source": ["x" * 1_000_000] * 40, "target": ["b"] * 40})
    with pq.ParquetWriter(file, cells.schema, compression="zstd", use_dictionary=False) as writer:
        for _ in range(10):
            writer.write_table(cells)
    with pytest.raises(TapeError, match="unpacks to 400 MB; allowed: 269 MB for 400 rows"):
        read_log(file)


@pytest.mark.parametrize(("text", "order", "seconds"), [
    ("2020-01-31T12:00:00Z", "", 1580472000), ("2020-01-31 12:00", "", 1580472000), ("2020", "", None),
    ("31/01/2020", "dmy", 1580428800), ("1/31/20", "mdy", 1580428800), ("31/01/2020", "", None),
    ("31/01/2020 2:30 PM", "dmy", 1580481000), ("Fri, 31 Jan 2020 12:00:00 GMT", "", 1580472000),
    ("Fri Jan 31 13:00:00 +0100 2020", "", 1580472000), ("Fri Jan 31 12:00:00 2020", "", 1580472000),
    ("JAN 2020", "", 1577836800), ("Jan 31, 2020", "", 1580428800), ("tomorrow", "", None),
    ("32/01/2020", "dmy", None),
])  # fmt: skip
def test_dates(text: str, order: str, seconds: int | None) -> None:
    found = nanoseconds(text, order)
    assert (found[0] // 10**9 if found and found[1] == "date" else None) == seconds


@pytest.mark.parametrize(("options", "message"), [
    ({"columns": "tiem=time"}, "columns: no column 'tiem' in this format; allowed: time, source"),
    ({"columns": "time=tme"}, "1: no column 'tme' for time; allowed: time, source, target; did you mean 'time'"),
    ({"columns": "time"}, "columns: 'time' says nothing; allowed: ROLE=NAME"),
    ({"kind": "contacts"}, "kind: no 'contacts'; allowed: adoption, contact; did you mean 'contact'"),
    ({"orphans": "keep"}, "orphans: no 'keep'; allowed: root, drop"),
    ({"citations_as": "x"}, "citations_as: no 'x'; allowed: builds-on, learning"),
    ({"until": "soon"}, "wrong until 'soon'"),
    ({"until": ""}, "until: no time ''; allowed: numbers below 4e18"),
])  # fmt: skip
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TapeError) as caught:
        read(LOG, **options)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_column_that_is_named_by_the_user_is_there_once() -> None:
    says = refusal("t,t,source,target\n1,9,a,b\n", columns="time=t")
    assert says == "log.csv:1: column given twice 't'; allowed: each name once"


def test_reading_never_runs_code() -> None:
    for text in ("time,source,target\n1,=cmd|'/c calc'!A1,b\n", "time,source,target\n1,'; drop table x; --,b\n"):
        assert len(read(text).persons) == 2
    assert refusal("cos\nsystem\n(S'true'\ntR.", "log.pkl").startswith("log.pkl:1: ")
