"""Names that are made when they are asked for, against those made one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import TapeError
from sim.tape.tables import Names, Persons


@given(st.data(), st.lists(st.integers(1, 4), max_size=5))
def test_they_are_what_a_tuple_of_them_is(data: st.DataObject, members: list[int]) -> None:
    persons = Persons([f"g{k}" for k in range(len(members))], members, [1] * len(members))
    every = [f"g{g} {k + 1}" if many > 1 else f"g{g}" for g, many in enumerate(members) for k in range(many)]
    rows = data.draw(st.lists(st.sampled_from(range(len(every))), unique=True) if every else st.just([]))
    names, expected = Names(persons, rows), tuple(every[row] for row in rows)
    assert tuple(names) == tuple(names[k] for k in range(len(names))) == expected
    assert names[1:3] == expected[1:3]
    assert names[::-1] == expected[::-1]
    assert hash(names) == hash(expected)
    assert persons.names() == [persons.name_of(row) for row in range(persons.total)] == list(Names(persons)) == every
    assert persons.group.tolist() == [k for k, many in enumerate(members) for _ in range(many)]
    assert persons.first.tolist() == [sum(members[:k]) for k in range(len(members) + 1)]
    assert all(name in names for name in expected)
    assert [names.index(name) for name in expected] == [*range(len(expected))]
    assert "nobody" not in names


def test_they_are_equal_to_what_holds_the_same_names_and_to_nothing_else() -> None:
    persons = Persons(["a", "b"], [1, 3], [1, 1])
    names = Names(persons, [0, 2])
    assert ("a", "b 2") == names  # noqa: SIM300  # a tuple is asked first
    for same in (("a", "b 2"), ["a", "b 2"], Names(Persons(["a", "b 2"], [1, 1], [1, 1])), Names(persons, [0, 2])):
        assert names == same
    for other in (Names(persons, [0, 3]), ("a",), ("a", "b 3"), "a"):
        assert names != other


def test_a_place_that_is_not_there_is_an_error() -> None:
    persons = Persons(["P1", "a", "crowd"], [1, 3, 1], [1, 1, 10**10])
    names = Names(persons, [2, 3])
    assert names[-1] == "a 3"
    with pytest.raises(IndexError):
        names[2]
    for row in (-1, 5, 100):
        with pytest.raises((TapeError, IndexError)):
            persons.name_of(row)


def test_many_are_shown_as_a_few() -> None:
    assert repr(Names(Persons(["a"], [3], [1]))) == "('a 1', 'a 2', 'a 3')"
    assert repr(Names(Persons(["a"], [9], [1]))) == "('a 1', 'a 2', 'a 3', 'a 4', 'a 5', 'a 6', ... 9 names)"
