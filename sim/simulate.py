"""Run a scenario: the only place that chooses an engine. The module can be called, as `sim.simulate(scenario)`."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sim import CallableModule, networks, networks_make
from sim.realise import WORTH_COMPILING as WORTH_COMPILING_HISTORY
from sim.realise import history
from sim.scenario import Scenario
from sim.scenario_errors import ScenarioError
from sim.scenario_references import EVERYONE, EVERYTHING, find, idea_ranges, person_ranges
from sim.tape import Tape
from sim.tape_files import free_memory
from sim.world import World

ENGINES = ("auto", "agents", "kernels")
WORTH_LOADING, WORTH_COMPILING = 3.0, 90.0  # seconds the agents must take for kernels to be chosen, compiled or not


def simulate(
    scenario: Scenario,
    seed: int | None = None,
    engine: str = "auto",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tape:
    """Run a scenario and return its tape; the same seed gives the same tape, bit for bit.

    Args:
        scenario: what to run.
        seed: of all luck, from 0 to 2**64 - 1; without it, the scenario's own.
        engine: "agents" (Mesa, nothing to compile), "kernels" (compiled loops), or "auto" for whichever should be
            the faster; the tape is the same.
        threads: how many threads an engine may use; the tape is the same.
        progress: is told (steps done, steps in all) after every step.

    Raises:
        ValueError: if there is no such engine, or the seed is out of range.
        ScenarioError: if the network file cannot be used, or the world would not fit into the memory.

    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1", creativity = 1.0}]
    ... ideas = [{name = "wheel"}]
    ... dynamics = {discovery_rate = inf, abandon_rate = 0}
    ... impact = {value_of = "held"}''')
    >>> simulate(scenario).total
    2.0
    """
    if seed is not None:
        _checked(seed)
    engine = choose(scenario, engine)
    _refuse_too_large(scenario, engine)
    if engine == "kernels":
        return simulate_world(World.build(scenario, seed), engine, threads, progress)
    from sim.agents import IdeaDiffusion

    return IdeaDiffusion(scenario, rng=seed).run(progress)


def simulate_world(
    world: World,
    engine: str = "kernels",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tape:
    """Run a world that is already there; as `simulate`, without a look at the memory."""
    if choose(world.scenario, engine) == "kernels":
        from sim.kernels import ColumnModel

        model = ColumnModel(world, threads)
        model.finish(progress)
        record = model.record()
        del model  # its memory, before the tape takes more
        return history(world, *record)
    from sim.agents import IdeaDiffusion

    return IdeaDiffusion(world).run(progress)


def simulate_many(
    scenario: Scenario, seeds: Iterable[int], engine: str = "auto", threads: int | None = None
) -> Sequence[Tape]:
    """Run a scenario once for each seed, several runs side by side; the tapes are those of `simulate`, in order.

    Args:
        scenario, engine: as in `simulate`; "auto" looks at all runs together.
        seeds: one for each run.
        threads: how many runs go on at the same time; without it, as many as there are processors.

    Returns:
        The tapes. Those of small worlds are made when they are asked for, from rows that stand together in blocks.

    Raises:
        ValueError, ScenarioError: as in `simulate`.

    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1", creativity = 1.0}]
    ... ideas = [{name = "wheel"}]''')
    >>> len(simulate_many(scenario, range(5)))
    5
    """
    seeds = [_checked(seed) for seed in seeds]
    if choose(scenario, engine, len(seeds)) == "agents":
        return [simulate(scenario, seed, "agents") for seed in seeds]
    from sim.kernels.replicates import fits_batch, run_batch

    threads = threads or len(os.sched_getaffinity(0))
    if fits_batch(scenario):
        _refuse_too_large(scenario, "kernels")
        return run_batch(scenario, seeds, threads)
    with ThreadPoolExecutor(threads) as pool:
        first = [simulate(scenario, seed, "kernels", 1) for seed in seeds[:1]]  # compiles, once
        return first + list(pool.map(lambda seed: simulate(scenario, seed, "kernels", 1), seeds[1:]))


def _checked(seed: int) -> int:
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed: must be from 0 to 2**64 - 1, is {seed}")
    return seed


def _refuse_too_large(scenario: Scenario, engine: str) -> None:
    needed, free = predict_memory(scenario, engine), free_memory()
    if needed > free:
        raise ScenarioError(f"this world needs {_size(needed)} of memory, {_size(free)} are free")


def choose(scenario: Scenario, engine: str = "auto", runs: int = 1) -> str:
    """The engine for so many runs of a scenario: the one that is named, or of "auto" the one that should be the faster.

    Kernels that would have to be compiled first are chosen only where that takes less time than the agents do.

    Raises:
        ValueError: if there is no such engine.
    """
    if engine not in ENGINES:
        near = difflib.get_close_matches(engine, ENGINES, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"engine: no '{engine}'; allowed: {', '.join(ENGINES)}{hint}")
    if engine != "auto":
        return engine
    columns = 33 * len(person_ranges(scenario)[EVERYONE]) * len(idea_ranges(scenario)[EVERYTHING])
    seconds = runs * seconds_of_agents(scenario)
    if seconds <= WORTH_LOADING or columns > free_memory() / 2:
        return "agents"
    from sim.compiling import is_compiled
    from sim.kernels.model import SOURCES

    return "kernels" if seconds > WORTH_COMPILING or is_compiled(*SOURCES) else "agents"


def seconds_of_agents(scenario: Scenario) -> float:
    """Seconds that the agents would take, roughly; measured on one core of 2026."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    return scenario.scenario.steps * (1.0 * people + 1.7 * creative_persons(scenario) * ideas) * 1e-6


