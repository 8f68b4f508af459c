"""What records show of themselves in a notebook: figures of the same thing as the drawer's, and pages in a frame."""

import html
import re

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


def test_a_scenario_knows_its_ties_and_when_value_was_realised_and_a_table_its_credit(scenario: Scenario) -> None:
    for kind in ("network", "giants"):
        assert scenario.plot(kind)._repr_png_().startswith(b"\x89PNG")
    tape = simulate(scenario)
    with pytest.raises(ValueError, match="its scenario is needed"):
        tape.plot("giants")
    with pytest.raises(ValueError, match=r"no 'sprad'; allowed: spread, .*did you mean 'spread'"):
        scenario.plot("sprad")
    table = credit(tape)
    assert sum(bar.get_width() for bar in table.plot().axes[0].patches) == pytest.approx(table.total)


def test_a_study_and_a_fit_draw_themselves(scenario: Scenario) -> None:
    study = Study(scenario, {"dynamics.discovery_rate": [0.1, 0.5]}, replicates=3, measures=["reached"])
    study.run()
    drawn = study.plot()._repr_png_()
    assert drawn.startswith(b"\x89PNG")
    assert drawn == study.plot("reached")._repr_png_()
    with pytest.raises(ValueError, match="x: the study varies nothing"):
        Study(scenario).plot()
    record = {"person": [f"person {k}" for k in range(1, 6)], "time": [1, 2, 2, 3, 4]}
    found = fit(scenario, record, {"dynamics.discovery_rate": "uniform(0, 1)"}, runs=60)
    assert found.plot()._repr_png_().startswith(b"\x89PNG")


def test_a_page_stands_in_a_frame_as_it_is(scenario: Scenario) -> None:
    tape = simulate(scenario)
    (page,) = re.findall(r'srcdoc="([^"]*)"', tape.explore()._repr_html_())
    assert html.unescape(page) == explorer(tape)
    assert "allow-scripts" in scenario.play()._repr_html_()
