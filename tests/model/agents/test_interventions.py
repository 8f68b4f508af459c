"""What is scheduled: each kind, whom it finds, what it changes and from when on."""

import itertools
import math
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim import IdeaDiffusion, Scenario, Tape
from sim.model.agents.interventions import EFFECTS
from sim.scenario.references import SETTABLE
from tests.model.agents import deed, happened, make, parents, rich, rows, run, value_by_person, z

FOREVER = {"telling_period": "forever"}
SEEDS = (3, 4, 5, 6)
SURE = {"discovery_rate": math.inf}
NOTEBOOK = "1 discover A; 2 set dynamics.abandon_rate=inf; 3 set dynamics.abandon_rate=0.0; 4 find B of=A"
IN_ORDER = ["2 discover A", "2 implement A", "2 die A", "2 discover B"]


def test_every_kind_of_the_scenario_has_its_function():
    (entry,) = Scenario.model_fields["interventions"].annotation.__args__
    models = getattr(entry, "__origin__", entry).__args__
    assert {model.model_fields["kind"].annotation.__args__[0] for model in models} == {*EFFECTS, "tie", "cut"}


def case(interventions: str, expected: str, skipped: int = 0, steps: int = 9, **sections: Any) -> Any:
    """What the interventions among A, B and C lead to, and how many of them are in vain."""
    scenario = make(steps, **{"persons": "A; B; C"} | sections, interventions=interventions)
    return pytest.param(scenario, expected, skipped, id=interventions[:60])


@pytest.mark.parametrize(("scenario", "expected", "skipped"), [
    case("2 discover A; 2 discover everyone; 4 discover B", "2 discover A; 2 discover B; 2 discover C", 2),
    case("1 discover everyone pairing=each", "1 discover A k 1; 1 discover B k 2; 1 discover C k 3", ideas="k*3"),
    case("1 discover everyone idea='k 2'", "1 discover A k 2; 1 discover B k 2; 1 discover C k 2", ideas="k*3"),
    case("1 discover everyone", "; ".join(f"1 discover {who} k {k}" for who in "ABC" for k in (1, 2)), ideas="k*2"),
    case("1 discover A; 2 implement everyone; 3 implement A", "1 discover A; 2 implement A", 3),
    case("1 discover A; 3 tell A to=B; 4 tell everyone to=everyone", "1 discover A; 3 learn B; 4 learn C", 1),
    case("3 tell A to=B; 4 tell everyone to=world", "", 4),
    case("3 tell crowd to=B", "", 1),
    case("2 discover A; 2 tell A to=C", "2 discover A; 2 learn C"),
    case("1 discover A; 2 publish A", "1 discover A; 2 learn B; 2 learn C"),
    case("1 discover A; 2 publish A reach=0.0", "1 discover A"),
    case("1 discover A; 2 publish everyone", "1 discover A; 2 learn B; 2 learn C", 2),
    case("1 discover B; 2 rewrite everyone clarity=0.5", "1 discover B", 2),
    case("1 discover B; 2 lock everyone", "1 discover B", 2),
    case("1 discover B; 2 unlock everyone", "1 discover B", 2),
    case(NOTEBOOK, "1 discover A; 2 abandon A; 4 learn B"),  # a notebook never forgets
    case("2 find B of=A", "", 1),
    case("1 discover A; 2 find A of=A", "1 discover A", 1),
    case("1 discover A; 2 die B; 3 find B of=A", "1 discover A", 1),
    case("1 discover A; 2 find B of=A; 3 find B of=A", "1 discover A; 2 learn B", 1),
    case("6 born C", "1 discover A; 4 discover B; 6 learn C", steps=7, dynamics=FOREVER | SURE,
         persons="A reach=1.0 creativity=1.0; B creativity=1.0 born=4; C"),
    case("1 discover A; 3 tell A to=B; 5 born B", "1 discover A"),  # the unborn hear nothing
    case("3 die A; 5 set persons.A.creativity=0.0; 6 find A of=A", "1 discover A; 3 leave A", 1,
         persons="A creativity=1.0 born=0; B", dynamics=SURE),
    case("5 born A", "1 discover A; 3 leave A; 5 discover A",  # anew
         persons="A creativity=1.0 born=1 dies=3; B", dynamics=SURE),
    case("3 die A; 4 die everyone", "", 1),
    case("1 discover A; 2 cut A>B", "1 discover A; 2 learn C", world={"size": 10**9},
         persons="A reach=2e-9; B; C", ties="A>B; A>C"),
    case("1 discover everyone; 2 set dynamics.abandon_rate=inf; 2 set persons.A.keeps=true; "
         "2 set persons.B.keeps=true; 5 set persons.B.keeps=false",
         "1 discover A; 1 discover B; 1 discover C; 2 abandon C; 5 abandon B"),
    case("; ".join(IN_ORDER), "2 discover A; 2 implement A; 2 leave A; 2 discover B"),
    case("; ".join(IN_ORDER[::-1]), "2 discover B", 2),
    case("; ".join(IN_ORDER[2:] + IN_ORDER[:2]), "2 discover B", 2),
    case("7 discover A", "", steps=6),  # after the end
    case("6 discover A", "6 discover A", steps=6),
])  # fmt: skip
def test_what_interventions_do_and_which_are_in_vain(scenario, expected, skipped):
    model = IdeaDiffusion(scenario)
    tape = model.run()
    assert happened(tape) == expected
    assert tape.provenance.get("interventions_without_effect", 0) == model.skipped == skipped


