"""Who took part: worlds where the shares of credit are closed forms (SCIENCE.md section 5)."""

import math
from typing import Any

import numpy as np
import pytest

from sim import Scenario
from sim.accounts.account import credit
from sim.accounts.role_flow import role_flow_of_events
from sim.tape.tables import DISCOVER, LEARN
from sim.tape.tape import Tape
from tests.model.agents import deed, make
from tests.theory import FOREVER, check_mean, runs

CERTAIN = {"discovery_rate": math.inf, "implementation_rate": math.inf, "telling_period": FOREVER}
WORLD = {"size": 10**6}
USED = {"realised_by": "crowd"}
HELD = USED | {"value_of": "held"}


def the_only_tape(scenario: Scenario) -> Tape:
    """Of a world without chance."""
    return runs(scenario, 1)[0]


def share(tape: Tape, *names: str) -> list[float]:
    table = credit(tape)
    of = dict(zip(table.persons.name, table.persons.share.tolist(), strict=True))
    return [of[name] for name in names]


# --- 8: bridges -----------------------------------------------------------------------------------------------


def bridges(k: int, **others: Any) -> Scenario:
    """An inventor who tells k bridges alone, each of whom tells everybody else."""
    people = [{"name": "inventor"}, *({"name": f"bridge {b}", "reach": 1.0} for b in range(1, k + 1))]
    told = [deed(1, "tell", "inventor", to=f"bridge {b}") for b in range(1, k + 1)]
    return make(4, persons=people, interventions=[deed(1, "discover", "inventor"), *told],
                **{"impact": HELD, "world": WORLD} | others)  # fmt: skip


@pytest.mark.parametrize("k", [1, 2, 5])
def test_k_parallel_bridges_share_equally_and_none_of_several_is_needed(k):
    """Role flow: 1/k of the communication each, half of all. Knockout: everything for k = 1, nothing for k = 2."""
    tape = the_only_tape(bridges(k))
    names = [f"bridge {b}" for b in range(1, k + 1)]
    assert share(tape, "inventor", *names) == pytest.approx([1 / 2, *[1 / (2 * k)] * k], rel=1e-12)
    without = the_only_tape(bridges(k).replace({"persons.bridge 1.dies": 1}))
    assert 1 - without.total / tape.total == pytest.approx(float(k == 1), abs=1e-12)
    if k > 1:
        assert share(without, *names) == pytest.approx([0.0, *[1 / (2 * (k - 1))] * (k - 1)], rel=1e-12)


@pytest.mark.parametrize("k", [2, 5])
def test_where_one_of_k_bridges_is_credited_each_is_as_often(k):
    scenario = bridges(k, population={"count": 500}, world={}, impact={"value_of": "held", "realised_by": "population"})
    shares = [share(tape, "bridge 1")[0] for tape in runs(scenario, 60)]
    error = 0.5 * (1 / k * (1 - 1 / k) / (500 * len(shares))) ** 0.5
    check_mean(shares, 1 / (2 * k), 1 / (2 * (k + 1)), 0.9 / (2 * k), error=error)


# --- 12: relays -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 4, 9])
def test_each_of_d_relays_has_a_share_of_one_in_three_d(d):
    """Inventor -> d relays in a row, the last of whom tells the world; somebody in the world makes it work."""
    names = ["inventor", *(f"relay {r}" for r in range(1, d + 1)), "engineer"]
    able: dict[str, dict[str, float]] = {f"relay {d}": {"reach": 1.0}, "engineer": {"skill": 1.0}}
    told = [deed(step, "tell", names[step - 1], to=names[step]) for step in range(1, d + 1)]
    scenario = make(d + 6, CERTAIN, persons=[{"name": name} | able.get(name, {}) for name in names], world=WORLD,
                    impact=USED, interventions=[deed(1, "discover", "inventor"), *told])  # fmt: skip
    tape = the_only_tape(scenario)
    assert share(tape, *names) == pytest.approx([1 / 3, *[1 / (3 * d)] * d, 1 / 3], rel=1e-12)


# --- 13: prerequisites ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [0, 1, 3, 6])
def test_the_root_of_d_prerequisites_has_half_to_the_power_of_d(d):
    """One person has idea after idea, each from the one before; only the last is worth something."""
    ideas: list[dict[str, Any]] = [{"name": f"idea {k}", "value": float(k == d)} for k in range(d + 1)]
    for k in range(1, d + 1):
        ideas[k]["prerequisites"] = [f"idea {k - 1}"]
    tape = the_only_tape(make(d + 4, CERTAIN, persons=[{"name": "thinker", "creativity": 1.0}], ideas=ideas,
                              impact={"value_of": "held"}))  # fmt: skip
    idea, communication, implementation = role_flow_of_events(tape)
    assert tape.events.kind.tolist() == [DISCOVER] * (d + 1)
    assert idea / tape.total == pytest.approx([2.0**-d, *(2.0 ** -(d - k + 1) for k in range(1, d + 1))], rel=1e-12)
    assert not communication.any()
    assert not implementation.any()


