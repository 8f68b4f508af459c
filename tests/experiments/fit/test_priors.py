"""Priors in the words of scipy, read by a table."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim import Scenario, ScenarioError
from sim.experiments.fit.priors import Prior, parse_prior, priors_of

LAWS = {
    "uniform(2, 5)": stats.uniform(2, 3),
    "loguniform(1e-3, 1)": stats.loguniform(1e-3, 1),
    "beta(2, 5)": stats.beta(2, 5),
    " normal( 1 , 2 ) ": stats.norm(1, 2),
    "lognormal(3, .5)": stats.lognorm(0.5, scale=3),
    "gamma(2, 3)": stats.gamma(2, scale=3),
    "exponential(4)": stats.expon(scale=4),
    "integers(1, 6)": stats.randint(1, 7),
}


@pytest.mark.parametrize(("text", "law"), LAWS.items())
def test_values_are_quantiles_of_scipys_law(text, law):
    z = np.linspace(-3, 3, 13)
    assert Prior(text).values(z) == pytest.approx(law.ppf(stats.norm.cdf(z)), rel=1e-11)


@pytest.mark.parametrize(("text", "told"), [
    ("uniform(0,2.0)", "uniform(0, 2)"), ("uniform(.1, 12345678)", "uniform(0.1, 12345678)"),
    ("uniform(-1e-7,0.1234567)", "uniform(-1e-07, 0.1234567)"),
])  # fmt: skip
def test_the_text_of_a_prior_has_all_digits_of_its_numbers(text, told):
    assert Prior(text).text == told == Prior(told).text


def vary(**priors):
    vary = {key.replace("__", "."): text for key, text in priors.items()}
    return partial(priors_of, vary, Scenario.load("e2_implementer"))


@pytest.mark.parametrize(("make", "said"), [
    *((partial(Prior, text), said) for text, said in {
        "uniform": "is no prior; allowed: uniform(low, high)",
        "unifrm(0, 1)": "did you mean 'uniform'?",
        "uniform(1, 0)": "low < high",
        "uniform(0)": "allowed: uniform(low, high)",
        "uniform(0, inf)": "finite numbers",
        "uniform(0, nan)": "finite numbers",
        "beta(0, 1)": "both above 0",
        "integers(0, 1.5)": "whole",
        "uniform(__import__('os'), 1)": "is no prior",
        "uniform(0, 1);uniform(0, 1)": "is no prior",
    }.items()),
    *((partial(parse_prior, text), "must be KEY=PRIOR") for text in ("dynamics.abandon_rate", "=uniform(0, 1)", "")),
    # All that a prior draws must be allowed.
    (vary(dynamics__abandon_rat="uniform(0, 1)"), "abandon_rate"),
    (vary(population__clarity="uniform(0, 2)"), "drawn by uniform(0, 2)"),
    (vary(population__clarity="normal(0.5, 0.1)", scenario__steps="uniform(1, 9)"), "scenario.steps"),
    (vary(population__clarity="normal(0.5, 1)"), "drawn by normal(0.5, 1)"),
])  # fmt: skip
def test_what_is_no_prior_is_refused_in_one_line(make, said):
    with pytest.raises(ValueError, match=r".") as error:
        make()
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, ScenarioError) or make.func is not priors_of


def test_priors_may_stand_in_a_series_and_whole_numbers_fit_keys_that_take_them():
    vary = {"dynamics.abandon_rate": "uniform(0, 1)", "scenario.steps": "integers(1, 9)"}
    scenario = Scenario.load("e2_implementer")
    assert priors_of(pd.Series(vary), scenario) == priors_of(vary, scenario)