def test_tell_to_the_world_includes_the_crowd():
    entries = "1 discover A; 2 tell A to=world"
    tape = run(make(3, persons="A; B; C", world={"size": 1000}, interventions=entries))
    assert happened(tape) == "1 discover A; 2 learn B; 2 learn C"
    assert tape.events.count.tolist() == [1, 1, 1, 997]


def test_who_is_told_understands_as_from_anybody():
    count = 4000
    tape = run(make(2, persons=f"A clarity=0.5; B*{count} understanding=0.8", ideas="idea clarity=0.7",
                    interventions="1 discover A; 2 tell A to=B"))  # fmt: skip
    assert abs(z(len(rows(tape, "learn")), count, 0.5 * 0.8 * 0.7)) < 4


def test_publish_reaches_everybody_alike_and_all_independently():
    # Six readers, each reached with .5 and understanding with .5.
    entries = "1 discover A; 1 publish A reach=0.5"
    scenario = make(1, persons="A; B*6", ideas="idea clarity=0.5", interventions=entries)
    runs = 1500
    who = Counter(frozenset(p for _, _, p, _ in rows(run(scenario, seed), "learn")) for seed in range(runs))
    for person in range(1, 7):
        assert abs(z(sum(n for those, n in who.items() if person in those), runs, 0.25)) < 4
    for three in ({1, 2, 3}, {4, 5, 6}, {1, 3, 5}):
        parts = [{*those} for size in range(4) for those in itertools.combinations(three, size)]
        counts = [sum(n for those, n in who.items() if those & three == part) for part in parts]
        expected = [runs * 0.25 ** len(part) * 0.75 ** (3 - len(part)) for part in parts]
        assert stats.chisquare(counts, expected).pvalue > 1e-4


def test_publish_reaches_ties_and_strangers_and_the_crowd_by_its_own_reach():
    count = 3000
    tape = run(make(2, persons=f"A reach=0.0; B*{count}; tie*{count}", world={"size": 10**7}, ties="A>tie",
                    interventions="1 discover A; 2 publish A reach=0.3"))  # fmt: skip
    learned = [p for _, _, p, _ in rows(tape, "learn")]
    for first in (0, count):
        assert abs(z(sum(first < p <= first + count for p in learned), count, 0.3)) < 4
    assert tape.events.count.tolist()[-1] == round((10**7 - 1 - 2 * count) * 0.3)
    assert set(parents(tape, len(tape.events) - 1)) == {0}


REWRITE_TWICE = "3 rewrite A clarity=1.0; 4 rewrite A clarity=1.0"
LONGER = "2 set dynamics.telling_period=forever"


@pytest.mark.parametrize(("interventions", "period", "told"), [
    ("", 1.0, [2]), ("5 rewrite A clarity=1.0", 1.0, [2, 5]), ("5 rewrite A clarity=1.0", 3.0, [2, 3, 4, 5, 6, 7]),
    ("1 rewrite A clarity=1.0", 1.0, [2]), ("2 rewrite A clarity=1.0", 1.0, [2]),
    (REWRITE_TWICE, 2.0, [2, 3, 4, 5]),
    ("4 lock A", "forever", [2, 3]), ("1 lock A", "forever", []), ("4 lock A; 7 unlock A", "forever", [2, 3, 7, 8, 9]),
    ("4 lock A; 7 unlock A", 2.0, [2, 3, 7, 8]), ("1 lock A; 1 unlock A", 2.0, [2, 3]), ("4 unlock A", 1.0, [2, 4]),
    (LONGER, 1.0, [2]),  # for what is adopted from then on
    ("1 set dynamics.telling_period=forever", 1.0, [2]),
    (f"{LONGER}; 4 unlock A", 1.0, [2, 4, 5, 6, 7, 8, 9]),
])  # fmt: skip
def test_when_somebody_tells_who_knows_since_step_1(interventions, period, told):
    found = []
    for step in range(2, 10):  # B listens in this step alone
        listens = f"{step} set persons.B.understanding=1.0; {step + 1} set persons.B.understanding=0.0"
        tape = run(make(9, {"telling_period": period}, persons="A reach=1.0; B understanding=0.0",
                        interventions=f"1 discover A; {interventions}; {listens}"))  # fmt: skip
        found += [s for s, _, _, _ in rows(tape, "learn")]
    assert found == told


