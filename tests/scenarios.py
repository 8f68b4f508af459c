"""Random scenarios for hypothesis: small worlds in which everything that a scenario can say is said at times."""

from typing import Any

from hypothesis import strategies as st

from sim import Scenario

RATES = st.sampled_from([0.0, 0.05, 0.3, 2.0, float("inf")])
FRACTIONS = st.sampled_from([0.0, 0.01, 0.3, 0.7, 1.0])
ABILITY = st.one_of(FRACTIONS, st.just({"kind": "uniform", "low": 0.1, "high": 0.9}))
ABILITIES = st.fixed_dictionaries({}, optional=dict.fromkeys(
    ("creativity", "reach", "skill", "clarity", "understanding", "threshold"), ABILITY,
))  # fmt: skip
WINDOWS = st.sampled_from([{}, {"both_ways": True, "weight": 0.5}, {"start": 3}, {"end": 8}, {"start": 2, "end": 6}])
NETWORKS = st.sampled_from([
    {"kind": "none"},
    {"kind": "complete", "weight": 0.5},
    {"kind": "star"},
    {"kind": "chain"},
    {"kind": "erdos-renyi", "degree": 2.5},
    {"kind": "erdos-renyi", "degree": 3.0, "both_ways": False},
    {"kind": "barabasi-albert", "links": 2},
    {"kind": "watts-strogatz", "neighbours": 4, "rewire": 0.3},
])  # fmt: skip
DYNAMICS = st.fixed_dictionaries({}, optional={
    "discovery_rate": RATES, "implementation_rate": RATES, "abandon_rate": RATES, "abandon_rate_working": RATES,
    "resolve_rate": RATES, "release_delay": st.integers(0, 3), "readopt": st.booleans(),
    "telling_period": st.sampled_from([0.0, 1.0, 2.5, "forever"]), "audience": st.sampled_from(["reach", "ties"]),
    "adoption": st.sampled_from(["simple", "simple", "threshold"]),
    "credited_tellers": st.sampled_from(["one", "all"]),
    "stifling": st.sampled_from(["none", "teller", "both"]),
})  # fmt: skip
IMPACT = st.fixed_dictionaries({
    "value_of": st.sampled_from(["working", "held"]), "per": st.sampled_from(["step", "adopter"]),
    "realised_by": st.sampled_from(["everyone", "crowd", "group"]),
})  # fmt: skip
IDEA = st.fixed_dictionaries({
    "clarity": st.sampled_from([0.2, 0.9, 1.0]), "difficulty": st.sampled_from([0.0, 1.0, 10.0, float("inf")]),
    "value": st.sampled_from([0.0, 1.0, 0.1]), "hesitation": st.sampled_from([0.0, 0.0, 0.5]),
})  # fmt: skip
STEPS = 14


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A valid scenario of up to 30 persons, 3 ideas and 14 steps."""
    ideas = draw(_ideas())
    names = ["P", "Q", "group 2", "group", "everyone"]
    some = [idea["name"] for idea in ideas]
    data = {
        "scenario": {"name": "random", "steps": STEPS, "seed": draw(st.integers(0, 2**64 - 1))},
        "world": {"network": draw(NETWORKS)}
        | draw(st.sampled_from([{}, {"size": 40}, {"size": 5_000}, {"size": 10**9}])),
        "population": {"count": draw(st.integers(0, 20))} | draw(ABILITIES),
        "persons": [
            {"name": "P", **draw(ABILITIES), **draw(st.sampled_from([{}, {"keeps": True}, {"dies": 9}]))},
            {"name": "Q", **draw(ABILITIES), **draw(st.sampled_from([{}, {"born": 4}]))},
            {"name": "group", "count": 5, **draw(ABILITIES)},
        ],
        "ties": [
            {"from": draw(st.sampled_from(names)), "to": draw(st.sampled_from(names)), **draw(WINDOWS)}
            for _ in range(draw(st.integers(0, 3)))
        ],
        "ideas": ideas,
        "dynamics": draw(DYNAMICS),
        "impact": draw(IMPACT),
        "interventions": draw(st.lists(_interventions(names, some), max_size=6)),
    }
    return Scenario.model_validate(data)


@st.composite
def _ideas(draw: st.DrawFn) -> list[dict[str, Any]]:
    ideas: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 3))):
        idea: dict[str, Any] = {"name": f"idea{number}", **draw(IDEA)}
        if number and draw(st.booleans()):
            idea["prerequisites"] = [ideas[draw(st.integers(0, number - 1))]["name"]]
        elif number and draw(st.booleans()):
            idea["rival_of"] = ideas[draw(st.integers(0, number - 1))]["name"]
        ideas.append(idea)
    return ideas


@st.composite
def _interventions(draw: st.DrawFn, names: list[str], ideas: list[str]) -> dict[str, Any]:
    step = draw(st.integers(1, STEPS))
    person, other = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    idea = draw(st.sampled_from([*ideas, "everything"]))
    kinds = "discover tell publish implement rewrite lock unlock find born die set tie cut"
    kind = draw(st.sampled_from(kinds.split()))
    deed: dict[str, Any] = {"step": step, "kind": kind}
    match kind:
        case "tie" | "cut":
            return deed | {"from": person, "to": other}
        case "set":
            return deed | draw(_settings(ideas[0]))
        case "born" | "die":
            return deed | {"person": person}
        case "tell":
            teller, hearers = draw(st.sampled_from([person, "crowd"])), st.sampled_from([*names, "crowd", "world"])
            return deed | {"person": teller, "idea": idea, "to": draw(hearers)}
    more = {"publish": {"reach": draw(FRACTIONS)}, "rewrite": {"clarity": 0.8}, "find": {"of": other}}
    return deed | {"person": person, "idea": idea} | more.get(kind, {})


@st.composite
def _settings(draw: st.DrawFn, idea: str) -> dict[str, Any]:
    key, values = draw(st.sampled_from([
        ("dynamics.discovery_rate", RATES), ("dynamics.abandon_rate", RATES), ("dynamics.abandon_rate_working", RATES),
        ("dynamics.implementation_rate", RATES), ("dynamics.readopt", st.booleans()),
        ("dynamics.resolve_rate", RATES), ("dynamics.adoption", st.sampled_from(["simple", "threshold"])),
        ("dynamics.stifling", st.sampled_from(["none", "both"])),
        ("dynamics.audience", st.sampled_from(["reach", "ties"])),
        ("dynamics.credited_tellers", st.sampled_from(["one", "all"])),
        (f"ideas.{idea}.value", st.sampled_from([0.0, 3.0])), (f"ideas.{idea}.discovery_rate", RATES),
        (f"ideas.{idea}.difficulty", st.sampled_from([0.5, 2.0])), (f"ideas.{idea}.hesitation", FRACTIONS),
        ("persons.group.creativity", FRACTIONS), ("persons.group.skill", FRACTIONS), ("persons.P.keeps", st.booleans()),
        ("persons.P.reach", FRACTIONS), ("persons.group.understanding", FRACTIONS),
    ]))  # fmt: skip
    return {"key": key, "value": draw(values)}
