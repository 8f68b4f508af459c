"""When an idea is told, rediscovered, implemented, found: the claims that have a formula."""

import math

import numpy as np
import pytest

from sim import Scenario, Tape, credit, simulate_many
from sim.tape.tables import IMPLEMENT, LEARN
from tests.model.agents import make
from tests.theory import FOREVER, Floats, check_mean, reached, replicates, runs, some

THE_WORLD = 1000  # people who use what they are told of


def told_late(delay: int, steps: int) -> Scenario:
    """An author who is silent for `delay` steps, and two hundred readers who tell each other."""
    return make(steps, {"telling_period": FOREVER}, persons=f"author; reader*200 reach={0.4 / 201}",
                interventions=f"1 discover author; {2 + delay} set persons.author.reach=0.01",
                impact={"value_of": "held", "realised_by": "reader"})  # fmt: skip


def test_telling_later_only_shifts_the_impact():
    """V(delay) over T steps has the law of V(0) over T - delay; so has the author's share."""
    delay, steps = 6, 26
    late, prompt, whole = (
        [credit(tape) for tape in runs(told_late(*args), 400, first=10**6 * k)]
        for k, args in enumerate([(delay, steps), (0, steps - delay), (0, steps)])
    )
    value = [np.array([table.total for table in tables]) for tables in (late, prompt, whole)]
    check_apart(value[0], value[1], wrong=float(value[2].mean() - value[0].mean()))
    share = [np.array([table.persons.share[0] for table in tables]) for tables in (late, prompt)]
    check_apart(*share, wrong=0.05 * float(share[1].mean()))


def check_apart(one: Floats, other: Floats, wrong: float) -> None:
    """The means of two independent samples are the same, and would not be if they lay so far apart."""
    error = float(np.hypot(*(sample.std(ddof=1) / len(sample) ** 0.5 for sample in (one, other))))
    check_mean([one.mean() - other.mean()], 0.0, wrong, error=error)


RATE = 0.1


def raced(delay: int) -> Scenario:
    """The first discoverer's notes are found after `delay` steps; a rival rediscovers at a rate, and tells at once.

    Either way the publisher tells the world, and an engineer makes it work: three roles for three persons.
    """
    people = f"first; rival creativity=1.0 reach={1 / THE_WORLD}; publisher reach=1.0; engineer skill=1.0"
    return make(delay + 20, {"discovery_rate": RATE, "implementation_rate": math.inf, "telling_period": FOREVER},
                persons=people, ties="rival>publisher; publisher>engineer", world={"size": THE_WORLD},
                impact={"realised_by": "crowd"},
                interventions=f"1 discover first; {delay + 2} find publisher of=first")  # fmt: skip


@pytest.mark.parametrize("delay", some([10, 2, 16]))
def test_the_first_discoverers_share_falls_as_rediscovery_is_likely(delay):
    """e^(-rate delay) / 3: who rediscovers in one of the first `delay` steps reaches the publisher before the notes."""
    shares = np.array([credit(tape).persons.share[0] for tape in runs(raced(delay), 2500)])
    assert set(np.round(shares, 12).tolist()) <= {0.0, round(1 / 3, 12)}
    share = math.exp(-RATE * delay)
    error = (share * (1 - share) / len(shares)) ** 0.5 / 3
    check_mean(shares, share / 3, math.exp(-RATE * (delay + 5)) / 3, math.exp(-RATE * (delay - 5)) / 3, error=error)


def test_a_rewrite_that_lifts_clarity_over_one_makes_the_idea_take_off():
    """Half a reader understands the first edition, two the second: no outbreak, then one with r = 1 - exp(-2 r)."""
    n, ideas, rewritten, r = 3000, 100, 40, 0.796812
    entries = f"1 discover author pairing=each; {rewritten} rewrite author clarity=0.5 pairing=each"
    scenario = make(rewritten + 60, persons=f"author*{ideas}; reader*{n - ideas}", population={"reach": 4 / n},
                    interventions=entries, ideas=f"book*{ideas} clarity=0.125")  # fmt: skip
    tapes = runs(scenario, 20)
    before = [np.bincount(t.events.idea[t.events.step < rewritten], minlength=ideas) for t in tapes]
    first, second = np.concatenate(before), np.concatenate([reached(tape) for tape in tapes])
    check_mean(first, 2.0, 1.5, 2.5)
    assert first.max() < 0.02 * n
    large = second > 0.1 * n
    check_mean(large, r, 0.0, 0.5, 1.0, error=(r * (1 - r) / len(large)) ** 0.5)
    check_mean(second[large] / n, r, 0.95 * r, 1.05 * r)


