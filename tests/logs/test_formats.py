"""Each format by hand: what it means, its irregularities, and what other programs make of the same."""

import io
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from sim.accounts.account import credit
from sim.accounts.removal import removal_effect
from sim.accounts.roots import roots
from sim.accounts.summary import credit_by
from sim.errors import TapeError
from sim.logs.formats import read_log
from sim.tape.tables import LEARN
from tests.logs.test_edges import HELD, credits, edges, in_words, read, refusal, told
from tests.tapes import by_name


def test_telling_proves_holding() -> None:
    rows = [f"{at},author,reader{at}" for at in range(1, 101)]
    tape = edges("|".join([*rows, "101,stranger,author"]))
    assert credits(tape)["author"] == 100.0
    assert (tape.dropped, tape.mended) == ({HELD: 1}, {"root placed": 1, "told before they adopt, so a root": 1})


def test_orphans() -> None:
    log = "time,source,target\n1,,Ada\n3,Ben,Cy\n4,Cy,Dan\n5,Ada,Eve\n"
    tape = read(log)
    assert tape.mended == {"root placed": 1}
    assert roots(tape)._asdict() == pytest.approx({"made_up": 1, "idea_credit": 2 / 3, "first_tenth": 1 / 3})
    assert read(log, orphans="drop").dropped == {"told by an orphan": 1}
    assert credits(read(log, orphans="drop")) == {"Ada": 1.0, "Cy": 1.0, "Dan": 0.0, "Eve": 0.0}
    for rows in ("0,,Ben,implement\n1,Ben,Cy,\n", "1,Ben,Cy,\n5,,Ben,implement\n"):  # makes what they never adopt
        tape = read("time,source,target,kind\n" + rows, orphans="drop")
        assert tape.dropped == {"told by an orphan": 1}


@pytest.mark.parametrize(("source", "builds_on", "ada"), [
    ("", "", 1.0), ("Ben", "", 1.25), ("Ada", "", 1.25),  # on what the source of a discovery holds, it builds
    ("", "wheel", 1.25), ("", "wheel; cart", 1.25),  # the wheel, and 1/4 of the cart
])  # fmt: skip
def test_ideas_build_on_ideas(source: str, builds_on: str, ada: float) -> None:
    end, more = (",", ["builds_on"]) if builds_on else ("", [])  # with such a column the source says nothing
    rows = f"1,,Ada,wheel,{end}|2,Ada,Ben,wheel,{end}|3,{source},Ben,cart,discover{end}{builds_on}|4,Ben,Cy,cart,{end}"
    assert credits(edges(rows, "idea", "kind", *more)) == pytest.approx({"Ada": ada, "Ben": 2.0 - ada, "Cy": 0.0})


def test_an_idea_that_is_not_held_is_built_on_where_it_was_first_had() -> None:
    tape = read("time,source,target,idea,builds_on\n1,,Ada,wheel,\n2,,Ben,cart,wheel|boat\n3,Ben,Cy,cart,\n")
    assert in_words(tape) == "1 discover Ada wheel; 2 discover Ben cart by Ada; 3 learn Cy cart by Ben"
    assert tape.mended == {"builds on an idea that is not there before": 1}


THERE = "1,,b,x,discover,|2,,c,y,discover,|"


@pytest.mark.parametrize(("rows", "by", "missing"), [
    (THERE + "5,,a,z,discover,x|3,,a,z,discover,y", " by c", 0),  # the discovery that is placed says it
    (THERE + "5,,a,z,discover,x|5,,a,z,discover,y", " by b 0.5, c 0.5", 0),
    ("5,,b,x,discover,|5,,a,z,discover,x", "", 1),  # which is no earlier
    (THERE + "7,b,a,x,learn,|5,,a,z,discover,x", " by b", 0),  # an own holding, but a later one
    ("1,,b,idea,discover,|5,,a,z,discover,idea", " by b", 0),
])  # fmt: skip
def test_what_a_discovery_builds_on_is_there_before(rows: str, by: str, missing: int) -> None:
    for lines in (rows.split("|"), rows.split("|")[::-1]):
        tape = edges("|".join(lines), "idea", "kind", "builds_on")
        assert f"discover a z{by}" in told(tape)
        assert tape.mended.get("builds on an idea that is not there before", 0) == missing


