"""The exact likelihood: over all records that there might be it sums to 1, and it meets closed forms."""

from itertools import product

import numpy as np
import pytest
from scipy import integrate, stats

from sim import Tape, fit, simulate
from sim.experiments.fit.chances import chances_of
from sim.experiments.fit.likelihood import Likelihood, why_not
from sim.experiments.fit.priors import Prior
from sim.experiments.fit.record import Record, record_of
from sim.tape.tables import ABANDON, DISCOVER, Events, Influences, Persons, Realised
from tests.experiments.fit import scenario_of

PEOPLE, FIRST = Persons(["person"], [3], [1]), Persons(["first", "person"], [1, 2], [1, 1])


def record_with(course, steps: int, named: bool, people: Persons = PEOPLE) -> Record | None:
    """The record in which each person adopts in a step (0: never), told by some or by none; None if it cannot be."""
    order = sorted((step, person, by) for person, (step, by) in enumerate(course) if step)
    row = {person: k for k, (_, person, _) in enumerate(order)}
    if any(not 0 < course[one][0] < step for step, _, by in order for one in by):
        return None
    told = [(row[person], row[one], 1 / len(by)) for _, person, by in order for one in by]
    step, person = [step for step, *_ in order], [person for _, person, _ in order]
    one = np.ones(len(order), np.int64)
    tape = Tape(
        Events(step, [bool(by) for *_, by in order], person, 0 * one, one),
        Influences(*np.array(told).reshape(-1, 3).T), Realised([], [], []), people, ("wheel",), steps, people.total,
    )  # fmt: skip
    return Record("log" if named else "adoptions", steps, tape)


TELLERS = ((), (0,), (1,), (2,))
GROUPS = (*TELLERS, (0, 1), (0, 2), (1, 2))


@pytest.mark.parametrize(("steps", "tellers", "changes"), [
    *((3, tellers, changes) for tellers in (TELLERS, ((),)) for changes in (
        {},
        {"population__reach": 1.0},  # strangers are told, too
        {"dynamics__telling_period": 1.0, "world__network": {"kind": "complete"}},
        {"interventions": [{"kind": "discover", "step": 1, "person": "first"}], "persons": [{"name": "first"}],
         "population__count": 2},
    )),
    (2, GROUPS, {"dynamics__credited_tellers": "all", "world__network": {"kind": "complete"}}),
])  # fmt: skip
def test_likelihoods_of_all_records_sum_to_one(steps, tellers, changes):
    scenario, given = scenario_of(steps=steps, **changes), "interventions" in changes
    whole = 0.0
    for course in product([(0, ()), *product(range(1, steps + 1), tellers)], repeat=3):
        record = record_with(course, steps, tellers != ((),), FIRST if given else PEOPLE)
        if record is not None and (not given or course[0] == (1, ())):
            whole += np.exp(Likelihood(scenario, record)({}))
    assert whole == pytest.approx(1.0, abs=1e-12)


def test_several_who_told_have_no_likelihood_where_one_is_credited():
    assert "credited_tellers" in why_not(scenario_of(), record_with(((1, ()), (1, ()), (2, (0, 1))), 4, True), {})


def test_one_teller_of_many_is_a_binomial_with_clopper_and_pearsons_interval():
    scenario = scenario_of(steps=2, population__count=10, world__network={"kind": "star", "both_ways": False},
                           population__reach=10 / 11, dynamics__discovery_rate=0, population__creativity=0.0,
                           interventions=[{"kind": "discover", "step": 1, "person": "first"}],
                           persons=[{"name": "first"}], population__understanding=0.3)  # fmt: skip
    told = [1, 4, 7]
    record = record_of({"person": ["first", *(f"person {k}" for k in told)], "time": [1, 2, 2, 2]}, scenario)
    found = fit(scenario, record, {"population.understanding": "uniform(0, 1)"}, predicted=0)
    parts = (0.025, 0.5, 0.975)
    quantiles = [found.quantile("population.understanding", part) for part in parts]
    assert quantiles == pytest.approx(stats.beta(1 + 3, 1 + 7).ppf(parts), abs=0.02)
    log = Record("log", 2, record.tape)
    like = Likelihood(scenario, log)
    like.courses[0].told[like.row[0], like.row[1:]] = True
    row = next(row for row in chances_of(like) if row["by"] == "a telling")
    assert (row["trials"], row["successes"]) == (10, 3)
    assert (row["low"], row["high"]) == pytest.approx(stats.binomtest(3, 10).proportion_ci(0.95, "exact"), abs=1e-12)


def test_abandoning_has_the_posterior_of_its_waits():
    scenario = scenario_of(steps=20, population__count=15, dynamics__abandon_rate=0.1, population__reach=0.0,
                           dynamics__discovery_rate=0.3)  # fmt: skip
    tape = simulate(scenario, 5)
    began, ended = np.full(15, 0), np.full(15, 21)
    for when, kind in ((began, DISCOVER), (ended, ABANDON)):
        when[tape.events.person[tape.events.kind == kind]] = tape.events.step[tape.events.kind == kind]
    held = began > 0
    vain = int((np.minimum(ended - 1, 20) - began)[held].sum())
    came = int((ended <= 20).sum())

    def density(rate: float) -> float:
        return float(np.exp(-rate * vain) * (1 - np.exp(-rate)) ** came)

    found = fit(scenario, tape, {"dynamics.abandon_rate": "uniform(0, 1)"}, predicted=0)
    assert found.method == "exact likelihood"
    exact = Likelihood(scenario, found.record)
    apart = [exact({"dynamics.abandon_rate": rate}) - np.log(density(rate)) for rate in (0.01, 0.1, 0.5)]
    assert np.ptp(apart) == pytest.approx(0.0, abs=1e-9)
    whole = integrate.quad(density, 0, 1)[0]
    moments = [integrate.quad(lambda rate, k=k: rate**k * density(rate), 0, 1)[0] / whole for k in (1, 2)]
    error = np.sqrt((moments[1] - moments[0] ** 2) / found.ess)
    assert found.to_pandas()["mean"][0] == pytest.approx(moments[0], abs=4 * error)
    assert found.population.log_evidence == pytest.approx(np.log(whole) + apart[0], abs=4 * found.population.error)


@pytest.mark.parametrize(("changes", "said"), [
    ({"world__network": {"kind": "erdos-renyi", "degree": 1}}, "drawn anew"),
    ({"world__size": 100}, "a crowd"),
    ({"population__reach": {"kind": "uniform"}}, "abilities are drawn"),
    ({"dynamics__adoption": "threshold"}, "threshold"),
    ({"dynamics__abandon_rate": 0.1}, "who abandons"),
    ({"population__count": 3000}, "more than"),
])  # fmt: skip
def test_why_there_is_no_exact_likelihood_is_said(changes, said):
    scenario = scenario_of(**changes)
    record = record_of({"person": ["person 1"], "time": [1]}, scenario)
    assert said in why_not(scenario, record, {"dynamics.discovery_rate": Prior("uniform(0, 1)")})
