"""Citations with dates: small logs by hand, each irregularity, and a slow twin."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from sim.accounts.pagerank import event_pagerank
from sim.errors import TapeError
from sim.logs.formats import read_log
from sim.logs.papers import CIRCLE
from sim.tape.tape import Tape
from tests import cases
from tests.logs.test_edges import LATE, credits, read, refusal, story, told


def cited(*rows: str, columns: str = "citing,cited,date", citations_as: str = "learning") -> Tape:
    return read("\n".join([columns, *rows]) + "\n", citations_as=citations_as)


def with_dates(text: str, dates: str, citations_as: str = "learning") -> Tape:
    with TemporaryDirectory() as folder:
        (Path(folder) / "cit.txt").write_text(text)
        (Path(folder) / "cit-dates.txt").write_text(dates)
        return read_log(Path(folder) / "cit.txt", citations_as=citations_as)


def test_papers_are_events_of_their_own() -> None:
    tape = cited("c,a,2001-01-01", "c,b,2001-01-01", "b,a,2000-06-01", "d,,2002-01-01")
    assert told(tape) == ["discover a", "learn b by a", "learn c by a 0.5, b 0.5", "discover d"]
    assert tape.ideas == ("idea",)
    assert (tape.total, tape.dropped, tape.provenance["format"]) == (2.0, {}, "citations")
    assert tape.mended == {"root placed": 1}
    assert tape.events.step[1] - tape.events.step[0] == 1  # a root comes one tick before


def test_the_two_files_of_snap() -> None:
    edges = "# Directed graph\n# FromNodeId\tToNodeId\n1003\t1002\n1003\t1001\n1002\t1001\n1001\t1003\n"
    tape = with_dates(edges, "# id\tdate\n1001\t1992-01-01\n1002\t1992-02-01\n1003\t1993-01-01\n1009\t1999-01-01\n")
    assert told(tape) == ["discover 1001", "learn 1002 by 1001", "learn 1003 by 1001 0.5, 1002 0.5", "discover 1009"]
    assert tape.dropped == {LATE: 1}
    assert (tape.provenance["rows"], tape.provenance["kept"]) == (4, 3)


def test_a_dates_file_is_given_or_found(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("citing,cited\nb,a\n")
    with pytest.raises(TapeError, match=r"c\.csv:1: no column of dates; needed: date, or .* 'c-dates.csv' beside"):
        read_log(tmp_path / "c.csv")
    (tmp_path / "when.csv").write_text("paper,date\na,1\nb,2\n")
    tape = read_log(tmp_path / "c.csv", dates=tmp_path / "when.csv")
    assert tape.provenance["read_as"]["dates_of"] == "when.csv"
    there = read_log(tmp_path / "c.csv", dates=pd.read_csv(tmp_path / "when.csv"))
    assert (there, there.provenance["read_as"]["dates_of"]) == (tape, "in memory")
    (tmp_path / "c_dates.csv").write_text("paper,date\nb,2\na,1\n")
    assert read_log(tmp_path / "c.csv") == tape
    with pytest.raises(TapeError, match="dates are for citations, not for edges"):
        read_log(tmp_path / "c.csv", "edges", tmp_path / "when.csv")
    with pytest.raises(TapeError, match=r"absent\.csv: cannot be read: No such file"):
        read_log(tmp_path / "c.csv", dates=tmp_path / "absent.csv")
    (tmp_path / "when.csv").write_text("paper,dat\na,1\n")
    with pytest.raises(TapeError, match=r"when\.csv:1: column 'date' is missing; needed: paper, date; .* mean 'dat'"):
        read_log(tmp_path / "c.csv", dates=tmp_path / "when.csv")


@pytest.mark.parametrize(("rows", "dropped"), [
    (["b,a,1", "b,a,1"], {"duplicate": 1}),
    (["b,b,1", "b,a,1"], {"self-influence": 1}),
    (["b,a,", "c,a,2"], {"no time": 1}),
    (["c,b,1", "b,a,1"], {}),  # a citation vouches for its order
    (["c,b,1", "b,a,1", "a,c,1"], {CIRCLE: 1}),
    (["c,b,1", "b,c,1", "d,b,1", "b,d,1"], {CIRCLE: 2}),
    (["b,c,1", "c,a,2"], {LATE: 1}),
    ([",a,1", "b,a,2"], {"no target": 1}),
])  # fmt: skip
def test_what_is_dropped(rows: list[str], dropped: dict[str, int]) -> None:
    tape = cited(*rows)
    assert tape.dropped == dropped
    assert tape.provenance["kept"] == len(rows) - sum(dropped.values())


def test_the_earliest_date_of_a_paper_counts() -> None:
    tape = cited("b,a,5", "b,c,3", "c,a,4")
    assert {row[2]: row[0] + tape.provenance["time_origin"] for row in story(tape)} == {"a": 2, "b": 3, "c": 4}
    assert tape.mended == {"another date of the same paper": 1, "root placed": 1}
    assert tape.dropped == {LATE: 1}


@pytest.mark.parametrize("orphans", ["root", "drop"])
def test_a_work_that_is_later_than_the_last_time_is_no_root(orphans: str) -> None:
    graph = nx.DiGraph([("p", "q"), ("r", "p")])
    nx.set_node_attributes(graph, {"p": 5, "q": 9, "r": 6}, "time")
    works = "paper,date,references\np,5,q\nq,9,\nr,6,p\n"
    for log in (graph, io.StringIO("citing,cited,date\np,q,5\nq,,9\nr,p,6\n"), io.StringIO(works)):
        tape = read_log(log, citations_as="learning", orphans=orphans, until=6)
        assert [row[1:3] for row in story(tape)] == [("discover", "p"), ("learn", "r")]
        assert tape.dropped == {"no time up to 6": 1 + (log is not graph)}


def test_weights_values_and_dates_of_the_cited() -> None:
    columns = "citing,cited,time,cited_time,weight,value,person,kind"
    tape = cited("c,a,9,1,1,2,X,learn", "c,b,9,2,2,3,X,learn", "c,b,9,2,1,,X,learn", columns=columns)
    assert tape.provenance["read_as"]["passed_over"] == ["person", "kind"]
    assert story(tape)[-1] == (9, "learn", "c", "idea", {"a": 0.25, "b": 0.75})
    assert (tape.total, tape.mended) == (5.0, {})
    assert credits(tape) == pytest.approx({"a": 1.25, "b": 3.75, "c": 0.0})


def test_a_header_is_not_taken_for_a_paper() -> None:
    for text, says in (
        ("citing,cted,date\n1,2,3\n", "1: column 'cited' is missing; needed: citing, cited; did you mean 'cted'?"),
        ("paper,ref\n1,2\n", "1: column 'citing' is missing"),
        ("1,2,3,4,5\n", "1: 5 columns without a header; allowed: a "),
        ("citing,cited,date\n1,2,soon\n", "2: wrong date 'soon'; allowed: numbers"),
    ):
        assert refusal(text, format="citations").startswith(f"log.csv:{says}")


def test_parquet_of_citations(tmp_path: Path) -> None:
    table = pa.table({"citing": [3, 3, 2], "cited": [1, 2, 1], "date": pa.array([20, 20, 10], pa.date32())})
    pq.write_table(table, tmp_path / "c.parquet")
    tape = read_log(tmp_path / "c.parquet", citations_as="learning")
    assert tape == cited("3,1,1970-01-21", "3,2,1970-01-21", "2,1,1970-01-11")


papers = st.sampled_from("abcdef")
links = st.lists(st.tuples(papers, papers), min_size=1)


@cases(100, st.dictionaries(papers, st.integers(1, 5), min_size=6), links, st.sampled_from(["learning", "builds-on"]))
def test_citations_as_a_plain_reading_has_them(dates: dict[str, int], pairs: list[tuple[str, str]], as_: str) -> None:
    when = "paper,date\n" + "".join(f"{paper},{date}\n" for paper, date in dates.items())
    tape = with_dates("citing,cited\n" + "".join(f"{u},{v}\n" for u, v in pairs), when, as_)
    earlier = {(u, v) for u, v in pairs if dates[v] < dates[u]}
    tied = {(u, v) for u, v in pairs if dates[v] == dates[u] and u != v}
    found = {(row[2], name) for row in story(tape) for name in row[4]}
    assert earlier <= found <= earlier | tied
    if nx.is_directed_acyclic_graph(nx.DiGraph(tied)):
        assert found == earlier | tied
    for one in tied - found:  # each of them alone would close a circle
        assert nx.has_path(nx.DiGraph(found), *reversed(one))
    assert {row[2]: row[0] for row in story(tape)} == dates
    assert all(share == 1 / len(row[4]) for row in story(tape) for share in row[4].values())
    assert len(pairs) == tape.provenance["kept"] + sum(tape.dropped.values())
    graph = nx.DiGraph(found)
    graph.add_nodes_from(dates)
    ranks = event_pagerank(tape.parents, tape.influences.parent, tape.influences.weight)
    named = dict(zip(np.array(tape.persons.name)[tape.events.person].tolist(), ranks.tolist(), strict=True))
    assert named == pytest.approx(nx.pagerank(graph, tol=1e-13, max_iter=500), abs=1e-10)
