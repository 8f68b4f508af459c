"""Slow, obvious twins of what sim computes fast: fractions, recursion, loops and sets."""

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, USE
from sim.tape.tape import Tape
from tests.tapes import as_rows

Account = dict[tuple[int, str], Fraction]


def parents_of(tape: Tape, event: int) -> list[tuple[int, Fraction]]:
    """The parents of an event with their parts, which sum to exactly 1."""
    mine = [(parent, Fraction(weight)) for child, parent, weight in as_rows(tape.influences) if child == event]
    return [(row, part / sum(part for _, part in mine)) for row, part in mine]


class RoleFlow:
    """Role flow by following every lineage to its end, one by one, with its exact probability."""

    def __init__(self, tape: Tape, inheritance: Fraction) -> None:
        self.inheritance = inheritance
        self.kind, self.person = tape.events.kind.tolist(), tape.events.person.tolist()
        self.parents = [parents_of(tape, event) for event in range(len(tape.events))]
        self.account: Account = defaultdict(Fraction)
        for event, implementation, value in as_rows(tape.realised):
            self.realise(event, implementation, Fraction(value))

    def realise(self, event: int, implementation: int, value: Fraction) -> None:
        part = value / (1 + (self.kind[event] == LEARN) + (implementation >= 0))
        for chance, lineage in self.lineages(event):
            self.credit_idea(lineage[-1], chance * part)
            if len(lineage) > 1:
                blocks = [person for person, _ in itertools.groupby(lineage, lambda row: self.person[row])]
                tellers = blocks[1:-1] or [blocks[-1]]
                for person in tellers:
                    self.account[person, "communication"] += chance * part / len(tellers)
        if implementation >= 0:
            self.walk_to_implementer(implementation, part)

    def lineages(self, event: int) -> list[tuple[Fraction, list[int]]]:
        """Every way back from a holding to a discovery, with its chance."""
        if self.kind[event] == DISCOVER:
            return [(Fraction(1), [event])]
        return [
            (part * chance, [event, *above])
            for parent, part in self.parents[event]
            for chance, above in self.lineages(parent)
        ]

    def credit_idea(self, discovery: int, amount: Fraction) -> None:
        passed = self.inheritance * amount if self.parents[discovery] else Fraction(0)
        self.account[self.person[discovery], "idea"] += amount - passed
        for parent, part in self.parents[discovery]:
            self.realise(parent, -1, part * passed)

    def walk_to_implementer(self, event: int, amount: Fraction) -> None:
        if self.kind[event] == IMPLEMENT:
            self.account[self.person[event], "implementation"] += amount
            return
        for parent, part in self.parents[event]:
            self.walk_to_implementer(parent, part * amount)


def priority(tape: Tape) -> dict[int, Fraction]:
    """All value of an idea to the persons who discovered it in the first step."""
    events = as_rows(tape.events)
    credit: dict[int, Fraction] = defaultdict(Fraction)
    for event, _, value in as_rows(tape.realised):
        found = [
            (step, person) for step, kind, person, idea, _ in events if (kind, idea) == (DISCOVER, events[event][3])
        ]
        persons = {person for step, person in found if step == min(found)[0]}
        for person in persons:
            credit[person] += Fraction(value) / len(persons)
    return credit


def person_graph(tape: Tape) -> dict[tuple[int, int], Fraction]:
    """The edges of the person graph with their weights, the World being -1."""
    events, sizes = as_rows(tape.events), tape.persons.size[tape.persons.group].tolist()
    lessons = [
        (events[parent][2], person, idea, part * count)
        for row, (_, kind, person, idea, count) in enumerate(events)
        for parent, part in (parents_of(tape, row) if kind == LEARN else ())
        if events[parent][2] != person
    ]
    edges = {(-1, -1): Fraction(1)}
    told: dict[tuple[int, int, int], Fraction] = defaultdict(Fraction)
    for teller, hearer, what, people in lessons:
        told[teller, hearer, what] += people
        if sizes[teller] == 1 and sizes[hearer] == 1:
            edges[teller, hearer] = edges[hearer, teller] = Fraction(1)
        if sizes[teller] > 1 and sizes[hearer] == 1:
            edges[-1, hearer] = Fraction(1)
    for teller in {teller for teller, _, _ in told if sizes[teller] == 1}:
        hearers = {hearer for one, hearer, _ in told if one == teller}
        most = {h: max(n for (t, g, _), n in told.items() if (t, g) == (teller, h)) for h in hearers}
        edges[teller, -1] = sum(min(Fraction(sizes[h]), n) for h, n in most.items()) / tape.world_size
    for discoverer, part in _discovered(tape).items():
        if sizes[discoverer] == 1:
            edges.setdefault((-1, discoverer), part)
    return edges


def _discovered(tape: Tape) -> dict[int, Fraction]:
    _, kind, person, idea, _ = (column.tolist() for column in tape.events.columns().values())
    realised = [(event, implementation) for event, implementation, value in as_rows(tape.realised) if value > 0.0]
    in_use = {idea[event] for event, _ in realised} or {idea[e] for e in range(len(kind)) if kind[e] == LEARN}
    found: dict[int, set[int]] = defaultdict(set)
    for event in (event for event in range(len(kind)) if kind[event] == DISCOVER and idea[event] in in_use):
        below = _below(tape, event)
        users = {person[e] for e in below if kind[e] == LEARN}
        users |= {person[holding] for holding, served in realised if served in below}
        if users - {person[event]}:
            found[person[event]].add(idea[event])
    return {one: Fraction(len(those), len(in_use)) for one, those in found.items()}


def _below(tape: Tape, event: int) -> set[int]:
    """The events that go back to this one within its idea."""
    below = {event}
    for child, parent, _ in as_rows(tape.influences):
        if parent in below and tape.events.kind[child] in {LEARN, IMPLEMENT, USE}:
            below.add(child)
    return below - {event}


def reached_law(
    nodes: int, arcs: Sequence[tuple[int, int, Fraction]], source: int = 0
) -> dict[frozenset[int], Fraction]:
    """The law of whom an independent cascade from the source reaches, by all 2^m worlds of live arcs (a, b, chance)."""
    law: dict[frozenset[int], Fraction] = defaultdict(Fraction)
    for alive in itertools.product([False, True], repeat=len(arcs)):
        live = {(a, b) for (a, b, _), there in zip(arcs, alive, strict=True) if there}
        reached = {source}
        for _ in range(nodes):
            reached |= {b for a, b in live if a in reached}
        law[frozenset(reached)] += math.prod(p if there else 1 - p for (*_, p), there in zip(arcs, alive, strict=True))
    return law
