"""What the engine of the page says, in a real browser, is what Python says."""

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim import Scenario, credit, knockout, simulate
from sim.views.playground.presets import PRESETS, document_of, presets
from tests.scenarios import scenarios

worlds = cache(presets)
STUDY = """JSON.stringify((doc => {
    const result = study(app.call, doc);
    while (goOn(app.call, result));
    const tape = Object.fromEntries(Object.entries(result.tape).map(([key, column]) => [key, Array.from(column)]));
    return { toml: tomlOf(doc), tape, shares: result.shares, roles: result.roles, total: result.total };
})(%s))"""


def check(engine, document, knockouts=True):
    """That tape, credit and knockouts of a document in the page are those of its scenario file in Python."""
    page = json.loads(engine.run(STUDY % json.dumps(document)))
    scenario = Scenario.from_toml(page["toml"])
    tape = simulate(scenario)
    realised = dict(zip(("event", "served", "value"), tape.realised.columns().values(), strict=True))
    for name, column in (tape.events.columns() | tape.influences.columns() | realised).items():
        assert page["tape"][name] == column.tolist(), name
    assert page["total"] == pytest.approx(tape.total, rel=1e-12)
    number = len(scenario.persons)

    def of_persons(table, column):
        found = dict(zip(table.person, column, strict=True))
        return [found.get(person.name, 0.0) for person in scenario.persons]

    for method in ("role-flow", "person-pagerank", "shapley", "priority"):
        table = credit(tape, method).persons
        shares = of_persons(table, table.share)
        np.testing.assert_allclose(page["shares"][method][:number], shares, atol=1e-9, err_msg=method)
        if method == "role-flow":
            for role, found in zip(("idea", "communication", "implementation"), page["roles"], strict=True):
                parts = of_persons(table, getattr(table, role) / (tape.total or math.inf))
                np.testing.assert_allclose(found[:number], parts, atol=1e-9, err_msg=role)
    if knockouts:
        lost = knockout(scenario, replicates=1).raw / (tape.total or math.inf)
        np.testing.assert_allclose(page["shares"]["knockout"], lost, atol=1e-9)
    return page


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_worlds_of_the_page(engine, name):
    world = worlds()[name]
    page = check(engine, world, knockouts=len(world["persons"]) < 20)
    assert page["shares"]["knockout"] == pytest.approx([1.0, 0.0, 0.0, 1.0]) or name != "bridges"


@given(scenarios())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)
def test_random_worlds(engine, scenario):
    document = document_of(scenario)
    check(engine, document, knockouts=len(document["persons"]) < 12)


def test_a_long_lineage_that_branches(engine):
    """Forty who tell the next two each: more tellers in a row than the nodes of one block are exact for."""
    ties = "".join(f'[[ties]]\nfrom = "P{k}"\nto = "P{k + d}"\n' for k in range(40) for d in (1, 2) if k + d < 40)
    persons = "".join(f'[[persons]]\nname = "P{k}"\nreach = 1.0\ncreativity = {float(k == 0)}\n' for k in range(40))
    scenario = Scenario.from_toml(f"""
        scenario = {{name = "ladder", steps = 60}}
        dynamics = {{discovery_rate = inf, audience = "ties", credited_tellers = "all", telling_period = 1}}
        impact = {{value_of = "held"}}
        ideas = [{{name = "i"}}]
        {persons}{ties}""")
    tape = simulate(scenario)
    assert np.diff(tape.parents).max() > 1
    assert tape.events.step[tape.events.kind == 1].max() > 17
    check(engine, document_of(scenario), knockouts=False)
