"""Run a scenario: the only place that chooses an engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ScenarioError, checked_seed, require, whole_number
from sim.machine.memory import free_memory, in_words
from sim.machine.threads import in_threads, processors
from sim.model.forecast import most_events, predict_memory, seconds_of_agents
from sim.model.own_rules import Own, blamed, own_rules
from sim.model.world import World
from sim.scenario.groups import EVERYONE, EVERYTHING, idea_ranges, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.tape import Tape

if TYPE_CHECKING:
    from sim.model.agents.person import Person

ENGINES = ("auto", "agents", "kernels")
WORTH_LOADING, WORTH_COMPILING = 3.0, 40.0  # seconds of the agents from which kernels pay: compiled already, or not
WORTH_WAITING = 5.0  # seconds of a run by the agents above which waiting for the kernels is better
ANY_SIZE = "SHOULDERS_ANY_SIZE"
Rules = Mapping[str, Callable[..., Any]]  # the name of a rule -> the function that replaces it


def simulate(
    scenario: Scenario | str | Path,
    seed: int | None = None,
    *,
    engine: str = "auto",
    threads: int | None = None,
    rules: Rules | None = None,
    person_class: type[Person] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tape:
    """Run a scenario and return its tape; the same seed gives the same tape, bit for bit.

    Args:
        scenario: what to run: a Scenario, or the file or name of one.
        seed: the seed of all random draws, from 0 to 2**64 - 1; by default the scenario's own.
        engine: "agents" (one object per person, nothing to compile), "kernels" (compiled loops), or "auto" for the one
            expected to be faster; the tape is the same.
        threads: how many threads an engine may use; the tape is the same.
        rules: the name of a rule in sim/model/rules.py -> a plain function that replaces it, in either engine.
        person_class: a subclass of Person for the agents to use.
        progress: called with (steps done, steps in all) after every step.

    Raises:
        ValueError: if there is no such engine or rule, or the seed is out of range.
        ScenarioError: if the network file cannot be used, or the world would not fit into the memory.
        RunError: if one of your own rules raises an error or returns no number.

    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1", creativity = 1.0}]
    ... ideas = [{name = "wheel"}]
    ... dynamics = {discovery_rate = inf, abandon_rate = 0}
    ... impact = {value_of = "held"}''')
    >>> simulate(scenario).total
    2.0
    """
    seed, threads = None if seed is None else checked_seed(seed), checked_threads(threads)
    scenario, own = Scenario.of(scenario), own_rules(rules)
    engine = engine_for(scenario, engine, 1, own, person_class)
    refuse_too_large(scenario, engine)
    world = World.build(scenario, seed, own)
    return runner(world, engine, threads, progress, person_class)(world.seed)


def simulate_world(world: World, engine: str = "kernels", threads: int | None = None) -> Tape:
    """Run a world that has been built, with its own rules; like `simulate`, but without checking the memory."""
    return runner(world, engine, threads)(world.seed)


def runner(
    world: World,
    engine: str = "kernels",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    person_class: type[Person] | None = None,
) -> Callable[[int], Tape]:
    """Return a function from a seed to the tape of the world with that seed; what no seed changes is computed once.

    Persons and ties stay those of the world. The function must not be called by several threads at once.
    """
    if engine_for(world.scenario, engine, 1, world.rules, person_class) == "kernels":
        from sim.model.kernels.model import runner as kernels

        run = kernels(world, threads, progress)
    elif person_class is not None:
        from sim.model.agents.model import IdeaDiffusion

        def run(seed: int) -> Tape:
            return IdeaDiffusion(world.with_seed(seed), person_class=person_class).run(progress)
    else:
        from sim.model.agents.society import Society
        from sim.model.networks.ties import Neighbours

        neighbours = Neighbours(world.ties)

        def run(seed: int) -> Tape:
            return Society(world.with_seed(seed), neighbours=neighbours).run(progress)

    def blaming(seed: int) -> Tape:
        with blamed(world.rules):
            return run(seed)

    return blaming


def simulate_many(
    scenario: Scenario | str | Path | Sequence[Scenario],
    seeds: Iterable[int],
    *,
    engine: str = "auto",
    threads: int | None = None,
    rules: Rules | None = None,
    person_class: type[Person] | None = None,
) -> Sequence[Tape]:
    """Run a scenario once for each seed, several runs side by side; the tapes equal those of `simulate`, in order.

    Args:
        scenario: one for all runs, or one for each seed; those that differ only in fractional numbers run in one loop.
        seeds: one for each run.
        engine, rules, person_class: as in `simulate`; "auto" looks at all runs together.
        threads: how many runs go on at the same time; by default as many as there are processors.

    Returns:
        The tapes. Tapes of small worlds are made on access, from rows that are stored together in blocks.

    Raises:
        ValueError, ScenarioError: as in `simulate`, or if there are not as many scenarios as seeds.

    >>> scenario = Scenario.from_toml('''
    ... scenario = {name = "one idea", steps = 3}
    ... persons = [{name = "P1", creativity = 1.0}]
    ... ideas = [{name = "wheel"}]''')
    >>> len(simulate_many(scenario, range(5)))
    5
    >>> clear = [scenario.replace({"ideas.wheel.clarity": clarity}) for clarity in (0.1, 0.5, 0.9)]
    >>> [tape.provenance["seed"] for tape in simulate_many(clear, [1, 2, 3])]
    [1, 2, 3]
    """
    seeds, threads = [checked_seed(seed) for seed in seeds], checked_threads(threads)
    if isinstance(scenario, Scenario | str | Path):
        given = [Scenario.of(scenario)] * len(seeds)
    else:
        given = [Scenario.of(one) for one in scenario]
    if len(given) != len(seeds):
        raise ValueError(f"scenario: must be one, or one for each of {len(seeds)} seeds, are {len(given)}")
    cells = [one for k, one in enumerate(given) if not k or one is not given[k - 1]]
    cell = np.cumsum([k > 0 and one is not given[k - 1] for k, one in enumerate(given)], dtype=np.int64).tolist()
    own = own_rules(rules)
    found: list[Sequence[Tape]] = []
    for first, last in _together(cells):
        runs = slice(bisect_left(cell, first), bisect_left(cell, last))
        of = [which - first for which in cell[runs]]
        found.append(_side_by_side(cells[first:last], of, seeds[runs], engine, threads, own, person_class))
    return found[0] if len(found) == 1 else [tape for tapes in found for tape in tapes]


def _together(scenarios: Sequence[Scenario]) -> Iterator[tuple[int, int]]:
    """Yield the spans of scenarios that differ only in fractional numbers: first, and last + 1."""
    from sim.model.shape import shape_of

    shapes = [shape_of(scenario) for scenario in scenarios] if len(scenarios) > 1 else [None] * len(scenarios)
    first = 0
    for last in range(1, len(scenarios) + 1):
        if last == len(scenarios) or shapes[last] != shapes[first]:
            yield first, last
            first = last


def _side_by_side(
    scenarios: Sequence[Scenario], cell: Sequence[int], seeds: Sequence[int], engine: str, threads: int | None,
    own: Own, person_class: type[Person] | None,
) -> Sequence[Tape]:  # fmt: skip
    """Run scenarios that differ only in fractional numbers, for each seed the one of its cell."""
    chosen = engine_for(scenarios[0], engine, len(seeds), own, person_class)
    refuse_too_large(scenarios[0], chosen)

    def run(k: int) -> Tape:
        return runner(World.build(scenarios[cell[k]], seeds[k], own), chosen, 1, None, person_class)(seeds[k])

    if chosen == "agents":
        return [run(k) for k in range(len(seeds))]
    from sim.model.kernels.replicates import fits_batch, run_batch

    threads = threads or processors()
    if fits_batch(scenarios[0]):
        with blamed(own):
            return run_batch(scenarios, cell, seeds, threads, own)
    return list(in_threads(run, range(len(seeds)), threads))


def checked_threads(threads: int | None) -> int | None:
    """Return a number of threads as an int, or None; raise a ValueError that says what is allowed."""
    return None if threads is None else whole_number("threads", threads, 1, 10_000)


def refuse_too_large(scenario: Scenario, engine: str) -> None:
    """Refuse a world that does not fit into the free memory, or would not if everybody adopted everything.

    Raises:
        ScenarioError: says what is needed, what is free, and how to run it all the same.
    """
    free, least = free_memory(), predict_memory(scenario, engine)
    most = predict_memory(scenario, engine, most_events(scenario))
    if most <= free or os.environ.get(ANY_SIZE):
        return
    if_all = "" if least > free else f", {in_words(most)} if everybody adopts everything"
    raise ScenarioError(f"this world needs {in_words(least)} of memory{if_all}, {in_words(free)} are free; "
                        f"set {ANY_SIZE}=1 in the environment to run it all the same")  # fmt: skip


def engine_for(
    scenario: Scenario, engine: str, runs: int = 1, own: Own = (), person_class: type[Person] | None = None
) -> str:
    """Return the engine, as `choose` does, for runs that may have rules or a person class of one's own.

    Raises:
        ValueError: if the engine that is named cannot run them.
    """
    chosen = "agents" if person_class is not None and engine == "auto" else choose(scenario, engine, runs, own)
    if chosen == "agents":
        return chosen
    if person_class is not None:
        raise ValueError("engine: the kernels know no person_class; allowed: auto, agents")
    if own and (problem := _why_not_compiled(own)):
        if engine == "kernels":
            raise ValueError(problem)
        warnings.warn(f"{problem}; the agents run it", stacklevel=3)
        return "agents"
    return chosen


def _why_not_compiled(own: Own) -> str:
    from sim.machine.compiling import why_not

    for rule, function in own:
        if problem := why_not(function, rule):
            return f"rules: {rule.__name__}: cannot be compiled: {problem}"
    return ""


def choose(scenario: Scenario, engine: str = "auto", runs: int = 1, own: Own = ()) -> str:
    """Return the engine for this many runs of a scenario: the one that is named or, for "auto", the faster one.

    Kernels that would have to be compiled first are chosen only if compiling takes less time than the agents would.

    Raises:
        ValueError: if there is no such engine.
    """
    require("engine", engine, ENGINES)
    if engine != "auto":
        return engine
    columns = 33 * len(person_ranges(scenario)[EVERYONE]) * len(idea_ranges(scenario)[EVERYTHING])
    seconds = runs * seconds_of_agents(scenario)
    if seconds <= WORTH_LOADING or columns > free_memory() / 2:
        return "agents"
    return "kernels" if seconds > WORTH_COMPILING or are_kernels_compiled(scenario, runs, own) else "agents"


def are_kernels_compiled(scenario: Scenario, runs: int = 1, own: Own = ()) -> bool:
    """Return whether machine code for this many runs of a scenario exists, from this process or an earlier one."""
    from sim.machine.compiling import is_compiled
    from sim.model.kernels.batch import run_all
    from sim.model.kernels.model import left_out, replacements
    from sim.model.kernels.replicates import batch_parts, fits_batch
    from sim.model.kernels.step import advance

    if runs > 1 and fits_batch(scenario):
        return is_compiled(run_all, batch_parts(scenario, own))
    return is_compiled(advance, replacements(own) + left_out(scenario))


def agents_begin(scenario: Scenario, runs: int) -> bool:
    """Return whether the agents should make the first of many runs because the kernels are not compiled yet.

    False if compiled code cannot be stored, or if a run of the agents takes so long that waiting is better.
    """
    from sim.machine.compiling import cache_folder
    from sim.model.kernels.step import advance

    quick = seconds_of_agents(scenario) <= WORTH_WAITING
    return quick and not are_kernels_compiled(scenario, runs) and cache_folder(advance) is not None


@contextlib.contextmanager
def compiling_apart(scenario: Scenario, runs: int) -> Iterator[bool]:
    """Compile the kernels in another process while the block runs; yield whether one was started.

    The tapes of the agents are the same; `engine_by_now` says when the kernels are ready.
    """
    if not agents_begin(scenario, runs):
        yield False
        return
    command = [sys.executable, "-c", f"from sim.engines import _compile; _compile({runs}, {str(scenario.folder)!r})"]
    with tempfile.TemporaryFile() as text:
        text.write(scenario.to_toml().encode())
        text.seek(0)
        process = subprocess.Popen(command, stdin=text, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield True
    finally:
        process.kill()
        process.wait()


def engine_by_now(scenario: Scenario, runs: int) -> str:
    """Return "kernels" once their machine code is there, and "agents" before."""
    return "kernels" if are_kernels_compiled(scenario, runs) else "agents"


def _compile(runs: int, folder: str) -> None:
    """Compile, in a process of its own, all that the runs of the scenario on standard input call."""
    scenario = Scenario.from_toml(sys.stdin.read(), folder=folder)
    simulate_many(scenario, [scenario.scenario.seed] * min(runs, 2), engine="kernels", threads=1)
