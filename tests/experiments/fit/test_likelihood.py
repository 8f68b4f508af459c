"""The exact likelihood: over all records that there might be it sums to 1, and it meets closed forms."""

from itertools import product

import numpy as np
import pytest
from scipy import integrate, stats

from sim.engines import simulate
from sim.experiments.fit.chances import chances_of
from sim.experiments.fit.likelihood import Likelihood, why_not
from sim.experiments.fit.priors import Prior
from sim.experiments.fit.record import Record, record_of
from sim.experiments.fit.run import fit
from sim.tape.tables import ABANDON, Events, Influences, Persons, Realised
from sim.tape.tape import Tape
from tests.experiments.fit import scenario_of


def record_with(course, steps: int, named: bool) -> Record | None:
    """The record in which each person adopts in a step (0: never), told by some or by none; None if it cannot be."""
    order = sorted((step, person, by) for person, (step, by) in enumerate(course) if step)
    row = {person: k for k, (_, person, _) in enumerate(order)}
    if any(not 0 < course[one][0] < step for step, _, by in order for one in by):
        return None
    told = [(row[person], row[one], 1 / len(by)) for _, person, by in order for one in by]
    child, parent, weight = (np.array(column) for column in zip(*told, strict=True)) if told else ([], [], [])
    step, person = [step for step, *_ in order], [person for _, person, _ in order]
    one, n = np.ones(len(order), np.int64), len(course)
    tape = Tape(
        Events(step, [bool(by) for *_, by in order], person, 0 * one, one), Influences(child, parent, weight),
        Realised([], [], []), Persons([f"person {k + 1}" for k in range(n)], [1] * n, [1] * n), ("wheel",), steps, n,
    )  # fmt: skip
    return Record("log" if named else "adoptions", steps, tape)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("changes", [
    {},
    {"population__reach": 1.0},  # strangers are told, too
    {"dynamics__telling_period": 1.0, "world__network": {"kind": "complete"}},
    {"interventions": [{"kind": "discover", "step": 1, "person": "anonymous 1"}]},
])  # fmt: skip
def test_likelihoods_of_all_records_sum_to_one(named, changes):
    changes = dict(changes)
    if "interventions" in changes:
        changes |= {"persons": [{"name": "anonymous 1"}], "population__count": 2}
    scenario = scenario_of(steps=3, **changes)
    given = "interventions" in changes
    tellers = ((), (0,), (1,), (2,)) if named else ((),)
    whole = 0.0
    for course in product([(0, ()), *product((1, 2, 3), tellers)], repeat=3):
        if given and course[0] != (1, ()):
            continue
        record = record_with(course, 3, named)
        if record is not None:
            if given:
                record = Record(record.kind, 3, _named(record.tape, ("anonymous 1", "person 1", "person 2")))
            whole += np.exp(Likelihood(scenario, record)({}))
    assert whole == pytest.approx(1.0, abs=1e-12)


def _named(tape: Tape, names: tuple[str, ...]) -> Tape:
    from dataclasses import replace

    return replace(tape, persons=Persons(names, [1] * 3, [1] * 3))


def test_likelihoods_sum_to_one_where_all_who_told_are_credited():
    scenario = scenario_of(steps=2, dynamics__credited_tellers="all", world__network={"kind": "complete"})
    groups = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    whole = 0.0
    for course in product([(0, ()), *product((1, 2), groups)], repeat=3):
        record = record_with(course, 2, True)
        whole += np.exp(Likelihood(scenario, record)({})) if record is not None else 0.0
    assert whole == pytest.approx(1.0, abs=1e-12)
    assert "credited_tellers" in why_not(scenario_of(), record_with(((1, ()), (1, ()), (2, (0, 1))), 4, True), {})


def test_one_teller_of_many_is_a_binomial_with_clopper_and_pearsons_interval():
    scenario = scenario_of(steps=2, population__count=11, world__network={"kind": "star", "both_ways": False},
                           population__reach=10 / 11, dynamics__discovery_rate=0, population__creativity=0.0,
                           interventions=[{"kind": "discover", "step": 1, "person": "first"}],
                           persons=[{"name": "first"}], population__understanding=0.3)  # fmt: skip
    scenario = scenario.replace({"population.count": 10})
    told = [1, 4, 7]
    record = record_of({"person": ["first", *(f"person {k}" for k in told)], "time": [1, 2, 2, 2]}, scenario)
    found = fit(scenario, record, {"population.understanding": "uniform(0, 1)"}, predicted=0)
    exact = stats.beta(1 + 3, 1 + 7)
    for part in (0.025, 0.5, 0.975):
        assert found.quantile("population.understanding", part) == pytest.approx(exact.ppf(part), abs=0.02)
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
    began[tape.events.person[tape.events.kind == 0]] = tape.events.step[tape.events.kind == 0]
    ended[tape.events.person[tape.events.kind == ABANDON]] = tape.events.step[tape.events.kind == ABANDON]
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
