"""The model in Mesa's own SolaraViz: a page with the two curves of the model, step by step (the extra `viz`).

    solara run sim.views.explorer.solara

shows the scenario named by the environment variable SHOULDERS_SCENARIO, else a village. With
SOLARA_TELEMETRY_MIXPANEL_ENABLE=false the page contacts nobody but its own server. For another view, make a file
of your own with two lines:

    from sim.views.explorer.solara import solara_page
    page = solara_page("village.toml")
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sim.model.agents.model import IdeaDiffusion
from sim.scenario.scenario import Scenario
from sim.views.style import BLUE, VERMILLION

COUNTS = {"holders": "holdings of all ideas", "realising": "value realised in a step"}
VILLAGE = """
scenario = {name = "a village", steps = 60, seed = 1}
population = {count = 60, reach = 0.04, understanding = 0.5}
persons = [{name = "Ada", creativity = 1.0, reach = 0.1}, {name = "builder", skill = 0.2}]
ideas = [{name = "wheel", discovery_rate = 0.3, difficulty = 2.0}]
[world]
network = {kind = "watts-strogatz", neighbours = 4, rewire = 0.1}
[dynamics]
telling_period = 8
abandon_rate = 0.02
"""


def solara_page(scenario: Scenario | str | Path) -> Any:
    """Return a SolaraViz of a scenario: the Mesa model, its two curves, and a slider for the seed.

    Raises:
        ImportError: without the extra `viz`.
        ScenarioError: if the scenario is invalid.
    """
    from mesa.visualization import SolaraViz, make_plot_component

    model = IdeaDiffusion(scenario)
    chosen = model.world.scenario
    seed = {"type": "SliderInt", "value": model.world_seed % 100, "label": "seed", "min": 0, "max": 99, "step": 1}
    curves = [make_plot_component({name: colour}) for name, colour in zip(COUNTS, (BLUE, VERMILLION), strict=True)]
    return SolaraViz(
        model, components=curves, model_params={"scenario": chosen, "rng": seed}, name=chosen.scenario.name
    )


if find_spec("solara") is not None:  # `solara run` looks for this name; without Solara the file can still be imported
    page = solara_page(os.environ.get("SHOULDERS_SCENARIO") or Scenario.from_toml(VILLAGE))
