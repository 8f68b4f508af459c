"""The model against closed forms, laws of probability, small worlds by hand, and against itself in another order."""

import inspect
import itertools
import math
import random
from collections import Counter
from typing import Any

import mesa
import numpy as np
import pytest
from scipy import stats

from sim import IdeaDiffusion, Person, Tape
from sim.model.agents.society import mixed
from sim.tape.tables import USE
from tests.model.agents import RICH, VARIANTS, happened, make, named, parents, rich, rows, run, value_by_person, z

THRESHOLD = {"adoption": "threshold"}
FOREVER = {"telling_period": "forever"}
HELD = {"value_of": "held"}

GIVES_UP_FROM_4 = "1 discover A; 4 set dynamics.abandon_rate=inf"
RIVALS = "earth; sun rival_of=earth; moon"
RIVALS_MEET = (
    "1 discover A idea=earth; 1 discover B idea=sun; 4 set ideas.earth.clarity=1e-9; 4 set persons.C.keeps=false; "
    "4 set persons.A.keeps=true; 4 set persons.B.keeps=true; 4 set dynamics.abandon_rate=inf"
)


def stifled(stifling: str) -> Any:
    """A tells B, meets B again in step 3, who knows already; C and D listen to A and to B from step 4 on."""
    return make(6, FOREVER | {"stifling": stifling}, world={"size": 10**9}, persons="A reach=2e-9; B reach=1e-9; C; D",
                ties="A>B; A>C start=4; B>D start=4", interventions="1 discover A")  # fmt: skip


