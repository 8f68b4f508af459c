"""What is scheduled, and what it does to the model: one function a kind, looked up in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from sim.model.agents.person import Person
from sim.model.agents.surroundings import Holding, Surroundings
from sim.model.randomness import ABANDON, DISCOVER, IMPLEMENT, PUBLISH, READ, TOLD, uniform_of
from sim.model.schedule import Deed
from sim.tape import tables
from sim.tape.rows import Recorder


class Acting(Surroundings, Protocol):
    """The model, as an intervention finds it: what persons ask, and what can be made to happen."""

    recorder: Recorder
    skipped: int  # interventions that found nothing to act on

    @property
    def people(self) -> Sequence[Person]:
        """Everybody, by their index."""

    def prerequisites_held(self, index: int, idea: int) -> Mapping[int, float]:
        """Return what a discovery stands on."""

    def begin(self, kind: int, person: Person, idea: int, parents: Mapping[int, float]) -> None:
        """Let a person adopt an idea."""

    def implement(self, person: Person, idea: int) -> None:
        """Let a person make an idea work that is held."""

    def end(self, person: Person, idea: int) -> None:
        """Let a person no longer hold an idea."""


def happen(model: Acting, deed: Deed) -> None:
    """Let a scheduled change happen now; those of its persons on whom it has no effect are counted as skipped."""
    DEEDS[deed.kind](model, deed)


def _born(model: Acting, deed: Deed) -> None:
    for index in deed.to:
        model.people[index].alive = True


def _die(model: Acting, deed: Deed) -> None:
    for index in deed.to:
        person = model.people[index]
        for idea in sorted(person.holdings):
            model.recorder.event(model.now, tables.LEAVE, index, idea)
            model.end(person, idea)
        model.skipped += not person.alive
        person.alive = False
        person.forget()


def _set(model: Acting, deed: Deed) -> None:
    assert deed.setting is not None
    section, field, value = deed.setting
    if section == "dynamics":
        model.dynamics[field] = value
        if field == "discovery_rate":
            for idea in model.world.ideas.at_common_rate:
                model.ideas["discovery_rate"][idea] = value
    elif section == "ideas":
        for idea in deed.to:
            model.ideas[field][idea] = value
    else:
        clock = {"creativity": DISCOVER, "skill": IMPLEMENT, "keeps": ABANDON}.get(field)
        for index in deed.to:
            setattr(model.people[index], field, value)
            if clock is not None:
                for idea in model.idea_numbers:
                    model.people[index].restart(clock, idea)


def _discover(model: Acting, deed: Deed) -> None:
    for index, idea in deed.pairs:
        person = model.people[index]
        if person.is_open_to(idea):
            model.begin(tables.DISCOVER, person, idea, model.prerequisites_held(index, idea))
        else:
            model.skipped += 1


def _find(model: Acting, deed: Deed) -> None:
    for index, idea in deed.pairs:
        person = model.people[index]
        written = [model.people[of].notebook[idea] for of in deed.to if idea in model.people[of].notebook]
        if model.rules.can_be_found(person.is_open_to(idea), bool(written)):
            model.begin(tables.LEARN, person, idea, {written[0]: 1.0})
        else:
            model.skipped += 1


def _implement(model: Acting, deed: Deed) -> None:
    for person, idea, holding in _holdings(model, deed):
        if model.rules.can_be_made_to_work(True, holding.implemented):
            model.implement(person, idea)
        else:
            model.skipped += 1


def _rewrite(model: Acting, deed: Deed) -> None:
    for _, idea, holding in _holdings(model, deed):
        model.ideas["clarity"][idea] = deed.amount
        holding.tells_until = model.rules.tells_again_until(model.now, holding.since, model.dynamics["telling_period"])


def _lock(model: Acting, deed: Deed) -> None:
    for _, _, holding in _holdings(model, deed):
        holding.tells_until = 0


def _unlock(model: Acting, deed: Deed) -> None:
    for _, _, holding in _holdings(model, deed):
        holding.tells_until = model.rules.tells_again_until(model.now, holding.since, model.dynamics["telling_period"])


def _publish(model: Acting, deed: Deed) -> None:
    for person, idea, holding in _holdings(model, deed):
        for other in person.strangers(idea, deed.amount, PUBLISH) if deed.amount > 0.0 else ():
            if other != person.index:
                person.address(idea, holding, other, 1.0, READ)
        model.crowd.address(idea, holding.event, deed.amount, model.ideas["clarity"][idea], person.clarity)


def _tell(model: Acting, deed: Deed) -> None:
    crowd = model.world.n
    for index, idea in deed.pairs:
        if index == crowd:
            _tell_from_the_crowd(model, deed, idea)
    for person, idea, holding in _holdings(model, deed):
        for other in deed.to:
            if other == crowd:
                model.crowd.address(idea, holding.event, 1.0, model.ideas["clarity"][idea], person.clarity)
            elif other != person.index:
                person.address(idea, holding, other, 1.0, TOLD)


def _tell_from_the_crowd(model: Acting, deed: Deed, idea: int) -> None:
    crowd = model.world.n
    parents = model.crowd.tellers(idea, model.now)
    model.skipped += not parents
    for other in deed.to if parents else ():
        if other < crowd and model.people[other].is_open_to(idea):
            hearer = model.people[other]
            luck, understood = uniform_of(model.key(TOLD, idea), crowd, other), hearer.understands(idea, 1.0)
            if model.rules.comes_true(luck, model.rules.chance_of_both(1.0, understood)):
                model.hear(hearer, idea, parents, model.rank(idea, crowd, other))


def _holdings(model: Acting, deed: Deed) -> Iterator[tuple[Person, int, Holding]]:
    """The persons and ideas of a deed where the person holds the idea; the others are counted as skipped."""
    for index, idea in deed.pairs:
        if index == model.world.n:
            continue
        holding = model.people[index].holdings.get(idea)
        if holding is None:
            model.skipped += 1
        else:
            yield model.people[index], idea, holding


DEEDS: dict[str, Callable[[Acting, Deed], None]] = {
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
