"""The tape: every requirement broken once, columns that cannot be written to, equality, names of persons."""

import copy
import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from sim.errors import TapeError
from sim.tape import check as checks
from sim.tape import tables
from sim.tape.check import check
from sim.tape.rows import Recorder
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE, USE, Events, Influences, Persons, Realised
from sim.tape.tape import Tape
from tests import cases
from tests.tapes import make_tape, tapes

# A history with everything in it. Ideas: 0 wheel, 1 cart, which needs the wheel. Persons: Ada, Bob, the crowd of 98.
EVENTS = [  # step, kind, person, idea, count
    (1, DISCOVER, 0, 0, 1),  # 0
    (2, LEARN, 1, 0, 1),  # 1
    (2, LEARN, 2, 0, 50),  # 2
    (3, IMPLEMENT, 0, 0, 1),  # 3
    (3, IMPLEMENT, 1, 0, 1),  # 4
    (4, USE, -1, 0, 1),  # 5
    (5, DISCOVER, 1, 1, 1),  # 6
    (5, USE, -1, 0, 2),  # 7
    (6, IMPLEMENT, 1, 1, 1),  # 8
    (7, ABANDON, 2, 0, 50),  # 9
    (8, LEAVE, 0, 0, 1),  # 10
]
INFLUENCES = [(1, 0, 1.0), (2, 0, 0.25), (2, 1, 0.75), (3, 0, 1.0), (4, 1, 1.0), (5, 3, 0.5), (5, 4, 0.5),
              (6, 1, 1.0), (7, 5, 0.5), (7, 3, 0.5), (8, 6, 1.0)]  # fmt: skip
REALISED = [(0, -1, 0.0), (1, 3, 2.0), (2, 7, 100.0), (6, 8, 0.5)]
PERSONS = [("Ada", 1, 1), ("Bob", 1, 1), ("crowd", 1, 98)]
TABLES: dict[str, tuple[type, list[Any]]] = {
    "events": (Events, EVENTS),
    "influences": (Influences, INFLUENCES),
    "realised": (Realised, REALISED),
    "persons": (Persons, PERSONS),
}


def build(changes: dict[tuple[str, int, str], Any] | None = None, **options: Any) -> Tape:
    """The history with some cells changed: {(table, row, column): value}."""
    made = {}
    for name, (cls, rows) in TABLES.items():
        columns = dict(zip(tables.COLUMNS[name], (list(column) for column in zip(*rows, strict=True)), strict=True))
        for (table, row, column), value in (changes or {}).items():
            if table == name:
                columns[column][row] = value
        made[name] = cls(**columns)
    return Tape(**made, **({"ideas": ("wheel", "cart"), "steps": 8, "world_size": 100} | options))


def test_the_history_is_in_order_and_frames_show_it():
    tape = build()
    assert (len(tape.events), tape.total) == (11, 102.5)
    assert tape.parents.tolist() == [0, 0, 1, 3, 4, 5, 7, 8, 10, 11, 11, 11]
    frame = tape.events.to_pandas()
    assert list(frame.columns) == list(tables.COLUMNS["events"])
    assert frame.to_numpy().tolist() == [list(row) for row in EVENTS]
    assert tape.persons.to_pandas()["name"].tolist() == ["Ada", "Bob", "crowd"]


E, I, R, P = "events", "influences", "realised", "persons"  # noqa: E741