@pytest.mark.parametrize("n", some([3, 8]))
def test_without_the_first_of_n_equal_discoverers_the_world_waits_for_the_second(n):
    """The same luck without her: the second came 1 / ((n - 1) rate) later on average; her share was 1/3.

    In steps n (1 / (1 - e^(-(n - 1) rate)) - 1 / (1 - e^(-n rate))), from E T_2 - E T_1 with geometric minima.
    """
    rate = 0.03
    people = [{"name": f"equal {k}", "creativity": 1.0, "reach": 1 / THE_WORLD} for k in range(n)]
    people += [{"name": "publisher", "reach": 1.0}, {"name": "engineer", "skill": 1.0}]
    ties = [{"from": f"equal {k}", "to": "publisher"} for k in range(n)] + [{"from": "publisher", "to": "engineer"}]
    scenario = make(300, {"discovery_rate": rate, "implementation_rate": math.inf, "telling_period": FOREVER},
                    persons=people, ties=ties, world={"size": THE_WORLD}, impact={"realised_by": "crowd"})  # fmt: skip
    count = replicates(700)
    tapes = simulate_many(scenario, range(count), engine="kernels")
    first = [discoverer_of_what_the_publisher_learned(tape, n) for tape in tapes]
    lost = np.zeros(count)
    for k in range(n):
        mine = [seed for seed in range(count) if first[seed] == k]
        without = scenario.replace({f"persons.equal {k}.creativity": 0.0})
        for seed, tape in zip(mine, simulate_many(without, mine, engine="kernels"), strict=True):
            assert credit(tapes[seed]).persons.idea[k] == pytest.approx(tapes[seed].total / 3)
            lost[seed] = (tapes[seed].total - tape.total) / (THE_WORLD - n - 2)
    in_steps = n * (1 / (1 - math.exp(-(n - 1) * rate)) - 1 / (1 - math.exp(-n * rate)))
    truth = 1 / ((n - 1) * rate)
    assert in_steps == pytest.approx(truth, rel=0.01)
    check_mean(lost - in_steps + truth, truth, 1 / (n * rate) if n < 5 else 0.5 * truth, 1.5 * truth)


def discoverer_of_what_the_publisher_learned(tape: Tape, publisher: int) -> int:
    row = int(np.flatnonzero((tape.events.person == publisher) & (tape.events.kind == LEARN))[0])
    return int(tape.events.person[tape.influences.parent[tape.parents[row]]])


@pytest.mark.parametrize("delay", [0, 20])
def test_the_chance_that_an_idea_is_ever_implemented(delay):
    """1 - [1 - mu e^(-delta L) / (mu + delta)]^K0: a knower must still hold it, and then act first.

    In steps one of the two comes first with a / (a + b - a b), the chance that a wait of steps is no longer than the
    other, instead of mu / (mu + delta): ideas are the replicates.
    """
    mu, delta, knowers, ideas = 0.01, 0.02, 4, 2000
    scenario = make(2 + delay + 600, {"abandon_rate": delta}, persons=f"knower*{knowers} skill=1.0",
                    ideas=f"idea*{ideas}",
                    interventions=f"1 discover knower; {2 + delay} set dynamics.implementation_rate={mu}")  # fmt: skip
    made = [tape.events.idea[tape.events.kind == IMPLEMENT] for tape in runs(scenario, 10)]
    done = np.concatenate([np.bincount(of, minlength=ideas) > 0 for of in made]).astype(float)
    a, b = 1 - math.exp(-mu), 1 - math.exp(-delta)

    def ever(of_one: float, lag: float) -> float:
        return 1 - (1 - math.exp(-delta * lag) * of_one) ** knowers

    truth = ever(mu / (mu + delta), delay)
    bias = ever(a / (a + b - a * b), delay) - truth
    assert abs(bias) < 0.01
    check_mean(done - bias, truth, 0.95 * truth, 1.05 * truth, error=(truth * (1 - truth) / len(done)) ** 0.5)
