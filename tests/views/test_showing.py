"""What records show of themselves in a notebook: figures of the same thing as the drawer's, and pages in a frame."""

import html
import re

import numpy as np
import pytest

from sim import Scenario, Study, credit, fit, simulate
from sim.views.explorer.page import explorer

WORLD = """
scenario = {name = "club", steps = 8}
population = {count = 10, creativity = 1.0, reach = 0.1, understanding = 0.5}
ideas = [{name = "game"}]
dynamics = {discovery_rate = 0.1, abandon_rate = 0, telling_period = "forever"}
impact = {value_of = "held"}
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.from_toml(WORLD)


@pytest.mark.parametrize("kind", ["spread", "credit", "influence", "accounts", "lineage"])
def test_a_tape_and_its_scenario_draw_themselves(scenario: Scenario, kind: str) -> None:
    ours, theirs = scenario.plot(kind), simulate(scenario).plot(kind)
    assert ours._repr_png_() == theirs._repr_png_()
    assert ours._repr_png_().startswith(b"\x89PNG")


def test_a_scenario_knows_its_ties_and_when_value_was_realised(scenario: Scenario) -> None:
    for kind in ("network", "giants"):
        assert scenario.plot(kind)._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="its scenario is needed"):
        simulate(scenario).plot("giants")


def test_a_table_draws_the_credit_that_it_holds(scenario: Scenario) -> None:
    table = credit(simulate(scenario))
    widths = [bar.get_width() for bar in table.plot().axes[0].patches]
    assert np.sum(widths) == pytest.approx(table.total)


def test_a_study_and_a_fit_draw_themselves(scenario: Scenario) -> None:
    study = Study(scenario, {"dynamics.discovery_rate": [0.1, 0.5]}, replicates=3, measures=["total"])
    study.run()
    assert study.plot()._repr_png_().startswith(b"\x89PNG")
    other = Study(scenario, {"dynamics.discovery_rate": [0.1, 0.5]}, replicates=2, measures=["reached"])
    other.run()
    assert other.plot()._repr_png_() == other.plot("reached")._repr_png_()
    with pytest.raises(ValueError, match="x: the study varies nothing"):
        Study(scenario).plot()
    record = {"person": [f"person {k}" for k in range(1, 6)], "time": [1, 2, 2, 3, 4]}
    found = fit(scenario, record, {"dynamics.discovery_rate": "uniform(0, 1)"}, runs=60)
    assert found.plot()._repr_png_().startswith(b"\x89PNG")


def test_a_page_stands_in_a_frame_as_it_is(scenario: Scenario) -> None:
    tape = simulate(scenario)
    frame = tape.explore()._repr_html_()
    (page,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(page) == explorer(tape)
    assert "allow-scripts" in scenario.play()._repr_html_()


def test_a_kind_that_is_none_is_said_in_one_line(scenario: Scenario) -> None:
    with pytest.raises(ValueError, match=r"no 'sprad'; allowed: spread, .*did you mean 'spread'"):
        scenario.plot("sprad")
