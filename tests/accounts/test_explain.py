"""Why a person has a credit: parts that sum to it, ways that the tape holds, losses that knockout confirms."""

import json
import sys
from typing import Any

import pandas as pd
import pytest

from sim import Scenario, Tape, credit, read_log, simulate
from sim.accounts.explain import Explanation, explain, in_words
from sim.accounts.over_time import credit_over_time
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN
from tests import cases
from tests.loops import compile_all
from tests.tapes import by_name, chain, make_tape, tapes

LINEAR = ("role-flow", "shapley", "owen", "position", "priority")


@cases(60, tapes())
def test_the_parts_of_every_division_sum_to_the_credit(tape: Tape) -> None:
    for method in LINEAR:
        table = credit(tape, method)
        for name, value in zip(table.persons.person, table.persons.credit.tolist(), strict=True):
            why = explain(tape, name, method)
            assert why.credit == value
            assert why.total == table.total
            parts = [[part.credit for part in those] for those in (why.ideas, why.lineages, why.times)]
            for each in (*parts, *([why.roles.values()] if why.roles else [])):
                assert sum(each) == pytest.approx(value, rel=1e-9, abs=1e-12 * table.total)
            text = list(in_words(why))
            assert not any("\n" in line for line in text)
            assert text[0].startswith(name)


def bridge() -> Tape:
    """A tells B and E, B tells C, C tells D; each who learns is worth 1, and D uses what C made."""
    events = [*chain(0, 1, 2), (LEARN, 4, {0: 1.0}), (IMPLEMENT, 2, {2: 1.0}), (LEARN, 3, {2: 1.0})]
    return make_tape("ABCDE", events, [(1, -1, 1.0), (2, -1, 1.0), (3, -1, 1.0), (5, 4, 3.0)])


def ways(why: Explanation) -> dict[str, tuple[int, float]]:
    return {part.name: (part.adoptions, round(part.credit, 9)) for part in why.lineages}


def test_the_ways_are_those_of_the_tape() -> None:
    # 1 each by B, C and E: half for the idea, half for who told (B's and E's teller is A, C's is B); of D's 3 one for
    # the idea, one for the tellers B and C, one for C's implementation.
    told = {"B: 3 adoptions": (3, 1.0 + 0.5 + 1.0), "others: one adoption": (1, 1.0)}
    assert ways(explain(bridge(), "A")) == {f"A had idea 0 at 1 and told {whom}": part for whom, part in told.items()}
    assert ways(explain(bridge(), "B")) == {"A had idea 0 at 1 and told B, who told C: 2 adoptions": (2, 1.0)}
    why = explain(bridge(), "C")
    assert ways(why) == {"A had idea 0 at 1 and told B, who told C: 2 adoptions": (2, 1.5)}  # C's own is one of them
    assert why.roles == pytest.approx({"idea": 0.0, "communication": 0.5, "implementation": 1.0})
    assert (why.lost, why.rank, why.ranked) == (3.0, 2, 3)


@pytest.mark.parametrize(("events", "person", "name"), [
    # Of tellers with equal parts the earliest is named, as the figures do.
    ([*chain(0, 1), (LEARN, 2, {0: 1.0}), (LEARN, 3, {1: 0.5, 2: 0.5})], "A", "A had idea 0 at 1 and told B"),
    # The idea of a way is that of its discoverer.
    ([*chain(0, 1), (DISCOVER, 1, {1: 1.0}, 1, 1), (LEARN, 2, {2: 1.0}, 1, 1)], "B", "A had idea 0 at 1 and told B"),
])  # fmt: skip
def test_who_and_what_is_named_of_a_way(events: list[Any], person: str, name: str) -> None:
    (way,) = explain(make_tape("ABCD", events, [(3, -1, 1.0)]), person).lineages
    assert way.name == f"{name}: one adoption"
    assert [who for who, _ in way.lineage] == ["A", "B"]


@pytest.mark.parametrize("zero", [2000, 1_700_000_000_000_000_000])
def test_spans_and_attention_do_not_depend_on_the_zero_of_the_calendar(zero: int) -> None:
    early, late = (
        read_log(pd.DataFrame({"time": [since, since + 4, since + 29], "source": [*"ABC"], "target": [*"BCD"]}))
        for since in (1, 1 + zero)
    )
    spans = [[part.name.replace(",", "").split(" to ") for part in explain(tape, "A").times] for tape in (early, late)]
    assert [[int(end) - zero for end in span] for span in spans[1]] == [[int(end) for end in span] for span in spans[0]]
    assert by_name(credit(late, "citerank")) == by_name(credit(early, "citerank"))
    assert (credit_over_time(late).steps - zero).tolist() == credit_over_time(early).steps.tolist()


def test_what_is_made_for_others_is_a_way_of_its_own() -> None:
    tape = simulate(Scenario.load("e2_implementer"))
    (way,) = explain(tape, "P3").lineages
    assert way.name.startswith("made what works in ")
    assert way.share == pytest.approx(1 / 3)


def test_one_without_credit_has_a_sentence_and_json() -> None:
    why = explain(bridge(), "D")
    assert next(iter(in_words(why))) == "D has no credit by role-flow, of 6 realised."
    assert json.loads(json.dumps(why.to_dict()))["lineages"] == []


@cases(60, tapes())
def test_compiled_loops_trace_the_same_ways(tape: Tape) -> None:
    plain = [explain(tape, name) for name in credit(tape).persons.person]
    with pytest.MonkeyPatch.context() as patch:
        compile_all(patch, sys.modules[explain.__module__])
        assert [explain(tape, name) for name in credit(tape).persons.person] == plain


@pytest.mark.parametrize(("person", "method", "said"), [
    ("Ada", "role-flow", "no 'Ada'"),
    ("A", "event-pagerank", "allowed: role-flow, shapley"),
    ("A", "rol", "role-flow"),
])  # fmt: skip
def test_what_cannot_be_explained_is_said_in_one_line(person: str, method: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        explain(bridge(), person, method)
    assert "\n" not in str(error.value)
