"""Tapes for tests: by hand, and at random with everything that a tape may hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from sim.accounts.table import CreditTable
from sim.tape.rows import Recorder
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE, USE, Persons, Realised
from sim.tape.tape import Tape

Parents = Mapping[int, float]


def make_tape(
    persons: Persons | Sequence[str],
    events: Iterable[tuple[int, int, Parents] | tuple[int, int, Parents, int] | tuple[int, int, Parents, int, int]],
    realised: Iterable[tuple[int, int, float]] = (),
    **others: Any,
) -> Tape:
    """A tape of events (kind, person, {parent: weight}, count = 1, idea = 0), one a step from step 1 on."""
    people = persons if isinstance(persons, Persons) else Persons(persons, [1] * len(persons), [1] * len(persons))
    recorder = Recorder()
    for step, (kind, person, parents, *rest) in enumerate(events, 1):
        count, idea = (*rest, *(1, 0)[len(rest) :])
        recorder.event(step, kind, person, idea, count, parents)
    return finish_tape(recorder, people, realised, **others)


def finish_tape(recorder: Recorder, people: Persons, realised: Iterable[tuple[int, int, float]], **others: Any) -> Tape:
    rows = list(realised)
    events, influences = recorder.tables()
    settings: dict[str, Any] = {
        "world_size": int((people.members * people.size).sum()),
        "steps": max([0, *events.step.tolist()]),
        "ideas": tuple(f"idea {k}" for k in range(max([0, *events.idea.tolist()]) + 1)),
    }
    return Tape(
        events, influences, Realised(*([row[k] for row in rows] for k in range(3))), people, **settings | others
    )


def with_crowd(names: Sequence[str], crowd: int) -> Persons:
    """Single persons, and after them a crowd of so many people."""
    return Persons([*names, "crowd"], [1] * (len(names) + 1), [1] * len(names) + [crowd])


def chain(*persons: int) -> list[Any]:
    """The events of an idea that the first has and tells the second, who tells the third, and so on."""
    return [(DISCOVER, persons[0], {}), *((LEARN, person, {row: 1}) for row, person in enumerate(persons[1:]))]


def as_rows(table: Any) -> list[tuple[Any, ...]]:
    """A table of a tape row by row."""
    return list(zip(*(column.tolist() for column in table.columns().values()), strict=True))


def by_name(table: CreditTable, column: str = "credit") -> dict[str, float]:
    """The credit of each person, or another column; whoever has none is left out."""
    rows = zip(table.persons.person, getattr(table.persons, column).tolist(), strict=True)
    return {name: value for name, value in rows if value != 0.0}


def equal(parents: Iterable[int]) -> dict[int, float]:
    """Parents in equal parts."""
    rows = list(parents)
    return {row: 1.0 / len(rows) for row in rows}


def rename(tape: Tape, order: Sequence[int]) -> Tape:
    """The same history with every person a group of its own, person p at the row order[p]."""
    names, sizes = tape.persons.names(), tape.persons.size[tape.persons.group].tolist()
    before = sorted(range(len(order)), key=order.__getitem__)  # who of the old rows stands in each new one
    people = Persons([names[p] for p in before], [1] * len(before), [sizes[p] for p in before])
    events = replace(tape.events, person=[order[p] if p >= 0 else -1 for p in tape.events.person.tolist()])
    return Tape(events, tape.influences, tape.realised, people, tape.ideas, tape.steps, tape.world_size)


class _History:
    """Draws one event after the other; knows who holds what, and what works."""

    def __init__(self, draw: st.DrawFn, people: Persons, needs: list[list[int]]) -> None:
        self.draw, self.people, self.needs = draw, people, needs
        self.sizes = people.size[people.group].tolist()
        self.recorder = Recorder()
        self.holdings: list[list[int]] = [[] for _ in needs]
        self.implementations: list[list[int]] = [[] for _ in needs]
        self.held: dict[tuple[int, int], int] = {}
        self.step = 0

    def add(self, kind: int, person: int, idea: int, parents: Parents) -> int:
        self.step += self.draw(st.integers(0, 1))
        many = person >= 0 and self.sizes[person] > 1
        count = self.draw(st.integers(1, self.sizes[person])) if many else 1
        return self.recorder.event(self.step, kind, person, idea, count, parents)

    def options(self) -> dict[int, list[tuple[int, int]]]:
        """What can happen next: for each kind of event the persons (-1 in a use) and ideas."""
        ideas, everybody = range(len(self.needs)), range(self.people.total)
        known = [k for k in ideas if self.holdings[k]]
        able = [(p, k) for p in everybody for k in ideas if all((p, need) in self.held for need in self.needs[k])]
        options = {
            # Those who build on other ideas come first: hypothesis draws early choices most often.
            DISCOVER: sorted(able, key=lambda chance: -len(self.needs[chance[1]])),
            LEARN: [(p, k) for k in known for p in everybody],
            IMPLEMENT: sorted(self.held),
            USE: [(-1, k) for k in known if self.implementations[k]],
            ABANDON: sorted(self.held),
            LEAVE: [(p, 0) for p in everybody],
        }
        return {kind: chances for kind, chances in options.items() if chances}

    def happen(self) -> None:
        options = self.options()
        often = {LEARN: 9, DISCOVER: 3, IMPLEMENT: 3, USE: 2}
        kind = self.draw(st.sampled_from([kind for kind in options for _ in range(often.get(kind, 1))]))
        person, idea = self.draw(st.sampled_from(options[kind]))
        if kind in (LEARN, USE):
            of = self.holdings[idea] if kind == LEARN else self.implementations[idea]
            rows = self.draw(st.sets(st.sampled_from(of), min_size=1, max_size=3))
        else:
            before = {DISCOVER: self.needs[idea], IMPLEMENT: [idea]}.get(kind, [])
            rows = {self.held[person, need] for need in before}
        parts = {row: self.draw(st.integers(1, 4)) for row in sorted(rows)}
        parents = {row: part / sum(parts.values()) for row, part in parts.items()}
        self.note(kind, person, idea, self.add(kind, person, idea, parents))

    def note(self, kind: int, person: int, idea: int, row: int) -> None:
        if kind in {DISCOVER, LEARN}:
            self.holdings[idea].append(row)
            self.held[person, idea] = row
        elif kind in {IMPLEMENT, USE}:
            self.implementations[idea].append(row)
        elif kind == ABANDON:
            del self.held[person, idea]
        else:
            self.held = {key: holding for key, holding in self.held.items() if key[0] != person}


@st.composite
def _persons(draw: st.DrawFn) -> Persons:
    members = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    sizes = [1] * len(members)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(members)))
        members.insert(place, 1)
        sizes.insert(place, draw(st.integers(2, 10**10)))
    return Persons([f"group {k}" for k in range(len(members))], members, sizes)


@st.composite
def tapes(draw: st.DrawFn, max_events: int = 24) -> Tape:
    """Valid tapes of few persons (singles, groups, at times a crowd) and ideas, with all kinds of events and values."""
    people = draw(_persons())
    ideas = draw(st.integers(1, 3))
    needs = [draw(st.lists(st.integers(0, k - 1), max_size=2, unique=True)) if k else [] for k in range(ideas)]
    history = _History(draw, people, needs)
    for _ in range(draw(st.integers(0, max_events))):
        history.happen()
    value = st.sampled_from([1.0, 0.0, 2.5, 0.1, 1e10])
    worked = zip(history.holdings, history.implementations, strict=True)
    of_each = [st.tuples(st.sampled_from(held), st.sampled_from([-1, *made]), value) for held, made in worked if held]
    return finish_tape(
        history.recorder,
        people,
        draw(st.lists(st.one_of(of_each), max_size=6)) if of_each else [],
        ideas=tuple(f"idea {k}" for k in range(ideas)),
        steps=history.step + draw(st.integers(0, 2)),
        dropped=draw(st.sampled_from([{}, {"no date": 2, "not back in time": 1}])),
        provenance=draw(st.sampled_from([{}, {"scenario": "random", "seed": 7}])),
    )