def seconds_of_kernels(scenario: Scenario) -> float:
    """Seconds that compiled loops would take, roughly, when everybody takes up and tells everything."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    told = min(scenario.dynamics.telling_period, scenario.scenario.steps)
    return 20e-9 * networks.count_ties(scenario, people) * ideas * told + 300e-9 * most_events(scenario)


def creative_persons(scenario: Scenario) -> int:
    """How many persons may discover something by themselves."""
    if scenario.population.creativity != 0.0:
        return len(person_ranges(scenario)[EVERYONE])
    return sum(person.count for person in scenario.persons if person.creativity)


def predict_memory(scenario: Scenario, engine: str = "agents", events: int = 0) -> int:
    """Bytes that a run takes at its peak when this many events happen, tape and checks included.

    Fitted to measured peaks (CPython 3.11, numpy 2.4, numba 0.68; `make bench ARGS=memory` measures them again): a
    process with its libraries, then what each person, tie, key and event adds.
    """
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    ties, ranges = networks.count_ties(scenario, people), idea_ranges(scenario)
    related = 8 * sum(
        idea.count * len(find(ranges, name) or ()) for idea in scenario.ideas for name in idea.prerequisites
    )
    if engine == "kernels":
        each = 4 if scenario.world.network.kind in ("erdos-renyi", "stochastic-block", "complete") else 8
        return 185_000_000 + 8 * people + 20 * creative_persons(scenario) * ideas + each * ties + related + 140 * events
    compiling = 110_000_000 if people + ties > networks_make.WORTH_COMPILING or events > WORTH_COMPILING_HISTORY else 0
    return 160_000_000 + compiling + 1_350 * people + 260 * ties + related + 800 * events


def most_events(scenario: Scenario) -> int:
    """How many events there are when everybody takes up every idea once, implements it and gives it up, if they can."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    dynamics, skills = scenario.dynamics, [scenario.population.skill, *(person.skill for person in scenario.persons)]
    made = dynamics.implementation_rate > 0.0 and any(skill != 0.0 for skill in skills if skill is not None)
    left = dynamics.abandon_rate > 0.0 or dynamics.abandon_rate_working > 0.0
    return people * ideas * (1 + made + left)


def describe(scenario: Scenario) -> list[tuple[str, str]]:
    """What a scenario holds, and the memory and time that a run will take: pairs of a label and a text."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    steps = scenario.scenario.steps
    crowd = (scenario.world.size or people) - people
    late = sum(deed.step > steps for deed in scenario.interventions)
    engine = choose(scenario)
    seconds = seconds_of_kernels(scenario) if engine == "kernels" else seconds_of_agents(scenario)
    low, high = predict_memory(scenario, engine), predict_memory(scenario, engine, most_events(scenario))
    return [
        ("name", scenario.scenario.name),
        ("persons", f"{people:,} one by one" + (f", and a crowd of {crowd:,}" if crowd else "")),
        ("ties", f"about {networks.count_ties(scenario, people):,} ({scenario.world.network.kind} network)"),
        ("ideas", f"{ideas:,}"),
        ("steps", f"{steps:,}, seed {scenario.scenario.seed}"),
        ("scheduled", f"{len(scenario.interventions):,} changes" + (f", {late} after the last step" if late else "")),
        ("credit", f"by {scenario.credit.method}"),
        ("engine", engine),
        ("memory", f"{_size(low)}, or {_size(high)} if all take up everything; {_size(free_memory())} are free"),
        ("time", f"about {seconds:,.0f} s with {engine}" if seconds >= 1.0 else "below a second or so"),
    ]  # fmt: skip


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


sys.modules[__name__].__class__ = CallableModule
