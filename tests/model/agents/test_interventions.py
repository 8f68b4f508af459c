"""What is scheduled: each kind, whom it finds, what it changes and from when on."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.model.agents.interventions import DEEDS
from sim.model.agents.model import IdeaDiffusion
from sim.scenario.references import SETTABLE
from sim.scenario.scenario import Scenario
from tests.model.agents import deed, make, parents, rich, rows, run, value_by_person, z

ABC: dict[str, Any] = {"persons": [{"name": "A"}, {"name": "B"}, {"name": "C"}]}


def history(*interventions: dict[str, Any], steps: int = 6, dynamics: Any = None, **sections: Any) -> list[Any]:
    """What happened among A, B and C, `use` events apart."""
    tape = run(make(steps, dynamics, **ABC | sections, interventions=[*interventions]))
    return [row for row in rows(tape) if row[1] != "use"]


def skipped(*interventions: dict[str, Any], **sections: Any) -> int:
    """How many interventions were counted as without effect, by the model and on the tape."""
    model = IdeaDiffusion(make(9, **ABC | sections, interventions=[*interventions]))
    tape = model.run()
    assert tape.provenance.get("interventions_without_effect", 0) == model.skipped
    return model.skipped


def test_every_kind_of_the_scenario_has_its_function():
    kinds = {model.model_fields["kind"].annotation.__args__[0] for model in deed_models()}
    assert kinds == {*DEEDS, "tie", "cut"}


def deed_models() -> list[Any]:
    (entry,) = Scenario.model_fields["interventions"].annotation.__args__
    union = getattr(entry, "__origin__", entry)
    return list(union.__args__)


# --- discover, implement ----------------------------------------------------------------------------------------


def test_discover_needs_no_creativity_and_finds_who_is_open():
    found = history(deed(2, "discover", "A"), deed(2, "discover", "everyone"), deed(4, "discover", "B"))
    assert found == [(2, "discover", 0, 0), (2, "discover", 1, 0), (2, "discover", 2, 0)]
    assert skipped(deed(2, "discover", "A"), deed(2, "discover", "everyone"), deed(4, "discover", "B")) == 2


def test_discover_each_and_all():
    ideas = {"ideas": [{"name": "k", "count": 3}]}
    assert [(p, i) for _, _, p, i in history(deed(1, "discover", "everyone", pairing="each"), **ideas)] == [
        (0, 0), (1, 1), (2, 2),
    ]  # fmt: skip
    assert len(history(deed(1, "discover", "everyone"), **ideas)) == 9
    assert len(history(deed(1, "discover", "everyone", idea="k 2"), **ideas)) == 3


def test_implement_needs_who_holds_it_and_has_not_done_it():
    entries = [deed(1, "discover", "A"), deed(2, "implement", "everyone"), deed(3, "implement", "A")]
    assert history(*entries) == [(1, "discover", 0, 0), (2, "implement", 0, 0)]
    assert skipped(*entries) == 3  # B and C, and A the second time
    tape = run(make(6, **ABC, interventions=entries))
    assert parents(tape, 1) == {0: 1.0}
    assert tape.total == 4.0  # in the steps 3, 4, 5, 6


# --- tell, publish ----------------------------------------------------------------------------------------------


def test_tell_reaches_whoever_it_names_without_reach_or_tie():
    found = history(deed(1, "discover", "A"), deed(3, "tell", "A", to="B"), deed(4, "tell", "everyone", to="everyone"))
    assert found == [(1, "discover", 0, 0), (3, "learn", 1, 0), (4, "learn", 2, 0)]
    assert skipped(deed(3, "tell", "A", to="B"), deed(4, "tell", "everyone", to="world")) == 4
    assert skipped(deed(3, "tell", "crowd", to="B")) == 1


def test_tell_in_the_step_of_the_discovery_is_learned_in_it():
    assert history(deed(2, "discover", "A"), deed(2, "tell", "A", to="C")) == [
        (2, "discover", 0, 0), (2, "learn", 2, 0),
    ]  # fmt: skip


def test_tell_to_the_world_includes_the_crowd():
    tape = run(
        make(3, **ABC, world={"size": 1000}, interventions=[deed(1, "discover", "A"), deed(2, "tell", "A", to="world")])
    )
    assert rows(tape)[1:] == [(2, "learn", 1, 0), (2, "learn", 2, 0), (2, "learn", 3, 0)]
    assert tape.events.count.tolist() == [1, 1, 1, 997]


def test_who_is_told_understands_as_from_anybody():
    count = 4000
    tape = run(
        make(
            2,
            persons=[{"name": "A", "clarity": 0.5}, {"name": "B", "count": count, "understanding": 0.8}],
            ideas=[{"name": "idea", "clarity": 0.7}],
            interventions=[deed(1, "discover", "A"), deed(2, "tell", "A", to="B")],
        )
    )
    assert abs(z(len(rows(tape, "learn")), count, 0.5 * 0.8 * 0.7)) < 4


def test_publish_reaches_everybody_alike_and_all_independently():
    # Six readers, each reached with .5 and understanding with .5.
    scenario = make(
        1,
        persons=[{"name": "A"}, {"name": "B", "count": 6}],
        ideas=[{"name": "idea", "clarity": 0.5}],
        interventions=[deed(1, "discover", "A"), deed(1, "publish", "A", reach=0.5)],
    )
    runs, who = 1500, Counter()
    for seed in range(runs):
        who[frozenset(p for _, _, p, _ in rows(run(scenario, seed), "learn"))] += 1
    for person in range(1, 7):
        assert abs(z(sum(n for those, n in who.items() if person in those), runs, 0.25)) < 4
    for three in ((1, 2, 3), (4, 5, 6), (1, 3, 5)):
        counts = Counter({those: 0 for size in range(4) for those in itertools.combinations(three, size)})
        for those, n in who.items():
            counts[tuple(sorted(those & set(three)))] += n
        expected = [runs * 0.25 ** len(those) * 0.75 ** (3 - len(those)) for those in counts]
        assert stats.chisquare(list(counts.values()), expected).pvalue > 1e-4


def test_publish_reaches_ties_and_strangers_and_the_crowd_by_its_own_reach():
    count = 3000
    tape = run(
        make(
            2,
            persons=[{"name": "A", "reach": 0.0}, {"name": "B", "count": count}, {"name": "tie", "count": count}],
            world={"size": 10**7},
            ties=[{"from": "A", "to": "tie"}],
            interventions=[deed(1, "discover", "A"), deed(2, "publish", "A", reach=0.3)],
        )
    )
    learned = [p for _, _, p, _ in rows(tape, "learn")]
    assert abs(z(sum(p <= count for p in learned), count, 0.3)) < 4
    assert abs(z(sum(count < p <= 2 * count for p in learned), count, 0.3)) < 4
    assert tape.events.count.tolist()[-1] == round((10**7 - 1 - 2 * count) * 0.3)
    assert set(parents(tape, len(tape.events) - 1)) == {0}


def test_publish_to_all_and_to_nobody():
    start = deed(1, "discover", "A")
    assert len(history(start, deed(2, "publish", "A"))) == 3
    assert len(history(start, deed(2, "publish", "A", reach=0.0))) == 1
    assert skipped(start, deed(2, "publish", "everyone")) == 2


# --- rewrite, lock, unlock --------------------------------------------------------------------------------------

LOUD: dict[str, Any] = {
    "persons": [{"name": "A", "reach": 1.0}, {"name": "B", "understanding": 0.0}, {"name": "C", "understanding": 0.0}]
}


def when_told(*interventions: dict[str, Any], period: Any = 1.0, steps: int = 9) -> list[int]:
    """The steps in which A, who knows since step 1, tells: who is new in each of them?"""
    told = []
    for step in range(2, steps + 1):
        listens = deed(step, "set", key="persons.B.understanding", value=1.0)
        stops = deed(step + 1, "set", key="persons.B.understanding", value=0.0)
        found = history(
            deed(1, "discover", "A"),
            *interventions,
            listens,
            stops,
            steps=steps,
            dynamics={"telling_period": period},
            **LOUD,
        )
        told += [s for s, kind, person, _ in found if kind == "learn" and person == 1]
    return told


def test_rewrite_makes_the_idea_clear_and_tells_it_for_another_period():
    assert when_told() == [2]
    assert when_told(deed(5, "rewrite", "A", clarity=1.0)) == [2, 5]
    assert when_told(deed(5, "rewrite", "A", clarity=1.0), period=3.0) == [2, 3, 4, 5, 6, 7]
    assert when_told(deed(1, "rewrite", "A", clarity=1.0)) == [2]
    assert when_told(deed(2, "rewrite", "A", clarity=1.0)) == [2]
    assert when_told(deed(3, "rewrite", "A", clarity=1.0), deed(4, "rewrite", "A", clarity=1.0), period=2.0) == [
        2,
        3,
        4,
        5,
    ]


def test_rewrite_changes_the_clarity_of_the_idea_for_everybody():
    count = 4000
    scenario = make(
        4,
        persons=[{"name": "A", "reach": 1.0}, {"name": "B", "reach": 1.0}, {"name": "C", "count": count}],
        ideas=[{"name": "idea", "clarity": 1e-9}],
        interventions=[
            deed(1, "discover", "A"),
            deed(2, "discover", "B"),
            deed(3, "rewrite", "A", clarity=0.25),
            deed(3, "lock", "A"),
        ],
    )
    model = IdeaDiffusion(scenario)
    learned = rows(model.run(), "learn")
    assert {step for step, *_ in learned} == {3}
    assert abs(z(len(learned), count, 0.25)) < 4  # of B, at the clarity that A gave it
    assert model.ideas["clarity"] == [0.25]


def test_lock_and_unlock():
    always = {"period": "forever"}
    assert when_told(deed(4, "lock", "A"), **always) == [2, 3]
    assert when_told(deed(1, "lock", "A"), **always) == []
    assert when_told(deed(4, "lock", "A"), deed(7, "unlock", "A"), **always) == [2, 3, 7, 8, 9]
    assert when_told(deed(4, "lock", "A"), deed(7, "unlock", "A"), period=2.0) == [2, 3, 7, 8]
    assert when_told(deed(1, "lock", "A"), deed(1, "unlock", "A"), period=2.0) == [2, 3]
    assert when_told(deed(4, "unlock", "A")) == [2, 4]


def test_rewrite_lock_and_unlock_need_who_holds_it():
    for kind, more in (("rewrite", {"clarity": 0.5}), ("lock", {}), ("unlock", {})):
        assert skipped(deed(1, "discover", "B"), deed(2, kind, "everyone", **more)) == 2
    model = IdeaDiffusion(make(3, **ABC, interventions=[deed(2, "rewrite", "A", clarity=0.5)]))
    model.run()
    assert model.ideas["clarity"] == [1.0]


# --- find -------------------------------------------------------------------------------------------------------


def test_the_notebook_of_the_dead_is_found():
    tape = run(
        make(
            9,
            **ABC,
            ideas=[{"name": "k", "count": 2}],
            interventions=[
                deed(1, "discover", "A"),
                deed(2, "die", "A"),
                deed(4, "find", "B", of="A", idea="k 2"),
                deed(5, "find", "B", of="A"),
                deed(6, "find", "C", of="B", idea="k 1"),
            ],
        )
    )
    assert rows(tape, "learn") == [(4, "learn", 1, 1), (5, "learn", 1, 0), (6, "learn", 2, 0)]
    assert [parents(tape, e) for e in (4, 5, 6)] == [{1: 1.0}, {0: 1.0}, {5: 1.0}]


def test_a_notebook_never_forgets_and_says_what_was_written_last():
    give_up = [deed(2, "set", key="dynamics.abandon_rate", value=math.inf)]
    keep = [deed(3, "set", key="dynamics.abandon_rate", value=0.0)]
    entries = [deed(1, "discover", "A"), *give_up, *keep, deed(4, "find", "B", of="A")]
    assert history(*entries) == [(1, "discover", 0, 0), (2, "abandon", 0, 0), (4, "learn", 1, 0)]
    again = [deed(5, "discover", "A"), deed(6, "find", "C", of="A")]
    tape = run(make(6, {"readopt": True}, **ABC, interventions=[*entries, *again]))
    assert [parents(tape, e) for e in (2, 4)] == [{0: 1.0}, {3: 1.0}]


def test_of_several_notebooks_the_first_that_has_it_is_found():
    entries = [deed(1, "discover", "B"), deed(1, "discover", "C"), deed(3, "find", "A", of="everyone")]
    tape = run(make(4, **ABC, interventions=entries))
    assert parents(tape, 2) == {0: 1.0}


def test_what_is_not_written_cannot_be_found():
    assert skipped(deed(2, "find", "B", of="A")) == 1
    assert skipped(deed(1, "discover", "A"), deed(2, "find", "A", of="A")) == 1
    assert skipped(deed(1, "discover", "A"), deed(2, "die", "B"), deed(3, "find", "B", of="A")) == 1
    assert skipped(deed(1, "discover", "A"), deed(2, "find", "B", of="A"), deed(3, "find", "B", of="A")) == 1


# --- born, die --------------------------------------------------------------------------------------------------


def test_the_unborn_do_nothing_and_the_born_begin_in_their_step():
    people = [{"name": "A", "reach": 1.0, "creativity": 1.0}, {"name": "B", "creativity": 1.0, "born": 4}]
    found = history(
        deed(6, "born", "C"),
        persons=[*people, {"name": "C"}],
        steps=7,
        dynamics={"telling_period": "forever", "discovery_rate": math.inf},
    )
    assert found == [(1, "discover", 0, 0), (4, "discover", 1, 0), (6, "learn", 2, 0)]
    assert skipped(deed(1, "discover", "A"), deed(3, "tell", "A", to="B"), deed(5, "born", "B")) == 0


@pytest.mark.parametrize("how", ["person", "intervention"])
def test_the_dead_leave_what_they_held_and_do_nothing_any_more(how):
    people = [{"name": "A", "reach": 1.0}, {"name": "B", "skill": 1.0}, {"name": "C", "born": 6}]
    entries = [deed(1, "discover", "A", idea="k 1"), deed(2, "discover", "A", idea="k 2")]
    if how == "person":
        people[0]["dies"] = 5
    else:
        entries.append(deed(5, "die", "A"))
    sections = {"persons": people, "ideas": [{"name": "k", "count": 2}]}
    dynamics = {"telling_period": "forever", "discovery_rate": 0.0}
    found = history(*entries, deed(7, "discover", "A"), steps=9, dynamics=dynamics, **sections)
    assert found == [
        (1, "discover", 0, 0),
        (2, "discover", 0, 1),
        (2, "learn", 1, 0),
        (3, "learn", 1, 1),
        (5, "leave", 0, 0),
        (5, "leave", 0, 1),
    ]
    tape = run(make(9, dynamics, **sections, impact={"value_of": "held"}, interventions=entries))
    assert value_by_person(tape) == {0: 3.0 + 2.0, 1: 7.0 + 6.0}


def test_the_reborn_begin_anew_but_their_notebook_is_there():
    people = [{"name": "A", "creativity": 1.0}, {"name": "B"}]
    found = history(
        deed(3, "die", "A"), deed(5, "set", key="persons.A.creativity", value=0.0), deed(6, "find", "A", of="A"),
        persons=[{**people[0], "born": 0}, people[1]], dynamics={"discovery_rate": math.inf},
    )  # fmt: skip
    assert found == [(1, "discover", 0, 0), (3, "leave", 0, 0)]
    people[0] |= {"born": 1, "dies": 3}
    found = history(deed(5, "born", "A"), persons=people, dynamics={"discovery_rate": math.inf})
    assert found == [(1, "discover", 0, 0), (3, "leave", 0, 0), (5, "discover", 0, 0)]


def test_who_dies_twice_dies_once():
    assert skipped(deed(3, "die", "A"), deed(4, "die", "everyone")) == 1


# --- tie, cut ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("added", "cut"), [(3, 5), (2, 9), (4, 4)])
def test_a_tie_is_there_from_its_step_on_and_until_it_is_cut(added, cut):
    people = {"persons": [{"name": "A"}, {"name": "B"}, {"name": "C"}], "world": {"size": 10**9}}
    found = []
    for step in range(2, 9):  # A speaks in this step only, to one of a thousand millions if there is no tie
        entries = [deed(1, "discover", "A"), {"step": added, "kind": "tie", "from": "A", "to": "B"}]
        entries += [{"step": cut, "kind": "cut", "from": "A", "to": "B"}]
        entries += [deed(step, "set", key="persons.A.reach", value=1e-9)]
        entries += [deed(step + 1, "set", key="persons.A.reach", value=0.0)]
        told = history(*entries, steps=9, dynamics={"telling_period": "forever"}, **people)
        found += [s for s, kind, person, _ in told if kind == "learn" and person == 1]
    assert found == list(range(added, cut))


def test_a_cut_tie_tells_nobody():
    sections = {"ties": [{"from": "A", "to": "B"}, {"from": "A", "to": "C"}], "world": {"size": 10**9}}
    sections["persons"] = [{"name": "A", "reach": 2e-9}, {"name": "B"}, {"name": "C"}]
    cut = {"step": 2, "kind": "cut", "from": "A", "to": "B"}
    assert [p for _, k, p, _ in history(deed(1, "discover", "A"), cut, **sections) if k == "learn" and p < 3] == [2]


# --- set --------------------------------------------------------------------------------------------------------

VALUES: dict[str, Any] = {
    "dynamics.discovery_rate": 0.3,
    "dynamics.telling_period": "forever",
    "dynamics.adoption": "threshold",
    "dynamics.credited_tellers": "all",
    "dynamics.stifling": "both",
    "dynamics.resolve_rate": 5.0,
    "dynamics.implementation_rate": 0.5,
    "dynamics.release_delay": 6,
    "dynamics.abandon_rate": 0.4,
    "dynamics.abandon_rate_working": 0.4,
    "dynamics.readopt": False,
    "ideas.wheel.value": 3.0,
    "ideas.axle.clarity": 0.1,
    "ideas.axle.difficulty": 0.5,
    "ideas.cart.discovery_rate": 5.0,
    "ideas.wheel.hesitation": 0.9,
    "persons.team.creativity": 1.0,
    "persons.Ann.reach": 0.1,
    "persons.team.skill": 0.0,
    "persons.Ann.clarity": 0.1,
    "persons.team.understanding": 0.0,
    "persons.team.threshold": 1.0,
    "persons.Ann.keeps": False,
}


def test_every_key_that_can_be_set_is_tried():
    tried = {(key.partition(".")[0], key.rpartition(".")[2]) for key in VALUES}
    assert tried == {(section, field) for section, fields in SETTABLE.items() for field in fields}


@pytest.mark.parametrize("key", VALUES)
def test_what_is_set_before_anything_is_decided_is_as_if_the_file_had_said_so(key):
    base = rich("threshold" if key.endswith("threshold") else "simple")
    entries = base.model_dump(by_alias=True, exclude_unset=True)["interventions"]
    if key == "ideas.axle.clarity":  # which an entry of the rich world rewrites
        entries = [entry for entry in entries if entry["kind"] != "rewrite"]
    if key == "ideas.wheel.value":
        entries = [entry for entry in entries if entry["kind"] != "set"]
    plain = base.replace({"interventions": entries})
    by_file = plain.replace({key: VALUES[key]})
    by_deed = plain.replace({"interventions": [deed(1, "set", key=key, value=VALUES[key]), *entries]})
    seeds = (3, 4, 5, 6)
    assert [run(by_deed, seed) for seed in seeds] == [run(by_file, seed) for seed in seeds]
    assert [run(by_deed, seed) for seed in seeds] != [run(plain, seed) for seed in seeds]


@pytest.mark.parametrize("key", VALUES)
def test_what_is_set_later_changes_nothing_before(key):
    base = rich("threshold" if key.endswith("threshold") else "simple")
    entries = base.model_dump(by_alias=True, exclude_unset=True)["interventions"]
    changed = base.replace({"interventions": [*entries, deed(10, "set", key=key, value=VALUES[key])]})
    for seed in (1,):
        before, after = ([row for row in rows(run(s, seed)) if row[0] < 10] for s in (base, changed))
        assert before == after


def test_a_rate_is_that_of_the_step():
    count, first, then = 3000, 0.1, 0.6
    scenario = make(
        8,
        {"discovery_rate": first},
        population={"count": count, "creativity": 1.0},
        ideas=[{"name": "common"}, {"name": "own", "discovery_rate": 0.1}],
        interventions=[
            deed(4, "set", key="dynamics.discovery_rate", value=then),
            deed(7, "set", key="dynamics.discovery_rate", value=0.0),
        ],
    )
    tape = run(scenario)
    left, alive = count, 1.0
    for step, rate in enumerate([first] * 3 + [then] * 3 + [0.0] * 2, 1):
        new = sum(s == step and i == 0 for s, _, _, i in rows(tape))
        chance = 1 - math.exp(-rate)
        assert new == 0 if rate == 0.0 else abs(z(new, left, chance)) < 4
        left -= new
        alive *= 1 - chance
    own = sum(i == 1 for *_, i in rows(tape))
    assert abs(z(own, count, 1 - math.exp(-0.1 * 8))) < 4


def test_the_rate_of_an_idea_is_set_whatever_the_common_one():
    people = {"population": {"count": 5, "creativity": 1.0}, "ideas": [{"name": "a"}, {"name": "b"}]}
    entries = [
        deed(2, "set", key="ideas.a.discovery_rate", value=math.inf),
        deed(4, "set", key="dynamics.discovery_rate", value=math.inf),
    ]
    tape = run(make(6, **people, interventions=entries))
    assert sorted(Counter((s, i) for s, _, _, i in rows(tape)).items()) == [((2, 0), 5), ((4, 1), 5)]


def test_groups_members_and_everyone_are_set():
    people = [{"name": "A", "count": 3, "creativity": 0.5}, {"name": "B"}]
    for name, who in (("A 2", [1]), ("A", [0, 1, 2]), ("everyone", [0, 1, 2, 3, 4]), ("population", [4]), ("B", [3])):
        model = IdeaDiffusion(
            make(
                1,
                persons=people,
                population={"count": 1},
                interventions=[deed(1, "set", key=f"persons.{name}.skill", value=0.5)],
            )
        )
        model.run()
        assert np.flatnonzero(model.agents.get("skill")).tolist() == who


def test_gifts_begin_a_new_wait_when_they_change():
    # Half of them get the gift in step 3: from then on they have the idea as the others have had it from step 1 on.
    count, q = 3000, 1 - math.exp(-0.3)
    tape = run(
        make(
            6,
            {"discovery_rate": 0.3},
            persons=[{"name": "A", "count": count, "creativity": 1.0}, {"name": "B", "count": count}],
            interventions=[
                deed(3, "set", key="persons.B.creativity", value=1.0),
                deed(4, "set", key="persons.A.creativity", value=0.0),
                deed(6, "set", key="persons.A.creativity", value=1.0),
            ],
        )
    )
    found = Counter((s, p // count) for s, _, p, _ in rows(tape))
    for who, steps in ((0, [1, 2, 3, 6]), (1, [3, 4, 5, 6])):
        left = count
        for step in range(1, 7):
            new = found[step, who]
            assert abs(z(new, left, q)) < 4 if step in steps else new == 0
            left -= new


def test_who_keeps_begins_to_and_ceases_to():
    found = history(
        deed(1, "discover", "everyone"),
        deed(2, "set", key="dynamics.abandon_rate", value=math.inf),
        deed(2, "set", key="persons.A.keeps", value=True),
        deed(2, "set", key="persons.B.keeps", value=True),
        deed(5, "set", key="persons.B.keeps", value=False),
    )
    assert found[3:] == [(2, "abandon", 2, 0), (5, "abandon", 1, 0)]


def test_a_longer_period_is_for_what_is_taken_up_from_then_on():
    late = deed(2, "set", key="dynamics.telling_period", value="forever")
    assert when_told(late) == [2]
    assert when_told(deed(1, "set", key="dynamics.telling_period", value="forever")) == [2]
    assert when_told(late, deed(4, "unlock", "A")) == [2, 4, 5, 6, 7, 8, 9]


# --- order ------------------------------------------------------------------------------------------------------


def test_within_a_step_the_file_says_what_comes_first():
    entries = [deed(2, "discover", "A"), deed(2, "implement", "A"), deed(2, "die", "A"), deed(2, "discover", "B")]
    assert history(*entries) == [
        (2, "discover", 0, 0), (2, "implement", 0, 0), (2, "leave", 0, 0), (2, "discover", 1, 0),
    ]  # fmt: skip
    assert skipped(*entries) == 0
    assert skipped(*entries[::-1]) == 2
    assert skipped(*sorted(entries, key=lambda e: e["kind"])) == 2  # dies first, the rest is in vain


def test_what_is_scheduled_after_the_end_does_not_happen():
    assert history(deed(7, "discover", "A"), steps=6) == []
    assert history(deed(6, "discover", "A"), steps=6) == [(6, "discover", 0, 0)]
