"""A step shared among threads: each takes a part of the tellers, then a part of all keys, which only it writes.

The exposure of a key does not depend on the order of the tellers (the least claim counts), and rows are numbered
before they are written, so that the number of threads leaves no trace.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from sim.machine.hints import by_reference, values_of
from sim.machine.loops import compiled
from sim.model.kernels import exposure, holdings, learning, telling
from sim.model.kernels.bitset import SPAN
from sim.model.kernels.buffers import make_room
from sim.model.kernels.columns import DISCOVERY, EVERY, NEWS, RESOLUTION, SIMPLE, stack
from sim.model.kernels.step import ENDING, RESOLVING
from sim.tape.tables import Ints

TOGETHER = 1024  # tellers, at least, that a thread takes at once


@dataclass
class Crew:
    """Threads that share the steps of a run; the record is passed to them and back at each step."""

    threads: int
    instead: tuple[tuple[Any, Any], ...] = ()  # functions of the loops, each with its replacement
    said: list[dict[str, Ints]] = field(default_factory=list)  # the stacks of keys and claims of each thread

    @cached_property
    def pool(self) -> Executor:
        """The threads besides the calling one."""
        return ThreadPoolExecutor(max(self.threads - 1, 1))

    def do(self, work: Callable[[int], Any]) -> list[Any]:
        """Call a function for each part, the first part in this thread, and return the results."""
        others = [self.pool.submit(work, part) for part in range(1, self.threads)]
        return [work(0), *(other.result() for other in others)]

    def bounds(self, record: Any) -> list[int]:
        """Return where the part of each thread among the spans of keys begins, followed by the end."""
        spans = record.high.shape[1]
        return [spans * part // self.threads for part in range(self.threads + 1)]


def tell_some(record: Any, first: int, last: int) -> tuple[int, int, Any]:
    """Have some tellers tell; return the first who has not told yet, the number of news, and the record."""
    run = by_reference(record)
    place = telling.tell(run, first, last)
    return place, run.news_number, values_of(run)


def note_waiting(record: Any) -> tuple[int, int]:
    """Note those who were exposed by interventions; return how many are exposed, and the timers of each learner."""
    run = by_reference(record)
    exposure.note_all(run)
    found = run.exposed_number, holdings.most_timers(run)
    values_of(run)
    return found


def note_part(record: Any, begin: int, end: int) -> int:
    """Note the keys from `begin` to `end` - 1; return how many were not exposed before."""
    run = by_reference(record)
    new = exposure.note_those_of(run, begin, end)
    values_of(run)
    return new


def count_part(record: Any, first: int, last: int) -> int:
    """Gather the learners of some spans of keys; return how many there are."""
    run = by_reference(record)
    found = learning.exposed_in(run, first, last)
    values_of(run)
    return found


def enlarge(record: Any, learners: int, timers: int) -> Any:
    """Return the record with room for this many more learners and timers to be asked about."""
    run = by_reference(record)
    make_room(run, learners, timers)
    return values_of(run)


def learn_part(record: Any, learners: int, row: int, influence: int, place: int) -> None:
    """Write what the first `learners` of a part do, from these places on."""
    run = by_reference(record)
    learning.learn_plainly(run, run.learners[:learners], row, influence, place)
    values_of(run)


def share_step(crew: Crew, record: Any) -> Any:
    """Do the telling and, if nothing prevents it, the learning of a step that was left at the telling.

    The telling is not shared if every teller is credited or thresholds apply. The learning is not shared if somebody
    hesitates or heard from a mixture of holdings, if ideas are rivals, if the crowd learns too, or if ideas are
    discovered or tellers stifled in the same step.

    Returns:
        The record, with the stage at which to go on.
    """
    dynamics, status = record.dynamics[0], record.status
    if dynamics["credited_tellers"] == EVERY or dynamics["adoption"] != SIMPLE:
        return record
    record, exposed, timers = tell_side_by_side(crew, record)
    record = record._replace(stage=RESOLVING)
    hesitant, rivals = record.ideas["hesitation"].any(), (status["rivals_end"] > status["rivals"]).any()
    if record.news_number or record.mixtures_number or hesitant or rivals:
        return record
    if record.stifled[0] or record.due_numbers[DISCOVERY] or record.due_numbers[RESOLUTION]:
        return record
    return learn_side_by_side(crew, record, exposed, timers)._replace(stage=ENDING)


def tell_side_by_side(crew: Crew, record: Any) -> tuple[Any, Ints, int]:
    """Have all tell, each thread taking one lot of tellers after another.

    Returns:
        The record; at most how many keys of each part have been exposed; how many timers a learner may ask about.
    """
    bounds, tellers = crew.bounds(record), int(record.tellers[0])
    size = max(TOGETHER, -(-tellers // (4 * crew.threads)))
    left = deque((first, min(first + size - 1, tellers)) for first in range(1, tellers + 1, size))
    room = len(record.keys) - 1
    crew.said = crew.said or [{"keys": stack(room), "claims": stack(room)} for _ in range(crew.threads)]
    own = [record._replace(news=np.empty(16, NEWS), news_number=0, **said) for said in crew.said]
    before, timers = compiled(note_waiting, crew.instead)(record)
    record.keys[0] = record.claims[0] = 0

    def talk(part: int) -> None:
        while left:
            try:
                first, last = left.popleft()
            except IndexError:  # another thread has taken the last ones
                return
            place, _, own[part] = compiled(tell_some, crew.instead)(own[part], first, last)
            if place <= last:  # there is no room until the exposed are noted
                left.append((place, last))
                return

    def note(part: int) -> int:
        first, last = SPAN * bounds[part], SPAN * bounds[part + 1]
        return sum(int(compiled(note_part, crew.instead)(some, first, last)) for some in own)

    exposed = np.zeros(crew.threads, np.int64)
    while left:
        crew.do(talk)
        exposed += crew.do(note)
        for said in crew.said:
            said["keys"][0] = said["claims"][0] = 0
    news = np.concatenate([record.news[: record.news_number], *(some.news[: some.news_number] for some in own)])
    compiled(exposure.close_ranks, crew.instead)(record.tellers)
    number = int(before + exposed.sum())
    return record._replace(exposed_number=number, news=news, news_number=len(news)), exposed + before, timers


def learn_side_by_side(crew: Crew, record: Any, exposed: Ints, timers: int) -> Any:
    """Have all adopt what they understood, each thread those of its part, of whom there are at most `exposed`."""
    threads, bounds = range(crew.threads), crew.bounds(record)
    begins = [0, *np.cumsum(exposed).tolist()]
    room = np.empty(begins[-1], np.int64)
    keys = [room[begins[part] : begins[part + 1]] for part in threads]

    def count(part: int) -> int:
        mine = record._replace(learners=keys[part])
        return int(compiled(count_part, crew.instead)(mine, bounds[part], bounds[part + 1]))

    learners = crew.do(count)
    before = [0, *np.cumsum(learners).tolist()]
    record = compiled(enlarge, crew.instead)(record, before[-1], timers * before[-1])
    row, influence, place = (int(n) for n in (*record.rows.used, record.tellers[0]))
    pending = [stack(timers * learners[part]) for part in threads]

    def write(part: int) -> None:
        mine, at = record._replace(learners=keys[part], pending=pending[part]), before[part]
        compiled(learn_part, crew.instead)(mine, learners[part], row + at, influence + at, place + at)

    crew.do(write)
    for some in pending:
        first, number = int(record.pending[0]), int(some[0])
        record.pending[1 + first : 1 + first + number] = some[1 : 1 + number]
        record.pending[0] += number
    record.rows.used[:] += before[-1]
    record.tellers[0] += before[-1]
    return record._replace(exposed_number=0)
