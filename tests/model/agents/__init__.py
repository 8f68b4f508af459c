"""Small worlds for the tests of the model, in which nothing happens by itself unless it is asked for."""

import shlex
import tomllib
from typing import Any

import tomlkit

from sim import IdeaDiffusion, Scenario, Tape
from sim.model.world import THE_CROWD
from sim.tape.tables import KINDS
from tests.tapes import as_rows

CALM = dict.fromkeys(("discovery_rate", "implementation_rate", "abandon_rate", "abandon_rate_working"), 0.0)


def make(steps: int = 5, dynamics: dict[str, Any] | None = None, **sections: Any) -> Scenario:
    """A scenario of the given sections, some of them in the notation below; all rates are 0 but for those given.

    There is one idea. In the notation entries are kept apart by semicolons, and quotes keep words together:

        persons="A reach=1.0; B*3 skill=0.5", ideas="wheel; cart prerequisites=wheel", ties="A>B weight=0.5",
        interventions="1 discover A; 2 tell A to='B 2'; 3 set dynamics.abandon_rate=inf; 4 cut A>B"
    """
    given = {"scenario": {"name": "small", "steps": steps}, "ideas": "idea"} | sections
    readers = {"persons": named, "ideas": named, "ties": _ties, "interventions": _interventions}
    given |= {name: readers[name](text) for name, text in given.items() if isinstance(text, str)}
    return Scenario.from_toml(tomlkit.dumps(given | {"dynamics": CALM | (dynamics or {})}))


def _words(text: str) -> list[list[str]]:
    return [shlex.split(entry) for entry in text.split(";") if entry.strip()]


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def _options(words: list[str]) -> dict[str, Any]:
    found = {key: _value(text) for key, _, text in (word.partition("=") for word in words)}
    return found | ({"prerequisites": found["prerequisites"].split(",")} if "prerequisites" in found else {})


def named(text: str) -> list[dict[str, Any]]:
    parts = [(*name.partition("*")[::2], _options(words)) for name, *words in _words(text)]
    return [{"name": name} | ({"count": int(count)} if count else {}) | options for name, count, options in parts]


def _tie(arrow: str) -> dict[str, Any]:
    return dict(zip(("from", "to"), arrow.split(">"), strict=True))


def _ties(text: str) -> list[dict[str, Any]]:
    return [_tie(arrow) | _options(words) for arrow, *words in _words(text)]


def _interventions(text: str) -> list[dict[str, Any]]:
    found = []
    for step, kind, what, *words in _words(text):
        key, _, value = what.partition("=")
        more = {"key": key, "value": _value(value)} if kind == "set" else {"person": what}
        more = _tie(what) if kind in {"tie", "cut"} else more
        found.append({"step": int(step), "kind": kind} | more | _options(words))
    return found


def run(scenario: Scenario, seed: int = 0, **options: Any) -> Tape:
    return IdeaDiffusion(scenario, rng=seed, **options).run()


def deed(step: int, kind: str, person: str = "", **others: Any) -> dict[str, Any]:
    """An intervention."""
    return {"step": step, "kind": kind} | ({"person": person} if person else {}) | others


def rows(tape: Tape, *kinds: str) -> list[tuple[int, str, int, int]]:
    """What happened: (step, kind, person, idea), of these kinds or of all."""
    return [(s, KINDS[k], p, i) for s, k, p, i, _ in as_rows(tape.events) if KINDS[k] in kinds or not kinds]


def happened(tape: Tape, *kinds: str) -> str:
    """What the persons did, in the notation of interventions: '1 discover A; 2 learn B', with the idea if several."""
    names, several = tape.persons.names(), len(tape.ideas) > 1
    return "; ".join(
        f"{step} {kind} {names[person]}" + f" {tape.ideas[idea]}" * several
        for step, kind, person, idea in rows(tape, *kinds)
        if person >= 0 and names[person] != THE_CROWD
    )


def parents(tape: Tape, event: int) -> dict[int, float]:
    """The influences of an event."""
    mine = slice(int(tape.parents[event]), int(tape.parents[event + 1]))
    return dict(zip(tape.influences.parent[mine].tolist(), tape.influences.weight[mine].tolist(), strict=True))


def value_by_person(tape: Tape) -> dict[int, float]:
    """Value realised by each person's holdings."""
    found: dict[int, float] = {}
    for event, _, value in as_rows(tape.realised):
        person = int(tape.events.person[event])
        found[person] = found.get(person, 0.0) + value
    return found


def z(found: float, trials: int, chance: float) -> float:
    """How many standard deviations a count is from that of a binomial."""
    return (found - trials * chance) / (trials * chance * (1.0 - chance)) ** 0.5


RICH: dict[str, Any] = {  # a little of everything
    "steps": 25,
    "world": {"size": 3000, "network": {"kind": "watts-strogatz", "neighbours": 4, "rewire": 0.2, "weight": 0.5}},
    "population": {
        "count": 40, "creativity": {"kind": "power", "low": 0.05, "exponent": 2.5},
        "reach": {"kind": "uniform", "high": 0.003}, "skill": {"kind": "beta", "a": 1.0, "b": 4.0},
        "clarity": {"kind": "uniform", "low": 0.5}, "understanding": {"kind": "uniform", "low": 0.3},
        "threshold": {"kind": "uniform", "high": 0.4},
    },
    "persons": "Ann creativity=0.5 reach=0.01 keeps=true; team*3 skill=0.5 born=4 dies=20",
    "ties": "Ann>team start=3 end=18 both_ways=true",
    "ideas": "wheel value=2.0 hesitation=0.3; axle clarity=0.7 difficulty=2.0; "
             "cart prerequisites=wheel,axle discovery_rate=0.5; sledge rival_of=wheel value=0.5",
    "dynamics": {
        "discovery_rate": 0.02, "telling_period": 4.0, "implementation_rate": 0.05, "release_delay": 1,
        "abandon_rate": 0.1, "abandon_rate_working": 0.02, "resolve_rate": 0.2, "readopt": True,
    },
    "interventions": "2 discover Ann; 6 publish Ann reach=0.2; 8 tell crowd to=team idea=axle; "
                     "9 set ideas.wheel.value=5.0; 11 die 'team 3'; 12 find 'team 1' of='team 3'; "
                     "13 rewrite Ann idea=axle clarity=1.0; 14 cut Ann>everyone; 15 implement Ann",
}  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "simple": {},
    "everybody credited": {"credited_tellers": "all"},
    "threshold": {"adoption": "threshold"},
    "threshold, everybody credited": {"adoption": "threshold", "credited_tellers": "all"},
    "stale news stifles": {"stifling": "both", "telling_period": "forever", "readopt": False},
}


def rich(variant: str = "simple", **sections: Any) -> Scenario:
    return make(**RICH | sections | {"dynamics": RICH["dynamics"] | VARIANTS[variant]})
