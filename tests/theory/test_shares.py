"""Who took part, by chance: what is exact of it stands in scenarios/hypotheses, whose theory the tests hold."""

import numpy as np
import pytest

from sim import Scenario, Tape, credit
from sim.tape.tables import DISCOVER, LEARN
from tests.model.agents import make
from tests.tapes import by_name
from tests.theory import FOREVER, check_mean, runs


@pytest.mark.parametrize("k", [2, 5])
def test_where_one_of_k_bridges_is_credited_each_is_as_often(k):
    """An inventor tells k bridges alone, each of whom tells everybody else."""
    scenario = make(4, persons=f"inventor; bridge*{k} reach=1.0", population={"count": 500},
                    interventions="1 discover inventor; 1 tell inventor to=bridge",
                    impact={"value_of": "held", "realised_by": "population"})  # fmt: skip
    shares = [by_name(credit(tape), "share")["bridge 1"] for tape in runs(scenario, 60)]
    error = 0.5 * (1 / k * (1 - 1 / k) / (500 * len(shares))) ** 0.5
    check_mean(shares, 1 / (2 * k), 1 / (2 * (k + 1)), 0.9 / (2 * k), error=error)


RELEASE, STEPS = 25, 40


def classified(steps: int) -> Scenario:
    """Two inventors of the same idea: one is not allowed to speak before the release, the other has it at a rate.

    Both tell a part of the public one by one, who give it up and take it up again from either of them.
    """
    inventors = "secret reach=0.05 keeps=true; public reach=0.1 creativity=1.0 understanding=0.0 keeps=true"
    dynamics = {"discovery_rate": 0.1, "telling_period": FOREVER, "abandon_rate": 0.1, "readopt": True}
    return make(steps, dynamics, persons=f"{inventors}; citizen*200",
                impact={"value_of": "held", "realised_by": "citizen"},
                interventions=f"1 discover secret; 1 lock secret; {RELEASE} unlock secret")  # fmt: skip


def value_by_root(tape: Tape, person: int) -> float:
    """The value of the holdings that go back to the person's discovery."""
    root = np.arange(len(tape.events))
    for child, parent in zip(tape.influences.child.tolist(), tape.influences.parent.tolist(), strict=True):
        root[child] = root[parent]
    return float(tape.realised.value[tape.events.person[root[tape.realised.event]] == person].sum())


def test_a_classified_idea_has_no_credit_before_its_release():
    """And later through its own lineage alone: all of what is realised on it, since nobody but the two tells."""
    for before, after in zip(runs(classified(RELEASE - 1), 60), runs(classified(STEPS), 60), strict=True):
        early, late = (credit(tape).persons.credit[0] for tape in (before, after))
        assert early == 0.0 < late == pytest.approx(value_by_root(after, 0), rel=1e-12)
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
