"""Real logs as tapes: small logs with trees and credits by hand, each irregularity, each error, and slow twins."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from sim.accounts.account import credit
from sim.errors import TapeError
from sim.logs.formats import FORMATS, read_log
from sim.readers.times import ALLOWED
from sim.tape.tables import KINDS
from sim.tape.tape import Tape
from tests import cases
from tests.damage import mutated
from tests.tapes import as_rows

LOGS = Path(__file__).parent.parent / "data" / "logs"
HELD, LATE = "already holds the idea", "not strictly back in time"


def read(text: str | bytes, name: str = "log.csv", format: str | None = None, **options: Any) -> Tape:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_log(path, format, **options)


def edges(rows: str, *more: str) -> Tape:
    """The tape of rows, which bars keep apart, of time, source, target and more columns."""
    return read("\n".join([",".join(["time", "source", "target", *more]), *rows.split("|")]) + "\n")


def weibo(*lines: str) -> Tape:
    return read("\n".join(lines), "log.txt", "weibo")


def story(tape: Tape) -> list[tuple[int, str, str, str, dict[str, float]]]:
    """The events: step, kind, person, idea, and the weights of those who influenced it."""
    events, names = as_rows(tape.events), tape.persons.names()
    told: list[dict[str, float]] = [{} for _ in events]
    for child, parent, weight in as_rows(tape.influences):
        told[child][names[events[parent][2]]] = weight
    events = ((step, KINDS[kind], names[person], tape.ideas[idea]) for step, kind, person, idea, _ in events)
    return [(*event, by) for event, by in zip(events, told, strict=True)]


def in_words(tape: Tape) -> str:
    """The story as text: '1 discover a; 2 learn b by a 0.25, c 0.75', with the idea where there are several."""
    events = []
    for step, kind, who, idea, told in story(tape):
        by = ", ".join(teller + (f" {weight:g}" if weight < 1.0 else "") for teller, weight in told.items())
        events.append(f"{step} {kind} {who}" + f" {idea}" * (len(tape.ideas) > 1) + (f" by {by}" if by else ""))
    return "; ".join(sorted(events, key=lambda event: (int(event.split()[0]), event)))


def told(tape: Tape) -> list[str]:
    """The story in words, without the times."""
    return [event.partition(" ")[2] for event in in_words(tape).split("; ")]


def credits(tape: Tape) -> dict[str, float]:
    persons = credit(tape).persons
    return dict(zip(persons.person, persons.credit.tolist(), strict=True))


def refusal(text: str | bytes, name: str = "log.csv", format: str | None = None, **options: Any) -> str:
    """The message of the refusal, from the name of the file on; always one line."""
    with pytest.raises(TapeError) as caught:
        read(text, name, format, **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)[str(caught.value).index(name) :]


def parquet(**columns: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_chain() -> None:
    tape = edges("2,a,b|3,b,c|4,c,d")
    assert in_words(tape) == "1 discover a; 2 learn b by a; 3 learn c by b; 4 learn d by c"
    assert tape.total == 3
    assert (tape.steps, tape.world_size, tape.dropped) == (4, 4, {})
    assert tape.mended == {"root placed": 1}
    # b's unit: all to a; c's: half to a, half to b; d's: half to a, a quarter to b and c each
    assert credits(tape) == pytest.approx({"a": 2.0, "b": 0.75, "c": 0.25, "d": 0.0}, abs=1e-12)


def test_idea_communication_and_implementation_get_a_third_each() -> None:
    tape = read_log(LOGS / "engine.csv")
    assert told(tape) == ["discover p1", "learn p2 by p1", "learn p3 by p2", "implement p3 by p3", "learn p4 by p2"]
    assert as_rows(tape.realised) == [(4, 3, 30.0)]
    assert tape.steps == 6  # of the use, which is no event
    assert credits(tape) == pytest.approx({"p1": 10.0, "p2": 10.0, "p3": 10.0, "p4": 0.0}, abs=1e-12)
    assert tape.ideas == ("steam",)
    about = {"source": "engine.csv", "scenario": "engine", "format": "edges", "rows": 6, "kept": 6}
    assert {key: tape.provenance[key] for key in about} == about


def test_two_cascades(tmp_path: Path) -> None:
    tape = read_log(LOGS / "cascades.txt")
    assert tape.ideas == ("cascade 7", "cascade 9")
    expected = "1000 discover a cascade 7; 1005 discover b cascade 9; 1010 learn b cascade 7 by a; "
    expected += "1012 learn a cascade 9 by b; 1020 learn c cascade 7 by b; 1030 learn d cascade 7 by c; "
    assert in_words(tape) == expected + "1050 learn e cascade 7 by a"
    assert tape.dropped == {HELD: 1}
    assert tape.mended == PASSED_OVER
    assert tape.total == 5
    # cascade 7 as the chain above, and e's unit to a; cascade 9: a's unit to b
    assert credits(tape) == pytest.approx({"a": 3.0, "b": 1.75, "c": 0.25, "d": 0.0, "e": 0.0}, abs=1e-12)
    tape.save(tmp_path / "run")
    assert (Tape.load(tmp_path / "run"), Tape.load(tmp_path / "run").provenance) == (tape, tape.provenance)


PASSED_OVER = {"teller without an entry of their own": 1}
REATTACHED = {"teller not strictly earlier": 1}


@pytest.mark.parametrize(("line", "expected", "dropped", "counts"), [
    ("1\ta\t0\t3\ta/b:9 a:0 a/b:5", "0 discover a; 5 learn b by a", {HELD: 1}, {}),  # at the earliest entry
    ("1\ta\t0\t4\ta:0 a/b:5 a/b/a:7 a:8", "0 discover a; 5 learn b by a", {HELD: 2}, {}),  # not the own post
    ("1\ta\t10\t3\ta:0 a:0 a/a:0", "10 discover a", {}, {"posts": 3, "entries": 3}),
    ("1\ta\t0\t3\ta:0 a/b:5 a/b/x/y/c:7", "0 discover a; 5 learn b by a; 7 learn c by b", {}, {"mended": PASSED_OVER}),
    # A path that does not begin with the author leads to the author.
    *((f"1\ta\t0\t2\ta:0 {of}:7", "0 discover a; 7 learn c by a", {}, {"mended": PASSED_OVER}) for of in ("x/c", "c")),
    # A teller who came no earlier is passed over, and the reader reattached.
    *((f"1\ta\t0\t4\ta:0 a/b:5 a/b/x:{t} a/b/x/c:7",
       f"0 discover a; 5 learn b by a; 7 learn c by b; {t} learn x by b", {}, {"mended": REATTACHED}) for t in (7, 8)),
    # A reader at the time of the post is dropped, and may learn later.
    ("1\ta\t0\t4\ta:0 a/b:0 a/b/c:5", "0 discover a; 5 learn c by a", {LATE: 1}, {"header_disagrees": 1}),
    ("1\ta\t0\t3\ta:0 a/b:0 a/b:5", "0 discover a; 5 learn b by a", {LATE: 1}, {}),
    ("1\ta\t3\t0\t", "3 discover a", {}, {}),
])  # fmt: skip
def test_irregular_cascades(line: str, expected: str, dropped: dict[str, int], counts: dict[str, object]) -> None:
    tape = weibo(line)
    assert in_words(tape) == expected
    assert tape.total == expected.count("learn")
    assert tape.dropped == dropped
    assert {key: tape.provenance[key] for key in counts} == counts
    assert tape.provenance["kept"] == tape.provenance["posts"] + tape.total


def test_a_cascade_is_guessed_has_aliases_and_counts_once_if_given_twice() -> None:
    line = "1\ta\t0\t3\ta:0 a/b:5 a/b/c:6"
    assert read(line, "log.txt") == weibo(line)
    assert read("time\tsource\ttarget\tidea\tkind\n1\ta\tb\tx\t\n", "log.txt").ideas == ("x",)
    tape = read(line, "log.txt", "weibo", aliases={"b": "Ben", "A": "a"})
    assert in_words(tape) == "0 discover a; 5 learn Ben by a; 6 learn c by Ben"
    tape = weibo(line, "", "# the same again", line)
    assert (tape, tape.dropped) == (weibo(line), {"duplicate": 3})


NOT_HELD, NOT_MADE = "does not hold the idea", "no earlier implementation by the source"


@pytest.mark.parametrize(("rows", "more", "expected", "dropped"), [
    # A source is a root one tick before it is first needed.
    ("9,s,b|4,s,c|4,r,d", "", "3 discover r; 3 discover s; 4 learn c by s; 4 learn d by r; 9 learn b by s", {}),
    # One who is seen telling before they are seen adopting held the idea before.
    ("3,b,d|5,,b|3,a,d", "", "2 discover a; 2 discover b; 3 learn d by a 0.5, b 0.5", {HELD: 1}),
    ("3,b,d|4,c,b|7,b,e", "", "2 discover b; 3 learn d by b; 7 learn e by b", {HELD: 1}),
    ("3,b,d|3,c,b|3,a,d", "", "2 discover a; 2 discover c; 3 learn b by c; 3 learn d by a", {LATE: 1}),
    ("5,a,b|5,b,a", "", "", {LATE: 2}),
    ("5,a,b|5,b,a|9,b,c", "", "8 discover b; 9 learn c by b", {LATE: 2}),  # who was dropped and tells later
    (",a,b,|1,a,,|1,,b,learn|,,,|2,a,b,learn", "kind", "1 discover a; 2 learn b by a",
     {"no time": 2, "no target": 1, "no source": 1}),
    ("5,,m,implement", "kind", "4 discover m; 5 implement m by m", {}),
    ("5,,m,implement|5,a,m,", "kind", "4 discover a; 5 learn m by a", {LATE: 1}),
    ("5,,u,use|6,a,u,", "kind", "5 discover a; 6 learn u by a", {NOT_HELD: 1}),
    ("2,m,u,|5,m,u,use|5,,m,implement", "kind", "1 discover m; 2 learn u by m; 5 implement m by m", {NOT_MADE: 1}),
    ("1,a,b,x|1,b,a,y|2,b,c,|2,b,d,idea", "idea", "0 discover a x; 0 discover b y; 1 discover b idea; "
     "1 learn a y by b; 1 learn b x by a; 2 learn c idea by b; 2 learn d idea by b", {}),
])  # fmt: skip
def test_irregular_rows(rows: str, more: str, expected: str, dropped: dict[str, int]) -> None:
    tape = edges(rows, *filter(None, [more]))
    assert in_words(tape) == expected
    assert tape.dropped == dropped
    assert tape.provenance["kept"] == len(rows.split("|")) - sum(dropped.values())
    assert tape.total == expected.count("learn")
    if not expected:
        assert (tape.ideas, tape.steps, tape.world_size) == ((), 0, 0)


def test_a_use_is_served_by_the_last_implementation_before() -> None:
    rows = "1,,m,,|2,,m,implement,|4,,m,implement,|6,,m,implement,|5,m,m,use,7|4,m,m,use,3|9,,m,realise,"
    tape = edges(rows, "kind", "value")
    assert as_rows(tape.realised) == [(0, -1, 1.0), (0, 1, 3.0), (0, 2, 7.0)]
    assert tape.steps == 9


@pytest.mark.parametrize(("rows", "steps", "provenance"), [
    ("-5,a,b|2,b,c", [0, 1, 8], {"time_origin": -6}), ("0,a,b", [0, 1], {"time_origin": -1}),  # shifted
    ("1464739201.25,a,b|1464739202,b,c", [1464739201249999, 1464739201250000, 1464739202000000],
     {"time_unit": "microsecond"}),
    ("1e3,a,b|1005.0,b,c", [999, 1000, 1005], {}),
    ("123456789012345678,a,b", [123456789012345677, 123456789012345678], {}),
    ("1632-02-22,galilei,b", [0, 1], {"time_origin": -10661760001}),  # by `date -u -d 1632-02-22 +%s`, less the tick
    ("1970-01-01T00:00:00.5Z,a,b", [499999, 500000], {}),
    ("2020-01-02,a,b|2020-01-03T00:00:00+01:00,b,c", [1577923199, 1577923200, 1577923200 + 23 * 3600],
     {"time_unit": "second"}),
])  # fmt: skip
def test_times_are_counted_exactly(rows: str, steps: list[int], provenance: dict[str, object]) -> None:
    tape = edges(rows)
    assert tape.events.step.tolist() == steps
    assert tape.steps == steps[-1]
    assert {key: tape.provenance[key] for key in provenance} == provenance


def test_quotes_comments_tabs_and_a_byte_order_mark() -> None:
    text = '\ufeff# "unclosed, in a comment\r\n\r\n "time",source , target\r\n1, "Doe, Jane" ,b'.replace('" ,b', '",b')
    assert read(text).persons.name == ("Doe, Jane", "b")
    assert read("time\tsource\ttarget\n1\tDoe, J\t#b\n", "log.tsv").persons.name == ("Doe, J", "#b")
    assert read("time,source,target\r1,a,b\r2,b,c").total == 2


def test_parquet_as_csv(tmp_path: Path) -> None:
    columns = {"source": ["a", "b", None], "target": ["b", "c", "d"], "value": [0.5, None, 2.0]}
    expected = edges("1,a,b,0.5|2,b,c,|3,,d,2", "value")
    assert read(parquet(time=[1, 2, 3], **columns), "log.parquet") == expected
    assert read(parquet(time=[1.0, 2.0, 3.0], **columns), "log") == expected
    ids = read(parquet(time=[1, 2], source=[1e10, None], target=[7, 8]), "log.parquet")
    assert ids.persons.name == ("10000000000", "7", "8")
    dates = pa.array([86400, 86401], pa.timestamp("s", "UTC"))
    dated = read(parquet(time=dates, source=["a", "b"], target=["b", "c"]), "log.parquet")
    assert dated.events.step.tolist() == [86399, 86400, 86401]


HEADER = "time,source,target"
SAY = "or say which it is: --columns"
NEEDED = "needed: time, source, target"
WEIGHTS, VALUES = (f"allowed: numbers from {low} to 1e+100, or nothing" for low in ("1e-100", "0"))
BAD_TIMES = ["soon", "inf", "1_000", "5e18", "1e999999999", "٣", "2020-01-32x"]


@pytest.mark.parametrize(("text", "message"), [
    ("#\ntime,source,target\n", "2: no rows below the header; a log has one or more"),
    ("time,source\n1,a", f"1: column 'target' is missing; {NEEDED}; there are 'time', 'source'; {SAY} target=NAME"),
    ("\ntime,sorce,target\n1,a,b", f"2: column 'source' is missing; {NEEDED}; did you mean 'sorce'?; {SAY} "
     "source=NAME"),
    (f"{HEADER},time\n1,a,b,1", "1: column given twice 'time'; allowed: each name once"),
    ("1,a,b\n2,b,c\n", "1: three columns without a header: is it source target time of who told whom (--format "
     "edges), of contacts (--kind contact), or citing cited date (--format citations)? Say which"),
    ("time,from,to\n1,a,b\n", "1: does 'from' tell 'to' (--format edges), contact (--kind contact), or cite it "
     "(--format citations)? Say which"),
    (f"{HEADER}\n31/12/2020,a,b\n",
     "2: time '31/12/2020': is the day first, or the month? Say --dates dmy or --dates mdy"),
    (f"{HEADER}\n1,1e18,5\n2,3,4\n", " '1e18' is an id that has lost digits; allowed: whole numbers written "
     "out, or texts"),
    (f"{HEADER}\n1,a,b\n# c\n2,b\n", "4: 2 fields; allowed: 3, as in the header"),
    (f"{HEADER}\n1,a,b,c\n", "2: 4 fields; allowed: 3, as in the header"),
    (f"{HEADER},kind\n1,a,b,\n2,b,c,lern\n",
     "3: wrong kind 'lern'; allowed: learn, discover, implement, use, realise; did you mean 'learn'?"),
    (f"{HEADER},kind\n1,a,b,implement\n",
     "2: 'implement' is the target's own event, but the source is 'a'; allowed: nothing, or the target"),
    *((f"{HEADER}\n1,a,b\n{time},b,c\n", f"3: wrong time {time!r}; {ALLOWED}") for time in BAD_TIMES),
    (f"{HEADER}\n1,a,b\n,a,b\n2020-01-01,b,c\n",
     "4: time '2020-01-01' is not a number as before; allowed: one form for all"),
    (f"{HEADER}\n1.5,a,b\n1e17,b,c\n", f"3: time '1e17' is too large to count in microseconds; {ALLOWED}"),
    *((f"{HEADER},weight\n1,a,b,1\n2,b,c,{weight}\n", f"3: wrong weight '{weight}'; {WEIGHTS}")
      for weight in ("much", "-1", "0", "inf")),
    *((f"{HEADER},value\n1,a,b,1\n2,b,c,{value}\n", f"3: wrong value '{value}'; {VALUES}")
      for value in ("much", "-1", "inf")),
    (f'{HEADER}\n1,a,"b\n2,b,c\n', "2: value with unterminated quote found; allowed: CSV, quoted as in RFC 4180"),
])  # fmt: skip
def test_wrong_tables(text: str | bytes, message: str) -> None:
    assert refusal(text) == f"log.csv:{message}"


def test_unknown_format_missing_file_and_folder(tmp_path: Path) -> None:
    says = f"log.csv: unknown format 'weibbo'; allowed: {', '.join(FORMATS)}; did you mean 'weibo'?"
    assert refusal("x", format="weibbo") == says
    absent = (tmp_path / "absent.csv", r"absent\.csv: cannot be read: No such file")
    for path, message in (absent, (tmp_path, "a folder; a log is a file"), ("nul\0byte", "cannot be read")):
        with pytest.raises(TapeError, match=message):
            read_log(path)


@pytest.mark.parametrize("name", ["log.csv", "log.txt"])
@pytest.mark.parametrize("text", ["", "\n \n", "# nothing\n"])
def test_empty_file(text: str, name: str) -> None:
    assert refusal(text, name) == f"{name}:1: empty; a log has a row a line"


SECONDS = "allowed: whole numbers from 0 to below 1e15"
ENTRIES = "allowed: a/b/c:t, t whole seconds below 1e15"


@pytest.mark.parametrize(("line", "message"), [
    ("1\ta\t0\t2", "4 fields between tabs; allowed: 5 (cascade id, author, publication time, number of "
     "participants, participants)"),
    ("\ta\t0\t2\ta:0", "wrong cascade id ''; allowed: a name"),
    ("1\t\t0\t2\ta:0", "wrong author ''; allowed: a name"),
    *((f"1\ta\t{time}\t2\ta:0", f"wrong publication time '{time}'; {SECONDS}") for time in ("noon", "-5")),
    ("1\ta\t0\tx\ta:0", f"wrong number of participants 'x'; {SECONDS}"),
    *((f"1\ta\t0\t2\ta:0 {entry}", f"wrong participant '{entry}'; {ENTRIES}") for entry in ("a/b", "a/b:-1", "a//b:1")),
    ("0\tz\t0\t1\tz/y:1", "cascade '0' differs from line 1; allowed: an id once"),
])  # fmt: skip
def test_wrong_cascades(line: str, message: str) -> None:
    assert refusal(f"0\tz\t0\t1\tz:0\n\n{line}\n", "log.txt") == f"log.txt:3: {message}"


GOOD = parquet(time=[1, 2], source=["a", "b"], target=["b", "c"])


@pytest.mark.parametrize(("data", "begins", "ends"), [
    *((GOOD[:cut], "1: ", "; allowed: a sound Parquet table without nested columns") for cut in (4, 30, -9, -1)),
    (b"", "1: ", ""),
    (parquet(time=[1], source=[["a"]], target=["b"]), "1: source is of type list<", ""),
    (parquet(time=["1", "x"], source=["a", "b"], target=["b", "c"]), "2: wrong time 'x'; allowed: numbers", ""),
    (parquet(time=[1], source=["a"], aim=["b"]), "1: column 'target' is missing; needed: time, source, target", ""),
    (parquet(time=[True], source=["a"], target=["b"]), "1: time is of type bool; allowed: numbers", ""),
    (parquet(time=[b"\xff"], source=["a"], target=["b"]), "1: time is of type binary; allowed: numbers", ""),
    (parquet(time=[1], source=[b"\xff"], target=["b"]), "1: source is of type binary and cannot", ""),
    (parquet(time=[1], source=["a"], target=[{"x": 1}]), "1: target is of type struct<x: int64> and", ""),
    (parquet(time=[1], source=["a"], target=["b"], weight=[True]), "1: wrong weight 'True'", ""),
    (parquet(time=[1], source=["a"], target=["b"], kind=[3]), "1: wrong kind '3'; allowed: learn", ""),
    (parquet(time=[], source=[], target=[]), "1: no rows below the header", ""),
])  # fmt: skip
def test_wrong_parquet(data: bytes, begins: str, ends: str) -> None:
    says = refusal(data, "log.parquet")
    assert says.startswith(f"log.parquet:{begins}")
    assert says.endswith(ends)


names = st.sampled_from("abcde")
kinds = st.sampled_from(["", "", "", "learn", "discover", "implement", "use"])
values = st.sampled_from(["", "0.1", "0.7", "3"]), st.sampled_from(["", "", "0.3", "1.1", "0"])
deeds = st.tuples(st.integers(0, 6), st.just("") | names, names, st.sampled_from(["", "x", "y"]), kinds, *values)
tables = st.lists(deeds, min_size=1, max_size=30)
Deed = tuple[int, str, str, str, str, str, str]


def as_csv(rows: list[Deed]) -> str:
    legal = [(t, "" if kind in ("discover", "implement") else s, *rest, kind, w, v) for t, s, *rest, kind, w, v in rows]
    return "time,source,target,idea,kind,weight,value\n" + "\n".join(",".join(map(str, row)) for row in legal) + "\n"


SOUND = [*(file.read_bytes() for file in sorted(LOGS.iterdir())), GOOD]
damaged = st.builds(mutated, st.sampled_from(SOUND), st.randoms(use_true_random=False), st.just(SOUND))
noise = st.text(alphabet='time,source\ttarget\n\r"#:/019.-', max_size=200).map(str.encode)


files = st.sampled_from(["log.csv", "log.tsv", "log.parquet", "log", "log"])


@cases(600, st.one_of(st.binary(max_size=200), noise, damaged, damaged), files, st.sampled_from([None, *FORMATS]))
def test_whatever_is_given_is_read_or_refused_in_one_line(data: bytes, name: str, format: str | None) -> None:
    said = ""
    try:
        read(data, name, format)
    except TapeError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