# --- 6: a classified idea -------------------------------------------------------------------------------------

RELEASE, STEPS = 25, 40


def classified(steps: int) -> Scenario:
    """Two inventors of the same idea: one is not allowed to speak before the release, the other has it at a rate.

    Both tell a part of the public one by one, who give it up and take it up again from either of them.
    """
    people = [{"name": "secret", "reach": 0.05, "keeps": True},
              {"name": "public", "reach": 0.1, "creativity": 1.0, "understanding": 0.0, "keeps": True},
              {"name": "citizen", "count": 200}]  # fmt: skip
    deeds = [deed(1, "discover", "secret"), deed(1, "lock", "secret"), deed(RELEASE, "unlock", "secret")]
    dynamics = {"discovery_rate": 0.1, "telling_period": FOREVER, "abandon_rate": 0.1, "readopt": True}
    impact = {"value_of": "held", "realised_by": "citizen"}
    return make(steps, dynamics, persons=people, interventions=deeds, impact=impact)


def value_by_root(tape: Tape, person: int) -> float:
    """The value of the holdings that go back to the person's discovery."""
    root = np.arange(len(tape.events))
    for child, parent in zip(tape.influences.child.tolist(), tape.influences.parent.tolist(), strict=True):
        root[child] = root[parent]
    return float(tape.realised.value[tape.events.person[root[tape.realised.event]] == person].sum())


def test_a_classified_idea_has_no_credit_before_its_release():
    """And later through its own lineage alone: all of what is realised on it, since nobody but the two tells."""
    for before, after in zip(runs(classified(RELEASE - 1), 60), runs(classified(STEPS), 60), strict=True):
        assert credit(before).persons.credit[0] == 0.0
        table = credit(after)
        assert table.persons.credit[0] == pytest.approx(value_by_root(after, 0), rel=1e-12)
        assert table.persons.credit[0] > 0.0
        secret = (after.events.kind == LEARN) & (after.events.step < RELEASE)
        assert not np.isin(np.flatnonzero(secret), after.influences.child[after.influences.parent == 0]).any()


def test_after_the_release_the_two_inventors_win_over_as_many_as_they_reach():
    """Of those who learn in a step in which both speak, the one with p = .05 is credited for p (1 - q) + p q / 2 of all
    hearers, the other, with q = .1, for q (1 - p) + p q / 2: drawn uniformly where both succeeded."""
    p, q = 0.05 * 203 / 202, 0.1 * 203 / 202
    part = p * (1 - q / 2) / (p + q - p * q)
    of_secret = of_both = 0
    for tape in runs(classified(STEPS), 60):
        rediscovered = tape.events.step[(tape.events.kind == DISCOVER) & (tape.events.person == 1)]
        both_speak = tape.events.step > max([RELEASE - 1, *rediscovered.tolist()])
        learned = (tape.events.kind == LEARN) & both_speak & (len(rediscovered) > 0)
        parents = tape.influences.parent[np.isin(tape.influences.child, np.flatnonzero(learned))]
        of_secret += np.count_nonzero(tape.events.person[parents] == 0)
        of_both += len(parents)
    check_mean([of_secret], part * of_both, p / (p + q) * 0.8 * of_both, 0.5 * of_both,
               error=(of_both * part * (1 - part)) ** 0.5)  # fmt: skip


# --- 14: an implementation and a later one --------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second", "steps"), [(3, 9, 30), (3, 20, 24)])
def test_implementations_share_what_their_users_realise(first, second, steps):
    """Alone for b - a steps, side by side for the T - b that are left: (b - a) + (T - b) / 2 of T - a for the first."""
    people = [{"name": "inventor"}, {"name": "teller", "reach": 1.0}, {"name": "firm"}, {"name": "rival"}]
    deeds = [deed(1, "discover", "inventor"), deed(1, "tell", "inventor", to="teller")]
    deeds += [deed(first, "implement", "firm"), deed(second, "implement", "rival")]
    tape = the_only_tape(make(steps, {"telling_period": FOREVER}, persons=people, world=WORLD, impact=USED,
                              interventions=deeds))  # fmt: skip
    part = ((second - first) + (steps - second) / 2) / (steps - first)
    found = share(tape, "inventor", "teller", "firm", "rival")
    assert found == pytest.approx([1 / 3, 1 / 3, part / 3, (1 - part) / 3], rel=1e-12)
