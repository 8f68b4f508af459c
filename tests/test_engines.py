"""The public functions are functions, take what is a number, and a default left out is the default written out."""

import gc
import inspect
import pickle
import tomllib
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from copy import deepcopy
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
import tomlkit

import sim
from sim import IdeaDiffusion, Scenario, ScenarioError, World, credit, simulate, simulate_many, sweep
from sim.machine.loops import repeated
from sim.scenario import sections
from tests import FULL
from tests.scenario.test_scenario import VALID, at, paths

SMALL = Scenario.from_toml("""
scenario = {name = "small", steps = 4}
population = {count = 9, creativity = 0.5, reach = 0.5}
ideas = [{name = "idea"}]
""")


def test_a_scenario_is_given_or_named():
    with pytest.raises(sim.ScenarioError, match=r"must be a Scenario, a path or a name, is a int"):
        simulate(3)
    with pytest.raises(sim.ScenarioError, match=r"did you mean 'e1_interpreter'"):
        simulate("e1_interpeter")
    seed = Scenario.load("e1_interpreter").scenario.seed
    assert simulate("e1_interpreter") == simulate_many("e1_interpreter", [seed])[0]


@pytest.mark.parametrize("name", ["simulate", "simulate_many", "credit", "compare", "read_log", "sweep", "knockout"])
def test_public_functions_are_functions(name):
    function = getattr(sim, name)
    assert inspect.isfunction(function)
    assert pickle.loads(pickle.dumps(function)) is function
    kinds = {p.kind for p in inspect.signature(function).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds or name in ("credit", "compare"), "arguments are named"


def test_a_pool_of_processes_maps_them_and_numbers_of_numpy_are_welcome():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(simulate, [SMALL])) == [simulate(SMALL)]
        assert [table.total for table in pool.map(credit, [simulate(SMALL)])] == [simulate(SMALL).total]
    assert simulate(SMALL, np.uint64(2**63 + 5), threads=np.int64(1)) == simulate(SMALL, 2**63 + 5)
    assert [t.provenance["seed"] for t in simulate_many(SMALL, np.arange(3))] == [0, 1, 2]
    named = set(inspect.signature(sweep).parameters)
    assert set(inspect.signature(sim.Study).parameters) <= named


@pytest.mark.parametrize("seed", [1.5, -1, 2**64, True, "3", [1]])
@pytest.mark.parametrize("run", [simulate, lambda s, seed: simulate_many(s, [seed])])
def test_a_seed_that_is_none_is_refused(run, seed):
    with pytest.raises(ValueError, match=r"^seed: must be a whole number from 0 to 2\*\*64 - 1, is "):
        run(SMALL, seed)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
@pytest.mark.parametrize("engine", ["agents", "kernels"])
def test_threads_that_are_none_are_refused(threads, engine):
    for run in (lambda: simulate(SMALL, 1, engine=engine, threads=threads),
                lambda: simulate_many(SMALL, [1], engine=engine, threads=threads)):  # fmt: skip
        with pytest.raises(ValueError, match=r"^threads: must be a whole number from 1 to 10,000, is "):
            run()


def test_a_finished_run_is_given_up():
    gc.collect()
    before = sum(type(thing) is IdeaDiffusion for thing in gc.get_objects())
    for seed in range(1000 if FULL else 200):
        simulate(SMALL, seed, engine="agents")
    gc.collect()
    assert sum(type(thing) is IdeaDiffusion for thing in gc.get_objects()) <= before


def world_with(law: dict[str, Any] | None = None, count: int = 60, **changes: Any) -> Scenario:
    """Some persons, most of them anonymous, whose degrees follow a law, if one is given."""
    network = {"kind": "configuration", "degrees": law} if law else {"kind": "erdos-renyi", "degree": 3.0}
    return Scenario.model_validate({
        "scenario": {"name": "defaults", "steps": 6}, "world": {"network": network},
        "population": {"count": count, "creativity": 0.1, "reach": 0.1, "skill": 0.5},
        "persons": [{"name": "P", "creativity": 1.0, "reach": 0.5}], "ideas": [{"name": "idea"}],
    }).replace(changes)  # fmt: skip


POWER = {"kind": "power", "exponent": 2.5, "low": 2}
CHOICE = {"kind": "choice", "values": [0.1, 0.9]}


@pytest.mark.parametrize(("left", "written"), [
    (world_with(), Scenario.from_toml(world_with().to_toml())),  # which says every default
    (world_with(), world_with(**{"world.size": 61})),
    (world_with(), world_with(**{"ideas.idea.discovery_rate": sections.Dynamics().discovery_rate})),
    (world_with(POWER), world_with(POWER | {"high": 60})),
    (world_with(**{"population.skill": CHOICE}), world_with(**{"population.skill": CHOICE | {"weights": [1.0, 1.0]}})),
])  # fmt: skip
def test_what_is_left_out_is_its_default_written_out(left, written):
    for engine in ("agents", "kernels"):
        assert simulate(left, 3, engine=engine) == simulate(written, 3, engine=engine)


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_each_key_left_out_in_turn_is_its_default_written_out_compiled_or_not(file):
    data, tried = tomllib.loads(file.read_text(encoding="utf-8")), 0
    for *above, key in [path for path in paths(data) if path and isinstance(path[-1], str)]:
        rest = deepcopy(data)
        del at(rest, above)[key]
        with suppress(ScenarioError):  # where it is asked for
            left = Scenario.from_toml(tomlkit.dumps(rest), folder=file.parent)
            written = Scenario.from_toml(left.to_toml(), folder=file.parent)
            with repeated(10**9):  # so often that every loop is compiled
                compiled = simulate(left, engine="kernels")
            assert compiled == simulate(left, engine="agents") == simulate(written, engine="agents"), (*above, key)
            tried += 1
    assert tried >= 3


@pytest.mark.parametrize(("persons", "low"), [(3, 2), (2, 1), (40, 39), (40, 1)])
def test_a_power_law_of_degrees_in_a_small_world_ties_all_it_can(persons, low):
    scenario = world_with(POWER | {"low": low}, persons - 1)
    found = [len(World.build(scenario, seed).ties.target) for seed in range(40)]
    assert 0 < np.mean(found) <= persons * (persons - 1)
    assert simulate(scenario, 1, engine="kernels") == simulate(scenario, 1, engine="agents")
