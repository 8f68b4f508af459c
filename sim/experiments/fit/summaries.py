"""Summaries by which a run is compared with a record: named ones, measures of a study, functions of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.accounts.table import ROLES
from sim.errors import near
from sim.experiments.fit.record import Record, curve_of
from sim.study.measures import FORMS, HEADS, measure
from sim.tape.tables import DISCOVER, LEARN, Floats, Ints
from sim.tape.tape import Tape

POINTS = 12  # of an adoption curve that are compared, at most


@dataclass(frozen=True)
class Summary:
    """Some numbers of a run: their names, and a function that computes them from a tape."""

    labels: tuple[str, ...]
    of: Callable[[Tape], Sequence[float] | Floats | float]


def depth(tape: Tape) -> tuple[float, float]:
    """Return the mean and the greatest depth of adoptions, in tellings from a discovery; 0 if nobody adopts."""
    deep = forest(tape)[1]
    return (float(deep.mean()), float(deep.max())) if len(deep) else (0.0, 0.0)


def breadth(tape: Tape) -> float:
    """Return the largest number of adoptions at one depth of one lineage."""
    _, deep, root = forest(tape)
    return float(np.unique(root * (len(deep) + 1) + deep, return_counts=True)[1].max(initial=0))


def wiener(tape: Tape) -> float:
    """Return the mean distance of two adoptions of one lineage (structural virality, Goel et al. 2016); 0 if no pair.

    It is the Wiener index per pair: a link that separates s adoptions from the other n - s is between s (n - s) pairs.
    """
    parent, deep, root = forest(tape)
    below = np.ones(len(parent), np.int64)
    for row in np.argsort(-deep, kind="stable").tolist():
        if parent[row] >= 0:
            below[parent[row]] += below[row]
    whole = below[root]
    pairs = float((below * (below - 1) // 2)[parent < 0].sum())
    return float((below * (whole - below)).sum()) / pairs if pairs else 0.0


def waiting_times(tape: Tape) -> tuple[float, float]:
    """Return mean and standard deviation of the steps from a teller's adoption to the hearer's; 0 without tellings."""
    rows = adoptions(tape)
    parent = forest(tape)[0]
    told = np.flatnonzero(parent >= 0)
    wait = tape.events.step[rows[told]] - tape.events.step[rows[parent[told]]]
    return (float(wait.mean()), float(wait.std())) if len(wait) else (0.0, 0.0)


def adoptions(tape: Tape) -> Ints:
    """Return the event rows of adoptions."""
    return np.flatnonzero(tape.events.kind <= LEARN)


def forest(tape: Tape) -> tuple[Ints, Ints, Ints]:
    """Return for each adoption, in order: the one it was learned from (-1: none), its depth, and its lineage's root.

    The heaviest of several tellers counts, and the earliest of equally heavy ones. A discovery begins a lineage.
    """
    rows = adoptions(tape)
    place = np.full(len(tape.events), -1, np.int64)
    place[rows] = np.arange(len(rows))
    told = tape.events.kind[rows] == LEARN
    parent = np.where(told, place[tape.teller[rows]], -1)
    deep, root = np.zeros(len(rows), np.int64), np.arange(len(rows))
    for row in np.flatnonzero(parent >= 0).tolist():  # parents come before their children
        deep[row], root[row] = deep[parent[row]] + 1, root[parent[row]]
    return parent, deep, root


def final_size(tape: Tape) -> float:
    """Return how many people ever adopted."""
    return measure("reached")(tape)


def _points(record: Record) -> Ints:
    """Return the steps at which an adoption curve is compared: those of the record, thinned to at most POINTS."""
    times = np.arange(1, record.steps + 1) if record.times is None else record.times
    return np.unique(times[np.linspace(0, len(times) - 1, min(POINTS, len(times))).round().astype(np.int64)])


def _curve(record: Record) -> Summary:
    at = _points(record)
    return Summary(tuple(f"adopted by step {step}" for step in at), lambda tape: curve_of(tape, record.steps)[at])


def _roles(_: Record) -> Summary:
    measures = [measure(f"share:{role}") for role in ROLES]
    return Summary(tuple(f"share of {role}" for role in ROLES), lambda tape: [one(tape) for one in measures])


def _plain(labels: tuple[str, ...], function: Callable[[Tape], Any]) -> Callable[[Record], Summary]:
    return lambda _: Summary(labels, function)


NAMED: dict[str, Callable[[Record], Summary]] = {
    "adoption_curve": _curve,
    "final_size": _plain(("final size",), final_size),
    "discoverers": _plain(("discoverers",), lambda tape: int((tape.events.kind == DISCOVER).sum())),
    "depth": _plain(("mean depth", "greatest depth"), depth),
    "breadth": _plain(("breadth",), breadth),
    "wiener": _plain(("Wiener index a pair",), wiener),
    "waiting_times": _plain(("mean wait", "sd of waits"), waiting_times),
    "roles": _roles,
}
OF_LINEAGES = ("discoverers", "depth", "breadth", "wiener", "waiting_times", "roles")
DEFAULTS = {
    "log": ("adoption_curve", "discoverers", "depth", "breadth", "wiener", "waiting_times"),
    "adoptions": ("adoption_curve",),
    "curve": ("adoption_curve",),
}


def summaries_of(given: Iterable[str | Callable[[Tape], Any]] | None, record: Record) -> list[Summary]:
    """Return the summaries with these names and functions, or those that suit the record.

    Raises:
        ValueError: if a name is unknown, or the record does not hold what it needs.
    """
    names = (DEFAULTS.get(record.kind) or tuple(record.values)) if given is None else tuple(given)
    if not names:
        raise ValueError(f"summaries: none; allowed: {', '.join(NAMED)}, or a measure of a study")
    return [_summary(one, record) for one in names]


def _summary(given: str | Callable[[Tape], Any], record: Record) -> Summary:
    if callable(given):
        if record.tape is None:
            raise ValueError(f"summaries: a function of a tape, but the record is {record.kind_in_words}")
        name = getattr(given, "__name__", "function")
        size = np.size(given(record.tape))
        return Summary(tuple(name if size == 1 else f"{name} {k + 1}" for k in range(size)), given)
    name = given.replace("-", "_")
    if name in NAMED:
        known = record.tape is not None or (name in ("adoption_curve", "final_size") and record.kind == "curve")
        if not known or (name in OF_LINEAGES and record.kind != "log"):
            raise ValueError(f"summaries: {given!r}: the record is {record.kind_in_words}, and does not say")
        return NAMED[name](record)
    if given.partition(":")[0] not in HEADS:
        allowed = (*NAMED, *FORMS)
        raise ValueError(f"summaries: no {given!r}{near(given, (*NAMED, *HEADS))}; allowed: {', '.join(allowed)}")
    if record.tape is None and given not in record.values:
        raise ValueError(f"summaries: {given!r}: the record is {record.kind_in_words}, and does not say")
    return Summary((given,), measure(given))


def labels_of(summaries: Sequence[Summary]) -> tuple[str, ...]:
    """Return the names of all numbers of the summaries, in order."""
    return tuple(label for one in summaries for label in one.labels)


def summarise(tape: Tape, summaries: Sequence[Summary]) -> Floats:
    """Return all numbers of the summaries of a tape; 0 where there is no value."""
    found = np.concatenate([np.ravel(np.asarray(one.of(tape), np.float64)) for one in summaries])
    return np.asarray(np.nan_to_num(found, nan=0.0, posinf=1e300, neginf=-1e300))


def observed(record: Record, summaries: Sequence[Summary]) -> Floats:
    """Return all numbers of the summaries of the record."""
    if record.tape is not None:
        return summarise(record.tape, summaries)
    values = dict(record.values)
    if record.kind == "curve":
        values = {f"adopted by step {step}": float(record.curve[step]) for step in _points(record)}
        values["final size"] = float(record.curve[-1])
    return np.array([values[label] for label in labels_of(summaries)])
