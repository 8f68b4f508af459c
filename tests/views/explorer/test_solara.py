"""Mesa's SolaraViz shows the model."""

from __future__ import annotations

import pytest

from sim import IdeaDiffusion, Scenario
from sim.views.explorer import solara

pytest.importorskip("solara", reason="the extra `viz` is not installed")


def test_the_page_builds_on_the_model_which_is_made_anew_as_solara_does_it():
    import solara as library

    page = solara.solara_page(Scenario.from_toml(solara.VILLAGE))
    _, rendered = library.render(page, handle_error=False)
    rendered.close()
    assert isinstance(page.kwargs["model"] if "model" in page.kwargs else page.args[0], IdeaDiffusion)
    params = page.kwargs["model_params"].items()
    again = IdeaDiffusion(**{name: p["value"] if isinstance(p, dict) else p for name, p in params})
    assert again.world_seed == 1


def test_the_columns_of_its_curves_are_collected():
    model = IdeaDiffusion(Scenario.from_toml(solara.VILLAGE))
    model.step()
    assert set(solara.COUNTS) <= set(model.datacollector.get_model_vars_dataframe().columns)


def test_solara_finds_the_page_of_the_file():
    from reacton.core import Element

    assert isinstance(vars(solara)["page"], Element)  # it does not ask a module's __getattr__