SMALL = {
    "a tie is nothing without reach": (
        make(4, persons="A; B", ties="A>B", interventions="1 discover A"), "1 discover A"),
    "an edge takes a step": (
        make(5, persons="A reach=0.5; B reach=0.25; C reach=0.25; D", ties="A>B; A>C; B>D; C>D",
             interventions="1 discover A"),
        "1 discover A; 2 learn B; 2 learn C; 3 learn D"),
    "what was given up stays so": (
        make(8, FOREVER, persons="A reach=1.0 keeps=true; B", interventions=GIVES_UP_FROM_4),
        "1 discover A; 2 learn B; 4 abandon B"),
    "what was given up may come again": (
        make(8, FOREVER | {"readopt": True}, persons="A reach=1.0 keeps=true; B", interventions=GIVES_UP_FROM_4),
        "1 discover A; 2 learn B; 4 abandon B; 5 learn B; 6 abandon B; 7 learn B; 8 abandon B"),
    "one implementation of one's own is enough until the idea is given up": (
        make(8, {"implementation_rate": math.inf, "readopt": True}, persons="A skill=1.0",
             interventions="1 discover A; 5 discover A; 4 set dynamics.abandon_rate_working=inf; "
             "5 set dynamics.abandon_rate_working=0.0"),
        "1 discover A; 2 implement A; 4 abandon A; 5 discover A; 6 implement A"),
    "nothing is built on what was given up": (
        make(6, persons="A creativity=1.0", ideas="wheel; cart prerequisites=wheel",
             interventions="1 discover A idea=wheel; 2 set dynamics.abandon_rate=inf; 3 set dynamics.abandon_rate=0.0; "
             "3 set dynamics.discovery_rate=inf"),
        "1 discover A wheel; 2 abandon A wheel"),
    "of two rivals at once the first in the file": (
        make(3, FOREVER | {"discovery_rate": math.inf}, persons="A creativity=1.0 reach=1.0", ideas=RIVALS),
        "1 discover A earth; 1 discover A moon"),
    "ties only: each is told with its weight whatever the reach, and nobody else": (
        make(4, {"audience": "ties"}, world={"size": 50}, persons="A reach=1.0; B reach=1e-9; C; D; E",
             ties="A>B; B>C; B>D", interventions="1 discover A"),
        "1 discover A; 2 learn B; 3 learn C; 3 learn D"),
    "ties only: one who reaches nobody does not tell": (
        make(4, {"audience": "ties"}, persons="A; B", ties="A>B", interventions="1 discover A"), "1 discover A"),
    "a rival keeps the other out": (
        make(5, FOREVER, persons="A reach=1.0; B reach=1.0; C", ideas=RIVALS, interventions=RIVALS_MEET),
        "1 discover A earth; 1 discover B sun; 2 learn C earth; 4 abandon C earth; 5 learn C sun"),
    "stale news is told": (stifled("none"), "1 discover A; 2 learn B; 4 learn C; 4 learn D"),
    "stale news stifles the teller": (stifled("teller"), "1 discover A; 2 learn B; 4 learn D"),
    "stale news stifles both": (stifled("both"), "1 discover A; 2 learn B"),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_what_happens_in_a_small_world(name):
    scenario, expected = SMALL[name]
    assert happened(run(scenario)) == expected


def test_an_idea_needs_all_that_it_builds_on_since_an_earlier_step():
    ideas = "wheel; axle discovery_rate=0.0; cart prerequisites=axle,wheel,axle"  # named twice, counted once
    entries = "3 discover A idea=axle; 5 discover B idea=cart; 5 discover C idea=cart"
    people = "A creativity=1.0; B creativity=0.1; C"
    tape = run(make(7, {"discovery_rate": math.inf}, persons=people, ideas=ideas, interventions=entries))
    found = "1 discover A wheel; 1 discover B wheel; 3 discover A axle; 4 discover A cart; 5 discover B cart; "
    assert happened(tape) == found + "5 discover C cart"
    assert [parents(tape, e) for e in (3, 4, 5)] == [{0: 0.5, 2: 0.5}, {1: 1.0}, {}]  # B's: what B has of it


FOUND = "1 discover genius; 1 discover engineer; 1 implement engineer; 2 die genius;"
# A makes it work in step 2 and C gives it up in step 6; B learns it in the last step.
ADOPTED = "1 discover A; 1 discover C; 2 implement A; 6 die C; 10 tell A to=B"


def worth(interventions: str, total: float, steps: int = 10, persons: str = "A", delay: int = 0, **impact: Any) -> Any:
    scenario = make(steps, {"release_delay": delay}, persons=persons, impact=impact, interventions=interventions)
    return pytest.param(scenario, total, id=f"{interventions[:50]}-{delay}-{impact}")


def held(*given: Any, **impact: Any) -> Any:
    return worth(*given, value_of="held", **impact)


@pytest.mark.parametrize(("scenario", "total"), [
    *(held(f"{begun} discover A", 10 - begun) for begun in (1, 4, 10)),  # counts from the next step on
    held("2 discover A; 6 set dynamics.abandon_rate=inf", 4),  # what is given up counts in the steps 3, 4, 5, 6
    held("2 discover A; 6 die A", 3),  # and of the dead in the steps 3, 4, 5
    held("2 discover A; 2 die A", 0),
    *(worth(f"{FOUND} {found} find finder of=genius", 9 - found, 9, "genius; finder; engineer", realised_by="finder")
      for found in (2, 5, 9)),
    *(held("1 discover everyone", total, 5, "A; B*2; C", realised_by=by)
      for by, total in (("everyone", 16), ("B", 8), ("B 2", 4), ("crowd", 0), (["A", "B 1"], 8))),
    worth("1 discover A", 0, 5),
    *(worth("1 discover A; 2 implement A", 8 - delay, delay=delay) for delay in (0, 1, 5)),
    held("1 discover A; 2 implement A", 9, delay=1),
    # Once a holding: of the last step, too, and not of one that ends before the idea works.
    *(held(f"{begun} discover A", 1, per="adopter") for begun in (1, 10)),
    held("1 discover A; 3 die A; 5 set ideas.idea.value=9", 1, per="adopter"),
    held("1 discover A; 1 die A", 0, per="adopter"),
    *(worth(ADOPTED, total, persons="A; B; C", delay=delay, per="adopter", realised_by=by)
      for delay, by, total in ((0, "everyone", 3), (2, "everyone", 3), (4, "everyone", 2), (9, "everyone", 0),
                               (0, "crowd", 0))),
])  # fmt: skip
def test_what_holdings_are_worth(scenario, total):
    assert run(scenario).total == total


def test_values_change_over_time_for_whoever_holds():
    tape = run(make(10, persons="A; B skill=1.0", ideas="idea value=2.0; other value=7.0", impact=HELD,
                    interventions="1 discover A idea=idea; 4 discover B idea=idea; 4 set ideas.idea.value=0.5; "
                    "6 set ideas.everything.value=3.0; 9 set ideas.idea.value=0"))  # fmt: skip
    assert value_by_person(tape) == {0: 2 * 2.0 + 2 * 0.5 + 3 * 3.0, 1: 0.5 + 3 * 3.0}
    assert set(tape.realised.implementation.tolist()) == {-1}


@pytest.mark.parametrize(("begins", "learned"), [
    ("1 discover A", [2]),  # one half is enough, from the next step on
    ("1 discover B", []),
    ("1 discover C", []),
    ("1 discover B; 3 discover C", [4]),
    ("2 discover B; 3 discover A", [4]),
    ("1 discover B; 1 discover C", [2]),
])  # fmt: skip
def test_a_threshold_by_hand(begins, learned):
    ties = "A>D weight=0.5; B>D weight=0.3; C>D weight=0.2"
    tape = run(make(6, THRESHOLD, persons="A; B; C; D threshold=0.5", ties=ties, interventions=begins))
    assert [step for step, _, person, _ in rows(tape, "learn") if person == 3] == learned


@pytest.mark.parametrize("threshold", [0.18, {"kind": "uniform", "high": 0.5}])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_watts_cascades_are_those_of_a_slow_twin(threshold, seed):
    scenario = make(12, THRESHOLD, world={"network": {"kind": "erdos-renyi", "degree": 4.0}}, persons="seed*8",
                    population={"count": 292, "threshold": threshold}, interventions="1 discover seed")  # fmt: skip
    model = IdeaDiffusion(scenario, rng=seed)
    friends = {i: {j for j, _ in model.ties_of(i)} for i in range(300)}
    at_least = model.world.threshold.tolist()
    when = dict.fromkeys(range(8), 1)
    for step in range(2, 13):
        heard = {i: friends[i] & {*when} for i in range(300) if i not in when}
        new = [i for i, those in heard.items() if those and len(those) / len(friends[i]) >= at_least[i]]
        when |= dict.fromkeys(new, step)
    assert {person: step for step, _, person, _ in rows(model.run())} == when
    assert len(set(when.values())) > 3  # a cascade, not a flash in the pan


def test_uniform_thresholds_are_the_linear_threshold_model():
    # Each node takes part of its weight from a node that never holds, so the weights are chances (Kempe et al. 2003):
    # P(b) = .4, P(c) = .7, P(d) = .5 P(b) + .3 P(c).
    copies, arrows = 3000, "a>b 0.4; never>b 0.6; a>c 0.7; never>c 0.3; b>d 0.5; c>d 0.3; never>d 0.2"
    people = [{"name": name, "count": copies, "threshold": {"kind": "uniform"}} for name in (*"abcd", "never")]
    ties = "; ".join("{} weight={} pairing=each".format(*arrow.split()) for arrow in arrows.split(";"))
    tape = run(make(5, THRESHOLD, persons=people, ties=ties, interventions="1 discover a"))
    learned = Counter(person // copies for _, _, person, _ in rows(tape, "learn"))
    for node, chance in ((1, 0.4), (2, 0.7), (3, 0.41)):
        assert abs(z(learned[node], copies, chance)) < 4
    assert learned[0] == learned[4] == 0


def check_waits(found: list[int], count: int, hazards: list[float]) -> None:
    """Counts by step against the law of a chance that is `hazards[s]` in the step s; the rest never came."""
    alive, expected = 1.0, []
    for hazard in hazards:
        expected.append(count * alive * hazard)
        alive *= 1.0 - hazard
    counts = [found.count(s) for s in range(len(hazards))]
    assert sum(counts) == len(found)
    assert all(c == 0 for c, e in zip(counts, expected, strict=True) if e == 0.0)
    table = [(c, e) for c, e in zip([*counts, count - len(found)], [*expected, count * alive], strict=True) if e > 0]
    if len(table) > 1:
        assert stats.chisquare(*zip(*table, strict=True)).pvalue > 1e-4
    for c, e in table:
        assert c == count if e == count else abs(z(c, count, e / count)) < 4.5


def chance(rate: float) -> float:
    return 1 - math.exp(-rate)


COUNT = 2000
PEOPLE = "none*2000; some*2000 {0}=0.25; all*2000 {0}=1.0"
LEVELS, Q = (0.0, 0.25, 1.0), chance(0.3)
GIFTED = {"count": COUNT, "creativity": 1.0}
AWAY = "3 discover everyone idea=other; 6 set dynamics.abandon_rate=inf"
LOST = "1 discover everyone idea=other; 3 set dynamics.abandon_rate=inf; 4 set dynamics.abandon_rate=0.0; "
LOST += "6 discover everyone idea=other"


def abandoned(delay: int) -> Any:
    dynamics = {"abandon_rate": 0.4, "abandon_rate_working": 0.05, "release_delay": delay}
    return make(9, dynamics, persons="A keeps=true; B*2000", interventions="1 discover everyone; 3 implement A")


def kept_away(relation: str, entries: str) -> Any:
    return make(9, {"readopt": True}, ideas=f"other discovery_rate=0.0; idea discovery_rate=0.3 {relation}=other",
                population=GIFTED, interventions=entries)  # fmt: skip


def told_by_one(steps: int, dynamics: dict[str, Any], weight: float = 1.0, hesitation: float = 0.0) -> Any:
    return make(steps, dynamics, persons=f"A reach={COUNT / (COUNT + 1)}; B*2000", ties=f"A>B weight={weight}",
                ideas=f"idea hesitation={hesitation}", interventions="1 discover A")  # fmt: skip


# A scenario, a kind of event, and for the first of each of some persons and an idea the chances step by step.
WAITS: dict[str, tuple[Any, str, list[tuple[int, int, list[float]]]]] = {
    "discovery comes at the rate of the idea times creativity": (
        make(8, {"discovery_rate": 0.4}, persons=PEOPLE.format("creativity"),
             ideas="common; own discovery_rate=0.1; none discovery_rate=0.0"), "discover",
        [(k * COUNT, idea, [0.0] + [chance(rate * level)] * 8)
         for k, level in enumerate(LEVELS) for idea, rate in enumerate((0.4, 0.1, 0.0))],
    ),
    "implementation comes at the rate times skill over difficulty": (
        make(9, {"implementation_rate": 0.4}, persons=PEOPLE.format("skill"),
             ideas="easy; hard difficulty=4.0; trivial difficulty=0.0", interventions="2 discover everyone"),
        "implement",
        [(k * COUNT, idea, [0.0] * 3 + [chance(0.4 * level * ease) if level else 0.0] * 7)
         for k, level in enumerate(LEVELS) for idea, ease in enumerate((1.0, 0.25, math.inf))],
    ),
    **{f"an idea is abandoned at the working rate from its release on, {delay} late": (
        abandoned(delay), "abandon",
        [(1, 0, [0.0, 0.0] + [chance(0.4)] * (2 + delay) + [chance(0.05)] * (6 - delay))]) for delay in (0, 2)},
    # Open to the idea in the steps 1 and 2, then not up to step 6, and open again from 7 on.
    "the wait for an idea begins anew after a rival": (
        kept_away("rival_of", AWAY), "discover", [(0, 1, [0.0] + [Q] * 2 + [0.0] * 4 + [Q] * 3)]),
    # Has the prerequisite from step 1 on, gives it up in step 3, and has it again from step 6 on.
    "the wait for an idea begins anew with a prerequisite": (
        kept_away("prerequisites", LOST), "discover", [(0, 1, [0.0] * 2 + [Q] * 2 + [0.0] * 3 + [Q] * 3)]),
    **{f"an idea is told for a period of {period}": (
        told_by_one(9, {"telling_period": period}, weight=0.2), "learn",
        [(1, 0, [0.0] * 2 + [0.2] * steps + [0.0] * (8 - steps))])
       for period, steps in ((0.0, 0), (0.5, 0), (1.0, 1), (1.5, 1), (3.0, 3), ("forever", 8))},
    "each tie is told with its weight where ties only are": (
        make(9, FOREVER | {"audience": "ties"}, persons="A reach=1e-9; B*2000", ties="A>B weight=0.2",
             interventions="1 discover A"), "learn", [(1, 0, [0.0] * 2 + [0.2] * 8)]),
    "at the threshold one understands by the clarity of the idea and the teller, each step anew": (
        make(9, THRESHOLD, persons="A clarity=0.5; B*2000 understanding=0.8", ties="A>B",
             ideas="idea clarity=0.5", interventions="1 discover A"), "learn", [(1, 0, [0.0] * 2 + [0.2] * 8)]),
    "who hesitates decides later": (
        told_by_one(8, {"resolve_rate": 0.3}, hesitation=0.4), "learn", [(1, 0, [0.0, 0.0, 0.6] + [Q] * 6)]),
    "who hesitates for good adopts when told again": (
        told_by_one(6, {"telling_period": 3.0}, hesitation=0.7), "learn",
        [(1, 0, [0.0, 0.0, 0.3, 0.3, 0.3, 0.0, 0.0])]),
    "who always hesitates never adopts": (
        told_by_one(6, {"telling_period": 3.0}, hesitation=1.0), "learn", [(1, 0, [0.0] * 7)]),
}  # fmt: skip


@pytest.mark.parametrize("name", WAITS)
def test_how_long_it_takes(name):
    scenario, kind, groups = WAITS[name]
    first: dict[tuple[int, int], int] = {}
    for step, _, person, idea in rows(run(scenario), kind):
        first.setdefault((person, idea), step)
    for begin, idea, hazards in groups:
        found = [step for (person, of), step in first.items() if begin <= person < begin + COUNT and of == idea]
        check_waits(found, COUNT, hazards)
    if kind in ("abandon", "learn"):
        assert (0, 0) not in first  # A keeps it


def test_clarity_and_understanding_are_chances():
    count = 3000
    people = f"A reach={2 * count / (2 * count + 1)} clarity=0.8; B*{count} understanding=0.5; C*{count}"
    tape = run(make(3, persons=people, ties="A>B; A>C weight=0.5", ideas="idea clarity=0.7",
                    interventions="1 discover A"))  # fmt: skip
    learned = [person for _, _, person, _ in rows(tape, "learn")]
    assert abs(z(sum(p <= count for p in learned), count, 0.7 * 0.8 * 0.5)) < 4
    assert abs(z(sum(p > count for p in learned), count, 0.5 * 0.7 * 0.8)) < 4


@pytest.mark.parametrize(("audience", "of_ties", "of_strangers"), [(40, 0.4, 0.0), (100, 1.0, 0.0), (1080, 1.0, 0.2)])
def test_a_broadcast_reaches_its_expected_audience_ties_first(audience, of_ties, of_strangers):
    # 5001 people: A, 100 ties, 1900 strangers one by one, 3000 in the crowd.
    scenario = make(2, world={"size": 5001}, persons=f"A reach={audience / 5001}; tie*100",
                    population={"count": 1900}, ties="A>tie", interventions="1 discover A")  # fmt: skip
    ties, strangers, crowd, runs = 0, np.zeros(1900), [], 12
    for seed in range(runs):
        tape = run(scenario, seed)
        told = [(p, c) for p, c in zip(tape.events.person.tolist(), tape.events.count.tolist(), strict=True) if p]
        ties += sum(p <= 100 for p, _ in told)
        strangers[[p - 101 for p, _ in told if 100 < p <= 2000]] += 1
        crowd += [c for p, c in told if p == 2001]
    assert ties == 100 * runs if of_ties == 1.0 else abs(z(ties, 100 * runs, of_ties)) < 4
    if of_strangers == 0.0:
        assert strangers.sum() + len(crowd) == 0
        return
    assert abs(z(strangers.sum(), 1900 * runs, of_strangers)) < 4
    assert crowd == [600] * runs  # the mean field: exactly
    thirds = strangers.reshape(19, 100).sum(axis=1)
    assert stats.chisquare(thirds).pvalue > 1e-4  # near and far alike
    pairs = np.sum(strangers * (strangers - 1)) / 1900 / (runs * (runs - 1))
    assert pairs == pytest.approx(of_strangers**2, rel=0.1)  # and one run does not know of another


def test_the_credited_teller_is_one_of_them_all_alike():
    scenario = make(2, persons="T*5 reach=1.0; H*3000", ties="T>H", interventions="1 discover T")
    tape = run(scenario)
    assert len(rows(tape, "learn")) == 3000
    assert stats.chisquare(np.bincount(tape.influences.parent)).pvalue > 1e-4
    assert set(tape.influences.weight.tolist()) == {1.0}
    everybody = run(scenario.replace({"dynamics.credited_tellers": "all"}))
    assert rows(everybody) == rows(tape)
    assert rows(run(rich("threshold"))) == rows(run(rich("threshold, everybody credited")))
    assert all(parents(everybody, e) == dict.fromkeys(range(5), 0.2) for e in range(5, 3005))


def test_of_tellers_who_differ_each_success_counts_alike():
    # A succeeds with .3, B with .9: credit A with .3 (.1 + .9 / 2).
    tape = run(make(2, persons="A reach=1.0 clarity=0.3; B reach=1.0 clarity=0.9; H*4000", ties="A>H; B>H",
                    interventions="1 discover A; 1 discover B"))  # fmt: skip
    tellers = Counter(tape.influences.parent.tolist())
    assert abs(z(tellers[0], 4000, 0.3 * (0.1 + 0.45))) < 4
    assert abs(z(tellers[1], 4000, 0.9 * (0.7 + 0.15))) < 4


def test_hearings_mix_in_equal_parts_whatever_their_order():
    parts = [{3: 1.0}, {5: 0.3, 3: 0.7}, {3: 1 / 3, 4: 2 / 3}, {5: 1.0}]
    mixtures = [list(mixed(list(order)).items()) for order in itertools.permutations(parts)]
    assert all(mixture == mixtures[0] for mixture in mixtures)
    assert dict(mixtures[0]) == pytest.approx({3: (1 + 0.7 + 1 / 3) / 4, 4: 1 / 6, 5: 0.325})
    assert [row for row, _ in mixtures[0]] == [3, 4, 5]


def test_who_hesitated_learned_it_from_the_first_who_told_it():
    # B hears of it from A in step 2 and hesitates; who decides in step 3, in which C tells too, owes it to A.
    tape = run(make(3, persons="A reach=0.5; C reach=0.5; B*200", ties="A>B; C>B", ideas="idea hesitation=1.0",
                    world={"size": 400},
                    interventions="1 discover A; 2 discover C; 3 set dynamics.resolve_rate=inf"))  # fmt: skip
    learned = [e for e, (_, kind, person, _) in enumerate(rows(tape)) if kind == "learn" and person < 202]
    assert [parents(tape, e) for e in learned] == [{0: 1.0}] * 200


def test_a_meeting_stifles_with_the_chance_of_a_meeting():
    # Both know from step 1 on; A meets B in the steps 2, 3, 4 with chance .3 and tells C in step 5, stifled or not.
    count = 4000
    tape = run(make(6, FOREVER | {"stifling": "teller"}, world={"size": 10**9},
                    persons=f"A*{count} reach=2e-9; B*{count}; C*{count}",
                    ties="A>B weight=0.3 end=5 pairing=each; A>C start=5 pairing=each",
                    interventions="1 discover A; 1 discover B"))  # fmt: skip
    assert abs(z(sum(p >= 2 * count for _, _, p, _ in rows(tape, "learn") if p < 3 * count), count, 0.7**3)) < 4


class Shuffled(IdeaDiffusion):
    """Asks the persons in another order in every step, by Mesa's own luck, which the model does not use."""

    def step(self) -> None:
        self.agents.shuffle(inplace=True)
        super().step()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_persons_are_asked_does_not_matter(variant, seed):
    tape = run(rich(variant), seed)
    shuffled = Shuffled(rich(variant), rng=seed)
    assert shuffled.run() == tape
    assert [agent.index for agent in list(shuffled.agents)] != sorted(agent.index for agent in list(shuffled.agents))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_tape_and_another_another(variant):
    tapes = [run(rich(variant), seed) for seed in (0, 1, 2**32, 2**63, 2**64 - 1)]
    assert all(run(rich(variant), seed) == tape for seed, tape in zip((0, 1, 2**32), tapes, strict=False))
    assert all(a != b for a, b in itertools.combinations(tapes, 2))


def those_of(tape: Tape, persons: int) -> list[tuple[Any, ...]]:
    """What happened to the first so many persons: step, kind, person, idea and the tellers' steps and persons."""
    events = rows(tape)
    tellers = [sorted((*events[p][:3], weight) for p, weight in parents(tape, e).items()) for e in range(len(events))]
    return [(*event, told) for event, told in zip(events, tellers, strict=True) if 0 <= event[2] < persons]


@pytest.mark.parametrize("variant", ["simple", "everybody credited", "stale news stifles"])
def test_without_a_person_of_no_influence_all_the_others_do_the_same(variant):
    # The last of the population has no gifts and no ties; without them the crowd has one more who does not listen.
    sections = {
        "world": {"size": 3000, "crowd_understanding": 0.0},
        "ties": "Ann>team both_ways=true; team>member both_ways=true",
        "persons": [*named(RICH["persons"]), RICH["population"] | {"name": "member", "count": 25}],
        "interventions": RICH["interventions"].replace("8 tell crowd to=team idea=axle; ", ""),
    }
    tapes = [run(rich(variant, **sections, population={"count": count, "reach": 0.0}), 3) for count in (1, 0)]
    assert len(those_of(tapes[1], 29)) > 50
    assert those_of(tapes[0], 29) == those_of(tapes[1], 29)
    dead = run(rich(variant, **sections | {"interventions": sections["interventions"] + "; 5 die 'team 2'"}), 3)
    assert those_of(dead, 29) != those_of(tapes[1], 29)  # but not without one who has


def test_mesas_own_luck_is_not_used():
    model = IdeaDiffusion(rich(), rng=5)

    def luck() -> Any:
        numpys = np.random.get_state()[1].tolist()
        return model.random.getstate(), model.rng.bit_generator.state, random.getstate(), numpys

    before = luck()
    model.run()
    assert luck() == before


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_tape_in_mid_run_is_that_of_a_shorter_run_and_begins_the_whole(variant):
    model = IdeaDiffusion(rich(variant), rng=4)
    whole, real = run(rich(variant), 4), []
    for step in range(26):
        if step:
            model.step()
        tape = model.tape()
        assert tape.steps == step
        if step in {1, 5, 12, 20}:
            assert tape == run(rich(variant, steps=step), 4)
        kept = int(np.sum(tape.events.kind != USE))
        assert kept == np.sum(whole.events.step[whole.events.kind != USE] <= step)
        one, other = ([rows(of)[:kept], [parents(of, e) for e in range(kept)]] for of in (tape, whole))
        assert one == other
        real.append(tape.total)
    assert real == sorted(real)
    assert tape == whole == model.tape()
    assert not model.running


def test_every_event_has_its_cause_at_the_right_time():
    for variant in VARIANTS:
        tape = run(rich(variant), 6)
        for event, (step, kind, person, idea) in enumerate(rows(tape)):
            for parent in parents(tape, event) if kind != "use" else ():
                before, _, teller, of = rows(tape)[parent]
                assert before < step or (before == step == 2 and teller == 0)  # Ann's deeds
                assert (kind == "discover") == (of != idea)
                assert kind == "learn" or teller == person
            if kind in {"learn", "implement"}:
                assert sum(parents(tape, event).values()) == pytest.approx(1.0)


TOLD = {"learn": [(2, 1), (2, 2), (2, 3)]}
FOUR_STEP_4 = [(4, 0), (4, 1), (4, 2), (4, 3)]
# A hears 2, and a tie too many for chance: one tie, one stranger of two.
LOUD = {"persons.B.reach": 1.0, "world.size": 10**9}


@pytest.mark.parametrize(("decision", "made", "changes", "expected"), [
    ("tells", Person.tells, {}, TOLD),
    ("discovers", lambda self, idea: self.model.now == 3 and self.index == 0,
     {"ideas": [{"name": "idea"}, {"name": "other"}]},
     {"discover": [(1, 0), (3, 0)], "learn": [*TOLD["learn"], *FOUR_STEP_4[1:]]}),
    ("tells", lambda self, idea: self.model.now > 4 and Person.tells(self, idea),
     {"dynamics.telling_period": "forever"}, {"learn": [(5, 1), (5, 2), (5, 3)]}),
    ("tells", lambda self, idea: True, {}, TOLD),  # after the telling period as well, in which nobody else tells
    ("audience", lambda self, idea: 2.0 if self.index == 0 else 0.0, LOUD, {"learn": [(2, 1)]}),
    ("understands", lambda self, idea, clarity: 0.0 if self.index % 2 else Person.understands(self, idea, clarity), {},
     {"learn": [(2, 2)]}),
    ("adopts", lambda self, idea: self.index != 2, {}, {"learn": [(2, 1), (2, 3)]}),
    ("implements", lambda self, idea: self.model.now == 4, {}, TOLD | {"implement": FOUR_STEP_4}),
    ("abandons", lambda self, idea: self.holdings[idea].since < self.model.now - 1, {},
     TOLD | {"abandon": [(3, 0), *FOUR_STEP_4[1:]]}),
])  # fmt: skip
def test_one_decision_can_be_overridden(decision, made, changes, expected):
    scenario = make(6, {"telling_period": 1.0}, persons="A creativity=0.5 skill=1.0 reach=1.0; B*3 skill=1.0",
                    ties="A>'B 1'", interventions="1 discover A idea=idea")  # fmt: skip
    kind = type("Other", (Person,), {decision: made})
    model = IdeaDiffusion(scenario.replace(changes), person_class=kind)
    found = rows(model.run())
    assert all(type(agent) is kind for agent in list(model.agents))
    for name in ("discover", "learn", "implement", "abandon"):
        events = sorted((step, person) for step, event, person, _ in found if event == name and person < 4)
        assert events == ({"discover": [(1, 0)]} | expected).get(name, []), name


@pytest.mark.skipif(not hasattr(mesa, "batch_run"), reason="Mesa 4 has no batch_run")
def test_batch_run_stops_at_the_last_step_of_the_scenario():
    scenario = rich()
    # Since 3.5 the seeds are an argument of their own, and the steps are counted from 1.
    apart = "rng" in inspect.signature(mesa.batch_run).parameters
    parameters, seeds = ({}, {"rng": [1, 2]}) if apart else ({"rng": [1, 2]}, {})
    quiet = {"number_processes": 1, "display_progress": False}
    results = mesa.batch_run(IdeaDiffusion, {"scenario": [scenario], **parameters}, **quiet, **seeds)
    assert [row["Step"] for row in results] == [24 + apart] * 2
    for seed, row in zip([1, 2], results, strict=True):
        model = IdeaDiffusion(scenario, rng=seed)
        model.run()
        assert (row["holders"], row["realising"]) == (model.holders(), model.realising())
    plain = mesa.batch_run(IdeaDiffusion, {"scenario": [scenario]}, **quiet)
    assert [row["Step"] for row in plain] == [24 + apart]
    steps = mesa.batch_run(IdeaDiffusion, {"scenario": [scenario]}, data_collection_period=1, max_steps=9, **quiet)
    assert [row["Step"] for row in steps][:8] == list(range(apart, 8 + apart))
    assert 9 <= len(steps) <= 10  # 3.3.1 takes max_steps + 1


def test_the_seed_is_a_number_a_generator_or_the_scenarios_own(tmp_path):
    scenario = rich()
    drawn = int(np.random.default_rng(8).integers(2**63))
    assert IdeaDiffusion(scenario, rng=np.random.default_rng(8)).run() == run(scenario, drawn)
    seeded, seven, file = scenario.replace({"scenario.seed": 7}), run(scenario, 7), tmp_path / "rich.toml"
    file.write_text(seeded.to_toml(), encoding="utf-8")
    assert IdeaDiffusion(scenario, rng=np.int64(7)).run() == seven
    assert all(IdeaDiffusion(given).run() == seven for given in (seeded, file, str(file)))
    assert IdeaDiffusion(seeded, rng=0).run() == run(scenario, 0) != seven
    assert IdeaDiffusion(seeded).world_seed == 7


def test_the_datacollector_reports_what_the_tape_says():
    model = IdeaDiffusion(rich(), rng=2)
    tape = model.run()
    frame = model.datacollector.get_model_vars_dataframe()
    assert (list(frame.columns), len(frame), model.now) == (["holders", "realising"], 25, 25)
    gain = {"discover": 1, "learn": 1, "abandon": -1, "leave": -1, "implement": 0, "use": 0}
    change = [0] * 26
    for (step, kind, _, _), count in zip(rows(tape), tape.events.count.tolist(), strict=True):
        change[step] += gain[kind] * count
    assert frame["holders"].tolist() == list(itertools.accumulate(change))[1:]
    assert frame["realising"].iloc[0] == 0.0 < frame["realising"].max()


def test_what_is_realising_is_realised_in_the_next_step():
    scenario = make(8, {"discovery_rate": 0.3}, population={"count": 30, "creativity": 1.0},
                    ideas="a value=2.0; b value=0.5", impact=HELD)  # fmt: skip
    model, totals = IdeaDiffusion(scenario, rng=1), [0.0]
    while model.running:
        model.step()
        totals.append(model.tape().total)
    realising = model.datacollector.get_model_vars_dataframe()["realising"].tolist()
    assert np.diff(totals)[1:].tolist() == pytest.approx(realising[:-1])


def test_the_agents_are_a_set_of_mesas():
    model = IdeaDiffusion(rich(), rng=2)
    assert isinstance(model, mesa.Model)
    assert [isinstance(agent, mesa.Agent) for agent in list(model.agents)] == [True] * 44
    assert model.agents.get("creativity") == model.world.creativity.tolist()
    assert model.agents.agg("reach", sum) == pytest.approx(model.world.reach.sum())
    assert len(model.agents.select(lambda person: person.alive)) == 41
    assert [person.name for person in list(model.agents)][:3] == ["Ann", "team 1", "team 2"]
    model.run()
    held = model.agents.select(lambda person: person.holdings)
    assert 0 < len(held) < 44
    assert sum(len(h) for h in held.get("holdings")) == sum(len(person.holdings) for person in model.people)


def test_run_model_and_step_and_run_are_the_same():
    stepped, modelled, told = IdeaDiffusion(rich(), rng=3), IdeaDiffusion(rich(), rng=3), []
    for _ in range(10):
        stepped.step()
    modelled.run_model()
    assert stepped.run(progress=lambda done, of: told.append((done, of))) == modelled.tape()
    assert told == [(step, 25) for step in range(11, 26)]
    assert (modelled.now, modelled.running) == (25, False)