def test_rewrite_changes_the_clarity_of_the_idea_for_everybody():
    count = 4000
    entries = "1 discover A; 2 discover B; 3 rewrite A clarity=0.25; 3 lock A"
    model = IdeaDiffusion(make(4, persons=f"A reach=1.0; B reach=1.0; C*{count}", ideas="idea clarity=1e-9",
                               interventions=entries))  # fmt: skip
    learned = rows(model.run(), "learn")
    assert {step for step, *_ in learned} == {3}
    assert abs(z(len(learned), count, 0.25)) < 4  # of B, at the clarity that A gave it
    other = IdeaDiffusion(make(3, persons="A", interventions="2 rewrite A clarity=0.5"))  # who does not hold it
    other.run()
    assert (model.ideas["clarity"], other.ideas["clarity"]) == ([0.25], [1.0])


def test_the_notebook_of_the_dead_is_found():
    entries = "1 discover A; 2 die A; 4 find B of=A idea='k 2'; 5 find B of=A; 6 find C of=B idea='k 1'"
    tape = run(make(9, persons="A; B; C", ideas="k*2", interventions=entries))
    assert happened(tape, "learn") == "4 learn B k 2; 5 learn B k 1; 6 learn C k 1"
    assert [parents(tape, e) for e in (4, 5, 6)] == [{1: 1.0}, {0: 1.0}, {5: 1.0}]


@pytest.mark.parametrize(("interventions", "found"), [
    (f"{NOTEBOOK}; 5 discover A; 6 find C of=A", {2: {0: 1.0}, 4: {3: 1.0}}),  # says what was written last
    ("1 discover B; 1 discover C; 3 find A of=everyone", {2: {0: 1.0}}),  # of several the first that has it
])  # fmt: skip
def test_what_is_found_is_owed_to_who_wrote_it(interventions, found):
    tape = run(make(6, {"readopt": True}, persons="A; B; C", interventions=interventions))
    assert {event: parents(tape, event) for event in found} == found


@pytest.mark.parametrize(("ends", "dies"), [("dies=5", ""), ("", "; 5 die A")])
def test_the_dead_leave_what_they_held_and_do_nothing_any_more(ends, dies):
    entries = f"1 discover A idea='k 1'; 2 discover A idea='k 2'; 7 discover A{dies}"
    tape = run(make(9, FOREVER, persons=f"A reach=1.0 {ends}; B skill=1.0; C born=6", ideas="k*2",
                    impact={"value_of": "held"}, interventions=entries))  # fmt: skip
    told = "1 discover A k 1; 2 discover A k 2; 2 learn B k 1; 3 learn B k 2; 5 leave A k 1; 5 leave A k 2"
    assert happened(tape) == told
    assert value_by_person(tape) == {0: 3.0 + 2.0, 1: 7.0 + 6.0}


@pytest.mark.parametrize(("added", "cut"), [(3, 5), (2, 9), (4, 4)])
def test_a_tie_is_there_from_its_step_on_and_until_it_is_cut(added, cut):
    found = []
    for step in range(2, 9):  # A speaks in this step only, to one of a thousand millions if there is no tie
        speaks = f"{step} set persons.A.reach=1e-9; {step + 1} set persons.A.reach=0.0"
        entries = f"1 discover A; {added} tie A>B; {cut} cut A>B; {speaks}"
        tape = run(make(9, FOREVER, persons="A; B; C", world={"size": 10**9}, interventions=entries))
        found += [s for s, _, person, _ in rows(tape, "learn") if person == 1]
    assert found == list(range(added, cut))


VALUES: dict[str, Any] = {
    "dynamics.discovery_rate": 0.3, "dynamics.telling_period": "forever", "dynamics.audience": "ties",
    "dynamics.adoption": "threshold", "dynamics.credited_tellers": "all", "dynamics.stifling": "both",
    "dynamics.resolve_rate": 5.0, "dynamics.implementation_rate": 0.5, "dynamics.release_delay": 6,
    "dynamics.abandon_rate": 0.4, "dynamics.abandon_rate_working": 0.4, "dynamics.readopt": False,
    "ideas.wheel.value": 3.0, "ideas.axle.clarity": 0.1, "ideas.axle.difficulty": 0.5, "ideas.cart.discovery_rate": 5.0,
    "ideas.wheel.hesitation": 0.9, "persons.team.creativity": 1.0, "persons.Ann.reach": 0.1, "persons.team.skill": 0.0,
    "persons.Ann.clarity": 0.1, "persons.team.understanding": 0.0, "persons.team.threshold": 1.0,
    "persons.Ann.keeps": False,
}  # fmt: skip


