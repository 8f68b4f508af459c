"""What holdings were worth, against a twin that walks step by step and shares each step's value out at once."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Scenario, Tape, simulate
from sim.machine.loops import compiled
from sim.model import realise_loops
from sim.model.realise import in_order
from sim.model.realise_loops import Payoffs, Schedule
from sim.tape.rows import Recorder, rows_of
from sim.tape.rows import in_use as used
from sim.tape.tables import ABANDON, DISCOVER, IMPLEMENT, LEARN, LEAVE, USE, Persons, Realised
from tests import cases
from tests.scenarios import scenarios
from tests.tapes import as_rows

Shares = dict[tuple[int, int], Fraction]


def twin(pieces: Any, releases: Any, values: Any, now: int, held: bool, once: bool = False) -> Shares:
    """(event that began the holding, implementation or -1) -> value, one step after the other, or the first alone."""
    shares: Shares = defaultdict(Fraction)
    for event, idea, begin, end, count in pieces:
        for step in range(begin + (not once), end + 1):
            value = Fraction([v for since, v in values[idea] if since <= step][-1]) * count
            in_use = [(row, number) for out, row, number in releases[idea] if out <= step]
            for row, number in in_use:
                shares[event, row] += value * Fraction(number, sum(n for _, n in in_use))
            if held and not in_use:
                shares[event, -1] += value
            if once and (held or in_use):
                break
    return {key: value for key, value in shares.items() if value}


def expanded(recorder: Recorder, realised: Realised) -> dict[tuple[int, int], float]:
    """The realised table with every `use` row replaced, newest first, by the implementations that it stands for."""
    parents: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for child, parent, weight in recorder.influences:
        parents[child].append((parent, weight))
    served: dict[tuple[int, int], float] = defaultdict(float)
    for event, row, value in as_rows(realised):
        served[event, row] += value
    for row in reversed([row for row, event in enumerate(recorder.events) if event[1] == USE]):
        for event in [event for event, by in served if by == row]:
            value = served.pop((event, row))
            for parent, weight in parents[row]:
                served[event, parent] += value * weight
    return dict(served)


def realise(recorder: Recorder, pieces: Any, releases: Any, values: Any, now: int, held: bool) -> Realised:
    """The realised table of these holdings, as the crowd's; the `use` rows are added to the recorder."""
    made = [sorted(of) for of in releases]
    out, row = (np.array([release[k] for of in made for release in of], np.int64) for k in (0, 1))
    schedule = Schedule(np.cumsum([0, *map(len, made)]), out, row)
    spans = [[(max(a, 1) - 1, min(b, now + 1) - 1, v)
              for (a, v), (b, _) in zip(of, [*of[1:], (now + 1, 0.0)], strict=True)] for of in values]  # fmt: skip
    first, last, value = np.array([span for of in spans for span in of]).reshape(-1, 3).T
    worth = Payoffs(np.cumsum([0, *map(len, spans)]), first.astype(np.int64), last.astype(np.int64), value.copy())
    before = len(recorder.events), len(recorder.influences)
    columns = np.array(pieces, np.int64).reshape(-1, 5).T.copy()
    settings = (np.ones(1, np.bool_), columns, schedule, worth, 0, now, held, False)
    both = (realise_loops.realise, compiled(realise_loops.realise))
    found = [code(rows_of(*recorder.tables()), *settings) for code in both]
    one, other = ([column.tobytes() for column in (*used(rows), *others)] for rows, *others in found)
    assert one == other
    rows = used(found[0][0])
    recorder.events += zip(*(column[before[0] :].tolist() for column in rows[:5]), strict=True)
    recorder.influences += zip(*(column[before[1] :].tolist() for column in rows[5:8]), strict=True)
    return in_order(*found[0][1:])


def close(found: Mapping[tuple[int, int], float], expected: Shares) -> None:
    assert found == pytest.approx({key: float(value) for key, value in expected.items()}, rel=1e-9, abs=0.0)


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    """Holdings of up to three ideas, their implementations and values, in a run of up to forty steps."""
    now, ideas, recorder = draw(st.integers(1, 40)), draw(st.integers(1, 3)), Recorder()
    steps, pieces = st.integers(0, now), []
    for _ in range(draw(st.integers(0, 12))):
        idea = draw(st.integers(0, ideas - 1))
        begin, end = sorted((draw(steps), draw(steps)))
        earlier = [piece for piece in pieces if piece[1] == idea]
        if earlier and draw(st.booleans()):  # another part of the same cohort
            event, _, begin = earlier[-1][:3]
            end = draw(st.integers(begin, now))
        else:
            event = recorder.event(0, DISCOVER, 0, idea)
        pieces.append((event, idea, begin, end, draw(st.integers(1, 5))))
    releases = []
    for idea in range(ideas):
        outs = sorted(draw(st.lists(st.integers(2, now + 5), max_size=9)))
        begun = recorder.event(0, DISCOVER, 0, idea)
        rows = [recorder.event(0, IMPLEMENT, 0, idea, 1, {begun: 1.0}) for _ in outs]
        releases.append([(out, row, 1) for out, row in zip(outs, rows, strict=True)])
    value = st.sampled_from([0.0, 0.1, 1.0, 2.5, 1e6])
    changes = st.lists(st.tuples(st.integers(1, now), value), max_size=4)
    changes = changes.map(lambda rows: sorted(rows, key=lambda row: row[0]))
    values = [[(0, draw(value)), *draw(changes)] for _ in range(ideas)]
    return {"recorder": recorder, "pieces": pieces, "releases": releases, "values": values, "now": now}


