"""The crowd: exact means where it is large, binomial where it is small, and nobody is lost or counted twice."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import stats

from sim import IdeaDiffusion, Tape, World
from sim.model.agents.crowd import Cohort, Crowd
from sim.model.world import THE_CROWD
from sim.tape.rows import Recorder
from sim.tape.tables import ABANDON, LEARN
from tests import cases
from tests.model.agents import VARIANTS, make, parents, rich, rows, run, z

WORLD = 10**10


def half_up(x: float) -> int:
    return math.floor(x + 0.5)


def of_crowd(tape: Tape, kind: str) -> list[tuple[int, int]]:
    """What the crowd did: (step, how many)."""
    index, counts = tape.persons.names().index(THE_CROWD), tape.events.count.tolist()
    return [(s, counts[e]) for e, (s, k, p, _) in enumerate(rows(tape)) if p == index and k == kind]


def teller(reach: float, size: int = WORLD, **sections: Any) -> dict[str, Any]:
    given = {"persons": f"A reach={reach} keeps=true", "world": {"size": size}}
    return given | {"interventions": "1 discover A"} | sections


def crowd(size: int, understanding: float = 1.0) -> Crowd:
    world = World.build(make(world={"size": size + 1, "crowd_understanding": understanding}, persons=[{"name": "A"}]))
    recorder = Recorder()
    recorder.event(0, 0, 0, 0)
    return Crowd(world, recorder)


def test_a_large_crowd_follows_the_mean_field_exactly():
    reach, rate, steps = 0.2, 0.3, 12
    scenario = make(steps, {"telling_period": "forever", "abandon_rate": rate}, **teller(reach))
    tape = run(scenario)
    # The audience goes to all but the teller; each cohort leaves by itself, and does not come back.
    chance = reach * WORLD / (WORLD - 1)
    size, cohorts, gone, learned, left = WORLD - 1, {}, 0, [], []
    for step in range(2, steps + 1):
        new = half_up((size - sum(cohorts.values()) - gone) * chance)
        leaving = {since: half_up(count * -math.expm1(-rate)) for since, count in cohorts.items()}
        learned.append((step, new))
        if any(leaving.values()):
            left.append((step, sum(leaving.values())))
        cohorts = {since: count - leaving[since] for since, count in cohorts.items()} | {step: new}
        gone += sum(leaving.values())
    assert of_crowd(tape, "learn") == learned
    assert of_crowd(tape, "abandon") == left
    assert [run(scenario, seed) == tape for seed in (1, 2)] == [True, True]  # no luck is left


def test_clarity_and_understanding_thin_the_crowd():
    sections = teller(0.5, ideas="idea clarity=0.5", persons="A reach=0.5 clarity=0.25")
    world = {"size": WORLD, "crowd_understanding": 0.75}
    expected = half_up((WORLD - 1) * (0.5 * WORLD / (WORLD - 1)) * 0.5 * 0.25 * 0.75)
    assert of_crowd(run(make(3, **sections | {"world": world})), "learn") == [(2, pytest.approx(expected, abs=1))]
    assert of_crowd(run(make(3, **sections | {"world": world | {"crowd_understanding": 0.0}})), "learn") == []


def test_several_tellers_share_the_event_by_what_each_reached():
    people = "A reach=0.5; B reach=0.25 clarity=0.4; C reach=0.2"
    tape = run(make(3, **teller(0.0, persons=people, interventions="1 discover everyone")))
    (event,) = [e for e, (_, k, _, _) in enumerate(rows(tape)) if k == "learn"]
    assert parents(tape, event) == pytest.approx({0: 0.5 / 0.8, 1: 0.1 / 0.8, 2: 0.2 / 0.8})
    ((_, count),) = of_crowd(tape, "learn")
    assert count == pytest.approx(WORLD * (1 - 0.5 * 0.9 * 0.8), abs=10)


def test_one_teller_in_two_ways_is_one_influence():
    tape = run(make(2, **teller(0.5, interventions="1 discover A; 2 publish A reach=0.25")))
    assert parents(tape, 1) == {0: 1.0}
    assert of_crowd(tape, "learn")[0][1] == pytest.approx(WORLD * (1 - 0.5 * 0.75), abs=10)


def test_a_teller_of_one_in_the_largest_world_reaches_one_on_average():
    size, runs = 10**15, 400
    scenario = make(2, **teller(1.0 / size, size=size))
    told = [sum(count for _, count in of_crowd(run(scenario, seed), "learn")) for seed in range(runs)]
    assert abs(sum(told) - runs) < 4 * runs**0.5
    law = stats.poisson(1.0)
    counts, expected = np.bincount(np.minimum(told, 4), minlength=5), np.append(law.pmf(range(4)), law.sf(3))
    assert stats.chisquare(counts, runs * expected).pvalue > 1e-4


def test_many_tellers_of_one_add_up_in_a_very_large_world():
    one = crowd(10**15 - 1)
    for _ in range(300):
        one.address(0, 0, 1e-15, 1.0, 1.0)
    one.learn(2, 0, 7)
    assert one.held(0) == 300  # expected 300: the mean, and not what 1 - (1 - 1e-15) rounds to


def test_a_small_crowd_learns_and_leaves_by_the_binomial():
    size, runs, reach, rate = 41, 800, 0.3, 0.5
    scenario = make(3, {"abandon_rate": rate}, **teller(reach, size=size))
    learned, left = np.zeros(runs, int), np.zeros(runs, int)
    for seed in range(runs):
        tape = run(scenario, seed)
        gone = of_crowd(tape, "abandon")
        assert all(step == 3 for step, _ in gone)
        learned[seed], left[seed] = (sum(count for _, count in some) for some in (of_crowd(tape, "learn"), gone))
    chance, leave = reach * size / (size - 1), 1 - math.exp(-rate)
    for found, law in ((learned, stats.binom(40, chance)), (left, stats.binom(40, chance * leave))):
        middle = [k for k in range(41) if runs * law.pmf(k) > 8]
        low, high = middle[0], middle[-1]
        counts = np.bincount(np.clip(found, low - 1, high + 1) - low + 1, minlength=len(middle) + 2)
        expected = np.array([law.cdf(low - 1), *law.pmf(middle), law.sf(high)])
        assert stats.chisquare(counts, expected * runs).pvalue > 1e-4
    # Of those who learned it the part that leaves does not depend on how many they are.
    assert abs(np.corrcoef(left - learned * leave, learned)[0, 1]) < 4 / runs**0.5


def test_cohorts_leave_with_luck_of_their_own():
    one = crowd(400)
    one.cohorts[0] = [Cohort(0, 1, 100), Cohort(0, 2, 100), Cohort(0, 5, 100)]
    leaving = [one.leaving(5, seed, lambda _: False, {"abandon_rate": 0.7, "abandon_rate_working": 0.0})
               for seed in range(300)]  # fmt: skip
    first, second, third = np.array([found[0] for found in leaving]).T
    assert not third.any()  # who took it up in this step does not leave in it
    law = stats.binom(100, 1 - math.exp(-0.7))
    for found in (first, second):
        assert abs(found.mean() - law.mean()) < 4 * law.std() / 300**0.5
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / 300**0.5


def test_a_crowd_of_one_and_of_none():
    assert of_crowd(run(make(3, **teller(1.0, size=2))), "learn") == [(2, 1)]
    model = IdeaDiffusion(make(3, **teller(1.0, size=1), dynamics={"telling_period": "forever"}))
    tape = model.run()
    assert (tape.persons.total, rows(tape)) == (1, [(1, "discover", 0, 0)])


def balance(model: IdeaDiffusion, idea: int) -> tuple[int, int]:
    """Holders by the events so far, and those who gave it up for good."""
    mine = [(k, count) for _, k, person, of, count in model.recorder.events if (person, of) == (model.world.n, idea)]
    held = sum(count if kind == LEARN else -count for kind, count in mine)
    return held, sum(count for kind, count in mine if kind == ABANDON)


FRACTION = st.floats(0.0, 1.0)


@cases(60, st.integers(2, 10**12), FRACTION, st.floats(0.0, 3.0), FRACTION, st.booleans(), st.integers(0, 2**32))
def test_holders_and_those_who_gave_up_and_the_open_are_all_the_crowd(size, reach, rate, understanding, again, seed):
    sections = teller(reach, world={"size": size, "crowd_understanding": understanding})
    dynamics = {"telling_period": "forever", "abandon_rate": rate, "readopt": again}
    model = IdeaDiffusion(make(8, dynamics, **sections), rng=seed)
    while model.running:
        model.step()
        held, left = balance(model, 0)
        gone = 0 if again else left
        assert (model.crowd.held(0), model.crowd.given_up.get(0, 0), model.holders()) == (held, gone, held + 1)
        assert model.crowd.open_to(0) == size - 1 - held - gone >= 0 <= held


@pytest.mark.parametrize("variant", VARIANTS)
def test_nobody_is_lost_in_a_rich_world(variant):
    model = IdeaDiffusion(rich(variant), rng=3)
    seen = 0
    while model.running:
        model.step()
        for idea in model.idea_numbers:
            held, gone = balance(model, idea)
            seen = max(seen, held)
            assert 0 <= held == model.crowd.held(idea)
            assert held + (0 if model.dynamics["readopt"] else gone) <= model.crowd.size
    assert seen > 5


def test_the_crowd_gives_up_what_works_at_the_working_rate():
    sections = teller(1.0, interventions="1 discover A; 3 implement A")
    tape = run(make(6, {"abandon_rate": 1.0, "abandon_rate_working": 0.1}, **sections))
    at_first = half_up((WORLD - 1) * -math.expm1(-1.0))
    then = half_up((WORLD - 1 - at_first) * -math.expm1(-0.1))
    assert of_crowd(tape, "abandon")[:2] == [(3, at_first), (4, then)]


@pytest.mark.parametrize("by", ["crowd", "everyone", "A"])
def test_the_value_of_the_crowd_is_that_of_its_people_step_by_step(by):
    sections = teller(0.3, impact={"value_of": "held", "realised_by": by}, ideas="idea value=2.0")
    tape = run(make(9, {"telling_period": 3.0, "abandon_rate": 0.4, "readopt": True}, **sections))
    came, left = (sum(count * (9 - step) for step, count in of_crowd(tape, kind)) for kind in ("learn", "abandon"))
    held = came - left
    assert held > 0  # also where it does not count
    assert tape.total == pytest.approx(2.0 * held * (by != "A") + 2.0 * 8 * (by != "crowd"), rel=1e-12)


def test_the_crowd_tells_from_its_cohorts_in_the_parts_of_their_counts():
    entries = "1 discover A; 1 tell crowd to=B; "  # which knows nothing yet
    entries += "1 set persons.B.understanding=0.0; 4 set persons.B.understanding=1.0; 4 set persons.A.reach=0.0; "
    entries += "4 tell crowd to=world"
    sections = teller(0.25, persons="A reach=0.25 keeps=true; B", interventions=entries)
    model = IdeaDiffusion(make(5, {"telling_period": "forever"}, **sections))
    tape = model.run()
    (_, first), (_, second) = of_crowd(tape, "learn")
    assert rows(tape)[1:] == [(2, "learn", 2, 0), (3, "learn", 2, 0), (4, "learn", 1, 0)]
    assert parents(tape, 3) == pytest.approx({1: first / (first + second), 2: second / (first + second)})
    assert model.skipped == 1


def test_the_crowd_tells_as_clearly_as_the_idea_is():
    count, entries = 3000, "1 discover A; 3 set persons.B.understanding=0.4; 3 tell crowd to=B"
    tape = run(make(3, persons=f"A reach=1.0; B*{count} understanding=0.0", world={"size": 10**6},
                    ideas="idea clarity=0.5", interventions=entries))  # fmt: skip
    assert abs(z(sum(0 < p <= count for _, _, p, _ in rows(tape, "learn")), count, 0.2)) < 4


def test_a_crowd_that_holds_rivals_holds_one_of_them():
    entries = "1 discover A idea=earth; 1 discover B idea=sun"
    model = IdeaDiffusion(make(9, {"telling_period": "forever"}, persons="A reach=0.6; B reach=0.6",
                               world={"size": WORLD}, ideas="earth; sun rival_of=earth",
                               interventions=entries))  # fmt: skip
    while model.running:
        model.step()
        assert model.crowd.held(0) + model.crowd.held(1) <= model.crowd.size
