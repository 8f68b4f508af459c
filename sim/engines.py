"""Run a scenario: the only place that chooses an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sim.errors import ScenarioError, did_you_mean
from sim.machine.memory import free_memory, in_words
from sim.machine.threads import in_threads, processors
from sim.model.forecast import predict_memory, seconds_of_agents
from sim.model.realise import history
from sim.model.world import World
from sim.scenario.groups import EVERYONE, EVERYTHING, idea_ranges, person_ranges
from sim.scenario.scenario import Scenario
from sim.tape.tape import Tape

ENGINES = ("auto", "agents", "kernels")
WORTH_LOADING, WORTH_COMPILING = 3.0, 90.0  # seconds the agents must take for kernels to be chosen, compiled or not


def simulate(
    scenario: Scenario,
    seed: int | None = None,
    *,
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
    from sim.model.agents.model import IdeaDiffusion

    return IdeaDiffusion(scenario, rng=seed).run(progress)


def simulate_world(
    world: World,
    engine: str = "kernels",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tape:
    """Run a world that is already there; as `simulate`, without a look at the memory."""
    if choose(world.scenario, engine) == "kernels":
        from sim.model.kernels.model import ColumnModel

        model = ColumnModel(world, threads)
        model.finish(progress)
        record = model.record()
        del model  # its memory, before the tape takes more
        return history(world, *record)
    from sim.model.agents.model import IdeaDiffusion

    return IdeaDiffusion(world).run(progress)


def simulate_many(
    scenario: Scenario, seeds: Iterable[int], *, engine: str = "auto", threads: int | None = None
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
        return [simulate(scenario, seed, engine="agents") for seed in seeds]
    from sim.model.kernels.replicates import fits_batch, run_batch

    threads = processors() if threads is None else threads
    if fits_batch(scenario):
        _refuse_too_large(scenario, "kernels")
        return run_batch(scenario, seeds, threads)
    return list(in_threads(lambda seed: simulate(scenario, seed, engine="kernels", threads=1), seeds, threads))


def _checked(seed: int) -> int:
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed: must be from 0 to 2**64 - 1, is {seed}")
    return seed


def _refuse_too_large(scenario: Scenario, engine: str) -> None:
    needed, free = predict_memory(scenario, engine), free_memory()
    if needed > free:
        raise ScenarioError(f"this world needs {in_words(needed)} of memory, {in_words(free)} are free")


def choose(scenario: Scenario, engine: str = "auto", runs: int = 1) -> str:
    """The engine for so many runs of a scenario: the one that is named, or of "auto" the one that should be the faster.

    Kernels that would have to be compiled first are chosen only where that takes less time than the agents do.

    Raises:
        ValueError: if there is no such engine.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine: no '{engine}'{did_you_mean(engine, ENGINES)}")
    if engine != "auto":
        return engine
    columns = 33 * len(person_ranges(scenario)[EVERYONE]) * len(idea_ranges(scenario)[EVERYTHING])
    seconds = runs * seconds_of_agents(scenario)
    if seconds <= WORTH_LOADING or columns > free_memory() / 2:
        return "agents"
    from sim.machine.compiling import is_compiled
    from sim.model.kernels.batch import run_all
    from sim.model.kernels.replicates import fits_batch
    from sim.model.kernels.step import advance

    entry = run_all if runs > 1 and fits_batch(scenario) else advance
    return "kernels" if seconds > WORTH_COMPILING or is_compiled(entry) else "agents"