@given(histories(), st.booleans())
def test_value_is_shared_step_by_step(history, held):
    recorder, now = history["recorder"], history["now"]
    before = len(recorder.events)
    realised = realise(**history, held=held)
    close(expanded(recorder, realised), twin(**{k: v for k, v in history.items() if k != "recorder"}, held=held))
    # The rows: each pair once, in order; the tape accepts what was added, at the end and in the last step.
    rows = list(zip(realised.event.tolist(), realised.implementation.tolist(), strict=True))
    assert rows == sorted(set(rows))
    assert all(value > 0.0 for value in realised.value.tolist())
    assert all(step == now and kind == USE and person == -1 for step, kind, person, _, _ in recorder.events[before:])
    events, influences = recorder.tables()
    ideas = tuple("abc"[: len(history["values"])])
    Tape(events, influences, realised, Persons(["A"], [1], [1]), ideas, now, 1)


def test_a_thousand_implementers_cost_a_few_thousand_rows():
    recorder = Recorder()
    recorder.event(0, DISCOVER, 0, 0)
    releases = [(2 + m, recorder.event(0, IMPLEMENT, 0, 0, 1, {0: 1.0}), 1) for m in range(1000)]
    pieces = [(recorder.event(0, DISCOVER, 0, 0), 0, k, 1001 - k, 1) for k in range(500)]
    realised = realise(recorder, pieces, [releases], [[(0, 1.0)]], 1001, False)
    assert len(realised) == 500
    assert len(recorder.events) < 1501 + 4 * 1000
    assert len(recorder.influences) < 1000 + 2 * 3000 + 500 * 2 * 11
    for piece, begin in ((0, 0), (321, 321)):
        one = Realised(*(column[[piece]] for column in realised.columns().values()))
        found, end = expanded(recorder, one), 1001 - begin
        assert len(found) == end - 1  # step t has the t - 1 implementations that were out by then
        for out, row, _ in releases[: end - 1]:
            expected = sum(1.0 / (t - 1) for t in range(max(out, begin + 1), end + 1))
            assert found[pieces[piece][0], row] == pytest.approx(expected, rel=1e-9)


def persons_shares(tape: Tape, scenario: Scenario) -> Shares:
    """What the persons' holdings on a tape were worth, walking through its steps; all values as at the start."""
    begun: dict[tuple[int, int], int] = {}
    pieces, releases = [], [[] for _ in tape.ideas]
    steps = as_rows(tape.events)
    for row, (step, kind, person, idea, count) in enumerate(steps):
        if kind in (DISCOVER, LEARN):
            begun[person, idea] = row
            pieces.append([row, idea, step, tape.steps, count])
        elif kind in (ABANDON, LEAVE):
            of = next(piece for piece in pieces if piece[0] == begun[person, idea])
            of[3] = step - (kind == LEAVE)
        elif kind == IMPLEMENT:
            releases[idea].append((step + 1 + scenario.dynamics.release_delay, row, 1))
    values = [[(0, idea.value)] for idea in scenario.ideas]
    held, once = scenario.impact.value_of == "held", scenario.impact.per == "adopter"
    return twin(pieces, releases, values, tape.steps, held, once)


@cases(60, scenarios())
def test_a_tape_holds_what_the_holdings_of_its_events_were_worth(scenario):
    whole = {"world.size": scenario.world.size and sum(p.count for p in scenario.persons) + scenario.population.count}
    plain = [d for d in scenario.interventions if "crowd" not in (getattr(d, "to", ""), getattr(d, "person", ""))]
    plain = [d for d in plain if d.kind != "set"]
    scenario = scenario.replace({**(whole if scenario.world.size else {}), "impact.realised_by": "everyone",
                                 "interventions": [d.model_dump(by_alias=True) for d in plain]})  # fmt: skip
    tape = simulate(scenario, engine="agents")
    recorder = Recorder()
    recorder.events = as_rows(tape.events)
    recorder.influences = as_rows(tape.influences)
    close(expanded(recorder, tape.realised), persons_shares(tape, scenario))
