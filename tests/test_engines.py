"""The public functions are functions, take what is a number, and a default left out is the default written out."""

import gc
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, get_args

import numpy as np
import pytest
import tomlkit
from pydantic import BaseModel

import sim
from sim import IdeaDiffusion, Scenario, World, credit, simulate, simulate_many, sweep
from sim.scenario import distributions, interventions, networks, sections
from tests import FULL

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
    assert (
        simulate("e1_interpreter")
        == simulate_many("e1_interpreter", [Scenario.load("e1_interpreter").scenario.seed])[0]
    )


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


# --- defaults ---------------------------------------------------------------------------------------------------------

NEEDED: dict[type, dict[str, Any]] = {  # what a section of a scenario cannot do without
    sections.Population: {"count": 60},
    distributions.Normal: {"mean": 0.3, "sd": 0.1},
    distributions.LogNormal: {"median": 0.2, "sigma": 0.5},
    distributions.Power: {"low": 0.05, "exponent": 2.5},
    distributions.Beta: {"a": 2.0, "b": 3.0},
    distributions.Choice: {"values": [0.1, 0.9]},
    networks.ErdosRenyi: {"degree": 3.0},
    networks.BarabasiAlbert: {"links": 2},
    networks.WattsStrogatz: {"neighbours": 4},
    networks.Configuration: {"degrees": {"kind": "power", "exponent": 2.5, "low": 2}},
    networks.PowerDegrees: {"exponent": 2.5},
    networks.Poisson: {"mean": 3.0},
    networks.StochasticBlock: {"sizes": [0.5, 0.5], "degrees": [[2.0, 1.0], [1.0, 2.0]]},
}
RESOLVED = {  # what None stands for, where that can be written
    ("PowerDegrees", "high"): lambda n: n - 1,
    ("Choice", "weights"): lambda _: [1.0, 1.0],
    ("Idea", "discovery_rate"): lambda _: sections.Dynamics().discovery_rate,
    ("WorldSection", "size"): lambda n: n,
}
PLACES = {  # of a section: its table, and which entry of a list
    "About": ("scenario", None),
    "WorldSection": ("world", None),
    "Population": ("population", None),
    "PersonSection": ("persons", 1),
    "Tie": ("ties", 0),
    "Idea": ("ideas", 1),
    "Dynamics": ("dynamics", None),
    "Impact": ("impact", None),
    "CreditSection": ("credit", None),
}


def model(n: int, at: type[BaseModel], own: dict[str, Any]) -> Scenario:
    """A scenario of n anonymous persons and six others that has a section of this type, with these keys."""
    data: dict[str, Any] = {
        "scenario": {"name": "defaults", "steps": 6},
        "world": {"network": {"kind": "erdos-renyi", "degree": 3.0}},
        "population": {"count": n, "creativity": 0.02, "reach": 3e-5, "skill": 0.5},
        "persons": [{"name": "P", "creativity": 1.0, "reach": 0.5}, {"name": "Q"}, {"name": "group", "count": 4}],
        "ties": [{"from": "P", "to": "Q"}],
        "ideas": [{"name": "idea"}, {"name": "other"}],
        "dynamics": {},
        "impact": {},
        "credit": {},
        "interventions": [],
    }
    kind = own
    if "kind" in at.model_fields:
        kind = own | {"kind": get_args(at.model_fields["kind"].annotation)[0]}
    room, name = at.__module__.rpartition(".")[2], at.__name__
    if room == "distributions":
        data["population"]["reach"] = kind
    elif name in ("PowerDegrees", "Poisson"):
        data["world"]["network"] = {"kind": "configuration", "degrees": kind}
    elif room == "networks":
        data["world"]["network"] = kind
    elif room == "interventions":
        data["interventions"] = [{"step": 1, "kind": "discover", "person": "P", "idea": "idea"}, kind]
    else:
        section, number = PLACES[name]
        data[section] = {} if name in ("WorldSection", "Population") else data[section]
        (data[section] if number is None else data[section][number]).update(own)
    return Scenario.from_toml(tomlkit.dumps(data))


def kinds() -> list[type[BaseModel]]:
    """Every section of a scenario, and every kind of distribution, network and intervention."""
    rooms = (distributions, networks, sections, interventions)
    classes = [(kind, room) for room in rooms for kind in vars(room).values() if isinstance(kind, type)]
    found = [kind for kind, room in classes if issubclass(kind, BaseModel) and kind.__module__ == room.__name__]
    return [kind for kind in found if kind.__name__[0] != "_" and kind.__name__ not in ("NetworkFile", "Contents")]


def needed(kind: type[BaseModel]) -> dict[str, Any]:
    if kind in NEEDED:
        return dict(NEEDED[kind])
    given = {"step": 2, "person": "P", "idea": "idea", "to": "Q", "of": "P", "clarity": 0.9, "reach": 0.5,
             "from": "P", "key": "dynamics.abandon_rate", "value": 0.3}  # fmt: skip
    return {field.alias or name: given[field.alias or name] for name, field in kind.model_fields.items()
            if field.is_required() and kind.__module__ == interventions.__name__ and name != "kind"}  # fmt: skip


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_what_is_left_out_is_its_default_written_out(kind):
    def pair(n: int) -> tuple[Scenario, Scenario]:
        written = {key: value(n + 6) for (name, key), value in RESOLVED.items() if name == kind.__name__}
        left, spelled = (model(n, kind, needed(kind) | more) for more in ({}, written))
        return left, Scenario.from_toml(spelled.to_toml())  # which says every default

    left, spelled = pair(60)
    for engine in ("agents", "kernels"):
        assert simulate(left, 3, engine=engine) == simulate(spelled, 3, engine=engine)
    if kind.__module__ not in (networks.__name__, distributions.__name__):
        return
    # Above the numbers from which networks and abilities are made by compiled code.
    left, spelled = (World.build(s, 3) for s in pair(600 if kind is networks.Complete else 210_000))
    assert np.array_equal(left.ties.target, spelled.ties.target)
    assert np.array_equal(left.reach, spelled.reach)
    assert len(left.ties.target) > left.n / 2 or kind is networks.NoNetwork, "a network without ties says nothing"


@pytest.mark.parametrize(("persons", "low"), [(3, 2), (2, 1), (40, 39), (40, 1)])
def test_a_power_law_of_degrees_in_a_small_world_ties_all_it_can(persons, low):
    law = {"kind": "power", "exponent": 2.5, "low": low}
    data = {
        "scenario": {"name": "few", "steps": 4},
        "world": {"network": {"kind": "configuration", "degrees": law}},
        "population": {"count": persons, "creativity": 0.5, "reach": 1.0},
        "ideas": [{"name": "idea"}],
    }
    scenario = Scenario.from_toml(tomlkit.dumps(data))
    found = [len(World.build(scenario, seed).ties.target) for seed in range(40)]
    assert 0 < np.mean(found) <= persons * (persons - 1)
    assert simulate(scenario, 1, engine="kernels") == simulate(scenario, 1, engine="agents")