def test_every_key_that_can_be_set_is_tried():
    tried = {(key.partition(".")[0], key.rpartition(".")[2]) for key in VALUES}
    assert tried == {(section, field) for section, fields in SETTABLE.items() for field in fields}


@cache
def rich_without(kind: str, variant: str) -> tuple[Scenario, list[dict[str, Any]], list[Tape]]:
    """The rich world but for interventions of a kind, what remains of them, and some runs."""
    base = rich(variant)
    entries = base.model_dump(by_alias=True, exclude_unset=True)["interventions"]
    entries = [entry for entry in entries if entry["kind"] != kind]
    plain = base.replace({"interventions": entries})
    return plain, entries, [run(plain, seed) for seed in SEEDS]


@pytest.mark.parametrize("key", VALUES)
def test_what_is_set_at_first_is_as_if_the_file_had_said_so_and_later_changes_nothing_before(key):
    variant = "threshold" if key.endswith("threshold") else "simple"
    base, entries, runs = rich_without("", variant)
    later = base.replace({"interventions": [*entries, deed(10, "set", key=key, value=VALUES[key])]})
    before, after = ([row for row in rows(tape) if row[0] < 10] for tape in (runs[0], run(later, SEEDS[0])))
    assert before == after
    same = {"ideas.axle.clarity": "rewrite", "ideas.wheel.value": "set"}.get(key, "")  # which the rich world has
    plain, entries, plains = rich_without(same, variant)
    by_file = plain.replace({key: VALUES[key]})
    by_deed = plain.replace({"interventions": [deed(1, "set", key=key, value=VALUES[key]), *entries]})
    deeds, files = ([run(scenario, seed) for seed in SEEDS] for scenario in (by_deed, by_file))
    assert plains != deeds == files


def check_rates(steps: list[int], chances: list[float], left: int) -> None:
    """In each step from 1 on those who are left come with its chance."""
    for step, chance in enumerate(chances, 1):
        new = steps.count(step)
        assert abs(z(new, left, chance)) < 4 if chance else new == 0
        left -= new


def test_a_rate_is_that_of_the_step():
    count, first, then = 3000, 0.1, 0.6
    entries = f"4 set dynamics.discovery_rate={then}; 7 set dynamics.discovery_rate=0.0"
    tape = run(make(8, {"discovery_rate": first}, population={"count": count, "creativity": 1.0},
                    ideas="common; own discovery_rate=0.1", interventions=entries))  # fmt: skip
    chances = [1 - math.exp(-rate) for rate in [first] * 3 + [then] * 3 + [0.0] * 2]
    check_rates([s for s, _, _, i in rows(tape) if i == 0], chances, count)
    own = sum(i == 1 for *_, i in rows(tape))
    assert abs(z(own, count, 1 - math.exp(-0.1 * 8))) < 4


def test_the_rate_of_an_idea_is_set_whatever_the_common_one():
    entries = "2 set ideas.a.discovery_rate=inf; 4 set dynamics.discovery_rate=inf"
    tape = run(make(6, population={"count": 5, "creativity": 1.0}, ideas="a; b", interventions=entries))
    assert Counter((s, i) for s, _, _, i in rows(tape)) == {(2, 0): 5, (4, 1): 5}


@pytest.mark.parametrize(("name", "who"), [
    ("A 2", [1]), ("A", [0, 1, 2]), ("everyone", [0, 1, 2, 3, 4]), ("population", [4]), ("B", [3]),
])  # fmt: skip
def test_groups_members_and_everyone_are_set(name, who):
    entry = f"1 set 'persons.{name}.skill=0.5'"
    model = IdeaDiffusion(make(1, persons="A*3 creativity=0.5; B", population={"count": 1}, interventions=entry))
    model.run()
    assert np.flatnonzero(model.agents.get("skill")).tolist() == who


def test_gifts_begin_a_new_wait_when_they_change():
    # Half of them get the gift in step 3: from then on they have the idea as the others have had it from step 1 on.
    count, q = 3000, 1 - math.exp(-0.3)
    entries = "3 set persons.B.creativity=1.0; 4 set persons.A.creativity=0.0; 6 set persons.A.creativity=1.0"
    tape = run(make(6, {"discovery_rate": 0.3}, persons=f"A*{count} creativity=1.0; B*{count}", interventions=entries))
    for who, steps in ((0, [1, 2, 3, 6]), (1, [3, 4, 5, 6])):
        check_rates(
            [s for s, _, p, _ in rows(tape) if p // count == who], [q * (s in steps) for s in range(1, 7)], count
        )