@pytest.mark.parametrize(("changes", "message"), [
    # persons
    ({(P, 1, "members"): 0}, r"persons: row 1: members must be 1 or more"),
    ({(P, 2, "size"): 0}, r"persons: row 2: size must be 1 or more"),
    # events
    ({(E, 0, "step"): -1}, r"events: row 0: step must be from 0 to 8"),
    ({(E, 10, "step"): 9}, r"events: row 10: step must be from 0 to 8"),
    ({(E, 3, "step"): 1}, r"events: row 3: step must not decrease"),
    *(({(E, 9, "kind"): kind}, r"events: row 9: kind must be from 0 to 5") for kind in (-1, 6)),
    *(({(E, 10, "person"): person}, r"events: row 10: no person of 0 to 2") for person in (-1, 3)),
    ({(E, 5, "person"): 0}, r"events: row 5: no person"),
    *(({(E, 9, "idea"): idea}, r"events: row 9: no idea of 0 to 1") for idea in (-1, 2)),
    ({(E, 2, "count"): 0}, r"events: row 2: count must be 1 or more"),
    ({(E, 9, "count"): 0, (E, 2, "count"): -5, (E, 4, "count"): 0}, r"events: row 2: count"),  # the first of several
    # influences
    ({(I, 0, "parent"): 1}, r"influences: row 0: parent must precede child"),
    ({(I, 4, "parent"): 9}, r"influences: row 4: parent must precede child"),
    ({(I, 10, "child"): 11}, r"influences: row 10: parent must precede child"),
    ({(I, 3, "child"): 1}, r"influences: row 3: child must not decrease"),
    *(({(I, 1, "weight"): w}, r"influences: row 1: weight must be above 0 and at most 1") for w in (0.0, math.nan)),
    ({(I, 0, "weight"): 1.0000001}, r"influences: row 0: weight must be above 0 and at most 1"),
    ({(I, 1, "weight"): 0.2500001}, r"events: row 2: the weights of its influences must sum to 1"),
    ({(I, 0, "weight"): 0.5}, r"events: row 1: the weights of its influences must sum to 1"),
    ({(E, 9, "kind"): LEARN}, r"events: row 9: an influence is missing"),
    ({(E, 10, "kind"): USE, (E, 10, "person"): -1}, r"events: row 10: an influence is missing"),
    ({(E, 8, "kind"): ABANDON}, r"influences: row 10: the child must be a discovery, learning or implementation"),
    ({(I, 4, "parent"): 3}, r"influences: row 4: the parent must be a holding"),
    ({(I, 5, "parent"): 0}, r"influences: row 5: the parent must be a holding \(of a use: an implementation\)"),
    ({(E, 1, "idea"): 1}, r"influences: row 0: the idea must be the parent's \(of a discovery: another\)"),
    ({(E, 6, "idea"): 0}, r"influences: row 7: the idea must be the parent's \(of a discovery: another\)"),
    ({(E, 4, "person"): 0}, r"influences: row 4: the person must be the parent's"),
    # realised
    *(({(R, 0, "event"): row}, r"realised: row 0: no such event") for row in (-1, 11)),
    *(({(R, 1, "implementation"): row}, r"realised: row 1: no such implementation") for row in (-2, 11)),
    ({(R, 1, "event"): 3}, r"realised: row 1: the event must be a discovery or a learning"),
    *(({(R, at, "implementation"): row}, rf"realised: row {at}: the implementation must be one of the same idea")
      for at, row in ((1, 2), (1, 8), (3, 7))),
    *(({(R, 3, "value"): value}, r"realised: row 3: value must be 0 or more, and finite")
      for value in (-0.5, math.nan, math.inf)),
], ids=str)  # fmt: skip
def test_a_broken_requirement_is_named_with_its_table_and_first_row(changes, message):
    with pytest.raises(TapeError, match=f"^{message}") as caught:
        build(changes)
    assert "\n" not in str(caught.value)


def test_weights_may_differ_from_one_by_rounding_alone():
    build({(I, 1, "weight"): 0.25 + 1e-10})
    thirds = make_tape(["a"] * 4, [(DISCOVER, 0, {}), (LEARN, 1, {0: 1.0}), (LEARN, 2, {0: 1.0}),
                                   (LEARN, 3, dict.fromkeys((0, 1, 2), 1 / 3))])  # fmt: skip
    assert len(thirds.influences) == 5


