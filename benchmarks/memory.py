"""Memory: what is predicted of a run before it begins, and what it takes at its peak, each in a process of its own."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks import full, ours
from benchmarks.child import in_a_child
from benchmarks.graph import cascade_scenario
from benchmarks.tables import Table


def worlds(largest: int) -> list[tuple[str, str, dict[str, Any]]]:
    """What is run, by which engine, and the scenario as data."""

    def cascade(n: int, **network: Any) -> dict[str, Any]:
        made = cascade_scenario(n, 10.0, 0.2).model_dump(by_alias=True, exclude_unset=True)
        made["population"]["reach"] = made["persons"][0]["reach"] = 5.0 / n
        made["world"]["network"] = network or made["world"]["network"]
        return made

    found = [
        ("cascade, 1,000 persons", "agents", cascade(1_000)),
        ("cascade, 20,000 persons", "agents", cascade(20_000)),
        ("cascade, 1,000 persons", "kernels", cascade(1_000)),
        ("cascade, 100,000 persons", "kernels", cascade(100_000)),
        ("cascade, 100,000 persons without ties", "kernels", cascade(100_000, kind="none")),
        ("cascade, 50,000 persons, 40 ties each", "kernels", cascade(50_000, kind="barabasi-albert", links=20)),
        ("full model, 2,000 persons, 10 ideas", "agents", full.data(2_000)),
        ("full model, 20,000 persons, 10 ideas", "kernels", full.data(20_000)),
        ("fashions, 3,000 persons", "agents", fashion(3_000)),
        ("fashions, 100,000 persons", "kernels", fashion(100_000)),
        ("thresholds, 10,000 persons", "agents", thresholds(10_000)),
        ("thresholds, 200,000 persons", "kernels", thresholds(200_000)),
        ("40 inventions, 5,000 persons", "agents", inventions(5_000)),
        ("40 inventions, 30,000 persons", "kernels", inventions(30_000)),
    ]
    n = 1_000_000
    while n <= largest:
        found.append((f"cascade, {n:,} persons", "kernels", cascade(n)))
        found.append((f"full model, {n:,} persons, 10 ideas", "kernels", full.data(n)))
        n *= 10
    return found


def fashion(n: int) -> dict[str, Any]:
    """Ideas that are given up and taken up again, in a crowd."""
    return {
        "scenario": {"name": "fashions", "steps": 40},
        "world": {"size": 100 * n, "network": {"kind": "watts-strogatz", "neighbours": 8, "rewire": 0.1}},
        "population": {"count": n, "reach": 0.03 / n, "creativity": 1e-4},
        "ideas": [{"name": "hat"}, {"name": "coat"}],
        "dynamics": {"readopt": True, "abandon_rate": 0.2, "telling_period": 3},
    }


def thresholds(n: int) -> dict[str, Any]:
    """A contagion by thresholds in communities."""
    return {
        "scenario": {"name": "thresholds", "steps": 60},
        "world": {"network": {"kind": "stochastic-block", "sizes": [0.5, 0.5], "degrees": [[8.0, 2.0], [2.0, 8.0]]}},
        "population": {"count": n, "reach": 0.001, "threshold": 0.1},
        "persons": [{"name": "seeds", "count": 1 + n // 20}],
        "ideas": [{"name": "habit"}],
        "dynamics": {"adoption": "threshold", "abandon_rate": 0.0},
        "interventions": [{"kind": "discover", "step": 1, "person": "seeds"}],
    }


def inventions(n: int) -> dict[str, Any]:
    """Many ideas that are discovered, told, implemented and given up, without ties."""
    return {
        "scenario": {"name": "inventions", "steps": 30},
        "population": {
            "count": n, "creativity": {"kind": "beta", "a": 1, "b": 20}, "skill": 0.3, "reach": 3 / n,
            "understanding": {"kind": "uniform", "low": 0.1, "high": 0.9},
        },
        "ideas": [{"name": "tool", "count": 40}],
        "dynamics": {"discovery_rate": 0.002, "abandon_rate": 0.05, "implementation_rate": 0.1},
    }  # fmt: skip


def measure(largest: int) -> Table:
    """Predicted and measured peaks of several worlds."""
    rows = []
    ours.warm_up()  # what is compiled is kept, so that no child compiles it
    for name, engine, data in worlds(largest):
        print(f"memory, {name}, {engine} ...", file=sys.stderr, flush=True)
        try:
            found = in_a_child("scenario", scenario=data, engine=engine)
        except RuntimeError as error:
            rows.append([name, engine, float("nan"), float("nan"), float("nan"), float("nan"), str(error)])
            continue
        least, predicted, peak = found["least"], found["predicted"], found["peak"]
        rows.append([name, engine, least / 1e6, predicted / 1e6, peak / 1e6, predicted / peak, ""])
    columns = ("world", "engine", "least predicted MB", "predicted MB", "measured MB", "predicted / measured", "note")
    notes = [
        "*Least predicted*: before anything happens, by which a run is refused. *Predicted*: with as many events as",
        "there came to be. *Measured*: the peak of the process, interpreter and libraries included.",
    ]
    return Table("memory", "Memory, predicted and measured", notes, columns, rows)
