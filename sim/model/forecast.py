"""Predict what a run takes: memory and seconds."""

from __future__ import annotations

from sim.machine.loops import WORTH_COMPILING
from sim.machine.memory import free_memory, in_words
from sim.model.networks.expected import count_ties
from sim.model.networks.generators import make
from sim.model.rules import probability
from sim.scenario.groups import CROWD, EVERYONE, EVERYTHING, find, idea_ranges, person_ranges
from sim.scenario.scenario import Scenario


def seconds_of_agents(scenario: Scenario) -> float:
    """Seconds that the agents would take, roughly; measured on one core of 2026."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    return scenario.scenario.steps * (1.0 * people + 1.7 * creative_persons(scenario) * ideas) * 1e-6


def seconds_of_kernels(scenario: Scenario) -> float:
    """Seconds that compiled loops would take, roughly, when everybody takes up and tells everything."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    told = min(scenario.dynamics.telling_period, scenario.scenario.steps)
    return 20e-9 * count_ties(scenario, people) * ideas * told + 300e-9 * most_events(scenario)


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
    ties, ranges = count_ties(scenario, people), idea_ranges(scenario)
    related = 8 * sum(
        idea.count * len(find(ranges, name) or ()) for idea in scenario.ideas for name in idea.prerequisites
    )
    if engine == "kernels":
        each = 4 if scenario.world.network.kind in ("erdos-renyi", "stochastic-block", "complete") else 8
        return 185_000_000 + 8 * people + 20 * creative_persons(scenario) * ideas + each * ties + related + 140 * events
    compiling = 110_000_000 if people + ties > make.WORTH_COMPILING or events > WORTH_COMPILING else 0
    return 160_000_000 + compiling + 1_350 * people + 260 * ties + related + 800 * events


def most_events(scenario: Scenario) -> int:
    """Return how many events there are when all whom an idea can reach adopt it, implement it and give it up.

    Once, or where it can be adopted again, as often as giving it up leaves time for.
    """
    dynamics, skills = scenario.dynamics, [scenario.population.skill, *(person.skill for person in scenario.persons)]
    made = dynamics.implementation_rate > 0.0 and any(skill != 0.0 for skill in skills if skill is not None)
    left = dynamics.abandon_rate > 0.0 or dynamics.abandon_rate_working > 0.0
    times = 1.0
    if dynamics.readopt and left:
        often = probability(max(dynamics.abandon_rate, dynamics.abandon_rate_working))
        times += scenario.scenario.steps * often / (1.0 + often)
    return int(most_holdings(scenario) * (1 + made + left) * times)


def most_holdings(scenario: Scenario) -> int:
    """Return how many ideas all persons hold at the most: every one of them, or as many as word of mouth can reach.

    Each holder addresses no more people in a step than the widest reach has, for as many steps as an idea is told.
    Where anything but that spreads ideas among persons, everybody may come to hold everything.
    """
    people, ideas = person_ranges(scenario), idea_ranges(scenario)
    most, begun = len(people[EVERYONE]) * len(ideas[EVERYTHING]), creative_persons(scenario) * len(ideas[EVERYTHING])
    for deed in scenario.interventions:
        if deed.kind in ("discover", "find"):
            who, which = len(find(people, deed.person) or ()), len(find(ideas, deed.idea) or ())
            begun += max(who, which) if deed.pairing == "each" else who * which
        elif deed.kind in ("set", "publish") or (deed.kind == "tell" and deed.to != CROWD):
            return most
    if scenario.dynamics.adoption != "simple":
        return most
    reaches = [scenario.population.reach, *(person.reach for person in scenario.persons if person.reach is not None)]
    widest = max(reach if isinstance(reach, float) else 1.0 for reach in reaches)
    new, holdings, steps = float(begun), float(begun), scenario.scenario.steps
    told = widest * (scenario.world.size or len(people[EVERYONE])) * min(scenario.dynamics.telling_period, steps)
    for _ in range(steps):
        new = min(new * told, float(most))
        holdings = min(holdings + new, float(most))
        if new == 0.0 or holdings >= most:
            break
    return int(holdings)


def describe(scenario: Scenario, engine: str) -> list[tuple[str, str]]:
    """What a scenario holds, and the memory and time that a run will take: pairs of a label and a text."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    steps = scenario.scenario.steps
    crowd = (scenario.world.size or people) - people
    late = sum(deed.step > steps for deed in scenario.interventions)
    seconds = seconds_of_kernels(scenario) if engine == "kernels" else seconds_of_agents(scenario)
    low, high = predict_memory(scenario, engine), predict_memory(scenario, engine, most_events(scenario))
    return [
        ("name", scenario.scenario.name),
        ("persons", f"{people:,} one by one" + (f", and a crowd of {crowd:,}" if crowd else "")),
        ("ties", f"about {count_ties(scenario, people):,} ({scenario.world.network.kind} network)"),
        ("ideas", f"{ideas:,}"),
        ("steps", f"{steps:,}, seed {scenario.scenario.seed}"),
        ("scheduled", f"{len(scenario.interventions):,} changes" + (f", {late} after the last step" if late else "")),
        ("credit", f"by {scenario.credit.method}"),
        ("engine", engine),
        ("memory", f"{in_words(low)}, {in_words(high)} if all adopt everything; {in_words(free_memory())} are free"),
        ("time", f"about {seconds:,.0f} s with {engine}" if seconds >= 1.0 else "below a second or so"),
    ]  # fmt: skip
