"""Who meets whom: the ties of single persons, and what stale news does to those who meet."""

from __future__ import annotations

from sim.model.kernels.columns import BOTH, HELD, NOW, TIMED, People, State, Ways, at
from sim.model.kernels.holdings import is_held
from sim.model.rules import audience, chance_to_tell, chance_to_tell_stranger, is_stifled, part_of_meeting


def degree_of(ways: Ways, person: int, now: int) -> int:
    """How many ties a person has in this step."""
    degree = 0
    for tie in range(ways.indptr[person], ways.indptr[person + 1]):
        degree += at(ways.start, tie) <= now < at(ways.end, tie)
    return degree


def tie_to(ways: Ways, person: int, other: int, now: int) -> int:
    """The tie of a person to another in this step, -1 if there is none; ties are sorted by whom they lead to."""
    low, high = ways.indptr[person], ways.indptr[person + 1]
    while low < high:
        middle = (low + high) // 2
        if ways.target[middle] < other:
            low = middle + 1
        else:
            high = middle
    while low < ways.indptr[person + 1] and ways.target[low] == other:
        if at(ways.start, low) <= now < at(ways.end, low):
            return int(low)
        low += 1
    return -1


def meet(
    people: People, ways: Ways, state: State, key: int, other_key: int, said: float, luck: float, stifling: float
) -> None:  # fmt: skip
    """A teller meets one who knows already: stale news stifles the teller, or both of them, from the next step on."""
    if not state.pairs[other_key].bits & HELD or not is_stifled(luck, said):
        return
    now = state.counters[NOW]
    if stifling == BOTH:
        here = chance_to_address(people, ways, state, key, other_key)
        back = chance_to_address(people, ways, state, other_key, key)
        if not is_stifled(luck, said * part_of_meeting(here, back)):
            return
        state.pairs[other_key].until = min(state.pairs[other_key].until, now)
    state.pairs[key].until = min(state.pairs[key].until, now)


def chance_to_address(people: People, ways: Ways, state: State, key: int, other_key: int) -> float:
    """The chance that a holder addresses another person in this step: 0 for one who does not tell.

    Another thread may stifle one of them meanwhile, which shows from the next step on only: `until` is `now` or later
    before and after.
    """
    now, n, pair = state.counters[NOW], state.n, state.pairs[key]
    person, other = key % n, other_key % n
    addressed = audience(at(people.reach, person), state.size)
    if not is_held(state, key) or pair.until < now or not at(people.alive, person) or addressed <= 0.0:
        return 0.0
    tie = tie_to(ways, person, other, now)
    timed, begin, end = state.counters[TIMED] != 0, ways.indptr[person], ways.indptr[person + 1]
    degree = degree_of(ways, person, now) if timed else end - begin
    if tie >= 0:
        return chance_to_tell(addressed, degree, at(ways.weight, tie))
    return chance_to_tell_stranger(addressed, degree, state.size)
