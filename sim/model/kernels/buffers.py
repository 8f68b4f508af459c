"""The writing of a run into columns that grow when they are full."""

from __future__ import annotations

from sim.model.kernels.columns import LISTED, Run, larger, push
from sim.model.rules import MIXTURE
from sim.tape import rows as tape_rows
from sim.tape.tables import Floats, Ints


def add_event(run: Run, kind: int, person: int, idea: int, count: int) -> int:
    """Add an event of this step and return its row."""
    if run.rows.used[0] == len(run.rows.step):
        run.rows = tape_rows.with_room(run.rows, 1, 0)
    return tape_rows.add_event(run.rows, run.now, kind, person, idea, count)


def add_influence(run: Run, child: int, parent: int, weight: float) -> None:
    """Add an influence."""
    if run.rows.used[1] == len(run.rows.child):
        run.rows = tape_rows.with_room(run.rows, 0, 1)
    tape_rows.add_influence(run.rows, child, parent, weight)


def make_room(run: Run, learners: int, timers: int) -> None:
    """Make room for learners who each heard from one holding, and for timers to be asked about."""
    run.rows = tape_rows.with_room(run.rows, learners, learners)
    if run.pending[0] + timers >= len(run.pending):
        run.pending = larger(run.pending, run.pending[0] + timers + 1)


def ask(run: Run, timer: int) -> None:
    """Have a timer looked at in the next step, to see whether it is to run."""
    if run.pending[0] + 1 == len(run.pending):
        run.pending = larger(run.pending, 0)
    push(run.pending, timer)


def list_teller(run: Run, key: int) -> None:
    """Put a holder among the tellers, only once, so that there is always room."""
    if not run.pairs[key].bits & LISTED:
        run.pairs[key].bits |= LISTED
        push(run.tellers, key)


def stifle(run: Run, key: int) -> None:
    """Stop a holder from telling from the next step on."""
    if run.stifled[0] + 1 == len(run.stifled):
        run.stifled = larger(run.stifled, 0)
    push(run.stifled, key)


def note_later(run: Run, key: int, claim: int) -> None:
    """Record that somebody understood a teller, to be noted when all have told."""
    if run.keys[0] + 1 == len(run.keys):
        run.keys, run.claims = larger(run.keys, 0), larger(run.claims, 0)
    push(run.keys, key)
    push(run.claims, claim)


def add_note(run: Run, claim: int, following: int) -> int:
    """Note one more claim of a key, before those that follow; return 1 + its place."""
    place = run.notes_number
    if place == len(run.notes):
        run.notes = larger(run.notes, 0)
    run.notes[place].claim, run.notes[place].next = claim, following
    run.notes_number = place + 1
    return place + 1


def add_mixture(run: Run, events: Ints, weights: Floats) -> int:
    """Add a mixture of holdings and return it as a source."""
    number, begin = run.mixtures_number, run.mixtures[run.mixtures_number]
    if number + 2 > len(run.mixtures):
        run.mixtures = larger(run.mixtures, 0)
    if begin + len(events) > len(run.parts):
        run.parts = larger(run.parts, begin + len(events))
    for k in range(len(events)):
        run.parts[begin + k].event, run.parts[begin + k].weight = events[k], weights[k]
    run.mixtures[number + 1] = begin + len(events)
    run.mixtures_number = number + 1
    return int(MIXTURE + number)


def add_news(run: Run, idea: int, event: int, chance: float) -> None:
    """Record that a teller addressed the crowd from this holding, with this chance for each to understand."""
    if run.news_number == len(run.news):
        run.news = larger(run.news, 0)
    news = run.news[run.news_number]
    news.idea, news.event, news.chance = idea, event, chance
    run.news_number += 1


def add_cohort(run: Run, idea: int, event: int, count: int) -> None:
    """Add the members of the crowd who adopt an idea now as its last cohort."""
    place, status = run.cohorts_number, run.status[idea]
    if place == len(run.cohorts):
        run.cohorts = larger(run.cohorts, 0)
    cohort = run.cohorts[place]
    cohort.event, cohort.since, cohort.count, cohort.next = event, run.now, count, -1
    if status.last < 0:
        status.first = place
    else:
        run.cohorts[status.last].next = place
    status.last = place
    status.held += count
    run.cohorts_number = place + 1


def add_piece(run: Run, idea: int, cohort: int, count: int) -> None:
    """Record that some of a cohort leave now."""
    if run.pieces_number == len(run.pieces):
        run.pieces = larger(run.pieces, 0)
    piece, of = run.pieces[run.pieces_number], run.cohorts[cohort]
    piece.event, piece.idea, piece.begin, piece.end, piece.count = of.event, idea, of.since, run.now, count
    of.count -= count
    run.pieces_number += 1