def test_aliases_that_are_numbers() -> None:
    numbers = pd.DataFrame({"time": [1, 2], "source": [5, 6], "target": [6, 8]})
    for table, named in (("5,\n6,7\n", ("5", "7", "8")), ("6,5.0\n7,\n", ("5", "8"))):  # a missing cell makes floats
        assert read_log(numbers, aliases=io.StringIO(f"alias,person\n{table}")).persons.name == named


def test_names_and_groups_may_stand_in_a_series() -> None:
    names, groups = pd.Series({"a": "Ada"}), pd.Series({"Ada": "x", "b": "y"})
    given = read("time,source,target\n1,a,b\n", aliases=names, groups=groups)
    assert (given.persons.name, given.provenance["groups"]) == (("Ada", "b"), {"Ada": "x", "b": "y"})


def test_a_person_has_one_name_and_one_group() -> None:
    for option, head, what in (("aliases", "alias,person", "alias"), ("groups", "person,group", "person")):
        given: Any = {option: io.StringIO(f"{head}\na,x\na,x\na,y\n")}
        with pytest.raises(TapeError, match=f"{what} 'a' has two: 'x' and 'y'; allowed: one "):
            read("time,source,target\n1,a,b\n", **given)


@pytest.mark.parametrize("column", ["name", "read", "is_directed"])
def test_a_table_whose_columns_are_called_like_methods(column: str) -> None:
    log = pd.DataFrame({"time": [1], "source": ["a"], "target": ["b"], column: ["x"]})
    assert in_words(read_log(log)) == "0 discover a; 1 learn b by a"


def test_options_of_other_formats_and_of_other_logs_of_a_format_are_refused() -> None:
    graph, rows = nx.DiGraph([("a", "b", {"time": 1})]), "time,source,target\n1,a,b\n"
    for log, format, options, says in (
        (rows, "edges", {"network": pd.DataFrame()}, "network: is not for edges; allowed: for cascades, adoptions"),
        (rows, "edges", {"told_by": "latest"}, "told_by: is not for edges; allowed: for cascades"),
        (rows, "edges", {"citations_as": "learning"}, "citations_as: is not for edges"),
        (rows, "edges", {"git_by": "files"}, "git_by: is not for edges; allowed: for git"),
        (rows, "contacts", {"orphans": "drop"}, "orphans: is not for contacts"),
        ("a > b,1,1,0\n", "journeys", {"until": 2}, "until: journeys have no times"),
        (graph, None, {"citations_as": "learning"}, "citations_as: is not for "),
        (graph, "adoptions", {"network": graph}, "network: is not for "),
        (graph, "adoptions", {"columns": "idea=x"}, "columns: no column 'idea' in this format; allowed: time"),
        (ISI, None, {"columns": "paper=TI"}, "columns: is not for "),
        (LEDGER.format("", ","), None, {"aliases": {"ana": "Ana"}}, "aliases: is not for "),
    ):
        with pytest.raises(TapeError, match=says) as caught:
            read_log(io.StringIO(log) if isinstance(log, str) else log, format, **options)
        assert len(str(caught.value).splitlines()) == 1
    assert read_log(io.StringIO(LEDGER.format("", ",")), groups={"ana": "one"}).provenance["groups"] == {"ana": "one"}


def test_aliases(tmp_path: Path) -> None:
    (tmp_path / "who.csv").write_text("alias,person\nA. Lovelace,Ada\n")
    for aliases in ({"A. Lovelace": "Ada"}, tmp_path / "who.csv"):
        tape = read("time,source,target\n1,Ada,Ben\n2,A. Lovelace,Cy\n", aliases=aliases)
        assert in_words(tape) == "0 discover Ada; 1 learn Ben by Ada; 2 learn Cy by Ada"


