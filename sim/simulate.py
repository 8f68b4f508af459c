"""Run a scenario: the only place that chooses an engine. The module can be called, as `sim.simulate(scenario)`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable

from sim import CallableModule, networks
from sim.scenario import Scenario
from sim.scenario_errors import ScenarioError
from sim.scenario_references import EVERYONE, EVERYTHING, idea_ranges, person_ranges
from sim.tape import Tape
from sim.tape_files import free_memory

ENGINES = ("auto", "agents")


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
        engine: "agents", or "auto" for the fastest that there is; the tape is the same.
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
    if engine not in ENGINES:
        near = difflib.get_close_matches(engine, ENGINES, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"engine: no '{engine}'; allowed: {', '.join(ENGINES)}{hint}")
    if seed is not None and not 0 <= seed < 2**64:
        raise ValueError(f"seed: must be from 0 to 2**64 - 1, is {seed}")
    from sim.agents import IdeaDiffusion

    needed, free = predict_memory(scenario), free_memory()
    if needed > free:
        raise ScenarioError(f"this world needs {_size(needed)} of memory, {_size(free)} are free")
    return IdeaDiffusion(scenario, rng=seed).run(progress)


def predict_memory(scenario: Scenario, holdings: int = 0) -> int:
    """Bytes that a run takes with this many holdings at the same time, by measured sizes (CPython 3.11)."""
    people = len(person_ranges(scenario)[EVERYONE])
    return 160_000_000 + 1_350 * people + 260 * networks.count_ties(scenario, people) + 1_400 * holdings


def describe(scenario: Scenario) -> list[tuple[str, str]]:
    """What a scenario holds, and the memory and time that a run will take: pairs of a label and a text."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    steps = scenario.scenario.steps
    crowd = (scenario.world.size or people) - people
    late = sum(deed.step > steps for deed in scenario.interventions)
    seconds = people * steps * (1.0 + 1.7 * ideas) * 1e-6
    return [
        ("name", scenario.scenario.name),
        ("persons", f"{people:,} one by one" + (f", and a crowd of {crowd:,}" if crowd else "")),
        ("ties", f"about {networks.count_ties(scenario, people):,} ({scenario.world.network.kind} network)"),
        ("ideas", f"{ideas:,}"),
        ("steps", f"{steps:,}, seed {scenario.scenario.seed}"),
        ("scheduled", f"{len(scenario.interventions):,} changes" + (f", {late} after the last step" if late else "")),
        ("credit", f"by {scenario.credit.method}"),
        ("memory", f"{_size(predict_memory(scenario))}, up to {_size(predict_memory(scenario, people * ideas))} "
                   f"if everybody takes up everything; {_size(free_memory())} are free"),
        ("time", f"about {seconds:,.0f} s" if seconds >= 1.0 else "below a second or so"),
    ]  # fmt: skip


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


sys.modules[__name__].__class__ = CallableModule
