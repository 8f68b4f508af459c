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
    ]
    n = 1_000_000
    while n <= largest:
        found.append((f"cascade, {n:,} persons", "kernels", cascade(n)))
        found.append((f"full model, {n:,} persons, 10 ideas", "kernels", full.data(n)))
        n *= 10
    return found


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
