"""Priority: everything to the first, by hand and against loops over sets."""

import pytest

from sim.accounts.priority import first_discoverers, priority
from sim.tape.rows import Recorder
from sim.tape.tables import DISCOVER, Persons
from sim.tape.tape import Tape
from tests import cases, naive
from tests.tapes import by_name, finish_tape, tapes


def test_the_first_of_one_step_share_and_later_ones_do_not() -> None:
    recorder = Recorder()
    for step, person, idea in [(1, 2, 0), (1, 0, 0), (2, 1, 0), (2, 1, 1)]:
        recorder.event(step, DISCOVER, person, idea)
    people = Persons(["A", "B", "C"], [1, 1, 1], [1, 1, 1])
    tape = finish_tape(recorder, people, [(2, -1, 6.0), (3, -1, 1.0)], ideas=("a", "b", "nobody's"))
    assert first_discoverers(tape) == {0: [0, 2], 1: [1]}
    assert priority(tape).persons.credit.tolist() == [3.0, 1.0, 3.0]


@cases(100, tapes())
def test_equals_the_obvious_twin(tape: Tape) -> None:
    names = tape.persons.names()
    expected = {names[person]: float(credit) for person, credit in naive.priority(tape).items() if credit}
    assert by_name(priority(tape)) == pytest.approx(expected, rel=1e-12)
