"""Predictions of what a run takes: memory and seconds."""

from __future__ import annotations

from typing import Any

from sim.machine.loops import WORTH_COMPILING
from sim.machine.memory import free_memory, in_words
from sim.machine.records import many
from sim.model.networks.expected import count_ties
from sim.model.networks.generators import make
from sim.model.rules import probability
from sim.scenario.groups import EVERYONE, EVERYTHING, WORLD, find, idea_ranges, person_ranges
from sim.scenario.scenario import Scenario


def seconds_of_agents(scenario: Scenario) -> float:
    """Return roughly how many seconds the agents would take, as measured on one core of 2026."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    return scenario.scenario.steps * (1.0 * people + 1.7 * creative_persons(scenario) * ideas) * 1e-6


def seconds_of_kernels(scenario: Scenario) -> float:
    """Return roughly how many seconds compiled loops would take if everybody adopted and told everything."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    told = min(scenario.dynamics.telling_period, scenario.scenario.steps)
    return 20e-9 * count_ties(scenario, people) * ideas * told + 300e-9 * most_events(scenario)


def creative_persons(scenario: Scenario) -> int:
    """Return how many persons may discover something by themselves."""
    if scenario.population.creativity != 0.0:
        return len(person_ranges(scenario)[EVERYONE])
    return sum(person.count for person in scenario.persons if person.creativity)


def predict_memory(scenario: Scenario, engine: str = "agents", events: int = 0) -> int:
    """Return the bytes that a run takes at its peak with this many events, tape and checks included.

    Fitted to measured peaks (CPython 3.11 and 3.13, numpy 2.4, numba 0.68; see `make bench ARGS=memory`): a
    process with its libraries, then what each person, tie, key and event adds.
    """
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    ties, ranges = count_ties(scenario, people), idea_ranges(scenario)
    related = 8 * sum(
        idea.count * len(find(ranges, name) or ()) for idea in scenario.ideas for name in idea.prerequisites
    )
    if engine == "kernels":
        each = 4 if scenario.world.network.kind in ("erdos-renyi", "stochastic-block", "complete") else 8
        an_event = 190 if _is_made(scenario) else 80  # uses and realised values are recorded too
        keys = 20 * creative_persons(scenario) * ideas
        return 220_000_000 + 8 * people + keys + each * ties + related + an_event * events
    compiling = 110_000_000 if people + ties > make.WORTH_COMPILING or events > WORTH_COMPILING else 0
    return 60_000_000 + compiling + 1_350 * people + 260 * ties + related + 880 * events


def most_events(scenario: Scenario) -> int:
    """Return the number of events if all whom an idea can reach adopt it, implement it and give it up.

    They do so once or, if it can be adopted again, as often as giving it up leaves time for.
    """
    dynamics, made = scenario.dynamics, _is_made(scenario)
    left = dynamics.abandon_rate > 0.0 or dynamics.abandon_rate_working > 0.0
    times = 1.0
    if dynamics.readopt and left:
        often = probability(max(dynamics.abandon_rate, dynamics.abandon_rate_working))
        times += scenario.scenario.steps * often / (1.0 + often)
    return int(_most_adoptions(scenario) * (1 + made + left) * times)


def _is_made(scenario: Scenario) -> bool:
    """Return whether anybody may implement anything by themselves."""
    skills = [scenario.population.skill, *(person.skill for person in scenario.persons)]
    return scenario.dynamics.implementation_rate > 0.0 and any(skill != 0.0 for skill in skills if skill is not None)


def _most_adoptions(scenario: Scenario) -> float:
    """Return the mean number of adoptions if all who are told adopt, at most `most`; just `most` if hard to predict.

    Whoever adopts an idea tells an audience of it in each step of a period, and so do those who were told.
    """
    dynamics, steps = scenario.dynamics, scenario.scenario.steps
    most = len(person_ranges(scenario)[EVERYONE]) * len(idea_ranges(scenario)[EVERYTHING])
    reaches = [scenario.population.reach, *(person.reach for person in scenario.persons if person.reach is not None)]
    numbers = [float(reach) for reach in reaches if isinstance(reach, float | int)]
    changing = any(entry.kind in {"set", "rewrite", "unlock"} for entry in scenario.interventions)
    if len(numbers) < len(reaches) or dynamics.adoption == "threshold" or changing:
        return most
    audience = max(numbers) * (scenario.world.size or len(person_ranges(scenario)[EVERYONE]))
    period = int(min(dynamics.telling_period, steps))
    begun = creative_persons(scenario) * len(idea_ranges(scenario)[EVERYTHING])  # as if all came at once
    total = [0.0, float(begun + sum(_adopting(scenario, entry) for entry in scenario.interventions))]
    while len(total) <= steps and total[-1] < most:
        telling = total[-1] - total[max(0, len(total) - 1 - period)]
        if not telling:
            break
        total.append(total[-1] + audience * telling)
    return min(most, total[-1])


def _adopting(scenario: Scenario, entry: Any) -> int:
    """Return how many adoptions an intervention brings about by itself, if all who are told adopt."""
    if entry.kind not in {"discover", "tell", "publish", "find"}:
        return 0
    people = person_ranges(scenario)
    ideas = len(find(idea_ranges(scenario), entry.idea) or ())
    told = {"tell": getattr(entry, "to", ""), "publish": EVERYONE}.get(entry.kind, entry.person)
    persons = len(find(people, EVERYONE if told == WORLD else told) or ())  # nobody for the crowd
    return max(persons, ideas) if entry.kind == "discover" and entry.pairing == "each" else persons * ideas


def describe(scenario: Scenario, engine: str) -> list[tuple[str, str]]:
    """Return the contents of a scenario, and the memory and time of a run: pairs of a label and a text."""
    people, ideas = len(person_ranges(scenario)[EVERYONE]), len(idea_ranges(scenario)[EVERYTHING])
    steps = scenario.scenario.steps
    crowd = (scenario.world.size or people) - people
    late = sum(entry.step > steps for entry in scenario.interventions)
    seconds = seconds_of_kernels(scenario) if engine == "kernels" else seconds_of_agents(scenario)
    low, high = predict_memory(scenario, engine), predict_memory(scenario, engine, most_events(scenario))
    return [
        ("name", scenario.scenario.name),
        ("persons", f"{people:,} one by one" + (f", and a crowd of {crowd:,}" if crowd else "")),
        ("ties", f"about {count_ties(scenario, people):,} ({scenario.world.network.kind} network)"),
        ("ideas", f"{ideas:,}"),
        ("steps", f"{steps:,}, seed {scenario.scenario.seed}"),
        ("scheduled", many(len(scenario.interventions), "change") + (f", {late} after the last step" if late else "")),
        ("credit", f"by {scenario.credit.method}"),
        ("engine", engine),
        ("memory", f"{in_words(low)}, {in_words(high)} if all adopt everything; {in_words(free_memory())} are free"),
        ("time", f"about {seconds:,.0f} s with {engine}" if seconds >= 1.0 else "less than a second"),
    ]  # fmt: skip
