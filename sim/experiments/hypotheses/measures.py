"""Measures for claims about time, in addition to those of `sim.study.measures`; a file of hypotheses may name both.

A hypothesis is data, so it cannot use measures that import a user's Python code.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from sim.accounts.account import credit
from sim.accounts.methods import METHODS
from sim.errors import near
from sim.study.measures import FORMS, HEADS, Measure, measure, rows_of
from sim.tape.tables import DISCOVER, IMPLEMENT, LEARN, Events, Floats, Influences, Ints, Persons, Realised
from sim.tape.tape import Tape

MORE = ("lineage:PERSON", "implemented", "wait", "shuffled:METHOD")
SHUFFLES = 5  # of the time stamps of one run, over which the mean is taken


def measure_named(name: str) -> Measure:
    """Return a measure by its name.

    Raises:
        ValueError: if it is unknown; the message lists what is allowed and suggests the nearest.

    >>> measure_named("implemented").name
    'implemented'
    """
    head, colon, rest = name.partition(":")
    if head in PLAIN and not colon:
        return Measure(name, _each(PLAIN[head]))
    if head in OF_SOMETHING and rest:
        if head == "shuffled" and rest not in METHODS:
            hint = f"{near(rest, METHODS)}; allowed: {', '.join(METHODS)}"
            raise ValueError(f"measures: {name!r}: no account {rest!r}{hint}")
        return Measure(name, _each(lambda tape: OF_SOMETHING[head](tape, rest)))
    if head not in HEADS:
        forms = [form for form in (*FORMS, *MORE) if form != "module:function"]
        hint = near(head, (*HEADS, *(form.partition(":")[0] for form in MORE)))
        raise ValueError(f"measures: no {name!r}{hint}; allowed: {', '.join(forms)}")
    return measure(name)


def _each(function: Callable[[Tape], float]) -> Callable[..., Floats]:
    """Return a function of a batch of runs from a function of a tape."""
    return lambda runs: np.array([function(runs.tape(k)) for k in range(len(runs))], np.float64)


def implemented(tape: Tape) -> float:
    """Return the fraction of the ideas that anybody ever made work."""
    return len(np.unique(tape.events.idea[tape.events.kind == IMPLEMENT])) / len(tape.ideas)


def wait(tape: Tape) -> float:
    """Return the steps from the first discovery to the first implementation; nan if either is missing."""
    first = [tape.events.step[tape.events.kind == kind] for kind in (DISCOVER, IMPLEMENT)]
    return float(first[1][0] - first[0][0]) if all(map(len, first)) else float("nan")


def lineage(tape: Tape, person: str) -> float:
    """Return the value of all holdings that go back to a discovery of a person, by the weights of the record.

    Raises:
        ValueError: if there is no such person.
    """
    rows = rows_of(tape.persons, person)
    if rows is None:
        raise ValueError(f"measures: 'lineage:{person}': no person {person!r}{near(person, tape.persons.name)}")
    child, parent, weight = tape.influences.columns().values()
    events = tape.events
    part = ((events.kind == DISCOVER) & (events.person >= rows.start) & (events.person < rows.stop)).astype(np.float64)
    handed_on = events.kind[child] == LEARN
    for k, source, share in zip(
        child[handed_on].tolist(), parent[handed_on].tolist(), weight[handed_on].tolist(), strict=True
    ):
        part[k] += share * part[source]  # parents come first
    return float((part[tape.realised.event] * tape.realised.value).sum())


def shuffled(tape: Tape, method: str) -> float:
    """Return the rank correlation (Spearman) of the credit with the credit after shuffling the time stamps.

    The contacts of the run, who told whom when, are read as a log in which everybody has something to tell from the
    beginning, and passes on that and what they heard last, in equal parts; each contact realises 1.
    Shuffling redistributes the same time stamps over the same contacts, five times; contacts keep their ends. The
    result is nan if nobody told anybody, and 1 if everybody has the same credit before and after.
    """
    child, parent, _ = tape.influences.columns().values()
    told = (tape.events.kind[child] == LEARN) & (tape.persons.size[tape.persons.group[tape.events.person[child]]] == 1)
    told &= tape.persons.size[tape.persons.group[tape.events.person[parent]]] == 1
    teller, hearer = tape.events.person[parent[told]].astype(np.int64), tape.events.person[child[told]].astype(np.int64)
    if not len(teller):
        return float("nan")
    people = np.unique(np.append(teller, hearer))
    teller, hearer = np.searchsorted(people, teller), np.searchsorted(people, hearer)
    rng = np.random.default_rng([int(tape.provenance.get("seed") or 0) % 2**64, 11])
    time = np.arange(len(teller))
    before = _credit_of_contacts(teller, hearer, len(people), method)
    found = []
    for _ in range(SHUFFLES):
        order = np.argsort(rng.permutation(time), kind="stable")
        found.append(_likeness(before, _credit_of_contacts(teller[order], hearer[order], len(people), method)))
    return float(np.mean(found))


def _likeness(one: Floats, other: Floats) -> float:
    one, other = np.round(one, 12), np.round(other, 12)  # equal credits have equal ranks, whatever their last bits
    if np.array_equal(one, other):
        return 1.0
    if (one == one[0]).all() or (other == other[0]).all():
        return 0.0
    return float(stats.spearmanr(one, other).statistic)


def _credit_of_contacts(teller: Ints, hearer: Ints, people: int, method: str) -> Floats:
    """Return the credit of each person if contacts happen in the given order; shape (people,)."""
    count = len(teller)
    last = list(range(people))  # the row of what each heard last; initially their own
    arrows: list[tuple[int, int, float]] = []  # child, parent, weight
    for k, (source, target) in enumerate(zip(teller.tolist(), hearer.tolist(), strict=True)):
        passed = [source] if last[source] == source else [source, last[source]]
        arrows += [(people + k, row, 1.0 / len(passed)) for row in passed]
        last[target] = people + k
    rows, ones = np.arange(people, people + count), np.ones(people + count, np.int64)
    events = Events(
        np.append(np.zeros(people, np.int64), np.arange(1, count + 1)), np.repeat([DISCOVER, LEARN], [people, count]),
        np.append(np.arange(people), hearer), np.zeros(people + count, np.int64), ones,
    )  # fmt: skip
    influences = Influences(*(np.array(column) for column in zip(*arrows, strict=True)))
    persons = Persons(tuple(f"p{k}" for k in range(people)), ones[:people], ones[:people])
    realised = Realised(rows, np.full(count, -1), np.ones(count))
    log = Tape(events, influences, realised, persons, ("idea",), count, people)
    table, found = credit(log, method), np.zeros(people)
    found[table.row] = table.persons.credit
    return found


PLAIN: dict[str, Callable[[Tape], float]] = {"implemented": implemented, "wait": wait}
OF_SOMETHING: dict[str, Callable[[Tape, str], float]] = {"lineage": lineage, "shuffled": shuffled}