@pytest.mark.parametrize(("table", "column", "values"), [
    (Events, "step", [1.5]), (Events, "step", [math.nan]), (Events, "step", np.array([2**63], np.uint64)),
    (Events, "kind", np.array([256])), (Events, "kind", [300]), (Events, "person", np.array([2**32])),
    (Events, "person", [2**31]), (Events, "count", [1e19]), (Influences, "child", [0.5]), (Realised, "event", [1e300]),
    (Persons, "members", [1.25]), (Persons, "size", [math.inf]),
], ids=str)  # fmt: skip
def test_values_that_the_column_cannot_hold_are_refused_not_bent(table, column, values):
    name = table.__name__.lower()
    columns: dict[str, Any] = {c: ["a"] if dtype is str else [1] for c, dtype in tables.COLUMNS[name].items()}
    with pytest.raises(TapeError, match=rf"^{name}\.{column}: ") as caught:
        table(**(columns | {column: values}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [[1.0], (1,), range(1, 2), np.array([1], np.int16), np.array([True]), [np.int64(1)]])
def test_values_that_the_column_can_hold_are_taken(values):
    column = Events(values, [0], [0], [0], values).step
    assert column.dtype == np.int64
    assert column.tolist() == [1]


@pytest.mark.parametrize(("table", "message"), [
    (lambda: Events([1, 2], [0], [0], [0], [1]), r"events: columns differ in length: .*'step': 2, 'kind': 1"),
    (lambda: Influences([1], [], [1.0]), r"influences: columns differ in length"),
    (lambda: Persons(["a", "b"], [1], [1]), r"persons: columns differ in length"),
    (lambda: Events([[1]], [0], [0], [0], [1]), r"events\.step: must have one dimension, has 2"),
    (lambda: Realised([0], [[-1]], [0.0]), r"realised\.implementation: must have one dimension, has 2"),
    (lambda: build(world_size=2), r"persons: .* persons in a world of 2"),
    (lambda: build(world_size=99), r"persons"),  # a crowd is no larger than the world
    (lambda: build(steps=7), r"events: row 10: step must be from 0 to 7"),
    (lambda: build(ideas=("wheel",)), r"events: row 6: no idea of 0 to 0"),
    (lambda: build(ideas=()), r"events: row 0: no idea"),
])  # fmt: skip
def test_tables_have_their_shape_and_agree_with_the_rest(table, message):
    with pytest.raises(TapeError, match=f"^{message}"):
        table()


def test_columns_have_the_documented_types_also_when_there_are_no_rows():
    for tape in (build(), empty()):
        for name, columns in tables.COLUMNS.items():
            table = getattr(tape, name)
            assert list(table.columns()) == list(columns)
            assert len(table) == len(next(iter(table.columns().values())))
            for column, dtype in columns.items():
                values = getattr(table, column)
                assert isinstance(values, tuple) if dtype is str else values.dtype == dtype
                assert dtype is str or (values.ndim == 1 and values.flags.c_contiguous)


def empty() -> Tape:
    return Tape(Events([], [], [], [], []), Influences([], [], []), Realised([], [], []), Persons([], [], []), (), 0, 0)


def test_a_tape_of_nothing_is_a_tape():
    tape = empty()
    assert (tape.total, tape.parents.tolist(), tape.persons.total, tape.persons.names()) == (0.0, [0], 0, [])
    assert tape == empty()


def test_a_tape_cannot_be_changed_and_the_arrays_that_it_was_made_of_can():
    tape = build()
    with pytest.raises(TypeError):
        hash(tape)
    steps = np.array([1], np.int64)
    Events(steps, [0], [0], [0], [1])
    steps[0] = 2
    places = [(tape, "events"), (tape, "steps"), (tape, "ideas"), (tape.events, "step"), (tape.persons, "name")]
    for place, name in places:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(place, name, None)
    for column in (column for name in tables.COLUMNS for column in getattr(tape, name).columns().values()):
        with pytest.raises((ValueError, TypeError), match=r"read-only|does not support item assignment"):
            column[0] = column[0]


def test_tapes_differ_by_ideas_steps_and_world_but_not_by_provenance():
    tape = build()
    for same in (build(), build(provenance={"seed": 3}), build(ideas=["wheel", "cart"])):
        assert tape == same
    others = [{"ideas": ("wheel", "Cart")}, {"ideas": ("wheel", "cart", "car")}, {"steps": 9}, {"world_size": 101}]
    others += [
        {"realised": Realised(*zip(*REALISED[:-1], strict=True))},
        {"events": Events(*zip(*EVENTS[:-1], strict=True))},
    ]
    for other in (*(dataclasses.replace(tape, **changes) for changes in others), build({(P, 0, "name"): "ada"}), 3):
        assert tape != other
    assert (tape == "tape") is False


@cases(50, tapes())
def test_a_tape_is_equal_to_its_copies(tape):
    assert tape == dataclasses.replace(tape)
    assert tape == copy.copy(tape)
    assert tape == pickle.loads(pickle.dumps(tape)), "workers of a study send tapes home"


def with_a_bit_flipped(tape, data, names):
    """The tape with one bit of one cell flipped."""
    name = data.draw(st.sampled_from([name for name in names if len(getattr(tape, name))]))
    table = getattr(tape, name)
    column = data.draw(st.sampled_from([c for c in table.columns() if c != "name"]))
    values = table.columns()[column].copy()
    row = data.draw(st.integers(0, len(values) - 1))
    width = values.itemsize * 8
    bit = data.draw(st.integers(row * width, (row + 1) * width - 1))
    values.view(np.uint8)[bit // 8] ^= np.uint8(1 << bit % 8)
    return dataclasses.replace(tape, **{name: dataclasses.replace(table, **{column: values})})


@cases(150, tapes(), st.data())
def test_any_cell_that_is_changed_is_refused_or_makes_a_difference(tape, data):
    try:
        other = with_a_bit_flipped(tape, data, tables.COLUMNS)
    except TapeError as error:
        message = str(error)
    else:
        message = "events"
        assert other != tape
    assert message.startswith(tuple(tables.COLUMNS))


@cases(400, tapes(), st.data())
def test_the_compiled_pass_finds_what_the_checks_find(tape, data):
    assert checks._is_sound(tape)
    assume(len(tape.events))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.tape.tape.check", lambda made: None)
        other = with_a_bit_flipped(tape, data, ("events", "influences", "realised"))
    try:
        check(other)
    except TapeError:
        assert not checks._is_sound(other)
    else:
        assert checks._is_sound(other)


def test_what_breaks_a_long_tape_is_named_where_code_is_compiled_too(monkeypatch):
    monkeypatch.setattr(checks, "WORTH_LOADING", 0)
    with pytest.raises(TapeError, match="influences: row 3: parent must precede child"):
        build({(I, 3, "parent"): 10})


def test_tables_that_were_taken_do_not_grow_with_the_recorder():
    recorder = Recorder()
    recorder.event(1, DISCOVER, 0, 0)
    events, _ = recorder.tables()
    recorder.event(2, DISCOVER, 1, 0)
    assert len(events) == 1
