"""Scheduled interventions and their effects on the model: one function for each kind, looked up in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from sim.model.agents.decisions import Decisions
from sim.model.agents.surroundings import Holding, Surroundings
from sim.model.randomness import ABANDON, DISCOVER, IMPLEMENT, PUBLISH, READ, TOLD, uniform_of
from sim.model.schedule import Scheduled
from sim.tape import tables
from sim.tape.rows import Recorder


class Acting(Surroundings, Protocol):
    """The model as an intervention sees it: what persons can ask, and what can be made to happen."""

    recorder: Recorder
    notebooks: dict[tuple[int, int], int]  # idea, person -> the event by which it was last adopted; never cleared
    skipped: int  # interventions that found nothing to act on

    @property
    def people(self) -> Sequence[Decisions]:
        """All persons, by their index."""

    def prerequisites_held(self, index: int, idea: int) -> Mapping[int, float]:
        """Return the holdings that a discovery builds on, with their weights."""

    def begin(self, kind: int, person: Decisions, idea: int, parents: Mapping[int, float]) -> None:
        """Have a person adopt an idea."""

    def implement(self, person: Decisions, idea: int) -> None:
        """Make an idea work that a person holds."""

    def end(self, person: Decisions, idea: int) -> None:
        """End a person's holding of an idea."""


def happen(model: Acting, entry: Scheduled) -> None:
    """Have a scheduled change happen now; persons on whom it has no effect are counted as skipped."""
    EFFECTS[entry.kind](model, entry)


def _born(model: Acting, entry: Scheduled) -> None:
    for index in entry.to:
        model.people[index].alive = True


def _die(model: Acting, entry: Scheduled) -> None:
    for index in entry.to:
        person = model.people[index]
        for idea in sorted(person.holdings):
            model.recorder.event(model.now, tables.LEAVE, index, idea)
            model.end(person, idea)
        model.skipped += not person.alive
        person.alive = False
        person.forget()


def _set(model: Acting, entry: Scheduled) -> None:
    assert entry.setting is not None
    section, field, value = entry.setting
    if section == "dynamics":
        model.dynamics[field] = value
        if field == "discovery_rate":
            for idea in model.world.ideas.at_common_rate:
                model.ideas["discovery_rate"][idea] = value
    elif section == "ideas":
        for idea in entry.to:
            model.ideas[field][idea] = value
    else:
        timer = {"creativity": DISCOVER, "skill": IMPLEMENT, "keeps": ABANDON}.get(field)
        for index in entry.to:
            setattr(model.people[index], field, value)
            if timer is not None:
                for idea in model.idea_numbers:
                    model.people[index].restart(timer, idea)


def _discover(model: Acting, entry: Scheduled) -> None:
    for index, idea in entry.pairs:
        person = model.people[index]
        if person.is_open_to(idea):
            model.begin(tables.DISCOVER, person, idea, model.prerequisites_held(index, idea))
        else:
            model.skipped += 1


def _find(model: Acting, entry: Scheduled) -> None:
    for index, idea in entry.pairs:
        person = model.people[index]
        written = [model.notebooks[idea, of] for of in entry.to if (idea, of) in model.notebooks]
        if model.rules.can_be_found(person.is_open_to(idea), bool(written)):
            model.begin(tables.LEARN, person, idea, {written[0]: 1.0})
        else:
            model.skipped += 1


def _implement(model: Acting, entry: Scheduled) -> None:
    for person, idea, holding in _holdings(model, entry):
        if model.rules.can_be_made_to_work(True, holding.implemented):
            model.implement(person, idea)
        else:
            model.skipped += 1


def _rewrite(model: Acting, entry: Scheduled) -> None:
    for _, idea, holding in _holdings(model, entry):
        model.ideas["clarity"][idea] = entry.amount
        holding.tells_until = model.rules.tells_again_until(model.now, holding.since, model.dynamics["telling_period"])


def _lock(model: Acting, entry: Scheduled) -> None:
    for _, _, holding in _holdings(model, entry):
        holding.tells_until = 0


def _unlock(model: Acting, entry: Scheduled) -> None:
    for _, _, holding in _holdings(model, entry):
        holding.tells_until = model.rules.tells_again_until(model.now, holding.since, model.dynamics["telling_period"])


def _publish(model: Acting, entry: Scheduled) -> None:
    for person, idea, holding in _holdings(model, entry):
        for other in person.strangers(idea, entry.amount, PUBLISH) if entry.amount > 0.0 else ():
            if other != person.index:
                person.address(idea, holding, other, 1.0, person.draw(READ, idea, other), mutual=False)
        model.crowd.address(idea, holding.event, entry.amount, model.ideas["clarity"][idea], person.clarity)


def _tell(model: Acting, entry: Scheduled) -> None:
    crowd = model.world.n
    for index, idea in entry.pairs:
        if index == crowd:
            _tell_from_the_crowd(model, entry, idea)
    for person, idea, holding in _holdings(model, entry):
        for other in entry.to:
            if other == crowd:
                model.crowd.address(idea, holding.event, 1.0, model.ideas["clarity"][idea], person.clarity)
            elif other != person.index:
                person.address(idea, holding, other, 1.0, person.draw(TOLD, idea, other), mutual=False)


def _tell_from_the_crowd(model: Acting, entry: Scheduled, idea: int) -> None:
    crowd = model.world.n
    parents = model.crowd.tellers(idea, model.now)
    model.skipped += not parents
    for other in entry.to if parents else ():
        if other < crowd and model.people[other].is_open_to(idea):
            hearer = model.people[other]
            drawn, understood = uniform_of(model.key(TOLD, idea), crowd, other), hearer.understands(idea, 1.0)
            if model.rules.comes_true(drawn, model.rules.chance_of_both(1.0, understood)):
                model.hear(hearer, idea, parents, crowd)


def _holdings(model: Acting, entry: Scheduled) -> Iterator[tuple[Decisions, int, Holding]]:
    """Yield the persons and ideas of an entry where the person holds the idea; count the others as skipped."""
    for index, idea in entry.pairs:
        if index == model.world.n:
            continue
        holding = model.people[index].holdings.get(idea)
        if holding is None:
            model.skipped += 1
        else:
            yield model.people[index], idea, holding


EFFECTS: dict[str, Callable[[Acting, Scheduled], None]] = {
    "born": _born,
    "die": _die,
    "set": _set,
    "discover": _discover,
    "find": _find,
    "implement": _implement,
    "rewrite": _rewrite,
    "lock": _lock,
    "unlock": _unlock,
    "publish": _publish,
    "tell": _tell,
}