LATER = {  # text up to the last time, and what follows
    "edges": ("time,source,target\n1,Ada,Ben\n2,Ben,Cy\n", "3,Cy,Dan\n"),
    "contacts": ("time,source,target\n1,Ada,Ben\n2,Ben,Cy\n", "3,Cy,Dan\n"),
    "adoptions": ("person,time\nAda,1\nBen,2\n", "Cy,3\n"),
    "cascades": ("Ada,1 Ben,2", " Cy,3\nDan,4 Eve,5\n"),
    "weibo": ("1\tAda\t0\t3\tAda:0 Ada/Ben:1 Ada/Ben/Cy:2", " Ada/Dan:3\n2\tEve\t3\t1\tEve/Fay:1\n"),
}


@pytest.mark.parametrize("name", LATER)
def test_what_is_later_than_the_last_time_is_as_if_it_were_not_there(name: str) -> None:
    before, after = LATER[name]
    whole, short = read(before + after, format=name, until=2), read(before, format=name)
    assert in_words(whole) == in_words(short)
    assert credits(whole) == credits(short)
    later = whole.dropped.keys() - {why for why, count in short.dropped.items() if whole.dropped[why] == count}
    assert later == {"no time up to 2"}
    assert in_words(read(before + after, format=name)) != in_words(short)


