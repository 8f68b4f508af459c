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


def in_the_page(engine, document):
    return json.loads(engine.run(STUDY % json.dumps(document)))


def check(engine, document, knockouts=True):
    """That tape, credit and knockouts of a document in the page are those of its scenario file in Python."""
    page = in_the_page(engine, document)
    scenario = Scenario.from_toml(page["toml"])
    tape = simulate(scenario)
    realised = dict(zip(("event", "served", "value"), tape.realised.columns().values(), strict=True))
    for name, column in (tape.events.columns() | tape.influences.columns() | realised).items():
        assert page["tape"][name] == column.tolist(), name
    assert page["total"] == pytest.approx(tape.total, rel=1e-12)
    number = len(scenario.persons)
    for method in ("role-flow", "person-pagerank", "shapley", "priority"):
        table = credit(tape, method).persons
        rows = dict(zip(table.person, range(len(table)), strict=True))
        shares = [table.share[rows[p.name]] if p.name in rows else 0.0 for p in scenario.persons]
        np.testing.assert_allclose(page["shares"][method][:number], shares, atol=1e-9, err_msg=method)
        if method == "role-flow":
            for role, found in zip(("idea", "communication", "implementation"), page["roles"], strict=True):
                column = getattr(table, role)
                own = {name: column[row] / tape.total if tape.total else 0.0 for name, row in rows.items()}
                parts = [own.get(p.name, 0.0) for p in scenario.persons]
                np.testing.assert_allclose(found[:number], parts, atol=1e-9, err_msg=role)
    if knockouts:
        lost = knockout(scenario, replicates=1).raw / (tape.total or math.inf)
        np.testing.assert_allclose(page["shares"]["knockout"], lost, atol=1e-9)


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_worlds_of_the_page(engine, name):
    world = worlds()[name]
    check(engine, world, knockouts=len(world["persons"]) < 20)


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


def test_the_thought_experiments_say_what_they_should(engine):
    def share(name, account):
        return in_the_page(engine, worlds()[name])["shares"][account]

    assert share("interpreter", "role-flow")[:2] == pytest.approx([1 / 2, 1 / 2])
    assert share("implementer", "role-flow")[:3] == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert share("bridge", "role-flow")[:3] == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert share("bridge", "person-pagerank")[:3] == pytest.approx([7600 / 22511, 58333 / 135066, 31133 / 135066])
    assert share("notebook", "priority")[0] == 1.0
    assert share("notebook", "role-flow")[0] == 0.0
    assert share("puppets", "role-flow")[:4] == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6])
    assert share("bridges", "knockout") == pytest.approx([1.0, 0.0, 0.0, 1.0])
