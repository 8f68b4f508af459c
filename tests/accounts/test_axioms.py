"""Which account keeps to which axiom, and what each gives to those who play for credit: the tables of the page."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.accounts.account import credit
from sim.accounts.methods import METHODS
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE, Floats
from sim.tape.tape import Tape
from tests.tapes import by_name, chain, equal, make_tape, rename

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "axioms.md"
PERSONS, TAPES = 6, 40


@cache
def random_tape(seed: int) -> Tape:
    """Two ideas, the second of which builds on the first, told, given up, learned again, implemented and used."""
    rng = np.random.default_rng(seed)
    events: list[Any] = [(DISCOVER, 0, {}, 1, 0)]
    held: dict[tuple[int, int], int] = {(0, 0): 0}
    works: tuple[list[int], list[int]] = ([], [])
    for row in range(1, 16):
        person, idea = int(rng.integers(PERSONS)), int(rng.integers(2))
        known = [at for at, event in enumerate(events) if event[0] <= LEARN and event[4] == idea]
        kind = [LEARN, LEARN, LEARN, DISCOVER, IMPLEMENT, USE][rng.integers(6)]
        if kind == IMPLEMENT and (person, idea) in held:
            events.append((IMPLEMENT, person, {held[person, idea]: 1}, 1, idea))
            works[idea].append(row)
        elif kind == USE and len(works[idea]) > 1:
            events.append((USE, -1, equal(works[idea][-2:]), 1, idea))
            works[idea].append(row)
        elif known and kind == LEARN:
            those = sorted(rng.choice(known, min(len(known), 1 + int(rng.integers(3))), replace=False).tolist())
            events.append((LEARN, person, dict(zip(those, rng.dirichlet(np.ones(len(those))), strict=True)), 1, idea))
            held[person, idea] = row
        else:
            needs = {held[person, 0]: 1} if (person, 0) in held else None
            events.append((DISCOVER, person, needs if idea and needs else {}, 1, idea if idea and needs else 0))
            held[person, events[-1][4]] = row
    holdings = [int(at) for at in rng.choice([k for k, event in enumerate(events) if event[0] <= LEARN], 5)]
    realised = [(at, int(rng.choice([-1, *works[events[at][4]]])), float(rng.integers(1, 9))) for at in holdings]
    return make_tape([f"P{k}" for k in range(PERSONS)], events, realised)


def credits(tape: Tape, method: str) -> Floats:
    """By row of the persons, of whom none is a crowd."""
    return credit(tape, method).persons.credit


def near(one: Any, other: Any, tape: Tape, bound: float = 1e-9) -> bool:
    return bool(np.abs(one - other).max() <= bound * tape.total)


def efficiency(tape: Tape, method: str) -> bool:
    """The credits sum to the realised value."""
    return near(credits(tape, method).sum(), tape.total, tape)


def additivity(tape: Tape, method: str) -> bool:
    """The credit for two things is the credit for one plus that for the other."""
    value = tape.realised.value
    parts = [replace(tape, realised=replace(tape.realised, value=value * some)) for some in (value > 4, value <= 4)]
    return near(credits(parts[0], method) + credits(parts[1], method), credits(tape, method), tape)


def null_person(tape: Tape, method: str) -> bool:
    """A person through whom no value came has no credit: not on the way to a discovery, no maker of what served."""
    kind, users = tape.events.kind, {*tape.realised.event.tolist()}
    came = {row for row in (*users, *tape.realised.implementation.tolist()) if row >= 0 and kind[row] != LEARN}
    for row in reversed(range(len(kind))):
        if row in came | users and kind[row] != IMPLEMENT:
            came |= {*tape.influences.parent[tape.influences.child == row].tolist()}
    needed = {int(tape.events.person[row]) for row in came}
    return all(credits(tape, method)[p] <= 1e-12 * tape.total for p in range(PERSONS) if p not in needed)


def symmetry(tape: Tape, method: str) -> bool:
    """It does not matter who is who."""
    order = [*range(1, PERSONS), 0]
    return near(credits(rename(tape, order), method)[order], credits(tape, method), tape)


def continuity(tape: Tape, method: str) -> bool:
    """A weight of 1e-9 in place of none moves no credit by more than 1e-8 of the total."""
    for row in np.flatnonzero((tape.events.kind == LEARN) & (np.diff(tape.parents) > 1)).tolist():
        low, high = tape.parents[row], tape.parents[row + 1]
        faint = tape.influences.weight.copy()
        faint[low:high] *= (1 - 1e-9) / faint[low + 1 : high].sum()
        faint[low] = 1e-9
        with_it = replace(tape, influences=replace(tape.influences, weight=faint))
        columns = {name: np.delete(column, low) for name, column in with_it.influences.columns().items()}
        columns["weight"][low : high - 1] /= columns["weight"][low : high - 1].sum()
        without = replace(tape, influences=replace(tape.influences, **columns))
        if not near(credits(with_it, method), credits(without, method), tape, 1e-8):
            return False
    return True


def monotonicity(tape: Tape, method: str) -> bool:
    """More value for a holding takes credit from nobody."""
    more = [tape.realised.value + 5.0 * (np.arange(len(tape.realised)) == row) for row in range(len(tape.realised))]
    after = [credits(replace(tape, realised=replace(tape.realised, value=value)), method) for value in more]
    return bool((np.array(after) >= credits(tape, method) - 1e-9 * tape.total).all())


AXIOMS: dict[str, Callable[[Tape, str], bool]] = {
    "efficiency": efficiency, "additivity": additivity, "null person": null_person, "symmetry": symmetry,
    "continuity": continuity, "monotonicity": monotonicity,
}  # fmt: skip

Play = tuple[Tape, Tape, tuple[int, ...]]


def world(events: list[Any], served: int = -1, user: int = -1) -> Tape:
    """Value 1, realised by the last holding (or by the row `user`), who is the last person."""
    persons = 1 + max(event[1] for event in events)
    last = max(at for at, event in enumerate(events) if event[0] == LEARN)
    return make_tape([f"P{k}" for k in range(persons)], events, [(last if user < 0 else user, served, 1.0)])


def sliced(parts: int, padding: int = 0) -> Tape:
    """Person 1 learns an idea and builds on it: in parts that build on each other, and on trifles of their own."""
    events: list[Any] = [(DISCOVER, 0, {}, 1, 0), (LEARN, 1, {0: 1}, 1, 0)]
    events += [(DISCOVER, 1, {}, 1, 1 + k) for k in range(padding)]
    needs = list(range(1, len(events)))
    for part in range(parts):
        events.append((DISCOVER, 1, equal(needs), 1, 1 + padding + part))
        needs = [len(events) - 1]
    return world([*events, (LEARN, 2, {len(events) - 1: 1}, 1, padding + parts)])


TOLD_BOTH = [*chain(0, 1), (LEARN, 2, {0: 1})]
MADE = [*chain(0, 1, 2), (LEARN, 3, {1: 1}), (LEARN, 4, {1: 1}), (IMPLEMENT, 3, {3: 1})]
MANOEUVRES: dict[str, Play] = {
    "a relay of one's own": (world(chain(0, 1, 2, 5)), world(chain(0, 1, 3, 2, 5)), (1, 3)),
    "a puppet beside": (
        world([*TOLD_BOTH, (LEARN, 5, equal([1, 2]))]),
        world([*TOLD_BOTH, (LEARN, 3, {0: 1}), (LEARN, 5, equal([1, 2, 3]))]),
        (1, 3),
    ),
    "the idea in 2 slices": (sliced(1), sliced(2), (1,)),
    "the idea in 4 slices": (sliced(1), sliced(4), (1,)),
    "4 trifles to build on": (sliced(1), sliced(1, 4), (1,)),
    "a copied implementation": (
        world(MADE, 5, 2), world([*MADE, (IMPLEMENT, 4, {4: 1}), (USE, -1, equal([5, 6]))], 7, 2), (4,),
    ),
    "told to and fro": (world(chain(0, 1, 2, 3, 5)), world(chain(0, 1, 2, 1, 2, 3, 5)), (1, 2)),
    "the own notebook": (world(chain(0, 1, 2, 5)), world(chain(0, 1, 1, 2, 5)), (1,)),
    "a weight of 1e-9": (
        world([*TOLD_BOTH, (LEARN, 5, {1: 1})]), world([*TOLD_BOTH, (LEARN, 5, {1: 1 - 1e-9, 2: 1e-9})]), (2,),
    ),
}  # fmt: skip


def share(tape: Tape, method: str, players: tuple[int, ...]) -> float:
    of = by_name(credit(tape, method), "share")
    return sum(of.get(f"P{player}", 0.0) for player in players)


def axioms_table() -> Iterator[list[str]]:
    yield ["account", *AXIOMS]
    for method in METHODS:
        kept = [all(holds(random_tape(seed), method) for seed in range(TAPES)) for holds in AXIOMS.values()]
        yield [f"`{method}`", *("yes" if yes else "no" for yes in kept)]


def manoeuvres_table() -> Iterator[list[str]]:
    yield ["account", *MANOEUVRES]
    for method in METHODS:
        moved = [(share(before, method, who), share(after, method, who)) for before, after, who in MANOEUVRES.values()]
        yield [f"`{method}`", *(f"{100 * before:.1f} → {100 * after:.1f}" for before, after in moved)]


@pytest.mark.parametrize("table", [axioms_table, manoeuvres_table])
def test_the_page_says_what_is_so(table: Callable[[], Iterator[list[str]]]) -> None:
    head, *rows = table()
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8"), "\n" + "\n".join(lines)


def test_no_account_that_looks_at_what_was_told_withstands_all() -> None:
    """And priority, which does not, gives all to a discoverer who told nobody."""
    for method in METHODS:
        most = max(share(after, method, who) - share(before, method, who) for before, after, who in MANOEUVRES.values())
        assert (most > 0.05) == (method != "priority")
    locked_away = world([(DISCOVER, 0, {}), (DISCOVER, 1, {}), (LEARN, 2, {1: 1})])
    assert share(locked_away, "priority", (0,)) == 1.0
    assert share(locked_away, "role-flow", (0,)) == 0.0