def test_credit_by_the_groups_of_persons(tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text("person,group\nAda,one\nBen,two\nDora,one\nNobody,three\n")
    tape = read("time,source,target\n1,,Ada\n2,Ada,Ben\n3,Ben,Dora\n4,Ben,Emil\n", groups=tmp_path / "labs.csv")
    found = [(row["group"], row["count"], row["credit"]) for row in credit_by(tape, credit(tape), "group")]
    assert found == [("one", 2, 2.0), ("two", 1, 1.0), ("Emil", 1, 0.0)]


def test_contacts_keep_their_rows() -> None:
    luck = np.random.default_rng(1)
    mails = pd.DataFrame(luck.integers(0, (400, 40, 40), (125_000, 3)), columns=["time", "source", "target"])
    mails = mails[mails["source"] != mails["target"]]
    tape = read_log(mails, kind="contact")
    assert len(tape.influences) == tape.total == len(mails) == tape.provenance["kept"]
    child, parent, _ = tape.influences.columns().values()
    names, time = np.array([int(name) for name in tape.persons.name]), tape.provenance["time_origin"]
    told = np.stack([tape.events.step[child] + time, *(names[tape.events.person[row]] for row in (parent, child))])
    assert (tape.events.step[parent] < tape.events.step[child]).all()
    assert (told[:, np.lexsort(told)] == mails.to_numpy().T[:, np.lexsort(mails.to_numpy().T)]).all()
    assert sum(read_log(mails[:2000]).dropped.values()) > 1900  # squeezed into the first, hardly any is left


def test_papers_build_on_what_they_cite() -> None:
    cites = "citing,cited,date\nA,,2000\nB,A,2001\n" + "".join(f"C{k},{x},2003\n" for k in range(1, 10) for x in "AB")
    # B's unit is A's; of each other unit half is B's, half of which goes on to A
    assert by_name(credit(read(cites))) == pytest.approx({"A": 1 + 9 * 0.75, "B": 9 * 0.25})
    assert by_name(credit(read(cites), inheritance=0.0))["A"] == pytest.approx(1 + 9 * 0.5)


OPENALEX = (
    '{"id": "W1", "publication_date": "2001-01-02", "referenced_works": [], "authorships": '
    '[{"author": {"display_name": "Ada"}}, {"author": {"display_name": "Ben"}}]}\n'
    '{"id": "W2", "publication_date": "2002-01-02", "referenced_works": ["W1"], "authorships": '
    '[{"author": {"display_name": "Ben"}}]}\n'
    '{"id": "W3", "publication_date": "2003-01-02", "referenced_works": ["W1", "W2"], "authorships": []}\n'
)
TABLE = "id,year,references,authors\nW1,2001,,Ada; Ben\nW2,2002,W1,Ben\nW3,2003,W1; W2,\n"
ISI = """FN Clarivate
PT J
AU Lovelace, A
   Babbage, B
PY 2001
J9 NOTES
VL 1
BP 7
ER

PT J
AU Babbage, B
PY 2002
DI 10.1/X2
CR Lovelace A, 2001, NOTES, V1, P7
ER

PT J
PY 2003
J9 LAST
CR LOVELACE A, 2001, NOTES, V1, P7
   Babbage B, 2002, OTHER, V2, P3, DOI 10.1/x2
ER

EF
"""
ISI_TABLE = (
    "PT\tAU\tPY\tJ9\tVL\tBP\tDI\tCR\n"
    "J\tLovelace, A; Babbage, B\t2001\tNOTES\t1\t7\t\t\n"
    "J\tBabbage, B\t2002\t\t\t\t10.1/X2\tLovelace A, 2001, NOTES, V1, P7\n"
    "J\t\t2003\tLAST\t\t\t\tLOVELACE A, 2001, NOTES, V1, P7; Babbage B, 2002, OTHER, V2, P3, DOI 10.1/x2\n"
)
SCHOLAR = (
    '{"paperId": "1", "year": 2001, "references": [], "authors": [{"name": "Ada"}, {"name": "Ben"}]}\n'
    '{"paperId": "2", "year": 2002, "references": [{"paperId": "1"}], "authors": [{"name": "Ben"}]}\n'
    '{"paperId": "3", "year": 2003, "references": [{"paperId": "1"}, {"paperId": "2"}], "authors": []}\n'
)


@pytest.mark.parametrize(("text", "name", "ada", "ben"), [
    (OPENALEX, "w.jsonl", "Ada", "Ben"),
    (TABLE, "w.csv", "Ada", "Ben"),
    (ISI, "w.txt", "Lovelace, A", "Babbage, B"),
    (ISI_TABLE, "w.txt", "Lovelace, A", "Babbage, B"),
    (SCHOLAR, "w.jsonl", "Ada", "Ben"),
])  # fmt: skip
def test_works_have_authors(text: str, name: str, ada: str, ben: str) -> None:
    tape = read(text, name)
    assert tape.provenance["format"] == "works"
    # W1 has 1 of W2's unit, 1/2 of W3's, and half of W2's 1/2; its authors share it
    assert by_name(credit(tape)) == pytest.approx({ada: 0.875, ben: 1.125})
    assert (tape.total, tape.mended) == (2.0, {"work without authors, so its own": 1})


def test_works_without_a_name_a_date_or_an_end() -> None:
    tape = read("paper,date,references\nA,NA,\nB,2001,A\n,2001,A\n,2002,A\n")
    assert (tape.dropped, tape.mended) == ({"no time": 1, "no target": 2}, {"root placed": 1})
    whole = read(ISI, "w.txt")
    for cut in (ISI[: ISI.rindex("ER\n")], ISI.replace("ER\n\nPT", "PT", 1)):
        assert read(cut, "w.txt") == whole
        assert read(cut, "w.txt").mended == {**whole.mended, "record without ER": 1}


@pytest.mark.parametrize(("options", "expected"), [
    ({}, "1 discover a; 2 learn b by a; 3 learn c by a 0.5, b 0.5"),
    ({"told_by": "latest"}, "1 discover a; 2 learn b by a; 3 learn c by b"),
    ({"told_by": "first"}, "1 discover a; 2 learn b by a; 3 learn c by a"),
    ({"network": nx.DiGraph([("c", "a"), ("a", "c")])}, "1 discover a; 2 discover b; 3 learn c by a"),
    ({"network": pd.DataFrame({"followee": ["b"], "follower": ["c"]})}, "1 discover a; 2 discover b; 3 learn c by b"),
    ({"network": pd.DataFrame({"source": ["c", "b"], "target": ["b", "c"]})},
     "1 discover a; 2 discover b; 3 learn c by b"),
    ({"network": nx.Graph([("b", "c")])}, "1 discover a; 2 discover b; 3 learn c by b"),
])  # fmt: skip
def test_tellers_are_imputed_by_a_rule(options: dict[str, Any], expected: str) -> None:
    tape = read("k a,1 b,2 c,3 b,4\n", "casc.txt", "cascades", **options)
    assert in_words(tape) == expected
    assert tape.dropped == {HELD: 1}
    assert tape.provenance["read_as"]["imputed"].startswith("told by ")
    assert in_words(read("k\ta,1 b,2 c,3 b,4\n", "casc.txt", "cascades", **options)) == expected
    table = "user,time\na,1\nb,2\nc,3\nb,4\n"
    assert in_words(read(table, format="adoptions", **options)) == expected


def test_of_the_latest_tellers_of_one_time_the_first_by_name_counts() -> None:
    for network in (None, nx.Graph([("c", "a"), ("c", "b")])):
        tape = read("k a,1 b,1 c,2\n", "casc.txt", told_by="latest", network=network)
        assert in_words(tape) == "1 discover a; 1 discover b; 2 learn c by a"
    tape = read("person,time,idea\na,1,idea\nb,2,\n", format="adoptions")  # a nameless idea is called idea
    assert (tape.ideas, in_words(tape)) == (("idea",), "1 discover a; 2 learn b by a")


@pytest.mark.parametrize("text", ["x a,1 b,2\nx c,1 d,2\n", "2 a,1 b,2\nc,1 d,2 e,3\n"])
def test_two_cascades_of_one_name_are_refused(text: str) -> None:
    assert "that of line 1; allowed: a name once" in refusal(text, "casc.txt").partition(" is ")[2]


def test_adoption_curves_are_counts() -> None:
    graph = nx.gnp_random_graph(60, 0.1, seed=4, directed=True)
    times = np.random.default_rng(3).integers(1, 9, 60)
    nx.set_node_attributes(graph, dict(enumerate(times.tolist())), "time")
    tape = read_log(graph, "adoptions", until=7)
    adopted = tape.events.step[tape.events.kind <= LEARN] + tape.provenance["time_origin"]
    assert np.bincount(adopted, minlength=9)[:8].tolist() == np.bincount(times, minlength=9)[:8].tolist()
    names = np.array([int(name) for name in tape.persons.name])[tape.events.person]
    found = zip(names[tape.influences.child].tolist(), names[tape.influences.parent].tolist(), strict=True)
    assert {*found} == {(u, v) for u, v in graph.edges if times[v] < times[u] <= 7}


def test_journeys() -> None:
    log = "path;conversions;value;null\na > b > a;2;10;1\nb;0;0;3\nb > c > c;1;4;0\n"
    tape = read(log, "j.csv")
    assert (tape.provenance["format"], tape.total) == ("journeys", 3.0)
    assert credit(tape, "shapley").total == pytest.approx(3.0)
    assert read(log, "j.csv", columns={"total_value": "value"}).total == 14.0
    paths = [["a", "b", "a"], ["a", "b", "a"], ["b"], ["b", "c", "c"]]
    for order in (1, 2, 3):
        expected = removal_effect(paths, [True, False, False, True], [2, 1, 3, 1], order)
        removal = {name: lost for name, lost in zip(expected.channel, expected.removal, strict=True) if lost}
        assert by_name(credit(tape, "removal", order=order), "raw") == pytest.approx(removal)
    with pytest.raises(ValueError, match="removal is about journeys"):
        credit(edges("1,a,b"), "removal")
    says = refusal("path,conversions,total_value\na,1,2\na > b,0,9.5\n", columns="total_value=total_value")
    assert says == "log.csv:3: total_value 9.5 without conversions; allowed: 0, or conversions"


LEDGER = "child,parent,time,person,idea,kind,{}parent_time,parent_person\n0,,1,ana,wheel,discover,{}\n"


@pytest.mark.parametrize(("text", "says"), [
    ("path,conversions,nulls\na > b,1,0\nb,18446744073709551616,0\n", ":3: wrong conversions 1.84467e+19"),
    ("path,conversions,nulls\na > b,1,1e26\n", ":2: wrong nulls 1e+26; allowed: whole numbers up to 1e+12"),
    ("path,conversions,nulls\na > b,0.5,1\n", ":2: wrong conversions 0.5"),
    (LEDGER.format("", ",") + "1,0,2,ana,wheel,realise,1,ana\n", "no column value; allowed: one"),
    (LEDGER.format("count,", "9007199254740994,,"), "row 1: wrong count; allowed: whole numbers up to 9007199"),
    (LEDGER.format("", ",") + "1e30,0,2,ben,wheel,learn,1,ana\n", "row 2: wrong child"),
    (LEDGER.format("", ",") + "1.5,0,2,ben,wheel,learn,1,ana\n", "row 2: wrong child; allowed: whole numbers"),
    (LEDGER.format("count,", "1.5,,"), "row 1: wrong count; allowed: whole numbers"),
    (LEDGER.format("", ",") + "0,,1,ben,wheel,discover,,\n", "row 2: another person of event 0 than before"),
    (LEDGER.format("", ",") + "1,7,2,ben,wheel,learn,,ana\n", "row 2: no parent_time of 7, which has no row"),
    ("path,conversions\na > b,1\nb > customers,1\n", ":3: a channel is called 'customers'"),
])  # fmt: skip
def test_numbers_that_cannot_be_counted_are_refused_by_row(text: str, says: str) -> None:
    assert says in refusal(text, "log.csv")


YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d9" attr.name="time" attr.type="string"/>
<graph edgedefault="directed"><node id="n0"><data key="d6"><y:ShapeNode><y:NodeLabel>Ada</y:NodeLabel></y:ShapeNode>
</data></node><node id="n1"><data key="d6"><y:ShapeNode><y:NodeLabel>Ben</y:NodeLabel></y:ShapeNode></data></node>
<edge source="n0" target="n1"><data key="d9">2020-01-02</data></edge></graph></graphml>"""
GEPHI = """<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph mode="dynamic" {}><nodes><node id="0" label="Ada"/>
<node id="1" label="Ben"/></nodes><edges><edge id="0" source="0" target="1" type="directed" {}</edges></graph></gexf>"""
SPELLS = "><spells><spell start='2020-01-02' end='2020-01-05'/></spells></edge>"
PAJEK = '*Vertices 2\n1 "Ada" 0.1 0.2\n2 "Ben"\n*Arcs\n1 2 1 [1577923200-*]\n'
LINKS = '{"directed": true, "nodes": [{"name": "Ada"}, {"name": "Ben"}], "links": [{"source": 0, "target": 1, "date": '


@pytest.mark.parametrize(("text", "name", "format"), [
    (YED, "y.graphml", "graphml"),
    *((GEPHI.format('defaultedgetype="directed"', more), "g.gexf", "gexf") for more in (
        "start='2020-01-02T00:00:00.000Z'/>", SPELLS, "timestamp='2020-01-02'/>", "timestamps='[2020-01-02]'/>",
        "spells='&lt;[2020-01-02,2020-01-05]&gt;'/>")),
    (GEPHI.format("", SPELLS), "undeclared", "gexf"),
    (PAJEK, "p.net", "pajek"),
    (LINKS + '"2020-01-02"}]}', "n.json", "node-link"),
])  # fmt: skip
def test_graphs_of_other_programs(text: str, name: str, format: str) -> None:
    tape = read(text, name)
    assert (tape.provenance["format"], tape.persons.name) == (format, ("Ada", "Ben"))
    assert tape.events.step[-1] == 1577923200


@pytest.mark.parametrize("text", ["é,1 b,2 c,3\n", ISI.replace("Lovelace", "Lovelacé"), PAJEK.replace("Ada", "Adé")])
def test_a_guessed_encoding_is_said(text: str) -> None:
    assert read(text.encode("latin-1"), "log.txt").provenance["read_as"]["encoding"] == "Latin-1, a guess"


def test_the_question_of_a_table_without_a_meaning() -> None:
    assert "Say which" in refusal("time,sender_id,to\n1,a,b\n")
    assert read("1 2 5\n", format="edges").persons.name == read("1 2 5\n", kind="contact").persons.name == ("1", "2")
    assert read("1 2 5\n", format="citations", citations_as="learning").persons.name == ("2", "1")
